"""The stays of random leads in their statuses, worked out lead by lead from what their systems told.

The oracle walks through the rows of one lead: the history where there is one, what nights showed after it, and
asks for each stay whose the lead was on its first day. It knows no SQL and no intervals of versions.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

ZONE = ZoneInfo("Europe/Berlin")
UTC = ZoneInfo("UTC")
FIRST_MOMENT = datetime(2026, 1, 1)
# Clocks change on 29 March.
NIGHTS = tuple(datetime(2026, month, day, 2) for month, day in ((2, 1), (2, 2), (2, 20), (3, 30), (4, 2)))  # fmt: skip
TODAY = NIGHTS[-1].date()
STATUSES = ("new", "called", "good", "bad", "nurture")
STEPS = {"new": "new", "called": "working", "good": "qualified", "bad": "disqualified", "nurture": "recycled"}  # fmt: skip
# Ann moves in the third night.
TEAMS = {"ann": ("east", "east", "west", "west", "west"), "bob": ("south",) * 5}
OWNERS = ("ann", "bob", "web-queue", None)
Row = dict[str, Any]


@dataclass
class Lead:
    """What the CRM told of a lead: its history, and what each night showed of it."""

    lead_id: str
    created_at: datetime
    history: list[Row] = field(default_factory=list)
    nights: dict[int, Row] = field(default_factory=dict)


@dataclass
class Mark:
    """A day, and the moment if one is known, from which a lead was in a status."""

    day: date
    moment: datetime | None
    status: str | None
    owner: str | None
    known_by: str
    is_start_known: bool = True


def local_day(moment: datetime) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZONE).date()


def time_of_day(moment: datetime) -> datetime | None:
    """Gives a moment, unless it is a midnight, which is a day that somebody wrote as a moment."""
    local = moment.replace(tzinfo=UTC).astimezone(ZONE)
    return None if time() in (moment.time(), local.time()) else moment


def draw(seed: int) -> list[Lead]:
    """Draws leads of which histories tell all, a part, or nothing."""
    drawn = random.Random(seed)

    def moment(first: datetime, last: datetime) -> datetime:
        seconds = drawn.randrange(1, int((last - first).total_seconds()))
        at = first + timedelta(seconds=seconds)
        return datetime.combine(at.date(), time()) if drawn.random() < 0.1 else at

    leads = []
    for number in range(60):
        lead = Lead(f"l{number}", moment(FIRST_MOMENT, NIGHTS[-2]))
        is_told = drawn.random() < 0.6
        told_until = moment(NIGHTS[1], NIGHTS[-1] + timedelta(days=9))
        # Some moments lie before the creation, some after the newest extract.
        moments = sorted(
            moment(FIRST_MOMENT, NIGHTS[-1] + timedelta(days=3)) for _ in range(drawn.randrange(7))
        )
        if moments and drawn.random() < 0.4:
            moments = sorted([*moments, drawn.choice(moments)])
        status = drawn.choice(STATUSES)
        states = [(FIRST_MOMENT, status)]
        changes = []
        for at in moments:
            new = drawn.choice([each for each in STATUSES if each != status])
            changes.append(
                {
                    "lead_id": lead.lead_id, "old_lead_status_id": status, "lead_status_id": new,
                    "changed_at": at, "owner_id": drawn.choice(OWNERS),
                }
            )  # fmt: skip
            states.append((at, new))
            status = new
        if is_told:
            lead.history = [each for each in changes if each["changed_at"] <= told_until]
            # Ids say nothing of the order.
            ids = drawn.sample(range(100), len(lead.history))
            for each, one in zip(lead.history, ids, strict=True):
                each["lead_status_history_id"] = f"{lead.lead_id}-{one}"
        for night, at in enumerate(NIGHTS):
            if lead.created_at < at:
                shown = [each for since, each in states if since < at][-1]
                lead.nights[night] = {
                    "lead_id": lead.lead_id,
                    "created_at": lead.created_at,
                    "lead_status_id": None if drawn.random() < 0.1 else shown,
                    "owner_id": drawn.choice(OWNERS),
                    "is_deleted": night == len(NIGHTS) - 1 and drawn.random() < 0.1,
                }
        leads.append(lead)
    return leads


def landed(leads: list[Lead], log: ChangeLogOfTest) -> None:
    log.add(
        "lead_statuses",
        NIGHTS[0],
        [
            {
                "lead_status_id": name, "lead_status_name": name.title(),
                "lead_status_order": order, "lead_step": STEPS[name],
            }
            for order, name in enumerate(STATUSES)
        ],
    )  # fmt: skip
    teams = sorted({team for each in TEAMS.values() for team in each})
    log.add("teams", NIGHTS[0], [{"team_id": team, "team_name": team} for team in teams])
    for night, at in enumerate(NIGHTS):
        users = [
            {"user_id": name, "user_name": name, "team_id": team[night]}
            for name, team in TEAMS.items()
        ]
        log.add("users", at, users)
        log.add("leads", at, [each.nights[night] for each in leads if night in each.nights])
    # All of the history comes with the last night.
    log.add("lead_status_history", NIGHTS[-1], [row for each in leads for row in each.history])


def follows(one: Row, other: Row) -> bool:
    return one["old_lead_status_id"] == other["lead_status_id"]


def last_of_moment(changes: list[Row]) -> Row:
    """Gives the change that no other one goes on from, of those the one that is furthest on."""
    final = [each for each in changes if not any(follows(other, each) for other in changes)]
    return max(final or changes, key=lambda each: STATUSES.index(each["lead_status_id"]))


def first_of_moment(changes: list[Row]) -> Row:
    """Gives the change that goes on from no other one."""
    return next(each for each in changes if not any(follows(each, other) for other in changes))


def marks(lead: Lead) -> Iterator[Mark]:
    """Walks through what is known of a lead's statuses, in order."""
    created = local_day(lead.created_at)
    history = [row for row in lead.history if created <= local_day(row["changed_at"]) <= TODAY]
    moments = sorted({row["changed_at"] for row in history})
    by_moment = {at: [row for row in history if row["changed_at"] == at] for at in moments}
    if moments:
        before, began = time_of_day(lead.created_at), time_of_day(moments[0])
        if before is None or began is None or before < began:
            first = first_of_moment(by_moment[moments[0]])
            yield Mark(created, before, first["old_lead_status_id"], None, "creation_date")
    for at, changes in by_moment.items():
        last = last_of_moment(changes)
        yield Mark(
            local_day(at), time_of_day(at), last["lead_status_id"], last["owner_id"], "status_history"
        )  # fmt: skip
    shown: str | None = ""
    for night, row in lead.nights.items():
        day = local_day(NIGHTS[night])
        if row["lead_status_id"] != shown and (not moments or day > local_day(moments[-1])):
            yield Mark(
                max(day, created), None, row["lead_status_id"], None, "extract", night > 0
            )  # fmt: skip
        shown = row["lead_status_id"]


def rep_and_team(lead: Lead, mark: Mark) -> tuple[str, str]:
    """Says whose the lead was on the day of a mark, and where they worked then."""
    nights = [n for n, _ in enumerate(NIGHTS) if local_day(NIGHTS[n]) <= mark.day]
    owner = mark.owner
    if owner is None:
        shown = [n for n in nights if n in lead.nights] or [min(lead.nights)]
        owner = lead.nights[shown[-1]]["owner_id"]
    if owner not in TEAMS:
        return "unknown", "unknown"
    return owner, TEAMS[owner][nights[-1] if nights else 0]


def expected(lead: Lead) -> Iterator[tuple]:
    """Gives the stays of a lead."""
    changes: list[Mark] = []
    for mark in marks(lead):
        if (changes[-1].status if changes else None) != mark.status:
            changes.append(mark)
    was_recycled, number = False, 0
    for mark, after in zip(changes, [*changes[1:], None], strict=True):
        if mark.status is not None:
            number += 1
            days: float | None = ((after.day if after else TODAY) - mark.day).days
            if after and mark.moment and after.moment and mark.moment <= after.moment:
                days = (after.moment - mark.moment).total_seconds() / 86400
            if not mark.is_start_known:
                days = None
            yield (
                lead.lead_id, number, mark.status, *rep_and_team(lead, mark), mark.day,
                after.day if after else date(9999, 12, 31), after is None, mark.moment,
                mark.known_by, was_recycled, days,
            )  # fmt: skip
        was_recycled |= mark.status == "nurture"


def test_stays_are_those_of_the_definition(models: Models, tmp_path: Path):
    log = ChangeLogOfTest(tmp_path / "home", CompanySettings(time_zone=str(ZONE)))
    leads = draw(1)
    landed(leads, log)
    models.build(log.home, "+fct_lead_status")
    with read_warehouse(log.home) as warehouse:
        found = warehouse.execute(
            "select lead_id, stay_number, lead_status_id, sales_rep_id, team_id, valid_from_date, "
            "valid_to_date, is_current, entered_at, known_by, is_recycled_round, "
            "days_in_status::double from core.fct_lead_status order by lead_id, stay_number"
        ).fetchall()
    counted = [each for each in leads if not each.nights[len(NIGHTS) - 1]["is_deleted"]]
    key = sorted(row for lead in counted for row in expected(lead))
    assert [row[:-1] for row in found] == [row[:-1] for row in key]
    assert [row[-1] for row in found] == [
        None if row[-1] is None else pytest.approx(row[-1], abs=1e-6) for row in key
    ]
    # What can go wrong is there.
    kinds = Counter(row[9] for row in found)
    assert all(kinds[each] > 10 for each in ("creation_date", "status_history", "extract"))
    assert Counter(row[10] for row in found)[True] > 5
    assert Counter(row[-1] for row in found)[None] > 5
    assert len(counted) < len(leads)
