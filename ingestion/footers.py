"""Where the records of a file end: what stands below them, and rows that hold nothing.

Belongs here: finding the footer that a mapping tells of. Does not belong here: what is made of the
records above it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from ingestion.feeds import CsvOptions, Feed, Formats
from ingestion.readers import Records, Reject, text_columns
from ingestion.sql_text import cleaned, literal

_BLANKS = " \t\r\n\xa0"


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
    filled = [reject for reject in rejects if not _is_blank(reject, feed.csv)]
    end = None
    if isinstance(feed.footer, int):
        numbers = range(max(1, rows - feed.footer + 1), rows + 1)
        lines = sorted([*records.lines(numbers), *(reject.line for reject in filled)])
        end = lines[-feed.footer :][0] if lines else None
    elif feed.footer is not None:
        end = min(_fitting(feed.footer, feed.csv, records, filled, connection), default=None)
    if end is None:
        return RecordsAbove(rows, tuple(filled))
    above = bisect_left(range(1, rows + 1), end, key=lambda number: records.lines([number])[0])
    return RecordsAbove(above, tuple(reject for reject in filled if reject.line < end))


def _fitting(
    pattern: str,
    options: CsvOptions,
    records: Records,
    rejects: Sequence[Reject],
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[int]:
    """Gives the lines of the first row and of the first reject that a pattern fits."""
    cells = ", ".join(cleaned(cell, Formats()) for cell in text_columns(records.header).values())
    row = connection.execute(
        "select min(number) from (select row_number() over () as number, "
        f"coalesce({cells}, null) as cell from {records.relation}) "
        f"where regexp_matches(cell, {literal(pattern)})"
    ).fetchone()
    if row and row[0]:
        yield from records.lines([row[0]])
    for reject in rejects:
        cell = _first_filled(reject, options)
        fits = connection.execute(f"select regexp_matches(?, {literal(pattern)})", [cell])
        if fits.fetchall() == [(True,)]:
            yield reject.line
            return


def _first_filled(reject: Reject, options: CsvOptions) -> str:
    cells = (cell.strip(options.quote + _BLANKS) for cell in reject.text.split(options.delimiter))
    return next((cell for cell in cells if cell), "")


def _is_blank(reject: Reject, options: CsvOptions) -> bool:
    """Tells whether a record that could not be split holds nothing but delimiters."""
    return not reject.text.strip(options.delimiter + options.quote + _BLANKS)
