"""Payroll: whom it knows by what, its runs, and the lines of salaries and what goes with them.

Belongs here: the books of payroll and lines of fixed pay. Does not: commission lines and what is
wrong with them (commission_pay.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from simulation.company.business_calendar import (
    MONTH,
    BusinessCalendar,
    Period,
    date_of,
    day_number,
)
from simulation.company.currencies import RATE_UNIT
from simulation.company.locales import Locale
from simulation.company.vocabulary import CURRENCIES
from simulation.people.commission import half_up
from simulation.people.people_tables import Row, Shown, day_text, money_text
from simulation.people.workforce import Workforce

PAID_SINCE = date(2025, 1, 1)
"""Payroll has paid since the month that this day lies in."""
PAY_DAY = 27
"""Days after the first of a month on which it is paid."""
SALARY, COMMISSION, BONUS, SOCIAL, TAX = "SAL", "COM", "BON", "SOC", "TAX"
UNKNOWN_CODE, MISSING_RUN = "XTR", "PR-0000-00"
EARNING_CODES: tuple[Row, ...] = (
    (SALARY, "Salary", "fixed", "false"),
    (COMMISSION, "Commission", "variable", "true"),
    (BONUS, "Bonus", "variable", ""),
    (SOCIAL, "Social security", "employer_cost", "false"),
    (TAX, "Wage tax", "deduction", ""),
)
NUMBER, EMAIL, CROSSWALK = "number", "email", "crosswalk"

RateOn = Callable[[int, int], int]


@dataclass(frozen=True)
class Employee:
    """One record of payroll; texts are as the file has them.

    Attributes:
        person: Place among the CRM's people; -1 for those without a user.
        crosswalk: Id across systems, where nothing but the crosswalk tells who it is.
    """

    employee_id: str
    person: int
    name: str
    number: str
    email: str
    department: str
    hired: int
    exited: int | None
    currency: int
    worker: str = ""
    crosswalk: str = ""

    def row(self) -> Row:
        """Give the row of the file."""
        return (
            self.employee_id, self.name, self.number, self.email, self.department, "",
            day_text(self.hired), day_text(self.exited),
        )  # fmt: skip


@dataclass(frozen=True)
class Line:
    """An amount of a run, in cents of the run's currency."""

    line_id: str
    run: str
    employee: str
    code: str
    cents: int
    currency: int
    opportunity: str = ""
    reversal_of: str = ""
    currency_text: str = ""
    """Instead of the currency, where payroll says one that nobody has a rate for."""

    def row(self) -> Row:
        """Give the row of the file."""
        return (
            self.line_id,
            self.run,
            self.employee,
            self.code,
            "",
            money_text(self.cents),
            self.currency_text or (CURRENCIES[self.currency] if self.currency else ""),
            self.opportunity,
            self.reversal_of,
        )


@dataclass(frozen=True)
class Run:
    """A run of one currency; `stray` is what its control total says too much."""

    run_id: str
    period: Period
    kind: str
    paid_on: int
    currency: int
    stray: int = 0
    has_total: bool = True


@dataclass
class Payroll:
    """The books: everyone, the runs, and the lines in the order in which they were written."""

    employees: list[Employee]
    locale: Locale
    runs: dict[str, Run] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> Line:
        """Write a line, which gets its id."""
        written = replace(line, line_id=f"PL-{len(self.lines) + 1:07d}")
        self.lines.append(written)
        return written

    def tables(self) -> dict[str, list[Shown]]:
        """Give the rows of the tables."""
        totals: dict[str, int] = defaultdict(int)
        for line in self.lines:
            totals[line.run] += line.cents
        periods = sorted({run.period for run in self.runs.values()}, key=lambda each: each.start)
        return {
            "employees": [Shown(each.row()) for each in self.employees],
            "pay_periods": [
                Shown((period_id(each), day_text(each.start), day_text(each.end)))
                for each in periods
            ],
            "pay_runs": [
                Shown(
                    (
                        run.run_id,
                        period_id(run.period),
                        run.kind,
                        day_text(run.paid_on),
                        money_text(totals[run.run_id] + run.stray) if run.has_total else "",
                        CURRENCIES[run.currency] if run.currency else "",
                    )
                )
                for run in self.runs.values()
            ],
            "earning_codes": [Shown(row) for row in EARNING_CODES],
            "pay_lines": [Shown(each.row()) for each in self.lines],
        }


def period_id(period: Period) -> str:
    """Give payroll's id of a month."""
    return f"PP-{date_of(period.start):%Y-%m}"


def run_id(period: Period, currency: int, kind: str = "regular") -> str:
    """Give payroll's id of the run of a month and currency."""
    suffix = "" if kind == "regular" else "-X"
    return f"PR-{date_of(period.start):%Y-%m}-{CURRENCIES[currency]}{suffix}"


def local(cents: int, rate: int) -> int:
    """Turn cents of the reporting currency into those of another at a rate into the former."""
    return half_up(Fraction(cents * RATE_UNIT, rate))


def enrol(
    force: Workforce, names: list[str], hired: list[int], emails: list[str]
) -> list[Employee]:
    """Give payroll's records: most known by number, some by e-mail, some by the crosswalk alone.

    Args:
        force: HR's records.
        names: Names of the CRM's people.
        hired: Their first days.
        emails: Their addresses.
    """
    numbers = [each.number for each in force.workers]
    employees: list[Employee] = []
    seen: set[str] = set()
    for worker in force.workers:
        # One account for a person with several records in HR.
        if worker.worker_id in force.unpaid or (worker.crosswalk and worker.crosswalk in seen):
            continue
        seen.add(worker.crosswalk)
        same = [each for each in force.workers if each.crosswalk == worker.crosswalk]
        latest = worker
        if worker.crosswalk:
            latest = max(same, key=lambda each: (each.number != "", each.hired))
        employee = Employee(
            f"EM-{5000 + 7 * len(employees)}",
            worker.person,
            worker.name,
            latest.number,
            worker.email,
            "Sales" if worker.sells else "Office",
            hired[worker.person] if worker.person >= 0 else worker.hired,
            latest.exited,
            worker.currency,
            latest.worker_id,
        )
        is_doubled = numbers.count(worker.number) > 1
        employees.append(_known_by(employee, len(employees), is_doubled))
    for person in force.unlisted:
        employees.append(
            Employee(
                "EM-9800", person, names[person], f"E-{person + 1001}", emails[person], "Sales",
                hired[person], None, 0,
            )
        )  # fmt: skip
    employees.append(
        Employee(
            "EM-9900", -1, "Inga Solberg", "E-9990", "inga.solberg@demo.example", "Office",
            day_number(date(2024, 4, 1)), None, 0,
        )
    )  # fmt: skip
    return employees


def _known_by(employee: Employee, place: int, is_doubled: bool) -> Employee:
    """Take from a record what payroll does not have of the employee."""
    known_by = (NUMBER, NUMBER, EMAIL, NUMBER, CROSSWALK)[place % 5]
    if employee.person < 0:
        known_by = EMAIL if is_doubled else NUMBER
    if known_by == NUMBER:
        return replace(employee, email="")
    if known_by == EMAIL:
        return replace(employee, number="", email=employee.email.upper())
    return replace(employee, number="", email="", crosswalk=f"PE-{employee.person + 1:04d}")


def open_books(employees: list[Employee], today: int, locale: Locale) -> Payroll:
    """Give the books with all regular runs that have been paid by today, still without lines."""
    payroll = Payroll(employees, locale)
    currencies = sorted({each.currency for each in employees})
    for period in paid_periods(today, locale.calendar):
        for currency in currencies:
            run = Run(run_id(period, currency), period, "regular", period.start + PAY_DAY, currency)
            payroll.runs[run.run_id] = run
    return payroll


def paid_periods(today: int, calendar: BusinessCalendar) -> Iterator[Period]:
    """Give the months that have been paid by today."""
    for period in calendar.periods_until(MONTH, day_number(PAID_SINCE), today):
        if period.start + PAY_DAY <= today:
            yield period


def pay_salaries(payroll: Payroll, force: Workforce, today: int) -> None:
    """Write salaries, what the company pays on top, and what is kept back, month by month."""
    workers = {each.worker_id: each for each in force.workers}
    for period in paid_periods(today, payroll.locale.calendar):
        for place, employee in enumerate(payroll.employees):
            worker = workers.get(employee.worker)
            goes_on = worker is not None and worker.worker_id == force.paid_after_exit
            until = employee.exited
            if until is not None and goes_on:
                until += 62
            if employee.hired > period.end or (until is not None and until < period.start):
                continue
            yearly = worker.base_on(period.start) if worker else 4_800_000 * payroll.locale.money
            run = run_id(period, employee.currency)
            for code, cents in (
                (SALARY, yearly // 12),
                (SOCIAL, yearly // 12 * 21 // 100),
                (TAX, -(yearly // 12 * (18 + place % 7) // 100)),
            ):
                payroll.add(Line("", run, employee.employee_id, code, cents, employee.currency))


def pay_bonuses(payroll: Payroll, today: int) -> None:
    """Write off-cycle runs with a bonus for every fifth employee after each half of a year."""
    for half in (date(2025, 7, 1), date(2025, 12, 1)):
        period = payroll.locale.calendar.period_of(MONTH, day_number(half))
        if period.start + 14 > today:
            continue
        for place, employee in enumerate(payroll.employees):
            is_there = employee.hired < period.start and employee.exited is None
            if place % 5 or not is_there:
                continue
            run = Run(
                run_id(period, employee.currency, "off_cycle"), period, "off_cycle",
                period.start + 14, employee.currency,
            )  # fmt: skip
            payroll.runs.setdefault(run.run_id, run)
            bonus = (80_000 + 5_000 * place) * payroll.locale.worth(CURRENCIES[employee.currency])
            payroll.add(Line("", run.run_id, employee.employee_id, BONUS, bonus, employee.currency))


def plant_line_oddities(payroll: Payroll, per_kind: int) -> dict[str, list[Line]]:
    """Write lines of no run, of no code and in a currency without a rate; spoil some totals.

    Returns:
        The lines by what is odd about them.
    """
    steady = [each for each in payroll.employees if each.exited is None and not each.currency]
    runs = [run for run in payroll.runs.values() if run.kind == "regular" and not run.currency]
    found: dict[str, list[Line]] = defaultdict(list)
    stranded = Run(f"{runs[-1].run_id}-XAF", runs[-1].period, "off_cycle", runs[-1].paid_on, 0)
    payroll.runs[stranded.run_id] = replace(stranded, has_total=False)
    for place in range(per_kind):
        employee = steady[place % len(steady)].employee_id
        line = Line("", MISSING_RUN, employee, BONUS, 10_000 + place, 0)
        found["unknown_run"].append(payroll.add(line))
        line = Line("", runs[place % len(runs)].run_id, employee, UNKNOWN_CODE, 5_000 + place, 0)
        found["unknown_code"].append(payroll.add(line))
        line = Line("", stranded.run_id, employee, BONUS, 7_000_00, 0, currency_text="XAF")
        found["no_exchange_rate"].append(payroll.add(line))
    for run in runs[1 : 1 + per_kind]:
        payroll.runs[run.run_id] = replace(run, stray=1_234)
    return found
