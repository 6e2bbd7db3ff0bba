"""The simulator's own commission, worked out by hand for two sellers and four deals.

The plan pays by month and value: 3 % of what lies below 10,000 and 5 % above, at most 900, and takes
back what is lost within 30 days.
"""

from datetime import date
from fractions import Fraction
from typing import Any

from simulation.company.timeline import day_number
from simulation.people.commission import (
    Calculator,
    Credit,
    CreditedDeal,
    Decision,
    Earning,
    credits_of,
)
from simulation.people.plans import (
    ATTAINMENT,
    MARGINAL,
    RETROACTIVE,
    VALUE,
    Assignment,
    Draw,
    PlanBook,
    PlanVersion,
    Seller,
    Spif,
    Tier,
)

ONE = 10**8
TIERS = (
    Tier(Fraction(0), Fraction(10_000), Fraction("0.03")),
    Tier(Fraction(10_000), None, Fraction("0.05")),
)


def on(month: int, day: int) -> int:
    return day_number(date(2025, month, day))


def plan(**changed: Any) -> PlanVersion:
    values: dict = {
        "plan": "P", "version": 1, "name": "P", "since": on(1, 1), "until": None, "grain": "month",
        "basis": VALUE, "method": MARGINAL, "tiers": TIERS, "cap": 900_00, "clawback_days": 30,
    }  # fmt: skip
    return PlanVersion(**(values | changed))


def book(version: PlanVersion) -> PlanBook:
    return PlanBook(
        [version],
        [Assignment("EA", "P", on(1, 1)), Assignment("EB", "P", on(1, 1))],
        [Seller("A", "EA", on(1, 1)), Seller("B", "EB", on(1, 1), on(11, 30)), Seller("C", None)],
    )


def won(month: int, day: int, dollars: int, owner: str = "A") -> Decision:
    return Decision(on(month, day), True, owner, dollars * 100)


def lost(month: int, day: int) -> Decision:
    return Decision(on(month, day), False, "A", None)


DEALS = [
    # Lost after 27 days, so taken back.
    CreditedDeal("D1", "X", (won(1, 5, 8_000), lost(2, 1))),
    # Split, and won a second time for more.
    CreditedDeal("D2", "Y", (won(1, 10, 12_000), won(2, 15, 14_000))),
    # Lost after 44 days, so kept.
    CreditedDeal("D3", "X", (won(1, 20, 10_000), lost(3, 5))),
    CreditedDeal("D4", "X", (won(3, 10, 20_000),)),
]
SPLITS = {"D2": [("A", Fraction("0.75")), ("B", Fraction("0.25"))]}
SPIFS = [Spif("S", "S", None, "Y", 12_000_00, 40_00, 0, on(1, 1), on(2, 1))]


def calculator(quota: int | None = None, rate: int = ONE) -> Calculator:
    return Calculator(lambda rep, period: quota, lambda currency, day: rate, SPIFS)


def by_rule(rows: list[Earning]) -> dict[tuple, int]:
    found = {
        (row.rep, row.opportunity, row.episode, row.rule, row.period.start): row.cents
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def credits() -> list[Credit]:
    return list(credits_of(DEALS, SPLITS, book(plan())))


def test_what_is_won_is_credited_and_what_is_lost_or_won_again_taken_back_once():
    found = {
        (each.opportunity, each.episode, each.rep, each.kind): each.cents for each in credits()
    }
    assert found == {
        ("D1", 1, "A", "win"): 8_000_00,
        ("D1", 2, "A", "clawback"): -8_000_00,
        ("D2", 1, "A", "win"): 9_000_00,
        ("D2", 1, "B", "win"): 3_000_00,
        ("D2", 2, "A", "rebooking"): -9_000_00,
        ("D2", 2, "B", "rebooking"): -3_000_00,
        ("D2", 2, "A", "win"): 10_500_00,
        ("D2", 2, "B", "win"): 3_500_00,
        ("D3", 1, "A", "win"): 10_000_00,
        ("D4", 1, "A", "win"): 20_000_00,
    }


def test_what_does_not_outlive_its_own_period_was_not_sold_in_it():
    """Won twice and lost in January: nothing is left, and D6's 3 % are those of the first tier."""
    deals = [
        CreditedDeal("D5", "X", (won(1, 5, 8_000), won(1, 8, 9_000), lost(1, 20))),
        CreditedDeal("D6", "X", (won(1, 25, 1_000),)),
    ]
    found = list(credits_of(deals, {}, book(plan())))
    assert [(each.opportunity, each.kind, each.problem) for each in found] == [
        ("D5", "win", "taken_back"),
        ("D5", "win", "taken_back"),
        ("D6", "win", ""),
    ]
    assert [row.cents for row in calculator().earnings(found)] == [30_00]


def test_what_was_earned_for_good_counts_again_when_the_later_win_is_lost():
    """D7 and D8 were kept in March; of D7 the win of April is lost in April, of D8 in May."""
    kept = (won(1, 5, 8_000), lost(3, 5), won(4, 10, 9_000))
    deals = [
        CreditedDeal("D7", "X", (*kept, lost(4, 25))),
        CreditedDeal("D8", "X", (*kept, lost(5, 5))),
        # Opened and won again without a loss: that it was lost in the end takes both wins back.
        CreditedDeal("D9", "X", (won(1, 5, 8_000), won(4, 10, 9_000), lost(5, 5))),
        # Lost after its window too, so the later win stays.
        CreditedDeal("D10", "X", (*kept, lost(6, 30))),
        # As D8, and won a third time: what was given back in May stays a row of May.
        CreditedDeal("D11", "X", (*kept, lost(5, 5), won(6, 1, 7_000))),
        # Opened and won once more before that was lost.
        CreditedDeal("D15", "X", (*kept, won(5, 2, 7_000), lost(5, 20))),
        # Nobody earns by C's win, which did not last for the 30 days of A's.
        CreditedDeal("D16", "X", (*kept[:2], won(4, 10, 9_000, "C"), lost(4, 25))),
        CreditedDeal("D17", "X", (*kept[:2], won(4, 10, 9_000, "C"), lost(5, 25))),
    ]
    found = list(credits_of(deals, {}, book(plan())))
    first, second = 8_000_00, 9_000_00
    assert [(each.opportunity, each.kind, each.cents, each.problem) for each in found] == [
        ("D7", "win", first, ""),
        ("D7", "rebooking", -first, ""),
        ("D7", "win", second, "taken_back"),
        ("D7", "reinstatement", first, ""),
        ("D8", "win", first, ""),
        ("D8", "rebooking", -first, ""),
        ("D8", "win", second, ""),
        ("D8", "clawback", -second, ""),
        ("D8", "reinstatement", first, ""),
        ("D9", "win", first, ""),
        ("D9", "rebooking", -first, ""),
        ("D9", "win", second, ""),
        ("D9", "clawback", -second, ""),
        ("D10", "win", first, ""),
        ("D10", "rebooking", -first, ""),
        ("D10", "win", second, ""),
        ("D11", "win", first, ""),
        ("D11", "rebooking", -first, ""),
        ("D11", "win", second, ""),
        ("D11", "clawback", -second, ""),
        ("D11", "reinstatement", first, ""),
        ("D11", "rebooking", -first, ""),
        ("D11", "win", 7_000_00, ""),
        ("D15", "win", first, ""),
        ("D15", "rebooking", -first, ""),
        ("D15", "win", second, ""),
        ("D15", "rebooking", -second, ""),
        ("D15", "win", 7_000_00, "taken_back"),
        ("D15", "reinstatement", first, ""),
        ("D16", "win", first, ""),
        ("D16", "rebooking", -first, ""),
        ("D16", "win", second, "no_employee"),
        ("D16", "reinstatement", first, ""),
        ("D17", "win", first, ""),
        ("D17", "rebooking", -first, ""),
        ("D17", "win", second, "no_employee"),
    ]
    of_d8 = [each for each in found if each.opportunity == "D8"]
    rows = calculator().earnings(of_d8)
    assert {(row.rule, row.period.start): row.cents for row in rows} == {
        ("rate", on(1, 1)): 240_00,
        ("rate", on(4, 1)): 270_00,
        ("rebooking", on(4, 1)): -240_00,
        ("clawback", on(5, 1)): -270_00,
        ("reinstatement", on(5, 1)): 240_00,
    }


def test_what_gave_way_before_it_was_paid_does_not_come_back():
    """All of the first quarter: only the later win was paid, and is taken back in April."""
    deal = CreditedDeal("D12", "X", (won(1, 5, 6_000), lost(2, 20), won(3, 20, 6_000), lost(4, 5)))
    found = list(credits_of([deal], {}, book(plan(grain="quarter"))))
    assert [(each.kind, each.problem) for each in found] == [
        ("win", "taken_back"),
        ("win", ""),
        ("clawback", ""),
    ]


def test_each_seller_of_a_split_goes_by_what_was_taken_back_from_her():
    """C has no employee record: nothing is taken back from her later win, which keeps nobody's first
    one away. Where the later win is B's alone, B's loss gives A her own back."""
    decisions = (won(1, 5, 8_000), lost(3, 5), won(4, 10, 9_000), lost(5, 5))
    splits = {"D13": [("A", Fraction("0.6")), ("C", Fraction("0.4"))]}
    handed_over = (*decisions[:2], won(4, 10, 9_000, "B"), decisions[3])
    deals = [CreditedDeal("D13", "X", decisions), CreditedDeal("D14", "X", handed_over)]
    found = credits_of(deals, splits, book(plan()))
    given_back = [each for each in found if each.kind == "reinstatement"]
    assert [(each.opportunity, each.rep, each.cents) for each in given_back] == [
        ("D13", "A", 4_800_00),
        ("D13", "C", 3_200_00),
        ("D14", "A", 8_000_00),
    ]


def test_tiers_incentives_and_the_cap():
    found = by_rule(calculator().earnings(credits()))
    january, february, march = on(1, 1), on(2, 1), on(3, 1)
    assert found == {
        # 8,000 x 3 %.
        ("A", "D1", 1, "rate", january): 240_00,
        # Up to 17,000: 300 + 350 = 650, less 240; and three quarters of 40.
        ("A", "D2", 1, "rate", january): 410_00,
        ("A", "D2", 1, "spif", january): 30_00,
        # Up to 27,000: 300 + 850 = 1,150, less 650. With the incentive 1,180 in all: 280 too much.
        ("A", "D3", 1, "rate", january): 500_00,
        ("A", "D3", 1, "cap", january): -280_00,
        ("B", "D2", 1, "rate", january): 90_00,
        ("B", "D2", 1, "spif", january): 10_00,
        ("A", "D1", 2, "clawback", february): -240_00,
        # The rate and the incentive of the first time.
        ("A", "D2", 2, "rebooking", february): -440_00,
        ("B", "D2", 2, "rebooking", february): -100_00,
        # What is taken back does not lower what was sold: 300 + 500 x 5 %.
        ("A", "D2", 2, "rate", february): 325_00,
        ("B", "D2", 2, "rate", february): 105_00,
        # 300 + 10,000 x 5 %.
        ("A", "D4", 1, "rate", march): 800_00,
    }


def test_a_draw_gives_what_is_missing_and_takes_it_back_from_what_is_more():
    rows = calculator().earnings(credits())
    version = plan()
    draws = [
        Draw("EA", on(1, 1), 1_000_00, True),
        Draw("EA", on(2, 1), 500_00, True),
        Draw("EB", on(1, 1), 110_00, False),
    ]
    reps = {"EA": ("A", version), "EB": ("B", version)}
    found = by_rule(calculator().draws(rows, draws, reps, on(4, 29)))
    assert found == {
        # January: 900 after the cap, of 1,000.
        ("A", "", 0, "draw_advance", on(1, 1)): 100_00,
        # February: 325 - 240 - 440 = -355, of 500. Owed are 955.
        ("A", "", 0, "draw_advance", on(2, 1)): 855_00,
        # March: 800, all of which goes to what is owed.
        ("A", "", 0, "draw_recovery", on(3, 1)): -800_00,
        # 100 earned of 110, and kept: February's 5 are not asked for.
        ("B", "", 0, "draw_grant", on(1, 1)): 10_00,
    }


def test_attainment_goes_by_the_quota_and_is_the_first_tier_without_one():
    shares = (
        Tier(Fraction(0), Fraction(1), Fraction("0.04")),
        Tier(Fraction(1), None, Fraction("0.1")),
    )
    version = plan(basis=ATTAINMENT, tiers=shares, grain="quarter", cap=None)
    deals = [
        CreditedDeal("D1", "X", (won(1, 5, 8_000),)),
        CreditedDeal("D4", "X", (won(3, 1, 4_000),)),
    ]
    credited = list(credits_of(deals, {}, book(version)))
    with_quota = [row.cents for row in calculator(10_000_00).earnings(credited)]
    # The quota of 10,000 is reached with half of the second deal: 2,000 x 4 % + 2,000 x 10 %.
    assert with_quota == [320_00, 280_00]
    assert [row.cents for row in calculator(None).earnings(credited)] == [320_00, 160_00]


def test_retroactive_tiers_in_another_currency():
    version = plan(method=RETROACTIVE, currency=1, cap=None)
    deals = [
        CreditedDeal("D1", "X", (won(1, 5, 8_000),)),
        CreditedDeal("D4", "X", (won(1, 9, 4_000),)),
    ]
    credited = list(credits_of(deals, {}, book(version)))
    # 10,000 euros are 12,000 dollars at 1.2: the 12,000 of January reach the second tier exactly.
    assert [row.cents for row in calculator(rate=120_000_000).earnings(credited)] == [
        400_00,
        200_00,
    ]
    # And at 1.25 they do not.
    assert [row.cents for row in calculator(rate=125_000_000).earnings(credited)] == [
        240_00,
        120_00,
    ]


def test_whoever_is_not_there_or_not_on_a_plan_earns_nothing():
    deals = [
        CreditedDeal("D1", "X", (Decision(on(1, 1) - 1, True, "A", 100_00),)),
        CreditedDeal("D2", "X", (won(12, 1, 100, "B"),)),
        CreditedDeal("D3", "X", (won(2, 1, 100, "C"),)),
    ]
    credited = list(credits_of(deals, {}, book(plan())))
    assert [each.problem for each in credited] == ["before_hire", "after_exit", "no_employee"]
    assert calculator().earnings(credited) == []
