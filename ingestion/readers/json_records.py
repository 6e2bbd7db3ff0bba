"""JSON and JSON Lines: every value as the text that stands in the file.

Belongs here: finding the records and turning their values into text. Does not belong here: paths
below the first level of a record, which the mapping's projection reads from that text.

Python's parser is used and not DuckDB's, because it hands over numbers as they are written:
1234567890123456.78 must not pass through a float.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ingestion.errors import ExtractError
from ingestion.mapping.record_path import RecordPath
from ingestion.readers.plain_text import plain_text
from ingestion.readers.record_walk import FoundRecord, RecordWalk, outer_columns
from ingestion.readers.records import (
    MAX_COLUMNS,
    NativeText,
    ParsedRecords,
    Reject,
    ScratchTable,
    check_width,
)

# Data frames write an id of a column with gaps as 7.0.
_WHOLE = re.compile(r"\.0+$")
_MAX_DIGITS = 400
_ESCAPE = "\\u"


class _Number(str):
    """A number as it is written."""


def read_json_lines(
    path: Path, records: str | None, names: Iterable[str], scratch: Path
) -> ParsedRecords:
    """Reads a file with one JSON object per line; a broken line is rejected by itself.

    Args:
        path: The archived file.
        records: JSON path of the list of records within each line; None where a line is a record.
        names: Extract columns that are asked for, of which some may mean objects around a record.
        scratch: Path that names of scratch files start with.

    Raises:
        ExtractError: The file is empty, not UTF-8, or cut within its last line.
    """
    text = plain_text(path, "auto", scratch)
    _check_not_empty(text.path)
    table = _Table(scratch)
    walk = _walk(records, names, is_whole=False) if records else None
    with text.path.open(encoding="utf-8", newline="\n") as file:
        for line, content in enumerate(file, start=1):
            if content.strip():
                is_whole = content.endswith("\n")
                table.add_line(line, content.rstrip("\r\n"), walk, is_whole=is_whole)
    if table.rejects and not table.rows.count:
        first = table.rejects[0]
        raise ExtractError(
            f"line {first.line}: {first.message}, and no other line is a record either; check the "
            "format in the mapping, or ask for the file again"
        )
    if walk is not None:
        walk.check()
    return table.records("jsonl", text.notes)


def read_json(
    path: Path, records: str | None, names: Iterable[str], scratch: Path
) -> ParsedRecords:
    """Reads a JSON document that holds a list of objects, or lists of them in lists.

    Args:
        path: The archived file.
        records: JSON path of the list; None where the document is the list.
        names: Extract columns that are asked for, of which some may mean objects around a record.
        scratch: Path that names of scratch files start with.

    Raises:
        ExtractError: The document is not JSON, or has no list there.
    """
    text = plain_text(path, "auto", scratch)
    _check_not_empty(text.path)
    content = text.path.read_text(encoding="utf-8")
    try:
        document = _parsed(content)
    except json.JSONDecodeError as caught:
        raise ExtractError(
            f"line {caught.lineno}, character {caught.colno}: this is not JSON ({caught.msg}); the "
            "file may be cut: ask for it again, or set `format: jsonl` if each line is a record"
        ) from None
    if records is None:
        _check_is_list(document)
    table = _Table(scratch)
    has_escapes = _ESCAPE in content
    walk = _walk(records or "$", names, is_whole=True)
    plain = walk.plain_records(document)
    if plain is not None:
        for number, item in enumerate(plain, start=1):
            table.add(number, item, has_escapes=has_escapes)
    else:
        for number, found in enumerate(walk.records(document), start=1):
            table.add(number, found.item, found, has_escapes=has_escapes)
        walk.check()
    return table.records("json", text.notes)


def _walk(records: str, names: Iterable[str], *, is_whole: bool) -> RecordWalk:
    try:
        path = RecordPath.parsed(records)
    except ValueError as caught:
        raise ExtractError(f"records: {records} {caught}") from None
    return RecordWalk(path, outer_columns(names), is_whole=is_whole)


@dataclass
class _Table:
    """Collects records; columns appear in the order in which the file first names them."""

    scratch: Path
    columns: dict[str, int] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: ScratchTable = field(init=False)
    _outer: dict[str, Any] = field(default_factory=dict)
    _outer_wrong: str | None = None
    _outer_cells: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = ScratchTable(self.scratch)

    def add_line(self, line: int, text: str, walk: RecordWalk | None, *, is_whole: bool) -> None:
        try:
            item = _parsed(text)
        except json.JSONDecodeError as caught:
            if not is_whole:
                raise ExtractError(
                    f"line {line}: the last line of the file is no whole JSON object "
                    f"({caught.msg}), so the file is cut; ask for it again"
                ) from None
            message = f"the line is not JSON: {caught.msg} at character {caught.colno}"
            self.rejects.append(Reject(line, "bad_json", message, text))
            return
        if walk is None:
            self.add(line, item, has_escapes=_ESCAPE in text)
            return
        for found in walk.records(item):
            self.add(line, found.item, found, has_escapes=_ESCAPE in text)

    def add(
        self, line: int, item: Any, found: FoundRecord | None = None, *, has_escapes: bool
    ) -> None:
        """Adds a record.

        Args:
            line: Its line or number.
            item: The record.
            found: How it was found, where something may stand around it.
            has_escapes: Whether the text that it stands in has escapes.
        """
        problem = found.problem if found is not None else None
        problem = problem or _problem(item, has_escapes=has_escapes)
        if problem is None and found is not None:
            problem = self._outer_problem(found, has_escapes=has_escapes)
        if problem is not None:
            self.rejects.append(Reject(line, "bad_json", problem, _as_json(item)))
            return
        if found is not None and found.outer:
            item = self._outer_cells | item
        for name in item:
            if name not in self.columns:
                self.columns[name] = len(self.columns)
                if len(self.columns) > MAX_COLUMNS:
                    check_width([*self.columns])
        row: list[str | None] = [None] * len(self.columns)
        for name, value in item.items():
            row[self.columns[name]] = _as_text(value)
        self.rows.append(row)
        self.numbers.append(line)

    def _outer_problem(self, found: FoundRecord, *, has_escapes: bool) -> str | None:
        """Says why what stands around a record cannot be put beside it, and makes its cells."""
        taken = next((name for name in found.outer if name in found.item), None)
        if taken is not None:
            return f"the record has a key '{taken}', by which the mapping means what is around it"
        if found.outer is not self._outer:
            # All records of one list share what is around them.
            self._outer = found.outer
            self._outer_wrong = _problem(found.outer, has_escapes=has_escapes)
            self._outer_cells = {name: _as_text(value) for name, value in found.outer.items()}
        return self._outer_wrong

    def records(self, name: str, notes: tuple[str, ...]) -> ParsedRecords:
        return ParsedRecords(
            format=name,
            header=tuple(self.columns),
            relation=self.rows.relation(len(self.columns)),
            count=self.rows.count,
            rejects=tuple(self.rejects),
            numbers=self.numbers,
            notes=notes,
            native=self.rows.native(),
        )


def _check_not_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise ExtractError("the file is empty (0 bytes); ask for it again")


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", "", 0) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Makes an object; of two values of one key nobody can say which one is meant."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise json.JSONDecodeError("a key stands twice in one object", "", 0)
    return made


def _no_number(word: str) -> Any:
    raise json.JSONDecodeError(f"{word} is no JSON value", "", 0)


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_no_number, object_pairs_hook=_object
)


def _problem(item: Any, *, has_escapes: bool) -> str | None:
    """Says why an item is no record that can be kept as text.

    Only an escape such as backslash-u-0000 can write a character that a text must not have.
    """
    if not isinstance(item, dict):
        return "the record is not a JSON object"
    if not has_escapes:
        return None
    text = "".join(_strings(item))
    if "\0" in text:
        return "the record holds a NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "the record holds half of a surrogate pair, which is no character"
    return None


def _strings(value: Any) -> Iterator[str]:
    """Gives every key and text of a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _as_text(value: Any) -> str | None:
    """Gives a value as a cell would hold it; objects and lists stay JSON."""
    if value is None:
        return None
    if isinstance(value, _Number):
        return NativeText(_WHOLE.sub("", _without_exponent(value)))
    if isinstance(value, bool):
        return NativeText(_as_json(value))
    return value if isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> str:
    """Writes JSON with numbers as they were."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_as_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_json, value)) + "]"
    return json.dumps(value)


def _without_exponent(number: str) -> str:
    """Writes 1e3 as 1000, which casts take; a number of absurd length stays as it is."""
    if "e" not in number and "E" not in number:
        return str(number)
    try:
        value = Decimal(number)
    except InvalidOperation:
        return str(number)
    return format(value, "f") if abs(value.adjusted()) < _MAX_DIGITS else str(number)


def _check_is_list(document: Any) -> None:
    """Refuses a document that is no list, naming the lists in it."""
    if isinstance(document, dict):
        lists = [key for key, value in document.items() if isinstance(value, list)]
        hint = f"; lists stand under {', '.join(lists)}" if lists else ""
        raise ExtractError(
            f"the JSON document is an object, not a list of records{hint}. Say which list holds "
            "the records, such as `records: $.data`"
        )
