"""Jalali dates in the names of files and folders.

Belongs here: the forms that they have there. Does not belong here: dates in cells, which are read
in bulk (`jalali`), and what an extract's time means (`feeds`).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, time

from persiantools.jdatetime import JalaliDate

_CLOCK = r"(?:[T _-](\d\d)[-:._]?(\d\d)(?:[-:._]?(\d\d))?)?"
_USUAL = (
    re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?", re.ASCII),
    re.compile(rf"(\d{{4}})(\d\d)(\d\d){_CLOCK}", re.ASCII),
    re.compile(rf"(\d{{4}})[-/._](\d{{1,2}})[-/._](\d{{1,2}}){_CLOCK}", re.ASCII),
)
_PARTS = ("Y", "m", "d", "H", "M", "S")
_CODE = re.compile(r"%(.)|([^%]+)", re.DOTALL)


def is_known_name_format(time_format: str) -> bool:
    """Tells whether a format has year, month and day once, and no code but `%Y %m %d %H %M %S`."""
    codes = [code for code, _ in _CODE.findall(time_format) if code not in ("", "%")]
    is_known = set(codes) <= set(_PARTS) and len(set(codes)) == len(codes)
    return is_known and {"Y", "m", "d"} <= set(codes)


def jalali_time(text: str, time_format: str | None) -> tuple[datetime, bool]:
    """Reads a time whose date is of the Jalali calendar.

    Args:
        text: Such as 14050630, 140506300415, 1405-06-30 or 1405-06-30T04-15, with digits of any
            script.
        time_format: strptime format; see `is_known_name_format`.

    Returns:
        The local time, and whether it is a date alone.

    Raises:
        ValueError: It is no such time.
    """
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    parts = _by_format(plain, time_format) if time_format else _usual(plain)
    year, month, day = (int(parts[code] or 0) for code in "Ymd")
    clock = [parts.get(code) for code in "HMS"]
    hour, minute, second = (int(part or 0) for part in clock)
    date = JalaliDate(year, month, day).to_gregorian()
    moment = datetime.combine(date, time(hour, minute, second))
    return moment, all(part is None for part in clock)


def _usual(text: str) -> dict[str, str | None]:
    for form in _USUAL:
        found = form.fullmatch(text)
        if found is not None:
            return dict(zip(_PARTS, found.groups(), strict=True))
    raise ValueError(text)


def _by_format(text: str, time_format: str) -> dict[str, str | None]:
    pattern, codes = "", []
    for code, between in _CODE.findall(time_format):
        if between or code == "%":
            pattern += re.escape(between or "%")
        else:
            pattern += r"(\d{4})" if code == "Y" else r"(\d{1,2})"
            codes.append(code)
    found = re.fullmatch(pattern, text, re.ASCII)
    if found is None:
        raise ValueError(text)
    return dict(zip(codes, found.groups(), strict=True))
