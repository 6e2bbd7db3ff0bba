"""Ten thousand numbers, days and names, each in a spelling drawn at random from all that there are.

Three parties must agree: the value that was drawn, what landing reads, and a parser in plain Python
that shares nothing with landing: it goes through a text character by character, by Unicode's own
properties, where landing has patterns and DuckDB.
"""

from __future__ import annotations

import calendar
import random
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from persiantools.jdatetime import JalaliDate
from test_normalize import spelled_otherwise
from test_spellings import (
    APOSTROPHES,
    DAY,
    JALALI_NAMES,
    LATIN_NAMES,
    NUMBER,
    SPACES,
    ZEROS,
    grouped,
    in_script,
    read,
)

from ingestion.mapping.normalization import add_normalization, in_order, normalised_sql
from ingestion.mapping.schema import NormalizeStep

COUNT = 10_000
MARKS = ["", "\u200e", "\u200f", "\u202b"]
Spelled = dict[str, list[tuple[str, Any]]]


class TestNumbers:
    """A style is what one mapping declares; all numbers of a style are read at once."""

    SEPARATORS = (
        ("", "."), (",", "."), (".", ","), (" ", ","), ("'", "."), ("\u066c", "\u066b"), ("_", "·"),
    )  # fmt: skip
    NEGATIVES = ("sign", "trailing", "parentheses")
    CURRENCIES = ((), ("€",), ("$", "US$"), ("ریال", "تومان"))

    @classmethod
    def styles(cls) -> list[dict[str, Any]]:
        return [
            {"thousands": thousands, "decimal_point": point, "negative": negative, "strip": strip}
            for thousands, point in cls.SEPARATORS
            for negative in cls.NEGATIVES
            for strip in cls.CURRENCIES
        ]

    @staticmethod
    def spelled(value: Decimal, style: dict[str, Any], draw: random.Random) -> str:
        kinds = {" ": SPACES, "'": APOSTROPHES}.get(style["thousands"], style["thousands"])
        # Groups may be there or not: a system that writes them does so above some size.
        separators = list(kinds) if kinds and draw.random() < 0.8 else [""]
        text = in_script(
            grouped(abs(value), separators, style["decimal_point"], draw), draw.choice(ZEROS)
        )
        if style["strip"] and draw.random() < 0.7:
            sign, gap = draw.choice(style["strip"]), draw.choice(["", " ", "\u00a0"])
            text = f"{sign}{gap}{text}" if draw.random() < 0.5 else f"{text}{gap}{sign}"
        if value < 0:
            # Every style still understands a sign in front.
            forms = {"trailing": f"{text}-", "parentheses": f"({text})"}
            plain = f"{draw.choice('-−')}{text}"
            text = forms.get(style["negative"], plain) if draw.random() < 0.8 else plain
        return draw.choice(MARKS) + text

    @staticmethod
    def parsed(text: str, point: str) -> Decimal:
        """Reads digits and the last point; all else can only say that the number is negative."""
        digits, places, is_negative, has_point = 0, 0, False, False
        for character in text:
            value = unicodedata.decimal(character, None)
            if value is not None:
                digits, places = digits * 10 + value, places + has_point
            elif character == point:
                has_point = True
            elif character in "-−(":
                is_negative = True
        return Decimal(-digits if is_negative else digits).scaleb(-places)

    def test_round_trip(self) -> None:
        draw = random.Random(10)
        styles = self.styles()
        meant: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
        for _ in range(COUNT):
            number = draw.randrange(len(styles))
            value = Decimal(draw.randrange(-(10 ** draw.randrange(2, 17)), 10**16)).scaleb(-2)
            meant[number].append((self.spelled(value, styles[number], draw), value))
        assert len(meant) == len(styles)
        for number, pairs in meant.items():
            style = styles[number]
            texts, values = [text for text, _ in pairs], [value for _, value in pairs]
            assert [self.parsed(text, style["decimal_point"]) for text in texts] == values
            assert read(NUMBER, texts, **style) == values, style


def to_ascii(text: str) -> str:
    """Gives a text with plain digits and without what cannot be seen."""
    plain = (
        str(unicodedata.decimal(c)) if c.isdecimal() else c
        for c in text
        if unicodedata.category(c) != "Cf"
    )
    return "".join(plain)


def by_strptime(pattern: str) -> Callable[[str], date]:
    return lambda text: datetime.strptime(to_ascii(text), pattern).date()


def jalali(order: str) -> Callable[[str], date]:
    """Reads a Jalali day by its three parts in an order such as `dmy`; months may have names."""

    def parsed(text: str) -> date:
        spaced = "".join(c if c.isalnum() else " " for c in to_ascii(text)).split()
        parts = dict(zip(order, spaced, strict=True))
        names = [name.casefold() for name in (*LATIN_NAMES, *JALALI_NAMES)]
        month = parts["m"].casefold()
        number = int(month) if month.isdecimal() else names.index(month) % 12 + 1
        return JalaliDate(int(parts["y"]), number, int(parts["d"])).to_gregorian()

    return parsed


def in_jalali(day: date, names: tuple[str, ...], form: str) -> str:
    meant = JalaliDate(day)
    return form.format(d=meant.day, m=names[meant.month - 1], y=meant.year)


def counted(unit: timedelta, start: datetime) -> Callable[[str], date]:
    return lambda text: (start + unit * int(to_ascii(text))).date()


EPOCH = datetime(1970, 1, 1)
# (what the mapping declares, how a day is spelled, how the independent parser reads it)
DAYS: dict[str, tuple[dict[str, Any], Callable[[date], str], Callable[[str], date]]] = {
    "ISO": ({}, date.isoformat, lambda t: date.fromisoformat(to_ascii(t))),
    "ISO with a time": (
        {}, lambda d: f"{d}T23:59:59", lambda t: datetime.fromisoformat(to_ascii(t)).date()
    ),
    "ISO with Z": (
        {}, lambda d: f"{d} 00:30:00Z", lambda t: datetime.fromisoformat(to_ascii(t)).date()
    ),
    **{
        pattern: (
            {"date": (pattern,)}, lambda d, pattern=pattern: d.strftime(pattern),
            by_strptime(pattern),
        )
        for pattern in (
            "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%Y-%d-%m", "%d-%m-%y",
            "%Y/%m/%d", "%a %d %b %Y",
        )
    },
    "a list": (
        {"date": ("%d.%m.%Y", "%d.%m.%y")}, lambda d: d.strftime("%d.%m.%Y"),
        by_strptime("%d.%m.%Y"),
    ),
    "excel_serial": (
        {"date": ("excel_serial",)}, lambda d: str((d - date(1899, 12, 30)).days),
        counted(timedelta(days=1), datetime(1899, 12, 30)),
    ),
    "epoch_seconds": (
        {"date": ("epoch_seconds",)},
        lambda d: str(calendar.timegm(d.timetuple())), counted(timedelta(seconds=1), EPOCH),
    ),
    "epoch_millis": (
        {"date": ("epoch_millis",)}, lambda d: str(calendar.timegm(d.timetuple()) * 1000 + 999),
        counted(timedelta(milliseconds=1), EPOCH),
    ),
    "Jalali": (
        {"calendar": "jalali"}, lambda d: JalaliDate(d).strftime("%Y/%m/%d"), jalali("ymd")
    ),
    "Jalali with Persian months": (
        {"calendar": "jalali"},
        lambda d: in_jalali(d, JALALI_NAMES, "{d} {m} {y}"),
        jalali("dmy"),
    ),
    "Jalali with Latin months": (
        {"calendar": "jalali"},
        lambda d: in_jalali(d, LATIN_NAMES, "{d:02}-{m}-{y}"),
        jalali("dmy"),
    ),
    "Jalali by a format": (
        {"calendar": "jalali", "date": ("%d.%m.%Y",)},
        lambda d: JalaliDate(d).strftime("%d.%m.%Y"), jalali("dmy"),
    ),
}  # fmt: skip


def test_days_round_trip() -> None:
    draw = random.Random(11)
    meant: dict[str, list[tuple[str, date]]] = defaultdict(list)
    for _ in range(COUNT):
        form = draw.choice(list(DAYS))
        # Years of two digits are those that Python and DuckDB put into the same century.
        day = date(1970, 1, 2) + timedelta(days=draw.randrange(98 * 365))
        written = in_script(
            DAYS[form][1](day), draw.choice(["0", "0", "٠", "۰", draw.choice(ZEROS)])
        )
        meant[form].append((draw.choice(MARKS) + written, day))
    assert set(meant) == set(DAYS)
    for form, pairs in meant.items():
        formats, _, parsed = DAYS[form]
        texts, days = [text for text, _ in pairs], [day for _, day in pairs]
        assert [parsed(text) for text in texts] == days, form
        assert read(DAY, texts, **formats) == days, form


LETTERS = "abcdefghijklmnopqrstuvwxyzäéøłčßñБЖяЩΔπω"
PERSIAN = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
STEPS: tuple[NormalizeStep, ...] = in_order(
    ("nfkc", "arabic_yeh_kaf", "zwnj", "tatweel", "digits", "case", "spaces")
)


def letters_of(text: str) -> str:
    """Gives what of a name is no matter of keyboards, fonts or case, by Unicode's properties."""
    same = {"ي": "ی", "ى": "ی", "ك": "ک"}
    kept: list[str] = []
    for c in unicodedata.normalize("NFKC", text).casefold():
        if c.isdecimal():
            kept.append(str(unicodedata.decimal(c)))
        elif c.isspace() or c == "\u200c":
            kept.append(" ")
        elif unicodedata.category(c) != "Cf" and c != "ـ":
            kept.append(same.get(c, c))
    return " ".join(unicodedata.normalize("NFKC", "".join(kept)).split())


@pytest.mark.parametrize("seed", [12, 13])
def test_names_in_any_spelling_are_one_key_and_others_another(seed: int) -> None:
    draw = random.Random(seed)
    pairs: list[tuple[str, str]] = []
    for _ in range(COUNT // 2):
        alphabet = draw.choice([LETTERS, PERSIAN, LETTERS + "0123456789", PERSIAN + "۰۱۲۳"])
        words = [
            "".join(draw.choices(alphabet, k=draw.randrange(1, 6)))
            for _ in range(draw.randrange(1, 4))
        ]
        pairs.append((" ".join(words), spelled_otherwise(words, draw)))
    with duckdb.connect() as connection:
        add_normalization(connection)
        connection.execute(
            "create table names as select unnest(?) as name, unnest(?) as other",
            [[name for name, _ in pairs], [other for _, other in pairs]],
        )
        keys = connection.execute(
            f"select {normalised_sql('name', STEPS)}, {normalised_sql('other', STEPS)} from names"
        ).fetchall()
    assert [key for key, _ in keys] == [key for _, key in keys]
    by_parser: dict[str, set[str]] = defaultdict(set)
    for (name, other), (key, _) in zip(pairs, keys, strict=True):
        by_parser[letters_of(name)].add(key)
        assert letters_of(other) == letters_of(name)
    # One key for each name, and no key for two of them.
    assert all(len(found) == 1 for found in by_parser.values())
    assert len({key for key, _ in keys}) == len(by_parser) > COUNT // 4
    assert sum(name != other for name, other in pairs) > COUNT // 3


def test_moments_round_trip_through_any_offset() -> None:
    """A moment with an offset is one in UTC, however the offset is written."""
    draw = random.Random(14)
    texts: list[str] = []
    meant: list[date] = []
    for _ in range(COUNT // 4):
        moment = EPOCH.replace(tzinfo=UTC) + timedelta(seconds=draw.randrange(3 * 10**9))
        minutes = draw.randrange(-14 * 4, 14 * 4 + 1) * 15
        local = (moment + timedelta(minutes=minutes)).replace(tzinfo=None)
        hours, rest = divmod(abs(minutes), 60)
        between = draw.choice(["", ":"])
        texts.append(f"{local:%Y-%m-%d %H:%M:%S}{'-+'[minutes >= 0]}{hours:02}{between}{rest:02}")
        meant.append(moment.date())
        assert datetime.fromisoformat(texts[-1]).astimezone(UTC) == moment
    assert read(DAY, texts) == meant
