"""Landing order does not matter: a log built in any order tells the same history.

The truth is a model in plain Python that replays extracts in the order of the times they speak
for. The log is compared as the history it tells: per key, the observations at which its content
changed. Equal histories mean equal states as of every time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.contracts.raw_ddl import create_table_sql
from ingestion.contracts.system_tables import CONFIRMATIONS, EXTRACTS, UNOBSERVED
from ingestion.contracts.tables import Column, Table
from ingestion.raw.change_log import ChangeLog, FullExtract, key_hash_sql, row_hash_sql

TABLE = Table(
    source="crm",
    name="things",
    description="Things.",
    columns=(
        Column(
            name="k", logical_type="string", description="Key.", required=True, primary_key=True
        ),
        Column(name="v", logical_type="string", description="Value."),
    ),
)
START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = ["a", "b", "c", "d"]


@dataclass(frozen=True)
class Extract:
    """An extract of a table with one value per key.

    `held` are keys that were set aside; `is_complete` is false for a full extract with a record
    whose key could not be read.
    """

    time: int
    kind: str
    rows: dict[str, str] = field(hash=False)
    held: frozenset[str] = frozenset()
    is_complete: bool = True

    @property
    def speaks_of_absence(self) -> bool:
        return self.kind == "full" and self.is_complete

    @property
    def extracted_at(self) -> datetime:
        return START + timedelta(days=self.time)

    @property
    def extract_id(self) -> str:
        return f"{self.extracted_at:%Y%m%dT%H%M%S.%fZ}-same-000000000000"


History = dict[str, list[tuple[str, str | None]]]


def model_history(extracts: list[Extract]) -> History:
    """What each key was at each observation that changed it; None stands for deleted."""
    history: History = {key: [] for key in KEYS}
    for extract in sorted(set(extracts), key=lambda e: e.extract_id):
        for key in KEYS:
            if key in extract.rows:
                content: str | None = extract.rows[key]
            elif extract.speaks_of_absence and key not in extract.held:
                content = None
            else:
                continue
            before = history[key][-1][1] if history[key] else None
            if content != before:
                history[key].append((extract.extract_id, content))
    return history


class Log:
    """A change log in memory; each example has a source system of its own in it."""

    _systems = count()

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.system = f"s{next(self._systems)}"
        self.landed: set[str] = set()

    def land(self, *extracts: Extract) -> None:
        """Lands extracts in one go; more than one only if none of them speaks of absence."""
        new = [e for e in dict.fromkeys(extracts) if e.extract_id not in self.landed]
        self.landed |= {e.extract_id for e in new}
        if new:
            self._load(new)
            full = None
            if new[0].speaks_of_absence:
                full = FullExtract(new[0].extract_id, new[0].extracted_at, "held")
            only = new[0].extract_id if len(new) == 1 else None
            ChangeLog(self.connection, TABLE, self.system).append("incoming", START, only, full)
        for extract in new:
            self._note(extract)

    def history(self) -> History:
        rows = self.connection.execute(
            "select k, _extract_id, case when _op = 'upsert' then v end from crm.things "
            "where _source_system = ? order by _extract_id",
            [self.system],
        ).fetchall()
        history: History = {key: [] for key in KEYS}
        for key, extract_id, content in rows:
            before = history[key][-1][1] if history[key] else None
            if content != before:
                history[key].append((extract_id, content))
        return history

    def _load(self, extracts: list[Extract]) -> None:
        values = [
            (key, value, e.extract_id, e.extracted_at.replace(tzinfo=None))
            for e in extracts
            for key, value in e.rows.items()
        ]
        execute = self.connection.execute
        execute(
            "create or replace temp table cells (k varchar, v varchar, _extract_id varchar, "
            "_extracted_at timestamp)"
        )
        for row in values:
            execute("insert into cells values (?, ?, ?, ?)", row)
        execute(
            f"create or replace temp table incoming as select *, rowid as _row, "
            f"{row_hash_sql(TABLE)} as _row_hash from cells"
        )
        execute("create or replace temp table held (k varchar)")
        for key in extracts[0].held:
            execute("insert into held values (?)", [key])

    def _note(self, extract: Extract) -> None:
        self.connection.execute(
            "insert into landing.extracts values (?, ?, 'crm', 'things', ?, ?, ?, '', ?, null)",
            [
                extract.extract_id,
                self.system,
                extract.kind,
                extract.extracted_at.replace(tzinfo=None),
                START.replace(tzinfo=None),
                extract.is_complete,
            ],
        )
        if extract.speaks_of_absence:
            for key in extract.held:
                self.connection.execute(
                    "insert into landing.unobserved select ?, 'crm', 'things', "
                    f"{key_hash_sql(TABLE)}, ? from (select ? as k)",
                    [self.system, extract.extract_id, key],
                )


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("create schema crm; create schema landing")
        for table in (TABLE, EXTRACTS, CONFIRMATIONS, UNOBSERVED):
            connection.execute(create_table_sql(table))
        yield connection


@st.composite
def an_extract(draw: st.DrawFn, time: int) -> Extract:
    kind = draw(st.sampled_from(["full", "full", "delta"]))
    rows = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["x", "y"])))
    is_complete = kind != "full" or draw(st.integers(0, 4)) > 0
    absent = [key for key in KEYS if key not in rows]
    held = frozenset[str]()
    if kind == "full" and is_complete and absent:
        held = draw(st.frozensets(st.sampled_from(absent)))
    return Extract(time, kind, rows, held, is_complete)


@st.composite
def extracts_and_order(draw: st.DrawFn) -> tuple[list[Extract], list[Extract]]:
    extracts = [draw(an_extract(time)) for time in range(draw(st.integers(1, 6)))]
    repeated = draw(st.lists(st.sampled_from(extracts), max_size=3))
    return extracts, draw(st.permutations([*extracts, *repeated]))


@settings(max_examples=80)
@given(extracts_and_order())
def test_any_order_and_repetition_tells_the_same_history(connection, case):
    extracts, order = case
    in_order, shuffled = Log(connection), Log(connection)
    for extract in extracts:
        in_order.land(extract)
    for extract in order:
        shuffled.land(extract)
    truth = model_history(extracts)
    assert in_order.history() == truth
    assert shuffled.history() == truth


@settings(max_examples=50)
@given(extracts_and_order())
def test_deltas_landed_together_tell_the_same_history(connection, case):
    """Rows of one file may speak for several times (`extracted_at: {column: ...}`)."""
    extracts, order = case
    log = Log(connection)
    together = [e for e in order if not e.speaks_of_absence]
    for extract in order[: len(order) // 2]:
        if extract.speaks_of_absence:
            log.land(extract)
    log.land(*together)
    for extract in order:
        log.land(extract)
    assert log.history() == model_history(extracts)


def test_in_order_landing_appends_only_changes(connection):
    log = Log(connection)
    for time, content in enumerate(["x", "x", "y", "x"]):
        log.land(Extract(time, "full", {"a": content, "b": "x"}))
    rows = connection.execute(
        "select k, v from crm.things where _source_system = ? order by k, _extract_id", [log.system]
    ).fetchall()
    assert rows == [("a", "x"), ("a", "y"), ("a", "x"), ("b", "x")]


def test_late_full_extract_deletes_until_the_next_one(connection):
    """Worked by hand: a lives on day 0 and 2; the late extract of day 1 lacks it."""
    first, late, last = (
        Extract(0, "full", {"a": "x", "b": "x"}),
        Extract(1, "full", {"b": "x"}),
        Extract(2, "full", {"a": "x", "b": "x"}),
    )
    log = Log(connection)
    for extract in (first, last, late):
        log.land(extract)
    assert log.history()["a"] == [
        (first.extract_id, "x"),
        (late.extract_id, None),
        (last.extract_id, "x"),
    ]
    assert log.history()["b"] == [(first.extract_id, "x")]


def test_late_delta_holds_only_until_a_later_delta_confirmed_the_old_content(connection):
    log = Log(connection)
    first = Extract(0, "full", {"a": "x"})
    confirming = Extract(2, "delta", {"a": "x"})
    late = Extract(1, "delta", {"a": "y"})
    for extract in (first, confirming, late):
        log.land(extract)
    assert log.history()["a"] == [
        (first.extract_id, "x"),
        (late.extract_id, "y"),
        (confirming.extract_id, "x"),
    ]


def test_key_that_was_set_aside_is_neither_deleted_nor_observed(connection):
    log = Log(connection)
    first = Extract(0, "full", {"a": "x", "b": "x"})
    holding = Extract(2, "full", {"b": "x"}, held=frozenset("a"))
    late = Extract(1, "delta", {"a": "y"})
    for extract in (first, holding, late):
        log.land(extract)
    assert log.history()["a"] == [(first.extract_id, "x"), (late.extract_id, "y")]
