"""What an old workbook (.xls) tells before its values are read: how far it reaches, odd cells.

Belongs here: the used range of its sheets, and cells that show an error such as #N/A. Does not
belong here: values, which `workbook` reads with a library that makes room for the whole used range
of every sheet and gives odd cells as empty ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import xlrd

from ingestion.errors import ExtractError
from ingestion.readers.workbook_cells import OddCell, SheetScan, cell_name

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
            return {name: _scan(book.sheet_by_name(name)) for name in book.sheet_names()}
    except Exception as caught:
        # The library checks little of what it reads: a damaged file may raise anything.
        if "encrypted" in str(caught):
            raise ExtractError(
                "the workbook is protected by a password; save it without one and send it again"
            ) from None
        raise ExtractError(
            f"the workbook is corrupt ({type(caught).__name__} in its cells); ask for it again"
        ) from None


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
