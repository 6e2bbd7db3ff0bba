"""The first real run: one CSV extract, refreshed by the command, gives the figures known for it.

The figures were derived from the files with plain SQL and some were published by others; see the
README beside the extracts. The folder stands outside the repository, so the test skips without it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from warehouse_testbed import read_warehouse

ROOT = Path(__file__).resolve().parents[2]
EXTRACTS = ROOT.parent / "shared" / "data" / "maven_crm"

pytestmark = [
    pytest.mark.minutes(2),
    pytest.mark.skipif(
        not EXTRACTS.is_dir(), reason=f"the real extracts are not here: {EXTRACTS.name}"
    ),
]

ALL_TIME = "level = 'company' and basis = 'restated'"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("maven_home")
    command = [sys.executable, "-m", "orchestration.command", "refresh", "--json"]
    done = subprocess.run(
        [*command, "--home", str(home), "--source", f"maven={EXTRACTS}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["status"] == "published"
    return home


@pytest.fixture(scope="module")
def marts(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = home / "published" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


def one(marts: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    rows = marts.execute(sql).fetchall()
    assert len(rows) == 1, rows
    return rows[0]


def test_every_opportunity_is_there_in_its_stage(marts):
    assert dict(
        marts.execute("select stage_name, count(*) from mart_opportunities group by all").fetchall()
    ) == {"Won": 4238, "Lost": 2473, "Engaging": 1589, "Prospecting": 500}


def test_conversion_rate_leaves_open_deals_out(marts):
    # All deals closed in 2017, so the year is the whole.
    won, lost, rate, value = one(
        marts,
        "select won_deals, lost_deals, conversion_rate, won_value from mart_conversion "
        f"where {ALL_TIME} and period_grain = 'year'",
    )
    assert (won, lost) == (4238, 2473)
    assert rate == pytest.approx(4238 / 6711, abs=1e-12)
    assert round(rate * 100, 4) == 63.1501
    assert value == Decimal("10005534.00")


def test_deal_outcome(marts):
    closed, outcome, won, average_won = one(
        marts,
        "select closed_deals, average_deal_outcome, won_deals, average_won_value "
        f"from mart_deal_outcome where {ALL_TIME} and period_grain = 'year' "
        "and period_start = date '2017-01-01'",
    )
    assert (closed, won) == (6711, 4238)
    assert round(float(outcome), 2) == 1490.92
    assert round(float(average_won), 2) == 2360.91


def test_sales_cycle(marts):
    mean, median, lost_mean, lost_median, won, lost = one(
        marts,
        "select mean_cycle_days, median_cycle_days, mean_lost_cycle_days, median_lost_cycle_days, "
        f"won_deals, lost_deals from mart_sales_cycle where {ALL_TIME} and period_grain = 'year'",
    )
    assert round(mean, 3) == 51.782
    assert median == 57
    assert round(lost_mean, 3) == 41.479
    assert lost_median == 14
    assert round((mean * won + lost_mean * lost) / (won + lost), 3) == 47.985


def test_by_close_quarter(marts):
    rows = marts.execute(
        "select period_start, won_value, conversion_rate from mart_conversion "
        f"where {ALL_TIME} and period_grain = 'quarter' order by period_start"
    ).fetchall()
    assert [str(start) for start, _, _ in rows] == [
        "2017-01-01",
        "2017-04-01",
        "2017-07-01",
        "2017-10-01",
    ]
    assert [int(value) for _, value, _ in rows] == [1134672, 3086111, 2982255, 2802496]
    assert [round(rate * 100, 2) for _, _, rate in rows] == [82.07, 61.71, 61.41, 60.25]


@pytest.mark.parametrize(
    ("level", "member", "value"),
    [
        ("rep", "Darcel Schlecht", 1153214),
        ("team", "Melvin Marxen", 2251930),
        ("branch", "West", 3568647),
        ("branch", "Central", 3346293),
        ("branch", "East", 3090594),
    ],
)
def test_by_member(marts, level: str, member: str, value: int):
    (won_value,) = one(
        marts,
        "select won_value from mart_conversion where period_grain = 'year' "
        f"and basis = 'restated' and level = '{level}' and member_name = '{member}'",
    )
    assert won_value == value


def test_the_top_member_of_agents_and_managers(marts):
    for level, member, deals in [("rep", "Darcel Schlecht", 349), ("team", "Melvin Marxen", None)]:
        name, won = one(
            marts,
            "select member_name, won_deals from mart_conversion where period_grain = 'year' "
            f"and basis = 'restated' and level = '{level}' order by won_value desc limit 1",
        )
        assert name == member
        assert deals in (None, won)


def test_open_pipeline_at_list_price_after_the_product_repair(marts):
    deals, value, weighted, no_amount = one(
        marts,
        "select open_deals, open_value, weighted_value, no_amount_deals from mart_pipeline_value "
        "where level = 'company' order by as_of_date desc limit 1",
    )
    assert (deals, value) == (2089, Decimal("4966215.00"))
    # The extract knows no probabilities; nothing is invented.
    assert weighted is None
    assert no_amount == 0
    assert one(marts, "select count(*) from mart_opportunities where product_name = 'GTX Pro'") == (
        1480,
    )


def test_open_deals_say_where_their_amount_is_from(marts):
    assert marts.execute(
        "select distinct amount_source from mart_opportunities where not is_closed"
    ).fetchall() == [("list_price",)]


def test_deals_without_account_or_creation_date_are_kept(marts):
    assert one(
        marts,
        "select count(*) filter (account_id = 'unknown'), count(*) "
        "from mart_opportunities where not is_closed",
    ) == (1425, 2089)
    # Without an engage date a deal exists from the extract on, which speaks for the end of 2017.
    assert one(
        marts,
        "select count(*) from mart_opportunities where created_date = date '2017-12-31' "
        "and stage_name = 'Prospecting'",
    ) == (500,)


def test_agents_who_own_nothing_are_known(home: Path):
    with read_warehouse(home) as warehouse:
        rows = warehouse.execute(
            "select count(*) from core.dim_sales_rep r where r.sales_rep_id <> 'unknown' "
            "and r.sales_rep_id not in (select sales_rep_id from core.fct_opportunity)"
        ).fetchall()
    assert rows == [(5,)]


def test_misspelt_accounts_are_repaired(home: Path):
    with read_warehouse(home) as warehouse:
        rows = warehouse.execute(
            "select count(*) from core.dim_account "
            "where industry = 'technolgy' or country = 'Philipines'"
        ).fetchall()
        repaired = warehouse.execute(
            "select count(*) from core.dim_account "
            "where industry = 'technology' or country = 'Philippines'"
        ).fetchall()
    assert rows == [(0,)]
    assert repaired[0][0] > 0


def test_source_coverage_names_what_is_missing(marts):
    coverage = {
        (source, table): (rows, missing)
        for source, table, rows, missing in marts.execute(
            "select source, table_name, row_count, missing from source_coverage"
        ).fetchall()
    }
    assert coverage["crm", "opportunities"][0] == 8800
    assert coverage["crm", "accounts"][0] == 85
    assert coverage["crm", "fx_rates"][0] == 0
    assert "weighted_value" in coverage["crm", "stages"][1]
    assert "opportunity_line_items" in dict.fromkeys(table for _, table in coverage)


def test_every_record_is_accounted_for(home: Path):
    with duckdb.connect(str(home / "raw.duckdb"), read_only=True) as raw:
        rows = raw.execute(
            "select table_name, sum(records), sum(accepted), sum(quarantined), sum(unchanged) "
            "from landing.files group by all"
        ).fetchall()
    by_table = {row[0]: tuple(int(number) for number in row[1:]) for row in rows}
    assert by_table["opportunities"] == (8800, 8800, 0, 0)
    # 35 agents under 6 managers: the managers' rows repeat, and repetitions count as unchanged.
    assert by_table["teams"] == (35, 6, 0, 29)
    for records, accepted, quarantined, unchanged in by_table.values():
        assert records == accepted + quarantined + unchanged
