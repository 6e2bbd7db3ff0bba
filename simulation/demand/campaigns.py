"""Campaigns: what marketing does, when, what it costs, and which deals name one.

Belongs here: the campaigns and their costs. Does not: whom they reach (campaign_course.py).

Planted: a campaign that is shown to people who are about to sign anyway, so that it looks good on
last touch alone; a parent campaign; costs in other currencies than the campaign's and the
company's, and of a campaign that no extract has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from simulation.company.business_calendar import day_number
from simulation.company.locales import Locale
from simulation.company.missing_ids import MISSING_CAMPAIGN
from simulation.company.streams import stream
from simulation.company.timeline import Timeline
from simulation.deals.deals import DANGLING, NONE, UNDATED, Deals

PROGRAM, SEARCH, FAIR, NEWSLETTER, WEBINAR, REMINDER, MAILING = range(7)
BRINGING = (SEARCH, FAIR, NEWSLETTER, WEBINAR, MAILING)
"""Campaigns that bring leads; the program only holds others, and the reminder comes late."""
DEALS_WITH_CAMPAIGN = 0.12


@dataclass(frozen=True)
class Campaign:
    """A campaign.

    Attributes:
        parent: Index of the campaign that it is part of; NONE for none.
        currency: Of its budget and cost; empty where the CRM does not say.
        budget: In hundredths of the currency where money is worth what it is in dollars.
        spent: What the campaign's row says that it has cost in all by the first night; None where
            the row says nothing.
        spent_by_night: What each further night adds to that.
    """

    name: str
    channel: str
    start: date
    end: date | None
    budget: int
    currency: str = "USD"
    parent: int = NONE
    spent: int | None = None
    spent_by_night: int = 0

    @property
    def first_day(self) -> int:
        """Its first day."""
        return day_number(self.start)

    @property
    def last_day(self) -> int | None:
        """Its last day; None while nobody has planned one."""
        return None if self.end is None else day_number(self.end)

    def spent_at(self, night: int) -> int | None:
        """Give what its row says that it has cost, in the extract of a night."""
        return None if self.spent is None else self.spent + (night - 1) * self.spent_by_night


CAMPAIGNS = (
    Campaign("Growth program", "", date(2023, 1, 2), None, 250_000_00),
    Campaign("Search ads", "paid search", date(2023, 2, 1), None, 120_000_00, parent=PROGRAM),
    Campaign(
        "Spring trade fair", "event", date(2024, 4, 15), date(2024, 4, 18), 40_000_00,
        currency="GBP", spent=38_450_75,
    ),
    Campaign(
        "Monthly newsletter", "email", date(2023, 3, 1), None, 20_000_00,
        parent=PROGRAM, spent=17_300_10, spent_by_night=41_35,
    ),
    Campaign(
        "Product webinar", "webinar", date(2024, 10, 1), date(2026, 6, 30), 15_000_00,
        currency="", parent=PROGRAM, spent=9_800_00,
    ),
    Campaign("Offer reminder", "remarketing", date(2024, 6, 1), None, 30_000_00, currency="EUR"),
    # Its days are known as well, and hold.
    Campaign(
        "Partner mailing", "direct mail", date(2025, 3, 3), date(2025, 12, 19), 25_000_00,
        currency="EUR", spent=24_000_00,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a campaign cost on a day.

    Attributes:
        campaign: Index in CAMPAIGNS; DANGLING for one that no extract has.
        day: Day number.
        cents: Below zero for a credit.
        currency: Empty for the campaign's.
        night: Night whose extract first shows it.
        corrected: What it was corrected to; None where it was not.
        corrected_night: Night that shows the correction.
    """

    campaign: int
    day: int
    cents: int
    currency: str
    night: int
    corrected: int | None = None
    corrected_night: int = 0

    def cents_at(self, night: int) -> int:
        """Give what it is known to have cost in the extract of a night."""
        is_corrected = self.corrected is not None and self.corrected_night <= night
        return self.corrected if is_corrected and self.corrected is not None else self.cents


def campaign_id(campaign: int) -> str:
    """Give the CRM's id of a campaign; empty for none."""
    if campaign == DANGLING:
        return MISSING_CAMPAIGN
    return "" if campaign == NONE else f"CP-{campaign + 1:03d}"


def cost_id(place: int) -> str:
    """Give the CRM's id of a cost by its place among all."""
    return f"CC-{place + 1:06d}"


def draw_costs(timeline: Timeline, locale: Locale, seed: int) -> list[Cost]:
    """Draw what campaigns cost by day, in order of the days."""
    rng = stream(seed, "campaign costs")
    last = timeline.last_day
    nights = range(timeline.business_day(1), last + 1)
    days: list[tuple[int, int, str, int]] = []

    def spend(campaign: int, on: Iterable[int], currency: str, typical: int) -> None:
        # A campaign's own currency is not repeated with each cost.
        worth = typical * locale.worth(currency or CAMPAIGNS[campaign].currency)
        days.extend((day, campaign, currency, worth) for day in on if day <= last)

    first = CAMPAIGNS[SEARCH].first_day
    spend(SEARCH, sorted({*range(first, nights[0], 14), *nights}), "EUR", 460_00)
    spend(REMINDER, range(CAMPAIGNS[REMINDER].first_day, last, 30), "", 540_00)
    spend(MAILING, range(CAMPAIGNS[MAILING].first_day, last, 60), "", 4_100_00)
    costs = []
    for day, campaign, currency, worth in sorted(days):
        night = min(max(day - nights[0], 0), timeline.nights - 1) + 1
        cents = int(worth * (0.6 + 0.8 * rng.random()))
        is_credit = rng.random() < 0.05
        costs.append(Cost(campaign, day, -cents // 4 if is_credit else cents, currency, night))
    if timeline.nights > 1:
        place = next(each for each, cost in enumerate(costs) if cost.campaign == MAILING)
        wrong = costs[place]
        costs[place] = Cost(
            wrong.campaign, wrong.day, wrong.cents, wrong.currency, 1,
            corrected=wrong.cents + 1_25, corrected_night=2,
        )  # fmt: skip
    lost = 75_00 * locale.worth("EUR")
    return [*costs, Cost(DANGLING, nights[0] - 40, lost, "EUR", 1)]


def name_campaigns(deals: Deals, seed: int) -> npt.NDArray[np.int8]:
    """Draw the campaign that each deal names; NONE for most.

    Args:
        deals: All deals as they were drawn; leads that become them name the same campaign.
        seed: Seed of all streams.
    """
    rng = stream(seed, "campaigns of deals")
    drawn = rng.choice(np.array(BRINGING, dtype=np.int8), len(deals))
    begins = np.array([each.first_day for each in CAMPAIGNS])
    has_begun = begins[drawn] <= deals.created_day
    named = (rng.random(len(deals)) < DEALS_WITH_CAMPAIGN) & has_begun
    named &= deals.created_kind != UNDATED
    return np.where(named, drawn, np.int8(NONE)).astype(np.int8)
