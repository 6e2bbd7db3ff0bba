"""What a mapping makes of real files, before anything is landed.

Belongs here: reading the records of each file, and what was understood beside what landing would
do. Does not belong here: the form of the findings (`mapping_findings`), and landing (`rehearsal`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from ingestion.casting.cell_texts import LIFTING_OPTIMIZERS
from ingestion.casting.compilation import project
from ingestion.casting.projected_column import ProjectedColumn
from ingestion.casting.projection import (
    BLANK,
    EXTRACTED_AT,
    FAILED_COLUMN,
    FAILED_REASON,
    FAILURE_PREFIX,
    NO_RECORDS,
    PASSED_OVER,
    TEXT_PREFIX,
    Projection,
)
from ingestion.casting.reasons import sentence
from ingestion.checking.mapping_findings import (
    AbsentFeed,
    ColumnReport,
    FileReport,
    MappingReport,
    TimeFrom,
    counted,
)
from ingestion.checking.rehearsal import Fault, Rehearsal, rehearse
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.raw_ddl import given_sql, quoted
from ingestion.contracts.tables import Contracts, Table
from ingestion.errors import ExtractError
from ingestion.home import Home
from ingestion.landing.emptied import why_too_many
from ingestion.landing.extract_landing import NOTE_END, UNMAPPED
from ingestion.landing.extracts import FoundFiles, files_by_feed, readers_by_file
from ingestion.landing.foreign_money import foreign_money
from ingestion.landing.quarantine import why_refused
from ingestion.landing.run import INLINE
from ingestion.landing.staging import is_latest_sql
from ingestion.mapping.feeds import ColumnRule, Feed
from ingestion.mapping.feeds import Mapping as SourceMapping
from ingestion.mapping.file_patterns import find_files, matches_any
from ingestion.mapping.inline_rows import inline_columns, inline_relation
from ingestion.mapping.normalization import add_normalization
from ingestion.mapping.read_columns import ReadColumns, columns_read
from ingestion.mapping.unit_factors import FACTORS
from ingestion.raw.store import FileResult
from ingestion.readers import Records, Reject, format_of, read_records, text_columns
from ingestion.readers.footers import RecordsAbove, records_above_footer
from ingestion.readers.lookup_files import (
    ChosenFiles,
    LookupFile,
    chosen_files,
    find_lookup_files,
    lookup_time,
)
from ingestion.readers.lookups import looked_up
from ingestion.readers.shown import path_name
from ingestion.readers.source_files import SourceFile
from ingestion.readers.unpivot import names_read, unpivoted
from ingestion.text.sql_text import literal

# All records of most files, and of larger ones a part that is read while one waits.
MAX_CELLS = 1_000_000
MIN_ROWS = 1_000
SAMPLES = 3
_MAX_SHOWN = 40
# Letters of scripts that have no capitals are small ones.
_SMALL = r"[\p{Ll}\p{Lm}\p{Lo}\p{Lt}]"
# What stands beside extracts and holds no records.
_DOCUMENTS = frozenset(
    {"doc", "docx", "log", "md", "pdf", "png", "jpg", "pptx", "py", "sql", "svg", "yaml", "yml"}
)


def check_mapping(
    mapping: SourceMapping,
    folder: Path,
    contracts: Contracts | None = None,
    settings: CompanySettings | None = None,
    home: Home | None = None,
    others: Iterable[SourceMapping] = (),
) -> MappingReport:
    """Says what a mapping understands of a folder, and what landing would make of it.

    Files of up to `MAX_CELLS` cells are read as a whole and landed for trial; of larger ones the
    first records are looked at.

    Args:
        mapping: The mapping.
        folder: Folder of extracts.
        contracts: The contracts; the shipped ones by default.
        settings: The company's settings; their defaults by default.
        home: Home whose keys and earlier extracts are known; it is only read.
        others: Other mappings that read the folder.

    Raises:
        ExtractError: There is no such folder.
        LandingError: The home's raw is in use, or holds what its contracts do not say.
    """
    if not folder.is_dir():
        raise ExtractError(f"{folder}: there is no such folder; check --extracts")
    known, company = contracts or load_contracts(), settings or CompanySettings()
    found = files_by_feed(mapping, folder)
    looks = _looks(mapping, found, known, folder, (company.calendar_start, company.calendar_end))
    part_only = {key[1] for key, report in looks.items() if not report.is_whole}
    rehearsal = rehearse(
        mapping,
        {i: [file for file in files if file.name not in part_only] for i, files in found.items()},
        find_lookup_files(mapping, folder),
        known,
        company,
        home,
        {report.table for report in looks.values() if not report.is_whole},
    )
    reports = _with_landing(mapping, looks, rehearsal)
    order = {name: place for place, name in enumerate(dict.fromkeys(file.file for file in reports))}
    return MappingReport(
        mapping.name,
        folder,
        tuple(sorted(reports, key=lambda file: order[file.file])),
        tuple(
            AbsentFeed(feed.full_name, feed.files, feed.required)
            for feed in (mapping.feeds[i] for i, files in found.items() if not files)
        ),
        tuple(_unused((mapping, *others), folder)),
        rehearsal.unknown,
    )


def _looks(
    mapping: SourceMapping,
    found: FoundFiles,
    contracts: Contracts,
    folder: Path,
    calendar: tuple[date, date],
) -> dict[tuple[int, str], FileReport]:
    """Gives what is understood of each file, by the feed's position and the file's name."""
    looks: dict[tuple[int, str], FileReport] = {}
    readers = readers_by_file(mapping, found)
    for index, feed in enumerate(mapping.feeds):
        table = contracts.table(feed.source, feed.table)
        if feed.inline is not None:
            looks[index, INLINE] = _inline_report(feed, table, calendar)
        for file in found.get(index, ()):
            others = (other for other in readers[file.name] if other is not feed)
            sight = _Sight(feed, table, calendar, columns_read(others, contracts))
            looks[index, file.name] = _file_report(sight, file, folder)
    return looks


@dataclass(frozen=True)
class _Sight:
    """How a file is looked at: as what, with which calendar, and what other feeds read of it."""

    feed: Feed
    table: Table
    calendar: tuple[date, date]
    read_elsewhere: ReadColumns = field(default_factory=ReadColumns)


def _with_landing(
    mapping: SourceMapping, looks: Mapping[tuple[int, str], FileReport], rehearsal: Rehearsal
) -> list[FileReport]:
    """Gives the reports with what landing made of the files; its word counts."""
    reports = dict(looks)
    position = {id(feed): index for index, feed in enumerate(mapping.feeds)}
    landed = rehearsal.landing
    for feed, result in zip(landed.feeds, landed.files, strict=True):
        key = position[id(feed)], result.file_name
        faults = rehearsal.faults.get((feed.full_name, result.file_name), ())
        reports[key] = _as_landed(looks[key], result, faults)
    return list(reports.values())


def _as_landed(report: FileReport, result: FileResult, faults: Sequence[Fault]) -> FileReport:
    is_refused = result.status == "refused"
    columns = {column.column for column in report.columns}
    notes = [*report.notes]
    notes += [
        f"{counted(fault.records, 'record')} would be set aside, the first on line {fault.line}: "
        f"{fault.message}"
        for fault in faults
        if fault.column not in columns
    ]
    if result.deleted:
        notes.append(f"{counted(result.deleted, 'key')} would be deleted, which it lacks")
    told = "" if is_refused else (result.message or "")
    notes += [note for note in told.split(NOTE_END) if note and not note.startswith(UNMAPPED)]
    return replace(
        report,
        rows=result.records or report.rows,
        good_rows=0 if is_refused else result.accepted + result.unchanged,
        set_aside=result.quarantined,
        passed_over=report.passed_over if is_refused else result.passed_over,
        notes=tuple(dict.fromkeys(notes)),
        error=result.message if is_refused else None,
    )


def _unused(mappings: Iterable[SourceMapping], folder: Path) -> Iterator[str]:
    feeds = [feed for each in mappings for feed in each.feeds]
    lookups = (rule.lookup for feed in feeds for rule in feed.lookup_rules)
    taken = [pattern for feed in feeds for pattern in feed.files]
    taken += [pattern for lookup in lookups if lookup for pattern in lookup.files]
    for path in find_files(folder, ("**/*",)):
        name = path_name(path.relative_to(folder))
        if not matches_any(name, taken) and path.suffix[1:].lower() not in _DOCUMENTS:
            yield name


def _inline_report(feed: Feed, table: Table, calendar: tuple[date, date]) -> FileReport:
    assert feed.inline is not None
    blank = FileReport(feed.full_name, feed.kind, INLINE, extracted_at=feed.time_of(""))
    columns = inline_columns(feed.inline)
    projection = project(feed, table, feed.inline.header, columns, calendar=calendar)
    with duckdb.connect() as connection:
        add_normalization(connection)
        connection.execute(f"create temp table cells as from {inline_relation(feed.inline)}")
        return _understood(replace(blank, time_from="mapping"), feed, table, projection, connection)


def _file_report(sight: _Sight, file: SourceFile, folder: Path) -> FileReport:
    feed = sight.feed
    report = FileReport(feed.full_name, feed.kind, file.name)
    if not file.path.is_file():
        # Landing says what it is.
        return report
    try:
        report = replace(report, format=format_of(feed, file.name), **_time(feed, file, folder))
        with TemporaryDirectory() as scratch, duckdb.connect() as connection:
            add_normalization(connection)
            return _read(report, sight, file.path, folder, Path(scratch), connection)
    except ExtractError as refused:
        return replace(report, error=refused.message)


def _time(feed: Feed, file: SourceFile, folder: Path) -> dict[str, datetime | TimeFrom | None]:
    """Gives what is known of the file's time before its records are read."""
    if feed.extracted_at is not None and feed.extracted_at.column is not None:
        return {"time_from": "records"}
    moment = feed.time_of(file.name, folder.absolute().name)
    if moment is None:
        return {"extracted_at": _modified_at(file.path), "time_from": "modification time"}
    is_constant = feed.extracted_at is not None and feed.extracted_at.constant is not None
    return {"extracted_at": moment, "time_from": "mapping" if is_constant else "path"}


def _read(
    report: FileReport,
    sight: _Sight,
    path: Path,
    folder: Path,
    scratch: Path,
    connection: duckdb.DuckDBPyConnection,
) -> FileReport:
    feed, table = sight.feed, sight.table
    # Readers are given a name without characters that mean something to DuckDB.
    link = _link(path, scratch / "extract")
    records = read_records(link, report.file, feed, connection, scratch / "scratch")
    records = unpivoted(records, feed, table, connection)
    chosen = _lookups(feed, report, path, folder, scratch)
    records = looked_up(records, feed, table, chosen, connection, scratch / "scratch")
    records, rows, is_whole, rejects = _load(records, connection)
    above = RecordsAbove(rows, rejects)
    if is_whole:
        above = records_above_footer(feed, records, rows, rejects, connection)
    connection.execute("set enable_external_access = false")
    report = replace(
        report,
        rows=rows + len(rejects) + records.passed_over,
        is_whole=is_whole,
        passed_over=len(rejects) - len(above.rejects) + records.passed_over,
        notes=records.notes,
    )
    header, columns = records.header, text_columns(records.header)
    elsewhere = names_read(sight.read_elsewhere, header, connection)
    native = records.native
    projection = project(
        feed,
        table,
        header,
        columns,
        native=native,
        calendar=sight.calendar,
        partial=True,
        read_elsewhere=elsewhere,
    )
    report = _understood(report, feed, table, projection, connection, above.rows)
    if is_whole:
        return report
    try:
        project(feed, table, header, columns, native=native, read_elsewhere=elsewhere)
    except ExtractError as refused:
        return replace(report, error=refused.message)
    # Of many records the first tell how many can be used, unless few may fail in number.
    total = report.rows - report.passed_over
    refused = why_refused(feed, report.set_aside, total)
    emptied = (c for c in report.columns if c.is_emptied)
    over = (why_too_many(feed, c.column, c.failed, c.filled) for c in emptied)
    refused = refused or next((why for why in over if why), None)
    return replace(report, error=refused and f"{refused}, of the records that were looked at")


def _link(path: Path, link: Path) -> Path:
    """Gives a file under a name that is harmless, and that says whether it is compressed."""
    link = link.with_suffix(".gz") if path.suffix.lower() == ".gz" else link
    link.symlink_to(path.resolve())
    return link


def _lookups(
    feed: Feed, report: FileReport, path: Path, folder: Path, scratch: Path
) -> tuple[ChosenFiles, ...]:
    """Chooses the files in which columns are looked up, as landing would."""
    found: list[ChosenFiles] = []
    for rule in feed.lookup_rules:
        assert rule.lookup is not None
        files: list[LookupFile] = []
        for place, other in enumerate(find_files(folder, rule.lookup.files)):
            source = SourceFile(other, path_name(other.relative_to(folder)))
            link = _link(other, scratch / f"lookup-{len(found)}-{place}")
            modified_at = _modified_at(other)
            at = lookup_time(feed, source, modified_at)
            files.append(LookupFile(source.name, link, source.name, at, modified_at))
        moment = report.extracted_at or _modified_at(path)
        found.append(chosen_files(rule, files, moment, feed.time_zone))
    return tuple(found)


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)


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
    if conflicts and not report.is_whole:
        rule = "on_conflict" if feed.latest_by else "latest_by or on_conflict"
        note = (
            f"{conflicts:,} records share their keys with others of different content and would be "
            f"set aside; {rule} can say which of them is right"
        )
        report = replace(report, notes=(*report.notes, note))
    if not report.is_whole:
        # Of a file that is read whole landing tells it.
        told = foreign_money(feed, table, connection, "understood")
        report = replace(report, notes=(*report.notes, *told))
    fractions = [c.name for c in projection.columns if _holds_fractions(c, projection, connection)]
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
    rows, passed_over = max(report.rows, counts[0]), report.passed_over + counts[2]
    good_rows = counts[1] - conflicts
    return replace(
        report,
        rows=rows,
        good_rows=good_rows,
        set_aside=rows - good_rows - passed_over,
        passed_over=passed_over,
        columns=columns,
        unmapped=projection.unmapped if feed.unmapped != "ignore" else (),
        missing_required=tuple(
            c.column for c in columns if c.required and (c.origin is None or c.is_absent)
        ),
    )


def _conflicts(
    feed: Feed, table: Table, projection: Projection, connection: duckdb.DuckDBPyConnection
) -> int:
    """Counts the good records whose key stands more than once with different content."""
    if feed.on_conflict != "refuse":
        return 0
    keys = [quoted(name) for name in table.key]
    if projection.extracted_at is not None and feed.kind != "events":
        keys.append(EXTRACTED_AT)
    content = ", ".join(quoted(name) for name in table.column_names)
    found = connection.execute(
        "select coalesce(sum(records), 0) from (select count(*) as records, "
        f"count(distinct row({content})) filter (is_latest) as contents from (select *, "
        f"{is_latest_sql(table, ', '.join(keys), feed.latest_by)} as is_latest from understood "
        f"where {FAILED_REASON} is null) group by {', '.join(keys)}) where contents > 1"
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
    value, failure = given_sql(column), quoted(FAILURE_PREFIX + name)
    is_record = f"coalesce({FAILED_REASON} not in {NO_RECORDS}, true)"
    filled, failed, reason, text = connection.execute(
        f"select count({value}), count(*) filter ({failure} is not null), "
        f"first({failure}) filter ({failure} is not null), "
        f"first({quoted(TEXT_PREFIX + name)}) filter ({failure} is not null) "
        f"from understood where {is_record}"
    ).fetchone() or (0, 0, None, None)
    shown = f"cast({value} as varchar)"
    shown = _form_sql(shown) if column.is_masked else shown
    samples = connection.execute(
        f"select {shown} as v from understood "
        f"where {value} is not null and {failure} is null and {is_record} "
        f"group by v order by min(rowid) limit {SAMPLES}"
    ).fetchall()
    return ColumnReport(
        column=name,
        sql_type=column.sql_type,
        required=column.required,
        origin=_origin(name, rules, feed, is_absent),
        is_absent=is_absent,
        samples=tuple(_short(sample[0]) for sample in samples),
        filled=filled,
        failed=failed,
        failure=sentence(reason, column, (text or "").removeprefix(feed.id_prefix))
        if reason
        else None,
    )


def _holds_fractions(
    column: ProjectedColumn, projection: Projection, connection: duckdb.DuckDBPyConnection
) -> bool:
    """Tells whether numbers that are to be percent are fractions already, as cells of that form."""
    is_percent = [step.factor for step in column.units] == [FACTORS["percent"]]
    if not is_percent or column.native_sql is None:
        return False
    cells = projection.made_sql("(select *, rowid as _place from cells)")
    found = connection.execute(
        f"select max(abs({quoted(column.name)})) from understood inner join ({cells}) as cells "
        f"on understood.rowid = cells._place where {column.native_sql}"
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
    if rule.lookup is not None:
        return f"{rule.lookup.column}, by {' and '.join(rule.lookup.by)}"
    names = ", ".join(rule.extract_columns)
    if rule.expression is not None:
        return f"expression over {names}" if names else "expression"
    if rule.key_of:
        return f"key of {names}"
    times = " or ".join(f"{unit.factor.normalize():f}" for unit in rule.units)
    read = f"{names} × {times}" if times else names
    return f"{read}, recoded" if rule.recode is not None else read


def _form_sql(text: str) -> str:
    """Gives the SQL of what a text looks like without saying what it is: `Aaaa` for Mina."""
    for letters, sign in ((r"\p{N}", "9"), (r"\p{M}", ""), (_SMALL, "a"), (r"\p{Lu}", "A")):
        text = f"regexp_replace({text}, {literal(letters)}, '{sign}', 'g')"
    return text


def _short(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
