"""Merged cells: a spreadsheet shows their value over several rows, and stores it in one of them.

Belongs here: filling them where a mapping says so, and telling of them where it does not. Does not
belong here: how cells become text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ingestion.errors import ExtractError
from ingestion.readers.workbook_cells import cell_name

# Row and column of the first and the last cell, counted from 0.
Range = tuple[tuple[int, int], tuple[int, int]]
_MAX_TOLD = 5


def fill_merged(rows: list[list[Any]], ranges: Sequence[Range]) -> None:
    """Gives every cell of a merged range the value that the range shows.

    Rows that hold nothing else stay blank: a range may reach further down than the table.

    Args:
        rows: The cells of the sheet; changed in place.
        ranges: The merged ranges.

    Raises:
        ExtractError: Ranges overlap, which no spreadsheet program lets them do.
    """
    inside = list(_inside(rows, ranges))
    is_filled = {
        row: any(_holds(cell) for cell in rows[row])
        for (top, _), (bottom, _) in inside
        for row in range(top, bottom + 1)
    }
    for (top, left), (bottom, right) in inside:
        value = rows[top][left]
        for row in range(top, bottom + 1):
            if is_filled[row]:
                rows[row][left : right + 1] = [value] * (right + 1 - left)


def check_merged(
    rows: list[list[Any]], ranges: Sequence[Range], header: int, sheet: str, where: str
) -> str | None:
    """Refuses records that lack a value because it is merged with that of the row above.

    Args:
        rows: The cells of the sheet.
        ranges: The merged ranges.
        header: The row of the header, counted from 0.
        sheet: The sheet, as messages tell it.
        where: Place of the feed in the mapping, for the advice.

    Returns:
        What is worth knowing of ranges within single rows, if there are any.

    Raises:
        ExtractError: A range with a value lies over several rows, and one below its first is a
            record.
    """
    over_rows: list[str] = []
    in_row: list[str] = []
    for (top, left), (bottom, right) in _inside(rows, ranges):
        name = f"{cell_name(top + 1, left + 1)}:{cell_name(bottom + 1, right + 1)}"
        if not _holds(rows[top][left]) or bottom <= header:
            continue
        below = range(max(top, header) + 1, bottom + 1) if top != bottom else ()
        if any(_holds(cell) for row in below for cell in rows[row]):
            over_rows.append(name)
        elif top == bottom and left != right:
            in_row.append(name)
    if over_rows:
        raise ExtractError(
            f"cells of {sheet} are merged over several rows ({_told(over_rows)}), of which "
            "only the first holds the value. Split them and fill each row, or set "
            f"`merged_cells: fill` to give every row the value ({where})"
        )
    if in_row:
        return f"merged cells are read as their first one: {_told(in_row)} of {sheet}"
    return None


def _inside(rows: list[list[Any]], ranges: Sequence[Range]) -> Iterator[Range]:
    """Gives the ranges as far as the sheet is used; those of one cell are none."""
    height, width = len(rows), max(map(len, rows), default=0)
    area = 0
    for (top, left), (bottom, right) in ranges:
        bottom, right = min(bottom, height - 1), min(right, width - 1)
        if top > bottom or left > right or (top, left) == (bottom, right):
            continue
        area += (bottom + 1 - top) * (right + 1 - left)
        if area > height * width:
            raise ExtractError("the workbook is corrupt (merged cells overlap); ask for it again")
        yield (top, left), (bottom, right)


def _holds(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _told(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_TOLD:,} more" if len(names) > _MAX_TOLD else ""
    return ", ".join(names[:_MAX_TOLD]) + more
