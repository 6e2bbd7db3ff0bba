"""Runs declared checks with Great Expectations on DuckDB and renders Data Docs.

Belongs here: everything that touches Great Expectations. Does not belong here: what is checked
(the suites) and what follows from it (`gates`). Import this module late: the library takes seconds.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from expectations.checks import Check
from expectations.duckdb_source import ReadOnlyDialect, connection_string
from expectations.results import CheckResult, GateName


@contextlib.contextmanager
def _without_pyspark() -> Iterator[None]:
    """Lets imports pass PySpark by, as if it were not installed.

    Great Expectations imports all of it, which takes seconds and serves nothing here; and in a
    process whose main module has no file, such as a run of `dagster dev`, PySpark's connect module
    takes that for a run of doctests and ends the process.
    """
    if "pyspark" in sys.modules:
        yield
        return
    sys.modules["pyspark"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["pyspark"]


# No telemetry, whatever the user's environment says; read when the library is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
with warnings.catch_warnings(), _without_pyspark():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.expectations.core.unexpected_rows_expectation import (
        UnexpectedRowsExpectation,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity


_SAMPLE_ROWS = 5
_SITE = "runs"
_WAREHOUSE_LAYERS = frozenset({"staging", "intermediate", "core", "marts", "restricted"})
_SEVERITIES = {"block": FailureSeverity.CRITICAL, "warn": FailureSeverity.WARNING}


@dataclass(frozen=True)
class Stores:
    """The DuckDB files that checks read, by alias, and what DuckDB may use for it."""

    databases: Mapping[str, Path]
    memory_limit: str
    threads: int


def run_checks(
    gate: GateName, checks: Sequence[Check], stores: Stores, docs_folder: Path
) -> tuple[CheckResult, ...]:
    """Runs checks, one batch per table, and renders their Data Docs.

    Args:
        gate: The gate that the checks belong to.
        checks: What to check.
        stores: The files to read.
        docs_folder: Where the static site goes; made anew.

    Returns:
        One result per check, in order. A check that raised is `broken`.
    """
    if not checks:
        return ()
    with _quiet():
        context: Any = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        context.add_data_docs_site(_SITE, _site(docs_folder))
        source = context.data_sources.add_sql(
            name=gate,
            connection_string=connection_string(
                stores.databases, stores.memory_limit, stores.threads
            ),
            create_temp_table=False,
        )
        try:
            by_table: dict[str, list[Check]] = {}
            for check in checks:
                by_table.setdefault(check.table, []).append(check)
            definitions = [
                _definition(context, source, gate, table, members, stores)
                for table, members in by_table.items()
            ]
            checkpoint = context.checkpoints.add(
                gx.Checkpoint(
                    name=f"{gate} gate",
                    validation_definitions=definitions,
                    result_format="COMPLETE",
                )
            )
            outcome = checkpoint.run()
            rows = _rows_per_table(source, by_table, stores)
            context.build_data_docs(site_names=[_SITE])
        finally:
            ReadOnlyDialect.close_all()
    found = {
        item["expectation_config"]["meta"]["check"]: item
        for result in outcome.run_results.values()
        for item in result.to_json_dict()["results"]
    }
    return tuple(
        _result(gate, check, found.get(_check_id(check)), rows[check.table]) for check in checks
    )


def _definition(
    context: Any, source: Any, gate: str, table: str, checks: Sequence[Check], stores: Stores
) -> Any:
    """Makes the suite of one table and what it is validated against."""
    asset = source.add_query_asset(name=table, query=f"select * from {_qualified(table, stores)}")
    # Given at once, because each expectation added to a stored suite stores all of it again.
    suite = context.suites.add(
        gx.ExpectationSuite(
            name=f"{gate} gate: {table}", expectations=[_expectation(check) for check in checks]
        )
    )
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=f"{gate} gate: {table}",
            data=asset.add_batch_definition("whole table"),
            suite=suite,
        )
    )


def _expectation(check: Check) -> UnexpectedRowsExpectation:
    return UnexpectedRowsExpectation(
        unexpected_rows_query=check.failing_rows,
        description=f"{check.name}: there are no {check.meaning}",
        severity=_SEVERITIES[check.severity],
        meta={"check": _check_id(check)},
    )


def _check_id(check: Check) -> str:
    return f"{check.table}.{check.name}"


def _qualified(table: str, stores: Stores) -> str:
    """Names a table with its catalog: raw has the sources, the warehouse the layers."""
    layer = table.partition(".")[0]
    catalog = "warehouse" if layer in _WAREHOUSE_LAYERS else "raw"
    return f"{catalog}.{table}" if catalog in stores.databases else table


def _rows_per_table(source: Any, tables: Iterator[str] | Mapping, stores: Stores) -> dict:
    """Counts the rows of each checked table; None where it cannot be counted."""
    counts: dict[str, int | None] = {}
    with source.get_engine().connect() as connection:
        for table in tables:
            try:
                counts[table] = connection.exec_driver_sql(
                    f"select count(*) from {_qualified(table, stores)}"
                ).scalar()
            except Exception:
                counts[table] = None
    return counts


def _result(gate: GateName, check: Check, item: Any, rows_checked: int | None) -> CheckResult:
    def result(outcome: Any, failed: int | None, message: str, sample: tuple = ()) -> CheckResult:
        return CheckResult(
            gate=gate,
            layer=check.layer,
            table_name=check.table_name,
            check_name=check.name,
            severity=check.severity,
            result=outcome,
            rows_checked=rows_checked,
            rows_failed=failed,
            message=message,
            sample=sample,
        )

    raised = None if item is None else _raised(item.get("exception_info") or {})
    if item is None or raised or "observed_value" not in (item.get("result") or {}):
        why = raised or "Great Expectations gave no result for it"
        return result("broken", None, f"the check {check.name} did not work: {why}")
    failed = int(item["result"]["observed_value"])
    if item["success"] and failed == 0:
        return result("passed", 0, f"no {check.meaning}")
    rows = item["result"].get("details", {}).get("unexpected_rows", [])[:_SAMPLE_ROWS]
    sample = tuple({str(k): _plain(v) for k, v in dict(row).items()} for row in rows)
    shown = "; ".join(", ".join(f"{k} {v}" for k, v in row.items()) for row in sample)
    more = f"; and {failed - len(sample)} more" if failed > len(sample) else ""
    message = f"{failed:,} {check.meaning}: {shown}{more}. What to do: {check.advice}"
    return result("failed", failed, message, sample)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | date | datetime):
        return str(value)
    return value


def _raised(info: dict[str, Any]) -> str | None:
    """Gives the first line of the exception that broke a check, if one did."""
    entries = [info, *(value for value in info.values() if isinstance(value, dict))]
    for entry in entries:
        if entry.get("raised_exception"):
            lines = str(entry.get("exception_message") or "unknown exception").splitlines()
            return lines[0]
    return None


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder),
        },
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the library's progress bars, hints and warnings away from our own output."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
