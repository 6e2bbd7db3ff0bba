"""JSON and JSON Lines: every value as the text that stands in the file.

Belongs here: finding the records and turning their values into text. Does not belong here: paths
below the first level of a record, which the mapping's projection reads from that text.

Python's parser is used and not DuckDB's, because it hands over numbers as they are written:
1234567890123456.78 must not pass through a float.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ingestion.errors import ExtractError
from ingestion.readers.plain_text import plain_text
from ingestion.readers.records import (
    MAX_COLUMNS,
    NativeText,
    ParsedRecords,
    Reject,
    ScratchTable,
    check_width,
)
from ingestion.yaml_source import nearest

_STEP = re.compile(r'\.(?P<plain>[^."\[\]]+)|\."(?P<quoted>[^"]+)"|\[(?P<index>\d+)\]')
# Data frames write an id of a column with gaps as 7.0.
_WHOLE = re.compile(r"\.0+$")
_MAX_DIGITS = 400
_ESCAPE = "\\u"


class _Number(str):
    """A number as it is written."""


def read_json_lines(path: Path, scratch: Path) -> ParsedRecords:
    """Reads a file with one JSON object per line; a broken line is rejected by itself.

    Args:
        path: The archived file.
        scratch: Path that names of scratch files start with.

    Raises:
        ExtractError: The file is empty, not UTF-8, or cut within its last line.
    """
    text = plain_text(path, "auto", scratch)
    _check_not_empty(text.path)
    table = _Table(scratch)
    with text.path.open(encoding="utf-8", newline="\n") as file:
        for line, content in enumerate(file, start=1):
            if content.strip():
                table.add_line(line, content.rstrip("\r\n"), is_whole=content.endswith("\n"))
    if table.rejects and not table.rows.count:
        first = table.rejects[0]
        raise ExtractError(
            f"line {first.line}: {first.message}, and no other line is a record either; check the "
            "format in the mapping, or ask for the file again"
        )
    return table.records("jsonl", text.notes)


def read_json(path: Path, records: str | None, scratch: Path) -> ParsedRecords:
    """Reads a JSON document that holds a list of objects.

    Args:
        path: The archived file.
        records: JSON path of the list; None where the document is the list.
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
    table = _Table(scratch)
    has_escapes = _ESCAPE in content
    for number, item in enumerate(_record_list(document, records), start=1):
        table.add(number, item, has_escapes=has_escapes)
    return table.records("json", text.notes)


@dataclass
class _Table:
    """Collects records; columns appear in the order in which the file first names them."""

    scratch: Path
    columns: dict[str, int] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: ScratchTable = field(init=False)

    def __post_init__(self) -> None:
        self.rows = ScratchTable(self.scratch)

    def add_line(self, line: int, text: str, *, is_whole: bool) -> None:
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
        self.add(line, item, has_escapes=_ESCAPE in text)

    def add(self, line: int, item: Any, *, has_escapes: bool) -> None:
        problem = _problem(item, has_escapes=has_escapes)
        if problem is not None:
            self.rejects.append(Reject(line, "bad_json", problem, _as_json(item)))
            return
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


def _record_list(document: Any, path: str | None) -> list[Any]:
    found = document if path is None else _at(document, path)
    if isinstance(found, list):
        return found
    if path is None and isinstance(document, dict):
        lists = [key for key, value in document.items() if isinstance(value, list)]
        hint = f"; lists stand under {', '.join(lists)}" if lists else ""
        raise ExtractError(
            f"the JSON document is an object, not a list of records{hint}. Say which list holds "
            "the records, such as `records: $.data`"
        )
    raise ExtractError(f"there is no list at records: {path or '$'} in the JSON document")


def _at(document: Any, path: str) -> Any:
    """Follows a path of keys and list positions."""
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise ExtractError(f"records: {path} is no path; write it like $.data.items")
        position = step.end()
        document = _child(document, step, path)
    return document


def _child(value: Any, step: re.Match[str], path: str) -> Any:
    if step["index"] is not None:
        index = int(step["index"])
        if isinstance(value, list) and index < len(value):
            return value[index]
        raise ExtractError(f"records: {path}: there is no item {index} in the JSON document")
    key = step["plain"] or step["quoted"]
    if isinstance(value, dict) and key in value:
        return value[key]
    keys = list(value) if isinstance(value, dict) else []
    raise ExtractError(
        f"records: {path}: there is no '{key}' in the JSON document{nearest(key, keys)}"
    )
