"""Amounts in other money than the unit of their column is of.

Belongs here: telling of a column whose unit is of one currency and whose records name others. Does
not belong here: the unit itself (`units`), and rates.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ingestion.casting.projection import FAILED_REASON
from ingestion.contracts.raw_ddl import quoted
from ingestion.contracts.tables import Table
from ingestion.mapping.feeds import Feed

CURRENCY = "currency_code"
# How notes on a file begin that a refresh shows to whoever started it.
WARNING = "WARNING: "
_SHOWN = 5


def foreign_money(
    feed: Feed, table: Table, connection: duckdb.DuckDBPyConnection, rows: str
) -> Iterator[str]:
    """Gives what is to be told of amounts that a unit of other money multiplied.

    Ten is right for tomans and wrong for the euros beside them, and nothing else would show it.

    Args:
        feed: The feed.
        table: The contract table that it feeds.
        connection: Connection that knows the rows.
        rows: Name (or bracketed query) of the rows as they were read, with the code of what is
            wrong with each.
    """
    if CURRENCY not in table.column_names:
        return
    for rule in feed.columns or ():
        own = next((unit.currency for unit in rule.units if unit.currency), None)
        if own is None:
            continue
        found = connection.execute(
            f"select {CURRENCY}, count(*) from {rows} where {FAILED_REASON} is null "
            f"and {CURRENCY} <> ? and {quoted(rule.column)} <> 0 group by 1 order by 2 desc, 1",
            [own],
        ).fetchall()
        if not found:
            continue
        records = sum(count for _, count in found)
        codes = ", ".join(f"{code} ({count:,})" for code, count in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
        told = "other money" if table.column(CURRENCY).is_masked else f"{codes}{more}"
        yield (
            f"{WARNING}{records:,} {'value' if records == 1 else 'values'} of {rule.column} took "
            f"the unit of {own} though {CURRENCY} says {told}. Put such records in a feed of their "
            f"own without that unit, and tell the two apart with `where` ({rule.where})"
        )
