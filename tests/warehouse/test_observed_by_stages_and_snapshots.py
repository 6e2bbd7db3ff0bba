"""Random deals whose CRM tells only their stages, or only gives snapshots of whole deals.

The play is that of `test_deal_history`; what may be known of it is counted from the play by the last
observation before each moment, and not by the models' own steps.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from compiled_models import Models
from test_deal_history import DEALS, FACTS, FOREVER, NIGHTS, STAGES, State, play
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

SEED = 21
FIELDS = [
    "stage_id", "owner_id", "amount", "expected_close_date", "probability", "forecast_category",
]  # fmt: skip


def stays_of(states: list[State]) -> list[tuple[str, datetime, datetime | None]]:
    """Stage, beginning and end of each stay, as a CRM writes them down."""
    stays = [states[0], *(new for old, new in pairwise(states) if new.stage_id != old.stage_id)]
    ends = [later.since for later in stays[1:]] + [None]
    return [(stay.stage_id, stay.since, end) for stay, end in zip(stays, ends, strict=True)]


def snapshots_of(deal: str, states: list[State]) -> list[tuple[datetime, State]]:
    """What the deal was at some moments, none of them that of a change or an extract."""
    dice = random.Random(deal)
    span = (NIGHTS[-1] - states[0].since).total_seconds()
    moments = sorted(
        states[0].since + timedelta(seconds=int(dice.random() * span), milliseconds=500)
        for _ in range(dice.randrange(1, 6))
    )
    begins = [state.since for state in states]
    return [(moment, states[bisect_right(begins, moment) - 1]) for moment in dict.fromkeys(moments)]


def is_snapshot_deal(deal: str) -> bool:
    return int(deal[1:]) % 2 == 0


def extracts_of(states: list[State]) -> list[tuple[datetime, State]]:
    """The nights that show the deal otherwise than the night before, and what they show."""
    shown: list[tuple[datetime, State]] = []
    for night in NIGHTS:
        past = [state for state in states if state.since <= night]
        if past and (not shown or past[-1].values != shown[-1][1].values):
            shown.append((night, past[-1]))
    return shown


@pytest.fixture(scope="module")
def home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("observed")
    log = ChangeLogOfTest(home, CompanySettings())
    log.add(
        "stages",
        NIGHTS[0],
        [
            {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
            for name, (closed, won) in STAGES.items()
        ],
    )
    log.add("users", NIGHTS[0], [{"user_id": name, "user_name": name} for name in "abcd"])
    deals = play(seed=SEED)
    for before, night in pairwise([datetime.min, *NIGHTS]):
        rows: list[dict[str, Any]] = []
        stays: list[dict[str, Any]] = []
        snapshots: list[dict[str, Any]] = []
        for deal, states in deals.items():
            rows += [
                {"opportunity_id": deal, "created_at": states[0].since, **state.values}
                for shown, state in extracts_of(states)
                if shown == night
            ]
            if is_snapshot_deal(deal):
                snapshots += [
                    {"opportunity_id": deal, "snapshot_at": at, **state.values}
                    for at, state in snapshots_of(deal, states)
                    if before < at <= night
                ]
            else:
                stays += [
                    {
                        "stage_history_id": f"{deal}-{number}",
                        "opportunity_id": deal,
                        "stage_id": stage,
                        "entered_at": entered,
                        "exited_at": left if left and left <= night else None,
                    }
                    for number, (stage, entered, left) in enumerate(stays_of(states))
                    if before < entered <= night or (left and before < left <= night)
                ]
        random.Random(str(night)).shuffle(stays)
        log.add("opportunities", night, rows)
        log.add("opportunity_stage_history", night, stays)
        log.add("opportunity_snapshots", night, snapshots)
    selected = (*FACTS, "+fct_stage_visit")
    models.build(home, *selected)
    assert models.failing_tests(home, *selected) == []
    return home


@pytest.fixture
def warehouse(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_warehouse(home) as connection:
        yield connection


VERSIONS = """
    select opportunity_id, valid_from, valid_to, stage_id, sales_rep_id,
        case when amount_source = 'crm' then amount end, expected_close_date, probability,
        forecast_category, known_by
    from core.fct_opportunity_version order by 1, 2
"""


def versions_of(warehouse) -> dict[str, list[tuple]]:
    rows = warehouse.execute(VERSIONS).fetchall()
    return {deal: list(group) for deal, group in groupby(rows, lambda row: row[0])}


def at(versions: list[tuple], moment: datetime) -> tuple:
    (found,) = [version for version in versions if version[1] <= moment < version[2]]
    return found


def test_intervals_have_no_gap_and_do_not_overlap(warehouse):
    deals = versions_of(warehouse)
    assert len(deals) > 0.9 * DEALS
    for versions in deals.values():
        assert versions[-1][2] == FOREVER
        for earlier, later in pairwise(versions):
            assert earlier[2] == later[1]
            assert earlier[1] < earlier[2]


def test_a_deal_is_what_its_last_snapshot_or_extract_said(warehouse):
    compared = 0
    deals = versions_of(warehouse)
    for deal, states in play(seed=SEED).items():
        if not is_snapshot_deal(deal):
            continue
        observations = sorted(
            [*snapshots_of(deal, states), *extracts_of(states)], key=lambda pair: pair[0]
        )
        ends = [moment for moment, _ in observations[1:]] + [FOREVER]
        for (moment, state), end in zip(observations, ends, strict=True):
            for asked in (moment, end - timedelta(milliseconds=1)):
                found = at(deals[deal], asked)
                emptied = state.stage_id == "won" and state.amount is None
                assert found[3:5] == (state.stage_id, state.owner_id), (deal, asked)
                assert emptied or found[5] == state.amount
                assert found[6:9] == (
                    state.expected_close_date, state.probability, state.forecast_category,
                )  # fmt: skip
                compared += 1
    assert compared > 2 * DEALS


def test_stages_are_known_to_the_second_and_other_fields_by_extracts(warehouse):
    compared = 0
    deals = versions_of(warehouse)
    for deal, states in play(seed=SEED).items():
        if is_snapshot_deal(deal):
            continue
        shown = extracts_of(states)
        for stage, entered, left in stays_of(states):
            for asked in (entered, (left or NIGHTS[-1]) - timedelta(milliseconds=1)):
                found = at(deals[deal], asked)
                assert found[3] == stage, (deal, asked)
                extract = [state for night, state in shown if night <= asked] or [shown[0][1]]
                assert found[4] == extract[-1].owner_id
                assert found[6] == extract[-1].expected_close_date
                compared += 1
    assert compared > 1_000


def test_every_stay_is_a_visit(warehouse):
    found = warehouse.execute(
        "select opportunity_id, stage_id, entered_at, exited_at from core.fct_stage_visit"
    ).fetchall()
    expected = [
        (deal, *stay)
        for deal, states in play(seed=SEED).items()
        if not is_snapshot_deal(deal)
        for stay in stays_of(states)
    ]
    observed = [row for row in found if not is_snapshot_deal(row[0])]
    assert sorted(observed, key=str) == sorted(expected, key=str)


def test_versions_say_who_told_them(warehouse):
    for deal, versions in versions_of(warehouse).items():
        known_by = {version[-1] for version in versions}
        observed = "snapshot" if is_snapshot_deal(deal) else "stage_history"
        assert known_by <= {observed, "extract", "creation_date"}, deal
