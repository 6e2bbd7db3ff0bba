"""Landing: from the extract files of all sources to the change log, each file accounted for.

Belongs here: the run over all sources and tables, and its result. Does not belong here: the landing
of one extract (`extract_landing`) and the steps that it is made of.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ingestion.company.settings import CompanySettings
from ingestion.contracts.tables import Contracts, Table
from ingestion.errors import ExtractError
from ingestion.home import Home
from ingestion.landing.archive import Archive
from ingestion.landing.extract_landing import ExtractLanding, LandingContext, blank_result
from ingestion.landing.extracts import (
    ExtractGroup,
    FoundFiles,
    Piece,
    find_source_files,
    group_pieces,
    readers_by_file,
)
from ingestion.landing.read_files import ReadFiles
from ingestion.mapping.feeds import ColumnRule, Feed
from ingestion.mapping.feeds import Mapping as SourceMapping
from ingestion.mapping.read_columns import ReadColumns, columns_read
from ingestion.raw.store import FileResult, note_files, open_raw_store
from ingestion.readers.lookup_files import (
    ChosenFiles,
    LookupFile,
    chosen_files,
    find_lookup_files,
    lookup_time,
)
from ingestion.readers.shown import without_lines
from ingestion.readers.source_files import SourceFile

INLINE = "rows in the mapping"

# Files in which values are looked up, by the glob that found them.
LookupFiles = Mapping[str, Sequence[SourceFile]]

logger = logging.getLogger("salesops.landing")


@dataclass(frozen=True)
class LandingResult:
    """What a run landed.

    Args:
        run_id: The refresh.
        files: One result per file and feed.
        rows_appended: Rows that the change log grew by.
        tables: The same by (source, table), for tables that are fed.
        feeds: The feed of each result.
    """

    run_id: str
    files: tuple[FileResult, ...]
    rows_appended: int
    tables: Mapping[tuple[str, str], int]
    feeds: tuple[Feed, ...] = ()

    @property
    def refused(self) -> tuple[FileResult, ...]:
        """Files of which nothing entered raw, by feed."""
        return tuple(file for file in self.files if file.status == "refused")

    @property
    def refusals(self) -> tuple[FileResult, ...]:
        """The same with each file and reason once, however many feeds the file has."""
        told: dict[tuple[str, str, str], FileResult] = {}
        for file in self.refused:
            reason = without_lines(file.message or "")
            told.setdefault((file.mapping_name, file.file_name, reason), file)
        return tuple(told.values())


def land(
    home: Home,
    sources: Sequence[tuple[SourceMapping, Path]],
    contracts: Contracts,
    run_id: str,
    settings: CompanySettings,
) -> LandingResult:
    """Lands the extracts of all sources.

    A refused file does not stop the others; it is in the result, with the reason.

    Args:
        home: The home folder; made where it is missing.
        sources: Mappings and the folders that they read.
        contracts: Declarations of all source tables.
        run_id: The refresh.
        settings: The company's settings.

    Raises:
        ExtractError: A folder, or a file that a mapping requires, is missing; nothing was landed.
        LandingError: Raw cannot be opened or holds what its contracts do not say.
    """
    found = [
        (mapping, find_source_files(mapping, folder), find_lookup_files(mapping, folder))
        for mapping, folder in sources
    ]
    return land_files(home, found, contracts, run_id, settings, _log)


def land_files(
    home: Home,
    found: Iterable[tuple[SourceMapping, FoundFiles, LookupFiles]],
    contracts: Contracts,
    run_id: str,
    settings: CompanySettings,
    tell: Callable[[FileResult], None],
) -> LandingResult:
    """Lands files that were found already.

    Args:
        home: The home folder; made where it is missing.
        found: Mappings, their files, and those in which values are looked up.
        contracts: Declarations of all source tables.
        run_id: The refresh.
        settings: The company's settings.
        tell: Called with what became of each file, as soon as it is known.

    Raises:
        LandingError: Raw cannot be opened or holds what its contracts do not say.
    """
    home.create()
    scratch = home.scratch / run_id
    scratch.mkdir(mode=0o700, exist_ok=True)
    try:
        with open_raw_store(home, contracts, settings) as connection:
            calendar = (settings.calendar_start, settings.calendar_end)
            reading = ReadFiles(connection, scratch)
            context = LandingContext(home, connection, run_id, scratch, calendar, reading)
            run = _Run(context, contracts, tell)
            for mapping, files, lookups in found:
                run.collect(mapping, files, lookups)
            run.land_all()
            return run.result()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True)
class _Fed:
    """All feeds of one table and source system, and what was found for them."""

    table: Table
    feeds: list[Feed]
    pieces: list[Piece]


class _Run:
    """One run over all sources."""

    def __init__(
        self,
        context: LandingContext,
        contracts: Contracts,
        tell: Callable[[FileResult], None],
    ) -> None:
        self._tell = tell
        self._context = context
        self._contracts = contracts
        self._archive = Archive(context.home)
        self._fed: dict[tuple[str, str, str], _Fed] = {}
        self._files: list[tuple[Feed, FileResult]] = []
        self._appended: dict[tuple[str, str], int] = {}
        self._looked_up: set[str] = set()

    def collect(self, mapping: SourceMapping, files: FoundFiles, lookups: LookupFiles) -> None:
        """Archives the files of a mapping and sorts them by the table that they feed.

        Args:
            mapping: The mapping.
            files: Its files.
            lookups: The files in which values are looked up, by the glob that found them.
        """
        readers = readers_by_file(mapping, files)
        for index, feed in enumerate(mapping.feeds):
            key = (feed.source_system, feed.source, feed.table)
            table = self._contracts.table(feed.source, feed.table)
            fed = self._fed.setdefault(key, _Fed(table, [], []))
            # One mapping may be given for several folders.
            if feed not in fed.feeds:
                fed.feeds.append(feed)
            if feed.inline is not None:
                fed.pieces.append(_inline_piece(feed))
            for file in files.get(index, ()):
                others = (other for other in readers[file.name] if other is not feed)
                read_elsewhere = columns_read(others, self._contracts)
                piece = self._piece(feed, file, read_elsewhere, lookups)
                if piece is not None:
                    fed.pieces.append(piece)
                    self._context.reading.expect(piece)

    def land_all(self) -> None:
        """Lands every extract of every table, in the order of the times that they speak for."""
        for fed in self._fed.values():
            before: ExtractGroup | None = None
            for group in group_pieces(fed.feeds, fed.pieces):
                landing = ExtractLanding(self._context, fed.table, group)
                results = landing.land(before)
                self._note(zip(group.pieces, results, strict=True))
                if any(result.status != "refused" for result in results):
                    self._looked_up |= {
                        file.sha256
                        for piece in group.pieces
                        for chosen in piece.lookups
                        for file in chosen.files
                    }
                self._count(fed.table, landing.rows_appended)
                before = group
            self._count(fed.table, 0)
        kept = (file.sha256 for _, file in self._files if file.sha256 and file.status != "refused")
        self._archive.remove_new((*kept, *self._looked_up))

    def result(self) -> LandingResult:
        """Gives what was landed."""
        rows = sum(self._appended.values())
        return LandingResult(
            self._context.run_id,
            tuple(file for _, file in self._files),
            rows,
            dict(self._appended),
            tuple(feed for feed, _ in self._files),
        )

    def _piece(
        self,
        feed: Feed,
        file: SourceFile,
        read_elsewhere: ReadColumns,
        lookups: LookupFiles,
    ) -> Piece | None:
        """Archives one file; gives None, and notes why, if that cannot be done."""
        try:
            extracted_at = feed.time_of(file.name, file.folder_name)
            stored = self._archive.store(file)
            moment = extracted_at or stored.modified_at
            chosen = tuple(self._chosen(feed, rule, moment, lookups) for rule in feed.lookup_rules)
        except ExtractError as refused:
            piece = Piece(feed, file.name, "", None, None, None)
            blank = blank_result(self._context.run_id, piece)
            message = refused.message.removeprefix(f"{file.name}: ")
            result = replace(blank, sha256=None, status="refused", message=message)
            note_files(self._context.connection, [result])
            self._note([(piece, result)])
            return None
        has_column = feed.extracted_at is not None and feed.extracted_at.column is not None
        if extracted_at is None and not has_column:
            extracted_at = stored.modified_at
        return Piece(
            feed,
            file.name,
            stored.sha256,
            stored.modified_at,
            extracted_at,
            stored,
            read_elsewhere,
            chosen,
        )

    def _chosen(
        self,
        feed: Feed,
        rule: ColumnRule,
        moment: datetime,
        lookups: LookupFiles,
    ) -> ChosenFiles:
        """Archives the files in which a column is looked up, and chooses those of the extract."""
        assert rule.lookup is not None
        files: list[LookupFile] = []
        for file in (file for pattern in rule.lookup.files for file in lookups[pattern]):
            try:
                stored = self._archive.store(file)
            except ExtractError as refused:
                raise ExtractError(
                    f"{file.name}, in which {rule.column} is looked up: {refused.message}"
                ) from None
            at = lookup_time(feed, file, stored.modified_at)
            files.append(
                LookupFile(file.name, stored.path, stored.sha256, at, stored.modified_at, stored)
            )
        return chosen_files(rule, files, moment, feed.time_zone)

    def _note(self, results: Iterable[tuple[Piece, FileResult]]) -> None:
        for piece, file in results:
            self._files.append((piece.feed, file))
            self._tell(file)

    def _count(self, table: Table, rows: int) -> None:
        name = (table.source, table.name)
        self._appended[name] = self._appended.get(name, 0) + rows


def _inline_piece(feed: Feed) -> Piece:
    assert feed.inline is not None
    content = json.dumps(feed.inline.model_dump(mode="json"), sort_keys=True)
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return Piece(feed, INLINE, sha256, None, feed.time_of(""), None)


def _log(file: FileResult) -> None:
    """Tells of a file; logs are read by more people than raw and hold no cell of it."""
    name = f"{file.source}.{file.table_name} {file.file_name}"
    if file.status == "refused":
        logger.warning("%s: refused", name)
        return
    logger.info(
        "%s: %s; of %s records %s new or changed, %s unchanged, %s set aside; %s keys deleted",
        name,
        file.status,
        *(f"{n:,}" for n in (file.records, file.accepted, file.unchanged)),
        *(f"{n:,}" for n in (file.quarantined, file.deleted)),
    )
