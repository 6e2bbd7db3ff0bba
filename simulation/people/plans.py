"""Commission plans as data: versions, tiers, who is on which, draws and incentives.

Belongs here: the terms, and which of them hold on a day. Does not: what they come to
(commission.py) and the demo company's own plans (pay_terms.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from simulation.company.business_calendar import GREGORIAN, BusinessCalendar

ATTAINMENT, VALUE = "attainment", "value"
MARGINAL, RETROACTIVE = "marginal", "retroactive"
FOREVER = 1 << 30


@dataclass(frozen=True)
class Tier:
    """A rate and where it begins and ends: shares of a quota, or whole units of money."""

    start: Fraction
    end: Fraction | None
    rate: Fraction


@dataclass(frozen=True)
class PlanVersion:
    """One version of a plan.

    Attributes:
        since: First day for whose deals it counts.
        until: First day for whose deals it no longer does, but for a version that follows earlier.
        cap: In cents of `currency`, an index in CURRENCIES; None for no cap.
        clawback_days: None for never.
    """

    plan: str
    version: int
    name: str
    since: int
    until: int | None
    grain: str
    basis: str
    method: str
    tiers: tuple[Tier, ...]
    cap: int | None
    clawback_days: int | None
    currency: int = 0


@dataclass(frozen=True)
class Assignment:
    """An employee is on a plan from a day until before another, or until the next assignment."""

    employee: str
    plan: str
    since: int
    until: int | None = None


@dataclass(frozen=True)
class Draw:
    """What an employee gets at least for the plan period that begins on a day."""

    employee: str
    period_start: int
    cents: int
    is_recoverable: bool
    currency: int = 0


@dataclass(frozen=True)
class Spif:
    """An incentive for single deals; what is None is not asked for.

    Attributes:
        minimum: Smallest won value in cents of the reporting currency.
    """

    spif: str
    name: str
    plan: str | None
    product: str | None
    minimum: int | None
    cents: int
    currency: int
    since: int
    until: int | None


@dataclass(frozen=True)
class Seller:
    """A user of the CRM, the record that payroll has of the same person, and the employment.

    Attributes:
        first_day: First day of employment; None where nothing says it.
        last_day: Last one; None while none is known.
    """

    rep: str
    employee: str | None
    first_day: int | None = None
    last_day: int | None = None


@dataclass(frozen=True)
class Terms:
    """What holds for a seller on a day; `problem` says why nothing does."""

    version: PlanVersion | None
    problem: str


Dated = TypeVar("Dated", Assignment, PlanVersion)


class PlanBook:
    """Which terms hold for whom on which day."""

    def __init__(
        self,
        versions: Iterable[PlanVersion],
        assignments: Iterable[Assignment],
        sellers: Iterable[Seller],
        calendar: BusinessCalendar = GREGORIAN,
    ) -> None:
        """Take all plans, everyone who may be on them, and the calendar of plan periods."""
        self.calendar = calendar
        self._versions: dict[str, list[PlanVersion]] = {}
        for version in sorted(versions, key=lambda each: each.since):
            self._versions.setdefault(version.plan, []).append(version)
        self._assignments: dict[str, list[Assignment]] = {}
        for assignment in sorted(assignments, key=lambda each: each.since):
            self._assignments.setdefault(assignment.employee, []).append(assignment)
        self.sellers = {seller.rep: seller for seller in sellers}

    def versions(self, plan: str) -> list[PlanVersion]:
        """Give a plan's versions in order of time."""
        return self._versions.get(plan, [])

    def terms(self, rep: str, day: int) -> Terms:
        """Say by which version a seller's credit of a day is paid, or why by none."""
        seller = self.sellers.get(rep)
        if seller is None:
            return Terms(None, "unknown_seller")
        version, problem = None, "no_plan" if seller.employee else "no_employee"
        assignment = _holding(self._assignments.get(seller.employee or "", []), day)
        if assignment is not None:
            version = _holding(self.versions(assignment.plan), day)
            problem = "" if version else "no_version"
        if version is not None and not version.tiers:
            problem = "no_tiers"
        # Whoever was not employed earns nothing, whatever plan may hold.
        if seller.first_day is not None and day < seller.first_day:
            problem = "before_hire"
        if seller.last_day is not None and day > seller.last_day:
            problem = "after_exit"
        return Terms(version, problem)


def _holding(dated: list[Dated], day: int) -> Dated | None:
    """Give the last one that has begun, unless it has ended too."""
    begun = [each for each in dated if each.since <= day]
    if not begun:
        return None
    last = begun[-1]
    return last if last.until is None or day < last.until else None
