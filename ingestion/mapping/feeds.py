"""Feeds: one way in which extracts fill a contract table, with every option resolved.

Belongs here: the frozen models that landing and projection work with, and the time that a file's
place says. Does not belong here: how these are written in a mapping file (`schema`) and how
they are read from it (`resolution`).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from ingestion.errors import ExtractError
from ingestion.mapping.expressions import Expression
from ingestion.mapping.jalali_names import jalali_time
from ingestion.mapping.schema import (
    Calendar,
    DayIs,
    DurationFormat,
    Encoding,
    FileFormat,
    FinalNewline,
    Kind,
    LookupKind,
    MergedCells,
    Negative,
    NormalizeStep,
    OnConflict,
    OnInvalid,
    Otherwise,
    SkipLinesBlock,
    Unmapped,
)
from ingestion.text.scripts import folded_name

# Inline rows without a time of their own are reference data that has always held.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
# A clock with colons, or as names have it: parts joined by what Windows knows, or not at all. The
# colon of an offset makes sure that it is none of these parts. Day and clock run together where
# both are digits alone, which 12 or 14 of them can only be.
_TIME_IN_NAME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(?:-?\d)?)"
    r"(?:\D|(?<=^\d{8})(?=(?:\d\d){2,3}(?!\d)))"
    r"(?P<clock>\d{6}|\d{4}|\d\d(?::\d\d){1,2}|\d\d(?:[-._]\d\d(?!:)){0,2})"
    r"(?P<rest>(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)?)",
    re.ASCII,
)
_DATE_ALONE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(-?\d)?", re.ASCII)
_ENDS_LIKE_OFFSET = re.compile(r"(?:\d[T _-]\d|\d{12}).*[+-]\d+$")
_OFFSET_HINT = (
    "; an offset is written Z or +02:00 there, and set format (%z is an offset) for another form"
)
# No extract speaks for a time before there were computers.
_FIRST_YEAR = 1900
_HAS_TIME = re.compile(r"%[HIMSfcX]")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)


class Formats(_Frozen):
    """How values are written as text. Empty formats of dates and timestamps mean ISO 8601."""

    calendar: Calendar = "gregorian"
    date: tuple[str, ...] = ()
    timestamp: tuple[str, ...] = ()
    decimal_point: str = "."
    thousands: str = ""
    negative: Negative = "sign"
    strip: tuple[str, ...] = ()
    true_words: tuple[str, ...] = ("true", "t", "yes", "y", "1")
    false_words: tuple[str, ...] = ("false", "f", "no", "n", "0")
    null_words: tuple[str, ...] = ()
    duration: tuple[DurationFormat, ...] = ()


class CsvOptions(_Frozen):
    """How delimited text files are built.

    `without_final_newline` is what to do to the mapping where files end without a line end; it is
    no option and left out of `model_dump`.
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: Encoding = "auto"
    header: bool = True
    columns: tuple[str, ...] = ()
    final_newline: FinalNewline = "required"
    skip_lines: int | SkipLinesBlock = 0
    without_final_newline: str = Field(
        default="set `csv: {final_newline: optional}`", exclude=True, repr=False
    )


class ExtractedAt(_Frozen):
    """The time an extract speaks for; one of constant, pattern and column is set."""

    constant: datetime | None = None
    pattern: str | None = None
    format: str | None = None
    calendar: Calendar = "gregorian"
    day: DayIs = "start"
    optional: bool = False
    column: str | None = None


class Lookup(_Frozen):
    """A value in another file of the folder, found by a key.

    `key` and `value` are columns of that file, `by` those of the records that ask. Spellings that
    `normalize` makes one are one key. The other options say how the file is built.
    """

    files: tuple[str, ...]
    key: tuple[str, ...]
    by: tuple[str, ...]
    value: str
    normalize: tuple[NormalizeStep, ...] = ()
    kind: LookupKind = "full"
    format: FileFormat | None = None
    sheet: str | None = None
    records: str | None = None
    csv: CsvOptions = CsvOptions()

    @property
    def column(self) -> str:
        """Name of the extract column that the value is put into beside the records."""
        files, key, by = " or ".join(self.files), ", ".join(self.key), ", ".join(self.by)
        return f"{self.value} in {files} by {by}" + (f" as {key}" if key != by else "")


class UnitStep(_Frozen):
    """What numbers are multiplied by to be in the contract's unit, and the last day of that.

    The currency is that of which the unit is one, if it is; what a file becomes does not depend on
    it, so a dump, by which extracts are known, goes without.
    """

    factor: Decimal
    until: date | None = None
    currency: str | None = Field(default=None, exclude=True)


class ColumnRule(_Frozen):
    """Where a contract column's values come from, and what is done to them before the cast."""

    column: str
    where: str = Field(exclude=True)
    from_column: str | None = None
    path: tuple[str, str] | None = None
    constant: str | None = None
    is_constant: bool = False
    key_of: tuple[str, ...] = ()
    expression: Expression | None = None
    lookup: Lookup | None = None
    recode: tuple[tuple[str, str | None], ...] | None = None
    otherwise: Otherwise = "keep"
    on_invalid: OnInvalid = "quarantine"
    normalize: tuple[NormalizeStep, ...] | None = None
    units: tuple[UnitStep, ...] = ()
    named_units: tuple[tuple[str, tuple[UnitStep, ...]], ...] = ()
    units_by: tuple[str, ...] = ()
    optional: bool | None = None
    formats: Formats = Formats()

    @property
    def extract_columns(self) -> tuple[str, ...]:
        """Names of the extract columns that the value is made from."""
        if self.from_column is not None:
            return (self.from_column,)
        if self.path is not None:
            return (self.path[0],)
        if self.lookup is not None:
            return (*self.lookup.by, self.lookup_column)
        return self.expression.columns if self.expression is not None else self.key_of

    @property
    def lookup_column(self) -> str:
        """Name of the extract column that a looked-up value is put into, one for each rule."""
        assert self.lookup is not None
        return f"{self.column}: {self.lookup.column}"

    @property
    def is_one_cell(self) -> bool:
        """Whether the value is what stands in one cell, the last of its extract columns."""
        return any(x is not None for x in (self.from_column, self.path, self.lookup))


class Unpivot(_Frozen):
    """Columns of which each cell is a record of its own.

    Either `columns` names them or `pattern` does; `groups` are the names of the pattern's groups,
    and `group_numbers` which of its groups these are. `name` and `value` are what a record calls
    the name of its column and the content of its cell.
    """

    columns: tuple[str, ...] = ()
    pattern: str | None = None
    groups: tuple[str, ...] = ()
    group_numbers: tuple[int, ...] = ()
    name: str = "name"
    value: str = "value"


class InlineRows(_Frozen):
    """Rows that stand in the mapping itself, as text."""

    header: tuple[str, ...]
    records: tuple[tuple[str | None, ...], ...]
    wheres: tuple[str, ...] = Field(exclude=True)


class OtherReader(_Frozen):
    """Another feed of the same mapping, as far as files are concerned.

    Args:
        files: Its globs.
        sheet: What it reads of a workbook.
        is_before: Whether it comes before the feed that knows of it.
        is_masked: Whether its table has personal or pay data.
    """

    files: tuple[str, ...]
    sheet: str | None
    is_before: bool
    is_masked: bool = False


class Feed(_Frozen):
    """One feed of a contract table with every option resolved.

    `columns` is None where extract columns have the contract's names. `condition` is what the
    mapping file calls `where`, which says what records are meant at all; `footer` says what ends
    them. `normalize` has the steps of each contract column whose spelling is not to count, also by
    `column.named` of those that hold values of other columns; it is made of what all columns of the
    mapping declare. What only says where a thing stands in the mapping file is left out of
    `model_dump`, so that a dump changes exactly when the meaning does and can serve as a
    fingerprint. `twin` numbers the feeds of a mapping that read the same for the same table, and
    `is_masked` says whether that table has personal or pay data.
    """

    mapping: str
    where: str = Field(exclude=True)
    source: str
    table: str
    source_system: str
    time_zone: str
    id_prefix: str
    files: tuple[str, ...] = ()
    inline: InlineRows | None = None
    required: bool = False
    format: FileFormat | None = None
    sheet: str | None = None
    merged_cells: MergedCells = "refuse"
    records: str | None = None
    kind: Kind = "full"
    latest_by: tuple[str, ...] = ()
    on_conflict: OnConflict = "refuse"
    max_quarantined: int | float | None = None
    max_deleted: float = 0.5
    allow_empty: bool = False
    unmapped: Unmapped = "report"
    condition: Expression | None = None
    footer: int | str | None = None
    parts: bool = False
    unpivot: Unpivot | None = None
    extracted_at: ExtractedAt | None = None
    formats: Formats = Formats()
    csv: CsvOptions = CsvOptions()
    columns: tuple[ColumnRule, ...] | None = None
    normalize: tuple[tuple[str, tuple[NormalizeStep, ...]], ...] = ()
    beside: tuple[OtherReader, ...] = Field(default=(), exclude=True)
    twin: int = Field(default=0, exclude=True)
    is_masked: bool = Field(default=False, exclude=True)

    def steps_of(self, column: str, named: str | None = None) -> tuple[NormalizeStep, ...]:
        """Gives the steps by which the spelling of a contract column's values is normalised.

        Args:
            column: Name of the contract column.
            named: Of a column that holds values of others, the name of the one that is meant.
        """
        name = f"{column}.{named}" if named else column
        return next((steps for known, steps in self.normalize if known == name), ())

    def reads(self, column: str) -> bool:
        """Tells whether the feed asks for an extract column."""
        return folded_name(column) in map(folded_name, self.extract_columns)

    @property
    def identity(self) -> str:
        """Names the feed, the same after what it makes of its files has changed.

        Several feeds may read one file for one table, and what each landed of it is its own.
        """
        told = [self.mapping, self.source, self.table, self.kind, self.files, self.format]
        told += [self.sheet, self.records, self.twin]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    @property
    def full_name(self) -> str:
        """Name of the table with its source, such as `crm.opportunities`."""
        return f"{self.source}.{self.table}"

    @property
    def lookup_rules(self) -> tuple[ColumnRule, ...]:
        """Columns whose values stand in other files."""
        return tuple(rule for rule in self.columns or () if rule.lookup is not None)

    @property
    def extract_columns(self) -> tuple[str, ...]:
        """Names of the extract columns that it reads, where it does not go by the contract's."""
        names = [name for rule in self.columns or () for name in rule.extract_columns]
        names += self.condition.columns if self.condition is not None else ()
        if self.extracted_at is not None and self.extracted_at.column is not None:
            names.append(self.extracted_at.column)
        return tuple(dict.fromkeys(names))

    def time_of(self, relative_path: str, folder_name: str = "") -> datetime | None:
        """Gives the time that a file speaks for, as far as its place says it.

        Args:
            relative_path: Path of the file relative to the source's folder, with `/`.
            folder_name: Name of the source's folder, searched where the path does not say it.

        Returns:
            The time in UTC, or None where the records or the file's modification time say it.

        Raises:
            ExtractError: The path lacks the pattern that the mapping requires.
        """
        if self.inline is not None:
            given = self.extracted_at
            return given.constant if given and given.constant else ALWAYS
        if self.extracted_at is None or self.extracted_at.column is not None:
            return None
        if self.extracted_at.constant is not None:
            return self.extracted_at.constant
        return self._time_in_path(self.extracted_at, relative_path, folder_name)

    def _time_in_path(
        self, rule: ExtractedAt, relative_path: str, folder_name: str
    ) -> datetime | None:
        pattern = re.compile(rule.pattern or "")
        found = pattern.search(relative_path) or pattern.search(folder_name)
        if found is None or found["time"] is None:
            if rule.optional:
                return None
            raise ExtractError(
                f"{relative_path}: its path does not hold the time that the extract speaks for; "
                f"{self.where} looks for {rule.pattern}. Rename the file, or set "
                "extracted_at: {…, optional: true} to go by modification times"
            )
        is_iso = rule.format is None and rule.calendar == "gregorian"
        try:
            if is_iso and _is_in_doubt(found["time"]):
                raise ValueError(found["time"])
            moment = parsed_time(found["time"], rule.format, rule.day, rule.calendar)
            if moment.year >= _FIRST_YEAR:
                return in_utc(moment, self.time_zone)
            hint = f"; a year such as {moment.year} is Jalali: set calendar: jalali beside pattern"
        except ValueError:
            hint = _OFFSET_HINT if is_iso and _ENDS_LIKE_OFFSET.search(found["time"]) else ""
        form = rule.format or ("a date" if rule.calendar == "jalali" else "ISO 8601")
        calendar = " in the Jalali calendar" if rule.calendar == "jalali" else ""
        raise ExtractError(
            f"{relative_path}: '{found['time']}' in its path is no time of the format "
            f"{form}{calendar} (see extracted_at in {self.where}){hint}"
        )


class Mapping(_Frozen):
    """A mapping that has been checked against its contracts."""

    name: str
    file: Path
    description: str
    source_system: str
    feeds: tuple[Feed, ...]


def parsed_time(
    text: str, time_format: str | None, day: DayIs = "start", calendar: Calendar = "gregorian"
) -> datetime:
    """Reads a time.

    Windows knows no colon in the name of a file, so hyphens, dots and underscores stand for it:
    `2026-05-04T06-15` is a quarter past six, and not six o'clock at an offset of -15 hours.

    Args:
        text: ISO 8601, or the given format.
        time_format: strptime format.
        day: Whether a date alone is the start of its day or its end.
        calendar: Calendar of the date.

    Raises:
        ValueError: It is no such time.
    """
    if calendar == "jalali":
        moment, is_date = jalali_time(text, time_format)
    elif time_format:
        moment = datetime.strptime(text, time_format)
        is_date = not _HAS_TIME.search(time_format)
    else:
        moment = datetime.fromisoformat(_with_colons(text))
        is_date = _DATE_ALONE.fullmatch(text) is not None
    return moment + timedelta(days=1) if is_date and day == "end" else moment


def _with_colons(text: str) -> str:
    """Gives a time as ISO 8601 writes it, if it is one as names have it."""
    found = _TIME_IN_NAME.fullmatch(text)
    if found is None:
        return text
    return f"{found['day']}T{':'.join(re.findall('[0-9]{2}', found['clock']))}{found['rest']}"


def _is_in_doubt(text: str) -> bool:
    """Tells whether a name has more than a time as names have it.

    Python would understand it, and take minutes or seconds for an offset.
    """
    return not (_TIME_IN_NAME.fullmatch(text) or _DATE_ALONE.fullmatch(text))


def in_utc(moment: datetime, zone: str) -> datetime:
    """Gives a time in UTC; without an offset of its own it is in the given zone."""
    local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)
