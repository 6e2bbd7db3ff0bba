"""Broken rows of HR and payroll: what is planted, and what a careful reader must say of it.

Belongs here: the kinds of defects. Does not: records that contradict each other although each row
is well formed (workforce.py, payroll.py, commission_pay.py).
"""

from simulation.extracts.defects import Kind
from simulation.extracts.table_extracts import TablesPlan

_KINDS: dict[str, tuple[Kind, ...]] = {
    "workers": (
        Kind("not_in_enum", "worker_status", "gone fishing"),
        Kind("before_start", "exited_on", "1999-01-01"),
        Kind("cast_failed", "hired_on", "2025-02-30"),
        Kind("ragged_row", "", "shorter", hides_key=True),
    ),
    "positions": (Kind("out_of_range", "fte", "7"), Kind("cast_failed", "is_sales", "perhaps")),
    "leave": (Kind("before_start", "ends_on", "1999-01-01"),),
    "time_entries": (
        # An entry that ends before it begins would have hours below zero.
        Kind("before_start", "ended_at", "1999-01-01 08:00:00"),
        Kind("not_in_enum", "activity_class", "napping"),
        Kind("required_missing", "started_at"),
    ),
    "training_enrolments": (Kind("out_of_range", "training_hours", "-4"),),
    "employees": (Kind("cast_failed", "hired_on", "last spring"),),
    "pay_runs": (Kind("cast_failed", "control_total", "a lot"),),
    "pay_lines": (
        Kind("would_round", "pay_amount", "10.0000005"),
        Kind("required_missing", "employee_id"),
        Kind("pattern_mismatch", "currency_code", "EURO"),
        Kind("cast_failed", "pay_amount", "much"),
    ),
    "commission_plans": (Kind("not_in_enum", "tier_method", "generous"),),
    "rate_tiers": (Kind("out_of_range", "rate", "-0.05"),),
    "opportunity_splits": (Kind("out_of_range", "split_share", "1.5"),),
}
PEOPLE_TABLES = TablesPlan(
    kinds=_KINDS,
    steady_kinds={"workers": 1, "leave": 1, "positions": 1},
    repeated=frozenset({"time_entries", "pay_lines"}),
    deltas=frozenset({"time_entries"}),
)
