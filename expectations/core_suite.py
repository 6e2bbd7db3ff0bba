"""The core gate's checks: the star schema reconciles with raw, and sources do not contradict.

Belongs here: the checks that follow from the contracts. Does not belong here: all others, which
stand in `checks/core`, and the inside of the models, which dbt tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.check import BATCH, Check
from expectations.check_files import checks_in_files
from ingestion.contracts.tables import Contracts, Table

# Which dimension, or fact of the same grain, must hold every living key of a contract table.
_DIMENSIONS = {
    "users": ("dim_sales_rep", "sales_rep_id"),
    "accounts": ("dim_account", "account_id"),
    "teams": ("dim_team", "team_id"),
    "branches": ("dim_branch", "branch_id"),
    "territories": ("dim_territory", "territory_id"),
    "products": ("dim_product", "product_id"),
    "stages": ("dim_stage", "stage_id"),
    "activities": ("fct_activity", "activity_id"),
}


def core_checks(contracts: Contracts) -> tuple[Check, ...]:
    """Gives the checks of facts and dimensions against raw."""
    crm = contracts.tables("crm")
    return (
        *checks_in_files("core"),
        *(_dimension_check(table) for table in crm if table.name in _DIMENSIONS),
        *(check for table in contracts for check in _identity_checks(table)),
    )


def _dimension_check(table: Table) -> Check:
    dimension, dimension_key = _DIMENSIONS[table.name]
    (key,) = table.key
    return Check(
        "core",
        dimension,
        "no_key_lost",
        f"select {key} from (select {key}, arg_max(_op, _extract_id) as op "
        f"from raw.{table.source}.{table.name} group by {key}) where op = 'upsert' "
        f"and {key} not in (select {dimension_key} from {BATCH})",
        f"{table.name} of raw that are missing here",
        "this is a defect of the models, not of the extracts; report it with these ids",
    )


def _identity_checks(table: Table) -> Iterator[Check]:
    """Models join on natural ids, so no id may come from two source systems."""
    if any(not table.column(name).is_prefixed_id for name in table.key):
        return
    keys = ", ".join(table.key)
    # Ids that landed are compared with all that ever did: the other system may have come before.
    whole = f"raw.{table.source}.{table.name}"
    yield Check(
        table.source,
        table.name,
        "ids_of_one_source_system",
        f"select {keys}, min(_source_system) as one_system, max(_source_system) as other_system "
        f"from {whole} where ({keys}) in (select {keys} from {BATCH}) "
        f"group by {keys} having min(_source_system) <> max(_source_system)",
        "ids that come from two source systems",
        "set id_prefix in the mapping of one of the systems",
    )
