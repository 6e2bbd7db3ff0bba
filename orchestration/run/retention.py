"""Retention: what earlier refreshes left behind is thrown away, except the newest.

Belongs here: run records, Dagster's history of the same runs, and dbt's log. Does not belong here:
published versions (`publication`), and raw, archive and quarantine, of which nothing is ever thrown
away by itself.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.home import Home
from orchestration.run.run_records import RunRecord, read_records

if TYPE_CHECKING:
    import dagster as dg

logger = logging.getLogger("salesops.retention")

# One night of a small company writes about 0.7 MB.
DBT_LOG_BYTES = 1_000_000
_DATABASE_ENDINGS = ("", "-wal", "-shm", "-journal")


def prune_runs(home: Home, keep: int) -> list[str]:
    """Removes the folders of all but the newest runs.

    However old they are, the newest record of a refresh that published stays, and those of later
    ones that did not end well. They say what is published and what has landed since: without them
    a table that is bad for longer than records are kept would pass its gate unseen.

    Args:
        home: The home folder; the caller has its lock.
        keep: How many runs stay.

    Returns:
        The runs removed, the oldest first.
    """
    if not home.runs.is_dir():
        return []
    runs = sorted(path.name for path in home.runs.iterdir() if path.is_dir())
    kept = {record.run_id for record in _since_published(home)}
    removed = [name for name in runs[: -max(keep, 1)] if name not in kept]
    for name in removed:
        _remove(home.runs / name)
    return removed


def _since_published(home: Home) -> Iterator[RunRecord]:
    """Gives the newest record that published and the later ones of which something may be left."""
    records = list(read_records(home))
    newest = next((i for i, record in enumerate(records) if record.status == "published"), None)
    if newest is not None:
        yield from (r for r in records[: newest + 1] if r.status != "unchanged")


def prune_dagster_runs(instance: dg.DagsterInstance, home: Home, keep: int) -> list[str]:
    """Removes all but the newest runs from Dagster's history, with everything it kept of them.

    Dagster itself leaves the emptied file of a run, its results of asset checks and its output.

    Args:
        instance: Dagster's records of this home.
        home: The home folder; the caller has its lock.
        keep: How many runs stay, those still to be seen in `dagster dev` included.

    Returns:
        Dagster's ids of the runs removed.
    """
    # Files first: a run that begins meanwhile is in the list before it has one.
    files = _run_files(home)
    ids = [run.run_id for run in instance.get_runs()]
    kept, removed = ids[: max(keep, 1)], ids[max(keep, 1) :]
    for run_id in removed:
        instance.delete_run(run_id)
    _delete_check_results(instance, kept)
    for run_id in files - set(kept):
        for ending in _DATABASE_ENDINGS:
            (_run_folder(home) / f"{run_id}.db{ending}").unlink(missing_ok=True)
    output = home.dagster / "storage"
    for folder in output.iterdir() if output.is_dir() else ():
        if folder.name in removed:
            _remove(folder)
    return removed


def rotate_dbt_log(folder: Path, max_bytes: int = DBT_LOG_BYTES) -> None:
    """Begins a new log of dbt once the present one is long; the one before it stays as `.1`.

    dbt can do this itself, but keeps five more.

    Args:
        folder: dbt's log folder; no dbt is running.
        max_bytes: Size from which on a log is long.
    """
    log = folder / "dbt.log"
    if log.exists() and log.stat().st_size > max_bytes:
        log.replace(folder / "dbt.log.1")
    for older in folder.glob("dbt.log.*"):
        if older.name != "dbt.log.1":
            older.unlink(missing_ok=True)


def _run_folder(home: Home) -> Path:
    return home.dagster / "history" / "runs"


def _run_files(home: Home) -> set[str]:
    """Gives the runs of which Dagster has a file of events."""
    return {path.stem for path in _run_folder(home).glob("*-*.db")}


def _delete_check_results(instance: dg.DagsterInstance, kept: Iterable[str]) -> None:
    from dagster._core.storage.event_log import SqlEventLogStorage
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return
    with storage.index_connection() as connection:
        connection.execute(
            AssetCheckExecutionsTable.delete().where(
                AssetCheckExecutionsTable.c.run_id.not_in(list(kept))
            )
        )


def _remove(folder: Path) -> None:
    """Removes a folder; what cannot be removed is left to the next refresh."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        logger.warning("%s could not be removed: %s", folder, error.strerror)
