"""Periods as people write them: `2017`, `2017-Q4`, `2017-10`, in the company's calendar.

Belongs here: finding a period's dates and the period before it. Does not belong here: how a
calendar is computed (`ingestion.company.calendar`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from ingestion.company.settings import CompanySettings, company_calendar
from ingestion.text.scripts import with_plain_digits
from orchestration.errors import UsageError

Grain = Literal["month", "quarter", "year"]
_FORMS: tuple[tuple[Grain, re.Pattern[str]], ...] = (
    ("year", re.compile(r"\d{4}[b-l]?")),
    ("quarter", re.compile(r"\d{4}[b-l]?-q[1-4]")),
    ("month", re.compile(r"\d{4}-(0[1-9]|1[0-2])")),
)


@dataclass(frozen=True)
class Period:
    """A month, quarter or year of the company's calendar; both dates are inclusive."""

    grain: Grain
    label: str
    start: date
    end: date


class Periods:
    """All periods of a company's calendar.

    Args:
        settings: The company settings.
    """

    def __init__(self, settings: CompanySettings) -> None:
        days = company_calendar(settings)
        self._settings = settings
        with duckdb.connect() as connection:
            connection.register("days", days)
            self._periods: dict[Grain, list[Period]] = {
                grain: [
                    Period(grain, *row)
                    for row in connection.execute(
                        f"select distinct {grain}_label, {grain}_start, {grain}_end from days "
                        f"order by {grain}_start"
                    ).fetchall()
                ]
                for grain, _ in _FORMS
            }

    def parse(self, label: str) -> Period:
        """Gives the period of a label, whose digits may be those of any script.

        Raises:
            UsageError: It is no period, or outside the company's calendar.
        """
        written = with_plain_digits(label).strip().casefold()
        for grain, form in _FORMS:
            if form.fullmatch(written):
                return self._find(self._periods[grain], written)
        raise UsageError(
            f"--period {label}: write a year (2017), a quarter (2017-Q4) or a month (2017-10) "
            "of the company's calendar"
        )

    def starting(self, grain: Grain, start: date) -> Period:
        """Gives the period of a grain that starts on a day.

        Raises:
            UsageError: None does, so what is published was made with other settings.
        """
        for period in self._periods[grain]:
            if period.start == start:
                return period
        raise UsageError(
            f"no {grain} of the company's calendar starts on {start}: company.yml has changed "
            "since the last publication; run `salesops refresh`"
        )

    def before(self, period: Period) -> Period | None:
        """Gives the period before one, or nothing for the calendar's first."""
        row = self._periods[period.grain]
        place = row.index(period)
        return row[place - 1] if place else None

    def _find(self, periods: Iterable[Period], label: str) -> Period:
        for period in periods:
            if period.label.casefold() == label:
                return period
        raise UsageError(
            f"--period {label}: the company's calendar has no such period; it goes from "
            f"{self._settings.calendar_start} to {self._settings.calendar_end}"
        )
