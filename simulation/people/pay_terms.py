"""The demo company's commission plans, who is on which, splits, draws and incentives.

Belongs here: the terms that payroll has. Does not: what they mean (plans.py) and what they come to
(commission.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np

from simulation.company.business_calendar import MONTH, QUARTER, day_number
from simulation.company.locales import Locale
from simulation.company.streams import stream
from simulation.company.structure import Company
from simulation.company.timeline import Timeline
from simulation.company.vocabulary import CURRENCIES
from simulation.people.people_tables import Shown, day_text, money_text
from simulation.people.plans import (
    ATTAINMENT,
    MARGINAL,
    RETROACTIVE,
    VALUE,
    Assignment,
    Draw,
    PlanVersion,
    Spif,
    Tier,
)
from simulation.people.workforce import Worker

PLANS_SINCE = date(2025, 1, 1)
"""There are plans since the quarter that this day lies in."""
QUOTA_PLAN, EURO_PLAN, VALUE_PLAN, UNUSED_PLAN = "CP-QUOTA", "CP-EURO", "CP-VALUE", "CP-OLD"
SPLIT_SHARES = (("0.6", "0.4"), ("0.5", "0.3", "0.2"), ("0.35", "0.65"))
SHORT_SHARES = ("0.5", "0.4")
"""Shares that do not make a whole deal."""

SplitTexts = dict[str, list[tuple[str, str]]]


def plans_since(locale: Locale) -> int:
    """Give the first day for whose deals there are plans."""
    return locale.calendar.start_of(QUARTER, PLANS_SINCE)


def _tiers(*tiers: tuple[str, str], money: int = 1) -> tuple[Tier, ...]:
    """Lay out tiers from where each begins and its rate."""
    starts = [Fraction(start) * money for start, _ in tiers]
    return tuple(
        Tier(start, end, Fraction(rate))
        for start, end, (_, rate) in zip(starts, [*starts[1:], None], tiers, strict=True)
    )


def demo_plans(locale: Locale) -> list[PlanVersion]:
    """Give all versions: by quota, by value in euros, by value at one rate, and one out of use.

    New rates hold from within a plan period, so that one period is paid by two versions.
    """
    since = plans_since(locale)
    new_quota, new_euro = day_number(date(2025, 5, 15)), day_number(date(2025, 9, 1))
    new_value = day_number(date(2025, 6, 16))
    by_quota = ("Field sales by quota", QUARTER, ATTAINMENT, MARGINAL)
    by_euro = ("Inside sales in euros", MONTH, VALUE, MARGINAL)
    by_value = ("Partner sales", MONTH, VALUE, RETROACTIVE)

    def version(
        plan: str,
        number: int,
        since: int,
        until: int | None,
        kind: tuple[str, str, str, str],
        tiers: tuple[Tier, ...],
        cap: int | None,
        days: int | None,
        currency: int = 0,
    ) -> PlanVersion:
        name, grain, basis, method = kind
        return PlanVersion(
            plan, number, name, since, until, grain, basis, method, tiers, cap, days, currency
        )

    money = locale.money
    quota = [
        _tiers(("0", "0.04"), ("0.5", "0.06"), ("1", "0.09"), ("1.5", "0.12")),
        _tiers(("0", "0.035"), ("0.5", "0.055"), ("1", "0.1")),
    ]
    euro = [
        _tiers(("0", "0.03"), ("10000", "0.05"), ("30000", "0.07")),
        _tiers(("0", "0.0325"), ("15000", "0.0475"), ("40000", "0.08")),
    ]
    value = [
        _tiers(("0", "0.025"), ("15000", "0.04"), ("45000", "0.06"), money=money),
        _tiers(("0", "0.02"), ("12000", "0.045"), money=money),
    ]
    overlapping = (
        Tier(Fraction(0), Fraction(20_000 * money), Fraction("0.02")),
        Tier(Fraction(15_000 * money), None, Fraction("0.05")),
    )
    return [
        version(QUOTA_PLAN, 1, since, new_quota, by_quota, quota[0], 1_500_000 * money, 90),
        version(QUOTA_PLAN, 2, new_quota, None, by_quota, quota[1], 1_500_000 * money, 90),
        version(EURO_PLAN, 1, since, None, by_euro, euro[0], None, 90, 1),
        version(EURO_PLAN, 2, new_euro, None, by_euro, euro[1], None, 90, 1),
        version(VALUE_PLAN, 1, since, None, by_value, value[0], 120_000 * money, 30),
        version(VALUE_PLAN, 2, new_value, None, by_value, value[1], 120_000 * money, 30),
        version(
            UNUSED_PLAN, 1, since - 700, since,
            ("As it was before", MONTH, VALUE, MARGINAL), overlapping, None, None,
        ),
    ]  # fmt: skip


def demo_spifs(money: int) -> list[Spif]:
    """Give an incentive for one product, and one of a plan for large deals, in euros."""
    return [
        Spif(
            "SP-01", "Insight weeks", None, "PR-09", None, 25_000 * money, 0,
            day_number(date(2025, 3, 1)), day_number(date(2025, 7, 1)),
        ),
        Spif(
            "SP-02", "Large deals", QUOTA_PLAN, None, 3_000_000 * money, 40_000, 1,
            day_number(date(2025, 2, 1)), None,
        ),
        Spif(
            "SP-03", "Any insight", EURO_PLAN, "PR-09", 1_000_000 * money, 10_000 * money, 0,
            day_number(date(2025, 4, 1)), None,
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class PayTerms:
    """Who is paid by what; shares of splits are the texts of the file."""

    versions: list[PlanVersion]
    assignments: list[Assignment]
    draws: list[Draw]
    spifs: list[Spif]
    splits: SplitTexts

    def shares(self) -> dict[str, list[tuple[str, Fraction]]]:
        """Give the splits by deal as numbers."""
        return {
            deal: [(rep, Fraction(share)) for rep, share in of_deal]
            for deal, of_deal in self.splits.items()
        }


def draw_terms(
    company: Company,
    workers: Mapping[int, Worker],
    employees: Mapping[int, str],
    won: Iterable[tuple[str, int, int]],
    timeline: Timeline,
    seed: int,
    per_kind: int,
) -> PayTerms:
    """Put every rep on a plan, pay beginners a draw, and split some deals.

    Args:
        company: The reps.
        workers: HR's record of each person that has one.
        employees: Payroll's id of each person that has one.
        won: Deal, owner and day of wins that have been paid by now.
        timeline: The days and nights.
        seed: Seed of all streams.
        per_kind: How many deals to split in a wrong way.
    """
    rng = stream(seed, "pay terms")
    people, locale = company.people, company.locale
    first_day = plans_since(locale)
    assignments, monthly = [], []
    for place, person in enumerate(each for each in people.reps.tolist() if each in employees):
        employee = employees[person]
        since = max(first_day, int(people.hire_day[person]))
        plan = (QUOTA_PLAN, EURO_PLAN, VALUE_PLAN)[place % 3]
        assignments.append(Assignment(employee, plan, since))
        if place % 7 == 3 and since == first_day:
            # From one quarter to the next on another plan.
            other = EURO_PLAN if plan == QUOTA_PLAN else QUOTA_PLAN
            change = locale.calendar.start_of(QUARTER, date(2025, 7, 1))
            assignments.append(Assignment(employee, other, change))
        elif plan != QUOTA_PLAN and person in workers and not workers[person].currency:
            monthly.append((int(people.hire_day[person]), person))
    draws = _draws(sorted(monthly, reverse=True), employees, timeline, locale)
    splits = _splits(list(won), people.reps.tolist(), company, per_kind, rng)
    return PayTerms(demo_plans(locale), assignments, draws, demo_spifs(locale.money), splits)


def _draws(
    beginners: list[tuple[int, int]],
    employees: Mapping[int, str],
    timeline: Timeline,
    locale: Locale,
) -> list[Draw]:
    """Give the newest reps a draw for three months; that of every third is theirs to keep."""
    draws = []
    for place, (hired, person) in enumerate(beginners[:6]):
        period = locale.calendar.period_of(MONTH, max(hired, plans_since(locale)))
        for _ in range(3):
            period = locale.calendar.period_of(MONTH, period.end + 1)
            begins = period.start
            if begins + 31 <= timeline.last_day:
                draws.append(
                    Draw(
                        employees[person],
                        begins,
                        (60_000 + 15_000 * place) * locale.worth(CURRENCIES[place % 2]),
                        place % 3 != 2,
                        place % 2,
                    )
                )
    return draws


def _splits(
    won: list[tuple[str, int, int]],
    reps: list[int],
    company: Company,
    per_kind: int,
    rng: np.random.Generator,
) -> SplitTexts:
    """Let some deals be shared with others who were there; the owner keeps the first share."""
    people = company.people
    order = [won[each] for each in rng.permutation(len(won)).tolist()]
    splits: SplitTexts = {}
    for place, (deal, owner, day) in enumerate(order[: 8 + 5 * per_kind]):
        shares = SHORT_SHARES if place < per_kind else SPLIT_SHARES[place % 3]
        there = [
            each
            for each in reps
            if each != owner and people.hire_day[each] <= day - 30 and people.leave_day[each] >= day
        ]
        others = rng.permutation(there)[: len(shares) - 1].tolist()
        if len(others) == len(shares) - 1 and deal not in splits:
            splits[deal] = [
                (people.id(person), share)
                for person, share in zip([owner, *others], shares, strict=True)
            ]
    return splits


def term_rows(terms: PayTerms) -> dict[str, list[Shown]]:
    """Give the rows of the tables that say the terms."""

    def code(currency: int) -> str:
        return CURRENCIES[currency] if currency else ""

    def share(number: Fraction | None) -> str:
        if number is None:
            return ""
        return str(number) if number.denominator == 1 else f"{float(number):g}"

    return {
        "commission_plans": [
            Shown(
                (
                    each.plan, str(each.version), each.name, day_text(each.since),
                    day_text(each.until), each.grain, each.basis, each.method,
                    money_text(each.cap),
                    "" if each.clawback_days is None else str(each.clawback_days),
                    code(each.currency),
                )
            )
            for each in terms.versions
        ],
        "rate_tiers": [
            Shown(
                (each.plan, str(each.version), share(tier.start), share(tier.end), share(tier.rate))
            )
            for each in terms.versions
            for tier in each.tiers
        ],
        "plan_assignments": [
            Shown(
                (f"PA-{number + 1:04d}", each.employee, each.plan, day_text(each.since),
                 day_text(each.until))
            )
            for number, each in enumerate(terms.assignments)
        ],
        "draws": [
            Shown(
                (
                    f"DR-{number + 1:04d}", each.employee, day_text(each.period_start),
                    money_text(each.cents), code(each.currency),
                    ("" if number % 2 else "true") if each.is_recoverable else "false",
                )
            )
            for number, each in enumerate(terms.draws)
        ],
        "spifs": [
            Shown(
                (
                    each.spif, each.name, each.plan or "", each.product or "",
                    money_text(each.minimum), money_text(each.cents), code(each.currency),
                    day_text(each.since), day_text(each.until),
                )
            )
            for each in terms.spifs
        ],
        "opportunity_splits": [
            Shown((deal, rep, text))
            for deal, shares in terms.splits.items()
            for rep, text in shares
        ],
    }  # fmt: skip
