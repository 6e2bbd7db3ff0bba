"""Quarantine: records that were set aside, each with its line, column, value and reason.

Belongs here: how rejected records are told and where they are kept. Does not belong here: finding
them (`staging`, `projection`, readers).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.casting.projected_column import ProjectedColumn
from ingestion.casting.projection import (
    CONDITION,
    FAILED_COLUMN,
    FAILED_REASON,
    FAILURE_PREFIX,
    TEXT_PREFIX,
)
from ingestion.casting.reasons import (
    JALALI_FORM,
    LIKE_JALALI,
    NO_IDS,
    WRITTEN_AS_FLOAT,
    is_no_id,
    sentence,
)
from ingestion.contracts.raw_ddl import quoted, quoted_table
from ingestion.contracts.system_tables import EMPTIED, QUARANTINE
from ingestion.home import OWNER_ONLY_FILE, Home
from ingestion.landing.cell_places import cell_sql
from ingestion.landing.conflicts import conflict_sentence
from ingestion.landing.emptied import EMPTIED_VALUES, add_emptied, make_emptied
from ingestion.landing.failed_attempts import FAILED, WHY, columns_read, explain_attempts
from ingestion.landing.footer_hints import FooterHint, footer_hint
from ingestion.landing.limits import why_over_limit
from ingestion.landing.staging import ACCEPTED, STAGED, StagedPiece, Staging
from ingestion.mapping.feeds import Feed
from ingestion.readers import text_columns
from ingestion.readers.lookups import LookedUpRecords
from ingestion.readers.unpivot import UnpivotedRecords
from ingestion.text.scripts import plain_digits
from ingestion.text.sql_text import literal

MASK = "***"
HELD = "_held"
MAX_VALUE = 200
MAX_RECORD = 10_000
_FIRST_SHOWN = 3


def why_refused(feed: Feed, count: int, total: int) -> str | None:
    """Tells why an extract is refused of which so many records cannot be used.

    Args:
        feed: The feed, which can say how many may be.
        count: Records that would be set aside.
        total: Records of the extract, without those that are passed over.

    Returns:
        The reason, or None where the others are landed.
    """
    why = why_over_limit(feed, count, total)
    if feed.max_quarantined is None and feed.kind == "full" and count == total > 0:
        why = "a full extract of which nothing can be used would delete every row"
    if why is None:
        return None
    return f"{count:,} of {total:,} records would be set aside, and {why} ({feed.where})"


@dataclass(frozen=True)
class SetAside:
    """The records of one file that were set aside.

    Args:
        records: How many they are.
        has_unreadable_key: Whether it is not known of all of them which key they were for.
        emptied: How many values of its other records were left empty.
    """

    records: int
    has_unreadable_key: bool
    emptied: int = 0


class Quarantine:
    """The records of one extract that are set aside.

    Args:
        staging: The extract; all of its files are loaded.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._table = staging.table
        self._is_secret = staging.table.has_masked_columns
        self._records = 0
        keys = ", ".join(
            f"{quoted(name)} {self._table.column(name).sql_type}" for name in self._table.key
        )
        self._execute(f"create or replace temp table _wrong_keys ({keys}, is_readable boolean)")
        self._execute(
            "create or replace temp table _quarantined (record_number bigint, "
            "file_name varchar, sha256 varchar, line bigint, column_name varchar, value varchar, "
            "reason varchar, message varchar, record varchar, "
            "full_value varchar, full_record varchar, full_message varchar)"
        )
        make_emptied(staging.connection)
        self._emptied = 0

    def collect(self, staged: StagedPiece) -> SetAside:
        """Gathers what is to be told of the rejected records of one file."""
        rows = self._staging.failed(staged)
        hint = footer_hint(self._staging, staged, rows)
        self._add_rejects(staged, hint)
        unreadable = len(staged.rejects)
        self._records += len(staged.rejects)
        if rows:
            self._load_texts(staged, rows)
            unreadable += self._note_keys()
            self._add_rows(staged, hint)
            self._records += len(rows)
        count = len(rows) + len(staged.rejects)
        return SetAside(count, unreadable > 0, self._collect_emptied(staged))

    def _collect_emptied(self, staged: StagedPiece) -> int:
        """Gathers what is to be told of values that were left empty; gives their number."""
        columns = [column for column in staged.projection.columns if column.is_emptied]
        rows = self._staging.emptied(staged) if columns else []
        if not rows:
            return 0
        self._load_texts(staged, [(row, False) for row in rows])
        texts = text_columns(staged.records.header)
        values = {}
        for column in columns:
            full = _value(column, texts)
            values[column.name] = (self._shown_value(full), full)
        file = (staged.piece.name, staged.piece.sha256)
        if any(column.attempt_sql is not None for column in columns):
            explain_attempts(self._staging.connection, staged, self._is_secret)
        emptied = add_emptied(self._staging.connection, self._table, values, file)
        self._emptied += emptied
        return emptied

    def _shown_value(self, full: str) -> str:
        """Gives the SQL of what raw and messages show of a value."""
        if self._is_secret:
            return f"case when {full} is not null then '{MASK}' end"
        return f"left({full}, {MAX_VALUE})"

    def emptied_columns(self) -> list[tuple[str, int, int]]:
        """Gives (column, values left empty, values kept) of each column of which any were."""
        if not self._emptied:
            return []
        counts = self._staging.connection.execute(
            f"select column_name, count(*) from {EMPTIED_VALUES} group by 1 order by 1"
        ).fetchall()
        return [
            (
                name,
                emptied,
                self._staging.number(
                    f"select count({quoted(name)}) from {STAGED} where {FAILED_REASON} is null"
                ),
            )
            for name, emptied in counts
        ]

    def make_held_keys(self) -> str:
        """Makes the relation of keys of which the extract says nothing, and gives its name."""
        keys = ", ".join(quoted(name) for name in self._table.key)
        has_wrong = self._staging.number("select count(*) from _wrong_keys where is_readable")
        accepted = f"anti join {ACCEPTED} using ({keys})" if has_wrong else ""
        self._execute(
            f"create or replace temp table {HELD} as select distinct {keys} from _wrong_keys "
            f"{accepted} where is_readable"
        )
        return HELD

    def first_reasons(self) -> str:
        """Tells the first few rejected records, for the message of a refused extract."""
        rows = self._staging.connection.execute(
            "select line, column_name, value, message from _quarantined order by file_name, line "
            f"limit {_FIRST_SHOWN}"
        ).fetchall()
        told = []
        for line, column, value, message in rows:
            place = f"line {line}" + (f", column {column}" if column else "")
            told.append(place + (f", value '{value}'" if value else "") + f": {message}")
        return "; ".join(told)

    def write(self, home: Home, run_id: str, source_system: str, extract_id: str | None) -> None:
        """Writes the records to `landing.quarantine`, and in full to the run's Parquet file.

        So are emptied values to `landing.emptied` and a file of their own.

        Args:
            home: The home folder.
            run_id: The refresh.
            source_system: System that the extract came from.
            extract_id: Extract that they belong to, if it has an id.
        """
        names = ("run_id", "source_system", "source", "table_name", "extract_id")
        origin = (run_id, source_system, self._table.source, self._table.name, extract_id)
        constants = ", ".join(
            f"cast({literal(value)} as varchar) as {name}"
            for name, value in zip(names, origin, strict=True)
        )
        folder, name = home.quarantine / run_id, self._table.full_name
        if self._staging.number("select count(*) from _quarantined"):
            number = f"record_number + {self._numbered(run_id)} as record_number"
            self._execute(
                f"insert into {quoted_table(QUARANTINE)} by name select {constants}, "
                f"* exclude (full_value, full_record, full_message) replace ({number}) "
                "from _quarantined"
            )
            full = self._staging.connection.execute(
                f"select {constants}, * exclude (value, record, full_value, full_record, "
                f"full_message) replace ({number}, full_message as message), "
                "full_value as value, full_record as record from _quarantined"
            )
            _append_parquet(folder / f"{name}.parquet", full.to_arrow_table())
        if self._emptied:
            self._execute(
                f"insert into {quoted_table(EMPTIED)} by name select {constants}, "
                f"* exclude (full_value) from {EMPTIED_VALUES}"
            )
            full = self._staging.connection.execute(
                f"select {constants}, * exclude (value, full_value), full_value as value "
                f"from {EMPTIED_VALUES}"
            )
            _append_parquet(folder / f"{name}.emptied.parquet", full.to_arrow_table())

    def _numbered(self, run_id: str) -> int:
        """Counts the table's records that extracts before this one set aside in the refresh."""
        return self._staging.number(
            f"select coalesce(max(record_number), 0) from {quoted_table(QUARANTINE)} "
            f"where run_id = {literal(run_id)} and source = {literal(self._table.source)} "
            f"and table_name = {literal(self._table.name)}"
        )

    def _add_rejects(self, staged: StagedPiece, hint: FooterHint | None) -> None:
        """Adds records that could not be split."""
        for number, reject in enumerate(staged.rejects, start=self._records + 1):
            full = json.dumps({"text": reject.text}, ensure_ascii=False)
            shown = json.dumps({"text": MASK}) if self._is_secret else full[:MAX_RECORD]
            is_below = hint is not None and reject.line > hint.above
            is_like_footer = is_below and reject.reason == "ragged_row"
            message = reject.message + (hint.text if hint and is_like_footer else "")
            self._execute(
                "insert into _quarantined values (?, ?, ?, ?, null, null, ?, ?, ?, null, ?, ?)",
                [
                    number,
                    staged.piece.name,
                    staged.piece.sha256,
                    reject.line,
                    reject.reason,
                    message,
                    shown,
                    full,
                    message,
                ],
            )

    def _load_texts(self, staged: StagedPiece, rows: list[tuple[int, bool]]) -> None:
        """Makes `_wrong`: texts, values and reasons of rejected rows, read from the file again.

        Keeping the text of all rows while landing would double its memory for the few that fail.
        """
        numbers = [row - staged.first_row + 1 for row, _ in rows]
        wanted = pa.table(
            {
                "_number": pa.array(numbers, pa.int64()),
                "_line": pa.array(staged.records.lines(numbers), pa.int64()),
                "_sheet": pa.array(staged.records.sheets(numbers), pa.string()),
                "is_conflict": pa.array([conflict for _, conflict in rows], pa.bool_()),
            }
        )
        connection = self._staging.connection
        connection.register("_wanted_rows", wanted)
        self._execute("create or replace temp table _wanted as select * from _wanted_rows")
        connection.unregister("_wanted_rows")
        relation = (
            "(select * from (select *, row_number() over () as _number "
            f"from {staged.records.relation}) inner join _wanted using (_number))"
        )
        texts = text_columns(staged.records.header).values()
        carried = ["_line", "_number", "_sheet", "is_conflict", *texts]
        self._execute(
            "create or replace temp table _wrong as "
            f"{staged.projection.select_sql(relation, carried)}"
        )

    def _note_keys(self) -> int:
        """Notes the keys of `_wrong`; gives how many of them cannot be trusted."""
        keys = [quoted(name) for name in self._table.key]
        failures = [quoted(FAILURE_PREFIX + name) for name in self._table.key]
        readable = " and ".join(
            [*(f"{key} is not null" for key in keys), *(f"{f} is null" for f in failures)]
        )
        self._execute(f"insert into _wrong_keys select {', '.join(keys)}, {readable} from _wrong")
        return self._staging.number(f"select count(*) from _wrong where not ({readable})")

    def _add_rows(self, staged: StagedPiece, hint: FooterHint | None) -> None:
        """Adds one row per rejected record and thing that is wrong with it."""
        columns = text_columns(staged.records.header)
        shown = {name: c for name, c in columns.items() if name in staged.projection.used}
        if self._is_secret:
            shown = {n: f"case when {c} is not null then '{MASK}' end" for n, c in shown.items()}
        full_record, record = _json_object(columns), _json_object(shown)
        value = self._shown_value("full_value")
        problems = " union all ".join(self._problems(staged))
        found = [*self._messages(staged, problems)]
        told, full, reasons = "''", "''", ""
        if any(reason == FAILED for _, reason, _ in found):
            explain_attempts(self._staging.connection, staged, self._is_secret)
            # A reason is known of failed attempts alone; to ask for the code too would compare
            # every row with every other one.
            told, full = "coalesce(y.told, '')", "coalesce(y.full_reason, '')"
            reasons = (
                f"left join {WHY} as y on y.of_row = p._wrong_row "
                "and y.column_name = p.column_name "
            )
        message = self._sentence(found)
        message = f"coalesce('sheet ' || _sheet || ': ' || {message}, {message})"
        records = staged.records
        records = records.inner if isinstance(records, LookedUpRecords) else records
        if isinstance(records, UnpivotedRecords):
            place = records.told_sql("_number")
            message = f"{message} || ' (the cell of the column ' || {place} || ')'"
        hints = f"{cell_sql(staged)} || {self._hint()} || {_jalali_hint(staged)}"
        if hint is not None:
            is_like_footer = f"p.reason = 'required_missing' and _line > {hint.above}"
            hints += f" || case when {is_like_footer} then {literal(hint.text)} else '' end"
        messages = ", ".join(
            f"({literal(column)}, {literal(reason)}, {literal(message)})"
            for column, reason, message in found
        )
        self._execute(
            f"insert into _quarantined select _wrong_row + {self._records + 1}, "
            f"{literal(staged.piece.name)}, "
            f"{literal(staged.piece.sha256)}, _line, p.column_name, {value}, p.reason, "
            f"{message} || {told} || {hints}, "
            f"left({record}, {MAX_RECORD}), full_value, {full_record}, "
            f"{message} || {full} || {hints} "
            f"from ({problems}) as p inner join (select *, rowid as _wrong_row from _wrong) "
            f"using (_wrong_row) left join (values {messages}) as m(column_name, reason, message) "
            "on m.reason = p.reason and m.column_name is not distinct from p.column_name "
            f"{reasons}order by _line"
        )

    def _sentence(self, found: Iterable[tuple[str | None, str, str]]) -> str:
        """Gives the SQL of the sentence, which is another one where an id is not there at all."""
        damaged = [name for name, reason, _ in found if name and reason == "damaged_id"]
        if not damaged:
            return "m.message"
        cases = " ".join(
            f"when {literal(name)} then "
            f"{literal(sentence('damaged_id', self._table.column(name), NO_IDS[0]))}"
            for name in damaged
        )
        is_none = is_no_id("p.reason", "full_value")
        return f"case when {is_none} then case p.column_name {cases} end else m.message end"

    def _hint(self) -> str:
        """Gives the SQL of what to do about a whole number that a program wrote as 7.0."""
        whole = [c.name for c in self._table.columns if c.logical_type == "integer"]
        names = ", ".join(literal(name) for name in whole) or "null"
        is_whole = f"p.reason = 'cast_failed' and p.column_name in ({names})"
        return (
            f"case when (p.reason = 'not_in_enum' or {is_whole}) "
            r"and regexp_full_match(full_value, '[+-]?\d+[.,]0+') "
            f"then {literal(WRITTEN_AS_FLOAT)} else '' end"
        )

    def _problems(self, staged: StagedPiece) -> Iterator[str]:
        """Gives queries of (_wrong_row, column_name, full_value, reason)."""
        failures = []
        columns = text_columns(staged.records.header)
        for projected in staged.projection.columns:
            if not projected.can_fail:
                continue
            name, failure = projected.name, quoted(FAILURE_PREFIX + projected.name)
            if not projected.is_emptied:
                failures.append(f"{failure} is null")
            yield (
                f"select rowid as _wrong_row, {literal(name)} as column_name, "
                f"{_value(projected, columns)} as full_value, {failure} as reason "
                f"from _wrong where {failure} is not null"
            )
        yield (
            "select rowid, cast(null as varchar), cast(null as varchar), 'conflicting_rows' "
            "from _wrong where is_conflict"
        )
        # The time of a record may come from an extract column that feeds no contract column.
        told = "cast(null as varchar)"
        if staged.projection.where_sql is not None:
            read = columns_read(staged.projection.where_sql, columns)
            is_condition = f"{FAILED_COLUMN} = {literal(CONDITION)}"
            told = f"case when {is_condition} then {_told_cells(read, columns)} end"
        yield (
            f"select rowid, {FAILED_COLUMN}, {told}, {FAILED_REASON} "
            f"from _wrong where {FAILED_REASON} is not null and {' and '.join(failures)}"
        )

    def _messages(
        self, staged: StagedPiece, problems: str
    ) -> Iterator[tuple[str | None, str, str]]:
        """Gives the sentence of every (column, reason) that occurs."""
        feed = staged.piece.feed
        found = self._staging.connection.execute(
            f"select distinct column_name, reason from ({problems})"
        ).fetchall()
        for name, reason in found:
            if name is None:
                yield name, reason, conflict_sentence(feed, self._table, _filled(staged))
            elif name in self._table.column_names:
                yield name, reason, sentence(reason, self._table.column(name))
            elif name == CONDITION:
                yield name, reason, "the mapping's `where` fails on this row"
            else:
                yield name, reason, f"{name} does not hold the time that the record speaks for"

    def _execute(self, sql: str, values: list | None = None) -> None:
        self._staging.connection.execute(sql, values)


def _jalali_hint(staged: StagedPiece) -> str:
    """Gives the SQL of what to do about a date that is none but may be one of the Jalali calendar.

    One such as 1403/02/15 lies outside the company's calendar and says so; the 31st is no day of
    February, and in other forms than the mapping names there is no date at all.
    """
    columns = [
        column.name
        for column in staged.projection.columns
        if column.column.logical_type in {"date", "timestamp"}
        and column.formats.calendar != "jalali"
    ]
    if not columns:
        return "''"
    is_date = f"p.column_name in ({', '.join(literal(name) for name in columns)})"
    is_like = f"regexp_full_match({plain_digits('full_value')}, {literal(JALALI_FORM)})"
    return (
        f"case when p.reason = 'cast_failed' and {is_date} and {is_like} "
        f"then {literal(LIKE_JALALI)} else '' end"
    )


def _filled(staged: StagedPiece) -> set[str]:
    """Gives the contract columns that a file feeds."""
    feed = staged.piece.feed
    if feed.columns is None:
        return {*staged.projection.used} - {*staged.projection.absent}
    return {rule.column for rule in feed.columns} - {*staged.projection.absent}


def _value(projected: ProjectedColumn, columns: dict[str, str]) -> str:
    """Gives the SQL of the value that is told; of what cannot be made of cells, these cells.

    An id is told without the prefix of the mapping, which stands in no cell.
    """
    text = quoted(TEXT_PREFIX + projected.name)
    if projected.id_prefix and projected.column.is_prefixed_id:
        prefix = projected.id_prefix
        bare = f"substr({text}, {len(prefix) + 1})"
        text = f"case when prefix({text}, {literal(prefix)}) then {bare} else {text} end"
    if projected.source is not None:
        # A value that recode does not name is no text any more, and what it was is asked for.
        unnamed = f"{quoted(FAILURE_PREFIX + projected.name)} = 'not_in_enum'"
        found = f"coalesce({text}, {columns[projected.source]})"
        return f"case when {unnamed} then {found} else {text} end"
    if not projected.inputs:
        return text
    failed = f"{quoted(FAILURE_PREFIX + projected.name)} in ('{FAILED}', 'error_cell')"
    return f"case when {failed} then {_told_cells(projected.inputs, columns)} else {text} end"


def _told_cells(names: Iterable[str], columns: dict[str, str]) -> str:
    """Gives the SQL of the cells of extract columns, each with its name."""
    cells = (f"{literal(name + ': ')} || coalesce({columns[name]}, '')" for name in names)
    return " || ', ' || ".join(cells) or "cast(null as varchar)"


def _json_object(columns: dict[str, str]) -> str:
    """Gives the SQL of a record as JSON text; names are data there, not identifiers."""
    pairs = ", ".join(f"{literal(name)}, {sql}" for name, sql in columns.items())
    return f"cast(json_object({pairs}) as varchar)"


def _append_parquet(path: Path, rows: pa.Table) -> None:
    """Adds rows to a file that only its owner can read; a reader sees the old or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        rows = pa.concat_tables([pq.read_table(path), rows], promote_options="default")
    new = path.with_suffix(".new")
    new.touch(mode=OWNER_ONLY_FILE)
    pq.write_table(rows, new)
    new.replace(path)
