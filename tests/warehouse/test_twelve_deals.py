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


def test_created_deals_as_known_now_and_as_frozen(marts):
    """January: 100 + 200 + 300 + 50 + 60 + 100 + 90 + 30; D08 (70) and D09 (40) counted at its freeze."""
    found = rows(
        marts,
        "select basis, strftime(period_start, '%b'), sum(created_deals), sum(created_value) "
        f"from mart_pipeline_created where {COMPANY} and dimension = 'segment' group by all order by all",
    )
    assert found == [
        ("as_closed", "Dec", 1, 80),
        ("as_closed", "Jan", 10, 1040),
        # D11 was worth 500 on the day on which it was created, long before its history begins.
        ("as_closed", "Nov", 1, 500),
        ("restated", "Dec", 1, 80),
        ("restated", "Jan", 8, 930),
        ("restated", "Nov", 1, 500),
    ]


def test_what_moved_in_a_week(marts):
    """The fourth week of January: all that the README tells of January 19 to 25."""
    found = rows(
        marts,
        "select strftime(changed_date, '%d'), opportunity_id, change_type, old_value, new_value, value_change "
        "from mart_deal_changes where week_start = '2026-01-19' and field_name <> 'probability' "
        "order by all",
    )
    assert found == [
        ("19", "D03", "stage_changed", "Offer", "Demo", 0),
        ("20", "D01", "won", "Offer", "Won", 0),
        ("22", "D02", "pushed_out", "2026-01-25", "2026-02-20", 0),
    ]


def test_what_changed_the_worth_of_a_deal_or_its_owner(marts):
    found = rows(
        marts,
        "select opportunity_id, change_type, old_value, new_value, value_change, opportunity_value, "
        "sales_rep_name from mart_deal_changes where change_type <> 'created' and value_change <> 0 "
        "or change_type in ('transferred', 'removed') order by all",
    )
    assert found == [
        ("D06", "transferred", "Ann", "Bob", 0, 60, "Bob"),
        ("D07", "changed", "USD", "EUR", 50, 150, "Ann"),
        ("D08", "removed", "false", "true", 0, 70, "Ann"),
        ("D09", "removed", "false", "true", 0, 40, "Ann"),
        ("D11", "decreased", "500.00", "450.00", -50, 450, "Ann"),
    ]


def test_a_deal_that_is_reopened_gets_a_new_date_and_is_not_pushed(marts):
    found = rows(
        marts,
        "select change_type, new_value from mart_deal_changes where opportunity_id = 'D05' "
        "and changed_date = '2026-01-15' and field_name <> 'probability' order by all",
    )
    assert found == [("changed", "2026-01-31"), ("reopened", "Demo")]


def test_movement_by_week(marts):
    """What was to close in a week. Week 4 has D01 (100, won) and D02 (200, pushed out); week 5 has D12 (30),
    D05 (80) and D10 (90), won, D04 (50), lost, and D08 (70), which stays."""
    found = rows(
        marts,
        "select period_label, start_value, won_value, lost_value, pushed_out_value, removed_value, end_value "
        "from mart_pipeline_movement where level = 'company' and period_grain = 'week' "
        "and basis = 'restated' and period_start >= '2026-01-01' order by all",
    )
    assert found == [
        ("2026-W04", 300, 100, 0, 200, 0, 0),
        ("2026-W05", 320, 200, 50, 0, 0, 70),
        ("2026-W07", 300, 300, 0, 0, 0, 0),
        ("2026-W08", 200, 0, 200, 0, 0, 0),
        # D06 (60), D07 (150) and D09 (40), which was merged.
        ("2026-W09", 250, 0, 0, 0, 40, 210),
    ]


def test_no_other_mart_has_weeks(marts):
    tables = marts.execute(
        "select table_name from information_schema.columns where table_schema = 'marts' "
        "and column_name = 'period_grain' and table_name not in ('metric_values', 'metric_periods')"
    ).fetchall()
    with_weeks = {
        name
        for (name,) in tables
        if rows(marts, f"select count(*) from {name} where period_grain = 'week'") != [(0,)]
    }
    assert len(tables) > 15
    assert with_weeks == {"mart_pipeline_movement"}


def test_how_long_a_deal_is_where_it_is(marts):
    """On February 28: D06 is a lead since January 9, D11 in demo since November 1; D02 was pushed once."""
    found = rows(
        marts,
        "select opportunity_id, days_in_stage, pushes from mart_opportunities "
        "where opportunity_id in ('D02', 'D06', 'D11') order by all",
    )
    assert found == [("D02", None, 1), ("D06", 50, 0), ("D11", 119, 0)]


def test_what_is_to_mend(marts):
    """Of the open deals D06, D07 and D11 one is overdue: D07, which was expected on February 25."""
    found = rows(
        marts,
        "select level, member_name, fault, open_deals, faulty_deals, faulty_value from mart_data_health "
        "where level in ('company', 'rep') order by all",
    )
    assert found == [
        ("company", "All", "overdue", 3, 1, 150),
        ("rep", "Ann", "overdue", 2, 1, 150),
    ]
