"""Twelve deals whose marts were worked out by hand: tests/fixtures/deal_history/README.md."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

ROOT = Path(__file__).resolve().parents[2]
EXTRACTS = ROOT / "tests" / "fixtures" / "deal_history" / "extracts"


@pytest.fixture(scope="module")
def home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("twelve_deals")
    landed(home, "canonical", EXTRACTS)
    models.build(home)
    return home


@pytest.fixture(scope="module")
def marts(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home / "marts.duckdb"), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


def rows(marts: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return [
        tuple(int(v) if isinstance(v, Decimal) and v == int(v) else v for v in row)
        for row in marts.execute(sql).fetchall()
    ]


COMPANY = "level = 'company' and period_grain = 'month'"


def test_conversion_as_known_now_and_as_frozen(marts):
    found = rows(
        marts,
        "select basis, strftime(period_start, '%b'), won_deals, won_value, lost_deals, lost_value "
        f"from mart_conversion where {COMPANY} order by basis, period_start",
    )
    assert found == [
        ("as_closed", "Dec", 0, 0, 1, 80),
        ("as_closed", "Jan", 4, 300, 1, 50),
        ("restated", "Jan", 4, 300, 1, 50),
        ("restated", "Feb", 1, 300, 1, 200),
    ]


def test_movement(marts):
    found = rows(
        marts,
        "select strftime(period_start, '%b'), start_value, created_value, increased_value, "
        "pulled_in_value, reopened_value, decreased_value, pushed_out_value, won_value, "
        "lost_value, removed_value, transferred_value, end_value "
        f"from mart_pipeline_movement where basis = 'restated' and {COMPANY} order by period_start",
    )
    assert found == [
        ("Dec", 0, 80, 0, 0, 0, 0, 0, 0, 80, 0, 0, 0),
        ("Jan", 0, 540, 0, 0, 80, 0, 200, 300, 50, 0, 0, 70),
        ("Feb", 700, 0, 50, 0, 0, 0, 0, 300, 200, 40, 0, 210),
    ]


def test_a_deal_that_is_taken_over_moves_between_reps(marts):
    found = rows(
        marts,
        "select member_id, start_value, transferred_value, end_value from mart_pipeline_movement "
        "where basis = 'restated' and level = 'rep' and period_grain = 'month' "
        "and period_start = '2026-02-01' order by 1",
    )
    assert found == [("ann", 700, -60, 150), ("bob", 0, 60, 60)]


@pytest.mark.parametrize(
    ("day", "deals", "value"),
    [
        ("2025-12-01", 1, 500),  # D11, worth what it was before its first change
        ("2025-12-31", 1, 500),  # D05 came and went
        ("2026-01-15", 12, 1620),  # all of them, D11 still at 500
        ("2026-01-31", 7, 1220),  # D02, D03, D06 to D09, D11 at 450
        ("2026-02-03", 7, 1270),  # D07 is worth 150
        ("2026-02-28", 3, 660),  # D06, D07, D11; D08 and D09 count no more
    ],
)
def test_pipeline_as_of_a_day(marts, day, deals, value):
    assert rows(
        marts,
        "select open_deals, open_value from mart_pipeline_value "
        f"where level = 'company' and as_of_date = '{day}'",
    ) == [(deals, value)]


def test_stays_in_stages(marts):
    found = rows(
        marts,
        "select strftime(period_start, '%b'), stage_id, entered, advanced, won, lost, still_open, "
        "regressed, skipped, round(stage_conversion_rate, 4), median_days_in_stage "
        f"from mart_stage_conversion where basis = 'restated' and {COMPANY} order by period_start, stage_order",
    )
    assert found == [
        ("Nov", "demo", 1, 0, 0, 0, 1, 0, 0, None, None),
        ("Dec", "lead", 1, 0, 0, 1, 0, 0, 0, 0.0, 10.0),
        ("Jan", "lead", 7, 2, 2, 1, 2, 0, 0, 0.8, 16.0),
        ("Jan", "demo", 4, 2, 2, 0, 0, 0, 3, 1.0, 9.0),
        ("Jan", "offer", 3, 0, 1, 1, 0, 1, 3, 0.3333, 7.0),
        ("Feb", "offer", 0, 0, 0, 0, 0, 0, 1, None, None),
    ]


def test_pushed_deals(marts):
    found = rows(
        marts,
        "select strftime(period_start, '%b'), pushes, won_deals, lost_deals "
        f"from mart_pushes where basis = 'restated' and {COMPANY} order by period_start, pushes",
    )
    # The new date of D05 came with its reopening and is no push.
    assert found == [("Jan", "0", 4, 1), ("Feb", "0", 1, 0), ("Feb", "1", 0, 1)]


def test_the_transition_dates_a_closing_and_the_last_amount_before_counts(marts):
    found = rows(
        marts,
        "select opportunity_id, closed_date::varchar, opportunity_value, is_reopened "
        "from mart_opportunities where opportunity_id in ('D05', 'D10', 'D12') order by 1",
    )
    assert found == [
        ("D05", "2026-01-28", 80, True),
        ("D10", "2026-01-29", 90, False),
        ("D12", "2026-01-27", 30, False),
    ]


def test_nothing_is_known_by_an_extract_that_the_history_tells(home):
    with read_warehouse(home) as warehouse:
        found = warehouse.execute("""
            select opportunity_id, known_by, count(*) from core.fct_opportunity_version
            where opportunity_id in ('D01', 'D08', 'D11') group by all order by all
        """).fetchall()
    # D08 has no history: it is known since its creation, and its deletion from the second night.
    assert found == [
        ("D01", "creation_date", 1),
        ("D01", "field_history", 3),
        ("D08", "creation_date", 1),
        ("D08", "extract", 1),
        ("D11", "creation_date", 1),
        ("D11", "field_history", 1),
    ]
