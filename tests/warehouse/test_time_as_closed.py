"""Time that is told late, changed and taken back by chance, as it was known when periods were frozen.

What was known at a freeze is asked of a home that ends on the night of the freeze: there it is all that is
known. Later nights must not change it, and the restated hours must be those of the last night.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

FIRST_NIGHT = datetime(2026, 1, 1, 22)
FREEZE_OF_JANUARY, FREEZE_OF_MARCH = date(2026, 2, 5), date(2026, 4, 5)
LAST_NIGHT = datetime(2026, 4, 20, 22)
PEOPLE = 6
CLASSES = ["selling", "selling", "meeting", "admin", None]


def random_nights(random: Random) -> list[tuple[datetime, str, list[dict], list[dict]]]:
    """Gives what each night tells: the table, new or changed rows, and keys that are gone."""
    nights: dict[tuple[datetime, str], tuple[list[dict], list[dict]]] = {}

    def tell(night: datetime, table: str, row: dict, gone: bool = False) -> None:
        rows = nights.setdefault((night, table), ([], []))
        rows[gone].append(row)

    for number in range(170):
        person = random.randrange(PEOPLE)
        # The last two have no time sheet until one is told late.
        table = "activities" if person >= 4 and random.random() < 0.8 else "time_entries"
        day = datetime(2026, 1, 1) + timedelta(days=random.randrange(90))
        row = random_row(random, table, number, person, day)
        key = {next(iter(row)): next(iter(row.values()))}
        night = day.replace(hour=22) + timedelta(days=random.choice([0, 0, 0, 1, 6, 25, 40]))
        night = min(night, LAST_NIGHT)
        tell(night, table, row)
        for _ in range(random.choice([0, 0, 1, 2])):
            night += timedelta(days=random.choice([1, 9, 30]))
            if night > LAST_NIGHT:
                break
            if random.random() < 0.3:
                tell(night, table, key, gone=True)
                break
            tell(night, table, random_row(random, table, number, person, day))
    # Users, positions and the first records are there from the first night on.
    return [(night, table, *rows) for (night, table), rows in sorted(nights.items())]


def random_row(random: Random, table: str, number: int, person: int, day: datetime) -> dict:
    began = day + timedelta(hours=random.randrange(6, 20), minutes=random.randrange(60))
    ended = began + timedelta(minutes=random.randrange(10, 400))
    if table == "activities":
        return {
            "activity_id": f"A{number}", "activity_type": random.choice(["meeting", "call"]),
            "owner_id": f"U{person}", "opportunity_id": random.choice(["O1", None]),
            "activity_status": random.choice(["held", "held", "cancelled"]),
            "started_at": began, "ended_at": ended,
        }  # fmt: skip
    return {
        "time_entry_id": f"T{number}", "worker_id": f"W{person}", "started_at": began,
        "ended_at": random.choice([ended, ended, ended, None]),
        "activity_class": random.choice(CLASSES),
    }  # fmt: skip


def home_until(folder: Path, night: datetime) -> ChangeLogOfTest:
    """Gives the home as it stood after a night; that night a CRM's extract says that it is known."""
    log = ChangeLogOfTest(folder)
    for at in {FIRST_NIGHT, night}:
        log.add("users", at, [
            {"user_id": f"U{n}", "user_name": f"U{n}", "employee_number": n} for n in range(PEOPLE)
        ])  # fmt: skip
    for table, row in (
        ("workers", {"worker_name": "x", "hired_on": date(2025, 1, 1)}),
        ("positions", {"effective_from": date(2025, 1, 1), "is_sales": True}),
    ):
        log.add(table, FIRST_NIGHT, [
            {"worker_id": f"W{n}", **row}
            | ({"employee_number": n} if table == "workers" else {})
            for n in range(PEOPLE)
        ], source="hr", system="hr")  # fmt: skip
    before = datetime(2025, 12, 30, 9)
    log.add("time_entries", FIRST_NIGHT, [
        {"time_entry_id": f"F{n}", "worker_id": f"W{n}", "started_at": before,
         "ended_at": before + timedelta(hours=1), "activity_class": "selling"} for n in range(4)
    ], source="hr", system="hr")  # fmt: skip
    log.add("activities", FIRST_NIGHT, [
        {"activity_id": "F", "activity_type": "call", "owner_id": "U0", "started_at": before,
         "ended_at": before}
    ])  # fmt: skip
    for at, table, rows, gone in random_nights(Random(3)):
        if at <= night:
            is_hr = table == "time_entries"
            source, system = ("hr", "hr") if is_hr else ("crm", "crm_of_test")
            log.add(table, at, rows, gone, source=source, system=system)
    return log


HOURS = (
    "level, member_id, available_hours, selling_hours, meeting_hours, admin_hours, recorded_hours, "
    "unclassified_hours, split_available_hours, people, time_source"
)


def hours(models: Models, folder: Path, night: datetime, where: str) -> list[tuple]:
    log = home_until(folder, night)
    models.build(log.home, "+mart_selling_time")
    return asked(log.home, where)


def asked(home: Path, where: str) -> list[tuple]:
    with read_warehouse(home) as warehouse:
        return warehouse.execute(
            f"select {HOURS} from restricted.mart_selling_time_unsuppressed where {where} order by all"
        ).fetchall()


@pytest.fixture(scope="module")
def last(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = home_until(tmp_path_factory.mktemp("last") / "home", LAST_NIGHT)
    models.build(log.home, "+mart_selling_time")
    return log.home


@pytest.mark.parametrize(
    ("grain", "start", "freeze"),
    [
        ("month", date(2026, 1, 1), FREEZE_OF_JANUARY),
        ("quarter", date(2026, 1, 1), FREEZE_OF_MARCH),
    ],
)
def test_a_frozen_period_is_what_was_known_on_the_night_of_its_freeze(
    models: Models, tmp_path: Path, last: Path, grain: str, start: date, freeze: date
) -> None:
    period = f"period_grain = '{grain}' and period_start = date '{start}'"
    night = datetime.combine(freeze, FIRST_NIGHT.time())
    then = hours(models, tmp_path / "then", night, f"{period} and basis = 'restated'")
    now = asked(last, f"{period} and basis = 'as_closed'")
    assert now == then
    restated = asked(last, f"{period} and basis = 'restated'")
    # Nearly everybody's hours have changed since, and some months' source of hours.
    assert len(set(now) - set(restated)) > 4


def test_periods_are_frozen_once_their_day_has_come(last: Path) -> None:
    with read_warehouse(last) as warehouse:
        frozen = warehouse.execute(
            "select distinct period_grain, cast(period_start as varchar) "
            "from restricted.mart_selling_time_unsuppressed where basis = 'as_closed' order by all"
        ).fetchall()
    assert frozen == [
        ("month", "2025-12-01"), ("month", "2026-01-01"), ("month", "2026-02-01"),
        ("month", "2026-03-01"), ("quarter", "2025-10-01"), ("quarter", "2026-01-01"),
        ("year", "2025-01-01"),
    ]  # fmt: skip
