"""Delimited text (CSV and its kin): split by DuckDB, counted independently.

Belongs here: the header, line ends, ragged records and the account of every record. Does not
belong here: encodings (`plain_text`), the counting itself (`record_scan`), values.
"""

from __future__ import annotations

import csv
import itertools
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ingestion.errors import ExtractError
from ingestion.home import OWNER_ONLY_FILE
from ingestion.mapping.feeds import CsvOptions
from ingestion.readers.plain_text import CHUNK, PlainText, plain_text
from ingestion.readers.record_scan import (
    ExactRecord,
    RecordScan,
    broken_quotes,
    chunks_of_lines,
    csv_dialect,
    exact_records,
    scan_records,
)
from ingestion.readers.records import (
    Native,
    ParsedRecords,
    Records,
    Reject,
    ScratchTable,
    check_width,
    named_columns,
)
from ingestion.readers.title_lines import lines_above_header, skipped_lines
from ingestion.text.sql_text import literal

# A field of several megabytes is set aside for its length; only a record that cannot be held in
# memory several times over is refused.
MAX_RECORD_BYTES = 32 << 20
_MAX_HEADER_BYTES = 4 << 20
_RAGGED = frozenset({"MISSING COLUMNS", "TOO MANY COLUMNS"})
_LINE_END = re.compile(rb"\r\n|\r|\n")
_rejects_tables = itertools.count()


@dataclass(frozen=True)
class _Head:
    """What stands before the records.

    Args:
        names: The extract's columns.
        records_start: Byte at which the records start.
        lines: Physical lines before the records.
        can_skip: Whether DuckDB can pass over it by itself: nothing, or one line at the start.
    """

    names: tuple[str, ...]
    records_start: int
    lines: int
    can_skip: bool


def read_delimited(path: Path, options: CsvOptions, scratch: Path) -> Records:
    """Reads a delimited text file.

    Args:
        path: The archived file.
        options: How the file is built.
        scratch: Path that names of converted copies start with.

    Raises:
        ExtractError: The file is empty, cut, damaged, or not built as the mapping says.
    """
    if options.quote and not options.quote.isascii():
        raise ExtractError(f"csv.quote must be an ASCII character, not {options.quote}")
    text = plain_text(path, options.encoding, scratch)
    if text.path.stat().st_size == 0:
        raise ExtractError("the file is empty (0 bytes); ask for it again")
    skipped = lines_above_header(text.path, options)
    options = options.model_copy(update={"skip_lines": skipped})
    start, is_plain = _after_lines(text.path, skipped)
    scan = scan_records(text.path, start, options.delimiter, options.quote)
    if scan.is_mixed or not is_plain:
        text = _with_line_feeds(text, scan, scratch)
        start, _ = _after_lines(text.path, skipped)
        scan = scan_records(text.path, start, options.delimiter, options.quote)
    head = _head(text.path, start, options)
    check_width(head.names)
    _check_end(text.path, head, scan, options)
    count = scan.records - (1 if options.header else 0)
    if len(head.names) == 1:
        # DuckDB takes a blank line for a record where there is one column only.
        return _parsed_in_python(text, head, head.records_start, options, scratch)
    if not head.can_skip:
        text = PlainText(_tail(text.path, head.records_start, scratch), text.notes)
    return DelimitedRecords(text, head, scan, options, count, scratch)


@dataclass
class DelimitedRecords:
    """Records of a delimited text file that DuckDB splits."""

    text: PlainText
    head: _Head
    scan: RecordScan
    options: CsvOptions
    count: int
    scratch: Path
    format: str = "csv"
    passed_over: int = 0
    _rejects_table: str = field(default_factory=lambda: f"_rejects_{next(_rejects_tables)}")
    _rejected: list[int] = field(default_factory=list)
    _exact_lines: list[int] | None = None
    _is_counted_anew: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the extract's columns."""
        return self.head.names

    @property
    def native(self) -> Mapping[str, Native]:
        """Gives nothing: all cells of such a file are text."""
        return {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to read the file."""
        return self.text.notes

    @property
    def relation(self) -> str:
        """Bracketed query of the text columns.

        The columns are named here and not by the header, so that no name in a file reaches SQL.
        """
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.header)))
        quote = literal(self.options.quote)
        skip = 1 if self.options.header and self.head.can_skip else 0
        return (
            f"(select * from read_csv({literal(str(self.text.path))}, auto_detect = false, "
            f"columns = {{{columns}}}, header = false, skip = {skip}, "
            f"delim = {literal(self.options.delimiter)}, quote = {quote}, escape = {quote}, "
            f"max_line_size = {MAX_RECORD_BYTES}, strict_mode = true, store_rejects = true, "
            f"rejects_limit = 0, rejects_table = '{self._rejects_table}', "
            f"rejects_scan = '{self._rejects_table}_scan'))"
        )

    def settle(self, connection: duckdb.DuckDBPyConnection, loaded: int) -> tuple[Reject, ...]:
        """Collects ragged records; rows and ragged records must be all that were counted."""
        found = connection.execute(
            "select line_byte_position, any_value(error_type), any_value(csv_line), "
            f"max(column_idx) from {self._rejects_table} group by line_byte_position order by 1"
        ).fetchall()
        for _, kind, _, _ in found:
            if kind not in _RAGGED:
                raise self._unreadable(kind)
        if loaded + len(found) != self.count:
            self._check_exactly(loaded + len(found))
        # Another feed of the file may have asked before.
        self._rejected = []
        rejects = tuple(self._rejects(found))
        if rejects and not self.scan.ends_with_line_end and self._rejected[-1] == self.count:
            raise _cut(rejects[-1].line, "has another number of fields than the header")
        return rejects

    def explain(self, error: duckdb.Error) -> ExtractError:
        """Gives the line of broken quotes, if that is what it was, else DuckDB's words."""
        try:
            for _ in self._exact():
                pass
        except ExtractError as reason:
            return reason
        return ExtractError(
            f"the file cannot be split into records ({type(error).__name__} in DuckDB)"
        )

    def reread(self, error: duckdb.Error) -> Records:
        """Reads record by record what DuckDB does not split, such as LF in quotes between CRLF."""
        del error
        start = self.head.records_start if self.head.can_skip else 0
        return _parsed_in_python(self.text, self.head, start, self.options, self.scratch)

    def lines(self, numbers: Sequence[int]) -> list[int]:
        """Gives the physical lines of rows."""
        if self._knows_lines:
            # Rows before the i-th rejected record (from 0) are those up to its number less i.
            passed = [number - i for i, number in enumerate(self._rejected)]
            return [self._line_of(n + bisect_right(passed, n)) for n in numbers]
        if self._exact_lines is None:
            width = len(self.header)
            self._exact_lines = [r.line for r in self._exact() if not r.is_ragged(width)]
        return [self._exact_lines[number - 1] for number in numbers]

    def sheets(self, numbers: Sequence[int]) -> list[str | None]:
        """Gives nothing: such a file has no sheets."""
        return [None for _ in numbers]

    @property
    def _knows_lines(self) -> bool:
        return self.scan.knows_lines and not self._is_counted_anew

    def _line_of(self, number: int) -> int:
        """Gives the physical line of a record, counted from 1 after the header."""
        return skipped_lines(self.options) + self.scan.line_of(number + self._header_records)

    @property
    def _header_records(self) -> int:
        return 1 if self.options.header else 0

    def _exact(self) -> Iterator[ExactRecord]:
        start = self.head.records_start if self.head.can_skip else 0
        return exact_records(self.text.path, start, self.head.lines + 1, self.options)

    def _rejects(self, found: list[tuple]) -> Iterator[Reject]:
        width = len(self.header)
        # DuckDB counts bytes from 1.
        places = self._places_of([position - 1 for position, *_ in found])
        if places is None:
            exact = enumerate(self._exact(), start=1) if found else ()
            places = [(number, r.line) for number, r in exact if r.is_ragged(width)]
        if len(places) != len(found):
            raise ExtractError(
                f"{len(found)} records have another number of fields than the header, but their "
                "lines cannot be told; check the quotes of the file"
            )
        for (number, line), (_, kind, text, fields) in zip(places, found, strict=True):
            self._rejected.append(number)
            few = kind == "MISSING COLUMNS"
            yield Reject(
                line=line,
                reason="ragged_row",
                message=_ragged(0 if few else int(fields), width),
                text=(text or "").strip("\r\n"),
            )

    def _places_of(self, positions: Sequence[int]) -> list[tuple[int, int]] | None:
        """Gives number and line of the records at byte positions, if that is certain."""
        if not self._knows_lines:
            return None
        before = 0 if self.head.can_skip else self.head.lines
        places: list[tuple[int, int]] = []
        for line in _lines_at(self.text.path, positions):
            if line is None:
                return None
            line += before
            number = self.scan.number_on(line - skipped_lines(self.options)) - self._header_records
            if self._line_of(number) != line:
                return None
            places.append((number, line))
        return places

    def _unreadable(self, kind: str) -> ExtractError:
        if kind == "LINE SIZE OVER MAXIMUM":
            return ExtractError(
                f"a record is longer than {MAX_RECORD_BYTES >> 20} MB; leave the long column out "
                "of the export, or check the quotes of the file"
            )
        for _ in self._exact():
            pass
        return ExtractError(f"the file cannot be split into records ({kind.lower()})")

    def _check_exactly(self, accounted: int) -> None:
        """Lets Python's parser decide where the quick count and DuckDB differ."""
        count = sum(1 for _ in self._exact())
        if count != accounted:
            raise ExtractError(
                f"the file holds {count} records but {accounted} could be read; check csv.quote "
                "and csv.delimiter of the mapping, or ask for the file again"
            )
        self.count = count
        self._is_counted_anew = True


def _parsed_in_python(
    text: PlainText, head: _Head, start: int, options: CsvOptions, scratch: Path
) -> ParsedRecords:
    width = len(head.names)
    table = ScratchTable(scratch)
    numbers: list[int] = []
    rejects: list[Reject] = []
    for record in exact_records(text.path, start, head.lines + 1, options):
        if record.is_ragged(width):
            found = options.delimiter.join(_as_written(v, options) for v in record.values)
            message = _ragged(len(record.values), width)
            rejects.append(Reject(record.line, "ragged_row", message, found))
        else:
            table.append([value or None for value in record.values])
            numbers.append(record.line)
    return ParsedRecords(
        "csv", head.names, table.relation(width), table.count, tuple(rejects), numbers, text.notes
    )


def _as_written(value: str, options: CsvOptions) -> str:
    """Writes a field as it may stand in the file, so that it can be told from its neighbours."""
    quote = options.quote
    if not quote or not {options.delimiter, quote} & set(value):
        return value
    return f"{quote}{value.replace(quote, quote * 2)}{quote}"


def _ragged(fields: int, width: int) -> str:
    has = "fewer" if fields < width else f"{fields} fields, which is more"
    columns = "1 column" if width == 1 else f"{width} columns"
    return f"the record has {has} than the {columns} of the header"


def _after_lines(path: Path, count: int) -> tuple[int, bool]:
    """Gives the byte after so many lines, and whether none of them ends with CR alone."""
    position, is_plain = 0, True
    with path.open("rb") as file:
        for _ in range(count):
            file.seek(position)
            line = file.readline(MAX_RECORD_BYTES)
            end = _LINE_END.search(line)
            if end is None:
                return position + len(line), is_plain
            is_plain = is_plain and end[0] != b"\r"
            position += end.end()
    return position, is_plain


def _head(path: Path, start: int, options: CsvOptions) -> _Head:
    if not options.header:
        return _Head(options.columns, start, skipped_lines(options), can_skip=start == 0)
    with path.open("rb") as file:
        file.seek(start)
        reader = csv.reader(_header_lines(file), **csv_dialect(options), strict=True)
        try:
            names = next((row for row in reader if row), None)
        except csv.Error as caught:
            raise broken_quotes(skipped_lines(options) + 1, str(caught)) from None
        if names is None:
            raise ExtractError("there is no header, only blank lines; ask for the file again")
        end = file.tell()
    is_first_line = start == 0 and reader.line_num == 1
    lines = skipped_lines(options) + reader.line_num
    return _Head(named_columns(names), end, lines, can_skip=is_first_line)


def _header_lines(file) -> Iterator[str]:
    """Gives lines one by one, so that the file's position is the end of the last one used."""
    while line := file.readline(_MAX_HEADER_BYTES):
        if len(line) == _MAX_HEADER_BYTES:
            raise ExtractError(
                f"the header is longer than {_MAX_HEADER_BYTES >> 20} MB, so this is hardly "
                "delimited text; check the format in the mapping"
            )
        yield line.decode("utf-8")


def _check_end(path: Path, head: _Head, scan: RecordScan, options: CsvOptions) -> None:
    """Refuses a file that was cut: within quotes, or before the end of its last line."""
    if scan.ends_in_quotes:
        for _ in exact_records(path, head.records_start, head.lines + 1, options):
            pass
    if not scan.ends_with_line_end and options.final_newline == "required":
        line = 1 + sum(chunk.count(b"\n") for chunk in chunks_of_lines(path))
        raise _cut(line, "does not end with a line end", options.without_final_newline)


def _cut(line: int, what: str, advice: str = "") -> ExtractError:
    more = f"; if this system writes no line end after the last record, {advice}" if advice else ""
    return ExtractError(
        f"line {line}: the last line of the file {what}, so it may be cut off there, even within "
        f"a number. Ask for the file again{more}"
    )


def _with_line_feeds(text: PlainText, scan: RecordScan, scratch: Path) -> PlainText:
    target = scratch.with_name(f"{scratch.name}.lines")
    with target.open("wb") as file:
        target.chmod(OWNER_ONLY_FILE)
        for chunk in chunks_of_lines(text.path):
            file.write(chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    counts = {"CRLF": scan.crlf, "LF": scan.lf, "CR": scan.cr}
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return PlainText(target, (*text.notes, f"line ends were made the same (found {found})"))


def _tail(path: Path, start: int, scratch: Path) -> Path:
    target = scratch.with_name(f"{scratch.name}.records")
    with target.open("wb") as file:
        target.chmod(OWNER_ONLY_FILE)
        for chunk in chunks_of_lines(path, start):
            file.write(chunk)
    return target


def _lines_at(path: Path, positions: Sequence[int]) -> Iterator[int | None]:
    """Gives the number of the line that starts at each byte; None where no line starts."""
    line, done, ends_line = 1, 0, True
    with path.open("rb") as file:
        for position in positions:
            while done < position and (part := file.read(min(CHUNK, position - done))):
                line += part.count(b"\n")
                done += len(part)
                ends_line = part.endswith(b"\n")
            yield line if done == position and ends_line else None
