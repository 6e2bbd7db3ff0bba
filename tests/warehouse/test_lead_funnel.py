"""The funnel of random leads, worked out lead by lead from the definition, on each night and on both bases.

The oracle keeps what each night's extracts told and looks, for a day, at what had been told by then. It knows no
SQL, no intervals and no settled leads.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

pytestmark = pytest.mark.minutes(1)

FIRST_DAY = date(2026, 1, 1)
# Taken at midnight, each night speaks for the end of the day before: 5 February, 5 March and 5 April
# are freezes, the last one also of the quarter.
NIGHTS = tuple(
    datetime(2026, month, day)
    for month, day in ((1, 20), (1, 29), (2, 6), (2, 20), (3, 6), (3, 27), (4, 6), (4, 20))
)
PERIODS = {
    ("month", date(2026, 1, 1)): date(2026, 2, 5),
    ("month", date(2026, 2, 1)): date(2026, 3, 5),
    ("month", date(2026, 3, 1)): date(2026, 4, 5),
    ("month", date(2026, 4, 1)): date(2026, 5, 5),
    ("quarter", date(2026, 1, 1)): date(2026, 4, 5),
    ("quarter", date(2026, 4, 1)): date(2026, 7, 5),
    ("year", date(2026, 1, 1)): date(2027, 1, 5),
}
STATUSES = {
    "open": "new", "called": "working", "yes": "responded", "taken": "accepted",
    "good": "qualified", "deal": "converted", "bad": "disqualified", "later": "recycled",
}  # fmt: skip
REACHED = {
    "accepted": ("accepted",),
    "qualified": ("accepted", "qualified"),
    "converted": ("accepted", "qualified", "converted"),
    "disqualified": ("disqualified",),
    "recycled": ("recycled",),
}
STEPS = ("responded", "accepted", "qualified", "converted", "disqualified", "recycled", "won")
RATES = {
    "lead_response_rate": ("responded", "created"),
    "lead_acceptance_rate": ("accepted", "created"),
    "lead_qualification_rate": ("qualified", "accepted"),
    "lead_conversion_rate": ("converted", "qualified"),
    "lead_win_rate": ("won", "converted"),
    "won_lead_share": ("won", "created"),
    "lead_disqualification_rate": ("disqualified", "created"),
}
WAYS = (
    ("created", "responded"), ("created", "accepted"), ("accepted", "qualified"),
    ("qualified", "converted"), ("converted", "won"), ("created", "won"),
)  # fmt: skip
KEYS = {
    "leads": "lead_id",
    "lead_status_history": "lead_status_history_id",
    "activities": "activity_id",
    "opportunities": "opportunity_id",
}
Row = dict[str, Any]


@dataclass
class Told:
    """What nights told of one table: per key, the night's number and the row, None where it vanished."""

    rows: dict[str, list[tuple[int, Row | None]]] = field(default_factory=lambda: defaultdict(list))

    def tell(self, night: int, key: str, row: Row | None) -> None:
        self.rows[key].append((night, row))

    def known(self, night: int) -> dict[str, Row]:
        """Gives the rows that are there after a night."""
        newest = {
            key: [row for told, row in versions if told <= night][-1:]
            for key, versions in self.rows.items()
        }
        return {key: rows[0] for key, rows in newest.items() if rows and rows[0] is not None}


class RandomCrm:
    """Leads and their deals, which users enter late, correct and take back."""

    def __init__(self, seed: int, log: ChangeLogOfTest) -> None:
        self._random = random.Random(seed)
        self._log = log
        self.told = {name: Told() for name in KEYS}

    def run(self, night: int) -> None:
        """Draws a night's extracts and adds them to the change log."""
        at = NIGHTS[night]
        since = NIGHTS[night - 1] if night else datetime.combine(FIRST_DAY, time())
        changed = {
            "opportunities": self._deals(night, at),
            "leads": self._leads(night, since, at),
        }
        leads = [*self.told["leads"].known(night), *changed["leads"]]
        changed["lead_status_history"] = {
            f"h{night}-{number}": self._change(leads, at) for number in range(16)
        }
        changed["activities"] = {
            f"a{night}-{number}": self._activity(leads, at) for number in range(15)
        }
        vanished = [key for key in self.told["activities"].known(night) if self._chance(0.05)]
        for table, rows in changed.items():
            key_column = KEYS[table]
            gone = vanished if table == "activities" else []
            for key, row in rows.items():
                self.told[table].tell(night, key, row)
            for key in gone:
                self.told[table].tell(night, key, None)
            self._log.add(
                table,
                at,
                [{key_column: key, **row} for key, row in rows.items()],
                [{key_column: key} for key in gone],
            )

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _moment(self, since: datetime, until: datetime) -> datetime:
        """Draws a moment that is no midnight, which would be read as a day without a time."""
        seconds = int((until - since).total_seconds())
        drawn = since + timedelta(seconds=self._random.randrange(1, seconds))
        return drawn + timedelta(seconds=1) if drawn.time() == time() else drawn

    def _leads(self, night: int, since: datetime, at: datetime) -> dict[str, Row]:
        rows = {
            key: self._edited(row, night, at)
            for key, row in self.told["leads"].known(night).items()
            if self._chance(0.3)
        }
        for number in range(14):
            # One in four is entered later than the night after it came.
            first = datetime.combine(FIRST_DAY, time()) if self._chance(0.25) else since
            rows[f"l{night}-{number}"] = {
                "created_at": self._moment(first, at),
                "lead_source": self._random.choice(("web", "fair", None)),
                "campaign_id": self._random.choice(("c1", "c2", None)),
            }
        return rows

    def _edited(self, row: Row, night: int, at: datetime) -> Row:
        deals = list(self.told["opportunities"].known(night))
        converted = {
            "is_converted": True,
            "converted_at": self._moment(row["created_at"], at),
            "converted_opportunity_id": self._random.choice(deals),
        }
        return row | self._random.choice(
            (
                {"is_deleted": True},
                {"lead_source": "partner"},
                {"campaign_id": "c3"},
                {"is_converted": False, "converted_at": None},
                # Known to be a deal, not when: a status may tell.
                {"converted_opportunity_id": converted["converted_opportunity_id"]},
                *[converted] * 5,
            )
        )

    def _deals(self, night: int, at: datetime) -> dict[str, Row]:
        rows = {
            key: self._moved(row, at)
            for key, row in self.told["opportunities"].known(night).items()
            if self._chance(0.5)
        }
        for number in range(5):
            rows[f"d{night}-{number}"] = self._moved(
                {"stage_id": "s1", "amount": self._amount(), "created_date": FIRST_DAY}, at
            )
        return rows

    def _amount(self) -> Decimal:
        return Decimal(self._random.randrange(1, 100_000)) / 100

    def _moved(self, row: Row, at: datetime) -> Row:
        """Wins, loses, reopens, reprices or deletes a deal."""
        stage = self._random.choice(("s1", "won", "won", "lost", row["stage_id"], "deleted"))
        if stage == "deleted":
            return row | {"is_deleted": self._chance(0.5)}
        if stage == row["stage_id"]:
            return row | {"amount": self._amount()}
        # The day of the extract's eve: later than any night before.
        closed = at.date() - timedelta(days=self._random.randrange(1, 5))
        return row | {"stage_id": stage, "closed_date": None if stage == "s1" else closed}

    def _change(self, leads: list[str], at: datetime) -> Row:
        return {
            "lead_id": self._random.choice(leads),
            "lead_status_id": self._random.choice(list(STATUSES)),
            "changed_at": self._moment(datetime.combine(FIRST_DAY, time()), at),
        }

    def _activity(self, leads: list[str], at: datetime) -> Row:
        return {
            "lead_id": self._random.choice(leads),
            "activity_type": self._random.choice(("call", "email", "meeting", "task")),
            "activity_status": self._random.choice(("held", "planned")),
            "direction": self._random.choice(("outgoing", "incoming", None)),
            "is_automatic": self._chance(0.2),
            "started_at": self._moment(datetime.combine(FIRST_DAY, time()), at),
        }


@dataclass
class KnownLead:
    """What had been told of a lead by a day: whose it is, which steps it has reached, and when."""

    created: date
    members: dict[str, str]
    reached: dict[str, date | None]
    won_value: Decimal


def steps_known(told: Mapping[str, Told], night: int) -> dict[str, dict[str, date | None]]:
    """Gives what each lead is known to have reached after a night, and when."""
    end = NIGHTS[night]
    changes = told["lead_status_history"].known(night).values()
    activities = told["activities"].known(night).values()
    found: dict[str, dict[str, date | None]] = {}
    for key, row in told["leads"].known(night).items():
        if row.get("is_deleted"):
            continue
        events: dict[str, list[datetime]] = defaultdict(list)
        for change in changes:
            if change["lead_id"] == key:
                for step in REACHED.get(STATUSES[change["lead_status_id"]], ()):
                    events[step].append(change["changed_at"])
        for activity in activities:
            if activity["lead_id"] == key and is_outreach(activity):
                events["responded"].append(activity["started_at"])
        if row.get("is_converted"):
            for step in REACHED["converted"]:
                events[step].append(row["converted_at"])
        found[key] = {}
        for step, moments in events.items():
            fitting = [each for each in moments if row["created_at"] <= each < end]
            if fitting:
                found[key][step] = min(fitting).date()
    return found


def leads_known(told: Mapping[str, Told], night: int) -> Iterator[KnownLead]:
    """Gives what is known of each lead after a night."""
    leads = told["leads"].known(night)
    deals = told["opportunities"].known(night)
    steps = steps_known(told, night)
    for key, reached in steps.items():
        row = leads[key]
        value = Decimal(0)
        named = row.get("converted_opportunity_id") or ""
        deal = deals.get(named, {"is_deleted": True})
        if (
            "converted" in reached
            and not deal.get("is_deleted")
            and deal["stage_id"] == "won"
            and deal["closed_date"] >= row["created_at"].date()
        ):
            reached["won"] = deal["closed_date"]
            # Of the leads that became the deal; to name it is not enough.
            rivals = [
                (leads[other]["created_at"].date(), other)
                for other, theirs in steps.items()
                if leads[other].get("converted_opportunity_id") == named and "converted" in theirs
            ]
            if min(rivals)[1] == key:
                value = deal["amount"]
        yield KnownLead(
            created=row["created_at"].date(),
            members={
                "company": "all",
                "lead_source": row["lead_source"] or "unknown",
                "campaign": row["campaign_id"] or "unknown",
            },
            reached=reached,
            won_value=value,
        )


def is_outreach(activity: Row) -> bool:
    if activity["activity_status"] != "held" or activity["is_automatic"]:
        return False
    if activity["activity_type"] == "task":
        return False
    return activity["direction"] != "incoming"


def funnel(leads: list[KnownLead]) -> Row:
    """Works out the numbers of one row."""
    counts = {"created": len(leads)}
    counts |= {step: sum(step in each.reached for each in leads) for step in STEPS}
    row: Row = {"leads": len(leads)} | {f"{step}_leads": counts[step] for step in STEPS}
    row["won_value"] = sum((each.won_value for each in leads), Decimal(0))
    for rate, (part, whole) in RATES.items():
        row[rate] = counts[part] / counts[whole] if counts[whole] else None
    for start, end in WAYS:
        spans = []
        for each in leads:
            days = each.reached | {"created": each.created}
            first, last = days.get(start), days.get(end)
            if first and last and first <= last:
                spans.append((last - first).days)
        row[f"median_days_{start}_to_{end}"] = median(spans) if spans else None
    return row


def expected(told: Mapping[str, Told], night: int) -> dict[tuple, Row]:
    """Gives the rows of a night by basis, period, level and member."""
    today = NIGHTS[night].date() - timedelta(days=1)
    speaking_for = {each.date() - timedelta(days=1): number for number, each in enumerate(NIGHTS)}
    cells: dict[tuple, list[KnownLead]] = defaultdict(list)
    for (grain, start), frozen in PERIODS.items():
        looked_at = {"restated": night}
        if frozen <= today:
            looked_at["as_closed"] = speaking_for[frozen]
        for basis, known_night in looked_at.items():
            for lead in leads_known(told, known_night):
                if start_of(grain, lead.created) == start:
                    for level, member in lead.members.items():
                        cells[basis, grain, start, level, member].append(lead)
    return {cell: funnel(leads) for cell, leads in cells.items()}


def start_of(grain: str, day: date) -> date:
    if grain == "month":
        return day.replace(day=1)
    return day.replace(month=1 if grain == "year" else (day.month - 1) // 3 * 3 + 1, day=1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_funnel_is_that_of_the_definition_after_each_night(
    models: Models, tmp_path: Path, seed: int
):
    home = tmp_path / "home"
    log = ChangeLogOfTest(home)
    log.add(
        "lead_statuses",
        NIGHTS[0],
        [
            {"lead_status_id": name, "lead_status_name": name, "lead_step": step}
            for name, step in STATUSES.items()
        ],
    )
    log.add(
        "stages",
        NIGHTS[0],
        [
            {"stage_id": name, "stage_name": name, "is_closed": name != "s1", "is_won": name == "won"}
            for name in ("s1", "won", "lost")
        ],
    )  # fmt: skip
    crm = RandomCrm(seed, log)
    columns = [*funnel([])]
    wins = {"restated": 0, "as_closed": 0}
    shared = 0
    for night in range(len(NIGHTS)):
        crm.run(night)
        models.build(home, "+mart_lead_funnel")
        with read_warehouse(home) as warehouse:
            found = {
                row[:5]: dict(zip(columns, row[5:], strict=True))
                for row in warehouse.execute(
                    f"select basis, period_grain, period_start, level, member_id, "
                    f"{', '.join(columns)} from marts.mart_lead_funnel "
                    "where level in ('company', 'lead_source', 'campaign')"
                ).fetchall()
            }
        key = expected(crm.told, night)
        assert found.keys() == key.keys()
        for cell, row in key.items():
            assert found[cell] == pytest.approx(row), (night, cell)
            wins[cell[0]] += row["won_leads"]
        named = [
            row.get("converted_opportunity_id")
            for row in crm.told["leads"].known(night).values()
            if row.get("converted_opportunity_id")
        ]
        shared += len(named) > len(set(named))
    # Both bases have won deals, and some of them several leads became.
    assert all(number > 20 for number in wins.values())
    assert shared
