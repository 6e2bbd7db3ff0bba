"""The models' SQL as dbt compiles it, executed straight in DuckDB.

Belongs here: which models there are and in which order, building some of them in a home, and asking
their data tests. Does not belong here: compiling, and what a home should hold.

dbt spends longer on a model than DuckDB does where tables are as small as a test's. That dbt builds the
same tables is what `tests/orchestration/test_skipped_equals_full.py` compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

CATALOGS: tuple[str, ...] = ("warehouse", "marts", "restricted")
# One thread: the tables are small, and two workers share the machine.
_SETTINGS = {"threads": 1, "preserve_insertion_order": False}


@dataclass(frozen=True)
class CompiledModel:
    """One model: its relation, whether it is a view or a table, its SQL without Jinja, and what it
    reads, by id.
    """

    unique_id: str
    catalog: str
    schema: str
    name: str
    kind: str
    sql: str
    reads: tuple[str, ...]

    @property
    def relation(self) -> str:
        """Catalog, schema and name as SQL names them."""
        return f'"{self.catalog}"."{self.schema}"."{self.name}"'

    def create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Builds the model in place of what is there."""
        connection.execute(f'create schema if not exists "{self.catalog}"."{self.schema}"')
        connection.execute(f"create or replace {self.kind} {self.relation} as {self.sql}")


def compiled_models(manifest: Mapping[str, Any]) -> list[CompiledModel]:
    """Gives all models, each after those that it reads.

    Args:
        manifest: dbt's manifest, compiled.
    """
    nodes = _models(manifest)
    reads = {i: [r for r in node["depends_on"]["nodes"] if r in nodes] for i, node in nodes.items()}
    return [_compiled(nodes[unique_id]) for unique_id in TopologicalSorter(reads).static_order()]


def connected(raw: Path, files: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """Opens DuckDB as a refresh does, with the catalogs that models name; the caller closes it.

    Args:
        raw: The change log; it is read only.
        files: File by catalog; `:memory:` for one that is not kept.
    """
    connection = duckdb.connect(config=_SETTINGS)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"attach '{raw}' as raw (read_only)")
    for catalog, file in files.items():
        connection.execute(f"attach '{file}' as {catalog}")
    return connection


class Models:
    """Builds models in homes.

    Args:
        manifest: dbt's manifest, compiled.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._manifest = manifest
        self._nodes = _models(manifest)
        self._models = compiled_models(manifest)

    def build(self, home: Path, *selected: str) -> None:
        """Builds models from a home's change log, where dbt would.

        Args:
            home: Folder of the stores.
            selected: Names of models; a `+` before a name also builds all that it stands on. By
                default all models.
        """
        wanted = self._wanted(selected)
        with self._open(home) as connection:
            for model in self._models:
                if model.unique_id in wanted:
                    model.create(connection)

    def failing_tests(self, home: Path, *selected: str) -> list[str]:
        """Names the data tests of models that find a row and would stop dbt.

        Args:
            home: Folder of the stores.
            selected: As in `build`; tests that read any other model are left out.
        """
        wanted = self._wanted(selected)
        with self._open(home) as connection:
            asked = list(self._tests(wanted))
            assert asked, f"no data test reads only {', '.join(selected)}"
            return [
                test["name"]
                for test in asked
                if connection.execute(f"from ({test['compiled_code']}) limit 1").fetchall()
            ]

    def _open(self, home: Path) -> duckdb.DuckDBPyConnection:
        files = {catalog: str(home / f"{catalog}.duckdb") for catalog in CATALOGS}
        return connected(home / "raw.duckdb", files)

    def _tests(self, wanted: set[str]) -> Iterator[Mapping[str, Any]]:
        for node in self._manifest["nodes"].values():
            if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error":
                models = {i for i in node["depends_on"]["nodes"] if i in self._nodes}
                if models and models <= wanted:
                    yield node

    def _wanted(self, selected: Sequence[str]) -> set[str]:
        if not selected:
            return set(self._nodes)
        by_name = {node["name"]: unique_id for unique_id, node in self._nodes.items()}
        wanted: set[str] = set()
        for each in selected:
            unique_id = by_name[each.removeprefix("+")]
            wanted |= self._below(unique_id) if each.startswith("+") else {unique_id}
        return wanted

    def _below(self, unique_id: str) -> set[str]:
        found, waiting = set(), [unique_id]
        while waiting:
            each = waiting.pop()
            if each in self._nodes and each not in found:
                found.add(each)
                waiting += self._nodes[each]["depends_on"]["nodes"]
        return found


def _models(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {i: node for i, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def _compiled(node: Mapping[str, Any]) -> CompiledModel:
    return CompiledModel(
        unique_id=node["unique_id"],
        catalog=node["database"],
        schema=node["schema"],
        name=node["alias"],
        kind="view" if node["config"]["materialized"] == "view" else "table",
        sql=node["compiled_code"],
        reads=tuple(node["depends_on"]["nodes"]),
    )
