"""Spelling: what the Persian demo company's systems make of the rows of its plain extracts.

Belongs here: how cells are written and which files hold them. Does not: what columns are called
(persian_columns.py), bytes of office files (office_files.py), and what the rows say.

A row that is broken on purpose stays broken for the same reason, and is told where it stands now.
"""

import csv
import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zlib import crc32

import pandas as pd

from simulation.company.business_calendar import day_number, jalali
from simulation.company.vocabulary import words_of
from simulation.extracts.extract_ledger import FileCounts
from simulation.extracts.writing import HEADERS
from simulation.people.people_tables import PAYROLL_COLUMNS
from simulation.persian.office_files import Cell, write_dbf, write_workbook
from simulation.persian.persian_columns import (
    BOOLEANS,
    DATES,
    FIELDS_DBF,
    HEADERS_FA,
    IN_TOMAN,
    NO,
    NUMBERS,
    PERCENTAGES,
    SPELLED_KEYS,
    SPELLED_NAMES,
    WORDS_FOR,
    YES,
)
from simulation.persian.retelling import (
    MOMENTS,
    records_of,
    retell_extracts,
    retell_key,
    table_of,
    tell_in_utc,
)
from simulation.persian.words_fa import CURRENCY_CODES

Record = list[str]
Books = dict[str, dict[str, Sequence[Sequence[Cell]]]]
"""Sheets of workbooks, by the name of each."""
Place = tuple[str, int]
"""A file of a night and a line of it."""

WINDOWS = "cp1256"
UTF8, UTF8_MARKED, OLD, DBASE, WORKBOOK = "utf-8", "utf-8-sig", WINDOWS, "dbf", "xlsx"
HALF_SPACE, TATWEEL = "\u200c", "\u0640"
PERSIAN_DIGITS = str.maketrans("0123456789,./", "۰۱۲۳۴۵۶۷۸۹٬٫/")
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
ARABIC_LETTERS = str.maketrans("یک", "يك")
MONTHS = words_of("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند")
IMPOSSIBLE_DAY = "1404/13/01"
"""What stands where the plain file has a day that its month does not have."""
_DAY, _CLOCK = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)")
_CODE = re.compile("[A-Z]{3}")
TENTH = Decimal("0.1")
SPLIT_TABLES = ("opportunities", "opportunity_line_items", "opportunity_field_history")
"""Tables whose deals in foreign money stand in files of their own, with amounts as they are."""
FOREIGN = "foreign"


@dataclass(frozen=True)
class FileShape:
    """Which file a table goes into.

    Attributes:
        stem: The file's name without its ending.
        form: Its encoding, or the office program that writes it.
        sheet: Of a workbook.
    """

    stem: str
    form: str
    sheet: str = ""


SHAPES = {
    "opportunities": FileShape("فرصتها", UTF8_MARKED),
    "opportunity_line_items": FileShape("اقلام", OLD),
    "opportunity_field_history": FileShape("تغییرات", UTF8),
    "accounts": FileShape("مشتریان", OLD),
    "users": FileShape("کاربران", OLD),
    "forecast_submissions": FileShape("پیشبینی", UTF8),
    "quotas": FileShape("سهمیه", WORKBOOK, "سهمیه"),
    "fx_rates": FileShape("نرخ ارز", UTF8),
    "person_crosswalk": FileShape("تطبیق", UTF8),
    "teams": FileShape("پایه", WORKBOOK, "تیم"),
    "branches": FileShape("پایه", WORKBOOK, "نمایندگی"),
    "territories": FileShape("پایه", WORKBOOK, "ناحیه"),
    "products": FileShape("پایه", WORKBOOK, "کالا"),
    "stages": FileShape("پایه", WORKBOOK, "مرحله"),
    "lead_statuses": FileShape("پایه", WORKBOOK, "وضعیت سرنخ"),
    "leads": FileShape("سرنخها", UTF8),
    "lead_status_history": FileShape("وضعیت سرنخها", UTF8),
    "contacts": FileShape("مخاطبان", OLD),
    "activities": FileShape("فعالیتها", UTF8),
    "campaigns": FileShape("پایه", WORKBOOK, "کارزار"),
    "campaign_costs": FileShape("هزینه کارزارها", OLD),
    "campaign_members": FileShape("اعضای کارزارها", UTF8),
    "touches": FileShape("برخوردها", UTF8),
    "opportunity_contacts": FileShape("مخاطبان فرصتها", OLD),
    "workers": FileShape("کارکنان", OLD),
    "positions": FileShape("احکام سمت", OLD),
    "compensation": FileShape("احکام حقوق", UTF8),
    "work_schedules": FileShape("برنامه کار", WORKBOOK, "برنامه"),
    "holidays": FileShape("تعطیلات", UTF8),
    "leave": FileShape("مرخصی", OLD),
    "time_entries": FileShape("کارکرد", UTF8),
    "training_courses": FileShape("دوره ها", WORKBOOK, "دوره"),
    "training_enrolments": FileShape("آموزش", UTF8),
    "requisitions": FileShape("نیازها", UTF8),
    "applications": FileShape("متقاضیان", UTF8),
    "application_stages": FileShape("مراحل جذب", UTF8),
    "offers": FileShape("پیشنهادها", UTF8),
} | {table: FileShape(table[:8].upper(), DBASE) for table in PAYROLL_COLUMNS}
SHAPES |= {
    "commission_plans": FileShape("PLANS", DBASE),
    "commission_adjustments": FileShape("ADJUST", DBASE),
    "earning_codes": FileShape("CODES", DBASE),
    "pay_periods": FileShape("DOREH", DBASE),
    "pay_runs": FileShape("LISTS", DBASE),
    "pay_lines": FileShape("LINES", DBASE),
    "plan_assignments": FileShape("ASSIGN", DBASE),
    "opportunity_splits": FileShape("SPLITS", DBASE),
    "rate_tiers": FileShape("TIERS", DBASE),
}
FOREIGN_SUFFIX, CHANGED_SUFFIX = " ارزی", " تازه"


def write_persian_company(
    folder: Path, tables: dict[str, pd.DataFrame], counts: list[FileCounts]
) -> list[FileCounts]:
    """Let the company be one of Tehran, in its own words and in the files of its own systems.

    Args:
        folder: The simulation's folder. Its `extracts` become the Persian ones, and `plain` holds
            the same rows in the contract's own form, with times of UTC.
        tables: The answer key, which is changed.
        counts: What a reader must make of each plain file.

    Returns:
        The counts, by the name of the first file that has the table's records.
    """
    plain, extracts = folder / "plain", folder / "extracts"
    shutil.rmtree(plain, ignore_errors=True)
    extracts.rename(plain)
    retell_extracts(plain)
    retell_key(tables)
    spelled = PersianExtracts(plain, extracts)
    spelled.write()
    tell_in_utc(plain)
    defects = tables["defects"]
    places = [
        spelled.place_of(night, file, line)
        for night, file, line in zip(
            defects["night"], defects["file"], defects["line"], strict=True
        )
    ]
    defects["file"], defects["line"] = zip(*places, strict=True)
    return [replace(each, file=file_name(each.table, "", each.file)) for each in counts]


def file_name(table: str, kind: str, plain_file: str) -> str:
    """Give the name of a table's file; a kind of deals and changed rows have files of their own."""
    shape = SHAPES[table]
    stem = shape.stem + (FOREIGN_SUFFIX if kind else "")
    stem += CHANGED_SUFFIX if ".delta." in plain_file else ""
    return f"{stem}.{shape.form if shape.form in (DBASE, WORKBOOK) else 'csv'}"


def night_folder(night: date) -> str:
    """Give the name of a night's folder, which says its day in the Jalali calendar."""
    return "night_{:04d}{:02d}{:02d}".format(*jalali(day_number(night)))


class PersianExtracts:
    """Writes the files of all nights from plain ones, and knows where each record has gone."""

    def __init__(self, plain: Path, folder: Path) -> None:
        """Read what is needed of all nights.

        Args:
            plain: Folder with the plain files, a folder per night.
            folder: Folder to write into.
        """
        self._plain = plain
        self._folder = folder
        self._places: dict[tuple[str, Place], Place] = {}
        self._foreign = _foreign_deals(plain)

    def write(self) -> None:
        """Write all files of all nights."""
        for night in sorted(self._plain.iterdir()):
            on = night.name.removeprefix("night_")
            folder = self._folder / night_folder(date.fromisoformat(on))
            folder.mkdir(parents=True)
            books: Books = {}
            for path in sorted(night.glob("*.csv")):
                self._write_table(path, folder, on, books)
            for name, sheets in books.items():
                write_workbook(folder / name, sheets)
            # All files of a night speak for one time, which is also when they were written.
            modified = next(night.glob("*.csv")).stat().st_mtime
            for path in folder.iterdir():
                os.utime(path, (modified, modified))

    def place_of(self, night: str, file: str, line: int) -> Place:
        """Say where the record of a plain file stands: the file's name, and its line there."""
        return self._places[night, (file, line)]

    def _write_table(
        self,
        path: Path,
        folder: Path,
        night: str,
        books: Books,
    ) -> None:
        table = table_of(path)
        shape = SHAPES[table]
        parts: dict[str, list[tuple[Record, int]]] = {}
        line = 2
        for record in records_of(path):
            kind = FOREIGN if self._is_foreign(table, record) else ""
            parts.setdefault(kind, []).append((record, line))
            line += 1 + sum(value.count("\n") for value in record)
        for kind, records in parts.items() or [("", [])]:
            name = file_name(table, kind, path.name)
            speller = Speller(table, shape.form, is_foreign=bool(kind))
            spelled = [speller.record(record) for record, _ in records]
            if shape.form == WORKBOOK:
                rows = [speller.header(), *spelled]
                books.setdefault(name, {})[shape.sheet] = rows
                lines: Iterable[int] = range(2, len(rows) + 1)
            elif shape.form == DBASE:
                write_dbf(folder / name, speller.fields(), spelled, WINDOWS)
                lines = range(1, len(spelled) + 1)
            else:
                lines = _write_text(folder / name, speller, spelled)
            for (_, old), new in zip(records, lines, strict=True):
                self._places[night, (path.name, old)] = (name, new)

    def _is_foreign(self, table: str, record: Record) -> bool:
        if table not in SPLIT_TABLES:
            return False
        place = HEADERS[table].index("opportunity_id")
        return len(record) > place and record[place] in self._foreign


def _write_text(path: Path, speller: "Speller", rows: Iterable[Sequence[Cell]]) -> Iterator[int]:
    """Write a text file and give the line of each record."""
    lines, line = [], 2
    text = io.StringIO()
    writer = csv.writer(text, delimiter=speller.delimiter, lineterminator="\n")
    writer.writerow(speller.header())
    for row in rows:
        lines.append(line)
        writer.writerow("" if cell is None else str(cell) for cell in row)
        line += 1 + sum(str(cell).count("\n") for cell in row if cell is not None)
    path.write_bytes(text.getvalue().encode(speller.encoding))
    return iter(lines)


def _foreign_deals(plain: Path) -> frozenset[str]:
    """Give the deals that any row has in another currency than rials."""
    home = CURRENCY_CODES["USD"]
    foreign: set[str] = set()
    for path in plain.glob("*/opportunities*.csv"):
        place = HEADERS["opportunities"].index("currency_code")
        foreign |= {
            each[0]
            for each in records_of(path)
            if len(each) > place and _CODE.fullmatch(each[place]) and each[place] != home
        }
    for path in plain.glob("*/opportunity_field_history.csv"):
        foreign |= {
            each[1]
            for each in records_of(path)
            if each[2] == "currency_code" and {each[3], each[4]} - {"", home}
        }
    return frozenset(foreign)


class Speller:
    """Writes the cells of one table as one kind of file has them."""

    def __init__(self, table: str, form: str, is_foreign: bool = False) -> None:
        """Take the table, its file's form, and whether it is the one of deals in foreign money."""
        self._table = table
        self._form = form
        self._in_toman = frozenset() if is_foreign else IN_TOMAN.get(table, frozenset())
        self._is_foreign = is_foreign

    @property
    def encoding(self) -> str:
        """The encoding of a text file."""
        return self._form

    @property
    def delimiter(self) -> str:
        """What stands between the fields of a text file."""
        return ";" if self._form == OLD else ","

    @property
    def is_old(self) -> bool:
        """Whether texts are in windows-1256, which has neither Persian digits nor Persian yeh."""
        return self._form in (OLD, DBASE)

    def header(self) -> list[Cell]:
        """Give the names of the columns in Persian."""
        return [self._letters(name) for name in self.names()]

    def names(self) -> list[str]:
        """Give the names of the columns before they are put into the file's letters."""
        return [
            f"{HEADERS_FA[column]} (تومان)" if column in self._in_toman else HEADERS_FA[column]
            for column in HEADERS[self._table]
        ]

    def fields(self) -> list[str]:
        """Give the names of the fields of a dBase table."""
        return [FIELDS_DBF[column] for column in HEADERS[self._table]]

    def record(self, values: Record) -> list[Cell]:
        """Spell a record, also one with too few or too many fields."""
        header = HEADERS[self._table]
        spelled: list[Cell] = []
        for place, value in enumerate(values):
            column = header[place] if place < len(header) else ""
            # Of a key's own row, so that the same cell is spelled the same in every night.
            choice = crc32(f"{self._table}|{values[0]}|{column}|{value}".encode())
            if not value:
                spelled.append(None)
            elif column in ("old_value", "new_value") and len(values) == len(header):
                spelled.append(self._held(values[header.index("field_name")], value, choice))
            else:
                spelled.append(self.cell(column, value, choice))
        return spelled

    def cell(self, column: str, value: str, choice: int) -> Cell:
        """Spell a value of a column; `choice` picks one of several ways."""
        if column in DATES:
            if self._form == DBASE and column == "paid_on":
                return date.fromisoformat(value)
            return self._day(value, choice)
        if column in MOMENTS:
            return self._moment(value)
        if column in BOOLEANS:
            return self._letters({"true": YES, "false": NO}.get(value, value))
        if column in NUMBERS:
            return self._number(column, value)
        if column in WORDS_FOR and self._form != DBASE:
            word = WORDS_FOR[column].get(value)
            return value if word is None else self._mixed(word, choice)
        if column in SPELLED_KEYS | SPELLED_NAMES:
            return self._mixed(value, choice, has_ids=column in SPELLED_KEYS)
        return self._letters(value)

    def _held(self, field: str, value: str, choice: int) -> Cell:
        """Spell what a field of a deal held."""
        if field == "amount":
            return self._amount(value, in_toman=not self._is_foreign)
        if field == "probability":
            return self._percentage(value)
        return self.cell(field, value, choice)

    def _day(self, value: str, choice: int) -> str:
        try:
            year, month, day = jalali(day_number(date.fromisoformat(value)))
        except ValueError:
            return self._digits(IMPOSSIBLE_DAY) if _DAY.fullmatch(value) else value
        if choice % 11 == 0:
            return self._letters(self._digits(f"{day} {MONTHS[month - 1]} {year}"))
        return self._digits(f"{year}/{month:02d}/{day:02d}")

    def _moment(self, value: str) -> str:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            found = _CLOCK.fullmatch(value)
            return self._digits(f"{IMPOSSIBLE_DAY} {found[2]}") if found else value
        year, month, day = jalali(day_number(at.date()))
        return self._digits(f"{year}/{month:02d}/{day:02d} {at:%H:%M:%S}")

    def _number(self, column: str, value: str) -> Cell:
        if column == PERCENTAGES.get(self._table):
            return self._percentage(value)
        return self._amount(value, column in self._in_toman)

    def _percentage(self, value: str) -> Cell:
        try:
            return self._written(Decimal(value) * 100)
        except InvalidOperation:
            return value

    def _amount(self, value: str, in_toman: bool) -> Cell:
        try:
            number = Decimal(value)
        except InvalidOperation:
            return value
        return self._written(number * TENTH if in_toman else number)

    def _written(self, number: Decimal) -> Cell:
        plain = _plain(number)
        if self._form in (DBASE, WORKBOOK):
            return plain
        point, thousands = ("/", ",") if self.is_old else (".", ",")
        text = f"{plain:,f}".replace(",", "\0").replace(".", "\1")
        return self._digits(text.replace("\0", thousands).replace("\1", point))

    def _digits(self, text: str) -> str:
        return text if self.is_old else text.translate(PERSIAN_DIGITS)

    def _letters(self, text: str) -> str:
        return text.replace("ی", "ي") if self.is_old else text

    def _mixed(self, text: str, choice: int, has_ids: bool = False) -> str:
        """Spell a name or an id as one keyboard or another would."""
        if choice % 2:
            text = text.translate(ARABIC_LETTERS)
        if choice // 2 % 3 == 0:
            text = text.replace(" ", HALF_SPACE)
        if choice // 6 % 4 == 0 and len(text) > 3 and text[1].isalpha() and not text.isascii():
            text = text[:1] + TATWEEL * 2 + text[1:]
        if has_ids and not self.is_old and choice // 24 % 3:
            text = text.translate(PERSIAN_DIGITS if choice // 24 % 3 == 1 else ARABIC_DIGITS)
        return self._letters(text)


def _plain(number: Decimal) -> Decimal:
    """Give a number without zeros at its end, and without an exponent."""
    short = number.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
