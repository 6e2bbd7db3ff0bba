"""Hours of leave and hours without a record cannot be made out for fewer people than a group needs.

The attacker knows who worked where in which month, and adds and subtracts any rows that are shown. The
same attack on the restricted mart finds single people.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from compiled_models import Models
from pay_attack import Sum, queries, smallest_support
from warehouse_testbed import ChangeLogOfTest, read_warehouse

pytestmark = pytest.mark.minutes(1)

MINIMUM = 5
NIGHT = datetime(2026, 1, 5, 23)
FIRST_DAY = date(2025, 8, 1)
HOURS = (
    "scheduled leave holiday available selling meeting training admin other unrecorded recorded "
    "unclassified split_available"
)
COLUMNS = [f"{part}_hours" for part in HOURS.split()]


@dataclass(frozen=True)
class Published:
    """The rows of the open and of the restricted mart, and who is counted in each."""

    open_rows: list[dict]
    all_rows: list[dict]
    units: dict[tuple[str, ...], frozenset[tuple[str, str]]]

    def sums(self, rows: list[dict], column: str) -> list[Sum]:
        cells = [(tuple(str(row[c]) for c in CELL), row[column]) for row in rows]
        return [Sum(cell, 0, self.units[cell], value) for cell, value in cells if value is not None]


CELL = ("period_grain", "period_start", "level", "member_id")


@pytest.fixture(scope="module", params=[(1, 60), (2, 24), (3, 9)], ids=lambda p: f"{p[1]} reps")
def published(
    request: pytest.FixtureRequest, models: Models, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Published]:
    seed, size = request.param
    log = ChangeLogOfTest(tmp_path_factory.mktemp("hours"))
    chance = random.Random(seed)
    places = [(f"B{t % 3}", f"T{t}", f"X{(t + n) % 4}") for t in range(7) for n in range(1 + t % 2)]
    weights = [chance.random() ** 2 for _ in places]
    log.add("branches", NIGHT, [{"branch_id": f"B{n}", "branch_name": f"B{n}"} for n in range(3)])
    log.add("teams", NIGHT, [{"team_id": f"T{n}", "team_name": f"T{n}"} for n in range(7)])
    log.add("territories", NIGHT, [{"territory_id": f"X{n}", "territory_name": f"X{n}"}
                                   for n in range(4)])  # fmt: skip
    workers, positions, leave, entries = [], [], [], []
    for number in range(size):
        worker = f"W{number}"
        hired = FIRST_DAY + timedelta(days=chance.choice([0, 0, 0, chance.randrange(140)]))
        workers.append({"worker_id": worker, "employee_number": worker, "hired_on": hired})
        starts = [hired, *(hired + timedelta(days=chance.randrange(1, 90))
                           for _ in range(chance.random() < 0.3))]  # fmt: skip
        for start in starts:
            branch, team, territory = chance.choices(places, weights)[0]
            positions.append({
                "worker_id": worker, "effective_from": start, "branch_id": branch,
                "team_id": team, "territory_id": territory, "is_sales": True,
            })  # fmt: skip
        off = hired + timedelta(days=chance.randrange(60))
        leave.append({"leave_id": worker, "worker_id": worker, "starts_on": off,
                      "ends_on": off + timedelta(days=chance.randrange(9)),
                      "leave_status": "approved"})  # fmt: skip
        for day in range(0, 120, 3):
            at = datetime.combine(hired + timedelta(days=day), datetime.min.time())
            entries.append({
                "time_entry_id": f"{worker}-{day}", "worker_id": worker,
                "started_at": at + timedelta(hours=8),
                "ended_at": at + timedelta(hours=8, minutes=chance.randrange(60, 400)),
                "activity_class": chance.choice(["selling", "meeting", "admin"]),
            })  # fmt: skip
    log.add("workers", NIGHT, workers, source="hr")
    log.add("positions", NIGHT, positions, source="hr")
    log.add("leave", NIGHT, leave, source="hr")
    log.add("time_entries", NIGHT, entries, source="hr")
    log.add("opportunities", NIGHT)
    models.build(log.home, "+mart_selling_time")
    with read_warehouse(log.home) as warehouse:

        def rows(sql: str) -> list[dict]:
            cursor = warehouse.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        units: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
        for row in rows(
            "select distinct person_id, rep_id, branch_id, team_id, territory_id, "
            "month_start, quarter_start, year_start "
            "from intermediate.int_selling_time_daily inner join core.dim_date using (date_day)"
        ):
            place = " ".join(str(row[c]) for c in ("month_start", "branch_id", "team_id",
                                                   "territory_id"))  # fmt: skip
            members = {level: row[f"{level}_id"] for level in ("branch", "team", "territory")}
            for level, member in {**members, "company": "all", "rep": row["rep_id"]}.items():
                for grain in ("month", "quarter", "year"):
                    start = str(row[f"{grain}_start"])
                    units[grain, start, level, member].add((row["person_id"], place))
        yield Published(
            rows("from marts.mart_selling_time"),
            rows("from restricted.mart_selling_time_unsuppressed"),
            {cell: frozenset(there) for cell, there in units.items()},
        )


def test_no_combination_of_rows_is_made_up_of_a_few(published: Published):
    sums = published.sums(published.open_rows, "leave_hours")
    assert sums
    assert smallest_support(sums, lambda unit: unit, 20, random.Random(1)) >= MINIMUM
    for query in queries(sums, 3_000, random.Random(2)):
        assert not 1 <= len(query.by_month) < MINIMUM


def test_the_attack_finds_single_people_in_the_restricted_mart(published: Published):
    rows = [row for row in published.all_rows if row["level"] != "rep"]
    sums = published.sums(rows, "leave_hours")
    assert smallest_support(sums, lambda unit: unit, 1, random.Random(1)) == 1


def test_hours_are_shown_together_or_not_at_all(published: Published):
    """What holds of leave then holds of all that leave could be reckoned from."""
    for row in published.open_rows:
        known = {column for column in (*COLUMNS, "recorded_share") if row[column] is not None}
        assert row["level"] != "rep" or row["is_suppressed"]
        assert not known if row["is_suppressed"] else "leave_hours" in known


def test_what_is_shown_of_few_people_is_whole_percents_of_selling(published: Published):
    exact = {tuple(str(row[c]) for c in CELL): row for row in published.all_rows}
    shares = 0
    for row in published.open_rows:
        true = exact[tuple(str(row[c]) for c in CELL)]["selling_time_share"]
        if not row["is_suppressed"]:
            assert row["selling_time_share"] == true
        elif row["selling_time_share"] is not None:
            shares += 1
            assert row["selling_time_share"] == pytest.approx(true, abs=0.00501)
            percent = row["selling_time_share"] * 100
            assert percent == pytest.approx(round(percent), abs=1e-9)
            assert row["selling_time_share"] > 0
    assert shares > 10


def test_large_teams_and_branches_are_published(published: Published):
    levels = {row["level"] for row in published.open_rows if not row["is_suppressed"]}
    people = {row["people"] for row in published.all_rows if row["level"] == "company"}
    assert levels >= ({"company", "branch", "team"} if max(people) > 40 else {"company"})
