"""Random deals in three currencies whose rates move, against a count of every deal on every day.

The models keep running sums by currency and convert them at the end, and movements are made of a deal's
changes alone. The oracle knows nothing of that: it looks at each deal at the end of each day.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

FIRST_DAY = date(2025, 10, 1)
NIGHT = datetime(2026, 3, 20)
AS_OF = date(2026, 3, 19)
DEALS = 120
CURRENCIES = {"USD": Decimal(1), "EUR": Decimal("1.08"), "JPY": Decimal("0.0067")}
STAGES = {
    "talk": (False, False),
    "offer": (False, False),
    "won": (True, True),
    "lost": (True, False),
}
MARTS = ("+mart_pipeline_value", "+mart_pipeline_movement", "+mart_pipeline_efficiency")
CENT = Decimal("0.01")
MOVEMENTS = (
    "start_value", "created_value", "increased_value", "pulled_in_value", "reopened_value",
    "decreased_value", "pushed_out_value", "won_value", "lost_value", "transferred_value",
    "revaluation_value", "end_value",
)  # fmt: skip

Rates = dict[tuple[str, date], Decimal]


@dataclass(frozen=True)
class State:
    """What a deal was from a moment on."""

    since: datetime
    stage_id: str
    owner_id: str
    currency_code: str
    amount: Decimal | None
    expected_close_date: date
    probability: Decimal | None

    @property
    def is_open(self) -> bool:
        return not STAGES[self.stage_id][0]

    @property
    def values(self) -> dict[str, object]:
        """The fields that the CRM keeps a history of."""
        return {name: value for name, value in vars(self).items() if name != "since"}

    def is_in(self, first: date, last: date) -> bool:
        """Whether it belongs to the pipeline of a period."""
        return self.is_open and first <= self.expected_close_date <= last

    def unrounded(self, rates: Rates, day: date) -> Decimal:
        return (self.amount or Decimal(0)) * rates[self.currency_code, day]

    def value(self, rates: Rates, day: date) -> Decimal:
        return cents(self.unrounded(rates, day))


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def play(seed: int) -> dict[str, list[State]]:
    """Plays deals that change hands, currency, amount, date and stage, and come back."""
    dice = random.Random(seed)
    return {f"d{number:03}": _play_deal(dice) for number in range(DEALS)}


def _play_deal(dice: random.Random) -> list[State]:
    since = datetime.combine(FIRST_DAY, datetime.min.time())
    since += timedelta(seconds=dice.randrange(150 * 86_400))
    states = [
        State(
            since,
            dice.choice(["talk", "offer"]),
            dice.choice("abc"),
            dice.choice(list(CURRENCIES)),
            _amount(dice),
            since.date() + timedelta(days=dice.randrange(90)),
            dice.choice([None, Decimal("0.35")]),
        )
    ]
    for _ in range(dice.randrange(8)):
        since += timedelta(seconds=dice.randrange(1, 25 * 86_400))
        states.append(_next(states[-1], since, dice))
    return [state for state in states if state.since < NIGHT - timedelta(hours=3)]


def _amount(dice: random.Random) -> Decimal | None:
    return dice.choice([None, *[Decimal(dice.randrange(1, 5_000_000)) / 100] * 6])


def _next(state: State, since: datetime, dice: random.Random) -> State:
    # The history tells the chance too, or a change of stage would take that of the stage along.
    chance = dice.choice([None, Decimal("0.6")])
    if not state.is_open:
        return replace(state, since=since, stage_id="talk", probability=chance)
    match dice.randrange(7):
        case 0:
            return replace(state, since=since, owner_id=dice.choice("abcd"))
        case 1:
            return replace(state, since=since, amount=_amount(dice))
        case 2:
            return replace(
                state,
                since=since,
                currency_code=dice.choice(list(CURRENCIES)),
                amount=_amount(dice),
            )
        case 3 | 4:
            expected = since.date() + timedelta(days=dice.randrange(-20, 70))
            return replace(state, since=since, expected_close_date=expected)
        case _:
            stage = dice.choice(["offer", "won", "lost"])
            return replace(state, since=since, stage_id=stage, probability=chance)


def published_rates(seed: int) -> Rates:
    """Gives rates of working days, which hold over the weekend."""
    dice = random.Random(seed)
    days = (FIRST_DAY + timedelta(days=number) for number in range((AS_OF - FIRST_DAY).days + 1))
    published: Rates = {}
    held = dict(CURRENCIES)
    for day in days:
        for currency, rate in held.items():
            if currency != "USD" and day.weekday() < 5:
                moved = rate * Decimal(dice.randrange(9_400, 10_640)) / 10_000
                held[currency] = moved.quantize(Decimal("0.00000001"))
                published[currency, day] = held[currency]
    return published


def daily_rates(published: Rates) -> Rates:
    """Gives the rate of every day: the last one published."""
    held, rates = {"USD": Decimal(1)}, {}
    for number in range((AS_OF - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=number)
        held |= {currency: published.get((currency, day), held.get(currency)) for currency in CURRENCIES
                 if currency != "USD"}  # fmt: skip
        rates |= {(currency, day): rate for currency, rate in held.items()}
    return rates


def write_log(home: Path, deals: dict[str, list[State]], published: Rates) -> None:
    log = ChangeLogOfTest(home, CompanySettings())
    log.add(
        "stages",
        NIGHT,
        [
            {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
            for name, (closed, won) in STAGES.items()
        ],
    )
    log.add("users", NIGHT, [{"user_id": name, "user_name": name} for name in "abcd"])
    log.add(
        "fx_rates",
        NIGHT,
        [
            {"from_currency": currency, "to_currency": "USD", "rate_date": day, "rate": rate}
            for (currency, day), rate in published.items()
        ],
    )
    log.add(
        "opportunities",
        NIGHT,
        [
            {
                "opportunity_id": deal,
                "created_at": states[0].since,
                "modified_at": states[-1].since,
                **states[-1].values,
            }
            for deal, states in deals.items()
        ],
    )
    log.add(
        "opportunity_field_history",
        NIGHT,
        [
            {
                "history_id": f"{deal}-{number}-{field}",
                "opportunity_id": deal,
                "field_name": field,
                "old_value": old.values[field],
                "new_value": value,
                "changed_at": new.since,
            }
            for deal, states in deals.items()
            for number, (old, new) in enumerate(pairwise(states))
            for field, value in new.values.items()
            if value != old.values[field]
        ],
    )


class Oracle:
    """Looks at each deal at the end of each day."""

    def __init__(self, deals: dict[str, list[State]], rates: Rates) -> None:
        self._deals = deals.values()
        self.rates = rates

    def states(self, day: date) -> list[State | None]:
        found = [[s for s in states if s.since.date() <= day][-1:] for states in self._deals]
        return [states[0] if states else None for states in found]

    def open_states(self, day: date) -> Iterator[tuple[str, State]]:
        """Gives the open deals of a day, once for the company and once for their rep."""
        for state in self.states(day):
            if state and state.is_open:
                yield "all", state
                yield state.owner_id, state

    def pipeline(self, day: date) -> list[tuple]:
        values: dict[str, list[Decimal]] = defaultdict(list)
        weighted: dict[str, list[Decimal]] = defaultdict(list)
        overdue: dict[str, list[Decimal]] = defaultdict(list)
        for member, state in self.open_states(day):
            values[member].append(state.unrounded(self.rates, day))
            if state.probability is not None and state.amount is not None:
                share = cents(state.amount * state.probability)
                weighted[member].append(share * self.rates[state.currency_code, day])
            if state.expected_close_date < day:
                overdue[member].append(state.unrounded(self.rates, day))
        return [
            (
                day,
                member,
                len(own),
                cents(sum(own, Decimal(0))),
                cents(sum(weighted[member], Decimal(0))) if weighted[member] else None,
                len(overdue[member]),
                cents(sum(overdue[member], Decimal(0))),
            )
            for member, own in values.items()
        ]

    def movements(self, first: date, last: date) -> dict[str, dict[str, Decimal]]:
        """Follows the pipeline of a period from day to day, by member."""
        found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        rates = self.rates
        yesterday = first - timedelta(days=1)
        before = self.states(yesterday)
        for state in before:
            if state and state.is_in(first, last):
                found[state.owner_id]["start_value"] += state.value(rates, yesterday)
        last_known = min(last, AS_OF)
        day = first
        while day <= last_known:
            after = self.states(day)
            for old, new in zip(before, after, strict=True):
                for owner, movement, value in self._moved(old, new, first, last, day):
                    found[owner][movement] += value
            before, day = after, day + timedelta(days=1)
        for state in before:
            if state and state.is_in(first, last):
                found[state.owner_id]["end_value"] += state.value(rates, last_known)
        for moved in list(found.values()):
            for movement, value in moved.items():
                found["all"][movement] += value
        return found

    def _moved(
        self, old: State | None, new: State | None, first: date, last: date, day: date
    ) -> Iterator[tuple[str, str, Decimal]]:
        rates = self.rates
        was_in = old if old and old.is_in(first, last) else None
        held = was_in.value(rates, day) if was_in else Decimal(0)
        if was_in:
            before = was_in.value(rates, day - timedelta(days=1))
            yield was_in.owner_id, "revaluation_value", held - before
        if new and new.is_in(first, last):
            now = new.value(rates, day)
            if was_in:
                yield new.owner_id, "increased_value", max(Decimal(0), now - held)
                yield new.owner_id, "decreased_value", max(Decimal(0), held - now)
                yield new.owner_id, "transferred_value", held
                yield was_in.owner_id, "transferred_value", -held
            elif old is None:
                yield new.owner_id, "created_value", now
            else:
                yield new.owner_id, f"{'pulled_in' if old.is_open else 'reopened'}_value", now
        elif was_in and new:
            name = "pushed_out" if new.is_open else new.stage_id
            yield was_in.owner_id, f"{name}_value", held


@pytest.fixture(scope="module", params=[3, 4])
def seed(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def oracle(seed: int) -> Oracle:
    return Oracle(play(seed), daily_rates(published_rates(seed)))


@pytest.fixture(scope="module")
def warehouse(
    models: Models, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("revaluation")
    write_log(home, play(seed), published_rates(seed))
    models.build(home, *MARTS, "+fct_opportunity")
    # That movements lead from start to end, and members add up to the company.
    assert models.failing_tests(home, *MARTS, "+fct_opportunity") == []
    with read_warehouse(home) as connection:
        yield connection


def test_the_pipeline_of_each_day_is_worth_what_it_is_at_that_days_rates(warehouse, oracle: Oracle):
    days = [
        FIRST_DAY + timedelta(days=5 + number) for number in range((AS_OF - FIRST_DAY).days - 4)
    ]
    assert days[-1] == AS_OF
    expected = [row for day in days for row in oracle.pipeline(day)]
    found = warehouse.execute(
        """
        select as_of_date, member_id, open_deals, open_value, weighted_value, overdue_deals, overdue_value
        from marts.mart_pipeline_value where level in ('company', 'rep') and as_of_date >= ?
        """,
        [days[0]],
    ).fetchall()
    assert len(expected) > 500
    assert sorted(found) == sorted(expected)


PERIODS = {
    ("month", date(2025, 11, 1)): date(2025, 11, 30),
    ("month", date(2025, 12, 1)): date(2025, 12, 31),
    ("month", date(2026, 1, 1)): date(2026, 1, 31),
    ("month", date(2026, 3, 1)): date(2026, 3, 31),
    ("quarter", date(2026, 1, 1)): date(2026, 3, 31),
}


def test_movements_are_those_of_a_count_from_day_to_day(warehouse, oracle: Oracle):
    expected = {
        (grain, first, member): tuple(moved[movement] for movement in MOVEMENTS)
        for (grain, first), last in PERIODS.items()
        for member, moved in oracle.movements(first, last).items()
    }
    found = warehouse.execute(
        f"""
        select period_grain, period_start, member_id, {", ".join(MOVEMENTS)}
        from marts.mart_pipeline_movement where basis = 'restated' and level in ('company', 'rep')
        """
    ).fetchall()
    shown = {tuple(row[:3]): row[3:] for row in found if tuple(row[:2]) in PERIODS}
    assert len(expected) > 20
    assert shown == expected
    revaluations = [row[MOVEMENTS.index("revaluation_value")] for row in expected.values()]
    assert min(revaluations) < 0 < max(revaluations)


def test_a_starting_pipeline_is_worth_what_it_was_on_the_day_before(warehouse, oracle: Oracle):
    expected = {}
    for grain, first in PERIODS:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        before = first - timedelta(days=1)
        for member, state in oracle.open_states(before):
            sums[member] += state.unrounded(oracle.rates, before)
        expected |= {(grain, first, member): cents(value) for member, value in sums.items()}
    found = warehouse.execute(
        """
        select period_grain, period_start, member_id, starting_open_value
        from marts.mart_pipeline_efficiency where basis = 'restated' and level in ('company', 'rep')
        """
    ).fetchall()
    shown = {tuple(row[:3]): row[3] for row in found if tuple(row[:2]) in PERIODS}
    assert shown == expected


def test_open_deals_stand_at_the_rate_of_the_newest_day(warehouse, seed: int):
    rates = daily_rates(published_rates(seed))
    expected = {
        deal: states[-1].value(rates, AS_OF) if states[-1].amount is not None else None
        for deal, states in play(seed).items()
        if states and states[-1].is_open
    }
    found = warehouse.execute("""
        select opportunity_id, opportunity_value from core.fct_opportunity where not is_closed
    """).fetchall()
    assert dict(found) == expected
