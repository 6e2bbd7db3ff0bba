"""The records of a JSON document: along a path through lists, with the objects around a record.

Belongs here: walking a document along such a path, and the columns of outer objects. Does not
belong here: the path itself (`record_path`), parsing JSON, and turning values into text
(`json_records`).

Of a record under `$.results[*].history[*]`, `^.id` is the `id` of the object around the inner list,
`^^.page` what stands another level further out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from ingestion.errors import ExtractError
from ingestion.mapping.record_path import RecordPath, Steps
from ingestion.text.yaml_source import nearest

_OUTER = re.compile(r"(?P<up>\^+)\.(?P<key>.+)", re.DOTALL)


@dataclass(frozen=True)
class OuterColumn:
    """A column that is read from an object around the record.

    Args:
        name: Its name as an extract column, such as `^.id`.
        up: How many lists further out its object stands, from 1.
        key: Its key there.
    """

    name: str
    up: int
    key: str


def outer_columns(names: Iterable[str]) -> tuple[OuterColumn, ...]:
    """Gives those of several names of extract columns that mean an object around the record."""
    found = ((name, _OUTER.fullmatch(name)) for name in dict.fromkeys(names))
    return tuple(OuterColumn(n, len(f["up"]), f["key"]) for n, f in found if f is not None)


@dataclass(frozen=True)
class FoundRecord:
    """One item of the innermost list, or what stands in place of such a list.

    Args:
        item: The value.
        outer: Values of the outer columns that the objects around it have.
        problem: What is wrong, where there is no list.
    """

    item: Any
    outer: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


class RecordWalk:
    """Finds records in documents of one file.

    Args:
        path: Where they are.
        columns: The outer columns that are wanted.
        is_whole: Whether the file is one document, which must have the first list; of one with a
            document in each line some may lack it.
    """

    def __init__(self, path: RecordPath, columns: Iterable[OuterColumn], *, is_whole: bool) -> None:
        self._path = path
        self._columns = tuple(columns)
        self._is_whole = is_whole
        self._objects = [0] * len(path.levels)
        self._lists = [0] * len(path.levels)
        self._keys: list[dict[str, None]] = [{} for _ in path.levels]

    def records(self, document: Any) -> Iterator[FoundRecord]:
        """Gives the records of a document in their order."""
        return self._below(document, 0, {})

    def plain_records(self, document: Any) -> list[Any] | None:
        """Gives the records of a document that has them in one list, with nothing around them.

        Most files do, and need not be walked through.

        Returns:
            The list; None where `records` has to be used.
        """
        if len(self._path.levels) != 1 or self._columns or not self._is_whole:
            return None
        return _whole_list(document, self._path, self._path.levels[0])

    def check(self) -> None:
        """Checks at the end that each list was there at least once.

        Raises:
            ExtractError: There were objects and none had it, so the path must be wrong.
        """
        for level, objects in enumerate(self._objects):
            if objects and not self._lists[level]:
                key = next((s for s in self._path.levels[level] if isinstance(s, str)), "")
                raise ExtractError(
                    f"records: {self._path.text}: none of {objects:,} objects has a list at "
                    f"{self._path.shown(level)}{nearest(key, [*self._keys[level]])}"
                )

    def _below(self, value: Any, level: int, outer: dict[str, Any]) -> Iterator[FoundRecord]:
        steps = self._path.levels[level]
        if isinstance(value, dict):
            up = len(self._path.levels) - level
            own = {c.name: c.key for c in self._columns if c.up == up and c.key in value}
            if own:
                rest = _without(value, steps)
                outer = outer | {name: rest[key] for name, key in own.items() if key in rest}
        found = self._list(value, steps, level)
        if isinstance(found, FoundRecord):
            yield FoundRecord(found.item, outer, found.problem)
            return
        is_last = level + 1 == len(self._path.levels)
        for item in found:
            if is_last:
                yield FoundRecord(item, outer)
            elif isinstance(item, dict | list):
                yield from self._below(item, level + 1, outer)
            else:
                at = self._path.shown(level)
                yield FoundRecord(item, outer, f"an item of {at} is neither object nor list")

    def _list(self, value: Any, steps: Steps, level: int) -> list[Any] | FoundRecord:
        """Gives the list at the steps; nothing where the object leaves it out or empty."""
        if level == 0 and self._is_whole:
            return _whole_list(value, self._path, steps)
        self._objects[level] += 1
        if isinstance(value, dict) and len(self._keys[level]) < len(value):
            self._keys[level].update(dict.fromkeys(value))
        inner = value
        for step in steps:
            if inner is None:
                return []
            if not isinstance(inner, dict if isinstance(step, str) else list):
                return self._no_list(value, level)
            try:
                # Which of the two it is was just looked at.
                inner = cast(Any, inner)[step]
            except LookupError:
                return []
        if isinstance(inner, list):
            self._lists[level] += 1
            return inner
        if inner is None:
            return []
        return self._no_list(value, level)

    def _no_list(self, value: Any, level: int) -> FoundRecord:
        return FoundRecord(value, problem=f"there is no list at {self._path.shown(level)}")


def _whole_list(document: Any, path: RecordPath, steps: Steps) -> list[Any]:
    """Gives the first list of a document, which must be there."""
    value = document
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                raise ExtractError(
                    f"records: {path.text}: there is no item {step} in the JSON document"
                )
        elif not isinstance(value, dict) or step not in value:
            keys = list(value) if isinstance(value, dict) else []
            raise ExtractError(
                f"records: {path.text}: there is no '{step}' in the JSON document"
                f"{nearest(step, keys)}"
            )
        value = cast(Any, value)[step]
    if not isinstance(value, list):
        raise ExtractError(f"there is no list at records: {path.shown(0)} in the JSON document")
    return value


def _without(value: dict[str, Any], steps: Steps) -> dict[str, Any]:
    """Gives an object without the list of records in it, or each of them would repeat all."""
    if not steps or not isinstance(steps[0], str) or steps[0] not in value:
        return value
    rest = dict(value)
    inner = rest.pop(steps[0])
    if len(steps) > 1 and isinstance(inner, dict) and isinstance(steps[1], str):
        rest[steps[0]] = _without(inner, steps[1:])
    return rest
