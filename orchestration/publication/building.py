"""The version being made: the two databases that dbt writes into.

Belongs here: beginning it, with what comes along from the version in force, and giving it up. Does
not belong here: what makes it a version (`publishing`).
"""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import duckdb

from ingestion.home import OWNER_ONLY, OWNER_ONLY_FILE, Home
from orchestration.publication.content import literal
from orchestration.publication.current import current_version
from orchestration.publication.disk import copy_private, empty, machine_faults_explained
from orchestration.publication.manifest import (
    STORAGE_VERSION,
    Manifest,
    TableEntry,
    read_manifest,
)
from orchestration.publication.places import (
    MARTS,
    MARTS_FILE,
    RESTRICTED,
    RESTRICTED_FILE,
    Version,
    version_named,
)

logger = logging.getLogger("salesops.publication")

_NOT_OF_THE_SOURCE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class Carried:
    """The version whose databases came along."""

    places: Version
    manifest: Manifest


@dataclass(frozen=True)
class Building:
    """A version being made, in `building/<run_id>/`.

    Args:
        places: Where its files stand.
        source: The version in force whose databases were copied; none where it begins empty.
    """

    places: Version
    source: Carried | None = None
    carried: Mapping[str, TableEntry] = field(default_factory=dict)

    @classmethod
    def begin(cls, home: Home, run_id: str, carry: bool) -> Self:
        """Makes the databases of a new version, and throws away what an earlier one left.

        Args:
            home: The home folder; the caller has its lock.
            run_id: The refresh; it names the version.
            carry: Whether the tables of the version in force come along. They do not where it is
                damaged, or was written by another version of DuckDB, whose hashes of rows may
                differ; `carried` is empty then.

        Raises:
            PublicationError: The disk is full or cannot be written; nothing is left.
        """
        with machine_faults_explained(home.building):
            empty(home.building)
            places = Version(home.building / run_id)
            places.folder.mkdir(parents=True, mode=OWNER_ONLY)
            building = cls(places)
            try:
                source = _copied(home, places) if carry else None
                if source is None:
                    _create(places)
            except BaseException:
                building.discard()
                raise
        if source is None:
            return building
        return cls(places, source, _entries(source.manifest))

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self.places.folder

    @property
    def run_id(self) -> str:
        """The refresh that makes it."""
        return self.places.name

    @property
    def marts(self) -> Path:
        """The database of the open marts: catalog and schema `marts`."""
        return self.places.database

    @property
    def restricted(self) -> Path:
        """The database of pay and people: catalog and schema `restricted`."""
        return self.places.restricted

    def discard(self) -> None:
        """Removes its folder, as far as the disk lets it; the next one to begin does the rest."""
        shutil.rmtree(self.places.folder, ignore_errors=True)


def builders_in_force(home: Home) -> dict[str, str]:
    """Gives for each table of the version in force, as `schema.table`, the run that built it.

    Where that version cannot be read there is none, so that everything is built.
    """
    current = current_version(home)
    if current is None:
        return {}
    try:
        manifest = read_manifest(version_named(home, current))
    except (OSError, ValueError):
        return {}
    entries = _entries(manifest).items()
    return {name: entry.built_by for name, entry in entries if entry.built_by}


def _entries(manifest: Manifest) -> dict[str, TableEntry]:
    return {
        **{f"{MARTS}.{name}": entry for name, entry in manifest.tables.items()},
        **{f"{RESTRICTED}.{name}": entry for name, entry in manifest.restricted_tables.items()},
    }


def _copied(home: Home, target: Version) -> Carried | None:
    """Copies the databases of the version in force, and looks at them meanwhile."""
    current = current_version(home)
    if current is None:
        return None
    source = version_named(home, current)
    try:
        manifest = read_manifest(source)
    except (OSError, ValueError) as error:
        logger.warning(
            "%s cannot be read, so every table is built anew: %s", source.manifest, error
        )
        return None
    if (manifest.duckdb_version, manifest.storage_version) != (duckdb.__version__, STORAGE_VERSION):
        return None
    for file in (MARTS_FILE, RESTRICTED_FILE):
        if not _copy_whole(manifest, source.folder / file, target.folder / file):
            for path in target.files():
                path.unlink()
            return None
    return Carried(source, manifest)


def _copy_whole(manifest: Manifest, source: Path, target: Path) -> bool:
    expected = manifest.files.get(source.name)
    if expected is None:
        # From before the manifest said what files must be: nobody knows whether this one is whole.
        return False
    try:
        if source.exists() and copy_private(source, target) == expected:
            return True
    except OSError as error:
        if error.errno in _NOT_OF_THE_SOURCE:
            raise
    logger.warning(
        "%s is missing or not what was published, so every table is built anew; "
        "`salesops verify` looks at all versions",
        source,
    )
    return False


def _create(places: Version) -> None:
    """Makes both databases with their schemas, in the storage version that readers know."""
    with duckdb.connect() as connection:
        for schema, path in ((MARTS, places.database), (RESTRICTED, places.restricted)):
            connection.execute(
                f"attach {literal(path)} as {schema} (storage_version '{STORAGE_VERSION}')"
            )
            path.chmod(OWNER_ONLY_FILE)
            connection.execute(f"create schema {schema}.{schema}; detach {schema}")
