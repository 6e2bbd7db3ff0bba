"""The change log: which rows of an extract are changes, and where they stand in time.

Belongs here: the comparison of an extract with what is known, deletions, and the slotting in of
extracts that arrive late. Does not belong here: files, quarantine, manifests, transactions.

An extract observes keys at a time. A complete full extract observes every key of its source
system, those it lacks as deleted and those that were set aside not at all; any other extract
observes the keys that it has. What holds for a key at time T is its last observation up to T, and
the log is kept so that this is always the key's last row with `_extract_id` up to T. Three rules do
it, in any order of arrival:

- an observation that differs from what held before it is appended; one of a delta that does not is
  noted in `landing.confirmations`, since it matters once a late extract comes in before it;
- where it was appended before observations that are known already, what held until then is
  appended again at the next of them, unless a row of the key stands there anyway;
- rows in the log are never changed. Some repeat the one before; readers collapse those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from ingestion.contracts.raw_ddl import given_sql, quoted, quoted_table
from ingestion.contracts.system_tables import CONFIRMATIONS, EXTRACTS, UNOBSERVED
from ingestion.contracts.tables import Table
from ingestion.text.sql_text import literal

DELETED_HASH = "0" * 32
CHANGED_ROWS = "_changed_rows"


@dataclass(frozen=True)
class FullExtract:
    """A complete full extract: what it lacks is deleted.

    Args:
        extract_id: Its id.
        extracted_at: Moment it speaks for (UTC).
        held_keys: Relation of the keys that were set aside, with the table's key columns.
    """

    extract_id: str
    extracted_at: datetime
    held_keys: str | None = None


@dataclass(frozen=True)
class Changes:
    """What an extract changed.

    Args:
        appended: Rows of the extract that differ from what was known.
        unchanged: Rows that do not.
        deleted: Keys that were recorded as deleted.
        restated: Rows appended at later extracts, because this one arrived late.
        living: Keys that lived just before a complete full extract; 0 for others.
    """

    appended: int
    unchanged: int
    deleted: int = 0
    restated: int = 0
    living: int = 0

    @property
    def rows(self) -> int:
        """Rows that the log grew by."""
        return self.appended + self.deleted + self.restated


def row_hash_sql(table: Table) -> str:
    """Gives the SQL of a row's content hash, over the typed contract columns.

    Columns without a value are left out and the others carry their name, so a column that is added
    to a contract does not change the hash of rows that lack it. The separator is NUL, which
    readers let into no text, so different rows cannot give the same text.
    """
    parts = [
        literal(f"{column.name}=") + f" || cast({given_sql(column)} as varchar)"
        for column in table.columns
    ]
    return f"md5(concat_ws(chr(0), {', '.join(parts)}))"


def new_row_hash_sql(table: Table) -> str:
    """Gives the SQL of the hash of a row of the log, as its values are written by now."""
    return f"if(_row_hash = '{DELETED_HASH}', _row_hash, {row_hash_sql(table)})"


def key_hash_sql(table: Table, alias: str | None = None) -> str:
    """Gives the SQL of a key's hash, by which landing records name keys.

    A part that is not given is left out, so keys from before a contract had it keep their hash.
    """
    prefix = f"{alias}." if alias else ""
    parts = ", ".join(
        f"cast({given_sql(column, prefix)} as varchar)"
        for column in table.columns
        if column.primary_key
    )
    return f"md5(concat_ws(chr(0), {parts}))"


class ChangeLog:
    """The change log of one table and source system.

    Args:
        connection: Open on raw.
        table: The contract table.
        source_system: System whose rows are compared; others are not looked at.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, table: Table, source_system: str
    ) -> None:
        self._connection = connection
        self._table = table
        self._system = literal(source_system)
        self._log = quoted_table(table)
        self._keys = ", ".join(quoted(name) for name in table.key)
        self._mine = (
            f"source_system = {self._system} and source = {literal(table.source)} "
            f"and table_name = {literal(table.name)}"
        )

    def append(
        self,
        rows: str,
        loaded_at: datetime,
        extract_id: str | None = None,
        full: FullExtract | None = None,
    ) -> Changes:
        """Appends what an extract changes. Its own row in `landing.extracts` must come after.

        Args:
            rows: Relation with the contract columns, `_row` (number), `_row_hash`, `_extract_id`
                and `_extracted_at`; a key stands at most once per `_extract_id`.
            loaded_at: Moment of landing (UTC).
            extract_id: The id that all rows carry; None where they carry different ones.
            full: Given for a complete full extract.

        Returns:
            Counts. The numbers of appended rows are left in the temporary table `_changed_rows`.
        """
        first = extract_id or self._row(f"select min(_extract_id) from {rows}")[0]
        is_late = self._is_late(first)
        if extract_id is None and first is not None:
            # What held before a row of many times may follow from another row of the extract.
            self._make_observed(rows, None)
            self._make_next_observations(first)
            self._find_changes(rows, self._held_before_each(), f"{self._keys}, _extract_id")
            self._find_deletions(rows, None)
        else:
            self._find_changes(rows, self._held_before(rows, first, full), self._keys)
            self._find_deletions(rows, full)
            if is_late and first is not None:
                self._make_observed(rows, full)
                self._make_next_observations(first)
        if is_late:
            self._plan_restatements()
        total, changed = self._count(rows), self._count(CHANGED_ROWS)
        appended = self._append_rows(rows, loaded_at, is_all=changed == total)
        deleted = self._append_deletions(loaded_at, full)
        restated = self._append_restatements(loaded_at) if is_late else 0
        if full is None and appended < total:
            self._confirm(rows)
        living = self._count(f"_before where _row_hash <> '{DELETED_HASH}'") if full else 0
        return Changes(appended, total - appended, deleted, restated, living)

    def restate_events(self, rows: str, loaded_at: datetime) -> int:
        """Puts the content of events right after later rows of theirs that say something else.

        Of an event the earliest word holds. An extract that arrives late may bring it after another
        one was believed; the id of the row that takes that back sorts right after the other's.

        Args:
            rows: Relation of events that were just appended, as for `append`.
            loaded_at: Moment of landing (UTC).

        Returns:
            How many rows were appended.
        """
        columns = ", ".join(quoted(name) for name in self._table.column_names)
        values = ", ".join(f"r.{quoted(name)}" for name in self._table.column_names)
        return self._append(
            f"({columns}, _source_system, _extract_id, _extracted_at, _loaded_at, _row_hash, _op) "
            f"select {values}, {self._system}, l._extract_id || '~', l._extracted_at, $loaded_at, "
            f"r._row_hash, 'upsert' from {rows} as r inner join {self._log} as l "
            f"on {self._same_key('r', 'l')} and l._source_system = {self._system} "
            "and l._extract_id > r._extract_id and l._row_hash <> r._row_hash "
            f"where not exists (select 1 from {self._log} as n where {self._same_key('n', 'l')} "
            f"and n._source_system = {self._system} and n._extract_id = l._extract_id || '~')",
            loaded_at,
        )

    def _is_late(self, extract_id: str | None) -> bool:
        """Says whether anything is known from later times than an extract speaks for."""
        if extract_id is None:
            return False
        later = f"{self._mine} and extract_id > {literal(extract_id)}"
        return self._exists(f"{quoted_table(EXTRACTS)} where {later}")

    def _find_changes(self, rows: str, held_before: str, matching: str) -> None:
        """Makes `_before` (what held for keys) and `_changed_rows`.

        Args:
            rows: The extract.
            held_before: Query of the key columns and `_row_hash`.
            matching: Columns by which a row finds what held before it.
        """
        is_first = not self._exists(f"{self._log} where _source_system = {self._system}")
        if is_first and matching == self._keys:
            # The first extract of all is large and needs no comparison.
            self._replace("_before", f"select {self._keys}, _row_hash from {rows} limit 0")
            self._replace(CHANGED_ROWS, f"select _row from {rows}")
            return
        self._replace("_before", held_before)
        self._replace(
            CHANGED_ROWS,
            f"select r._row from {rows} as r left join _before as b using ({matching}) "
            "where b._row_hash is distinct from r._row_hash",
        )

    def _held_before(self, rows: str, first: str | None, full: FullExtract | None) -> str:
        """Gives what held before an extract of one time, for all keys or those it mentions."""
        if full is not None:
            return self._state(f"_extract_id < {literal(full.extract_id)}")
        mentioned = f"semi join {rows} using ({self._keys})"
        return self._state(f"_extract_id < {literal(first)}", mentioned)

    def _held_before_each(self) -> str:
        """Gives what held before each row: an earlier row of the extract, or what was known.

        The earlier row counts only up to the next observation that was known already.
        """
        order = f"over (partition by {self._keys} order by _extract_id)"
        return (
            f"select {self._keys}, _extract_id, case when earlier_until < _extract_id "
            "then known_hash else coalesce(earlier_hash, known_hash) end as _row_hash from ("
            f"select *, lag(_row_hash) {order} as earlier_hash, "
            f"lag(least(next_id, log_id)) {order} as earlier_until from _observed_next)"
        )

    def _state(self, condition: str, semi_join: str = "") -> str:
        """Gives the query of each key's content as of a condition on the log."""
        return (
            f"select {self._keys}, arg_max(_row_hash, _extract_id) as _row_hash "
            f"from {self._log} {semi_join} where _source_system = {self._system} and {condition} "
            f"group by {self._keys}"
        )

    def _find_deletions(self, rows: str, full: FullExtract | None) -> None:
        """Makes `_deleted`: keys that lived and that a complete full extract lacks."""
        if full is None or not self._exists("_before"):
            self._replace("_deleted", "select * from _before limit 0")
            return
        held = f"anti join {full.held_keys} using ({self._keys})" if full.held_keys else ""
        living = f"where _row_hash <> '{DELETED_HASH}'"
        self._replace(
            "_deleted",
            f"select {self._keys} from (select * from _before {living}) "
            f"anti join {rows} using ({self._keys}) {held}",
        )

    def _plan_restatements(self) -> None:
        """Makes `_restated`: what must be said again at the next known observation of a key."""
        # Several rows of one key can stand before the same later observation; the last one counts.
        self._replace(
            "_restated",
            f"select {self._keys}, next_id, known_id, known_hash from (select *, "
            f"lead(_extract_id) over (partition by {self._keys} order by _extract_id) as lead_id "
            "from _observed_next) "
            "where next_id is not null and (log_id is null or next_id < log_id) "
            "and (lead_id is null or lead_id > next_id) "
            f"and _row_hash <> coalesce(known_hash, '{DELETED_HASH}')",
        )

    def _make_observed(self, rows: str, full: FullExtract | None) -> None:
        """Makes `_observed`: what the extract says of keys, and what the log said until now."""
        keys = self._keys
        # Of a full extract only changes can matter, and that may save millions of rows.
        changed = f"semi join {CHANGED_ROWS} using (_row)" if full else ""
        deleted = (
            f"union all select {keys}, {literal(full.extract_id)}, '{DELETED_HASH}' from _deleted"
            if full
            else ""
        )
        self._replace(
            "_observed",
            f"with new as (select {keys}, _extract_id, _row_hash from {rows} {changed} {deleted}), "
            f"known as (select {keys}, _extract_id, _row_hash from {self._log} "
            f"semi join new using ({keys}) where _source_system = {self._system}) "
            f"select new.*, {key_hash_sql(self._table, 'new')} as key_hash, "
            "known._extract_id as known_id, known._row_hash as known_hash "
            f"from new asof left join known on {self._same_key('new', 'known')} "
            "and new._extract_id > known._extract_id",
        )

    def _make_next_observations(self, first: str) -> None:
        """Makes `_observed_next`: when each observed key is next observed, and next in the log."""
        keys = self._keys
        later = f"{self._mine} and extract_id > {literal(first)}"
        extracts, unobserved = quoted_table(EXTRACTS), quoted_table(UNOBSERVED)
        self._replace(
            "_later_fulls",
            f"select extract_id from {extracts} where {later} and kind = 'full' and is_complete",
        )
        self._replace(
            "_passed_over",
            f"select key_hash, extract_id from {unobserved} semi join _later_fulls "
            f"using (extract_id) semi join _observed using (key_hash) where {self._mine}",
        )
        # Few keys were ever set aside; only for these every later full extract must be looked at.
        self._replace(
            "_next_full",
            f"select {keys}, _extract_id, f.extract_id as full_id from (select * from _observed "
            "anti join _passed_over using (key_hash)) as o "
            "asof join _later_fulls as f on o._extract_id < f.extract_id "
            f"union all select {keys}, _extract_id, min(f.extract_id) from (select * from "
            "_observed semi join _passed_over using (key_hash)) as o "
            "inner join _later_fulls as f on o._extract_id < f.extract_id "
            "anti join _passed_over as p on p.key_hash = o.key_hash "
            f"and p.extract_id = f.extract_id group by {keys}, _extract_id",
        )
        self._replace(
            "_observed_next",
            "with confirmed as (select key_hash, extract_id from "
            f"{quoted_table(CONFIRMATIONS)} semi join _observed using (key_hash) "
            f"where {self._mine}), "
            f"known as (select {keys}, _extract_id from {self._log} "
            f"semi join _observed using ({keys}) where _source_system = {self._system}) "
            "select o.*, least(f.full_id, c.extract_id) as next_id, k._extract_id as log_id "
            f"from _observed as o left join _next_full as f using ({keys}, _extract_id) "
            "asof left join confirmed as c "
            "on o.key_hash = c.key_hash and o._extract_id < c.extract_id "
            f"asof left join known as k on {self._same_key('o', 'k')} "
            "and o._extract_id < k._extract_id",
        )

    def _append_rows(self, rows: str, loaded_at: datetime, *, is_all: bool) -> int:
        columns = ", ".join(quoted(name) for name in self._table.column_names)
        changed = "" if is_all else f"semi join {CHANGED_ROWS} using (_row)"
        return self._append(
            f"({columns}, _source_system, _extract_id, _extracted_at, _loaded_at, _row_hash, _op) "
            f"select {columns}, {self._system}, _extract_id, _extracted_at, $loaded_at, _row_hash, "
            f"'upsert' from {rows} {changed}",
            loaded_at,
        )

    def _append_deletions(self, loaded_at: datetime, full: FullExtract | None) -> int:
        if full is None:
            return 0
        at = f"timestamp {literal(full.extracted_at.replace(tzinfo=None).isoformat(' '))}"
        return self._append(
            f"({self._keys}, _source_system, _extract_id, _extracted_at, _loaded_at, _row_hash, "
            f"_op) select {self._keys}, {self._system}, {literal(full.extract_id)}, {at}, "
            f"$loaded_at, '{DELETED_HASH}', 'delete' from _deleted",
            loaded_at,
        )

    def _append_restatements(self, loaded_at: datetime) -> int:
        """Appends again, at later observations, what held there until now."""
        columns = ", ".join(
            f"case when r.known_hash is null or r.known_hash = '{DELETED_HASH}' then null "
            f"else l.{quoted(name)} end"
            if name not in self._table.key
            else f"r.{quoted(name)}"
            for name in self._table.column_names
        )
        names = ", ".join(quoted(name) for name in self._table.column_names)
        return self._append(
            f"({names}, _source_system, _extract_id, _extracted_at, _loaded_at, _row_hash, _op) "
            f"select {columns}, {self._system}, r.next_id, x.extracted_at, $loaded_at, "
            f"coalesce(r.known_hash, '{DELETED_HASH}'), case when r.known_hash is null "
            f"or r.known_hash = '{DELETED_HASH}' then 'delete' else 'upsert' end "
            f"from _restated as r inner join {quoted_table(EXTRACTS)} as x "
            f"on x.extract_id = r.next_id and {self._mine} "
            f"left join {self._log} as l on {self._same_key('r', 'l')} "
            f"and l._extract_id = r.known_id and l._source_system = {self._system}",
            loaded_at,
        )

    def _confirm(self, rows: str) -> None:
        """Notes the rows of a delta that were known already."""
        self._connection.execute(
            f"insert into {quoted_table(CONFIRMATIONS)} "
            "(source_system, source, table_name, key_hash, extract_id, row_hash) "
            f"select {self._system}, {literal(self._table.source)}, {literal(self._table.name)}, "
            f"{key_hash_sql(self._table)}, _extract_id, _row_hash "
            f"from {rows} anti join {CHANGED_ROWS} using (_row)"
        )

    def _same_key(self, left: str, right: str) -> str:
        names: Iterable[str] = (quoted(name) for name in self._table.key)
        return " and ".join(f"{left}.{name} = {right}.{name}" for name in names)

    def _append(self, insert: str, loaded_at: datetime) -> int:
        moment = {"loaded_at": loaded_at.replace(tzinfo=None)}
        done = self._connection.execute(f"insert into {self._log} {insert}", moment).fetchone()
        return int(done[0]) if done else 0

    def _replace(self, name: str, query: str) -> None:
        self._connection.execute(f"create or replace temp table {name} as {query}")

    def _exists(self, relation: str) -> bool:
        return self._number(f"select count(*) from (select 1 from {relation} limit 1)") > 0

    def _count(self, relation: str) -> int:
        return self._number(f"select count(*) from {relation}")

    def _number(self, query: str) -> int:
        return int(self._row(query)[0])

    def _row(self, query: str) -> tuple:
        return self._connection.execute(query).fetchone() or (0,)
