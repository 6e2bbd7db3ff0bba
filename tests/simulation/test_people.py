"""HR and payroll of the demo company are what they claim to be, read back from their files."""

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from simulation import simulate

FIRST, SECOND, LAST = "night_2026-01-05", "night_2026-01-06", "night_2026-01-07"
AS_OF = date(2026, 1, 6)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    simulate(folder, scale=0.2, seed=11, nights=3)
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def good(company: Path, night: str, table: str) -> list[dict[str, str]]:
    """Gives the rows of a table that nothing is wrong with, each once."""
    broken = {
        row["key"].split("|")[0]
        for row in read(company / "expected" / "defects.csv")
        if row["file"] == f"{table}.csv" and row["night"] == night.removeprefix("night_")
    }
    rows = read(company / "extracts" / night / f"{table}.csv")
    kept = [row for row in rows if next(iter(row.values())) not in broken]
    return [dict(row) for row in dict.fromkeys(tuple(each.items()) for each in kept)]


def test_runs_tie_out_but_for_those_that_the_key_counts(company: Path):
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in good(company, LAST, "pay_lines"):
        totals[line["pay_run_id"]] += Decimal(line["pay_amount"])
    runs = [run for run in good(company, LAST, "pay_runs") if run["control_total"]]
    off = [run for run in runs if Decimal(run["control_total"]) != totals[run["pay_run_id"]]]
    key = {
        row["check_name"]: int(row["rows"])
        for row in read(company / "expected" / "people_warnings.csv")
    }
    assert len(off) == key["runs_tie_out"]
    assert len(runs) > 24
    assert {run["run_type"] for run in runs} == {"regular", "off_cycle"}


def test_one_run_has_one_currency(company: Path):
    currencies: dict[str, set[str]] = defaultdict(set)
    for line in good(company, LAST, "pay_lines"):
        currencies[line["pay_run_id"]].add(line["currency_code"])
    assert all(len(found) == 1 for found in currencies.values())


def sellers_paid_in_dollars(company: Path) -> dict[str, str]:
    """Gives the CRM's id of each employee who is known by number and paid in dollars."""
    numbers = {row["employee_number"]: row["user_id"] for row in good(company, LAST, "users")}
    lines = good(company, LAST, "pay_lines")
    foreign = {line["employee_id"] for line in lines if line["currency_code"]}
    return {
        row["employee_id"]: numbers[row["employee_number"]]
        for row in good(company, LAST, "employees")
        if row["employee_number"] in numbers and row["employee_id"] not in foreign
    }


def due(period_start: str, grain: str) -> bool:
    """Says whether the month after a plan period was paid by the last night."""
    start = date.fromisoformat(period_start)
    after = start
    for _ in range(3 if grain == "quarter" else 1):
        after = (after + timedelta(days=31)).replace(day=1)
    return after + timedelta(days=27) <= AS_OF


def test_what_is_paid_for_a_deal_is_what_it_earned_but_for_what_is_planted(company: Path):
    sellers = sellers_paid_in_dollars(company)
    grains = {
        row["plan_id"]: row["period_grain"] for row in good(company, LAST, "commission_plans")
    }
    owed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    pending = set()
    for row in read(company / "expected" / "commissions.csv"):
        place = (row["sales_rep_id"], row["opportunity_id"])
        if due(row["plan_period_start"], grains[row["plan_id"]]):
            owed[place] += Decimal(row["commission_value"])
        else:
            pending.add(place)
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in good(company, LAST, "pay_lines"):
        if line["earning_code"] == "COM" and line["employee_id"] in sellers:
            place = (sellers[line["employee_id"]], line["opportunity_id"])
            paid[place] += Decimal(line["pay_amount"])
    planted = {
        (row["sales_rep_id"], row["opportunity_id"]): Decimal(row["difference_value"])
        for row in read(company / "expected" / "reconciliation.csv")
    }
    agreed = {
        (sellers[row["employee_id"]], row["opportunity_id"]): Decimal(row["adjustment_amount"])
        for row in good(company, LAST, "commission_adjustments")
        if row["approved_on"] and row["employee_id"] in sellers
    }
    compared = {
        place: (
            paid[place],
            owed[place] + planted.get(place, Decimal(0)) + agreed.get(place, Decimal(0)),
        )
        for place in paid.keys() | owed.keys()
        if place[0] in sellers.values() and place not in pending and place[1]
    }
    assert len(compared) > 50
    assert {place: pair for place, pair in compared.items() if pair[0] != pair[1]} == {}
    assert sum(place in planted for place in compared) >= 3


def test_headcount_grows_by_those_who_join_and_shrinks_by_those_who_leave(company: Path):
    months = [
        row
        for row in read(company / "expected" / "headcount.csv")
        if (row["level"], row["member_id"]) == ("company", "all")
    ]
    assert len(months) == 37
    for before, month in pairwise(months):
        grown = int(before["closing_headcount"]) + int(month["joiners"]) - int(month["leavers"])
        assert int(month["closing_headcount"]) == grown
    assert sum(int(month["leavers"]) for month in months) > 3


def test_hours_add_up_and_classes_are_those_of_the_day(company: Path):
    rows = read(company / "expected" / "selling_time.csv")
    classes = ("selling", "training", "meeting", "admin", "other", "unclassified")
    sums: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for row in rows:
        hours = {name: float(value or 0) for name, value in row.items() if name.endswith("_hours")}
        free = hours["scheduled_hours"] - hours["leave_hours"] - hours["holiday_hours"]
        assert hours["available_hours"] == pytest.approx(free)
        if row["selling_hours"]:
            recorded = sum(hours[f"{name}_hours"] for name in classes)
            assert hours["recorded_hours"] == pytest.approx(recorded)
        sums[row["period_start"], row["level"]].update(hours)
    for (month, level), of_level in sums.items():
        if level == "team":
            company_hours = sums[month, "company"]
            assert of_level["available_hours"] == pytest.approx(company_hours["available_hours"])


def test_later_nights_tell_of_returns_and_of_an_id_that_was_used_again(company: Path):
    before, after = (
        {row["worker_id"]: row for row in good(company, night, "workers")}
        for night in (FIRST, LAST)
    )
    returned = [
        (row["worker_name"], after[worker]["worker_name"])
        for worker, row in before.items()
        if worker in after and after[worker]["hired_on"] > row["hired_on"]
    ]
    assert sorted(one == other for one, other in returned) == [False, True]
    assert {row["worker_status"] for row in before.values()} >= {"active", "terminated", "future"}
    assert not (company / "extracts" / SECOND / "pay_lines.csv").exists()


def test_time_sheets_overlap_go_past_midnight_and_some_cannot_be_right(company: Path):
    entries = good(company, FIRST, "time_entries")
    assert Counter(bool(row["ended_at"]) for row in entries)[False] >= 2
    spans = [
        (row["worker_id"], row["started_at"], row["ended_at"]) for row in entries if row["ended_at"]
    ]
    assert any(start[:10] < end[:10] for _, start, end in spans)
    overlapping = sum(
        one[0] == other[0] and other[1] < one[2] for one, other in pairwise(sorted(spans))
    )
    assert overlapping > 20


@pytest.mark.parametrize(
    ("limit", "people", "is_listed"), [(10, True, False), (10**6, False, True)]
)
def test_there_is_no_hr_beyond_the_listed_deals_or_where_it_is_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, people: bool, is_listed: bool
):
    monkeypatch.setattr("simulation.simulator.LISTED_DEALS", limit)
    simulate(tmp_path, scale=0.05, seed=3, nights=1, people=people)
    names = {path.name for path in (tmp_path / "extracts" / FIRST).iterdir()}
    assert "person_crosswalk.csv" in names
    assert not names & {"workers.csv", "pay_lines.csv"}
    assert not (tmp_path / "expected" / "reconciliation.csv").exists()
    assert (tmp_path / "expected" / "deals.csv").exists() == is_listed
