"""The company's calendar: one row per day, with both calendars, periods and business days.

Belongs here: the computation of these rows. Does not belong here: the settings it follows
(`settings`) and the declaration of the table (`system_tables`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from persiantools.jdatetime import JalaliDate

Days = npt.NDArray[np.datetime64]
Numbers = npt.NDArray[np.int64]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
JALALI_MONTHS = (
    "Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar",
    "Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand",
)  # fmt: skip
_DAY = np.timedelta64(1, "D")
# A month's number that lies behind every calendar.
_FAR = 100_000


@dataclass(frozen=True)
class _Months:
    """Months of one calendar, numbered through: year * 12 + month - 1.

    Args:
        number: Month number of each day of the calendar table.
        first_day: Gives the first day of month numbers.
        number_of: Gives the number of the month of a day, also of one outside the table.
    """

    number: Numbers
    first_day: Callable[[Numbers], Days]
    number_of: Callable[[date], int]


def calendar_table(
    *,
    start: date,
    end: date,
    calendar: Literal["gregorian", "jalali"] = "gregorian",
    fiscal_year_starts: Sequence[tuple[date, int]] = ((date.min, 1),),
    weekends: Sequence[tuple[date, Collection[str]]] = ((date.min, ("saturday", "sunday")),),
    holidays: Mapping[date, str] | None = None,
    working_days: Collection[date] = (),
) -> pa.Table:
    """Computes the calendar.

    Args:
        start: First day.
        end: Last day.
        calendar: Calendar that months, quarters and years follow.
        fiscal_year_starts: Months of that calendar in which fiscal years begin, with the days from
            which that holds, in their order; each but the first is the first day of its month.
        weekends: Days of the week without work, in lower-case English, with the days from which
            they hold, in their order.
        holidays: Other days without work, with their names.
        working_days: Days of work, on whatever day of the week they are.

    Returns:
        One row per day from start to end, with the columns of `company.calendar`.
    """
    days: Days = np.arange(np.datetime64(start, "D"), np.datetime64(end, "D") + _DAY)
    gregorian = _gregorian_months(days)
    jalali = _jalali_months(days)
    followed = jalali if calendar == "jalali" else gregorian
    months_of = _jalali_months if calendar == "jalali" else _gregorian_months
    return pa.table(
        {
            "date_day": days,
            **_gregorian_columns(days, gregorian),
            **_jalali_columns(days, jalali),
            **_period_columns(followed, _year_starts(followed, fiscal_year_starts)),
            **_business_columns(days, weekends, holidays or {}, working_days),
            **_week_columns(days, weekends, months_of),
        }
    )


def _gregorian_months(days: Days) -> _Months:
    def first_day(number: Numbers) -> Days:
        return np.array(number - 1970 * 12, dtype="datetime64[M]").astype("datetime64[D]")

    def number_of(day: date) -> int:
        return day.year * 12 + day.month - 1

    return _Months(days.astype("datetime64[M]").astype(np.int64) + 1970 * 12, first_day, number_of)


def _jalali_months(days: Days) -> _Months:
    """Places days in Jalali months.

    Only the first days of years are asked of persiantools: the first six months have 31 days and
    the next five 30, and the last takes what is left.
    """
    # Two years more on either side, for periods that begin or end outside the table.
    first_year = int(str(days[0])[:4]) - 621 - 2
    last_year = int(str(days[-1])[:4]) - 621 + 2
    new_years = np.array(
        [JalaliDate(y, 1, 1).to_gregorian() for y in range(first_year, last_year + 2)],
        dtype="datetime64[D]",
    )
    offsets = np.array([31 * m if m <= 6 else 186 + 30 * (m - 6) for m in range(12)])
    starts = cast(Days, (new_years[:, None] + offsets[None, :] * _DAY).ravel())

    def first_day(number: Numbers) -> Days:
        return starts[number - first_year * 12]

    def number_of(day: date) -> int:
        jalali = JalaliDate(day)
        return jalali.year * 12 + jalali.month - 1

    number = np.searchsorted(starts, days, side="right") - 1 + first_year * 12
    return _Months(number.astype(np.int64), first_day, number_of)


def _gregorian_columns(days: Days, months: _Months) -> dict[str, pa.Array]:
    year, month = np.divmod(months.number, 12)
    weekday = _weekday(days)
    # The ISO year is the year of the week's Thursday.
    thursday = days + (3 - weekday) * _DAY
    thursday_year = thursday.astype("datetime64[Y]")
    iso_week = (thursday - thursday_year.astype("datetime64[D]")).astype(np.int64) // 7 + 1
    new_year = days.astype("datetime64[Y]").astype("datetime64[D]")
    return {
        "year": pa.array(year),
        "quarter": pa.array(month // 3 + 1),
        "month": pa.array(month + 1),
        "day_of_month": pa.array(_days_since(months.first_day(months.number), days) + 1),
        "day_of_year": pa.array(_days_since(new_year, days) + 1),
        "iso_year": pa.array(thursday_year.astype(np.int64) + 1970),
        "iso_week": pa.array(iso_week),
        "iso_weekday": pa.array(weekday + 1),
        "weekday_name": _named(weekday, WEEKDAYS),
        "month_name": _named(month, MONTHS),
    }


def _jalali_columns(days: Days, months: _Months) -> dict[str, pa.Array]:
    year, month = np.divmod(months.number, 12)
    day = _days_since(months.first_day(months.number), days) + 1
    # A month's part is written once, not once for each of its days.
    numbers, of_month = np.unique(months.number, return_inverse=True)
    month_texts = [f"{number // 12:04d}-{number % 12 + 1:02d}-" for number in numbers]
    day_texts = [f"{number:02d}" for number in range(32)]
    dates = [month_texts[m] + day_texts[d] for m, d in zip(of_month, day, strict=True)]
    return {
        "jalali_year": pa.array(year),
        "jalali_month": pa.array(month + 1),
        "jalali_day": pa.array(day),
        "jalali_month_name": _named(month, JALALI_MONTHS),
        "jalali_date": pa.array(dates),
    }


@dataclass(frozen=True)
class _YearStart:
    """The months for which fiscal years begin in one month.

    Args:
        first: Number of the first of these months, which begins a year; of the first of all starts
            a number before every calendar.
        after: Number of the month behind the last one.
        month: Month in which the years begin, 1 to 12.
    """

    first: int
    after: int
    month: int

    def year_around(self, number: Numbers) -> tuple[Numbers, Numbers]:
        """Gives the first months of the years around months, and the months behind their last."""
        first = number - (number - (self.month - 1)) % 12
        return first, np.minimum(first + 12, self.after)

    def year_of(self, number: int) -> int:
        """Gives the first month of the year around a month."""
        return number - (number - (self.month - 1)) % 12


def _year_starts(months: _Months, starts: Sequence[tuple[date, int]]) -> tuple[_YearStart, ...]:
    """Places the starts of fiscal years in numbered months."""
    firsts = [-_FAR, *(months.number_of(day) for day, _ in starts[1:])]
    return tuple(
        _YearStart(first, after, month)
        for first, after, (_, month) in zip(firsts, [*firsts[1:], _FAR], starts, strict=True)
    )


def _period_columns(months: _Months, starts: Sequence[_YearStart]) -> dict[str, pa.Array]:
    """Gives the company's months, quarters and years.

    Where the start of the fiscal year moves, the year before is cut short: years that have ended
    stay what they were. A year that thereby ends in the same calendar year as the one before it
    takes a letter, or two years would have one name.
    """
    # All days of a month share them.
    number, of_month = np.unique(months.number, return_inverse=True)
    year, month = np.divmod(number, 12)
    bounds = [start.year_around(number) for start in starts]
    held = [number < start.after for start in starts]
    year_first = np.select(held, [first for first, _ in bounds])
    year_after = np.select(held, [after for _, after in bounds])
    fiscal_month = number - year_first
    quarter_first = number - fiscal_month % 3
    quarter_after = np.minimum(quarter_first + 3, year_after)
    fiscal_year = (year_after - 1) // 12
    letters = _letters(starts)
    year_labels = [f"{y}{letters.get(f, '')}" for y, f in zip(fiscal_year, year_first, strict=True)]
    month_labels = [f"{y}-{m:02d}" for y, m in zip(year, month + 1, strict=True)]
    fiscal_quarter = fiscal_month // 3 + 1
    quarter_labels = [f"{y}-Q{q}" for y, q in zip(year_labels, fiscal_quarter, strict=True)]
    by_month = {
        "fiscal_year": pa.array(fiscal_year),
        "fiscal_quarter": pa.array(fiscal_quarter),
        "fiscal_month": pa.array(fiscal_month + 1),
        "month_start": pa.array(months.first_day(number)),
        "month_end": pa.array(months.first_day(number + 1) - _DAY),
        "quarter_start": pa.array(months.first_day(quarter_first)),
        "quarter_end": pa.array(months.first_day(quarter_after) - _DAY),
        "year_start": pa.array(months.first_day(year_first)),
        "year_end": pa.array(months.first_day(year_after) - _DAY),
        "month_label": pa.array(month_labels),
        "quarter_label": pa.array(quarter_labels),
        "year_label": pa.array(year_labels),
    }
    return {name: column.take(pa.array(of_month)) for name, column in by_month.items()}


def _letters(starts: Sequence[_YearStart]) -> dict[int, str]:
    """Gives the letters of years that end in the same calendar year as the one before, by start.

    Only a year that was cut short can: all others end twelve months after the one before.
    """
    places: dict[int, int] = {}
    for position, start in enumerate(starts[:-1]):
        first = start.year_of(start.after - 1)
        before = starts[position - 1] if first == start.first else start
        if (first - 1) // 12 == (start.after - 1) // 12:
            places[first] = places.get(before.year_of(first - 1), 0) + 1
    return {first: chr(ord("a") + place) for first, place in places.items()}


def _business_columns(
    days: Days,
    weekends: Sequence[tuple[date, Collection[str]]],
    holidays: Mapping[date, str],
    working_days: Collection[date],
) -> dict[str, pa.Array]:
    is_weekend = np.zeros(len(days), dtype=bool)
    for position, (first_day, weekend) in enumerate(weekends):
        free = [index for index, name in enumerate(WEEKDAYS) if name.lower() in weekend]
        # The first one holds for all days before it as well.
        since = days >= np.datetime64(first_day, "D") if position else np.ones_like(is_weekend)
        is_weekend = np.where(since, np.isin(_weekday(days), free), is_weekend)
    working = np.array([np.datetime64(day, "D") for day in working_days], dtype="datetime64[D]")
    is_weekend &= ~np.isin(days, working)
    names: list[str | None] = [None] * len(days)
    for day, name in holidays.items():
        position = int((np.datetime64(day, "D") - days[0]) // _DAY)
        if 0 <= position < len(days):
            names[position] = name
    is_holiday = np.array([name is not None for name in names])
    is_business_day = ~(is_weekend | is_holiday)
    return {
        "is_weekend": pa.array(is_weekend),
        "is_holiday": pa.array(is_holiday),
        "holiday_name": pa.array(names, type=pa.string()),
        "is_business_day": pa.array(is_business_day),
        "business_day_number": pa.array(np.cumsum(is_business_day)),
    }


def _week_columns(
    days: Days,
    weekends: Sequence[tuple[date, Collection[str]]],
    months_of: Callable[[Days], _Months],
) -> dict[str, pa.Array]:
    """Gives the company's weeks, which begin with its first working day.

    Where the weekend moves, a week is cut short, or what is left over becomes a short one of its
    own: none has more than seven days. A week belongs to the year in which its fourth day lies, as
    ISO's do.
    """
    # Weeks at either end of the table are whole, and counted from the first of their year.
    around: Days = np.arange(days[0] - 400 * _DAY, days[-1] + 400 * _DAY)
    first_weekday = np.zeros(len(around), dtype=np.int64)
    for position, (first_day, weekend) in enumerate(weekends):
        since = around >= np.datetime64(first_day, "D") if position else np.ones(len(around), bool)
        first_weekday = np.where(since, _first_working_weekday(weekend), first_weekday)
    begins = np.flatnonzero(_weekday(around) == first_weekday)
    while (too_long := np.diff(begins) > 7).any():
        begins = np.sort(np.concatenate([begins, begins[:-1][too_long] + 7]))
    starts: Days = around[begins]
    year = months_of(starts + 3 * _DAY).number // 12
    _, first, place = np.unique(year, return_index=True, return_inverse=True)
    number = np.arange(len(starts)) - first[place] + 1
    labels = [f"{y}-W{n:02d}" for y, n in zip(year, number, strict=True)]
    week = np.searchsorted(starts, days, side="right") - 1
    return {
        "week_start": pa.array(starts[week]),
        "week_end": pa.array(starts[week + 1] - _DAY),
        "week_label": pa.array(labels).take(pa.array(week)),
    }


def _first_working_weekday(weekend: Collection[str]) -> int:
    """Gives the day of the week after the weekend, 0 for Monday.

    Of free days that do not follow each other the longest row is the weekend, and of rows of one
    length the last of Monday's week; without any the week begins on Monday.
    """
    free = [name.lower() in weekend for name in WEEKDAYS]
    lengths = [0] * 7
    for day in range(7):
        while lengths[day] < 6 and free[(day - 1 - lengths[day]) % 7]:
            lengths[day] += 1
    # Of the days that follow a row, Monday comes after the last of them.
    after = [day for day in (*range(1, 7), 0) if not free[day]]
    return max(reversed(after), key=lambda day: lengths[day], default=0)


def _weekday(days: Days) -> Numbers:
    """Gives the day of the week, 0 for Monday; 1970-01-01 was a Thursday."""
    return (days.astype(np.int64) + 3) % 7


def _days_since(earlier: Days, days: Days) -> Numbers:
    return (days - earlier).astype(np.int64)


def _named(indexes: Numbers, names: tuple[str, ...]) -> pa.Array:
    return pa.array(names).take(pa.array(indexes))
