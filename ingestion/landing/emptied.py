"""Values that could not be used and that a mapping lets be empty: counted, told, and limited.

Belongs here: what is told of emptied values and how many may be. Does not belong here: whole
records that are set aside (`quarantine`), and what is wrong with a value
(`projected_column`).
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from ingestion.casting.projection import FAILURE_PREFIX
from ingestion.casting.reasons import NO_IDS, is_no_id, sentence
from ingestion.contracts.raw_ddl import quoted
from ingestion.contracts.tables import Table
from ingestion.landing.failed_attempts import FAILED, WHY
from ingestion.landing.limits import why_over_limit
from ingestion.mapping.feeds import Feed
from ingestion.text.sql_text import literal

EMPTIED_VALUES = "_emptied_values"


def make_emptied(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the temporary table of emptied values of an extract, without any."""
    connection.execute(
        f"create or replace temp table {EMPTIED_VALUES} (file_name varchar, sha256 varchar, "
        "line bigint, column_name varchar, value varchar, reason varchar, message varchar, "
        "full_value varchar)"
    )


def add_emptied(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    values: Mapping[str, tuple[str, str]],
    file: tuple[str, str],
) -> int:
    """Adds the emptied values of one file.

    Args:
        connection: Has their records as `_wrong`, with texts, failures and `_line`; and `_why`,
            where something may have failed that the mapping computes.
        table: The contract table.
        values: The columns that the mapping lets be empty; of each the SQL over `_wrong` of what is
            shown of a value, and of the value itself.
        file: Name and SHA-256 of the file.

    Returns:
        How many they are.
    """
    found = 0
    for name, (shown, full) in values.items():
        failure = quoted(FAILURE_PREFIX + name)
        column = table.column(name)
        codes = connection.execute(
            f"select {failure}, count(*) from _wrong where {failure} is not null group by 1"
        ).fetchall()
        if not codes:
            continue
        found += sum(count for _, count in codes)
        sentences = " ".join(
            f"when {literal(code)} then {literal(sentence(code, column))}" for code, _ in codes
        )
        no_id = literal(sentence("damaged_id", column, NO_IDS[0]))
        message = f"case when {is_no_id(failure, full)} then {no_id} else "
        message += f"case {failure} {sentences} end end"
        reasons = ""
        if any(code == FAILED for code, _ in codes):
            message = f"{message} || coalesce(y.told, '')"
            reasons = (
                f"left join {WHY} as y on y.of_row = _wrong.rowid "
                f"and y.column_name = {literal(name)} "
            )
        connection.execute(
            f"insert into {EMPTIED_VALUES} select {', '.join(map(literal, file))}, _line, "
            f"{literal(name)}, {shown}, {failure}, {message}, {full} "
            f"from _wrong {reasons}where {failure} is not null order by _line"
        )
    return found


def why_too_many(feed: Feed, column: str, emptied: int, filled: int) -> str | None:
    """Tells why an extract is refused of which so many values of a column would be emptied.

    A column whose dates or numbers are written in another way from one night on would lose all of
    its values otherwise.

    Args:
        feed: The feed, which can say how many may be.
        column: The contract column.
        emptied: Values that would be.
        filled: Values that are kept.

    Returns:
        The reason, or None where they may be.
    """
    total = emptied + filled
    why = why_over_limit(feed, emptied, total)
    if why is None:
        return None
    return f"{emptied:,} of {total:,} values of {column} would be emptied, and {why} ({feed.where})"
