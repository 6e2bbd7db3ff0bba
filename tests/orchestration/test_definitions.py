"""What Dagster is shown: named assets, groups, gates that block, the job and its schedule."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from orchestration.dbt.worker import DbtWorker
from orchestration.definitions import definitions_of
from orchestration.defs import NIGHTLY_JOB
from orchestration.errors import TransformationError
from orchestration.project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = Home(tmp_path_factory.mktemp("home"))
    home.create()
    home.company_file.write_text("time_zone: Europe/Berlin\n")
    return Project.locate(home.root)


@pytest.fixture(scope="module")
def definitions(project: Project) -> Iterator[dg.Definitions]:
    worker = DbtWorker(project)
    yield definitions_of(project, worker)
    worker.close()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("crm/opportunities", "raw"),
        ("crm/fx_rates", "raw"),
        ("landing/extracts", "raw"),
        ("company/calendar", "raw"),
        ("staging/stg_crm__opportunities", "staging"),
        ("intermediate/int_fx_rates_daily", "intermediate"),
        ("core/fct_opportunity", "core"),
        ("core/dim_sales_rep", "core"),
        ("marts/mart_conversion", "metrics"),
        ("marts/metric_values", "metrics"),
        ("marts/data_quality", "metrics"),
        ("published/marts", "published"),
    ],
)
def test_assets_stand_in_the_group_of_their_layer(specs, key: str, group: str):
    assert specs[key].group_name == group


def test_every_contract_table_is_an_asset(specs):
    for table in load_contracts():
        spec = specs[f"{table.source}/{table.name}"]
        assert spec.description == table.description
        columns = spec.metadata["dagster/column_schema"].columns
        assert [column.name for column in columns[: len(table.columns)]] == [
            column.name for column in table.columns
        ]


def test_every_asset_says_what_it_is_and_whose(specs):
    for key, spec in specs.items():
        assert spec.description, key
        assert list(spec.owners) == ["team:salesops"], key
        assert "duckdb" in spec.kinds, key


def test_descriptions_tell_the_meaning_and_hold_no_sql(specs):
    assert "select" not in specs["core/fct_opportunity"].description.lower().split()
    assert specs["core/fct_opportunity"].description.startswith("One row per")


def test_staging_reads_what_landing_makes(specs):
    upstream = {
        dep.asset_key.to_user_string() for dep in specs["staging/stg_crm__users_history"].deps
    }
    assert upstream == {"crm/users"}


def test_published_needs_every_mart(specs):
    marts = {key for key, spec in specs.items() if spec.group_name == "metrics"}
    upstream = {dep.asset_key.to_user_string() for dep in specs["published/marts"].deps}
    assert upstream == marts


def test_every_gate_blocks(definitions: dg.Definitions):
    graph = definitions.resolve_asset_graph()
    gates = {
        "raw_gate": set(load_contracts().sources()),
        "core_gate": {"core"},
        "marts_gate": {"marts"},
    }
    found: dict[str, set[str]] = {name: set() for name in gates}
    for key in graph.asset_check_keys:
        if key.name in gates:
            assert graph.get_check_spec(key).blocking, key
            assert key.asset_key.path[0] in gates[key.name]
            found[key.name].add(key.asset_key.path[-1])
    assert found["raw_gate"] == {table.name for table in load_contracts()}
    assert {"fct_opportunity", "fct_opportunity_version", "dim_date"} <= found["core_gate"]
    assert {"mart_conversion", "mart_pipeline_value"} <= found["marts_gate"]


def test_steps_run_in_order_with_a_gate_between_them(definitions: dg.Definitions):
    job = definitions.resolve_job_def(NIGHTLY_JOB)
    structure = job.graph.dependency_structure
    upstream = {
        node: {
            output.node_name
            for outputs in structure.input_to_upstream_outputs_for_node(node).values()
            for output in outputs
        }
        for node in job.graph.node_names()
    }
    assert upstream["land_extracts"] == set()
    assert upstream["raw_gate"] == {"land_extracts"}
    assert upstream["core_models"] == {"land_extracts", "raw_gate"}
    assert upstream["core_gate"] == {"core_models"}
    assert upstream["metric_marts"] >= {"core_models", "core_gate"}
    assert upstream["marts_gate"] == {"metric_marts"}
    assert upstream["published__marts"] == {"metric_marts", "marts_gate"}


def test_one_job_in_one_process(definitions: dg.Definitions):
    job = definitions.resolve_job_def(NIGHTLY_JOB)
    assert job.executor_def is dg.in_process_executor
    assert len(list(job.asset_layer.executable_asset_keys)) == len(
        definitions.resolve_all_asset_specs()
    )


def test_the_schedule_is_off_and_in_the_companys_time_zone(definitions: dg.Definitions):
    schedule = definitions.resolve_schedule_def(f"{NIGHTLY_JOB}_schedule")
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.execution_timezone == "Europe/Berlin"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert schedule.job_name == NIGHTLY_JOB


def test_the_manifest_is_read_without_dbt_where_no_model_changed(project: Project, definitions):
    worker = DbtWorker(project)
    stamp = worker.manifest().stat().st_mtime_ns
    assert worker.is_running is False
    digest = project.parse_folder / "manifest.digest"
    digest.write_text("of other models")
    assert worker.manifest().stat().st_mtime_ns > stamp
    assert worker.is_running
    worker.close()
    assert worker.is_running is False
    assert digest.read_text() != "of other models"


def test_models_that_cannot_be_read_are_an_error_with_dbts_words(tmp_path: Path):
    root = tmp_path / "code"
    (root / "dbt_project" / "models").mkdir(parents=True)
    (root / "dbt_project.yml").write_text(
        "name: broken\nprofile: salesops\nmodel-paths: [dbt_project/models]\n"
        "flags: {send_anonymous_usage_stats: false}\n"
    )
    real = Project.locate(tmp_path / "home")
    (root / "profiles.yml").write_text((real.root / "profiles.yml").read_text())
    (root / "dbt_project" / "models" / "a.sql").write_text("select * from {{ ref('nowhere') }}")
    real.home.create()
    with pytest.raises(TransformationError, match="nowhere"):
        DbtWorker(Project(root, real.home)).manifest()
