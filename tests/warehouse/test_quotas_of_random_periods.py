"""Targets by chance, some by month, some by quarter or year: what adds up to what.

The oracle goes from the member down: a target of its own, else what its parts have. The models go from
the targets up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import count
from random import Random

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

NIGHT = datetime(2026, 2, 20, 1)
TEAMS = 12
Period = tuple[str, date]
STARTS = [date(2025, month, 1) for month in range(1, 13)]
MONTHS: list[Period] = [("month", start) for start in STARTS]
QUARTERS: list[Period] = [("quarter", start) for start in STARTS[::3]]
YEAR: Period = ("year", STARTS[0])
PERIODS = [YEAR, *QUARTERS, *MONTHS]
PARTS = {YEAR: QUARTERS} | {q: MONTHS[n * 3 : n * 3 + 3] for n, q in enumerate(QUARTERS)}


def target(own: Mapping[Period, int], period: Period) -> int | None:
    """Gives a target of its own, else the sum of those of the period's parts."""
    if period in own:
        return own[period]
    return added(target(own, part) for part in PARTS.get(period, []))


def added(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def some_targets(random: Random) -> dict[Period, int]:
    likely = {"year": 0.15, "quarter": 0.3, "month": 0.4}
    return {p: random.randrange(1, 10_000) for p in PERIODS if random.random() < likely[p[0]]}


@pytest.fixture(scope="module", params=range(3))
def company(request: pytest.FixtureRequest) -> dict[str, dict[str, dict[Period, int]]]:
    """Targets of each team's reps by user, or under no user the team's own."""
    random = Random(request.param)
    found: dict[str, dict[str, dict[Period, int]]] = {}
    for number in range(TEAMS):
        names = [""] if random.random() < 0.4 else [f"U{number}-{n}" for n in range(3)]
        found[f"T{number}"] = {name: some_targets(random) for name in names}
    return found


@pytest.fixture(scope="module")
def found(company, models: Models, tmp_path_factory: pytest.TempPathFactory):
    log = ChangeLogOfTest(tmp_path_factory.mktemp("quotas") / "home")
    ids = count()
    rows = [
        {
            "quota_id": f"Q{next(ids)}",
            "user_id": user or None,
            "team_id": None if user else team,
            "period_grain": grain,
            "period_start": start,
            "quota_kind": "full",
            "version": 1,
            "amount": amount,
        }
        for team, members in company.items()
        for user, own in members.items()
        for (grain, start), amount in own.items()
    ]
    users = [
        {"user_id": user, "user_name": user, "team_id": team}
        for team, members in company.items()
        for user in members
        if user
    ]
    log.add("teams", NIGHT, [{"team_id": team, "team_name": team} for team in company])
    log.add("users", NIGHT, users)
    log.add("quotas", NIGHT, rows)
    log.add("opportunities", NIGHT, [{"opportunity_id": "d", "created_date": STARTS[0]}])
    models.build(log.home, "+fct_period_quota")
    with read_warehouse(log.home) as warehouse:
        return {
            (level, member, (grain, start)): value
            for level, member, grain, start, value in warehouse.execute(
                "select level, member_id, period_grain, period_start, "
                "cast(quota_value as integer) from core.fct_period_quota "
                "where level in ('rep', 'team', 'company')"
            ).fetchall()
        }


def test_each_member_has_what_its_parts_have(company, found) -> None:
    teams = {
        team: {period: added(target(own, period) for own in members.values()) for period in PERIODS}
        for team, members in company.items()
    }
    expected = {
        **{("team", team, p): value for team, own in teams.items() for p, value in own.items()},
        **{
            ("rep", user, period): target(own, period)
            for members in company.values()
            for user, own in members.items()
            for period in PERIODS
            if user
        },
        **{("company", "all", p): added(own[p] for own in teams.values()) for p in PERIODS},
    }
    assert found == {key: value for key, value in expected.items() if value is not None}
    assert len(found) > 200
