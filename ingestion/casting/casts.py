"""The cast of a text to a contract's type, as SQL: exact or not at all.

Belongs here: what counts as a number, boolean, date or timestamp, and why a text is none. Does not
belong here: where the text comes from, digits and marks of other scripts (`scripts`), the Jalali
calendar (`jalali`), and limits that a contract sets.

DuckDB's own casts are too kind for extracts: they take `1_000`, `0x10`, `1e3`, `infinity` and
`2017-1-1`, round `1.239` to `1.24`, and drop the offset of `10:00:00+02:00`. So each form that is
understood is written down here, and `try_cast` only sees texts for which it is exact.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from ingestion.casting.durations import duration_reason, duration_value
from ingestion.contracts.tables import Column
from ingestion.mapping.feeds import Formats
from ingestion.mapping.format_names import NUMBER_FORMATS
from ingestion.text.jalali import jalali_moment
from ingestion.text.scripts import (
    ARABIC_POINT,
    ARABIC_THOUSANDS,
    kinds_of,
    plain_digits,
    same_letters,
    with_plain_digits,
    with_same_letters,
)
from ingestion.text.sql_text import literal

# Years of four digits: `%Y` reads 17 as the year 17, which no extract means.
_FIRST_DAY, _LAST_DAY = "date '1000-01-01'", "date '9999-12-31'"
_DAY = r"[1-9]\d{3}-\d{2}-\d{2}"
_CLOCK = rf"{_DAY}[T ]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d{{1,9}})?)?"
_ISO_LOCAL = rf"{_CLOCK}|{_DAY}"
_ISO_ZULU = rf"{_DAY}[T ]\d{{2}}:\d{{2}}:\d{{2}}(\.\d{{1,9}})?Z"
_ISO_OFFSET = rf"{_CLOCK} ?([Zz]|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
# A double knows 15 digits and is written with up to 17; what differs less than this was computed.
_DIGITS, _NOISE_PLACES = 15, 9
_MANY_DECIMALS = r"[+-]?\d*\.\d{10,}"
_MAX_NOISY_SCALE = 8
# Of more places than that, noise is told by the size of the number: by a few times what lies
# between it and the next double. DuckDB has 18 places for the number to be looked at.
_NOISE_SHARE, _MOST_PLACES = "1e-15", 16
_ANY_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)"


def plain_text(column: Column, text: str) -> str:
    """Gives the SQL of a text as `typed_value` reads it: numbers and dates with ASCII digits.

    Words for true and false have also the letters of one keyboard, as `_plain_word` has them.

    Args:
        column: The contract column.
        text: SQL of the text, trimmed.
    """
    if column.logical_type == "string":
        return text
    if column.logical_type == "boolean":
        word = plain_digits(same_letters(f"nfc_normalize({text})"))
        return f"case when strlen({text}) = length({text}) then {text} else trim({word}) end"
    return plain_digits(text)


def _plain_word(word: str) -> str:
    """Does with a word for true or false what `plain_text` and `_boolean` do with a cell."""
    if word.isascii():
        return word.lower()
    letters = with_same_letters(unicodedata.normalize("NFC", word))
    return with_plain_digits(letters).strip(" ").lower()


def typed_value(column: Column, text: str, formats: Formats, zone: str) -> str:
    """Gives the SQL of a text's value: NULL where the text is NULL or not of the column's type.

    Args:
        column: The contract column.
        text: SQL of the text, trimmed and plain (see `plain_text`); of a number that is no
            duration, of its `bare_number`.
        formats: How values are written.
        zone: Zone of times without an offset (IANA name).
    """
    if column.logical_type == "string":
        return text
    if column.logical_type == "boolean":
        return _boolean(text, formats)
    if column.logical_type == "date":
        return _date(text, formats, zone)
    if column.logical_type == "timestamp":
        return _timestamp(text, formats, zone)
    if formats.duration:
        return duration_value(column, text, formats.duration)
    return _number(column, text)


def failed_cast_reason(column: Column, text: str, formats: Formats) -> str:
    """Gives the SQL of the code that says why a text has no value of the column's type.

    Args:
        column: The contract column.
        text: SQL of the text, as `typed_value` reads it.
        formats: How values are written.
    """
    if column.logical_type not in {"integer", "number"}:
        return "'cast_failed'"
    if formats.duration:
        return duration_reason(text, formats.duration)
    return (
        f"case when {text} is null or not regexp_full_match({text}, {literal(_ANY_NUMBER)}) "
        f"then 'cast_failed' "
        f"when not regexp_full_match({text}, {literal(_exact(column))}) then 'would_round' "
        "else 'out_of_range' end"
    )


def _exact(column: Column) -> str:
    """Gives the pattern of numbers that fit the column's scale without rounding."""
    scale = column.scale or 0
    if scale == 0:
        return r"[+-]?\d+(\.0*)?"
    return rf"[+-]?(\d+(\.\d{{0,{scale}}}0*)?|\.\d{{1,{scale}}}0*)"


def _number(column: Column, number: str) -> str:
    scale = column.scale or 0
    exact = (
        f"when regexp_full_match({number}, {literal(_exact(column))}) "
        f"then try_cast({number} as {column.sql_type})"
    )
    if scale > _MOST_PLACES:
        return f"case {exact} end"
    # One digit less than there may be, since rounding up can take one more.
    precise = f"try_cast({number} as decimal(37, 18))"
    rounded = f"round({precise}, {scale})"
    noise = f"{Decimal(1).scaleb(-max(_NOISE_PLACES, scale + 4)):f}"
    off = f"abs({precise} - {rounded})"
    if scale > _MAX_NOISY_SCALE:
        # Where doubles lie as far apart as the last place, nobody can tell noise from a value.
        size = f"{_NOISE_SHARE} * abs(try_cast({number} as double))"
        noise = f"least({size}, {Decimal(1).scaleb(-scale - 1):f})"
        off = f"cast({off} as double)"
    return (
        f"case {exact} when {_has_noise(number)} and {off} <= {noise} "
        f"then try_cast({rounded} as {column.sql_type}) end"
    )


def _has_noise(number: str) -> str:
    """Gives the condition that a number has all the digits of a double, as programs write 0.3."""
    digits = f"length(ltrim(translate({number}, '+-.', ''), '0'))"
    return f"regexp_full_match({number}, {literal(_MANY_DECIMALS)}) and {digits} >= {_DIGITS}"


def bare_number(text: str, formats: Formats) -> str:
    """Gives a number with a decimal point and without separators; NULL where these are misplaced.

    Groups must have three digits, or `1,5` with a comma for thousands would read as 15.

    Args:
        text: SQL of the text, trimmed and plain (see `plain_text`).
        formats: How the number is written.
    """
    points, separators = _separators(formats)
    form, plain = _form_of_number(points, separators), "." * len(points)
    bare = _without_surroundings(text, formats)
    read = (
        f"case when regexp_full_match({bare}, {literal(form)}) "
        f"then translate({bare}, {literal(points + separators)}, {literal(plain)}) end"
    )
    if formats.decimal_point != "." or formats.thousands or bare != text:
        return f"({read})"
    # Most numbers are plain already, and what else they hold no cast takes.
    return f"(case when strlen({text}) = length({text}) then {text} else {read} end)"


def _without_surroundings(text: str, formats: Formats) -> str:
    """Gives a number without the texts around it that mean nothing, and with its sign in front."""
    # The sign may stand behind the currency as well as before it.
    is_trailing = formats.negative == "trailing"
    bare = _stripped(_sign_in_front(text) if is_trailing else text, formats.strip)
    if formats.negative == "parentheses":
        bare = _stripped(f"regexp_replace({bare}, '^\\((.*)\\)$', '-\\1')", formats.strip)
    elif is_trailing and formats.strip:
        bare = _sign_in_front(bare)
    return bare


def _sign_in_front(number: str) -> str:
    return f"regexp_replace({number}, '^([^+-]*[^+\\s\\p{{Z}}-])[\\s\\p{{Z}}]*-$', '-\\1')"


def _stripped(number: str, texts: tuple[str, ...]) -> str:
    """Takes away one of some texts before a number, behind its sign if any, and one after it."""
    if not texts:
        return number
    any_of = "|".join(map(re.escape, sorted(texts, key=len, reverse=True)))
    before = literal(rf"^([+-]?)[\s\p{{Z}}]*(?:{any_of})[\s\p{{Z}}]*")
    after = literal(rf"[\s\p{{Z}}]*(?:{any_of})$")
    return f"regexp_replace(regexp_replace({number}, {before}, '\\1'), {after}, '')"


def _separators(formats: Formats) -> tuple[str, str]:
    """Gives the characters that stand for a decimal point and those between groups of digits."""
    points, separators = kinds_of(formats.decimal_point), ""
    if formats.thousands:
        separators = kinds_of(formats.thousands)
    if ARABIC_POINT not in separators:
        points += ARABIC_POINT
    if ARABIC_THOUSANDS not in points:
        separators += ARABIC_THOUSANDS
    return points, separators


def _form_of_number(points: str, separators: str) -> str:
    point, whole = f"[{re.escape(points)}]", r"\d+"
    if separators:
        whole = rf"\d+|\d{{1,3}}(?:[{re.escape(separators)}]\d{{3}})+"
    return rf"[+-]?(?:(?:{whole})(?:{point}\d*)?|{point}\d+)"


def _boolean(text: str, formats: Formats) -> str:
    cases = [
        f"when {literal(_plain_word(word))} then {value}"
        for words, value in ((formats.true_words, "true"), (formats.false_words, "false"))
        for word in words
    ]
    return f"case lower({text}) {' '.join(cases)} end"


def _date(text: str, formats: Formats, zone: str) -> str:
    """Gives a date; of a text with a time of day, the day it has in the mapping's zone."""
    names = (*formats.date, *formats.timestamp)
    if formats.calendar == "jalali":
        return f"cast({_in_jalali(text, names, zone, is_local=True)} as date)"
    plain = f"try_cast({text} as date)"
    branches = [
        f"when strlen({text}) = 10 and cast({plain} as varchar) = {text} and {text} > '1' "
        f"then {plain}",
        f"when regexp_full_match({text}, {literal(_ISO_LOCAL)}) "
        f"then cast(try_cast({text} as timestamp) as date)",
        f"when regexp_full_match({text}, {literal(_ISO_OFFSET)}) "
        f"then cast({local_time(_with_offset(text), zone)} as date)",
    ]
    given = [f"cast({_by_format(text, f, zone, is_local=True)} as date)" for f in names]
    return _chosen(branches, given, names)


def _timestamp(text: str, formats: Formats, zone: str) -> str:
    """Gives a timestamp in UTC; one without an offset is in the mapping's zone."""
    names = (*formats.timestamp, *formats.date)
    if formats.calendar == "jalali":
        return _in_jalali(text, names, zone, is_local=False)
    plain = f"try_cast({text} as timestamp)"
    branches = [
        # The letter Z is understood by the cast, which is faster than the general way.
        f"when suffix({text}, 'Z') and regexp_full_match({text}, {literal(_ISO_ZULU)}) "
        f"then {plain}",
        # DuckDB writes a timestamp in one way, so what comes back unchanged was ISO, with no zone.
        f"when cast({plain} as varchar) = {text} and strlen({text}) between 19 and 26 "
        f"and {text} > '1' "
        f"then {_to_utc(plain, zone)}",
        f"when regexp_full_match({text}, {literal(_ISO_LOCAL)}) then {_to_utc(plain, zone)}",
        f"when regexp_full_match({text}, {literal(_ISO_OFFSET)}) then {_with_offset(text)}",
    ]
    given = [_by_format(text, name, zone, is_local=False) for name in names]
    return _chosen(branches, given, names)


def _in_jalali(text: str, names: tuple[str, ...], zone: str, *, is_local: bool) -> str:
    """Gives the moment that is written as a number, or else in the Jalali calendar."""
    counted = [
        _by_format(text, name, zone, is_local=is_local) for name in names if name in NUMBER_FORMATS
    ]
    written = [name for name in names if name not in NUMBER_FORMATS]
    moment = f"({jalali_moment(text, written)})"
    return f"coalesce({', '.join([*counted, moment if is_local else _to_utc(moment, zone)])})"


def _chosen(iso: list[str], given: list[str], names: tuple[str, ...]) -> str:
    """Tries the formats that were given, then ISO 8601, which files with typed cells hold anyway.

    Except where a given format has the day before the month after a leading year: a date that it
    refuses would be read the other way round.
    """
    branches = "" if any(re.match(r"%Y\W*%-?d", name) for name in names) else " ".join(iso)
    standard = f"case {branches} end" if branches else "null"
    return f"coalesce({', '.join([*given, standard])})" if given else standard


def _by_format(text: str, name: str, zone: str, *, is_local: bool) -> str:
    """Gives the moment that a text has by a format, in UTC or in the mapping's zone."""
    if name in NUMBER_FORMATS:
        moment, is_utc = _counted(text, name)
    else:
        moment = f"try_strptime({text}, {literal(name)})"
        is_utc = re.search(r"(?<!%)(?:%%)*%[zZ]", name) is not None
        moment = f"timezone('UTC', {moment})" if is_utc else moment
    if is_utc:
        found = local_time(moment, zone) if is_local else moment
    else:
        found = moment if is_local else _to_utc(moment, zone)
    return f"case when {moment} between {_FIRST_DAY} and {_LAST_DAY} then {found} end"


def _counted(text: str, name: str) -> tuple[str, bool]:
    """Gives the moment that is written as a number, and whether it is in UTC."""
    if name == "excel_serial":
        number = f"try_cast({text} as decimal(18, 10))"
        # Day 60 of spreadsheets is the 29th of February 1900, which there was not.
        start = f"if({number} < 60, timestamp '1899-12-31', timestamp '1899-12-30')"
        # To the millisecond: a third of a day has no exact number.
        clock = f"cast(round(({number} - floor({number})) * 86400000) as bigint)"
        moment = f"{start} + to_days(cast(floor({number}) as integer)) + to_milliseconds({clock})"
        form, is_utc = r"\d{1,7}(\.\d+)?", False
    else:
        # Not beyond the year 5138, or DuckDB would have no such timestamp.
        places, digits = (6, 11) if name == "epoch_seconds" else (3, 14)
        number = f"try_cast({text} as decimal(24, {places}))"
        moment = f"make_timestamp(cast({number} * {10**places} as bigint))"
        form, is_utc = rf"-?\d{{1,{digits}}}(\.\d{{1,{places}}}0*)?", True
    return f"(case when regexp_full_match({text}, {literal(form)}) then {moment} end)", is_utc


def _with_offset(text: str) -> str:
    """Gives the moment in UTC of an ISO text with an offset, by way of the one form that is exact.

    The cast to `timestamp` would drop the offset, and the one to `timestamptz` wants seconds.
    """
    clock = f"upper(replace(substr({text}, 12), ' ', ''))"
    seconds = f"if(substr({text}, 17, 1) = ':', '', ':00')"
    exact = (
        f"substr({text}, 1, 10) || ' ' || substr({clock}, 1, 5) || {seconds} || substr({clock}, 6)"
    )
    return f"timezone('UTC', try_cast({exact} as timestamptz))"


def _to_utc(moment: str, zone: str) -> str:
    """Gives a local time in UTC; one that clocks skipped is taken as if they had not."""
    return moment if zone == "UTC" else f"timezone('UTC', timezone({literal(zone)}, {moment}))"


def local_time(moment: str, zone: str) -> str:
    """Gives the SQL of a time in UTC as it is in a zone.

    Args:
        moment: SQL of the time.
        zone: The zone (IANA name).
    """
    return moment if zone == "UTC" else f"timezone({literal(zone)}, timezone('UTC', {moment}))"
