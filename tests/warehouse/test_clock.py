"""Dates of moments and starts of days, also of a company that changed its time zone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import duckdb
import pytest
from compiled_models import Models
from jinja2 import Environment
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.clock import zone_rule
from ingestion.company.settings import CompanySettings

MACROS = Path(__file__).parents[2] / "dbt_project/macros/engines/dates.sql"
ZONES = (
    "UTC", "Europe/Berlin", "Asia/Tehran", "America/New_York", "Asia/Kathmandu", "Australia/Sydney",
    "America/Sao_Paulo",
)  # fmt: skip
START, END = date(2015, 1, 1), date(2025, 1, 1)
Zones = Sequence[tuple[date, str]]


def rendered(macro: str, *arguments: str) -> str:
    """The SQL of one macro of dates on DuckDB."""

    def dispatch(name: str, _: str):
        return getattr(module, f"duckdb__{name}")

    environment = Environment()
    environment.globals.update({"return": str, "adapter": SimpleNamespace(dispatch=dispatch)})
    module = environment.from_string(MACROS.read_text(encoding="utf-8")).module
    return getattr(module, macro)(*arguments)


def begins(zones: Zones, day: date) -> datetime:
    """The moment (UTC) at which a day begins: midnight by the zone of that day."""
    zone = [name for first_day, name in zones if first_day <= day][-1]
    local = datetime.combine(day, time(), ZoneInfo(zone))
    return local.astimezone(UTC).replace(tzinfo=None)


def random_zones(rng: random.Random) -> Zones:
    days = sorted(
        {START + timedelta(days=rng.randrange(30, 3600)) for _ in range(rng.randint(1, 4))}
    )
    names = [rng.choice(ZONES) for _ in range(len(days) + 1)]
    return [(date.min, names[0]), *zip(days, names[1:], strict=True)]


@pytest.mark.parametrize("seed", range(6))
def test_a_moment_belongs_to_the_day_that_has_begun(seed: int):
    """The oracle knows nothing of rules: a day lasts from its own midnight to the next day's."""
    rng = random.Random(seed)
    zones = random_zones(rng)
    days = [START + timedelta(days=n) for n in range((END - START).days)]
    bounds = [begins(zones, day) for day in days]
    assert all(earlier < later for earlier, later in pairwise(bounds))
    near = [day for day, _ in zones[1:]] + rng.sample(days[1:-1], 60)
    rows = []
    for day in near:
        first, after = bounds[days.index(day)], bounds[days.index(day) + 1]
        inside = first + (after - first) * rng.random()
        rows += [(first, day), (after - timedelta(microseconds=1), day), (inside, day)]
    with duckdb.connect() as connection:
        connection.execute("create table settings as select ? as time_zone", [zone_rule(zones)])
        connection.execute("create table moments (moment timestamp, day date)")
        connection.executemany("insert into moments values (?, ?)", rows)
        found = connection.execute(
            f"select moment, day, {rendered('business_date', 'moment', 'settings.time_zone')}, "
            f"{rendered('start_of_day', 'day', 'settings.time_zone')}, "
            f"{rendered('end_of_day', 'day', 'settings.time_zone')} from moments cross join settings"
        ).fetchall()
    assert len(found) == len(rows)
    for moment, day, its_day, start, end in found:
        at = days.index(day)
        assert (moment, its_day) == (moment, day)
        assert (start, end) == (bounds[at], bounds[at + 1] - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("zones", "rule"),
    [
        ([(date.min, "Asia/Tehran")], "Asia/Tehran"),
        (
            [(date.min, "UTC"), (date(2023, 6, 1), "Asia/Tehran")],
            "0001-01-01 00:00:00 0001-01-01 UTC;2023-05-31 20:30:00 2023-06-01 Asia/Tehran",
        ),
        # Clocks put back: the old zone is heard up to its own midnight, which comes first.
        (
            [(date.min, "Asia/Tehran"), (date(2023, 6, 1), "Europe/Berlin")],
            "0001-01-01 00:00:00 0001-01-01 Asia/Tehran;"
            "2023-05-31 20:30:00 2023-06-01 Europe/Berlin",
        ),
    ],
)
def test_the_text_that_models_read(zones: Zones, rule: str):
    assert zone_rule(zones) == rule


def test_an_activity_has_the_date_of_the_zone_that_held(tmp_path: Path, models: Models):
    zones = [{"zone": "America/New_York"}, {"from": "2024-03-01", "zone": "Asia/Tehran"}]
    log = ChangeLogOfTest(tmp_path, CompanySettings.model_validate({"time_zone": zones}))
    moments = {
        "new york's evening": "2024-02-28 03:00:00",  # 22:00 on the 27th
        "the last evening": "2024-02-29 20:29:59",  # 15:29 in New York, before Tehran's midnight
        "the first night": "2024-02-29 20:30:00",  # 00:00 on the first in Tehran
        "tehran's night": "2024-03-05 21:00:00",  # 00:30 on the 6th
    }
    rows = [
        {"activity_id": name, "activity_type": "call", "started_at": at}
        for name, at in moments.items()
    ]
    log.add("activities", datetime(2024, 4, 1), rows)
    models.build(tmp_path, "+fct_activity")
    with read_warehouse(tmp_path) as warehouse:
        found = dict(
            warehouse.execute("select activity_id, activity_date from core.fct_activity").fetchall()
        )
    assert found == {
        "new york's evening": date(2024, 2, 27),
        "the last evening": date(2024, 2, 29),
        "the first night": date(2024, 3, 1),
        "tehran's night": date(2024, 3, 6),
    }
