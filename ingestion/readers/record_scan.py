"""A count of the records of delimited text that does not trust the parser which reads them.

Belongs here: one quick pass over the bytes (NUL, line ends, quotes, blank lines) and one exact
pass with Python's own parser. Does not belong here: the values in the records.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import CsvOptions
from ingestion.readers.plain_text import CHUNK

_LF, _CR = 10, 13


@dataclass
class RecordScan:
    """What one pass over the bytes of a text file found.

    Quotes are paired from the start of the file. Where a file has a lone quote within an unquoted
    field, pairs go wrong and so does the number of records; `exact_records` decides then.

    Attributes:
        has_stray_quotes: Whether a quote neither opens nor closes a field, so that another parser
            may pair them differently.
        shifts: Per line that no record starts on (blank, or within quotes), in order, the number
            of the last record that starts before it.
    """

    lf: int = 0
    crlf: int = 0
    cr: int = 0
    quoted_line_ends: int = 0
    blank: int = 0
    records: int = 0
    ends_with_line_end: bool = True
    ends_in_quotes: bool = False
    has_stray_quotes: bool = False
    shifts: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def is_mixed(self) -> bool:
        """Whether lines end in more than one way, or in the old way that DuckDB does not take."""
        return self.cr > 0 or (self.lf > 0 and self.crlf > 0)

    @property
    def knows_lines(self) -> bool:
        """Whether any parser finds the records on the lines where this scan found them."""
        return not self.has_stray_quotes or (self.quoted_line_ends == 0 and self.blank == 0)

    def line_of(self, number: int) -> int:
        """Gives the physical line of a record; both are counted from 1 at the scan's start."""
        return number + int(np.searchsorted(self.shifts, number))

    def number_on(self, line: int) -> int:
        """Gives the number of the record that starts on a line."""
        return bisect_left(range(1, self.records + 1), line, key=self.line_of) + 1


def scan_records(path: Path, start: int, delimiter: str, quote: str) -> RecordScan:
    """Counts records: line ends outside quotes, less blank lines, plus a last line without end.

    Args:
        path: UTF-8 text.
        start: Byte at which the records start.
        delimiter: Between fields.
        quote: Character around fields; empty for none.

    Raises:
        ExtractError: There is a NUL character; names its line.
    """
    pass_ = _Pass(delimiter.encode(), quote.encode() or None)
    for chunk in chunks_of_lines(path, start):
        if b"\0" in chunk:
            raise _nul(path, start + pass_.position + chunk.index(b"\0"))
        pass_.feed(chunk)
    return pass_.finish()


def chunks_of_lines(path: Path, start: int = 0) -> Iterator[bytes]:
    """Gives a file in pieces, none of which ends between the two characters of a line end.

    Args:
        path: The file.
        start: Byte to start at.
    """
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(CHUNK):
            if chunk.endswith(b"\r"):
                following = file.read(1)
                if following == b"\n":
                    chunk += following
                else:
                    file.seek(-len(following), os.SEEK_CUR)
            yield chunk


@dataclass
class _Pass:
    """The state between chunks."""

    delimiter: bytes
    quote: bytes | None
    scan: RecordScan = field(default_factory=RecordScan)
    shifts: list[np.ndarray] = field(default_factory=list)
    position: int = 0
    line_start: int = 0
    in_quotes: bool = False
    ends_with_close: bool = False
    last_byte: int = _LF

    def feed(self, chunk: bytes) -> None:
        if self.ends_with_close:
            self._note_strays(np.frombuffer(chunk[:1], np.uint8), self.delimiter[0])
            self.ends_with_close = False
        has_quotes = self.quote is not None and self.quote in chunk
        if has_quotes or self.in_quotes:
            self._quoted(chunk)
        elif b"\r" in chunk:
            self._line_ends(np.frombuffer(chunk, np.uint8), None)
        else:
            self._plain(chunk)
        self.position += len(chunk)
        self.last_byte = chunk[-1]

    def finish(self) -> RecordScan:
        scan = self.scan
        scan.records = self._records
        if self.shifts:
            scan.shifts = np.concatenate(self.shifts)
        scan.ends_with_line_end = self.last_byte in (_LF, _CR)
        scan.ends_in_quotes = self.in_quotes
        if self.position > self.line_start:
            scan.records += 1
        return scan

    @property
    def _records(self) -> int:
        return self.scan.lf + self.scan.crlf + self.scan.cr - self.scan.blank

    def _plain(self, chunk: bytes) -> None:
        data = np.frombuffer(chunk, np.uint8)
        if chunk[0] == _LF or b"\n\n" in chunk:
            self._line_ends(data, None)
            return
        self.scan.lf += int(np.count_nonzero(data == _LF))
        last = chunk.rfind(b"\n")
        if last >= 0:
            self.line_start = self.position + last + 1

    def _quoted(self, chunk: bytes) -> None:
        data = np.frombuffer(chunk, np.uint8)
        assert self.quote is not None
        quotes = np.flatnonzero(data == self.quote[0])
        self._line_ends(data, quotes)
        opening, closing = quotes[int(self.in_quotes) :: 2], quotes[int(not self.in_quotes) :: 2]
        if len(opening) and opening[0] == 0:
            self._note_strays(np.array([self.last_byte], np.uint8), self.delimiter[-1])
            opening = opening[1:]
        self._note_strays(data[opening - 1], self.delimiter[-1])
        if len(closing) and closing[-1] == len(data) - 1:
            self.ends_with_close = True
            closing = closing[:-1]
        self._note_strays(data[closing + 1], self.delimiter[0])
        self.in_quotes ^= bool(len(quotes) & 1)

    def _note_strays(self, neighbours: np.ndarray, delimiter: int) -> None:
        """Notes whether a byte next to a quote, outside the pair, lies within a field."""
        assert self.quote is not None
        allowed = (delimiter, _LF, _CR, self.quote[0])
        if not np.isin(neighbours, allowed).all():
            self.scan.has_stray_quotes = True

    def _line_ends(self, data: np.ndarray, quotes: np.ndarray | None) -> None:
        """Counts the line ends of a chunk; those between quotes belong to a value."""
        is_lf = data == _LF
        is_cr = data == _CR
        before = np.empty_like(is_cr)
        before[0] = False
        before[1:] = is_cr[:-1]
        after = np.empty_like(is_lf)
        after[-1] = False
        after[:-1] = is_lf[1:]
        ends = np.flatnonzero(is_lf | (is_cr & ~after))
        is_inside = np.zeros(len(ends), bool)
        if quotes is not None:
            is_inside = ((np.searchsorted(quotes, ends) + int(self.in_quotes)) & 1).astype(bool)
        scan, records = self.scan, self._records
        scan.quoted_line_ends += int(np.count_nonzero(is_inside))
        outside = ends[~is_inside]
        is_blank = np.zeros(len(ends), bool)
        if len(outside):
            crlf = is_lf[outside] & before[outside]
            scan.crlf += int(np.count_nonzero(crlf))
            scan.cr += int(np.count_nonzero(is_cr[outside]))
            scan.lf += int(np.count_nonzero(is_lf[outside] & ~crlf))
            starts = np.empty(len(outside), np.int64)
            starts[0] = self.line_start - self.position
            starts[1:] = outside[:-1] + 1
            is_blank[~is_inside] = outside - crlf == starts
            scan.blank += int(np.count_nonzero(is_blank))
            self.line_start = self.position + int(outside[-1]) + 1
        shifting = is_inside | is_blank
        if shifting.any():
            # The record that a line end within quotes belongs to has not been counted yet.
            started = records + np.cumsum(~shifting) + is_inside
            self.shifts.append(started[shifting & is_lf[ends]])


def _nul(path: Path, offset: int) -> ExtractError:
    with path.open("rb") as file:
        line = 1 + sum(part.count(b"\n") for part in _up_to(file, offset))
    return ExtractError(
        f"line {line}: the file holds a NUL character, so it is damaged or not of the encoding "
        "that the mapping says. Ask for it again; or, if it is UTF-16, set csv: {encoding: utf-16}"
    )


def _up_to(file, offset: int) -> Iterator[bytes]:
    while offset > 0 and (chunk := file.read(min(CHUNK, offset))):
        offset -= len(chunk)
        yield chunk


@dataclass(frozen=True)
class ExactRecord:
    """One record as Python's parser reads it.

    Args:
        line: Physical line on which it starts.
        values: Its fields.
    """

    line: int
    values: list[str]

    def is_ragged(self, width: int) -> bool:
        """Whether it has another number of fields than the header.

        Empty fields too many are what delimiters at the end of a line make; they hold nothing, and
        DuckDB passes over them as well.
        """
        return len(self.values) < width or any(self.values[width:])


def exact_records(path: Path, start: int, line: int, options: CsvOptions) -> Iterator[ExactRecord]:
    """Reads records one by one; slow, and exact about quotes and lines.

    Args:
        path: UTF-8 text.
        start: Byte at which the records start.
        line: Physical line of that byte.
        options: How the file is built.

    Raises:
        ExtractError: Quotes do not pair up; names the line where the record with the quote starts.
    """
    # Python's own limit of 128 kB per field is for the whole process and would refuse long texts.
    csv.field_size_limit(sys.maxsize)
    with path.open("rb") as binary:
        binary.seek(start)
        # A CR alone, which may stand within quotes, ends a line as well.
        lines = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        reader = csv.reader(lines, **csv_dialect(options), strict=True)
        while True:
            first = line + reader.line_num
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as caught:
                raise broken_quotes(first, str(caught)) from None
            if row:
                yield ExactRecord(first, row)


def csv_dialect(options: CsvOptions) -> dict:
    """Gives the options for Python's parser."""
    if not options.quote:
        return {"delimiter": options.delimiter, "quoting": csv.QUOTE_NONE}
    return {"delimiter": options.delimiter, "quotechar": options.quote, "doublequote": True}


def broken_quotes(line: int, detail: str) -> ExtractError:
    """Makes the error for a record whose quotes do not pair up."""
    what = (
        "a quote that opens in this record is never closed"
        if "unexpected end" in detail
        else "a quote within a field is not doubled, or text follows a closing quote"
    )
    return ExtractError(
        f"line {line}: {what}, so it is not certain where records end. The file may be cut: ask "
        'for it again; if it does not quote fields at all, set csv: {quote: ""}'
    )
