"""Contents of tables: counted, hashed, named in SQL.

Belongs here: what a table holds, whatever the order of its rows. Does not belong here: files.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.publication.manifest import TableEntry
from orchestration.publication.places import MARTS


def content_hashes(
    connection: duckdb.DuckDBPyConnection, catalog: str, schema: str = MARTS
) -> dict[str, TableEntry]:
    """Counts and hashes every relation of a catalog's schema, whatever the order of its rows."""
    names = connection.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = ? and table_schema = ? order by all",
        [catalog, schema],
    ).fetchall()
    return {name: content_hash(connection, qualified(catalog, schema, name)) for (name,) in names}


def content_hash(
    connection: duckdb.DuckDBPyConnection, relation: str, built_by: str | None = None
) -> TableEntry:
    """Counts and hashes one relation.

    Args:
        connection: Where it is attached.
        relation: Its name in SQL.
        built_by: The refresh that built it.
    """
    rows, digest = rows_and_hash(connection, relation)
    return TableEntry(rows=rows, content_hash=digest, built_by=built_by)


def rows_and_hash(
    connection: duckdb.DuckDBPyConnection, relation: str, hashed: str = "t"
) -> tuple[int, str]:
    """Counts the rows of a relation and adds up their hashes, which no order of rows changes.

    Args:
        connection: Where it is attached.
        relation: Its name in SQL.
        hashed: What of a row `t` is hashed; by default all of it.
    """
    rows, total = connection.execute(
        f"select count(*), coalesce(sum(hash({hashed})), 0) from {relation} as t"
    ).fetchall()[0]
    return rows, f"{total:x}"


def row_count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Counts the rows of a relation."""
    return connection.execute(f"select count(*) from {relation}").fetchall()[0][0]


def qualified(catalog: str, schema: str, name: str) -> str:
    """Names a relation in SQL."""
    return f"{catalog}.{schema}.{identifier(name)}"


def identifier(name: str) -> str:
    """Quotes a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | Path) -> str:
    """Quotes a text for SQL."""
    return "'" + str(value).replace("'", "''") + "'"
