"""What managers count for: everybody below them, as of the day on which something happened.

Users of random companies get other managers from night to night: nobody, somebody unknown, themselves, and
now and then one of those below. Who was above whom on a day is asked of the extracts as they were
written, one day and one step up at a time.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

SEEDS = (2, 6, 8)
USERS = [f"u{number}" for number in range(12)]
DAYS = [date(2026, 1, 1) + timedelta(days=count) for count in range(100)]
NIGHTS = [datetime(2026, 1, 1, 2) + timedelta(days=count) for count in (20, 31, 45, 60, 75, 99)]
STAGES = {"talk": (False, False), "won": (True, True), "lost": (True, False)}
MARTS = (
    "mart_conversion",
    "mart_sales_cycle",
    "mart_deal_outcome",
    "mart_win_loss",
    "mart_stage_conversion",
    "mart_pushes",
    "mart_pipeline_value",
    "mart_pipeline_movement",
    "mart_pipeline_created",
    "mart_pipeline_efficiency",
    "mart_quota_attainment",
    "mart_data_health",
    "mart_activity",
    "mart_lead_response",
    "mart_lead_response_bands",
)
Row = dict[str, Any]


@dataclass
class Company:
    """Whom each user named as a manager in each extract, and what the users did."""

    named: dict[str, list[tuple[date, str | None]]]
    deals: list[Row] = field(default_factory=list)
    activities: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)

    def manager(self, user: str, day: date) -> str | None:
        """The one named last by the end of a day; what was shown first reaches back."""
        shown = self.named[user]
        return [named for since, named in shown if since <= day or since == shown[0][0]][-1]

    def above(self, user: str | None, day: date) -> set[str]:
        """Everybody for whom the user counts."""
        if user not in self.named:
            return {"unknown"}
        way = [user]
        while (found := self.manager(way[-1], day)) in self.named and found not in way:
            way.append(found)
        has_reports = any(self.manager(other, day) == user for other in self.named if other != user)
        return set(way if has_reports else way[1:]) or {"unknown"}


def play(seed: int) -> Company:
    dice = random.Random(seed)
    company = Company({user: [] for user in USERS})
    for number, user in enumerate(USERS):
        for night in NIGHTS:
            above = USERS[:number] or [None]
            named = dice.choice([*dice.choices(above, k=5), None, "gone", user, dice.choice(USERS)])
            shown = company.named[user]
            if not shown or (dice.random() < 0.4 and named != shown[-1][1]):
                shown.append((night.date(), named))
    for number in range(240):
        created = DAYS[0] if number < len(USERS) else dice.choice(DAYS[:90])
        stage = "won" if number < len(USERS) else dice.choice([*STAGES])
        closed = dice.choice([day for day in DAYS[:98] if day >= created])
        company.deals.append(
            {
                "opportunity_id": f"d{number}",
                "owner_id": USERS[number] if number < len(USERS) else dice.choice([*USERS, None]),
                "stage_id": stage,
                "amount": dice.randrange(1, 1000),
                "created_date": created,
                "expected_close_date": dice.choice(DAYS),
                "closed_date": None if stage == "talk" else closed,
            }
        )
        company.activities.append(
            {
                "activity_id": f"a{number}",
                "activity_type": "call",
                "activity_status": "held",
                "owner_id": dice.choice(USERS),
                "started_at": datetime.combine(dice.choice(DAYS[:98]), datetime.min.time())
                + timedelta(hours=9),
            }
        )
        created_at = company.activities[-1]["started_at"] - timedelta(minutes=dice.randrange(600))
        company.leads.append(
            {
                "lead_id": f"l{number}",
                "owner_id": dice.choice([*USERS, None]),
                "created_at": created_at,
            }
        )
        if dice.random() < 0.7:
            company.activities[-1] |= {"lead_id": f"l{number}", "direction": "outbound"}
    return company


def written(home: Path, company: Company) -> None:
    log = ChangeLogOfTest(home)
    shown = {user: dict(versions) for user, versions in company.named.items()}
    for night in NIGHTS:
        users = [
            {"user_id": user, "user_name": user.upper(), "manager_id": versions[night.date()]}
            for user, versions in shown.items()
            if night.date() in versions
        ]
        log.add("users", night, users)
    last = NIGHTS[-1]
    log.add(
        "stages",
        last,
        [
            {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
            for name, (closed, won) in STAGES.items()
        ],
    )
    log.add("opportunities", last, company.deals)
    log.add("activities", last, company.activities)
    log.add("leads", last, company.leads)
    quotas = [
        {
            "quota_id": f"{user}{month}",
            "user_id": user,
            "period_start": date(2026, month, 1),
            "period_grain": "month",
            "amount": 100 * month + number,
        }
        for number, user in enumerate(USERS)
        for month in (1, 2, 3)
    ]
    log.add("quotas", last, quotas)


@pytest.fixture(scope="module", params=SEEDS)
def played(
    request: pytest.FixtureRequest, models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Company, list[str], duckdb.DuckDBPyConnection]]:
    company = play(request.param)
    home = tmp_path_factory.mktemp("managers")
    written(home, company)
    models.build(home, *(f"+{mart}" for mart in MARTS))
    failing = models.failing_tests(home, *MARTS)
    with read_warehouse(home) as connection:
        yield company, failing, connection


def rows(connection: duckdb.DuckDBPyConnection, mart: str, columns: str) -> dict[tuple, tuple]:
    """By month and manager, what a mart has of the restated months."""
    found = connection.execute(
        f"select period_start, member_id, {columns} from marts.{mart} "
        "where level = 'manager' and period_grain = 'month' and basis = 'restated'"
    ).fetchall()
    return {(start, member): tuple(numbers) for start, member, *numbers in found}


def counted(company: Company, events: Iterable[tuple[str | None, date, Any]]) -> dict:
    """By month and manager, the values of what happened below."""
    found = defaultdict(list)
    for user, day, value in events:
        for manager in company.above(user, day):
            found[day.replace(day=1), manager].append(value)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_companies_have_what_can_go_wrong(seed: int):
    company = play(seed)
    above = {(user, day): company.above(user, day) for user in USERS for day in DAYS}
    assert any("unknown" in managers for managers in above.values())
    assert any(len(managers) > 3 for managers in above.values())
    assert any(
        boss != user and user in above.get((boss, day), ())
        for (user, day), managers in above.items()
        for boss in managers
    )


def test_decided_deals(played):
    company, _, connection = played
    closed = [
        (deal["owner_id"], deal["closed_date"], deal)
        for deal in company.deals
        if deal["closed_date"]
    ]
    expected = {}
    for key, deals in counted(company, closed).items():
        won = [deal for deal in deals if deal["stage_id"] == "won"]
        days = [(deal["closed_date"] - deal["created_date"]).days for deal in won]
        value = Decimal(sum(deal["amount"] for deal in won))
        expected[key] = (len(won), len(deals) - len(won), value, median(days) if days else None)
    conversion = rows(connection, "mart_conversion", "won_deals, lost_deals, won_value")
    medians = rows(connection, "mart_sales_cycle", "median_cycle_days")
    assert {key: (*conversion[key], *medians[key]) for key in conversion} == expected


def test_created_deals(played):
    company, _, connection = played
    created = [(deal["owner_id"], deal["created_date"], deal) for deal in company.deals]
    found = connection.execute(
        "select period_start, member_id, sum(created_deals) from marts.mart_pipeline_created "
        "where level = 'manager' and period_grain = 'month' and basis = 'restated' "
        "and dimension = 'segment' group by all"
    ).fetchall()
    found = {(start, member): deals for start, member, deals in found}
    assert found == {key: len(deals) for key, deals in counted(company, created).items()}


def test_open_deals_day_by_day(played):
    company, _, connection = played
    (as_of,) = connection.execute("select as_of_date from core.dim_as_of").fetchone()
    expected = Counter()
    for deal in company.deals:
        for day in DAYS:
            if deal["created_date"] <= day <= as_of and (
                deal["closed_date"] is None or day < deal["closed_date"]
            ):
                for manager in company.above(deal["owner_id"], day):
                    expected[day, manager] += 1
    found = connection.execute(
        "select as_of_date, member_id, open_deals from marts.mart_pipeline_value "
        "where level = 'manager' and as_of_date >= date '2026-01-01'"
    ).fetchall()
    assert {(day, member): deals for day, member, deals in found} == dict(expected)


def test_activities_and_the_days_on_which_reps_were_there(played):
    company, _, connection = played
    (as_of,) = connection.execute("select as_of_date from core.dim_as_of").fetchone()
    made = [(each["owner_id"], each["started_at"].date(), 1) for each in company.activities]
    worked = [
        (user, day, 1) for user in USERS for day in DAYS if day <= as_of and day.weekday() < 5
    ]
    days = counted(company, worked)
    expected = {
        key: (len(calls), len(days.get(key, []))) for key, calls in counted(company, made).items()
    }
    assert rows(connection, "mart_activity", "made_activities, rep_days") == expected


def test_leads(played):
    company, _, connection = played
    leads = [(lead["owner_id"], lead["created_at"].date(), 1) for lead in company.leads]
    expected = {key: (len(found),) for key, found in counted(company, leads).items()}
    assert rows(connection, "mart_lead_response", "leads") == expected


def test_targets_are_those_of_the_reps_when_they_began(played):
    company, _, connection = played
    targets = [
        (user, date(2026, month, 1), Decimal(100 * month + number))
        for number, user in enumerate(USERS)
        for month in (1, 2, 3)
    ]
    found = rows(connection, "mart_quota_attainment", "quota_value")
    expected = {key: (sum(values),) for key, values in counted(company, targets).items()}
    assert {key: value for key, value in found.items() if value != (None,)} == expected


def test_what_is_said_of_the_marts_holds(played):
    """Managers have every row at least once and none twice; every other level adds up as before."""
    _, failing, _ = played
    assert failing == []


def test_managers_are_called_by_their_names(played):
    company, _, connection = played
    everybody = set.union(*(company.above(user, day) for user in USERS for day in DAYS))
    found = connection.execute(
        "select member_id, member_name from core.dim_member where level = 'manager'"
    ).fetchall()
    assert dict(found) == {
        user: "Unknown" if user == "unknown" else user.upper() for user in everybody | {"unknown"}
    }
