"""Where a rep worked on a day: HR's word where HR has one, else the CRM's.

Random careers are played in both systems, on a clock half an hour off the hour, and looked up day by
day in Python from the extracts as they were written.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

ZONE = "Asia/Tehran"
FOREVER = date(9999, 12, 31)
OPEN_START = date(1900, 1, 1)
DAYS = [date(2026, 1, 1) + timedelta(days=count) for count in range(40)]
TEAMS = ["T1", "T2", "T3"]
# A worker whom HR names as a manager and who has no user in the CRM.
NO_USERS_WORKER = "nobody"
# Every other extract is taken at midnight in Tehran, which is of the day that ends there.
NIGHTS = [
    datetime(2026, 1, day, 20, 30) if day % 2 else datetime(2026, 1, day, 2, 0)
    for day in range(3, 31, 3)
]


@dataclass
class Position:
    """One row of HR's positions."""

    starts: date
    ends: date | None
    team: str | None
    territory: str | None
    manager: str | None
    is_primary: bool | None


def held_on(day: date, positions: list[Position]) -> Position | None:
    """Gives the last position begun by a day unless it has ended."""
    begun = [row for row in positions if row.starts <= day]
    last = max(begun, key=lambda row: row.starts, default=None)
    return last if last and (last.ends is None or day < last.ends) else None


@dataclass
class Career:
    """A person: what each CRM extract showed, and what HR has."""

    user: str
    shown: list[tuple[datetime, str | None, str | None, str | None]] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    hired: date | None = None
    left: date | None = None

    def by_the_crm(self, day: date) -> tuple[str | None, str | None, str | None]:
        """Team, territory and manager at the end of a day; the first extract reaches back."""
        last = self.shown[0]
        for shown in self.shown:
            clock = shown[0] + timedelta(hours=3, minutes=30) - timedelta(microseconds=1)
            if clock.date() <= day:
                last = shown
        return last[1:]

    def by_hr(self, day: date) -> tuple[str | None, str | None, str | None]:
        if self.hired is None or (self.left and day > self.left):
            return None, None, None
        main = [row for row in self.positions if row.is_primary is not False]
        second = [row for row in self.positions if row.is_primary is False]
        row = held_on(day, main) or held_on(day, second)
        begun = [each for each in self.positions if each.starts <= day]
        ahead = [each for each in self.positions if each.starts > day]
        is_hired = self.hired <= day
        if row is None and is_hired and ahead and not any(each in main for each in begun):
            # The first position reaches back to the day of hiring, the first main one to the end of
            # a second job before it.
            coming = min(ahead, key=lambda each: each.starts)
            row = coming if coming in main or not begun else None
        if row is None:
            return None, None, None
        return row.team, row.territory, None if row.manager == NO_USERS_WORKER else row.manager

    def on(self, day: date) -> tuple[str, str, str | None]:
        hr, crm = self.by_hr(day), self.by_the_crm(day)
        team, territory, manager = (said or other for said, other in zip(hr, crm, strict=True))
        return team or "unknown", territory or "unknown", manager


def play(seed: int) -> list[Career]:
    dice = random.Random(seed)
    careers = []
    for number in range(60):
        career = Career(f"u{number}")
        for night in NIGHTS:
            place = (
                dice.choice([*TEAMS, None]),
                dice.choice(["north", "south", None]),
                dice.choice(["u0", "u1", None]),
            )
            if not career.shown or (dice.random() < 0.25 and place != career.shown[-1][1:]):
                career.shown.append((night, *place))
        if number % 4:
            career.hired = dice.choice([date(2025, 6, 1), DAYS[8]])
            career.left = dice.choice([None, None, DAYS[32]])
            for start in sorted(dice.sample(DAYS[8:36], dice.randrange(1, 4))):
                career.positions.append(
                    Position(
                        start,
                        dice.choice([None, None, start + timedelta(days=3)]),
                        dice.choice([*TEAMS, None]),
                        dice.choice(["north", "south", None]),
                        dice.choice(["u1", "u5", NO_USERS_WORKER, None]),
                        dice.choice([True, None, False]),
                    )
                )
        careers.append(career)
    return careers


def write_reference_tables(log: ChangeLogOfTest, at: datetime) -> None:
    log.add("teams", at, [{"team_id": team, "team_name": team} for team in TEAMS])
    log.add(
        "territories",
        at,
        [{"territory_id": name, "territory_name": name} for name in ("north", "south")],
    )


def write_careers(home: Path, careers: list[Career]) -> None:
    log = ChangeLogOfTest(home, CompanySettings(time_zone=ZONE))
    write_reference_tables(log, NIGHTS[0])
    for night in NIGHTS:
        log.add(
            "users",
            night,
            [
                {
                    "user_id": career.user,
                    "user_name": career.user,
                    "employee_number": career.user,
                    "team_id": team,
                    "territory_id": territory,
                    "manager_id": manager,
                }
                for career in careers
                for at, team, territory, manager in career.shown
                if at == night
            ],
        )
    hired = [career for career in careers if career.hired]
    log.add(
        "workers",
        NIGHTS[-1],
        [
            {
                "worker_id": f"w-{career.user}",
                "worker_name": career.user,
                "employee_number": career.user,
                "hired_on": career.hired,
                "exited_on": career.left,
            }
            for career in hired
        ]
        + [{"worker_id": f"w-{NO_USERS_WORKER}", "worker_name": NO_USERS_WORKER}],
        source="hr",
    )
    log.add(
        "positions",
        NIGHTS[-1],
        [
            {
                "worker_id": f"w-{career.user}",
                "effective_from": row.starts,
                "effective_to": row.ends,
                "team_id": row.team,
                "territory_id": row.territory,
                "manager_worker_id": row.manager and f"w-{row.manager}",
                "is_primary": row.is_primary,
            }
            for career in hired
            for row in career.positions
        ],
        source="hr",
    )


def test_every_day_of_every_career_is_where_it_was_played(models: Models, tmp_path: Path):
    careers = play(seed=7)
    write_careers(tmp_path, careers)
    dimensions = ("+dim_sales_rep", "+dim_account")
    models.build(tmp_path, *dimensions)
    assert models.failing_tests(tmp_path, *dimensions) == []
    with read_warehouse(tmp_path) as warehouse:
        rows = warehouse.execute(
            "select sales_rep_id, valid_from_date, valid_to_date, team_id, territory_id, manager_id,"
            " valid_from from core.dim_sales_rep where sales_rep_id <> 'unknown'"
            " order by sales_rep_id, valid_from, valid_from_date"
        ).fetchall()
    # The last extract is of the 30th; what HR plans after that has not come yet.
    known = [day for day in DAYS if day <= date(2026, 1, 30)]
    heard_hr = 0
    for career in careers:
        versions = [row[1:] for row in rows if row[0] == career.user]
        for day in known:
            (place,) = [tuple(row[2:5]) for row in versions if row[0] <= day < row[1]]
            assert place == career.on(day), (career, day)
            team, territory, _ = career.by_the_crm(day)
            heard_hr += place[:2] != (team or "unknown", territory or "unknown")
        for _, end, *_ in versions[:-1]:
            assert end <= date(2026, 1, 30)
        if career.hired:
            for earlier, later in pairwise(versions):
                assert earlier[2:5] != later[2:5]
        else:
            assert len(versions) == len(career.shown)
        for start, *_, moment in versions[1:]:
            clock = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(ZONE))
            assert start in (clock.date(), clock.date() - timedelta(days=1))
    assert heard_hr > 300  # HR and the CRM disagree often enough to tell who was heard


DEALS = [
    ("early", "2026-01-10"),
    ("eve", "2026-01-15"),
    ("day", "2026-01-16"),
    ("late", "2026-01-28"),
]


@pytest.fixture
def company(tmp_path: Path) -> ChangeLogOfTest:
    """Ann sells in team T1 as the CRM has it; four of her deals are won in January."""
    log = ChangeLogOfTest(tmp_path)
    at = datetime(2026, 2, 1, 2)
    write_reference_tables(log, at)
    log.add(
        "users",
        at,
        [{"user_id": "ann", "user_name": "Ann", "employee_number": "7", "team_id": "T1"}],
    )
    log.add(
        "stages",
        at,
        [
            {
                "stage_id": "won",
                "stage_name": "Won",
                "stage_order": 1,
                "is_closed": True,
                "is_won": True,
            }
        ],
    )
    log.add(
        "opportunities",
        at,
        [
            {
                "opportunity_id": deal,
                "stage_id": "won",
                "owner_id": "ann",
                "amount": 10,
                "created_date": "2025-12-01",
                "closed_date": closed,
            }
            for deal, closed in DEALS
        ],
    )
    return log


def teams_of_deals(home: Path) -> dict[str, str]:
    with read_warehouse(home) as warehouse:
        return dict(
            warehouse.execute("select opportunity_id, team_id from core.fct_opportunity").fetchall()
        )


def test_a_transfer_counts_from_its_day_on_also_when_hr_tells_it_late(
    models: Models, tmp_path: Path, company: ChangeLogOfTest
):
    everything = "+fct_opportunity"
    models.build(tmp_path, everything)
    assert set(teams_of_deals(tmp_path).values()) == {"T1"}

    worker = {
        "worker_id": "W7",
        "worker_name": "Ann",
        "employee_number": "7",
        "hired_on": "2025-01-01",
    }
    first = {"worker_id": "W7", "effective_from": "2025-01-01", "team_id": "T1"}
    at = datetime(2026, 2, 1, 3)
    company.add("workers", at, [worker], source="hr")
    company.add("positions", at, [first], source="hr")
    company.add(
        "positions",
        datetime(2026, 2, 20, 3),
        [{"worker_id": "W7", "effective_from": "2026-01-16", "team_id": "T2"}],
        source="hr",
    )
    models.build(tmp_path, everything)
    assert teams_of_deals(tmp_path) == {"early": "T1", "eve": "T1", "day": "T2", "late": "T2"}
