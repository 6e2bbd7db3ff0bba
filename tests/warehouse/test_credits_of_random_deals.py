"""Deals that are won, lost and won again at random, against the simulator's own books.

The simulator goes through each deal's decisions one by one; the warehouse compares them all at once.
"""

from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings
from simulation.company.business_calendar import date_of, day_number
from simulation.people.commission import (
    Calculator,
    CreditedDeal,
    Decision,
    credits_of,
    in_millionths,
)
from simulation.people.plans import (
    MARGINAL,
    RETROACTIVE,
    VALUE,
    Assignment,
    PlanBook,
    PlanVersion,
    Seller,
    Tier,
)

FIRST_NIGHT = datetime(2025, 1, 6, 12)
ROUNDS = 7
BETWEEN_ROUNDS = timedelta(days=20)
DEALS = 400
BEFORE_ALL = date(2025, 1, 1)
# Ann's window is of 30 days, later of 60; Bob's quarters are longer than his; nothing is taken back
# from Cy; nobody knows Dee in payroll.
PLANS = {"ann": "monthly", "bob": "quarterly", "cy": "for_good"}
TIERS = (
    Tier(Fraction(0), Fraction(20_000), Fraction("0.03")),
    Tier(Fraction(20_000), None, Fraction("0.05")),
)
VERSIONS = [
    ("monthly", 1, BEFORE_ALL, date(2025, 3, 20), "month", MARGINAL, 900, 30),
    ("monthly", 2, date(2025, 3, 20), None, "month", RETROACTIVE, None, 60),
    ("quarterly", 1, BEFORE_ALL, None, "quarter", MARGINAL, None, 30),
    ("for_good", 1, BEFORE_ALL, None, "month", MARGINAL, None, None),
]


def random_deals(random: Random) -> tuple[list[CreditedDeal], dict]:
    """Gives deals that are decided in some of the rounds, and the splits of a third of them."""
    deals, splits = [], {}
    for number in range(DEALS):
        name = f"D{number:03}"
        rounds = sorted(random.sample(range(ROUNDS), random.randint(1, ROUNDS - 1)))
        decisions = tuple(
            Decision(
                day_number((FIRST_NIGHT + each * BETWEEN_ROUNDS).date()),
                random.random() < 0.6,
                random.choice(["ann", "ann", "bob", "cy", "dee"]),
                random.randint(1, 5_000_00),
            )
            for each in rounds
        )
        deals.append(CreditedDeal(name, "", decisions))
        if number % 3 == 0:
            first, second = random.sample([*PLANS, "dee"], 2)
            splits[name] = [(first, Fraction(3, 4)), (second, Fraction(1, 4))]
    return deals, splits


def book() -> PlanBook:
    versions = [
        PlanVersion(
            plan=plan, version=version, name=plan, since=day_number(since),
            until=day_number(until) if until else None, grain=grain, basis=VALUE, method=method,
            tiers=TIERS, cap=cap * 100 if cap else None, clawback_days=window,
        )
        for plan, version, since, until, grain, method, cap, window in VERSIONS
    ]  # fmt: skip
    assignments = [
        Assignment(f"E-{rep}", plan, day_number(BEFORE_ALL)) for rep, plan in PLANS.items()
    ]
    sellers = [Seller(rep, f"E-{rep}") for rep in PLANS]
    return PlanBook(versions, assignments, [*sellers, Seller("dee", None)])


def tell_plans(log: ChangeLogOfTest) -> None:
    told: dict[str, list[dict]] = {
        "employees": [{"employee_id": f"E-{rep}", "employee_number": rep} for rep in PLANS],
        "plan_assignments": [
            {"assignment_id": rep, "employee_id": f"E-{rep}", "plan_id": plan,
             "effective_from": BEFORE_ALL}
            for rep, plan in PLANS.items()
        ],
        "commission_plans": [
            {"plan_id": plan, "plan_version": version, "plan_name": plan, "effective_from": since,
             "effective_to": until, "period_grain": grain, "tier_basis": "value",
             "tier_method": method, "cap_amount": cap, "clawback_days": window}
            for plan, version, since, until, grain, method, cap, window in VERSIONS
        ],
        "rate_tiers": [
            {"plan_id": plan, "plan_version": version, "tier_from": int(tier.start),
             "tier_to": tier.end and int(tier.end), "rate": float(tier.rate)}
            for plan, version, *_ in VERSIONS
            for tier in TIERS
        ],
    }  # fmt: skip
    for table, rows in told.items():
        log.add(table, FIRST_NIGHT, rows, source="payroll")


def tell_deals(log: ChangeLogOfTest, deals: list[CreditedDeal], splits: dict) -> None:
    """Tells each decision on its day, and ten days before that a decided deal was opened again."""
    stages = [("open", False, False), ("won", True, True), ("lost", True, False)]
    log.add("stages", FIRST_NIGHT, [
        {"stage_id": stage, "stage_name": stage, "stage_order": order, "is_closed": is_closed,
         "is_won": is_won} for order, (stage, is_closed, is_won) in enumerate(stages)
    ])  # fmt: skip
    users = [{"user_id": rep, "user_name": rep, "employee_number": rep} for rep in [*PLANS, "dee"]]
    log.add("users", FIRST_NIGHT, users)
    log.add(
        "opportunity_splits",
        FIRST_NIGHT,
        [
            {"opportunity_id": name, "user_id": rep, "split_share": float(share)}
            for name, shares in splits.items()
            for rep, share in shares
        ],
        source="payroll",
    )
    by_night: dict[datetime, list[dict]] = {}
    for deal in deals:
        for place, decision in enumerate(deal.decisions):
            assert decision.cents is not None
            night = datetime.combine(date_of(decision.day), FIRST_NIGHT.time())
            told = {"opportunity_id": deal.opportunity, "owner_id": decision.owner,
                    "amount": decision.cents / 100, "created_at": datetime(2025, 1, 1)}  # fmt: skip
            if place:
                opened = by_night.setdefault(night - BETWEEN_ROUNDS / 2, [])
                opened.append({**told, "stage_id": "open"})
            stage = "won" if decision.is_won else "lost"
            decided = by_night.setdefault(night, [])
            decided.append({**told, "stage_id": stage, "closed_date": date_of(decision.day)})
    for night, rows in sorted(by_night.items()):
        log.add("opportunities", night, rows)


def test_credits_and_what_they_earn(models: Models, tmp_path: Path) -> None:
    deals, splits = random_deals(Random(7))
    log = ChangeLogOfTest(tmp_path / "home", CompanySettings())
    tell_plans(log)
    tell_deals(log, deals, splits)
    models.build(log.home, "+fct_commission")

    credits = list(credits_of(deals, splits, book()))
    earnings = Calculator(lambda _rep, _period: None, lambda _currency, _day: 10**8, ()).earnings(
        credits
    )
    expected = sorted(
        (each.opportunity, each.win_episode, each.rep, each.kind, date_of(each.day),
         in_millionths(each.cents), each.problem)
        for each in credits
    )  # fmt: skip
    expected_earnings = sorted(
        (row.opportunity, row.win_episode, row.rep, row.rule, date_of(row.day), row.cents)
        for row in earnings
        if row.cents
    )
    with read_warehouse(log.home) as warehouse:
        found = warehouse.execute(
            "select opportunity_id, episode, sales_rep_id, credit_kind, credit_date, "
            "cast(1000000 * credit_value as bigint), coalesce(problem, '') "
            "from restricted.fct_credit order by all"
        ).fetchall()
        found_earnings = warehouse.execute(
            "select opportunity_id, episode, sales_rep_id, rule, earned_date, "
            "cast(100 * commission_value as bigint) from restricted.fct_commission "
            "where commission_value <> 0 order by all"
        ).fetchall()
    assert found == expected
    assert found_earnings == expected_earnings
    assert {row[3] for row in expected} == {"win", "clawback", "rebooking", "reinstatement"}
    assert {row[3] for row in expected_earnings} == {
        "rate", "cap", "clawback", "rebooking", "reinstatement",
    }  # fmt: skip
