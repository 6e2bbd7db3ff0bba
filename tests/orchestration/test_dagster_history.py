"""Dagster's records of the command's runs: as whole and as easy to find as those of its own runs."""

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.load_target import PyProjectFileTarget
from sqlalchemy import event
from sqlalchemy.engine import Engine

from ingestion.home import Home
from orchestration.dbt.worker import DbtWorker
from orchestration.defs import NIGHTLY_JOB, RUN_ID_TAG
from orchestration.defs.session import RefreshSession
from orchestration.project import Project
from orchestration.run.compaction import compact_dagster_runs
from orchestration.run.dagster_run import CODE_LOCATION, run_job
from orchestration.run.event_log import dagster_instance, noted_together

ROOT = Path(__file__).resolve().parents[2]
REFUSED_NIGHT = Path(__file__).parent / "fixtures" / "small_company" / "cut"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# What the pages Timeline and Jobs ask the server for.
TIMELINE = """{runsOrError(limit: 10) {... on Runs {results {
    runId status repositoryOrigin {id repositoryName repositoryLocationName}}}}}"""
JOB_PAGE = """query Page($filter: RunsFilter!) {
    runsOrError(filter: $filter, limit: 10) {... on Runs {results {runId}}}}"""
RUN_PAGE = """query Run($run: ID!) {runOrError(runId: $run) {... on Run {
    status stepStats {stepKey status} assets {key {path}} assetChecks {name assetKey {path}}}}}"""
ASSET_PAGE = """query Asset($asset: AssetKeyInput!) {
    assetOrError(assetKey: $asset) {... on Asset {assetMaterializations(limit: 10) {
        runId metadataEntries {label}}}}
    assetCheckExecutions(assetKey: $asset, checkName: "gate", limit: 10) {runId status}}"""
JOB = """query Job($job: PipelineSelector!) {
    pipelineOrError(params: $job) {... on Pipeline {runs(limit: 10) {runId}}}}"""


def job_of(tables: int, steps: int = 2, name: str = NIGHTLY_JOB) -> dg.JobDefinition:
    """A job of steps with many tables, each step with a gate behind it."""

    def step(number: int) -> dg.AssetsDefinition:
        specs = [
            dg.AssetSpec(
                [f"layer_{number}", f"table_{table}"],
                deps=[[f"layer_{number - 1}", f"table_{table}"]] if number else [],
            )
            for table in range(tables)
        ]

        @dg.multi_asset(name=f"step_{number}", specs=specs)
        def build() -> Iterator[dg.MaterializeResult]:
            for spec in specs:
                yield dg.MaterializeResult(asset_key=spec.key, metadata={"dagster/row_count": 3})

        return build

    def gate(number: int) -> dg.AssetChecksDefinition:
        checks = [
            dg.AssetCheckSpec("gate", asset=[f"layer_{number}", f"table_{table}"], blocking=True)
            for table in range(tables)
        ]

        @dg.multi_asset_check(name=f"gate_{number}", specs=checks)
        def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
            for key in context.selected_asset_check_keys:
                yield dg.AssetCheckResult(passed=True, asset_key=key.asset_key, check_name=key.name)

        return check

    definitions = dg.Definitions(
        assets=[step(number) for number in range(steps)],
        asset_checks=[gate(number) for number in range(steps)],
        jobs=[dg.define_asset_job(name, selection=dg.AssetSelection.all())],
        executor=dg.in_process_executor,
    )
    return definitions.resolve_job_def(name)


@contextmanager
def statements_counted() -> Iterator[list[str]]:
    """Notes the SQL that SQLAlchemy sends, and `connect` for each file that it opens."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        sent.append(statement)

    def opened(*_: object) -> None:
        sent.append("connect")

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "connect", opened)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "connect", opened)


def test_a_run_has_from_its_beginning_the_origin_that_dagster_dev_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[dg.DagsterRun | None] = []

    @dg.asset
    def table(context: dg.AssetExecutionContext) -> None:
        seen.append(context.instance.get_run_by_id(context.run_id))

    definitions = dg.Definitions(
        assets=[table], jobs=[dg.define_asset_job("job")], executor=dg.in_process_executor
    )
    with dagster_instance(tmp_path) as instance:
        result = run_job(
            definitions.resolve_job_def("job"), instance, ROOT, QUIET, {"some/tag": "kept"}
        )
    assert result.success
    (run,) = seen
    assert run is not None
    assert run.remote_job_origin is not None
    assert run.status == dg.DagsterRunStatus.STARTED
    assert run.tags["some/tag"] == "kept"
    monkeypatch.chdir(ROOT)
    (location,) = PyProjectFileTarget(str(ROOT / "pyproject.toml")).create_origins()
    assert run.remote_job_origin.repository_origin.code_location_origin == location
    assert run.remote_job_origin.job_name == "job"


def test_what_fails_in_a_step_is_in_the_result_and_in_the_history(tmp_path: Path):
    @dg.asset
    def table() -> None:
        raise ValueError("no such file")

    definitions = dg.Definitions(
        assets=[table], jobs=[dg.define_asset_job("job")], executor=dg.in_process_executor
    )
    with dagster_instance(tmp_path) as instance:
        result = run_job(definitions.resolve_job_def("job"), instance, ROOT, QUIET, {})
        (run,) = instance.get_runs()
    assert result.success is False
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert [found.step_key for found in result.all_events if found.is_step_failure] == ["table"]


def test_the_history_holds_the_same_as_one_that_dagster_writes_by_itself(tmp_path: Path):
    found = []
    for name, opened in (
        ("ours", dagster_instance),
        ("dagsters", lambda folder: dg.DagsterInstance.local_temp(str(folder))),
    ):
        folder = tmp_path / name
        folder.mkdir()
        with opened(folder) as instance:
            assert run_job(job_of(tables=3), instance, ROOT, QUIET, {}).success
        # Read as `dagster dev` does, with Dagster's own storage.
        with dg.DagsterInstance.local_temp(str(folder)) as reader:
            (run,) = reader.get_runs()
            entries = reader.all_logs(run.run_id)
            keys = sorted(reader.all_asset_keys())
            tags = [
                sorted(materialization.asset_materialization.tags or {})
                for key in keys
                if (materialization := reader.get_latest_materialization_event(key))
                and materialization.asset_materialization
            ]
            found.append(
                (
                    [(entry.dagster_event_type, entry.step_key) for entry in entries],
                    keys,
                    tags,
                )
            )
    assert found[0] == found[1]
    assert len(found[0][1]) == len(found[0][2]) == 6


def test_more_tables_ask_nothing_of_the_form_of_the_log_and_open_no_file(tmp_path: Path):
    asked = {}
    for tables in (2, 12):
        folder = tmp_path / str(tables)
        folder.mkdir()
        with dagster_instance(folder) as instance:
            # The first run makes the tables of the log.
            assert run_job(job_of(tables), instance, ROOT, QUIET, {}).success
            with statements_counted() as sent:
                assert run_job(job_of(tables), instance, ROOT, QUIET, {}).success
        asked[tables] = [
            statement
            for statement in sent
            if statement.lower().startswith(("pragma", "connect"))
            or "secondary_indexes" in statement
        ]
    assert len(asked[2]) == len(asked[12])


@pytest.mark.parametrize(
    ("parent", "is_same"), [(None, True), ("11111111-2222-3333-4444-555555555555", False)]
)
def test_a_run_done_again_in_dagster_is_a_refresh_of_its_own(
    tmp_path: Path, parent: str | None, is_same: bool
):
    home = Home(tmp_path / "home")
    home.create()
    session = RefreshSession(home=str(home.root), dbt=DbtWorker(Project.locate(home.root)))
    run_id = "20260101T020000Z-aaaa"
    # Dagster gives a run that is done again the tags of the first one.
    session._run = dg.DagsterRun(
        job_name=NIGHTLY_JOB, tags={RUN_ID_TAG: run_id}, parent_run_id=parent, root_run_id=parent
    )
    assert (session.record.run_id == run_id) is is_same


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def webserver(home: Home) -> Iterator[str]:
    """Dagster's pages for a home; gives the address that answers GraphQL."""
    port = free_port()
    log = home.root.parent / "webserver.log"
    # What the tests' own environment says of a home must not reach it.
    environment = {
        "PATH": str(Path(sys.executable).parent),
        "HOME": str(home.root),
        "SALESOPS_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
    }
    arguments = ["dagster_webserver", "--host", "127.0.0.1", "--port", str(port)]
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}/graphql"
        try:
            for _ in range(600):
                assert process.poll() is None, log.read_text()
                try:
                    graphql(address, "{version}")
                    break
                except OSError:
                    time.sleep(0.5)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=60)


def graphql(address: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


@pytest.mark.slow
def test_timeline_and_the_jobs_page_show_a_refresh_by_the_command(tmp_path: Path):
    home = Home(tmp_path / "home")
    # A refresh that ends soon: a file is refused.
    inbox = tmp_path / "inbox"
    shutil.copytree(REFUSED_NIGHT, inbox)
    command = [sys.executable, "-m", "orchestration.command", "refresh", "--json"]
    done = subprocess.run(
        [*command, "--source", f"canonical={inbox}", "--home", str(home.root)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    run_id = json.loads(done.stdout)["dagster_run_id"]
    assert run_id, done.stdout
    with webserver(home) as address:
        (shown,) = graphql(address, TIMELINE)["runsOrError"]["results"]
        label = f"__repository__@{CODE_LOCATION}"
        of_job = {
            "pipelineName": NIGHTLY_JOB,
            "tags": [{"key": ".dagster/repository", "value": label}],
        }
        page = graphql(address, JOB_PAGE, {"filter": of_job})["runsOrError"]["results"]
        selector = {
            "pipelineName": NIGHTLY_JOB,
            "repositoryName": "__repository__",
            "repositoryLocationName": CODE_LOCATION,
        }
        job = graphql(address, JOB, {"job": selector})["pipelineOrError"]["runs"]
    assert (shown["runId"], shown["status"]) == (run_id, "FAILURE")
    assert shown["repositoryOrigin"]["repositoryLocationName"] == CODE_LOCATION
    assert shown["repositoryOrigin"]["repositoryName"] == "__repository__"
    assert page == job == [{"runId": run_id}]


@pytest.mark.slow
def test_pages_show_the_same_of_an_older_run_as_before_it_was_compacted(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.create()
    with dagster_instance(home.dagster) as instance:
        for _ in range(2):
            assert run_job(job_of(tables=2), instance, ROOT, QUIET, {}).success
        newest, older = (run.run_id for run in instance.get_runs())

    def pages(address: str) -> dict[str, Any]:
        run = graphql(address, RUN_PAGE, {"run": older})["runOrError"]
        asset = {"path": ["layer_1", "table_0"]}
        return {
            "status": run["status"],
            "steps": [(step["stepKey"], step["status"]) for step in run["stepStats"]],
            "assets": sorted(found["key"]["path"] for found in run["assets"]),
            "checks": sorted((c["assetKey"]["path"], c["name"]) for c in run["assetChecks"]),
            "asset": graphql(address, ASSET_PAGE, {"asset": asset}),
        }

    with webserver(home) as address:
        before = pages(address)
        with dagster_instance(home.dagster) as instance:
            compact_dagster_runs(instance, home)
            assert len(instance.all_logs(older)) < len(instance.all_logs(newest))
        after = pages(address)
    assert after == before
    assert (before["status"], len(before["steps"])) == ("SUCCESS", 4)
    assert len(before["assets"]) == len(before["checks"]) == 4
    materializations = before["asset"]["assetOrError"]["assetMaterializations"]
    assert [found["runId"] for found in materializations] == [newest, older]
    checked = before["asset"]["assetCheckExecutions"]
    assert [found["runId"] for found in checked] == [newest, older]


def seen_by_others(folder: Path, run_id: str) -> int:
    """Counts a run's events as `dagster dev` would at this moment."""
    with sqlite3.connect(folder / "history" / "runs" / f"{run_id}.db") as connection:
        return connection.execute("select count(*) from event_logs").fetchall()[0][0]


def test_events_that_are_noted_together_are_seen_together(tmp_path: Path):
    with dagster_instance(tmp_path) as instance:
        run = instance.create_run_for_job(job_of(1))
        before = seen_by_others(tmp_path, run.run_id)
        with noted_together(instance):
            for number in range(3):
                instance.report_engine_event(f"event {number}", run)
            assert seen_by_others(tmp_path, run.run_id) == before
        assert seen_by_others(tmp_path, run.run_id) == before + 3


def test_what_fails_among_events_that_are_noted_together_takes_them_back(tmp_path: Path):
    with dagster_instance(tmp_path) as instance:
        run = instance.create_run_for_job(job_of(1))
        before = seen_by_others(tmp_path, run.run_id)
        with pytest.raises(ZeroDivisionError), noted_together(instance):
            instance.report_engine_event("an event", run)
            raise ZeroDivisionError
        assert seen_by_others(tmp_path, run.run_id) == before
        instance.report_engine_event("the next one", run)
        assert seen_by_others(tmp_path, run.run_id) == before + 1


def test_a_part_of_what_is_noted_together_may_be_noted_together_itself(tmp_path: Path):
    with dagster_instance(tmp_path) as instance:
        run = instance.create_run_for_job(job_of(1))
        before = seen_by_others(tmp_path, run.run_id)
        with noted_together(instance):
            with noted_together(instance):
                instance.report_engine_event("an event", run)
            instance.report_engine_event("another", run)
            assert seen_by_others(tmp_path, run.run_id) == before
        assert seen_by_others(tmp_path, run.run_id) == before + 2
