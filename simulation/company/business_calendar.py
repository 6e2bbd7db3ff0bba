"""The company's calendar: its working week, and the months and quarters that it counts by.

Belongs here: days as numbers, weekdays and periods, Gregorian and Jalali. Does not: which days the
simulation covers (timeline.py), and holidays (locales.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
import numpy.typing as npt

EPOCH = date(1970, 1, 1)
MONTH, QUARTER = "month", "quarter"
WORKDAYS = 5
"""Days of a working week; the weekend is the two that follow."""
NOWRUZ_1400 = date(2021, 3, 21)

Weekdays = TypeVar("Weekdays", int, npt.NDArray[np.int32], npt.NDArray[np.int64])


def day_number(day: date) -> int:
    """Count the days from 1970-01-01 to a date."""
    return (day - EPOCH).days


def date_of(day: int) -> date:
    """Turn a day number back into a date."""
    return EPOCH + timedelta(days=int(day))


@dataclass(frozen=True)
class Period:
    """A month or quarter; both days are inclusive day numbers."""

    grain: str
    start: int
    end: int

    def __contains__(self, day: int) -> bool:
        return self.start <= day <= self.end

    @property
    def key(self) -> tuple[str, str]:
        """Its name in a table."""
        return self.grain, date_of(self.start).isoformat()


@dataclass(frozen=True)
class BusinessCalendar:
    """How a company counts its days.

    Attributes:
        first_workday: The day after the weekend; 0 for Monday, 5 for Saturday.
        is_jalali: Whether months and quarters are those of the Jalali calendar.
    """

    first_workday: int = 0
    is_jalali: bool = False

    def weekday(self, day: Weekdays) -> Weekdays:
        """Give the place of a day in the working week: 0 for the first one, 5 and 6 are off."""
        # Day 0 was a Thursday.
        return (day + 3 - self.first_workday) % 7

    def period_of(self, grain: str, day: int) -> Period:
        """Give the month or quarter of a day."""
        year, month = self._month_of(int(day))
        months = 1
        if grain == QUARTER:
            month, months = 3 * ((month - 1) // 3) + 1, 3
        last = year * 12 + month - 1 + months
        end = self._month_start(last // 12, last % 12 + 1) - 1
        return Period(grain, self._month_start(year, month), end)

    def periods_until(self, grain: str, first: int, last: int) -> Iterator[Period]:
        """Give the periods from that of one day to that of another."""
        day = first
        while day <= last:
            period = self.period_of(grain, day)
            yield period
            day = period.end + 1

    def start_of(self, grain: str, day: date) -> int:
        """Give the first day of the period that a date lies in."""
        return self.period_of(grain, day_number(day)).start

    def _month_of(self, day: int) -> tuple[int, int]:
        if not self.is_jalali:
            on = date_of(day)
            return on.year, on.month
        year, month, _ = jalali(day)
        return year, month

    def _month_start(self, year: int, month: int) -> int:
        if not self.is_jalali:
            return day_number(date(year, month, 1))
        return jalali_year_start(year) + days_before_month(month)


GREGORIAN = BusinessCalendar()


def is_leap(year: int) -> bool:
    """Whether a Jalali year has 366 days, by the cycle of 33 years that holds from 1244 to 1472."""
    return (25 * year + 11) % 33 < 8


def jalali_year_start(year: int) -> int:
    """Give the day number of a Jalali year's first day."""
    first = day_number(NOWRUZ_1400)
    if year >= 1400:
        return first + sum(365 + is_leap(each) for each in range(1400, year))
    return first - sum(365 + is_leap(each) for each in range(year, 1400))


def days_before_month(month: int) -> int:
    """Give how many days of a Jalali year lie before a month: six have 31 days, the others 30."""
    return 31 * (month - 1) - max(0, month - 7)


def jalali(day: int) -> tuple[int, int, int]:
    """Give the Jalali year, month and day of a day number."""
    year = date_of(day).year - 621
    if day < jalali_year_start(year):
        year -= 1
    passed = day - jalali_year_start(year)
    month = passed // 31 + 1 if passed < 186 else (passed - 186) // 30 + 7
    return year, month, passed - days_before_month(month) + 1
