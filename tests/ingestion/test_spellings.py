"""Numbers and dates as the world writes them: whatever the spelling, the value is the one meant.

Each value is drawn first and then spelled, so that nothing here reads a text.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from persiantools.jdatetime import JalaliDate

from ingestion.casting.casts import bare_number, failed_cast_reason, plain_text, typed_value
from ingestion.contracts.tables import Column
from ingestion.mapping.feeds import Formats

NUMBER = Column(name="amount", logical_type="number", precision=18, scale=2, description="Amount.")
WHOLE = Column(name="pieces", logical_type="integer", description="Pieces.")
DAY = Column(name="day", logical_type="date", description="Day.")
MOMENT = Column(name="moment", logical_type="timestamp", description="Moment.")

SPACES = " \u00a0\u202f\u2009\u2007\u3000"
APOSTROPHES = "'\u2019\u02bc\u2032\uff07"
JALALI_NAMES = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور",
    "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
LATIN_NAMES = (
    "Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar",
    "Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand",
)  # fmt: skip
ZEROS = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.category(chr(code)) == "Nd" and unicodedata.decimal(chr(code)) == 0
]


def read(
    column: Column, texts: Sequence[str], zone: str = "UTC", **formats: object
) -> list[object]:
    """Gives the value of each text, or the code of what is wrong with it."""
    given = Formats(**formats)  # pyright: ignore[reportArgumentType]
    plain = f"({plain_text(column, 'text')})"
    if column.logical_type in {"integer", "number"} and not given.duration:
        plain = bare_number(plain, given)
    value = typed_value(column, plain, given, zone)
    reason = failed_cast_reason(column, plain, given)
    with duckdb.connect() as connection:
        connection.execute("create table cells as select unnest(?) as text", [list(texts)])
        connection.execute("set TimeZone = 'America/New_York'")  # must not matter
        rows = connection.execute(
            f"select {value}, case when {value} is null then {reason} end from cells"
        ).fetchall()
    return [reason or value for value, reason in rows]


def in_script(text: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(c)) if c in "0123456789" else c for c in text)


def grouped(number: Decimal, separators: Sequence[str], point: str, draw: random.Random) -> str:
    sign, plain = ("-" if number < 0 else ""), f"{abs(number):.2f}"
    whole, fraction = plain.split(".")
    groups: list[str] = []
    while len(whole) > 3:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    text = whole + "".join(draw.choice(separators) + group for group in groups)
    return f"{sign}{text}{point}{fraction}"


@pytest.mark.parametrize(
    ("formats", "separators", "points"),
    [
        ({}, [""], "."),
        ({}, ["\u066c"], ".\u066b"),
        ({"thousands": ","}, [","], "."),
        ({"thousands": ".", "decimal_point": ","}, ["."], ",\u066b"),
        ({"thousands": " ", "decimal_point": ","}, SPACES, ","),
        ({"thousands": "'"}, APOSTROPHES, "."),
        ({"thousands": "\u2019", "decimal_point": ","}, APOSTROPHES, ","),
        ({"thousands": "\u066c", "decimal_point": "\u066b"}, ["\u066c"], "\u066b"),
        ({"thousands": "/", "decimal_point": "\u00b7"}, ["/"], "\u00b7"),
    ],
)
def test_numbers(formats: dict[str, str], separators: str, points: str):
    draw = random.Random(str(formats))
    meant = [Decimal(draw.randrange(-(10**17), 10**17)).scaleb(-2) for _ in range(1000)]
    meant += [Decimal(draw.randrange(-(10**6), 10**6)).scaleb(-2) for _ in range(200)]
    texts = [
        in_script(grouped(each, separators, draw.choice(points), draw), draw.choice(ZEROS))
        for each in meant
    ]
    assert read(NUMBER, texts, **formats) == meant


@pytest.mark.parametrize(
    ("text", "formats", "meant"),
    [
        ("(1,250.50)", {"negative": "parentheses", "thousands": ","}, "-1250.50"),
        ("(€ 5)", {"negative": "parentheses", "strip": ("€",)}, "-5"),
        ("€(5)", {"negative": "parentheses", "strip": ("€",)}, "-5"),
        ("-5", {"negative": "parentheses"}, "-5"),
        ("5-", {"negative": "trailing"}, "-5"),
        (
            "1.250,50 -",
            {"negative": "trailing", "thousands": ".", "decimal_point": ","},
            "-1250.50",
        ),
        ("-5", {"negative": "trailing"}, "-5"),
        ("5 €-", {"negative": "trailing", "strip": ("€",)}, "-5"),
        ("5- €", {"negative": "trailing", "strip": ("€",)}, "-5"),
        ("€ 5 -", {"negative": "trailing", "strip": ("€",)}, "-5"),
        ("5 €", {"negative": "trailing", "strip": ("€",)}, "5"),
        ("€5", {"strip": ("€",)}, "5"),
        ("-€5", {"strip": ("€",)}, "-5"),
        ("5 €", {"strip": ("€",)}, "5"),
        ("5\u00a0EUR", {"strip": ("€", "EUR")}, "5"),
        ("US$ 5", {"strip": ("$", "US$")}, "5"),
        ("\u06f1\u06f2 ریال", {"strip": ("ریال",)}, "12"),
        ("\u22125", {}, "-5"),
        ("\u2212\u06f5", {}, "-5"),
    ],
)
def test_signs_and_what_stands_around(text: str, formats: dict[str, Any], meant: str):
    assert read(NUMBER, [text], **formats) == [Decimal(meant)]


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("(5)", {}),
        ("5-", {}),
        ("€5", {}),
        ("5 %", {}),
        ("(5", {"negative": "parentheses"}),
        ("(-5)", {"negative": "parentheses"}),
        ("-(5)", {"negative": "parentheses"}),
        ("()", {"negative": "parentheses"}),
        ("-5-", {"negative": "trailing"}),
        ("5--", {"negative": "trailing"}),
        ("5-€-", {"negative": "trailing", "strip": ("€",)}),
        ("-5 €-", {"negative": "trailing", "strip": ("€",)}),
        ("€€5-", {"negative": "trailing", "strip": ("€",)}),
        ("-", {"negative": "trailing"}),
        ("€€5", {"strip": ("€",)}),
        ("$5", {"strip": ("€",)}),
        ("€", {"strip": ("€",)}),
        ("5.€", {"strip": (".",)}),
        ("1,5", {"thousands": ","}),
        ("12 34", {"thousands": " "}),
        ("1\u2019000", {"thousands": ","}),
        ("1\u00a0000", {}),
        ("1\u066c00", {}),
        ("1\u066b\u066b5", {}),
        ("\u06f1-\u06f2", {}),
        ("½", {}),
        ("Ⅷ", {}),
        ("²", {}),
    ],
)
def test_what_is_no_number_stays_none(text: str, formats: dict[str, str]):
    assert read(NUMBER, [text], **formats) == ["cast_failed"]


def test_digits_of_every_script():
    assert len(ZEROS) > 60
    texts = [in_script("1234567890", zero) for zero in ZEROS]
    assert read(WHOLE, texts) == [1234567890] * len(ZEROS)


def spelled(day: date, draw: random.Random) -> str:
    """Writes a day as somebody in Iran might."""
    jalali = JalaliDate(day)
    year, month, number = jalali.year, jalali.month, jalali.day
    between = draw.choice(["/", "-", ".", " / ", "،"])
    forms = [
        f"{year}{between}{month:02}{between}{number:02}",
        f"{year}{between}{month}{between}{number}",
        f"{year}{month:02}{number:02}",
        f"{number} {JALALI_NAMES[month - 1]} {year}",
        f"{number:02}-{LATIN_NAMES[month - 1]}-{year}",
        f"{year} {LATIN_NAMES[month - 1].upper()} {number}",
        f"{number} {JALALI_NAMES[month - 1].replace('ی', 'ي')} {year}",
    ]
    if 1350 <= year < 1450:
        forms += [f"{year % 100:02}/{month:02}/{number:02}"]
    text = in_script(draw.choice(forms), draw.choice("0٠۰"))
    return draw.choice(["", "\u200f", "\u202b"]) + text + draw.choice(["", "\u200e"])


def test_jalali_days():
    draw = random.Random(1403)
    first, last = JalaliDate(1250, 1, 1).to_gregorian(), JalaliDate(1499, 12, 29).to_gregorian()
    days = [first + timedelta(days=draw.randrange((last - first).days)) for _ in range(10_000)]
    texts = [spelled(day, draw) for day in days]
    assert read(DAY, texts, calendar="jalali") == days


def test_every_day_of_three_centuries_by_a_format():
    first, last = JalaliDate(1200, 1, 1).to_gregorian(), JalaliDate(1500, 12, 29).to_gregorian()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    texts = [JalaliDate(day).strftime("%d/%m/%Y") for day in days]
    found = read(DAY, texts, calendar="jalali", date=("%d/%m/%Y",))
    assert found == days


@pytest.mark.parametrize(
    "text",
    ["1404/12/30", "1403/07/31", "1403/13/01", "1403/00/10", "1403/01/00", "2024-10-06", "1403",
     "مهر 1403", "1403/07/15 24:00", "1403/07/15 10:60", "1100/01/01", "x"],
)  # fmt: skip
def test_what_is_no_jalali_day(text: str):
    assert read(DAY, [text], calendar="jalali") == ["cast_failed"]
    assert read(MOMENT, [text], calendar="jalali") == ["cast_failed"]


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("%d/%m/%y", "30/12/02", None),
        ("%d/%m/%y", "31/07/03", None),
        ("%d/%m/%y", "29/12/02", date(2024, 3, 19)),
        ("%d/%m/%Y", "05/03/02", None),
        ("%d/%m/%Y", "10/01/04", None),
        ("%d/%m/%Y", "1402/03/05", date(2023, 5, 26)),
        ("%d %B %Y", "15 Mehr 03", None),
        ("%Y-%d-%m", "1403-05-07", date(2024, 9, 26)),
        ("%Y-%d-%m", "1403/05/07", None),
    ],
)
def test_a_day_by_a_format_is_not_read_in_another_order(name: str, text: str, meant: date | None):
    assert read(DAY, [text], calendar="jalali", date=(name,)) == [meant or "cast_failed"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("15 مهر 99", date(2020, 10, 6)),
        ("15 مهر 03", date(2024, 10, 6)),
        ("03/07/15", date(2024, 10, 6)),
        ("1403–07–15", date(2024, 10, 6)),
        ("1403_07_15", date(2024, 10, 6)),
        ("1403|07|15", date(2024, 10, 6)),
        ("1403\u00a007\u00a015", date(2024, 10, 6)),
    ],
)
def test_short_years_and_other_separators(text: str, meant: date):
    assert read(DAY, [text], calendar="jalali") == [meant]


RATE = Column(name="rate", logical_type="number", precision=18, scale=8, description="Rate.")


def test_noise_is_less_the_more_places_there_are():
    texts = ["0.0000237809123456789", "0.0000105808157514974", "1.0842000000000001", "1e-5"]
    assert read(RATE, texts) == ["would_round", "would_round", Decimal("1.0842"), "cast_failed"]


@pytest.mark.parametrize("column", [NUMBER, WHOLE, RATE])
def test_numbers_of_absurd_length_fail_alone(column: Column):
    texts = ["9" * 20 + "." + "9" * 18, "9" * 40, "-" + "9" * 19 + "." + "9" * 18]
    assert all(isinstance(found, str) for found in read(column, texts))


def test_a_separator_that_is_the_other_one_of_arabic():
    assert read(NUMBER, ["12٬5", "1,250٬5"], decimal_point="\u066c") == [
        Decimal("12.50"),
        "cast_failed",
    ]


def test_a_leap_day():
    assert read(DAY, ["1403/12/30", "1399-12-30"], calendar="jalali") == [
        date(2025, 3, 20),
        date(2021, 3, 20),
    ]


def test_jalali_moments_are_local():
    draw = random.Random(15)
    zone = ZoneInfo("Asia/Tehran")
    # Behind the last change of clocks in Iran, so that every local time is one moment.
    first = datetime(2023, 1, 1)
    meant = [first + timedelta(seconds=draw.randrange(3 * 366 * 86400)) for _ in range(2000)]
    texts = []
    for moment in meant:
        day = JalaliDate(moment.date()).strftime("%Y/%m/%d")
        texts.append(f"{day}{draw.choice([' ', 'T', ' - ', '،'])}{moment:%H:%M:%S}")
    utc = [
        each.replace(tzinfo=zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None) for each in meant
    ]
    assert read(MOMENT, texts, "Asia/Tehran", calendar="jalali") == utc
    # A day is the one that was written, wherever it is.
    days = [each.date() for each in meant]
    assert read(DAY, texts, "Asia/Tehran", calendar="jalali") == days


def test_jalali_moments_by_a_format():
    formats = {"calendar": "jalali", "timestamp": ("%d/%m/%y %H:%M",)}
    assert read(MOMENT, ["15/07/03 08:30"], "Asia/Tehran", **formats) == [
        datetime(2024, 10, 6, 5, 0)
    ]


def test_gregorian_days_in_other_digits():
    texts = ["۲۰۲۴-۱۰-۰۶", "2024-10-06", "٢٠٢٤-١٠-٠٦"]
    assert read(DAY, texts) == [date(2024, 10, 6)] * 3
    assert read(DAY, ["۰۶.۱۰.۲۰۲۴"], date=("%d.%m.%Y",)) == [date(2024, 10, 6)]


def moments(seed: int, count: int = 500) -> list[datetime]:
    draw = random.Random(seed)
    return [
        datetime(1950, 1, 1) + timedelta(milliseconds=draw.randrange(150 * 365 * 86_400_000))
        for _ in range(count)
    ]


@pytest.mark.parametrize("calendar", ["gregorian", "jalali"])
def test_days_of_a_spreadsheet(calendar: str):
    meant = moments(1)
    serials = [(each - datetime(1899, 12, 30)) / timedelta(days=1) for each in meant]
    formats = {"timestamp": ("excel_serial",), "calendar": calendar}
    assert read(MOMENT, [repr(each) for each in serials], **formats) == meant
    days = [each.date() for each in meant]
    given = {"date": ("excel_serial",), "calendar": calendar}
    assert read(DAY, [repr(each) for each in serials], "Asia/Tehran", **given) == days
    whole = [in_script(str(int(each)), "۰") for each in serials]
    assert read(DAY, whole, **given) == days
    assert read(DAY, ["1", "59", "61"], **given) == [
        date(1900, 1, 1),
        date(1900, 2, 28),
        date(1900, 3, 1),
    ]


def test_a_spreadsheets_clock_is_local():
    (utc,) = read(MOMENT, ["45000.5"], "Asia/Tehran", timestamp=("excel_serial",))
    assert utc == datetime(2023, 3, 15, 8, 30)


@pytest.mark.parametrize("name", ["epoch_seconds", "epoch_millis"])
def test_time_since_1970_is_of_utc(name: str):
    meant = moments(2)
    counted = [
        Decimal((each - datetime(1970, 1, 1)) // timedelta(milliseconds=1)) for each in meant
    ]
    texts = [format(each if name == "epoch_millis" else each / 1000, "f") for each in counted]
    assert read(MOMENT, texts, "America/Phoenix", timestamp=(name,)) == meant
    zone = ZoneInfo("America/Phoenix")
    days = [each.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date() for each in meant]
    assert read(DAY, texts, "America/Phoenix", date=(name,)) == days


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("-1", "excel_serial"),
        ("12345678", "excel_serial"),
        ("1e5", "excel_serial"),
        ("1700000000000", "epoch_seconds"),
        ("170000000000000", "epoch_millis"),
        ("1.0000001", "epoch_seconds"),
        ("2026-01", "epoch_millis"),
    ],
)
def test_what_is_no_count(text: str, name: str):
    assert read(MOMENT, [text], timestamp=(name,)) == ["cast_failed"]
    assert read(DAY, [text], date=(name,), calendar="jalali") == ["cast_failed"]
