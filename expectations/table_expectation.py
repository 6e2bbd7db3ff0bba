"""The expectation that judges a table: none of its checks finds a row.

Belongs here: the expectation, the metric behind it, and what an error may say. Does not belong
here: the statements (`statements`) and what follows from a verdict (`runner`).
Import this module late: Great Expectations takes seconds.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from expectations.library import (
    BatchExpectation,
    MetricProvider,
    SqlAlchemyExecutionEngine,
    metric_value,
)

_METRIC = "salesops.failing_rows"
# Kinds of errors that speak of SQL and files. All others can quote a value of a row.
_OF_NO_VALUES = ("Catalog", "Binder", "Parser", "IO", "Out of Memory", "Not implemented")
_KIND = re.compile(r"^([A-Z][A-Za-z /-]*?) Error: ")


class StatementError(Exception):
    """A statement that did not work; its message holds no values."""


class FailingRows(MetricProvider):
    """How many rows fail each check of a statement, by name of the check."""

    metric_name = _METRIC
    value_keys = ("statement",)
    domain_keys = ("batch_id",)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, int]:
        statement = metric_value_kwargs["statement"]
        try:
            with execution_engine.get_connection() as connection:
                # As the driver takes it: SQLAlchemy would see parameters in colons of literals.
                rows = connection.exec_driver_sql(statement).fetchall()
        except Exception as error:
            raise StatementError(without_values(getattr(error, "orig", None) or error)) from None
        return {str(name): int(count) for name, count in rows}


class ExpectChecksToFindNothing(BatchExpectation):
    """Expects a statement to tell, for each check that it has, that no row fails.

    Attributes:
        statement: SQL that gives name and number of failing rows of each check.
        check_names: The checks that must be in its answer.
    """

    statement: str
    check_names: list[str]

    metric_dependencies: ClassVar[tuple[str, ...]] = (_METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = ("statement", "check_names")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        """Succeeds where the answer has every check and none found a row."""
        counts = metrics[_METRIC]
        found = [counts.get(name) for name in self.check_names]
        return {
            "success": all(count == 0 for count in found),
            "result": {
                "observed_value": sum(count or 0 for count in found),
                "details": {"counts": counts},
            },
        }


def without_values(error: BaseException) -> str:
    """Gives the first line of an error of DuckDB, or its kind alone where it can quote a value."""
    lines = str(error).splitlines() or [type(error).__name__]
    kind = _KIND.match(lines[0])
    if kind and kind.group(1) in _OF_NO_VALUES:
        return lines[0]
    named = f"{kind.group(1)} Error" if kind else type(error).__name__
    return f"{named}; its text is left out, because it can hold values of rows"
