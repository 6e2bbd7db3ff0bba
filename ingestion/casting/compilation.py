"""A feed compiled for the header of one file.

Belongs here: putting together what a header, its cells and the contract make. Does not belong here:
these parts (`header`, `cell_texts`), and the SQL of the whole (`projection`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from ingestion.casting.cell_texts import (
    Cells,
    Made,
    blank_condition,
    extraction_time,
    projected_column,
    record_condition,
    where_sql,
)
from ingestion.casting.header import Header, check_duplicates, check_unmapped
from ingestion.casting.projection import Projection
from ingestion.contracts.tables import Table
from ingestion.mapping.feeds import Feed
from ingestion.readers.records import Native
from ingestion.text.scripts import folded_name
from ingestion.text.sql_text import first_filled

# People were hired before the company's calendar begins, and retire after it; what a table says may
# hold from long ago. There only what cannot be meant is told.
_WIDE = (date(1900, 1, 1), date(2199, 12, 31))
_HOLDS = ("effective_", "valid_", "rate_date")


def project(
    feed: Feed,
    table: Table,
    header: Sequence[str],
    text_columns: Mapping[str, str],
    *,
    native: Mapping[str, Native] | None = None,
    calendar: tuple[date, date] | None = None,
    partial: bool = False,
    read_elsewhere: frozenset[str] = frozenset(),
) -> Projection:
    """Compiles a feed for the header of one file.

    Args:
        feed: The feed.
        table: The contract table that it feeds.
        header: Names of the extract's columns in order.
        text_columns: SQL of the VARCHAR column of each extract column in the text relation.
        native: Columns of the text relation that hold values which were no text.
        calendar: First and last day of the company's calendar, if dates are held against it.
        partial: Whether to do without what a header lacks instead of refusing it, for a preview.
        read_elsewhere: Extract columns that other feeds of the file read.

    Raises:
        ExtractError: A column stands twice in the header, or one that the mapping needs is absent.
    """
    found = Header(feed, table, header)
    check_duplicates(found, table)
    rules, absent = found.rules(table, partial=partial)
    made = Made()
    cells = Cells(text_columns, native or {}, made)
    projected = (
        projected_column(feed, column, rules.get(column.name), found, cells)
        for column in table.columns
    )
    columns = tuple(
        replace(column, calendar=calendar and _calendar_of(table, column.name, calendar))
        for column in projected
    )
    extracted_at = extraction_time(feed, table, columns, found, cells)
    if extracted_at is not None:
        # What an extract tells of has been, and beyond the year 9999 there is no time to note.
        extracted_at = replace(extracted_at, calendar=calendar, can_be_endless=False)
    condition = record_condition(feed, found, cells)
    used = tuple(name for name in header if name in found.used)
    is_blank = (
        None
        if feed.inline or feed.unpivot
        else blank_condition(text_columns[name] for name in used)
    )
    unread = first_filled(text_columns[name] for name in header if name not in found.used)
    elsewhere = {folded_name(name) for name in read_elsewhere}
    if feed.unpivot is not None:
        # What unpivot makes is no column of the file, and need not be read.
        elsewhere |= {folded_name(name) for name in (feed.unpivot.name, *feed.unpivot.groups)}
    unmapped = tuple(
        name for name in header if name not in found.used and folded_name(name) not in elsewhere
    )
    if not partial:
        check_unmapped(feed, table, rules, unmapped)
    return Projection(
        columns,
        used,
        unmapped,
        extracted_at,
        absent,
        is_blank,
        unread,
        condition,
        tuple(made.layers()),
        where_sql(feed, found, cells),
    )


def _calendar_of(table: Table, column: str, calendar: tuple[date, date]) -> tuple[date, date]:
    is_wide = table.source != "crm" or column.startswith(_HOLDS)
    if not is_wide:
        return calendar
    return min(calendar[0], _WIDE[0]), max(calendar[1], _WIDE[1])
