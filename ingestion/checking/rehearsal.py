"""A rehearsal: what landing makes of extracts, in a home that is thrown away afterwards.

Belongs here: what of the real home landing has to know, and what came of it. Does not belong here:
landing itself, which is the same as in a refresh, and how the outcome is told (`mapping_check`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ingestion.company.settings import CompanySettings
from ingestion.contracts.raw_ddl import quoted, quoted_table
from ingestion.contracts.system_tables import CONFIRMATIONS, EXTRACTS, FILES, UNOBSERVED
from ingestion.contracts.tables import Column, Contracts, Table
from ingestion.errors import LandingError
from ingestion.home import Home
from ingestion.landing.extracts import FoundFiles
from ingestion.landing.run import LandingResult, LookupFiles, land_files
from ingestion.landing.staging import timestamp_literal
from ingestion.mapping.feeds import Mapping as SourceMapping
from ingestion.raw.change_log import new_row_hash_sql
from ingestion.raw.store import FileResult, create_tables
from ingestion.text.sql_text import literal

_RUN = "rehearsal"
_KNOWN = "known"
_EXAMPLES = 3


@dataclass(frozen=True)
class Fault:
    """Records of one file and table that would be set aside for one reason.

    Args:
        column: Contract column at fault; None if the whole record is.
        reason: Code of what is wrong.
        message: The same in a sentence.
        records: How many records they are.
        line: Where the first of them starts.
    """

    column: str | None
    reason: str
    message: str
    records: int
    line: int | None


@dataclass(frozen=True)
class UnknownReferences:
    """Values that the table which they refer to does not have, neither here nor in the home.

    Args:
        table: Contract table that refers, such as `crm.opportunities`.
        column: Its column.
        target: The table that it refers to.
        values: Different values that are not there.
        examples: A few of them; none of personal data.
        floats: How many of them would be there but for a `.0` at their end, as programs write ids
            that they take for numbers.
    """

    table: str
    column: str
    target: str
    values: int
    examples: tuple[str, ...]
    floats: int = 0


@dataclass(frozen=True)
class Rehearsal:
    """What landing would make of extracts.

    Args:
        landing: What became of each file and feed.
        faults: Why records would be set aside, by table and file.
        unknown: References to nothing, which are landed and count as unknown.
    """

    landing: LandingResult
    faults: Mapping[tuple[str, str], tuple[Fault, ...]]
    unknown: tuple[UnknownReferences, ...]


def rehearse(
    mapping: SourceMapping,
    found: FoundFiles,
    lookups: LookupFiles,
    contracts: Contracts,
    settings: CompanySettings,
    home: Home | None = None,
    incomplete: Collection[str] = (),
) -> Rehearsal:
    """Lands files for trial.

    Args:
        mapping: The mapping.
        found: The files of its feeds.
        lookups: The files in which values are looked up.
        contracts: Declarations of all source tables.
        settings: The company's settings.
        home: Home whose keys and earlier extracts are known; it is only read.
        incomplete: Tables of which not all files are given, so that nobody can say what they lack.

    Raises:
        LandingError: The home's raw is in use, or holds what its contracts do not say.
    """
    with TemporaryDirectory(prefix="salesops-rehearsal-") as folder:
        trial = Home(Path(folder) / "home")
        trial.create()
        known = home.raw_db if home is not None and home.raw_db.exists() else None
        if known is not None:
            _copy_known(trial, known, contracts, mapping)
        began = datetime.now(UTC)
        result = land_files(trial, [(mapping, found, lookups)], contracts, _RUN, settings, _untold)
        with duckdb.connect(str(trial.raw_db)) as raw:
            if known is not None:
                _attach(raw, known)
            unknown = tuple(_unknown_references(raw, mapping, contracts, incomplete, began))
            return Rehearsal(result, _faults(raw), unknown)


def _untold(_result: FileResult) -> None:
    """Says nothing of a file: nothing has really landed."""


def _fed(mapping: SourceMapping, contracts: Contracts) -> tuple[Table, ...]:
    names = dict.fromkeys((feed.source, feed.table) for feed in mapping.feeds)
    return tuple(contracts.table(source, table) for source, table in names)


def _copy_known(trial: Home, known: Path, contracts: Contracts, mapping: SourceMapping) -> None:
    """Copies what the mapping's tables hold of its system, and what was noted of its extracts."""
    system = literal(mapping.source_system)
    with duckdb.connect(str(trial.raw_db)) as connection:
        create_tables(connection, contracts)
        _attach(connection, known)
        for table in _fed(mapping, contracts):
            _copy(connection, table, f"_source_system = {system}")
            _rehash(connection, table)
        for table in (FILES, EXTRACTS, CONFIRMATIONS, UNOBSERVED):
            _copy(connection, table, f"source_system = {system}")


def _attach(connection: duckdb.DuckDBPyConnection, known: Path) -> None:
    try:
        connection.execute(f"attach {literal(str(known))} as {_KNOWN} (read_only)")
    except duckdb.IOException as caught:
        if "lock" not in str(caught).lower():
            raise
        raise LandingError(
            f"{known} is in use by another program, such as a refresh, so what it knows cannot be "
            "read; check the mapping again when that has ended"
        ) from None


def _rehash(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Hashes rows anew that were landed with fewer digits than the contract gives by now."""
    (other,) = connection.execute(
        "select count(*) from (select column_name from duckdb_columns() where schema_name = ? "
        "and table_name = ? group by column_name having count(distinct data_type) > 1)",
        [table.source, table.name],
    ).fetchone() or (0,)
    if other:
        connection.execute(
            f"update {quoted_table(table)} set _row_hash = {new_row_hash_sql(table)}"
        )


def _copy(connection: duckdb.DuckDBPyConnection, table: Table, condition: str) -> None:
    """Copies rows of a table, in the columns that both stores have."""
    rows = connection.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
        f"group by column_name having bool_or(database_name = '{_KNOWN}') and count(*) > 1",
        [table.source, table.name],
    ).fetchall()
    if rows:
        names = ", ".join(quoted(name) for (name,) in rows)
        connection.execute(
            f"insert into {quoted_table(table)} by name select {names} "
            f"from {_KNOWN}.{quoted_table(table)} where {condition}"
        )


def _faults(raw: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[Fault, ...]]:
    faults: dict[tuple[str, str], tuple[Fault, ...]] = {}
    for table, file, *parts in raw.execute(
        "select source || '.' || table_name, file_name, column_name, reason, "
        "arg_min(message, line), count(distinct record_number), min(line) "
        f"from landing.quarantine where run_id = '{_RUN}' group by all order by min(line), 3, 4"
    ).fetchall():
        faults[table, file] = (*faults.get((table, file), ()), Fault(*parts))
    return faults


def _unknown_references(
    raw: duckdb.DuckDBPyConnection,
    mapping: SourceMapping,
    contracts: Contracts,
    incomplete: Collection[str],
    began: datetime,
) -> Iterator[UnknownReferences]:
    """Looks at what the files of this mapping say; of a table that nobody feeds nothing is told."""
    # Rows that these files brought, and those of files that were landed before.
    looked_at = (
        f"_source_system = {literal(mapping.source_system)} and _op = 'upsert' and "
        f"(_loaded_at >= {timestamp_literal(began)} or _extract_id in "
        f"(select extract_id from {quoted_table(FILES)} where run_id = '{_RUN}'))"
    )
    for table in _fed(mapping, contracts):
        for column in table.columns:
            if column.references is None:
                continue
            name, target_column = column.references
            target = contracts.table(table.source, name)
            if target.full_name in incomplete:
                continue
            keys = _keys(raw, target, target_column)
            if not _number(raw, f"select count(*) from {keys}"):
                continue
            rows = (
                f"(select distinct {quoted(column.name)} as key from {quoted_table(table)} "
                f"where {looked_at} and {quoted(column.name)} is not null) "
                f"anti join {keys} using (key)"
            )
            if found := _number(raw, f"select count(*) from {rows}"):
                examples = _examples(raw, column, rows)
                whole = (
                    "(select distinct regexp_extract(key, '^(.*\\d)[.,]0+$', 1) as key from "
                    f"(select cast(key as varchar) as key from {rows})) "
                    f"semi join {keys} using (key)"
                )
                floats = _number(raw, f"select count(*) from {whole}")
                yield UnknownReferences(
                    table.full_name, column.name, target.full_name, found, examples, floats
                )


def _keys(raw: duckdb.DuckDBPyConnection, target: Table, column: str) -> str:
    """Gives the relation of all keys of a table, here and in the home."""
    place = [target.source, target.name, column]
    is_known = raw.execute(
        f"select count(*) from duckdb_columns() where database_name = '{_KNOWN}' "
        "and schema_name = ? and table_name = ? and column_name = ?",
        place,
    ).fetchone() != (0,)
    here = f"select {quoted(column)} as key from {quoted_table(target)}"
    there = f" union select {quoted(column)} from {_KNOWN}.{quoted_table(target)}"
    return f"({here}{there if is_known else ''}) as keys"


def _examples(raw: duckdb.DuckDBPyConnection, column: Column, rows: str) -> tuple[str, ...]:
    if column.is_masked:
        return ()
    found = raw.execute(
        f"select cast(key as varchar) from {rows} order by key limit {_EXAMPLES}"
    ).fetchall()
    return tuple(key for (key,) in found)


def _number(raw: duckdb.DuckDBPyConnection, query: str) -> int:
    row = raw.execute(query).fetchone()
    return int(row[0]) if row else 0
