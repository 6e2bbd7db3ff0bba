"""Excel workbooks: the stored values of one sheet as text.

Belongs here: sheets, headers and cell types. Does not belong here: formulas, which are never
computed; what the program that saved the file stored for them is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from ingestion.errors import ExtractError
from ingestion.feeds import Feed
from ingestion.readers.biff_cells import error_cells
from ingestion.readers.disguised import WorkbookKind, workbook_kind
from ingestion.readers.records import (
    NativeText,
    ParsedRecords,
    Reject,
    ScratchTable,
    check_width,
    first_line,
    named_columns,
)
from ingestion.readers.workbook_cells import OddCell, odd_cells
from ingestion.yaml_source import nearest

# Spreadsheets keep 15 digits of what somebody types.
_LARGEST_EXACT = 10**15 - 1
Cell = int | float | str | bool | time | date | datetime | timedelta


def read_workbook(path: Path, feed: Feed, scratch: Path) -> ParsedRecords:
    """Reads one sheet of a workbook.

    Args:
        path: The archived file.
        feed: How the file is built: its sheet, the first if None, and the rows above the header.
        scratch: Path that names of scratch files start with.

    Raises:
        ExtractError: The file is no workbook, or has no such sheet or no header.
    """
    kind = workbook_kind(path, feed.where)
    try:
        with CalamineWorkbook.from_path(str(_with_ending(path, kind, scratch))) as workbook:
            name = _sheet_name(workbook, feed.sheet)
            # Row numbers must be those that Excel shows, so empty rows at the top count.
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except PasswordError:
        raise ExtractError(
            "the workbook is protected by a password; save it without one and send it again"
        ) from None
    except (CalamineError, OSError, ValueError) as caught:
        raise ExtractError(
            f"the workbook is corrupt or no Excel file ({first_line(caught)}); ask for it again"
        ) from None
    _show_errors(rows, error_cells(path, name) if kind == "xls" else odd_cells(path, name))
    skip_rows = feed.csv.skip_lines
    return _records(kind, rows[skip_rows:], skip_rows, scratch)


def _with_ending(path: Path, kind: WorkbookKind, scratch: Path) -> Path:
    """Gives the file under the ending of its content, by which the library decides."""
    if path.suffix == f".{kind}":
        return path
    link = scratch.with_name(f"{scratch.name}-book.{kind}")
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link


def _sheet_name(workbook: CalamineWorkbook, name: str | None) -> str:
    names = workbook.sheet_names
    if not names:
        raise ExtractError("the workbook has no sheet")
    if name is not None and name not in names:
        raise ExtractError(
            f"the workbook has no sheet '{name}'{nearest(name, names)}; it has {', '.join(names)}"
        )
    return name if name is not None else names[0]


def _show_errors(rows: list[list[Cell]], odd: Iterable[OddCell]) -> None:
    """Puts what an error cell shows where the library gives an empty one; no cast will take it."""
    for cell in odd:
        if cell.error is None:
            raise ExtractError(
                f"cell {cell.reference} holds a formula without a stored value, as the program "
                "that wrote the file computed none; open it in Excel, save it and send it again"
            )
        while len(rows) < cell.row:
            rows.append([])
        row = rows[cell.row - 1]
        row += [""] * (cell.column - len(row))
        row[cell.column - 1] = cell.error


def _records(
    kind: WorkbookKind, rows: list[list[Cell]], above: int, scratch: Path
) -> ParsedRecords:
    texts = ([_text(cell) for cell in row] for row in rows)
    filled = [
        (number, row)
        for number, row in enumerate(texts, start=above + 1)
        if any(text is not None for text in row)
    ]
    if not filled:
        raise ExtractError("the sheet is empty; ask for the file again, or name another sheet")
    names = [text or "" for text in filled[0][1]]
    while names and not names[-1]:
        names.pop()
    header = named_columns(names)
    check_width(header)
    table = ScratchTable(scratch, _LARGEST_EXACT)
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, row in filled[1:]:
        if any(text is not None for text in row[len(header) :]):
            message = f"the row has cells to the right of the {len(header)} columns of the header"
            found = "\t".join(text or "" for text in row)
            rejects.append(Reject(number, "ragged_row", message, found))
        elif any("\0" in text for text in row if text is not None):
            message = "a cell holds a NUL character"
            found = "\t".join(text or "" for text in row).replace("\0", "\ufffd")
            rejects.append(Reject(number, "bad_encoding", message, found))
        else:
            table.append(row[: len(header)])
            numbers.append(number)
    return ParsedRecords(
        kind,
        header,
        table.relation(len(header)),
        table.count,
        tuple(rejects),
        numbers,
        native=table.native(),
    )


def _text(cell: Cell) -> str | None:
    """Writes a cell as a person would: whole numbers without .0, dates by ISO 8601."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    return NativeText(_native(cell))


def _native(cell: int | float | bool | time | date | datetime | timedelta) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, datetime):
        is_date = cell.time() == time()
        return cell.date().isoformat() if is_date else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
