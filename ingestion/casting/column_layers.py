"""The parts of one column in the layers of a SELECT, each of which reads those below it.

Belongs here: text, plain text, value and reason code of a column, in the order in which they are
made. Does not belong here: their SQL (`projected_column`), and the SELECT (`projection`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ingestion.casting.casts import local_time
from ingestion.casting.projected_column import ProjectedColumn, native_of_kind, unless_emptied
from ingestion.contracts.tables import TypedBy
from ingestion.text.sql_text import literal


def layered(query: str, layers: Iterable[Sequence[str]]) -> str:
    """Gives a query with further columns, each layer of which may read those below it."""
    for layer in layers:
        query = f"select *, {', '.join(layer)} from ({query})" if layer else query
    return query


@dataclass(frozen=True)
class ColumnLayers:
    """One column in the layers of a SELECT, each of which reads the columns of those below it.

    A name stands for what was made once: were its SQL written wherever it is used, the history of
    a wide table would be a statement of megabytes, which takes longer to understand than most
    extracts take to land. For the same reason a column that is not fed has no parts.

    Args:
        column: The column.
        number: Its number, which the names of its parts end with.
        place: Number of each contract column.
        is_plain_made: Whether the text as its cast reads it is made beside the text.
        days: The columns, with their numbers, of which the first that is filled says the unit.
    """

    column: ProjectedColumn
    number: str
    place: Mapping[str, str]
    is_plain_made: bool
    days: tuple[tuple[ProjectedColumn, str], ...] = ()

    def texts(self) -> Iterator[str]:
        """Gives the text (t), why it could not be made (o) and whether the cell was none (n)."""
        if not (self.column.is_fed or self.is_plain_made):
            return
        yield f"{self.column.text_sql} as t{self.number}"
        if self.column.origin_failure_sql is not None:
            yield f"{self.column.origin_failure_sql} as o{self.number}"
        if self.column.native_sql is not None:
            yield f"{self.column.native_sql} as n{self.number}"

    def plain(self) -> Iterator[str]:
        """Gives the text as its cast reads it (p)."""
        if self.is_plain_made:
            yield f"{self.column.plain_of(f't{self.number}')} as p{self.number}"

    def readings(self) -> Iterator[str]:
        """Gives the day that says the unit (d), and the text as the columns it names read it."""
        if self.days:
            days = (_unit_day(column, number) for column, number in self.days)
            yield f"coalesce({', '.join(days)}) as d{self.number}"
        for i, (plain, names) in enumerate(self._readings.items()):
            yield f"case when {self._names} in ({_listed(names)}) then {plain} end as {self._q(i)}"

    def numbers(self) -> Iterator[str]:
        """Gives the bare number (m), which its cast reads several times."""
        if self._bare is not None:
            yield f"{self.column.number_of(self._text, self._native)} as {self._bare}"

    def named_values(self) -> Iterator[str]:
        """Gives the value of each column that can be named, where it is."""
        for i, named in enumerate(self._named):
            value = named.value_of(self._reading_of(named), self._native_of(named), self._day)
            is_named = f"{self._names} = {literal(named.name)}"
            yield f"case when {is_named} then {value} end as {self._w(i)}"

    def values(self) -> Iterator[str]:
        """Gives the typed value (v)."""
        if not self.column.is_fed:
            return
        value = self.column.value_of(self._text, self._native, self._day, self._bare)
        if self._named:
            cases = " ".join(
                f"when {literal(named.name)} then {named.written(self._w(i))}"
                for i, named in enumerate(self._named)
            )
            value = f"case {self._names} {cases} end"
        yield f"{value} as v{self.number}"

    def failures(self, start: str | None) -> Iterator[str]:
        """Gives the reason code (f).

        Args:
            start: The value that this one must not lie before.
        """
        if not self.column.can_fail:
            return
        value = f"v{self.number}"
        origin = f"o{self.number}" if self.column.origin_failure_sql else None
        failure = self.column.failure_of(
            self._text, value, origin, self._native, self._day, self._bare
        )
        if self._named:
            cases = " ".join(
                f"when {literal(named.name)} then ({self._named_failure(named, self._w(i))})"
                for i, named in enumerate(self._named)
            )
            failure = f"coalesce({failure}, case {self._names} {cases} end)"
        if start is not None and self.column.is_fed:
            is_before = f"{value} < {start}"
            failure = f"coalesce({failure}, case when {is_before} then 'before_start' end)"
        yield f"{failure} as f{self.number}"

    def _named_failure(self, named: ProjectedColumn, value: str) -> str:
        """Gives the reason code of a text that another column says to be a value of a column."""
        # The prefix of ids goes before such a text only when it is written.
        bare = replace(named, id_prefix="")
        native = self._native_of(named)
        return bare.failure_of(self._reading_of(named), value, None, native, self._day)

    @property
    def _text(self) -> str:
        return f"{'p' if self.column.is_read_plain else 't'}{self.number}"

    @property
    def _bare(self) -> str | None:
        return f"m{self.number}" if self.column.is_number else None

    @property
    def _native(self) -> str | None:
        return f"n{self.number}" if self.column.native_sql else None

    @property
    def _day(self) -> str | None:
        return f"d{self.number}" if self.days else None

    @cached_property
    def _named(self) -> tuple[ProjectedColumn, ...]:
        """Gives the columns whose values the text can be."""
        typed_by = self.column.column.typed_by
        if typed_by is None or not self.column.is_fed:
            return ()
        return tuple(_named_columns(self.column, typed_by))

    @property
    def _names(self) -> str:
        """Gives the name of the column that says which of them it is."""
        typed_by = self.column.column.typed_by
        assert typed_by is not None
        return f"p{self.place[typed_by.selector]}"

    @cached_property
    def _readings(self) -> dict[str, list[str]]:
        """Gives how the text is read other than as it is, and the columns that read it so."""
        readings: dict[str, list[str]] = {}
        for named in self._named:
            plain = self._plain_of(named)
            if plain != f"t{self.number}":
                readings.setdefault(plain, []).append(named.name)
        return readings

    def _plain_of(self, named: ProjectedColumn) -> str:
        return replace(named, id_prefix="").plain_of(f"t{self.number}")

    def _reading_of(self, named: ProjectedColumn) -> str:
        plain = self._plain_of(named)
        return self._q([*self._readings].index(plain)) if plain in self._readings else plain

    def _native_of(self, named: ProjectedColumn) -> str | None:
        if self._native is None:
            return None
        return native_of_kind(named.column, self._native, f"t{self.number}")

    def _q(self, i: int) -> str:
        return f"q{self.number}_{i}"

    def _w(self, i: int) -> str:
        return f"w{self.number}_{i}"


def _unit_day(column: ProjectedColumn, number: str) -> str:
    """Gives the day that a column of dates says, over the texts of its row."""
    text = f"{'p' if column.is_read_plain else 't'}{number}"
    value = column.value_of(text, f"n{number}" if column.native_sql else None)
    value = unless_emptied(column, value)
    is_moment = column.column.logical_type == "timestamp"
    return f"cast({local_time(value, column.time_zone) if is_moment else value} as date)"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(map(literal, words))


def _named_columns(column: ProjectedColumn, typed_by: TypedBy) -> list[ProjectedColumn]:
    return [
        ProjectedColumn(
            # Whether a value must be there is said of the text, not of the column it changes.
            named.model_copy(update={"required": False}),
            column.text_sql,
            None,
            column.formats,
            column.time_zone,
            id_prefix=column.id_prefix,
            calendar=column.calendar,
            steps=dict(column.named_steps).get(named.name, ()),
            units=dict(column.named_units).get(named.name, ()),
        )
        for named in typed_by.columns
    ]
