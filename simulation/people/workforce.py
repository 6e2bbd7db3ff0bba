"""Who works for the company as HR has them: employment, positions, pay agreed, and odd records.

Belongs here: workers, positions and compensation, and which of them contradict each other. Does
not: their time (working_time.py), hiring (hiring.py) and what payroll makes of them (payroll.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from simulation.company.business_calendar import day_number
from simulation.company.streams import stream
from simulation.company.structure import NOBODY, Company, branch_id, team_id
from simulation.company.timeline import Timeline
from simulation.company.vocabulary import COUNTRY_CURRENCY, CURRENCIES, FAMILY_NAMES, GIVEN_NAMES
from simulation.people.people_tables import Shown, day_text, money_text

RAISE_DAY = day_number(date(2025, 1, 1))
PART_TIME_DAY = day_number(date(2025, 7, 1))
NEW_MANAGER_DAY = day_number(date(2025, 3, 1))
CURRENCY_PAY = (1.0, 0.85, 0.75, 1.2)
"""How much of each currency of CURRENCIES makes a usual salary, by the one in dollars."""


@dataclass(frozen=True)
class Position:
    """Where somebody works from a day on; codes as in the company, NOBODY for none."""

    since: int
    branch: int
    team: int
    territory: int
    manager: str
    fte: str = "1"
    first_night: int = 1
    until: int | None = None


@dataclass
class Worker:
    """One record of HR.

    Attributes:
        person: Place among the CRM's people; NOBODY for those without a user.
        hired: First day of work.
        exited: Last day of work; None while none is known.
        exit_night: Night whose extract first tells of the exit.
        status: What HR says instead of what follows from the days; empty for most.
        crosswalk: Id across systems, where the crosswalk names the record.
        base: Agreed yearly salary in cents of the place's currency, before and after the raise.
    """

    worker_id: str
    person: int
    name: str
    number: str
    email: str
    hired: int
    country: str
    positions: list[Position]
    job: str = "analyst"
    is_sales: str = "false"
    exited: int | None = None
    exit_night: int = 1
    status: str = ""
    crosswalk: str = ""
    base: tuple[int, int] = (0, 0)
    variable: int = 0
    first_night: int = 1

    @property
    def currency(self) -> int:
        """The currency of the worker's country, as an index in CURRENCIES."""
        return CURRENCIES.index(COUNTRY_CURRENCY[self.country])

    @property
    def sells(self) -> bool:
        """Whether the job is to sell, as a reader has to take it."""
        return self.is_sales == "true" or (not self.is_sales and self.person != NOBODY)

    def employed_on(self, day: int) -> bool:
        """Whether a day lies within the employment."""
        return self.hired <= day and (self.exited is None or day <= self.exited)

    def position_on(self, day: int) -> Position:
        """Give the position held on a day of the employment."""
        return [each for each in self.positions if each.since <= max(day, self.hired)][-1]

    def base_on(self, day: int) -> int:
        """Give the yearly salary that is agreed for a day."""
        return self.base[1] if day >= RAISE_DAY else self.base[0]


@dataclass
class Workforce:
    """Everyone, and the records that are special.

    Attributes:
        workers: The records as the last night has them.
        former: Rows of workers that only earlier nights showed, where an id was used again.
        earlier: First employments of those who came back under the same id.
        unlisted: CRM people whom HR does not know.
        unpaid: Worker ids that payroll does not know.
        clock_only: Worker who never says what the time went into.
        before_hire: CRM person whom HR hired after a first win.
        after_exit: CRM person who left before a last win.
        paid_after_exit: Worker whose salary went on after the exit.
        double_base: Workers with two base salaries at once.
    """

    workers: list[Worker] = field(default_factory=list)
    former: list[Shown] = field(default_factory=list)
    earlier: list[Worker] = field(default_factory=list)
    unlisted: list[int] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)
    clock_only: str = ""
    before_hire: int = NOBODY
    after_exit: int = NOBODY
    paid_after_exit: str = ""
    double_base: list[str] = field(default_factory=list)

    def by_person(self) -> dict[int, Worker]:
        """Give the worker of each person of the CRM that has one."""
        return {each.person: each for each in self.workers if each.person != NOBODY}


def build_workforce(
    company: Company,
    wins: Mapping[int, list[int]],
    timeline: Timeline,
    seed: int,
    per_kind: int,
) -> Workforce:
    """Draw HR's records of the CRM's people and of a back office.

    Args:
        company: The CRM's people and where they sell.
        wins: Per person, the days on which deals were won whose commission was paid by now.
        timeline: The days and nights.
        seed: Seed of all streams.
        per_kind: How many odd records of each kind to plant.
    """
    rng = stream(seed, "workforce")
    builder = _Builder(company, timeline, rng)
    force = Workforce()
    steady = builder.steady_reps()
    force.unlisted = steady[:1]
    for person in range(len(company.people.names)):
        if person not in force.unlisted:
            force.workers.append(builder.worker(person))
    of_person = force.by_person()
    force.unpaid.append(of_person[steady[1]].worker_id)
    force.clock_only = of_person[steady[2]].worker_id
    _shift_employments(force, company, wins, timeline, set(steady[:2]))
    builder.add_back_office(force)
    paid = [each for each in force.workers if each.base[0] and each.hired < RAISE_DAY - 400]
    chosen = rng.permutation(len(paid))[:per_kind]
    force.double_base = sorted(paid[each].worker_id for each in chosen)
    return force


def _shift_employments(
    force: Workforce,
    company: Company,
    wins: Mapping[int, list[int]],
    timeline: Timeline,
    taken: set[int],
) -> None:
    """Let somebody have won before the first day of work, and somebody after the last one."""
    people, of_person = company.people, force.by_person()
    able = [each for each in people.reps.tolist() if each in of_person and each not in taken]
    by_hire = sorted(able, key=lambda each: -people.hire_day[each])
    for person in by_hire:
        days = sorted(set(wins.get(person, [])))
        if len(days) >= 2 and people.leave_day[person] > timeline.last_day:
            worker = of_person[person]
            worker.hired = days[0] + 1
            worker.positions = [replace(worker.positions[0], since=worker.hired)] + [
                each for each in worker.positions[1:] if each.since > worker.hired
            ]
            force.before_hire = person
            break
    # A leaver before one who stays: the CRM need not know of the exit.
    by_exit = sorted(able, key=lambda each: people.leave_day[each])
    for person in by_exit:
        days = sorted(set(wins.get(person, [])))
        worker = of_person[person]
        if person != force.before_hire and len(days) >= 2 and days[-1] - 1 >= worker.hired:
            worker.exited, worker.exit_night = days[-1] - 1, 1
            force.after_exit = person
            break


class _Builder:
    def __init__(self, company: Company, timeline: Timeline, rng: np.random.Generator) -> None:
        self._company = company
        self._timeline = timeline
        self._rng = rng

    def steady_reps(self) -> list[int]:
        """Give the reps who were there all along and stay where they are."""
        people = self._company.people
        return [
            person
            for person in people.reps.tolist()
            if people.first_night[person] == 1
            and people.leave_day[person] > self._timeline.last_day
            and len(set(people.team[:, person].tolist())) == 1
        ]

    def worker(self, person: int) -> Worker:
        """Give HR's record of a person of the CRM."""
        people, timeline, rng = self._company.people, self._timeline, self._rng
        branch = self._branch(0, person)
        country = self._company.places[branch].country
        hired, left = int(people.hire_day[person]), int(people.leave_day[person])
        role = people.roles[person]
        base = {"head of sales": 180_000, "sales manager": 96_000}.get(role, 52_000)
        currency = CURRENCIES.index(COUNTRY_CURRENCY[country])
        yearly = round(base * CURRENCY_PAY[currency] * rng.uniform(0.9, 1.15)) // 120 * 120 * 100
        yearly *= self._company.worth(currency)
        has_left = left <= timeline.last_day
        return Worker(
            worker_id=worker_id(person),
            person=person,
            name=people.names[person],
            number=f"E-{person + 1001}",
            email=people.email(person),
            hired=hired,
            country=country,
            positions=self._positions(person, hired),
            job=role,
            is_sales="true" if role == "sales rep" else "",
            exited=left if has_left else None,
            exit_night=max(1, left - timeline.business_day(1) + 1) if has_left else 1,
            base=(yearly, yearly * 104 // 100 // 1200 * 1200),
            variable=yearly // 2 if role == "sales rep" else yearly // 5,
        )

    def _positions(self, person: int, hired: int) -> list[Position]:
        """Give where somebody worked, as the CRM shows it, and how much, which only HR knows."""
        people, timeline, rng = self._company.people, self._timeline, self._rng
        first = self._position(0, person, hired)
        positions = [first]
        if (
            people.team[0, person] == 0
            and hired < NEW_MANAGER_DAY
            and people.roles[person] == ("sales rep")
        ):
            # The head of sales led the team herself at first.
            positions = [
                replace(first, manager=worker_id(0)),
                replace(first, since=NEW_MANAGER_DAY),
            ]
        share = rng.random()
        if people.roles[person] == "sales rep" and share < 0.16:
            fte = "0.5" if share < 0.06 else "0.8"
            since = max(positions[-1].since, PART_TIME_DAY) if share < 0.11 else hired
            positions = [
                replace(each, fte=fte) if each.since >= since else each for each in positions
            ]
            if all(each.since < since for each in positions):
                positions.append(replace(positions[-1], since=since, fte=fte))
        for night in range(2, timeline.nights + 1):
            moved = self._position(night - 1, person, timeline.business_day(night))
            moved = replace(moved, fte=positions[-1].fte, first_night=night)
            last = positions[-1]
            if (moved.team, moved.branch, moved.territory) != (
                last.team,
                last.branch,
                last.territory,
            ):
                positions.append(moved)
        return positions

    def _position(self, state: int, person: int, since: int) -> Position:
        people = self._company.people
        manager = int(people.manager[state, person])
        return Position(
            since,
            self._branch(state, person) if people.team[state, person] >= 0 else NOBODY,
            int(people.team[state, person]),
            int(people.territory[state, person]),
            worker_id(manager) if manager >= 0 else "",
        )

    def _branch(self, state: int, person: int) -> int:
        branch = self._company.branch_of(np.array([state]), np.array([person], dtype=np.int32))
        return max(0, int(branch[0]))

    def add_back_office(self, force: Workforce) -> None:
        """Add people without a CRM user, among them those whose records are odd."""
        office = _BackOffice(self._company, self._timeline, self._rng)
        lead = office.hire("finance lead", date(2019, 5, 6), crosswalk="PE-9001")
        # The same person once more, under a second id that some report to.
        double = replace(
            lead,
            worker_id=office.next_id(),
            hired=day_number(date(2022, 3, 1)),
            number="",
            email="",
        )
        double.positions = [replace(double.positions[0], since=double.hired)]
        staff = [
            office.hire("analyst", date(2021 + each % 4, 2 + each, 3), manager=manager.worker_id)
            for each, manager in enumerate([lead, double, lead, double, lead, lead])
        ]
        moved = staff[0]
        moved.positions.append(
            replace(moved.positions[0], since=day_number(date(2025, 9, 1)), branch=1)
        )
        before = office.hire("support agent", date(2019, 9, 2), crosswalk="PE-9002")
        before.exited = day_number(date(2022, 6, 30))
        again = replace(
            before,
            worker_id=office.next_id(),
            number=office.next_number(),
            email="",
            hired=day_number(date(2024, 2, 5)),
            exited=None,
        )
        again.positions = [replace(again.positions[0], since=again.hired)]
        twins = [office.hire("recruiter", date(2023, 4, 3)) for _ in range(2)]
        twins[1].number = twins[0].number
        unpaid = office.hire("intern", date(2025, 10, 1))
        force.unpaid.append(unpaid.worker_id)
        stale = office.hire("support agent", date(2021, 8, 2))
        stale.exited, stale.status = day_number(date(2025, 9, 30)), "active"
        gone = office.hire("support agent", date(2022, 1, 10))
        gone.exited = day_number(date(2025, 6, 30))
        force.paid_after_exit = gone.worker_id
        seller = office.hire("sales rep", date(2024, 6, 3))
        seller.is_sales = "true"
        seller.positions = [replace(seller.positions[0], team=0, territory=NOBODY)]
        force.workers += [lead, double, *staff, before, again, *twins, unpaid, stale, gone, seller]
        if self._timeline.nights > 1:
            self._add_returned(force, office)

    def _add_returned(self, force: Workforce, office: "_BackOffice") -> None:
        """Add somebody who comes back under the same id, and an id that goes to somebody else."""
        back_on = self._timeline.business_day(2)
        for is_same in (True, False):
            old = office.hire("analyst", date(2020, 3, 2))
            old.exited = day_number(date(2023, 10, 31))
            new = replace(old, hired=back_on, exited=None, first_night=2)
            if not is_same:
                name, number, email = office.identity()
                new = replace(new, name=name, number=number, email=email)
            new.positions = [replace(old.positions[0], since=back_on, first_night=2)]
            if is_same:
                force.earlier.append(old)
                new.positions.insert(0, replace(old.positions[0], until=old.exited + 1))
            force.former += [each.until(2) for each in worker_rows([old], self._timeline)]
            force.workers.append(new)


class _BackOffice:
    """Hires people without a CRM user, each under ids of their own."""

    def __init__(self, company: Company, timeline: Timeline, rng: np.random.Generator) -> None:
        self._company = company
        self._rng = rng
        self._hired = 0
        self._taken = set(company.people.names)

    def next_id(self) -> str:
        self._hired += 1
        return f"W-9{self._hired:03d}"

    def next_number(self) -> str:
        self._hired += 1
        return f"E-9{self._hired:03d}"

    def identity(self) -> tuple[str, str, str]:
        """Give a name that nobody in the CRM has, an employee number and an address."""
        name = next(iter(self._taken))
        while name in self._taken:
            given, family = self._rng.choice(GIVEN_NAMES), self._rng.choice(FAMILY_NAMES)
            name = f"{given} {family}"
        self._taken.add(name)
        number = self.next_number()
        return name, number, f"{number.lower()}@demo.example"

    def hire(self, job: str, on: date, manager: str = "", crosswalk: str = "") -> Worker:
        name, number, email = self.identity()
        hired = day_number(on)
        place = self._company.places[0]
        yearly = (38_000 + 400 * self._hired) // 120 * 120 * 100 * self._company.locale.money
        return Worker(
            worker_id=self.next_id(),
            person=NOBODY,
            name=name,
            number=number,
            email=email,
            hired=hired,
            country=place.country,
            positions=[Position(hired, 0, NOBODY, NOBODY, manager)],
            job=job,
            crosswalk=crosswalk,
            base=(yearly, yearly * 104 // 100 // 1200 * 1200),
        )


def worker_id(person: int) -> str:
    """Give HR's id of a person of the CRM."""
    return f"W-{person + 1:04d}"


def worker_rows(workers: list[Worker], timeline: Timeline) -> list[Shown]:
    """Give the rows of workers, with the nights on which they learn of joining and leaving."""
    shown = []
    for worker in workers:
        joins = max(1, worker.hired - timeline.business_day(1) + 1)
        stages: dict[int, tuple[str, int | None]] = {worker.first_night: ("active", None)}
        if joins > 1 and worker.first_night == 1:
            stages = {1: ("future", None), joins: ("active", None)}
        if worker.exited is not None:
            stages[max(worker.first_night, worker.exit_night)] = ("terminated", worker.exited)
        nights = sorted(stages)
        for place, night in enumerate(nights):
            status, exited = stages[night]
            row = (
                worker.worker_id,
                worker.name,
                worker.number,
                worker.email,
                "contractor" if worker.job == "intern" else "employee",
                worker.status or status,
                day_text(worker.hired),
                day_text(exited),
                "resigned" if exited else "",
                worker.country,
            )
            last = nights[place + 1] - 1 if place + 1 < len(nights) else 127
            shown.append(Shown(row, night, last))
    return shown


def position_rows(workers: list[Worker], company: Company) -> list[Shown]:
    """Give the rows of positions; each holds until the next one begins."""
    territories = company.territories
    return [
        Shown(
            (
                worker.worker_id,
                day_text(position.since),
                day_text(position.until),
                worker.job,
                "sales" if worker.sells else "office",
                position.manager,
                branch_id(position.branch) if position.branch >= 0 else "",
                team_id(position.team) if position.team >= 0 else "",
                territories.id(position.territory) if position.territory >= 0 else "",
                position.fte,
                worker.is_sales,
            ),
            max(worker.first_night, position.first_night),
        )
        for worker in workers
        for position in worker.positions
    ]


def compensation_rows(workers: list[Worker], double_base: list[str]) -> list[Shown]:
    """Give what pay was agreed; for some, the salary before the raise ends too late."""
    shown = []
    for worker in workers:
        currency = CURRENCIES[worker.currency] if worker.currency else ""

        def add(
            component: str, cents: int, since: int, until: int | None, of: Worker = worker,
            code: str = currency,
        ) -> None:  # fmt: skip
            shown.append(
                Shown(
                    (
                        f"CO-{len(shown) + 1:05d}",
                        of.worker_id,
                        component,
                        money_text(cents),
                        "year" if len(shown) % 3 else "",
                        code,
                        day_text(since),
                        day_text(until),
                    ),
                    of.first_night,
                )
            )

        if worker.hired < RAISE_DAY:
            until = RAISE_DAY + 60 if worker.worker_id in double_base else None
            add("base", worker.base[0], worker.hired, until)
            add("base", worker.base[1], RAISE_DAY, None)
        else:
            add("base", worker.base[1], worker.hired, None)
        if worker.variable:
            add("on_target_variable", worker.variable, worker.hired, None)
    return shown
