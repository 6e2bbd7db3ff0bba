"""Gates as Dagster steps: what stops, what goes on, and what is kept on record.

The gates' own checks are replaced, so that each outcome can be had; the job around them is real.
"""

import sys
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest

from expectations.results import CheckResult, GateResult
from ingestion.home import Home
from orchestration.dbt.worker import DbtWorker
from orchestration.defs import RUN_ID_TAG
from orchestration.defs.gates import gate
from orchestration.defs.publishing import published_marts
from orchestration.defs.session import RefreshSession
from orchestration.project import Project
from orchestration.run.run_records import RunRecord, read_record

DEALS = dg.AssetKey(["core", "fct_opportunity"])
REPS = dg.AssetKey(["core", "dim_sales_rep"])


def check(table: str, severity: str = "block", result: str = "passed") -> CheckResult:
    return CheckResult(
        gate="core",
        layer="core",
        table_name=table,
        check_name="a_rule",
        severity=severity,  # pyright: ignore[reportArgumentType]
        result=result,  # pyright: ignore[reportArgumentType]
        rows_checked=10,
        rows_failed=0 if result == "passed" else 3,
        message=f"3 rows of {table}: no rate",
        sample=({"opportunity_id": "o-1"},),
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.create()
    return home


def run(
    home: Home, monkeypatch: pytest.MonkeyPatch, *checks: CheckResult
) -> tuple[dg.ExecuteInProcessResult, RunRecord]:
    """Runs two tables, the core gate behind them and one mart that reads them."""
    fake = ModuleType("expectations.gates")
    fake.__dict__["run_gate"] = lambda name, home, run_id, contracts, **_: GateResult(
        name, run_id, checks
    )
    monkeypatch.setitem(sys.modules, "expectations.gates", fake)

    @dg.multi_asset(name="core_models", specs=[dg.AssetSpec(DEALS), dg.AssetSpec(REPS)])
    def core_models():
        yield dg.MaterializeResult(DEALS)
        yield dg.MaterializeResult(REPS)

    @dg.asset(deps=[DEALS])
    def mart_conversion() -> None: ...

    definitions = dg.Definitions(
        assets=[core_models, mart_conversion],
        asset_checks=[gate("core", [DEALS, REPS])],
        jobs=[dg.define_asset_job("job", selection=dg.AssetSelection.all())],
        resources={"session": session(home)},
    )
    result = definitions.resolve_job_def("job").execute_in_process(
        raise_on_error=False, tags={RUN_ID_TAG: "r1"}
    )
    return result, read_record(home, "r1")


def session(home: Home) -> RefreshSession:
    return RefreshSession(home=str(home.root), dbt=DbtWorker(Project.locate(home.root)))


def ran(result: dg.ExecuteInProcessResult, step: str) -> bool:
    return any(event.step_key == step and event.is_step_success for event in result.all_events)


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, str]]:
    return {
        e.asset_key.path[-1]: (e.passed, e.severity.value)
        for e in result.get_asset_check_evaluations()
    }


def test_a_gate_that_passes_lets_everything_on(home, monkeypatch):
    result, record = run(home, monkeypatch, check("fct_opportunity"), check("dim_sales_rep"))
    assert result.success
    assert ran(result, "mart_conversion")
    assert [(g.gate, g.passed, g.checks) for g in record.gates] == [("core", True, 2)]
    assert all(passed for passed, _ in evaluations(result).values())


def test_a_failed_check_stops_what_reads_the_layer(home, monkeypatch):
    result, record = run(
        home, monkeypatch, check("fct_opportunity", result="failed"), check("dim_sales_rep")
    )
    assert not result.success
    assert not ran(result, "mart_conversion")
    assert evaluations(result) == {
        "fct_opportunity": (False, "ERROR"),
        "dim_sales_rep": (True, "WARN"),
    }
    assert (record.status, record.exit_code, record.failed_step) == ("failed", 4, "core_gate")
    assert "3 rows of fct_opportunity: no rate" in (record.message or "")
    assert record.gates[0].not_passed[0].sample == ({"opportunity_id": "o-1"},)


def test_it_stops_also_for_a_table_that_the_reader_does_not_read(home, monkeypatch):
    result, _ = run(
        home, monkeypatch, check("fct_opportunity"), check("dim_sales_rep", result="failed")
    )
    assert not ran(result, "mart_conversion")


def test_a_broken_check_is_a_failed_one(home, monkeypatch):
    result, record = run(home, monkeypatch, check("fct_opportunity", result="broken"))
    assert not ran(result, "mart_conversion")
    assert record.exit_code == 4


def test_a_gate_without_checks_fails_for_every_table(home, monkeypatch):
    result, record = run(home, monkeypatch)
    assert not ran(result, "mart_conversion")
    assert evaluations(result) == {
        "fct_opportunity": (False, "ERROR"),
        "dim_sales_rep": (False, "ERROR"),
    }
    assert "ran no check" in (record.message or "")


def test_a_check_of_a_table_without_an_asset_stops_too(home, monkeypatch):
    result, record = run(home, monkeypatch, check("somewhere_else", result="failed"))
    assert not ran(result, "mart_conversion")
    assert record.exit_code == 4


def test_a_warning_is_shown_and_goes_on(home, monkeypatch):
    result, record = run(
        home, monkeypatch, check("fct_opportunity", severity="warn", result="failed")
    )
    assert ran(result, "mart_conversion")
    assert evaluations(result)["fct_opportunity"] == (False, "WARN")
    assert record.gates[0].passed
    assert len(record.gates[0].not_passed) == 1


def test_nothing_is_published_that_no_gate_of_the_run_has_seen(home):
    definitions = dg.Definitions(
        assets=[published_marts([])],
        jobs=[dg.define_asset_job("job", selection=dg.AssetSelection.all())],
        resources={"session": session(home)},
    )
    result = definitions.resolve_job_def("job").execute_in_process(
        raise_on_error=False, tags={RUN_ID_TAG: "r1"}
    )
    assert not result.success
    record = read_record(home, "r1")
    assert record.failed_step == "publication"
    assert "raw, core, marts" in (record.message or "")


def test_a_run_of_some_steps_only_is_on_record_as_partial(home, monkeypatch):
    _, record = run(home, monkeypatch, check("fct_opportunity"))
    assert (record.status, record.exit_code) == ("partial", 0)
