"""When somebody is at work to answer.

Belongs here: days of work and the hours in which people answer. Does not: the business hours by
which a company counts how long an answer took (leads_key.py).
"""

from datetime import date

from simulation.company.business_calendar import WORKDAYS, date_of
from simulation.company.locales import Locale
from simulation.company.timeline import SECONDS_PER_DAY

# A little longer than what counts as business time, so that some answers lie outside of it.
BEGIN, END = 8 * 3600, 18 * 3600


class WorkClock:
    """Moves moments, in seconds since 1970 by the company's clock, to when people work."""

    def __init__(self, locale: Locale) -> None:
        """Take the days off of everybody; one country's or office's keep the others at work."""
        self._calendar = locale.calendar
        everybody = {
            each.on for each in locale.days_off if not each.country and each.branch is None
        }
        self._days_off: set[date] = everybody | locale.business_days_off()

    def is_workday(self, day: int) -> bool:
        """Say whether people work on a day."""
        return self._calendar.weekday(day) < WORKDAYS and date_of(day) not in self._days_off

    def next_at_work(self, second: int) -> int:
        """Give the first moment from one on at which people are at work."""
        day, of_day = divmod(second, SECONDS_PER_DAY)
        if self.is_workday(day) and of_day < END:
            return day * SECONDS_PER_DAY + max(of_day, BEGIN)
        day += 1
        while not self.is_workday(day):
            day += 1
        return day * SECONDS_PER_DAY + BEGIN

    def after_work(self, second: int, seconds: int) -> int:
        """Give the moment at which so much working time has passed."""
        at = self.next_at_work(second)
        while True:
            left = at // SECONDS_PER_DAY * SECONDS_PER_DAY + END - at
            if seconds <= left:
                return at + seconds
            seconds -= left
            at = self.next_at_work(at + left)
