"""Why a value or record is set aside: the codes, and a sentence for each.

Belongs here: the codes and their wording. Does not belong here: finding out which one holds
(`projected_column`, landing), and the codes of records that could not be split
(`readers.records`).
"""

from __future__ import annotations

from typing import Literal, get_args

from ingestion.contracts.tables import Column
from ingestion.readers.records import RejectReason
from ingestion.text.sql_text import literal

Reason = Literal[
    "cast_failed",
    "would_round",
    "required_missing",
    "not_in_enum",
    "out_of_range",
    "too_long",
    "pattern_mismatch",
    "before_start",
    "date_outside_calendar",
    "damaged_id",
    "error_cell",
    "expression_failed",
    "ambiguous_lookup",
    "unit_unknown",
    "conflicting_rows",
]
REASONS: tuple[str, ...] = (*get_args(Reason), *get_args(RejectReason))

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "timestamp": "a date with time",
    "string": "a text",
}


# What stands behind a number or the name of a column.
WORDS: dict[str, str] = {
    "cast_failed": "not of its type",
    "would_round": "with too many decimal places",
    "required_missing": "missing",
    "not_in_enum": "not one of the allowed values",
    "out_of_range": "out of range",
    "too_long": "too long",
    "pattern_mismatch": "not of the required form",
    "before_start": "before what it ends",
    "date_outside_calendar": "outside the company's calendar",
    "damaged_id": "damaged by a spreadsheet or data frame",
    "error_cell": "an error of a spreadsheet",
    "expression_failed": "for which the mapping's expression fails",
    "ambiguous_lookup": "which stands in the other file with several values",
    "unit_unknown": "without the day that says its unit",
    "conflicting_rows": "contradicting another record of the same key",
    "ragged_row": "with too many or too few fields",
    "bad_json": "not readable as JSON",
    "bad_encoding": "not readable as text",
}


# As data frames write an id that is not there.
NO_IDS = ("nan", "NaN")
WRITTEN_AS_FLOAT = (
    ". A program that cannot leave whole numbers empty, such as a data frame, writes 7 as 7.0: "
    "have the column written as whole numbers, or tell the mapping how it is written "
    "(decimal_point in the column's formats, or the value in recode)"
)

LIKE_JALALI = (
    ". A year such as 1403 is Jalali: set `calendar: jalali` in the mapping's formats for it"
)
# Of plain digits: 1403/02/31, 15.7.1403 or 14030231, also with a time of day.
JALALI_FORM = (
    r"(1[34]\d\d\D{1,3}\d\d?\D{1,3}\d\d?|\d\d?\D{1,3}\d\d?\D{1,3}1[34]\d\d|1[34]\d{6})(\D.*)?"
)


def words(reason: str) -> str:
    """Says a reason in a few words, to stand behind a number or the name of a column."""
    return WORDS.get(reason, reason.replace("_", " "))


def is_no_id(reason: str, value: str) -> str:
    """Gives the SQL of whether a value is the word of a data frame for an id that is not there.

    Args:
        reason: SQL of the code of what is wrong with it.
        value: SQL of the value, without a prefix.
    """
    return f"{reason} = 'damaged_id' and {value} in ({', '.join(map(literal, NO_IDS))})"


def sentence(reason: str, column: Column, value: str | None = None) -> str:
    """Says what is wrong with a value of a column; the value itself is not told.

    Args:
        reason: One of the codes about single values.
        column: The contract column.
        value: The value, where its sentence differs from that of others of the code.
    """
    name = column.name
    if reason == "damaged_id" and value in NO_IDS:
        return (
            f"{name} is NaN, which data frames write for an empty cell; have it left empty, or "
            "name the word under `null` in the mapping's formats"
        )
    if column.typed_by is not None and reason != "required_missing":
        return f"{name} must be a value of the column that {column.typed_by.selector} names"
    sentences = {
        "cast_failed": f"{name} must be {_KINDS[column.logical_type]} as the mapping's formats say",
        "would_round": f"{name} has more decimal places than {column.sql_type} can hold",
        "required_missing": f"{name} is required and must not be empty",
        "not_in_enum": f"{name} must be {_allowed(column)}",
        "out_of_range": f"{name} must be {_range(column)}",
        "too_long": f"{name} must have at most {column.max_length} characters",
        "pattern_mismatch": f"{name} must look like {column.pattern}",
        "before_start": f"{name} must not lie before {column.not_before}",
        "date_outside_calendar": f"{name} lies outside the company's calendar (calendar_start and "
        "calendar_end of company.yml). A year such as 1403 is Jalali: set `calendar: jalali` in "
        "the mapping's formats; 1970 comes of seconds that were read as milliseconds",
        "damaged_id": f"{name} was taken for a number by the program that wrote the file, which "
        "loses digits; have the column exported as text",
        "error_cell": f"{name} holds an error that a spreadsheet shows in place of a value; mend "
        "it there, or name it under `null` in the mapping's formats",
        "expression_failed": f"the mapping's expression for {name} fails on this row",
        "ambiguous_lookup": f"the key by which {name} is looked up stands more than once in the "
        "other file, with different values; correct that file, or look the value up by a key that "
        "is unique",
        "unit_unknown": f"{name} has another unit from one day on, and the row has no day that "
        "says which; name a further date column under `by` in the mapping",
    }
    return sentences.get(reason, f"{name}: {reason}")


def _allowed(column: Column) -> str:
    if not column.enum:
        return "one of the values that the mapping recodes"
    return f"one of {', '.join(column.enum)}"


def _range(column: Column) -> str:
    limits = [
        f"{words} {limit:f}"
        for words, limit in (
            ("at least", column.minimum),
            ("at most", column.maximum),
            ("above", column.exclusive_minimum),
        )
        if limit is not None
    ]
    return " and ".join([*limits, f"small enough for {column.sql_type}"])
