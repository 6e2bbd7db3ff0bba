"""Quotas, and the forecasts that sellers and managers hand in, with a few that are wrong.

Belongs here: who has which target and forecasts what. Does not: what became of it (targets_key.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from simulation.company.business_calendar import QUARTER, date_of, day_number
from simulation.company.missing_ids import MISSING_USER
from simulation.company.streams import stream
from simulation.company.structure import Company, team_id
from simulation.company.structure_rows import Row
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.company.vocabulary import REPORTING_CURRENCY, WON
from simulation.deals.deals import Deals

TARGETS_SINCE = date(2024, 1, 1)
"""There have been targets since the quarter that this day lies in."""
RAMP_DAYS = 180
LEAST_TARGET = 20_000_00
NO_RATE, NO_QUARTER = "XAF", timedelta(days=14)
"""A currency that nobody publishes a rate for, and a shift that leaves the first of a quarter."""


@dataclass(frozen=True)
class Quota:
    """A target for one quarter.

    Attributes:
        member: Id of the rep, team or territory, as `level` says.
        cents: In hundredths of `currency`; empty means the reporting currency.
        first_night: Night whose extract shows it first.
        last_night: Last night that does.
        problem: What is wrong with it, in the warehouse's words; empty if nothing is.
    """

    quota_id: str
    level: str
    member: str
    quarter: date
    kind: str
    version: int
    cents: int
    currency: str = ""
    first_night: int = 1
    last_night: int = 127
    problem: str = ""

    def row(self) -> Row:
        """Give the row of an extract."""
        of_level = {"rep": "", "team": "", "territory": ""} | {self.level: self.member}
        return (
            self.quota_id,
            *of_level.values(),
            "quarter",
            self.quarter.isoformat(),
            self.kind,
            str(self.version) if self.version else "",
            _money(self.cents),
            self.currency,
        )


@dataclass(frozen=True)
class Submission:
    """A forecast for one quarter.

    Attributes:
        team: Id of the team that a manager names; empty where it is the manager's own.
        member: Id of whom the forecast is of.
        cents: In hundredths of `currency`; empty means the reporting currency.
        second: When it was handed in, in seconds since 1970.
        night: Night whose extract tells it.
        problem: What is wrong with it, in the warehouse's words; empty if nothing is.
    """

    submission_id: str
    submitter: str
    level: str
    team: str
    member: str
    quarter: date
    category: str
    cents: int
    second: int
    night: int
    currency: str = ""
    problem: str = ""

    def row(self) -> Row:
        """Give the row of an extract."""
        at = datetime.fromtimestamp(self.second, UTC)
        return (
            self.submission_id,
            self.submitter,
            self.level,
            self.team,
            "quarter",
            self.quarter.isoformat(),
            self.category,
            _money(self.cents),
            self.currency,
            f"{at:%Y-%m-%d %H:%M:%S}",
        )


@dataclass(frozen=True)
class Targets:
    """All quotas and submissions, the wrong ones among them."""

    quotas: list[Quota]
    submissions: list[Submission]

    def quota_rows(self, night: int) -> list[Row]:
        """Give the quotas that a night's extract shows."""
        return [each.row() for each in self.quotas if each.first_night <= night <= each.last_night]

    def submission_rows(self, night: int) -> list[Row]:
        """Give the submissions that a night's extract tells."""
        return [each.row() for each in self.submissions if each.night == night]


def draw_targets(
    company: Company, deals: Deals, timeline: Timeline, seed: int, per_kind: int
) -> Targets:
    """Draw targets and forecasts around what each rep has won in a usual quarter.

    Args:
        company: Who has targets.
        deals: The deals as of the first night.
        timeline: The days to cover.
        seed: Seed of all streams.
        per_kind: How many wrong ones of each kind to plant.
    """
    drawer = _Drawer(company, deals, timeline, seed)
    quotas = drawer.quotas()
    submissions = drawer.submissions()
    return Targets(
        quotas + list(_wrong_quotas(quotas, per_kind)),
        submissions + list(_wrong_submissions(submissions, per_kind)),
    )


class _Drawer:
    def __init__(self, company: Company, deals: Deals, timeline: Timeline, seed: int) -> None:
        self._company = company
        self._timeline = timeline
        self._rng = stream(seed, "targets")
        quarters = list(
            timeline.calendar.periods_until(QUARTER, day_number(TARGETS_SINCE), timeline.last_day)
        )
        self._quarters = [date_of(each.start) for each in quarters]
        self._bounds = [(each.start, each.end + 1) for each in quarters]
        self._won = self._won_by_quarter(deals, np.array([each.start for each in quarters]))
        typical = np.median(self._won[:, :-1], axis=1)
        self._typical = np.maximum(typical, LEAST_TARGET * company.locale.money)

    def _won_by_quarter(self, deals: Deals, starts: npt.NDArray) -> npt.NDArray[np.float64]:
        """Add up what each person won per quarter, about in cents of the reporting currency."""
        company = self._company
        worth = company.worths()
        counts = (deals.stage == WON) & (deals.owner >= 0) & (deals.amount > 0)
        counts &= deals.closed_day >= starts[0]
        quarter = np.searchsorted(starts, deals.closed_day[counts], side="right") - 1
        won = np.zeros((len(company.people.names), len(starts)))
        amount = deals.amount[counts] * (company.locale.money // worth[deals.currency[counts]])
        np.add.at(won, (deals.owner[counts], quarter), amount)
        return won

    def _sells(self, person: int, start: int, end: int) -> bool:
        people = self._company.people
        return bool(
            people.first_night[person] == 1
            and people.hire_day[person] < end
            and people.leave_day[person] >= start
        )

    def quotas(self) -> list[Quota]:
        """Give every rep a target per quarter, a lower one at first, and some a second version."""
        people, rng, money = self._company.people, self._rng, self._company.locale.money
        drawn: list[Quota] = []

        def add(level: str, member: str, place: int, cents: float, kind: str = "full") -> None:
            version = 1 if rng.random() < 0.9 else 0
            currency = "EUR" if rng.random() < 0.08 else ""
            steps = max(1, round(cents / money / 50_000))
            drawn.append(
                Quota(
                    f"QU-{len(drawn) + 1:06d}",
                    level,
                    member,
                    self._quarters[place],
                    kind,
                    version,
                    steps * 50_000 * self._company.locale.worth(currency),
                    currency,
                )
            )

        for person in people.reps.tolist():
            for place, (start, end) in enumerate(self._bounds):
                if not self._sells(person, start, end):
                    continue
                target = float(self._typical[person]) * rng.uniform(0.8, 1.3)
                add("rep", people.id(person), place, target)
                if start - people.hire_day[person] < RAMP_DAYS:
                    add("rep", people.id(person), place, target / 2, "ramped")
        last_two = range(max(0, len(self._quarters) - 2), len(self._quarters))
        for place in last_two:
            add("team", team_id(0), place, 8 * float(np.median(self._typical)))
            leaf = int(self._company.territories.leaves[0])
            add("territory", self._company.territories.id(leaf), place, 500_000_00 * money)
        corrected = [each for each in drawn if each.version == 1 and rng.random() < 0.05]
        for number, quota in enumerate(corrected):
            # Every other correction comes with the second night.
            drawn.append(
                replace(
                    quota,
                    quota_id=f"QU-{len(drawn) + 1:06d}",
                    version=2,
                    cents=quota.cents * 11 // 10,
                    first_night=1 + number % 2,
                )
            )
        dropped = drawn.index(max(drawn, key=lambda each: (each.level == "rep", each.quarter)))
        drawn[dropped] = replace(drawn[dropped], last_night=2)
        return drawn

    def submissions(self) -> list[Submission]:
        """Let reps forecast weekly, managers every other week and the head of sales monthly."""
        people = self._company.people
        teams = len(self._company.team_names)
        drawn: list[Submission] = []
        for place, (start, end) in enumerate(self._bounds):
            for person in people.reps.tolist():
                if self._sells(person, start, end):
                    worth = self._worth(
                        float(self._won[person, place]), float(self._typical[person])
                    )
                    drawn += self._forecasts(person, "rep", place, worth, 7, len(drawn))
            by_team = people.team[0, people.reps]
            for team in range(teams):
                members = people.reps[by_team == team]
                worth = self._worth(
                    float(self._won[members, place].sum()), float(self._typical[members].sum())
                )
                drawn += self._forecasts(1 + team, "team", place, worth, 14, len(drawn))
            worth = self._worth(
                float(self._won[:, place].sum()), float(self._typical[people.reps].sum())
            )
            drawn += self._forecasts(0, "company", place, worth, 28, len(drawn))
        return drawn

    def _worth(self, won: float, typical: float) -> float:
        return max(won, typical / 4)

    def _forecasts(
        self, person: int, level: str, place: int, worth: float, every: int, number: int
    ) -> Iterator[Submission]:
        """Give one person's forecasts of a quarter, better the nearer its end is."""
        people, rng = self._company.people, self._rng
        start, end = self._bounds[place]
        team = int(people.team[0, person])
        for day in range(start - 14 + person % 7, end, every):
            night = max(1, day - self._timeline.business_day(1) + 1)
            if day > self._timeline.last_day or rng.random() < 0.15:
                continue
            if not people.hire_day[person] <= day <= people.leave_day[person]:
                continue
            spread = 0.1 + 0.5 * (end - day) / 90
            cents = round(worth * float(np.exp(spread * rng.standard_normal())))
            second = day * SECONDS_PER_DAY + int(rng.integers(8 * 3600, 18 * 3600))
            names_team = level == "team" and rng.random() < 0.5
            for category, factor in (("commit", 1.0), ("best_case", 1.3)):
                number += 1
                yield Submission(
                    f"FS-{number:07d}",
                    people.id(person),
                    level,
                    team_id(team) if names_team else "",
                    {"rep": people.id(person), "team": team_id(team)}.get(level, "all"),
                    self._quarters[place],
                    category,
                    round(cents * factor),
                    second,
                    night,
                    REPORTING_CURRENCY if rng.random() < 0.5 else "",
                )
                if level != "rep":
                    break


def _wrong_quotas(quotas: list[Quota], per_kind: int) -> Iterator[Quota]:
    """Give targets of nobody, of no quarter, in a currency without rate, and a second one each."""
    # The one that is taken out of the extracts again would take its wrong twin along.
    models = [
        each
        for each in quotas
        if each.level == "rep" and each.kind == "full" and each.last_night == Quota.last_night
    ]
    for number, model in enumerate(models[: 4 * per_kind]):
        wrong = replace(model, quota_id=f"QU-9{number:05d}", cents=model.cents + 1_000_00)
        match number % 4:
            case 0:
                yield replace(wrong, member=MISSING_USER, problem="unknown_member")
            case 1:
                yield replace(wrong, quarter=model.quarter + NO_QUARTER, problem="no_such_period")
            case 2:
                yield replace(wrong, currency=NO_RATE, kind="ramped", problem="no_exchange_rate")
            case _:
                yield replace(wrong, problem="overlap")


def _wrong_submissions(submissions: list[Submission], per_kind: int) -> Iterator[Submission]:
    """Give forecasts of nobody, of no quarter, in a currency without rate, and twice a second."""
    models = [each for each in submissions if each.level == "rep" and each.night == 1]
    for number, model in enumerate(models[: 4 * per_kind]):
        wrong = replace(model, submission_id=f"FS-9{number:06d}", cents=model.cents + 500_00)
        match number % 4:
            case 0:
                yield replace(
                    wrong, submitter=MISSING_USER, member="unknown", problem="unknown_member"
                )
            case 1:
                yield replace(wrong, quarter=model.quarter + NO_QUARTER, problem="no_such_period")
            case 2:
                yield replace(wrong, currency=NO_RATE, problem="no_exchange_rate")
            case _:
                yield replace(wrong, problem="same_second")


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
