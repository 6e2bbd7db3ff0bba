"""Cells of an old workbook (.xls) that show an error such as #N/A.

Belongs here: what the library that reads values does not tell of such a file. Does not belong here:
values.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import xlrd

from ingestion.errors import ExtractError
from ingestion.readers.workbook_cells import OddCell


def error_cells(path: Path, sheet: str) -> Iterator[OddCell]:
    """Gives the cells of a sheet that show an error.

    Args:
        path: The workbook.
        sheet: Name of the sheet.

    Raises:
        ExtractError: The workbook is damaged.
    """
    try:
        # What the library prints of odd files must not reach a log: it can hold cells.
        with (
            Path(os.devnull).open("w") as nowhere,
            xlrd.open_workbook(str(path), nowhere, on_demand=True, ragged_rows=True) as book,
        ):
            cells = book.sheet_by_name(sheet)
            for row in range(cells.nrows):
                for column, kind in enumerate(cells.row_types(row)):
                    if kind == xlrd.XL_CELL_ERROR:
                        code = cells.cell_value(row, column)
                        shown = xlrd.error_text_from_code.get(code, "an error")
                        reference = xlrd.cellname(row, column)
                        yield OddCell(row + 1, column + 1, reference, shown)
    except Exception as caught:
        # The library checks little of what it reads: a damaged file may raise anything.
        raise ExtractError(
            f"the workbook is corrupt ({type(caught).__name__} in its cells); ask for it again"
        ) from None
