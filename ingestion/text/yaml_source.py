"""YAML files that people write by hand: read with line numbers, validated with errors by line.

Belongs here: turning a YAML text into plain data plus the line of every part, and turning
pydantic's errors into messages with file and line. Does not belong here: what any key means.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ingestion.errors import SalesopsError

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

MAX_REPORTED = 10
_TAG = "tag:yaml.org,2002:"


class PlacedError(ValueError):
    """What is wrong with one part of what a validator looks at as a whole.

    Attributes:
        place: Where it stands, from the place of the whole on.
    """

    def __init__(self, message: str, *place: str | int) -> None:
        super().__init__(message)
        self.place: Location = place


@dataclass(frozen=True)
class YamlDocument:
    """Plain data of one YAML file and the line on which each part of it starts.

    Keys are always text and dates stay text, so that `1: Won` and `2017-01-31` mean what they
    look like; only unquoted numbers, booleans and nulls become Python values.

    Args:
        path: The file, for messages.
        data: Dicts, lists, str, int, float, bool and None.
        lines: Line number (from 1) by location.
        error: Class of the errors raised for this file.
    """

    path: Path
    data: Any
    lines: dict[Location, int]
    error: type[SalesopsError]

    def line(self, location: Sequence[str | int] = ()) -> int:
        """Gives the line of a location, or of the nearest enclosing part that stands in the file.

        Parts of the location that the file does not have are passed over, because pydantic puts
        names of its own between the keys.
        """
        return self.lines.get(self._in_file(location), 1)

    def where(self, location: Sequence[str | int] = ()) -> str:
        """Gives `file:line` of a location."""
        return f"{self.path}:{self.line(location)}"

    def fail(self, location: Sequence[str | int], message: str) -> SalesopsError:
        """Makes the error to raise for a location."""
        return self.error(f"{self.where(location)}: {message}")

    def fail_all(self, problems: Iterable[tuple[Sequence[str | int], str]]) -> SalesopsError:
        """Makes one error out of several (location, message) pairs, in the order of the file."""
        placed = sorted({(self.line(location), message) for location, message in problems})
        lines = [f"{self.path}:{line}: {message}" for line, message in placed[:MAX_REPORTED]]
        if len(placed) > MAX_REPORTED:
            lines.append(f"... and {len(placed) - MAX_REPORTED} more")
        return self.error("\n".join(lines))

    def validated(self, model: type[Model]) -> Model:
        """Gives the file as a model.

        Models for hand-written files take strict numbers and booleans, or a quoting mistake would
        change what a file says.

        Raises:
            SalesopsError: Of the document's error class, with file and line of every problem.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as caught:
            raise self.fail_all(self._problems(caught, model)) from None

    def _problems(
        self, caught: ValidationError, model: type[BaseModel]
    ) -> Iterable[tuple[Location, str]]:
        """Gives one message per place; alternatives that were tried there are joined.

        What is wrong inside a part makes the part itself wrong in pydantic's eyes (a list whose
        items all fail counts as too short), so only the innermost places are told.
        """
        found: dict[Location, list[str]] = {}
        for detail in caught.errors():
            place = self._in_file((*detail["loc"], *_place_of(detail)))
            messages = found.setdefault(place, [])
            if detail["type"] == "too_short" and messages:
                continue
            message = _message(detail, place, model)
            if message not in messages:
                messages.append(message)
        return [
            (place, "; or ".join(messages))
            for place, messages in found.items()
            if not any(_is_below(other, place) for other in found)
        ]

    def _in_file(self, location: Sequence[str | int]) -> Location:
        """Keeps the parts of a location that stand in the file."""
        found: Location = ()
        for part in location:
            if (*found, part) in self.lines:
                found = (*found, part)
        return found


def read_yaml(
    path: Path, error: type[SalesopsError], verbatim: Collection[str] = ()
) -> YamlDocument:
    """Reads a YAML file.

    Args:
        path: The file, in UTF-8.
        error: Class of the errors to raise, here and later for the same file.
        verbatim: Keys below which everything stays text, such as words that mean nothing to YAML.

    Raises:
        SalesopsError: The file is absent, unreadable, not YAML, holds several documents or a key
            twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise error(f"{path}: there is no such file; check its name") from None
    except (OSError, UnicodeDecodeError) as caught:
        raise error(f"{path}: cannot be read as UTF-8 text: {caught}") from None
    return parse_yaml(text, path, error, verbatim)


def parse_yaml(
    text: str, path: Path, error: type[SalesopsError], verbatim: Collection[str] = ()
) -> YamlDocument:
    """Reads YAML from text; see `read_yaml`."""
    try:
        node = YAML(typ="safe", pure=True).compose(StringIO(text))
    except MarkedYAMLError as caught:
        mark = caught.problem_mark or caught.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(str(caught.problem or caught.context or "cannot be parsed").split())
        raise error(f"{path}:{line}: this is not YAML: {problem}") from None
    except YAMLError as caught:
        raise error(f"{path}:1: this is not YAML: {' '.join(str(caught).split())}") from None
    reading = _Reading(path, error, frozenset(verbatim))
    data = None if node is None else reading.value(node, ())
    return YamlDocument(path, {} if data is None else data, reading.lines, error)


@dataclass
class _Reading:
    """Walks the nodes of one file and notes their lines."""

    path: Path
    error: type[SalesopsError]
    verbatim: frozenset[str]
    lines: dict[Location, int] = field(default_factory=dict)

    def value(self, node: Node, location: Location) -> Any:
        self.lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, location)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*location, i)) for i, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return node.value if self.verbatim.intersection(location) else self._scalar(node)
        raise self._problem(node, "this kind of YAML node is not understood")

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise self._problem(key_node, "a key must be plain text")
            key = key_node.value
            if key in result:
                raise self._problem(key_node, f"the key '{key}' stands here twice; remove one")
            self.lines[(*location, key)] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, (*location, key))
        return result

    def _scalar(self, node: ScalarNode) -> Any:
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return node.value.lower() == "true"
        if kind in {"int", "float"}:
            return self._number(node, kind)
        return node.value

    def _number(self, node: ScalarNode, kind: str) -> int | float:
        text = node.value.replace("_", "")
        try:
            # YAML writes octal as 0o17 and also allows 007, which Python's int(…, 0) refuses.
            return float(text) if kind == "float" else int(text, 0 if text[:2] in _RADIXES else 10)
        except ValueError:
            raise self._problem(node, f"'{node.value}' is not a number; quote it") from None

    def _problem(self, node: Node, message: str) -> SalesopsError:
        return self.error(f"{self.path}:{node.start_mark.line + 1}: {message}")


_RADIXES = {"0x", "0o", "0b"}


def nearest(name: str, names: Iterable[str]) -> str:
    """Gives ` (did you mean 'x'?)` for the most similar name, or nothing where none is similar."""
    known = list(names)
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    matches = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f" (did you mean '{folded[matches[0]]}'?)" if matches else ""


def _is_below(place: Location, other: Location) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _place_of(detail: ErrorDetails) -> Location:
    """Gives the part that a validator of the whole found wrong."""
    error = detail.get("ctx", {}).get("error")
    return error.place if isinstance(error, PlacedError) else ()


def _message(detail: ErrorDetails, place: Location, model: type[BaseModel]) -> str:
    """Says in the words of the file what pydantic found."""
    kind = detail["type"]
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown key '{last}'{nearest(last, _all_keys(model))}; remove or rename it"
    if kind == "missing":
        return f"the key '{last}' is missing"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return message
    if kind == "tuple_type":
        message = "Input should be a list, such as [a, b]"
    key = next((f"'{part}': " for part in reversed(place) if isinstance(part, str)), "")
    found = detail["input"]
    shown = f"; found {json.dumps(found)}" if isinstance(found, _SCALARS) else ""
    return f"{key}{message[0].lower()}{message[1:]}{shown}"


_SCALARS = (str, int, float, bool, type(None))


def _all_keys(model: type[BaseModel]) -> set[str]:
    """Gives every key that a model and the models inside it know."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}
