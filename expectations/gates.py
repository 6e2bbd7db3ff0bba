"""The three gates: run the checks of one, keep what they found, say whether the refresh goes on.

Belongs here: choosing a gate's checks, and storing results. Does not belong here: Great
Expectations itself (`runner` and `data_docs`, imported late), what is in scope (`scope`), and what
a failed gate stops (orchestration).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.check import Check
from expectations.core_suite import core_checks
from expectations.data_tests import DataTest, as_check
from expectations.marts_suite import marts_checks
from expectations.raw_suite import raw_checks
from expectations.results import CheckResult, GateName, GateResult
from expectations.scope import FILES, History, selected
from expectations.statements import TableChecks, by_table
from expectations.stores import Catalog, Stores
from ingestion.contracts.tables import Contracts
from ingestion.home import Home

logger = logging.getLogger("salesops.gates")

__all__ = ["CheckResult", "DataTest", "GateName", "GateResult", "run_gate", "warm_up", "write_docs"]


def warm_up() -> None:
    """Imports Great Expectations, which takes seconds, so that the first gate need not."""
    import expectations.runner  # noqa: F401


def run_gate(
    gate: GateName,
    home: Home,
    run_id: str,
    contracts: Contracts,
    *,
    databases: Mapping[str, Path],
    scope: frozenset[str] | None,
    data_tests: Sequence[DataTest] = (),
) -> GateResult:
    """Runs one gate and keeps its results, with Data Docs where it did not pass.

    Args:
        gate: `raw` after landing, `core` after the star schema, `marts` after the metric marts.
        home: The home; nothing else may have its stores open for writing.
        run_id: The refresh that the results belong to.
        contracts: The contracts that raw was landed by.
        databases: The files that the gate reads, by catalog: `raw`, and for the later gates
            `warehouse`, `marts` and `restricted`.
        scope: What landed or was built, as `schema.table`; a check runs where anything that it
            reads is among it, and raw tables are checked for what has landed since the gate last
            looked. A table at which the gate last stopped is in scope until it passes. None means
            everything.
        data_tests: dbt's data tests of the gate's layers, compiled; they run by the same rule.

    Returns:
        What was found. A gate that ran no check has not passed, unless nothing was in scope.

    Raises:
        ValueError: A table has two checks of one name.
    """
    checks = (*_suite(gate, contracts, run_id), *(as_check(t, contracts) for t in data_tests))
    return run_suite(gate, checks, home, run_id, databases=databases, scope=scope)


def run_suite(
    gate: GateName,
    checks: Sequence[Check],
    home: Home,
    run_id: str,
    *,
    databases: Mapping[str, Path],
    scope: frozenset[str] | None,
) -> GateResult:
    """Runs given checks as a gate; see `run_gate`."""
    stores = Stores.of(databases)
    tables, is_in_demand = _tables(gate, checks, run_id, stores, scope)
    found: tuple[CheckResult, ...] = ()
    if tables:
        from expectations.runner import run_checks

        found = _in_order(run_checks(gate, tables, stores), checks)
    result = GateResult(gate, run_id, found, is_in_demand)
    folder = home.runs / run_id
    folder.mkdir(parents=True, exist_ok=True)
    _write_report(result, folder)
    if result.needs_a_page:
        _write_page(result, tables, stores, home, folder)
    _store(result, home)
    _log(result)
    return result


def _in_order(results: Sequence[CheckResult], checks: Sequence[Check]) -> tuple[CheckResult, ...]:
    """Orders results as their checks are, whose tables come back to each other."""
    places = {(check.table, check.name): place for place, check in enumerate(checks)}
    return tuple(sorted(results, key=lambda r: places[f"{r.layer}.{r.table_name}", r.check_name]))


def write_docs(
    gate: GateName, home: Home, contracts: Contracts, *, databases: Mapping[str, Path]
) -> Path:
    """Runs all checks of a gate on everything that is there, and writes them as Data Docs.

    Nothing else is kept of the results: they belong to no refresh.

    Args:
        gate: The gate.
        home: The home; nothing may have its stores open for writing.
        contracts: The contracts that raw was landed by.
        databases: As for `run_gate`.

    Returns:
        The page.
    """
    from expectations.data_docs import write_data_docs

    stores = Stores.of(databases)
    with stores.connect() as connection:
        newest = connection.execute(
            "select run_id from raw.landing.files order by landed_at desc limit 1"
        ).fetchall()
    run_id = str(newest[0][0]) if newest else ""
    tables, _ = _tables(gate, _suite(gate, contracts, run_id), run_id, stores, None)
    return write_data_docs(gate, tables, stores, home.root / "docs" / gate, home)


def _suite(gate: GateName, contracts: Contracts, run_id: str) -> tuple[Check, ...]:
    if gate == "raw":
        return raw_checks(contracts, run_id)
    if gate == "core":
        return core_checks(contracts)
    return marts_checks(contracts)


def _tables(
    gate: GateName,
    checks: Sequence[Check],
    run_id: str,
    stores: Stores,
    scope: frozenset[str] | None,
) -> tuple[tuple[TableChecks, ...], bool]:
    """Gives the tables to check, each with its rows and checks, and whether there should be any.

    A night may change only tables that no check is about; a gate that has no check at all, or none
    when everything is asked for, is broken.
    """
    is_in_demand = scope is None or not checks
    with stores.connect() as connection:
        catalog = Catalog.read(connection)
        history = None if scope is None else History.read(connection, gate, run_id)
    if history is not None and scope is not None:
        scope = _widened(gate, scope, history, checks)
        checks = _selected(gate, checks, scope, catalog)

    def rows(table: str) -> str:
        qualified = catalog.qualified(table)
        is_raw = qualified.startswith("raw.")
        return history.rows(table, qualified, run_id) if history and is_raw else qualified

    grouped = by_table(checks)
    tables = tuple(TableChecks(table, rows(table), members) for table, members in grouped.items())
    return tables, is_in_demand


def _selected(
    gate: GateName, checks: Sequence[Check], scope: frozenset[str], catalog: Catalog
) -> tuple[Check, ...]:
    if gate == "raw":
        # Of a table where nothing landed there is no row to look at, whatever landed elsewhere.
        return tuple(check for check in checks if check.table in scope)
    return selected(checks, scope, catalog.views)


def _widened(
    gate: GateName, scope: frozenset[str], history: History, checks: Sequence[Check]
) -> frozenset[str]:
    """Adds to a scope what no gate has found sound yet."""
    known = {check.table for check in checks}
    scope |= history.unsettled & known
    if gate == "raw":
        scope |= history.landed.keys() & known
        if scope:
            scope |= {FILES} & known
    return scope


def _write_report(result: GateResult, folder: Path) -> None:
    head = {"gate": result.gate, "run_id": result.run_id, "is_in_demand": result.is_in_demand}
    head["passed"] = result.passed
    # Every night leaves hundreds of checks: a line each, and of one that passed no words.
    checks = ",\n".join(json.dumps(_told(check)) for check in result.checks)
    text = f'{json.dumps(head)[:-1]}, "checks": [\n{checks}\n]}}\n'
    (folder / f"gate_{result.gate}.json").write_text(text)


def _told(check: CheckResult) -> dict[str, Any]:
    told = asdict(check)
    del told["gate"]
    if check.result == "passed":
        del told["message"], told["sample"]
    return told


def _write_page(
    result: GateResult, tables: Sequence[TableChecks], stores: Stores, home: Home, folder: Path
) -> None:
    """Writes the Data Docs of the tables of which some check did not pass."""
    from expectations.data_docs import write_data_docs

    names = {f"{c.layer}.{c.table_name}" for c in result.checks if c.result != "passed"}
    shown = [table for table in tables if table.table in names]
    write_data_docs(result.gate, shown, stores, folder / "data_docs" / result.gate, home)


def _log(result: GateResult) -> None:
    if not result.is_in_demand:
        logger.info("%s gate: nothing to check, since nothing it reads has changed", result.gate)
        return
    failed = sum(check.result != "passed" for check in result.checks)
    logger.info("%s gate: %d checks, %d not passed", result.gate, len(result.checks), failed)


def _store(result: GateResult, home: Home) -> None:
    """Appends the results where the mart `data_quality` reads them."""
    if not result.checks:
        return
    columns = {
        "layer": "varchar",
        "table_name": "varchar",
        "check_name": "varchar",
        "severity": "varchar",
        "result": "varchar",
        "rows_checked": "bigint",
        "rows_failed": "bigint",
        "message": "varchar",
    }
    lists = ", ".join(f"unnest(${name}::{kind}[]) as {name}" for name, kind in columns.items())
    values = {name: [getattr(check, name) for check in result.checks] for name in columns}
    with duckdb.connect(str(home.raw_db)) as connection:
        # One statement: a row at a time takes as long as the checks.
        connection.execute(
            "insert into landing.gate_results by name select $run_id as run_id, "
            f"$checked_at::timestamp as checked_at, $gate as gate, {lists}",
            {
                "run_id": result.run_id,
                "checked_at": datetime.now(UTC).replace(tzinfo=None),
                "gate": result.gate,
                **values,
            },
        )
