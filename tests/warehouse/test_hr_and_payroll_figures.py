"""Extracts of HR and payroll systems through their shipped mappings: the figures known for them.

The figures were derived from the files with plain SQL; see the README beside the extracts. The
folders stand outside the repository, so the tests skip without them.
"""

import csv
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from warehouse_testbed import read_warehouse

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
FOLDERS = {
    "bilearner": DATA / "hr_all_in_one_bilearner",
    "motorph": DATA / "motorph_timesheets",
    "boston": DATA / "boston_payroll_2018",
}

pytestmark = [
    pytest.mark.minutes(2),
    pytest.mark.skipif(
        not all(folder.is_dir() for folder in FOLDERS.values()),
        reason=f"the real extracts are not here: {', '.join(f.name for f in FOLDERS.values())}",
    ),
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """All three of them as one company, whose people nothing connects."""
    home = tmp_path_factory.mktemp("hr_home")
    sources = [
        word for name, folder in FOLDERS.items() for word in ("--source", f"{name}={folder}")
    ]
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.command", "refresh", "--home", str(home), *sources],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with read_warehouse(home, with_raw=True) as connection:
        yield connection


def one(warehouse: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    (row,) = warehouse.execute(sql).fetchall()
    return row


def test_employees_and_their_exits(warehouse):
    workers = "from staging.stg_hr__workers where source_system = 'bilearner'"
    assert one(warehouse, f"select count(*), count(exited_on) {workers}") == (3_000, 1_533)
    terminated = f"select count(*) {workers} and worker_status = 'terminated'"
    assert one(warehouse, terminated) == (387,)


def test_exits_that_contradict_the_status_are_reported(warehouse):
    """1,533 exits, of which 387 are those of terminated workers; the last is on the as-of date."""
    check, message = one(
        warehouse,
        "select check_name, message from raw.landing.gate_results "
        "where table_name = 'stg_hr__workers' and result <> 'passed'",
    )
    assert check == "gone_is_terminated"
    for status, workers in (("active", 991), ("on_leave", 86), ("future", 69)):
        assert re.search(rf"{status}\D+{workers}\b", message), message


def test_training_cost(warehouse):
    assert one(warehouse, "select sum(training_cost) from staging.stg_hr__training_enrolments") == (
        Decimal("1675886.09"),
    )


def test_hours_between_clock_in_and_clock_out(warehouse):
    hours, classes = one(
        warehouse,
        "select sum(worked_seconds) / 3600.0, list(distinct activity_class) "
        "from core.fct_time_daily",
    )
    assert hours == pytest.approx(46_377.93, abs=0.005)
    assert classes == ["unclassified"]


def test_payroll_ties_out_to_its_total(warehouse):
    total, overtime = one(
        warehouse,
        "select sum(pay_amount), sum(pay_amount) filter (earning_code = 'overtime') "
        "from staging.stg_payroll__pay_lines",
    )
    assert (total, overtime) == (Decimal("1720567517.37"), Decimal("120139638.93"))


def test_the_parts_of_each_employees_pay_add_up(warehouse):
    (path,) = FOLDERS["boston"].glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        totals = {
            row["EMPLOYEE_ID"]: Decimal(row["TOTAL EARNINGS"]).quantize(Decimal("0.01"))
            for row in csv.DictReader(file)
        }
    paid = dict(
        warehouse.execute(
            "select employee_id, sum(pay_amount) from staging.stg_payroll__pay_lines group by all"
        ).fetchall()
    )
    assert paid == totals


@pytest.fixture(scope="module")
def employees() -> list[tuple[date, date | None]]:
    """First and last day of each employee, as the file says it."""
    (path,) = FOLDERS["bilearner"].glob("employee_data.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            (day(row["StartDate"]), day(row["ExitDate"]) if row["ExitDate"] else None)
            for row in csv.DictReader(file)
        ]


def day(text: str) -> date:
    month, day_of_month, year = map(int, text.split("/"))
    return date(year, month, day_of_month)


@pytest.mark.parametrize("year", range(2018, 2024))
def test_headcount_counted_day_by_day(warehouse, employees, year):
    """The mart adds up changes; here each day of the year is gone through."""
    found = one(
        warehouse,
        "select opening_headcount, joiners, leavers, closing_headcount, average_headcount, "
        "turnover_rate from marts.mart_headcount where level = 'company' "
        f"and period_grain = 'year' and period_start = date '{year}-01-01'",
    )
    as_of = one(warehouse, "select as_of_date from core.dim_as_of")[0]
    first, last = date(year, 1, 1), min(date(year, 12, 31), as_of)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    present = Counter(
        start + timedelta(days=n)
        for start, end in employees
        for n in range((min(end or last, last) - start).days + 1)
    )
    average = sum(present[on] for on in days) / len(days)
    joiners = sum(first <= start <= last for start, _ in employees)
    leavers = sum(end is not None and first <= end <= last for _, end in employees)
    opening = sum(start < first and (end is None or end >= first) for start, end in employees)
    assert found[:4] == (opening, joiners, leavers, opening + joiners - leavers)
    assert found[4:] == pytest.approx((average, leavers / average))


def test_exits_count_whatever_the_status_says(warehouse):
    """Of 3,000 employees 1,533 have left: the other company's people began in 2024."""
    assert one(
        warehouse,
        "select sum(joiners), sum(leavers), max_by(closing_headcount, period_start) "
        "from marts.mart_headcount where level = 'company' and period_grain = 'month' "
        "and period_start < date '2024-01-01'",
    ) == (3_000, 1_533, 1_467)


def test_training_outcomes(warehouse):
    """770 completed, 739 passed, 716 failed, 775 incomplete; 8,927 days of eight hours."""
    enrolments, completed, ended, hours, cost = one(
        warehouse,
        "select sum(enrolments), sum(completed_enrolments), sum(ended_enrolments), "
        "sum(trained_hours), sum(training_cost_value) from marts.mart_training "
        "where level = 'company' and period_grain = 'month'",
    )
    assert (enrolments, completed, ended) == (3_000, 1_509, 3_000)
    assert (hours, cost) == (8_927 * 8, Decimal("1675886.09"))


def test_applications_by_how_far_they_came(warehouse):
    """611 applied, 595 in review, 590 interviewing, 610 offered, 594 rejected; none hired yet."""
    assert one(
        warehouse,
        "select sum(applications), sum(interviewed_applications), sum(offered_applications), "
        "sum(accepted_applications), sum(hires), sum(open_applications) from marts.mart_hiring "
        "where level = 'company' and period_grain = 'month'",
    ) == (3_000, 590 + 610, 610, 0, 0, 3_000 - 594)
