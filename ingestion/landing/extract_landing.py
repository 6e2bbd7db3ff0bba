"""The landing of one extract: all of it or nothing, in one transaction with its manifest.

Belongs here: the order of the steps for one extract, its limits, and what is noted of it. Does not
belong here: the steps themselves (`staging`, `quarantine`, `change_log`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from ingestion.contracts.raw_ddl import given_sql, quoted_table
from ingestion.contracts.system_tables import EXTRACTS, FILES, UNOBSERVED
from ingestion.contracts.tables import Column, Table
from ingestion.errors import ExtractError
from ingestion.home import Home
from ingestion.landing.emptied import why_too_many
from ingestion.landing.extract_identity import Identity, identify, of_table
from ingestion.landing.extracts import ExtractGroup, Piece, extract_id_time
from ingestion.landing.foreign_money import foreign_money
from ingestion.landing.quarantine import Quarantine, SetAside, why_refused
from ingestion.landing.read_files import ReadFiles
from ingestion.landing.staging import (
    ACCEPTED,
    STAGED,
    StagedPiece,
    Staging,
    id_sql_of_records,
    records_speak_for,
    timestamp_literal,
)
from ingestion.raw.change_log import CHANGED_ROWS, ChangeLog, Changes, FullExtract, key_hash_sql
from ingestion.raw.store import FileResult, LandedExtract, note_extracts, note_files
from ingestion.readers import format_of
from ingestion.readers.shown import short_names
from ingestion.text.sql_text import literal

# Below this many living keys a share says little: two of three branches may well close.
FEW_KEYS = 20
# Each time in a full extract is compared with the whole table; a longer history is a delta.
MAX_FULL_TIMES = 1_000
_KEPT = {
    "refuse": "records gave way to a later one of their key",
    "first": "records gave way to the first or latest one of their key",
    "last": "records gave way to the last or latest one of their key",
    "null_differing": "records were put together with the first of their key, and what differed "
    "left empty",
}
# Between what is told of a file, and how the names of unused columns begin.
NOTE_END = "; "
UNMAPPED = "columns that the mapping does not use"
_APPENDED = "_appended_rows"
_SPARSE = frozenset({"json", "jsonl"})


@dataclass(frozen=True)
class LandingContext:
    """What all extracts of a run share.

    Args:
        home: The home folder.
        connection: Open on raw.
        run_id: The refresh.
        scratch: Folder for temporary files of this run.
        calendar: First and last day of the company's calendar.
        reading: The archived files.
    """

    home: Home
    connection: duckdb.DuckDBPyConnection
    run_id: str
    scratch: Path
    calendar: tuple[date, date]
    reading: ReadFiles


def blank_result(run_id: str, piece: Piece) -> FileResult:
    """Gives the result of a file of which nothing is known but where it came from."""
    feed = piece.feed
    try:
        file_format = "rows" if feed.inline is not None else format_of(feed, piece.name)
    except ExtractError:
        file_format = None
    return FileResult(
        run_id=run_id,
        source_system=feed.source_system,
        source=feed.source,
        table_name=feed.table,
        mapping_name=feed.mapping,
        file_name=piece.name,
        sha256=piece.sha256,
        size_bytes=piece.stored.size if piece.stored else None,
        format=file_format,
        extract_id=None,
        extracted_at=piece.extracted_at,
        modified_at=piece.modified_at,
        landed_at=datetime.now(UTC),
        status="unchanged",
        feed=feed.identity,
    )


class _PartError(ExtractError):
    """One file keeps an extract of several from being landed."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(f"{part}: {message}")
        self.part = part


@dataclass
class _Outcome:
    """What the extract changed, over all times that it speaks for."""

    extract_ids: list[str] = field(default_factory=list)
    deleted: int = 0
    restated: int = 0
    rows: int = 0

    def add(self, changes: Changes) -> None:
        self.deleted += changes.deleted
        self.restated += changes.restated
        self.rows += changes.rows


class ExtractLanding:
    """The landing of one extract.

    Args:
        context: The run.
        table: The contract table.
        group: The files of the extract.
    """

    def __init__(self, context: LandingContext, table: Table, group: ExtractGroup) -> None:
        self._context = context
        self._connection = context.connection
        self._table = table
        self._group = group
        self._feed = group.feed
        self._system = group.feed.source_system
        self._log = ChangeLog(context.connection, table, self._system)
        self._mine = of_table(self._system, table)
        self._landed_at = datetime.now(UTC)
        self._is_looked_up_anew = False
        self.rows_appended = 0

    def land(self, before: ExtractGroup | None) -> list[FileResult]:
        """Lands the extract, or notes why not.

        Args:
            before: The extract of the table that came just before it in this run.

        Returns:
            What became of its files; `rows_appended` says by how many rows raw grew.
        """
        if before is not None and _is_copy(before, self._group):
            return self._known(f"has the same content and time as {before.pieces[0].name}")
        context = self._context
        identity = identify(
            self._connection, self._table, self._group, context.calendar, self._landed_at
        )
        if identity.is_known:
            return self._known(None)
        self._is_looked_up_anew = identity.is_looked_up_anew
        context.reading.begin_extract()
        staging = Staging(
            self._connection, self._table, context.scratch, context.calendar, context.reading
        )
        quarantine: Quarantine | None = None
        try:
            for piece in self._group.pieces:
                self._load(staging, piece)
            for staged in staging.pieces:
                self._check_parts(staging, staged)
            staging.find_repeated(self._feed.latest_by, self._feed.on_conflict)
            if self._feed.kind == "events":
                staging.set_aside_known_otherwise(self._system, self._id_sql(identity))
            quarantine = Quarantine(staging)
            aside = [quarantine.collect(staged) for staged in staging.pieces]
            self._check_quarantined(staging, quarantine, aside)
            return self._write(staging, quarantine, aside, identity)
        except duckdb.OutOfMemoryException as caught:
            # Its words are DuckDB's, and what it had in hand was a file's.
            what = "memory to land the file; set SALESOPS_MEMORY_LIMIT higher, such as 4GB,"
            if "max_temp_directory_size" in str(caught):
                what = "room on the home's disk, which is full, to land the file; make room there"
            refused = ExtractError(f"there is not enough {what} or export fewer columns")
            return self._refused(refused, staging, None)
        except ExtractError as refused:
            return self._refused(refused, staging, quarantine)

    def _load(self, staging: Staging, piece: Piece) -> None:
        try:
            if piece.stored is not None:
                self._context.reading.verify(piece.stored)
            for chosen in piece.lookups:
                for file in chosen.files:
                    if file.stored is not None:
                        self._context.reading.verify(file.stored)
            self._check_emptied(staging.load(piece))
        except ExtractError as refused:
            if len({part.name for part in self._group.pieces}) == 1:
                raise
            # Its other parts are refused with it, and say which one was the cause.
            raise _PartError(piece.name, refused.message) from None

    def _check_parts(self, staging: Staging, staged: StagedPiece) -> None:
        """Refuses a part without a column that another part of the extract fills."""
        absent = self._columns_that_should_be_there(staged)
        for other in staging.pieces if absent else ():
            if other is staged or other.piece.feed != staged.piece.feed:
                continue
            counts = ", ".join(f"count({given_sql(column)})" for column in absent)
            held = self._connection.execute(
                f"select {counts} from (select *, rowid as _row from {STAGED}) "
                f"where {other.in_range}"
            ).fetchone()
            for column, count in zip(absent, held or (), strict=True):
                if count:
                    raise _PartError(
                        staged.piece.name,
                        f"it lacks the column '{column.name}', which {other.piece.name}, another "
                        "part of the extract, has, so its rows would lose their values. Put the "
                        "column back or rename it to that; if parts may lack it, use a mapping "
                        f"that says `optional: true` for it (now {self._feed.where})",
                    )

    def _columns_that_should_be_there(self, staged: StagedPiece) -> list[Column]:
        """Gives contract columns that a file lacks though nobody said that it may.

        A column that the mapping calls optional itself may come and go, and JSON leaves out keys
        that hold nothing.
        """
        feed = staged.piece.feed
        if feed.columns is not None or feed.inline is not None or staged.records.format in _SPARSE:
            return []
        columns = (self._table.column(name) for name in staged.projection.absent)
        return [column for column in columns if not column.required]

    def _check_emptied(self, staged: StagedPiece) -> None:
        """Refuses a file without a column that holds values by now: all rows would lose them."""
        feed = staged.piece.feed
        absent = self._columns_that_should_be_there(staged)
        if not absent:
            return
        counts = ", ".join(f"count({given_sql(column)})" for column in absent)
        held = self._connection.execute(
            f"select {counts} from {quoted_table(self._table)} "
            f"where _source_system = {literal(self._system)}"
        ).fetchone()
        emptied = [c.name for c, count in zip(absent, held or (), strict=True) if count]
        if emptied:
            raise ExtractError(
                f"the extract lacks the column '{emptied[0]}', which earlier extracts filled, so "
                "every row would lose its value. Put the column back or rename it to that; if it "
                "is really gone, use a mapping that says `optional: true` for it (now "
                f"{feed.where})"
            )

    def _write(
        self,
        staging: Staging,
        quarantine: Quarantine,
        aside: Sequence[SetAside],
        identity: Identity,
    ) -> list[FileResult]:
        is_complete = self._is_complete(aside)
        connection = self._connection
        connection.execute("begin transaction")
        try:
            outcome = self._append(staging, quarantine, identity, is_complete)
            extract_id = outcome.extract_ids[-1] if outcome.extract_ids else None
            quarantine.write(self._context.home, self._context.run_id, self._system, extract_id)
            results = [
                self._result(staging, staged, set_aside, outcome, is_complete)
                for staged, set_aside in zip(staging.pieces, aside, strict=True)
            ]
            # Deletions belong to the extract; the first of its files tells them.
            results[0] = replace(results[0], deleted=outcome.deleted)
            results = [_with_status(result) for result in results]
            note_files(connection, results)
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
        self.rows_appended = outcome.rows
        return results

    def _is_complete(self, aside: Sequence[SetAside]) -> bool:
        """Says whether what the extract lacks can be believed to be deleted."""
        if self._feed.kind != "full" or not self._group.is_whole:
            return False
        if self._group.extracted_at is None:
            # A record that was set aside may have been for any of the times.
            return not any(part.records for part in aside)
        return not any(part.has_unreadable_key for part in aside)

    def _append(
        self,
        staging: Staging,
        quarantine: Quarantine,
        identity: Identity,
        is_complete: bool,
    ) -> _Outcome:
        self._connection.execute(f"create or replace temp table {_APPENDED} (_row bigint)")
        if self._group.extracted_at is None and self._feed.kind != "full":
            outcome = self._append_many(identity, staging)
        else:
            outcome = self._append_each(staging, quarantine, identity, is_complete)
        if not outcome.extract_ids and self._group.modified_at is not None:
            # No record said a time that can be read; that the file was read must be known still.
            moment = self._group.modified_at
            extract_id = extract_id_time(moment) + identity.tail
            note_extracts(self._connection, [self._landed(extract_id, moment, identity, False)])
        return outcome

    def _append_each(
        self,
        staging: Staging,
        quarantine: Quarantine,
        identity: Identity,
        is_complete: bool,
    ) -> _Outcome:
        """Appends each time that the extract speaks for; mostly there is one."""
        outcome = _Outcome()
        for moment, only in self._moments(staging):
            extract_id = extract_id_time(moment) + identity.tail
            staging.show_accepted(literal(extract_id), timestamp_literal(moment), only)
            held = quarantine.make_held_keys()
            full = FullExtract(extract_id, moment, held) if is_complete else None
            changes = self._append_changes(extract_id, full)
            if full is not None:
                self._check_deleted(changes)
                self._note_unobserved(extract_id, held)
            note_extracts(
                self._connection, [self._landed(extract_id, moment, identity, is_complete)]
            )
            outcome.add(changes)
            outcome.extract_ids.append(extract_id)
        return outcome

    def _id_sql(self, identity: Identity) -> str:
        """Gives the SQL of the id of the extract, or of each row where rows say their time."""
        if self._group.extracted_at is None:
            return id_sql_of_records(identity.tail)
        return literal(extract_id_time(self._group.extracted_at) + identity.tail)

    def _moments(self, staging: Staging) -> Iterator[tuple[datetime, str]]:
        """Gives the times that the extract speaks for, and the condition on rows of each."""
        if self._group.extracted_at is not None:
            yield self._group.extracted_at, "true"
            return
        times = staging.times()
        if len(times) > MAX_FULL_TIMES:
            raise ExtractError(
                f"the records speak for {len(times):,} different times; a full extract may have "
                f"{MAX_FULL_TIMES:,}. If it holds versions of rows, set `kind: delta` "
                f"({self._feed.where})"
            )
        for moment in times:
            yield moment, records_speak_for(moment)

    def _append_many(self, identity: Identity, staging: Staging) -> _Outcome:
        """Appends rows that each say their time, however many times these are."""
        staging.show_accepted(id_sql_of_records(identity.tail), "s._extracted_at_value")
        outcome = _Outcome()
        outcome.add(self._append_changes(None, None))
        self._connection.execute(
            f"insert into {quoted_table(EXTRACTS)} by name select extract_id, {self._origin()}, "
            f"{literal(self._feed.kind)} as kind, extracted_at, "
            f"{timestamp_literal(self._landed_at)} as landed_at, "
            f"{literal(identity.fingerprint)} as fingerprint, false as is_complete, "
            f"{literal(self._group.identity)} as feed from (select distinct "
            f"_extract_id as extract_id, _extracted_at as extracted_at from {ACCEPTED})"
        )
        row = self._connection.execute(f"select max(_extract_id) from {ACCEPTED}").fetchone()
        outcome.extract_ids += [row[0]] if row and row[0] else []
        return outcome

    def _append_changes(self, extract_id: str | None, full: FullExtract | None) -> Changes:
        changes = self._log.append(ACCEPTED, self._landed_at, extract_id, full)
        self._connection.execute(f"insert into {_APPENDED} select _row from {CHANGED_ROWS}")
        if self._feed.kind == "events":
            restated = self._log.restate_events(ACCEPTED, self._landed_at)
            changes = replace(changes, restated=changes.restated + restated)
        return changes

    def _landed(
        self, extract_id: str, moment: datetime, identity: Identity, is_complete: bool
    ) -> LandedExtract:
        return LandedExtract(
            extract_id=extract_id,
            source_system=self._system,
            source=self._table.source,
            table_name=self._table.name,
            kind=self._feed.kind,
            extracted_at=moment,
            landed_at=self._landed_at,
            fingerprint=identity.fingerprint,
            is_complete=is_complete,
            feed=self._group.identity,
        )

    def _note_unobserved(self, extract_id: str, held: str) -> None:
        self._connection.execute(
            f"insert into {quoted_table(UNOBSERVED)} by name select {self._origin()}, "
            f"{key_hash_sql(self._table)} as key_hash, {literal(extract_id)} as extract_id "
            f"from {held}"
        )

    def _origin(self) -> str:
        return (
            f"{literal(self._system)} as source_system, {literal(self._table.source)} as source, "
            f"{literal(self._table.name)} as table_name"
        )

    def _check_quarantined(
        self, staging: Staging, quarantine: Quarantine, aside: Sequence[SetAside]
    ) -> None:
        count = sum(part.records for part in aside)
        total = sum(staged.record_count - staged.passed_over for staged in staging.pieces)
        why = why_refused(self._feed, count, total)
        if why:
            raise ExtractError(
                f"{why}, so the file is refused. The first: {quarantine.first_reasons()}. "
                "A refresh keeps all of them in landing.quarantine"
            )
        for name, emptied, filled in quarantine.emptied_columns():
            why = why_too_many(self._feed, name, emptied, filled)
            if why:
                raise ExtractError(
                    f"{why}, so no record was landed. All of the values are in landing.emptied"
                )

    def _check_deleted(self, changes: Changes) -> None:
        limit = self._feed.max_deleted
        if changes.living < FEW_KEYS or changes.deleted <= limit * changes.living:
            return
        raise ExtractError(
            f"the extract lacks {changes.deleted:,} of {changes.living:,} keys that were there "
            f"before, so it may be cut; max_deleted allows a share of {limit:.4g}. If they are "
            f"really gone, raise max_deleted for this refresh ({self._feed.where})"
        )

    def _known(self, message: str | None) -> list[FileResult]:
        """Notes files that were landed before, with the counts of that time."""
        results = []
        for piece in self._group.pieces:
            blank = replace(blank_result(self._context.run_id, piece), message=message)
            counts = self._connection.execute(
                "select extract_id, records, quarantined, coalesce(passed_over, 0), "
                "coalesce(emptied, 0), duplicates, control_totals "
                f"from {quoted_table(FILES)} where {self._mine} and sha256 = ? "
                "and status <> 'refused' and coalesce(feed, ?) = ? "
                "order by feed is null, landed_at desc limit 1",
                [piece.sha256, piece.feed.identity, piece.feed.identity],
            ).fetchone()
            if counts is not None:
                extract, records, quarantined, passed_over, emptied, duplicates, totals = counts
                blank = replace(
                    blank,
                    extract_id=extract,
                    records=records,
                    quarantined=quarantined,
                    passed_over=passed_over,
                    emptied=emptied,
                    unchanged=records - quarantined - passed_over,
                    duplicates=duplicates,
                    control_totals=totals,
                )
            results.append(blank)
        note_files(self._connection, results)
        return results

    def _refused(
        self, refused: ExtractError, staging: Staging, quarantine: Quarantine | None
    ) -> list[FileResult]:
        """Notes files of which nothing was landed, and their rejected records if there are any."""
        loaded = {staged.piece.name: staged.record_count for staged in staging.pieces}
        results = []
        for piece in self._group.pieces:
            records = loaded.get(piece.name, 0)
            blank = blank_result(self._context.run_id, piece)
            message = refused.message
            if isinstance(refused, _PartError) and piece.name != refused.part:
                message = f"refused with another part of its extract: {message}"
            results.append(
                replace(
                    blank,
                    status="refused",
                    records=records,
                    quarantined=records,
                    message=message,
                )
            )
        connection = self._connection
        connection.execute("begin transaction")
        try:
            if quarantine is not None:
                quarantine.write(self._context.home, self._context.run_id, self._system, None)
            note_files(connection, results)
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
        return results

    def _result(
        self,
        staging: Staging,
        staged: StagedPiece,
        aside: SetAside,
        outcome: _Outcome,
        is_complete: bool,
    ) -> FileResult:
        accepted = staging.number(f"select count(*) from {_APPENDED} where {staged.in_range}")
        blank = blank_result(self._context.run_id, staged.piece)
        last = outcome.extract_ids[-1] if outcome.extract_ids else None
        return replace(
            blank,
            landed_at=self._landed_at,
            extract_id=last,
            records=staged.record_count,
            accepted=accepted,
            quarantined=aside.records,
            unchanged=staged.record_count - accepted - aside.records - staged.passed_over,
            passed_over=staged.passed_over,
            emptied=aside.emptied,
            duplicates=staging.duplicates(staged),
            control_totals=staging.control_totals(staged),
            message=NOTE_END.join(self._notes(staging, staged, outcome, is_complete)) or None,
        )

    def _notes(
        self, staging: Staging, staged: StagedPiece, outcome: _Outcome, is_complete: bool
    ) -> Iterator[str]:
        """Gives what is worth knowing about a file that landed."""
        yield from staged.records.notes
        rows = f"(select * from (select *, rowid as _row from {STAGED}) where {staged.in_range})"
        yield from foreign_money(staged.piece.feed, self._table, self._connection, rows)
        if self._is_looked_up_anew:
            yield "landed again, since a file in which it looks up values has changed"
        unmapped = staged.projection.unmapped
        if unmapped and self._feed.unmapped == "report":
            yield f"{UNMAPPED}: {short_names(unmapped)}"
        if given_up := staging.given_up(staged):
            yield f"{given_up:,} {_KEPT[self._feed.on_conflict]}"
        if not self._group.is_whole:
            yield "other full feeds of the table have no file of this time: nothing was deleted"
        elif self._feed.kind == "full" and not is_complete:
            yield "it is not known which keys all rejected records were for: nothing was deleted"
        if outcome.restated:
            yield f"arrived late: {outcome.restated:,} rows of later extracts were stated again"


def _is_copy(before: ExtractGroup, group: ExtractGroup) -> bool:
    """Says whether an extract is one file with the content of the one before it."""
    same = [
        (a.sha256, a.extracted_at, a.feed) == (b.sha256, b.extracted_at, b.feed)
        for a, b in zip(before.pieces, group.pieces, strict=False)
    ]
    return same == [True] and len(before.pieces) == len(group.pieces)


def _with_status(result: FileResult) -> FileResult:
    has_news = result.accepted or result.deleted or result.quarantined
    return replace(result, status="landed" if has_news else "unchanged")
