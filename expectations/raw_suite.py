"""The raw gate's checks, derived from the contracts: what landing promises, checked again in raw.

Belongs here: checks on raw tables and on the landing records. Does not belong here: anything about
models. Landing has rejected what breaks a contract; this gate is the second pair of eyes, on what
is really stored, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.check import BATCH, Check, quoted
from ingestion.contracts.tables import Column, Contracts, Table

_BOOKKEEPING = ("_source_system", "_extract_id", "_extracted_at", "_loaded_at", "_row_hash", "_op")
_LATER = (
    "raw is append-only, so something other than landing wrote here; restore raw.duckdb from a "
    "backup, or land the extracts anew into an empty home"
)


def raw_checks(contracts: Contracts, run_id: str) -> tuple[Check, ...]:
    """Gives the checks of every contract table and of the manifest.

    Args:
        contracts: The contracts that raw was landed by.
        run_id: The refresh whose files and quarantined rows are reported.
    """
    checks = [check for table in contracts for check in _table_checks(table)]
    return (*checks, *_manifest_checks(contracts, run_id))


def _table_checks(table: Table) -> Iterator[Check]:
    def check(name: str, condition: str, meaning: str) -> Check:
        shown = [c.name for c in table.columns if c.primary_key and not c.is_masked]
        columns = ", ".join([*shown, "_extract_id", "_op"])
        query = f"select {columns} from {BATCH} where {condition}"
        return Check(table.source, table.name, name, query, meaning, _LATER)

    yield _schema_check(table)
    bookkeeping = " or ".join(f"{name} is null" for name in _BOOKKEEPING)
    yield check("bookkeeping_filled", bookkeeping, "without source, extract, time, hash or op")
    yield check("known_op", "_op not in ('upsert', 'delete')", "with an unknown _op")
    keys = " or ".join(f"{name} is null" for name in table.key)
    yield check("key_filled", keys, "without a key")
    for column in table.columns:
        condition = _violation(column)
        if condition:
            yield check(
                f"{column.name}_as_in_contract",
                f"_op = 'upsert' and ({condition})",
                f"whose {column.name} breaks its contract",
            )
    yield Check(
        table.source,
        table.name,
        "extract_known",
        # A row that takes back what a later extract said has that one's id and a mark after it.
        "select _extract_id, count(*) as row_versions "
        f"from {BATCH} where rtrim(_extract_id, '~') not in "
        "(select extract_id from raw.landing.extracts "
        f"where source = '{table.source}' and table_name = '{table.name}') group by all",
        "extract ids that no landing recorded",
        _LATER,
    )
    for column in table.columns:
        if column.references:
            yield _reference_check(table, column)


def _schema_check(table: Table) -> Check:
    """Whether the stored table has the contract's columns, in name and type."""
    expected = ", ".join(
        f"({quoted(column.name)}, {quoted(column.sql_type.replace(' ', ''))})"
        for column in table.columns
    )
    query = (
        f"with expected(column_name, data_type) as (values {expected}), "
        "stored as (select column_name, lower(replace(data_type, ' ', '')) as data_type "
        "from duckdb_columns() where database_name = 'raw' "
        f"and schema_name = '{table.source}' and table_name = '{table.name}' "
        "and column_name not like '\\_%' escape '\\') "
        "select coalesce(e.column_name, s.column_name) as column_name, "
        "e.data_type as in_contract, s.data_type as in_raw "
        "from expected e full join stored s using (column_name) "
        "where e.data_type is distinct from s.data_type"
    )
    return Check(
        table.source,
        table.name,
        "columns_as_in_contract",
        query,
        "columns that differ from the contract in name or type",
        "the contract changed after the table was made; see changed contracts in "
        "docs/how-to/operations.md",
    )


def _violation(column: Column) -> str:
    """The condition under which a value breaks its column's contract; empty if none can."""
    name = column.name
    parts: list[str] = []
    if column.required and not column.primary_key:
        parts.append(f"{name} is null")
    if column.enum:
        parts.append(f"{name} not in ({', '.join(quoted(value) for value in column.enum)})")
    if column.minimum is not None:
        parts.append(f"{name} < {column.minimum}")
    if column.exclusive_minimum is not None:
        parts.append(f"{name} <= {column.exclusive_minimum}")
    if column.maximum is not None:
        parts.append(f"{name} > {column.maximum}")
    if column.max_length is not None:
        parts.append(f"length({name}) > {column.max_length}")
    if column.pattern is not None:
        parts.append(f"not regexp_matches({name}, {quoted(column.pattern)})")
    if column.not_before is not None:
        parts.append(f"{name} < {column.not_before}")
    if column.typed_by is not None:
        parts += [
            f"{column.typed_by.selector} = {quoted(named.name)} and {name} is not null "
            f"and try_cast({name} as {named.sql_type}) is null"
            for named in column.typed_by.columns
            if named.logical_type != "string"
        ]
    return " or ".join(parts)


def _reference_check(table: Table, column: Column) -> Check:
    """A reference to nothing is accepted and reported; models point it at the unknown member."""
    assert column.references is not None
    target, target_column = column.references
    shown = "" if column.is_masked else f"{column.name}, "
    query = (
        f"select {shown}count(*) as row_versions from {BATCH} "
        f"where {column.name} is not null and _op = 'upsert' and {column.name} not in "
        f"(select {target_column} from raw.{table.source}.{target}) group by {column.name}"
    )
    return Check(
        table.source,
        table.name,
        f"{column.name}_known",
        query,
        f"values of {column.name} that {target} does not have; they count as unknown",
        f"add them to the extract of {target}, or correct them in the source",
        severity="warn",
    )


def _manifest_checks(contracts: Contracts, run_id: str) -> Iterator[Check]:
    yield Check(
        "landing",
        "files",
        "every_record_accounted_for",
        "select source, table_name, extract_id, records, accepted, quarantined, passed_over, "
        f"unchanged from {BATCH} where status <> 'refused' "
        "and records is distinct from "
        "accepted + unchanged + quarantined + coalesce(passed_over, 0)",
        "files whose records are not all accepted, unchanged, quarantined or passed over",
        "do not trust these tables; report this as a defect with the file's structure",
    )
    yield Check(
        "landing",
        "files",
        "nothing_emptied",
        "select source, table_name, column_name, reason, count(*) as emptied "
        f"from raw.landing.emptied where run_id = {quoted(run_id)} group by all",
        "columns of which values were left empty in this refresh, as the mapping says",
        "see landing.emptied or the quarantine folder; put them right in the source",
        severity="warn",
    )
    for table in contracts:
        yield Check(
            table.source,
            table.name,
            "nothing_quarantined",
            "select file_name, line, string_agg(distinct reason, ', ' order by reason) as reason "
            f"from raw.landing.quarantine where run_id = {quoted(run_id)} "
            f"and source = '{table.source}' and table_name = '{table.name}' "
            "group by source_system, record_number, file_name, line",
            "records that were quarantined in this refresh",
            "see landing.quarantine or the quarantine folder; put them right in the source",
            severity="warn",
        )
