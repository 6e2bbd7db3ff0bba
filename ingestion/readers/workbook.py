"""Excel workbooks: the stored values of one sheet, or of sheets of one header, as text.

Belongs here: headers, rows and cell types. Does not belong here: formulas, which are never
computed (what the program that saved the file stored for them is read), and the choice of sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.schema import SkipLinesBlock
from ingestion.readers.biff_cells import scan_sheets
from ingestion.readers.disguised import WorkbookKind, workbook_kind
from ingestion.readers.merged_cells import Range, check_merged, fill_merged
from ingestion.readers.records import (
    NativeText,
    ParsedRecords,
    Reject,
    ScratchTable,
    check_width,
    first_line,
    named_columns,
)
from ingestion.readers.sheets import SheetNames, chosen_sheets, has_many_sheets
from ingestion.readers.title_lines import MAX_TITLE_LINES, fits_header, no_header
from ingestion.readers.unpacked import check_archive
from ingestion.readers.workbook_cells import OddCell, SheetScan, is_blank, scan_sheet

# Spreadsheets keep 15 digits of what somebody types.
_LARGEST_EXACT = 10**15 - 1
# What a mapping calls the name of the sheet that a row stands in.
SHEET = "sheet"
Cell = int | float | str | bool | time | date | datetime | timedelta


def read_workbook(path: Path, name: str, feed: Feed, scratch: Path) -> ParsedRecords:
    """Reads one sheet of a workbook, or several of one header.

    Args:
        path: The archived file.
        name: The name that it came with.
        feed: How the file is built: its sheets, the rows above the header, merged cells.
        scratch: Path that names of scratch files start with.

    Raises:
        ExtractError: The file is no workbook, has no such sheet or no header, or its cells reach
            too far.
    """
    book = _Book(path, workbook_kind(path, feed.where), scratch)
    book.check_all(name, feed)
    with book.opened() as workbook:
        sheets = chosen_sheets(workbook.sheets_metadata, name, feed)
        told = SheetNames([sheet.name for sheet in workbook.sheets_metadata], name, feed)
        records = _Records(feed, scratch, has_many_sheets(feed.sheet), told)
        for sheet in sheets.read:
            scan = book.scan(sheet)
            scan.check_extent(told.one(sheet))
            with _reading():
                found = workbook.get_sheet_by_name(sheet)
                merged = found.merged_cell_ranges or []
                # Row numbers must be those that Excel shows, so empty rows at the top count.
                rows = found.to_python(skip_empty_area=False)
            _show_errors(rows, scan.odd)
            records.add(sheet, rows, merged)
    unread = [sheet for sheet in sheets.unread if not book.is_blank(sheet)]
    return records.parsed(book.kind, unread)


class _Book:
    """A workbook as two libraries see it: one for values, one for what the first does not tell."""

    def __init__(self, path: Path, kind: WorkbookKind, scratch: Path) -> None:
        self.kind: WorkbookKind = kind
        self._path = path
        self._scratch = scratch
        self._scans: dict[str, SheetScan] = {}
        if kind == "xlsx":
            check_archive(path)
        else:
            # All sheets of such a file are read when it is opened.
            self._scans = scan_sheets(path)

    def check_all(self, name: str, feed: Feed) -> None:
        """Refuses what there would be no memory for, where opening a file reads all of it."""
        told = SheetNames(list(self._scans), name, feed)
        for sheet, scan in self._scans.items():
            scan.check_extent(told.one(sheet))

    @contextmanager
    def opened(self) -> Iterator[CalamineWorkbook]:
        with _reading():
            workbook = CalamineWorkbook.from_path(str(self._with_ending()))
        with workbook:
            yield workbook

    def scan(self, sheet: str) -> SheetScan:
        if sheet not in self._scans:
            self._scans[sheet] = scan_sheet(self._path, sheet)
        return self._scans[sheet]

    def is_blank(self, sheet: str) -> bool:
        if sheet in self._scans:
            return self._scans[sheet].filled == 0
        return is_blank(self._path, sheet)

    def _with_ending(self) -> Path:
        """Gives the file under the ending of its content, by which the library decides."""
        if self._path.suffix == f".{self.kind}":
            return self._path
        link = self._scratch.with_name(f"{self._scratch.name}-book.{self.kind}")
        link.unlink(missing_ok=True)
        link.symlink_to(self._path.resolve())
        return link


@contextmanager
def _reading() -> Iterator[None]:
    """Tells what keeps the library from reading a workbook."""
    try:
        yield
    except PasswordError:
        raise ExtractError(
            "the workbook is protected by a password; save it without one and send it again"
        ) from None
    except (CalamineError, OSError, ValueError) as caught:
        raise ExtractError(
            f"the workbook is corrupt or no Excel file ({first_line(caught)}); ask for it again"
        ) from None
    except BaseException as caught:
        # The library's own name for a fault of its code on a damaged file; it is no Exception.
        if type(caught).__name__ != "PanicException":
            raise
        raise ExtractError("the workbook is corrupt; ask for it again") from None


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


@dataclass
class _Records:
    """Collects the records of one sheet after another.

    Args:
        feed: How the sheets are built.
        scratch: Path that names of scratch files start with.
        has_many: Whether there may be several sheets, so that places need the name of theirs.
        told: How messages tell sheets.
    """

    feed: Feed
    scratch: Path
    has_many: bool
    told: SheetNames
    header: tuple[str, ...] = ()
    first: str = ""
    numbers: list[int] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: dict[str, list[int]] = field(default_factory=dict)
    table: ScratchTable = field(init=False)

    def __post_init__(self) -> None:
        self.table = ScratchTable(self.scratch, _LARGEST_EXACT)

    def add(self, sheet: str, rows: list[list[Cell]], merged: Sequence[Range]) -> None:
        """Adds the records of a sheet.

        Raises:
            ExtractError: It is empty and the only one, has another header than the first, or
                records lack values because of merged cells.
        """
        skip = self.feed.csv.skip_lines
        skipped = skip if isinstance(skip, int) else _rows_above(rows, skip)
        if self.feed.merged_cells == "fill":
            fill_merged(rows, merged)
        filled = (
            (number, texts)
            for number, texts in enumerate(map(_texts, rows[skipped:]), start=skipped + 1)
            if any(text is not None for text in texts)
        )
        head = next(filled, None)
        if head is None:
            if not self.has_many:
                raise ExtractError(
                    "the sheet is empty; ask for the file again, or name another sheet"
                )
            return
        if self.feed.merged_cells == "refuse":
            note = check_merged(rows, merged, head[0] - 1, self.told.one(sheet), self.feed.where)
            self.notes += [note] if note else []
        names = [text or "" for text in head[1]]
        while names and not names[-1]:
            names.pop()
        order = self._order(sheet, named_columns(names))
        self.columns[self.told.bare(sheet)] = [place + 1 for place in order]
        for number, row in filled:
            self._add_row(sheet, number, row, order)

    def _order(self, sheet: str, header: tuple[str, ...]) -> list[int]:
        """Gives the position in a sheet of each of the first sheet's columns."""
        if not self.header:
            check_width(header)
            self.header, self.first = header, sheet
        strange = [i for i, name in enumerate(header, start=1) if name not in self.header]
        if strange or len(header) < len(self.header):
            what = f"its column {strange[0]} is not there" if strange else "it has fewer"
            raise ExtractError(
                f"{self.told.one(sheet)} has other columns than {self.told.one(self.first)}: "
                f"{what}. Give the "
                "header the same names, or name the sheets that are alike by a pattern that fits "
                f'them alone, such as `sheet: "2026 *"` ({self.feed.where})'
            )
        return [header.index(name) for name in self.header]

    def _add_row(
        self, sheet: str, number: int, row: list[str | None], order: Sequence[int]
    ) -> None:
        place = f"{self.told.one(sheet)}: " if self.has_many else ""
        width = len(order)
        if any(text is not None for text in row[width:]):
            message = f"{place}the row has cells to the right of the {width} columns of the header"
            found = "\t".join(text or "" for text in row)
            self.rejects.append(Reject(number, "ragged_row", message, found))
        elif any("\0" in text for text in row if text is not None):
            message = f"{place}a cell holds a NUL character"
            found = "\t".join(text or "" for text in row).replace("\0", "\ufffd")
            self.rejects.append(Reject(number, "bad_encoding", message, found))
        else:
            cells = row[:width] if sheet == self.first else [row[i] for i in order]
            self.table.append([*cells, sheet] if self._has_sheet else cells)
            self.numbers.append(number)
            if self.has_many:
                self.sheets.append(self.told.bare(sheet))

    @property
    def _has_sheet(self) -> bool:
        """Whether rows carry the name of their sheet: where the mapping asks for it."""
        names = {name.strip().casefold() for name in self.header}
        return self.has_many and SHEET not in names and self.feed.reads(SHEET)

    def parsed(self, kind: WorkbookKind, unread: Sequence[str]) -> ParsedRecords:
        """Gives the records of all sheets that were added.

        Args:
            kind: Format of the workbook.
            unread: Sheets that nothing reads.

        Raises:
            ExtractError: All sheets are empty.
        """
        if not self.header:
            raise ExtractError("the sheets are empty; ask for the file again, or name other sheets")
        if unread:
            self.notes.append(f"sheets that nothing reads: {self.told.all(unread)}")
        header = (*self.header, SHEET) if self._has_sheet else self.header
        return ParsedRecords(
            kind,
            header,
            self.table.relation(len(header)),
            self.table.count,
            tuple(self.rejects),
            self.numbers,
            tuple(self.notes),
            native=self.table.native(),
            row_sheets=self.sheets or None,
            cell_columns=self.columns,
            only_sheet="" if self.has_many else self.told.one(self.first),
        )


def _rows_above(rows: list[list[Cell]], skip: SkipLinesBlock) -> int:
    """Counts the rows above the header; a sheet that holds nothing has none."""
    for number, row in enumerate(rows[:MAX_TITLE_LINES]):
        if fits_header(skip, (text or "" for text in _texts(row))):
            return number
    if not any(text is not None for row in rows for text in _texts(row)):
        return 0
    raise no_header(skip)


def _texts(row: list[Cell]) -> list[str | None]:
    return [_text(cell) for cell in row]


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
    if isinstance(cell, timedelta):
        return _clock(cell)
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)


def _clock(length: timedelta) -> str:
    """Writes a length of time as a workbook shows it, with hours beyond a day: 26:30:00."""
    sign, length = ("-", -length) if length < timedelta() else ("", length)
    seconds, fraction = divmod(length, timedelta(seconds=1))
    micros = fraction // timedelta(microseconds=1)
    hours, rest = divmod(seconds, 3600)
    clock = f"{sign}{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{clock}.{micros:06}" if micros else clock
