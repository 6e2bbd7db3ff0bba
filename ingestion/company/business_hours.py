"""The hours in which the company works, by day of the week.

Belongs here: how they are written in `company.yml`, and the rows that models read them from. Does
not belong here: on which days it works (`calendar`, `days_off`), and the time between two moments,
which is SQL of both engines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import pyarrow as pa
from pydantic import BeforeValidator

from ingestion.company.calendar import WEEKDAYS
from ingestion.company.dated import Span, validity
from ingestion.text.yaml_source import nearest

_RANGE = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_NAMES = tuple(name.lower() for name in WEEKDAYS)


@dataclass(frozen=True)
class DayHours:
    """The hours of one day, in minutes after its midnight.

    A day without a break has one of no length.

    Args:
        opens: When work begins.
        break_starts: When the break begins.
        break_ends: When the break ends.
        closes: When work ends, at most 1440.
    """

    opens: int
    break_starts: int
    break_ends: int
    closes: int


Week = tuple[DayHours | None, ...]
NINE_TO_FIVE: Week = (DayHours(9 * 60, 17 * 60, 17 * 60, 17 * 60),) * len(_NAMES)


def _week(given: Any) -> Any:
    if isinstance(given, tuple):
        return given
    if isinstance(given, str):
        return (_day(given),) * len(_NAMES)
    if not isinstance(given, Mapping):
        raise ValueError("write hours such as 09:00-17:00, or such hours for each day of the week")
    unknown = [name for name in given if name not in _NAMES]
    if unknown:
        raise ValueError(f"'{unknown[0]}' is no day of the week{nearest(str(unknown[0]), _NAMES)}")
    if not given:
        raise ValueError("no day has hours; leave the setting out")
    return tuple(_day(given[name]) if name in given else None for name in _NAMES)


def _day(given: Any) -> DayHours:
    """Reads `09:00-17:00`, or `09:00-12:00, 13:00-17:00` for a day with a break.

    Raises:
        ValueError: That is not what it says.
    """
    found = [_RANGE.fullmatch(part.strip()) for part in str(given).split(",")]
    if not all(found) or len(found) > 2:
        raise ValueError(
            f"'{given}' are no hours; write 09:00-17:00, or 09:00-12:00, 13:00-17:00 with a break"
        )
    bounds = [_minute(*pair) for match in found if match for pair in _ends(match)]
    if bounds != sorted(set(bounds)):
        raise ValueError(f"'{given}' does not run forward within one day, up to 24:00")
    if len(bounds) == 2:
        return DayHours(bounds[0], bounds[1], bounds[1], bounds[1])
    return DayHours(*bounds)


def _ends(match: re.Match[str]) -> tuple[tuple[str, str], tuple[str, str]]:
    return (match[1], match[2]), (match[3], match[4])


def _minute(hour: str, minute: str) -> int:
    counted = int(hour) * 60 + int(minute)
    if int(minute) > 59 or counted > 24 * 60:
        raise ValueError(f"'{hour}:{minute}' is no time of day; the last one is 24:00")
    return counted


Hours = Annotated[Week, BeforeValidator(_week)]
"""Hours by day of the week, Monday first; a day without hours is not worked."""


class DatedHours(Span):
    """Hours with the days for which they hold."""

    hours: Hours


def hours_rows(weeks: Sequence[tuple[date, Week]]) -> pa.Table:
    """Gives the hours as rows.

    Args:
        weeks: Hours by day of the week with the days from which they hold, in their order; the
            first also holds for all days before.

    Returns:
        One row per entry and day of the week with hours, with the columns of
        `company.business_hours`.
    """
    rows = list(_rows(weeks))
    names = (
        "valid_from", "valid_to", "iso_weekday",
        "opens_minute", "break_starts_minute", "break_ends_minute", "closes_minute",
    )  # fmt: skip
    types = (pa.date32(), pa.date32(), *(pa.int64(),) * 5)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pa.table(dict(zip(names, arrays, strict=True)))


def _rows(
    weeks: Sequence[tuple[date, Week]],
) -> Iterator[tuple[date, date, int, int, int, int, int]]:
    for first_day, after, week in validity(weeks):
        for weekday, day in enumerate(week, start=1):
            if day:
                yield (
                    first_day, after, weekday,
                    day.opens, day.break_starts, day.break_ends, day.closes,
                )  # fmt: skip
