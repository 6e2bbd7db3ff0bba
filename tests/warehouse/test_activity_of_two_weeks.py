"""Nine activities of two reps whose numbers were worked out by hand, in weeks that begin on Saturday.

The company rests on Thursday and Friday. Its newest extract shows the end of Tuesday, January 13, 2026:
the week of January 3 is over, and four business days of the week of January 10 have passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest

from ingestion.company.settings import CompanySettings

NIGHT = datetime(2026, 1, 14)
STAGES = [
    {
        "stage_id": "talk",
        "stage_name": "Talk",
        "stage_order": 1,
        "is_closed": False,
        "is_won": False,
    },
    {"stage_id": "won", "stage_name": "Won", "stage_order": 2, "is_closed": True, "is_won": True},
]
OPEN = {"stage_id": "talk", "amount": 10, "expected_close_date": "2026-02-01"}
DEALS = [
    {"opportunity_id": "d1", "owner_id": "ann", "stage_id": "won", "amount": 10}
    | {"created_date": "2026-01-03", "closed_date": "2026-01-07"},
    {"opportunity_id": "d2", "owner_id": "ann", "created_date": "2026-01-04", **OPEN},
    {"opportunity_id": "d3", "owner_id": "bob", "created_date": "2026-01-11", **OPEN},
    # Without an amount, a date or a next step.
    {"opportunity_id": "d4", "owner_id": "bob", "created_date": "2026-01-12", "stage_id": "talk"},
]
# Type, status, owner, deal, day in January, and whether a machine did it.
ACTIVITIES = [
    ("meeting", "held", "ann", "d1", 4, False),
    ("meeting", "held", "ann", "d1", 5, False),
    ("meeting", "cancelled", "ann", "d1", 6, False),
    ("email", "held", "ann", "d1", 6, True),
    ("call", "held", "ann", "d2", 11, False),
    ("call", "planned", "ann", "d2", 12, False),
    ("call", "planned", "ann", "d2", 20, False),
    # A calendar says nothing of the status: what has passed was held, what is to come is planned.
    ("meeting", None, "bob", "d3", 12, False),
    ("meeting", None, "bob", "d3", 15, False),
]


def company(home: Path, *, with_activities: bool) -> Path:
    settings = CompanySettings.model_validate({"weekend": ["thursday", "friday"]})
    log = ChangeLogOfTest(home, settings)
    log.add("stages", NIGHT, STAGES)
    log.add(
        "users", NIGHT, [{"user_id": name, "user_name": name.title()} for name in ("ann", "bob")]
    )
    log.add("opportunities", NIGHT, DEALS)
    if with_activities:
        log.add(
            "activities",
            NIGHT,
            [
                {
                    "activity_id": f"a{number}",
                    "activity_type": kind,
                    "activity_status": status,
                    "owner_id": owner,
                    "opportunity_id": deal,
                    "started_at": f"2026-01-{day:02d} 09:00:00",
                    "is_automatic": is_automatic,
                }
                for number, (kind, status, owner, deal, day, is_automatic) in enumerate(ACTIVITIES)
            ],
        )
    return home


def marts_of(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home / "marts.duckdb"), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


@pytest.fixture(scope="module")
def marts(models: Models, tmp_path_factory: pytest.TempPathFactory):
    home = company(tmp_path_factory.mktemp("activity"), with_activities=True)
    models.build(home)
    yield from marts_of(home)


@pytest.fixture(scope="module")
def marts_without(models: Models, tmp_path_factory: pytest.TempPathFactory):
    home = company(tmp_path_factory.mktemp("no_activity"), with_activities=False)
    models.build(home)
    yield from marts_of(home)


def test_weeks_of_the_company(marts):
    """Ann is there from January 3 on: five business days, then four; bob from January 11 on: three."""
    found = marts.execute(
        "select period_label, period_start, activity_type, made_activities, planned_activities, "
        "overdue_activities, overdue_share, round(activities_per_rep_day, 6), activities_per_won_deal, "
        "rep_days, won_deals, is_running from mart_activity "
        "where level = 'company' and period_grain = 'week' order by all"
    ).fetchall()
    first, second, third = date(2026, 1, 3), date(2026, 1, 10), date(2026, 1, 17)
    assert found == [
        ("2026-W01", first, "meeting", 2, 0, 0, 0.0, 0.4, 2.0, 5, 1, False),
        ("2026-W02", second, "call", 1, 1, 1, 0.5, 0.142857, None, 7, 0, True),
        ("2026-W02", second, "meeting", 1, 1, 0, 0.0, 0.142857, None, 7, 0, True),
        ("2026-W03", third, "call", 0, 1, 0, None, None, None, 0, 0, True),
    ]


def test_weeks_of_reps(marts):
    found = marts.execute(
        "select member_name, period_label, activity_type, made_activities, rep_days from mart_activity "
        "where level = 'rep' and period_grain = 'week' and made_activities > 0 order by all"
    ).fetchall()
    assert found == [
        ("Ann", "2026-W01", "meeting", 2, 5),
        ("Ann", "2026-W02", "call", 1, 4),
        ("Bob", "2026-W02", "meeting", 1, 3),
    ]


def test_what_was_done_last_and_comes_next(marts):
    found = marts.execute(
        "select opportunity_id, last_activity_date, days_since_last_activity, activities, "
        "overdue_activities, next_step_date from mart_opportunities order by all"
    ).fetchall()
    assert found == [
        ("d1", date(2026, 1, 5), None, 2, 0, None),
        ("d2", date(2026, 1, 11), 2, 1, 1, date(2026, 1, 20)),
        ("d3", date(2026, 1, 12), 1, 1, 0, date(2026, 1, 15)),
        ("d4", None, None, 0, 0, None),
    ]


def test_an_owner_gets_a_list_of_what_to_mend(marts):
    found = marts.execute(
        "select member_name, fault, open_deals, faulty_deals from mart_data_health "
        "where level = 'rep' order by all"
    ).fetchall()
    assert found == [
        ("Bob", "missing_amount", 2, 1),
        ("Bob", "missing_close_date", 2, 1),
        ("Bob", "missing_next_step", 2, 1),
    ]
    assert marts.execute(
        "select opportunity_id, faults from mart_opportunities where faults is not null"
    ).fetchall() == [("d4", "missing_amount, missing_close_date, missing_next_step")]


def test_without_activities_nobody_lacks_a_next_step(marts_without):
    assert marts_without.execute("select count(*) from mart_activity").fetchall() == [(0,)]
    assert marts_without.execute(
        "select fault, faulty_deals from mart_data_health where level = 'company' order by all"
    ).fetchall() == [("missing_amount", 1), ("missing_close_date", 1)]
    assert marts_without.execute(
        "select distinct last_activity_date, activities, next_step_date from mart_opportunities"
    ).fetchall() == [(None, 0, None)]
