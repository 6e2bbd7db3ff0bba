"""Leads: who asks, when, and what is known of each.

Belongs here: leads as they come in, and the records of what happens to them. Does not: what happens
(lead_course.py), which deals they become (conversions.py) and what is odd (lead_oddities.py).
"""

import unicodedata
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulation.company.streams import stream
from simulation.company.structure import NEVER, Company
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.company.vocabulary import (
    ACCOUNT_FIRST_WORDS,
    ACCOUNT_SECOND_WORDS,
    FAMILY_NAMES,
    GIVEN_NAMES,
    LEAD_SOURCES,
)
from simulation.deals.deals import AT_TIME, NONE, ON_DAY

LEADS_PER_DEAL = 1.5
SHARE_BY_WEEKDAY = (1, 1.1, 1.05, 1, 0.9, 0.4, 0.4)
"""Leads come on weekends too: nobody at the company has to work for one."""
SHARE_AT_ANY_HOUR = 0.4
SHARE_BY_DAY_ALONE = 0.05
"""Leads of lists that were read in, of which only the day is known."""


@dataclass(frozen=True)
class LeadStatus:
    """A status of the CRM, and the step of a lead's way that it stands for."""

    status_id: str
    name: str
    step: str


STATUSES = (
    LeadStatus("new", "New inquiry", "new"),
    LeadStatus("working", "Reached out", "working"),
    LeadStatus("replied", "Replied", "responded"),
    LeadStatus("accepted", "Taken over by sales", "accepted"),
    LeadStatus("qualified", "Worth a deal", "qualified"),
    LeadStatus("converted", "Became a deal", "converted"),
    LeadStatus("unqualified", "Given up", "disqualified"),
    LeadStatus("nurture", "Back to marketing", "recycled"),
)
NEW, WORKING, REPLIED, ACCEPTED, QUALIFIED, CONVERTED, UNQUALIFIED, NURTURE = range(8)


@dataclass(frozen=True)
class StatusChange:
    """A change of a lead's status, which the CRM's history tells.

    Attributes:
        second: Moment, in seconds since 1970 by the company's clock.
        old: Index in STATUSES; NONE at the creation.
        owner: Who has the lead then; NONE for the queue.
        night: Night whose extract first tells it.
    """

    second: int
    old: int
    status: int
    owner: int
    night: int


@dataclass(frozen=True)
class Activity:
    """Something that was done, is planned or came in.

    Attributes:
        second: Moment, in seconds since 1970 by the company's clock.
        status: `planned`, `held` or `cancelled`.
        direction: `outgoing`, `incoming` or empty.
        owner: Whose it is; NONE for nobody's.
        outcome: How it went; empty where nobody said.
        night: Night whose extract first shows it.
    """

    second: int
    kind: str
    status: str
    direction: str
    owner: int
    outcome: str
    is_automatic: bool
    night: int


@dataclass
class Lead:
    """A lead, and what happens to it up to the last night.

    Attributes:
        number: Place among all leads, in order of creation.
        created: Moment, in seconds since 1970 by the company's clock.
        created_kind: How its row says when it was created.
        source: Index in LEAD_SOURCES; NONE where it is not known.
        rep: Whom it was given to first; NONE where it stays in the queue.
        taken: When it was given to them: at its creation, unless it waits in the queue first.
        first_night: Night whose extract first shows it.
        qualified: Moment at which it was found worth a deal.
        deal: The deal that it became; NONE for none.
        converted: Moment at which it did.
        second_deal: Another one that later extracts name instead.
        exclusion: `duplicate`, `deleted` or `merged`; empty for those that count.
        excluded_night: Night from which extracts say so.
        merged_into: The lead that it was merged into.
        campaign: Index of the campaign that its row names; NONE for none.
    """

    number: int
    name: str
    company_name: str
    country: str
    email: str
    phone: str
    created: int
    created_kind: int
    source: int
    rep: int
    taken: int
    first_night: int
    changes: list[StatusChange] = field(default_factory=list["StatusChange"])
    activities: list[Activity] = field(default_factory=list["Activity"])
    qualified: int | None = None
    deal: int = NONE
    converted: int | None = None
    second_deal: int = NONE
    second_deal_night: int = NEVER
    exclusion: str = ""
    excluded_night: int = NEVER
    merged_into: int = NONE
    campaign: int = NONE

    @property
    def id(self) -> str:
        """The CRM's id of the lead."""
        return lead_id(self.number)

    @property
    def created_day(self) -> int:
        """The day of its creation."""
        return self.created // SECONDS_PER_DAY

    def owner_at(self, night: int, timeline: Timeline) -> int:
        """Give who has the lead when a night's extract is taken; NONE for the queue."""
        known = [each for each in self.changes if each.night <= night and each.owner != NONE]
        if known:
            return max(known, key=lambda each: each.second).owner
        is_taken = self.rep != NONE and night_of(self.taken, timeline) <= night
        return self.rep if is_taken else NONE


def lead_id(number: int) -> str:
    """Give the CRM's id of a lead."""
    return f"LD-{number + 1:07d}"


def contact_id(number: int) -> str:
    """Give the CRM's id of the contact that a lead became."""
    return f"CT-{number + 1:07d}"


def night_of(second: int, timeline: Timeline) -> int:
    """Give the night whose extract first shows what happens at a moment."""
    day = second // SECONDS_PER_DAY
    return min(max(day - timeline.business_day(1), 0), timeline.nights - 1) + 1


def end_of_days(timeline: Timeline) -> int:
    """Give the moment at which the last extract is taken."""
    return (timeline.last_day + 1) * SECONDS_PER_DAY


def uneven(second: int) -> int:
    """Give a moment that is no full minute: midnight would be read as a day without a time."""
    return second if second % 60 else second + 1


class Sellers:
    """Who takes new leads on a day."""

    def __init__(self, company: Company) -> None:
        """Take the company's reps."""
        self._people = company.people
        self._by_day: dict[int, npt.NDArray[np.float64]] = {}

    def draw(self, day: int, rng: np.random.Generator) -> int:
        """Draw one of those who sell on a day, more often one who sells much."""
        if day not in self._by_day:
            self._by_day[day] = np.cumsum(self._people.selling_weight(day))
        shares = self._by_day[day]
        drawn = np.searchsorted(shares, rng.random() * shares[-1], side="right")
        return int(self._people.reps[drawn])


def incoming_leads(company: Company, timeline: Timeline, seed: int, number: int) -> list[Lead]:
    """Draw leads as they come in; what happens to them is not known yet."""
    rng = stream(seed, "leads")
    created = np.sort(_creations(timeline, number, rng))
    sources = _sources(number, rng)
    at_time = rng.random(number) >= SHARE_BY_DAY_ALONE
    sellers = Sellers(company)
    leads = []
    for place, second in enumerate(created.tolist()):
        name, works_for, email, phone = person(place, rng)
        leads.append(
            Lead(
                number=place,
                name=name,
                company_name=works_for,
                country=company.countries[int(rng.integers(len(company.countries)))],
                email=email,
                phone=phone,
                created=second,
                created_kind=AT_TIME if at_time[place] else ON_DAY,
                source=int(sources[place]),
                rep=sellers.draw(second // SECONDS_PER_DAY, rng),
                taken=second,
                first_night=night_of(second, timeline),
            )
        )
    return leads


def _creations(timeline: Timeline, number: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Spread leads over the days: ever more, fewer on weekends, some on each night's day."""
    days = np.arange(timeline.start_day, timeline.last_day + 1, dtype=np.int64)
    weight = np.array(SHARE_BY_WEEKDAY)[timeline.calendar.weekday(days)]
    weight = weight * np.exp(0.25 * (days - timeline.start_day) / 365.25)
    counts = np.zeros(len(days), dtype=np.int64)
    counts[len(days) - timeline.nights :] = 4
    counts += rng.multinomial(number - counts.sum(), weight / weight.sum())
    by_day = np.clip(rng.normal(13 * 3600, 2.5 * 3600, number), 0, SECONDS_PER_DAY - 60)
    at_any_hour = rng.random(number) < SHARE_AT_ANY_HOUR
    of_day = np.where(at_any_hour, rng.integers(0, SECONDS_PER_DAY - 60, number), by_day)
    # No full minute: midnight would be read as a day without a time.
    of_day = of_day.astype(np.int64) // 60 * 60 + rng.integers(1, 60, number)
    return np.repeat(days, counts) * SECONDS_PER_DAY + of_day


def _sources(number: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    shares = np.array([0.35, 0.12, 0.13, 0.1, 0.1, 0.15, 0.05])
    drawn = rng.choice(len(shares), number, p=shares)
    return np.where(drawn == len(LEAD_SOURCES), NONE, drawn)


def person(place: int, rng: np.random.Generator) -> tuple[str, str, str, str]:
    """Draw a name, a company, an address and a telephone number, none of which exists."""
    drawn = rng.integers(0, 1 << 30, 4).tolist()
    given, family = (
        GIVEN_NAMES[drawn[0] % len(GIVEN_NAMES)],
        FAMILY_NAMES[drawn[1] % len(FAMILY_NAMES)],
    )
    first = ACCOUNT_FIRST_WORDS[drawn[2] % len(ACCOUNT_FIRST_WORDS)]
    second = ACCOUNT_SECOND_WORDS[drawn[3] % len(ACCOUNT_SECOND_WORDS)]
    works_for = f"{first} {second}"
    plain = unicodedata.normalize("NFKD", f"{given}.{family}@{first}-{second}".replace("ı", "i"))
    letters = plain.encode("ascii", "ignore").decode().lower().replace(" ", "-")
    return f"{given} {family}", works_for, f"{letters}.example", f"+1 555 {place % 10_000_000:07d}"
