"""Attacks on published sums of pay by somebody who knows who is counted in which of them.

Belongs here: finding out, from memberships alone, whether some combination of sums is made up of the
pay of a few people, and between what bounds rounded sums leave the pay of each. Does not belong here: how
sums come to be published.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

PRIME = 2_147_483_629
Cell = tuple[str, ...]
"""Length of the period, its first day, level and member."""
Unknown = tuple[str, int]
"""Somebody, and what they are paid, which stays the same in all months that have both."""


@dataclass(frozen=True)
class Sum:
    """One published number: whose pay it adds up, by person and month, and what it comes to."""

    cell: Cell
    publication: int
    units: frozenset[tuple[str, str]]
    value: float


def smallest_support(
    sums: Sequence[Sum],
    unknown: Callable[[tuple[str, str]], object],
    rounds: int,
    chance: random.Random,
) -> int:
    """Gives the fewest people that a combination of sums was found to be made up of.

    Solves for the sums' row space by Gaussian elimination modulo a prime, time and again with the
    unknowns in another order (information-set decoding), and looks at each row of each reduced form.
    Whenever one person's pay is in the row space at all, the first round already finds it: a unit
    vector is a row of every reduced form with its column as a pivot, or else no form has it.

    Args:
        sums: What is known.
        unknown: The unknown that a person's pay of a month is: itself, or the person alone where pay
            is taken to be the same every month.
        rounds: How often to solve.
        chance: Where orders come from.
    """
    rows: dict[frozenset, dict[object, int]] = {}
    for known in sums:
        weights: dict[object, int] = defaultdict(int)
        for unit in known.units:
            weights[unknown(unit)] += 1
        rows[frozenset(weights.items())] = weights
    # Unknowns that always stand together are one column, with the people that they belong to.
    columns: dict[object, list[tuple[int, int]]] = defaultdict(list)
    for index, weights in enumerate(rows.values()):
        for key, weight in weights.items():
            columns[key].append((index, weight))
    together: dict[tuple, set[str]] = defaultdict(set)
    for key, pattern in columns.items():
        together[tuple(pattern)].add(key[0] if isinstance(key, tuple) else str(key))
    patterns = list(together)
    people = [together[pattern] for pattern in patterns]
    matrix = np.zeros((len(rows), len(patterns)), dtype=np.int64)
    for column, pattern in enumerate(patterns):
        for index, weight in pattern:
            matrix[index, column] = weight
    smallest = len({person for group in people for person in group})
    for number in range(rounds):
        # Columns of few people last at first, so that they are left over; then by chance.
        order = sorted(range(len(patterns)), key=lambda c: -len(people[c]))
        if number:
            order = chance.sample(range(len(patterns)), len(patterns))
        for row in _reduced(matrix[:, order]):
            support: set[str] = set()
            for column in np.flatnonzero(row):
                support |= people[order[column]]
            smallest = min(smallest, len(support))
    return smallest


def _reduced(matrix: np.ndarray) -> np.ndarray:
    """Gives the reduced row echelon form modulo a prime, without empty rows."""
    rows = matrix % PRIME
    rank = 0
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[rank:, column])
        if not len(pivots):
            continue
        pivot = rank + int(pivots[0])
        rows[[rank, pivot]] = rows[[pivot, rank]]
        rows[rank] = rows[rank] * pow(int(rows[rank, column]), -1, PRIME) % PRIME
        others = np.flatnonzero(rows[:, column])
        others = others[others != rank]
        # Row by row: the product of two residues just fits into 64 bits.
        rows[others] = (rows[others] - rows[others, column][:, None] * rows[rank] % PRIME) % PRIME
        rank += 1
        if rank == rows.shape[0]:
            break
    return rows[:rank]


@dataclass(frozen=True)
class Query:
    """A signed combination of sums: the people left in it, by either belief, and its value."""

    by_month: frozenset[str]
    by_person: Mapping[str, int]
    value: float


def queries(sums: Sequence[Sum], number: int, chance: random.Random) -> Iterable[Query]:
    """Gives random differences of two to six sums, most of them of sums that overlap."""
    by_period: dict[tuple, list[Sum]] = defaultdict(list)
    by_member: dict[tuple, list[Sum]] = defaultdict(list)
    for known in sums:
        grain, start, level, member = known.cell
        by_period[grain, start].append(known)
        by_member[level, member].append(known)
    for _ in range(number):
        first = chance.choice(sums)
        grain, start, level, member = first.cell
        same_period, same_member = by_period[grain, start], by_member[level, member]
        kind = chance.randrange(4)
        if kind == 0:
            chosen = [first, *_some(sums, chance)]
        elif kind == 1:
            chosen = [first, *_some(same_period, chance)]
        elif kind == 2:
            chosen = [first, *_some(same_member, chance)]
        else:
            # What changed of one member between two periods, less what changed of others in them.
            second = chance.choice(same_member)
            there = {s.cell[2:]: s for s in by_period[second.cell[:2]]}
            pairs = [(s, there[s.cell[2:]]) for s in same_period if s.cell[2:] in there]
            chosen = [first, second]
            signs = [1, -1]
            for here, then in chance.sample(pairs, min(len(pairs), chance.randrange(3))):
                chosen += [here, then]
                signs += [-1, 1]
            yield _query(chosen, signs)
            continue
        yield _query(chosen, [1, *(chance.choice([-1, -1, 1]) for _ in chosen[1:])])


def _some(sums: Sequence[Sum], chance: random.Random) -> list[Sum]:
    return chance.sample(sums, min(len(sums), chance.randrange(1, 6)))


def _query(chosen: Sequence[Sum], signs: Sequence[int]) -> Query:
    weights: dict[tuple[str, str], int] = defaultdict(int)
    for known, sign in zip(chosen, signs, strict=True):
        for unit in known.units:
            weights[unit] += sign
    by_person: dict[str, int] = defaultdict(int)
    for (person, _), weight in weights.items():
        by_person[person] += weight
    return Query(
        by_month=frozenset(person for (person, _), weight in weights.items() if weight),
        by_person={person: weight for person, weight in by_person.items() if weight},
        value=sum(known.value * sign for known, sign in zip(chosen, signs, strict=True)),
    )


@dataclass(frozen=True)
class Bounds:
    """What a rounded number says: the unknowns that it adds up, and between what their sum lies."""

    unknowns: frozenset[Unknown]
    low: float
    high: float


def possible_pay(
    published: Sequence[Bounds], most: float, number: int
) -> dict[Unknown, tuple[float, float]]:
    """Gives between what bounds the pay of each unknown lies, given everything that is published.

    Solves two linear programmes an unknown, so nothing that follows from any combination of the sums is
    missed. Those who stand in the same sums as nobody else are looked at first: the others can hide
    behind each other.

    Args:
        published: The sums. An unknown may stand in several of them, with the same pay in each.
        most: What nobody's pay exceeds.
        number: How many sets of unknowns that stand in the same sums to look at.
    """
    where: dict[Unknown, list[int]] = defaultdict(list)
    for index, bounds in enumerate(published):
        for unknown in bounds.unknowns:
            where[unknown].append(index)
    together: dict[tuple[int, ...], list[Unknown]] = defaultdict(list)
    for unknown, indices in where.items():
        together[tuple(indices)].append(unknown)
    patterns = sorted(together, key=lambda pattern: len(together[pattern]))
    sums = np.zeros((len(published), len(patterns)))
    for column, pattern in enumerate(patterns):
        sums[list(pattern), column] = 1
    limits = [(0, len(together[pattern])) for pattern in patterns]
    at_most = np.concatenate([[b.high for b in published], [-b.low for b in published]]) / most
    found: dict[Unknown, tuple[float, float]] = {}
    for column, pattern in enumerate(patterns[:number]):
        wanted = np.zeros(len(patterns))
        wanted[column] = 1
        ends = []
        for sign in (1, -1):
            solved = linprog(sign * wanted, np.vstack([sums, -sums]), at_most, bounds=limits)
            assert solved.status == 0, solved.message
            ends.append(sign * solved.fun)
        others = len(together[pattern]) - 1
        low, high = max(0.0, ends[0] - others), min(1.0, ends[1])
        found.update(dict.fromkeys(together[pattern], (low * most, high * most)))
    return found
