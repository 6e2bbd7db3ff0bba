"""From extract columns as text to typed contract columns: the SQL that a feed compiles to.

Belongs here: matching of headers, the text of each contract column, its cast, and the code of what
is wrong with a value. Does not belong here: reading files, keys and duplicates, messages about
single rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from functools import cached_property

from ingestion.casts import failed_cast_reason, local_time, plain_text, typed_value
from ingestion.contracts import Column, Table, TypedBy
from ingestion.errors import ExtractError
from ingestion.expressions import Expression
from ingestion.feeds import ColumnRule, ExtractedAt, Feed, Formats, UnitStep
from ingestion.lookups import is_ambiguous
from ingestion.mapping_file import NormalizeStep
from ingestion.normalization import normalised, normalised_sql, spelled_sql
from ingestion.raw_ddl import quoted
from ingestion.readers.records import Native
from ingestion.scripts import folded_name, same_letters
from ingestion.shown import HeaderNames, short_name, short_names, without_number
from ingestion.sql_text import cleaned, first_filled, literal
from ingestion.units import reason_in_units, value_in_units

TEXT_PREFIX = "_text_"
VALUE_PREFIX = "_value_"
FAILURE_PREFIX = "_failure_"
FAILED_COLUMN = "_failed_column"
FAILED_REASON = "_failed_reason"
EMPTIED = "_emptied"
EXTRACTED_AT = "_extracted_at_value"
PASSED_OVER = "passed_over"
BLANK = "blank"
NO_RECORDS = f"('{PASSED_OVER}', '{BLANK}')"
CONDITION = "where"

# What would compute a part of an expression before the `try` that guards it.
LIFTING_OPTIMIZERS = "common_subexpressions,in_clause"
# As spreadsheets and data frames leave an id that they took for a number.
_ROUNDED_ID = r"[+-]?\d(\.\d+)?[eE]\+\d{2,}"
_NO_IDS = ("nan", "NaN")
_JSON_VALUES = "('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE', 'BOOLEAN')"
_ERROR_CELLS = (
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
    "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#GETTING_DATA",
)  # fmt: skip
_NEVER = 2099
# People were hired before the company's calendar begins, and retire after it; what a table says may
# hold from long ago. There only what cannot be meant is told.
_WIDE = (date(1900, 1, 1), date(2199, 12, 31))
_HOLDS = ("effective_", "valid_", "rate_date")
# Above this a name that differs is taken for a slip of the pen, not for another column.
_SLIP = 0.85


@dataclass(frozen=True)
class ProjectedColumn:
    """How one contract column is made from the text relation.

    Args:
        column: The contract column.
        text_sql: VARCHAR over the text relation: the value as mapped, trimmed, before its cast;
            NULL where the cell is empty.
        origin_failure_sql: Reason code or NULL over the text relation: the text cannot be made.
        formats: How the text is written.
        time_zone: Zone of times without an offset.
        source: Extract column that the value is taken from, if it is a single one.
        id_prefix: What goes before ids, where the text may be one.
        native_sql: Boolean over the text relation: the cell holds a value that is no text, so that
            no format has to explain it; None where that is so of no cell.
        largest_exact: The largest whole number that such a cell knows exactly; None for any.
        is_made_key: Whether the text is a key made of names, which no spreadsheet can damage.
        calendar: First and last day that a date can have; None for any.
        can_be_endless: Whether a date far ahead says that something does not end.
        inputs: Extract columns that an expression makes the text of.
        steps: By what its spelling is normalised, on the way from the text to the value.
        named_steps: The same of the columns whose values it holds, by their names.
        spelling_sql: VARCHAR over the text relation: the names as the file spells them, where the
            text is a key made of names.
        units: What its numbers are multiplied by, in order of time.
        named_units: The same of the columns whose values it holds, by their names.
        units_by: Contract columns of which the first that is filled says the day of the unit.
        is_emptied: Whether a value that cannot be used is left empty, and its record kept.
    """

    column: Column
    text_sql: str
    origin_failure_sql: str | None
    formats: Formats
    time_zone: str
    source: str | None = None
    id_prefix: str = ""
    native_sql: str | None = None
    largest_exact: int | None = None
    is_made_key: bool = False
    calendar: tuple[date, date] | None = None
    can_be_endless: bool = True
    inputs: tuple[str, ...] = ()
    steps: tuple[NormalizeStep, ...] = ()
    named_steps: tuple[tuple[str, tuple[NormalizeStep, ...]], ...] = ()
    spelling_sql: str | None = None
    units: tuple[UnitStep, ...] = ()
    named_units: tuple[tuple[str, tuple[UnitStep, ...]], ...] = ()
    units_by: tuple[str, ...] = ()
    is_emptied: bool = False

    @property
    def name(self) -> str:
        """Name of the contract column."""
        return self.column.name

    @property
    def value_sql(self) -> str:
        """Typed value over the text relation; NULL where the text is empty or cannot be cast."""
        return self.value_of(self.plain_of(self.text_sql), self.native_sql)

    @property
    def failure_sql(self) -> str:
        """Reason code over the text relation; NULL where nothing is wrong."""
        plain = self.plain_of(self.text_sql)
        return self.failure_of(plain, self.value_sql, self.origin_failure_sql, self.native_sql)

    @property
    def is_read_plain(self) -> bool:
        """Whether its cast does not read the text as it is."""
        return self.plain_of("t") != "t"

    def plain_of(self, text: str) -> str:
        """Gives the text as its cast reads it, as SQL over the SQL of the text."""
        plain = plain_text(self.column, text)
        if self.steps:
            prefix = self.id_prefix if self.column.is_prefixed_id else ""
            spelled = spelled_sql(self.column, text, self.steps, prefix)
            plain = f"case when {_shows_error(text, prefix)} then {text} else {spelled} end"
        return plain if plain == text else f"({plain})"

    def value_of(self, text: str, is_native: str | None = None, day: str | None = None) -> str:
        """Gives the typed value as SQL over the SQL of the plain text.

        Args:
            text: The plain text.
            is_native: Whether the text is that of a value which was no text.
            day: The day that says which of several units holds.
        """
        read = self._read(text, self.formats, day)
        if is_native is None or self.formats == Formats():
            return read
        return f"case when {is_native} then {self._read(text, Formats(), day)} else {read} end"

    def _read(self, text: str, formats: Formats, day: str | None) -> str:
        if self.units:
            return value_in_units(self.column, text, formats, self.units, day)
        return typed_value(self.column, text, formats, self.time_zone)

    def _why_unread(self, text: str, formats: Formats, day: str | None) -> str:
        if self.units:
            return reason_in_units(self.column, text, formats, self.units, day)
        return failed_cast_reason(self.column, text, formats)

    def written(self, value: str) -> str:
        """Gives a typed value written as SQL writes it, so that any engine casts it back."""
        text = f"cast({value} as varchar)"
        prefixed = self.id_prefix and self.column.is_prefixed_id
        return f"{literal(self.id_prefix)} || {text}" if prefixed else text

    def failure_of(
        self,
        text: str,
        value: str,
        origin_failure: str | None,
        is_native: str | None = None,
        day: str | None = None,
    ) -> str:
        """Gives the reason code as SQL over that of the plain text, the value and the first code.

        The cheap question whether anything is wrong comes first; what it is, is asked of the few
        rows where something is.
        """
        branches: list[tuple[str, str]] = []
        if origin_failure is not None:
            branches.append((f"{origin_failure} is not null", origin_failure))
        if self.column.required:
            branches.append((f"{text} is null", "'required_missing'"))
        if self.column.logical_type != "string":
            reason = self._why_unread(text, self.formats, day)
            branches.append((f"{value} is null and {_shows_error(text, '')}", "'error_cell'"))
            if is_native is not None and self.formats != Formats():
                native = self._why_unread(text, Formats(), day)
                reason = f"case when {is_native} then {native} else {reason} end"
            branches.append((f"{value} is null and {text} is not null", reason))
        else:
            branches.extend(self._damages(text, is_native))
        if self.calendar is not None and self.column.logical_type in {"date", "timestamp"}:
            outside = _is_outside(
                self.column, value, self.calendar, self.time_zone, self.can_be_endless
            )
            branches.append((outside, "'date_outside_calendar'"))
        branches.extend(_rule_failures(self.column, value))
        if not branches:
            return "cast(null as varchar)"
        cases = " ".join(f"when {condition} then {code}" for condition, code in branches)
        return f"case {cases} end"

    def _damages(self, text: str, is_native: str | None) -> Iterator[tuple[str, str]]:
        """Gives (condition, reason code as SQL) of texts that no source system holds."""
        prefix = self.id_prefix if self.column.is_prefixed_id else ""
        if self.column.is_identity and not self.is_made_key:
            words = ", ".join(literal(prefix + word) for word in _NO_IDS)
            form = literal(re.escape(prefix) + _ROUNDED_ID)
            rounded = f"(contains({text}, 'E+') or contains({text}, 'e+'))"
            yield f"{rounded} and regexp_full_match({text}, {form})", "'damaged_id'"
            yield f"{text} in ({words})", "'damaged_id'"
            if is_native is not None and self.largest_exact is not None:
                bare, most = f"substr({text}, {len(prefix) + 1})", self.largest_exact
                # Not by its absolute value, which the least of such numbers does not have.
                is_beyond = f"try_cast({bare} as hugeint) not between -{most} and {most}"
                # Beyond 38 digits there is no number to compare.
                is_beyond = f"({is_beyond} or regexp_full_match({bare}, '[+-]?\\d{{39,}}'))"
                yield f"{is_native} and {is_beyond}", "'damaged_id'"
        yield _shows_error(text, prefix), "'error_cell'"


@dataclass(frozen=True)
class Projection:
    """A feed compiled for one header.

    Args:
        columns: One per contract column, in the contract's order.
        used: Extract columns that the mapping reads.
        unmapped: Extract columns that no feed of the file reads.
        extracted_at: Time of each record, where the mapping takes it from a column.
        absent: Contract columns that are mapped, but to extract columns that this file lacks.
        blank_sql: Boolean over the text relation: no cell of the record holds anything; None for
            records that cannot be blank.
        unread_sql: VARCHAR over the text relation: the first cell that the mapping does not use and
            that holds anything; None where it uses all.
        condition_sql: Boolean over the text relation: whether the record is meant at all; None
            where all are. It may raise.
        made: What is made of the text relation for several uses; see `made_sql`.
    """

    columns: tuple[ProjectedColumn, ...]
    used: tuple[str, ...]
    unmapped: tuple[str, ...]
    extracted_at: ProjectedColumn | None = None
    absent: tuple[str, ...] = ()
    blank_sql: str | None = None
    unread_sql: str | None = None
    condition_sql: str | None = None
    made: tuple[tuple[str, ...], ...] = ()

    def made_sql(self, relation: str) -> str:
        """Gives one SELECT of the text relation and of what is made of it for several uses.

        What is said to be SQL over the text relation is over this.

        Args:
            relation: Name (or bracketed query) of the text relation.
        """
        return _layered(f"select * from {relation}", self.made)

    def select_sql(self, relation: str, carry: Iterable[str] = ()) -> str:
        """Gives one SELECT that computes texts, values and failures of every record.

        Each step reads the columns of the one below it, so that no text is made twice. The result
        has, after the carried columns, for each contract column `x`: `x` (typed value),
        `_text_x` (VARCHAR as mapped) and `_failure_x` (reason code or NULL); then the first
        contract column that failed as `_failed_column` and its code as `_failed_reason`, both NULL
        for a good record; whether values were left empty for what is wrong with them as
        `_emptied`; and `_extracted_at_value` (UTC) where records say their time. The code
        of a record that is none is `passed_over`, or `blank` where no cell that the mapping uses
        holds anything. What is not selected from it is not computed.

        Args:
            relation: Name (or bracketed query) of the text relation.
            carry: SQL of its columns to hand through unchanged.
        """
        carried = [*carry]
        every = [*self.columns, *([self.extracted_at] if self.extracted_at else [])]
        typed_by = (c.column.typed_by for c in self.columns)
        selectors = {each.selector for each in typed_by if each is not None}
        place = {c.name: str(i) for i, c in enumerate(self.columns)}
        rows = [
            _InRow(
                column,
                str(i),
                place,
                is_plain_made=column.is_read_plain or column.name in selectors,
                days=tuple((self.columns[int(place[by])], place[by]) for by in column.units_by),
            )
            for i, column in enumerate(every)
        ]
        texts = [*carried, *(part for row in rows for part in row.texts()), *self._meant()]
        query = _layered(
            f"select {', '.join(texts)} from ({self.made_sql(relation)})",
            (
                [part for row in rows for part in row.plain()],
                [part for row in rows for part in row.readings()],
                [part for row in rows for part in row.named_values()],
                [row.value() for row in rows],
                [row.failure(self._start(row.column, place)) for row in rows],
            ),
        )
        names = [row.number for row in rows]
        return f"select {', '.join([*carried, *self._outcome(names)])} from ({query})"

    def _start(self, column: ProjectedColumn, place: Mapping[str, str]) -> str | None:
        """Gives the SQL of the value that a column must not lie before."""
        name = column.column.not_before
        if name is None:
            return None
        return _unless_emptied(self.columns[int(place[name])], f"v{place[name]}")

    def _meant(self) -> Iterator[str]:
        """Gives whether a record is blank, and a list of whether it is meant; NULL if it fails."""
        if self.blank_sql is not None:
            yield f"{self.blank_sql} as is_blank"
        if self.condition_sql is not None:
            yield f"try([cast({self.condition_sql} as boolean)]) as is_meant"

    def _outcome(self, names: list[str]) -> list[str]:
        """Gives the final columns over the numbered ones."""
        columns = [*self.columns, *([self.extracted_at] if self.extracted_at else [])]
        fatal = [(n, c) for n, c in zip(names, columns, strict=True) if not c.is_emptied]
        failed = " ".join(f"when f{n} is not null then {literal(c.name)}" for n, c in fatal)
        reasons = ", ".join(f"f{n}" for n, _ in fatal)
        outcome = [
            f"{f'case when f{n} is null then v{n} end' if c.is_emptied else f'v{n}'} "
            f"as {quoted(c.name)}"
            for n, c in zip(names, self.columns, strict=False)
        ]
        outcome += [
            f"t{n} as {quoted(TEXT_PREFIX + c.name)}"
            for n, c in zip(names, self.columns, strict=False)
        ]
        outcome += [
            f"f{n} as {quoted(FAILURE_PREFIX + c.name)}"
            for n, c in zip(names, self.columns, strict=False)
        ]
        codes = []
        if self.blank_sql is not None:
            codes.append(f"when is_blank then '{BLANK}'")
        if self.condition_sql is not None:
            not_meant = "is_meant is not null and not coalesce(is_meant[1], false)"
            codes.append(f"when {not_meant} then '{PASSED_OVER}'")
            codes.append("when is_meant is null then 'expression_failed'")
            failed = f"when is_meant is null then {literal(CONDITION)} {failed}"
        code = f"coalesce({reasons}, null)"
        code = f"case {' '.join(codes)} else {code} end" if codes else code
        outcome += [f"{code} as {FAILED_REASON}"]
        column = f"case {failed} end"
        if codes:
            column = f"case when ({code}) in {NO_RECORDS} then null else {column} end"
        outcome += [f"{column} as {FAILED_COLUMN}"]
        emptied = [f"f{n} is not null" for n, c in zip(names, columns, strict=True) if c.is_emptied]
        outcome += [f"{' or '.join(emptied) or 'false'} as {EMPTIED}"]
        if self.extracted_at is not None:
            outcome += [f"v{names[-1]} as {EXTRACTED_AT}"]
        return outcome

    @property
    def passes_over(self) -> bool:
        """Whether any record can be none."""
        return self.blank_sql is not None or self.condition_sql is not None


def _layered(query: str, layers: Iterable[Sequence[str]]) -> str:
    """Gives a query with further columns, each layer of which may read those below it."""
    for layer in layers:
        query = f"select *, {', '.join(layer)} from ({query})" if layer else query
    return query


def _is_outside(
    column: Column,
    value: str,
    calendar: tuple[date, date],
    zone: str,
    can_be_endless: bool = True,
) -> str:
    """Gives the condition that a date lies outside a calendar.

    The first or last day of a year far ahead is how programs write that something does not end.
    """
    first, last = calendar
    # Of most values the day in UTC, which is known at once, lies inside already.
    near = f"cast({value} as date) not between date '{first}' and date '{last}'"
    day = (
        f"cast({local_time(value, zone)} as date)" if column.logical_type == "timestamp" else value
    )
    if not can_be_endless:
        return f"{near} and {day} not between date '{first}' and date '{last}'"
    never_ends = f"year({day}) >= {_NEVER} and (dayofyear({day}) = 1 or dayofyear({day} + 1) = 1)"
    return f"{near} and {day} not between date '{first}' and date '{last}' and not ({never_ends})"


def _unless_emptied(column: ProjectedColumn, value: str) -> str:
    """Gives a date as it is landed: NULL where it lies outside the calendar and is left empty."""
    if not column.is_emptied or column.calendar is None:
        return value
    outside = _is_outside(column.column, value, column.calendar, column.time_zone)
    return f"(case when not ({outside}) then {value} end)"


def _calendar_of(table: Table, column: str, calendar: tuple[date, date]) -> tuple[date, date]:
    is_wide = table.source != "crm" or column.startswith(_HOLDS)
    if not is_wide:
        return calendar
    return min(calendar[0], _WIDE[0]), max(calendar[1], _WIDE[1])


def _native_of_kind(column: Column, condition: str, text: str) -> str:
    """Narrows the condition of values that are no text to those of the column's own kind."""
    if column.logical_type == "boolean":
        return f"({condition}) and {text} in ('true', 'false')"
    if column.logical_type in {"date", "timestamp"}:
        return f"({condition}) and substr({text}, 5, 1) = '-'"
    return condition


def _json_kind(json: str, path: str) -> str:
    # A cell that is no JSON has none; the value itself says that it is wrong.
    return f"try(json_type({json}, {literal(path)}))"


def _shows_error(text: str, prefix: str) -> str:
    errors = ", ".join(literal(prefix + error) for error in _ERROR_CELLS)
    return f"prefix({text}, {literal(prefix + '#')}) and {text} in ({errors})"


@dataclass(frozen=True)
class _InRow:
    """One column in the layers of a SELECT, each of which reads the columns of those below it.

    A name stands for what was made once: were its SQL written wherever it is used, the history of
    a wide table would be a statement of megabytes, which takes longer to understand than most
    extracts take to land.

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

    def named_values(self) -> Iterator[str]:
        """Gives the value of each column that can be named, where it is."""
        for i, named in enumerate(self._named):
            value = named.value_of(self._reading_of(named), self._native_of(named), self._day)
            is_named = f"{self._names} = {literal(named.name)}"
            yield f"case when {is_named} then {value} end as {self._w(i)}"

    def value(self) -> str:
        """Gives the typed value (v)."""
        if not self._named:
            value = self.column.value_of(self._text, self._native, self._day)
            return f"{value} as v{self.number}"
        cases = " ".join(
            f"when {literal(named.name)} then {named.written(self._w(i))}"
            for i, named in enumerate(self._named)
        )
        return f"case {self._names} {cases} end as v{self.number}"

    def failure(self, start: str | None) -> str:
        """Gives the reason code (f).

        Args:
            start: The value that this one must not lie before.
        """
        value = f"v{self.number}"
        origin = f"o{self.number}" if self.column.origin_failure_sql else None
        failure = self.column.failure_of(self._text, value, origin, self._native, self._day)
        if self._named:
            cases = " ".join(
                f"when {literal(named.name)} then ({self._named_failure(named, self._w(i))})"
                for i, named in enumerate(self._named)
            )
            failure = f"coalesce({failure}, case {self._names} {cases} end)"
        if start is not None:
            is_before = f"{value} < {start}"
            failure = f"coalesce({failure}, case when {is_before} then 'before_start' end)"
        return f"{failure} as f{self.number}"

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
    def _native(self) -> str | None:
        return f"n{self.number}" if self.column.native_sql else None

    @property
    def _day(self) -> str | None:
        return f"d{self.number}" if self.days else None

    @cached_property
    def _named(self) -> tuple[ProjectedColumn, ...]:
        """Gives the columns whose values the text can be."""
        typed_by = self.column.column.typed_by
        return tuple(_named_columns(self.column, typed_by)) if typed_by is not None else ()

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
        return _native_of_kind(named.column, self._native, f"t{self.number}")

    def _q(self, i: int) -> str:
        return f"q{self.number}_{i}"

    def _w(self, i: int) -> str:
        return f"w{self.number}_{i}"


def _unit_day(column: ProjectedColumn, number: str) -> str:
    """Gives the day that a column of dates says, over the texts of its row."""
    text = f"{'p' if column.is_read_plain else 't'}{number}"
    value = column.value_of(text, f"n{number}" if column.native_sql else None)
    value = _unless_emptied(column, value)
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


def project(
    feed: Feed,
    table: Table,
    header: Sequence[str],
    text_columns: Mapping[str, str],
    *,
    native: Mapping[str, Native] | None = None,
    calendar: tuple[date, date] | None = None,
    partial: bool = False,
    read_elsewhere: frozenset[str] = frozenset(),
) -> Projection:
    """Compiles a feed for the header of one file.

    Args:
        feed: The feed.
        table: The contract table that it feeds.
        header: Names of the extract's columns in order.
        text_columns: SQL of the VARCHAR column of each extract column in the text relation.
        native: Columns of the text relation that hold values which were no text.
        calendar: First and last day of the company's calendar, if dates are held against it.
        partial: Whether to do without what a header lacks instead of refusing it, for a preview.
        read_elsewhere: Extract columns that other feeds of the file read.

    Raises:
        ExtractError: A column stands twice in the header, or one that the mapping needs is absent.
    """
    found = _Header(feed, table, header)
    _check_duplicates(found, table)
    rules, absent = found.rules(table, partial=partial)
    made = _Made()
    cells = _Cells(text_columns, native or {}, made)
    projected = (
        _projected(feed, column, rules.get(column.name), found, cells) for column in table.columns
    )
    columns = tuple(
        replace(column, calendar=calendar and _calendar_of(table, column.name, calendar))
        for column in projected
    )
    extracted_at = _extracted_at(feed, table, columns, found, cells)
    if extracted_at is not None:
        # What an extract tells of has been, and beyond the year 9999 there is no time to note.
        extracted_at = replace(extracted_at, calendar=calendar, can_be_endless=False)
    condition = _condition(feed, found, cells)
    used = tuple(name for name in header if name in found.used)
    is_blank = (
        None if feed.inline or feed.unpivot else _is_blank(text_columns[name] for name in used)
    )
    unread = first_filled(text_columns[name] for name in header if name not in found.used)
    elsewhere = {folded_name(name) for name in read_elsewhere}
    if feed.unpivot is not None:
        # What unpivot makes is no column of the file, and need not be read.
        elsewhere |= {folded_name(name) for name in (feed.unpivot.name, *feed.unpivot.groups)}
    unmapped = tuple(
        name for name in header if name not in found.used and folded_name(name) not in elsewhere
    )
    if not partial:
        _check_unmapped(feed, table, rules, unmapped)
    return Projection(
        columns,
        used,
        unmapped,
        extracted_at,
        absent,
        is_blank,
        unread,
        condition,
        tuple(made.layers()),
    )


def _condition(feed: Feed, header: _Header, cells: _Cells) -> str | None:
    """Gives the SQL of whether a record is meant at all; an empty cell is no record."""
    meant = _where(feed, header, cells)
    if feed.unpivot is None:
        return meant
    value = header.find(feed.unpivot.value)
    assert value is not None
    filled = f"{cells.cleaned(value, feed.formats)} is not null"
    return filled if meant is None else f"case when {filled} then ({meant}) else false end"


def _where(feed: Feed, header: _Header, cells: _Cells) -> str | None:
    """Gives the SQL of the feed's `where`."""
    if feed.condition is None:
        return None
    lacking = [name for name in feed.condition.columns if header.find(name) is None]
    if lacking:
        free = [name for name in header.header if name not in header.used]
        raise ExtractError(
            f"the extract lacks the column '{lacking[0]}'{header.names.hint(lacking[0], free)}, "
            f"which `where` asks for ({feed.where}); without it nobody can tell which records are "
            "meant"
        )
    return feed.condition.sql(_cells_of(feed.condition, feed.formats, header, cells))


def _cells_of(
    expression: Expression, formats: Formats, header: _Header, cells: _Cells
) -> dict[str, str]:
    """Gives the SQL of the cells that an expression reads; a word for nothing is NULL there."""
    named = {name: header.find(name) for name in expression.columns}
    sql = {name: cells.texts[found] for name, found in named.items() if found is not None}
    words = ", ".join(literal(word) for word in formats.null_words)
    if not words:
        return sql
    return {name: f"case when trim({c}) not in ({words}) then {c} end" for name, c in sql.items()}


def _is_blank(texts: Iterable[str]) -> str | None:
    """Gives the condition that no cell of a record holds anything."""
    cells = first_filled(texts)
    return f"{cells} is null" if cells else None


class _Header:
    """Finds extract columns in a header and notes which of them were asked for."""

    def __init__(self, feed: Feed, table: Table, header: Sequence[str]) -> None:
        self.feed = feed
        self.header = header
        known = (name for rule in feed.columns or () for name in rule.extract_columns)
        self.names = HeaderNames(table, known, header)
        self.used: set[str] = set()
        folded: dict[str, list[str]] = {}
        for name in header:
            folded.setdefault(folded_name(name), []).append(name)
        self._folded = folded

    def find(self, name: str) -> str | None:
        """Gives the header's spelling of a column.

        That is the exact one, or else the only one that differs in case, blanks or keyboard.
        """
        if name in self.header:
            found = name
        else:
            similar = self._folded.get(folded_name(name), [])
            found = similar[0] if len(similar) == 1 else None
        if found is not None:
            self.used.add(found)
        return found

    def rules(
        self, table: Table, *, partial: bool
    ) -> tuple[dict[str, ColumnRule], tuple[str, ...]]:
        """Gives the rules of contract columns that this file can feed, and the other columns."""
        if self.feed.columns is None:
            rules = _same_names(self.feed, table)
        else:
            rules = list(self.feed.columns)
        missing = [(rule, name) for rule in rules for name in rule.extract_columns]
        missing = [(rule, name) for rule, name in missing if self.find(name) is None]
        absent = dict.fromkeys(rule.column for rule, _ in missing)
        needed = [
            (rule, name)
            for rule, name in missing
            if table.column(rule.column).required or not self._may_lack(rule)
        ]
        if needed and not partial:
            raise ExtractError(self._lacking(needed))
        usable = {rule.column: rule for rule in rules if rule.column not in absent}
        return usable, tuple(absent)

    def _may_lack(self, rule: ColumnRule) -> bool:
        """JSON writers leave out keys that hold nothing; other formats keep the column."""
        if rule.optional is not None:
            return rule.optional
        return rule.path is not None or self.feed.format in {"json", "jsonl"}

    def _lacking(self, needed: list[tuple[ColumnRule, str]]) -> str:
        free = [name for name in self.header if name not in self.used]
        names = dict.fromkeys(name for _, name in needed)
        missing = ", ".join(f"'{name}'{self.names.hint(name, free)}" for name in names)
        where = needed[0][0].where
        return (
            f"the extract lacks the column {missing}; {self.names.all()}. Put the column back, or "
            f"change the mapping ({where})"
        )


def _same_names(feed: Feed, table: Table) -> list[ColumnRule]:
    return [
        ColumnRule(
            column=column.name,
            where=feed.where,
            from_column=column.name,
            optional=not column.required,
            formats=feed.formats,
        )
        for column in table.columns
    ]


def _check_duplicates(found: _Header, table: Table) -> None:
    """Refuses names that stand twice where one of them is asked for.

    Readers tell columns of one name apart by a number.
    """
    feed = found.feed
    if feed.columns is None:
        asked = set(table.column_names)
    else:
        asked = {name for rule in feed.columns for name in rule.extract_columns}
        # A name that is written exactly so is found, whatever else looks like it.
        asked -= set(found.header)
    condition = set(feed.condition.columns if feed.condition else ()) - set(found.header)
    asked = {folded_name(name) for name in asked | condition}
    places: dict[str, list[int]] = {}
    for position, name in enumerate(found.header, start=1):
        places.setdefault(folded_name(without_number(name)), []).append(position)
    for name, positions in places.items():
        if len(positions) > 1 and name in asked:
            first = without_number(found.header[positions[0] - 1])
            told = found.names.one(first, positions[0])
            raise ExtractError(
                f"{told} stands {len(positions)} times in the header (columns "
                f"{', '.join(map(str, positions[:20]))}), so it is not certain which one "
                f"{feed.full_name} should take; rename or remove the others, or name the one that "
                "is meant in the mapping: '…#1', '…#2'"
            )


def _check_unmapped(
    feed: Feed, table: Table, rules: Mapping[str, ColumnRule], unmapped: tuple[str, ...]
) -> None:
    if unmapped and feed.unmapped == "refuse":
        raise ExtractError(
            f"the mapping uses no column {_told(unmapped, table)}, and {feed.where} says "
            "`unmapped: refuse`; map the columns or drop that line"
        )
    if feed.columns is None and feed.unmapped == "report" and feed.inline is None:
        _check_slips(feed, table, rules, unmapped)


def _told(names: Sequence[str], table: Table) -> str:
    if table.has_masked_columns:
        return f"of {len(names):,} (their names are not shown, as they may be personal data)"
    return short_names([repr(name) for name in names])


def _check_slips(
    feed: Feed, table: Table, rules: Mapping[str, ColumnRule], unmapped: tuple[str, ...]
) -> None:
    """Refuses a header with a column that looks like a renamed one.

    Where names are expected to agree, a renamed optional column would otherwise empty that column
    for every row without a word.
    """
    absent = [column.name for column in table.columns if column.name not in rules]
    for name in unmapped:
        similar = get_close_matches(folded_name(name).replace(" ", "_"), absent, n=1, cutoff=_SLIP)
        if similar:
            raise ExtractError(
                f"the extract has a column '{short_name(name)}', which {table.full_name} does "
                f"not know, and lacks '{similar[0]}'. Rename it; or, if it is something else, use "
                f"a mapping that says `unmapped: ignore` (now {feed.where})"
            )


class _Made:
    """What is made of cells once, however often it is used, in layers of a SELECT.

    Were its SQL written at every use, a text that is cleaned, spelled, recoded and explained would
    be written hundreds of times, and DuckDB, which may not look for what such parts have in common
    (see `LIFTING_OPTIMIZERS`), would compute it as often.
    """

    def __init__(self) -> None:
        self._layers: list[dict[str, str]] = []
        self._depths: dict[str, int] = {}

    def once(self, sql: str, *parts: str) -> str:
        """Gives the name of what is computed once.

        Args:
            sql: The SQL.
            parts: The names among it of what was made before.
        """
        depth = 1 + max((self._depths.get(part, -1) for part in parts), default=-1)
        if depth == len(self._layers):
            self._layers.append({})
        layer = self._layers[depth]
        name = layer.setdefault(sql, f"_made_{depth}_{len(layer)}")
        self._depths[name] = depth
        return name

    def layers(self) -> Iterator[tuple[str, ...]]:
        """Gives the columns of each layer, the lowest first."""
        for layer in self._layers:
            yield tuple(f"{sql} as {name}" for sql, name in layer.items())


@dataclass(frozen=True)
class _Cells:
    """The cells of the text relation.

    Args:
        texts: SQL of the VARCHAR column of each extract column.
        native: Which of these hold values that were no text.
        made: What was made of them.
    """

    texts: Mapping[str, str]
    native: Mapping[str, Native]
    made: _Made

    def cleaned(self, name: str, formats: Formats) -> str:
        """Gives the cell of an extract column without blanks; NULL where it holds nothing."""
        return self.made.once(cleaned(self.texts[name], formats.null_words))

    def native_of(self, name: str) -> Native | None:
        """Tells where the cells of an extract column are no text."""
        return self.native.get(self.texts.get(name, ""))


def _projected(
    feed: Feed, column: Column, rule: ColumnRule | None, header: _Header, cells: _Cells
) -> ProjectedColumn:
    if rule is None:
        return ProjectedColumn(column, "cast(null as varchar)", None, feed.formats, feed.time_zone)
    formats = _formats(rule)
    steps = feed.steps_of(column.name)
    text, failure = _origin(rule, formats, header, cells, steps)
    source = header.find(rule.from_column) if rule.from_column is not None else None
    native, largest_exact = _native(column, rule, text, header, cells)
    if formats.duration:
        # What a workbook shows as a clock comes as one, and a plain number says no duration.
        native = None
    if rule.recode is not None:
        recoded, failure = _recoded(rule, text, failure, steps, cells.made)
        # What the mapping puts in place of a value is text.
        native = f"({native}) and ({recoded}) is not distinct from ({text})" if native else None
        text = recoded
    if feed.id_prefix and column.is_prefixed_id:
        text = f"{literal(feed.id_prefix)} || {text}"
    return ProjectedColumn(
        column,
        f"({text})",
        failure,
        formats,
        feed.time_zone,
        source,
        feed.id_prefix,
        native,
        largest_exact,
        is_made_key=bool(rule.key_of),
        inputs=tuple(
            found
            for name in (rule.expression.columns if rule.expression else ())
            if (found := header.find(name)) is not None
        ),
        steps=value_steps(feed, column, rule),
        named_steps=_named_steps(feed, column),
        spelling_sql=_spelling(rule, header, cells),
        units=rule.units,
        named_units=rule.named_units,
        units_by=rule.units_by,
        is_emptied=rule.on_invalid == "null",
    )


def value_steps(feed: Feed, column: Column, rule: ColumnRule) -> tuple[NormalizeStep, ...]:
    """Gives the steps by which the values of a column are normalised, and not only compared.

    Names and other texts stay as they are written, unless the mapping declares it for them.
    """
    is_normalised = column.is_identity or column.enum or rule.normalize is not None
    is_text = column.logical_type == "string"
    return feed.steps_of(column.name) if is_text and is_normalised else ()


def _named_steps(feed: Feed, column: Column) -> tuple[tuple[str, tuple[NormalizeStep, ...]], ...]:
    named = column.typed_by.columns if column.typed_by is not None else ()
    return tuple((each.name, feed.steps_of(column.name, each.name)) for each in named)


def _spelling(rule: ColumnRule, header: _Header, cells: _Cells) -> str | None:
    """Gives the SQL of the names of which a key is made, as the file spells them."""
    found = [header.find(name) for name in rule.key_of]
    texts = ", ".join(f"trim({cells.texts[name]})" for name in found if name is not None)
    return f"concat_ws('|', {texts})" if texts else None


def _native(
    column: Column, rule: ColumnRule, text: str, header: _Header, cells: _Cells
) -> tuple[str | None, int | None]:
    """Gives the condition that a cell holds a value of the column's own kind, and no text.

    A number in a column of dates or booleans is none: 20260304 is a date by a format only. The
    second is the largest whole number that such cells know exactly.
    """
    name = header.find(rule.extract_columns[-1]) if rule.is_one_cell else None
    if name is None:
        return None, None
    native = cells.native_of(name)
    if rule.path is not None and rule.path[1]:
        native = Native(
            f"coalesce({_json_kind(cells.texts[name], rule.path[1])} in {_JSON_VALUES}, false)"
        )
    if native is None:
        return None, None
    return _native_of_kind(column, native.condition, text), native.largest_exact


def _formats(rule: ColumnRule) -> Formats:
    """Gives how the rule's text is written: SQL writes numbers, dates and booleans in its own way.

    An expression with a result of such a type must not be read by the formats of the extract, or
    1.234 would become 1234 where the point stands between groups.
    """
    if rule.expression is not None and rule.expression.result_type not in {"VARCHAR", "JSON"}:
        return Formats()
    return Formats() if rule.is_constant else rule.formats


def _origin(
    rule: ColumnRule,
    formats: Formats,
    header: _Header,
    cells: _Cells,
    steps: Sequence[NormalizeStep],
) -> tuple[str, str | None]:
    """Gives the SQL of a rule's text and of the reason why it could not be made."""
    if rule.is_constant:
        return f"cast({literal(rule.constant)} as varchar)", None
    made = cells.made
    if rule.expression is not None:
        inputs = _cells_of(rule.expression, rule.formats, header, cells)
        return _attempted(rule.expression.sql(inputs), formats, made)
    named = {name: header.find(name) for name in rule.extract_columns}
    found = {name: there for name, there in named.items() if there is not None}
    if rule.key_of:
        parts = [cells.cleaned(found[name], formats) for name in rule.key_of]
        spelled = [made.once(normalised_sql(part, steps), part) for part in parts]
        return _key([made.once(_folded(part), part) for part in spelled], made), None
    name = rule.extract_columns[-1]
    cell = cells.texts[found[name]]
    if rule.lookup is not None:
        doubled = f"case when {is_ambiguous(cell)} then 'ambiguous_lookup' end"
        return cells.cleaned(found[name], formats), doubled
    if rule.path is not None and rule.path[1]:
        inner = f"json_extract_string({cell}, {literal(rule.path[1])})"
        # A whole number that was held as a double is the same id as beside other columns.
        is_double = f"{_json_kind(cell, rule.path[1])} = 'DOUBLE'"
        whole = f"regexp_replace({inner}, '\\.0+$', '')"
        return _attempted(f"case when {is_double} then {whole} else {inner} end", formats, made)
    return cells.cleaned(found[name], formats), None


def _attempted(sql: str, formats: Formats, made: _Made) -> tuple[str, str]:
    """Gives the text of an expression that may raise, and the reason if it did.

    A list around the value tells the NULL of an error from the NULL of a result.
    """
    attempt = made.once(f"try([cast({sql} as varchar)])")
    result = made.once(f"{attempt}[1]", attempt)
    failure = (
        f"case when {attempt} is null or contains({result}, chr(0)) then 'expression_failed' end"
    )
    return made.once(cleaned(result, formats.null_words), result), failure


def _folded(part: str) -> str:
    """Gives a part of a key: case, spaces and letters that only look alike do not count."""
    return (
        "replace(replace(nfc_normalize(lower(nullif(trim("
        f"regexp_replace({same_letters(part)}, '[\\s\\p{{Z}}]+', ' ', 'g')), ''))), "
        "'\\', '\\\\'), '|', '\\|')"
    )


def _key(parts: Sequence[str], made: _Made) -> str:
    """Gives a key made of names: parts cannot run together."""
    empty = " and ".join(f"{part} is null" for part in parts)
    joined = " || '|' || ".join(f"coalesce({part}, '')" for part in parts)
    return made.once(f"case when not ({empty}) then {joined} end", *parts)


def _recoded(
    rule: ColumnRule,
    text: str,
    failure: str | None,
    steps: Sequence[NormalizeStep],
    made: _Made,
) -> tuple[str, str | None]:
    """Replaces values; one that is not named is kept, emptied or refused."""
    codes = [(normalised(key, steps), value) for key, value in rule.recode or () if key != ""]
    empty = [value for key, value in rule.recode or () if key == ""]
    cases = " ".join(f"when {literal(key)} then {literal(value)}" for key, value in codes)
    kept = text if rule.otherwise == "keep" else "cast(null as varchar)"
    spelled = made.once(normalised_sql(text, steps), text) if steps else text
    recoded = f"case {spelled} {cases} else {kept} end" if codes else kept
    if empty:
        recoded = f"case when {text} is null then {literal(empty[0])} else {recoded} end"
    recoded = made.once(recoded, spelled, text)
    if rule.otherwise != "quarantine":
        return recoded, failure
    known = ", ".join(literal(key) for key, _ in codes) or "null"
    unknown = f"when {spelled} not in ({known}) then 'not_in_enum'"
    earlier = f"when {failure} is not null then {failure} " if failure else ""
    return recoded, f"case {earlier}{unknown} end"


def _rule_failures(column: Column, value: str) -> list[tuple[str, str]]:
    """Gives (condition, reason code as SQL) of what the contract demands of a value."""
    failures: list[tuple[str, str]] = []
    if column.max_length is not None:
        # Bytes are counted at once and characters slowly; no text has more characters than bytes.
        limit = column.max_length
        failures.append((f"strlen({value}) > {limit} and length({value}) > {limit}", "'too_long'"))
    if column.enum:
        allowed = ", ".join(literal(word) for word in column.enum)
        failures.append((f"{value} not in ({allowed})", "'not_in_enum'"))
    for operator, limit in (
        ("<", column.minimum),
        (">", column.maximum),
        ("<=", column.exclusive_minimum),
    ):
        if limit is not None:
            failures.append((f"{value} {operator} {limit:f}", "'out_of_range'"))
    if column.pattern is not None:
        failures.append(
            (f"not regexp_matches({value}, {literal(column.pattern)})", "'pattern_mismatch'")
        )
    return failures


def _extracted_at(
    feed: Feed,
    table: Table,
    columns: tuple[ProjectedColumn, ...],
    header: _Header,
    cells: _Cells,
) -> ProjectedColumn | None:
    """Gives the time of each record, from a contract column or else an extract column."""
    rule: ExtractedAt | None = feed.extracted_at
    if rule is None or rule.column is None or feed.inline is not None:
        return None
    moment = Column(
        name=rule.column,
        logical_type="timestamp",
        description="Time of the extract.",
        required=True,
    )
    for column in columns:
        if column.name == rule.column:
            return ProjectedColumn(
                moment,
                column.text_sql,
                column.origin_failure_sql,
                column.formats,
                feed.time_zone,
                native_sql=column.native_sql,
            )
    found = header.find(rule.column)
    if found is None:
        free = [name for name in header.header if name not in header.used]
        hint = header.names.hint(rule.column, (*free, *table.column_names))
        raise ExtractError(
            f"the extract lacks the column '{rule.column}'{hint}, which says what time each "
            f"record speaks for (extracted_at in {feed.where})"
        )
    native = cells.native_of(found)
    text = cells.cleaned(found, feed.formats)
    is_native = _native_of_kind(moment, native.condition, text) if native else None
    return ProjectedColumn(
        moment, f"({text})", None, feed.formats, feed.time_zone, found, native_sql=is_native
    )
