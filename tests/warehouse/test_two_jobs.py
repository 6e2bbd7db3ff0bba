"""Jobs by chance: where people are, day by day, for how many hours, and where their pay counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, landed, read_warehouse

NIGHT = datetime(2026, 2, 20, 1)
HIRED = date(2025, 1, 1)
PAID_ON = [HIRED + timedelta(days=number) for number in range(3, 400, 14)]
WORKERS = 60


def random_positions(random: Random) -> list[dict]:
    """Gives jobs that follow and overlap each other, leave gaps, or were called off."""
    found: dict[tuple, dict] = {}
    for worker in range(WORKERS):
        for number in range(random.randrange(1, 5)):
            begins = HIRED + timedelta(days=random.randrange(0, 380, 10))
            lasts = random.choice([None, None, 0, 30, 60, 150])
            found[worker, begins] = {
                "worker_id": f"W{worker}",
                "effective_from": begins,
                "effective_to": None if lasts is None else begins + timedelta(days=lasts),
                "team_id": f"T{worker}-{number}",
                "is_sales": True,
                "is_primary": random.choice([True, None, False, False]),
            }
    return list(found.values())


def held(jobs: list[dict], day: date) -> dict | None:
    """Gives the last of some jobs of one kind that has begun, unless it has ended."""
    begun = [
        job
        for job in jobs
        if job["effective_from"] <= day and job["effective_from"] != job["effective_to"]
    ]
    if not begun:
        return None
    latest = max(begun, key=lambda job: job["effective_from"])
    return latest if latest["effective_to"] is None or day < latest["effective_to"] else None


def team_on(jobs: list[dict], day: date) -> str | None:
    """Gives the team of the job that decides, as docs/reference/people.md says; None where none is held."""
    valid = [job for job in jobs if job["effective_from"] != job["effective_to"]]
    mains = [job for job in valid if job["is_primary"] is not False]
    seconds = [job for job in valid if job["is_primary"] is False]
    decides = held(mains, day) or held(seconds, day)
    if decides is None:
        first = min(
            valid, key=lambda job: (job["effective_from"], job["is_primary"] is False), default=None
        )
        if first and day < first["effective_from"]:
            decides = first
        elif mains and all(day < job["effective_from"] for job in mains):
            # Between a second job and the first main one, which reaches back to it, unless another
            # second job comes first.
            coming = [job for job in seconds if job["effective_from"] > day]
            main = min(mains, key=lambda job: job["effective_from"])
            earlier = [job for job in coming if job["effective_from"] < main["effective_from"]]
            decides = None if earlier else main
    return decides["team_id"] if decides else None


def random_jobs(random: Random) -> list[dict]:
    """Gives workers with several jobs at once, most of which HR has ids of."""
    found: dict[tuple, dict] = {}
    for worker in range(WORKERS):
        ids = random.choice([("J1", "J2"), ("J1", "J2", "J3"), ("", "J1"), ("", "J1", "J2")])
        for job in ids:
            # Jobs often begin on one day.
            begins = HIRED + timedelta(days=random.choice([0, 0, 30, random.randrange(0, 380, 10)]))
            for number in range(random.randrange(1, 4)):
                lasts = random.choice([None, None, 0, 30, 60, 150])
                found[worker, begins, job] = {
                    "worker_id": f"W{worker}",
                    "effective_from": begins,
                    "effective_to": None if lasts is None else begins + timedelta(days=lasts),
                    "job_id": job,
                    "team_id": f"T{worker}-{job}-{number}",
                    "fte": random.choice([None, Decimal("0.25"), Decimal("0.5")]),
                    "is_sales": random.choice([True, True, False, None]),
                    "is_primary": random.choice([None, None, True, False]),
                }
                begins += timedelta(days=random.randrange(10, 150, 10))
    return list(found.values())


def is_user(worker: str) -> bool:
    """Tells whether a worker has a user in the CRM, in the company of `random_jobs`."""
    return int(worker.removeprefix("W")) % 2 == 0


def chain(job: dict) -> tuple:
    """Gives what a position is followed up in: its job, or without an id its kind."""
    return (job["job_id"],) if job["job_id"] else ("", job["is_primary"] is not False)


@dataclass(frozen=True)
class Day:
    """What a worker does on a day."""

    decides: dict
    fte: Decimal
    sales_fte: Decimal


def worked_on(jobs: Sequence[dict], day: date) -> Day | None:
    """Gives what is told of a day, whatever reaches back to it."""
    valid = [job for job in jobs if job["effective_from"] != job["effective_to"]]
    chains = {chain(job): [each for each in valid if chain(each) == chain(job)] for job in valid}
    current = {key: held(each, day) for key, each in chains.items()}
    jobs_held = {key: job for key, job in current.items() if job is not None}
    if not jobs_held:
        return None

    def rank(key: tuple) -> tuple:
        job = jobs_held[key]
        began = min(each["effective_from"] for each in chains[key])
        return (
            job["is_primary"] is not False,
            {True: 2, None: 1, False: 0}[job["is_sales"]],
            began if job["job_id"] else job["effective_from"],
            job["job_id"],
        )

    decides = jobs_held[max(jobs_held, key=rank)]
    counted = [job for job in jobs_held.values() if job["job_id"] or job is decides]
    hours = [
        (Decimal(1) if job["fte"] is None else job["fte"], sells(job, is_user(job["worker_id"])))
        for job in counted
    ]
    return Day(
        decides,
        sum((fte for fte, _ in hours), Decimal(0)),
        sum((fte for fte, s in hours if s), Decimal(0)),
    )


def sells(job: dict, user: bool) -> bool:
    return user if job["is_sales"] is None else job["is_sales"]


def days_of(jobs: Sequence[dict]) -> list[Day | None]:
    """Gives what a worker does from the day of hiring on, as docs/reference/people.md says.

    What was done first is taken to reach back to the hiring, and the first main job to the job before.
    """
    days = [worked_on(jobs, HIRED + timedelta(days=number)) for number in range(600)]
    is_first, is_first_main = True, True
    for number, day in enumerate(days):
        if day is None:
            continue
        is_main = day.decides["is_primary"] is not False
        if (is_first or (is_main and is_first_main)) and number and days[number - 1] is None:
            gap = number - 1
            while gap >= 0 and days[gap] is None:
                days[gap] = day
                gap -= 1
        is_first, is_first_main = False, is_first_main and not is_main
    return days


def teams_by_day(rows: list[tuple], worker: str) -> list[tuple | None]:
    """Gives the values of the one row of each day."""
    found: list[tuple | None] = [None] * 420
    for row in rows:
        if row[0] != worker:
            continue
        for number in range(420):
            if row[-2] <= HIRED + timedelta(days=number) < row[-1]:
                assert found[number] is None, "two rows of one day"
                found[number] = row[1:-2]
    return found


def paid_warehouse(
    models: Models, home: Path, positions: list[dict], users: Sequence[str] = ()
) -> ChangeLogOfTest:
    """Builds the company in which everybody is paid every two weeks."""
    log = ChangeLogOfTest(home)
    people = [
        {"worker_id": f"W{n}", "worker_name": f"{n}", "employee_number": n, "hired_on": HIRED}
        for n in range(WORKERS)
    ]
    log.add("workers", NIGHT, people, source="hr", system="hr")
    log.add("positions", NIGHT, positions, source="hr", system="hr")
    teams = sorted({job["team_id"] for job in positions})
    log.add("teams", NIGHT, [{"team_id": team, "team_name": team} for team in teams])
    if users:
        log.add(
            "users",
            NIGHT,
            [
                {"user_id": f"U{w}", "user_name": w, "employee_number": w.removeprefix("W")}
                for w in users
            ],
        )
    payroll = {
        "employees": [
            {"employee_id": f"E{n}", "employee_name": f"{n}", "employee_number": n}
            for n in range(WORKERS)
        ],
        "pay_periods": [
            {"pay_period_id": f"P{n}", "period_start": day, "period_end": day}
            for n, day in enumerate(PAID_ON)
        ],
        "pay_runs": [
            {"pay_run_id": f"R{n}", "pay_period_id": f"P{n}", "paid_on": day}
            for n, day in enumerate(PAID_ON)
        ],
        "earning_codes": [{"earning_code": "SAL", "earning_class": "fixed"}],
        # So much that a day is told from the sum of a month.
        "pay_lines": [
            {
                "pay_line_id": f"L{worker}-{n}",
                "pay_run_id": f"R{n}",
                "employee_id": f"E{worker}",
                "earning_code": "SAL",
                "pay_amount": 10 ** (n % 3),
            }
            for worker in range(WORKERS)
            for n in range(len(PAID_ON))
        ],
    }
    for table, rows in payroll.items():
        log.add(table, NIGHT, rows, source="payroll", system="payroll")
    models.build(log.home, "+fct_seller_pay", "+dim_employee", "+fct_headcount_daily")
    return log


PAY = (
    "select people.person_name, pay.month_start, pay.team_id, "
    "cast(pay.fixed_value as integer) from restricted.fct_seller_pay as pay "
    "inner join restricted.dim_person as people using (person_id)"
)


@pytest.fixture(scope="module")
def found(models: Models, tmp_path_factory: pytest.TempPathFactory):
    positions = random_positions(Random(5))
    log = paid_warehouse(models, tmp_path_factory.mktemp("two_jobs") / "home", positions)
    with read_warehouse(log.home) as warehouse:
        employees = warehouse.execute(
            "select worker_id, team_id, valid_from_date, valid_to_date "
            "from restricted.dim_employee order by all"
        ).fetchall()
        pay = warehouse.execute(PAY).fetchall()
    return positions, employees, pay


@pytest.fixture(scope="module", params=[1, 2])
def worked(request: pytest.FixtureRequest, models: Models, tmp_path_factory):
    positions = random_jobs(Random(request.param))
    users = [f"W{number}" for number in range(WORKERS) if is_user(f"W{number}")]
    log = paid_warehouse(models, tmp_path_factory.mktemp("jobs") / "home", positions, users)
    by_worker = {f"W{n}": days_of(jobs_of(positions, f"W{n}")) for n in range(WORKERS)}
    known = {
        worker: days
        for worker, days in by_worker.items()
        if any(job["effective_from"] != job["effective_to"] for job in jobs_of(positions, worker))
    }
    with read_warehouse(log.home) as warehouse:
        employees = warehouse.execute(
            "select worker_id, team_id, is_sales, is_primary, fte, sales_fte, valid_from_date, "
            "valid_to_date from restricted.dim_employee"
        ).fetchall()
        headcount = warehouse.execute(
            "select worker_id, team_id, fte, is_sales, date_day, date_day + 1 "
            "from restricted.fct_headcount_daily"
        ).fetchall()
        pay = warehouse.execute(PAY).fetchall()
    unsaid = {job["worker_id"] for job in positions if job["is_sales"] is None}
    return known, employees, headcount, pay, unsaid


def jobs_of(positions: list[dict], worker: str) -> list[dict]:
    return [job for job in positions if job["worker_id"] == worker]


def test_an_employee_is_every_day_in_the_job_that_decides(found) -> None:
    positions, employees, _ = found
    wrong = []
    for worker in {job["worker_id"] for job in positions}:
        jobs = jobs_of(positions, worker)
        if all(job["effective_from"] == job["effective_to"] for job in jobs):
            continue
        for number in range(420):
            day = HIRED + timedelta(days=number)
            teams = [
                team for w, team, start, end in employees if w == worker and start <= day < end
            ]
            if teams != ([team] if (team := team_on(jobs, day)) else []):
                wrong.append((worker, day, teams, team))
    assert wrong == []


def test_pay_counts_in_the_job_that_decides_on_its_day(found) -> None:
    positions, _, pay = found
    expected: dict[tuple, int] = {}
    unsure = set()
    for worker in {job["worker_id"] for job in positions}:
        jobs = jobs_of(positions, worker)
        for number, day in enumerate(PAID_ON):
            name, month = worker.removeprefix("W"), day.replace(day=1)
            team = team_on(jobs, day)
            if team is None:
                # Nobody can say where somebody without a job is paid but that it is somewhere.
                unsure.add((name, month))
            else:
                key = (name, month, team)
                expected[key] = expected.get(key, 0) + 10 ** (number % 3)
    sure = {key: value for key, value in expected.items() if key[:2] not in unsure}
    counted = {row[:3]: row[3] for row in pay if row[:2] not in unsure}
    assert len(sure) > 300
    assert counted == sure


def test_jobs_with_ids_are_worked_side_by_side(worked) -> None:
    known, employees, headcount, _, _ = worked
    several = 0
    for worker, days in known.items():
        expected = [
            day
            and (
                day.decides["team_id"],
                sells(day.decides, is_user(worker)),
                day.decides["is_primary"] is not False,
                day.fte,
                day.sales_fte,
            )
            for day in days[:420]
        ]
        several += sum(day is not None and day.fte != day.sales_fte for day in days)
        assert teams_by_day(employees, worker) == expected, worker
        # The last day known is that of the extract.
        last = (NIGHT.date() - HIRED).days
        counted = [row and (row[0], row[3], row[1]) for row in expected[:last]]
        assert teams_by_day(headcount, worker)[:last] == counted, worker
    assert several > 2000


def test_no_interval_is_split_where_nothing_changes(worked) -> None:
    _, employees, _, _, unsaid = worked
    # Whether a job sells that HR says nothing of is known only once the CRM's users are.
    said = [row for row in employees if row[0] not in unsaid]
    rows = sorted(said, key=lambda row: (row[0], row[-2]))
    assert len(rows) > 30
    assert not [
        row for row, after in pairwise(rows) if row[:-2] == after[:-2] and row[-1] == after[-2]
    ]


def test_pay_counts_in_the_job_that_decides_of_several(worked) -> None:
    known, _, _, pay, _ = worked
    expected: dict[tuple, int] = {}
    unsure = set()
    for worker, days in known.items():
        for number, paid_on in enumerate(PAID_ON):
            name, month = worker.removeprefix("W"), paid_on.replace(day=1)
            day = days[(paid_on - HIRED).days]
            if day is None:
                unsure.add((name, month))
            elif sells(day.decides, is_user(worker)):
                key = (name, month, day.decides["team_id"])
                expected[key] = expected.get(key, 0) + 10 ** (number % 3)
    sure = {key: value for key, value in expected.items() if key[:2] not in unsure}
    names = {worker.removeprefix("W") for worker in known}
    counted = {row[:3]: row[3] for row in pay if row[0] in names and row[:2] not in unsure}
    assert len(sure) > 200
    assert counted == sure


POSITIONS = """\
worker_id,effective_from,effective_to,job_id,job_title,team_id,fte,is_sales,changed_at
w4,2024-01-01,,,Rep,A,1,true,2024-01-01
w4,2026-03-01,,,Rep,A,1,true,2026-02-01
w4,2026-03-01,,,Senior Rep,B,1,true,2026-02-02
w5,2024-01-01,,J1,Rep,A,0.5,true,2024-01-01
w5,2024-01-01,,J2,Trainer,B,0.5,false,2024-01-01
"""
WORKERS_OF_CASE = """\
worker_id,worker_name,worker_status,hired_on
w4,W4,active,2024-01-01
w5,W5,active,2024-01-01
"""
TIME = "time_entry_id,worker_id,started_at,ended_at,activity_class\ne1,w5,2026-03-02T08:00:00Z,2026-03-02T10:00:00Z,selling\n"


def test_two_part_time_jobs_from_the_file_to_headcount_and_selling_time(
    models: Models, tmp_path: Path
) -> None:
    """w4's later change of a day holds; w5 counts with both jobs, and sells in one of them."""
    night = tmp_path / "extracts" / "night_2026-03-03"
    night.mkdir(parents=True)
    for name, text in (
        ("positions", POSITIONS),
        ("workers", WORKERS_OF_CASE),
        ("time_entries", TIME),
        ("teams", "team_id,team_name\nA,A\nB,B\n"),
    ):
        (night / f"{name}.csv").write_text(text)
    result = landed(tmp_path / "home", "canonical", tmp_path / "extracts")
    assert sum(file.quarantined for file in result.files) == 0
    models.build(tmp_path / "home", "+fct_headcount_daily", "+int_selling_time_daily")
    with read_warehouse(tmp_path / "home") as warehouse:
        assert warehouse.execute(
            "select worker_id, team_id, fte, is_sales from restricted.fct_headcount_daily "
            "where date_day = '2026-03-02' order by all"
        ).fetchall() == [("w4", "B", 1, True), ("w5", "A", Decimal("0.5") * 2, True)]
        assert warehouse.execute(
            "select team_id, scheduled_seconds, selling_seconds "
            "from warehouse.intermediate.int_selling_time_daily "
            "where date_day = '2026-03-02' order by all"
        ).fetchall() == [("A", 4 * 3600, 2 * 3600), ("B", 8 * 3600, 0)]
