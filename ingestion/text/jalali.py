"""Dates of the Jalali calendar as they stand in extracts, as SQL.

Belongs here: the forms in which such dates are written, and the day that they are. Does not belong
here: times without a calendar, time zones (`casts`), and the company's own calendar (`calendar`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from persiantools.jdatetime import JalaliDate

from ingestion.text.scripts import same_letters
from ingestion.text.sql_text import literal

# Within these years the cycle of 33 and the astronomical calendar give the same days.
FIRST_YEAR, LAST_YEAR = 1200, 1500
# The first of two centuries that a year of two digits can mean.
_PIVOT = 50
_MONTHS = (
    ("فروردین", "farvardin"),
    ("اردیبهشت", "ordibehesht"),
    ("خرداد", "khordad"),
    ("تیر", "tir"),
    ("مرداد", "امرداد", "mordad", "amordad"),
    ("شهریور", "shahrivar"),
    ("مهر", "mehr"),
    ("آبان", "aban"),
    ("آذر", "azar"),
    ("دی", "dey", "dei", "day"),
    ("بهمن", "bahman"),
    ("اسفند", "esfand"),
)
_NAME = r"[^\d\s/\-.,،:]+"
_BETWEEN = r"[\s\p{Z}]*[/\\|_\-–.,،\s\p{Z}][\s\p{Z}]*"
_CLOCK = r"(?:[Tt,،\s\-]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
_CLOCK_PARTS = ("hour", "minute", "second", "fraction")
# Years first, as is usual; a day before a month is understood where the month is named.
_YEAR, _TWO, _DAY = r"(\d{4})", r"(\d{2})", r"(\d{1,2})"
_YEAR_FIRST, _DAY_FIRST = ("year", "month", "day"), ("day", "month", "year")
_USUAL_FORMS = (
    (rf"{_YEAR}{_BETWEEN}(\d{{1,2}}|{_NAME}){_BETWEEN}{_DAY}{_CLOCK}", _YEAR_FIRST),
    (rf"(\d{{4}})(\d{{2}})(\d{{2}}){_CLOCK}", _YEAR_FIRST),
    (rf"{_DAY}{_BETWEEN}({_NAME}){_BETWEEN}{_YEAR}{_CLOCK}", _DAY_FIRST),
)
# Years of two digits, as they stand where no format says otherwise. Before the name of a month such
# a number is a day.
_SHORT_FORMS = (
    (rf"{_TWO}{_BETWEEN}{_DAY}{_BETWEEN}{_DAY}{_CLOCK}", _YEAR_FIRST),
    (rf"{_DAY}{_BETWEEN}({_NAME}){_BETWEEN}{_TWO}{_CLOCK}", _DAY_FIRST),
)
_CODES = {
    "Y": (r"(\d{4})", "year"),
    "y": (r"(\d{2})", "year"),
    "m": (r"(\d{1,2})", "month"),
    "d": (r"(\d{1,2})", "day"),
    "B": (rf"({_NAME})", "month"),
    "b": (rf"({_NAME})", "month"),
    "H": (r"(\d{1,2})", "hour"),
    "M": (r"(\d{1,2})", "minute"),
    "S": (r"(\d{1,2})", "second"),
    "f": (r"(\d{1,9})", "fraction"),
}
_CODE = re.compile(r"%-?(.)|(\s+)|([^%\s]+)", re.DOTALL)


def is_known_format(name: str) -> bool:
    """Tells whether a strptime format names year, month and day once, by codes of this calendar."""
    codes = [code for code, _, _ in _CODE.findall(name) if code not in ("", "%")]
    if not all(code in _CODES for code in codes):
        return False
    parts = [_CODES[code][1] for code in codes]
    return len(set(parts)) == len(parts) and {"year", "month", "day"} <= set(parts)


def jalali_moment(text: str, names: Sequence[str]) -> str:
    """Gives the SQL of the timestamp that a text says; NULL where it says none.

    Args:
        text: SQL of the text, its digits in ASCII.
        names: strptime formats to try first. The usual forms with years of four digits follow,
            unless a format has the day before the month behind a leading year, which they would
            read the other way round; without any format also those of two.
    """
    forms = [_form(name) for name in names]
    usual = _USUAL_FORMS if names else (*_USUAL_FORMS, *_SHORT_FORMS)
    if not any(re.match(r"%-?[Yy]\W*%-?d", name) for name in names):
        forms += [(pattern, (*parts, *_CLOCK_PARTS)) for pattern, parts in usual]
    # The first form that fits decides: a day that there is not in it is not read in another order.
    cases = " ".join(
        f"when regexp_full_match({text}, {literal(pattern)}) "
        f"then {_moment_by(text, pattern, parts)}"
        for pattern, parts in forms
    )
    return f"case {cases} end"


def gregorian(year: int, month: int, day: int) -> date:
    """Gives a Jalali date in the Gregorian calendar.

    Raises:
        ValueError: There is no such day.
    """
    return JalaliDate(year, month, day).to_gregorian()


def _form(name: str) -> tuple[str, tuple[str, ...]]:
    pattern, parts = "", []
    for code, blank, other in _CODE.findall(name):
        if blank:
            pattern += r"\s+"
        elif other or code == "%":
            pattern += re.escape(other or "%")
        else:
            group, part = _CODES[code]
            pattern += group
            parts.append(part)
    return pattern, tuple(parts)


def _moment_by(text: str, pattern: str, parts: Sequence[str]) -> str:
    """Gives the timestamp of a text that has one form, each part of it named once."""
    names = ", ".join(literal(part) for part in parts)
    matched = f"regexp_extract({text}, {literal(f'^(?:{pattern})$')}, [{names}])"
    has = set(parts)
    year = (
        "case length(s.year) when 2 then cast(s.year as integer) + "
        f"if(cast(s.year as integer) >= {_PIVOT}, 1300, 1400) else cast(s.year as integer) end"
    )
    fields = [
        f"y := {year if 'year' in has else 'cast(null as integer)'}",
        f"m := {_month('s.month') if 'month' in has else 'cast(null as integer)'}",
        "d := cast(s.day as integer)",
        *(f"{part}s := {_or_zero(f's.{part}', part in has)}" for part in _CLOCK_PARTS[:3]),
        f"us := {_microseconds('s.fraction') if 'fraction' in has else 0}",
    ]
    numbers = f"list_transform([{matched}], lambda s: struct_pack({', '.join(fields)}))"
    last_day = (
        "case when n.m <= 6 then 31 when n.m <= 11 then 30 "
        f"else {_day_number('n.y + 1', '1', '1')} - {_day_number('n.y', '12', '1')} end"
    )
    moment = (
        f"case when n.y between {FIRST_YEAR} and {LAST_YEAR} and n.m between 1 and 12 "
        f"and n.d between 1 and {last_day} and n.hours < 24 and n.minutes < 60 and n.seconds < 60 "
        f"then cast(date '1970-01-01' + {_day_number('n.y', 'n.m', 'n.d')} as timestamp) "
        "+ to_seconds(3600 * n.hours + 60 * n.minutes + n.seconds) + to_microseconds(n.us) end"
    )
    return f"list_transform({numbers}, lambda n: {moment})[1]"


def _or_zero(part: str, is_there: bool) -> str:
    return f"coalesce(try_cast({part} as integer), 0)" if is_there else "0"


def _microseconds(part: str) -> str:
    return f"cast(rpad(left({part}, 6), 6, '0') as integer)"


def _month(part: str) -> str:
    """Gives the number of a month that is written as a number or by its name."""
    plain = same_letters(f"lower({part})")
    names = " ".join(
        f"when {literal(name)} then {number}"
        for number, names in enumerate(_MONTHS, start=1)
        for name in names
    )
    return f"coalesce(try_cast({part} as integer), case {plain} {names} end)"


def _day_number(year: str, month: str, day: str) -> str:
    """Gives days since 1970-01-01, by a cycle of 33 years of which 8 are leap years."""
    shifted = f"({year} + 1595)"
    before = f"365 * {shifted} + ({shifted} // 33) * 8 + (({shifted} % 33) + 3) // 4"
    in_year = f"case when {month} < 7 then ({month} - 1) * 31 else ({month} - 7) * 30 + 186 end"
    return f"({before} + {in_year} + {day} - {_FORMULA_DAYS_BEFORE_1970})"


def _formula(year: int) -> int:
    shifted = year + 1595
    return 365 * shifted + (shifted // 33) * 8 + ((shifted % 33) + 3) // 4 + 1


# What the formula gives for a day that is known: the first of 1349.
_FORMULA_DAYS_BEFORE_1970 = _formula(1349) - (gregorian(1349, 1, 1) - date(1970, 1, 1)).days
