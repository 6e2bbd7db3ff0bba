"""Throwing away: old versions, and what was left by work that was killed.

Belongs here: removing below `published/`, `building/` and `tmp/`. Does not belong here: how a
folder is removed safely (`disk`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from ingestion.home import Home, sync
from orchestration.publication.current import current_version
from orchestration.publication.disk import empty, remove, remove_any
from orchestration.publication.manifest import read_manifest
from orchestration.publication.places import Version, current_link, version_named, versions_folder
from orchestration.publication.versions import survey, was_published

logger = logging.getLogger("salesops.publication")


def sweep_scratch(home: Home) -> None:
    """Empties `tmp/`; for the one who has the home's lock, before anything writes there."""
    empty(home.scratch)


def remove_leftovers(home: Home) -> None:
    """Removes what a publication, a rollback or a pruning left that was killed.

    Args:
        home: The home folder; the caller has its lock.
    """
    _mark_published(home)
    for path in _half_done(home):
        logger.info("Removing %s, which was left by work that was cut off", path)
        if path.name.startswith("."):
            remove_any(path)
        else:
            remove(path)


def _mark_published(home: Home) -> None:
    """Notes in the version in force that it has been."""
    current = current_version(home)
    if current is None:
        return
    version = version_named(home, current)
    if not version.mark.exists():
        version.mark.touch()
        sync(version.folder)


def prune(home: Home, keep_versions: int) -> None:
    """Throws away the versions published before the newest ones, never the one in force.

    A damaged version does not count. It goes once it is older than those that stay; one whose
    manifest cannot be read stays, since nobody knows how old it is.

    Args:
        home: The home folder; the caller has its lock.
        keep_versions: How many whole versions stay.
    """
    found = survey(home)
    staying = found.kept[: max(keep_versions, 1)]
    if not staying:
        return
    oldest = min(kept.manifest.place for kept in staying)
    current = current_version(home)
    for version in _older_than(home, oldest):
        if version.name != current:
            remove(version.folder)


def _older_than(home: Home, place: tuple[int, str]) -> Iterator[Version]:
    for folder in sorted(versions_folder(home).glob("[!.]*")):
        version = Version(folder)
        try:
            manifest = read_manifest(version)
        except (OSError, ValueError):
            continue
        if manifest.place < place:
            yield version


def _half_done(home: Home) -> list[Path]:
    in_force = current_link(home).resolve().name
    hidden = [
        *home.published.glob(".*.new"),
        *home.published.glob(".removing-*"),
        *(path for path in versions_folder(home).glob(".*") if path.name != in_force),
    ]
    unpublished = [
        folder
        for folder in versions_folder(home).glob("[!.]*")
        if folder.is_dir() and not was_published(home, Version(folder))
    ]
    return [*hidden, *unpublished]
