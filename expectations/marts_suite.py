"""The marts gate's checks: what BI is about to read is whole, in range and tells nobody's pay.

Belongs here: the check that follows from the contracts. Does not belong here: all others, which
stand in `checks/marts`; how a metric is computed (dbt unit tests); and what follows from its
declaration: that ratios are made of their parts and members add up to the company (dbt data tests,
which the gate runs with these).
"""

from __future__ import annotations

from expectations.check import Check, quoted
from expectations.check_files import checks_in_files
from ingestion.contracts.tables import Contracts


def marts_checks(contracts: Contracts) -> tuple[Check, ...]:
    """Gives the checks of every metric mart."""
    return (*checks_in_files("marts"), _personal_data_check(contracts))


def _personal_data_check(contracts: Contracts) -> Check:
    names = {column.name for table in contracts for column in table.columns if column.is_masked}
    listed = ", ".join(quoted(name) for name in sorted(names))
    return Check(
        "marts",
        "metric_catalogue",
        "nothing_personal_published",
        "select table_name, column_name from duckdb_columns() "
        "where (database_name = 'marts' "
        "or (database_name = 'warehouse' and schema_name = 'marts')) "
        f"and column_name in ({listed})",
        "columns of open marts that carry personal or pay data",
        "remove them from the mart; such columns belong in restricted marts",
        watched_schemas=frozenset({"marts"}),
    )
