"""Durations as clocks and ISO 8601 write them, in the unit that a column's name says.

Belongs here: the forms `iso_duration` and `clock_duration`, and how long each is. Does not belong
here: moments (`casts`), and durations that are plain numbers, which have a unit (`units`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.contracts.tables import Column
from ingestion.mapping.format_names import duration_unit
from ingestion.mapping.schema import DurationFormat
from ingestion.text.sql_text import literal

_MICROSECONDS = {"minutes": 60_000_000, "hours": 3_600_000_000}
_SECOND = 1_000_000
_AMOUNT = r"(\d{1,9}(?:[.,]\d{1,6})?)"
# A year or month has no length of its own, so no form knows them.
_FORMS: dict[DurationFormat, tuple[str, tuple[str, ...]]] = {
    "iso_duration": (
        rf"([+-])?P(?:{_AMOUNT}W)?(?:{_AMOUNT}D)?"
        rf"(?:T(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?",
        ("sign", "weeks", "days", "hours", "minutes", "seconds"),
    ),
    "clock_duration": (
        r"([+-])?(\d{1,6}):([0-5]\d)(?::([0-5]\d(?:[.,]\d{1,6})?))?",
        ("sign", "hours", "minutes", "seconds"),
    ),
}
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def duration_value(column: Column, text: str, names: Sequence[DurationFormat]) -> str:
    """Gives the SQL of a duration in the column's unit; NULL where the text is none.

    Whole seconds are rounded to the column's last place where they must be, as a third of an hour
    has no end; a text with fractions of a second is exact or none.

    Args:
        column: The contract column; see `duration_unit`.
        text: SQL of the text, its digits in ASCII.
        names: The forms to try, in order.
    """
    unit = _MICROSECONDS[duration_unit(column) or "minutes"]
    scale = column.scale or 0
    parts = f"({_microseconds(text, names)} * {10**scale})"
    nearest = f"sign({parts}) * ((abs({parts}) + {unit // 2}) // {unit})"
    is_exact = f"({parts} % {unit} = 0 or {_microseconds(text, names)} % {_SECOND} = 0)"
    place = literal(f"{10**-scale:.{scale}f}")
    value = (
        f"try_cast({nearest} as decimal(28, 0)) * cast({place} as decimal({scale + 1}, {scale}))"
    )
    return f"(case when {is_exact} then try_cast({value} as {column.sql_type}) end)"


def duration_reason(text: str, names: Sequence[DurationFormat]) -> str:
    """Gives the SQL of the code that says why a text has no duration in the column's unit."""
    micros = _microseconds(text, names)
    return (
        f"case when {micros} is null then 'cast_failed' "
        f"when {micros} % {_SECOND} <> 0 then 'would_round' else 'out_of_range' end"
    )


def _microseconds(text: str, names: Sequence[DurationFormat]) -> str:
    return f"coalesce({', '.join(_microseconds_by(text, name) for name in names)}, null)"


def _microseconds_by(text: str, name: DurationFormat) -> str:
    """Gives the length of a text in one form, in microseconds."""
    pattern, parts = _FORMS[name]
    names = ", ".join(literal(part) for part in parts)
    matched = f"regexp_extract({text}, {literal(f'^(?:{pattern})$')}, [{names}])"
    amounts = " + ".join(
        f"coalesce(try_cast(replace(s.{part}, ',', '.') as decimal(19, 6)), 0) * {_SECONDS[part]}"
        for part in parts
        if part != "sign"
    )
    whole = f"cast(({amounts}) * {_SECOND} as hugeint)"
    length = f"list_transform([{matched}], lambda s: if(s.sign = '-', -1, 1) * {whole})[1]"
    # P alone, and a T that nothing follows, fit the pattern and say nothing.
    says = (
        f"regexp_full_match({text}, {literal(pattern)}) and regexp_matches({text}, '[\\dWDHMS]$')"
    )
    return f"case when {says} then {length} end"
