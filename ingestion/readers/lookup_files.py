"""The files in which values are looked up: which version of one an extract is read with.

Belongs here: finding these files and choosing among them. Does not belong here: the values in them
(`lookups`), and how files are archived.

An extract is read with the newest file up to the end of its own day, so that the same files always
give the same rows. Which files these were is part of what an extract is known by: when the file of
its day is replaced, the extract is read again and corrects its rows from its own time on. A file of
a later day says nothing about an extract that was landed already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import ColumnRule, Feed, Lookup
from ingestion.mapping.feeds import Mapping as SourceMapping
from ingestion.mapping.file_patterns import find_files
from ingestion.readers.shown import path_name
from ingestion.readers.source_files import SourceFile, StoredFile


@dataclass(frozen=True)
class LookupFile:
    """A file in which values are looked up.

    Args:
        name: Path relative to the source's folder.
        path: Where its content is read.
        sha256: Hash of the content.
        at: Time that it speaks for (UTC).
        stored: The archived file, where it is read from the archive.
    """

    name: str
    path: Path
    sha256: str
    at: datetime
    modified_at: datetime
    stored: StoredFile | None = None


@dataclass(frozen=True)
class ChosenFiles:
    """The files in which one column of an extract is looked up.

    Args:
        rule: The column.
        files: The files in the order of their times; of one key the last one counts.
        is_later: Whether they speak for a later day than the extract, for want of earlier ones.
    """

    rule: ColumnRule
    files: tuple[LookupFile, ...]
    is_later: bool = False

    @property
    def lookup(self) -> Lookup:
        """How they are looked into."""
        assert self.rule.lookup is not None
        return self.rule.lookup


def find_lookup_files(mapping: SourceMapping, folder: Path) -> dict[str, tuple[SourceFile, ...]]:
    """Finds the files that the lookups of a mapping name, by the glob that found them."""
    patterns = {
        pattern
        for feed in mapping.feeds
        for rule in feed.lookup_rules
        if rule.lookup is not None
        for pattern in rule.lookup.files
    }
    return {
        pattern: tuple(
            SourceFile(path, path_name(path.relative_to(folder)))
            for path in find_files(folder, (pattern,))
        )
        for pattern in patterns
    }


def lookup_time(feed: Feed, file: SourceFile, modified_at: datetime) -> datetime:
    """Gives the time that a looked-up file speaks for: what its path says, else its writing."""
    try:
        return feed.time_of(file.name, file.folder_name) or modified_at
    except ExtractError:
        # The pattern is that of the extracts, whose names these files need not have.
        return modified_at


def chosen_files(
    rule: ColumnRule, files: Iterable[LookupFile], moment: datetime, zone: str
) -> ChosenFiles:
    """Chooses the files that an extract is read with.

    Args:
        rule: The column with the lookup.
        files: All files that its globs find.
        moment: Time that the extract speaks for.
        zone: Zone in which days begin.

    Raises:
        ExtractError: There is no file at all.
    """
    lookup = rule.lookup
    assert lookup is not None
    ordered = sorted(
        dict.fromkeys(files), key=lambda file: (file.at, file.modified_at, file.sha256)
    )
    if not ordered:
        raise ExtractError(
            f"there is no file {' or '.join(lookup.files)} in which to look up {rule.column} "
            f"({rule.where}); put it into the folder of the extracts"
        )
    day = _day(moment, zone)
    earlier = [file for file in ordered if _day(file.at, zone) <= day]
    if not earlier:
        return ChosenFiles(rule, (ordered[0],), is_later=True)
    return ChosenFiles(rule, tuple(earlier if lookup.kind == "delta" else earlier[-1:]))


def hash_of(chosen: Sequence[ChosenFiles]) -> str:
    """Gives a hash of the files in which an extract looks up, empty where there are none."""
    if not chosen:
        return ""
    return ".".join(
        hashlib.sha256("\n".join(file.sha256 for file in each.files).encode()).hexdigest()[:16]
        for each in chosen
    )


def _day(moment: datetime, zone: str) -> date:
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(ZoneInfo(zone)).date()
