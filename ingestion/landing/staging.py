"""One extract between its files and the change log: typed rows, those to set aside, and counts.

Belongs here: loading the files of an extract into temporary tables and telling rows of one key
apart. Does not belong here: what is written to raw, and how rejected records are shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from ingestion.casting.compilation import project
from ingestion.casting.projection import (
    BLANK,
    EMPTIED,
    EXTRACTED_AT,
    FAILED_REASON,
    NO_RECORDS,
    PASSED_OVER,
    Projection,
)
from ingestion.contracts.raw_ddl import quoted, quoted_table
from ingestion.contracts.tables import Table
from ingestion.errors import ExtractError
from ingestion.landing.extracts import Piece, extract_id_time
from ingestion.landing.read_files import ReadFiles
from ingestion.mapping.feeds import Feed
from ingestion.mapping.inline_rows import inline_columns, inline_relation
from ingestion.mapping.schema import OnConflict
from ingestion.raw.change_log import row_hash_sql
from ingestion.readers import Records, Reject, text_columns
from ingestion.readers.footers import records_above_footer
from ingestion.readers.lookups import looked_up
from ingestion.readers.plain_text import encoding_doubt
from ingestion.readers.records import ParsedRecords
from ingestion.readers.unpacked import is_of_the_disk
from ingestion.readers.unpivot import names_read, unpivoted
from ingestion.text.sql_text import literal

STAGED = "_staged"
REPEATED = "_repeated"
ACCEPTED = "_accepted"


@dataclass(frozen=True)
class StagedPiece:
    """One file of an extract after loading.

    Args:
        piece: The file and its feed.
        records: The records as text.
        projection: How they became rows.
        first_row: Number of its first row in the staging table.
        rows: Number of its rows there.
        rejects: Records that could not be split into columns.
        passed_rows: How many of the rows are no records: blank, below the last, or not meant.
        passed_rejects: How many more are none either: they could not be split, or were deleted.
    """

    piece: Piece
    records: Records
    projection: Projection
    first_row: int
    rows: int
    rejects: tuple[Reject, ...]
    passed_rows: int = 0
    passed_rejects: int = 0

    @property
    def record_count(self) -> int:
        """Records in the file, with those that are passed over."""
        return self.rows + len(self.rejects) + self.passed_rejects

    @property
    def passed_over(self) -> int:
        """Records that are none."""
        return self.passed_rows + self.passed_rejects

    @property
    def in_range(self) -> str:
        """Condition on `_row` that holds for the rows of this file."""
        return f"_row >= {self.first_row} and _row < {self.first_row + self.rows}"


class Staging:
    """The staging tables of one extract; they are temporary and replaced by the next one's.

    Args:
        connection: Open on raw.
        table: The contract table.
        scratch: Folder for files that readers make.
        calendar: First and last day of the company's calendar.
        reading: The archived files.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        scratch: Path,
        calendar: tuple[date, date],
        reading: ReadFiles,
    ) -> None:
        self.connection = connection
        self._calendar = calendar
        self.table = table
        self.pieces: list[StagedPiece] = []
        self._has_repeated = False
        self._scratch = scratch
        self._reading = reading
        for relation in (STAGED, REPEATED):
            connection.execute(f"drop table if exists {relation}")

    def load(self, piece: Piece) -> StagedPiece:
        """Reads, maps and casts one file.

        Raises:
            ExtractError: The file cannot be read as the mapping says.
        """
        records = self._records(piece)
        header = records.header
        try:
            projection = project(
                piece.feed,
                self.table,
                header,
                text_columns(header),
                native=records.native,
                calendar=self._calendar,
                read_elsewhere=names_read(piece.read_elsewhere, header, self.connection),
            )
        except ExtractError as refused:
            doubt = encoding_doubt(records.notes)
            if doubt is None:
                raise
            # A name that was misread is not found, whatever the mapping calls it.
            raise ExtractError(f"{refused.message}. The file is {doubt}") from None
        first_row = self.number(f"select count(*) from {STAGED}") if self.pieces else 0
        try:
            self._insert(projection, records)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as caught:
            if is_of_the_disk(caught):
                raise
            records = records.reread(caught)
            self._insert_again(projection, records)
        rows = self.number(f"select count(*) from {STAGED}") - first_row
        rejects = records.settle(self.connection, rows)
        staged = self._without_footer(
            StagedPiece(piece, records, projection, first_row, rows, rejects)
        )
        self.pieces.append(staged)
        self._check_not_empty(staged)
        return staged

    def _without_footer(self, staged: StagedPiece) -> StagedPiece:
        """Passes over what stands below the records, and counts all that is passed over."""
        feed, rows = staged.piece.feed, staged.rows
        above = records_above_footer(feed, staged.records, rows, staged.rejects, self.connection)
        if above.rows < rows:
            self.connection.execute(
                f"update {STAGED} set {FAILED_REASON} = '{PASSED_OVER}' "
                f"where rowid >= {staged.first_row + above.rows}"
            )
        self._keep_unread(staged)
        passed = 0
        if above.rows < rows or staged.projection.passes_over:
            passed = self.number(
                f"select count(*) from (select {FAILED_REASON} as reason, rowid as _row "
                f"from {STAGED}) where reason in {NO_RECORDS} and {staged.in_range}"
            )
        return replace(
            staged,
            rejects=above.rejects,
            passed_rows=passed,
            passed_rejects=len(staged.rejects) - len(above.rejects) + staged.records.passed_over,
        )

    def _keep_unread(self, staged: StagedPiece) -> None:
        """Takes back that a row is blank if a cell that the mapping does not use holds something.

        Few rows are blank; to look at all cells of all rows would cost more than to land them.
        """
        unread = staged.projection.unread_sql
        blank = f"{FAILED_REASON} = '{BLANK}'"
        if unread is None or not self.number(f"select count(*) from {STAGED} where {blank}"):
            return
        self.connection.execute(
            f"update {STAGED} set {FAILED_REASON} = 'required_missing' where {blank} and rowid in "
            f"(select number + {staged.first_row - 1} from (select row_number() over () as number, "
            f"{unread} as cell from {staged.records.relation}) where cell is not null)"
        )

    def find_repeated(self, latest_by: Sequence[str], on_conflict: OnConflict = "refuse") -> None:
        """Finds rows whose key stands more than once in the extract, all but the one to keep.

        Exact duplicates collapse. Of rows that differ the latest is kept, if a column says which
        that is; of those that are equally late, the one that the rule says, or none.

        Args:
            latest_by: Contract columns whose latest value wins, the first one first.
            on_conflict: What becomes of rows that differ and are equally late.
        """
        keys = self._observed_keys()
        is_latest = is_latest_sql(self.table, keys, latest_by)
        repeated = (
            f"select {keys} from {STAGED} where {FAILED_REASON} is null "
            "group by all having count(*) > 1"
        )
        # Most extracts repeat no key, and are many: what follows takes longer to plan than to run.
        self._has_repeated = self.number(f"select count(*) from ({repeated} limit 1)") > 0
        if not self._has_repeated:
            self.connection.execute(
                f"create or replace temp table {REPEATED} "
                "(_row bigint, is_conflict boolean, is_given_up boolean)"
            )
            return
        self.connection.execute(
            f"create or replace temp table _candidates as select _row, {keys}, _row_hash, "
            f"{is_latest} as is_latest from (select *, rowid as _row from {STAGED} "
            f"semi join ({repeated}) using ({keys}) where {FAILED_REASON} is null)"
        )
        if on_conflict == "null_differing":
            self._empty_differing(keys)
        end = "max" if on_conflict == "last" else "min"
        is_conflict = "false" if on_conflict in {"first", "last"} else "hashes > 1"
        gives_up = "_row_hash <> winner_hash"
        if on_conflict == "null_differing":
            gives_up = f"({keys}) in (select {keys} from _differing)"
        self.connection.execute(
            f"create or replace temp table {REPEATED} as "
            f"with decided as (select {keys}, {end}(_row) filter (is_latest) as winner, "
            f"arg_{end}(_row_hash, _row) filter (is_latest) as winner_hash, "
            "count(distinct _row_hash) filter (is_latest) as hashes "
            f"from _candidates group by {keys}) "
            f"select _row, {is_conflict} as is_conflict, "
            f"not ({is_conflict}) and {gives_up} as is_given_up "
            f"from _candidates inner join decided using ({keys}) "
            f"where {is_conflict} or _row <> winner"
        )

    def _empty_differing(self, keys: str) -> None:
        """Empties what rows of one key do not agree on, as far as the contract lets it be empty."""
        self.connection.execute(
            f"create or replace temp table _differing as select {keys} from _candidates "
            f"where is_latest group by {keys} having count(distinct _row_hash) > 1"
        )
        optional = [
            quoted(column.name)
            for column in self.table.columns
            if not column.required and not column.primary_key
        ]
        if not optional:
            return
        rows = (
            f"(select c._row, s.* from {STAGED} as s inner join _candidates as c "
            f"on s.rowid = c._row where c.is_latest) semi join _differing using ({keys})"
        )
        agreed = ", ".join(
            f"case when count(distinct {name}) = 1 and count({name}) = count(*) "
            f"then min({name}) end as {name}"
            for name in optional
        )
        self.connection.execute(
            "create or replace temp table _agreed as select _row, agreed.* "
            f"from (select _row, {keys} from {rows}) "
            f"inner join (select {keys}, {agreed} from {rows} group by {keys}) as agreed "
            f"using ({keys})"
        )
        agreed = ", ".join(f"{name} = a.{name}" for name in optional)
        self.connection.execute(
            f"update {STAGED} set {agreed} from _agreed as a where {STAGED}.rowid = a._row"
        )
        self.connection.execute(
            f"update {STAGED} set _row_hash = {row_hash_sql(self.table)} "
            "where rowid in (select _row from _agreed)"
        )
        self.connection.execute(
            f"update _candidates set _row_hash = s._row_hash from {STAGED} as s "
            "where s.rowid = _candidates._row and s.rowid in (select _row from _agreed)"
        )

    def set_aside_known_otherwise(self, source_system: str, id_sql: str) -> None:
        """Sets aside events that an earlier extract tells otherwise: events do not change.

        Args:
            source_system: System that the extract came from.
            id_sql: SQL of the extract's id.
        """
        same_key = " and ".join(f"s.{quoted(name)} = l.{quoted(name)}" for name in self.table.key)
        self.connection.execute(
            f"insert into {REPEATED} select s._row, true, false from (select *, rowid as _row, "
            f"{id_sql} as _own_id from {STAGED} where {FAILED_REASON} is null) as s "
            f"asof join (select * from {quoted_table(self.table)} "
            f"where _source_system = {literal(source_system)}) as l "
            f"on {same_key} and s._own_id > l._extract_id "
            f"where s._row_hash <> l._row_hash and s._row not in (select _row from {REPEATED})"
        )

    def show_accepted(self, id_sql: str, extracted_at_sql: str, only: str = "true") -> None:
        """Makes the view of accepted rows, as the change log takes them.

        Args:
            id_sql: SQL of the extract's id.
            extracted_at_sql: SQL of its time.
            only: Condition on staged rows.
        """
        columns = ", ".join(quoted(name) for name in self.table.column_names)
        # Events that an earlier extract has otherwise may be among them, so it is asked anew. Most
        # extracts repeat no key, and are large enough for a needless join to show.
        has_repeated = self.number(f"select count(*) from {REPEATED}")
        kept = f"anti join {REPEATED} as r on r._row = s.rowid" if has_repeated else ""
        self.connection.execute(
            f"create or replace temp view {ACCEPTED} as select {columns}, s.rowid as _row, "
            f"_row_hash, {id_sql} as _extract_id, {extracted_at_sql} as _extracted_at "
            f"from {STAGED} as s {kept} where {FAILED_REASON} is null and ({only})"
        )

    def times(self) -> list[datetime]:
        """Gives the distinct times that good records speak for, in order."""
        rows = self.connection.execute(
            f"select distinct {EXTRACTED_AT} from {STAGED} where {FAILED_REASON} is null order by 1"
        ).fetchall()
        return [row[0].replace(tzinfo=UTC) for row in rows]

    def failed(self, staged: StagedPiece) -> list[tuple[int, bool]]:
        """Gives (row, whether it is in conflict) of the records of a file to set aside."""
        return self.connection.execute(
            f"select _row, is_conflict from (select rowid as _row, false as is_conflict "
            f"from {STAGED} where {FAILED_REASON} not in {NO_RECORDS} union all "
            f"select _row, true from {REPEATED} where is_conflict) "
            f"where {staged.in_range} order by _row"
        ).fetchall()

    def emptied(self, staged: StagedPiece) -> list[int]:
        """Gives the rows of a file that are kept without some value that cannot be used."""
        found = self.connection.execute(
            f"select _row from (select rowid as _row from {STAGED} "
            f"where {EMPTIED} and {FAILED_REASON} is null) "
            f"anti join (select _row from {REPEATED} where is_conflict) using (_row) "
            f"where {staged.in_range} order by _row"
        ).fetchall()
        return [row for (row,) in found]

    def duplicates(self, staged: StagedPiece) -> int:
        """Counts the records of a file that repeat another of the extract."""
        if not self._has_repeated:
            return 0
        return self.number(
            f"select count(*) from {REPEATED} where not is_conflict and {staged.in_range}"
        )

    def given_up(self, staged: StagedPiece) -> int:
        """Counts the records of a file that gave way to another one of their key that differs."""
        if not self._has_repeated:
            return 0
        return self.number(
            f"select count(*) from {REPEATED} where is_given_up and {staged.in_range}"
        )

    def control_totals(self, staged: StagedPiece) -> str | None:
        """Gives the sums of number columns over the good records of a file, as JSON."""
        columns = [c.name for c in self.table.columns if c.logical_type == "number"]
        if not columns:
            return None
        sums = ", ".join(f"cast(sum({quoted(name)}) as varchar)" for name in columns)
        totals = self.connection.execute(
            f"select {sums} from (select *, rowid as _row from {STAGED}) "
            f"anti join (select _row from {REPEATED} where is_conflict) using (_row) "
            f"where {FAILED_REASON} is null and {staged.in_range}"
        ).fetchone()
        return json.dumps(dict(zip(columns, totals or (), strict=True)))

    def number(self, query: str) -> int:
        """Gives the one number that a query returns."""
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def _records(self, piece: Piece) -> Records:
        if piece.feed.inline is not None:
            inline = piece.feed.inline
            numbers = [int(where.rpartition(":")[2]) for where in inline.wheres]
            header, relation = tuple(inline_columns(inline)), inline_relation(inline)
            return ParsedRecords("rows", header, relation, len(numbers), numbers=numbers)
        scratch = self._scratch / f"piece-{len(self.pieces)}"
        records = self._reading.records(piece, scratch)
        _check_elsewhere(records, piece.feed)
        records = unpivoted(records, piece.feed, self.table, self.connection)
        return looked_up(records, piece.feed, self.table, piece.lookups, self.connection, scratch)

    def _insert(self, projection: Projection, records: Records) -> None:
        """Computes typed rows in one pass; `rowid` of the table then numbers them."""
        columns = ", ".join(quoted(name) for name in self.table.column_names)
        time = f", {EXTRACTED_AT}" if projection.extracted_at is not None else ""
        query = (
            f"select {columns}, {FAILED_REASON}, {EMPTIED}, "
            f"{row_hash_sql(self.table)} as _row_hash{time} "
            f"from ({projection.select_sql(records.relation)})"
        )
        target = f"insert into {STAGED}" if self.pieces else f"create temp table {STAGED} as"
        self.connection.execute(f"{target} {query}")

    def _insert_again(self, projection: Projection, records: Records) -> None:
        try:
            self._insert(projection, records)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as caught:
            if is_of_the_disk(caught):
                raise
            raise records.explain(caught) from None

    def _check_not_empty(self, staged: StagedPiece) -> None:
        feed = staged.piece.feed
        is_empty = staged.record_count == staged.passed_over
        if is_empty and feed.kind == "full" and not feed.allow_empty:
            but = f" but {staged.passed_over:,} that are passed over" if staged.passed_over else ""
            raise ExtractError(
                f"there is a header but no record{but}, and a full extract without records would "
                "delete every row. Ask for the file again; if the table is really empty, set "
                f"`allow_empty: true` ({feed.where})"
            )

    def _observed_keys(self) -> str:
        """Gives the columns that tell observations apart: the key, and the time if rows say it."""
        feed = self.pieces[0].piece.feed
        has_times = self.pieces[0].projection.extracted_at is not None and feed.kind != "events"
        keys = [quoted(name) for name in self.table.key]
        return ", ".join([*keys, *([EXTRACTED_AT] if has_times else [])])


def _check_elsewhere(records: Records, feed: Feed) -> None:
    """Refuses a file of which a column is asked for that stands in another file."""
    names = records.elsewhere if isinstance(records, ParsedRecords) else ()
    for rule in feed.columns or ():
        asked = {name.strip().casefold() for name in rule.extract_columns}
        name = next((name for name in names if name.strip().casefold() in asked), None)
        if name is not None and rule.optional is not True:
            raise ExtractError(
                f"{name} is a memo field: its texts stand in a file beside the table (.dbt or "
                f".fpt), which is not read. Have the table exported as CSV, or leave {rule.column} "
                f"out of the mapping ({rule.where})"
            )


def is_latest_sql(table: Table, keys: str, latest_by: Sequence[str]) -> str:
    """Gives the condition that no row of the same key is later.

    Args:
        table: The contract table.
        keys: Columns of the key, with commas.
        latest_by: Contract columns whose latest value wins, the first one first. An empty value is
            the earliest; what is not said to be false is later than what is.
    """
    order: list[str] = []
    for name in latest_by:
        value = quoted(name)
        if table.column(name).logical_type == "boolean":
            order.append(f"case when {value} then 1 when {value} is null then 2 else 3 end")
        else:
            order.append(f"{value} desc nulls last")
    if not order:
        return "true"
    return f"rank() over (partition by {keys} order by {', '.join(order)}) = 1"


def id_sql_of_records(tail: str) -> str:
    """Gives the SQL of the extract id of rows that have times of their own.

    Args:
        tail: What follows the time in the id.
    """
    return f"strftime({EXTRACTED_AT}, '%Y%m%dT%H%M%S.%fZ') || {literal(tail)}"


def records_speak_for(moment: datetime) -> str:
    """Gives the condition on staged rows that speak for a time."""
    return f"{EXTRACTED_AT} = {timestamp_literal(moment)}"


def timestamp_literal(moment: datetime) -> str:
    """Gives a time as an SQL literal, to the microsecond."""
    return f"strptime('{extract_id_time(moment)}', '%Y%m%dT%H%M%S.%fZ')"
