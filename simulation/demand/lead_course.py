"""What happens to leads: when they are answered, whether they say yes and are worth a deal.

Belongs here: the events of each lead by itself. Does not: which deals there are (conversions.py).

Planted: the faster the answer, the likelier a lead qualifies, by the same odds ratio from each band
of response time to the next slower one; and some reps who are slow.
"""

import numpy as np

from simulation.company.streams import stream
from simulation.company.structure import Company
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.company.vocabulary import LEAD_SOURCES
from simulation.deals.deals import NONE
from simulation.demand.leads import (
    ACCEPTED,
    NEW,
    NURTURE,
    QUALIFIED,
    REPLIED,
    UNQUALIFIED,
    WORKING,
    Activity,
    Lead,
    Sellers,
    StatusChange,
    end_of_days,
    night_of,
    uneven,
)
from simulation.demand.work_clock import WorkClock

BAND_LIMITS = (300, 1800, 3600, 86_400)
"""Most seconds, by the clock, of each band of response time but the slowest."""
QUALIFYING_ODDS_RATIO = 2.0
"""Odds that a lead of a band qualifies over the odds of the next slower band."""
SLOWEST_ODDS = 0.1

MEDIAN_MINUTES, SLOW_MEDIAN_MINUTES = 14, 300
SLOW_REPS = 0.2
NEVER_ANSWERED, NEVER_ANSWERED_BY_SLOW = 0.06, 0.2
ANSWERED_AT_ANY_HOUR = 0.12
IN_QUEUE, STAYS_IN_QUEUE = 0.12, 0.15
WITH_AUTOMATIC_MAIL = (LEAD_SOURCES.index("website"), LEAD_SOURCES.index("advertising"))
HOUR = 3600


def qualifying_chance(seconds: int) -> float:
    """Give the chance that a lead qualifies that was answered after so many seconds."""
    faster_than = sum(seconds <= limit for limit in BAND_LIMITS)
    odds = SLOWEST_ODDS * QUALIFYING_ODDS_RATIO**faster_than
    return odds / (1 + odds)


def slow_reps(company: Company, seed: int) -> set[int]:
    """Draw the reps who take their time with leads."""
    rng = stream(seed, "slow reps")
    reps = company.people.reps
    return set(rng.choice(reps, max(1, round(SLOW_REPS * len(reps))), replace=False).tolist())


class LeadCourse:
    """Lets each lead take its course, up to the last night."""

    def __init__(self, company: Company, timeline: Timeline, seed: int) -> None:
        """Take who answers, and when they work."""
        self._timeline = timeline
        self._end = end_of_days(timeline)
        self._clock = WorkClock(company.locale)
        self._slow = slow_reps(company, seed)
        self._sellers = Sellers(company)
        self._rng = stream(seed, "lead course")

    def run(self, leads: list[Lead]) -> None:
        """Note what happens to each lead."""
        for lead in leads:
            self._welcome(lead)
            answered = self._answered(lead)
            if answered is not None:
                self._follow(lead, answered)

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _within(self, least: int, most: int) -> int:
        return int(self._rng.integers(least, most))

    def _welcome(self, lead: Lead) -> None:
        """Let a lead come in: to a rep or into the queue, and with what machines do then."""
        if self._chance(IN_QUEUE):
            if self._chance(STAYS_IN_QUEUE):
                lead.rep = NONE
            else:
                lead.taken = uneven(
                    self._clock.after_work(lead.created, self._within(300, 3 * HOUR))
                )
                if lead.taken >= self._end:
                    lead.rep = NONE
        is_taken = lead.taken == lead.created
        self._change(lead, lead.created, NEW, lead.rep if is_taken else NONE)
        if lead.source in WITH_AUTOMATIC_MAIL:
            mailed = lead.created + self._within(20, 100)
            self._act(lead, mailed, "email", "outgoing", is_automatic=True)
            if self._chance(0.06):
                # Whoever is away answers a machine by another one.
                away = mailed + self._within(5, 60)
                self._act(lead, away, "email", "incoming", "out_of_office")
        if lead.rep != NONE and self._chance(0.1):
            self._act(lead, lead.taken + self._within(10, 600), "task", "")

    def _answered(self, lead: Lead) -> int | None:
        """Give the moment at which a person first reaches out, if anybody ever does."""
        is_slow = lead.rep in self._slow
        if lead.rep == NONE or self._chance(NEVER_ANSWERED_BY_SLOW if is_slow else NEVER_ANSWERED):
            self._leave_alone(lead)
            return None
        median = SLOW_MEDIAN_MINUTES if is_slow else MEDIAN_MINUTES
        waits = max(25, int(60 * median * np.exp(1.5 * self._rng.standard_normal())))
        at_once = self._chance(ANSWERED_AT_ANY_HOUR)
        answered = lead.taken + waits if at_once else self._clock.after_work(lead.taken, waits)
        answered = uneven(answered)
        return answered if answered < self._end else None

    def _leave_alone(self, lead: Lead) -> None:
        """Let things happen that look like an answer and are none."""
        later = lead.taken + self._within(1, 5) * SECONDS_PER_DAY
        if lead.rep != NONE and self._chance(0.3):
            status = "planned" if self._chance(0.5) else "cancelled"
            self._act(lead, later, "call", "outgoing", status=status)
        if self._chance(0.3):
            self._change(lead, later + 30 * SECONDS_PER_DAY, UNQUALIFIED, lead.rep)

    def _follow(self, lead: Lead, answered: int) -> None:
        """Let a lead go its way from the first answer on."""
        by_mail = self._chance(0.65)
        outcome = "" if by_mail else ("no_answer", "left_message", "neutral")[self._within(0, 3)]
        self._act(lead, answered, "email" if by_mail else "call", "outgoing", outcome)
        self._change(lead, answered + 5, WORKING, lead.rep)
        if by_mail and self._chance(0.08):
            away = answered + self._within(5, 90)
            self._act(lead, away, "email", "incoming", "out_of_office")
        qualifies = self._chance(qualifying_chance(answered - lead.created))
        at = answered + self._within(HOUR // 2, 2 * SECONDS_PER_DAY)
        if not qualifies and not self._chance(0.2):
            self._give_up(lead, at)
            return
        at = self._say_yes(lead, uneven(at))
        if not qualifies:
            self._give_up(lead, at)
            return
        self._qualify(lead, at)

    def _say_yes(self, lead: Lead, at: int) -> int:
        """Let a lead say yes in one of several ways, and give a moment after it."""
        way = self._within(0, 10)
        if way < 5:
            self._act(lead, at, "email", "incoming", "positive" if way < 2 else "")
        elif way < 7:
            self._act(lead, at, "call", "outgoing", "positive")
        elif way < 9:
            self._act(lead, at - self._within(60, HOUR // 3), "meeting", "", "no_show")
            self._act(lead, at, "meeting", "")
        # In the other cases only the status tells.
        at += self._within(60, HOUR)
        self._change(lead, at, REPLIED, lead.rep)
        return at

    def _qualify(self, lead: Lead, at: int) -> None:
        owner = lead.rep
        if self._chance(0.5):
            at = uneven(at + self._within(HOUR, SECONDS_PER_DAY))
            self._change(lead, at, ACCEPTED, owner)
        at = uneven(at + self._within(HOUR, 4 * SECONDS_PER_DAY))
        if at >= self._end:
            return
        if lead.taken == lead.created and self._chance(0.25):
            # Some are handed to another seller; they go on counting for whoever had them first.
            owner = self._sellers.draw(at // SECONDS_PER_DAY, self._rng)
        self._change(lead, at, QUALIFIED, owner)
        lead.qualified = at

    def _give_up(self, lead: Lead, at: int) -> None:
        at = uneven(at + self._within(3, 30) * SECONDS_PER_DAY)
        if self._chance(0.6):
            self._act(lead, at - HOUR, "call", "outgoing", "negative")
            self._change(lead, at, UNQUALIFIED, lead.rep)
        elif self._chance(0.5):
            self._change(lead, at, NURTURE, lead.rep)

    def _change(self, lead: Lead, second: int, status: int, owner: int) -> None:
        if second < self._end:
            old = lead.changes[-1].status if lead.changes else NONE
            night = night_of(second, self._timeline)
            lead.changes.append(StatusChange(second, old, status, owner, night))

    def _act(
        self,
        lead: Lead,
        second: int,
        kind: str,
        direction: str,
        outcome: str = "",
        status: str = "held",
        is_automatic: bool = False,
    ) -> None:
        """Note an activity; what lies after the last night is known only where it is planned."""
        if second >= self._end and status != "planned":
            return
        # A machine's mails and what comes in before anybody has the lead are nobody's.
        is_nobodys = is_automatic or second < lead.taken or lead.rep == NONE
        owner = NONE if is_nobodys else lead.rep
        night = night_of(lead.taken if status == "planned" else second, self._timeline)
        lead.activities.append(
            Activity(uneven(second), kind, status, direction, owner, outcome, is_automatic, night)
        )
