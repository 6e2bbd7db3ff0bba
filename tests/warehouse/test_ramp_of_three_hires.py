"""Three hires whose ramp was worked out by hand; their fixture's README explains each number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

from ingestion.company.settings import CompanySettings

HIRES = Path(__file__).parent / "fixtures" / "ramp_of_three_hires"
MODELS = (
    "mart_ramp",
    "mart_rep_lifecycle",
    "mart_hiring",
    "mart_training",
    "mart_headcount",
    "fct_headcount_daily",
)


@pytest.fixture(scope="module")
def hires(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("ramp_of_three_hires")
    landed(home, "canonical", HIRES, CompanySettings(minimum_group_size=3))
    selected = [f"+{model}" for model in MODELS]
    models.build(home, *selected)
    assert models.failing_tests(home, *selected) == []
    with read_warehouse(home) as connection:
        yield connection


def test_each_hire_ramps_or_is_censored_on_the_day_worked_out(hires):
    rows = hires.execute(
        "select person_name, started_by, ramped_on, ramp_period_start, exited_on, "
        "coalesce(days_started_to_ramped, observed_days), is_ramp_censored "
        "from restricted.mart_rep_lifecycle order by person_name"
    ).fetchall()
    assert rows == [
        ("Ada", "hired", date(2025, 3, 6), date(2025, 1, 1), None, 60, False),
        ("Bo", "hired", None, None, date(2025, 4, 15), 100, True),
        ("Cy", "hired", date(2025, 6, 4), date(2025, 4, 1), None, 150, False),
    ]


def test_the_steps_before_the_ramp(hires):
    rows = hires.execute(
        "select person_name, applied_on, trained_on, first_won_on, days_applied_to_hired, "
        "days_hired_to_trained, days_started_to_first_deal "
        "from restricted.mart_rep_lifecycle order by person_name"
    ).fetchall()
    assert rows == [
        ("Ada", date(2024, 11, 10), date(2025, 1, 16), date(2025, 2, 2), 56, 11, 28),
        ("Bo", date(2024, 11, 10), None, date(2025, 3, 20), 56, None, 74),
        ("Cy", date(2024, 12, 1), date(2025, 1, 30), date(2025, 3, 30), 35, 25, 84),
    ]


@pytest.mark.parametrize("level", ["company", "team"])
def test_the_median_counts_whoever_left_for_as_long_as_seen(hires, level):
    assert hires.execute(
        "select period_grain, member_name, new_reps, ramped_reps, censored_reps, ramped_share, "
        "median_days_to_ramp from marts.mart_ramp where level = ? and period_grain = 'quarter'",
        [level],
    ).fetchall() == [("quarter", "All" if level == "company" else "North", 3, 2, 1, 2 / 3, 150.0)]


def test_hiring(hires):
    rows = hires.execute(
        "select period_start, openings, applications, interviewed_applications, "
        "offered_applications, accepted_applications, hired_applications, hires, "
        "mean_days_to_hire, median_days_to_hire, filled_requisitions, mean_days_to_fill "
        "from marts.mart_hiring where level = 'team' and member_id = 'HT1' "
        "and period_grain = 'month' order by 1"
    ).fetchall()
    assert rows == [
        (date(2024, 11, 1), 3, 3, 3, 3, 2, 2, 0, None, None, 0, None),
        (date(2024, 12, 1), 0, 1, 1, 1, 1, 1, 3, pytest.approx(92 / 3), 30.0, 1, 50.0),
    ]


def test_training(hires):
    rows = hires.execute(
        "select enrolments, completed_enrolments, completion_rate, trained_hours, "
        "training_cost_value, measured_people, won_value_before "
        "from marts.mart_training where level = 'team' and period_grain = 'month'"
    ).fetchall()
    assert rows == [(3, 2, pytest.approx(2 / 3), 48.0, 600, 0, None)]


def test_headcount(hires):
    rows = hires.execute(
        "select opening_headcount, joiners, leavers, closing_headcount, average_headcount, "
        "turnover_rate from marts.mart_headcount where level = 'team' and member_id = 'HT1' "
        "and period_grain = 'quarter' order by period_start"
    ).fetchall()
    assert rows == [
        (0, 3, 0, 3, pytest.approx(258 / 90), 0.0),
        (3, 0, 1, 2, pytest.approx(197 / 91), pytest.approx(91 / 197)),
    ]


def test_a_row_per_day_and_the_running_sums_agree(hires):
    """The mart adds up who came and went; the daily fact says who was there on each day."""
    by_day = hires.execute(
        "select date_trunc('month', date_day)::date, count(*), sum(fte) "
        "from restricted.fct_headcount_daily group by 1 order by 1"
    ).fetchall()
    by_change = hires.execute(
        "select period_start, employed_days, fte_days from marts.mart_headcount "
        "where level = 'company' and period_grain = 'month' order by 1"
    ).fetchall()
    assert len(by_day) == 6
    assert by_day == by_change
