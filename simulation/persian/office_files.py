"""Files that office programs write: dBase tables and workbooks, in the plainest form of each.

Belongs here: bytes of a file from its cells. Does not: what the cells say.
"""

import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from string import ascii_uppercase
from xml.sax.saxutils import escape

Cell = str | Decimal | date | None
WIDEST_FIELD = 254
_STILL = (1980, 1, 1, 0, 0, 0)
"""The time of all parts of a workbook, so that the same cells give the same bytes."""


def write_dbf(
    path: Path, fields: Sequence[str], rows: Sequence[Sequence[Cell]], encoding: str
) -> None:
    """Write a table of dBase III, whose code page it does not state.

    Args:
        path: The file.
        fields: Names of at most ten letters.
        rows: The cells; a field is of numbers or dates where all its cells are, else of texts.
        encoding: Of the texts.
    """
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in fields]
    shapes = [_shape(cells, encoding) for cells in columns]
    size = 1 + sum(width for _, width, _ in shapes)
    header = struct.pack("<BBBBLHH20x", 3, 126, 1, 7, len(rows), 33 + 32 * len(fields), size)
    for name, (kind, width, places) in zip(fields, shapes, strict=True):
        header += struct.pack("<11sc4xBB14x", name.encode("ascii"), kind, width, places)
    records = [
        b" "
        + b"".join(_field(cell, *shape, encoding) for cell, shape in zip(row, shapes, strict=True))
        for row in rows
    ]
    path.write_bytes(header + b"\r" + b"".join(records) + b"\x1a")


def _shape(cells: Sequence[Cell], encoding: str) -> tuple[bytes, int, int]:
    """Give the type of a field, its width, and its decimal places."""
    filled = [cell for cell in cells if cell is not None]
    if filled and all(isinstance(cell, date) for cell in filled):
        return b"D", 8, 0
    if filled and all(isinstance(cell, Decimal) for cell in filled):
        places = max(_places(cell) for cell in filled if isinstance(cell, Decimal))
        return b"N", max(len(f"{cell:.{places}f}") for cell in filled), places
    width = max((len(str(cell).encode(encoding)) for cell in filled), default=1)
    if width > WIDEST_FIELD:
        raise ValueError(f"A text of {width} bytes does not fit a dBase field of {WIDEST_FIELD}.")
    return b"C", max(1, width), 0


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _field(cell: Cell, kind: bytes, width: int, places: int, encoding: str) -> bytes:
    if cell is None:
        return b" " * width
    if isinstance(cell, date):
        return f"{cell:%Y%m%d}".encode("ascii")
    if kind == b"N":
        return f"{cell:.{places}f}".rjust(width).encode("ascii")
    return str(cell).encode(encoding).ljust(width)


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """Write a workbook of texts and numbers.

    Args:
        path: The file.
        sheets: By name, the rows with the header first; of at most 26 columns.
    """
    numbers = range(1, len(sheets) + 1)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    of_sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{of_sheet}.sheet.main+xml"/>'
            + "".join(
                f'<Override PartName="/xl/sheet{each}.xml" ContentType="{of_sheet}.worksheet+xml"/>'
                for each in numbers
            )
            + "</Types>"
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            + "".join(
                f'<sheet name="{escape(name)}" sheetId="{each}" r:id="rId{each}"/>'
                for each, name in zip(numbers, sheets, strict=True)
            )
            + "</sheets></workbook>"
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{package}/relationships">'
            + "".join(
                f'<Relationship Id="rId{each}" Type="{office}/worksheet" Target="sheet{each}.xml"/>'
                for each in numbers
            )
            + "</Relationships>"
        ),
    }
    for each, rows in zip(numbers, sheets.values(), strict=True):
        lines = (
            f'<row r="{line}">{"".join(_xml_cells(row, line))}</row>'
            for line, row in enumerate(rows, 1)
        )
        parts[f"xl/sheet{each}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
        )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _STILL), head + text, zipfile.ZIP_DEFLATED)


def _xml_cells(row: Sequence[Cell], line: int) -> Iterator[str]:
    for letter, cell in zip(ascii_uppercase, row, strict=False):
        if isinstance(cell, Decimal):
            yield f'<c r="{letter}{line}"><v>{cell}</v></c>'
        elif cell is not None:
            text = escape(str(cell))
            yield (
                f'<c r="{letter}{line}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is>'
                "</c>"
            )
