"""When a deal was created and decided, where exports do not say so plainly.

Named deals stand for the kinds that real exports show: migrations, missing dates, dates ahead of the
file, closings that set their own day. Random histories then mix them all; what may be known of those
is worked out deal by deal from the definition in `docs/reference/deal-history.md`, and not by the models' steps.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

FACTS = ("+fct_opportunity_version", "+fct_opportunity")
STAGES = {"s1": (False, False), "s2": (False, False), "won": (True, True), "lost": (True, False)}
# Half an hour off the hour, so that a forgotten conversion moves many dates.
ZONE = ZoneInfo("Asia/Tehran")
LANDED = datetime(2026, 1, 10, 2)
MIGRATED = datetime(2025, 6, 1, 3)

Row = dict[str, Any]


def local_date(moment: datetime) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZONE).date()


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """First and last moment (UTC) of a day on the company's clock."""
    first, after = (
        datetime.combine(each, time(), ZONE).astimezone(UTC).replace(tzinfo=None)
        for each in (day, day + timedelta(days=1))
    )
    return first, after - timedelta(microseconds=1)


def change(deal: str, at: str | datetime, field: str, old: object, new: object) -> Row:
    return {
        "opportunity_id": deal, "changed_at": at, "field_name": field, "old_value": old,
        "new_value": new,
    }  # fmt: skip


def stage_change(deal: str, at: str | datetime, old: str | None, new: str) -> Row:
    return change(deal, at, "stage_id", old, new)


def built(
    home: Path,
    models: Models,
    deals: Sequence[Row],
    changes: Sequence[Row] = (),
    stays: Sequence[Row] = (),
    snapshots: Sequence[Row] = (),
    landed: datetime = LANDED,
    **settings: Any,
) -> Path:
    """Builds the facts of one full extract of deals and what histories came with it."""
    log = ChangeLogOfTest(home, CompanySettings(**{"time_zone": ZONE.key, **settings}))
    log.add(
        "stages",
        landed,
        [
            {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
            for name, (closed, won) in STAGES.items()
        ],
    )
    log.add("users", landed, [{"user_id": name, "user_name": name} for name in "abc"])
    log.add("opportunities", landed, deals)
    numbered = [{"history_id": str(number), **each} for number, each in enumerate(changes)]
    log.add("opportunity_field_history", landed, numbered)
    numbered = [{"stage_history_id": str(number), **each} for number, each in enumerate(stays)]
    log.add("opportunity_stage_history", landed, numbered)
    log.add("opportunity_snapshots", landed, snapshots)
    models.build(home, *FACTS)
    assert models.failing_tests(home, *FACTS) == []
    return home


def closings(home: Path) -> dict[str, list[tuple]]:
    """By deal, its episodes: created, closed and the days between them."""
    with read_warehouse(home) as warehouse:
        rows = warehouse.execute(
            "select opportunity_id, created_date, closed_date, cycle_days "
            "from core.fct_opportunity order by opportunity_id, episode"
        ).fetchall()
    return {deal: [row[1:] for row in group] for deal, group in groupby(rows, lambda row: row[0])}


def stages_on(home: Path, deal: str, *moments: str) -> list[str | None]:
    with read_warehouse(home) as warehouse:
        return [
            (
                warehouse.execute(
                    "select stage_id from core.fct_opportunity_version where opportunity_id = ? "
                    "and valid_from <= ?::timestamp and valid_to > ?::timestamp",
                    [deal, moment, moment],
                ).fetchone()
                or (None,)
            )[0]
            for moment in moments
        ]


MIGRATED_DEAL = {"opportunity_id": "d", "stage_id": "won", "created_date": "2024-02-07"}
OBSERVED_BY = {
    "rows": {
        "changes": [
            stage_change("d", MIGRATED, None, "won"),
            change("d", MIGRATED, "amount", None, "100.00"),
        ]
    },
    "stay": {"stays": [{"opportunity_id": "d", "stage_id": "won", "entered_at": MIGRATED}]},
    "snapshot": {
        "snapshots": [{"opportunity_id": "d", "stage_id": "won", "snapshot_at": MIGRATED}]
    },
    "correction": {"changes": [stage_change("d", MIGRATED, "lost", "won")]},
}
DATED_BY = {
    "own day": {"closed_date": "2024-05-17", "amount": 100},
    "last change": {"modified_at": "2024-05-17 12:00"},
    "nothing": {},
}


@pytest.fixture(scope="module")
def migrated(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each way to tell of a deal after it was closed, with each way to date the closing."""
    tables: dict[str, list[Row]] = {"deals": [], "changes": [], "stays": [], "snapshots": []}
    for observed, tells in OBSERVED_BY.items():
        for dated, dates in DATED_BY.items():
            name = {"opportunity_id": f"{observed}, {dated}"}
            tables["deals"].append({**MIGRATED_DEAL, **dates, **name})
            for table, rows in tells.items():
                tables[table] += [{**row, **name} for row in rows]
    return built(
        tmp_path_factory.mktemp("migrated"),
        models,
        tables["deals"],
        tables["changes"],
        tables["stays"],
        tables["snapshots"],
    )


class TestMigrations:
    """A history that begins with a closed stage does not tell the closing."""

    @pytest.mark.parametrize("observed", OBSERVED_BY)
    @pytest.mark.parametrize("dated", ["own day", "last change"])
    def test_the_deals_own_day_holds(self, observed: str, dated: str, migrated: Path) -> None:
        deal = f"{observed}, {dated}"
        assert closings(migrated)[deal] == [(date(2024, 2, 7), date(2024, 5, 17), 100)]
        before, after = stages_on(migrated, deal, "2024-05-17 11:00", "2024-05-18 00:00")
        assert before == "unknown"
        assert after in ("won", "lost")

    @pytest.mark.parametrize("observed", sorted(set(OBSERVED_BY) - {"snapshot"}))
    def test_without_any_day_it_was_decided_when_the_history_begins(
        self, observed: str, migrated: Path
    ) -> None:
        found = closings(migrated)[f"{observed}, nothing"]
        assert found == [(date(2024, 2, 7), local_date(MIGRATED), 480)]

    def test_what_the_first_rows_say_held_before(self, models: Models, tmp_path: Path) -> None:
        home = built(
            tmp_path,
            models,
            [{**MIGRATED_DEAL, "stage_id": "s2", "amount": 90, "owner_id": "a"}],
            changes=[
                stage_change("d", MIGRATED, None, "s1"),
                change("d", MIGRATED, "amount", None, "100.00"),
                # Not one of the first rows: there was no owner before.
                change("d", "2025-07-01", "owner_id", None, "a"),
                stage_change("d", "2025-07-01", "s1", "s2"),
                change("d", "2025-07-01", "amount", "100.00", "90.00"),
            ],
        )
        with read_warehouse(home) as warehouse:
            versions = warehouse.execute(
                "select valid_from_date, stage_id, amount, sales_rep_id "
                "from core.fct_opportunity_version order by 1"
            ).fetchall()
        assert [
            (str(day), stage, str(amount), owner) for day, stage, amount, owner in versions
        ] == [
            ("2024-02-07", "s1", "100.00", "unknown"),
            ("2025-07-01", "s2", "90.00", "a"),
        ]

    @pytest.mark.parametrize("stages", [["won"], ["s1", "won"], ["s1", "lost", "won"]])
    @pytest.mark.parametrize("created", [{"created_at": MIGRATED}, {"created_date": "2024-02-07"}])
    def test_whatever_else_it_wrote_in_that_second(
        self, stages: list[str], created: Row, models: Models, tmp_path: Path
    ) -> None:
        deal = {"opportunity_id": "d", "stage_id": "won", "closed_date": "2024-05-17", **created}
        steps = zip([None, *stages], stages, strict=False)
        changes = [stage_change("d", MIGRATED, old, new) for old, new in steps]
        home = built(tmp_path, models, [deal], changes)
        ((_, closed, cycle),) = closings(home)["d"]
        assert (closed, cycle) == (date(2024, 5, 17), 100 if "created_date" in created else None)

    def test_a_deal_reopened_after_the_migration_is_dated_by_its_transition(
        self, models: Models, tmp_path: Path
    ) -> None:
        deal = {**MIGRATED_DEAL, "closed_date": "2025-09-09"}
        home = built(
            tmp_path,
            models,
            [deal],
            changes=[
                stage_change("d", MIGRATED, None, "lost"),
                stage_change("d", "2025-07-01 12:00", "lost", "s1"),
                stage_change("d", "2025-08-01 12:00", "s1", "won"),
            ],
        )
        created = date(2024, 2, 7)
        assert closings(home) == {
            "d": [(created, date(2025, 6, 1), 480), (created, date(2025, 8, 1), 541)]
        }


class TestTheClosingsOwnDay:
    """The event that closes a deal may write the day into its close date."""

    def changes(self, *dates: tuple[str, str | None, str | None]) -> list[Row]:
        return [
            stage_change("d", "2025-02-03 12:00", None, "s1"),
            stage_change("d", "2025-09-30 21:00", "s1", "won"),
            *(change("d", at, "expected_close_date", old, new) for at, old, new in dates),
        ]

    CLOSINGS: ClassVar = {
        # It was past midnight in Tehran; whoever closed the deal set the day before.
        "set": ([("2025-09-30 21:00", "2025-09-14", "2025-09-30")], "2025-09-30"),
        "confirmed": ([("2025-09-30 21:00", "2025-09-29", "2025-09-29")], "2025-09-29"),
        "set for the first time": ([("2025-09-30 21:00", None, "2025-09-30")], "2025-09-30"),
        "emptied": ([("2025-09-30 21:00", "2025-09-30", None)], "2025-10-01"),
        "set before": ([("2025-09-30 20:59", "2025-09-14", "2025-09-30")], "2025-10-01"),
        "set after": ([("2025-10-09 21:00", "2025-09-14", "2025-09-28")], "2025-10-01"),
        "never set": ([], "2025-10-01"),
    }

    def test_only_what_the_closing_itself_set_counts(self, models: Models, tmp_path: Path) -> None:
        deals, changes = [], []
        for name, (dates, _) in self.CLOSINGS.items():
            named = {"opportunity_id": name}
            deals.append(
                {"stage_id": "won", "created_date": "2025-02-03", "closed_date": "2025-10-20"}
                | named
            )
            changes += [each | named for each in self.changes(*dates)]
        home = built(tmp_path, models, deals, changes)
        found = {name: str(episodes[-1][1]) for name, episodes in closings(home).items()}
        assert found == {name: closed for name, (_, closed) in self.CLOSINGS.items()}

    # Won on the 1st of October, as above, and lost on the 9th without being open in between.
    TURNS: ClassVar = {
        "writes none": ([], "2025-10-01"),
        "writes its day": ([("2025-10-09 10:00", "2025-10-01", "2025-10-09")], "2025-10-09"),
        "writes one after both": (
            [
                ("2025-09-30 21:00", None, "2025-09-30"),
                ("2025-10-09 10:00", "2025-09-30", "2025-10-08"),
            ],
            "2025-10-08",
        ),
        "leaves what the win wrote": ([("2025-09-30 21:00", None, "2025-09-30")], "2025-09-30"),
        "was edited before": ([("2025-10-05 10:00", None, "2025-10-04")], "2025-10-01"),
    }

    def test_a_win_that_turns_to_a_loss_is_dated_anew_by_what_it_writes(
        self, models: Models, tmp_path: Path
    ) -> None:
        deals, changes = [], []
        for name, (dates, _) in self.TURNS.items():
            named = {"opportunity_id": name}
            deals.append({"stage_id": "lost", "created_date": "2025-02-03"} | named)
            turn = stage_change("d", "2025-10-09 10:00", "won", "lost")
            changes += [each | named for each in [*self.changes(*dates), turn]]
        home = built(tmp_path, models, deals, changes)
        found = {name: str(episodes[-1][1]) for name, episodes in closings(home).items()}
        assert found == {name: closed for name, (_, closed) in self.TURNS.items()}

    def test_a_company_can_go_by_what_is_stated(self, models: Models, tmp_path: Path) -> None:
        deals, changes = [], []
        days = {"before": "2025-09-28", "after": "2025-10-20", "not": None}
        for name, stated in days.items():
            named = {"opportunity_id": name}
            deals.append(
                {"stage_id": "won", "created_date": "2025-02-03", "closed_date": stated} | named
            )
            changes += [each | named for each in self.changes()]
        home = built(tmp_path, models, deals, changes, closing_day="stated")
        found = {name: str(episodes[-1][1]) for name, episodes in closings(home).items()}
        assert found == {"before": "2025-09-28", "after": "2025-10-20", "not": "2025-10-01"}


def test_a_win_that_snapshots_show_is_no_later_than_they_are(
    models: Models, tmp_path: Path
) -> None:
    """The close date of the deal's row is that of the loss."""
    deal = {"stage_id": "lost", "closed_date": "2025-09-09", "created_date": "2025-01-01"}
    named = {"won and lost": "2025-09-09", "lost before": "2025-02-20"}
    deals = [{**deal, "opportunity_id": name, "closed_date": day} for name, day in named.items()]
    snapshots = [
        {"opportunity_id": name, "snapshot_at": at, "stage_id": stage}
        for name in named
        for at, stage in [("2025-02-23 21:00", "won"), ("2025-09-09 12:00", "lost")]
    ]
    home = built(tmp_path, models, deals, snapshots=snapshots)
    with read_warehouse(home) as warehouse:
        found = warehouse.execute(
            "select opportunity_id, stage_id, cast(closed_date as varchar) "
            "from intermediate.int_opportunity_versions_valued where is_closed order by all"
        ).fetchall()
    assert found == [
        ("lost before", "lost", "2025-02-20"),
        ("lost before", "won", "2025-02-20"),
        ("won and lost", "lost", "2025-09-09"),
        ("won and lost", "won", "2025-02-24"),
    ]


EPISODES = [
    # Changed last while it was lost, before it was reopened: that change did not win it.
    ({"modified_at": "2025-03-01"}, ["2025-01-31", "2025-09-09"]),
    ({"modified_at": "2025-05-01"}, ["2025-01-31", "2025-05-01"]),
    # A date left over from the first win is not that of the second.
    ({"closed_date": "2025-01-10"}, ["2025-01-10", "2025-09-09"]),
    ({"closed_date": "2025-09-01"}, ["2025-01-31", "2025-09-01"]),
    ({"closed_date": "2026-03-31"}, ["2025-01-31", "2026-03-31"]),
    ({"closed_at": "2025-09-09 12:00"}, ["2025-01-31", "2025-09-09"]),
]


def test_an_episode_is_not_closed_before_it_began(models: Models, tmp_path: Path) -> None:
    """Snapshots show a win, a reopening and a second win; the row has one date for both."""
    deals, snapshots = [], []
    for number, (row, _) in enumerate(EPISODES):
        named = {"opportunity_id": str(number)}
        deals.append({"stage_id": "won", "created_date": "2024-12-01", **row, **named})
        for at, stage in [("2025-01-31", "won"), ("2025-04-01", "s1"), ("2025-09-09", "won")]:
            snapshots.append({"snapshot_at": f"{at} 12:00", "stage_id": stage, **named})
    home = built(tmp_path, models, deals, snapshots=snapshots)
    found = closings(home)
    for number, (_, days) in enumerate(EPISODES):
        assert [str(closed) for _, closed, _ in found[str(number)]] == days, number
    with read_warehouse(home) as warehouse:
        moments = warehouse.execute(
            "select episode, closed_at from core.fct_opportunity where opportunity_id = '5' "
            "order by episode"
        ).fetchall()
    assert moments == [(1, None), (2, datetime(2025, 9, 9, 12))]


def test_a_date_that_is_corrected_counts_with_and_without_history(
    models: Models, tmp_path: Path
) -> None:
    """Won without a day, which is stated a night later, corrected, and then left as it is."""
    log = ChangeLogOfTest(tmp_path, CompanySettings(time_zone=ZONE.key))
    names = [{"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
             for name, (closed, won) in STAGES.items()]  # fmt: skip
    log.add("stages", LANDED, names)
    rows: list[Row] = [
        {"stage_id": "s1"}, {"stage_id": "won"}, {"stage_id": "won", "closed_date": "2026-01-11"},
        {"stage_id": "won", "closed_date": "2026-03-31"},
        {"stage_id": "won", "closed_date": "2026-03-31", "opportunity_name": "renamed"},
    ]  # fmt: skip
    for night, row in enumerate(rows):
        deals = [
            {"opportunity_id": name, "created_date": "2026-01-01", "amount": 5, **row}
            for name in ("with", "without")
        ]
        log.add("opportunities", LANDED + timedelta(days=night), deals)
    amount = {"history_id": "1", **change("with", "2026-01-05", "amount", "4.00", "5.00")}
    log.add("opportunity_field_history", LANDED, [amount])
    models.build(tmp_path, *FACTS)
    days = {deal: str(found[-1][1]) for deal, found in closings(tmp_path).items()}
    assert days == {"with": "2026-03-31", "without": "2026-03-31"}


class TestWithoutHistory:
    def test_creation_is_unknown_in_the_first_extract_and_known_later(
        self, models: Models, tmp_path: Path
    ) -> None:
        won = {"stage_id": "won", "closed_date": "2026-01-09"}
        log = ChangeLogOfTest(tmp_path, CompanySettings(time_zone=ZONE.key))
        names = [{"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won_}
                 for name, (closed, won_) in STAGES.items()]  # fmt: skip
        log.add("stages", LANDED, names)
        first = [{"opportunity_id": "always there", "stage_id": "s1"}]
        log.add("opportunities", LANDED - timedelta(days=4), first)
        deals = [
            {"opportunity_id": "always there", **won},
            {"opportunity_id": "new", **won},
            {"opportunity_id": "dated", "created_date": "2026-01-01", **won},
        ]
        log.add("opportunities", LANDED, deals)
        models.build(tmp_path, *FACTS)
        closed = date(2026, 1, 9)
        assert closings(tmp_path) == {
            "always there": [(None, closed, None)],
            # Added by the extract of the 10th, closed a day before it: no cycle below 0 days.
            "new": [(date(2026, 1, 10), closed, None)],
            "dated": [(date(2026, 1, 1), closed, 8)],
        }

    def test_a_day_ahead_is_not_moved(self, models: Models, tmp_path: Path) -> None:
        """The file carries a date alone: 10 January, and was written in the evening."""
        midnight, _ = day_bounds(date(2026, 1, 10))
        days = {"that day": "2026-01-10", "ahead": "2026-03-31", "before": "2026-01-09"}
        deals = [
            {"opportunity_id": name, "stage_id": "won", "created_date": "2026-01-02",
             "closed_date": day, "amount": 5, "currency_code": "USD"}
            for name, day in days.items()
        ]  # fmt: skip
        home = built(tmp_path, models, deals, landed=midnight)
        assert {deal: str(found[0][1]) for deal, found in closings(home).items()} == days
        with read_warehouse(home) as warehouse:
            won_from = dict(
                warehouse.execute(
                    "select opportunity_id, cast(valid_from_date as varchar) "
                    "from core.fct_opportunity_version where is_closed"
                ).fetchall()
            )
        assert won_from == {
            "that day": "2026-01-10", "ahead": "2026-01-09", "before": "2026-01-09",
        }  # fmt: skip

    def test_a_deal_merged_into_itself_counts(self, models: Models, tmp_path: Path) -> None:
        merged = {"itself": "itself", "away": "itself", "not at all": None}
        deals = [
            {"opportunity_id": name, "stage_id": "won", "closed_date": "2026-01-02",
             "merged_into_id": into}
            for name, into in merged.items()
        ]  # fmt: skip
        home = built(tmp_path, models, deals)
        with read_warehouse(home) as warehouse:
            counted = warehouse.execute(
                "select opportunity_id from core.fct_opportunity where not is_excluded order by 1"
            ).fetchall()
        assert counted == [("itself",), ("not at all",)]


@dataclass(frozen=True)
class Course:
    """What became of a deal, and what the CRM still knows of it.

    Attributes:
        stages: Moment and stage, one a second; the first is the creation.
        observed_since: From when on changes were written down; NEVER where none were.
        begins_with_rows: Whether the first of them say how the deal stood, from nothing.
        sets_day: Whether the closing writes the day before into the close date.
        has_created: Whether the CRM knows the creation.
        stated: The day that the CRM states for the closing.
        modified: When the row was changed last.
        owner: Its owner, or nobody.
    """

    stages: list[tuple[datetime, str]]
    observed_since: datetime
    begins_with_rows: bool
    sets_day: bool
    has_created: bool
    stated: date | None
    modified: datetime
    owner: str | None

    @property
    def created(self) -> datetime:
        return self.stages[0][0]

    @property
    def observed(self) -> list[tuple[datetime, str | None, str]]:
        """Moment, old and new stage of each change of stage that was written down."""
        begin = max(self.observed_since, self.created)
        past = [stage for at, stage in self.stages if at <= begin]
        steps = [
            (at, old, new)
            for (_, old), (at, new) in pairwise(self.stages)
            if at > begin and old != new
        ]
        if self.begins_with_rows and begin < LANDED:
            return [(begin, None, past[-1]), *steps]
        return list(steps)

    def rows(self, deal: str, dice: random.Random) -> list[Row]:
        """The history; some changes are typed twice within a second, of which the last holds."""
        rows = []
        for at, old, new in self.observed:
            if old is not None and dice.random() < 0.2:
                typed = dice.choice([stage for stage in STAGES if stage != old])
                rows += [stage_change(deal, at, old, typed), stage_change(deal, at, typed, new)]
            else:
                rows.append(stage_change(deal, at, old, new))
            if self.sets_day and old and not STAGES[old][0] and STAGES[new][0]:
                day = local_date(at) - timedelta(days=1)
                rows.append(change(deal, at, "expected_close_date", None, day))
        return rows

    def deal(self, deal: str) -> Row:
        return {
            "opportunity_id": deal,
            "stage_id": self.stages[-1][1],
            "owner_id": self.owner,
            "created_at": self.created if self.has_created else None,
            "closed_date": self.stated,
            "modified_at": self.modified,
            "amount": 10,
        }


NEVER = datetime(9999, 1, 1)


def play(seed: int, deals: int) -> dict[str, Course]:
    dice = random.Random(seed)
    return {f"d{number:03}": _course(dice) for number in range(deals)}


def _course(dice: random.Random) -> Course:
    moment = datetime(2024, 1, 1) + timedelta(seconds=dice.randrange(700 * 86_400))
    stages = [(moment, dice.choice(["s1", "s1", "s2", "won"]))]
    for _ in range(dice.randrange(6)):
        moment += timedelta(seconds=dice.choice([1, 60, dice.randrange(60, 120 * 86_400)]))
        if moment >= LANDED:
            break
        others = [stage for stage in STAGES if stage != stages[-1][1]]
        stages.append((moment, dice.choice(others)))
    last_closing = _last_closing(stages)
    stated = None
    if last_closing and dice.random() < 0.75:
        stated = local_date(last_closing) + timedelta(days=dice.choice([0, 0, 0, -9, 4, 50]))
    return Course(
        stages=stages,
        observed_since=dice.choice([datetime.min, MIGRATED, MIGRATED, NEVER]),
        begins_with_rows=dice.random() < 0.6,
        sets_day=dice.random() < 0.4,
        has_created=dice.random() < 0.7,
        stated=stated,
        modified=stages[-1][0] + timedelta(seconds=dice.choice([0, 0, 20 * 86_400])),
        owner=dice.choice(["a", "b", None]),
    )


def _last_closing(stages: list[tuple[datetime, str]]) -> datetime | None:
    """When the deal was last decided after it had been open, or its creation; None if it is open."""
    if not STAGES[stages[-1][1]][0]:
        return None
    found = stages[0][0]
    for (_, old), (at, new) in pairwise(stages):
        if STAGES[new][0] and not STAGES[old][0]:
            found = at
    return found


@dataclass
class Oracle:
    """What may be known of a deal, from its row and its history alone."""

    course: Course

    def own_decision(self) -> datetime:
        """The moment by which a closed deal was decided, by its row alone."""
        course = self.course
        if course.stated:
            return min(day_bounds(course.stated)[1], LANDED)
        created = local_date(course.created) if course.has_created else date.min
        if course.modified <= LANDED and local_date(course.modified) >= created:
            return course.modified
        return LANDED

    def own_day(self) -> date:
        return self.course.stated or local_date(self.own_decision())

    def begin(self) -> datetime:
        if self.course.has_created:
            return self.course.created
        is_closed = STAGES[self.course.stages[-1][1]][0]
        begin = self.own_decision() if is_closed else LANDED
        observed = self.course.observed
        return min(begin, observed[0][0]) if observed else begin

    def timeline(self) -> list[tuple[datetime, str, date | None]]:
        """From when on the deal stood in which stage, and the day of a closing that begins then."""
        course, observed = self.course, self.course.observed
        now = course.stages[-1][1]
        is_closed = STAGES[now][0]
        begin, own = self.begin(), self.own_decision()
        if not observed:
            if not is_closed:
                return [(begin, now, None)]
            unknown = [(begin, "unknown", None)] if begin < own else []
            return [*unknown, (own, now, self.own_day())]
        at, old, new = observed[0]
        first = old or new
        steps: list[tuple[datetime, str, date | None]] = [(begin, first, None)]
        if STAGES[first][0]:
            steps = [(begin, "unknown", None)]
            if is_closed and own < at:
                moment = min(max(begin, own), at - timedelta(microseconds=1))
                steps = [each for each in steps if each[0] < moment]
                steps.append((moment, first, self.own_day()))
            elif old:
                moment = at - timedelta(microseconds=1)
                steps = [each for each in steps if each[0] < moment]
                steps.append((moment, first, local_date(moment)))
        for at, old, new in observed:
            stood = steps[-1][1]
            day = None
            if STAGES[new][0] and (stood == "unknown" or not STAGES[stood][0]):
                sets = course.sets_day and old is not None and not STAGES[old][0]
                day = local_date(at) - timedelta(days=1) if sets else local_date(at)
            steps.append((at, new, day))
        return steps

    def closing_days(self) -> list[date]:
        """The day of each time that the deal was decided after it had been open."""
        return [day for _, _, day in self.timeline() if day]

    def cycles(self) -> list[Decimal | None]:
        """The days from creation to each closing, with their fraction where a history tells it."""
        course = self.course
        observed_at = {at for at, _, _ in course.observed}
        # A closed stage that the first change leaves had been closed by then.
        observed_at |= {at - timedelta(microseconds=1) for at, old, _ in course.observed[:1] if old}
        found: list[Decimal | None] = []
        for at, _, day in self.timeline():
            if day is None:
                continue
            days = (day - local_date(course.created)).days
            seconds = (at - course.created) // timedelta(seconds=1)
            if not course.has_created or days < 0:
                found.append(None)
            elif at not in observed_at or day != local_date(at) or seconds < 0:
                found.append(Decimal(days))
            else:
                found.append(Decimal((seconds * 1_000_000 + 43_200) // 86_400).scaleb(-6))
        return found

    def stage_at(self, moment: datetime) -> str | None:
        steps = self.timeline()
        place = bisect_right([at for at, _, _ in steps], moment)
        return steps[place - 1][1] if place else None


@pytest.fixture(scope="module")
def courses() -> dict[str, Course]:
    return play(seed=8, deals=500)


@pytest.fixture(scope="module")
def home(courses, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dice = random.Random(9)
    changes = [row for deal, course in courses.items() for row in course.rows(deal, dice)]
    # Histories come in any order; ids say which of one second came first.
    deals = [course.deal(deal) for deal, course in courses.items()]
    dice.shuffle(deals)
    return built(tmp_path_factory.mktemp("courses"), models, deals, changes)


@pytest.fixture
def warehouse(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_warehouse(home) as connection:
        yield connection


class TestRandomHistories:
    def test_every_kind_is_there(self, courses: dict[str, Course]) -> None:
        kinds = [
            (
                course.observed_since,
                course.begins_with_rows,
                course.has_created,
                course.stated is None,
                STAGES[course.stages[-1][1]][0],
            )
            for course in courses.values()
        ]
        assert len(set(kinds)) >= 32

    def test_closing_days_and_episodes(self, courses: dict[str, Course], home: Path) -> None:
        found = {
            deal: [closed for _, closed, _ in episodes if closed]
            for deal, episodes in closings(home).items()
        }
        expected = {deal: Oracle(course).closing_days() for deal, course in courses.items()}
        assert found == expected

    def test_cycles_are_those_of_known_creations(
        self, courses: dict[str, Course], home: Path
    ) -> None:
        lengths = []
        for deal, episodes in closings(home).items():
            created = local_date(courses[deal].created) if courses[deal].has_created else None
            assert {found for found, _, _ in episodes} == {created}
            cycles = [cycle for _, closed, cycle in episodes if closed]
            assert cycles == Oracle(courses[deal]).cycles(), deal
            lengths += [cycle for cycle in cycles if cycle is not None]
        assert sum(length % 1 != 0 for length in lengths) > 50
        assert sum(length % 1 == 0 for length in lengths) > 50

    def test_what_a_deal_was_at_any_moment(self, courses: dict[str, Course], warehouse) -> None:
        dice = random.Random(10)
        asked = []
        for deal, course in courses.items():
            steps = [at for at, _, _ in Oracle(course).timeline()]
            span = int((LANDED - course.created).total_seconds())
            moments = [course.created + timedelta(seconds=dice.randrange(span)) for _ in range(4)]
            moments += steps
            asked += [(deal, at) for at in moments if at < LANDED]
        warehouse.execute(
            "create or replace temp table asked as select unnest(?) as deal, unnest(?) as moment",
            [[deal for deal, _ in asked], [at for _, at in asked]],
        )
        found = warehouse.execute(
            "select deal, moment, versions.stage_id from asked "
            "left join core.fct_opportunity_version as versions on opportunity_id = deal "
            "and valid_from <= moment and valid_to > moment"
        ).fetchall()
        assert len(found) == len(asked)
        wrong = [
            (deal, at, stage, expected)
            for deal, at, stage in found
            if stage != (expected := Oracle(courses[deal]).stage_at(at))
        ]
        assert wrong == []

    def test_owners_and_the_lack_of_one(self, courses: dict[str, Course], warehouse) -> None:
        found = warehouse.execute(
            "select distinct opportunity_id, sales_rep_id from core.fct_opportunity"
        ).fetchall()
        assert dict(found) == {deal: c.owner or "unknown" for deal, c in courses.items()}
