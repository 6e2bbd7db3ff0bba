"""All models built from nothing, without dbt's runs and without the plan, to compare a home with.

Belongs here: compiling the models, executing the compiled SQL straight in DuckDB, and what of it
another home holds differently. Does not belong here: nights (`random_nights`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from orchestration.dbt.build_state import open_stores, table_content
from orchestration.dbt.worker import dbt_executable
from orchestration.project import Project

CATALOGS = ("warehouse", "marts", "restricted")


@dataclass(frozen=True)
class CompiledModel:
    """One model: its relation, whether it is a view or a table, and its SQL without Jinja."""

    catalog: str
    schema: str
    name: str
    kind: str
    sql: str

    @property
    def relation(self) -> str:
        """Catalog, schema and name as SQL names them."""
        return f'"{self.catalog}"."{self.schema}"."{self.name}"'


def compiled_models(project: Project, target: Path) -> list[CompiledModel]:
    """Compiles all models by a dbt of its own and gives them, each after those that it reads.

    Args:
        project: The project; what a worker has read of it shortens the reading here.
        target: A folder for what dbt writes.
    """
    target.mkdir(parents=True, exist_ok=True)
    known = project.parse_folder / "partial_parse.msgpack"
    if known.exists():
        shutil.copy(known, target)
    arguments = [
        "compile",
        "--select",
        "resource_type:model",
        "--no-populate-cache",
        "--no-introspect",
    ]
    variables = {**project.parse_variables(), "DBT_TARGET_PATH": str(target)}
    done = subprocess.run(
        [dbt_executable(), "--quiet", "--no-use-colors", *arguments],
        cwd=project.root,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    nodes = {
        unique_id: node
        for unique_id, node in json.loads((target / "manifest.json").read_bytes())["nodes"].items()
        if node["resource_type"] == "model"
    }
    reads = {i: [r for r in node["depends_on"]["nodes"] if r in nodes] for i, node in nodes.items()}
    return [_compiled(nodes[unique_id]) for unique_id in TopologicalSorter(reads).static_order()]


@contextmanager
def built_in_full(
    models: Sequence[CompiledModel], raw: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Builds all models in memory, under the catalog names that they have in a home.

    Args:
        models: Each after those that it reads.
        raw: The change log; it is read only.
    """
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{raw}' as raw (read_only)")
        for catalog in CATALOGS:
            connection.execute(f"attach ':memory:' as {catalog}")
        for model in models:
            connection.execute(f'create schema if not exists "{model.catalog}"."{model.schema}"')
            connection.execute(f"create {model.kind} {model.relation} as {model.sql}")
        yield connection


def differences(
    models: Sequence[CompiledModel],
    expected: duckdb.DuckDBPyConnection,
    files: Mapping[str, Path],
) -> list[str]:
    """Says of each table and view that holds other rows than it should what is wrong with it.

    Args:
        models: All of them.
        expected: All of them built in full.
        files: The files to compare, by alias: raw, warehouse, marts, restricted.
    """
    with open_stores(files) as held:
        held.execute("set TimeZone = 'UTC'")
        found = (_difference(model, expected, held) for model in models)
        return [each for each in found if each]


def _difference(
    model: CompiledModel, expected: duckdb.DuckDBPyConnection, held: duckdb.DuckDBPyConnection
) -> str | None:
    wanted = table_content(expected, model.relation)
    try:
        content = table_content(held, model.relation)
    except duckdb.Error as error:
        return f"{model.relation} cannot be read: {str(error).splitlines()[0]}"
    if content == wanted:
        return None
    rows = held.sql(f"from {model.relation}").to_arrow_table()
    expected.register("held_rows", rows)
    missing, surplus = (
        expected.sql(f"select count(*) from (from {one} except all from {other})").fetchall()[0][0]
        for one, other in ((model.relation, "held_rows"), ("held_rows", model.relation))
    )
    expected.unregister("held_rows")
    return (
        f"{model.relation} holds {content.rows} rows where {wanted.rows} are right: {missing} are "
        f"missing and {surplus} too many"
    )


def _compiled(node: Mapping) -> CompiledModel:
    return CompiledModel(
        catalog=node["database"],
        schema=node["schema"],
        name=node["alias"],
        kind="view" if node["config"]["materialized"] == "view" else "table",
        sql=node["compiled_code"],
    )
