"""The values that stand in a mapping itself, held against the contract before any file is read.

Belongs here: the check of constants, recoded values and inline rows. Does not belong here: the
check of the mapping's form and names (`mappings`).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ingestion.casting.cell_texts import value_steps
from ingestion.casting.compilation import project
from ingestion.casting.projected_column import ProjectedColumn
from ingestion.casting.projection import FAILED_COLUMN, FAILED_REASON
from ingestion.casting.reasons import sentence
from ingestion.contracts.tables import Table
from ingestion.mapping.feeds import Feed, Formats, InlineRows
from ingestion.mapping.inline_rows import inline_columns, inline_relation
from ingestion.text.sql_text import literal

Problem = tuple[str, str]


def wrong_values(
    feed: Feed, table: Table, connection: duckdb.DuckDBPyConnection
) -> Iterator[Problem]:
    """Gives (place, message) of every value in a feed that its contract does not allow.

    Args:
        feed: The feed.
        table: The contract table that it feeds.
        connection: Any connection; nothing is written to it.
    """
    yield from _wrong_rule_values(feed, table, connection)
    if feed.inline is not None:
        yield from _wrong_rows(feed, feed.inline, table, connection)


def _wrong_rule_values(
    feed: Feed, table: Table, connection: duckdb.DuckDBPyConnection
) -> Iterator[Problem]:
    written: list[tuple[str, str | None, ProjectedColumn]] = []
    for rule in feed.columns or ():
        texts = [rule.constant] if rule.is_constant else []
        texts += [value for _, value in rule.recode or () if value is not None]
        for text in texts:
            sql = f"cast({literal(text)} as varchar)"
            formats = rule.formats if rule.recode else Formats()
            column = table.column(rule.column)
            steps = value_steps(feed, column, rule)
            projected = ProjectedColumn(
                column, sql, None, formats, feed.time_zone, steps=steps, units=rule.units[:1]
            )
            written.append((rule.where, text, projected))
    if not written:
        return
    checks = ", ".join(column.failure_sql for _, _, column in written)
    failures = connection.execute(f"select {checks}").fetchone() or ()
    for (where, text, projected), failure in zip(written, failures, strict=True):
        if failure is not None:
            yield where, f"the value {_shown(text)}: {sentence(failure, projected.column, text)}"


def _wrong_rows(
    feed: Feed, inline: InlineRows, table: Table, connection: duckdb.DuckDBPyConnection
) -> Iterator[Problem]:
    relation = inline_relation(inline)
    projection = project(feed, table, inline.header, inline_columns(inline))
    keys = ", ".join(f"coalesce(cast({name} as varchar), '')" for name in table.key)
    failures = connection.execute(
        f"select line, {FAILED_COLUMN}, {FAILED_REASON}, "
        f"row_number() over (partition by [{keys}] order by line) "
        f"from ({projection.select_sql(relation, ['line'])}) order by line"
    ).fetchall()
    for (line, column, reason, occurrence), where in zip(failures, inline.wheres, strict=True):
        if reason is not None:
            value = dict(zip(inline.header, inline.records[line - 1], strict=True)).get(column)
            yield (
                where,
                f"the value {_shown(value)}: {sentence(reason, table.column(column), value)}",
            )
        elif occurrence > 1:
            yield where, f"a row with the same key ({', '.join(table.key)}) stands further up"


def _shown(text: str | None) -> str:
    if text is None:
        return "null"
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"
