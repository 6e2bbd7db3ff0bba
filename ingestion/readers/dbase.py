"""DBF tables of dBase, FoxPro and Clipper, as programs for DOS and early Windows keep them.

Belongs here: how cells of each type become text. Does not belong here: the structure of the file,
which a library reads, and memos, which stand in another file that is no extract.

The library's own values are not taken: its numbers pass through doubles, one that did not fit its
field (`****`) becomes an empty one, and a damaged cell stops it. Here such a cell stays the text
that it is, which no cast accepts, and rows are split column by column instead of cell by cell.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import dbf
import numpy as np

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.schema import AUTO
from ingestion.readers.encodings import likely_encodings
from ingestion.readers.records import (
    NativeText,
    ParsedRecords,
    Reject,
    ScratchTable,
    check_width,
    first_line,
    named_columns,
)
from ingestion.text import iran_system

_BATCH = 20_000
_DELETED, _ALIVE, _END = b"*", b" ", b"\x1a"
_FIELD = 32
_NAME = 11
_CODE_PAGE = 29
# No code page, and `the one of this machine`: they say nothing of the file.
_SAYS_NOTHING = frozenset({0x00, 0x57})
# Every byte is a character of it, so that the library can read any name.
_ANY_BYTES = "cp437"
_MEMOS = "MGPW"
_BINARY = {"I": "<i", "B": "<d", "Y": "<q", "T": "<ii"}
_JULIAN_DAY_ONE = 1_721_425
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_WORDS = {"T": "true", "t": "true", "Y": "true", "y": "true"}
_WORDS |= {"F": "false", "f": "false", "N": "false", "n": "false"}

Cell = str | None


@dataclass(frozen=True)
class _Column:
    """A column of the table.

    Args:
        name: Its name.
        kind: Letter of its type.
        start: Its first byte in a record, behind the byte that marks deleted ones.
        length: Its bytes.
        null_bit: Number of its bit among those that say that a field is NULL; None if it has none.
    """

    name: str
    kind: str
    start: int
    length: int
    null_bit: int | None


@dataclass(frozen=True)
class _Layout:
    """How a file is built.

    Args:
        columns: Its columns, without memos.
        memos: Names of those.
        start: Byte at which the records start.
        width: Bytes of a record.
        count: Records, with deleted ones.
        encoding: What its texts are in, as far as the file or the mapping says it.
        is_stated: Whether it is the file that says it.
    """

    columns: tuple[_Column, ...]
    memos: tuple[str, ...]
    start: int
    width: int
    count: int
    encoding: str | None
    is_stated: bool


def read_dbase(path: Path, feed: Feed, scratch: Path) -> ParsedRecords:
    """Reads a DBF table.

    Args:
        path: The archived file.
        feed: Says the encoding of its texts, where the file does not, or states a wrong one.
        scratch: Path that names of scratch files start with.

    Raises:
        ExtractError: The file is no such table, is cut, or its texts are of another encoding.
    """
    if path.stat().st_size == 0:
        raise ExtractError("the file is empty (0 bytes); ask for it again")
    layout = _layout(path, feed)
    _check_size(path, layout)
    header = named_columns([column.name for column in layout.columns])
    check_width(header)
    table = ScratchTable(scratch)
    numbers: list[int] = []
    rejects: list[Reject] = []
    deleted = 0
    cells = _Cells(path, layout)
    for number, mark, row in cells.rows():
        if mark == _DELETED:
            deleted += 1
        elif mark not in (_ALIVE, b""):
            message = "the record is marked neither as there nor as deleted, so it is damaged"
            rejects.append(Reject(number, "ragged_row", message, "\t".join(c or "" for c in row)))
        elif any("\0" in cell for cell in row if cell is not None):
            message = "a cell holds a NUL character"
            text = "\t".join(cell or "" for cell in row).replace("\0", "\ufffd")
            rejects.append(Reject(number, "bad_encoding", message, text))
        else:
            table.append(row)
            numbers.append(number)
    return ParsedRecords(
        "dbf",
        header,
        table.relation(len(header)),
        table.count,
        tuple(rejects),
        numbers,
        tuple(_notes(layout, cells.has_other_than_ascii)),
        native=table.native(),
        passed_over=deleted,
        elsewhere=layout.memos,
    )


def _notes(layout: _Layout, has_other_than_ascii: bool) -> Iterator[str]:
    if has_other_than_ascii and layout.is_stated:
        yield f"texts are read as {layout.encoding}, which the file states"
    if layout.memos:
        yield f"memo fields are not read: {', '.join(layout.memos)}"


def _layout(path: Path, feed: Feed) -> _Layout:
    try:
        table = dbf.Table(str(path), codepage=_ANY_BYTES, ignore_memos=True)
        infos: list[Any] = [table.field_info(name) for name in table.field_names]
        can_be_null = [name for name in table.field_names if table.nullable_field(name)]
    except Exception as caught:
        # The library checks little of what it reads: a damaged file may raise anything.
        raise ExtractError(
            f"the file is no DBF table that can be read ({first_line(caught)[:200]}); ask for it "
            "again, or have it saved as dBase III or CSV"
        ) from None
    with path.open("rb") as file:
        head = file.read(32)
        count, start, width = struct.unpack("<IHH", head[4:12])
        fields = file.read(_FIELD * len(infos))
    encoding, is_stated = _encoding(head[_CODE_PAGE], feed)
    columns: list[_Column] = []
    memos: list[str] = []
    position = 1
    for i, (info, listed) in enumerate(zip(infos, table.field_names, strict=True)):
        raw = fields[_FIELD * i : _FIELD * i + _NAME].partition(b"\0")[0]
        name, kind = _decoded(raw, encoding, "the header"), chr(info.field_type)
        bit = can_be_null.index(listed) if listed in can_be_null else None
        if kind in _BINARY and info.length != struct.calcsize(_BINARY[kind]):
            raise ExtractError(
                f"the header says that {name} has {info.length} bytes, which no column of its type "
                "has, so the file is damaged; ask for it again"
            )
        if kind in _MEMOS:
            memos.append(name)
        else:
            columns.append(_Column(name, kind, position, info.length, bit))
        position += info.length
    return _Layout(tuple(columns), tuple(memos), start, width, count, encoding, is_stated)


def _encoding(code: int, feed: Feed) -> tuple[str | None, bool]:
    if feed.csv.encoding != AUTO:
        return codecs.lookup(feed.csv.encoding).name, False
    if code in _SAYS_NOTHING:
        return None, False
    try:
        # Of some code pages the library knows no more than their names.
        known: Any = dbf.CodePage(code).name
    except dbf.DbfError:
        known = None
    return known, known is not None


def _check_size(path: Path, layout: _Layout) -> None:
    """Refuses a file that was cut, or to which records were added that it does not count."""
    size = path.stat().st_size
    there = max(size - layout.start, 0) // layout.width
    if there < layout.count:
        raise ExtractError(
            f"the file states {layout.count:,} records and holds {there:,}, so it is cut; ask for "
            "it again"
        )
    with path.open("rb") as file:
        file.seek(layout.start + layout.count * layout.width)
        following = file.read(1)
    if there > layout.count and following in (_ALIVE, _DELETED):
        raise ExtractError(
            f"the file states {layout.count:,} records and holds {there:,}: the program that "
            "writes it has not closed it. Close it there and copy the file again"
        )


class _Cells:
    """The cells of a file as text, a batch of records at a time."""

    def __init__(self, path: Path, layout: _Layout) -> None:
        self._path = path
        self._layout = layout
        self.has_other_than_ascii = False
        self._as_text = _decoder(layout.encoding)

    def rows(self) -> Iterator[tuple[int, bytes, tuple[Cell, ...]]]:
        """Gives number (from 1), mark and cells of every record."""
        layout = self._layout
        number = 1
        with self._path.open("rb") as file:
            file.seek(layout.start)
            while number <= layout.count:
                wanted = min(_BATCH, layout.count + 1 - number)
                block = np.frombuffer(file.read(wanted * layout.width), np.uint8)
                block = block.reshape(wanted, layout.width)
                marks = _slices(block, 0, 1)
                columns = [self._column(block, column, number) for column in layout.columns]
                rows = zip(*columns, strict=True) if columns else ((),) * wanted
                yield from zip(range(number, number + wanted), marks, rows, strict=True)
                number += wanted

    def _column(self, block: np.ndarray, column: _Column, number: int) -> list[Cell]:
        raw = _slices(block, column.start, column.length)
        if column.kind in _BINARY:
            cells = [_binary(cell.ljust(column.length, b"\0"), column.kind) for cell in raw]
        elif column.kind in _TEXTS:
            cells = [_TEXTS[column.kind](cell.decode("latin-1")) for cell in raw]
        else:
            self.has_other_than_ascii = self.has_other_than_ascii or not b"".join(raw).isascii()
            cells = self._texts(raw, column, number)
        if column.null_bit is not None:
            flags = block[:, column.null_bit // 8 - self._null_bytes]
            is_null = (flags >> (column.null_bit % 8)) & 1
            cells = [None if null else cell for cell, null in zip(cells, is_null, strict=True)]
        return cells

    @property
    def _null_bytes(self) -> int:
        bits = sum(column.null_bit is not None for column in self._layout.columns)
        return (bits + 7) // 8

    def _texts(self, raw: Sequence[bytes], column: _Column, number: int) -> list[Cell]:
        cells: list[Cell] = []
        for i, cell in enumerate(raw):
            try:
                cells.append(self._as_text(cell.rstrip(b" \0")) or None)
            except UnicodeDecodeError as caught:
                raise _undecodable(
                    caught, self._layout.encoding, f"record {number + i}, {column.name}", raw
                ) from None
        return cells


def _slices(block: np.ndarray, start: int, length: int) -> list[bytes]:
    """Gives a column's bytes of each record; zero bytes at their end fall away."""
    if not length:
        return [b""] * len(block)
    return np.ascontiguousarray(block[:, start : start + length]).view(f"S{length}")[:, 0].tolist()


def _decoder(encoding: str | None) -> Callable[[bytes], str]:
    """Gives what decodes a field; of most columns the same few texts come again and again."""
    if encoding == iran_system.NAME:
        return lru_cache(maxsize=1 << 16)(lambda cell: iran_system.decode_field(cell).strip())
    return lambda cell: cell.decode(encoding or "ascii")


def _decoded(raw: bytes, encoding: str | None, place: str) -> str:
    try:
        return _decoder(encoding)(raw).strip()
    except UnicodeDecodeError as caught:
        raise _undecodable(caught, encoding, place, [raw]) from None


def _undecodable(
    error: UnicodeDecodeError, encoding: str | None, place: str, cells: Sequence[bytes]
) -> ExtractError:
    found = " ".join(f"0x{byte:02X}" for byte in error.object[error.start : error.end][:4])
    likely = likely_encodings(b"\n".join(cells))
    advice = (
        f"The bytes look like {' or '.join(likely)}: try csv: {{encoding: {likely[0]}}} and look "
        "at the names that come out"
        if likely
        else "Set csv: {encoding: ...} in the mapping, such as windows-1256 or iran-system"
    )
    what = f"not {encoding}" if encoding else "no letter, as the file does not state its encoding"
    return ExtractError(f"{place}: the byte {found} is {what}. {advice}")


def _number(text: str) -> Cell:
    """Gives an exact number; what is none, such as **** for one that did not fit, stays text."""
    plain = text.strip(" \0")
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain):
        return plain
    value = Decimal(plain)
    return NativeText(int(value) if value == value.to_integral_value() else format(value, "f"))


def _date(text: str) -> Cell:
    if not text.strip(" 0\0"):
        return None
    if len(text) == 8 and text.isdecimal():
        return NativeText(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    return text


def _logical(text: str) -> Cell:
    plain = text.strip(" ?\0")
    return NativeText(_WORDS[plain]) if plain in _WORDS else plain or None


_TEXTS: dict[str, Callable[[str], Cell]] = {
    "N": _number,
    "F": _number,
    "D": _date,
    "L": _logical,
}


def _binary(cell: bytes, kind: str) -> Cell:
    """Gives a value of Visual FoxPro; of a date with time, one without a day is none."""
    values = struct.unpack(_BINARY[kind], cell)
    if kind == "T":
        day, milliseconds = values
        if day <= _JULIAN_DAY_ONE:
            return None
        # Such programs compute times in doubles and are off by a millisecond.
        seconds = timedelta(seconds=round(milliseconds / 1000))
        try:
            moment = datetime.fromordinal(day - _JULIAN_DAY_ONE) + seconds
        except (ValueError, OverflowError):
            return f"Julian day {day}"
        return NativeText(moment if moment.time() != time() else moment.date())
    if kind == "Y":
        return _number(format(Decimal(values[0]).scaleb(-4), "f"))
    return _number(format(Decimal(repr(values[0])), "f"))
