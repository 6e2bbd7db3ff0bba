"""Every Persian file, read back by means that neither the simulator nor the product uses for it,
has the rows of its plain twin.

Dates by persiantools, workbooks by openpyxl, dBase tables byte by byte, letters by a table of this
module. A cell that is broken on purpose has to be broken in both.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from demo_key import PERSIAN, Demo, expected
from openpyxl import load_workbook
from persiantools.jdatetime import JalaliDate

from simulation.extracts.writing import HEADERS
from simulation.persian.persian_columns import (
    BOOLEANS,
    DATES,
    FIELDS_DBF,
    HEADERS_FA,
    NUMBERS,
    WORDS_FOR,
)
from simulation.persian.persian_extracts import FOREIGN, SHAPES, file_name
from simulation.persian.retelling import MOMENTS

pytestmark = pytest.mark.parametrize("demo", [PERSIAN], ids=str, indirect=True)

Rows = list[list[str]]
TEHRAN = ZoneInfo("Asia/Tehran")
LETTERS = {"ي": "ی", "ك": "ک", "ى": "ی", "\u200c": " ", "\u0640": ""}
MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن",
    "اسفند",
)  # fmt: skip


def one_spelling(text: str) -> str:
    text = "".join(LETTERS.get(letter, letter) for letter in text)
    return "".join(
        str(unicodedata.decimal(letter)) if unicodedata.category(letter) == "Nd" else letter
        for letter in text
    )


def number(text: str, point: str, thousands: str) -> Decimal | None:
    text = one_spelling(text).replace(thousands, "").replace(point, ".")
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def day(text: str) -> date | None:
    text = one_spelling(text)
    named = re.fullmatch(r"(\d+) (\D+) (\d{4})", text)
    parts = re.fullmatch(r"(\d{4})/(\d\d)/(\d\d)", text)
    if named:
        year, month, of_month = int(named[3]), MONTHS.index(named[2]) + 1, int(named[1])
    elif parts:
        year, month, of_month = (int(part) for part in parts.groups())
    else:
        return None
    try:
        return JalaliDate(year, month, of_month).to_gregorian()
    except ValueError:
        return None


def moment(text: str) -> str | None:
    on, _, at = one_spelling(text).rpartition(" ")
    found = day(on)
    if found is None:
        return None
    local = datetime.fromisoformat(f"{found}T{at}").replace(tzinfo=TEHRAN)
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_dbf(path: Path) -> tuple[list[str], Rows]:
    """Reads a table of dBase III by its published layout."""
    data = path.read_bytes()
    records, start, size = struct.unpack_from("<LHH", data, 4)
    fields, place = [], 32
    while data[place] != 0x0D:
        name, kind, width = struct.unpack_from("<11sc4xB", data, place)
        fields.append((name.rstrip(b"\0").decode(), kind, width))
        place += 32
    assert start == place + 1
    rows = []
    for each in range(records):
        at, row = start + each * size + 1, []
        for _, kind, width in fields:
            text = data[at : at + width].decode("cp1256").strip()
            if kind == b"D" and text:
                text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
            row.append(text)
            at += width
        rows.append(row)
    assert data[start + records * size :] == b"\x1a"
    return [name for name, *_ in fields], rows


def read_sheet(path: Path, sheet: str) -> tuple[list[str], Rows]:
    book = load_workbook(path, read_only=True)
    header, *rows = (
        ["" if cell is None else str(cell) for cell in row]
        for row in book[sheet].iter_rows(values_only=True)
    )
    # Empty cells at the end of a row are not written.
    return header, [row + [""] * (len(header) - len(row)) for row in rows]


def read_text(path: Path, encoding: str) -> tuple[list[str], Rows]:
    text = path.read_bytes().decode(encoding)
    delimiter = ";" if encoding == "cp1256" else ","
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return header, rows


def rows_of(folder: Path, table: str, is_delta: bool) -> list[tuple[list[str], Rows]]:
    """Reads the one or two files of a table in a night's folder."""
    shape = SHAPES[table]
    found = []
    for kind in ("", FOREIGN):
        path = folder / file_name(table, kind, ".delta." if is_delta else "")
        if not path.exists() or (kind and table not in _SPLIT):
            continue
        if shape.form == "dbf":
            found.append(read_dbf(path))
        elif shape.form == "xlsx":
            found.append(read_sheet(path, shape.sheet))
        else:
            found.append(read_text(path, shape.form))
    return found


_SPLIT = ("opportunities", "opportunity_line_items", "opportunity_field_history")


class Reader:
    """Turns the cells of one file back into those of the plain one, as far as they can be read."""

    def __init__(self, table: str, header: list[str]) -> None:
        self._table = table
        self._form = SHAPES[table].form
        columns = HEADERS[table]
        if self._form == "dbf":
            assert header == [FIELDS_DBF[column] for column in columns]
        else:
            names = [one_spelling(name).removesuffix(" (تومان)") for name in header]
            assert names == [HEADERS_FA[column] for column in columns]
        self._in_toman = {
            column for column, name in zip(columns, header, strict=True) if "تومان" in name
        }
        self.counts: Counter[str] = Counter()

    def plain(self, row: list[str]) -> list[str]:
        columns = HEADERS[self._table]
        return [
            self._cell(columns[place] if place < len(columns) else "", cell, row)
            for place, cell in enumerate(row)
        ]

    def _cell(self, column: str, cell: str, row: list[str]) -> str:
        if not cell:
            return ""
        if column in ("old_value", "new_value") and len(row) == len(HEADERS[self._table]):
            return self._held(cell, one_spelling(row[2]))
        if column in DATES:
            return self._told(day(cell) or cell, cell)
        if column in MOMENTS:
            return self._told(moment(cell) or cell, cell)
        if column in BOOLEANS:
            return {"بلی": "true", "خیر": "false"}.get(one_spelling(cell), cell)
        if column in NUMBERS:
            scale = Decimal(10) if column in self._in_toman else Decimal(1)
            if column == "probability" and self._table == "opportunities":
                scale = Decimal("0.01")
            return self._number(cell, scale)
        words = {word: code for code, word in WORDS_FOR.get(column, {}).items()}
        return words.get(one_spelling(cell), one_spelling(cell))

    def _held(self, cell: str, field: str) -> str:
        fields = {word: code for code, word in WORDS_FOR["field_name"].items()}
        column = fields.get(field, "")
        if column == "amount":
            # Of deals in rials; the file of the others is told apart by the caller.
            return self._number(cell, self.scale_of_history)
        if column == "probability":
            return self._number(cell, Decimal("0.01"))
        return self._cell(column, cell, []) if column else one_spelling(cell)

    scale_of_history = Decimal(10)

    def _number(self, cell: str, scale: Decimal) -> str:
        point, thousands = {"cp1256": ("/", ",")}.get(self._form, ("٫", "٬"))
        found = number(cell, point, thousands)
        if found is None:
            return cell
        return self._told(f"{found * scale:f}", cell)

    def _told(self, value: object, cell: str) -> str:
        self.counts["read" if str(value) != cell else "as it is"] += 1
        return str(value)


def same(found: str, plain: str, column: str) -> bool:
    if found == plain:
        return True
    try:
        # 12.50 and 12.5 are one number; a broken date is another impossible one.
        return Decimal(found) == Decimal(plain)
    except InvalidOperation:
        pass
    if column in DATES or column in MOMENTS:
        broken = re.match(r"\d{4}-\d\d-\d\d", plain) and not _is_date(plain[:10])
        return bool(broken) and "۱۴۰۴/۱۳/۰۱" in found.translate(_TO_PERSIAN)
    return " ".join(found.split()) == " ".join(one_spelling(plain).split())


_TO_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def test_every_file_reads_back_to_the_plain_rows(demo: Demo, demo_company: Path):
    nights = sorted((demo_company / "plain").iterdir())
    spelled = sorted((demo_company / "extracts").iterdir())
    assert [each.name for each in spelled] == ["night_14041015", "night_14041016"]
    forms: Counter[str] = Counter()
    for plain_night, night in zip(nights, spelled, strict=True):
        for path in sorted(plain_night.glob("*.csv")):
            table, is_delta = path.name.split(".")[0], ".delta." in path.name
            plain = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))[1:]
            found: Rows = []
            for header, rows in rows_of(night, table, is_delta):
                reader = Reader(table, header)
                if table == "opportunity_field_history" and found:
                    reader.scale_of_history = Decimal(1)
                found += [reader.plain(row) for row in rows]
                forms[SHAPES[table].form] += reader.counts["read"]
            assert len(found) == len(plain), path.name
            _assert_same_rows(table, found, plain)
    # Each kind of file has many cells that are written otherwise than in the plain one.
    assert {form for form, cells in forms.items() if cells > 50} == {
        "xlsx",
        "utf-8", "utf-8-sig", "cp1256", "dbf",
    }  # fmt: skip


def _key(row: list[str]) -> list[str]:
    return row[:1]


def _assert_same_rows(table: str, found: Rows, plain: Rows) -> None:
    """Compares rows as they stand; those of a table in two files by their first column."""
    if table in _SPLIT:
        # A stable sort keeps rows of one key, which contradict each other, in their order.
        found, plain = sorted(found, key=_key), sorted(plain, key=_key)
    columns = HEADERS[table]
    for ours, theirs in zip(found, plain, strict=True):
        assert len(ours) == len(theirs)
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            column = columns[place] if place < len(columns) else ""
            assert same(one, other, column), (table, theirs[0], column, one, other)


def test_one_key_is_spelled_in_many_ways(demo: Demo, demo_company: Path):
    header, rows = read_text(
        demo_company / "extracts" / "night_14041015" / "فرصتها.csv", "utf-8-sig"
    )
    stages = Counter(row[header.index("مرحله")] for row in rows if len(row) == len(header))
    ways = Counter(one_spelling(stage) for stage in stages if stage)
    assert len(ways) == 6
    assert all(number >= 2 for number in ways.values())
    letters = "".join(stages)
    assert {"ي", "ی", "ك", "ک", "\u200c", "\u0640"} <= set(letters)


def test_defects_stand_where_the_key_says(demo: Demo, demo_company: Path):
    defects = expected(demo_company, "defects")
    texts = [row for row in defects if row["file"].endswith(".csv")]
    assert len(texts) > 60
    folders = dict(
        zip(
            sorted({row["night"] for row in defects}),
            sorted((demo_company / "extracts").iterdir()),
            strict=True,
        )
    )
    tables = {
        file_name(table, kind, plain): table
        for table in HEADERS
        for kind in ("", FOREIGN)
        for plain in ("", ".delta.")
    }
    for row in texts:
        path = folders[row["night"]] / row["file"]
        encoding = SHAPES[tables[row["file"]]].form
        line = path.read_bytes().decode(encoding).split("\n")[int(row["line"]) - 1]
        first = row["key"].split("|")[0]
        shown = " ".join(one_spelling(line).replace("/", "-").split())
        if first and not re.match(r"\d{4}-", first):
            assert first in shown, (row, line)
