"""Publishing: a building becomes the version in force.

Belongs here: the order of the steps, and what is undone when one fails. Does not belong here: the
steps (`databases`, `parquet`, `current`, `sweeping`).
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.home import Home, sync
from orchestration.errors import PublicationError
from orchestration.publication.building import Building
from orchestration.publication.current import swap_in
from orchestration.publication.databases import Contents, finish, opened
from orchestration.publication.disk import file_entry, machine_faults_explained, remove
from orchestration.publication.manifest import (
    STORAGE_VERSION,
    FileEntry,
    Manifest,
    read_manifest,
)
from orchestration.publication.parquet import write_parquet
from orchestration.publication.places import (
    MARTS,
    MARTS_FILE,
    RESTRICTED,
    RESTRICTED_FILE,
    Version,
    version_named,
    versions_folder,
)
from orchestration.publication.sweeping import prune, remove_leftovers
from orchestration.publication.versions import was_published

logger = logging.getLogger("salesops.publication")

DEFAULT_KEEP_VERSIONS = 7
_READABLE_BY_ALL = 0o444
_READABLE_BY_OWNER = 0o400
_FOLDER_READABLE_BY_ALL = 0o755


def publish(
    home: Home,
    building: Building,
    built: Collection[str],
    keep_versions: int = DEFAULT_KEEP_VERSIONS,
    models: Collection[str] | None = None,
) -> Manifest:
    """Makes a building the version in force.

    Args:
        home: The home folder; the caller has its lock, and nobody writes to the building's
            databases or to the warehouse meanwhile.
        building: The version being made; its folder is gone afterwards.
        built: The tables that dbt built into the databases in this run, as `schema.table`. Every
            other one must have come along, else it counts as built.
        keep_versions: How many versions stay, the new one included.
        models: Everything that models make, views included, as `schema.table`: tables that no
            model makes any more are dropped. None leaves all there are.

    Raises:
        PublicationError: There is nothing to publish, the databases do not hold what the caller
            says, or the disk is full or cannot be written. What was published before is untouched.
    """
    try:
        with machine_faults_explained(home.published):
            remove_leftovers(home)
            manifest = _completed(home, building, built, models)
            swap_in(home, _moved_in(home, building))
    except BaseException:
        building.discard()
        _take_out(home, building.run_id)
        raise
    _look_after(home, keep_versions)
    logger.info("Published version %s", manifest.version)
    return manifest


def _completed(
    home: Home, building: Building, built: Collection[str], models: Collection[str] | None
) -> Manifest:
    """Finishes every file of the building and has it on disk."""
    logger.info("Finishing the files of the new version")
    with opened(home, building) as connection:
        contents = finish(connection, building, frozenset(built), models)
        parquet = write_parquet(connection, building, contents)
        connection.execute(f"detach {MARTS}; detach {RESTRICTED}")
    places = building.places
    databases = {file: _closed(places.folder / file) for file in (MARTS_FILE, RESTRICTED_FILE)}
    manifest = _manifest(home, building, contents, {**databases, **parquet})
    places.manifest.write_text(manifest.model_dump_json(indent=2) + "\n")
    _make_durable(places)
    return manifest


def _closed(database: Path) -> FileEntry:
    """Gives size and hash of a database that nobody has open for writing.

    Raises:
        PublicationError: Somebody has; what is in its log would be missing for readers.
    """
    log = database.with_name(f"{database.name}.wal")
    if log.exists():
        raise PublicationError(
            f"{database} is still open in another program, which may be writing to it; nothing was "
            "published. Close that program and run `salesops refresh --full`"
        )
    return file_entry(database)


def _manifest(
    home: Home, building: Building, contents: Contents, files: dict[str, FileEntry]
) -> Manifest:
    def entries_of(schema: str) -> dict:
        return {
            key.removeprefix(f"{schema}."): entry
            for key, entry in contents.entries.items()
            if key.startswith(f"{schema}.")
        }

    return Manifest(
        version=building.run_id,
        run_id=building.run_id,
        sequence=_next_sequence(home),
        published_at=datetime.now(UTC),
        storage_version=STORAGE_VERSION,
        duckdb_version=duckdb.__version__,
        size_bytes=files[MARTS_FILE].size_bytes,
        tables=entries_of(MARTS),
        restricted_tables=entries_of(RESTRICTED),
        descriptions=contents.descriptions,
        files=files,
    )


def _next_sequence(home: Home) -> int:
    newest = 0
    for folder in versions_folder(home).glob("*"):
        with suppress(OSError, ValueError):
            newest = max(newest, read_manifest(Version(folder)).sequence or 0)
    return newest + 1


def _make_durable(places: Version) -> None:
    """Has everything on disk before any name points to it; and no program may write to it."""
    files = [places.manifest, *places.files()]
    for path in files:
        path.chmod(_READABLE_BY_OWNER if path == places.restricted else _READABLE_BY_ALL)
        sync(path)
    for folder in (places.parquet, places.folder):
        folder.chmod(_FOLDER_READABLE_BY_ALL)
        sync(folder)


def _moved_in(home: Home, building: Building) -> Version:
    version = version_named(home, building.run_id)
    if version.folder.exists():
        raise PublicationError(
            f"there is a version {version.name} already; nothing was published. "
            "Run `salesops refresh --full`"
        )
    version.folder.parent.mkdir(parents=True, exist_ok=True)
    building.places.folder.rename(version.folder)
    sync(version.folder.parent)
    return version


def _take_out(home: Home, run_id: str) -> None:
    """Removes a version that did not come into force, as far as the disk lets it."""
    version = version_named(home, run_id)
    if not version.folder.exists() or was_published(home, version):
        return
    try:
        remove(version.folder)
    except OSError:
        # A full disk may have no room for the new name either.
        shutil.rmtree(version.folder, ignore_errors=True)


def _look_after(home: Home, keep_versions: int) -> None:
    """Does what can wait: the new version is in force, whatever becomes of this."""
    try:
        remove_leftovers(home)
        prune(home, keep_versions)
    except OSError as error:
        logger.warning(
            "The new version is published, but old ones could not be thrown away (%s: %s); "
            "the next publication does it",
            error.filename,
            error.strerror,
        )
