"""Has Great Expectations judge the checks of a gate, one expectation per table.

Belongs here: the batch, the suite, and reading its verdicts. Does not belong here: what is checked
(the suites), the statements (`statements`), pages (`data_docs`), and what follows (`gates`).
Import this module late: the library takes seconds.

Nothing is stored in the library: an ephemeral batch validates a suite that exists only in memory.
A checkpoint would serialise and compare every expectation again, which costs ten times the SQL.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb

from expectations.check import Check
from expectations.duckdb_source import ReadOnlyDialect, connection_string
from expectations.library import FailureSeverity, gx
from expectations.results import CheckResult, GateName
from expectations.statements import ROWS_CHECKED, TableChecks
from expectations.stores import Stores
from expectations.table_expectation import ExpectChecksToFindNothing

_SEVERITIES = {"block": FailureSeverity.CRITICAL, "warn": FailureSeverity.WARNING}
_NO_RESULT = "Great Expectations gave no result for it"


@dataclass(frozen=True)
class _Verdict:
    """What Great Expectations said of one statement.

    Attributes:
        counts: Failing rows by check, and the rows checked; empty where it did not work.
        is_explained: Whether the expectation was met, or the answer shows why it was not: a check
            found a row or is missing.
        error: Why the statement did not work.
    """

    counts: dict[str, int]
    is_explained: bool
    error: str | None


def run_checks(
    gate: GateName, tables: Sequence[TableChecks], stores: Stores
) -> tuple[CheckResult, ...]:
    """Runs the checks of tables.

    Args:
        gate: The gate that the checks belong to.
        tables: What to check.
        stores: The files to read.

    Returns:
        One result per check. A check that raised, or of which the answer says nothing, is
        `broken`.
    """
    if not tables:
        return ()
    with quiet(), closing_connections(), stores.connect() as connection:
        judge = _Judge(gate, stores)
        verdicts = judge.whole_tables(tables)
        return tuple(
            result
            for table, verdict in zip(tables, verdicts, strict=True)
            for result in _Reading(gate, table, judge, connection).results(verdict)
        )


def add_source(context: Any, name: str, stores: Stores) -> Any:
    """Adds the stores to a context of Great Expectations as one data source."""
    return context.data_sources.add_sql(
        name=name,
        connection_string=connection_string(stores.databases, stores.memory_limit, stores.threads),
        create_temp_table=False,
    )


def new_context() -> Any:
    """Gives a context of Great Expectations that lives in memory only."""
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


def severity_of(checks: Sequence[Check]) -> FailureSeverity:
    """Gives the severity of an expectation that stands for checks: that of the gravest."""
    blocks = any(check.severity == "block" for check in checks)
    return _SEVERITIES["block" if blocks else "warn"]


class _Judge:
    """Great Expectations over the stores of a gate.

    Args:
        gate: Names the source.
        stores: The files to read.
    """

    def __init__(self, gate: GateName, stores: Stores) -> None:
        source = add_source(new_context(), gate, stores)
        # Which rows of which table are checked stands in each statement, so the batch is the gate.
        asset = source.add_query_asset(name=gate, query="select 1 as gate")
        self._batch = asset.add_batch_definition("all tables").get_batch()

    def whole_tables(self, tables: Sequence[TableChecks]) -> list[_Verdict]:
        """Judges each table by one expectation."""
        return self._judge([_expectation(table, table.checks, table.counting) for table in tables])

    def one_by_one(self, table: TableChecks) -> tuple[dict[str, _Verdict], _Verdict]:
        """Judges each check of a table apart, and counts its rows.

        Returns:
            The verdicts by check, and that of the statement that counts the rows.
        """
        expectations = [
            _expectation(table, [check], table.counting_alone(check)) for check in table.checks
        ]
        *verdicts, rows = self._judge([*expectations, _expectation(table, [], table.counting_rows)])
        names = [check.name for check in table.checks]
        return dict(zip(names, verdicts, strict=True)), rows

    def _judge(self, expectations: Sequence[ExpectChecksToFindNothing]) -> list[_Verdict]:
        for number, expectation in enumerate(expectations):
            expectation.meta = {"number": number}
        suite = gx.ExpectationSuite(name="gate", expectations=list(expectations))
        outcome = self._batch.validate(suite, result_format="SUMMARY")
        found = {item.expectation_config.meta["number"]: item for item in outcome.results}
        return [_verdict(found.get(number)) for number in range(len(expectations))]


def _expectation(
    table: TableChecks, checks: Sequence[Check], statement: str
) -> ExpectChecksToFindNothing:
    return ExpectChecksToFindNothing(
        statement=statement,
        check_names=[check.name for check in checks],
        description=f"{table.table}: no check finds a row",
        severity=severity_of(checks),
    )


def _verdict(item: Any) -> _Verdict:
    if item is None:
        return _Verdict({}, False, _NO_RESULT)
    error = _raised(item.exception_info or {})
    counts = ((item.result or {}).get("details") or {}).get("counts")
    if error is not None or counts is None:
        return _Verdict({}, False, error or _NO_RESULT)
    asked = item.expectation_config.kwargs["check_names"]
    is_explained = bool(item.success) or any(counts.get(name) != 0 for name in asked)
    return _Verdict(counts, is_explained, None)


def _raised(info: dict[str, Any]) -> str | None:
    """Gives the first line of the exception that broke a statement, if one did."""
    entries = [info, *(value for value in info.values() if isinstance(value, dict))]
    for entry in entries:
        if entry.get("raised_exception"):
            lines = str(entry.get("exception_message") or "unknown exception").splitlines()
            return lines[0]
    return None


class _Reading:
    """Makes results of what was said of one table.

    Args:
        gate: The gate.
        table: The table and its checks.
        judge: Asked again where the statement of the whole table did not work.
        connection: Asked for samples.
    """

    def __init__(
        self,
        gate: GateName,
        table: TableChecks,
        judge: _Judge,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self._gate: GateName = gate
        self._table = table
        self._judge = judge
        self._connection = connection

    def results(self, verdict: _Verdict) -> list[CheckResult]:
        """Gives a result per check; the statement is taken apart where it did not work."""
        if verdict.error is not None:
            apart, rows = self._judge.one_by_one(self._table)
            rows_checked = rows.counts.get(ROWS_CHECKED)
            return [self._result(c, apart[c.name], rows_checked) for c in self._table.checks]
        rows_checked = verdict.counts.get(ROWS_CHECKED)
        return [self._result(check, verdict, rows_checked) for check in self._table.checks]

    def _result(self, check: Check, verdict: _Verdict, rows_checked: int | None) -> CheckResult:
        failed = verdict.counts.get(check.name)
        if verdict.error or failed is None:
            why = verdict.error or "its answer is missing"
            return self._made(check, "broken", rows_checked, None, f"did not work: {why}")
        if failed:
            sample = self._sample(check)
            told = _told(check, failed, sample)
            return self._made(check, "failed", rows_checked, failed, told, sample)
        if not verdict.is_explained:
            return self._made(check, "broken", rows_checked, None, "found no row and was not met")
        return self._made(check, "passed", rows_checked, 0, f"no {check.meaning}")

    def _made(
        self,
        check: Check,
        outcome: Any,
        rows_checked: int | None,
        failed: int | None,
        message: str,
        sample: tuple[dict[str, Any], ...] = (),
    ) -> CheckResult:
        return CheckResult(
            gate=self._gate,
            layer=check.layer,
            table_name=check.table_name,
            check_name=check.name,
            severity=check.severity,
            result=outcome,
            rows_checked=rows_checked,
            rows_failed=failed,
            message=f"the check {check.name} {message}" if outcome == "broken" else message,
            sample=sample,
        )

    def _sample(self, check: Check) -> tuple[dict[str, Any], ...]:
        """Asks for a few of the rows that fail; of a row, only the columns that may be shown."""
        if check.shown_columns is not None and not check.shown_columns:
            return ()
        try:
            cursor = self._connection.execute(self._table.sampling(check))
            names = [str(column[0]) for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.Error:
            # Counting rows does not compute their columns, and one of these cannot be computed.
            return ()
        shown = [n for n in names if check.shown_columns is None or n in check.shown_columns]
        return tuple({name: _plain(row[name]) for name in shown} for row in rows) if shown else ()


def _told(check: Check, failed: int, sample: Sequence[dict[str, Any]]) -> str:
    shown = "; ".join(", ".join(f"{k} {v}" for k, v in row.items()) for row in sample)
    more = f"; and {failed - len(sample)} more" if sample and failed > len(sample) else ""
    rows = f": {shown}{more}" if shown else ""
    return f"{failed:,} {check.meaning}{rows}. What to do: {check.advice}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date | datetime | time) else value


@contextlib.contextmanager
def closing_connections() -> Iterator[None]:
    """Closes in the end what Great Expectations opened, so that the files can be written again."""
    try:
        yield
    finally:
        ReadOnlyDialect.close_all()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
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
