"""A company that is made up by chance, with people who come, go, move and are paid late.

Belongs here: what a payroll, an HR and a CRM system would tell of such a company, night after night,
and what its people are truly paid. Does not belong here: how the warehouse is asked or attacked.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from warehouse_testbed import ChangeLogOfTest

END = date(2026, 1, 1)
FIRST_NIGHT = datetime(2026, 1, 5, 23)
SECOND_NIGHT = datetime(2026, 1, 6, 23)
# Payroll is first landed in this month; the months before are told all at once.
FIRST_LANDED = 4
CLASSES = {"salary": "fixed", "bonus": "variable", "social": "employer_cost", "tax": "deduction"}


def month_starts(months: int) -> list[date]:
    """Gives the first days of the company's months, of which the last ends with 2025."""
    end = END.year * 12 + END.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(end - months, end)]


@dataclass
class Person:
    """Somebody who is paid from the month `joins` until before `leaves`."""

    number: int
    joins: int
    leaves: int
    salary: int
    luck: float
    place: tuple[str, str, str]
    raise_in: int | None = None
    # Month of a move, the place moved to, and the months until HR tells of it.
    move: tuple[int, tuple[str, str, str], int] | None = None
    is_in_hr: bool = True
    is_sales: bool = True

    @property
    def worker_id(self) -> str:
        return f"W{self.number}"

    @property
    def employee_id(self) -> str:
        return f"E{self.number}"


@dataclass
class PaidCompany:
    """A company and what its systems tell each night.

    Args:
        seed: What chance begins with.
        size: Reps on the first day.
        turnover: Share of the reps who leave, and who join, in a month.
        is_steady: Whether salaries never change and nothing is told late, so that all that differs
            between months is who is there.
        months: How many months it is paid in.
    """

    seed: int
    size: int
    turnover: float
    is_steady: bool = False
    months: int = 18
    people: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._starts = month_starts(self.months)
        self._random = random.Random(self.seed)
        teams = max(2, self.size // 9)
        self._places = [
            (f"B{team % max(2, self.size // 40)}", f"T{team}", f"X{territory}")
            for team in range(teams)
            for territory in ({team % 3, (team + 1) % 3} if team % 2 else {team % 3})
        ]
        for _ in range(self.size):
            self._hire(0)
        for month in range(1, self.months):
            for _ in range(self._by_chance(self.size * self.turnover)):
                self._hire(month)
        star = self.people[1]
        star.luck, star.leaves, star.move = self.size / 2, self.months, None
        self.people[2].salary = 30_000

    def _by_chance(self, expected: float) -> int:
        return int(expected) + (self._random.random() < expected % 1)

    def _hire(self, month: int) -> None:
        chance = self._random
        stays = int(chance.expovariate(max(self.turnover, 0.0001))) + 1
        person = Person(
            number=len(self.people),
            joins=month,
            leaves=min(month + stays, self.months),
            salary=chance.randrange(2_000, 9_000),
            luck=chance.lognormvariate(0, 0.7),
            place=chance.choice(self._places),
            is_in_hr=chance.random() < 0.9,
            is_sales=chance.random() < 0.95,
        )
        if not self.is_steady and chance.random() < 0.2:
            person.raise_in = chance.randrange(self.months)
        if person.is_in_hr and chance.random() < 0.2 and person.leaves - month > 2:
            moves_in = chance.randrange(month + 1, person.leaves)
            late = 0 if self.is_steady else chance.choice([0, 0, 1, 3, 30])
            person.move = (moves_in, chance.choice(self._places), late)
        self.people.append(person)

    def tell_first_night(self, log: ChangeLogOfTest) -> None:
        """Lands all that was told until the first night."""
        self._tell_reference(log)
        self._lines = dict(self._true_lines())
        self._told_in = {line: max(month, FIRST_LANDED) for line, (month, _) in self._lines.items()}
        changed: dict[int, list[str]] = defaultdict(list)
        if not self.is_steady:
            for line, (month, _) in self._lines.items():
                fate = self._random.random()
                if fate < 0.02:
                    self._told_in[line] = max(month, FIRST_LANDED) + self._random.randrange(1, 4)
                elif fate < 0.04:
                    changed[self._told_in[line] + self._random.randrange(1, 4)].append(line)
        for month in range(FIRST_LANDED, self.months):
            at = self._end_of(month)
            self._tell_hr(log, month, at)
            told = [line for line, when in self._told_in.items() if when == month]
            self._tell_lines(log, at, told, 1)
            self._tell_lines(log, at + timedelta(minutes=1), changed[month], 2)
        self._tell_now(log, FIRST_NIGHT)

    def tell_second_night(self, log: ChangeLogOfTest) -> None:
        """Lands what a night tells of the past: late lines, other amounts, vanished lines, moves."""
        late = [line for line, when in self._told_in.items() if when >= self.months]
        told = sorted(line for line, when in self._told_in.items() if when < self.months)
        self._tell_lines(log, SECOND_NIGHT, late, 1)
        if not self.is_steady:
            self._tell_lines(log, SECOND_NIGHT, self._random.sample(told, 3), 3)
            gone = self._random.sample(told, 3)
            log.add("pay_lines", SECOND_NIGHT + timedelta(minutes=1), source="payroll",
                    deleted=[{"pay_line_id": line} for line in gone])  # fmt: skip
            mover = next(p for p in self.people if p.is_in_hr and p.leaves == self.months)
            position = self._position(mover, self._starts[0], self._random.choice(self._places))
            log.add("positions", SECOND_NIGHT, [position], source="hr")
        self._tell_now(log, SECOND_NIGHT)

    def _true_lines(self) -> Iterator[tuple[str, tuple[int, dict[str, object]]]]:
        """Gives each pay line's id, the month it is paid in, and the line."""
        for person in self.people:
            for month in range(person.joins, person.leaves):
                salary = person.salary
                if person.raise_in is not None and month >= person.raise_in:
                    salary = round(salary * 1.04)
                bonus = round(self._random.lognormvariate(6, 0.8) * person.luck, 2)
                social = round((salary + bonus) * 0.2, 2)
                amounts = {"salary": salary, "bonus": bonus, "social": social, "tax": -salary / 4}
                for code, amount in amounts.items():
                    line = f"{person.employee_id}-{month}-{code}"
                    yield line, (month, {
                        "pay_line_id": line, "pay_run_id": f"R{month}", "earning_code": code,
                        "employee_id": person.employee_id, "pay_amount": amount,
                    })  # fmt: skip

    def _tell_lines(
        self, log: ChangeLogOfTest, at: datetime, lines: list[str], factor: int
    ) -> None:
        rows = [
            {**self._lines[line][1], "pay_amount": self._amount(line) * factor} for line in lines
        ]
        if rows:
            log.add("pay_lines", at, rows, source="payroll")

    def _amount(self, line: str) -> Decimal:
        return Decimal(str(self._lines[line][1]["pay_amount"]))

    def _tell_reference(self, log: ChangeLogOfTest) -> None:
        at = self._end_of(FIRST_LANDED)
        branches, teams, territories = (sorted({p[n] for p in self._places}) for n in range(3))
        log.add("branches", at, [{"branch_id": b, "branch_name": b} for b in branches])
        log.add("teams", at, [{"team_id": t, "team_name": t} for t in teams])
        log.add("territories", at, [{"territory_id": t, "territory_name": t} for t in territories])
        log.add("earning_codes", at, [{"earning_code": code, "earning_class": kind}
                                      for code, kind in CLASSES.items()], source="payroll")  # fmt: skip
        starts = self._starts
        ends = [(start + timedelta(days=31)).replace(day=1) - timedelta(days=1) for start in starts]
        log.add("pay_periods", at, [
            {"pay_period_id": f"P{n}", "period_start": start, "period_end": end}
            for n, (start, end) in enumerate(zip(starts, ends, strict=True))
        ], source="payroll")  # fmt: skip
        log.add("pay_runs", at, [
            {"pay_run_id": f"R{n}", "pay_period_id": f"P{n}", "paid_on": end - timedelta(days=3)}
            for n, end in enumerate(ends)
        ], source="payroll")  # fmt: skip

    def _tell_hr(self, log: ChangeLogOfTest, month: int, at: datetime) -> None:
        is_first = month == FIRST_LANDED
        new = [p for p in self.people if p.joins == month or (is_first and p.joins < month)]
        log.add("employees", at, [
            {"employee_id": p.employee_id, "employee_number": f"N{p.number}"} for p in new
        ], source="payroll")  # fmt: skip
        in_hr = [p for p in new if p.is_in_hr]
        log.add("workers", at, [
            {"worker_id": p.worker_id, "employee_number": f"N{p.number}",
             "hired_on": self._starts[p.joins]} for p in in_hr
        ], source="hr")  # fmt: skip
        positions = [self._position(p, self._starts[p.joins], p.place) for p in in_hr]
        for person in self.people:
            if person.move:
                moves_in, place, late = person.move
                if max(moves_in + late, FIRST_LANDED) == month:
                    positions.append(self._position(person, self._starts[moves_in], place))
        log.add("positions", at, positions, source="hr")
        log.add("users", at, [
            {"user_id": f"U{p.number}", "user_name": f"U{p.number}", "branch_id": p.place[0],
             "employee_number": f"N{p.number}", "team_id": p.place[1], "territory_id": p.place[2]}
            for p in new if not p.is_in_hr
        ])  # fmt: skip

    def _position(
        self, person: Person, day: date, place: tuple[str, str, str]
    ) -> dict[str, object]:
        branch, team, territory = place
        return {
            "worker_id": person.worker_id, "effective_from": day, "branch_id": branch,
            "team_id": team, "territory_id": territory, "is_sales": person.is_sales,
        }  # fmt: skip

    def _tell_now(self, log: ChangeLogOfTest, night: datetime) -> None:
        log.add("opportunities", night)

    def _end_of(self, month: int) -> datetime:
        start = self._starts[month]
        return datetime.combine(
            (start + timedelta(days=31)).replace(day=1), datetime.min.time()
        ) - timedelta(hours=2)

    def salary_of(self, person_id: str) -> int:
        """Gives the salary of a person, such as hr:W7 or payroll:E7."""
        return self.people[int(person_id.split(":")[1][1:])].salary

    def true_cost(self) -> dict[date, Decimal]:
        """Gives the cost of all reps by month of payment, as payroll first told it."""
        reps = {p.employee_id for p in self.people if p.is_sales or not p.is_in_hr}
        costs: dict[date, Decimal] = defaultdict(Decimal)
        for month, line in self._lines.values():
            if line["employee_id"] in reps and line["earning_code"] != "tax":
                costs[self._starts[month]] += Decimal(str(line["pay_amount"]))
        return dict(costs)
