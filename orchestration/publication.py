"""Publication: what BI reads, built beside the old version, checked, and swapped in atomically.

Belongs here: versions of `published/marts.duckdb` and its Parquet, making them, swapping them and
throwing old ones away. Does not belong here: deciding whether the marts are good enough (gates).

    published/
        marts.duckdb            the version in force; a hard link to its file below
        parquet                 a link to that version's Parquet files
        restricted.duckdb       pay and people of the same version, for the owner only; a hard link
        versions/<run_id>/      marts.duckdb  parquet/<mart>.parquet  restricted.duckdb
                                manifest.json

A reader that has the old file open keeps the old file: a swap changes what the name means, never
the bytes that a name stood for.
"""

from __future__ import annotations

import filecmp
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict

from ingestion.home import OWNER_ONLY_FILE, Home
from orchestration.errors import PublicationError, UsageError
from orchestration.project import memory_settings

logger = logging.getLogger("salesops.publication")

MARTS = "marts"
RESTRICTED = "restricted"
# Older drivers read it; what later storage versions add is only compression.
STORAGE_VERSION = "v1.2.0"
DEFAULT_KEEP_VERSIONS = 7
# Columns by which dashboards filter: rows of one value side by side let a reader skip the rest.
_SORT_COLUMNS = ("basis", "level", "period_grain", "period_start", "as_of_date", "member_id")
_READABLE_BY_ALL = 0o444
_READABLE_BY_OWNER = 0o400


class TableEntry(BaseModel):
    """One published table."""

    model_config = ConfigDict(frozen=True)

    rows: int
    content_hash: str


class Manifest(BaseModel):
    """What a version holds.

    Attributes:
        restricted_tables: What `restricted.duckdb` holds; empty in versions from before it.
        content_hash (of a table): Sum of the hashes of its rows, so their order does not matter;
            comparable between versions written by one DuckDB version.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    run_id: str
    published_at: datetime
    storage_version: str
    duckdb_version: str
    size_bytes: int
    tables: dict[str, TableEntry]
    restricted_tables: dict[str, TableEntry] = {}


@dataclass(frozen=True)
class Relation:
    """A table or view of the warehouse's marts."""

    name: str
    columns: tuple[str, ...]
    comment: str | None
    column_comments: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Version:
    """Places of one version's files."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "marts.duckdb"

    @property
    def restricted(self) -> Path:
        return self.folder / "restricted.duckdb"

    @property
    def parquet(self) -> Path:
        return self.folder / "parquet"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    def read(self) -> Manifest:
        return Manifest.model_validate_json(self.manifest.read_bytes())


def published_database(home: Home) -> Path:
    """Gives the file that BI reads."""
    return home.published / "marts.duckdb"


def restricted_database(home: Home) -> Path:
    """Gives the file of pay and people, which its owner alone may read."""
    return home.published / "restricted.duckdb"


def published_parquet(home: Home) -> Path:
    """Gives the folder of Parquet files that stands beside it."""
    return home.published / "parquet"


def publish(home: Home, run_id: str, keep_versions: int = DEFAULT_KEEP_VERSIONS) -> Manifest:
    """Publishes the warehouse's marts as a new version.

    Args:
        home: The home folder; its warehouse must not be written to meanwhile.
        run_id: The refresh that made the marts; it names the version.
        keep_versions: How many versions stay, the new one included.

    Raises:
        PublicationError: There is nothing to publish, or the new file is not what the warehouse
            holds. What was published before is untouched.
    """
    versions = _versions_folder(home)
    versions.mkdir(parents=True, exist_ok=True)
    building = _Version(versions / f".building-{run_id}")
    for leftover in versions.glob(".building-*"):
        shutil.rmtree(leftover)
    building.parquet.mkdir(parents=True)
    logger.info("Copying the marts into a new version")
    expected, restricted = _copy(home, building)
    logger.info("Checking the new version against the warehouse")
    _check(building, expected)
    _check_file(building.restricted, RESTRICTED, restricted)
    manifest = Manifest(
        version=run_id,
        run_id=run_id,
        published_at=datetime.now(UTC),
        storage_version=STORAGE_VERSION,
        duckdb_version=duckdb.__version__,
        size_bytes=building.database.stat().st_size,
        tables=expected,
        restricted_tables=restricted,
    )
    building.manifest.write_text(manifest.model_dump_json(indent=2) + "\n")
    _make_durable(building)
    version = _Version(versions / run_id)
    building.folder.rename(version.folder)
    _swap_in(home, version)
    _prune(home, keep_versions)
    logger.info("Published version %s", run_id)
    return manifest


def rollback(home: Home, version: str | None = None) -> Manifest:
    """Swaps an earlier version back in.

    Args:
        home: The home folder.
        version: The version; by default the newest one that is older than the one in force.

    Raises:
        UsageError: There is no such version.
    """
    manifests = list_versions(home)
    names = [manifest.version for manifest in manifests]
    if version is None:
        current = current_version(home)
        version = next((name for name in names if current is None or name < current), None)
        if version is None:
            raise UsageError(
                f"there is no version before {current or 'the first'} in {_versions_folder(home)}; "
                "`salesops rollback --list` shows what there is"
            )
    if version not in names:
        kept = ", ".join(names) or "none"
        raise UsageError(f"there is no version '{version}'; versions kept: {kept}")
    chosen = _Version(_versions_folder(home) / version)
    _swap_in(home, chosen)
    logger.info("Swapped version %s back in", version)
    return chosen.read()


def list_versions(home: Home) -> list[Manifest]:
    """Gives the versions kept, the newest first."""
    return [version.read() for version in _kept(home)]


def current_version(home: Home) -> str | None:
    """Names the version in force, or nothing where nothing is published."""
    published = published_database(home)
    if not published.exists():
        return None
    kept = _kept(home)
    same = [version for version in kept if version.database.samefile(published)]
    # A home that was copied or restored has two files where it had one file with two names.
    same = same or [v for v in kept if filecmp.cmp(v.database, published, shallow=False)]
    return same[0].folder.name if same else None


def is_available(home: Home, version: str) -> bool:
    """Tells whether a version is kept and BI has something to read."""
    kept = _Version(_versions_folder(home) / version).manifest.exists()
    return kept and published_database(home).exists()


def content_hashes(
    connection: duckdb.DuckDBPyConnection, catalog: str, schema: str = MARTS
) -> dict[str, TableEntry]:
    """Counts and hashes every relation of a catalog's marts, whatever the order of its rows."""
    names = connection.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = ? and table_schema = ? order by all",
        [catalog, schema],
    ).fetchall()
    return {name: _content_hash(connection, catalog, schema, name) for (name,) in names}


def _content_hash(
    connection: duckdb.DuckDBPyConnection, catalog: str, schema: str, name: str
) -> TableEntry:
    relation = _qualified(catalog, schema, name)
    (rows, total) = connection.execute(
        f"select count(*), coalesce(sum(hash(t)), 0) from {relation} as t"
    ).fetchall()[0]
    return TableEntry(rows=rows, content_hash=f"{total:x}")


def _versions_folder(home: Home) -> Path:
    return home.published / "versions"


def _kept(home: Home) -> list[_Version]:
    """Gives whole versions, the newest first: run ids sort in time order."""
    manifests = sorted(_versions_folder(home).glob("[!.]*/manifest.json"), reverse=True)
    return [_Version(manifest.parent) for manifest in manifests]


@contextmanager
def _warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the warehouse for reading under the names that its views know it and raw by."""
    if not home.warehouse_db.exists():
        raise PublicationError(
            f"{home.warehouse_db} is not there, so there is nothing to publish; "
            "run `salesops refresh --force`"
        )
    config = {"temp_directory": str(home.scratch), "preserve_insertion_order": "false"}
    with duckdb.connect(config={**config, **memory_settings()}) as connection:
        connection.execute(f"attach {_literal(home.warehouse_db)} as warehouse (read_only)")
        if home.raw_db.exists():
            connection.execute(f"attach {_literal(home.raw_db)} as raw (read_only)")
        yield connection


def _copy(home: Home, target: _Version) -> tuple[dict[str, TableEntry], dict[str, TableEntry]]:
    """Writes all marts into the target's files and gives what these must hold, open and not."""
    with _warehouse(home) as connection:
        relations = read_relations(connection)
        if not relations:
            raise PublicationError(
                f"{home.warehouse_db} has nothing in its schema '{MARTS}', so there is nothing to "
                "publish; run `salesops refresh --force`"
            )
        expected = _copy_schema(connection, MARTS, relations, target.database)
        for relation in relations:
            _copy_to_parquet(connection, relation, target)
        restricted = _copy_schema(
            connection, RESTRICTED, read_relations(connection, RESTRICTED), target.restricted
        )
        connection.execute("use memory")
        connection.execute("detach marts")
        connection.execute("detach restricted")
    return expected, restricted


def _copy_schema(
    connection: duckdb.DuckDBPyConnection, schema: str, relations: list[Relation], database: Path
) -> dict[str, TableEntry]:
    """Copies one schema of the warehouse into a file of its own and leaves that attached."""
    # Attached under the name it has for its readers, because its views say it.
    connection.execute(
        f"attach {_literal(database)} as {schema} (storage_version '{STORAGE_VERSION}')"
    )
    database.chmod(OWNER_ONLY_FILE)
    connection.execute(f"create schema {schema}.{schema}")
    expected = {}
    for relation in relations:
        expected[relation.name] = _content_hash(connection, "warehouse", schema, relation.name)
        _copy_relation(connection, schema, relation)
    return expected


def read_relations(connection: duckdb.DuckDBPyConnection, schema: str = MARTS) -> list[Relation]:
    """Gives the warehouse's marts, with the comments on them and on their columns.

    A restricted view stays behind: it has a row per person and day, which a copy would write out,
    and whoever may read the copy may read the warehouse.
    """
    relations = connection.execute(
        "select table_name, comment from duckdb_tables() "
        "where database_name = 'warehouse' and schema_name = $schema "
        "union all "
        "select view_name, comment from duckdb_views() "
        "where database_name = 'warehouse' and schema_name = $schema and schema_name <> $closed "
        "order by 1",
        {"schema": schema, "closed": RESTRICTED},
    ).fetchall()
    columns = connection.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'warehouse' and schema_name = $schema "
        "order by table_name, column_index",
        {"schema": schema},
    ).fetchall()
    return [
        Relation(
            name=name,
            columns=tuple(column for table, column, _ in columns if table == name),
            comment=comment,
            column_comments=tuple(
                (column, text) for table, column, text in columns if table == name and text
            ),
        )
        for name, comment in relations
    ]


def _copy_relation(connection: duckdb.DuckDBPyConnection, schema: str, relation: Relation) -> None:
    source = _qualified("warehouse", schema, relation.name)
    published = _qualified(schema, schema, relation.name)
    connection.execute(f"create table {published} as from {source}{_order(relation)}")
    # A file named marts with a schema named marts: DuckDB takes `marts.mart_x` to be ambiguous, and
    # tools that write only schema and table could not query it. For them it also stands in `main`.
    window = f"{schema}.main.{_identifier(relation.name)}"
    connection.execute(f"create view {window} as from {published}")
    _comment(connection, relation, published, "table")
    _comment(connection, relation, window, "view")


def _copy_to_parquet(
    connection: duckdb.DuckDBPyConnection, relation: Relation, target: _Version
) -> None:
    parquet = target.parquet / f"{relation.name}.parquet"
    connection.execute(
        f"copy (from {_qualified(MARTS, MARTS, relation.name)}) to {_literal(parquet)} "
        "(format parquet, compression zstd)"
    )


def _order(relation: Relation) -> str:
    """Orders metric marts; the wide tables stay as they are, since sorting them is not cheap."""
    if "level" not in relation.columns:
        return ""
    columns = [column for column in _SORT_COLUMNS if column in relation.columns]
    return f" order by {', '.join(columns)}"


def _comment(
    connection: duckdb.DuckDBPyConnection, relation: Relation, target: str, kind: str
) -> None:
    if relation.comment:
        connection.execute(f"comment on {kind} {target} is {_literal(relation.comment)}")
    for column, text in relation.column_comments:
        connection.execute(f"comment on column {target}.{_identifier(column)} is {_literal(text)}")


def _check(built: _Version, expected: dict[str, TableEntry]) -> None:
    """Reads the new open files as a reader would and compares them with the warehouse.

    Raises:
        PublicationError: A table differs; the message names it.
    """
    _check_file(built.database, MARTS, expected)
    with duckdb.connect(config=memory_settings()) as reader:
        for name, entry in expected.items():
            parquet = built.parquet / f"{name}.parquet"
            (rows,) = reader.execute(
                "select sum(num_rows) from parquet_file_metadata(?)", [str(parquet)]
            ).fetchall()[0]
            if rows != entry.rows:
                raise PublicationError(
                    f"{parquet.name} has {rows} rows instead of {entry.rows}; nothing was published"
                )


def _check_file(database: Path, schema: str, expected: dict[str, TableEntry]) -> None:
    with duckdb.connect(str(database), read_only=True, config=memory_settings()) as reader:
        found = content_hashes(reader, database.stem, schema)
    for name, entry in expected.items():
        if found.get(name) != entry:
            raise PublicationError(
                f"the new file's table {name} is not what the warehouse holds "
                f"({found.get(name)} instead of {entry}); nothing was published"
            )


def _make_durable(version: _Version) -> None:
    """Has everything on disk before any name points to it; and no program may write to it."""
    files = [version.database, version.manifest, *version.parquet.iterdir()]
    for path in files:
        path.chmod(_READABLE_BY_ALL)
    version.restricted.chmod(_READABLE_BY_OWNER)
    for path in (*files, version.restricted, version.parquet, version.folder):
        _sync(path)


def _swap_in(home: Home, version: _Version) -> None:
    """Makes a version the one in force; each name changes in one step."""
    # Pay first: should the machine stop in between, no open mart is newer than what it was made of.
    if version.restricted.exists():
        _link_over(version.restricted, restricted_database(home))
    else:
        restricted_database(home).unlink(missing_ok=True)
    _link_over(version.database, published_database(home))
    fresh_link = home.published / ".parquet.new"
    fresh_link.unlink(missing_ok=True)
    fresh_link.symlink_to(version.parquet.relative_to(home.published), target_is_directory=True)
    fresh_link.replace(published_parquet(home))
    _sync(home.published)


def _link_over(file: Path, name: Path) -> None:
    """Lets a name mean another file from one moment to the next."""
    fresh = name.with_name(f".{name.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(file, fresh)
    except OSError as error:
        raise PublicationError(
            f"{name.parent} is on a file system without hard links ({error.strerror}); "
            "move the home folder to a local disk"
        ) from error
    fresh.replace(name)
    # Renaming one link of a file onto another does nothing, also not away with the first.
    fresh.unlink(missing_ok=True)


def _prune(home: Home, keep_versions: int) -> None:
    """Throws away the oldest versions, never the one in force."""
    current = current_version(home)
    for version in _kept(home)[max(keep_versions, 1) :]:
        if version.folder.name != current:
            shutil.rmtree(version.folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _qualified(catalog: str, schema: str, name: str) -> str:
    return f"{catalog}.{schema}.{_identifier(name)}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"
