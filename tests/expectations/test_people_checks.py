"""Contradictions of HR and payroll: each is reported, by plain ids and counts, and stops nothing.

What a message may tell is the contract's to say: `CANARY` stands in every personal and pay column of
the rows below and must appear nowhere.
"""

import pytest
from gate_home import change, run

from ingestion.home import Home

CANARY = "CANARY"
PAY = "98765.43"
WORKER = f"'{CANARY}' as worker_id"
EMPLOYEE = f"'{CANARY}' as employee_id"

SCHEMAS = {"stg": "staging", "int": "intermediate", "fct": "restricted.restricted"}

# What stands in the warehouse, the check that reports it, and what its message tells.
DEFECTS = {
    "an exit that has passed, and an active status": (
        {
            "stg_hr__workers": f"select {WORKER}, 'active' as worker_status, "
            "date '2025-12-31' as exited_on"
        },
        ("stg_hr__workers", "gone_is_terminated"),
        "active",
    ),
    "a team that the CRM does not have": (
        {"stg_hr__positions": f"select {WORKER}, 'Night shift' as team_id, 'b1' as branch_id"},
        ("stg_hr__positions", "teams_are_the_crms"),
        "Night shift",
    ),
    "a branch that the CRM does not have": (
        {"stg_hr__positions": f"select {WORKER}, 't1' as team_id, 'Annex' as branch_id"},
        ("stg_hr__positions", "branches_are_the_crms"),
        "Annex",
    ),
    "two base salaries at once": (
        {
            "stg_hr__compensation": f"select {WORKER}, 'base' as component, f as effective_from, "
            f"{PAY} as pay_amount, t as effective_to from (values (date '2025-01-01', "
            "date '2025-06-01'), (date '2025-05-31', null)) as v(f, t)"
        },
        ("stg_hr__compensation", "one_base_at_a_time"),
        "base",
    ),
    "agreed pay in a currency without a rate": (
        {
            "stg_hr__compensation": f"select {WORKER}, 'base' as component, {PAY} as pay_amount, "
            "c as currency_code, f as effective_from, t as effective_to from (values "
            "('CHF', date '2025-01-01', date '2025-06-01'), (null, date '2025-06-01', null)) "
            "as v(c, f, t)",
        },
        ("stg_hr__compensation", "exchange_rate_known"),
        "currency_code CHF, agreements 1",
    ),
    "a run that does not tie out": (
        {
            "stg_payroll__pay_runs": "select 'R1' as pay_run_id, 100 as control_total",
            "fct_payroll_line": "select 'R1' as pay_run_id, 'L1' as pay_line_id, "
            f"{EMPLOYEE}, {PAY} as pay_amount",
        },
        ("stg_payroll__pay_runs", "runs_tie_out"),
        "R1",
    ),
    "a run without any line": (
        {"stg_payroll__pay_runs": "select 'R2' as pay_run_id, 100 as control_total"},
        ("stg_payroll__pay_runs", "runs_tie_out"),
        "R2",
    ),
    "pay in a currency without a rate": (
        {
            "fct_payroll_line": f"select {EMPLOYEE}, {PAY} as pay_amount, 'CHF' as currency_code, "
            "'no_exchange_rate' as problem",
        },
        ("fct_payroll_line", "lines_can_be_counted"),
        "CHF",
    ),
    "pay under an unknown code": (
        {
            "fct_payroll_line": f"select {EMPLOYEE}, {PAY} as pay_amount, 'XYZ' as earning_code, "
            "'unknown_earning_code' as problem",
        },
        ("fct_payroll_line", "lines_can_be_counted"),
        "XYZ",
    ),
    "pay of an unknown run": (
        {
            "fct_payroll_line": f"select {EMPLOYEE}, {PAY} as pay_amount, 'R9' as pay_run_id, "
            "'unknown_run' as problem",
        },
        ("fct_payroll_line", "lines_can_be_counted"),
        "R9",
    ),
    "pay of an unknown employee": (
        {
            "fct_payroll_line": f"select {EMPLOYEE}, {PAY} as pay_amount, "
            "'unknown_employee' as problem",
        },
        ("fct_payroll_line", "lines_can_be_counted"),
        "unknown_employee",
    ),
    "salary for a time after the exit": (
        {
            "int_employments": f"select '{CANARY}' as person_id, d as valid_to_date "
            "from (values (date '2025-01-01'), (date '2025-06-01')) as v(d)",
            "fct_payroll_line": f"select '{CANARY}' as person_id, {PAY} as pay_amount, "
            "'SAL' as earning_code, 'fixed' as earning_class, d as pay_period_start "
            "from (values (date '2025-05-01'), (date '2025-06-01')) as v(d)",
        },
        ("fct_payroll_line", "paid_while_employed"),
        "SAL",
    ),
    "a credit from after the exit": (
        {
            "stg_payroll__commission_plans": "select 'P' as plan_id",
            "stg_payroll__plan_assignments": "select 'P' as plan_id",
            "fct_credit": f"select '{CANARY}' as person_id, {PAY} as credit_value, p as problem "
            "from (values ('after_exit'), ('no_plan')) as v(p)",
        },
        ("fct_credit", "credits_can_be_paid"),
        "after_exit",
    ),
    "a win of nobody": (
        {
            "fct_credit": f"select 'd1' as opportunity_id, date '2026-01-02' as won_date, "
            f"{PAY} as credit_value, p as problem "
            "from (values ('unknown_seller'), ('no_value')) as v(p)",
        },
        ("fct_credit", "wins_have_sellers"),
        "d1",
    ),
    "a rep on a plan and without a quota": (
        {
            "fct_commission": f"select '{CANARY}' as person_id, {PAY} as commission_value, "
            "'GROW' as plan_id, 'no_quota' as problem",
        },
        ("fct_commission", "limits_are_known"),
        "no_quota",
    ),
    "a draw from the middle of a month": (
        {
            "stg_company__calendar": "select d as date_day, date '2025-12-01' as month_start "
            "from (values (date '2025-12-01'), (date '2025-12-15')) as v(d)",
            "stg_payroll__draws": f"select '{CANARY}' as draw_id, {EMPLOYEE}, "
            f"{PAY} as draw_amount, d as period_start "
            "from (values (date '2025-12-01'), (date '2025-12-15')) as v(d)",
        },
        ("stg_payroll__draws", "draws_begin_a_period"),
        "period_start 2025-12-15",
    ),
    "an adjustment in a currency without a rate": (
        {
            "stg_payroll__commission_adjustments": f"select '{CANARY}' as adjustment_id, "
            f"{EMPLOYEE}, {PAY} as adjustment_amount, c as currency_code, d as approved_on "
            "from (values ('CHF', date '2025-12-01'), (null, date '2025-12-01'), ('CHF', null)) "
            "as v(c, d)",
        },
        ("stg_payroll__commission_adjustments", "exchange_rate_known"),
        "currency_code CHF, adjustments 1",
    ),
    "splits above the whole": (
        {
            "stg_payroll__opportunity_splits": "select 'D1' as opportunity_id, u as user_id, "
            "0.6 as split_share from (values ('U1'), ('U2')) as v(u)"
        },
        ("stg_payroll__opportunity_splits", "splits_add_up"),
        "D1",
    ),
    "overlapping tiers": (
        {
            "stg_payroll__rate_tiers": "select 'P7' as plan_id, 1 as plan_version, "
            "f as tier_from, t as tier_to from (values (0, 1.1), (1, null)) as v(f, t)"
        },
        ("stg_payroll__rate_tiers", "tiers_follow_each_other"),
        "P7",
    ),
    "a last tier that ends": (
        {
            "stg_payroll__rate_tiers": "select 'P7' as plan_id, 1 as plan_version, "
            "0 as tier_from, 1 as tier_to"
        },
        ("stg_payroll__rate_tiers", "tiers_follow_each_other"),
        "P7",
    ),
    "a plan that nobody is on": (
        {"stg_payroll__commission_plans": "select 'P8' as plan_id, 1 as plan_version"},
        ("stg_payroll__commission_plans", "plans_are_used"),
        "P8",
    ),
    "a plan that no extract has": (
        {"stg_payroll__plan_assignments": f"select 'P9' as plan_id, {EMPLOYEE}"},
        ("stg_payroll__plan_assignments", "plan_known"),
        "P9",
    ),
    "an application without an opening": (
        {
            "stg_hr__requisitions": "select 'R1' as requisition_id",
            "stg_hr__applications": f"select 'A' || i as application_id, '{CANARY}' as "
            f"applicant_name, {PAY} as desired_salary, r as requisition_id, s as "
            "application_status from (values (1, 'R1', 'applied'), (2, null, 'in_review'), "
            "(3, null, 'in_review')) as v(i, r, s)",
        },
        ("stg_hr__applications", "applications_have_an_opening"),
        "application_status in_review, applications 2",
    ),
    "an application for an opening that no extract has": (
        {
            "stg_hr__requisitions": "select 'R1' as requisition_id",
            "stg_hr__applications": f"select 'A1' as application_id, '{CANARY}' as "
            "applicant_email, 'R9' as requisition_id, 'rejected' as application_status",
        },
        ("stg_hr__applications", "applications_have_an_opening"),
        "rejected",
    ),
    "a hire that became no worker": (
        {
            "stg_hr__workers": "select 'W1' as worker_id",
            "stg_hr__applications": f"select 'A' || i as application_id, '{CANARY}' as "
            "applicant_name, w as worker_id, 'hired' as application_status, "
            "date '2025-12-01' as decided_on from (values (1, 'W1'), (2, null), "
            f"(3, '{CANARY}')) as v(i, w)",
        },
        ("stg_hr__applications", "hires_are_workers"),
        "worker_is_not known, applications 1",
    ),
    "a hire on no day": (
        {
            "stg_hr__workers": "select 'W1' as worker_id",
            "stg_hr__offers": f"select 'O' || i as offer_id, 'A' || i as application_id, "
            f"s as offer_status, {PAY} as base_amount from (values (1, 'accepted'), "
            "(2, 'made')) as v(i, s)",
            "stg_hr__applications": "select 'A' || i as application_id, 'W1' as worker_id, "
            f"'{CANARY}' as applicant_name, 'hired' as application_status "
            "from (values (1), (2)) as v(i)",
        },
        ("stg_hr__applications", "hires_have_a_day"),
        "application_status hired, applications 1",
    ),
    "a course that no extract has": (
        {
            "stg_hr__training_courses": "select 'C1' as course_id",
            "stg_hr__training_enrolments": f"select '{CANARY}' as enrolment_id, {WORKER}, "
            "c as course_id from (values ('C1'), ('C9')) as v(c)",
        },
        ("stg_hr__training_enrolments", "courses_are_known"),
        "course_id C9, enrolments 1",
    ),
    "a course that was completed on no day": (
        {
            "stg_hr__training_courses": "select 'C1' as course_id",
            "stg_hr__training_enrolments": f"select '{CANARY}' as enrolment_id, {WORKER}, "
            "'C1' as course_id, s as enrolment_status, d as completed_on from (values "
            "('passed', null), ('passed', date '2025-12-01'), ('failed', null)) as v(s, d)",
        },
        ("stg_hr__training_enrolments", "completed_on_a_day"),
        "enrolment_status passed, enrolments 1",
    ),
    "a training cost without a rate": (
        {
            "stg_hr__training_courses": "select 'C1' as course_id",
            "stg_hr__training_enrolments": f"select '{CANARY}' as enrolment_id, {WORKER}, "
            "'C1' as course_id, date '2025-12-01' as started_on, k as training_cost, "
            "'CHF' as currency_code from (values (5), (null)) as v(k)",
        },
        ("stg_hr__training_enrolments", "exchange_rate_known"),
        "currency_code CHF, enrolments 1",
    ),
    "days off of a branch that nobody knows": (
        {
            "stg_company__branch_days": "select b as branch_id, date '2025-12-01' as date_day "
            "from (values ('b1'), ('b-one')) as v(b)",
        },
        ("stg_company__branch_days", "branches_are_known"),
        "branch_id b-one",
    ),
}


@pytest.mark.parametrize("case", DEFECTS)
def test_a_contradiction_is_reported_and_stops_nothing(case: str, sound_home: Home) -> None:
    rows, (table, check), shown = DEFECTS[case]
    for name, query in rows.items():
        change(sound_home, f"insert into {SCHEMAS[name[:3]]}.{name} by name {query}")
    result = run("core", sound_home)
    assert result.passed
    found = {(c.table_name, c.check_name): c for c in result.checks if c.result != "passed"}
    assert [*found] == [(table, check)]
    assert found[table, check].severity == "warn"
    told = str(found[table, check])
    assert shown in told
    assert CANARY not in told
    assert PAY not in told


def test_thirds_and_lines_in_another_currency_contradict_nothing(sound_home: Home) -> None:
    """A control total speaks for its own currency: EUR where it names none. Three lines of a third
    are a whole. Two shares are missing two millionths, which is more than their rounding."""
    change(
        sound_home,
        "insert into staging.stg_payroll__pay_runs by name from (values "
        "('R1', 101, null), ('R2', 7, 'USD')) as v(pay_run_id, control_total, currency_code)",
    )
    change(
        sound_home,
        "insert into restricted.restricted.fct_payroll_line by name from (values ('L1', 'R1', 60, 'EUR'), "
        "('L2', 'R1', 40, 'EUR'), ('L3', 'R1', 7, 'USD'), ('L4', 'R2', 7, 'USD'), "
        "('L5', 'R1', 0.333333, 'EUR'), ('L6', 'R1', 0.333333, 'EUR'), ('L7', 'R1', 0.333333, 'EUR')) "
        "as v(pay_line_id, pay_run_id, pay_amount, currency_code)",
    )
    change(
        sound_home,
        "insert into staging.stg_payroll__opportunity_splits by name from (values "
        "('D1', 'U1', 0.333333), ('D1', 'U2', 0.333333), ('D1', 'U3', 0.333333), "
        "('D2', 'U1', 0.5), ('D2', 'U2', 0.499998)) as v(opportunity_id, user_id, split_share)",
    )
    result = run("core", sound_home)
    (found,) = [check for check in result.checks if check.result != "passed"]
    assert found.check_name == "splits_add_up"
    assert "D2" in found.message
    assert "D1" not in found.message


def test_time_entries_that_do_not_count_are_reported(sound_home: Home) -> None:
    change(
        sound_home,
        "insert into intermediate.int_time_entries_not_counted values ('longer_than_a_day')",
    )
    result = run("core", sound_home)
    (found,) = [check for check in result.checks if check.result != "passed"]
    assert (found.check_name, found.severity) == ("entries_can_be_right", "warn")
    assert "longer_than_a_day" in found.message
