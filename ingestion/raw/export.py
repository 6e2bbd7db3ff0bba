"""The change log as Parquet files, for engines that do not read DuckDB's own format.

Belongs here: writing the export and swapping it in. Does not belong here: when to export, and how
an engine registers the files (the dbt macro `make_sources_readable` does for Spark).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import duckdb

from ingestion.errors import SalesopsError
from ingestion.home import OWNER_ONLY_FILE


def export_raw(raw_db: Path, folder: Path) -> None:
    """Writes every table of the change log to `<folder>/<schema>/<table>/part-0.parquet`.

    The export before stays whole until the new one is complete, and is then replaced as a whole:
    a table that raw no longer has does not linger.

    Args:
        raw_db: The change log; opened read-only.
        folder: Folder of the export; made where it is missing. It should hold nothing else.

    Raises:
        SalesopsError: There is no change log at `raw_db`.
    """
    if not raw_db.is_file():
        raise SalesopsError(
            f"there is no change log at {raw_db}: run a refresh before exporting to Parquet"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made by mkdtemp, so nobody else can read the files before their own permissions are set.
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_tables(raw_db, new)
        _swap_in(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_tables(raw_db: Path, folder: Path) -> None:
    with duckdb.connect(str(raw_db), read_only=True) as connection:
        # Rows of raw have no order, and keeping one would hold whole tables in memory.
        connection.execute("set preserve_insertion_order = false")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        for schema, table in tables:
            target = folder / schema / table / "part-0.parquet"
            target.parent.mkdir(parents=True)
            connection.execute(
                f"copy {_quoted(schema)}.{_quoted(table)} to {_literal(str(target))}"
                " (format parquet, compression zstd)"
            )
            target.chmod(OWNER_ONLY_FILE)


def _swap_in(new: Path, folder: Path) -> None:
    """Puts `new` where `folder` is; readers of the old files keep them until they close them."""
    if not folder.exists():
        new.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        # Renaming onto an empty folder replaces it, so the old export moves in one step.
        folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
