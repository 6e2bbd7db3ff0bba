"""The answer key of leads: how fast they were answered and how many said yes, night by night.

Belongs here: the numbers of mart_lead_response, its bands and mart_lead_funnel by their
definitions, lead by lead and event by event. Does not: drawing leads (demand). Nothing here may be
taken from the warehouse's SQL.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log, sqrt
from statistics import median

import numpy as np
import pandas as pd

from simulation.company.business_calendar import MONTH, WORKDAYS, Period, date_of
from simulation.company.structure import Company, branch_id, team_id
from simulation.company.timeline import MICRO_DAYS, SECONDS_PER_DAY, Timeline
from simulation.company.vocabulary import LEAD_SOURCES
from simulation.deals.deals import AT_TIME, NONE, UNDATED
from simulation.demand.campaigns import campaign_id
from simulation.demand.leads import (
    ACCEPTED,
    CONVERTED,
    NURTURE,
    QUALIFIED,
    REPLIED,
    UNQUALIFIED,
    Activity,
    Lead,
    night_of,
)

UNKNOWN = "unknown"
RESTATED, AS_CLOSED = "restated", "as_closed"
CLOSE_LAG_DAYS = 5
OPENS, CLOSES = 9 * 3600, 17 * 3600
TARGET_SECONDS = 60 * 60
BANDS = (("5 minutes", 300), ("30 minutes", 1800), ("1 hour", 3600), ("24 hours", 86_400))
BAND_NAMES = (*(name for name, _ in BANDS), "later", "never")
OUTREACHES = ("email", "call", "meeting", "other")
NOT_POSITIVE = ("negative", "no_answer", "no_show", "bounced", "out_of_office", "left_message")
STEPS_OF_YES = (REPLIED, QUALIFIED, CONVERTED)
STEPS = {
    "accepted": (ACCEPTED, QUALIFIED, CONVERTED),
    "qualified": (QUALIFIED, CONVERTED),
    "converted": (CONVERTED,),
    "disqualified": (UNQUALIFIED,),
    "recycled": (NURTURE,),
}
"""The statuses by which a lead has come to a step."""
RATES = {
    "lead_response_rate": ("responded", "created"),
    "lead_acceptance_rate": ("accepted", "created"),
    "lead_qualification_rate": ("qualified", "accepted"),
    "lead_conversion_rate": ("converted", "qualified"),
    "lead_disqualification_rate": ("disqualified", "created"),
    "lead_win_rate": ("won", "converted"),
    "won_lead_share": ("won", "created"),
}
WAYS = (
    ("created", "responded"),
    ("created", "accepted"),
    ("accepted", "qualified"),
    ("qualified", "converted"),
    ("converted", "won"),
    ("created", "won"),
)
MICRO_MINUTES = 1_000_000
TWO_SIDED_95 = 1.959963984540054

Cell = tuple[str, str, str, str]
"""Basis, first day of the month, level and member."""


@dataclass(frozen=True)
class LeadFacts:
    """What is known of a lead by a day.

    Attributes:
        lead: The lead.
        rep: Whom it was given to first; NONE where it waits in the queue.
        answered: Moment of the first outreach by a person.
        yes: Moment at which it first said yes.
        days: The day of its creation, and on which it came to each step of the funnel so far.
        deal: The deal that it had become; NONE for none.
        seen_until: Moment up to which it was looked at.
    """

    lead: Lead
    rep: int
    answered: int | None
    yes: int | None
    days: dict[str, int]
    deal: int
    seen_until: int

    @property
    def is_timed(self) -> bool:
        """Whether the minutes are known: of a lead of a list only the day is."""
        return self.lead.created_kind == AT_TIME

    @property
    def is_qualified(self) -> bool:
        """Whether it was found worth a deal."""
        return "qualified" in self.days

    @property
    def band(self) -> str:
        """How fast it was answered by the clock."""
        if not self.is_timed:
            return UNKNOWN
        if self.answered is None:
            return "never"
        waited = self.answered - self.lead.created
        return next((name for name, limit in BANDS if waited <= limit), "later")


class LeadsKey:
    """Works out what is to be known of leads after each night."""

    def __init__(self, leads: list[Lead], company: Company, timeline: Timeline) -> None:
        """Take all leads with all that ever happens to them."""
        self._leads = [each for each in leads if each.created_kind != UNDATED]
        self._company = company
        self._timeline = timeline
        self._days_off = company.locale.business_days_off()
        # By what HR says; its holidays of a country are of people, not of an office.
        self._days_off_of_branches = {
            (each.branch, each.on) for each in company.locale.days_off if each.branch is not None
        }
        self._known: dict[tuple[int, int], LeadFacts | None] = {}
        self._counted: dict[tuple[int, int, int], int] = {}
        self._worked: dict[int, list[tuple[str, str]]] = {}
        self._branches: dict[tuple[int, int], int] = {}

    def responses(self) -> pd.DataFrame:
        """Give how fast leads were answered, by night, basis, month of creation and member."""
        rows = []
        frozen: dict[Cell, dict[str, float | int | None]] = {}
        for night in range(1, self._timeline.nights + 1):
            as_of = date_of(self._timeline.business_day(night)).isoformat()
            for cell, facts in self._cells(night).items():
                found = frozen.get(cell) or self._response(facts)
                if cell[0] == AS_CLOSED:
                    frozen[cell] = found
                rows.append(_keys(as_of, cell) | found)
        return pd.DataFrame(rows)

    def bands(self) -> pd.DataFrame:
        """Give how many leads of each band qualified, as the last night knows it."""
        rows = []
        as_of = date_of(self._timeline.last_day).isoformat()
        for cell, facts in self._cells(self._timeline.nights).items():
            counted: dict[str, list[int]] = {}
            for each in facts:
                found = counted.setdefault(each.band, [0, 0])
                found[0] += 1
                found[1] += each.is_qualified
            for name, (number, qualified) in counted.items():
                slower = _next_slower(name, counted)
                odds: tuple[float | None, ...] = (None, None, None)
                if slower is not None:
                    others, others_qualified = slower
                    odds = odds_ratio(
                        qualified, number - qualified, others_qualified, others - others_qualified
                    )
                rows.append(
                    _keys(as_of, cell)
                    | {
                        "response_band": name,
                        "leads": number,
                        "qualified_leads": qualified,
                        "qualifying_share": qualified / number,
                        "qualifying_odds_ratio": odds[0],
                        "qualifying_odds_ratio_lower": odds[1],
                        "qualifying_odds_ratio_upper": odds[2],
                    }
                )
        return pd.DataFrame(rows)

    def funnel(self, wins: dict[int, tuple[int, int]]) -> pd.DataFrame:
        """Give how far leads came, as the last night knows it.

        What had become of deals by each freeze is not told here: frozen months have no wins.

        Args:
            wins: Of each deal that is won and counts its closing day and its worth in cents.
        """
        rows = []
        as_of = date_of(self._timeline.last_day).isoformat()
        cells = self._cells(self._timeline.nights)
        by_campaign: dict[Cell, list[LeadFacts]] = defaultdict(list)
        for (basis, month, level, _), facts in cells.items():
            for each in facts if level == "company" else ():
                named = campaign_id(each.lead.campaign) or UNKNOWN
                by_campaign[basis, month, "campaign", named].append(each)
        for cell, facts in (cells | by_campaign).items():
            numbers = _funnel(facts, wins if cell[0] == RESTATED else None)
            rows.append(_keys(as_of, cell) | numbers)
        return pd.DataFrame(rows)

    def _cells(self, night: int) -> dict[Cell, list[LeadFacts]]:
        """Sort what a night knows of each lead by month and member, on both bases."""
        today = self._timeline.business_day(night)
        cells: dict[Cell, list[LeadFacts]] = defaultdict(list)
        for lead in self._leads:
            month = self._timeline.calendar.period_of(MONTH, lead.created_day)
            for basis, day in _looked_at(month, today):
                # Frozen is frozen: a later night looks at the same.
                looked_at = lead.number, day
                if looked_at not in self._known:
                    self._known[looked_at] = self._facts(lead, day)
                facts = self._known[looked_at]
                if facts is None:
                    continue
                for level, member in self._members(facts):
                    cells[basis, month.key[1], level, member].append(facts)
        return dict(sorted(cells.items()))

    def _facts(self, lead: Lead, day: int) -> LeadFacts | None:
        """Give what was known of a lead at the end of a day; None where it counts for nothing."""
        # What the first extract shows is taken for known ever since it happened.
        night = night_of(day * SECONDS_PER_DAY, self._timeline)
        if lead.first_night > night or lead.excluded_night <= night or lead.created_day > day:
            return None
        end = (day + 1) * SECONDS_PER_DAY

        def is_known(each_night: int, second: int) -> bool:
            return each_night <= night and self._is_after_creation(lead, second) and second < end

        done = [
            each
            for each in lead.activities
            if is_known(each.night, each.second) and each.status == "held" and not each.is_automatic
        ]
        changes = [each for each in lead.changes if is_known(each.night, each.second)]
        yes = [each.second for each in done if _says_yes(each)]
        yes += [each.second for each in changes if each.status in STEPS_OF_YES]
        answered = min((each.second for each in done if _is_outreach(each)), default=None)
        days = {"created": lead.created_day}
        if answered is not None:
            days["responded"] = answered // SECONDS_PER_DAY
        for step, statuses in STEPS.items():
            reached = [each.second for each in changes if each.status in statuses]
            if reached:
                days[step] = min(reached) // SECONDS_PER_DAY
        deal = lead.second_deal if lead.second_deal_night <= night else lead.deal
        return LeadFacts(
            lead=lead,
            rep=lead.rep if lead.rep != NONE and lead.taken < end else NONE,
            answered=answered,
            yes=min(yes, default=None),
            days=days,
            deal=deal if "converted" in days else NONE,
            seen_until=end,
        )

    def _is_after_creation(self, lead: Lead, second: int) -> bool:
        if lead.created_kind == AT_TIME:
            return second >= lead.created
        return second // SECONDS_PER_DAY >= lead.created_day

    def _members(self, facts: LeadFacts) -> Iterator[tuple[str, str]]:
        """Say whose a lead is: of whom it was given to first, where they worked at its creation."""
        yield "company", "all"
        source = facts.lead.source
        yield "lead_source", UNKNOWN if source == NONE else LEAD_SOURCES[source]
        if facts.rep == NONE:
            for level in ("branch", "territory", "team", "rep"):
                yield level, UNKNOWN
            return
        number = facts.lead.number
        if number not in self._worked:
            self._worked[number] = list(self._places(facts.rep, facts.lead.created_day))
        yield from self._worked[number]

    def _places(self, rep: int, day: int) -> Iterator[tuple[str, str]]:
        people = self._company.people
        night = self._timeline.night_index(np.array([day]))
        branch = self._branch(rep, day)
        territory, team = int(people.territory[night[0], rep]), int(people.team[night[0], rep])
        yield "branch", branch_id(branch) if branch >= 0 else UNKNOWN
        yield "territory", self._company.territories.id(territory) if territory >= 0 else UNKNOWN
        yield "team", team_id(team) if team >= 0 else UNKNOWN
        yield "rep", people.id(rep)

    def _branch(self, rep: int, day: int) -> int:
        if rep == NONE:
            return NONE
        if (rep, day) not in self._branches:
            night = self._timeline.night_index(np.array([day]))
            (branch,) = self._company.branch_of(night, np.array([rep], dtype=np.int32))
            self._branches[rep, day] = int(branch)
        return self._branches[rep, day]

    def _response(self, facts: list[LeadFacts]) -> dict[str, float | int | None]:
        timed = [each for each in facts if each.is_timed]
        answers = [
            (each.lead.created, each.answered, self._branch(each.rep, each.lead.created_day))
            for each in timed
            if each.answered is not None
        ]
        by_clock = [last - first for first, last, _ in answers]
        in_business = [self._business_seconds_of(each) for each in answers]
        days = [_days(each) for each in facts if each.yes is not None]
        within = sum(seconds <= TARGET_SECONDS for seconds in in_business)
        answered = sum(each.answered is not None for each in facts)
        waited = [
            ((each.answered or each.seen_until) - each.lead.created, each.answered is not None)
            for each in timed
        ]
        half = kaplan_meier_median(waited)
        return {
            "leads": len(facts),
            "responded_leads": answered,
            "untouched_leads": len(facts) - answered,
            **_minutes("first_response_minutes", by_clock),
            **_minutes("first_response_business_minutes", in_business),
            "within_sla_leads": within,
            "sla_share": within / len(timed) if timed else None,
            "positive_responses": len(days),
            "positive_response_rate": len(days) / len(facts),
            "mean_days_to_positive_response": (
                sum(days) / len(days) / MICRO_DAYS if days else None
            ),
            "median_days_to_positive_response": median(days) / MICRO_DAYS if days else None,
            "kaplan_meier_median_first_response_minutes": None if half is None else half / 60,
            "timed_leads": len(timed),
            "timed_responses": len(answers),
        }

    def _business_seconds_of(self, answer: tuple[int, int, int]) -> int:
        if answer not in self._counted:
            self._counted[answer] = self.business_seconds(*answer)
        return self._counted[answer]

    def business_seconds(self, first: int, last: int, branch: int = NONE) -> int:
        """Count the seconds between two moments in which the company works, day by day.

        Args:
            first: The first moment.
            last: The last one.
            branch: The office that works; none for the company's own calendar.
        """
        counted = 0
        for day in range(first // SECONDS_PER_DAY, last // SECONDS_PER_DAY + 1):
            on = date_of(day)
            is_off = on in self._days_off or (branch, on) in self._days_off_of_branches
            if is_off or self._timeline.calendar.weekday(day) >= WORKDAYS:
                continue
            midnight = day * SECONDS_PER_DAY
            counted += max(0, min(last, midnight + CLOSES) - max(first, midnight + OPENS))
        return counted


def _next_slower(band: str, counted: dict[str, list[int]]) -> list[int] | None:
    """Give what was counted of the next slower band with leads."""
    if band == UNKNOWN:
        return None
    slower = BAND_NAMES[BAND_NAMES.index(band) + 1 :]
    return next((counted[each] for each in slower if each in counted), None)


def _funnel(
    facts: list[LeadFacts], wins: dict[int, tuple[int, int]] | None
) -> dict[str, float | int | None]:
    """Count leads by the steps that they have come to; without wins, these are None."""
    days = [dict(each.days) for each in facts]
    won_cents = 0
    for lead, reached in zip(facts, days, strict=True):
        closed_day, cents = (wins or {}).get(lead.deal, (NONE, 0))
        if closed_day >= lead.lead.created_day:
            reached["won"] = closed_day
            won_cents += cents
    steps = ["created", "responded", *STEPS, "won"]
    counts: dict[str, int | None] = {step: sum(step in each for each in days) for step in steps}
    if wins is None:
        counts["won"] = None
    rates: dict[str, float | None] = {}
    for name, (part, whole) in RATES.items():
        above, below = counts[part], counts[whole]
        rates[name] = above / below if above is not None and below else None
    medians: dict[str, float | None] = {}
    for start, end in WAYS:
        spans = [each[end] - each[start] for each in days if start in each and end in each]
        after = [span for span in spans if span >= 0]
        medians[f"median_days_{start}_to_{end}"] = median(after) if after else None
    return {
        "leads": len(facts),
        **{f"{step}_leads": counts[step] for step in steps[1:]},
        "won_value": None if wins is None else won_cents / 100,
        **rates,
        **medians,
    }


def _looked_at(month: Period, today: int) -> Iterator[tuple[str, int]]:
    """Say as of which days a month is looked at."""
    yield RESTATED, today
    frozen = month.end + CLOSE_LAG_DAYS
    if frozen <= today:
        yield AS_CLOSED, frozen


def _is_outreach(activity: Activity) -> bool:
    return activity.kind in OUTREACHES and activity.direction != "incoming"


def _says_yes(activity: Activity) -> bool:
    """Say whether a lead says yes: it replies, a meeting is held, or the seller says so."""
    if activity.outcome == "positive":
        return True
    is_reply = activity.direction == "incoming" and activity.kind in ("email", "call")
    return (is_reply or activity.kind == "meeting") and activity.outcome not in NOT_POSITIVE


def _days(facts: LeadFacts) -> int:
    """Give the millionths of a day from creation to the first yes; whole days without a time."""
    assert facts.yes is not None
    if facts.is_timed:
        seconds = facts.yes - facts.lead.created
        return (seconds * MICRO_DAYS + SECONDS_PER_DAY // 2) // SECONDS_PER_DAY
    return (facts.yes // SECONDS_PER_DAY - facts.lead.created_day) * MICRO_DAYS


def _minutes(name: str, seconds: list[int]) -> dict[str, float | None]:
    """Give sum, mean, median and 90th percentile of seconds in minutes."""
    millionths = [(each * MICRO_MINUTES + 30) // 60 for each in seconds]
    return {
        name: sum(millionths) / MICRO_MINUTES,
        f"mean_{name}": sum(millionths) / len(seconds) / MICRO_MINUTES if seconds else None,
        f"median_{name}": median(seconds) / 60 if seconds else None,
        f"p90_{name}": ninth_decile(seconds) / 60 if seconds else None,
    }


def ninth_decile(numbers: list[int]) -> float:
    """Give the number below which 9 of 10 are, between two of them where it lies there."""
    # numpy's takes longer than all else here, for lists as short as these.
    ordered = sorted(numbers)
    below, tenths = divmod(9 * (len(ordered) - 1), 10)
    if not tenths:
        return ordered[below]
    return ordered[below] + (ordered[below + 1] - ordered[below]) * tenths / 10


def _keys(as_of: str, cell: Cell) -> dict[str, str]:
    basis, month, level, member = cell
    return {
        "as_of_date": as_of,
        "basis": basis,
        "period_start": month,
        "level": level,
        "member_id": member,
    }


def kaplan_meier_median(waited: list[tuple[int, bool]]) -> int | None:
    """Give after how long half have come to an event, where the others were seen for so long only.

    Args:
        waited: How long each was seen, and whether the event ended it.
    """
    survival = Fraction(1)
    lengths = sorted(length for length, _ in waited)
    events = Counter(length for length, has_event in waited if has_event)
    for length, ended in sorted(events.items()):
        at_risk = len(lengths) - bisect_left(lengths, length)
        survival *= Fraction(at_risk - ended, at_risk)
        if survival <= Fraction(1, 2):
            return length
    return None


def odds_ratio(yes: int, no: int, other_yes: int, other_no: int) -> tuple[float, float, float]:
    """Give the ratio of two odds and its 95 % interval, by Woolf, with a half for zeros."""
    more = 0.0 if all((yes, no, other_yes, other_no)) else 0.5
    a, b, c, d = (each + more for each in (yes, no, other_yes, other_no))
    ratio = log(a / b) - log(c / d)
    width = TWO_SIDED_95 * sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return exp(ratio), exp(ratio - width), exp(ratio + width)
