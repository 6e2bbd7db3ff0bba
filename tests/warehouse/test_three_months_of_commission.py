"""Commission of a plan with all it can have, worked out by hand; the fixture's README tells how."""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse, store_of

MONTHS = Path(__file__).parent / "fixtures" / "three_months_of_commission"

EARNED = [
    # rep, month, deal, rule, value
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

TIERS = [
    # deal, rep, sold before it and with it, tier, from, to, rate, value in the tier, what it earns
    ("A1", "Ada", 0, 5000, 1, 0, 8000, "0.04", 5000, 200),
    ("A2", "Ada", 0, 9000, 1, 0, 8000, "0.04", 8000, 320),
    ("A2", "Ada", 0, 9000, 2, 8000, 10000, "0.06", 1000, 60),
    ("A3", "Ada", 9000, 24000, 2, 8000, 10000, "0.06", 1000, 60),
    ("A3", "Ada", 9000, 24000, 3, 10000, None, "0.09", 14000, 1260),
    ("A4", "Ada", 0, 2000, 1, 0, 8000, "0.04", 2000, 80),
    ("A5", "Ada", 0, 1000, 1, 0, 8000, "0.04", 1000, 40),
    ("B1", "Bo", 0, 20000, 1, 0, 8000, "0.04", 8000, 320),
    ("B1", "Bo", 0, 20000, 2, 8000, 10000, "0.06", 2000, 120),
    ("B1", "Bo", 0, 20000, 3, 10000, None, "0.09", 10000, 900),
    ("S1", "Ada", 5000, 8000, 1, 0, 8000, "0.04", 3000, 120),
    ("S1", "Bo", 0, 3000, 1, 0, 8000, "0.04", 3000, 120),
]

STATEMENTS = [
    # rep, month of the pay period, deal, rule, tier, rate, value in the tier, value
    ("Ada", 8, "A1", "rate", 1, "0.04", 5000, 200),
    ("Ada", 8, "S1", "rate", 1, "0.04", 3000, 120),
    ("Ada", 8, None, "draw_advance", None, None, None, 80),
    ("Ada", 9, "A2", "rate", 1, "0.04", 8000, 320),
    ("Ada", 9, "A2", "rate", 2, "0.06", 1000, 60),
    ("Ada", 9, "A3", "cap", None, None, None, -200),
    ("Ada", 9, "A3", "rate", 2, "0.06", 1000, 60),
    ("Ada", 9, "A3", "rate", 3, "0.09", 14000, 1260),
    ("Ada", 9, "A4", "adjustment", None, None, None, 50),
    ("Ada", 9, None, "draw_recovery", None, None, None, -80),
    ("Ada", 10, "A1", "clawback", None, None, None, -200),
    ("Ada", 10, "A4", "rate", 1, "0.04", 2000, 80),
    ("Ada", 10, None, "draw_advance", None, None, None, 120),
    ("Ada", None, "A5", "rate", 1, "0.04", 1000, 40),
    ("Ada", None, None, "draw_recovery", None, None, None, -40),
    ("Bo", 8, "S1", "rate", 1, "0.04", 3000, 120),
    ("Bo", 10, "B1", "rate", 1, "0.04", 8000, 320),
    ("Bo", 10, "B1", "rate", 2, "0.06", 2000, 120),
    ("Bo", 10, "B1", "rate", 3, "0.09", 10000, 900),
]
# What the statements of a pay period come to, by rep and month.
DUE_BY_PERIOD = {
    ("Ada", 8): 400,
    ("Ada", 9): 1470,
    ("Ada", 10): 0,
    ("Bo", 8): 120,
    ("Bo", 10): 1340,
}


@pytest.fixture(scope="module")
def home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("months_of_commission")
    landed(home, "canonical", MONTHS)
    models.build(
        home,
        *("+mart_commission_reconciliation", "+mart_commission_statement"),
        *("dim_spif", "fct_plan_assignment"),
    )
    return home


@pytest.fixture(scope="module")
def months(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
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


def numbers(rows: list[tuple]) -> list[tuple]:
    return [tuple(Decimal(v) if isinstance(v, Decimal | str) else v for v in row) for row in rows]


def test_each_tier_earns_what_was_worked_out(months: duckdb.DuckDBPyConnection) -> None:
    found = months.execute(
        """
        select
            opportunity_id, split_part(people.person_name, ' ', 1), value_before, value_after,
            tier_number, tier_from_value, tier_to_value, rate, value_in_tier, commission_value
        from restricted.fct_commission_tier
        inner join restricted.dim_person as people using (person_id)
        order by 1, 2, tier_number
        """
    ).fetchall()
    assert found == [(*row[:7], Decimal(row[7]), *row[8:]) for row in TIERS]
    quotas = months.execute("select distinct quota_value from restricted.fct_commission_tier")
    assert quotas.fetchall() == [(10000,)]


def test_a_statement_tells_in_which_pay_period_each_amount_is_due(
    months: duckdb.DuckDBPyConnection,
) -> None:
    found = months.execute(
        """
        select
            split_part(person_name, ' ', 1), month(pay_period_start), opportunity_id, rule,
            tier_number, rate, value_in_tier, commission_value
        from restricted.mart_commission_statement
        order by 1, pay_period_start nulls last, opportunity_id nulls last, rule, tier_number
        """
    ).fetchall()
    assert found == [(*row[:5], row[5] and Decimal(row[5]), *row[6:]) for row in STATEMENTS]
    due = months.execute(
        "select split_part(person_name, ' ', 1), month(pay_period_start), sum(commission_value) "
        "from restricted.mart_commission_statement where due_on is not null group by all"
    ).fetchall()
    assert {(name, month): value for name, month, value in due} == DUE_BY_PERIOD


def test_statements_add_up_to_what_was_paid_less_the_differences(
    months: duckdb.DuckDBPyConnection,
) -> None:
    """Per rep and deal, or plan period: 1,304 paid for B1 and 36 too little are 1,340."""
    found = months.execute(
        """
        with due as (
            select
                person_id, opportunity_id, sum(commission_value) as value,
                case when opportunity_id is null then plan_period_start end as period
            from restricted.mart_commission_statement where due_on is not null group by all
        )
        select
            marts.opportunity_id, coalesce(due.value, 0), marts.paid_value, marts.difference_value
        from restricted.mart_commission_reconciliation as marts
        left join due
            on marts.person_id = due.person_id
            and marts.opportunity_id is not distinct from due.opportunity_id
            and marts.plan_period_start is not distinct from due.period
        order by all
        """
    ).fetchall()
    assert len(found) == 12
    assert [row for row in found if row[1] != row[2] - row[3]] == []
    assert ("B1", 1340, 1304, -36) in found
    assert ("A4", 130, 130, 0) in found
    assert ("A1", 0, 0, 0) in found


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ("delete from {}.mart_commission_statement where rule = 'cap'", "statements"),
        ("update {}.mart_commission_statement set due_on = null where rule = 'cap'", "statements"),
        ("insert into {0}.fct_commission_tier from {0}.fct_commission_tier limit 1", "tiers"),
        (
            "update {}.fct_commission_tier set commission_value = commission_value + 0.01",
            "tiers",
        ),
    ],
)
def test_what_does_not_add_up_is_found(
    models: Models, home: Path, tmp_path: Path, change: str, failing: str
) -> None:
    broken = Path(shutil.copytree(home, tmp_path / "home"))
    with duckdb.connect(str(store_of(broken, "restricted"))) as connection:
        connection.execute(change.format("restricted.restricted"))
    found = models.failing_tests(
        broken,
        *("fct_commission", "fct_commission_tier"),
        *("mart_commission_reconciliation", "mart_commission_statement"),
    )
    expected = {
        "statements": "assert_statements_add_up_to_what_was_due",
        "tiers": "assert_tiers_add_up_to_the_rate",
    }
    assert expected[failing] in found
    assert {name for name in found if name.startswith("assert_")} == {expected[failing]}


def test_the_reconciliation_says_who_what_and_by_which_lines(
    months: duckdb.DuckDBPyConnection,
) -> None:
    found = months.execute(
        """
        select
            person_name, pay_run_ids, pay_line_ids, cast(last_paid_on as varchar),
            cast(due_on as varchar)
        from restricted.mart_commission_reconciliation
        where opportunity_id in ('A1', 'B1', 'A5') order by opportunity_id
        """
    ).fetchall()
    assert found == [
        ("Ada Plan", "PLAN-R08, PLAN-R10", "PLAN-L1, PLAN-L9", "2025-10-31", "2025-10-31"),
        ("Ada Plan", None, None, None, None),
        ("Bo Plan", "PLAN-R10", "PLAN-L11", "2025-10-31", "2025-10-31"),
    ]


def test_terms_of_pay_are_told_with_names(months: duckdb.DuckDBPyConnection) -> None:
    plans = months.execute(
        "select plan_id, plan_name, tiers, cap_amount from restricted.dim_compensation_plan"
    ).fetchall()
    tiers = months.execute(
        "select tier_number, tier_from, tier_to, rate from restricted.dim_rate_tier order by 1"
    ).fetchall()
    people = months.execute(
        "select person_name, plan_id, cast(valid_from_date as varchar) "
        "from restricted.fct_plan_assignment order by 1"
    ).fetchall()
    draws = months.execute(
        "select person_name, period_grain, cast(period_end as varchar), draw_amount, draw_value "
        "from restricted.fct_draw order by period_start"
    ).fetchall()
    assert plans == [("GROW", "Grow", 3, 1500)]
    assert numbers(tiers) == numbers(
        [(1, "0", "0.8", "0.04"), (2, "0.8", "1", "0.06"), (3, "1", None, "0.09")]
    )
    assert people == [("Ada Plan", "GROW", "2025-01-01"), ("Bo Plan", "GROW", "2025-01-01")]
    assert draws == [
        ("Ada Plan", "month", "2025-07-31", 400, 400),
        ("Ada Plan", "month", "2025-08-31", 400, 400),
    ]
