"""What a mapping makes of real files, before anything is landed.

Belongs here: reading the first records of each file and reporting what was understood. Does not
belong here: how the report is shown, and landing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import duckdb

from ingestion.company import CompanySettings
from ingestion.contracts import Contracts, Table, load_contracts
from ingestion.emptied import why_too_many
from ingestion.errors import ExtractError
from ingestion.feeds import ColumnRule, Feed
from ingestion.feeds import Mapping as SourceMapping
from ingestion.file_patterns import find_files, format_by_ending, matches_any
from ingestion.footers import RecordsAbove, records_above_footer
from ingestion.mapping_values import inline_columns, inline_relation
from ingestion.normalization import add_normalization
from ingestion.projection import (
    BLANK,
    EXTRACTED_AT,
    FAILED_COLUMN,
    FAILED_REASON,
    FAILURE_PREFIX,
    LIFTING_OPTIMIZERS,
    NO_RECORDS,
    PASSED_OVER,
    TEXT_PREFIX,
    ProjectedColumn,
    Projection,
    project,
)
from ingestion.quarantine import why_refused
from ingestion.raw_ddl import quoted
from ingestion.readers import Records, Reject, format_of, read_records, text_columns
from ingestion.reasons import sentence
from ingestion.shown import path_name
from ingestion.sql_text import literal
from ingestion.units import FACTORS

# All records of most files, and of larger ones a part that is read while one waits.
MAX_CELLS = 1_000_000
MIN_ROWS = 1_000
# That of a company which says nothing else.
_CALENDAR = (CompanySettings().calendar_start, CompanySettings().calendar_end)
SAMPLES = 3
MASK = "***"
INLINE = "rows in the mapping"
_MAX_SHOWN = 40

TimeFrom = Literal["mapping", "path", "records", "modification time"]


@dataclass(frozen=True)
class ColumnReport:
    """What became of one contract column in one file.

    Args:
        column: Name of the contract column.
        sql_type: Its type.
        required: Whether the contract requires it.
        origin: Where its values come from, in the mapping's words; None where it is not mapped.
        is_absent: Whether it is mapped to an extract column that the file lacks.
        samples: A few different values after the cast, as text; masked for personal and pay data.
        filled: Records with a value.
        failed: Records with a value that was not accepted.
        is_emptied: Whether such a value is left empty, and its record kept.
        failure: What was wrong with the first of these.
        joined: Keys that the file spells in more than one way.
        spellings: A few of these with two of their spellings; masked for personal and pay data.
    """

    column: str
    sql_type: str
    required: bool
    origin: str | None
    is_absent: bool = False
    samples: tuple[str, ...] = ()
    filled: int = 0
    failed: int = 0
    failure: str | None = None
    is_emptied: bool = False
    joined: int = 0
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileReport:
    """What was understood of one file, or of a feed's inline rows.

    Args:
        table: Contract table, such as `crm.opportunities`.
        kind: Extract kind of the feed.
        file: Path relative to the folder.
        format: Format the file was read in; None where it could not be read.
        rows: Records that were looked at.
        is_whole: Whether these are all records of the file.
        good_rows: Records that would be accepted.
        passed_over: Records that are none: blank, below the last one, or not those that are meant.
        columns: One report per contract column.
        unmapped: Extract columns that the mapping does not use.
        missing_required: Required contract columns that the file cannot fill.
        extracted_at: Time the file speaks for (UTC); the earliest where records say it.
        time_from: What says that time.
        notes: What else is worth knowing.
        error: Why landing would refuse the file.
    """

    table: str
    kind: str
    file: str
    format: str | None = None
    rows: int = 0
    is_whole: bool = True
    good_rows: int = 0
    passed_over: int = 0
    columns: tuple[ColumnReport, ...] = ()
    unmapped: tuple[str, ...] = ()
    missing_required: tuple[str, ...] = ()
    extracted_at: datetime | None = None
    time_from: TimeFrom | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class AbsentFeed:
    """A feed that no file of the folder fits."""

    table: str
    patterns: tuple[str, ...]
    required: bool


@dataclass(frozen=True)
class MappingReport:
    """What a mapping makes of a folder.

    Args:
        mapping: Name of the mapping.
        folder: The folder of extracts.
        files: One report per file and feed that takes it.
        absent: Feeds without a file.
        unused: Files of a known format that no feed takes.
    """

    mapping: str
    folder: Path
    files: tuple[FileReport, ...] = ()
    absent: tuple[AbsentFeed, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What would keep the folder, or a file of it, from landing."""
        absent = [
            f"{feed.table} requires a file {' or '.join(feed.patterns)}, and there is none"
            for feed in self.absent
            if feed.required
        ]
        refused = [f"{file.file}: {file.error}" for file in self.files if file.error]
        return (*absent, *refused)

    @property
    def is_good(self) -> bool:
        """Whether every file would be landed, apart from single records that are set aside."""
        return not self.problems


def check_mapping(
    mapping: SourceMapping, folder: Path, contracts: Contracts | None = None
) -> MappingReport:
    """Reads the first records of every file that a mapping takes from a folder.

    Args:
        mapping: The mapping.
        folder: Folder of extracts.
        contracts: The contracts; the shipped ones by default.

    Raises:
        ExtractError: There is no such folder.
    """
    if not folder.is_dir():
        raise ExtractError(f"{folder}: there is no such folder; check --extracts")
    known = contracts or load_contracts()
    files: list[FileReport] = []
    absent: list[AbsentFeed] = []
    for feed in mapping.feeds:
        table = known.table(feed.source, feed.table)
        if feed.inline is not None:
            files.append(_inline_report(feed, table))
            continue
        found = find_files(folder, feed.files)
        files.extend(_file_report(feed, table, path, folder) for path in found)
        if not found:
            absent.append(AbsentFeed(feed.full_name, feed.files, feed.required))
    return MappingReport(
        mapping.name, folder, tuple(files), tuple(absent), tuple(_unused(mapping, folder))
    )


def _unused(mapping: SourceMapping, folder: Path) -> Iterator[str]:
    taken = [pattern for feed in mapping.feeds for pattern in feed.files]
    for path in find_files(folder, ("**/*",)):
        name = path_name(path.relative_to(folder))
        if format_by_ending(name) and not matches_any(name, taken):
            yield name


def _inline_report(feed: Feed, table: Table) -> FileReport:
    assert feed.inline is not None
    blank = FileReport(feed.full_name, feed.kind, INLINE, extracted_at=feed.time_of(""))
    columns = inline_columns(feed.inline)
    projection = project(feed, table, feed.inline.header, columns, calendar=_CALENDAR)
    with duckdb.connect() as connection:
        add_normalization(connection)
        connection.execute(f"create temp table cells as from {inline_relation(feed.inline)}")
        return _understood(replace(blank, time_from="mapping"), feed, table, projection, connection)


def _file_report(feed: Feed, table: Table, path: Path, folder: Path) -> FileReport:
    name = path_name(path.relative_to(folder))
    report = FileReport(feed.full_name, feed.kind, name)
    try:
        report = replace(report, format=format_of(feed, name), **_time(feed, path, folder))
        with TemporaryDirectory() as scratch, duckdb.connect() as connection:
            add_normalization(connection)
            return _read(report, feed, table, path, Path(scratch), connection)
    except ExtractError as refused:
        return replace(report, error=refused.message)


def _time(feed: Feed, path: Path, folder: Path) -> dict[str, datetime | TimeFrom | None]:
    """Gives what is known of the file's time before its records are read."""
    if feed.extracted_at is not None and feed.extracted_at.column is not None:
        return {"time_from": "records"}
    moment = feed.time_of(path_name(path.relative_to(folder)), folder.absolute().name)
    if moment is None:
        modified = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
        return {"extracted_at": modified, "time_from": "modification time"}
    is_constant = feed.extracted_at is not None and feed.extracted_at.constant is not None
    return {"extracted_at": moment, "time_from": "mapping" if is_constant else "path"}


def _read(
    report: FileReport,
    feed: Feed,
    table: Table,
    path: Path,
    scratch: Path,
    connection: duckdb.DuckDBPyConnection,
) -> FileReport:
    # Readers are given a name without characters that mean something to DuckDB.
    link = scratch / ("extract.gz" if path.suffix.lower() == ".gz" else "extract")
    link.symlink_to(path.resolve())
    records = read_records(link, report.file, feed, connection, scratch / "scratch")
    records, rows, is_whole, rejects = _load(records, connection)
    above = RecordsAbove(rows, rejects)
    if is_whole:
        above = records_above_footer(feed, records, rows, rejects, connection)
    connection.execute("set enable_external_access = false")
    report = replace(
        report,
        rows=rows + len(rejects),
        is_whole=is_whole,
        passed_over=len(rejects) - len(above.rejects),
        notes=(*records.notes, *_reject_notes(above.rejects)),
    )
    header, columns = records.header, text_columns(records.header)
    native = records.native
    projection = project(
        feed, table, header, columns, native=native, calendar=_CALENDAR, partial=True
    )
    report = _understood(report, feed, table, projection, connection, above.rows)
    try:
        project(feed, table, header, columns, native=native)
    except ExtractError as refused:
        return replace(report, error=refused.message)
    if report.rows == report.passed_over and feed.kind == "full" and not feed.allow_empty:
        return replace(report, error="the file holds no records")
    total = report.rows - report.passed_over
    refused = why_refused(feed, total - report.good_rows, total) if is_whole else None
    emptied = (c for c in report.columns if c.is_emptied and is_whole)
    over = (why_too_many(feed, c.column, c.failed, c.filled) for c in emptied)
    refused = refused or next((why for why in over if why), None)
    if refused:
        return replace(report, error=f"{refused}, so none would be landed")
    return report


def _load(
    records: Records, connection: duckdb.DuckDBPyConnection
) -> tuple[Records, int, bool, tuple[Reject, ...]]:
    """Copies the first records; gives their number, whether they are all, and unreadable ones."""
    connection.execute(f"set disabled_optimizers = {literal(LIFTING_OPTIMIZERS)}")
    copy = "create temp table cells as select * from {} limit {}"
    most = max(MIN_ROWS, MAX_CELLS // max(1, len(records.header)))
    try:
        connection.execute(copy.format(records.relation, most))
    except duckdb.Error as caught:
        records = records.reread(caught)
        connection.execute(copy.format(records.relation, most))
    found = connection.execute("select count(*) from cells").fetchone()
    rows = int(found[0]) if found else 0
    if rows == most:
        return records, rows, False, ()
    return records, rows, True, records.settle(connection, rows)


def _reject_notes(rejects: tuple[Reject, ...]) -> tuple[str, ...]:
    if not rejects:
        return ()
    first = rejects[0]
    return (
        f"{len(rejects)} records cannot be split into columns; line {first.line}: {first.message}",
    )


def _understood(
    report: FileReport,
    feed: Feed,
    table: Table,
    projection: Projection,
    connection: duckdb.DuckDBPyConnection,
    above: int | None = None,
) -> FileReport:
    """Adds what the projection makes of the records, of which so many stand above the footer."""
    connection.execute(f"create temp table understood as {projection.select_sql('cells')}")
    connection.execute(
        f"update understood set {FAILED_REASON} = '{PASSED_OVER}', {FAILED_COLUMN} = null "
        f"where rowid >= {'null' if above is None else above}"
    )
    if projection.unread_sql is not None:
        connection.execute(
            f"update understood set {FAILED_REASON} = 'required_missing' where "
            f"{FAILED_REASON} = '{BLANK}' and rowid in (select rowid from cells "
            f"where {projection.unread_sql} is not null)"
        )
    conflicts = _conflicts(feed, table, projection, connection)
    if conflicts:
        note = (
            f"{conflicts:,} records share their keys with others of different content and would be "
            "set aside; latest_by can say which of them is right"
        )
        report = replace(report, notes=(*report.notes, note))
    fractions = [c.name for c in projection.columns if _holds_fractions(c, connection)]
    if fractions:
        note = (
            f"no cell of {', '.join(fractions)} is above 1 percent: where a workbook shows 12 % "
            "its cell holds 0.12, and needs no unit"
        )
        report = replace(report, notes=(*report.notes, note))
    counts = connection.execute(
        f"select count(*), count(*) filter ({FAILED_REASON} is null), "
        f"count(*) filter ({FAILED_REASON} in {NO_RECORDS}) from understood"
    ).fetchone() or (0, 0, 0)
    rules = {rule.column: rule for rule in feed.columns or ()}
    columns = tuple(
        replace(
            _column_report(column.name, table, projection, rules, feed, connection),
            is_emptied=column.is_emptied,
            **_spellings(column, connection),
        )
        for column in projection.columns
    )
    if projection.extracted_at is not None:
        row = connection.execute(f"select min({EXTRACTED_AT}) from understood").fetchone()
        earliest = row[0].replace(tzinfo=UTC) if row and row[0] else None
        report = replace(report, extracted_at=earliest)
    return replace(
        report,
        rows=max(report.rows, counts[0]),
        good_rows=counts[1] - conflicts,
        passed_over=report.passed_over + counts[2],
        columns=columns,
        unmapped=projection.unmapped,
        missing_required=tuple(
            c.column for c in columns if c.required and (c.origin is None or c.is_absent)
        ),
    )


def _conflicts(
    feed: Feed, table: Table, projection: Projection, connection: duckdb.DuckDBPyConnection
) -> int:
    """Counts the good records whose key stands more than once with different content."""
    if feed.latest_by is not None:
        return 0
    keys = [quoted(name) for name in table.key]
    if projection.extracted_at is not None and feed.kind != "events":
        keys.append(EXTRACTED_AT)
    content = ", ".join(quoted(name) for name in table.column_names)
    found = connection.execute(
        "select coalesce(sum(records), 0) from (select count(*) as records, "
        f"count(distinct row({content})) as contents from understood "
        f"where {FAILED_REASON} is null group by {', '.join(keys)}) where contents > 1"
    ).fetchone()
    return int(found[0]) if found else 0


def _column_report(
    name: str,
    table: Table,
    projection: Projection,
    rules: Mapping[str, ColumnRule],
    feed: Feed,
    connection: duckdb.DuckDBPyConnection,
) -> ColumnReport:
    column = table.column(name)
    is_absent = name in projection.absent
    value, failure = quoted(name), quoted(FAILURE_PREFIX + name)
    filled, failed, reason = connection.execute(
        f"select count({value}), count(*) filter ({failure} is not null), "
        f"first({failure}) filter ({failure} is not null) from understood "
        f"where coalesce({FAILED_REASON} not in {NO_RECORDS}, true)"
    ).fetchone() or (0, 0, None)
    shown = f"cast({value} as varchar)"
    samples = connection.execute(
        f"select {shown} as v from understood where {value} is not null and {failure} is null "
        f"group by {value} order by min(rowid) limit {SAMPLES}"
    ).fetchall()
    return ColumnReport(
        column=name,
        sql_type=column.sql_type,
        required=column.required,
        origin=_origin(name, rules, feed, is_absent),
        is_absent=is_absent,
        samples=tuple(MASK if column.is_masked else _short(sample[0]) for sample in samples),
        filled=filled,
        failed=failed,
        failure=sentence(reason, column) if reason else None,
    )


def _holds_fractions(column: ProjectedColumn, connection: duckdb.DuckDBPyConnection) -> bool:
    """Tells whether numbers that are to be percent are fractions already, as cells of that form."""
    is_percent = [step.factor for step in column.units] == [FACTORS["percent"]]
    if not is_percent or column.native_sql is None:
        return False
    found = connection.execute(
        f"select max(abs({quoted(column.name)})) from understood inner join cells "
        f"on understood.rowid = cells.rowid where {column.native_sql}"
    ).fetchone()
    return bool(found and found[0] and found[0] <= FACTORS["percent"])


def _spellings(column: ProjectedColumn, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Gives how many keys are spelled in several ways, and examples of these."""
    spelled = quoted(TEXT_PREFIX + column.name)
    if column.is_made_key and column.spelling_sql is not None:
        spelled = f"({column.spelling_sql})"
    elif not column.steps:
        return {}
    several = (
        f"select min({spelled}) as least, max({spelled}) as greatest, "
        f"min(understood.rowid) as first_row "
        "from understood inner join cells on understood.rowid = cells.rowid "
        f"where {quoted(column.name)} is not null "
        f"and {quoted(FAILURE_PREFIX + column.name)} is null "
        f"and coalesce({FAILED_REASON} not in {NO_RECORDS}, true) "
        f"group by {quoted(column.name)} having count(distinct {spelled}) > 1"
    )
    found = connection.execute(
        f"select least, greatest, count(*) over () from ({several}) order by first_row "
        f"limit {SAMPLES}"
    ).fetchall()
    if not found:
        return {}
    told = tuple(f"{_short(least)} = {_short(greatest)}" for least, greatest, _ in found)
    is_masked = column.column.is_masked
    return {"joined": found[0][2], "spellings": () if is_masked else told}


def _origin(name: str, rules: Mapping[str, ColumnRule], feed: Feed, is_absent: bool) -> str | None:
    if feed.inline is not None:
        return name if name in feed.inline.header else None
    if feed.columns is None:
        return None if is_absent else name
    if name not in rules:
        return None
    rule = rules[name]
    if rule.is_constant:
        return f"constant {rule.constant}"
    names = ", ".join(rule.extract_columns)
    if rule.expression is not None:
        return f"expression over {names}" if names else "expression"
    if rule.key_of:
        return f"key of {names}"
    times = " or ".join(f"{unit.factor.normalize():f}" for unit in rule.units)
    read = f"{names} × {times}" if times else names
    return f"{read}, recoded" if rule.recode is not None else read


def _short(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
