"""The two databases of a version: from what dbt wrote to what readers open.

Belongs here: views that become tables or come along, names in `main`, comments, tables that no
model makes any more, files without waste. Does not belong here: Parquet, hashes of files, and
where the version then goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from ingestion.home import OWNER_ONLY_FILE, Home
from ingestion.raw.store import memory_settings
from orchestration.errors import PublicationError
from orchestration.publication.building import Building
from orchestration.publication.content import (
    content_hash,
    identifier,
    literal,
    qualified,
    row_count,
)
from orchestration.publication.manifest import STORAGE_VERSION, Description, TableEntry
from orchestration.publication.places import MARTS, RESTRICTED

WAREHOUSE = "warehouse"
# Columns by which dashboards filter: rows of one value side by side let a reader skip the rest.
_SORT_COLUMNS = ("basis", "level", "period_grain", "period_start", "as_of_date", "member_id")


@dataclass(frozen=True)
class Relation:
    """A table or view, with the comments on it and on its columns."""

    kind: Literal["table", "view"]
    schema: str
    name: str
    columns: tuple[str, ...]
    comment: str | None
    column_comments: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """Its name as manifests and callers say it."""
        return f"{self.schema}.{self.name}"

    def within(self, catalog: str) -> str:
        """Names it in SQL, in a catalog."""
        return qualified(catalog, self.schema, self.name)

    @property
    def order(self) -> str:
        """Orders metric marts; wide tables stay as they are, since sorting them is not cheap."""
        if "level" not in self.columns:
            return ""
        return f" order by {', '.join(c for c in _SORT_COLUMNS if c in self.columns)}"


@dataclass(frozen=True)
class Contents:
    """What the finished databases hold.

    Attributes:
        entries: By `schema.table`.
        descriptions: By `schema.table`.
        changed: The tables that are not as in the version that came along.
        marts: The tables of the open database.
    """

    entries: dict[str, TableEntry]
    descriptions: dict[str, Description]
    changed: frozenset[str]
    marts: tuple[Relation, ...]


@dataclass(frozen=True)
class _Settled:
    """What one database holds, and what is not as it came along."""

    tables: list[Relation]
    new: frozenset[str]
    has_dropped: bool


@dataclass(frozen=True)
class _Window:
    """A view that shows nothing but published tables of the open database, by `schema.table`."""

    query: str
    reads: frozenset[str]


@contextmanager
def opened(home: Home, building: Building) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the databases of a building, and for its views the warehouse and raw.

    Raises:
        PublicationError: There is no warehouse.
    """
    if not home.warehouse_db.exists():
        raise PublicationError(
            f"{home.warehouse_db} is not there, so there is nothing to publish; "
            "run `salesops refresh --full`"
        )
    config = {"temp_directory": str(home.scratch), "preserve_insertion_order": "false"}
    with duckdb.connect(config={**config, **memory_settings()}) as connection:
        # Under the names by which views know them.
        connection.execute(f"attach {literal(home.warehouse_db)} as {WAREHOUSE} (read_only)")
        if home.raw_db.exists():
            connection.execute(f"attach {literal(home.raw_db)} as raw (read_only)")
        for schema, path in _files(building).items():
            connection.execute(f"attach {literal(path)} as {schema}")
        yield connection


def finish(
    connection: duckdb.DuckDBPyConnection,
    building: Building,
    built: Collection[str],
    models: Collection[str] | None,
) -> Contents:
    """Makes of the tables that dbt wrote what readers open.

    Args:
        connection: From `opened`.
        building: The version being made.
        built: The tables that were built in this run, as `schema.table`.
        models: Everything that models make, as `schema.table`; tables that came along and that
            none makes any more are dropped. None leaves all there are.

    Raises:
        PublicationError: There is nothing to publish, or not what the caller says there is.
    """
    views = [
        view
        for view in relations(connection, WAREHOUSE, MARTS, "view")
        if models is None or view.key in models
    ]
    _drop_carried_views(connection, building)
    _refuse_views(connection)
    found: list[Relation] = []
    changed: set[str] = set()
    for schema, path in _files(building).items():
        open_views = views if schema == MARTS else []
        settled = _settle(connection, building, schema, open_views, built, models)
        if _wastes_room(connection, building, schema, settled):
            _write_anew(connection, schema, path)
        found += settled.tables
        changed |= settled.new
    _require(connection, found, {*built, *(models or ())})
    return Contents(
        entries={r.key: _entry(connection, building, r, changed) for r in found},
        descriptions={
            r.key: Description(table=r.comment, columns=dict(r.column_comments)) for r in found
        },
        changed=frozenset(changed),
        marts=tuple(r for r in found if r.schema == MARTS),
    )


def relations(
    connection: duckdb.DuckDBPyConnection, catalog: str, schema: str, kind: Literal["table", "view"]
) -> list[Relation]:
    """Gives the tables or the views of a schema.

    Args:
        connection: Where the catalog is attached.
        catalog: Its name.
        schema: The schema in it.
        kind: Which of them.
    """
    place = {"catalog": catalog, "schema": schema}
    named = connection.execute(
        f"select {kind}_name, comment from duckdb_{kind}s() "
        "where database_name = $catalog and schema_name = $schema order by 1",
        place,
    ).fetchall()
    if not named:
        return []
    columns = connection.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = $catalog and schema_name = $schema order by 1, column_index",
        place,
    ).fetchall()
    by_table: dict[str, list[tuple[str, str | None]]] = {}
    for table, column, comment in columns:
        by_table.setdefault(table, []).append((column, comment))
    return [
        Relation(
            kind=kind,
            schema=schema,
            name=name,
            columns=tuple(column for column, _ in by_table.get(name, ())),
            comment=comment,
            column_comments=tuple((c, text) for c, text in by_table.get(name, ()) if text),
        )
        for name, comment in named
    ]


def comment_on(
    connection: duckdb.DuckDBPyConnection, relation: Relation, target: str, kind: str
) -> None:
    """Writes a relation's comments on another one of the same columns."""
    if relation.comment:
        connection.execute(f"comment on {kind} {target} is {literal(relation.comment)}")
    for column, text in relation.column_comments:
        connection.execute(f"comment on column {target}.{identifier(column)} is {literal(text)}")


def _files(building: Building) -> dict[str, Path]:
    return {MARTS: building.marts, RESTRICTED: building.restricted}


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Writes everything at once: a checkpoint for each statement would cost seconds."""
    connection.execute("begin")
    yield
    connection.execute("commit")


def _names(
    connection: duckdb.DuckDBPyConnection, catalog: str, schema: str, kind: str
) -> list[str]:
    named = connection.execute(
        f"select {kind}_name from duckdb_{kind}s() "
        "where database_name = ? and schema_name = ? order by 1",
        [catalog, schema],
    ).fetchall()
    return [name for (name,) in named]


def _drop_carried_views(connection: duckdb.DuckDBPyConnection, building: Building) -> None:
    """Drops the views of the version in force, which are made anew of those of the warehouse."""
    for name in _names(connection, MARTS, MARTS, "view"):
        if f"{MARTS}.{name}" in building.carried:
            connection.execute(f"drop view {qualified(MARTS, MARTS, name)}")


def _refuse_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuses views among the published tables: they read the warehouse, which no reader has."""
    stray = [f"{s}.{n}" for s in (MARTS, RESTRICTED) for n in _names(connection, s, s, "view")]
    if stray:
        raise PublicationError(
            f"{', '.join(stray)} was written as a view into the file that is published, where "
            "nobody could read it; make it a table, or leave the view in the warehouse"
        )


def _settle(
    connection: duckdb.DuckDBPyConnection,
    building: Building,
    schema: str,
    views: Collection[Relation],
    built: Collection[str],
    models: Collection[str] | None,
) -> _Settled:
    """Brings one database to the tables and names that readers find in it."""
    with _transaction(connection):
        has_dropped = _drop_unmade(connection, schema, models)
        windows = {view.key: _window(connection, view) for view in views}
        for view in views:
            if windows[view.key] is None:
                _materialise(connection, view)
        for view in views:
            if window := windows[view.key]:
                _take_along(connection, view, window)
        tables = relations(connection, schema, schema, "table")
        along = relations(connection, schema, schema, "view")
        new = {t.key for t in [*tables, *along] if t.key in built or t.key not in building.carried}
        new |= {key for key, window in windows.items() if window is None or window.reads & new}
        if new or has_dropped:
            _open_names(connection, schema, [*tables, *along])
    connection.execute(f"checkpoint {schema}")
    return _Settled([*tables, *along], frozenset(new), has_dropped)


def _window(connection: duckdb.DuckDBPyConnection, view: Relation) -> _Window | None:
    """Gives what a view shows where all of it is published beside it, else nothing."""
    ((sql,),) = connection.execute(
        "select sql from duckdb_views() "
        "where database_name = ? and schema_name = ? and view_name = ?",
        [WAREHOUSE, view.schema, view.name],
    ).fetchall()
    query = sql.partition(" AS ")[2].rstrip().removesuffix(";")
    reads = connection.get_table_names(query, qualified=True)
    if not reads or not all(name.startswith(f"{MARTS}.{MARTS}.") for name in reads):
        return None
    # Without the file's name, so that it also works where a reader attaches the file under another.
    query = query.replace(f"{MARTS}.{MARTS}.", "")
    return _Window(query, frozenset(name.removeprefix(f"{MARTS}.") for name in reads))


def _take_along(connection: duckdb.DuckDBPyConnection, view: Relation, window: _Window) -> None:
    """Makes a view of the warehouse one of the open database, instead of writing its rows there."""
    target = view.within(MARTS)
    if view.name in _names(connection, MARTS, MARTS, "table"):
        connection.execute(f"drop table {target}")
    connection.execute(f"create view {target} as {window.query}")
    comment_on(connection, view, target, "view")


def _materialise(connection: duckdb.DuckDBPyConnection, view: Relation) -> None:
    """Writes a view of the warehouse as a table, since readers have no warehouse.

    Only open ones: a restricted view has a row per person and day, which a copy would write out,
    and whoever may read the copy may read the warehouse.
    """
    table = view.within(MARTS)
    connection.execute(
        f"create or replace table {table} as from {view.within(WAREHOUSE)}{view.order}"
    )
    comment_on(connection, view, table, "table")


def _drop_unmade(
    connection: duckdb.DuckDBPyConnection, schema: str, models: Collection[str] | None
) -> bool:
    """Drops the tables that no model makes any more and tells whether there were any."""
    if models is None:
        return False
    there = _names(connection, schema, schema, "table")
    unmade = [name for name in there if f"{schema}.{name}" not in models]
    for name in unmade:
        connection.execute(f"drop table {qualified(schema, schema, name)}")
    return bool(unmade)


def _open_names(
    connection: duckdb.DuckDBPyConnection, schema: str, tables: Collection[Relation]
) -> None:
    """Makes a view in `main` on every table.

    A file named marts with a schema named marts: DuckDB takes `marts.mart_x` to be ambiguous, and
    tools that write only schema and table could not query it. For them it also stands in `main`.
    """
    for name in _names(connection, schema, "main", "view"):
        connection.execute(f"drop view {qualified(schema, 'main', name)}")
    for table in tables:
        short = qualified(schema, "main", table.name)
        connection.execute(f"create view {short} as from {table.within(schema)}")
        comment_on(connection, table, short, "view")


def _wastes_room(
    connection: duckdb.DuckDBPyConnection, building: Building, schema: str, settled: _Settled
) -> bool:
    """Tells whether a file is to be written anew, because of what stands in its free blocks.

    Bytes of tables that were replaced stay in them: rows of an earlier publication. Of the open
    marts everybody has these anyway. Pay of earlier nights must end with the versions that are
    kept; and what no model makes any more may have been taken out for a reason.
    """
    (total, free) = connection.execute(
        "select total_blocks, free_blocks from pragma_database_size() where database_name = ?",
        [schema],
    ).fetchall()[0]
    if settled.has_dropped or free * 2 > total:
        return True
    is_replaced = building.source is not None and bool(settled.new)
    return schema == RESTRICTED and is_replaced and free > 0


def _write_anew(connection: duckdb.DuckDBPyConnection, schema: str, path: Path) -> None:
    """Copies a database into a fresh file, which takes its place."""
    fresh = path.with_name(f"{path.stem}-fresh.duckdb")
    connection.execute(f"attach {literal(fresh)} as fresh (storage_version '{STORAGE_VERSION}')")
    fresh.chmod(OWNER_ONLY_FILE)
    # Rows that dashboards filter by stand side by side, and shall go on doing so.
    connection.execute("set preserve_insertion_order = true")
    connection.execute(f"copy from database {schema} to fresh")
    connection.execute("set preserve_insertion_order = false")
    connection.execute(f"checkpoint fresh; detach fresh; detach {schema}")
    fresh.replace(path)
    connection.execute(f"attach {literal(path)} as {schema}")


def _require(
    connection: duckdb.DuckDBPyConnection, found: Collection[Relation], expected: Collection[str]
) -> None:
    if not any(relation.schema == MARTS for relation in found):
        raise PublicationError(
            f"there is no table of schema '{MARTS}', so there is nothing to publish; "
            "run `salesops refresh --full`"
        )
    # What the caller knows of other schemas, and views that stay in the warehouse.
    elsewhere = {f"{RESTRICTED}.{n}" for n in _names(connection, WAREHOUSE, RESTRICTED, "view")}
    elsewhere |= {key for key in expected if key.partition(".")[0] not in (MARTS, RESTRICTED)}
    missing = {*expected} - elsewhere - {relation.key for relation in found}
    if missing:
        raise PublicationError(
            f"{', '.join(sorted(missing))} should be published and was not built; nothing was "
            "published. Run `salesops refresh --full`"
        )


def _entry(
    connection: duckdb.DuckDBPyConnection,
    building: Building,
    relation: Relation,
    changed: Collection[str],
) -> TableEntry:
    table = relation.within(relation.schema)
    if relation.key in changed:
        return content_hash(connection, table, building.run_id)
    entry = building.carried[relation.key]
    rows = row_count(connection, table)
    if rows != entry.rows:
        raise PublicationError(
            f"{relation.key} was not built in this run, but has {rows} rows instead of the "
            f"{entry.rows} of version {entry.built_by}; nothing was published. "
            "Run `salesops refresh --full`"
        )
    return entry
