"""Which version is in force, and how another one comes into force.

Belongs here: the link that decides and the names that go through it, also in homes from before it.
Does not belong here: whether a version is whole (`versions`).
"""

from __future__ import annotations

import filecmp
import logging
import shutil
from pathlib import Path

from ingestion.home import Home, sync
from orchestration.publication.disk import link_or_copy, point
from orchestration.publication.places import (
    PUBLISHED_NAMES,
    RESTRICTED_FILE,
    Version,
    current_link,
    published_database,
    published_parquet,
    version_named,
    versions_folder,
)

logger = logging.getLogger("salesops.publication")

# What a home published before `current` existed, where it is none of the versions kept.
_ADOPTED = ".adopted"


def current_version(home: Home) -> str | None:
    """Names the version in force, or nothing where nothing is published."""
    name = _named(home) or _in_an_old_home(home)
    return None if name is None or name.startswith(".") else name


def swap_in(home: Home, version: Version) -> None:
    """Makes a version the one in force, by one rename.

    Args:
        home: The home folder; the caller has its lock.
        version: A whole version, on disk.
    """
    _lead_names_through_current(home)
    point(current_link(home), _target(version))
    try:
        sync(home.published)
    except OSError as error:
        # It is in force all the same; only a power cut could still bring the one before back.
        logger.warning("%s could not be synced: %s", home.published, error.strerror)


def names_astray(home: Home) -> list[Path]:
    """Gives the published names that do not lead through the link that decides."""
    return [
        home.published / name
        for name in PUBLISHED_NAMES
        if _read_link(home.published / name) != _through_current(name)
    ]


def _named(home: Home) -> str | None:
    """Reads the link that decides."""
    link = current_link(home)
    target = _read_link(link)
    if target is not None:
        version = version_named(home, target.name)
        return version.name if version.database.exists() else None
    if not link.is_dir():
        return None
    try:
        # A program that follows links has copied the home: a folder where the link was.
        return _with_the_content_of(home, Version(link).database)
    except OSError:
        return None


def _in_an_old_home(home: Home) -> str | None:
    """Finds out which version `marts.duckdb` is where it is a file, not a link."""
    published = published_database(home)
    if _read_link(current_link(home)) or published.is_symlink() or not published.exists():
        return None
    return _with_the_content_of(home, published)


def _with_the_content_of(home: Home, database: Path) -> str | None:
    kept = [Version(folder) for folder in sorted(versions_folder(home).glob("[!.]*"), reverse=True)]
    kept = [version for version in kept if version.database.exists()]
    same = [version for version in kept if version.database.samefile(database)]
    # A home that was copied or restored has two files where it had one file with two names.
    same = same or [v for v in kept if filecmp.cmp(v.database, database, shallow=False)]
    return same[0].name if same else None


def _lead_names_through_current(home: Home) -> None:
    """Makes the three names links through `current`, none of which then means anything else.

    In a home from before `current`, the three names are one version's; so `current` first names
    that version, and each name then goes on meaning the same.
    """
    astray = names_astray(home)
    if not astray:
        return
    link = current_link(home)
    if not link.is_symlink() and published_database(home).exists():
        name = current_version(home)
        version = version_named(home, name) if name else _adopted(home)
        point(link, _target(version))
        sync(home.published)
    for name in astray:
        point(name, _through_current(name.name))
    sync(home.published)


def _adopted(home: Home) -> Version:
    """Gives what is published a folder of its own, where no version has the same content."""
    adopted = version_named(home, _ADOPTED)
    if adopted.folder.exists():
        shutil.rmtree(adopted.folder)
    adopted.folder.mkdir(parents=True)
    link_or_copy(published_database(home), adopted.database)
    restricted = home.published / RESTRICTED_FILE
    if restricted.exists():
        link_or_copy(restricted, adopted.restricted)
    parquet = published_parquet(home)
    if parquet.is_dir():
        adopted.parquet.mkdir()
        for file in parquet.iterdir():
            link_or_copy(file, adopted.parquet / file.name)
    return adopted


def _target(version: Version) -> Path:
    return Path(version.folder.parent.name) / version.name


def _through_current(name: str) -> Path:
    return Path("current") / name


def _read_link(link: Path) -> Path | None:
    try:
        return link.readlink()
    except OSError:
        return None
