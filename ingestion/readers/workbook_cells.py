"""What the XML of a sheet tells before its cells are read: how far they reach, and odd ones.

Belongs here: one pass over a sheet of a workbook (.xlsx) for its used range, error cells such as
#N/A, and formulas that nobody computed. Does not belong here: values, which `workbook` reads with a
library that makes room for the whole used range and gives odd cells as empty ones.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from ingestion.errors import ExtractError

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
# Memory for so many cells is had on any machine; for more, few of them must be empty.
_ALWAYS_FINE = 5_000_000
# A million rows of 48 columns.
MOST_CELLS = 50_000_000
_MOST_AREA_PER_CELL = 10


@dataclass(frozen=True)
class OddCell:
    """A cell without a value.

    Args:
        row: Its row, counted from 1.
        column: Its column, counted from 1.
        reference: The two as Excel writes them, such as B3.
        error: What an error cell shows; None for a formula without a stored value.
    """

    row: int
    column: int
    reference: str
    error: str | None


@dataclass
class SheetScan:
    """What is known of a sheet before its values are read.

    Args:
        filled: How many cells hold something; styled blank ones do not.
        last_row: The last row that one of them is in, counted from 1; 0 for an empty sheet.
        last_column: The last column that one of them is in.
        odd: Cells without a value.
    """

    filled: int
    last_row: int
    last_column: int
    odd: list[OddCell]

    def note(self, row: int, column: int) -> None:
        """Counts a filled cell."""
        self.filled += 1
        # Called for every cell, of which there are millions.
        if row > self.last_row:
            self.last_row = row
        if column > self.last_column:
            self.last_column = column

    def check_extent(self, sheet: str) -> None:
        """Refuses a used range that there would be no memory for.

        Args:
            sheet: The sheet, as messages tell it.

        Raises:
            ExtractError: A cell lies far from the others, or there are too many cells.
        """
        area = self.last_row * self.last_column
        if area <= _ALWAYS_FINE:
            return
        corner = cell_name(self.last_row, self.last_column)
        if area > _MOST_AREA_PER_CELL * self.filled:
            raise ExtractError(
                f"{sheet} is used as far as {corner}, which are {area:,} cells, and only "
                f"{self.filled:,} of them hold something: there is a cell far outside the table. "
                "Delete all rows below the table and all columns to the right of it, save the "
                "workbook and send it again"
            )
        if area > MOST_CELLS:
            raise ExtractError(
                f"{sheet} has {area:,} cells (A1:{corner}); at most {MOST_CELLS:,} are "
                "read of a workbook. Have the system export CSV or Parquet"
            )


def scan_sheet(path: Path, sheet: str) -> SheetScan:
    """Reads a sheet once without keeping its cells.

    Args:
        path: The workbook (.xlsx).
        sheet: Name of the sheet.

    Raises:
        ExtractError: The workbook's XML is damaged.
    """
    scan = SheetScan(0, 0, 0, [])
    with _opened(path, sheet) as file:
        for row, column, reference, element in _cells(file):
            texts = {_name(child.tag): child.text for child in element}
            kind = element.get("t")
            is_error = kind == "e"
            # A computed text can be empty, and says so by its type.
            lacks_value = "f" in texts and not texts.get("v") and kind != "str"
            if texts.get("v") or "is" in texts or "f" in texts:
                scan.note(row, column)
            if is_error or lacks_value:
                shown = texts.get("v") or "an error" if is_error else None
                scan.odd.append(OddCell(row, column, reference, shown))
    return scan


def is_blank(path: Path, sheet: str) -> bool:
    """Tells whether a sheet of a workbook (.xlsx) holds nothing; stops at the first cell that does.

    Raises:
        ExtractError: The workbook's XML is damaged.
    """
    with _opened(path, sheet) as file:
        return all(len(element) == 0 for *_, element in _cells(file))


def cell_name(row: int, column: int) -> str:
    """Gives a cell as Excel writes it, such as B3; both count from 1."""
    return f"{column_letters(column)}{row}"


def column_letters(column: int) -> str:
    """Gives a column as Excel writes it, such as B; it counts from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@contextmanager
def _opened(path: Path, sheet: str) -> Iterator[IO[bytes]]:
    """Opens the part of the archive that a sheet is in, and refuses damaged ones."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_part_of(archive, sheet)) as file:
            yield file
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, ValueError, zlib.error) as caught:
        raise ExtractError(
            f"the workbook is corrupt ({type(caught).__name__} in its XML); ask for it again"
        ) from None


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Gives the archive's file of a sheet, by way of the workbook's relations.

    Raises:
        KeyError: There is none.
    """
    relation = None
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if _name(element.tag) == "sheet" and element.get("name") == sheet:
            ids = (value for key, value in element.attrib.items() if _name(key) == "id")
            relation = next(ids, None)
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    for element in relations.iter():
        if relation is not None and element.get("Id") == relation:
            target = element.get("Target", "").lstrip("/")
            return target if target.startswith("xl/") else f"xl/{target}"
    raise KeyError(sheet)


def _cells(file: IO[bytes]) -> Iterator[tuple[int, int, str, ElementTree.Element]]:
    """Gives row, column, reference and element of every cell that a sheet writes down."""
    row = column = 0
    for event, element in ElementTree.iterparse(file, events=("start", "end")):
        name = _name(element.tag)
        if event == "start" and name == "row":
            row, column = int(element.get("r", row + 1)), 0
        elif event == "start" and name == "c":
            column = _column(element.get("r"), column + 1)
        elif event == "end" and name == "c":
            yield row, column, element.get("r") or cell_name(row, column), element
        elif event == "end" and name == "row":
            element.clear()


def _column(reference: str | None, following: int) -> int:
    found = _REFERENCE.fullmatch(reference or "")
    if found is None:
        return following
    number = 0
    for letter in found[1]:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]
