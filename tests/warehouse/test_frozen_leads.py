"""What a period's freeze knew of its leads never changes again, and is what a warehouse of that day said."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.home import Home
from ingestion.matching.lead_matches import match_leads

FIRST_DAY = date(2026, 1, 1)
# Taken at midnight, each night speaks for the end of the day before: 5 February, 5 March and 5 April
# are freezes.
NIGHTS = tuple(
    datetime(2026, month, day)
    for month, day in ((1, 20), (1, 29), (2, 6), (2, 20), (3, 6), (3, 27), (4, 6), (4, 20))
)
FREEZES = {datetime(2026, month + 1, 6): date(2026, month, 1) for month in (1, 2, 3)}
STATUSES = {
    "open": "new", "called": "working", "yes": "responded", "taken": "accepted",
    "good": "qualified", "deal": "converted", "bad": "disqualified", "later": "recycled",
}  # fmt: skip
MONTH_ROWS = """
    select * exclude (basis) from core.fct_lead_creation
    where basis = ? and period_grain = 'month' and period_start = ? order by lead_id
"""


class RandomLeads:
    """A CRM whose users record late, correct and take back what they recorded."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._leads: dict[str, dict[str, Any]] = {}
        self._activities: dict[str, dict[str, Any]] = {}
        self._changes: list[dict[str, Any]] = []

    def night(self, log: ChangeLogOfTest, at: datetime, since: datetime) -> None:
        """Adds a night's extracts: new and changed rows, and keys that vanished."""
        vanished = [key for key in self._activities if self._chance(0.05)]
        leads = {key: self._edited(lead) for key, lead in self._leads.items() if self._chance(0.15)}
        for number in range(12):
            lead = self._new_lead(f"{at:%m%d}-{number}", since, at)
            leads[lead["lead_id"]] = lead
        self._leads |= leads
        activities = {
            key: {**row, "started_at": self._moment(FIRST_DAY, at)}
            for key, row in self._activities.items()
            if self._chance(0.1)
        }
        for number in range(15):
            activity = self._activity(f"{at:%m%d}-{number}", at)
            activities[activity["activity_id"]] = activity
        activities = {key: row for key, row in activities.items() if key not in vanished}
        self._activities = {
            key: row for key, row in (self._activities | activities).items() if key not in vanished
        }
        changes = [self._change(f"{at:%m%d}-{number}", at) for number in range(10)]
        log.add("leads", at, leads.values())
        log.add("lead_status_history", at, changes)
        log.add("activities", at, activities.values(), [{"activity_id": key} for key in vanished])

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _moment(self, since: date, until: datetime) -> datetime:
        start = datetime.combine(since, time())
        seconds = max(int((until - start).total_seconds()) - 1, 1)
        return start + timedelta(seconds=self._random.randrange(seconds))

    def _new_lead(self, lead_id: str, since: datetime, at: datetime) -> dict[str, Any]:
        # One in four is recorded later than the night after it came.
        first_day = FIRST_DAY if self._chance(0.25) else since.date()
        created = self._moment(first_day, at)
        dated = self._chance(0.1)
        return {
            "lead_id": lead_id,
            "created_at": None if dated else created,
            "created_date": created.date() if dated else None,
            "owner_id": self._random.choice(("ann", "bob", "queue")),
            "lead_status_id": self._random.choice(("open", "called")),
            "lead_source": self._random.choice(("web", "fair", None)),
        }

    def _edited(self, lead: dict[str, Any]) -> dict[str, Any]:
        field, value = self._random.choice(
            (
                ("owner_id", self._random.choice(("ann", "bob", "queue"))),
                ("lead_status_id", self._random.choice(list(STATUSES))),
                ("lead_source", "partner"),
                ("is_deleted", True),
                ("merged_into_id", "x"),
                ("is_converted", True),
                ("created_at", (lead["created_at"] or NIGHTS[0]) - timedelta(days=1)),
            )
        )
        return {**lead, field: value}

    def _activity(self, activity_id: str, at: datetime) -> dict[str, Any]:
        return {
            "activity_id": activity_id,
            "lead_id": self._random.choice(list(self._leads)),
            "activity_type": self._random.choice(("call", "email", "meeting", "task")),
            "activity_status": self._random.choice(("held", "planned", None)),
            "direction": self._random.choice(("outgoing", "incoming", None)),
            "is_automatic": self._chance(0.2),
            "owner_id": self._random.choice(("ann", "bob")),
            "started_at": self._moment(FIRST_DAY, at),
        }

    def _change(self, key: str, at: datetime) -> dict[str, Any]:
        return {
            "lead_status_history_id": key,
            "lead_id": self._random.choice(list(self._leads)),
            "lead_status_id": self._random.choice(list(STATUSES)),
            "changed_at": self._moment(FIRST_DAY, at),
        }


def rows(warehouse: duckdb.DuckDBPyConnection, basis: str, month: date) -> list[tuple]:
    return warehouse.execute(MONTH_ROWS, [basis, month]).fetchall()


class RandomPersons(RandomLeads):
    """The same of a company in which many leads are persons that it has already."""

    PERSONS = 100

    def _new_lead(self, lead_id: str, since: datetime, at: datetime) -> dict[str, Any]:
        lead = super()._new_lead(lead_id, since, at)
        return {**lead, **self._cells(self._random.randrange(self.PERSONS))}

    def _edited(self, lead: dict[str, Any]) -> dict[str, Any]:
        # Some turn out to be somebody else.
        if self._chance(0.2):
            return {**lead, **self._cells(self._random.randrange(self.PERSONS))}
        return super()._edited(lead)

    def _cells(self, person: int) -> dict[str, Any]:
        letters = md5(str(person).encode()).hexdigest()
        return {
            "lead_name": f"{letters[:6]} {letters[6:14]}",
            "email": f"{letters[:12]}@persons.example",
            "phone": self._random.choice((None, f"+1 555 {person:03d} {person:03d}1")),
        }


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", [RandomLeads, RandomPersons])
def test_a_frozen_month_stays_what_the_warehouse_of_that_day_said(
    models: Models, tmp_path: Path, kind: type[RandomLeads], seed: int
):
    home = tmp_path / "home"
    log = ChangeLogOfTest(home)
    leads = kind(seed)
    users = [{"user_id": name, "user_name": name, "team_id": name} for name in ("ann", "bob")]
    log.add("users", NIGHTS[0], users)
    log.add("teams", NIGHTS[0], [{"team_id": name, "team_name": name} for name in ("ann", "bob")])
    log.add(
        "lead_statuses",
        NIGHTS[0],
        [
            {"lead_status_id": name, "lead_status_name": name, "lead_step": step}
            for name, step in STATUSES.items()
        ],
    )
    frozen: dict[date, list[tuple]] = {}
    changed: list[date] = []
    since = datetime.combine(FIRST_DAY, time())
    for night in NIGHTS:
        leads.night(log, night, since)
        since = night
        match_leads(Home(home), Decimal("0.95"), f"{night:%m%d}", has_published=False)
        models.build(home, "+fct_lead_creation")
        with read_warehouse(home) as warehouse:
            if night in FREEZES:
                frozen[FREEZES[night]] = rows(warehouse, "restated", FREEZES[night])
            for month, known in frozen.items():
                assert rows(warehouse, "as_closed", month) == known
            changed = [
                month for month in frozen if rows(warehouse, "restated", month) != frozen[month]
            ]
    # The later nights did change what is known now.
    assert changed == list(frozen)[: len(changed)]
    assert len(changed) >= 2
    # Of persons ever fewer are new.
    fewest = 10 if kind is RandomLeads else 3
    assert all(len(known) > fewest for known in frozen.values())
