"""Parquet files beside the open database, one a mart.

Belongs here: writing those of tables that changed, linking the others. Does not belong here: what
stands in the tables.
"""

from __future__ import annotations

import duckdb

from orchestration.errors import PublicationError
from orchestration.publication.building import Building
from orchestration.publication.content import literal
from orchestration.publication.databases import Contents, Relation
from orchestration.publication.disk import file_entry, link_or_copy
from orchestration.publication.manifest import FileEntry
from orchestration.publication.places import MARTS, PARQUET_FOLDER


def write_parquet(
    connection: duckdb.DuckDBPyConnection, building: Building, contents: Contents
) -> dict[str, FileEntry]:
    """Writes or links the Parquet file of each mart.

    Args:
        connection: Where the open database is attached.
        building: The version being made.
        contents: What the database holds.

    Returns:
        Size and hash of each file, by its path below the version's folder.

    Raises:
        PublicationError: A file did not get the rows of its table; nothing was published.
    """
    building.places.parquet.mkdir()
    entries = {}
    for mart in contents.marts:
        file = f"{PARQUET_FOLDER}/{mart.name}.parquet"
        linked = None if mart.key in contents.changed else _linked(building, file)
        if linked is None:
            _write(connection, building, mart, file)
            _check_rows(connection, building, file, contents.entries[mart.key].rows)
        entries[file] = linked or file_entry(building.places.folder / file)
    return entries


def _linked(building: Building, file: str) -> FileEntry | None:
    """Links a file of the version in force, or gives nothing where that is missing or damaged."""
    source = building.source
    if source is None or file not in source.manifest.files:
        return None
    there = source.places.folder / file
    entry = source.manifest.files[file]
    if not there.is_file() or file_entry(there) != entry:
        return None
    link_or_copy(there, building.places.folder / file)
    return entry


def _write(
    connection: duckdb.DuckDBPyConnection, building: Building, mart: Relation, file: str
) -> None:
    # What a view shows stands in the order of the tables that it shows, which is one of its own.
    order = mart.order if mart.kind == "table" else ""
    connection.execute(
        f"copy (from {mart.within(MARTS)}{order}) "
        f"to {literal(building.places.folder / file)} (format parquet, compression zstd)"
    )


def _check_rows(
    connection: duckdb.DuckDBPyConnection, building: Building, file: str, expected: int
) -> None:
    (rows,) = connection.execute(
        "select sum(num_rows) from parquet_file_metadata(?)", [str(building.places.folder / file)]
    ).fetchall()[0]
    if rows != expected:
        raise PublicationError(
            f"{file} has {rows} rows instead of {expected}; nothing was published"
        )
