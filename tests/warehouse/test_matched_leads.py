"""Counts of leads where many of them are one person, against a count of persons in plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.home import Home
from ingestion.matching.lead_matches import match_leads

FIRST = datetime(2026, 1, 1, 9)
NIGHTS = (datetime(2026, 2, 20), datetime(2026, 3, 25))
PERSONS = 60


class Company:
    """Leads of known persons, what was done with them, and what the CRM itself has merged."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.leads: list[dict[str, Any]] = []
        self.activities: list[dict[str, Any]] = []

    def night(self, log: ChangeLogOfTest, since: datetime, until: datetime) -> None:
        hours = int((until - since).total_seconds() // 3600)
        new = [self._lead(since + timedelta(hours=self.random.randrange(hours))) for _ in range(80)]
        self.leads += new
        calls = [self._call(until) for _ in range(90)]
        self.activities += calls
        log.add("leads", until, new)
        log.add("activities", until, calls)

    def _lead(self, created: datetime) -> dict[str, Any]:
        person = self.random.randrange(PERSONS)
        letters = md5(str(person).encode()).hexdigest()
        excluded = self.random.random()
        return {
            "lead_id": f"L{self.random.randrange(10**9):09d}-{person}",
            "lead_name": f"{letters[:7]} {letters[7:15]}",
            "email": f"{letters[:14]}@persons.example",
            "created_at": created + timedelta(minutes=self.random.randrange(1, 60)),
            "owner_id": "ann",
            "is_deleted": excluded < 0.05,
            "is_duplicate": 0.05 <= excluded < 0.1,
        }

    def _call(self, until: datetime) -> dict[str, Any]:
        lead = self.random.choice(self.leads)
        minutes = int((until - lead["created_at"]).total_seconds() // 60)
        return {
            "activity_id": f"A{len(self.activities)}-{self.random.randrange(10**9)}",
            "lead_id": lead["lead_id"],
            "activity_type": self.random.choice(["call", "email", "task"]),
            "activity_status": "held",
            "direction": self.random.choice(["outgoing", "incoming"]),
            "owner_id": "ann",
            "started_at": lead["created_at"] + timedelta(minutes=self.random.randrange(minutes)),
        }

    def persons(self) -> dict[str, tuple[datetime, datetime | None]]:
        """Gives by which lead each person counts, when it was created, and the first answer."""
        of_person = defaultdict[str, list[dict[str, Any]]](list)
        for lead in self.leads:
            if not lead["is_deleted"] and not lead["is_duplicate"]:
                of_person[lead["lead_id"].partition("-")[2]].append(lead)
        found: dict[str, tuple[datetime, datetime | None]] = {}
        for leads in of_person.values():
            first = min(leads, key=lambda lead: lead["created_at"])
            ids = {lead["lead_id"] for lead in leads}
            answers = [
                call["started_at"]
                for call in self.activities
                if call["lead_id"] in ids
                and call["direction"] == "outgoing"
                and call["activity_type"] != "task"
            ]
            found[first["lead_id"]] = (first["created_at"], min(answers, default=None))
        return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_person_counts_once(models: Models, tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    log = ChangeLogOfTest(home)
    company, since = Company(seed), FIRST
    log.add("users", NIGHTS[0], [{"user_id": "ann", "user_name": "Ann", "team_id": "t"}])
    log.add("teams", NIGHTS[0], [{"team_id": "t", "team_name": "T"}])
    for night in NIGHTS:
        company.night(log, since, night)
        since = night
        match_leads(Home(home), Decimal("0.95"), f"{night:%m%d}", has_published=False)
    persons = company.persons()
    models.build(home, "+fct_lead", "+mart_lead_response", "+int_prospects")
    with read_warehouse(home) as warehouse:
        facts = warehouse.execute(
            "select lead_id, created_at, first_response_at from core.fct_lead"
        ).fetchall()
        assert {lead: (created, answer) for lead, created, answer in facts} == persons
        months = defaultdict[date, list[datetime | None]](list)
        for created, answer in persons.values():
            months[created.date().replace(day=1)].append(answer)
        counts = warehouse.execute(
            "select period_start, leads, responded_leads, untouched_leads "
            "from marts.mart_lead_response where basis = 'restated' and period_grain = 'month' "
            "and level = 'company' and leads > 0 order by all"
        ).fetchall()
        assert counts == [
            (
                month,
                len(answers),
                sum(answer is not None for answer in answers),
                sum(answer is None for answer in answers),
            )
            for month, answers in sorted(months.items())
        ]
        # Whoever touched one of a person's leads touched the person.
        prospects = warehouse.execute(
            "select count(distinct prospect_key) from intermediate.int_prospects "
            "where lead_id in (select lead_id from core.fct_lead)"
        ).fetchall()
        assert prospects == [(len(persons),)]
