"""What the tests of gates do with a home: change a store, run a gate, read what did not pass.

The published layers stand in files of their own under the catalog of their name, as in a refresh.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from expectations.gates import DataTest, run_gate
from expectations.results import CheckResult, GateName, GateResult
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home


def databases(home: Home, gate: GateName = "marts") -> dict[str, Path]:
    """Gives the files that a gate reads, by catalog."""
    later = {
        "warehouse": home.warehouse_db,
        "marts": home.root / "marts.duckdb",
        "restricted": home.root / "restricted.duckdb",
    }
    return {"raw": home.raw_db} if gate == "raw" else {"raw": home.raw_db, **later}


def change(home: Home, sql: str, catalog: str = "warehouse") -> None:
    """Runs SQL on the stores; schemas without a catalog are those of the given one."""
    with duckdb.connect() as connection:
        for alias, path in databases(home).items():
            connection.execute(f"attach '{path}' as {alias}")
        connection.execute(f"use {catalog}")
        connection.execute(sql)


def run(
    gate: GateName,
    home: Home,
    scope: frozenset[str] | None = None,
    run_id: str = "r1",
    data_tests: Sequence[DataTest] = (),
) -> GateResult:
    return run_gate(
        gate,
        home,
        run_id,
        load_contracts(),
        databases=databases(home, gate),
        scope=scope,
        data_tests=data_tests,
    )


def not_passed(result: GateResult) -> dict[tuple[str, str], CheckResult]:
    return {(c.table_name, c.check_name): c for c in result.checks if c.result != "passed"}
