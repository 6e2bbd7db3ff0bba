"""Why what a mapping computes fails on records: DuckDB's own reason, found by computing it again.

Belongs here: which records are tried again, and how much of the reason is told. Does not belong
here: that something failed, which the code of the record says already (`projection`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ingestion.casting.projection import CONDITION, FAILED_COLUMN, FAILED_REASON, FAILURE_PREFIX
from ingestion.contracts.raw_ddl import quoted
from ingestion.landing.staging import StagedPiece
from ingestion.mapping.expressions import locked_connection
from ingestion.readers import text_columns
from ingestion.text.sql_text import literal

WHY = "_why"
FAILED = "expression_failed"
# The cells of so many different records are computed again; the others most likely fail alike.
_MOST_TRIED = 50
_MAX_REASON = 300
_LIKE = "most likely as on another record, "
_KIND = re.compile(r"[A-Z][A-Za-z -]{2,40} Error(?=:)")
# Which column of a query of ours it was is told by the column of the mapping.
_SOURCE = re.compile(r" when casting from source column \w+")


@dataclass(frozen=True)
class _Attempt:
    """What was computed for one column, or for the condition on records.

    Args:
        name: Name of the contract column.
        sql: What was computed, over the columns of texts.
        columns: The columns of texts that it reads.
        is_failed: SQL over `_wrong`: whether it failed on the record.
    """

    name: str
    sql: str
    columns: tuple[str, ...]
    is_failed: str


def explain_attempts(
    connection: duckdb.DuckDBPyConnection, staged: StagedPiece, is_secret: bool
) -> None:
    """Makes `_why`: (column_name, of_row, told, full_reason) of attempts that failed.

    Args:
        connection: Has the records as `_wrong`, with texts and failures.
        staged: Their file.
        is_secret: Whether a table has personal or pay data. DuckDB's words can hold a cell, so that
            only the kind of its error is told.
    """
    connection.execute(
        f"create or replace temp table {WHY} (column_name varchar, of_row bigint, "
        "told varchar, full_reason varchar)"
    )
    for attempt in _attempts(staged):
        names = ", ".join(attempt.columns)
        tried = connection.execute(
            f"select {names} from _wrong where {attempt.is_failed} "
            f"group by all order by min(rowid) limit {_MOST_TRIED}"
        ).fetchall()
        if not tried:
            continue
        with locked_connection() as apart:
            reasons = [_reason(apart, attempt, row) for row in tried]
        told = [_kind(reason) if is_secret else reason for reason in reasons]
        found = {name: [row[i] for row in tried] for i, name in enumerate(attempt.columns)}
        texts = {name: pa.array(cells, pa.string()) for name, cells in found.items()}
        connection.register(
            "_tried",
            pa.table({**texts, "told": pa.array(told), "full_reason": pa.array(reasons)}),
        )
        same = " and ".join(f"w.{name} is not distinct from t.{name}" for name in attempt.columns)
        connection.execute(
            f"insert into {WHY} select {literal(attempt.name)}, w.of_row, "
            f"': ' || coalesce(t.told, {literal(_LIKE + told[0])}), "
            f"': ' || coalesce(t.full_reason, {literal(_LIKE + reasons[0])}) "
            f"from (select *, rowid as of_row from _wrong where {attempt.is_failed}) as w "
            f"left join _tried as t on {same}"
        )
        connection.unregister("_tried")


def _attempts(staged: StagedPiece) -> Iterator[_Attempt]:
    columns = text_columns(staged.records.header)
    for projected in staged.projection.columns:
        if projected.attempt_sql is not None:
            is_failed = f"{quoted(FAILURE_PREFIX + projected.name)} = '{FAILED}'"
            yield _attempt(projected.name, projected.attempt_sql, columns, is_failed)
    if staged.projection.where_sql is not None:
        is_failed = f"{FAILED_REASON} = '{FAILED}' and {FAILED_COLUMN} = {literal(CONDITION)}"
        yield _attempt(CONDITION, staged.projection.where_sql, columns, is_failed)


def _attempt(name: str, sql: str, columns: Mapping[str, str], is_failed: str) -> _Attempt:
    read = [columns[each] for each in columns_read(sql, columns)]
    return _Attempt(name, sql, tuple(read or [*columns.values()][:1]), is_failed)


def columns_read(sql: str, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Gives the extract columns that SQL over the columns of texts reads.

    Args:
        sql: The SQL.
        columns: The column of texts of each extract column.
    """
    read = set(re.findall(r"\bc\d+\b", sql))
    return tuple(name for name, column in columns.items() if column in read)


def _reason(
    connection: duckdb.DuckDBPyConnection, attempt: _Attempt, cells: Sequence[str | None]
) -> str:
    """Computes something again for one record, without what kept its error from the others."""
    row = ", ".join(f"cast(? as varchar) as {name}" for name in attempt.columns)
    is_condition = attempt.name == CONDITION
    kind = "boolean" if is_condition else "varchar"
    try:
        connection.execute(
            f"select cast({attempt.sql} as {kind}) from (select {row})", [*cells]
        ).fetchall()
    except duckdb.Error as caught:
        return _SOURCE.sub("", str(caught).strip().partition("\n")[0])[:_MAX_REASON]
    return "its result holds a NUL character"


def _kind(reason: str) -> str:
    """Gives the kind of an error, which holds nothing of the cell."""
    found = _KIND.match(reason)
    return found[0] if found else "an error of DuckDB"
