"""Where the demo company works: its calendar, money, days off, and how its settings say so.

Belongs here: what differs between companies of one kind in two countries. Does not: the words they
use (words_fa.py) and how their systems spell what they export (persian_extracts.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import inf

from simulation.company.business_calendar import GREGORIAN, BusinessCalendar
from simulation.company.vocabulary import REPORTING_CURRENCY

SATURDAY = 5
YEARS = range(2022, 2028)
"""Years in which anything can happen."""


@dataclass(frozen=True)
class DayOff:
    """A day off that HR's files have; of a country or an office, or of everybody.

    Attributes:
        branch: Place among the offices.
    """

    on: date
    name: str
    country: str = ""
    branch: int | None = None


@dataclass(frozen=True)
class Locale:
    """Where a company works.

    Attributes:
        calendar: Its working week, months and quarters.
        money: What costs one unit of money where it does not matter costs so many units here.
        rates: Per currency that has one, what a unit of it costs at first, before `money`.
        inverse: Currency that is published the other way round, so that it has to be inverted.
        days_off: What HR's files have.
        company_days_off: What only the company's settings say, official holidays among them; of the
            months for which there are time sheets.
        official_holidays: The country whose official holidays the settings ask for, if any.
        size_bands: Worth in hundredths below which a deal is in a band, and the band's name.
        settings: The company's `company.yml`; empty where the defaults hold.
    """

    name: str
    calendar: BusinessCalendar
    money: int
    rates: Mapping[str, float]
    inverse: str
    days_off: tuple[DayOff, ...]
    size_bands: tuple[tuple[float, str], ...]
    company_days_off: frozenset[date] = frozenset()
    official_holidays: str = ""
    settings: str = ""

    def worth(self, currency: str) -> int:
        """Give what one unit of money costs in a currency: foreign ones are left as they are."""
        return self.money if currency in ("", REPORTING_CURRENCY) else 1

    def business_days_off(self) -> set[date]:
        """Give the days off by the company's settings, of all years that the simulation covers."""
        if not self.official_holidays:
            return set(self.company_days_off)
        # Loaded where it is asked for: it takes longer than a small simulation's other imports.
        from holidays import country_holidays

        official = country_holidays(self.official_holidays, years=YEARS)
        return set(official) | self.company_days_off


ENGLISH = Locale(
    name="en",
    calendar=GREGORIAN,
    money=1,
    rates={"EUR": 1.07, "GBP": 1.22, "CAD": 1.35},
    inverse="CAD",
    days_off=(
        DayOff(date(2025, 12, 25), "Christmas Day"),
        DayOff(date(2026, 1, 1), "New Year"),
        DayOff(date(2025, 11, 27), "Thanksgiving", country="United States"),
        DayOff(date(2025, 12, 26), "Boxing Day", country="United Kingdom"),
        DayOff(date(2025, 12, 26), "Second Christmas Day", country="Germany"),
        DayOff(date(2025, 10, 13), "Thanksgiving", country="Canada"),
        DayOff(date(2025, 11, 14), "Day of the office", branch=0),
        DayOff(date(2025, 10, 31), "Reformation Day", country="Germany", branch=1),
        # On a Saturday, when nobody works anyway.
        DayOff(date(2025, 11, 1), "All Saints", country="Germany"),
    ),
    size_bands=(
        (10_000_00, "below 10k"),
        (50_000_00, "10k to 50k"),
        (250_000_00, "50k to 250k"),
        (inf, "250k and more"),
    ),
)

PERSIAN_SETTINGS = """\
# The Persian demo company, whose files `salesops demo --locale fa` has written.
calendar: jalali
weekend: [thursday, friday]
time_zone: Asia/Tehran
reporting_currency: IRR
official_holidays: IR
deal_size_limits: [5000000000, 12500000000, 80000000000]
holidays:
  - {date: 1404-08-10, name: سالگرد شرکت}
"""

PERSIAN = Locale(
    name="fa",
    calendar=BusinessCalendar(first_workday=SATURDAY, is_jalali=True),
    # About a million rials to the dollar, so that amounts have the size that they have there.
    money=1_000_000,
    rates={"EUR": 1.07, "GBP": 0.272, "CAD": 0.024},
    inverse="",
    # The United Kingdom and Canada of the vocabulary are the Emirates and Turkey here.
    days_off=(
        DayOff(date(2025, 12, 22), "Day after Yalda"),
        DayOff(date(2025, 12, 1), "Day of the head office", country="United States"),
        DayOff(date(2025, 12, 2), "Emirates' National Day", country="United Kingdom"),
        DayOff(date(2025, 10, 29), "Turkey's Republic Day", country="Canada"),
        DayOff(date(2025, 11, 15), "Day of the office", branch=0),
        DayOff(date(2025, 12, 24), "Christmas Eve", country="Germany", branch=1),
        # On a Thursday, when nobody works anyway.
        DayOff(date(2025, 12, 25), "Christmas Day", country="Germany"),
    ),
    size_bands=(
        (5_000_000_000_00, "below 5bn"),
        (12_500_000_000_00, "5bn to 12.5bn"),
        (80_000_000_000_00, "12.5bn to 80bn"),
        (inf, "80bn and more"),
    ),
    # The company's own day, and the official ones up to the last night that there can be.
    company_days_off=frozenset(
        {
            date(2025, 11, 1),
            date(2025, 11, 24),
            date(2026, 1, 3),
            date(2026, 1, 17),
            date(2026, 2, 4),
            date(2026, 2, 11),
            *(date(2026, 3, day) for day in range(1, 5)),
        }
    ),
    official_holidays="IR",
    settings=PERSIAN_SETTINGS,
)

LOCALES = {each.name: each for each in (ENGLISH, PERSIAN)}
