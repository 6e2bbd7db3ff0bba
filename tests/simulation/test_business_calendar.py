"""The simulator's own calendar: Jalali days and periods beside persiantools, weeks beside `weekday`."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import holidays
import pytest
from persiantools.jdatetime import JalaliDate

from simulation.company.business_calendar import (
    GREGORIAN,
    MONTH,
    QUARTER,
    BusinessCalendar,
    date_of,
    day_number,
    jalali,
)
from simulation.company.locales import PERSIAN
from simulation.company.timeline import Timeline
from simulation.people.working_time import RECORDED_DAYS
from simulation.simulator import MOST_NIGHTS

FIRST, LAST = date(1990, 1, 1), date(2049, 12, 31)


def test_jalali_days_of_sixty_years():
    day = FIRST
    while day <= LAST:
        found = JalaliDate(day)
        assert jalali(day_number(day)) == (found.year, found.month, found.day)
        day += timedelta(days=1)


@pytest.mark.parametrize("calendar", [GREGORIAN, PERSIAN.calendar])
@pytest.mark.parametrize(("grain", "months"), [(MONTH, 1), (QUARTER, 3)])
def test_periods_follow_each_other_and_begin_with_a_month(
    calendar: BusinessCalendar, grain: str, months: int
):
    first, last = day_number(FIRST), day_number(LAST)
    periods = list(calendar.periods_until(grain, first, last))
    for one, other in pairwise(periods):
        assert other.start == one.end + 1
    for period in periods:
        on = date_of(period.start)
        start = JalaliDate(on) if calendar.is_jalali else on
        assert start.day == 1
        assert (start.month - 1) % months == 0
        assert calendar.period_of(grain, period.end) == period
    assert len(periods) == pytest.approx(60 * 12 / months, abs=1)


@pytest.mark.parametrize(
    ("calendar", "off"), [(GREGORIAN, {5, 6}), (PERSIAN.calendar, {3, 4})], ids=["en", "fa"]
)
def test_the_weekend_ends_the_week(calendar: BusinessCalendar, off: set[int]):
    for number in range(day_number(FIRST), day_number(FIRST) + 400):
        assert (calendar.weekday(number) >= 5) == (date_of(number).weekday() in off)
        assert calendar.weekday(number + 1) == (calendar.weekday(number) + 1) % 7


def test_the_official_days_off_of_the_time_sheets_are_known():
    timeline = Timeline(MOST_NIGHTS)
    sheets = range(timeline.business_day(1) - RECORDED_DAYS, timeline.last_day + 1)
    official = {
        day
        for day in holidays.country_holidays("IR", years=[2025, 2026])
        if day_number(day) in sheets
    }
    own = date(2025, 11, 1)
    assert PERSIAN.company_days_off == official | {own}
    assert JalaliDate(own).isoformat() in PERSIAN.settings
