"""A CRM that names things instead of numbering them: the figures known for its export.

The figures were derived from the files with plain SQL; see the README beside the extracts. The
folder stands outside the repository, so the test skips without it.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

ROOT = Path(__file__).resolve().parents[2]
EXTRACTS = ROOT.parent / "shared" / "data" / "d365_sales_demo"

pytestmark = [
    pytest.mark.skipif(
        not EXTRACTS.is_dir(), reason=f"the real extracts are not here: {EXTRACTS.name}"
    ),
]


@pytest.fixture(scope="module")
def home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("d365_home")
    files = landed(home, "d365", EXTRACTS).files
    # Eleven goals have no target.
    set_aside = {file.table_name: file.quarantined for file in files if file.quarantined}
    assert set_aside == {"quotas": 11}
    models.build(home)
    return home


@pytest.fixture(scope="module")
def marts(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = home / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


def one(marts: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    (row,) = marts.execute(sql).fetchall()
    return row


def test_deals_won_lost_and_open(marts):
    decided = """
        select sum(won_deals), sum(lost_deals), sum(won_deals) / sum(closed_deals), sum(won_value)
        from mart_conversion
        where level = 'company' and period_grain = 'month' and basis = 'restated'
    """
    won, lost, rate, value = one(marts, decided)
    assert (won, lost, value) == (1_914, 2_794, Decimal("72459852.17"))
    assert rate == pytest.approx(0.406542, abs=5e-7)


def test_open_pipeline_and_its_weight(marts):
    """The weight was summed before rounding; each deal's is rounded to the cent here."""
    deals, value, weighted = one(
        marts,
        """
        select open_deals, open_value, weighted_value from mart_pipeline_value
        where level = 'company' order by as_of_date desc limit 1
        """,
    )
    assert (deals, value) == (521, Decimal("40244164.75"))
    assert weighted == pytest.approx(Decimal("7372404.59"), abs=Decimal("1.00"))


def test_won_cycle(marts):
    mean, median = one(
        marts,
        """
        select avg(cycle_days), median(cycle_days) from mart_opportunities where is_won
        """,
    )
    assert mean == pytest.approx(66.19, abs=0.005)
    assert median == 55


@pytest.mark.parametrize(
    ("quarter", "attainment"),
    [
        ("2024-01-01", 1.2153),
        ("2024-04-01", 1.4099),
        ("2024-07-01", 1.2371),
        ("2024-10-01", 1.2986),
    ],
)
def test_attainment_of_the_teams_goal(marts, quarter, attainment):
    """The company's target is added up from the reps' goals, which make up the team's."""
    found, quota, source = one(
        marts,
        f"""
        select attainment, quota_value, quota_source from mart_quota_attainment
        where basis = 'restated' and level = 'company' and period_grain = 'quarter'
            and period_start = date '{quarter}'
        """,
    )
    (goal,) = one(
        marts,
        f"""
        select quota_value from mart_quota_attainment
        where basis = 'restated' and level = 'team' and member_id = 'Sales Team'
            and period_grain = 'quarter'
            and period_start = date '{quarter}' and quota_source = 'own'
        """,
    )
    assert found == pytest.approx(attainment, abs=5e-5)
    assert (quota, source) == (goal, "reps")


def test_forecast_categories(marts):
    """Counted in the file: 25 committed and 8 best case, of which these are open."""
    rows = marts.execute("""
        select distinct forecast_category from mart_opportunities
    """).fetchall()
    assert {category for (category,) in rows} == {
        "unknown", "closed", "pipeline", "omitted", "commit", "best_case"
    }  # fmt: skip


def test_appointments_and_mails(home):
    """Counted in the files with Python's csv: 22 appointments, one cancelled, all with customers.

    Their ends and durations agree: the 21 took 17 half hours by David Mallory and 7 by the
    administrator. Of 210 mails eight are written twice, word for word; none says how long it took.
    """
    with read_warehouse(home) as warehouse:
        found = warehouse.execute("""
            select activity_type, direction, activity_status, activity_class, count(*),
                sum(activity_seconds) filter (is_counted_as_time) / 3600, any_value(problem)
            from core.fct_activity
            group by all
        """).fetchall()
    with duckdb.connect(str(home / "raw.duckdb"), read_only=True) as raw:
        owners = raw.execute("""
            select owner_id, sum(date_diff('minute', started_at, ended_at)) / 60
            from crm.activities
            where activity_type = 'meeting' and activity_status <> 'cancelled'
            group by all
        """).fetchall()
    meetings = [row for row in found if row[0] == "meeting"]
    mails = {row[1:3]: row[4:] for row in found if row[0] == "email"}
    assert {row[3] for row in meetings} == {"selling"}
    assert sum(row[4] for row in meetings) == 22
    assert sum(row[5] or 0 for row in meetings) == 12.0
    assert [row[4:] for row in meetings if row[2] == "cancelled"] == [(1, None, "cancelled")]
    assert dict(owners) == {"David Mallory": 8.5, "MOD Administrator": 3.5}
    assert mails == {
        ("outgoing", "held"): (76, None, "no_duration"),
        ("outgoing", "planned"): (73, None, "no_duration"),
        ("outgoing", "cancelled"): (44, None, "cancelled"),
        ("incoming", "held"): (9, None, "no_duration"),
    }
