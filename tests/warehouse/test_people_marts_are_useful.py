"""A company of 50 sees its hiring, training and ramp in every past year, as a whole and by branch.

None of them is pay, so that nothing of them is withheld, however few people a branch hired in a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

pytestmark = pytest.mark.minutes(1)

NIGHT = datetime(2026, 2, 1, 23)
YEARS = (2023, 2024, 2025)
BRANCHES = 4
REPS = 50
# Nine of fifty leave in a year, and as many come: 18 %. Two or three in a branch.
LEAVERS = 9
# What every row must have; a median of a ramp, and what follows a training of nobody, may be empty.
NUMBERS = {
    "mart_hiring": (
        "openings, applications, hires, interview_rate, offer_rate, offer_acceptance_rate, hire_rate, "
        "mean_days_to_hire, median_days_to_hire, mean_days_to_fill, median_days_to_fill"
    ),
    "mart_training": (
        "enrolments, completed_enrolments, completion_rate, trained_hours, training_cost_value, "
        "measured_people, won_value_before, won_value_after, won_value_change, "
        "conversion_rate_before, conversion_rate_after, conversion_rate_change"
    ),
    "mart_ramp": "new_reps, ramped_reps, censored_reps, ramped_share, median_days_to_ramp",
}


@pytest.fixture(scope="module")
def company(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    log = ChangeLogOfTest(tmp_path_factory.mktemp("company_of_50"))
    reps = [(n, date(2023, 1, 2), n % BRANCHES) for n in range(REPS)]
    exits: dict[int, date] = {}
    for year in YEARS:
        for n in range(LEAVERS):
            left = next(who for who, _, branch in reps
                        if branch == n % BRANCHES and who not in exits)  # fmt: skip
            exits[left] = date(year, 2 + n, 10)
            reps.append((len(reps), date(year, 2 + n, 15), n % BRANCHES))
    tell_organisation(log, reps, exits)
    tell_sales(log, reps, exits)
    tell_hiring_and_training(log, reps)
    models.build(log.home, *(f"+{mart}" for mart in NUMBERS))
    with read_warehouse(log.home) as warehouse:
        yield warehouse


Reps = list[tuple[int, date, int]]


def tell_organisation(log: ChangeLogOfTest, reps: Reps, exits: dict[int, date]) -> None:
    branches = [{"branch_id": f"B{n}", "branch_name": f"B{n}"} for n in range(BRANCHES)]
    log.add("branches", NIGHT, branches)
    log.add("teams", NIGHT, [{"team_id": f"T{n}", "team_name": f"T{n}", "branch_id": f"B{n}"}
                             for n in range(BRANCHES)])  # fmt: skip
    log.add("workers", NIGHT, [
        {"worker_id": f"W{n}", "employee_number": f"{n}", "hired_on": hired,
         "exited_on": exits.get(n)} for n, hired, _ in reps
    ], source="hr")  # fmt: skip
    log.add("positions", NIGHT, [
        {"worker_id": f"W{n}", "effective_from": hired, "branch_id": f"B{b}", "team_id": f"T{b}",
         "is_sales": True} for n, hired, b in reps
    ], source="hr")  # fmt: skip
    log.add("users", NIGHT, [
        {"user_id": f"U{n}", "user_name": f"U{n}", "employee_number": f"{n}", "team_id": f"T{b}",
         "branch_id": f"B{b}"} for n, _, b in reps
    ])  # fmt: skip


def tell_sales(log: ChangeLogOfTest, reps: Reps, exits: dict[int, date]) -> None:
    log.add("stages", NIGHT, [
        {"stage_id": "won", "stage_name": "Won", "is_closed": True, "is_won": True},
        {"stage_id": "lost", "stage_name": "Lost", "is_closed": True, "is_won": False},
    ])  # fmt: skip
    log.add("quotas", NIGHT, [
        {"quota_id": f"{n}-{year}-{month}", "user_id": f"U{n}", "period_grain": "quarter",
         "period_start": date(year, month, 1), "amount": 30_000}
        for n, _, _ in reps for year in YEARS for month in (1, 4, 7, 10)
    ])  # fmt: skip
    deals = []
    for n, hired, _ in reps:
        day = hired + timedelta(days=20)
        while day < min(exits.get(n, NIGHT.date()), NIGHT.date()):
            stage = "won" if (len(deals) + n) % 3 else "lost"
            deals.append({
                "opportunity_id": f"D{len(deals)}", "owner_id": f"U{n}", "stage_id": stage,
                "amount": 5_000 + 100 * n, "created_date": day - timedelta(days=10),
                "closed_date": day,
            })  # fmt: skip
            day += timedelta(days=13)
    log.add("opportunities", NIGHT, deals)


def tell_hiring_and_training(log: ChangeLogOfTest, reps: Reps) -> None:
    # The year before each: those who were there at first were hired before anything was known.
    log.add("requisitions", NIGHT, [
        {"requisition_id": f"R{n}", "team_id": f"T{b}", "branch_id": f"B{b}", "openings": 1,
         "opened_on": hired - timedelta(days=40), "closed_on": hired - timedelta(days=9)}
        for n, hired, b in reps
    ], source="hr")  # fmt: skip
    log.add("applications", NIGHT, [
        {"application_id": f"A{n}", "requisition_id": f"R{n}", "application_status": "hired",
         "applied_on": hired - timedelta(days=30), "decided_on": hired - timedelta(days=10),
         "worker_id": f"W{n}"} for n, hired, _ in reps
    ], source="hr")  # fmt: skip
    log.add("offers", NIGHT, [
        {"offer_id": f"O{n}", "application_id": f"A{n}", "offer_status": "accepted",
         "offered_on": hired - timedelta(days=12), "answered_on": hired - timedelta(days=10)}
        for n, hired, _ in reps
    ], source="hr")  # fmt: skip
    log.add("training_courses", NIGHT, [{"course_id": "C", "course_name": "C",
                                         "course_hours": 16}], source="hr")  # fmt: skip
    # One rep of each branch a year, who was there long before and stays.
    log.add("training_enrolments", NIGHT, [
        {"enrolment_id": f"E{year}-{b}", "worker_id": f"W{REPS - 1 - b}", "course_id": "C",
         "enrolment_status": "passed", "started_on": date(year, 6, 10),
         "completed_on": date(year, 6, 12), "training_cost": 300}
        for year in YEARS for b in range(BRANCHES)
    ], source="hr")  # fmt: skip


@pytest.mark.parametrize("mart", NUMBERS)
def test_every_past_year_is_there_for_the_company_and_each_branch(company, mart: str):
    columns = NUMBERS[mart].split(", ")
    cursor = company.execute(
        f"select year(period_start), level, member_id, {NUMBERS[mart]} from marts.{mart} "
        "where period_grain = 'year' and level in ('company', 'branch')"
    )
    found = {row[:3]: dict(zip(columns, row[3:], strict=True)) for row in cursor.fetchall()}
    members = [("company", "all"), *(("branch", f"B{n}") for n in range(BRANCHES))]
    empty = {
        (year, *member): [name for name, value in row.items() if value is None]
        for year in YEARS
        for member in members
        if None in (row := found[year, *member]).values()
    }
    assert empty == {}


def test_few_people_are_behind_it(company):
    """Of groups of five or more it would be no wonder."""
    new, trained = company.execute(
        "select (select max(new_reps) from marts.mart_ramp where level = 'branch' "
        "and period_grain = 'year' and period_start > date '2023-12-31'), "
        "(select max(measured_people) from marts.mart_training where level = 'branch')"
    ).fetchall()[0]
    assert 0 < new < 5
    assert trained == 1
