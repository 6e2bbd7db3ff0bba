"""The dbt models as assets, in two steps with the core gate between them.

Belongs here: running dbt, and what Dagster shows of its models. Does not belong here: any SQL that
makes a number (`dbt_project/`), and the gates.
"""

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource, dbt_assets
from dagster_dbt.core.dbt_cli_invocation import DbtCliInvocation
from packaging.version import Version

from ingestion.home import OWNER_ONLY_FILE
from orchestration.defs.dbt_outcome import DbtOutcome
from orchestration.defs.layers import CORE_SELECTION, METRICS_SELECTION, LayerTranslator
from orchestration.defs.session import RefreshSession
from orchestration.manifest import dbt_executable
from orchestration.project import Project, environment, memory_settings
from orchestration.publication import MARTS

logger = logging.getLogger("salesops.transformation")

_PREVIEW_ROWS = 5
_PATIENCE_SECONDS = 10


class WarehouseDbt(DbtCliResource):
    """dbt as a refresh runs it: on this home, without asking the network for newer versions.

    Attributes:
        home: The home folder.
    """

    home: str

    @classmethod
    def of(cls, project: Project) -> "WarehouseDbt":
        """Makes the resource for a project."""
        return cls(
            project_dir=str(project.root),
            profiles_dir=str(project.root),
            global_config_flags=["--no-use-colors"],
            dbt_executable=dbt_executable(),
            home=str(project.home.root),
        )

    def cli(self, args: Any, **options: Any) -> DbtCliInvocation:
        """Starts dbt with the environment of a refresh; its artifacts go to the home."""
        project = Project.locate(Path(self.home))
        options.setdefault("target_path", project.dbt_target)
        # Its own records of a run are read by nobody and take a second to write.
        with environment({**project.dbt_variables(), "DBT_WRITE_JSON": "false"}):
            return super().cli(args, **options)

    @cached_property
    def _cli_version(self) -> Version:
        # The original runs `dbt --version`, which takes two seconds and asks PyPI for newer ones.
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        # The original imports all of dbt into this process for column metadata, which the contract
        # of each model states anyway.
        return None


def core_models(manifest: Path) -> dg.AssetsDefinition:
    """Staging, intermediate models and the star schema."""

    @dbt_assets(
        manifest=manifest,
        select=CORE_SELECTION,
        exclude="resource_type:unit_test",
        name="core_models",
        dagster_dbt_translator=LayerTranslator(),
    )
    def core_models(
        context: dg.AssetExecutionContext, dbt: WarehouseDbt, session: RefreshSession
    ) -> Iterator[Any]:
        with session.phase("core", "Building staging and the star schema"):
            yield from _build(context, dbt, session)

    return core_models


def metric_marts(manifest: Path) -> dg.AssetsDefinition:
    """The metric marts, which read the star schema only."""

    @dbt_assets(
        manifest=manifest,
        select=METRICS_SELECTION,
        exclude="resource_type:unit_test",
        name="metric_marts",
        dagster_dbt_translator=LayerTranslator(),
    )
    def metric_marts(
        context: dg.AssetExecutionContext, dbt: WarehouseDbt, session: RefreshSession
    ) -> Iterator[Any]:
        with session.phase("metrics", "Building the metric marts"):
            yield from _build(context, dbt, session, previews=True)

    return metric_marts


def _build(
    context: dg.AssetExecutionContext,
    dbt: WarehouseDbt,
    session: RefreshSession,
    previews: bool = False,
) -> Iterator[Any]:
    """Runs `dbt build` on the step's models; hands out events once dbt has let go of the file."""
    # Unit tests prove the SQL, whatever the night's data: they belong to CI.
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    invocation = dbt.cli(arguments, context=context, raise_on_error=False)
    outcome, events = DbtOutcome(), []
    with _ended_with_us(invocation.process):
        for message in invocation.stream_raw_events():
            outcome.observe(message.raw_event)
            events += message.to_default_asset_events(
                manifest=invocation.manifest,
                dagster_dbt_translator=invocation.dagster_dbt_translator,
                context=context,
                target_path=invocation.target_path,
            )
            logger.debug("%s", message)
    if session.project.home.warehouse_db.exists():
        # dbt makes it readable like any other file.
        session.project.home.warehouse_db.chmod(OWNER_ONLY_FILE)
    with _read_warehouse(session.project) as warehouse:
        for event in events:
            if isinstance(event, dg.Output):
                key = context.asset_key_for_output(event.output_name)
                context.add_output_metadata(
                    _facts(warehouse, key, previews), output_name=event.output_name
                )
            yield event
    if not invocation.is_successful():
        raise outcome.error(invocation.process.returncode, invocation.target_path / "dbt.log")


@contextmanager
def _ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leaves no dbt behind that would keep the warehouse locked, however this step ends."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _read_warehouse(project: Project) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config=memory_settings())
    for alias, path in (("warehouse", project.home.warehouse_db), ("raw", project.home.raw_db)):
        if path.exists():
            place = str(path).replace("'", "''")
            connection.execute(f"attach '{place}' as {alias} (read_only)")
    return connection


def _facts(
    warehouse: duckdb.DuckDBPyConnection, key: dg.AssetKey, previews: bool
) -> dict[str, Any]:
    """Gives row count and, for marts, the first rows; nothing for a view, which costs a scan."""
    schema, name = key.path[-2:]
    relation = f'warehouse."{schema}"."{name}"'
    (is_table,) = warehouse.execute(
        "select count(*) from duckdb_tables() "
        "where database_name = 'warehouse' and schema_name = ? and table_name = ?",
        [schema, name],
    ).fetchall()[0]
    facts: dict[str, Any] = {}
    if is_table:
        (rows,) = warehouse.execute(f"select count(*) from {relation}").fetchall()[0]
        facts["dagster/row_count"] = rows
    # Restricted marts are built with the open ones, but no row of them leaves the warehouse.
    if previews and schema == MARTS:
        cursor = warehouse.execute(f"from {relation} limit {_PREVIEW_ROWS}")
        columns = [column[0] for column in cursor.description or ()]
        facts["preview"] = dg.MetadataValue.md(markdown_table(columns, cursor.fetchall()))
    return facts


def markdown_table(columns: list[str], rows: list[tuple]) -> str:
    """Writes rows as a Markdown table."""
    cells = [[_cell(value) for value in row] for row in rows]
    lines = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
