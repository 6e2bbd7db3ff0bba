"""dbt's data tests as checks of a gate, and what of their failing rows may be shown.

Belongs here: the compiled data test, its translation, and its columns that are neither personal nor
pay. Does not belong here: compiling tests and deciding which layer they belong to (orchestration).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from expectations.check import Check
from expectations.results import Severity
from ingestion.contracts.tables import Contracts

# Columns that models make themselves and that say what a row is about, never who is paid what.
# fmt: off
_MODEL_COLUMNS = frozenset({
    "as_of_date", "basis", "change_type", "date_day", "episode", "episode_of", "first_day",
    "from_stage_id", "is_current", "last_day", "level", "member_id", "metric", "n_records",
    "opportunity_key", "period_end", "period_grain", "period_start", "row_count", "stage_key",
    "step", "to_stage_id", "valid_from", "valid_to", "version_of",
})
# fmt: on
# dbt's generic tests rename the column that they are about; its own name decides.
_RENAMED = re.compile(r"\b(\w+)\s+as\s+(unique_field|value_field|from_field)\b", re.IGNORECASE)
_PEOPLE = re.compile(r'\b"?(?:restricted|hr|payroll|stg_hr__\w+|stg_payroll__\w+)\b', re.IGNORECASE)


@dataclass(frozen=True)
class DataTest:
    """A data test of dbt, compiled.

    Attributes:
        name: Name of the test.
        table: Schema and name of the table that it is about, such as `core.fct_opportunity`.
        sql: Query of the failing rows, with tables by `catalog.schema.table`.
        severity: `block` for dbt's `error`, `warn` for its `warn`. The test fails where there is
            any failing row, which is dbt's default for `error_if` and `warn_if`.
    """

    name: str
    table: str
    sql: str
    severity: Severity = "block"


def as_check(test: DataTest, contracts: Contracts) -> Check:
    """Gives the check that finds what the test finds.

    Args:
        test: The compiled test.
        contracts: Say which columns are personal or pay data.
    """
    layer, _, table_name = test.table.partition(".")
    return Check(
        layer=layer,
        table_name=table_name,
        name=test.name,
        failing_rows=test.sql,
        meaning=f"rows that fail the dbt test {test.name}",
        advice=f"see the model's YAML or the head of the test; `uv run dbt test -s {test.name}` "
        "runs it alone",
        severity=test.severity,
        shown_columns=_shown_columns(test, contracts),
    )


def _shown_columns(test: DataTest, contracts: Contracts) -> frozenset[str]:
    """Names what may be shown: nothing of pay and people, elsewhere what is known to be harmless.

    A test selects what dbt has it select, also whole rows, so a column that nobody has declared is
    taken for personal.
    """
    if _PEOPLE.search(test.table) or _PEOPLE.search(test.sql):
        return frozenset()
    declared = [column for table in contracts for column in table.columns]
    masked = {column.name for column in declared if column.is_masked}
    shown = ({column.name for column in declared} | _MODEL_COLUMNS) - masked
    renamed = {new for old, new in _RENAMED.findall(test.sql) if old.lower() in shown}
    ambiguous = {new for old, new in _RENAMED.findall(test.sql) if old.lower() not in shown}
    return frozenset((shown | renamed) - ambiguous)
