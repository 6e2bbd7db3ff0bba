"""The record of each refresh: `runs/<run_id>/run.json`, and the journal that writes it.

Belongs here: what a refresh did, in numbers and names. Does not belong here: any value of any
extract, so that a record can be mailed around; and how a record is shown.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion.home import Home
from orchestration.errors import ExitCode, exit_code_of, message_of, technical_message_of

logger = logging.getLogger("salesops.refresh")

RECORD_FILE = "run.json"
# Tells this process from every other one. Its number does not: in a container each refresh has 1.
_PROCESS = secrets.token_hex(8)
_ROOM_FILE = ".room"
# Several times what a record takes.
_ROOM_BYTES = 1 << 18
TRACEBACK_FILE = "traceback.txt"
Status = Literal["running", "published", "unchanged", "failed", "partial"]


class FileEntry(BaseModel):
    """What became of one extract file."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    source: str
    table: str = Field(alias="table_name")
    file_name: str
    status: str
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    passed_over: int = 0
    emptied: int = 0
    unchanged: int = 0
    deleted: int = 0
    message: str | None = None


class QuarantineEntry(BaseModel):
    """How many records of a table were set aside, or values left empty, for one reason.

    A record may have several.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    table: str
    column: str | None
    reason: str
    rows: int


class CheckEntry(BaseModel):
    """One check that did not pass, with the keys of some rows that break its rule."""

    model_config = ConfigDict(frozen=True)

    table: str
    check: str
    severity: str
    result: str
    rows_checked: int | None = None
    rows_failed: int | None = None
    message: str | None = None
    sample: tuple[dict[str, Any], ...] = ()


class GateEntry(BaseModel):
    """What a gate found."""

    model_config = ConfigDict(frozen=True)

    gate: str
    passed: bool
    checks: int
    not_passed: tuple[CheckEntry, ...] = ()


class StepEntry(BaseModel):
    """What became of the models of one step.

    Attributes:
        built: Why each of the tables and views was built.
        skipped: How many were not, because nothing that they are made of had changed.
    """

    model_config = ConfigDict(frozen=True)

    built: dict[str, str] = {}
    skipped: int = 0


class PublishedEntry(BaseModel):
    """What was published."""

    model_config = ConfigDict(frozen=True)

    version: str
    tables: dict[str, int]
    size_bytes: int


class RunRecord(BaseModel):
    """Everything that is kept of one refresh.

    Attributes:
        status: `published`; `unchanged` where nothing was new; `failed`; `partial` for a run of
            only some assets, which publishes nothing; `running` until the end, and for ever in the
            record of a process that was killed.
        step: The newest phase.
        failed_step: The phase in which it failed.
        steps: Which models were built, and why (core, metrics).
        inputs: Fingerprint of what the marts are made from (`orchestration.run.inputs`).
        inbox: Fingerprint of names, sizes and times of the extract files that it found.
        phases: Seconds per phase, in order.
        process_id: Number of the process, for whoever looks for it.
        process_token: What tells the process from others of the same number; None in records from
            before it was kept.
    """

    run_id: str
    status: Status = "running"
    exit_code: int | None = None
    started_at: datetime
    finished_at: datetime | None = None
    seconds: float | None = None
    process_id: int
    process_token: str | None = None
    dagster_run_id: str | None = None
    step: str | None = None
    failed_step: str | None = None
    message: str | None = None
    phases: dict[str, float] = {}
    files: tuple[FileEntry, ...] = ()
    rows_appended: int = 0
    quarantined: tuple[QuarantineEntry, ...] = ()
    emptied: tuple[QuarantineEntry, ...] = ()
    gates: tuple[GateEntry, ...] = ()
    steps: dict[str, StepEntry] = {}
    published: PublishedEntry | None = None
    inputs: str | None = None
    inbox: str | None = None


def new_run_id(now: datetime | None = None) -> str:
    """Gives a run id that sorts in time order, such as `20261123T175500Z-ab12`."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def read_record(home: Home, run_id: str) -> RunRecord:
    """Reads one record.

    Raises:
        FileNotFoundError: There is no such run.
    """
    return RunRecord.model_validate_json((home.runs / run_id / RECORD_FILE).read_bytes())


def read_records(home: Home) -> Iterator[RunRecord]:
    """Reads all records, the newest first; warns of one that cannot be read and goes on."""
    for path in sorted(home.runs.glob(f"*/{RECORD_FILE}"), reverse=True):
        try:
            yield RunRecord.model_validate_json(path.read_bytes())
        except (ValueError, OSError):
            logger.warning("%s is no run record that this version can read", path)


def last_published(home: Home) -> RunRecord | None:
    """Gives the newest record of a refresh that published."""
    return next((r for r in read_records(home) if r.status == "published"), None)


def runs_since_gate(home: Home, gate: str, run_id: str) -> tuple[str, ...] | None:
    """Names the refreshes since a gate last passed, the one under way included.

    Args:
        home: The home folder.
        gate: The gate.
        run_id: The refresh under way.

    Returns:
        Their ids; None where no record tells of a refresh in which the gate passed.
    """
    since = [run_id]
    for record in read_records(home):
        if record.run_id == run_id:
            continue
        if any(entry.gate == gate and entry.passed for entry in record.gates):
            return tuple(since)
        since.append(record.run_id)
    return None


def landed_tables(home: Home, runs: Sequence[str]) -> frozenset[str]:
    """Gives schema and name of the raw tables of which these refreshes landed a file."""
    import duckdb

    with duckdb.connect(str(home.raw_db), read_only=True) as raw:
        rows = raw.execute(
            "select distinct source || '.' || table_name from landing.files "
            "where run_id in (select unnest(?)) and accepted + quarantined + deleted > 0",
            [list(runs)],
        ).fetchall()
    return frozenset({*(name for (name,) in rows), "landing.files"})


def close_dead_records(home: Home) -> None:
    """Marks refreshes that ended without a word as failed; for the one who has the lock."""
    for record in read_records(home):
        if record.status == "running" and record.process_token != _PROCESS:
            record.status = "failed"
            record.exit_code = ExitCode.UNEXPECTED
            record.message = "its process ended without a word: killed, or the machine went down"
            _write(home, record)
            _give_room_back(home.runs / record.run_id)


def note_escaped(home: Home, error: BaseException) -> None:
    """Notes an error that came past all steps in the newest record of this process, if it has one.

    A record that is still open is closed with it.

    Args:
        home: The home; this process has its lock.
        error: The error.
    """
    record = next(read_records(home), None)
    if record is None or record.process_token != _PROCESS:
        return
    if record.status == "running":
        RunJournal(home, record.run_id).fail(record.step or "start", error)
    else:
        _write_traceback(home.runs / record.run_id, error)


def quarantined_in(home: Home, run_id: str) -> tuple[QuarantineEntry, ...]:
    """Counts what a run set aside, by table, column and reason; the most frequent first."""
    return _by_reason(home, run_id, "quarantine")


def emptied_in(home: Home, run_id: str) -> tuple[QuarantineEntry, ...]:
    """Counts the values that a run left empty in the same way."""
    return _by_reason(home, run_id, "emptied")


def _by_reason(home: Home, run_id: str, table: str) -> tuple[QuarantineEntry, ...]:
    import duckdb

    with duckdb.connect(str(home.raw_db), read_only=True) as raw:
        rows = raw.execute(
            f"select source, table_name, column_name, reason, count(*) from landing.{table} "
            "where run_id = ? group by all order by 5 desc, 1, 2, 3 nulls first, 4",
            [run_id],
        ).fetchall()
    return tuple(
        QuarantineEntry(source=source, table=table, column=column, reason=reason, rows=number)
        for source, table, column, reason, number in rows
    )


class RunJournal:
    """Writes the record of one refresh while it goes on, so that a crash leaves what is known.

    Args:
        home: The home folder.
        run_id: The run; a record that this process has begun is carried on.
        started: `time.time()` at which the work began.
    """

    def __init__(self, home: Home, run_id: str, started: float | None = None) -> None:
        self._home = home
        try:
            self.record = read_record(home, run_id)
        except (FileNotFoundError, ValueError):
            self.record = RunRecord(
                run_id=run_id,
                started_at=datetime.fromtimestamp(started or time.time(), UTC),
                process_id=os.getpid(),
                process_token=_PROCESS,
            )
            _keep_room(self.folder)
            self.save()

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._home.runs / self.record.run_id

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[None]:
        """Times a phase and notes why it failed, if it does.

        Args:
            name: Name in the record, such as `core_gate`.
            title: What is said of it while it goes on, such as "Checking the star schema".
        """
        began = time.monotonic()
        try:
            self.record.step = name
            self.save()
            # Who stops the refresh upon this line stops this phase, not the one before it.
            logger.info(title, extra={"phase": name})
            yield
        except GeneratorExit:
            # Dagster lets a step go because of something outside it, and says itself what that was.
            raise
        except BaseException as error:
            self.fail(name, error)
            raise
        finally:
            self.record.phases[name] = round(time.monotonic() - began, 3)
            self._save_if_possible()

    def fail(self, step: str, error: BaseException) -> None:
        """Notes that the refresh failed; the first failure counts.

        It raises nothing: what made the refresh fail may keep the record from being written too.
        """
        if self.record.status == "failed":
            return
        self.record.failed_step = step
        self.record.status = "failed"
        self.record.exit_code = exit_code_of(error)
        self.record.message = message_of(error)
        self._note_end()
        self._save_if_possible()
        _give_room_back(self.folder)
        _write_traceback(self.folder, error)

    def finish(self, status: Status, message: str) -> None:
        """Notes that the refresh came to an end without failing."""
        self.record.status = status
        self.record.exit_code = ExitCode.OK
        self.record.message = message
        self._note_end()
        self.save()
        _give_room_back(self.folder)

    def save(self) -> None:
        """Writes the record as it stands.

        Raises:
            OSError: It cannot be written, and the room kept for it does not help.
        """
        try:
            _write(self._home, self.record)
        except OSError:
            if not (self.folder / _ROOM_FILE).exists():
                raise
            _give_room_back(self.folder)
            _write(self._home, self.record)

    def close(self) -> None:
        """Notes when the refresh ended."""
        self._note_end()
        self._save_if_possible()

    def _save_if_possible(self) -> None:
        try:
            self.save()
        except OSError as error:
            logger.warning("the run's record could not be written: %s", message_of(error))

    def _note_end(self) -> None:
        self.record.finished_at = datetime.now(UTC)
        elapsed = self.record.finished_at - self.record.started_at
        self.record.seconds = round(elapsed.total_seconds(), 3)


def _keep_room(folder: Path) -> None:
    """Takes some of the disk, to be given back when the record has to say that the disk is full."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _ROOM_FILE).write_bytes(secrets.token_bytes(_ROOM_BYTES))


def _give_room_back(folder: Path) -> None:
    with suppress(OSError):
        (folder / _ROOM_FILE).unlink(missing_ok=True)


def _write_traceback(folder: Path, error: BaseException) -> None:
    """Keeps where in the code an unexpected error came up."""
    if exit_code_of(error) != ExitCode.UNEXPECTED or not error.__traceback__:
        return
    # Lines of code only: a traceback's last line can quote a value.
    frames = "".join(traceback.format_tb(error.__traceback__))
    with suppress(OSError):
        (folder / TRACEBACK_FILE).write_text(f"{frames}{technical_message_of(error)}\n")


def _write(home: Home, record: RunRecord) -> None:
    folder = home.runs / record.run_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A reader sees the old record or the new one, never half of one.
    fresh = folder / f"{RECORD_FILE}.new"
    try:
        fresh.write_text(record.model_dump_json(indent=2) + "\n")
        fresh.replace(folder / RECORD_FILE)
    except OSError:
        # Half of it would take the room that the next attempt needs.
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
