"""One contract column as it is made from the text of an extract.

Belongs here: the typed value of a text, and the code of what is wrong with it. Does not belong
here: where the text comes from (`cell_texts`), and the casts themselves (`casts`, `units`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ingestion.casting.casts import (
    bare_number,
    failed_cast_reason,
    local_time,
    plain_text,
    typed_value,
)
from ingestion.casting.reasons import NO_IDS
from ingestion.casting.units import reason_in_units, value_in_units
from ingestion.contracts.tables import Column
from ingestion.mapping.feeds import Formats, UnitStep
from ingestion.mapping.normalization import spelled_sql
from ingestion.mapping.schema import NormalizeStep
from ingestion.text.sql_text import literal

# As spreadsheets and data frames leave an id that they took for a number.
_ROUNDED_ID = r"[+-]?\d(\.\d+)?[eE]\+\d{2,}"
_ERROR_CELLS = (
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
    "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#GETTING_DATA",
)  # fmt: skip
_NEVER = 2099
NO_TEXT = "cast(null as varchar)"


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
        inputs: Extract columns that an expression, or a key of names, makes the text of.
        steps: By what its spelling is normalised, on the way from the text to the value.
        named_steps: The same of the columns whose values it holds, by their names.
        spelling_sql: VARCHAR over the text relation: the names as the file spells them, where the
            text is a key made of names.
        units: What its numbers are multiplied by, in order of time.
        named_units: The same of the columns whose values it holds, by their names.
        units_by: Contract columns of which the first that is filled says the day of the unit.
        is_emptied: Whether a value that cannot be used is left empty, and its record kept.
        attempt_sql: What is computed over the text relation, and raises where it fails; None where
            nothing is.
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
    attempt_sql: str | None = None

    @property
    def name(self) -> str:
        """Name of the contract column."""
        return self.column.name

    @property
    def is_fed(self) -> bool:
        """Whether the mapping fills it: of the others, which are most, nothing has to be asked."""
        return self.text_sql != NO_TEXT

    @property
    def no_value_sql(self) -> str:
        """The value of a column that the mapping does not fill."""
        return f"cast(null as {self.column.sql_type})"

    @property
    def can_fail(self) -> bool:
        """Whether a record can be set aside, or a value emptied, for what it holds."""
        return self.is_fed or self.column.required

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
        if not self.is_fed:
            return text
        plain = plain_text(self.column, text)
        if self.steps:
            prefix = self.id_prefix if self.column.is_prefixed_id else ""
            spelled = spelled_sql(self.column, text, self.steps, prefix)
            plain = f"case when {shows_error(text, prefix)} then {text} else {spelled} end"
        return plain if plain == text else f"({plain})"

    @property
    def is_number(self) -> bool:
        """Whether its cast reads a bare number, which `number_of` makes of the text."""
        is_number = self.column.logical_type in {"integer", "number"}
        return self.is_fed and is_number and not self.formats.duration

    def number_of(self, text: str, is_native: str | None = None) -> str:
        """Gives the bare number as SQL over the SQL of the plain text.

        Args:
            text: The plain text.
            is_native: Whether the text is that of a value which was no text.
        """
        read = bare_number(text, self.formats)
        if is_native is None or self.formats == Formats():
            return read
        return f"case when {is_native} then {bare_number(text, Formats())} else {read} end"

    def value_of(
        self,
        text: str,
        is_native: str | None = None,
        day: str | None = None,
        number: str | None = None,
    ) -> str:
        """Gives the typed value as SQL over the SQL of the plain text.

        Args:
            text: The plain text.
            is_native: Whether the text is that of a value which was no text.
            day: The day that says which of several units holds.
            number: The bare number, where it was made already.
        """
        if not self.is_fed:
            return self.no_value_sql
        read = self._read(self._readable(text, is_native, number), self.formats, day)
        # Of a number the cells that are no text were looked at when it was made bare.
        if self.is_number or is_native is None or self.formats == Formats():
            return read
        return f"case when {is_native} then {self._read(text, Formats(), day)} else {read} end"

    def _readable(self, text: str, is_native: str | None, number: str | None) -> str:
        """Gives what the cast reads: the plain text, or of a number the bare one."""
        if not self.is_number:
            return text
        return number or f"({self.number_of(text, is_native)})"

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
        number: str | None = None,
    ) -> str:
        """Gives the reason code as SQL over that of the plain text, the value and the first code.

        The cheap question whether anything is wrong comes first; what it is, is asked of the few
        rows where something is.
        """
        if not self.is_fed:
            return "'required_missing'" if self.column.required else NO_TEXT
        branches: list[tuple[str, str]] = []
        if origin_failure is not None:
            branches.append((f"{origin_failure} is not null", origin_failure))
        if self.column.required:
            branches.append((f"{text} is null", "'required_missing'"))
        if self.column.logical_type != "string":
            # Why a cell that is no text is not read depends on no format.
            reason = self._why_unread(self._readable(text, is_native, number), self.formats, day)
            branches.append((f"{value} is null and {shows_error(text, '')}", "'error_cell'"))
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
            return NO_TEXT
        cases = " ".join(f"when {condition} then {code}" for condition, code in branches)
        return f"case {cases} end"

    def _damages(self, text: str, is_native: str | None) -> Iterator[tuple[str, str]]:
        """Gives (condition, reason code as SQL) of texts that no source system holds."""
        prefix = self.id_prefix if self.column.is_prefixed_id else ""
        if self.column.is_identity and not self.is_made_key:
            words = ", ".join(literal(prefix + word) for word in NO_IDS)
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
        yield shows_error(text, prefix), "'error_cell'"


def unfed_column(column: Column, formats: Formats, time_zone: str) -> ProjectedColumn:
    """Gives a contract column that the mapping does not fill."""
    return ProjectedColumn(column, NO_TEXT, None, formats, time_zone)


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


def unless_emptied(column: ProjectedColumn, value: str) -> str:
    """Gives a date as it is landed: NULL where it lies outside the calendar and is left empty."""
    if not column.is_emptied or column.calendar is None:
        return value
    outside = _is_outside(column.column, value, column.calendar, column.time_zone)
    return f"(case when not ({outside}) then {value} end)"


def native_of_kind(column: Column, condition: str, text: str) -> str:
    """Narrows the condition of values that are no text to those of the column's own kind."""
    if column.logical_type == "boolean":
        return f"({condition}) and {text} in ('true', 'false')"
    if column.logical_type in {"date", "timestamp"}:
        return f"({condition}) and substr({text}, 5, 1) = '-'"
    return condition


def shows_error(text: str, prefix: str = "") -> str:
    """Gives the condition that a text is what a spreadsheet shows in place of a value.

    Args:
        text: SQL of the text.
        prefix: What the mapping put before it.
    """
    bare = f"substr({text}, {len(prefix) + 1})" if prefix else text
    # One text that is split once: a list of constants is planned anew for each column.
    errors = f"string_split({literal(' '.join(_ERROR_CELLS))}, ' ')"
    return f"prefix({text}, {literal(prefix + '#')}) and list_contains({errors}, {bare})"
