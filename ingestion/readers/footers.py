"""Where the records of a file end: what stands below them, and rows that hold nothing.

Belongs here: finding the footer that a mapping tells of. Does not belong here: what is made of the
records above it.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import duckdb

from ingestion.mapping.feeds import CsvOptions, Feed
from ingestion.readers import WORKBOOKS, Records, Reject, text_columns
from ingestion.readers.lookups import LookedUpRecords
from ingestion.readers.record_scan import csv_dialect
from ingestion.readers.unpivot import UnpivotedRecords
from ingestion.text.sql_text import first_filled, literal


@dataclass(frozen=True)
class RecordsAbove:
    """The records of a file that stand above its footer.

    Args:
        rows: How many of the rows that could be split, from the first on.
        rejects: Those that could not, and that hold anything.
    """

    rows: int
    rejects: tuple[Reject, ...]


def records_above_footer(
    feed: Feed,
    records: Records,
    rows: int,
    rejects: Sequence[Reject],
    connection: duckdb.DuckDBPyConnection,
) -> RecordsAbove:
    """Tells which records are none because they stand below the last one.

    Args:
        feed: The feed, whose footer is a number of records or a pattern of the first filled cell of
            its first one.
        records: The file; its relation can be read again.
        rows: Rows of the relation.
        rejects: Records that are not in it.
        connection: The connection that reads it.
    """
    if isinstance(records, LookedUpRecords):
        records = records.inner
    if isinstance(records, UnpivotedRecords):
        # A footer ends the rows of the file, whatever records each of them makes.
        cells = len(records.cells)
        above = records_above_footer(feed, records.inner, rows // cells, rejects, connection)
        return RecordsAbove(above.rows * cells, above.rejects)
    filled = [reject for reject in rejects if not _is_blank(reject, records.format, feed.csv)]
    lines: list[int] = []
    if feed.footer is not None:
        lines = _filled_rows(feed.footer, records, connection)
    if isinstance(feed.footer, int):
        last = sorted([*lines, *(reject.line for reject in filled)])
        end = last[-feed.footer :][0] if last else None
    else:
        fits = (reject.line for reject in filled if _fits(feed, reject, records, connection))
        end = min([*lines, *islice(fits, 1)], default=None)
    if end is None:
        return RecordsAbove(rows, tuple(filled))
    above = bisect_left(range(1, rows + 1), end, key=lambda number: records.lines([number])[0])
    return RecordsAbove(above, tuple(reject for reject in filled if reject.line < end))


def _filled_rows(
    footer: int | str, records: Records, connection: duckdb.DuckDBPyConnection
) -> list[int]:
    """Gives the lines of so many filled rows at the end, or that of the first that fits."""
    cell = first_filled(text_columns(records.header).values())
    rows = (
        f"(select row_number() over () as number, {cell} as cell from {records.relation}) "
        "where cell is not null"
    )
    query = f"select number from {rows} order by number desc limit {footer}"
    if isinstance(footer, str):
        query = f"select min(number) from {rows} and regexp_matches(cell, {literal(footer)})"
    numbers = [number for (number,) in connection.execute(query).fetchall() if number]
    return records.lines(numbers)


def _fits(
    feed: Feed, reject: Reject, records: Records, connection: duckdb.DuckDBPyConnection
) -> bool:
    """Tells whether the footer's pattern fits a record that could not be split."""
    if not isinstance(feed.footer, str):
        return False
    filled = (cell.strip() for cell in _cells(reject, records.format, feed.csv))
    cell = next((cell for cell in filled if cell), "")
    found = connection.execute(f"select regexp_matches(?, {literal(feed.footer)})", [cell])
    return found.fetchall() == [(True,)]


def _cells(reject: Reject, file_format: str, options: CsvOptions) -> list[str]:
    """Gives the cells of a record that could not be split into those of the header."""
    if file_format in WORKBOOKS:
        return reject.text.split("\t")
    if file_format != "csv":
        return [reject.text]
    try:
        return next(csv.reader([reject.text], **csv_dialect(options)), [])
    except csv.Error:
        return reject.text.split(options.delimiter)


def _is_blank(reject: Reject, file_format: str, options: CsvOptions) -> bool:
    """Tells whether a record that could not be split holds nothing but delimiters."""
    is_table = file_format == "csv" or file_format in WORKBOOKS
    return is_table and not any(cell.strip() for cell in _cells(reject, file_format, options))
