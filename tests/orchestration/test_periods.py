"""Labels of periods in different company calendars."""

from datetime import date

import pytest

from ingestion.company.settings import CompanySettings
from orchestration.errors import UsageError
from orchestration.reports.periods import Periods


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("2017", date(2017, 1, 1), date(2017, 12, 31)),
        ("2017-Q4", date(2017, 10, 1), date(2017, 12, 31)),
        ("2017-q4", date(2017, 10, 1), date(2017, 12, 31)),
        ("2016-02", date(2016, 2, 1), date(2016, 2, 29)),
    ],
)
def test_labels_of_the_calendar_year(label: str, start: date, end: date):
    period = Periods(CompanySettings()).parse(label)
    assert (period.start, period.end) == (start, end)


def test_a_fiscal_year_is_named_after_the_year_it_ends_in():
    periods = Periods(CompanySettings(fiscal_year_start_month=4))
    assert periods.parse("2017-Q4").start == date(2017, 1, 1)
    assert periods.parse("2018-Q1").start == date(2017, 4, 1)
    assert periods.parse("2018").end == date(2018, 3, 31)


def test_a_jalali_year():
    # Nowruz of 1396 fell on 21 March 2017, that of 1397 on 21 March 2018.
    period = Periods(CompanySettings(calendar="jalali")).parse("1396")
    assert (period.start, period.end) == (date(2017, 3, 21), date(2018, 3, 20))


def test_the_period_before():
    periods = Periods(CompanySettings())
    before = periods.before(periods.parse("2017-Q1"))
    assert before is not None
    assert before.label == "2016-Q4"
    assert periods.before(periods.parse("1990")) is None


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("\u06f1\u06f3\u06f9\u06f6", "1396"),  # Persian digits
        ("\u0661\u0663\u0669\u0666-Q\u0663", "1396-Q3"),  # Arabic ones
        ("\u200f\u06f1\u06f3\u06f9\u06f6-\u06f0\u06f7\u200f", "1396-07"),
        (" \u06f1\u06f3\u06f9\u06f6\u2212q\u06f3 ", "1396-Q3"),
        ("\u0967\u0969\u096f\u096c", "1396"),  # Devanagari
    ],
)
def test_digits_of_other_scripts(label: str, found: str):
    assert Periods(CompanySettings(calendar="jalali")).parse(label).label == found


def test_a_year_that_was_cut_short_is_named_with_its_letter():
    settings = {"fiscal_year_start_month": [{"month": 4}, {"from": "2020-01-01", "month": 1}]}
    periods = Periods(CompanySettings.model_validate(settings))
    short = periods.parse("2019B")
    assert (short.label, short.start, short.end) == ("2019b", date(2019, 4, 1), date(2019, 12, 31))
    before = periods.before(short)
    assert before is not None
    assert (before.label, before.end) == ("2019", date(2019, 3, 31))
    assert periods.parse("\u06f2\u06f0\u06f1\u06f9b-Q3").end == date(2019, 12, 31)
    with pytest.raises(UsageError, match="no such period"):
        periods.parse("2020b")


@pytest.mark.parametrize("label", ["2017-Q5", "2017-13", "last", "2017-1", "17"])
def test_what_is_no_period(label: str):
    with pytest.raises(UsageError, match=r"2017-Q4"):
        Periods(CompanySettings()).parse(label)


def test_a_period_outside_the_calendar():
    with pytest.raises(UsageError, match="1990-01-01 to 2049-12-31"):
        Periods(CompanySettings()).parse("2050-Q1")
