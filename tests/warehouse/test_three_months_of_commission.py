"""Commission of a plan with all it can have, worked out by hand; the fixture's README tells how."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

MONTHS = Path(__file__).parent / "fixtures" / "three_months_of_commission"

EARNED = [
    # seller, month, deal, rule, value
    ("Ada", 7, "A1", "rate", 200),
    ("Ada", 7, "S1", "rate", 120),
    ("Ada", 7, None, "draw_advance", 80),
    ("Ada", 8, "A2", "rate", 380),
    ("Ada", 8, "A3", "cap", -200),
    ("Ada", 8, "A3", "rate", 1320),
    ("Ada", 8, None, "draw_recovery", -80),
    ("Ada", 9, "A1", "clawback", -200),
    ("Ada", 9, "A4", "rate", 80),
    ("Ada", 9, None, "draw_advance", 120),
    ("Ada", 10, "A5", "rate", 40),
    ("Ada", 10, None, "draw_recovery", -40),
    ("Bo", 7, "S1", "rate", 120),
    ("Bo", 9, "B1", "rate", 1340),
]


@pytest.fixture(scope="module")
def months(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("months_of_commission")
    landed(home, "canonical", MONTHS)
    models.build(home, "+mart_commission_reconciliation")
    with read_warehouse(home) as connection:
        yield connection


def test_each_rule_gives_what_was_worked_out(months: duckdb.DuckDBPyConnection) -> None:
    found = months.execute(
        """
        select
            split_part(people.person_name, ' ', 1), month(plan_period_start), opportunity_id, rule,
            commission_value
        from restricted.fct_commission
        inner join restricted.dim_person as people using (person_id)
        order by 1, 2, 3 nulls last, 4
        """
    ).fetchall()
    assert found == [(*row[:4], Decimal(row[4])) for row in EARNED]


def test_the_lost_win_is_credited_back_and_july_stays_what_it_was(
    months: duckdb.DuckDBPyConnection,
) -> None:
    found = months.execute(
        "select credit_kind, cast(credit_date as varchar), credit_value "
        "from restricted.fct_credit where opportunity_id = 'A1' order by credit_date"
    ).fetchall()
    assert found == [
        ("win", "2025-07-10", Decimal("5000.00")),
        ("clawback", "2025-09-15", Decimal("-5000.00")),
    ]


def test_the_one_wrong_payment_is_the_one_difference(months: duckdb.DuckDBPyConnection) -> None:
    found = months.execute(
        "select opportunity_id, reason, difference_value "
        "from restricted.mart_commission_reconciliation where status = 'different'"
    ).fetchall()
    assert found == [("B1", "underpaid", Decimal("-36.00"))]


def test_what_no_run_has_paid_for_yet_is_pending(months: duckdb.DuckDBPyConnection) -> None:
    found = months.execute(
        "select opportunity_id, month(plan_period_start), pending_value "
        "from restricted.mart_commission_reconciliation where status = 'pending' order by 1"
    ).fetchall()
    assert found == [("A5", None, Decimal("40.00")), (None, 10, Decimal("-40.00"))]
