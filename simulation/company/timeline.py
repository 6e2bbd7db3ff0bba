"""The days that the simulation covers and the nights on which it writes extracts.

Belongs here: which days those are. Does not: what happens on a day, and weeks and months
(business_calendar.py).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from simulation.company.business_calendar import GREGORIAN, BusinessCalendar, day_number

SECONDS_PER_DAY = 86_400

Days = npt.NDArray[np.int32]


MICRO_DAYS = 1_000_000
"""Durations are counted in millionths of a day."""


def micro_days(seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Turn seconds into millionths of a day; a half is rounded up."""
    return (seconds * MICRO_DAYS + SECONDS_PER_DAY // 2) // SECONDS_PER_DAY


@dataclass(frozen=True)
class Timeline:
    """History from `history_start` on, then one extract per night from `first_night` on.

    All moments are those of the company's own clock, which is UTC unless its locale has another
    zone. The extract of a night is taken at 00:00:00 of its date, so it shows the state at the end
    of the day before: its business day. Nights count from 1.
    """

    nights: int
    first_night: date = date(2026, 1, 5)
    history_start: date = date(2023, 1, 2)
    calendar: BusinessCalendar = GREGORIAN

    @property
    def start_day(self) -> int:
        """The first day on which a deal can have been created."""
        return day_number(self.history_start)

    @property
    def last_day(self) -> int:
        """The business day of the last night."""
        return self.business_day(self.nights)

    def night_date(self, night: int) -> date:
        """Give the date that stands in the name of a night's folder."""
        return self.first_night + timedelta(days=night - 1)

    def business_day(self, night: int) -> int:
        """Give the number of the last day that a night's extract knows."""
        return day_number(self.night_date(night)) - 1

    def extracted_at(self, night: int) -> datetime:
        """Give the time a night's extract speaks for."""
        return datetime.combine(self.night_date(night), datetime.min.time(), tzinfo=UTC)

    def night_index(self, days: Days) -> npt.NDArray[np.int64]:
        """Give, per day, the 0-based index of the night whose extract shows the day's end.

        Days before the first night belong to it: its extract is the oldest state that is known.
        """
        index = np.asarray(days, dtype=np.int64) - self.business_day(1)
        return np.clip(index, 0, self.nights - 1)
