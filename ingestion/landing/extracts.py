"""Extract files: found in a folder, and put in order of the time they speak for.

Belongs here: what is true of a file before anything in it is read, and how files make up extracts.
Does not belong here: the archive of their content, formats, records, and what an extract changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.feeds import Mapping as SourceMapping
from ingestion.mapping.file_patterns import find_files, find_others, format_by_ending
from ingestion.mapping.read_columns import ReadColumns
from ingestion.readers.lookup_files import ChosenFiles
from ingestion.readers.shown import path_name
from ingestion.readers.source_files import SourceFile, StoredFile

# Files of a folder by the position of the feed that takes them.
FoundFiles = Mapping[int, Sequence[SourceFile]]
_MOMENT = "%Y%m%dT%H%M%S.%fZ"


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
        read_elsewhere: Extract columns that other feeds of the file read.
        lookups: The files in which its columns are looked up.
    """

    feed: Feed
    name: str
    sha256: str
    modified_at: datetime | None
    extracted_at: datetime | None
    stored: StoredFile | None
    read_elsewhere: ReadColumns = field(default_factory=ReadColumns)
    lookups: tuple[ChosenFiles, ...] = ()

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
        is_beside_others: Whether other feeds make extracts of the same content.
    """

    pieces: tuple[Piece, ...]
    is_whole: bool = True
    is_beside_others: bool = False

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
    def identity(self) -> str:
        """Names the feeds that read it."""
        names = sorted({piece.feed.identity for piece in self.pieces})
        return "-".join(names)

    @property
    def sha256(self) -> str:
        """Hash of the content of all pieces."""
        hashes = sorted(piece.sha256 for piece in self.pieces)
        if len(hashes) == 1:
            return hashes[0]
        return hashlib.sha256("".join(hashes).encode()).hexdigest()


def find_source_files(mapping: SourceMapping, folder: Path) -> dict[int, tuple[SourceFile, ...]]:
    """Finds the files of every feed of a mapping, by the feed's position.

    Raises:
        ExtractError: The folder, or a file that the mapping requires, is missing.
    """
    if not folder.is_dir():
        raise ExtractError(
            f"{folder}: there is no such folder, so mapping '{mapping.name}' has nothing to read; "
            "check the path"
        )
    found = files_by_feed(mapping, folder)
    for index, files in found.items():
        feed = mapping.feeds[index]
        if feed.required and not files:
            raise ExtractError(
                f"{folder}: there is no file {' or '.join(feed.files)}, which {feed.full_name} "
                f"requires ({feed.where}); put it there, or drop `required` if it may be absent"
            )
    return found


def files_by_feed(mapping: SourceMapping, folder: Path) -> dict[int, tuple[SourceFile, ...]]:
    """Gives what of a folder has the name of each feed's files, by the feed's position."""
    return {
        index: tuple(
            SourceFile(path, path_name(path.relative_to(folder)))
            for path in (*find_files(folder, feed.files), *_strays(folder, feed.files))
        )
        for index, feed in enumerate(mapping.feeds)
        if feed.inline is None
    }


def readers_by_file(mapping: SourceMapping, found: FoundFiles) -> dict[str, list[Feed]]:
    """Gives the feeds that read each file, by its name."""
    readers: dict[str, list[Feed]] = {}
    for index, files in found.items():
        for file in files:
            readers.setdefault(file.name, []).append(mapping.feeds[index])
    return readers


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
    return sorted(_beside_others(found), key=_order)


def _beside_others(groups: Sequence[ExtractGroup]) -> Iterator[ExtractGroup]:
    """Tells each extract whether feeds of the same table make others of the same content."""
    readers: dict[object, set[str]] = {}
    for group in groups:
        readers.setdefault((group.sha256, group.modified_at), set()).add(group.identity)
    for group in groups:
        if len(readers[group.sha256, group.modified_at]) > 1:
            yield replace(group, is_beside_others=True)
        else:
            yield group


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
