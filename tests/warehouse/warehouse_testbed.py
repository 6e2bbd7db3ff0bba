"""Builds warehouses from change logs that tests write row by row, or land.

Belongs here: the raw store of a test and running dbt over it. Does not belong here: building without
dbt (`compiled_models`), and homes that the command refreshes (`demo_key`).
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings, write_company_tables
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.raw_ddl import quoted_table, raw_columns
from ingestion.contracts.tables import Table
from ingestion.home import Home
from ingestion.landing.run import LandingResult, land
from ingestion.raw.change_log import row_hash_sql
from ingestion.raw.store import create_tables

ROOT = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).parent / "dbt"


# Schemas that stand in files of their own.
PUBLISHED = ("marts", "restricted")


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

    def copied(self, home: Path) -> ChangeLogOfTest:
        """Gives another store that holds the same; making its tables takes a while."""
        shutil.copytree(self.home, home)
        other = copy.copy(self)
        other.home = home
        return other

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
                [_text(version.get(column.name, column.default)) for version in versions],
                pa.string(),
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


def landed(
    home: Path, mapping: str, extracts: Path, settings: CompanySettings | None = None
) -> LandingResult:
    """Makes a home and lands a folder of extracts in it, of which no file may be refused.

    Args:
        home: Folder of the stores.
        mapping: Name of a shipped mapping.
        extracts: The folder.
        settings: Company settings; by default those of a company that has set none.
    """
    place = Home(home)
    place.create()
    sources = [(load_mapping(mapping), extracts)]
    run = "20260301T000000Z-test"
    result = land(place, sources, load_contracts(), run, settings or CompanySettings())
    assert not result.refused
    return result


class Dbt:
    """Runs dbt as a person would, with everything it writes kept out of the repository.

    All commands of a worker run one after another in one process (`dbt_server`), in which the home
    always has the same path: a link to the one in use.

    Args:
        scratch: Folder for the link and for what dbt writes.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._home = scratch / "home"
        self._server: subprocess.Popen[str] | None = None
        self._environment: dict[str, str] = {}

    def __call__(self, home: Path, *arguments: str, timeout: int = 900) -> str:
        """Runs a dbt command over a home and gives what it printed; the test fails if dbt does.

        Args:
            home: Folder of the stores.
            arguments: The command and its options.
            timeout: Seconds after which a dbt that hangs is ended.
        """
        # dbt takes longer to write its manifest than to run a model; who names a folder reads it.
        wanted = [] if "--target-path" in arguments else ["--no-write-json"]
        new_link = self._scratch / "next_home"
        new_link.symlink_to(home.resolve(), target_is_directory=True)
        new_link.replace(self._home)
        server = self._started()
        assert server.stdin and server.stdout
        hangs = threading.Timer(timeout, server.kill)
        hangs.start()
        try:
            server.stdin.write(json.dumps(["--no-use-colors", *wanted, *arguments]) + "\n")
            server.stdin.flush()
            answer = server.stdout.readline()
        finally:
            hangs.cancel()
        if not answer:
            self.close()
            printed = self._printed.read_text(encoding="utf-8", errors="replace")
            pytest.fail(f"dbt's process ended (or was, after {timeout} s): {printed[-8000:]}")
        outcome = json.loads(answer)
        assert outcome["success"], outcome["printed"][-8000:]
        return outcome["printed"]

    def close(self) -> None:
        """Ends the process, if there is one."""
        if self._server:
            assert self._server.stdin and self._server.stdout
            # It reads no more commands and goes.
            self._server.stdin.close()
            self._server.wait()
            self._server.stdout.close()
            self._server = None

    @property
    def _printed(self) -> Path:
        return self._scratch / "printed.txt"

    def _started(self) -> subprocess.Popen[str]:
        environment = environment_of_dbt(self._home, self._scratch)
        if self._server and environment != self._environment:
            self.close()
        if not self._server:
            self._environment = environment
            self._server = subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name("dbt_server.py")),
                    str(self._printed),
                ],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._server


def environment_of_dbt(home: Path, scratch: Path) -> dict[str, str]:
    """Gives the environment in which dbt builds a home and writes its own files to a scratch folder."""
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {
        **own,
        "SALESOPS_HOME": str(home),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
    }


# Making code of its own for each query, what else can be concluded from its conditions, and several
# tasks for it take longer than a query of tables this small.
_SPARK_FOR_SMALL_TABLES = """
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.sql.adaptive.enabled false
spark.sql.constraintPropagation.enabled false
spark.sql.leafNodeDefaultParallelism 1
spark.sql.files.minPartitionNum 1
"""
# Each plan runs once: compiling Java as for a server, and collecting garbage on other cores, takes
# almost as long again as what the plans do. What is compiled stays: Java would keep 48 MB of it, and
# spend a quarter of the time on throwing the rest away.
_JAVA_FOR_SMALL_TABLES = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=512m"


def dbt_on_spark(home: Path, scratch: Path, *arguments: str, timeout: int = 2700) -> None:
    """Runs a dbt command on Spark, in a process of its own: a session's folders cannot be changed.

    Args:
        home: Folder of the stores and of Spark's tables.
        scratch: Folder for what dbt itself writes.
        arguments: The command and its options.
        timeout: Seconds after which a Spark that hangs is ended.
    """
    settings = scratch / "spark"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "spark-defaults.conf").write_text(_SPARK_FOR_SMALL_TABLES)
    done = subprocess.run(
        [str(DBT), "--no-use-colors", *arguments, "--target", "spark"],
        cwd=ROOT,
        env={
            **environment_of_dbt(home, scratch),
            "SPARK_CONF_DIR": str(settings),
            "SPARK_SUBMIT_OPTS": _JAVA_FOR_SMALL_TABLES,
            "SALESOPS_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]


def read_warehouse(home: Path, with_raw: bool = False) -> duckdb.DuckDBPyConnection:
    """Opens what dbt or a refresh built in a home, to read it; the caller closes it.

    Published schemas stand in files of their own, which dbt attaches under the schema's name. Here
    they have another one: DuckDB takes `marts.x` for ambiguous where a schema and a file are called
    marts. Views that name such a file are therefore made anew, or what they show is copied.

    Args:
        home: Folder of the stores.
        with_raw: Also the change log (`raw.crm.users`), which the views of staging read.

    Returns:
        A connection in which what all layers hold has names of two parts (`core.fct_opportunity`).
    """
    connection = duckdb.connect()
    attached = {"warehouse": home / "warehouse.duckdb"}
    if with_raw:
        attached["raw"] = home / "raw.duckdb"
    for schema in PUBLISHED:
        places = (home / f"{schema}.duckdb", home / "published" / f"{schema}.duckdb")
        attached |= {f"{schema}_file": place for place in places[::-1] if place.exists()}
    for name, file in attached.items():
        connection.execute(f"attach '{file}' as {name} (read_only)")
    connection.execute("attach ':memory:' as copied; use warehouse")
    _copy_views(connection, home)
    path = connection.execute(
        "select string_agg(database_name || '.' || schema_name, ',' order by "
        "schema_name <> 'main', list_position(['copied', 'marts_file', 'restricted_file'], "
        "database_name) nulls last) from duckdb_schemas() "
        "where (database_name, schema_name) = ('warehouse', 'main') "
        "or schema_name in (select unnest(?))",
        [list(PUBLISHED)],
    ).fetchall()[0][0]
    connection.execute(f"set search_path = '{path}'")
    return connection


def _copy_views(connection: duckdb.DuckDBPyConnection, home: Path) -> None:
    """Puts views that name a published schema's file into `copied`, with their descriptions.

    A mart that shows nothing else is a view there too: `metric_values` has too many rows to be
    copied for each test.
    """
    views = connection.execute(
        "select schema_name, view_name, sql, comment from duckdb_views() "
        "where database_name = 'warehouse' and not internal"
    ).fetchall()
    files = {"warehouse": home / "warehouse.duckdb", "raw": home / "raw.duckdb"}
    files |= {schema: store_of(home, schema) for schema in PUBLISHED}
    published = re.compile(rf"\b({'|'.join(PUBLISHED)})\.\1\.")
    with duckdb.connect() as by_own_names:
        for name, file in files.items():
            if file.exists() and (name == "warehouse" or file != files["warehouse"]):
                by_own_names.execute(f"attach '{file}' as {name} (read_only)")
        for schema, name, sql, comment in views:
            if not published.search(sql):
                continue
            query = sql.partition(" AS ")[2]
            copy = f"copied.{schema}.{name}"
            connection.execute(f"create schema if not exists copied.{schema}")
            read = connection.get_table_names(query, qualified=True)
            if schema in PUBLISHED and all(published.match(name) for name in read):
                kind = "view"
                here = published.sub(r"\1_file.\1.", query)
                connection.execute(f"create view {copy} as {here}")
            else:
                kind = "table"
                # It is found by its name.
                shown = by_own_names.execute(f"from warehouse.{schema}.{name}").to_arrow_table()  # noqa: F841
                connection.execute(f"create table {copy} as from shown")
            columns = connection.execute(
                "select column_name, comment from duckdb_columns() "
                "where database_name = 'warehouse' and schema_name = ? and table_name = ?",
                [schema, name],
            ).fetchall()
            comments = {f"{kind} {copy}": comment}
            comments |= {f'column {copy}."{column}"': text for column, text in columns}
            for place, text in comments.items():
                if text is not None:
                    quoted = text.replace("'", "''")
                    connection.execute(f"comment on {place} is '{quoted}'")


def store_of(home: Path, schema: str) -> Path:
    """Gives the file that a schema's tables stand in, for a test that writes to one."""
    places = (home / f"{schema}.duckdb", home / "published" / f"{schema}.duckdb")
    own = next((place for place in places if schema in PUBLISHED and place.exists()), None)
    return own or home / "warehouse.duckdb"
