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
from pathlib import Path

import duckdb
from compiled_models import CATALOGS, CompiledModel, compiled_models, connected

from orchestration.dbt.build_state import open_stores, table_content, tables_there
from orchestration.dbt.worker import dbt_executable
from orchestration.project import Project


def compiled_by_dbt(project: Project, target: Path) -> list[CompiledModel]:
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
    return compiled_models(json.loads((target / "manifest.json").read_bytes()))


@contextmanager
def built_in_full(
    models: Sequence[CompiledModel], raw: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Builds all models in memory, under the catalog names that they have in a home.

    Args:
        models: Each after those that it reads.
        raw: The change log; it is read only.
    """
    with connected(raw, dict.fromkeys(CATALOGS, ":memory:")) as connection:
        for model in models:
            model.create(connection)
        yield connection


def differences(
    models: Sequence[CompiledModel],
    expected: duckdb.DuckDBPyConnection,
    files: Mapping[str, Path],
) -> list[str]:
    """Says of each table and view that holds other rows than it should what is wrong with it.

    A view that models read is only looked for: were it wrong, the tables that read it would be too.

    Args:
        models: All of them.
        expected: All of them built in full.
        files: The files to compare, by alias: raw, warehouse, marts, restricted.
    """
    with open_stores(files) as held:
        held.execute("set TimeZone = 'UTC'")
        there = tables_there(held)
        missing = [
            f"{model.relation} is missing"
            for model in models
            if f"{model.catalog}.{model.schema}.{model.name}" not in there
        ]
        read = {unique_id for model in models for unique_id in model.reads}
        found = (
            _difference(model, expected, held)
            for model in models
            if model.kind == "table" or model.unique_id not in read
        )
        return missing + [each for each in found if each]


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
