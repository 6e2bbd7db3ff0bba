"""Random deals, played day by day, and what the warehouse makes of their nightly extracts.

The play knows when each thing happened. The warehouse sees only one row per deal and night, and
must arrive at the same intervals, episodes and lengths. Expected values are computed in Python from
the play's events, with the standard library's time zones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

# Half an hour off the hour, so that a forgotten conversion moves many dates.
pytestmark = pytest.mark.minutes(3)

ZONE = "Asia/Tehran"
NIGHTS = [datetime(2026, 1, 5, 2) + timedelta(days=night) for night in range(8)]
FOREVER = datetime(9999, 12, 31)
STAGES = {"s1": (False, False), "s2": (False, False), "won": (True, True), "lost": (True, False)}
DEALS = 400
FACTS = ("+fct_opportunity_version", "+fct_opportunity")


@dataclass(frozen=True)
class State:
    """What the CRM shows of a deal since a moment."""

    since: datetime
    stage: str
    owner: str
    amount: Decimal

    @property
    def is_closed(self) -> bool:
        return STAGES[self.stage][0]


@dataclass
class Deal:
    """A deal's course: its states, one at most between two nights after the first."""

    deal_id: str
    states: list[State]
    has_dates_only: bool
    vanished_at: datetime | None = None
    backdated_by: timedelta = timedelta(0)
    rows: list[tuple[datetime, dict[str, object]]] = field(default_factory=list)

    def seen_at(self, night: datetime) -> dict[str, object] | None:
        """The row of the extract taken at `night`, or nothing if it has none."""
        past = [state for state in self.states if state.since <= night]
        if not past or (self.vanished_at and self.vanished_at <= night):
            return None
        now = past[-1]
        closed_at = _closing(past) - self.backdated_by if now.is_closed else None
        by_day = self.has_dates_only
        created = self.states[0].since
        return {
            "opportunity_id": self.deal_id,
            "stage_id": now.stage,
            "owner_id": now.owner,
            "amount": now.amount,
            "created_at": None if by_day else created,
            "created_date": local_date(created) if by_day else None,
            "closed_at": None if by_day else closed_at,
            "closed_date": local_date(closed_at) if by_day and closed_at else None,
            "modified_at": now.since,
        }


def local_date(moment: datetime) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)).date()


def _closing(states: list[State]) -> datetime:
    """When the last closing episode of these states began to be closed."""
    moment = states[-1].since
    for state in reversed(states):
        if not state.is_closed:
            break
        moment = state.since
    return moment


def play(seed: int) -> list[Deal]:
    """Plays deals with at most one event between two nights, so that no event hides another."""
    dice = random.Random(seed)
    return [_play_deal(f"d{number:03}", dice) for number in range(DEALS)]


def _play_deal(deal_id: str, dice: random.Random) -> Deal:
    created = datetime(2025, 12, 28) + timedelta(minutes=dice.randrange(14 * 24 * 60))
    state = State(created, "s1", dice.choice("abc"), Decimal(dice.randrange(1, 90_000)) / 100)
    states = [state]
    first_night = next((night for night in NIGHTS if night >= created), None)
    if first_night is None:
        return Deal(deal_id, states, has_dates_only=False)
    if dice.random() < 0.3 and created + timedelta(hours=1) < first_night:
        moment = _between(created, first_night, dice)
        states.append(replace(state, since=moment, stage=dice.choice(["won", "lost"])))
    for earlier, night in pairwise(NIGHTS):
        if earlier >= first_night and dice.random() < 0.45:
            states.append(_next_state(states[-1], _between(earlier, night, dice), dice))
    return Deal(deal_id, states, has_dates_only=False)


def _between(start: datetime, end: datetime, dice: random.Random) -> datetime:
    return start + timedelta(seconds=dice.randrange(1, int((end - start).total_seconds())))


def _next_state(state: State, moment: datetime, dice: random.Random) -> State:
    if state.is_closed:
        return replace(state, since=moment, stage=dice.choice(["s1", "s2"]))
    match dice.randrange(4):
        case 0:
            return replace(state, since=moment, owner=state.owner + "x")
        case 1:
            return replace(state, since=moment, amount=state.amount + 1)
        case 2:
            return replace(state, since=moment, stage="s2" if state.stage == "s1" else "s1")
        case _:
            return replace(state, since=moment, stage=dice.choice(["won", "lost"]))


def write_log(home: Path, deals: list[Deal], nights: list[datetime]) -> ChangeLogOfTest:
    """Writes the change log that landing these nights' full extracts would leave."""
    log = ChangeLogOfTest(home, CompanySettings(time_zone=ZONE))
    log.add(
        "stages",
        nights[0],
        [
            {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
            for name, (closed, won) in STAGES.items()
        ],
    )
    last: dict[str, dict[str, object] | None] = {}
    for night in nights:
        rows, gone = [], []
        for deal in deals:
            row = deal.seen_at(night)
            if row and row != last.get(deal.deal_id):
                rows.append(row)
            elif row is None and last.get(deal.deal_id):
                gone.append({"opportunity_id": deal.deal_id})
            last[deal.deal_id] = row
        log.add("opportunities", night, rows, gone)
    return log


@pytest.fixture(scope="module")
def played(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[Deal], duckdb.DuckDBPyConnection]]:
    home = tmp_path_factory.mktemp("played")
    deals = play(seed=1)
    write_log(home, deals, NIGHTS)
    models.build(home, *FACTS)
    with read_warehouse(home) as warehouse:
        yield deals, warehouse


def expected_versions(deal: Deal) -> list[tuple]:
    """The intervals of a deal: (from, to, stage, closed, amount).

    A deal first seen decided was open before, in a stage that nobody can say.
    """
    first_night = next(night for night in NIGHTS if night >= deal.states[0].since)
    seen_first = [state for state in deal.states if state.since <= first_night]
    states = [state for state in deal.states if state.since <= NIGHTS[-1]]
    ends = [state.since for state in states[1:]] + [FOREVER]
    return [
        (
            state.since,
            end,
            "unknown" if state in seen_first[:-1] else state.stage,
            state.is_closed,
            seen_first[-1].amount if state in seen_first else state.amount,
        )
        for state, end in zip(states, ends, strict=True)
    ]


def test_every_interval_is_as_it_was_played(played):
    deals, warehouse = played
    found = warehouse.execute(
        "select opportunity_id, valid_from, valid_to, stage_id, is_closed, amount "
        "from core.fct_opportunity_version"
    ).fetchall()
    expected = [
        (deal.deal_id, *version)
        for deal in deals
        if deal.states[0].since <= NIGHTS[-1]
        for version in expected_versions(deal)
    ]
    assert len(expected) > 2 * DEALS  # the play has plenty of changes to get wrong
    assert sorted(found) == sorted(expected)


def test_dates_are_those_of_the_companys_clock(played):
    _, warehouse = played
    dates = warehouse.execute(
        "select valid_from, valid_from_date, valid_to, valid_to_date "
        "from core.fct_opportunity_version"
    ).fetchall()
    assert any(moment.date() != day for moment, day, _, _ in dates)
    for valid_from, from_date, valid_to, to_date in dates:
        assert from_date == local_date(valid_from)
        assert to_date == (FOREVER.date() if valid_to == FOREVER else local_date(valid_to))


def test_every_closing_is_an_episode_with_its_length(played):
    deals, warehouse = played
    found = warehouse.execute(
        "select opportunity_id, episode, opened_date, closed_date, is_won, cycle_days, active_days "
        "from core.fct_opportunity"
    ).fetchall()
    expected = [
        (deal.deal_id, *episode)
        for deal in deals
        if deal.states[0].since <= NIGHTS[-1]
        for episode in expected_episodes(deal)
    ]
    assert sum(episode > 1 for _, episode, *_ in expected) > 20
    assert sorted(found, key=str) == sorted(expected, key=str)


def expected_episodes(deal: Deal) -> Iterator[tuple]:
    """(episode, opened, closed, won, cycle days, active days).

    The CRM tells when a deal was created and closed, to the second; when it was reopened only the
    extract says that shows it, so that what it lay closed is counted on the company's calendar.
    """
    created, opened = deal.states[0].since, local_date(deal.states[0].since)
    closed: datetime | None = None
    won, idle, number = False, 0, 1
    for state in (state for state in deal.states if state.since <= NIGHTS[-1]):
        if closed and not state.is_closed:
            yield number, opened, local_date(closed), won, *lengths(created, closed, idle, number)
            opened = local_date(state.since)
            idle += (opened - local_date(closed)).days
            closed, won, number = None, False, number + 1
        elif state.is_closed and not closed:
            closed, won = state.since, STAGES[state.stage][1]
    if closed is None:
        yield number, opened, None, won, None, None
    else:
        yield number, opened, local_date(closed), won, *lengths(created, closed, idle, number)


def lengths(
    created: datetime, closed: datetime, idle: int, episode: int
) -> tuple[Decimal, Decimal]:
    """Cycle and active days, with fractions unless a moment could as well be a date."""
    dates = Decimal((local_date(closed) - local_date(created)).days)
    are_dates = any(
        moment.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)).time() == time()
        for moment in (created, closed)
    )
    seconds = (closed - created) // timedelta(seconds=1)
    millionths = (seconds * 1_000_000 + 43_200) // 86_400
    cycle = dates if are_dates else Decimal(millionths).scaleb(-6)
    return cycle, (dates - idle if episode > 1 else cycle)


def unruly_deals() -> list[Deal]:
    """Deals on which less can be relied: backdated closings, dates without times, vanishing."""
    deals, dice = play(seed=2), random.Random(3)
    for deal in deals:
        deal.has_dates_only = dice.random() < 0.5
        deal.backdated_by = timedelta(days=dice.choice([0, 0, 1, 3]))
        deal.vanished_at = dice.choice([None, None, None, NIGHTS[4]])
    return deals


@pytest.fixture(scope="module")
def unruly_home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of all nights of the unruly deals; dbt's own tests hold there too."""
    home = tmp_path_factory.mktemp("unruly")
    write_log(home, unruly_deals(), NIGHTS)
    models.build(home, *FACTS)
    assert models.failing_tests(home, *FACTS) == []
    return home


STATE_AS_OF = """
    select opportunity_id, stage_id, is_closed, is_won, is_excluded, sales_rep_id, amount
    from core.fct_opportunity_version
    where valid_from_date <= $day and $day < valid_to_date
"""


@pytest.mark.xdist_group("unruly_deals")
def test_an_answer_as_of_a_day_never_changes_when_later_nights_arrive(
    models: Models, unruly_home, tmp_path
):
    write_log(tmp_path, unruly_deals(), NIGHTS[:4])
    models.build(tmp_path, *FACTS)
    with read_warehouse(tmp_path) as before, read_warehouse(unruly_home) as after:
        known = {
            deal
            for (deal,) in before.execute(
                "select opportunity_id from core.fct_opportunity"
            ).fetchall()
        }
        compared = 0
        # The fourth night was taken early on the 8th, so it settles every day up to the 7th. Deals
        # that a later night shows for the first time exist from their creation on, and are new.
        for day in (date(2025, 12, 30) + timedelta(days=count) for count in range(9)):
            first = set(before.execute(STATE_AS_OF, {"day": day}).fetchall())
            second = after.execute(STATE_AS_OF, {"day": day}).fetchall()
            assert first == {state for state in second if state[0] in known}, day
            compared += len(first)
    assert compared > DEALS


@pytest.mark.xdist_group("unruly_deals")
def test_a_late_extract_slots_in_and_repeats_change_nothing(models: Models, unruly_home, tmp_path):
    """The log holds the same versions in another order, and says some of them twice."""
    log = write_log(tmp_path, unruly_deals(), NIGHTS)
    # A repeated version as a late extract leaves it: equal to the one before, at a later time.
    log.execute("""
        insert into crm.opportunities by name
        select * replace (
            _extract_id || '-later' as _extract_id,
            _extracted_at + interval 1 hour as _extracted_at
        ) from crm.opportunities where hash(opportunity_id) % 3 = 0
    """)
    log.execute("create table crm.shuffled as from crm.opportunities order by hash(_row_hash)")
    log.execute("delete from crm.opportunities")
    log.execute("insert into crm.opportunities from crm.shuffled")
    log.execute("drop table crm.shuffled")
    models.build(tmp_path, *FACTS)
    with read_warehouse(unruly_home) as straight, read_warehouse(tmp_path) as shuffled:
        for fact in ("fct_opportunity_version", "fct_opportunity"):
            rows = straight.execute(f"from core.{fact} order by all").fetchall()
            assert rows
            assert shuffled.execute(f"from core.{fact} order by all").fetchall() == rows
