"""A week of time entries whose hours were worked out by hand; its README explains each number."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

WEEK = Path(__file__).parent / "fixtures" / "week_of_time"

HOURS = (
    "scheduled_hours, holiday_hours, leave_hours, available_hours, selling_hours, meeting_hours, "
    "training_hours, admin_hours, other_hours, recorded_hours, unrecorded_hours"
)
BY_HAND = {
    "Ada": (40, 8, 8, 24, 13, 1, 2, 4, 2, 22, 5),
    "Bo": (20, 4, 2, 14, None, None, None, None, None, 7, 7),
    "Cy": (16, 0, 0, 16, 0, 0, 0, 0, 0, 0, 16),
    "All": (76, 12, 10, 54, 13, 1, 2, 4, 2, 29, 28),
}
SHARES = {"Ada": (13 / 24, 22 / 24), "Bo": (None, 0.5), "Cy": (0, 0), "All": (13 / 40, 29 / 54)}


@pytest.fixture(scope="module")
def week(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("week_of_time")
    landed(home, "canonical", WEEK)
    selected = ("+mart_selling_time", "+mart_identity_gaps", "int_time_entries_not_counted")
    models.build(home, *selected)
    with read_warehouse(home) as connection:
        yield connection


def by_member(week: duckdb.DuckDBPyConnection, columns: str) -> dict[str, tuple]:
    rows = week.execute(
        f"""
        select coalesce(people.person_name, mart.member_name), {columns}
        from restricted.mart_selling_time_unsuppressed as mart
        left join restricted.dim_person as people on mart.member_id = people.person_key
        where mart.level in ('company', 'rep') and mart.period_grain = 'month'
        """
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_the_hours_are_those_worked_out_by_hand(week):
    found = by_member(week, HOURS)
    assert found.keys() == BY_HAND.keys()
    for name, hours in BY_HAND.items():
        assert found[name] == pytest.approx(hours), name


def test_shares_leave_out_what_nobody_knows(week):
    found = by_member(week, "selling_time_share, recorded_share")
    assert found.keys() == SHARES.keys()
    for name, shares in SHARES.items():
        assert found[name] == pytest.approx(shares), name


def test_entries_that_count_nowhere_are_named(week):
    problems = week.execute(
        "select time_entry_id, problem from intermediate.int_time_entries_not_counted order by all"
    ).fetchall()
    assert problems == [("A6", "missing_clock_out"), ("B3", "longer_than_a_day")]


def test_open_marts_know_the_reps_by_pseudonyms_only(week):
    members = week.execute(
        "select member_id, member_name from marts.mart_selling_time where level = 'rep'"
    ).fetchall()
    told = {text for row in members for text in row}
    keys = {
        key for (key,) in week.execute("select person_key from restricted.dim_person").fetchall()
    }
    assert len(keys) == 3
    assert told == keys


def test_open_marts_tell_no_hours_of_three_people(week):
    """Not even of the company, which is smaller than a group must be; nor of any metric's parts."""
    told = week.execute(
        "select level, member_name, selling_time_share, time_source "
        f"from marts.mart_selling_time where coalesce({HOURS}, recorded_share, unclassified_hours, "
        "split_available_hours) is not null or not is_suppressed"
    ).fetchall()
    assert told == []
    shares = week.execute(
        "select selling_time_share from marts.mart_selling_time "
        "where level = 'company' and period_grain = 'month'"
    ).fetchall()
    # 13 hours of 40 are 0.325.
    assert shares == [(0.33,)]
