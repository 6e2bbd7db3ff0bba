"""The demo company, refreshed night by night by the command, agrees with its own answer key.

The simulator computes the key from its events, with numpy on integers; nothing of it comes from the
warehouse's SQL. A disagreement means that one of the two misreads a definition.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from demo_key import (
    IS_OF_REFERENCE,
    PIPELINE,
    Demo,
    Row,
    agree,
    expected,
    rows_of,
    without_managers,
)
from warehouse_testbed import read_warehouse

pytestmark = pytest.mark.minutes(4)


@pytest.fixture(scope="module")
def company(demo_company: Path) -> Path:
    return demo_company


@pytest.fixture(scope="module")
def home(demo_home: Path) -> Path:
    return demo_home


@pytest.fixture(scope="module")
def marts(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = home / "published" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


@pytest.fixture(scope="module")
def raw(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(home / "raw.duckdb"), read_only=True) as connection:
        yield connection


def test_every_record_of_every_file_is_counted_as_the_key_says(demo: Demo, company: Path, raw):
    counts = json.loads((company / "expected" / "row_counts.json").read_text())
    # A table's records may stand in several files of a night, and a file may hold several tables.
    key = {
        (each["night"], each["table"]): (
            each["records"],
            each["accepted"],
            sum(each["quarantined"].values()),
            each["unchanged"],
            each["duplicates"],
            each["deleted"],
        )
        for each in counts
    }
    assert len(key) == len(counts)
    found = {
        (demo.night_of(at), table.split(".")[-1]): tuple(int(each) for each in numbers)
        for at, table, *numbers in raw.execute(
            "select extracted_at, table_name, sum(records), sum(accepted), sum(quarantined), "
            "sum(unchanged), sum(duplicates), sum(deleted) from landing.files "
            "where format is not null group by all"
        ).fetchall()
    }
    assert found == key
    names = {(each["night"], each["file"]) for each in counts}
    landed = raw.execute("select extracted_at, file_name from landing.files").fetchall()
    assert names - {(demo.night_of(at), name) for at, name in landed} == set()


def test_every_planted_defect_is_found_with_its_reason_and_nothing_else(
    demo: Demo, company: Path, raw
):
    planted = {
        (row["night"], row["file"], row["line"], row["column"], row["reason"])
        for row in expected(company, "defects")
    }
    found = raw.execute(
        "select f.extracted_at, q.file_name, q.line, q.column_name, q.reason "
        "from landing.quarantine as q inner join landing.files as f "
        "on q.run_id = f.run_id and q.file_name = f.file_name and q.table_name = f.table_name"
    ).fetchall()
    found_set = {
        (demo.night_of(at), name, str(line), column or "", reason)
        for at, name, line, column, reason in found
    }
    assert len(found) == len(found_set)
    assert found_set == planted
    assert len(planted) >= 60


def test_metrics_by_month_and_member(company: Path, marts):
    key = expected(company, "metrics_by_month")
    by = ["period_start", "level", "member_id"]
    grain = "basis, period_grain, period_start, level, member_id"
    found = rows_of(
        marts,
        "select c.period_start, c.level, c.member_id, c.won_deals, c.lost_deals, c.won_value, "
        "c.lost_value, c.conversion_rate, c.value_conversion_rate, o.average_deal_outcome, "
        "o.average_won_value, s.mean_cycle_days, s.median_cycle_days, s.mean_active_days, "
        "s.mean_lost_cycle_days, s.median_lost_cycle_days from mart_conversion as c "
        f"left join mart_deal_outcome as o using ({grain}) "
        f"left join mart_sales_cycle as s using ({grain}) "
        "where c.basis = 'restated' and c.period_grain = 'month'",
    )
    # Averages of money are published in whole cents.
    averages = ["average_deal_outcome", "average_won_value"]
    exact = [name for name in key[0] if name not in (*by, *averages)]
    assert len(exact) == 11
    agree(found, key, by, exact)
    agree(found, key, by, averages, tolerance=0.00501)


def test_the_pipeline_of_each_night(demo: Demo, company: Path, home: Path):
    found = [
        row for path in sorted(home.glob("pipeline_*.json")) for row in json.loads(path.read_text())
    ]
    assert len({row["as_of_date"] for row in found}) == demo.nights
    key = expected(company, "pipeline")
    agree(found, key, ["as_of_date", "level", "member_id"], PIPELINE)


def test_every_deal(company: Path, home: Path):
    with read_warehouse(home) as warehouse:
        found = rows_of(
            warehouse,
            "select opportunity_id, stage_id, is_excluded, created_date, closed_date, cycle_days, "
            "amount_source, currency_code, amount, opportunity_value, branch_id, territory_id, "
            "team_id, sales_rep_id as rep_id, segment as segment_id, product_id, "
            "lead_source as lead_source_id from core.fct_opportunity where is_last_episode",
        )

    def by_deal(rows: list[Row]) -> dict[str, Row]:
        # The currency of a deal without an amount says nothing.
        return {
            row["opportunity_id"]: row | ({} if row["amount"] else {"currency_code": ""})
            for row in rows
        }

    ours, theirs = by_deal(found), by_deal(expected(company, "deals"))
    assert ours.keys() == theirs.keys()
    differing = {
        (deal, name): (ours[deal][name], value)
        for deal, row in theirs.items()
        for name, value in row.items()
        if ours[deal][name] != value
    }
    assert differing == {}, "(warehouse, answer key)"


def test_what_counts_nowhere_and_why(company: Path, home: Path):
    key = expected(company, "excluded_deals")
    with read_warehouse(home) as warehouse:
        found = warehouse.execute(
            "select opportunity_id, exclusion_reason from core.fct_opportunity "
            "where is_excluded and is_last_episode"
        ).fetchall()
    assert dict(found) == {row["opportunity_id"]: row["reason"] for row in key}


def test_closes_before_creation_are_reported(company: Path, home: Path, marts):
    key = expected(company, "closes_before_creation")
    with read_warehouse(home) as warehouse:
        found = warehouse.execute(
            "select opportunity_id from core.fct_opportunity "
            "where has_close_before_creation and is_last_episode"
        ).fetchall()
    deals = {row["opportunity_id"] for row in key}
    assert {row[0] for row in found} == deals
    reported = marts.execute(
        "select message from data_quality where check_name = 'closed_after_creation' "
        "and result = 'failed' order by run_id desc limit 1"
    ).fetchall()
    assert any(deal in reported[0][0] for deal in deals)


def test_references_to_nothing_are_reported(company: Path, marts):
    key = expected(company, "references_to_nothing")
    # A night reports what landed in it, so the reports of all nights are read.
    reported = {
        (table, check.removesuffix("_known")): messages
        for table, check, messages in marts.execute(
            "select table_name, check_name, string_agg(message, ' ') from data_quality "
            f"where severity = 'warn' and result = 'failed' and {IS_OF_REFERENCE} group by all"
        ).fetchall()
    }
    assert set(reported) == {(row["table"], row["column"]) for row in key}
    # Where the key has no value, it is a personal one, which no report shows.
    for row in key:
        assert row["value"] in reported[row["table"], row["column"]]


MONTHLY = "basis = 'restated' and period_grain = 'month'"


def test_the_pipeline_of_days_gone_by(company: Path, marts):
    key = expected(company, "pipeline_history")
    days = {row["as_of_date"] for row in key}
    assert len(days) > 30
    found = rows_of(
        marts,
        "select as_of_date, level, member_id, open_deals, open_value, "
        "coalesce(weighted_value, 0) as weighted_value, overdue_deals, overdue_value, "
        "no_amount_deals, undated_deals from mart_pipeline_value "
        f"where as_of_date in ({', '.join(repr(day) for day in sorted(days))})",
    )
    agree(found, key, ["as_of_date", "level", "member_id"], PIPELINE)


def test_movements_of_the_pipeline(company: Path, marts):
    key = expected(company, "movements")
    by = ["period_grain", "period_start", "level", "member_id"]
    columns = [name for name in key[0] if name not in by]
    assert len(columns) == 13
    found = rows_of(
        marts,
        f"select {', '.join(by + columns)} from mart_pipeline_movement "
        "where basis = 'restated' and period_grain in ('month', 'quarter')",
    )
    agree(found, key, by, columns)


def test_stays_in_stages(company: Path, marts):
    key = expected(company, "stages")
    by = ["period_start", "level", "member_id", "stage_id"]
    columns = [name for name in key[0] if name not in (*by, "period_grain")]
    assert len(columns) == 10
    found = rows_of(
        marts, f"select {', '.join(by + columns)} from mart_stage_conversion where {MONTHLY}"
    )
    agree(found, key, by, columns)


def test_what_became_of_a_starting_pipeline(company: Path, marts):
    key = expected(company, "efficiency")
    by = ["period_grain", "period_start", "level", "member_id"]
    columns = [name for name in key[0] if name not in by]
    assert len(columns) == 10
    found = rows_of(
        marts,
        f"select {', '.join(by + columns)} from mart_pipeline_efficiency "
        "where basis = 'restated' and period_grain <> 'year' and starting_open_deals > 0",
    )
    agree(found, key, by, columns)


def test_a_target_with_nothing_open_has_a_row_and_is_covered_by_nothing(company: Path, marts):
    by = ["period_start", "level", "member_id"]
    quotas = {tuple(row[name] for name in by) for row in expected(company, "quotas")}
    open_at_start = {
        tuple(row[name] for name in by)
        for row in expected(company, "efficiency")
        if row["period_grain"] == "quarter"
    }
    found = rows_of(
        marts,
        f"select {', '.join(by)}, starting_coverage from mart_pipeline_efficiency where basis = "
        "'restated' and period_grain = 'quarter' and starting_open_deals = 0",
    )
    last = max(row["period_start"] for row in expected(company, "efficiency"))
    begun = {place for place in quotas if place[0] <= last}
    shown = without_managers(found)
    assert {tuple(row[name] for name in by) for row in shown} == begun - open_at_start
    assert {float(row["starting_coverage"]) for row in found} <= {0.0}


@pytest.mark.parametrize(
    ("table", "categories"), [("pushes", ["pushes"]), ("win_loss", ["dimension", "category"])]
)
def test_closings_by_pushes_and_by_what_decided_them(
    company: Path, marts, table: str, categories: list[str]
):
    key = expected(company, table)
    by = ["period_start", "level", "member_id", *categories]
    columns = ["won_deals", "lost_deals", "won_value"]
    found = rows_of(marts, f"select {', '.join(by + columns)} from mart_{table} where {MONTHLY}")
    agree(found, key, by, columns)
    assert len({row[categories[-1]] for row in key}) >= 4


def test_quotas_and_what_was_won_of_them(company: Path, marts):
    key = expected(company, "quotas")
    by = ["period_start", "level", "member_id"]
    columns = ["quota_value", "won_value", "gap_value", "attainment"]
    found = rows_of(
        marts,
        f"select {', '.join(by + columns)}, quota_source from mart_quota_attainment "
        "where basis = 'restated' and period_grain = 'quarter' and quota_value is not null",
    )
    agree(found, key, by, columns)
    sources, expected_sources = (
        {tuple(row[name] for name in by): row["quota_source"] for row in rows}
        for rows in (without_managers(found), key)
    )
    assert sources == expected_sources


def test_how_good_the_forecasts_were(company: Path, marts):
    key = expected(company, "forecasts")
    by = ["period_grain", "period_start", "level", "member_id", "submission_level",
          "forecast_category", "horizon_days"]  # fmt: skip
    columns = [name for name in key[0] if name not in (*by, "method")]
    assert len(columns) == 9
    found = rows_of(
        marts,
        f"select {', '.join(by + columns)} from mart_forecast_precision "
        "where basis = 'restated' and period_grain in ('month', 'quarter')",
    )
    agree(found, key, by, columns)
    assert {row["method"] for row in key} == {"submission", "weighted_pipeline"}


def test_targets_and_forecasts_that_something_is_wrong_with(company: Path, home: Path):
    key = expected(company, "target_problems")
    with read_warehouse(home) as warehouse:
        found = warehouse.execute(
            "select 'fct_quota', quota_id, problem from core.fct_quota where problem is not null "
            "union all select 'fct_forecast_submission', submission_id, problem "
            "from core.fct_forecast_submission where problem is not null"
        ).fetchall()
    assert set(found) == {(row["table"], row["key"], row["problem"]) for row in key}
    assert {row["problem"] for row in key} == {
        "unknown_member", "no_such_period", "no_exchange_rate", "overlap", "same_second",
    }  # fmt: skip


def test_histories_that_contradict_their_deal_are_reported(company: Path, marts):
    deals = {row["opportunity_id"] for row in expected(company, "contradicting_deals")}
    assert len(deals) >= 3
    reported = marts.execute(
        "select rows_failed, message from data_quality "
        "where check_name = 'history_tells_what_extracts_show' order by run_id"
    ).fetchall()
    assert reported[0][0] == len(deals)
    assert any(deal in reported[0][1] for deal in deals)
