"""Sums of pay that are rounded to a step leave room for what everybody is paid, whoever comes and goes.

Decision 0014 argues that where each one's pay stays the same while they are there, all sums together
leave at least half a step of room for everybody's. Here companies made up by chance are put to the test,
with the least step that the warehouse takes, by solving for the bounds of each one's pay.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest
from pay_attack import Bounds, possible_pay

MONTHS = 24
# The warehouse shows a month only if nobody's pay is more than 2.5 steps.
LEAST_STEP = 1 / 2.5


@dataclass(frozen=True)
class Rep:
    """Somebody who is there from the month `joins` until before `leaves`, and what they are paid."""

    name: str
    joins: int
    leaves: int
    pay: int


def one_a_month(chance: random.Random) -> list[Rep]:
    """Thirty who stay; each month of a year one joins, each month of the next one leaves."""
    stay = [Rep(f"s{n}", 0, MONTHS, pay(chance)) for n in range(30)]
    come = [Rep(f"c{n}", n + 1, n + 13, pay(chance)) for n in range(11)]
    return stay + come


def few_who_change_quickly(chance: random.Random) -> list[Rep]:
    """Of eight one in ten leaves each month, and as many join."""
    found = []
    for joins in [0] * 8 + list(range(1, MONTHS)):
        stays = int(chance.expovariate(0.1)) + 1
        found.append(Rep(f"{len(found)}", joins, min(MONTHS, joins + stays), pay(chance)))
    return found


def all_leave_one_by_one(chance: random.Random) -> list[Rep]:
    """Nobody joins, so that every month brings a number and no new unknown."""
    return [Rep(f"{n}", 0, n + 1, pay(chance)) for n in range(MONTHS)]


def raises(chance: random.Random) -> list[Rep]:
    """Forty of whom one a month gets another pay, which nobody knows."""
    found = []
    for n in range(40):
        at = n % MONTHS
        found.append(Rep(f"{n} before", 0, at, pay(chance)))
        found.append(Rep(f"{n} after", at, MONTHS, pay(chance)))
    return [rep for rep in found if rep.joins < rep.leaves]


COMPANIES = [one_a_month, few_who_change_quickly, all_leave_one_by_one, raises]


def pay(chance: random.Random) -> int:
    """Gives a round amount, as salaries are."""
    return chance.randrange(20, 100) * 100


def sums(reps: list[Rep], step: float, moves: random.Random | None = None) -> list[Bounds]:
    """Gives what the rounded sums of all months tell.

    Args:
        reps: Who is paid.
        step: What is rounded to.
        moves: Where a known amount that is different every month comes from, if it is rounded together
            with the pay.
    """
    published = []
    for month in range(MONTHS):
        there = [rep for rep in reps if rep.joins <= month < rep.leaves]
        known = moves.uniform(0, 20 * step) if moves else 0
        total = sum(rep.pay for rep in there) + known
        rounded = step * math.floor(total / step + 0.5) - known
        unknowns = frozenset((rep.name, rep.pay) for rep in there)
        published.append(Bounds(unknowns, rounded - step / 2, rounded + step / 2))
    return published


def found(published: list[Bounds], most: float) -> list[str]:
    """Gives whose pay is published to within ten percent."""
    bounds = possible_pay(published, most, 30)
    return [
        name for (name, pay), (low, high) in bounds.items() if (high - low) / 2 < 0.1 * pay - 1e-6
    ]


@pytest.mark.parametrize("company", COMPANIES)
@pytest.mark.parametrize("seed", range(3))
def test_everybody_has_room(company, seed: int):
    reps = company(random.Random(seed))
    most = max(rep.pay for rep in reps)
    step = LEAST_STEP * most
    published = sums(reps, step)
    assert found(published, 2.5 * step) == []
    for low, high in possible_pay(published, 2.5 * step, 30).values():
        assert high - low >= step / 2 - 1e-6


# A raise is the difference of two amounts that nobody knows.
@pytest.mark.parametrize("company", COMPANIES[:3])
def test_of_finer_sums_the_attack_finds_somebody(company):
    reps = company(random.Random(1))
    most = max(rep.pay for rep in reps)
    assert len(found(sums(reps, most / 100), most)) >= 3


def test_what_moves_and_is_known_must_not_be_rounded_together_with_pay():
    """Variable pay is published to the cent: each month would show the same sum from another side."""
    reps = one_a_month(random.Random(1))
    step = max(rep.pay for rep in reps) / 4
    longer = [bounds for seed in range(12) for bounds in sums(reps, step, random.Random(seed))]
    assert found(longer, 10 * step) != []
