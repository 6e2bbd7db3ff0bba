"""Extracts of HR and payroll of any size, for the benchmark: plain rows, written by DuckDB.

A fifth of the people sell and are users of the CRM. Everybody has worked two stretches on two days
of five, one in twenty of which overlaps the other, and is paid four lines or five a month.
"""

from pathlib import Path

import duckdb

MONTHS = 24
FIRST_DAY = "date '2024-01-01'"
NIGHT = "night_2026-01-05"
_SELLERS = 5  # one in so many sells
_ENTRIES_PER_DAY = 2
_LINES_PER_MONTH = 25 / 6

_TABLES = {
    "branches": "select 'B' || i as branch_id, 'Branch ' || i as branch_name "
    "from range(20) as t(i)",
    "teams": "select 'T' || i as team_id, 'Team ' || i as team_name, 'B' || i % 20 as branch_id "
    "from range(400) as t(i)",
    "users": "select 'U' || i as user_id, 'User ' || i as user_name, 'N' || i as employee_number, "
    f"'T' || i % 400 as team_id from range($people) as t(i) where i % {_SELLERS} = 0",
    "workers": "select 'W' || i as worker_id, 'Worker ' || i as worker_name, "
    "'N' || i as employee_number, 'active' as worker_status, "
    f"{FIRST_DAY} - cast(hash(i, 1) % 2000 as integer) as hired_on, 'XX' as country "
    "from range($people) as t(i)",
    # Everybody has changed team once.
    "positions": "select 'W' || i as worker_id, from_day as effective_from, "
    "'T' || (i + step) % 400 as team_id, 'B' || (i + step) % 20 as branch_id, "
    f"i % {_SELLERS} = 0 as is_sales from range($people) as t(i), "
    f"(values (0, {FIRST_DAY}), (1, date '2025-03-01')) as s(step, from_day)",
    "leave": "select 'L' || i || '-' || n as leave_id, 'W' || i as worker_id, "
    "'approved' as leave_status, "
    f"{FIRST_DAY} + cast(hash(i, n, 2) % 700 as integer) as starts_on, "
    f"{FIRST_DAY} + cast(hash(i, n, 2) % 700 + hash(i, n, 3) % 10 as integer) as ends_on "
    "from range($people) as t(i), range(5) as s(n)",
    "time_entries": "select 'E' || i || '-' || d || '-' || n as time_entry_id, "
    "'W' || i as worker_id, started_at, "
    "started_at + to_minutes(cast(60 + hash(i, d, n, 4) % 180 as integer)) as ended_at, "
    "['selling', 'meeting', 'admin', 'other', 'training']"
    "[cast(1 + hash(i, d, n, 5) % 5 as bigint)] as activity_class from (select i, d, n, "
    f"cast({FIRST_DAY} as timestamp) + to_days(cast(d as integer)) + to_minutes(cast(480 + n * "
    "(case when hash(i, d, 6) % 20 = 0 then 30 else 240 end) + hash(i, d, 7) % 60 as integer)) "
    f"as started_at from range($people) as t(i), range($days) as s(d), range({_ENTRIES_PER_DAY}) "
    "as r(n) where hash(i, d, 8) % 100 < $share)",
    "employees": "select 'P' || i as employee_id, 'Employee ' || i as employee_name, "
    "'N' || i as employee_number from range($people) as t(i)",
    "earning_codes": "select * from (values ('SAL', 'fixed', false), ('COM', 'variable', true), "
    "('SOC', 'employer_cost', false), ('TAX', 'deduction', false), ('BON', 'variable', false)) "
    "as v(earning_code, earning_class, is_commission)",
    "pay_periods": f"select 'M' || m as pay_period_id, {FIRST_DAY} + to_months(cast(m as integer)) "
    f"as period_start, {FIRST_DAY} + to_months(cast(m + 1 as integer)) - to_days(1) as period_end "
    f"from range({MONTHS}) as t(m)",
    "pay_runs": "select 'R' || m as pay_run_id, 'M' || m as pay_period_id, 'regular' as run_type "
    f"from range({MONTHS}) as t(m)",
    "pay_lines": "select 'X' || i || '-' || m || '-' || n as pay_line_id, 'R' || m as pay_run_id, "
    "'P' || i as employee_id, ['SAL', 'COM', 'SOC', 'TAX', 'BON'][n + 1] as earning_code, "
    "cast(500 + hash(i, n) % 3000 + hash(i, m, n) % 100 as decimal(18, 2)) as pay_amount "
    f"from range($people) as t(i), range({MONTHS}) as s(m), range(5) as r(n) "
    "where n < 4 or hash(i, m, 9) % 6 = 0",
}


def write_extracts(folder: Path, people: int, time_entries: int) -> Path:
    """Writes the extracts of one night as CSV files in contract form.

    Args:
        folder: Where the night's folder is made.
        people: How many work for the company; each has about 100 pay lines.
        time_entries: How many stretches of work they recorded, about.

    Returns:
        The night's folder.
    """
    night = folder / NIGHT
    night.mkdir(parents=True)
    days = 730
    values = {
        "people": people,
        "days": days,
        "share": round(100 * time_entries / (people * days * _ENTRIES_PER_DAY)),
    }
    with duckdb.connect(config={"threads": "2"}) as connection:
        for name, query in _TABLES.items():
            for key, value in values.items():
                query = query.replace(f"${key}", str(value))
            connection.execute(f"copy ({query}) to '{night / name}.csv' (header)")
    return night
