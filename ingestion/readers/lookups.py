"""Values that stand in another file of the same folder, found by a key: the lead of a deal.

Belongs here: the relation with its values beside the records. Does not belong here: which version
of that file an extract is read with (`lookup_files`), and what is made of a looked-up value
(`cell_texts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from ingestion.contracts.tables import Table
from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.normalization import normalised_sql
from ingestion.readers import read_records
from ingestion.readers.lookup_files import ChosenFiles, LookupFile
from ingestion.readers.records import Native, Records, Reject, text_columns
from ingestion.readers.shown import HeaderNames, without_number
from ingestion.text.sql_text import cleaned


def is_ambiguous(column: str) -> str:
    """Gives the name of the relation's column that tells of doubled keys of a looked-up one."""
    return f"is_ambiguous_{column}"


@dataclass(frozen=True)
class _Loaded:
    """The values of one lookup, in a temporary table with one row per key.

    Args:
        chosen: The files.
        relation: Name of the table: k0, k1, ... (VARCHAR), value, is_native, is_ambiguous.
        by: SQL over the records' relation of the key that each asks for.
        largest_exact: The largest whole number that number cells know exactly; None for any.
        has_natives: Whether values can be others than text.
    """

    chosen: ChosenFiles
    relation: str
    by: tuple[str, ...]
    has_natives: bool
    largest_exact: int | None

    @property
    def asks(self) -> str:
        """SQL of whether a record asks for a key."""
        return " and ".join(f"{key} is not null" for key in self.by)


@dataclass
class LookedUpRecords:
    """Records with the values that were looked up for them in columns of their own.

    Args:
        inner: The records.
        lookups: What is put beside them.
    """

    inner: Records
    lookups: tuple[_Loaded, ...]
    _notes: tuple[str, ...] = field(default=())

    @property
    def format(self) -> str:
        """Name of the format."""
        return self.inner.format

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the file's columns, then of the looked-up ones."""
        return (*self.inner.header, *(each.chosen.rule.lookup_column for each in self.lookups))

    @property
    def relation(self) -> str:
        """Bracketed query of the text columns, in the order of the file."""
        first = len(self.inner.header)
        columns, joins = ["r.* exclude (_place)"], []
        for n, each in enumerate(self.lookups):
            columns.append(f"l{n}.value as c{first + n}")
            columns.append(f"coalesce(l{n}.is_ambiguous, false) as {is_ambiguous(f'c{first + n}')}")
            if each.has_natives:
                columns.append(f"coalesce(l{n}.is_native, false) as is_native{first + n}")
            on = " and ".join(f"r._k{n}_{i} = l{n}.k{i}" for i in range(len(each.by)))
            joins.append(f"left join {each.relation} as l{n} on {on}")
        keys = [
            f"{sql} as _k{n}_{i}"
            for n, each in enumerate(self.lookups)
            for i, sql in enumerate(each.by)
        ]
        names = ", ".join(key.rpartition(" as ")[2] for key in keys)
        columns[0] = f"r.* exclude (_place, {names})"
        return (
            f"(select {', '.join(columns)} from (select *, {', '.join(keys)}, "
            f"row_number() over () as _place from {self.inner.relation}) as r "
            # A join may give its rows in any order, and lines are told by position.
            f"{' '.join(joins)} order by r._place)"
        )

    @property
    def native(self) -> Mapping[str, Native]:
        """The relation's columns that hold values which are no text."""
        first = len(self.inner.header)
        own = {
            f"c{first + n}": Native(f"is_native{first + n}", each.largest_exact)
            for n, each in enumerate(self.lookups)
            if each.has_natives
        }
        return {**self.inner.native, **own}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing, with how many keys were not found."""
        return (*self.inner.notes, *self._notes)

    @property
    def passed_over(self) -> int:
        """Records that the file itself says are none any more."""
        return self.inner.passed_over

    def settle(self, connection: duckdb.DuckDBPyConnection, loaded: int) -> tuple[Reject, ...]:
        """Accounts for every record, and counts those whose key the other file lacks."""
        rejects = self.inner.settle(connection, loaded)
        self._notes = tuple(self._missing(connection))
        return rejects

    def explain(self, error: duckdb.Error) -> ExtractError:
        """Gives the reason why reading the relation failed."""
        return self.inner.explain(error)

    def reread(self, error: duckdb.Error) -> Records:
        """Gives the same records read in another way."""
        return replace(self, inner=self.inner.reread(error))

    def lines(self, numbers: Sequence[int]) -> list[int]:
        """Gives the physical lines of records."""
        return self.inner.lines(numbers)

    def sheets(self, numbers: Sequence[int]) -> list[str | None]:
        """Gives the sheets of records, where several are read."""
        return self.inner.sheets(numbers)

    def _missing(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        for each in self.lookups:
            keys = ", ".join(f"{sql} as k{i}" for i, sql in enumerate(each.by))
            names = ", ".join(f"k{i}" for i in range(len(each.by)))
            records, different = connection.execute(
                f"select count(*), count(distinct [{names}]) from (select {keys} "
                f"from {self.inner.relation} where {each.asks}) "
                f"anti join {each.relation} using ({names})"
            ).fetchone() or (0, 0)
            file = each.chosen.files[-1]
            if each.chosen.is_later:
                yield (
                    f"{each.chosen.rule.column} was looked up in {file.name} of a later day, as "
                    "there is no earlier one"
                )
            if records:
                by = " and ".join(each.chosen.lookup.by)
                yield (
                    f"{records:,} records have a value of {by} that {file.name} does not have "
                    f"({different:,} different), so {each.chosen.rule.column} is empty there"
                )


def looked_up(
    records: Records,
    feed: Feed,
    table: Table,
    chosen: Sequence[ChosenFiles],
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
) -> Records:
    """Gives records with the values that the mapping looks up in other files.

    Args:
        records: The records.
        feed: Their feed.
        table: The contract table that it feeds.
        chosen: The files to look into.
        connection: Connection that reads the relations; temporary tables are made in it.
        scratch: Path that names of scratch files start with.

    Raises:
        ExtractError: A file cannot be read, or lacks a column.
    """
    if not chosen:
        return records
    loaded = tuple(
        _load(each, records, feed, table, connection, scratch, number)
        for number, each in enumerate(chosen)
    )
    return LookedUpRecords(records, loaded)


def _load(
    chosen: ChosenFiles,
    records: Records,
    feed: Feed,
    table: Table,
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
    number: int,
) -> _Loaded:
    lookup = chosen.lookup
    keys = [f"k{i}" for i in range(len(lookup.key))]
    values = f"_lookup_values_{scratch.name.replace('-', '_')}_{number}"
    connection.execute(
        f"create or replace temp table {values} ({', '.join(f'{key} varchar' for key in keys)}, "
        "value varchar, is_native boolean, file integer)"
    )
    natives: list[Native] = []
    for place, file in enumerate(chosen.files):
        stem = scratch.with_name(f"{scratch.name}-lookup-{number}-{place}")
        try:
            natives += _insert(file, place, chosen, feed, table, connection, stem, values)
        except ExtractError as refused:
            raise ExtractError(
                f"{file.name}, in which {chosen.rule.column} is looked up: {refused.message}"
            ) from None
    relation = values.replace("_lookup_values_", "_lookup_")
    by_key = ", ".join(keys)
    connection.execute(
        f"create or replace temp table {relation} as select {by_key}, min(value) as value, "
        "bool_or(is_native) as is_native, "
        "count(distinct value) + cast(bool_or(value is null) as integer) > 1 as is_ambiguous "
        f"from (select *, max(file) over (partition by {by_key}) as last_file from {values} "
        f"where {' and '.join(f'{key} is not null' for key in keys)}) "
        f"where file = last_file group by {by_key}"
    )
    connection.execute(f"drop table {values}")
    columns = text_columns(records.header)
    places = (_find(name, records.header) for name in lookup.by)
    # Where the records lack the column, the projection says so.
    by = tuple(
        _key_sql(columns[name], chosen) if name is not None else "cast(null as varchar)"
        for name in places
    )
    exact = [native.largest_exact for native in natives if native.largest_exact is not None]
    return _Loaded(chosen, relation, by, bool(natives), min(exact, default=None))


def _insert(
    file: LookupFile,
    place: int,
    chosen: ChosenFiles,
    feed: Feed,
    table: Table,
    connection: duckdb.DuckDBPyConnection,
    stem: Path,
    target: str,
) -> list[Native]:
    """Adds the keys and values of one file; gives where its values are no text."""
    lookup, formats = chosen.lookup, chosen.rule.formats
    options = {
        "format": lookup.format,
        "sheet": lookup.sheet,
        "records": lookup.records,
        "csv": lookup.csv,
        "columns": None,
        "condition": None,
        "extracted_at": None,
    }
    records = read_records(file.path, file.name, feed.model_copy(update=options), connection, stem)
    names = HeaderNames(table, (*lookup.key, lookup.value), records.header)
    found: list[str] = []
    for name in (*lookup.key, lookup.value):
        spelling = _find(name, records.header)
        if spelling is None:
            raise ExtractError(
                f"it lacks the column '{name}'{names.hint(name, records.header)}; {names.all()} "
                f"({chosen.rule.where})"
            )
        found.append(spelling)
    columns = text_columns(records.header)
    native = records.native.get(columns[found[-1]])
    asked = [_key_sql(columns[name], chosen) for name in found[:-1]]
    cells = ", ".join([*asked, cleaned(columns[found[-1]], formats.null_words)])
    copy = (
        f"insert into {target} select {cells}, {native.condition if native else 'false'}, {place} "
        "from {}"
    )
    try:
        connection.execute(copy.format(records.relation))
    except duckdb.Error as caught:
        if isinstance(caught, duckdb.OutOfMemoryException):
            raise
        records = records.reread(caught)
        connection.execute(copy.format(records.relation))
    counted = connection.execute(
        f"select count(*) from {target} where file = {place}"
    ).fetchone() or (0,)
    rejects = records.settle(connection, counted[0])
    if rejects:
        raise ExtractError(
            f"line {rejects[0].line}: {rejects[0].message}; a record whose key cannot be read may "
            "be the one that is asked for. Ask for the file again"
        )
    return [native] if native else []


def _key_sql(cell: str, chosen: ChosenFiles) -> str:
    """Gives the SQL of a key, in which spelling counts on neither side of the lookup."""
    return normalised_sql(cleaned(cell, chosen.rule.formats.null_words), chosen.lookup.normalize)


def _find(name: str, header: Sequence[str]) -> str | None:
    """Gives the header's spelling of a column, if it is certain which one is meant."""
    if name in header:
        return name
    wanted = " ".join(name.split()).casefold()
    similar = [h for h in header if " ".join(without_number(h).split()).casefold() == wanted]
    return similar[0] if len(similar) == 1 else None
