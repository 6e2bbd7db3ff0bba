"""The archive: accepted extract files by content hash, and the copies that landing reads.

Belongs here: storing a file so that it is on the disk for certain, and telling whether a copy is
still what was stored. Does not belong here: what a file holds and which extract it is part of.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ingestion.errors import ExtractError
from ingestion.home import Home, open_private, sync
from ingestion.mapping.file_patterns import FORMATS
from ingestion.readers.source_files import SourceFile, StoredFile

logger = logging.getLogger("salesops.landing")

CHUNK = 4 << 20
# Faults of the home's disk, which no file of the inbox is to blame for.
_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Archive:
    """The archive of one home; stores every file of a run once.

    Args:
        home: The home folder; its folders exist.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stored: dict[Path, StoredFile] = {}
        self._refused: dict[Path, ExtractError] = {}
        self._sizes = {path.lstat().st_size for path in home.archive.glob("??/*")}

    def store(self, file: SourceFile) -> StoredFile:
        """Copies a file into the archive, hashing it on the way.

        A file that several feeds read is read, or refused, once.

        Raises:
            ExtractError: The file cannot be read, or changed while it was read.
            OSError: The archive cannot be written.
        """
        if file.path in self._refused:
            raise ExtractError(self._refused[file.path].message)
        if file.path not in self._stored:
            try:
                self._stored[file.path] = self._store(file)
            except ExtractError as refused:
                self._refused[file.path] = refused
                raise
        return self._stored[file.path]

    def _store(self, file: SourceFile) -> StoredFile:
        if not file.path.is_file():
            raise ExtractError(
                f"{_what(file.path)} has the name of an extract; put the file itself there, or "
                "rename it"
            )
        try:
            return self._copy(file)
        except OSError as caught:
            _raise_if_of_the_home(caught, file.path)
            raise ExtractError(
                f"the file cannot be read: {caught.strerror or caught}; check its permissions"
            ) from None

    def remove_new(self, keep: Iterable[str]) -> None:
        """Removes what this run stored, except contents that landed.

        Args:
            keep: Hashes of these.
        """
        kept = set(keep)
        for stored in self._stored.values():
            if stored.is_new and stored.sha256 not in kept:
                stored.path.unlink(missing_ok=True)

    def _copy(self, file: SourceFile) -> StoredFile:
        copy = self._home.scratch / f"incoming-{uuid.uuid4().hex}"
        try:
            with file.path.open("rb") as source:
                before = os.fstat(source.fileno())
                sha256 = self._known_hash(source, before.st_size)
                if sha256 is None:
                    sha256 = _written(source, copy)
                after = os.fstat(source.fileno())
                size = source.tell()
            if _state(before) != _state(after) or size != after.st_size:
                raise ExtractError(
                    "the file changed while it was read, so it is still being written; refresh "
                    "again once it is complete"
                )
            path = self._path(sha256, file.name)
            is_new, is_verified = not path.exists(), copy.exists()
            if is_verified:
                _move_durably(copy, path)
        finally:
            copy.unlink(missing_ok=True)
        modified_at = datetime.fromtimestamp(before.st_mtime_ns // 1000 / 1e6, tz=UTC)
        return StoredFile(path, sha256, size, modified_at, is_new, file.path, is_verified)

    def _known_hash(self, source: BinaryIO, size: int) -> str | None:
        """Hashes a file whose content may well be archived already, which spares the copy.

        Returns:
            The hash if the archive has it; else None, with the file at its start.
        """
        if size not in self._sizes:
            return None
        sha256 = _hashed(source, None)
        if self._path(sha256, source.name).exists():
            return sha256
        source.seek(0)
        return None

    def _path(self, sha256: str, name: str) -> Path:
        return self._home.archive / sha256[:2] / f"{sha256}{_harmless_ending(name)}"


def verify_copy(stored: StoredFile, scratch: Path) -> None:
    """Makes sure that an archived copy is what its name says, right before it is read.

    A copy that is damaged, or not there any more, is replaced by the file in the source's folder.

    Args:
        stored: The archived file.
        scratch: Folder for temporary files, on the archive's disk.

    Raises:
        ExtractError: The copy is damaged, and the file in the source's folder cannot replace it.
        OSError: The archive cannot be written.
    """
    if stored.is_verified or _hash_of(stored.path) == stored.sha256:
        return
    logger.warning("%s is damaged; the copy is made anew from %s", stored.path, stored.original)
    fresh = scratch / f"restored-{uuid.uuid4().hex}"
    try:
        with stored.original.open("rb") as source:
            sha256 = _written(source, fresh)
        if sha256 != stored.sha256:
            raise ExtractError(
                f"its archived copy {stored.path} is damaged, and the file itself has changed "
                "since it was found; refresh again"
            )
        _move_durably(fresh, stored.path)
    except OSError as caught:
        _raise_if_of_the_home(caught, stored.original)
        raise ExtractError(
            f"its archived copy {stored.path} is damaged, and the file itself cannot be read "
            f"again: {caught.strerror or caught}; put the file back and refresh again"
        ) from None
    finally:
        fresh.unlink(missing_ok=True)


def _hash_of(path: Path) -> str | None:
    """Gives the hash of a file, or nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return _hashed(file, None)
    except OSError:
        return None


def _written(source: BinaryIO, copy: Path) -> str:
    """Copies the rest of a file so that it is on the disk for certain, and gives its hash."""
    with open_private(copy) as target:
        sha256 = _hashed(source, target)
        target.flush()
        os.fsync(target.fileno())
    return sha256


def _move_durably(copy: Path, path: Path) -> None:
    """Gives a written file its name, so that a power cut leaves neither half of it nor none."""
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700)
        sync(path.parent.parent)
    copy.replace(path)
    sync(path.parent)


def _raise_if_of_the_home(error: OSError, original: Path) -> None:
    """Raises an error of the disk or of the archive again: no extract file is to blame for it."""
    if error.errno in _OF_THE_DISK or error.filename not in (None, str(original), original):
        raise error


def _what(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return "a link to a file that is not there"
    return "a folder" if path.is_dir() else "something that is no file, such as a pipe,"


def _hashed(source: BinaryIO, target: BinaryIO | None) -> str:
    """Gives the hash of the rest of a file, copying it on the way."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        if target is not None:
            target.write(chunk)
    return digest.hexdigest()


def _state(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_size, stat.st_mtime_ns


def _harmless_ending(name: str) -> str:
    """Gives the ending that says the format, if it is a known one; all else is left out."""
    plain = name.casefold()
    packed = ".gz" if plain.endswith(".gz") else ""
    ending = plain.removesuffix(".gz").rpartition(".")[2]
    return (f".{ending}" if ending in FORMATS else "") + packed
