"""The three gates as blocking asset checks: where one fails, nothing after it runs.

Belongs here: running a gate in a Dagster step and showing what it found. Does not belong here: what
is expected of the data (`expectations`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from expectations.data_tests import DataTest
from expectations.results import CheckResult, GateName, GateResult
from ingestion.contracts.contract_files import load_contracts
from orchestration.dbt.graph import Step
from orchestration.defs.session import RefreshSession
from orchestration.errors import GateFailedError
from orchestration.run.compaction import CHECKS
from orchestration.run.event_log import noted_together
from orchestration.run.run_records import CheckEntry, GateEntry

_TITLES: dict[GateName, str] = {
    "raw": "Checking raw",
    "core": "Checking the star schema against raw",
    "marts": "Checking the metric marts",
}
_MAX_CHECKS_NAMED = 10
# The step whose models a gate stands behind, and the steps whose tables its checks read.
_STEPS: dict[GateName, Step] = {"core": "core", "marts": "metrics"}
_READ_BY: dict[GateName, tuple[Step, ...]] = {
    "raw": (),
    "core": ("core",),
    "marts": ("core", "metrics"),
}


def gate(name: GateName, assets: Sequence[dg.AssetKey]) -> dg.AssetChecksDefinition:
    """One gate over the tables of a layer.

    Args:
        name: Which gate.
        assets: The tables it stands behind; the next layer waits for every one of its checks.
    """
    specs = [
        dg.AssetCheckSpec(
            f"{name}_gate",
            asset=asset,
            blocking=True,
            description=f"What the {name} gate expects of {asset.path[-1]}.",
        )
        for asset in assets
    ]

    @dg.multi_asset_check(name=f"{name}_gate", specs=specs)
    def run(
        context: dg.AssetCheckExecutionContext, session: RefreshSession
    ) -> Iterator[dg.AssetCheckResult]:
        with session.phase(f"{name}_gate", _TITLES[name]):
            found = _run(name, session)
            with noted_together(context.instance):
                for key in context.selected_asset_check_keys:
                    yield _result(key, found)
            if not found.passed:
                raise GateFailedError(_complaint(found))

    return run


def _run(name: GateName, session: RefreshSession) -> GateResult:
    # Great Expectations takes seconds to import, so that waits until there is something to check.
    from expectations.gates import run_gate

    home, scope = session.project.home, _scope(name, session)
    result = run_gate(
        name,
        home,
        session.record.run_id,
        load_contracts(),
        databases=_databases(name, session),
        scope=scope,
        data_tests=_data_tests(name, session),
    )
    if result.passed and name in _STEPS:
        session.models.mark_checked(_STEPS[name])
    entry = GateEntry(
        gate=name,
        passed=result.passed,
        checks=len(result.checks),
        not_passed=tuple(_entry(check) for check in result.checks if check.result != "passed"),
    )
    session.record.gates = (*session.record.gates, entry)
    session.journal.save()
    return result


def _scope(name: GateName, session: RefreshSession) -> frozenset[str] | None:
    """Gives the tables that may be other than when this gate last passed; None is all of them."""
    parts = [session.landed(name), *(session.touched(step) for step in _READ_BY[name])]
    if session.full or any(part is None for part in parts):
        return None
    return frozenset().union(*(part for part in parts if part is not None))


def _databases(name: GateName, session: RefreshSession) -> dict[str, Path]:
    home = session.project.home
    databases = {"raw": home.raw_db}
    if name != "raw":
        building = session.building
        databases |= {"warehouse": home.warehouse_db}
        databases |= {"marts": building.marts, "restricted": building.restricted}
    return databases


def _data_tests(name: GateName, session: RefreshSession) -> list[DataTest]:
    """Gives dbt's data tests of the models that were built before this gate."""
    if name not in _STEPS:
        return []
    queries = session.dbt.data_tests()
    return [
        DataTest(test.name, test.table, queries[test.unique_id], test.severity)
        for test in session.models.graph.tests
        if test.step == _STEPS[name]
    ]


def _entry(check: CheckResult) -> CheckEntry:
    return CheckEntry(
        table=f"{check.layer}.{check.table_name}",
        check=check.check_name,
        severity=check.severity,
        result=check.result,
        rows_checked=check.rows_checked,
        rows_failed=check.rows_failed,
        message=check.message,
        sample=check.sample,
    )


def _result(key: dg.AssetCheckKey, found: GateResult) -> dg.AssetCheckResult:
    """Gives a table's part of what a gate found.

    A gate that ran no check of what it should fails as a whole, which is to say for every table.
    """
    checks = [c for c in found.checks if [c.layer, c.table_name] == list(key.asset_key.path)]
    not_passed = [check for check in checks if check.result != "passed"]
    is_empty = not found.checks and not found.passed
    is_blocked = is_empty or any(check in found.blocking for check in checks)
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not is_blocked and not not_passed,
        severity=dg.AssetCheckSeverity.ERROR if is_blocked else dg.AssetCheckSeverity.WARN,
        description="; ".join(check.message for check in not_passed) or None,
        metadata={
            CHECKS: len(checks),
            "not_passed": len(not_passed),
            "rows_failed": sum(check.rows_failed or 0 for check in not_passed),
        },
    )


def _complaint(found: GateResult) -> str:
    if not found.checks:
        return f"the {found.gate} gate ran no check, which counts as failed; nothing was published"
    shown = found.blocking[:_MAX_CHECKS_NAMED]
    named = "".join(f"\n- {c.layer}.{c.table_name}: {c.message}" for c in shown)
    more = len(found.blocking) - len(shown)
    return (
        f"the {found.gate} gate failed: {len(found.blocking)} of {len(found.checks)} checks block. "
        "Nothing was published; BI still reads the last version. Put the source right and refresh "
        f"again:{named}" + (f"\n- and {more} more" if more else "")
    )
