"""Archived files as landing reads them: once each, however many feeds take one.

Belongs here: keeping what a reader made of a file for the next feed of it. Does not belong here:
the readers, and what a feed makes of the records.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import Path

import duckdb

from ingestion.errors import ExtractError
from ingestion.landing.archive import verify_copy
from ingestion.landing.extracts import Piece
from ingestion.readers import Records, read_records
from ingestion.readers.sheets import hides_sheets
from ingestion.readers.source_files import StoredFile
from ingestion.readers.workbook import SHEET

# What of a feed says nothing about how its files are read. All else may, and whatever is added to
# feeds counts as such: at worst a file is read twice.
_OF_THE_ROWS = {
    "mapping", "source", "table", "source_system", "time_zone", "id_prefix", "files", "inline",
    "required", "kind", "latest_by", "on_conflict", "max_quarantined", "max_deleted",
    "allow_empty", "unmapped", "condition", "footer", "parts", "extracted_at", "formats",
    "columns", "unpivot",
}  # fmt: skip
# The nights of a first refresh come one after the other; to keep all of them would fill the disk.
_MOST_KEPT = 8

# How a mapping names what stands around a JSON record, which the reader has to be told.
_AROUND = "^"

_Key = tuple[Path, str, str]


class ReadFiles:
    """The files of one run.

    Args:
        connection: Connection that reads the relations.
        scratch: Folder for files that readers make.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
        self._connection = connection
        self._scratch = scratch
        self._readers: Counter[_Key] = Counter()
        self._kept: dict[_Key, Records | ExtractError] = {}
        self._places: dict[_Key, Path] = {}
        self._numbers = count()
        self._verified: set[Path] = set()

    def expect(self, piece: Piece) -> None:
        """Notes that a piece is going to be read, perhaps from a file that others read too."""
        if piece.stored is not None:
            self._readers[_key(piece, piece.stored)] += 1

    def begin_extract(self) -> None:
        """Drops what was kept the longest; the files of one extract are all read until its end."""
        while len(self._kept) > _MOST_KEPT:
            self._drop(next(iter(self._kept)))

    def verify(self, stored: StoredFile) -> None:
        """Makes sure that an archived copy is whole; see `verify_copy`.

        Raises:
            ExtractError: It is damaged, and cannot be replaced.
            OSError: The archive cannot be written.
        """
        if stored.path not in self._verified:
            verify_copy(stored, self._scratch)
            self._verified.add(stored.path)

    def records(self, piece: Piece, scratch: Path) -> Records:
        """Gives the records of a piece's file.

        Args:
            piece: The file and its feed.
            scratch: Path that names of scratch files start with, where nobody else reads the file.

        Raises:
            ExtractError: The file cannot be read as what it should be.
        """
        assert piece.stored is not None
        key = _key(piece, piece.stored)
        if self._readers[key] < 2:
            return self._read(piece, piece.stored, scratch)
        if key not in self._kept:
            self._keep(key, piece, piece.stored)
        found = self._kept[key]
        if isinstance(found, ExtractError):
            raise ExtractError(found.message)
        return found

    def _keep(self, key: _Key, piece: Piece, stored: StoredFile) -> None:
        self._places[key] = self._scratch / f"shared-{next(self._numbers)}"
        try:
            self._kept[key] = self._read(piece, stored, self._places[key])
        except ExtractError as refused:
            self._kept[key] = refused

    def _drop(self, key: _Key) -> None:
        del self._kept[key]
        place = self._places.pop(key)
        for path in (*place.parent.glob(f"{place.name}[.-]*"), place):
            path.unlink(missing_ok=True)

    def _read(self, piece: Piece, stored: StoredFile, scratch: Path) -> Records:
        return read_records(stored.path, piece.name, piece.feed, self._connection, scratch)


def _key(piece: Piece, stored: StoredFile) -> _Key:
    feed = piece.feed
    # Columns that a reader makes only for those who ask for them.
    asked = sorted(name for name in feed.extract_columns if name.startswith(_AROUND))
    asked += [SHEET] if feed.reads(SHEET) else []
    # What the reader says of a file must not be more than every feed of it may tell.
    asked += ["masked"] if hides_sheets(piece.name, feed) else []
    # The name says the format where the mapping does not.
    return stored.path, piece.name, f"{feed.model_dump_json(exclude=_OF_THE_ROWS)}{asked}"
