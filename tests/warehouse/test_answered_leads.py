"""Leads whose answers were worked out by hand; the fixture's README explains each number."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

from ingestion.company.settings import CompanySettings

LEADS = Path(__file__).parent / "fixtures" / "answered_leads"
BUILT = (
    "+mart_lead_response",
    "+mart_lead_response_bands",
    "+fct_lead",
    "+int_lead_problems",
)
BERLIN = CompanySettings.model_validate(
    {
        "time_zone": "Europe/Berlin",
        "holidays": [
            {"date": "2025-05-01", "name": "Labour Day"},
            {"date": "2025-06-17", "name": "Own", "branch": "munich"},
        ],
    }
)
# Minutes by the clock and in business time, and whether that is within 60 of these.
BY_HAND = {
    "weekend": (3825, 45, True),
    "evening": (120, 0, True),
    "again": (4, 4, True),
    "late_call": (30, 30, True),
    "too_early": (None, None, False),
    "dated": (None, None, None),
    "late_lead": (None, None, False),
    "queue": (10080, 1920, False),
    "waits": (None, None, False),
    "holiday": (2520, 120, False),
    "branch": (2440, 40, True),
    "autumn": (3915, 15, True),
}


def built(models: Models, home: Path, settings: CompanySettings) -> duckdb.DuckDBPyConnection:
    landed(home, "canonical", LEADS, settings)
    models.build(home, *BUILT)
    return read_warehouse(home, with_raw=True)


@pytest.fixture(scope="module")
def berlin(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    with built(models, tmp_path_factory.mktemp("answered_leads"), BERLIN) as connection:
        yield connection


def april(connection: duckdb.DuckDBPyConnection, basis: str, columns: str) -> tuple:
    (row,) = connection.execute(
        f"""
        select {columns} from marts.mart_lead_response
        where basis = ? and level = 'company' and period_grain = 'month'
            and period_start = date '2025-04-01'
        """,
        [basis],
    ).fetchall()
    return row


def test_minutes_are_those_worked_out_by_hand(berlin):
    rows = berlin.execute(
        "select lead_id, first_response_seconds / 60, first_response_business_seconds / 60, "
        "is_within_sla from core.fct_lead"
    ).fetchall()
    assert {lead: tuple(numbers) for lead, *numbers in rows} == BY_HAND


def test_april_counts_the_leads_that_are_known_now(berlin):
    numbers = "leads, responded_leads, untouched_leads, timed_leads, within_sla_leads"
    # Answered: evening, again, late_call, dated, queue, holiday; those with a time of day without dated.
    assert april(berlin, "restated", numbers) == (9, 6, 3, 8, 3)
    minutes = (120, 4, 30, 10080, 2520)
    assert april(
        berlin, "restated", "mean_first_response_minutes, median_first_response_minutes"
    ) == (
        pytest.approx(sum(minutes) / 5),
        120,
    )
    # Half way from the second largest to the largest, at 0.9 x 4 = 3.6 steps.
    (p90,) = april(berlin, "restated", "p90_first_response_minutes")
    assert p90 == pytest.approx(2520 + 0.6 * (10080 - 2520))
    business = "median_first_response_business_minutes, mean_first_response_business_minutes"
    assert april(berlin, "restated", business) == (30, pytest.approx((0 + 4 + 30 + 120 + 1920) / 5))
    assert april(berlin, "restated", "sla_share") == (3 / 8,)


def test_april_as_closed_counts_what_was_known_on_5_may(berlin):
    numbers = "leads, responded_leads, untouched_leads, within_sla_leads, positive_responses"
    # With gone and twin, without late_lead. late_call and queue were not known to be answered.
    assert april(berlin, "as_closed", numbers) == (10, 4, 6, 2, 0)


def test_the_median_with_waiting_leads_by_hand(berlin):
    # Of eight leads four are answered within 4, 30, 120 and 2520 minutes, all others wait for longer or
    # take longer: half are answered after 2520.
    column = "kaplan_meier_median_first_response_minutes"
    assert april(berlin, "restated", column) == (2520,)
    # Known at the freeze, at the end of 5 May: 4, 120 and 2520 of nine; six wait, for longer. Never half.
    assert april(berlin, "as_closed", column) == (None,)


def test_a_lead_keeps_its_first_response_and_its_way(berlin):
    (row,) = berlin.execute(
        "select first_response_at, positive_response_at, is_disqualified, disqualified_date, "
        "recycled_date, qualified_date, accepted_date, is_converted, days_to_positive_response "
        "from core.fct_lead where lead_id = 'again'"
    ).fetchall()
    assert row[:8] == (
        datetime(2025, 4, 15, 8, 4), datetime(2025, 5, 11, 20), True, date(2025, 4, 20),
        date(2025, 5, 10), date(2025, 5, 12), date(2025, 5, 12), False,
    )  # fmt: skip
    assert float(row[8]) == 26.5


def test_a_lead_counts_for_whoever_was_given_it_first(berlin):
    rows = berlin.execute(
        "select lead_id, sales_rep_id, team_id, branch_id, assigned_date from core.fct_lead "
        "where lead_id in ('queue', 'waits', 'branch')"
    ).fetchall()
    assert sorted(rows) == [
        ("branch", "bob", "south", "munich", date(2025, 6, 16)),
        ("queue", "ann", "east", "berlin", date(2025, 5, 5)),
        ("waits", "unknown", "unknown", "unknown", None),
    ]
    # As closed nobody had it yet.
    assert berlin.execute(
        "select distinct sales_rep_id from core.fct_lead_creation "
        "where lead_id = 'queue' and basis = 'as_closed' and period_grain = 'month'"
    ).fetchall() == [("unknown",)]


def test_what_comes_before_its_lead_is_reported(berlin):
    assert berlin.execute(
        "select lead_id, event_id, problem from intermediate.int_lead_problems"
    ).fetchall() == [("too_early", "a8", "activity_before_lead")]


def test_bands_of_april(berlin):
    rows = berlin.execute(
        """
        select response_band, leads, qualified_leads, round(qualifying_odds_ratio, 6)
        from marts.mart_lead_response_bands
        where basis = 'restated' and level = 'company' and period_grain = 'month'
            and period_start = date '2025-04-01'
        order by band_order nulls last
        """
    ).fetchall()
    # again alone qualified. Against late_call: (1.5 x 1.5) / (0.5 x 0.5).
    assert rows == [
        ("5 minutes", 1, 1, 9.0),
        ("30 minutes", 1, 0, 1.0),
        ("24 hours", 1, 0, round(0.5 * 2.5 / (1.5 * 0.5), 6)),
        ("later", 2, 0, round(0.5 * 3.5 / (2.5 * 0.5), 6)),
        ("never", 3, 0, None),
        ("unknown", 1, 0, None),
    ]


def test_a_weekend_on_thursday_and_friday(models: Models, tmp_path: Path):
    settings = CompanySettings(weekend=("thursday", "friday"))
    with built(models, tmp_path / "home", settings) as connection:
        assert connection.execute(
            "select first_response_seconds / 60, first_response_business_seconds / 60 "
            "from core.fct_lead where lead_id = 'weekend'"
        ).fetchall() == [(3825, 960)]
