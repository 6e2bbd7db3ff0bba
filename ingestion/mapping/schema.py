"""The form of a mapping file: which keys it may have and what they hold.

Belongs here: the pydantic models of the YAML as it is written, and the JSON Schema made from them
for editors. Does not belong here: inheritance of options, checks against contracts (`resolution`).
"""

from __future__ import annotations

import codecs
import json
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ingestion.text import iran_system

Calendar = Literal["gregorian", "jalali"]
Negative = Literal["sign", "trailing", "parentheses"]
Kind = Literal["full", "delta", "events"]
LookupKind = Literal["full", "delta"]
FileFormat = Literal["csv", "parquet", "json", "jsonl", "xlsx", "xls", "dbf"]
Unmapped = Literal["report", "ignore", "refuse"]
OtherwiseWord = Literal["keep", "null", "quarantine"]
OnInvalidWord = Literal["quarantine", "null"]
FinalNewline = Literal["required", "optional"]
DayIs = Literal["start", "end"]
OnConflict = Literal["refuse", "first", "last", "null_differing"]
MergedCells = Literal["refuse", "fill"]
DurationFormat = Literal["iso_duration", "clock_duration"]
UnitName = Literal["percent", "thousands", "millions", "billions", "rial", "toman", "new_rial"]
NormalizeStep = Literal["nfkc", "arabic_yeh_kaf", "zwnj", "tatweel", "digits", "case", "spaces"]
AUTO = "auto"
iran_system.register()
# Python's codecs of names, escapes and of nothing.
_CODECS_OF_NO_FILE = {
    "idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "unicode_escape",
    "raw_unicode_escape", "mbcs", "oem",
}  # fmt: skip
Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=63)]
Prefix = Annotated[str, StringConstraints(max_length=32)]
# Neither a digit nor a sign, which would be read as part of the number.
Separator = Annotated[str, StringConstraints(pattern=r"^[^\d+\-]$", min_length=1, max_length=1)]
Cell = str | StrictInt | StrictFloat | StrictBool | None
Share = Annotated[StrictFloat, Field(ge=0, le=1)]
Count = Annotated[StrictInt, Field(ge=0)]


def _is_encoding_of_files(name: str) -> bool:
    try:
        b"aa".decode(name)
    except LookupError:
        return False
    except UnicodeError:
        # Two letters need not be a text of every encoding.
        pass
    return codecs.lookup(name).name not in _CODECS_OF_NO_FILE


def _known_encoding(name: str) -> str:
    """Takes the names of Python's codecs of text, such as windows-1256, cp1251 or big5."""
    if name != AUTO and not _is_encoding_of_files(name):
        raise ValueError(
            f"there is no encoding '{name}'; use auto, utf-8, utf-16 or the name of a code page, "
            "such as windows-1256 (Persian, Arabic), iran-system (Persian of DOS), windows-1251 "
            "(Cyrillic) or gb18030 (Chinese)"
        )
    return name


def _listed(value: Any) -> Any:
    """Lets one item stand for a list of one."""
    return value if isinstance(value, list | tuple) or value is None else [value]


class _OneOrMore:
    """Tells editors that an item may stand for a list of one."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        return {"anyOf": [schema["items"], schema]}


class _NullIsAWord:
    """Tells editors that `otherwise: null` is right, in which YAML sees no text."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(core_schema), {"type": "null"}]}


def _null_word(value: Any) -> Any:
    """Takes the null of YAML for the word, or what is asked for would not be done."""
    return "null" if value is None else value


class _AnyWords:
    """Tells editors that `null: [NULL]` is right, although YAML sees no text in it."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        word = {"type": ["string", "number", "boolean", "null"]}
        return {"anyOf": [word, {"type": "array", "items": word}]}


# Below these keys everything is taken as it is written; see `read_yaml`.
VERBATIM_KEYS = frozenset({"true", "false", "null"})
Words = Annotated[tuple[str, ...], BeforeValidator(_listed), _AnyWords()]
Texts = Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_listed), _OneOrMore()]


Encoding = Annotated[str, AfterValidator(_known_encoding)]
Otherwise = Annotated[OtherwiseWord, BeforeValidator(_null_word), _NullIsAWord()]
OnInvalid = Annotated[OnInvalidWord, BeforeValidator(_null_word), _NullIsAWord()]
Steps = Annotated[tuple[NormalizeStep, ...], BeforeValidator(_listed), _OneOrMore()]


class Block(BaseModel):
    """A part of a mapping file: frozen, and with no key that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FormatsBlock(Block):
    """How values are written in the extract; what is left out is inherited."""

    calendar: Calendar | None = Field(
        default=None, description="Calendar of dates and timestamps that are written as text."
    )
    date: Texts | None = Field(
        default=None,
        description="strptime formats of dates, or excel_serial, epoch_seconds, epoch_millis.",
    )
    timestamp: Texts | None = Field(default=None, description="The same of timestamps.")
    decimal_point: Separator | None = Field(
        default=None, description="Character between units and fractions."
    )
    thousands: Separator | Literal[""] | None = Field(
        default=None,
        description="Character between groups of three digits, empty for none; a space or an "
        "apostrophe stands for each of its kinds.",
    )
    negative: Negative | None = Field(
        default=None,
        description="How numbers below zero are written: -5, 5- (trailing) or (5) (parentheses).",
    )
    strip: Texts | None = Field(
        default=None, description="Texts around numbers that mean nothing, such as € or USD."
    )
    true_words: Words | None = Field(
        default=None, alias="true", description="Words for true, in any case."
    )
    false_words: Words | None = Field(
        default=None, alias="false", description="Words for false, in any case."
    )
    null_words: Words | None = Field(
        default=None, alias="null", description="Cells that hold nothing, besides empty ones."
    )


class SkipLinesBlock(Block):
    """Lines above the header, where their number differs from file to file."""

    until: Text = Field(
        description="Regular expression that the first filled cell of the header fits, and of no "
        "line above it."
    )


class CsvBlock(Block):
    """How delimited text files are built; what is left out is inherited."""

    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = Field(
        default=None, description='Character between fields, such as ";" or "\\t".'
    )
    quote: Annotated[str, StringConstraints(max_length=1)] | None = Field(
        default=None, description="Character around fields; empty for none."
    )
    encoding: Encoding | None = Field(
        default=None,
        description="auto reads UTF-8 and UTF-16, and DBF files as they state; others must be "
        "named, as Python names them.",
    )
    header: StrictBool | None = Field(
        default=None, description="Whether the first row holds names."
    )
    columns: tuple[Text, ...] | None = Field(
        default=None, min_length=1, description="Names of the columns of files without header."
    )
    final_newline: FinalNewline | None = Field(
        default=None,
        description="Whether a file that does not end with a line end counts as cut.",
    )
    skip_lines: Count | SkipLinesBlock | None = Field(
        default=None,
        description="Lines above the header to pass over: how many, or until which one.",
    )


class ExtractedAtBlock(Block):
    """The time an extract speaks for: exactly one of constant, pattern and column."""

    constant: Text | None = Field(default=None, description="ISO timestamp or date.")
    pattern: Text | None = Field(
        default=None,
        description="Regular expression with a group `time`, searched in the file's path.",
    )
    format: Text | None = Field(default=None, description="strptime format of the group `time`.")
    calendar: Calendar = Field(
        default="gregorian", description="Calendar of the date in the file's path."
    )
    day: DayIs = Field(
        default="start",
        description="Whether a date alone is the start of its day or its end, which a file is "
        "that is written in the evening.",
    )
    optional: StrictBool = Field(
        default=False,
        description="Whether a path without the pattern takes the file's modification time.",
    )
    column: Text | None = Field(
        default=None, description="Contract or extract column that holds each record's time."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> ExtractedAtBlock:
        given = [x for x in (self.constant, self.pattern, self.column) if x is not None]
        if len(given) != 1:
            raise ValueError("extracted_at needs exactly one of constant, pattern and column")
        given = {"format", "optional", "calendar"} & self.model_fields_set
        if self.pattern is None and given:
            raise ValueError("format, calendar and optional of extracted_at go with pattern only")
        if self.column is not None and self.day == "end":
            raise ValueError("day of extracted_at goes with pattern and constant only")
        return self


class UnpivotBlock(Block):
    """Columns whose cells become records of their own: exactly one of columns and pattern."""

    columns: Texts | None = Field(
        default=None, description="Names of the extract columns that become records."
    )
    pattern: Text | None = Field(
        default=None,
        description="Regular expression that the names of these columns fit; what its named groups "
        "find can be read like an extract column.",
    )
    name: Text = Field(
        default="name", description="Extract column that holds the name of a record's column."
    )
    value: Text = Field(
        default="value", description="Extract column that holds what stands in a record's cell."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> UnpivotBlock:
        if (self.columns is None) == (self.pattern is None):
            raise ValueError("unpivot needs exactly one of columns and pattern")
        if self.name == self.value:
            raise ValueError("name and value of unpivot need different names")
        return self


class LookupBlock(Block):
    """A value in another file of the same folder, found by a key."""

    files: Texts = Field(description="Globs of the file, relative to the source's folder.")
    key: Texts = Field(description="Columns of that file that make up the key.")
    by: Texts | None = Field(
        default=None, description="Extract columns that hold the key; those of `key` if absent."
    )
    value: Text = Field(description="Column of that file that holds the value.")
    normalize: Steps | None = Field(
        default=None,
        description="Differences of spelling that do not count in the key; those of the top if "
        "absent.",
    )
    kind: LookupKind = Field(
        default="full",
        description="Whether the newest file has all keys, or only those that changed.",
    )
    format: FileFormat | None = Field(
        default=None, description="Format of the file, where its ending does not say it."
    )
    sheet: Text | None = Field(
        default=None, description="Sheet of a workbook; the first if absent."
    )
    records: Annotated[str, StringConstraints(pattern=r"^\$")] | None = Field(
        default=None, description="JSON path of the list of records."
    )
    csv: CsvBlock | None = None

    @model_validator(mode="after")
    def _as_many_keys(self) -> LookupBlock:
        if self.by is not None and len(self.by) != len(self.key):
            raise ValueError("by of lookup needs as many columns as key")
        return self


Factor = Annotated[StrictFloat | StrictInt, Field(gt=0)]


class UnitBlock(Block):
    """A unit that numbers are written in until some day: by its name, or as a factor."""

    unit: UnitName | None = Field(default=None, description="Name of the unit.")
    scale: Factor | None = Field(
        default=None, description="What numbers are multiplied by, to be in the contract's unit."
    )
    until: Text | None = Field(
        default=None, description="Last day of this unit, such as 2025-12-31; the last has none."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> UnitBlock:
        if (self.unit is None) == (self.scale is None):
            raise ValueError("a unit needs its name (unit) or a factor (scale), and not both")
        return self


Units = UnitName | Annotated[tuple[UnitBlock, ...], Field(min_length=1)]


class ColumnBlock(Block):
    """Where a contract column's values come from: exactly one origin, then what is done to it."""

    from_column: Text | None = Field(
        default=None, alias="from", description="Extract column to take the value from."
    )
    path: Annotated[str, StringConstraints(pattern=r"^[$^].+")] | None = Field(
        default=None,
        description="JSON path of the value within a record ($.x), or within the object around it "
        "(^.x), around that one (^^.x).",
    )
    constant: Cell = Field(default=None, description="Value of every record.")
    key_of: tuple[Text, ...] | None = Field(
        default=None, min_length=1, description="Extract columns whose names make up a key."
    )
    expression: Text | None = Field(
        default=None, description="Scalar SQL expression over extract columns as text."
    )
    lookup: LookupBlock | None = Field(
        default=None, description="Value in another file of the folder, found by a key."
    )
    recode: dict[str, Cell] | None = Field(
        default=None, description="Values to replace; the key '' stands for an empty cell."
    )
    otherwise: Otherwise = Field(
        default="keep", description="What becomes of values that recode does not name."
    )
    on_invalid: OnInvalid = Field(
        default="quarantine",
        description="What becomes of a value that cannot be used: its record is set aside, or it "
        "alone is left empty.",
    )
    normalize: Steps | None = Field(
        default=None, description="Which differences of spelling do not count in this column."
    )
    unit: Units | dict[str, Units] | None = Field(
        default=None,
        description="Unit of the numbers in the extract; a list where it changed, and by column "
        "where values of several columns stand in one.",
    )
    scale: Factor | None = Field(
        default=None, description="What the numbers are multiplied by, instead of a unit's name."
    )
    by: Texts | None = Field(
        default=None,
        description="Contract column whose day decides which of several units holds; of several "
        "the first that is filled.",
    )
    optional: StrictBool | None = Field(
        default=None, description="Whether the extract may lack the column."
    )
    format: Texts | None = Field(
        default=None,
        description="strptime formats of this date or timestamp, or how it is counted; of a column "
        "of minutes or hours iso_duration (PT1H30M) or clock_duration (1:30).",
    )
    formats: FormatsBlock | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        """Lets the name of an extract column stand for `{from: name}`."""
        if isinstance(value, str):
            return {"from": value}
        if not isinstance(value, dict):
            raise ValueError("a column takes the name of an extract column, or a block of keys")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ColumnBlock:
        origins = ("from_column", "path", "constant", "key_of", "expression", "lookup")
        given = [name for name in origins if name in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(
                "a column needs exactly one of from, path, constant, key_of, expression and lookup"
            )
        if "otherwise" in self.model_fields_set and self.recode is None:
            raise ValueError("otherwise goes with recode only")
        if self.unit is not None and self.scale is not None:
            raise ValueError("a column takes a unit or a scale, and not both")
        if given == ["constant"] and len(self.model_fields_set) > 1:
            raise ValueError("constant stands alone: there is nothing to recode or to read")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tells editors of the short form."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core_schema)]}


class FeedBlock(Block):
    """One feed of a contract table: which files, and how their records become rows."""

    source: Name | None = Field(default=None, description="Contract source of this table.")
    files: Texts | None = Field(
        default=None, description="Globs relative to the source's folder; ** for any folders."
    )
    rows: tuple[dict[str, Cell], ...] | None = Field(
        default=None, min_length=1, description="Rows in contract columns, instead of files."
    )
    required: StrictBool = Field(
        default=False, description="Whether it is an error that no file fits."
    )
    format: FileFormat | None = Field(
        default=None, description="Format of the files, where their ending does not say it."
    )
    sheet: Text | None = Field(
        default=None,
        description="Sheet of a workbook; the first if absent. With * or ? all visible ones whose "
        "names fit, which must have one header.",
    )
    merged_cells: MergedCells = Field(
        default="refuse",
        description="What becomes of cells that a workbook merges over several records: the file "
        "is refused, or each of them gets the value.",
    )
    records: Annotated[str, StringConstraints(pattern=r"^\$")] | None = Field(
        default=None,
        description="JSON path of the list of records; $.results[*].history[*] for lists in lists.",
    )
    kind: Kind = Field(default="full", description="What an extract says about other rows.")
    latest_by: Texts | None = Field(
        default=None,
        description="Contract columns whose latest value wins among rows of one key, the first one "
        "first; of booleans true does.",
    )
    on_conflict: OnConflict = Field(
        default="refuse",
        description="What becomes of records of one key that differ, after latest_by: all are set "
        "aside, the first or last is kept, or the first without the values that differ.",
    )
    max_quarantined: Count | Share | None = Field(
        default=None, description="Share (0.05) or count (100) of records that may be set aside."
    )
    max_deleted: Annotated[float, Field(strict=True, ge=0, le=1)] = Field(
        default=0.5, description="Share of living keys that a full extract may delete."
    )
    allow_empty: StrictBool = Field(
        default=False, description="Whether a full extract without records is believed."
    )
    unmapped: Unmapped = Field(
        default="report", description="What to do about extract columns that nothing uses."
    )
    parts: StrictBool = Field(
        default=False, description="Whether the files of one time are parts of one extract."
    )
    where: Text | None = Field(
        default=None,
        description="Condition in SQL over extract columns as text; records that it does not hold "
        "for are passed over.",
    )
    footer: Annotated[StrictInt, Field(ge=1)] | Text | None = Field(
        default=None,
        description="What ends the records: how many stand below them, or a regular expression "
        "that the first filled cell of the first one below them fits.",
    )
    unpivot: UnpivotBlock | None = Field(
        default=None,
        description="Columns that hold one thing in many places, such as months: each of their "
        "cells becomes a record, and empty ones are passed over.",
    )
    extracted_at: ExtractedAtBlock | None = None
    formats: FormatsBlock | None = None
    csv: CsvBlock | None = None
    columns: Literal["same"] | dict[str, ColumnBlock] | None = Field(
        default=None, description="Contract column: origin; or `same` where names agree."
    )

    @model_validator(mode="after")
    def _files_or_rows(self) -> FeedBlock:
        if (self.files is None) == (self.rows is None):
            raise ValueError("a table needs either files or rows")
        if self.files is not None and self.columns is None:
            raise ValueError("a table fed by files needs columns (or `columns: same`)")
        if self.rows is not None:
            allowed = {"source", "rows", "kind", "extracted_at"}
            surplus = sorted(self.model_fields_set - allowed)
            if surplus:
                raise ValueError(f"a table of rows takes no {' and no '.join(surplus)}")
        return self


Feeds = Annotated[
    tuple[FeedBlock, ...], Field(min_length=1), BeforeValidator(_listed), _OneOrMore()
]


class MappingFile(Block):
    """A mapping as it is written: how one system's extracts become contract tables."""

    mapping: Name = Field(description="Name of the mapping.")
    description: Text | None = Field(default=None, description="What system this is for.")
    source: Name = Field(description="Contract that the tables below belong to.")
    source_system: Name | None = Field(
        default=None, description="Name of the system in raw; the mapping's name if absent."
    )
    time_zone: Text = Field(
        default="UTC", description="Zone (IANA name) of times without an offset."
    )
    id_prefix: Prefix = Field(
        default="", description="Put before every key and reference that ends in _id."
    )
    extracted_at: ExtractedAtBlock | None = None
    normalize: Steps = Field(
        default=(),
        description="Which differences of spelling do not count in keys, references, the values "
        "of recode and allowed values.",
    )
    formats: FormatsBlock | None = None
    csv: CsvBlock | None = None
    tables: dict[str, Feeds] = Field(min_length=1, description="Contract tables and their feeds.")


def json_schema_text() -> str:
    """Gives the JSON Schema of mapping files, as it is committed for editors."""
    schema = MappingFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Mapping of a system's extracts to contract tables"
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
