"""Overlapping hours against a count of single minutes, which knows nothing of intervals.

Some people have a time sheet, some have activities in the CRM, and some have both.
"""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

MONDAY = datetime(2026, 1, 5)
EXTRACTED_AT = datetime(2026, 1, 20)
# In the order in which they count where they overlap; nothing is known of the last one's use.
CLASSES = ("selling", "training", "meeting", "admin", "other", None)
CLASS_OF_TYPE = {"call": "selling", "training": "training", "task": "admin", "other": "other"}
PEOPLE = 40
MINUTE = timedelta(minutes=1)


def random_entries(seed: int) -> list[dict[str, object]]:
    """Entries that overlap, touch, repeat each other and run over midnight."""
    random = Random(seed)
    entries: list[dict[str, object]] = []
    for person in range(PEOPLE):
        for _ in range(random.randint(1, 25)):
            started_at = MONDAY + MINUTE * random.randrange(0, 5 * 24 * 60, 15)
            minutes = random.choice((0, 15, 30, 60, 60, 120, 480, 1440))
            entries.append(
                {
                    "time_entry_id": f"{person}-{len(entries)}",
                    "worker_id": f"W{person}",
                    "started_at": started_at,
                    "ended_at": started_at + MINUTE * minutes,
                    "activity_class": random.choice(CLASSES),
                }
            )
    return entries


def random_activities(seed: int) -> list[dict[str, object]]:
    """Activities of the first ten, who have time sheets, and of ten more, who have none."""
    random = Random(seed)
    activities: list[dict[str, object]] = []
    for person in [*range(10), *range(PEOPLE, PEOPLE + 10)]:
        for _ in range(random.randint(1, 25)):
            started_at = MONDAY + MINUTE * random.randrange(0, 5 * 24 * 60, 15)
            minutes = random.choice((15, 30, 60, 60, 120, 480))
            activities.append(
                {
                    "activity_id": f"{person}-{len(activities)}",
                    "owner_id": f"U{person}",
                    "activity_type": random.choice(tuple(CLASS_OF_TYPE)),
                    "has_external_participants": True,
                    "started_at": started_at,
                    **random.choice(
                        (
                            {"ended_at": started_at + MINUTE * minutes},
                            {"duration_minutes": minutes},
                        )
                    ),
                }
            )
    return activities


def as_entries(activities: list[dict]) -> list[dict[str, object]]:
    """What the activities of those without a time sheet would be on one."""
    return [
        {
            "worker_id": activity["owner_id"].replace("U", "W"),
            "activity_class": CLASS_OF_TYPE[activity["activity_type"]],
            "started_at": activity["started_at"],
            "ended_at": activity.get("ended_at")
            or activity["started_at"] + MINUTE * activity["duration_minutes"],
        }
        for activity in activities
        if int(activity["owner_id"][1:]) >= PEOPLE
    ]


def minutes_by_day(entries: list[dict], zone: ZoneInfo) -> Counter:
    """Gives each minute of each person to the first class that any entry claims it for."""
    claimed: dict[tuple[str, datetime], int] = {}
    for entry in entries:
        minute = entry["started_at"]
        while minute < entry["ended_at"]:
            rank = CLASSES.index(entry["activity_class"])
            key = (entry["worker_id"], minute)
            claimed[key] = min(rank, claimed.get(key, rank))
            minute += MINUTE
    counted: Counter = Counter()
    for (worker, minute), rank in claimed.items():
        day = minute.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()
        counted[f"hr:{worker}", day, CLASSES[rank] or "unclassified"] += 1
    return counted


@pytest.mark.parametrize(("seed", "zone"), [(1, "UTC"), (2, "Asia/Tehran")])
def test_every_minute_counts_once_for_the_class_that_comes_first(
    seed: int, zone: str, models: Models, tmp_path: Path
) -> None:
    log = ChangeLogOfTest(tmp_path / "home", CompanySettings(time_zone=zone))
    everybody = list(range(PEOPLE + 10))
    workers = [{"worker_id": f"W{person}", "employee_number": f"{person}"} for person in everybody]
    users = [
        {"user_id": f"U{person}", "user_name": f"U{person}", "employee_number": f"{person}"}
        for person in everybody
    ]
    entries, activities = random_entries(seed), random_activities(seed)
    log.add("workers", EXTRACTED_AT, workers, source="hr")
    log.add("time_entries", EXTRACTED_AT, entries, source="hr")
    log.add("users", EXTRACTED_AT, users)
    log.add("activities", EXTRACTED_AT, activities)
    models.build(log.home, "+mart_selling_time")
    with read_warehouse(log.home) as warehouse:
        found = warehouse.execute(
            "select person_id, work_date, activity_class, worked_seconds from core.fct_time_daily"
        ).fetchall()
        sources = warehouse.execute(
            "select member_id, time_source from restricted.mart_selling_time_unsuppressed "
            "where period_grain = 'month' and level in ('company', 'rep')"
        ).fetchall()
    counted = [*entries, *as_entries(activities)]
    assert {row[:3]: row[3] / 60 for row in found} == minutes_by_day(counted, ZoneInfo(zone))
    from_the_crm = {f"U{person}" for person in everybody if person >= PEOPLE}
    assert dict(sources) == {
        "all": "both",
        **{
            f"U{person}": "activities" if f"U{person}" in from_the_crm else "time_entries"
            for person in everybody
        },
    }
