"""Cells of a workbook that hold no value: errors such as #N/A, and formulas that nobody computed.

Belongs here: finding them in the XML of a sheet. Does not belong here: values, which `workbook`
reads with a library that gives both as empty cells.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from ingestion.errors import ExtractError

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


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


def odd_cells(path: Path, sheet: str) -> Iterator[OddCell]:
    """Gives the cells of a sheet that hold an error, or a formula without its value.

    Args:
        path: The workbook (.xlsx).
        sheet: Name of the sheet.

    Raises:
        ExtractError: The workbook's XML is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            if part is not None:
                with archive.open(part) as file:
                    yield from _odd(file)
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, OSError) as caught:
        raise ExtractError(
            f"the workbook is corrupt ({type(caught).__name__} in its XML); ask for it again"
        ) from None


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Gives the archive's file of a sheet, by way of the workbook's relations."""
    relation = None
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if _name(element.tag) == "sheet" and element.get("name") == sheet:
            ids = (value for key, value in element.attrib.items() if _name(key) == "id")
            relation = next(ids, None)
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    for element in relations.iter():
        if relation is not None and element.get("Id") == relation:
            target = element.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _odd(file: IO[bytes]) -> Iterator[OddCell]:
    row = column = 0
    for event, element in ElementTree.iterparse(file, events=("start", "end")):
        name = _name(element.tag)
        if event == "start" and name == "row":
            row, column = int(element.get("r", row + 1)), 0
        elif event == "start" and name == "c":
            column = _column(element.get("r"), column + 1)
        elif event == "end" and name == "c":
            reference = element.get("r") or f"row {row}, column {column}"
            texts = {_name(child.tag): child.text for child in element}
            kind = element.get("t")
            if kind == "e":
                yield OddCell(row, column, reference, texts.get("v") or "an error")
            elif "f" in texts and not texts.get("v") and kind != "str":
                # A computed text can be empty, and says so by its type.
                yield OddCell(row, column, reference, None)
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
