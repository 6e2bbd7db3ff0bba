"""What each model was made of when it was last built: `meta.model_builds` of the warehouse.

Belongs here: the table, and hashes of the content of tables. Does not belong here: what follows
from it (`plan`).

A row is taken away before its model is built and written after it: a refresh that is killed in
between leaves no row that promises something of a table that may be newer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion.contracts.raw_ddl import quoted
from ingestion.contracts.system_tables import SYSTEM_SOURCES
from ingestion.raw.store import memory_settings
from orchestration.dbt.graph import SourceTable
from orchestration.publication.content import rows_and_hash

_DDL = """
create schema if not exists meta;
create table if not exists meta.model_builds (
    model varchar not null,
    table_name varchar not null,
    sql_hash varchar not null,
    definition_hash varchar not null,
    inputs varchar not null,
    output_hash varchar,
    row_count bigint,
    run_id varchar not null,
    is_checked boolean not null
);
comment on table meta.model_builds is 'What each model was made of when it was last built.';
"""


@dataclass(frozen=True)
class Content:
    """What a table holds: its number of rows, and a hash that is blind to their order."""

    rows: int
    content_hash: str


@dataclass(frozen=True)
class Build:
    """One model as it was last built.

    Attributes:
        model: dbt's id of it.
        table: Schema and name.
        sql_hash: Hash of its SQL.
        definition_hash: The same, with the SQL of all that it reads, directly or not.
        inputs: Hash of each input's content, by dbt's id.
        content: What the table holds; nothing for a view.
        run_id: The refresh that built it.
        is_checked: Whether the gate of its layer has passed since.
    """

    model: str
    table: str
    sql_hash: str
    definition_hash: str
    inputs: Mapping[str, str]
    content: Content | None
    run_id: str
    is_checked: bool


@contextmanager
def open_stores(
    stores: Mapping[str, Path], writable: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens DuckDB files under the aliases by which models name them.

    Args:
        stores: Files by alias; one that does not exist is left out, but for a writable warehouse.
        writable: Whether the warehouse may be written to; the others never are.
    """
    with duckdb.connect(config=memory_settings()) as connection:
        for alias, path in stores.items():
            write = writable and alias == "warehouse"
            if path.exists() or write:
                place = str(path).replace("'", "''")
                mode = "" if write else " (read_only)"
                connection.execute(f"attach '{place}' as {alias}{mode}")
        yield connection


def read_builds(connection: duckdb.DuckDBPyConnection) -> dict[str, Build]:
    """Reads all rows, by model; the table is made where it is missing.

    Args:
        connection: With a writable `warehouse`.
    """
    _make_table(connection)
    rows = connection.execute(
        "select model, table_name, sql_hash, definition_hash, inputs, row_count, output_hash, "
        "run_id, is_checked from warehouse.meta.model_builds"
    ).fetchall()
    return {
        row[0]: Build(
            *row[:4],
            inputs=json.loads(row[4]),
            content=None if row[6] is None else Content(row[5], row[6]),
            run_id=row[7],
            is_checked=row[8],
        )
        for row in rows
    }


def _make_table(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("use warehouse")
    connection.execute(_DDL)


def forget(connection: duckdb.DuckDBPyConnection, models: Iterable[str]) -> None:
    """Takes away the rows of models that are about to be built."""
    connection.execute(
        "delete from warehouse.meta.model_builds where model in (select unnest(?))", [list(models)]
    )


def drop_strays(
    connection: duckdb.DuckDBPyConnection, schemas: Collection[str], kept: Collection[str]
) -> list[str]:
    """Drops tables and views of the warehouse that no model makes any more.

    A model that was taken out of the project, renamed, or moved into a file that is published
    leaves its table behind, which nothing would ever build again: what somebody reads there is of
    the day it was left, and may have been moved because not everybody was to see it.

    Args:
        connection: With a writable `warehouse`.
        schemas: Schemas that belong to models; others are nobody's to sweep.
        kept: Schema and name of what models make.

    Returns:
        What was dropped, by schema and name.
    """
    rows = connection.execute(
        "select 'view', schema_name, view_name from duckdb_views() "
        "where database_name = 'warehouse' and not internal union all "
        "select 'table', schema_name, table_name from duckdb_tables() "
        "where database_name = 'warehouse' order by all"
    ).fetchall()
    strays = [
        (kind, schema, name)
        for kind, schema, name in rows
        if schema in schemas and f"{schema}.{name}" not in kept
    ]
    for kind, schema, name in strays:
        connection.execute(f"drop {kind} warehouse.{quoted(schema)}.{quoted(name)}")
    return sorted(f"{schema}.{name}" for _, schema, name in strays)


def forget_all_but(connection: duckdb.DuckDBPyConnection, models: Iterable[str]) -> None:
    """Takes away the rows of models that the project has no more."""
    _make_table(connection)
    connection.execute(
        "delete from warehouse.meta.model_builds where model not in (select unnest(?))",
        [list(models)],
    )


def record(connection: duckdb.DuckDBPyConnection, builds: Iterable[Build]) -> None:
    """Writes rows, each in place of the one before, in one transaction."""
    rows = [
        (
            build.model,
            build.table,
            build.sql_hash,
            build.definition_hash,
            json.dumps(build.inputs, sort_keys=True),
            build.content and build.content.content_hash,
            build.content and build.content.rows,
            build.run_id,
            build.is_checked,
        )
        for build in builds
    ]
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute("begin")
    forget(connection, columns[0])
    connection.execute(
        "insert into warehouse.meta.model_builds by name select unnest(?::varchar[]) as model, "
        "unnest(?::varchar[]) as table_name, unnest(?::varchar[]) as sql_hash, "
        "unnest(?::varchar[]) as definition_hash, unnest(?::varchar[]) as inputs, "
        "unnest(?::varchar[]) as output_hash, unnest(?::bigint[]) as row_count, "
        "unnest(?::varchar[]) as run_id, unnest(?::boolean[]) as is_checked",
        columns,
    )
    connection.execute("commit")


def mark_checked(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Notes that the gate of these tables has passed; they need not have been built."""
    _make_table(connection)
    connection.execute(
        "update warehouse.meta.model_builds set is_checked = true "
        "where table_name in (select unnest(?))",
        [list(tables)],
    )


def tables_there(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Gives `catalog.schema.name` of every table and view of the connection's files."""
    rows = connection.execute(
        "select concat_ws('.', database_name, schema_name, table_name) from duckdb_tables() "
        "union all "
        "select concat_ws('.', database_name, schema_name, view_name) from duckdb_views() "
        "where not internal"
    ).fetchall()
    return {name for (name,) in rows}


def source_content(connection: duckdb.DuckDBPyConnection, source: SourceTable) -> Content:
    """Tells what a table of the change log holds.

    A version of a row is known by its hash and by what landing noted with it, so the row itself
    need not be read.
    """
    is_log = source.schema not in SYSTEM_SOURCES
    hashed = "_source_system, _extract_id, _row_hash, _op" if is_log else "t"
    return _content(connection, f'raw."{source.schema}"."{source.name}"', hashed)


def table_content(connection: duckdb.DuckDBPyConnection, relation: str) -> Content:
    """Tells what a table holds; reads all of it.

    Args:
        connection: A connection with the table's file.
        relation: The table, catalog and schema included.
    """
    return _content(connection, relation, "t")


def _content(connection: duckdb.DuckDBPyConnection, relation: str, hashed: str) -> Content:
    return Content(*rows_and_hash(connection, relation, hashed))
