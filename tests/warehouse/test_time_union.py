"""Overlapping time entries against a count of single minutes, which knows nothing of intervals."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from warehouse_testbed import ChangeLogOfTest, Dbt, read_warehouse

from ingestion.company import CompanySettings

MONDAY = datetime(2026, 1, 5)
EXTRACTED_AT = datetime(2026, 1, 20)
# In the order in which they count where they overlap; nothing is known of the last one's use.
CLASSES = ("selling", "training", "meeting", "admin", "other", None)
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
    seed: int, zone: str, dbt: Dbt, tmp_path: Path
) -> None:
    log = ChangeLogOfTest(tmp_path / "home", CompanySettings(time_zone=zone))
    workers = [{"worker_id": f"W{person}"} for person in range(PEOPLE)]
    entries = random_entries(seed)
    log.add("workers", EXTRACTED_AT, workers, source="hr")
    log.add("time_entries", EXTRACTED_AT, entries, source="hr")
    dbt(log.home, "run", "--select", "+fct_time_daily")
    with read_warehouse(log.home) as warehouse:
        found = warehouse.execute(
            "select person_id, work_date, activity_class, worked_seconds from core.fct_time_daily"
        ).fetchall()
    assert {row[:3]: row[3] / 60 for row in found} == minutes_by_day(entries, ZoneInfo(zone))
