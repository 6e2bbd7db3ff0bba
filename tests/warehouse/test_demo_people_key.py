"""HR, payroll and commission of the refreshed demo company agree with its own answer key.

The simulator pays everybody by the definitions of docs/reference/commission.md, in plain Python on whole cents,
gets some of it wrong on purpose and says so in the key. Whatever else the warehouse reports, or does
not, is a misreading of a definition by one of the two.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from demo_key import IS_OF_REFERENCE, Row, agree, expected, rows_of
from warehouse_testbed import read_warehouse


@pytest.fixture(scope="module")
def warehouse(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_warehouse(demo_home) as connection:
        yield connection


@pytest.fixture(scope="module")
def marts(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = demo_home / "published" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


def differing(found: dict, key: dict) -> dict:
    """Gives what two tables do not say alike, as (warehouse, answer key)."""
    return {
        place: (found.get(place), key.get(place))
        for place in found.keys() | key.keys()
        if found.get(place) != key.get(place)
    }


def by_key(rows: list[Row], by: list[str]) -> dict[tuple[str, ...], Row]:
    found = {tuple(row[name] for name in by): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_accounts_that_the_systems_do_not_agree_on(demo_company: Path, warehouse):
    key = {
        (row["gap"], row["system_name"], row["system_person_id"])
        for row in expected(demo_company, "identity_gaps")
    }
    found = warehouse.execute(
        "select gap, system_name, system_person_id from restricted.mart_identity_gaps"
    ).fetchall()
    assert set(found) - key == set()
    assert key - set(found) == set()
    assert {gap for gap, _, _ in key} == {
        "not_in_hr", "not_in_payroll", "not_in_crm", "employee_number_given_twice",
        "duplicate_account", "rehired_under_new_id", "rehired", "reused_id",
        "manager_under_two_ids",
    }  # fmt: skip


def test_all_three_ways_of_knowing_somebody_decide(warehouse):
    found = dict(
        warehouse.execute(
            "select matched_by, count(*) from restricted.bridge_person "
            "where system_name = 'payroll' group by matched_by"
        ).fetchall()
    )
    assert found.keys() == {"employee_number", "work_email", "crosswalk", "alone"}


def test_selling_time(demo_company: Path, warehouse, marts):
    key = expected(demo_company, "selling_time")
    by = ["period_start", "level", "member_id"]
    columns = [name for name in key[0] if name not in by]
    assert len(columns) == 12
    # Whoever has no user in the CRM is there under a pseudonym, which the simulator cannot know.
    found = rows_of(
        warehouse,
        f"select {', '.join(by + columns)} from restricted.mart_selling_time_unsuppressed "
        "where basis = 'restated' and period_grain = 'month' and level in ('company', 'team', 'rep') "
        "and (level <> 'rep' or member_id like 'US-%')",
    )
    agree(found, key, by, columns)
    assert sum(not row["selling_hours"] for row in key) > 1
    assert sum(float(row["leave_hours"]) > 0 for row in key) > 5
    # What open marts tell of it is the same, of the company and of such teams as are large enough.
    told = rows_of(
        marts,
        f"select {', '.join(by + columns)} from mart_selling_time where not is_suppressed "
        "and basis = 'restated' and period_grain = 'month' and level in ('company', 'team')",
    )
    places = {tuple(row[name] for name in by) for row in told}
    agree(told, [row for row in key if tuple(row[name] for name in by) in places], by, columns)
    assert sum(row["level"] == "company" for row in told) > 1


def test_warnings_of_the_gates(demo_company: Path, marts):
    key = {
        (row["table"], row["check_name"]): int(row["rows"])
        for row in expected(demo_company, "people_warnings")
    }
    found = {
        (table, check): rows
        for table, check, rows in marts.execute(
            # A check of tables that nothing has changed is not made again.
            "select table_name, check_name, rows_failed from data_quality where result = 'failed' "
            "and (table_name, check_name, run_id) in (select (table_name, check_name, max(run_id)) "
            "from data_quality group by table_name, check_name) and severity = 'warn' and ("
            "table_name like 'stg_hr%' or table_name like 'stg_payroll%' "
            "or table_name in ('int_time_entries_not_counted', 'fct_payroll_line', 'fct_credit', "
            "'fct_commission', 'mart_commission_reconciliation')) "
            f"and not {IS_OF_REFERENCE}"
        ).fetchall()
    }
    assert differing(found, key) == {}
    assert len(key) >= 10


def test_what_payroll_paid_by_month_and_class(demo_company: Path, warehouse):
    key = expected(demo_company, "payroll_totals")
    found = rows_of(
        warehouse,
        "select month_start as period_start, earning_class, sum(pay_value) as paid_value "
        "from restricted.fct_payroll_line inner join core.dim_date on paid_on = date_day "
        "where earning_class <> 'unknown' and pay_value is not null group by all",
    )
    agree(found, key, ["period_start", "earning_class"], ["paid_value"])


def test_salaries_paid_after_the_exit(demo_company: Path, warehouse):
    key = {row["pay_line_id"] for row in expected(demo_company, "paid_after_exit")}
    found = warehouse.execute(
        "select pay_line_id from restricted.fct_payroll_line as lines "
        "inner join restricted.bridge_person as people on people.system_name = 'payroll' "
        "and lines.employee_id = people.system_person_id "
        "where lines.earning_class <> 'variable' and lines.pay_period_start > people.ends_on"
    ).fetchall()
    assert {line for (line,) in found} == key


def test_lines_that_something_is_wrong_with_are_kept(demo_company: Path, warehouse):
    found = Counter(
        problem
        for (problem,) in warehouse.execute(
            "select problem from restricted.fct_payroll_line where problem is not null"
        ).fetchall()
    )
    key = Counter(
        {"pay_run_id": "unknown_run", "earning_code": "unknown_earning_code"}[row["column"]]
        for row in expected(demo_company, "references_to_nothing")
        if row["table"] == "pay_lines"
    )
    assert found == key + Counter({"no_exchange_rate": 1})


CREDIT = ["opportunity_id", "episode", "sales_rep_id", "credit_kind"]


def test_every_credit(demo_company: Path, warehouse):
    key = by_key(expected(demo_company, "commission_credits"), CREDIT)
    columns = ["credit_date", "credit_value", "split_share", "plan_id", "plan_version", "problem"]
    found = by_key(
        rows_of(
            warehouse,
            f"select {', '.join(CREDIT)}, credit_date, coalesce(credit_value, 0.00) as credit_value, "
            "cast(split_share as double) as split_share, plan_id, plan_version, problem "
            "from restricted.fct_credit",
        ),
        CREDIT,
    )

    def comparable(row: Row) -> tuple:
        shown = {name: row[name] for name in columns}
        if not row["problem"] or row["problem"] in ("before_hire", "after_exit"):
            return (
                (*shown.values(),) if not row["problem"] else (row["credit_date"], row["problem"])
            )
        return shown["credit_date"], shown["credit_value"], shown["problem"]

    def texts(rows: dict) -> dict:
        return {
            place: comparable(
                row
                | {
                    "credit_value": f"{float(row['credit_value']):.6f}",
                    "split_share": f"{float(row['split_share']):g}",
                }
            )
            for place, row in rows.items()
        }

    assert differing(texts(found), texts(key)) == {}
    assert {row["credit_kind"] for row in key.values() if not row["problem"]} == {
        "win", "clawback", "rebooking",
    }  # fmt: skip


def test_commission_by_rule(demo_company: Path, warehouse):
    key = expected(demo_company, "commissions")
    by = ["opportunity_id", "episode", "sales_rep_id", "rule", "plan_period_start", "earned_date"]
    found = rows_of(
        warehouse,
        "select opportunity_id, coalesce(episode, 0) as episode, sales_rep_id, rule, "
        "plan_period_start, earned_date, sum(commission_value) as commission_value "
        "from restricted.fct_commission group by all having sum(commission_value) <> 0",
    )
    counted = [row for row in key if float(row["commission_value"])]
    agree(found, counted, by, ["commission_value"])
    assert {row["rule"] for row in key} == {
        "rate", "spif", "cap", "clawback", "rebooking", "draw_advance", "draw_recovery",
        "draw_grant",
    }  # fmt: skip


def test_every_difference_is_found_with_its_reason_and_nothing_else(demo_company: Path, warehouse):
    key = expected(demo_company, "reconciliation")
    found = rows_of(
        warehouse,
        "select sales_rep_id, opportunity_id, reason, difference_value "
        "from restricted.mart_commission_reconciliation where status = 'different'",
    )
    by = ["sales_rep_id", "opportunity_id"]
    reasons, expected_reasons = (
        {place: row["reason"] for place, row in by_key(rows, by).items()} for rows in (found, key)
    )
    assert differing(reasons, expected_reasons) == {}
    agree(found, key, by, ["difference_value"])
    assert {row["reason"] for row in key} == {
        "duplicate", "before_hire", "after_exit", "clawback_due", "wrong_rate", "missing",
        "overpaid", "underpaid",
    }  # fmt: skip


def test_what_is_not_due_yet_is_pending(warehouse):
    found = dict(
        warehouse.execute(
            "select status, count(*) from restricted.mart_commission_reconciliation group by status"
        ).fetchall()
    )
    assert found["matched"] > 50
    assert found["pending"] > 5


def test_who_joined_left_and_stayed(demo_company: Path, marts):
    key = expected(demo_company, "headcount")
    by = ["period_start", "level", "member_id"]
    columns = ["joiners", "leavers", "closing_headcount"]
    # The key begins with the month of the first deal; HR knows of years before.
    first = min(row["period_start"] for row in key)
    found = rows_of(
        marts,
        f"select {', '.join(by + columns)} from mart_headcount where basis = 'restated' "
        f"and period_grain = 'month' and period_start >= date '{first}' "
        "and level in ('company', 'branch', 'team') and joiners + leavers + closing_headcount > 0",
    )
    agree(found, key, by, columns)
    assert {row["level"] for row in key} == {"company", "branch", "team"}
