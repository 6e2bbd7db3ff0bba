"""Extracts of HR and payroll systems through their shipped mappings: the figures known for them.

The figures were derived from the files with plain SQL; see the README beside the extracts. The
folders stand outside the repository, so the tests skip without them.
"""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
FOLDERS = {
    "bilearner": DATA / "hr_all_in_one_bilearner",
    "motorph": DATA / "motorph_timesheets",
    "boston": DATA / "boston_payroll_2018",
}

pytestmark = pytest.mark.skipif(
    not all(folder.is_dir() for folder in FOLDERS.values()),
    reason=f"the real extracts are not here: {', '.join(f.name for f in FOLDERS.values())}",
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """All three of them as one company, whose people nothing connects."""
    home = tmp_path_factory.mktemp("hr_home")
    sources = [
        word for name, folder in FOLDERS.items() for word in ("--source", f"{name}={folder}")
    ]
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "refresh", "--home", str(home), *sources],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as warehouse (read_only)")
        connection.execute(f"attach '{home / 'raw.duckdb'}' as raw (read_only)")
        connection.execute("use warehouse")
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
