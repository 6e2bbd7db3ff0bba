"""Builds warehouses from change logs that tests write row by row.

Belongs here: the raw store of a test and running dbt over it. Landing is left out on purpose: what
the models make of a change log must not depend on how the log came to be.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.change_log import row_hash_sql
from ingestion.company import CompanySettings, write_company_tables
from ingestion.contracts import Table, load_contracts
from ingestion.raw_ddl import quoted_table, raw_columns
from ingestion.raw_store import create_tables

ROOT = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).parent / "dbt"
CORE = tuple(
    f"path:dbt_project/models/{folder}" for folder in ("staging", "intermediate", "marts/core")
)


@dataclass
class ChangeLogOfTest:
    """The raw store of one home, filled by hand.

    Args:
        home: Folder that gets `raw.duckdb`.
        settings: Company settings to build with.
    """

    home: Path
    settings: CompanySettings = field(default_factory=CompanySettings)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with self._open() as connection:
            create_tables(connection, load_contracts())
            write_company_tables(connection, self.settings)

    def add(
        self,
        table: str,
        extracted_at: datetime,
        rows: Iterable[Mapping[str, object]] = (),
        deleted: Iterable[Mapping[str, object]] = (),
        system: str = "crm_of_test",
        source: str = "crm",
    ) -> None:
        """Appends one extract's changes: versions of rows, and keys that it lacks.

        Args:
            table: Table of the source.
            extracted_at: Time the extract speaks for (UTC, naive).
            rows: Values by column; columns left out are empty.
            deleted: Key values by column.
            system: Name of the source system.
            source: Contract that the table belongs to.
        """
        extract_id = f"{extracted_at:%Y%m%dT%H%M%S.%fZ}-test"
        with self._open() as connection:
            for op, versions in (("upsert", list(rows)), ("delete", list(deleted))):
                if versions:
                    contract = load_contracts().table(source, table)
                    self._append(
                        connection, contract, versions, op, extract_id, extracted_at, system
                    )
            connection.execute(
                "insert into landing.extracts by name select ? as extract_id, ? as source_system, "
                "? as source, ? as table_name, 'full' as kind, ?::timestamp as extracted_at, "
                "?::timestamp as landed_at, 'x' as fingerprint, true as is_complete",
                [extract_id, system, source, table, extracted_at, extracted_at],
            )

    def _append(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        versions: list[Mapping[str, object]],
        op: str,
        extract_id: str,
        extracted_at: datetime,
        system: str,
    ) -> None:
        named = {column.name for column in table.columns}
        unknown = {name for version in versions for name in version} - named
        assert not unknown, f"{table.name} has no columns {sorted(unknown)}"
        # As text first: one column holds values of one row only, and DuckDB then casts each to the
        # contract's type, which is what a reader of an extract does too.
        texts = {
            column.name: pa.array(
                [_text(version.get(column.name)) for version in versions], pa.string()
            )
            for column in table.columns
        }
        as_text = pa.table(texts)
        connection.register("as_text", as_text)
        typed = ", ".join(
            f"cast({column.name} as {column.sql_type}) as {column.name}" for column in table.columns
        )
        names = ", ".join(column.name for column in raw_columns(table))
        connection.execute(
            f"insert into {quoted_table(table)} ({names}) "
            f"select *, ?, ?, ?, ?, {row_hash_sql(table)}, ? from (select {typed} from as_text)",
            [system, extract_id, extracted_at, extracted_at, op],
        )
        connection.unregister("as_text")

    def execute(self, sql: str) -> None:
        """Runs a statement on raw, for what `add` cannot say."""
        with self._open() as connection:
            connection.execute(sql)

    def _open(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.home / "raw.duckdb"))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


class Dbt:
    """Runs dbt as a person would, with everything it writes kept out of the repository."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def __call__(self, home: Path, *arguments: str, timeout: int = 300) -> str:
        """Runs a dbt command over a home and gives what it printed; the test fails if dbt does."""
        environment = {
            **os.environ,
            "SALESOPS_HOME": str(home),
            "DBT_TARGET_PATH": str(self._scratch / "target"),
            "DBT_LOG_PATH": str(self._scratch / "logs"),
        }
        done = subprocess.run(
            [str(DBT), "--no-use-colors", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
        return done.stdout


def read_warehouse(home: Path) -> duckdb.DuckDBPyConnection:
    """Opens a built warehouse; the caller closes it."""
    return duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)
