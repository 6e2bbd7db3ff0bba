"""Compaction: of Dagster's older runs only what its pages show of a run that ended well is kept.

Belongs here: which events of an older run are thrown away, and giving their room back. Does not
belong here: whole runs (`retention`), and how events are written (`event_log`).

Dagster notes each table up to four times a run (planned, output, materialization, check result),
and most of it twice, in the run's own file and in the index. Of a refresh that is not the newest
any more, the index has what asset pages and check results show, runs and their plans have what
Timeline, Jobs and a run's lists of assets and checks show, and the run's file its steps.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.events import DagsterEventType
from dagster._serdes import deserialize_value

from ingestion.home import Home
from orchestration.run.event_log import KeptConnectionsEventLog

logger = logging.getLogger("salesops.compaction")

# Metadata of an event that tell whether there was something new to tell of its table in that run.
IS_BUILT = "is_built"
HAS_LANDED = "has_landed"
CHECKS = "checks"
_SAYS_NEW = (IS_BUILT, HAS_LANDED, CHECKS)

_PLANS_AND_COPIES = (
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    # Its copy in the table of check results is what pages read.
    DagsterEventType.ASSET_CHECK_EVALUATION,
)
_NOT_IN_INDEX = [event.value for event in _PLANS_AND_COPIES]
_MATERIALIZATION = DagsterEventType.ASSET_MATERIALIZATION.value
_NOT_IN_RUN = [
    *_NOT_IN_INDEX,
    DagsterEventType.STEP_OUTPUT.value,
    # The index has these.
    _MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION.value,
]
# Of SQLite's usual 4 kB one event of a table fills a page, and most of it would be empty.
_INDEX_PAGE = 16_384
# A run's file has 17 tables and indexes, most of them empty, of a page each; SQLite has none less.
_RUN_PAGE = 512


def compact_dagster_runs(instance: dg.DagsterInstance, home: Home) -> None:
    """Throws away what no page shows of the runs that ended well, except the newest.

    The newest keeps every event, and so does a run that failed: from its outputs Dagster goes on
    where it stopped. One that is the last to have come to a table keeps every event, too, until
    another has come as far. A file that somebody is reading is left to the next refresh.

    Args:
        instance: Dagster's records of this home.
        home: The home folder; the caller has its lock.
    """
    folder = home.dagster / "history" / "runs"
    index = folder / "index.db"
    if not index.exists():
        return
    if isinstance(instance.event_log_storage, KeptConnectionsEventLog):
        # SQLite gives a file another form only where nobody has it open.
        instance.event_log_storage.close_files()
    has_lost = False
    for run in instance.get_runs()[1:]:
        file = folder / f"{run.run_id}.db"
        if run.status == dg.DagsterRunStatus.SUCCESS and file.exists():
            with _left_for_the_next(file):
                has_lost |= _compact_run(index, file, run.run_id)
    with _left_for_the_next(index), closing(_open(index)) as connection:
        # What goes stood between what stays: pages would remain half empty.
        if has_lost or _page_size(connection) != _INDEX_PAGE:
            _rebuild(connection, _INDEX_PAGE)


def _compact_run(index: Path, file: Path, run_id: str) -> bool:
    """Gives whether anything was thrown away."""
    with closing(_open(index)) as shared, closing(_open(file)) as own:
        is_whole = _has_any(own, _NOT_IN_RUN)
        if is_whole and _is_last_known(shared, run_id):
            return False
        if is_whole:
            # The run's own file last: where this is killed between, the next refresh does it again.
            with shared:
                _compact_index(shared, run_id)
            with own:
                own.executemany(
                    "delete from event_logs where dagster_event_type = ?",
                    [(kind,) for kind in _NOT_IN_RUN],
                )
        if _page_size(own) != _RUN_PAGE:
            _rebuild(own, _RUN_PAGE)
    return is_whole


def _is_last_known(connection: sqlite3.Connection, run_id: str) -> bool:
    """Whether a table was materialized in this run last: later ones did not come as far."""
    query = (
        "select 1 from event_logs where run_id = ?1 and dagster_event_type = ?2 and id in "
        "(select max(id) from event_logs where dagster_event_type = ?2 group by asset_key) limit 1"
    )
    return connection.execute(query, [run_id, _MATERIALIZATION]).fetchone() is not None


def _compact_index(connection: sqlite3.Connection, run_id: str) -> None:
    connection.executemany(
        "delete from event_logs where run_id = ? and dagster_event_type = ?",
        [(run_id, kind) for kind in _NOT_IN_INDEX],
    )
    # Tags are looked up in this table for partitions only, which no table here has.
    connection.execute(
        "delete from asset_event_tags "
        "where event_id in (select id from event_logs where run_id = ?)",
        [run_id],
    )
    _delete_without_news(connection, "event_logs", "event", run_id)
    _delete_without_news(connection, "asset_check_executions", "evaluation_event", run_id)


def _delete_without_news(
    connection: sqlite3.Connection, table: str, column: str, run_id: str
) -> None:
    found = connection.execute(f"select id, {column} from {table} where run_id = ?", [run_id])
    without = [(row,) for row, event in found.fetchall() if not _is_news(event)]
    connection.executemany(f"delete from {table} where id = ?", without)


def _is_news(text: str) -> bool:
    """Whether a table was built, landed or checked as an event says, or it does not say."""
    event = deserialize_value(text, dg.EventLogEntry)
    if event.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
        # It was never done.
        return False
    told = event.asset_materialization or event.asset_observation or event.asset_check_evaluation
    metadata = told.metadata if told else {}
    return all(metadata[name].value for name in _SAYS_NEW if name in metadata)


def _has_any(connection: sqlite3.Connection, kinds: Sequence[str]) -> bool:
    marks = ", ".join("?" * len(kinds))
    query = f"select 1 from event_logs where dagster_event_type in ({marks}) limit 1"
    return connection.execute(query, kinds).fetchone() is not None


def _page_size(connection: sqlite3.Connection) -> int:
    return connection.execute("pragma page_size").fetchone()[0]


def _rebuild(connection: sqlite3.Connection, page_size: int) -> None:
    """Writes a file anew in pages of another size, with nothing free between them."""
    # While it has a write-ahead log, a file's pages keep their size.
    connection.execute("pragma journal_mode = delete")
    connection.execute(f"pragma page_size = {page_size}")
    connection.execute("vacuum")
    connection.execute("pragma journal_mode = wal")


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=1)


@contextmanager
def _left_for_the_next(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        logger.info("%s keeps its size until the next refresh: %s", file, error)
