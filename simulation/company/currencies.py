"""Exchange rates of the demo company: a daily random walk, and exact conversion in integers.

Belongs here: rates and the conversion the answer key uses. Does not: the writing of extracts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.company.business_calendar import WORKDAYS
from simulation.company.locales import ENGLISH, Locale
from simulation.company.streams import stream
from simulation.company.timeline import Days, Timeline
from simulation.company.vocabulary import CURRENCIES, REPORTING_CURRENCY

RATE_UNIT = 10**8
PROBABILITY_UNIT = 100
# Deals can be dated some weeks before the history (a close before its creation).
DAYS_BEFORE_HISTORY = 60

Cents = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rates:
    """Published rates, in units of 1e-8, on working days only.

    Attributes:
        days: Day numbers on which rates were published.
        published: One row per currency that has a rate.
        to_reporting: Per currency of CURRENCIES and day since `first_day`, what one unit buys.
        inverse: Currency that is published the other way round; empty for none.
    """

    days: Days
    published: dict[str, npt.NDArray[np.int64]]
    first_day: int
    to_reporting: npt.NDArray[np.int64]
    inverse: str

    def rate(self, currency: int, day: int) -> int:
        """Give what one unit of a currency buys on a day, in units of 1e-8."""
        return int(self.to_reporting[currency, day - self.first_day])

    def convert(self, cents: Cents, currency: npt.NDArray[np.int8], days: Days) -> Cents:
        """Convert amounts into the reporting currency at the rates of days.

        Args:
            cents: Amounts in hundredths, not negative.
            currency: Index in CURRENCIES per amount.
            days: Day number per amount.
        """
        # Whole units and the rest apart, so that a product of large amounts and rates fits.
        whole, rest = np.divmod(self.to_reporting[currency, days - self.first_day], RATE_UNIT)
        return cents * whole + half_up(cents * rest, RATE_UNIT)


def half_up(number: npt.NDArray[np.int64], unit: int) -> npt.NDArray[np.int64]:
    """Divide numbers that are not negative by a unit; a half is rounded away from zero."""
    return (number + unit // 2) // unit


def draw_rates(timeline: Timeline, seed: int, locale: Locale = ENGLISH) -> Rates:
    """Draw a random walk for each currency from before the history to the last night."""
    rng = stream(seed, "currencies")
    first_day = timeline.start_day - DAYS_BEFORE_HISTORY
    every_day = np.arange(first_day, timeline.last_day + 1, dtype=np.int32)
    # Rates are not published on weekends.
    working = timeline.calendar.weekday(every_day) < WORKDAYS
    published_on = np.maximum.accumulate(np.where(working, np.arange(len(every_day)), 0))
    published: dict[str, npt.NDArray[np.int64]] = {}
    to_reporting = np.full((len(CURRENCIES), len(every_day)), RATE_UNIT, dtype=np.int64)
    for code, start in locale.rates.items():
        walk = start * locale.money * np.exp(np.cumsum(rng.normal(0, 0.003, len(every_day))))
        quoted = np.round(walk * RATE_UNIT).astype(np.int64)
        published[code] = quoted[working]
        used = quoted[published_on]
        if code == locale.inverse:
            used = (RATE_UNIT * RATE_UNIT + used // 2) // used
        to_reporting[CURRENCIES.index(code)] = used
    return Rates(every_day[working], published, first_day, to_reporting, locale.inverse)


def rate_text(rate: int) -> str:
    """Write a rate with its eight decimals."""
    return f"{rate // RATE_UNIT}.{rate % RATE_UNIT:08d}"


def rate_pair(code: str, inverse: str) -> tuple[str, str]:
    """Give the currencies a published rate converts from and to."""
    return (REPORTING_CURRENCY, code) if code == inverse else (code, REPORTING_CURRENCY)
