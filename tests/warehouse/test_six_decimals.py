"""Time and pay keep six decimals from the extract to the last sum, which is rounded once.

Every amount here is a third of something, so that an amount that is rounded before it is added up shows
itself. The expected sums are those of exact fractions of a written-out number, rounded at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

NIGHT = datetime(2026, 3, 31, 23)
THIRD = Decimal("0.333333")
HOURS = Decimal("7.333333")
SHARES = {"U1": Decimal("0.333333"), "U2": Decimal("0.333333"), "U3": Decimal("0.333334")}
EUR = Decimal("1.1")
COMMISSION = Decimal("0.05")
REPS = (1, 2, 3)


def cents(exact: Fraction) -> Decimal:
    """Rounds once, a half away from zero."""
    number = Decimal(exact.numerator) / Decimal(exact.denominator)
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)


def tell_crm(log: ChangeLogOfTest) -> None:
    log.add("users", NIGHT, [
        {"user_id": f"U{n}", "user_name": f"Seller {n}", "employee_number": n} for n in REPS
    ])  # fmt: skip
    log.add("stages", NIGHT, [
        {"stage_id": "won", "stage_name": "won", "stage_order": 1, "is_closed": True, "is_won": True}
    ])  # fmt: skip
    log.add("opportunities", NIGHT, [
        {"opportunity_id": name, "owner_id": "U1", "stage_id": "won", "amount": amount,
         "created_at": datetime(2026, 1, 2), "closed_date": date(2026, 1, 20)}
        for name, amount in (("thirds", 100), ("cents", "0.05"))
    ])  # fmt: skip
    log.add("fx_rates", NIGHT, [
        {"from_currency": "EUR", "to_currency": "USD", "rate_date": date(2026, 1, 31), "rate": EUR}
    ])  # fmt: skip


def tell_hr(log: ChangeLogOfTest) -> None:
    def add(table: str, rows: list[dict[str, Any]]) -> None:
        log.add(table, NIGHT, rows, source="hr", system="hr")

    add("workers", [
        {"worker_id": f"W{n}", "worker_name": f"Seller {n}", "employee_number": n,
         "hired_on": date(2025, 1, 1)} for n in REPS
    ])  # fmt: skip
    add("positions", [
        {"worker_id": f"W{n}", "effective_from": date(2025, 1, 1), "is_sales": True}
        for n in REPS
    ])  # fmt: skip
    add("work_schedules", [
        {"schedule_id": "S1", "worker_id": "W1", "effective_from": date(2025, 1, 1),
         **{f"{day}_hours": HOURS for day in ("monday", "tuesday", "wednesday")}}
    ])  # fmt: skip
    add("time_entries", [
        {"time_entry_id": f"T{day}", "worker_id": "W1", "activity_class": "selling",
         "started_at": datetime(2026, 2, day, 9),
         "ended_at": datetime(2026, 2, day, 9) + timedelta(seconds=float(HOURS * 3600))}
        for day in (2, 3, 4)
    ])  # fmt: skip
    add("training_courses", [{"course_id": "C", "course_name": "C", "course_hours": HOURS}])
    add("training_enrolments", [
        {"enrolment_id": f"N{n}", "worker_id": f"W{n}", "course_id": "C",
         "enrolment_status": "completed", "started_on": date(2026, 1, 12),
         "completed_on": date(2026, 1, 13), "training_cost": THIRD,
         "training_hours": None if n == 1 else HOURS}
        for n in REPS
    ])  # fmt: skip


def tell_payroll(log: ChangeLogOfTest) -> None:
    def add(table: str, rows: list[dict[str, Any]]) -> None:
        log.add(table, NIGHT, rows, source="payroll", system="payroll")

    add("employees", [
        {"employee_id": f"E{n}", "employee_name": f"Seller {n}", "employee_number": n}
        for n in REPS
    ])  # fmt: skip
    add("pay_periods", [
        {"pay_period_id": "P1", "period_start": date(2026, 1, 1), "period_end": date(2026, 1, 31)},
        {"pay_period_id": "P2", "period_start": date(2026, 2, 1), "period_end": date(2026, 2, 28)},
    ])  # fmt: skip
    add("pay_runs", [
        {"pay_run_id": "R1", "pay_period_id": "P1", "control_total": "3.00", "currency_code": "USD"},
        {"pay_run_id": "R2", "pay_period_id": "P2"},
    ])  # fmt: skip
    add("earning_codes", [
        {"earning_code": "SAL", "earning_class": "fixed"},
        {"earning_code": "COM", "earning_class": "variable", "is_commission": True},
    ])  # fmt: skip
    lines = [
        {"pay_line_id": f"{currency}{n}{part}", "pay_run_id": "R1", "employee_id": f"E{n}",
         "earning_code": "SAL", "pay_amount": THIRD, "currency_code": currency}
        for n in REPS
        for part in range(3)
        for currency in ("USD", "EUR")
    ]  # fmt: skip
    # Commission of 1.666665 each: in five lines, in one that was rounded, and seven cents too little.
    paid = {1: [THIRD] * 5, 2: [Decimal("1.67")], 3: [Decimal("1.60")]}
    lines += [
        {"pay_line_id": f"C{n}{part}", "pay_run_id": "R2", "employee_id": f"E{n}",
         "earning_code": "COM", "pay_amount": amount, "opportunity_id": "thirds"}
        for n, amounts in paid.items()
        for part, amount in enumerate(amounts)
    ]  # fmt: skip
    add("pay_lines", lines)
    add("commission_plans", [
        {"plan_id": "P", "plan_version": 1, "plan_name": "P", "effective_from": date(2025, 1, 1),
         "period_grain": "month", "tier_basis": "value", "tier_method": "marginal"}
    ])  # fmt: skip
    add("rate_tiers", [{"plan_id": "P", "plan_version": 1, "tier_from": 0, "rate": COMMISSION}])
    add("plan_assignments", [
        {"assignment_id": f"A{n}", "employee_id": f"E{n}", "plan_id": "P",
         "effective_from": date(2025, 1, 1)} for n in REPS
    ])  # fmt: skip
    add("opportunity_splits", [
        {"opportunity_id": deal, "user_id": user, "split_share": share}
        for deal in ("thirds", "cents")
        for user, share in SHARES.items()
    ])  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    log = ChangeLogOfTest(tmp_path_factory.mktemp("six_decimals") / "home")
    tell_crm(log)
    tell_hr(log)
    tell_payroll(log)
    models.build(
        log.home,
        *("+mart_commission_reconciliation", "+mart_commission_statement", "+mart_training"),
        *("+mart_selling_time", "+fct_pay_cell"),
    )
    with read_warehouse(log.home) as connection:
        yield connection


def test_pay_adds_up_to_the_cent_also_in_another_currency(warehouse) -> None:
    found = warehouse.execute(
        "select currency_code, sum(pay_amount), sum(pay_value) from restricted.fct_payroll_line "
        "where earning_code = 'SAL' group by all order by all"
    ).fetchall()
    assert found == [
        ("EUR", Decimal("2.999997"), Decimal("3.299994")),
        ("USD", Decimal("2.999997"), Decimal("2.999997")),
    ]
    (company,) = warehouse.execute(
        "select fixed_value from restricted.fct_pay_cell "
        "where level = 'company' and period_grain = 'month' and period_start = date '2026-01-01'"
    ).fetchall()
    exact = 9 * Fraction(THIRD) * (1 + Fraction(EUR))
    # 9 x 0.33 and 9 x 0.37 would be 6.30 too by chance, and are 2.97 and 3.33.
    assert company == (cents(exact),) == (Decimal("6.30"),)
    by_currency = warehouse.execute(
        "select cast(sum(pay_value) as decimal(18, 2)) from restricted.fct_payroll_line "
        "where earning_code = 'SAL' group by currency_code order by currency_code"
    ).fetchall()
    assert by_currency == [(Decimal("3.30"),), (Decimal("3.00"),)]


def test_credits_of_a_deal_add_up_to_it(warehouse) -> None:
    found = warehouse.execute(
        "select opportunity_id, cast(sum(credit_value) as decimal(18, 2)), min(credit_value) "
        "from restricted.fct_credit group by all order by all"
    ).fetchall()
    assert found == [
        ("cents", Decimal("0.05"), Decimal("0.016667")),
        ("thirds", Decimal("100.00"), Decimal("33.333300")),
    ]


def test_no_difference_is_what_rounding_left(warehouse) -> None:
    found = warehouse.execute(
        "select sales_rep_id, calculated_value, paid_value, difference_value, status, reason "
        "from restricted.mart_commission_reconciliation "
        "where opportunity_id = 'thirds' order by all"
    ).fetchall()
    earned = cents(100 * Fraction(SHARES["U1"]) * Fraction(COMMISSION))
    assert earned == Decimal("1.67")
    assert found == [
        ("U1", earned, Decimal("1.67"), Decimal("0.00"), "matched", None),
        ("U2", earned, Decimal("1.67"), Decimal("0.00"), "matched", None),
        ("U3", earned, Decimal("1.60"), Decimal("-0.07"), "different", "underpaid"),
    ]


def test_hours_add_up(warehouse) -> None:
    (trained,) = warehouse.execute(
        "select trained_hours, training_cost_value from marts.mart_training "
        "where level = 'company' and period_grain = 'month'"
    ).fetchall()
    assert trained == (22.0, cents(3 * Fraction(THIRD)))
    (worked,) = warehouse.execute(
        "select selling_hours, recorded_hours from restricted.mart_selling_time_unsuppressed "
        "where level = 'company' and period_grain = 'month' and period_start = date '2026-02-01' "
        "and basis = 'restated'"
    ).fetchall()
    assert worked == (22.0, 22.0)
    (scheduled,) = warehouse.execute(
        "select sum(scheduled_seconds) / 3600 from intermediate.int_selling_time_daily "
        "where date_day between date '2026-02-02' and date '2026-02-04' and rep_id = 'U1'"
    ).fetchall()
    assert scheduled == (22.0,)
