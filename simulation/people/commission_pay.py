"""Commission as payroll paid it: due amounts run by run, and what went wrong on purpose.

Belongs here: lines of commission, adjustments, and every difference that was planted. Does not:
what is owed (commission.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

import numpy as np

from simulation.company.business_calendar import MONTH, QUARTER, Period, day_number
from simulation.company.currencies import RATE_UNIT
from simulation.company.vocabulary import CURRENCIES
from simulation.people.commission import (
    CLAWBACK,
    RATE,
    WIN,
    Credit,
    Earning,
    RateOn,
    converted,
    half_up,
    signed,
)
from simulation.people.payroll import (
    COMMISSION,
    Employee,
    Line,
    Payroll,
    Run,
    local,
    paid_periods,
    run_id,
)
from simulation.people.people_tables import Shown, day_text, money_text
from simulation.people.plans import PlanBook

Replay = Callable[[str, str, Period, int], dict[tuple[str, int], int]]
"""What each win of a seller, plan and period would have earned by a version of the plan."""

OVER, UNDER = 137_31, 93_17
DIFFERENCES = (
    "overpaid", "underpaid", "missing", "duplicate", "before_hire", "after_exit", "clawback_due",
    "wrong_rate",
)  # fmt: skip
LEAST = 200_00
"""Amounts below are not worth getting wrong."""


@dataclass(frozen=True)
class Difference:
    """A difference that has to be found; the deal is empty where it is of a plan period."""

    rep: str
    opportunity: str
    period_start: int
    reason: str
    cents: int


@dataclass(frozen=True)
class Adjustment:
    """What was approved on top, or was not, where `approved_on` is None."""

    employee: str
    opportunity: str
    cents: int
    approved_by: str
    approved_on: int | None


@dataclass
class _Due:
    """What a seller is to be paid for one credit, in cents of both currencies."""

    credit: Credit
    period: Period
    cents: int
    rate: int
    paid: int


class CommissionPay:
    """Pays what is due, and plants differences on the way."""

    def __init__(
        self,
        payroll: Payroll,
        book: PlanBook,
        credits: Iterable[Credit],
        earnings: Iterable[Earning],
        rate_on: RateOn,
        replay: Replay,
        today: int,
        rng: np.random.Generator,
    ) -> None:
        """Take what is owed and the books to pay it in."""
        self.differences: list[Difference] = []
        self.adjustments: list[Adjustment] = []
        self._payroll = payroll
        self._book = book
        self._credits = list(credits)
        self._earnings = list(earnings)
        self._rate_on = rate_on
        self._replay = replay
        self._today = today
        self._money = payroll.locale.money
        self._least = LEAST * self._money
        self._rng = rng
        self._employees = {each.employee_id: each for each in payroll.employees}
        self._periods = list(paid_periods(today, book.calendar))

    def due_in(self, period: Period) -> Period | None:
        """Give the month whose run pays a plan period; None while it has not been paid."""
        later = (each for each in self._periods if each.start > period.end)
        return next(later, None)

    def pay(self, per_kind: int) -> None:
        """Write the lines of all that is due, right but for what is planted."""
        dues = self._dues()
        plans = self._plant(dues, per_kind)
        for due in dues:
            self._pay_due(due, plans.get(id(due), ""))
        self._pay_draws()
        self._pay_early(per_kind)
        self._pay_outside(per_kind)

    def _dues(self) -> list[_Due]:
        """Give what each credit comes to; a win is taken back in the money that it was paid in."""
        of_credit: dict[tuple[str, str, int, str], int] = defaultdict(int)
        for row in self._earnings:
            if row.opportunity:
                of_credit[row.rep, row.opportunity, row.episode, row.kind] += row.cents
        dues: list[_Due] = []
        paid: dict[tuple[str, str, int], tuple[int, int]] = {}
        for credit in sorted(self._credits, key=lambda each: (each.day, each.opportunity)):
            key = (credit.rep, credit.opportunity, credit.episode, credit.kind)
            if key not in of_credit or credit.version is None:
                continue
            cents = of_credit[key]
            period = self._book.calendar.period_of(credit.version.grain, credit.day)
            currency = self._employee_of(credit.rep).currency
            rate = self._rate_on(currency, credit.day)
            amount = local(cents, rate)
            if credit.kind != WIN:
                amount, rate = paid[credit.rep, credit.opportunity, credit.win_episode]
                amount = signed(amount, credit.kind)
            paid[credit.rep, credit.opportunity, credit.episode] = (amount, rate)
            dues.append(_Due(credit, period, cents, rate, amount))
        return [due for due in dues if self.due_in(due.period) is not None]

    def _employee_of(self, rep: str) -> Employee:
        employee = self._book.sellers[rep].employee
        assert employee is not None
        return self._employees[employee]

    def _plant(self, dues: list[_Due], per_kind: int) -> dict[int, str]:
        """Choose what to get wrong: each seller's deal at most once, and each with one credit."""
        credits_of_deal: dict[tuple[str, str], int] = defaultdict(int)
        for credit in self._credits:
            credits_of_deal[credit.rep, credit.opportunity] += 1
        simple = [
            due
            for due in dues
            if due.cents >= self._least
            and credits_of_deal[due.credit.rep, due.credit.opportunity] == 1
        ]
        order = [simple[each] for each in self._rng.permutation(len(simple)).tolist()]
        plans: dict[int, str] = {}
        kinds = (
            "overpaid", "underpaid", "missing", "duplicate", "repeated_and_reversed", "wrong_rate",
            "wrong_version", "approved", "not_approved",
        )  # fmt: skip
        for kind in kinds:
            wanted = 2 * per_kind if kind in DIFFERENCES else per_kind
            for due in order:
                if not wanted:
                    break
                if id(due) not in plans and self._can(kind, due):
                    plans[id(due)] = kind
                    wanted -= 1
        taken_back = [
            each for each in dues if each.credit.kind == CLAWBACK and -each.cents >= self._least
        ]
        for due in taken_back[: 2 * per_kind]:
            plans[id(due)] = "clawback_due"
        return plans

    def _can(self, kind: str, due: _Due) -> bool:
        if kind == "wrong_rate":
            return self._by_wrong_rate(due) is not None
        if kind == "wrong_version":
            return self._by_wrong_version(due) is not None
        return True

    def _by_wrong_rate(self, due: _Due) -> int | None:
        """Give what the credit would come to at another rate of its plan than any that it got."""
        version = due.credit.version
        assert version is not None
        for other in self._book.versions(version.plan):
            for tier in other.tiers:
                cents = half_up(due.credit.cents * tier.rate)
                if abs(cents - due.cents) > 50_00 * self._money:
                    return cents
        return None

    def _by_wrong_version(self, due: _Due) -> int | None:
        """Give what another version of the plan would have made of the whole period."""
        version, credit = due.credit.version, due.credit
        assert version is not None
        for other in self._book.versions(version.plan):
            if other.version != version.version:
                replayed = self._replay(credit.rep, version.plan, due.period, other.version)
                cents = replayed[credit.opportunity, credit.episode]
                if abs(cents - due.cents) > 50_00 * self._money:
                    return cents
        return None

    def _is_by_another_rate(self, due: _Due, amount: int) -> bool:
        """Say whether another version or rate of the plan comes to an amount in pay's currency."""
        version, credit = due.credit.version, due.credit
        assert version is not None
        versions = list(self._book.versions(version.plan))
        by_rule = sum(
            row.cents
            for row in self._earnings
            if (row.rep, row.opportunity, row.episode, row.kind, row.rule)
            == (credit.rep, credit.opportunity, credit.episode, credit.kind, RATE)
        )
        least = max(1, half_up(Fraction(due.rate, RATE_UNIT)))
        by_rates = [half_up(credit.cents * tier.rate) for each in versions for tier in each.tiers]
        others = [cents for cents in by_rates if abs(cents - by_rule) > least]
        others += [
            self._replay(credit.rep, version.plan, due.period, each.version)[
                credit.opportunity, credit.episode
            ]
            for each in versions
            if each.version != version.version
        ]
        paid = converted(amount, due.rate)
        return any(abs(paid - cents) <= least for cents in others)

    def _pay_due(self, due: _Due, plan: str) -> None:
        amount, pay = due.paid, self._line_of(due)
        worth = self._payroll.locale.worth(CURRENCIES[pay.currency])
        match plan:
            case "overpaid":
                amount += OVER * worth
            case "underpaid":
                amount -= UNDER * worth
            case "missing" | "clawback_due":
                amount = 0
            case "wrong_rate":
                amount = local(self._by_wrong_rate(due) or 0, due.rate)
            case "wrong_version":
                amount = local(self._by_wrong_version(due) or 0, due.rate)
            case "approved" | "not_approved":
                amount += self._adjust(due, plan == "approved")
        if amount:
            line = self._payroll.add(replace(pay, cents=amount))
            if plan in ("duplicate", "repeated_and_reversed"):
                again = self._payroll.add(replace(line, line_id=""))
                if plan == "repeated_and_reversed":
                    self._payroll.add(
                        replace(again, line_id="", cents=-amount, reversal_of=again.line_id)
                    )
        reason = {
            "wrong_version": "wrong_rate", "not_approved": "overpaid", "approved": "",
            "repeated_and_reversed": "",
        }.get(plan, plan)  # fmt: skip
        # What another rate explains is its, also where it was meant as something else.
        if reason in ("overpaid", "underpaid") and self._is_by_another_rate(due, amount):
            reason = "wrong_rate"
        if reason:
            cents = converted(amount * (2 if plan == "duplicate" else 1), due.rate) - due.cents
            if plan == "clawback_due":
                # What is kept of a win that had to be taken back is all that was paid for it.
                cents = converted(-due.paid, due.rate)
            self._note(due.credit.rep, due.credit.opportunity, due.period.start, reason, cents)

    def _line_of(self, due: _Due) -> Line:
        month = self.due_in(due.period)
        assert month is not None
        employee = self._employee_of(due.credit.rep)
        return Line(
            "", run_id(month, employee.currency), employee.employee_id, COMMISSION, 0,
            employee.currency, due.credit.opportunity,
        )  # fmt: skip

    def _adjust(self, due: _Due, is_approved: bool) -> int:
        """Write down what was agreed beside the plan, in dollars, and give it in pay's currency."""
        employee = self._employee_of(due.credit.rep).employee_id
        cents = 250_00 * self._money
        approved_on = due.credit.day + 20 if is_approved else None
        approver = self._payroll.employees[0].employee_id
        self.adjustments.append(
            Adjustment(employee, due.credit.opportunity, cents, approver, approved_on)
        )
        return local(cents, due.rate)

    def _note(self, rep: str, opportunity: str, period: int, reason: str, cents: int) -> None:
        self.differences.append(Difference(rep, opportunity, period, reason, cents))

    def _pay_draws(self) -> None:
        """Write one line per employee and plan period that a draw gave or took back."""
        for row in self._earnings:
            month = self.due_in(row.period)
            if row.opportunity or month is None:
                continue
            employee = self._employee_of(row.rep)
            rate = self._rate_on(employee.currency, row.period.start)
            self._payroll.add(
                Line(
                    "", run_id(month, employee.currency), employee.employee_id, COMMISSION,
                    local(row.cents, rate), employee.currency,
                )
            )  # fmt: skip

    def _pay_early(self, per_kind: int) -> None:
        """Pay some commission before it is due, which is no difference."""
        month = self._periods[-1]
        early = [
            each
            for each in self._earnings
            if each.rule == RATE
            and self.due_in(each.period) is None
            and each.day < month.start + 10
            and each.cents >= self._least
        ]
        for row in early[:per_kind]:
            same = [
                each.cents
                for each in self._earnings
                if (each.rep, each.opportunity, each.episode, each.kind)
                == (row.rep, row.opportunity, row.episode, WIN)
            ]
            employee = self._employee_of(row.rep)
            run = Run(
                run_id(month, employee.currency, "off_cycle"), month, "off_cycle",
                month.start + 14, employee.currency,
            )  # fmt: skip
            self._payroll.runs.setdefault(run.run_id, run)
            cents = local(sum(same), self._rate_on(employee.currency, row.day))
            self._payroll.add(
                Line("", run.run_id, employee.employee_id, COMMISSION, cents, employee.currency,
                     row.opportunity)
            )  # fmt: skip

    def _pay_outside(self, per_kind: int) -> None:
        """Pay for wins from before the first and after the last day of employment."""
        since = day_number(date(2025, 1, 1))
        for problem in ("before_hire", "after_exit"):
            found = [
                each
                for each in self._credits
                if each.problem == problem
                and each.kind == WIN
                and each.day >= since
                and each.cents >= self._least
                and self._book.sellers[each.rep].employee
                and self.due_in(self._book.calendar.period_of(QUARTER, each.day)) is not None
                and sum(other.opportunity == each.opportunity for other in self._credits) == 1
            ]
            for credit in found[-2 * per_kind :]:
                employee = self._employee_of(credit.rep)
                rate = self._rate_on(employee.currency, credit.day)
                amount = local(half_up(credit.cents * Fraction("0.05")), rate)
                period = self._book.calendar.period_of(
                    credit.version.grain if credit.version else MONTH, credit.day
                )
                month = self.due_in(period)
                assert month is not None
                self._payroll.add(
                    Line(
                        "", run_id(month, employee.currency), employee.employee_id, COMMISSION,
                        amount, employee.currency, credit.opportunity,
                    )
                )  # fmt: skip
                cents = converted(amount, rate)
                self._note(credit.rep, credit.opportunity, period.start, problem, cents)


def adjustment_rows(adjustments: list[Adjustment]) -> list[Shown]:
    """Give the rows of adjustments, all of them in dollars."""
    return [
        Shown(
            (
                f"AJ-{number + 1:04d}", each.employee, each.opportunity, money_text(each.cents),
                "" if number % 2 else CURRENCIES[0], "agreed with the head of sales",
                each.approved_by, day_text(each.approved_on),
            )
        )
        for number, each in enumerate(adjustments)
    ]  # fmt: skip
