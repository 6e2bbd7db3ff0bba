"""Columns that hold one thing in many places, made into records: months, kinds of pay.

Belongs here: which columns of a header are meant, and the relation with a record for each of their
cells. Does not belong here: what is made of these records, and that empty cells are passed over
(`cell_texts`).

Each row of the file gives as many records as there are such columns, in their order, so that the
row of each record can be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from ingestion.contracts.tables import Table
from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed, Unpivot
from ingestion.mapping.read_columns import ReadColumns
from ingestion.readers.records import Native, Records, Reject
from ingestion.readers.shown import HeaderNames, short_names, without_number
from ingestion.text.scripts import folded_name
from ingestion.text.sql_text import literal

_SPARSE = frozenset({"json", "jsonl"})


@dataclass(frozen=True)
class _Cell:
    """One column that becomes records.

    Args:
        name: Its name, as the records give it.
        told: How messages name it.
        column: Its place in the header; None where a JSON file leaves it out.
        groups: What the pattern's groups found in the name.
    """

    name: str
    told: str
    column: int | None
    groups: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class UnpivotedRecords:
    """The records of a file of which each is one cell of a row.

    Args:
        inner: The rows of the file.
        cells: The columns that become records.
        added: Names of the columns that a record has instead: name, groups, value.
    """

    inner: Records
    cells: tuple[_Cell, ...]
    added: tuple[str, ...]

    @property
    def format(self) -> str:
        """Name of the format."""
        return self.inner.format

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns that stay, then of those that tell of the cell."""
        return (*(self.inner.header[i] for i in self._kept), *self.added)

    @property
    def relation(self) -> str:
        """Bracketed query of the text columns."""
        texts = [f"c{i} as c{n}" for n, i in enumerate(self._kept)]
        lists: list[Sequence[str]] = [
            [literal(cell.name) for cell in self.cells],
            *([literal(value) for value in of_group] for of_group in self._groups),
            ["null" if cell.column is None else f"c{cell.column}" for cell in self.cells],
        ]
        first = len(self._kept)
        texts += [
            f"unnest([{', '.join(each)}]::varchar[]) as c{first + n}"
            for n, each in enumerate(lists)
        ]
        natives = self.inner.native
        for n, i in enumerate(self._kept):
            if f"c{i}" in natives:
                texts.append(f"({natives[f'c{i}'].condition}) as is_native{n}")
        if self._value_natives:
            conditions = [
                natives[f"c{cell.column}"].condition if f"c{cell.column}" in natives else "false"
                for cell in self.cells
            ]
            texts.append(f"unnest([{', '.join(conditions)}]) as is_native{len(self.header) - 1}")
        return f"(select {', '.join(texts)} from {self.inner.relation})"

    @property
    def native(self) -> Mapping[str, Native]:
        """The relation's columns that hold values which are no text."""
        natives = self.inner.native
        found = {
            f"c{n}": replace(natives[f"c{i}"], condition=f"is_native{n}")
            for n, i in enumerate(self._kept)
            if f"c{i}" in natives
        }
        if self._value_natives:
            exact = (native.largest_exact for native in self._value_natives)
            last = len(self.header) - 1
            least = min((limit for limit in exact if limit is not None), default=None)
            found[f"c{last}"] = Native(f"is_native{last}", least)
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about how the file was read."""
        told = short_names([cell.told for cell in self.cells])
        return (*self.inner.notes, f"a record is a cell of a row, in {told}")

    @property
    def passed_over(self) -> int:
        """Records that the file itself says are none any more."""
        return self.inner.passed_over

    def settle(self, connection: duckdb.DuckDBPyConnection, loaded: int) -> tuple[Reject, ...]:
        """Accounts for the rows of the file; of a row all cells come through, or none."""
        rows, surplus = divmod(loaded, len(self.cells))
        if surplus:
            raise ExtractError(
                f"{loaded:,} cells were read, which are no whole rows of {len(self.cells):,}; the "
                "file may be damaged: ask for it again"
            )
        return self.inner.settle(connection, rows)

    def explain(self, error: duckdb.Error) -> ExtractError:
        """Gives the reason why reading the relation failed."""
        return self.inner.explain(error)

    def reread(self, error: duckdb.Error) -> Records:
        """Gives the same records read in another way."""
        return replace(self, inner=self.inner.reread(error))

    def lines(self, numbers: Sequence[int]) -> list[int]:
        """Gives the physical lines of records."""
        return self.inner.lines(self._rows_of(numbers))

    def sheets(self, numbers: Sequence[int]) -> list[str | None]:
        """Gives the sheets of records, where several are read."""
        return self.inner.sheets(self._rows_of(numbers))

    def _rows_of(self, numbers: Sequence[int]) -> list[int]:
        return [(number - 1) // len(self.cells) + 1 for number in numbers]

    def told_sql(self, number: str) -> str:
        """Gives the SQL of how messages name the column of a record.

        Args:
            number: SQL of the record's position (from 1) in the relation.
        """
        return self.of_cell_sql([literal(cell.told) for cell in self.cells], number)

    def of_cell_sql(self, values: Sequence[str], number: str) -> str:
        """Gives the SQL of what there is of one column that becomes records, for a record.

        Args:
            values: SQL of it for each of these columns, in their order.
            number: SQL of the record's position (from 1) in the relation.
        """
        return f"list_extract([{', '.join(values)}], ({number} - 1) % {len(self.cells)} + 1)"

    def places_of(self, column: int) -> tuple[int | None, ...]:
        """Gives the columns of the file that a column of the records is taken from.

        Args:
            column: Its place in the header of the records.

        Returns:
            One for each column that becomes records where it holds their cells; none where it holds
            what a name says.
        """
        if column < len(self._kept):
            return (self._kept[column],)
        is_value = column == len(self.header) - 1
        return tuple(cell.column for cell in self.cells) if is_value else ()

    @property
    def _kept(self) -> tuple[int, ...]:
        gone = {cell.column for cell in self.cells}
        return tuple(i for i in range(len(self.inner.header)) if i not in gone)

    @property
    def _groups(self) -> list[tuple[str | None, ...]]:
        return list(zip(*(cell.groups for cell in self.cells), strict=True))

    @property
    def _value_natives(self) -> list[Native]:
        columns = (f"c{cell.column}" for cell in self.cells)
        return [self.inner.native[column] for column in columns if column in self.inner.native]


def unpivoted(
    records: Records, feed: Feed, table: Table, connection: duckdb.DuckDBPyConnection
) -> Records:
    """Gives the records of a file, one for each cell where the feed says so.

    Args:
        records: The rows of the file.
        feed: The feed.
        table: The contract table that it feeds.
        connection: Any connection; the pattern is searched with it, since no name in a file can
            make DuckDB's search take long.

    Raises:
        ExtractError: The columns that are to become records are not there, or stand there twice.
    """
    unpivot = feed.unpivot
    if unpivot is None:
        return records
    if unpivot.pattern is None:
        cells = _listed(records, feed, unpivot, table)
        added = (unpivot.name, unpivot.value)
    else:
        cells = _matching(records, feed, unpivot.pattern, unpivot, table, connection)
        added = (unpivot.name, *unpivot.groups, unpivot.value)
    made = UnpivotedRecords(records, cells, added)
    folded = {folded_name(name) for name in made.header[: -len(added)]}
    taken = next((name for name in added if folded_name(name) in folded), None)
    if taken is not None:
        raise ExtractError(
            f"the extract has a column '{taken}' of its own, which `unpivot` gives the name to "
            f"what it makes; choose another one there (name, value or a group; {feed.where})"
        )
    return made


def names_read(
    read: ReadColumns, header: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> frozenset[str]:
    """Gives the names of the extract columns that feeds read, as far as they depend on a header.

    Args:
        read: What the feeds read.
        header: The header of the file that they read.
        connection: Any connection; see `unpivoted`.
    """
    if not read.patterns:
        return read.names
    names = _plain_names(header)
    fits = " or ".join(f"regexp_matches(name, {_whole(each)})" for each in sorted(read.patterns))
    found = connection.execute(
        f"select name from (select unnest(?::varchar[]) as name) where {fits}", [names]
    ).fetchall()
    fitting = {name for (name,) in found}
    # As the header has them: of several of one name, each.
    spelled = (name for name, plain in zip(header, names, strict=True) if plain in fitting)
    return read.names | frozenset(spelled)


def _plain_names(header: Sequence[str]) -> list[str]:
    return [" ".join(without_number(name).split()) for name in header]


def _whole(pattern: str) -> str:
    return literal(f"^(?:{pattern})$")


def _listed(records: Records, feed: Feed, unpivot: Unpivot, table: Table) -> tuple[_Cell, ...]:
    places = _places(records.header)
    header = HeaderNames(table, unpivot.columns, records.header)
    cells: list[_Cell] = []
    for name in unpivot.columns:
        found = places.get(folded_name(name), [])
        if name in records.header:
            found = [records.header.index(name)]
        if len(found) > 1:
            raise _doubled(f"'{name}'", found, feed)
        if not found and records.format not in _SPARSE:
            raise ExtractError(
                f"the extract lacks the column '{name}'{header.hint(name, records.header)}, which "
                f"`unpivot` makes records of; {header.all()}. Put the column back, or change the "
                f"mapping ({feed.where})"
            )
        cells.append(_Cell(name, f"'{name}'", found[0] if found else None))
    if all(cell.column is None for cell in cells):
        raise ExtractError(
            f"the extract has none of the columns that `unpivot` makes records of ({feed.where}); "
            f"{header.all()}"
        )
    return tuple(cells)


def _matching(
    records: Records,
    feed: Feed,
    pattern: str,
    unpivot: Unpivot,
    table: Table,
    connection: duckdb.DuckDBPyConnection,
) -> tuple[_Cell, ...]:
    whole = _whole(pattern)
    groups = ", ".join(
        f"nullif(regexp_extract(name, {whole}, {number}), '')" for number in unpivot.group_numbers
    )
    names = _plain_names(records.header)
    found = connection.execute(
        f"select place, [{groups}]::varchar[] from (select unnest(?::varchar[]) as name, "
        f"unnest(range(?)) as place) where regexp_matches(name, {whole}) order by place",
        [names, len(names)],
    ).fetchall()
    if not found:
        raise ExtractError(
            f"no column of the extract has a name like {pattern}, of which `unpivot` makes "
            f"records; {HeaderNames(table, (), records.header).all()} ({feed.where})"
        )
    places = _places(records.header)
    cells: list[_Cell] = []
    for place, values in found:
        name = names[place]
        # Where names may be data, only the mapping's own words are shown.
        told = f"number {place + 1}" if table.has_masked_columns else f"'{name}'"
        if len(places[folded_name(name)]) > 1:
            raise _doubled(told, places[folded_name(name)], feed)
        cells.append(_Cell(name, told, place, tuple(values)))
    return tuple(cells)


def _doubled(told: str, places: Sequence[int], feed: Feed) -> ExtractError:
    columns = ", ".join(str(place + 1) for place in places)
    return ExtractError(
        f"the column {told}, of which `unpivot` makes records, stands {len(places)} times in the "
        f"header (columns {columns}), so its records would count twice; rename or remove the "
        f"others ({feed.where})"
    )


def _places(header: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        places.setdefault(folded_name(without_number(name)), []).append(place)
    return places
