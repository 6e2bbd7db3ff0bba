"""Settings that changed on a day: a value, or a list of values with the days for which they hold.

Belongs here: what such a list looks like, and from which day each of its values holds. Does not
belong here: what the values mean (`settings`, `calendar`, `clock`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field

from ingestion.text.jalali import gregorian

_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_FIRST_GREGORIAN_YEAR = 1700
_BEFORE_ALL, _FOR_EVER = date(1900, 1, 1), date(9999, 12, 31)


def _in_either_calendar(given: Any) -> Any:
    written = _DATE.fullmatch(given) if isinstance(given, str) else None
    if isinstance(given, int | float):
        # pydantic would take a number for seconds since 1970.
        raise ValueError(f"{given} is no date; write one such as 2023-06-01")
    if written is None or int(written[1]) >= _FIRST_GREGORIAN_YEAR:
        return given
    try:
        return gregorian(*map(int, written.groups()))
    except ValueError:
        raise ValueError(f"{given} is no date of the Jalali calendar") from None


Day = Annotated[date, BeforeValidator(_in_either_calendar)]
"""A date, Jalali where its year lies before 1700: no company's calendar begins so early."""


class Block(BaseModel):
    """A part of a file that people write: nothing in it is passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(Block):
    """The days for which an entry of a dated list holds, both included.

    Without `until` it holds up to the next entry. The first entry also holds for the days before
    it, because a calendar begins long before anybody remembers what changed in it.
    """

    starts: Day | None = Field(default=None, alias="from")
    until: Day | None = None

    @property
    def first_day(self) -> date:
        """The day from which the entry holds."""
        return self.starts or date.min


Entry = TypeVar("Entry", bound=Span)
Value = TypeVar("Value")


def _without_gaps(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Gives the entries in the order of their days.

    Raises:
        ValueError: A day has no entry, or two.
    """
    if not entries:
        raise ValueError("the list is empty; write a value, or leave the setting out")
    if sum(entry.starts is None for entry in entries) > 1:
        raise ValueError("two entries have no 'from'; only the first can do without")
    ordered = tuple(sorted(entries, key=lambda entry: entry.first_day))
    for entry in ordered:
        if entry.until is not None and entry.until < entry.first_day:
            raise ValueError(f"the entry from {entry.starts} ends before, on {entry.until}")
    for entry, following in pairwise(ordered):
        if entry.starts == following.starts:
            raise ValueError(f"two entries hold from {entry.starts} on; keep one of them")
        if entry.until is None:
            continue
        expected = entry.until + timedelta(days=1)
        if following.first_day > expected:
            raise ValueError(
                f"no entry holds from {expected} to {following.first_day - timedelta(days=1)}"
            )
        if following.first_day < expected:
            raise ValueError(f"two entries hold on {following.starts}: one ends on {entry.until}")
    if ordered[-1].until is not None:
        raise ValueError(
            f"no entry holds after {ordered[-1].until}; leave out 'until' of the last one"
        )
    return ordered


NoGaps = AfterValidator(_without_gaps)


def _kind(given: Any) -> str:
    entries: Sequence[Any] = given if isinstance(given, list | tuple) else ()
    return "dated" if any(isinstance(entry, dict | Span) for entry in entries) else "plain"


ByKind = Discriminator(_kind)
"""Tells a plain value from a dated list, so that messages speak of the one that was meant."""


def validity(entries: Sequence[tuple[date, Value]]) -> Iterator[tuple[date, date, Value]]:
    """Gives the days [from, to) for which each value of a dated list holds, with the value."""
    followers = [first_day for first_day, _ in entries[1:]]
    for number, (first_day, value) in enumerate(entries):
        after = followers[number] if number < len(followers) else _FOR_EVER
        yield first_day if number else _BEFORE_ALL, after, value
