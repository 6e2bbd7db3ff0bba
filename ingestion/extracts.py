"""Extract files: found in a folder, archived by content, put in order of the time they speak for.

Belongs here: what is true of a file before anything in it is read, and how files make up extracts.
Does not belong here: formats, records, and what an extract changes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ingestion.errors import ExtractError
from ingestion.feeds import Feed, Mapping
from ingestion.file_patterns import FORMATS, find_files, find_others, format_by_ending
from ingestion.home import Home, open_private
from ingestion.shown import path_name

CHUNK = 4 << 20
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_MOMENT = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class SourceFile:
    """A file in a source's folder.

    Args:
        path: Where it is.
        name: Path relative to the source's folder, with `/`.
    """

    path: Path
    name: str

    @property
    def folder_name(self) -> str:
        """Name of the source's folder."""
        return self.path.absolute().parents[self.name.count("/")].name


@dataclass(frozen=True)
class StoredFile:
    """A file whose content stands in the archive.

    Args:
        path: The archived copy; its name is made of the hash and holds no other character.
        sha256: Hash of the content.
        size: Bytes.
        modified_at: Modification time of the original (UTC).
        is_new: Whether the archive did not have this content before.
    """

    path: Path
    sha256: str
    size: int
    modified_at: datetime
    is_new: bool


class Archive:
    """The archive of one home; stores every file of a run once.

    Args:
        home: The home folder; its folders exist.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stored: dict[Path, StoredFile] = {}
        self._sizes = {path.stat().st_size for path in home.archive.glob("??/*")}

    def store(self, file: SourceFile) -> StoredFile:
        """Copies a file into the archive, hashing it on the way.

        Raises:
            ExtractError: The file cannot be read, or changed while it was read.
        """
        if not file.path.is_file():
            raise ExtractError(
                f"{_what(file.path)} has the name of an extract; put the file itself there, or "
                "rename it"
            )
        if file.path not in self._stored:
            try:
                self._stored[file.path] = self._copy(file)
            except OSError as caught:
                if caught.errno in _NO_SPACE:
                    raise ExtractError(
                        f"the file cannot be archived: {caught.strerror}; make room in the home "
                        "folder and refresh again"
                    ) from None
                raise ExtractError(
                    f"the file cannot be read: {caught.strerror or caught}; check its permissions"
                ) from None
        return self._stored[file.path]

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
                    with open_private(copy) as target:
                        sha256 = _hashed(source, target)
                after = os.fstat(source.fileno())
                size = source.tell()
            if _state(before) != _state(after) or size != after.st_size:
                raise ExtractError(
                    "the file changed while it was read, so it is still being written; refresh "
                    "again once it is complete"
                )
            path = self._path(sha256, file.name)
            is_new = copy.exists() and not path.exists()
            if is_new:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                copy.replace(path)
        finally:
            copy.unlink(missing_ok=True)
        modified_at = datetime.fromtimestamp(before.st_mtime_ns // 1000 / 1e6, tz=UTC)
        return StoredFile(path, sha256, size, modified_at, is_new)

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


@dataclass(frozen=True)
class Piece:
    """One file as one feed reads it, or the inline rows of a feed.

    Args:
        feed: The feed.
        name: Path relative to the source's folder; the mapping's name for inline rows.
        sha256: Hash of the content.
        modified_at: Modification time (UTC); None for inline rows.
        extracted_at: Time it speaks for (UTC); None where its records say it.
        stored: The archived file; None for inline rows.
    """

    feed: Feed
    name: str
    sha256: str
    modified_at: datetime | None
    extracted_at: datetime | None
    stored: StoredFile | None

    @property
    def has_own_times(self) -> bool:
        """Whether each record says the time that it speaks for."""
        return self.extracted_at is None


@dataclass(frozen=True)
class ExtractGroup:
    """Pieces that together are one extract of a table.

    Args:
        pieces: One, or several parts.
        is_whole: Whether all feeds that make up a full extract are there; if not, what it lacks
            may stand in a feed that is absent.
    """

    pieces: tuple[Piece, ...]
    is_whole: bool = True

    @property
    def feed(self) -> Feed:
        """The feed of the first piece."""
        return self.pieces[0].feed

    @property
    def extracted_at(self) -> datetime | None:
        """Time the extract speaks for."""
        return self.pieces[0].extracted_at

    @property
    def modified_at(self) -> datetime | None:
        """Latest modification time of its files."""
        return max((p.modified_at for p in self.pieces if p.modified_at), default=None)

    @property
    def sha256(self) -> str:
        """Hash of the content of all pieces."""
        hashes = sorted(piece.sha256 for piece in self.pieces)
        if len(hashes) == 1:
            return hashes[0]
        return hashlib.sha256("".join(hashes).encode()).hexdigest()


def find_source_files(mapping: Mapping, folder: Path) -> dict[int, tuple[SourceFile, ...]]:
    """Finds the files of every feed of a mapping, by the feed's position.

    Raises:
        ExtractError: The folder, or a file that the mapping requires, is missing.
    """
    if not folder.is_dir():
        raise ExtractError(
            f"{folder}: there is no such folder, so mapping '{mapping.name}' has nothing to read; "
            "check the path"
        )
    found: dict[int, tuple[SourceFile, ...]] = {}
    for index, feed in enumerate(mapping.feeds):
        if feed.inline is not None:
            continue
        files = tuple(
            SourceFile(path, path_name(path.relative_to(folder)))
            for path in (*find_files(folder, feed.files), *_strays(folder, feed.files))
        )
        if feed.required and not files:
            raise ExtractError(
                f"{folder}: there is no file {' or '.join(feed.files)}, which {feed.full_name} "
                f"requires ({feed.where}); put it there, or drop `required` if it may be absent"
            )
        found[index] = files
    return found


def _strays(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """Gives what has the name of an extract and is none; a `*` alone fits every folder."""
    for path in find_others(folder, patterns):
        if not path.is_dir() or format_by_ending(path.name):
            yield path


def group_pieces(feeds: Sequence[Feed], pieces: Sequence[Piece]) -> list[ExtractGroup]:
    """Puts the pieces of one table and source system together to extracts, in order of time.

    One file is one extract. Files of one time are parts of one extract where the feed says so,
    and where several full feeds fill the table: each alone would delete what the others bring.

    Args:
        feeds: All feeds of the table, those without pieces included.
        pieces: What was found for them.
    """
    full = [feed for feed in feeds if feed.kind == "full"]
    shared = full if len(full) > 1 else []
    groups: dict[object, list[Piece]] = {}
    always = [piece for piece in pieces if piece.feed in shared and piece.stored is None]
    for number, piece in enumerate(pieces):
        if piece in always:
            continue
        if piece.feed in shared and not piece.has_own_times:
            key: object = ("shared", piece.extracted_at)
        elif piece.feed.parts and not piece.has_own_times:
            key = (feeds.index(piece.feed), piece.extracted_at)
        else:
            key = number
        groups.setdefault(key, []).append(piece)
    found = [
        _shared_group(shared, members, always) if members[0].feed in shared else _group(members)
        for members in groups.values()
    ]
    if always and not any(group.feed in shared for group in found):
        found.append(_group(always))
    return sorted(found, key=_order)


def _group(members: list[Piece]) -> ExtractGroup:
    return ExtractGroup(tuple(sorted(members, key=lambda piece: piece.name)))


def _shared_group(shared: list[Feed], members: list[Piece], always: list[Piece]) -> ExtractGroup:
    """Makes one extract of several full feeds; inline rows hold at any time and join each."""
    needed = [feed for feed in shared if feed.inline is None]
    present = [piece.feed for piece in members]
    is_whole = all(feed in present for feed in needed)
    return ExtractGroup((*sorted(members, key=lambda piece: piece.name), *always), is_whole)


def _order(group: ExtractGroup) -> tuple[datetime, datetime, str]:
    earliest = datetime.min.replace(tzinfo=UTC)
    return group.extracted_at or earliest, group.modified_at or earliest, group.sha256


def extract_id(extracted_at: datetime, modified_at: datetime, sha256: str) -> str:
    """Gives the id of an extract; ids sort in the order of time.

    Args:
        extracted_at: Time it speaks for.
        modified_at: Decides between extracts of one time.
        sha256: Decides between those that were also written at one time.
    """
    return f"{extract_id_time(extracted_at)}-{extract_id_time(modified_at)}-{sha256[:12]}"


def extract_id_time(moment: datetime) -> str:
    """Gives a time as it stands in the id of an extract."""
    return moment.astimezone(UTC).strftime(_MOMENT)
