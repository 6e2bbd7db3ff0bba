"""The tables of HR and payroll: their columns, keys, and rows that only some nights show.

Belongs here: the shape of the files. Does not: what stands in them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from simulation.company.business_calendar import date_of

Row = tuple[str, ...]

HR_COLUMNS = {
    "workers": (
        "worker_id worker_name employee_number work_email worker_type worker_status hired_on "
        "exited_on exit_reason country"
    ),
    "positions": (
        "worker_id effective_from effective_to job_title job_family manager_worker_id branch_id "
        "team_id territory_id fte is_sales"
    ),
    "compensation": (
        "compensation_id worker_id component pay_amount pay_basis currency_code effective_from "
        "effective_to"
    ),
    "work_schedules": (
        "schedule_id worker_id effective_from effective_to monday_hours tuesday_hours "
        "wednesday_hours thursday_hours friday_hours saturday_hours sunday_hours"
    ),
    "holidays": "holiday_id holiday_date holiday_name country branch_id",
    "leave": "leave_id worker_id leave_type leave_status starts_on ends_on hours_per_day",
    "time_entries": "time_entry_id worker_id started_at ended_at activity_class",
    "training_courses": "course_id course_name course_type course_hours is_onboarding",
    "training_enrolments": (
        "enrolment_id worker_id course_id enrolment_status started_on completed_on training_hours "
        "training_cost currency_code"
    ),
    "requisitions": (
        "requisition_id job_title branch_id team_id hiring_manager_id openings opened_on closed_on"
    ),
    "applications": (
        "application_id requisition_id applicant_name applicant_email job_title application_source "
        "application_status applied_on decided_on desired_salary worker_id"
    ),
    "application_stages": "application_stage_id application_id stage_name entered_on exited_on",
    "offers": (
        "offer_id application_id offer_status offered_on answered_on starts_on base_amount "
        "currency_code"
    ),
}
PAYROLL_COLUMNS = {
    "employees": (
        "employee_id employee_name employee_number work_email department job_title hired_on "
        "exited_on"
    ),
    "pay_periods": "pay_period_id period_start period_end",
    "pay_runs": "pay_run_id pay_period_id run_type paid_on control_total currency_code",
    "earning_codes": "earning_code earning_name earning_class is_commission",
    "pay_lines": (
        "pay_line_id pay_run_id employee_id earning_code hours pay_amount currency_code "
        "opportunity_id reversal_of_id"
    ),
    "commission_plans": (
        "plan_id plan_version plan_name effective_from effective_to period_grain tier_basis "
        "tier_method cap_amount clawback_days currency_code"
    ),
    "rate_tiers": "plan_id plan_version tier_from tier_to rate",
    "plan_assignments": "assignment_id employee_id plan_id effective_from effective_to",
    "draws": "draw_id employee_id period_start draw_amount currency_code is_recoverable",
    "spifs": (
        "spif_id spif_name plan_id product_id minimum_value spif_amount currency_code "
        "effective_from effective_to"
    ),
    "opportunity_splits": "opportunity_id user_id split_share",
    "commission_adjustments": (
        "adjustment_id employee_id opportunity_id adjustment_amount currency_code "
        "adjustment_reason approved_by_id approved_on"
    ),
}
KEY_WIDTHS = {"positions": 2, "commission_plans": 2, "rate_tiers": 3, "opportunity_splits": 2}
"""How many of the first columns make the key, where it is not the first alone."""


@dataclass(frozen=True)
class Shown:
    """A row, and the first and last night whose extract shows it."""

    row: Row
    first_night: int = 1
    last_night: int = 127

    def until(self, night: int) -> "Shown":
        """Give the same row for nights before another only."""
        return replace(self, last_night=night - 1)


def rows_of(shown: Iterable[Shown], night: int) -> list[Row]:
    """Give the rows that a night's extract shows."""
    return [each.row for each in shown if each.first_night <= night <= each.last_night]


def day_text(day: int | None) -> str:
    """Write a day number as a date; an empty text for none."""
    return "" if day is None else date_of(day).isoformat()


def exact_money_text(millionths: int) -> str:
    """Write millionths of a currency, also below zero, with six decimals."""
    sign = "-" if millionths < 0 else ""
    return f"{sign}{abs(millionths) // 1_000_000}.{abs(millionths) % 1_000_000:06d}"


def money_text(cents: int | None) -> str:
    """Write cents, also below zero, with two decimals; an empty text for none."""
    if cents is None:
        return ""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
