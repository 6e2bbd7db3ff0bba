"""Raw tables derived from their declaration: the columns of the change log and its DDL.

Belongs here: what is added to a contract's columns in raw, and `create table` statements. Does not
belong here: opening the raw store and writing rows into it.
"""

from __future__ import annotations

import re

import duckdb

from ingestion.contracts.system_tables import SYSTEM_SOURCES
from ingestion.contracts.tables import Column, Table
from ingestion.text.sql_text import literal

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")

LOG_COLUMNS: tuple[Column, ...] = (
    Column(
        name="_source_system",
        logical_type="string",
        description="System the row came from.",
        required=True,
    ),
    Column(
        name="_extract_id",
        logical_type="string",
        description="Extract that brought this version; versions of a key sort by it.",
        required=True,
    ),
    Column(
        name="_extracted_at",
        logical_type="timestamp",
        description="Moment the extract speaks for (UTC).",
        required=True,
    ),
    Column(
        name="_loaded_at",
        logical_type="timestamp",
        description="When this version was landed (UTC).",
        required=True,
    ),
    Column(
        name="_row_hash",
        logical_type="string",
        description="Hash of the row's content.",
        required=True,
    ),
    Column(
        name="_op",
        logical_type="string",
        description="upsert, or delete where the key vanished from a full extract.",
        required=True,
        enum=("upsert", "delete"),
    ),
)


def raw_columns(table: Table) -> tuple[Column, ...]:
    """Gives the columns that a table has in raw, those of the change log included."""
    return table.columns if table.source in SYSTEM_SOURCES else (*table.columns, *LOG_COLUMNS)


def replace_table(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Makes a table anew and empty, whatever stood under its name.

    Args:
        connection: Open on raw, with the right to write; the schema exists.
        table: The table.
    """
    connection.execute(f"drop table if exists {quoted_table(table)}")
    connection.execute(create_table_sql(table))


def create_table_sql(table: Table) -> str:
    """Gives the statement that makes a raw table if it is not there.

    Columns carry no constraints: a delete row holds nothing but its key, and what a row must
    satisfy is decided before it is appended.
    """
    columns = ",\n".join(f"    {column_sql(column)}" for column in raw_columns(table))
    return f"create table if not exists {quoted_table(table)} (\n{columns}\n)"


def column_sql(column: Column) -> str:
    """Gives a column as a statement declares it.

    Rows that were there before a part of the key was have its default.
    """
    default = "" if column.default is None else f" default {literal(column.default)}"
    return f"{quoted(column.name)} {column.sql_type}{default}"


def given_sql(column: Column, prefix: str = "") -> str:
    """Gives the SQL of a value that is NULL where it stands for one that was not given.

    Args:
        column: The contract column.
        prefix: Alias of the relation, with its dot.
    """
    name = prefix + quoted(column.name)
    return name if column.default is None else f"nullif({name}, {literal(column.default)})"


def holds_all_of(wider: str, narrower: str) -> bool:
    """Tells whether every value of one type of numbers is one of another type too.

    Args:
        wider: Such as `decimal(22,6)`.
        narrower: Such as `decimal(18,2)`.
    """
    sizes = [_DECIMAL.fullmatch(sql_type.replace(" ", "")) for sql_type in (wider, narrower)]
    if not all(sizes):
        return False
    (digits, scale), (least_digits, least_scale) = [
        (int(size[1]), int(size[2])) for size in sizes if size
    ]
    return scale >= least_scale and digits - scale >= least_digits - least_scale


def quoted_table(table: Table) -> str:
    """Gives a table's name with its schema, quoted for SQL."""
    return f"{quoted(table.source)}.{quoted(table.name)}"


def quoted(identifier: str) -> str:
    """Gives a name quoted for SQL, whatever characters it has."""
    return '"' + identifier.replace('"', '""') + '"'
