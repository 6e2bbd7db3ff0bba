"""Main and second jobs by chance: where people are, day by day, and where their pay counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

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


@pytest.fixture(scope="module")
def found(models: Models, tmp_path_factory: pytest.TempPathFactory):
    positions = random_positions(Random(5))
    log = ChangeLogOfTest(tmp_path_factory.mktemp("two_jobs") / "home")
    people = [
        {"worker_id": f"W{n}", "worker_name": f"{n}", "employee_number": n, "hired_on": HIRED}
        for n in range(WORKERS)
    ]
    log.add("workers", NIGHT, people, source="hr", system="hr")
    log.add("positions", NIGHT, positions, source="hr", system="hr")
    teams = sorted({job["team_id"] for job in positions})
    log.add("teams", NIGHT, [{"team_id": team, "team_name": team} for team in teams])
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
    models.build(log.home, "+fct_seller_pay", "+dim_employee")
    with read_warehouse(log.home) as warehouse:
        employees = warehouse.execute(
            "select worker_id, team_id, valid_from_date, valid_to_date "
            "from restricted.dim_employee order by all"
        ).fetchall()
        pay = warehouse.execute(
            "select people.person_name, pay.month_start, pay.team_id, "
            "cast(pay.fixed_value as integer) from restricted.fct_seller_pay as pay "
            "inner join restricted.dim_person as people using (person_id)"
        ).fetchall()
    return positions, employees, pay


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
