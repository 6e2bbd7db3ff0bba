"""The raw store: raw.duckdb, opened for landing, and the records it keeps about landing.

Belongs here: opening the file with its rights and limits, making its tables, and rows of the
manifest. Does not belong here: what stands in an extract and what it changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

import duckdb

from ingestion.casting.cell_texts import LIFTING_OPTIMIZERS
from ingestion.company.pseudonyms import known_key_id, pseudonym_key, write_pseudonym_key
from ingestion.company.settings import CompanySettings, write_company_tables
from ingestion.contracts.raw_ddl import (
    column_sql,
    create_table_sql,
    holds_all_of,
    quoted,
    quoted_table,
)
from ingestion.contracts.system_tables import EXTRACTS, FILES, SYSTEM_SOURCES, SYSTEM_TABLES
from ingestion.contracts.tables import Contracts, Table
from ingestion.errors import LandingError
from ingestion.home import OWNER_ONLY_FILE, Home
from ingestion.mapping.normalization import add_normalization
from ingestion.raw.change_log import new_row_hash_sql
from ingestion.text.sql_text import literal

_PRIVATE = 0o077


@dataclass(frozen=True)
class FileResult:
    """What became of one file: a row of the manifest `landing.files`, in its columns' order."""

    run_id: str
    source_system: str
    source: str
    table_name: str
    mapping_name: str
    file_name: str
    sha256: str | None
    size_bytes: int | None
    format: str | None
    extract_id: str | None
    extracted_at: datetime | None
    modified_at: datetime | None
    landed_at: datetime
    status: str
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    passed_over: int = 0
    emptied: int = 0
    unchanged: int = 0
    duplicates: int = 0
    deleted: int = 0
    control_totals: str | None = None
    message: str | None = None
    feed: str | None = None


@dataclass(frozen=True)
class LandedExtract:
    """A row of `landing.extracts`, in its columns' order."""

    extract_id: str
    source_system: str
    source: str
    table_name: str
    kind: str
    extracted_at: datetime
    landed_at: datetime
    fingerprint: str
    is_complete: bool
    feed: str | None = None


def memory_settings() -> dict[str, Any]:
    """Gives DuckDB's settings for a refresh, from the variables that `profiles.yml` reads too."""
    return {
        "memory_limit": os.environ.get("SALESOPS_MEMORY_LIMIT", "2GB"),
        "threads": os.environ.get("SALESOPS_THREADS", "2"),
    }


@contextmanager
def open_raw_store(
    home: Home, contracts: Contracts, settings: CompanySettings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens raw.duckdb for landing: every table exists, and SQL reaches no file but extracts.

    Expressions of mappings run on this connection. Once it is handed out it can neither read nor
    write outside the archive and the scratch folder, nor load extensions, nor change a setting.

    Args:
        home: The home folder; its folders exist.
        contracts: Tables to make.
        settings: The company's settings, which are written to raw.

    Raises:
        LandingError: Another program holds the file, or raw was landed with another key of
            pseudonyms.
        duckdb.Error: The file is damaged, or cannot be read or written.
    """
    connection = _connect(home)
    try:
        # Before anything is written: with a lost key nothing is to change.
        key = pseudonym_key(home, known_key_id(connection))
        # Together: DuckDB waits for the disk at the end of each transaction, and there are many
        # tables.
        connection.begin()
        create_tables(connection, contracts)
        write_company_tables(connection, settings)
        write_pseudonym_key(connection, key)
        connection.commit()
        add_normalization(connection)
        _lock_down(connection, home)
        yield connection
    finally:
        connection.close()


def create_tables(connection: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    """Makes every raw table that is missing; a new column is added to its table.

    A number whose contract gives it more digits than raw does gets them, before or after the point:
    every value stays what it is.

    Raises:
        LandingError: A column of raw has another type than its contract says, and not every value
            of it would fit.
    """
    tables = (*contracts.tables(), *SYSTEM_TABLES)
    found = _columns_of_tables(connection)
    new = [table for table in tables if (table.source, table.name) not in found]
    if new:
        for schema in dict.fromkeys(table.source for table in new):
            connection.execute(f"create schema if not exists {quoted(schema)}")
        for table in new:
            connection.execute(create_table_sql(table))
    for table in tables:
        if (table.source, table.name) in found:
            _add_new_columns(connection, table, found[table.source, table.name])
            _widen_numbers(connection, table, found[table.source, table.name])


def _columns_of_tables(
    connection: duckdb.DuckDBPyConnection,
) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Gives the type of each column, in lower case, of each table by schema and name."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, name, column, sql_type in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where not internal"
    ).fetchall():
        found.setdefault((schema, name), {})[column] = str(sql_type).lower().replace(" ", "")
    return found


def _add_new_columns(
    connection: duckdb.DuckDBPyConnection, table: Table, found: Mapping[str, str]
) -> None:
    for column in table.columns:
        if column.name not in found:
            connection.execute(f"alter table {quoted_table(table)} add column {column_sql(column)}")


def _widen_numbers(
    connection: duckdb.DuckDBPyConnection, table: Table, found: Mapping[str, str]
) -> None:
    """Gives numbers of raw the digits that their contract says.

    A row's hash is one of its values as they are written, so it is taken anew: or the next extract
    would change every row that it only shows again.
    """
    other = [c for c in table.columns if found.get(c.name, c.sql_type) != c.sql_type]
    for column in other:
        if column.name in table.key or not holds_all_of(column.sql_type, found[column.name]):
            raise LandingError(
                f"{table.full_name}.{column.name} is {found[column.name]} in raw, but its contract "
                f"says {column.sql_type}; give a column of a new type a new name, since raw cannot "
                "be rebuilt"
            )
    if not other:
        return
    wide = ", ".join(f"cast({quoted(c.name)} as {c.sql_type}) as {quoted(c.name)}" for c in other)
    hashed = "*"
    if table.source not in SYSTEM_SOURCES:
        hashed = f"* replace ({new_row_hash_sql(table)} as _row_hash)"
    log, widened = quoted_table(table), f"{table.name}__widened"
    connection.execute(
        f"create table {quoted(table.source)}.{quoted(widened)} as "
        f"select {hashed} from (select * replace ({wide}) from {log})"
    )
    connection.execute(f"drop table {log}")
    connection.execute(
        f"alter table {quoted(table.source)}.{quoted(widened)} rename to {quoted(table.name)}"
    )


def _connect(home: Home) -> duckdb.DuckDBPyConnection:
    spill = home.scratch / "spill"
    # The write-ahead log is made by DuckDB as well, so the mask and not a chmod protects both.
    mask = os.umask(_PRIVATE)
    try:
        connection = duckdb.connect(
            str(home.raw_db),
            config={
                **memory_settings(),
                "temp_directory": str(spill),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": True,
            },
        )
    except duckdb.IOException as caught:
        if "lock" not in str(caught).lower():
            raise
        raise LandingError(
            f"{home.raw_db} cannot be opened: {str(caught).partition(chr(10))[0]}. Close other "
            "programs that use it and refresh again"
        ) from None
    finally:
        os.umask(mask)
    home.raw_db.chmod(OWNER_ONLY_FILE)
    connection.execute("set timezone = 'UTC'")
    return connection


def _lock_down(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    folders = ", ".join(literal(f"{folder}/") for folder in (home.archive, home.scratch))
    connection.execute(f"set allowed_directories = [{folders}]")
    connection.execute("set enable_external_access = false")
    # A cast that stands twice in a mapping's expression would be lifted out of the `try` around it,
    # and one cell that it fails for would fail the file, with the cell in DuckDB's message.
    connection.execute(f"set disabled_optimizers = {literal(LIFTING_OPTIMIZERS)}")
    connection.execute("set lock_configuration = true")


def note_files(connection: duckdb.DuckDBPyConnection, results: Iterable[FileResult]) -> None:
    """Adds rows to the manifest."""
    _insert(connection, FILES, [astuple(result) for result in results], FileResult)


def note_extracts(connection: duckdb.DuckDBPyConnection, extracts: Iterable[LandedExtract]) -> None:
    """Adds rows to the list of extracts."""
    _insert(connection, EXTRACTS, [astuple(extract) for extract in extracts], LandedExtract)


def _insert(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: list[tuple], form: type
) -> None:
    names = ", ".join(field.name for field in fields(form))
    places = ", ".join("?" * len(fields(form)))
    for row in rows:
        values = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in row]
        connection.execute(f"insert into {quoted_table(table)} ({names}) values ({places})", values)
