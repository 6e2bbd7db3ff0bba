"""Random deals whose CRM writes its field history down, and what the warehouse makes of it.

The play knows every state of every deal. Extracts show the state of each night, the history each
change between them; together they must give the play back, change by change.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

pytestmark = pytest.mark.minutes(2)

NIGHTS = [datetime(2026, 1, 5, 2) + timedelta(days=7 * night) for night in range(6)]
STAGES = {"s1": (False, False), "s2": (False, False), "won": (True, True), "lost": (True, False)}
DEALS = 600
FACTS = ("+fct_opportunity_version", "+fct_opportunity")
MARTS = ("+mart_pipeline_movement", "+mart_pipeline_efficiency", "+mart_stage_conversion")
FOREVER = datetime(9999, 12, 31)


@dataclass(frozen=True)
class State:
    """What a deal was from a moment on."""

    since: datetime
    stage_id: str
    owner_id: str
    amount: Decimal | None
    expected_close_date: date | None
    probability: Decimal
    forecast_category: str

    @property
    def values(self) -> dict[str, object]:
        """The fields that the CRM keeps a history of."""
        return {name: value for name, value in asdict(self).items() if name != "since"}

    @property
    def is_closed(self) -> bool:
        return STAGES[self.stage_id][0]


def play(seed: int, deals: int = DEALS) -> dict[str, list[State]]:
    """Plays deals with any number of changes, several of them in one second now and then."""
    dice = random.Random(seed)
    return {f"d{number:03}": _play_deal(dice) for number in range(deals)}


def _play_deal(dice: random.Random) -> list[State]:
    since = datetime(2025, 11, 1) + timedelta(seconds=dice.randrange(90 * 86_400))
    states = [
        State(
            since,
            dice.choice(["s1", "s2"]),
            dice.choice("abc"),
            dice.choice([None, Decimal(dice.randrange(1, 90_000)) / 100]),
            since.date() + timedelta(days=dice.randrange(90)),
            Decimal("0.1"),
            "pipeline",
        )
    ]
    for _ in range(dice.randrange(8)):
        since += timedelta(seconds=dice.randrange(1, 20 * 86_400))
        states.append(_next_state(states[-1], since, dice))
    return [state for state in states if state.since < NIGHTS[-1]]


def _next_state(state: State, since: datetime, dice: random.Random) -> State:
    changes: dict[str, object] = {}
    for _ in range(dice.choice([1, 1, 2, 3])):
        match dice.randrange(6):
            case 0:
                changes["owner_id"] = dice.choice([o for o in "abcd" if o != state.owner_id])
            case 1:
                changes["amount"] = dice.choice([None, Decimal(dice.randrange(1, 90_000)) / 100])
            case 2:
                changes["expected_close_date"] = since.date() + timedelta(days=dice.randrange(60))
            case 3:
                changes["forecast_category"] = dice.choice(["commit", "best_case"])
            case 4:
                changes["probability"] = Decimal(dice.randrange(11)) / 10
            case _:
                others = [stage for stage in STAGES if stage != state.stage_id]
                changes["stage_id"] = dice.choice(others)
    return replace(state, since=since, **changes)


def changes_of(deal: str, states: list[State]) -> list[dict[str, Any]]:
    """The field history: one row per field that differs between two states."""
    return [
        {
            "history_id": f"{deal}-{number}-{field}",
            "opportunity_id": deal,
            "field_name": field,
            "old_value": old.values[field],
            "new_value": value,
            "changed_at": new.since,
        }
        for number, (old, new) in enumerate(pairwise(states))
        for field, value in new.values.items()
        if value != old.values[field]
    ]


def write_log(
    home: Path, deals: dict[str, list[State]], nights: list[datetime], delay: int = 0
) -> None:
    """Writes what these nights bring; see `write_nights`."""
    for _ in write_nights(home, deals, nights, delay):
        pass


def write_nights(
    home: Path, deals: dict[str, list[State]], nights: list[datetime], delay: int = 0
) -> Iterator[datetime]:
    """Writes what each night brings, and gives each once it is written.

    Args:
        home: Folder of the raw store.
        deals: The play.
        nights: Times of the extracts.
        delay: By how many nights every third deal's history comes late.
    """
    log = ChangeLogOfTest(home, CompanySettings())
    log.add(
        "stages",
        nights[0],
        [
            {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
            for name, (closed, won) in STAGES.items()
        ],
    )
    log.add("users", nights[0], [{"user_id": name, "user_name": name} for name in "abcd"])
    last: dict[str, dict[str, object]] = {}
    told: set[object] = set()
    for index, night in enumerate(nights):
        rows, history = [], []
        for place, (deal, states) in enumerate(deals.items()):
            past = [state for state in states if state.since <= night]
            if not past:
                continue
            row = {
                "opportunity_id": deal,
                "created_at": states[0].since,
                "modified_at": past[-1].since,
                **past[-1].values,
            }
            if row != last.get(deal):
                rows.append(row)
                last[deal] = row
            known = nights[max(0, index - delay)] if place % 3 == 0 else night
            history += [
                change
                for change in changes_of(deal, states)
                if change["changed_at"] <= known and change["history_id"] not in told
            ]
        told |= {change["history_id"] for change in history}
        log.add("opportunities", night, rows)
        log.add("opportunity_field_history", night, history)
        yield night


@pytest.fixture(scope="module")
def home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All nights of a play; dbt's own tests hold there too."""
    home = tmp_path_factory.mktemp("history")
    write_log(home, play(seed=5), NIGHTS)
    models.build(home, *FACTS, *MARTS)
    assert models.failing_tests(home, *FACTS, *MARTS) == []
    return home


@pytest.fixture
def warehouse(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_warehouse(home) as connection:
        yield connection


def won_amounts(states: list[State]) -> list[Decimal | None]:
    """The amount of each state; one that is emptied after a deal was won still counts."""
    amounts: list[Decimal | None] = []
    decided: Decimal | None = None
    for state in states:
        decided = (state.amount or decided) if state.is_closed else None
        amounts.append(decided if state.stage_id == "won" else state.amount)
    return amounts


def expected_versions(deals: dict[str, list[State]]) -> list[tuple]:
    """The play's own states: (deal, from, to, stage, owner, amount, close date, ...)."""
    return [
        (
            deal,
            state.since,
            end,
            state.stage_id,
            state.owner_id,
            amount,
            state.expected_close_date,
            state.probability,
            state.forecast_category,
        )
        for deal, states in deals.items()
        for state, amount, end in zip(
            states,
            won_amounts(states),
            [later.since for later in states[1:]] + [FOREVER],
            strict=True,
        )
    ]


def merged(versions: list[tuple]) -> list[tuple]:
    """Versions with those that follow an equal one joined to it."""
    found: list[tuple] = []
    for version in sorted(versions):
        if found and found[-1][0] == version[0] and found[-1][3:] == version[3:]:
            found[-1] = (*found[-1][:2], version[2], *version[3:])
        else:
            found.append(version)
    return found


def test_the_history_gives_every_state_of_every_deal_back(warehouse):
    found = warehouse.execute("""
        select opportunity_id, valid_from, valid_to, stage_id, sales_rep_id,
            case when amount_source = 'crm' then amount end, expected_close_date,
            probability, forecast_category
        from core.fct_opportunity_version
    """).fetchall()
    expected = expected_versions(play(seed=5))
    assert len(expected) > 3 * DEALS
    assert merged(found) == merged(expected)


def test_nothing_is_recorded_late_where_every_night_tells_all(warehouse):
    (late,) = warehouse.execute(
        "select count(*) from core.fct_opportunity_version where is_recorded_late"
    ).fetchall()[0]
    assert late == 0


def test_closings_are_dated_by_their_transitions(warehouse):
    """Counted from the play: an episode ends with a reopening, its date is its first closing.

    A closing that sets the close date in the same second is dated by what it sets, and so is a turn
    from won to lost, or back, that does.
    """
    expected = []
    for deal, states in play(seed=5).items():
        episode, closed = 1, None
        for before, state in pairwise([states[0], *states]):
            if closed and not state.is_closed:
                expected.append((deal, episode, closed))
                episode, closed = episode + 1, None
            elif state.is_closed:
                sets_day = state.expected_close_date != before.expected_close_date
                turns = STAGES[state.stage_id] != STAGES[before.stage_id]
                if sets_day and (turns or not closed):
                    closed = state.expected_close_date
                closed = closed or state.since.date()
        expected.append((deal, episode, closed))
    found = warehouse.execute(
        "select opportunity_id, episode, closed_date from core.fct_opportunity"
    ).fetchall()
    assert sum(episode > 1 for _, episode, _ in expected) > 20
    assert sorted(found, key=str) == sorted(expected, key=str)


STATE_AS_OF = """
    select opportunity_id, stage_id, sales_rep_id, amount, expected_close_date, probability
    from core.fct_opportunity_version
    where valid_from_date <= $day and $day < valid_to_date
"""


# Of a deal of which something was recorded late, what held before that may be news as well.
STATE_AS_OF_NIGHT = """
    select opportunity_id, stage_id, sales_rep_id, amount, expected_close_date, probability
    from core.fct_opportunity_version
    where valid_from_date <= $day and $day < valid_to_date and opportunity_id not in (
        select opportunity_id from core.fct_opportunity_version
        where is_recorded_late and recorded_at > $night and valid_from_date <= $day
    )
"""
TABLES = """
    select schema_name || '.' || table_name from duckdb_tables()
    where schema_name in ('core', 'marts') order by all
"""


@pytest.mark.parametrize(
    "delay",
    [
        pytest.param(0, marks=pytest.mark.xdist_group("nights_told_at_once")),
        pytest.param(1, marks=pytest.mark.xdist_group("nights_told_late")),
    ],
)
def test_replayed_night_by_night_or_at_once(models: Models, tmp_path, delay):
    """The same tables in the end, and each night's answers about its past are those of the last.

    But for deals of which something was recorded late since: with a delay, every third deal's
    history comes a night later than the extract that it explains.
    """
    nightly, at_once = tmp_path / "nightly", tmp_path / "at_once"
    deals = play(seed=9 + delay)
    days = [date(2025, 11, 20) + timedelta(days=3 * count) for count in range(25)]
    known: dict[tuple[datetime, date], set[tuple]] = {}
    for night in write_nights(nightly, deals, NIGHTS, delay):
        models.build(nightly, *FACTS, *MARTS)
        with read_warehouse(nightly) as warehouse:
            for day in (day for day in days if day < night.date()):
                known[night, day] = set(warehouse.execute(STATE_AS_OF, {"day": day}).fetchall())
    write_log(at_once, deals, NIGHTS, delay)
    models.build(at_once, *FACTS, *MARTS)

    with read_warehouse(at_once) as one, read_warehouse(nightly) as other:
        tables = [name for (name,) in one.execute(TABLES).fetchall()]
        assert len(tables) > 15
        for table in tables:
            rows = one.execute(f"from {table}").fetchall()
            assert sorted(rows, key=str) == sorted(
                other.execute(f"from {table}").fetchall(), key=str
            )
        compared = 0
        for (night, day), states in known.items():
            final = one.execute(STATE_AS_OF_NIGHT, {"day": day, "night": night}).fetchall()
            unknown = set(final) - states
            assert unknown == set(), (night, day)
            compared += len(final)
        late = one.execute(
            "select count(distinct opportunity_id) from core.fct_opportunity_version "
            "where is_recorded_late"
        ).fetchall()[0][0]
    assert compared > 10 * DEALS
    assert (late > 0) is (delay > 0)


def test_changes_that_were_recorded_late_say_so(models: Models, tmp_path):
    """Every third deal's history comes a night late; the extract knew the outcome before."""
    write_log(tmp_path, play(seed=6), NIGHTS, delay=1)
    models.build(tmp_path, *FACTS)
    with read_warehouse(tmp_path) as warehouse:
        late = warehouse.execute("""
            select distinct opportunity_id from core.fct_opportunity_version where is_recorded_late
        """).fetchall()
    assert late
    assert {int(deal[1:]) % 3 for (deal,) in late} == {0}


def open_at_end_of(day: date, deals: dict[str, list[State]]) -> list[State]:
    """Gives the state of each deal that is open when a day ends."""
    last = [
        [state for state in states if state.since.date() <= day][-1:] for states in deals.values()
    ]
    return [state for found in last for state in found if not state.is_closed]


def test_the_pipeline_of_each_day_is_that_of_a_naive_count(warehouse):
    """Running sums of changes against counting the play's open deals, day by day and by rep."""
    deals = play(seed=5)
    expected = []
    for day in (date(2025, 11, 5) + timedelta(days=count) for count in range(97)):
        states = open_at_end_of(day, deals)
        for rep in "abcd":
            own = [state for state in states if state.owner_id == rep]
            if own:
                value = sum((state.amount or Decimal(0) for state in own), Decimal(0))
                due = [s for s in own if s.expected_close_date and s.expected_close_date < day]
                expected.append((day, rep, len(own), value, len(due)))
    found = warehouse.execute("""
        select as_of_date, member_id, open_deals, open_value, overdue_deals
        from marts.mart_pipeline_value
        where level = 'rep' and as_of_date between '2025-11-05' and '2026-02-09'
    """).fetchall()
    assert len(expected) > 300
    assert sorted(found) == sorted(expected)


def test_movements_lead_from_the_start_of_a_month_to_its_end(warehouse):
    """Start and end counted from the play; that the movements explain them, dbt's test has shown."""
    deals = play(seed=5)
    expected = []
    for month, (first, last) in {
        12: (date(2025, 12, 1), date(2025, 12, 31)),
        1: (date(2026, 1, 1), date(2026, 1, 31)),
    }.items():
        ends = []
        for day in (first - timedelta(days=1), last):
            due = [
                state.amount or Decimal(0)
                for state in open_at_end_of(day, deals)
                if state.expected_close_date and state.expected_close_date.month == month
            ]
            ends.append(sum(due, Decimal(0)))
        expected.append((first, *ends))
    found = warehouse.execute("""
        select period_start, start_value, end_value from marts.mart_pipeline_movement
        where basis = 'restated' and level = 'company' and period_grain = 'month'
            and period_start in ('2025-12-01', '2026-01-01')
    """).fetchall()
    assert sorted(found) == sorted(expected)
    (moved,) = warehouse.execute("""
        select count(*) from marts.mart_pipeline_movement
        where basis = 'restated' and level = 'rep' and transferred_value <> 0 and pulled_in_value > 0
            and pushed_out_value > 0 and increased_value > 0 and decreased_value > 0
            and won_value > 0 and lost_value > 0 and reopened_value > 0 and created_value > 0
    """).fetchall()[0]
    assert moved > 3  # every kind of movement took place


def test_every_stay_in_a_stage_is_a_visit(warehouse):
    """Counted from the play: a stay begins where the stage differs from the one before."""
    expected = []
    for deal, states in play(seed=5).items():
        stays = [states[0]]
        stays += [new for old, new in pairwise(states) if new.stage_id != old.stage_id]
        ends = [later.since for later in stays[1:]] + [None]
        expected += [
            (deal, number, stay.stage_id, stay.since, end)
            for number, (stay, end) in enumerate(zip(stays, ends, strict=True), start=1)
        ]
    found = warehouse.execute("""
        select opportunity_id, visit_number, stage_id, entered_at, exited_at
        from core.fct_stage_visit
    """).fetchall()
    assert sorted(found, key=str) == sorted(expected, key=str)
