"""The three gates: run the checks of one, keep what they found, say whether the refresh goes on.

Belongs here: choosing a gate's suite and stores, and storing results. Does not belong here: Great
Expectations itself (`runner`, imported late) and what a failed gate stops (orchestration).
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import duckdb

from expectations.checks import Check
from expectations.core_suite import core_checks
from expectations.marts_suite import marts_checks
from expectations.raw_suite import raw_checks
from expectations.results import CheckResult, GateName, GateResult
from ingestion.contracts import Contracts
from ingestion.home import Home

logger = logging.getLogger("salesops.gates")

__all__ = ["CheckResult", "GateName", "GateResult", "run_gate", "warm_up"]


def warm_up() -> None:
    """Imports Great Expectations, which takes seconds, so that the first gate need not."""
    import expectations.runner  # noqa: F401


def run_gate(gate: GateName, home: Home, run_id: str, contracts: Contracts) -> GateResult:
    """Runs one gate, appends its results to `landing.gate_results` and renders Data Docs.

    Args:
        gate: `raw` after landing, `core` after the star schema, `marts` after the metric marts.
        home: The home whose stores are checked; nothing else may have them open for writing.
        run_id: The refresh that the results belong to.
        contracts: The contracts that raw was landed by.

    Returns:
        What was found. A gate that ran no check, or whose check broke, has not passed.
    """
    result = run_suite(gate, _suite(gate, contracts, run_id), home, run_id)
    failed = sum(check.result != "passed" for check in result.checks)
    logger.info("%s gate: %d checks, %d not passed", gate, len(result.checks), failed)
    return result


def _suite(gate: GateName, contracts: Contracts, run_id: str) -> tuple[Check, ...]:
    if gate == "raw":
        return raw_checks(contracts, run_id)
    if gate == "core":
        return core_checks(contracts)
    return marts_checks(contracts)


def run_suite(gate: GateName, checks: Sequence[Check], home: Home, run_id: str) -> GateResult:
    """Runs given checks as a gate; see `run_gate`."""
    from expectations.runner import Stores, run_checks

    databases = {"raw": home.raw_db}
    if gate != "raw":
        databases["warehouse"] = home.warehouse_db
    stores = Stores(
        databases=databases,
        memory_limit=os.environ.get("SALESOPS_MEMORY_LIMIT", "2GB"),
        threads=int(os.environ.get("SALESOPS_THREADS", "2")),
    )
    folder = home.runs / run_id
    folder.mkdir(parents=True, exist_ok=True)
    result = GateResult(gate, run_id, run_checks(gate, checks, stores, folder / "data_docs" / gate))
    _store(result, home)
    report = {**asdict(result), "passed": result.passed}
    (folder / f"gate_{gate}.json").write_text(json.dumps(report, indent=2) + "\n")
    return result


def _store(result: GateResult, home: Home) -> None:
    """Appends the results where the mart `data_quality` reads them."""
    checked_at = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (
            result.run_id,
            checked_at,
            check.gate,
            check.layer,
            check.table_name,
            check.check_name,
            check.severity,
            check.result,
            check.rows_checked,
            check.rows_failed,
            check.message,
        )
        for check in result.checks
    ]
    if not rows:
        return
    with duckdb.connect(str(home.raw_db)) as connection:
        connection.executemany(
            f"insert into landing.gate_results values ({', '.join('?' * 11)})", rows
        )
