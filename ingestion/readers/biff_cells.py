"""What an old workbook (.xls) tells before its values are read: how far it reaches, odd cells.

Belongs here: the used range of its sheets, and cells that show an error such as #N/A. Does not
belong here: values, which `workbook` reads with a library that makes room for the whole used range
of every sheet and gives odd cells as empty ones.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import xlrd

from ingestion.errors import ExtractError
from ingestion.readers.workbook_cells import OddCell, SheetScan, cell_name

# Records of the format (BIFF), and what is read of them.
_END, _SHEET, _DIMENSIONS = 0x000A, 0x0085, 0x0200
_HEAD, _OFFSET = 4, 4
_RANGES = {10: "<HHHH", 14: "<IIHH"}
_MOST_ROWS, _MOST_COLUMNS = 1 << 16, 1 << 8
_EMPTY = (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)


def scan_sheets(path: Path) -> dict[str, SheetScan]:
    """Reads the sheets of an old workbook once, by name.

    Raises:
        ExtractError: The workbook is damaged, or protected by a password.
    """
    try:
        # What the library prints of odd files must not reach a log: it can hold cells.
        with (
            Path(os.devnull).open("w") as nowhere,
            xlrd.open_workbook(str(path), nowhere, on_demand=True, ragged_rows=True) as book,
        ):
            _check_stated_sizes(bytes(book.mem or b"")[book.base : book.base + book.stream_len])
            return {name: _scan(book.sheet_by_name(name)) for name in book.sheet_names()}
    except ExtractError:
        raise
    except Exception as caught:
        # The library checks little of what it reads: a damaged file may raise anything.
        if "encrypted" in str(caught):
            raise ExtractError(
                "the workbook is protected by a password; save it without one and send it again"
            ) from None
        raise ExtractError(
            f"the workbook is corrupt ({type(caught).__name__} in its cells); ask for it again"
        ) from None


def _check_stated_sizes(stream: bytes) -> None:
    """Refuses sizes that are stated in a damaged file and cannot be.

    The library that reads values makes room for what a sheet says it has; room that no machine has
    ends the process, and the night with it.

    Raises:
        ExtractError: A sheet is said to be larger than the format allows, or to end before it
            begins.
    """
    for start in (0, *(_sheet_starts(stream))):
        for code, content in _records(stream, start):
            if code == _DIMENSIONS and len(content) in _RANGES:
                top, bottom, left, right = struct.unpack_from(_RANGES[len(content)], content)
                is_wrong = bottom > _MOST_ROWS or right > _MOST_COLUMNS
                is_wrong |= bottom > 0 and right > 0 and (top >= bottom or left >= right)
                if is_wrong:
                    raise ExtractError(
                        "the workbook is corrupt (it states sizes that cannot be); ask for it again"
                    )


def _sheet_starts(stream: bytes) -> Iterator[int]:
    for code, content in _records(stream, 0):
        if code == _SHEET and len(content) >= _OFFSET:
            yield struct.unpack_from("<I", content)[0]


def _records(stream: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """Gives code and content of the records from a place on, to the end of its part."""
    code = 0
    while code != _END and position + _HEAD <= len(stream):
        code, length = struct.unpack_from("<HH", stream, position)
        position += _HEAD
        yield code, stream[position : position + length]
        position += length


def _scan(sheet: xlrd.sheet.Sheet) -> SheetScan:
    scan = SheetScan(0, 0, 0, [])
    for row in range(sheet.nrows):
        for column, kind in enumerate(sheet.row_types(row)):
            if kind in _EMPTY:
                continue
            scan.note(row + 1, column + 1)
            if kind == xlrd.XL_CELL_ERROR:
                code = int(sheet.cell_value(row, column))
                shown = xlrd.error_text_from_code.get(code, "an error")
                reference = cell_name(row + 1, column + 1)
                scan.odd.append(OddCell(row + 1, column + 1, reference, shown))
    return scan
