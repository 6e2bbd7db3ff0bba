"""Three hires whose ramp was worked out by hand; their fixture's README explains each number."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from warehouse_testbed import ROOT, Dbt, read_warehouse

from ingestion.company import CompanySettings
from ingestion.contracts import load_contracts
from ingestion.home import Home
from ingestion.landing import land
from ingestion.mappings import load_mapping

HIRES = Path(__file__).parent / "fixtures" / "ramp_of_three_hires"
ESTIMATE = ROOT / "dbt_project" / "models" / "intermediate" / "people" / "int_ramp_medians.py"
MODELS = (
    "mart_ramp",
    "mart_rep_lifecycle",
    "mart_hiring",
    "mart_training",
    "mart_headcount",
    "fct_headcount_daily",
)
# Durations, whether each ended with the event, and how many had it so.
Seen = list[tuple[int, bool, int]]


@pytest.fixture(scope="module")
def hires(
    dbt: Dbt, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = Home(tmp_path_factory.mktemp("ramp_of_three_hires"))
    home.create()
    settings = CompanySettings(minimum_group_size=3)
    run = "20250701T000000Z-test"
    land(home, [(load_mapping("canonical"), HIRES)], load_contracts(), run, settings)
    selected = [f"+{model}" for model in MODELS]
    dbt(home.root, "build", "--exclude-resource-type", "unit_test", "--select", *selected)
    with read_warehouse(home.root) as connection:
        yield connection


@pytest.fixture(scope="module")
def median_duration() -> Callable[[Seen], float | None]:
    """The estimate of the Python model, which dbt's unit tests cannot reach."""
    spec = importlib.util.spec_from_file_location("int_ramp_medians", ESTIMATE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.median_duration


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


def test_the_median_of_a_published_trial(median_duration):
    """Remission under 6-MP and placebo (Freireich et al., 1963): medians of 23 and 8 weeks."""
    treated = [(6, True, 3), (6, False, 1), (7, True, 1), (9, False, 1), (10, True, 1)]
    treated += [(10, False, 1), (11, False, 1), (13, True, 1), (16, True, 1), (17, False, 1)]
    treated += [(19, False, 1), (20, False, 1), (22, True, 1), (23, True, 1), (25, False, 1)]
    treated += [(32, False, 2), (34, False, 1), (35, False, 1)]
    placebo = [(1, 2), (2, 2), (3, 1), (4, 2), (5, 2), (8, 4), (11, 2), (12, 2), (15, 1)]
    placebo += [(17, 1), (22, 1), (23, 1)]
    assert sum(count for _, _, count in treated) == sum(count for _, count in placebo) == 21
    assert median_duration(treated) == 23
    assert median_duration([(weeks, True, count) for weeks, count in placebo]) == 8


def test_without_half_of_them_ramped_there_is_no_median(median_duration):
    assert median_duration([(10, True, 1), (20, False, 2)]) is None
    assert median_duration([(10, False, 2)]) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(1, 4)), min_size=1))
def test_the_median_is_that_of_the_product_limit(median_duration, seen):
    """Kaplan and Meier's product in exact fractions, written out."""
    survival, expected = Fraction(1), None
    for day in sorted({day for day, _, _ in seen}):
        at_risk = sum(count for days, _, count in seen if days >= day)
        events = sum(count for days, is_event, count in seen if days == day and is_event)
        survival *= 1 - Fraction(events, at_risk)
        if expected is None and survival <= Fraction(1, 2):
            expected = float(day)
    assert median_duration(seen) == expected
