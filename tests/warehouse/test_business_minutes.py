"""Business minutes by subtraction equal a count, minute by minute, over random calendars."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from compiled_models import Models
from hypothesis import HealthCheck, example, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Around both changes of clocks in Europe and America, and the one in Australia.
SPRING, AUTUMN = date(2025, 3, 3), date(2025, 10, 20)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Tehran",
    [{"zone": "Europe/Berlin"}, {"from": "2025-03-20", "zone": "Asia/Tehran"}],
    [{"zone": "Asia/Tehran"}, {"from": "2025-10-27", "zone": "Europe/Berlin"}],
)
# Clocks change between 1 and 4, where what is open is told by the model's own unit tests.
HOURS = (
    "09:00-17:00",
    "08:00-12:00, 13:00-17:30",
    "00:00-24:00",
    "00:00-05:15, 22:00-24:00",
    "5:07-5:08",
)
weeks = st.dictionaries(st.sampled_from(DAYS), st.sampled_from(HOURS), min_size=1)
calendars = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(ZONES),
        "weekend": st.lists(st.sampled_from(DAYS), max_size=3, unique=True),
        "business_hours": st.one_of(
            st.sampled_from(HOURS),
            weeks,
            st.tuples(weeks, weeks).map(
                lambda pair: [{"hours": pair[0]}, {"from": "2025-10-29", "hours": pair[1]}]
            ),
        ),
        "holidays": st.lists(
            st.tuples(st.sampled_from((SPRING, AUTUMN)), st.integers(0, 27)),
            max_size=4,
            unique=True,
        ).map(
            lambda days: [
                {"date": first + timedelta(days=number), "name": "Off"} for first, number in days
            ]
        ),
    }
)


class Clock:
    """The company's own clock and hours, minute by minute."""

    def __init__(self, settings: CompanySettings, written: dict[str, Any]) -> None:
        self._settings = settings
        self._days_off = settings.days_off()
        hours = written["business_hours"]
        self._weeks = (
            [(date.min, hours[0]["hours"]), (date(2025, 10, 29), hours[1]["hours"])]
            if isinstance(hours, list)
            else [(date.min, hours)]
        )

    def is_open(self, moment: datetime) -> bool:
        shown = self._shown(moment)
        is_weekend, holiday = self._settings.state_of(shown.date(), self._days_off)
        if is_weekend or holiday:
            return False
        week = [week for first, week in self._weeks if first <= shown.date()][-1]
        written = week if isinstance(week, str) else week.get(DAYS[shown.weekday()])
        minute = shown.hour * 60 + shown.minute
        return any(start <= minute < end for start, end in _ranges(written or ""))

    def _shown(self, moment: datetime) -> datetime:
        """What clocks show: by the last zone whose first day, by itself or the one before, has come."""
        zones = self._settings.time_zones
        zone = zones[0][1]
        for (_, before), (day, after) in pairwise(zones):
            midnights = [
                datetime.combine(day, datetime.min.time(), ZoneInfo(name))
                for name in (before, after)
            ]
            if moment >= min(midnights):
                zone = after
        return moment.astimezone(ZoneInfo(zone))


def _ranges(written: str) -> list[tuple[int, int]]:
    ends = [
        [
            int(hour) * 60 + int(minute)
            for hour, minute in (end.split(":") for end in part.split("-"))
        ]
        for part in written.split(", ")
        if part
    ]
    return [(start, end) for start, end in ends]


def pairs(seed: int) -> list[tuple[datetime, datetime]]:
    """Moments, a minute to ten days apart, within the days that have the changes of clocks."""
    drawn = random.Random(seed)
    found = []
    for _ in range(80):
        first_day = drawn.choice((SPRING, AUTUMN))
        start = datetime.combine(first_day, datetime.min.time(), UTC)
        # Not at a full minute, because midnight is taken for a date alone.
        created = start + timedelta(minutes=drawn.randrange(60 * 24 * 28), seconds=20)
        answered = created + timedelta(minutes=int(10 ** drawn.uniform(0, 4.15)))
        found.append((created, answered))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("business_minutes")


@example(
    {"time_zone": "Europe/Berlin", "weekend": [], "business_hours": "00:00-24:00", "holidays": []},
    1,
)
@example(
    {"time_zone": ZONES[-1], "weekend": [], "business_hours": "00:00-24:00", "holidays": []}, 2
)
@with_settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calendars, st.integers(0, 10**6))
def test_they_equal_a_naive_count(
    models: Models, folder: Path, written: dict[str, Any], seed: int
) -> None:
    settings = CompanySettings.model_validate(written)
    home = folder / f"home{len(list(folder.iterdir()))}"
    log = ChangeLogOfTest(home, settings)
    moments = pairs(seed)
    rows = [
        {
            "lead_id": str(number),
            "created_at": created.replace(tzinfo=None),
            "first_responded_at": answered.replace(tzinfo=None),
        }
        for number, (created, answered) in enumerate(moments)
    ]
    log.add("leads", datetime(2026, 1, 1, 2), rows)
    models.build(home, "+fct_lead")
    with read_warehouse(home) as warehouse:
        found = dict(
            warehouse.execute(
                "select lead_id, first_response_business_seconds from core.fct_lead"
            ).fetchall()
        )
    clock = Clock(settings, written)
    step = timedelta(minutes=1)
    for number, (created, answered) in enumerate(moments):
        minutes = int((answered - created) / step)
        # Both lie 20 seconds after a full minute.
        first, last = created - timedelta(seconds=20), answered - timedelta(seconds=20)
        seconds = sum(60 for n in range(minutes) if clock.is_open(first + n * step))
        seconds += 20 * (clock.is_open(last) - clock.is_open(first))
        assert found[str(number)] == seconds, (created, answered, written)
