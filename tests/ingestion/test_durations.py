"""Durations as clocks and ISO 8601 write them: exact in the unit that the column's name says."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import openpyxl
import pytest

from ingestion.casting.casts import failed_cast_reason, plain_text, typed_value
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.tables import Column
from ingestion.errors import MappingError
from ingestion.mapping.feeds import Formats
from ingestion.mapping.format_names import duration_unit
from ingestion.mapping.schema import DurationFormat


def column(name: str, scale: int) -> Column:
    return Column(
        name=name, logical_type="number", precision=scale + 9, scale=scale, description="Time."
    )


MINUTES, HOURS = column("duration_minutes", 2), column("paid_hours", 4)


def read(of: Column, texts: list[str], *names: DurationFormat) -> list[object]:
    formats = Formats(duration=names)
    plain = f"({plain_text(of, 'text')})"
    value, reason = typed_value(of, plain, formats, "UTC"), failed_cast_reason(of, plain, formats)
    with duckdb.connect() as connection:
        connection.execute("create table cells as select unnest(?) as text", [texts])
        rows = connection.execute(
            f"select {value}, case when {value} is null then {reason} end from cells"
        ).fetchall()
    return [reason or value for value, reason in rows]


def meant(of: Column, length: timedelta) -> Decimal:
    unit = 60 if of is MINUTES else 3600
    exact = Fraction(length // timedelta(microseconds=1), 1_000_000 * unit)
    place = Decimal(1).scaleb(-(of.scale or 0))
    with_digits = Decimal(exact.numerator) / Decimal(exact.denominator)
    return with_digits.quantize(place, rounding=ROUND_HALF_UP)


def iso(length: timedelta, draw: random.Random) -> str:
    seconds = int(length.total_seconds())
    sign, rest, text = ("-" if seconds < 0 else ""), abs(seconds), "P"
    for letter, unit in (("W", 604_800), ("D", 86_400)):
        if draw.random() < 0.5 and rest >= unit:
            text, rest = f"{text}{rest // unit}{letter}", rest % unit
    if rest or text == "P":
        text += "T"
        for letter, unit in (("H", 3600), ("M", 60)):
            if draw.random() < 0.7 and rest >= unit:
                text, rest = f"{text}{rest // unit}{letter}", rest % unit
        text += f"{rest}S" if rest or text.endswith("T") else ""
    return sign + text


def clock(length: timedelta, draw: random.Random) -> str:
    seconds = abs(int(length.total_seconds()))
    sign = "-" if length < timedelta() else ""
    hours = f"{seconds // 3600:0{draw.choice([1, 2])}}"
    text = f"{sign}{hours}:{seconds // 60 % 60:02}"
    return text if seconds % 60 == 0 and draw.random() < 0.5 else f"{text}:{seconds % 60:02}"


@pytest.mark.parametrize("of", [MINUTES, HOURS], ids=lambda c: c.name)
@pytest.mark.parametrize("name", ["iso_duration", "clock_duration"])
def test_whole_seconds(of: Column, name: DurationFormat) -> None:
    draw = random.Random(f"{of.name} {name}")
    lengths = [timedelta(seconds=draw.randrange(-(10**7), 10**7)) for _ in range(700)]
    lengths += [timedelta(minutes=draw.randrange(0, 3000)) for _ in range(300)]
    spell = iso if name == "iso_duration" else clock
    texts = [spell(length, draw) for length in lengths]
    texts = ["".join(chr(0x6F0 + int(c)) if c.isdigit() else c for c in t) if i % 5 == 0 else t
             for i, t in enumerate(texts)]  # fmt: skip
    assert read(of, texts, name) == [meant(of, length) for length in lengths]
    assert read(of, texts, "clock_duration", "iso_duration") == read(of, texts, name)


@pytest.mark.parametrize(
    ("text", "minutes", "hours"),
    [
        ("PT1H30M", "90.00", "1.5000"),
        ("PT1.5H", "90.00", "1.5000"),
        ("PT1,5H", "90.00", "1.5000"),
        ("PT90M", "90.00", "1.5000"),
        ("PT36S", "0.60", "0.0100"),
        ("P1D", "1440.00", "24.0000"),
        ("P1DT2H", "1560.00", "26.0000"),
        ("P2W", "20160.00", "336.0000"),
        ("-PT5M", "-5.00", "-0.0833"),
        ("PT0S", "0.00", "0.0000"),
        ("PT7.2S", "0.12", "0.0020"),
        ("1:30", "90.00", "1.5000"),
        ("01:30:00", "90.00", "1.5000"),
        ("0:20", "20.00", "0.3333"),
        ("26:05", "1565.00", "26.0833"),
        ("120:00:00", "7200.00", "120.0000"),
        ("0:00:07,2", "0.12", "0.0020"),
        ("\u22120:15", "-15.00", "-0.2500"),
    ],
)
def test_forms(text: str, minutes: str, hours: str) -> None:
    forms = ("iso_duration", "clock_duration")
    assert read(MINUTES, [text], *forms) == [Decimal(minutes)]
    assert read(HOURS, [text], *forms) == [Decimal(hours)]


@pytest.mark.parametrize(
    "text",
    ["P", "PT", "P1DT", "P1Y", "P1M", "PT1", "1H30M", "PT1M1H", "P1H", "pt1h", "PT-5M", "P1W1Y",
     "1:60", "1:5", "1:30:60", ":30", "1:", "1.30", "90", "1:30:00:00", "1h 30m", "",
     "1234567890:00", "PT1234567890S"],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    assert read(HOURS, [text], "iso_duration", "clock_duration") == ["cast_failed"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("PT0.001S", "would_round"), ("0:00:00.001", "would_round"), ("999999:00", "out_of_range")],
)
def test_what_does_not_fit(text: str, reason: str) -> None:
    narrow = MINUTES.model_copy(update={"precision": 9})
    assert read(narrow, [text], "iso_duration", "clock_duration") == [reason]


def test_every_column_of_time_says_its_unit() -> None:
    found = {
        f"{table.full_name}.{each.name}": duration_unit(each)
        for table in load_contracts()
        for each in table.columns
        if duration_unit(each)
    }
    assert found["crm.activities.duration_minutes"] == "minutes"
    assert found["payroll.pay_lines.hours"] == found["hr.leave.hours_per_day"] == "hours"
    assert len(found) >= 12


class TestLanding:
    @staticmethod
    def tables(name: str) -> str:
        return (
            "  activities:\n    files: 'a*'\n    columns:\n      activity_id: Id\n"
            "      activity_type: {constant: call}\n"
            "      started_at: {constant: '2026-02-01'}\n      owner_id: {constant: u}\n"
            f"      duration_minutes: {{from: T, format: {name}}}\n"
        )

    def values(self, case) -> list[tuple]:
        return case.query(
            "select activity_id, cast(duration_minutes as varchar) from crm.activities order by 1"
        )

    def test_of_a_text_file(self, case) -> None:
        case.map(self.tables("[iso_duration, clock_duration]"))
        case.write("a.csv", "Id,T\n1,PT45M\n2,1:15\n3,90\n4,\n")
        assert case.land_one().quarantined == 1
        assert self.values(case) == [("1", "45.00"), ("2", "75.00"), ("4", None)]

    def test_of_a_workbook_in_which_cells_are_clocks(self, case, tmp_path: Path) -> None:
        case.map(self.tables("clock_duration"))
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet
        sheet.append(["Id", "T"])
        for number, cell in enumerate(
            [timedelta(minutes=75), timedelta(hours=26, seconds=30), "0:05"]
        ):
            sheet.append([str(number), cell])
        for row in (2, 3):
            sheet.cell(row, 2).number_format = "[h]:mm:ss"
        book.save(tmp_path / "a.xlsx")
        case.write("a.xlsx", (tmp_path / "a.xlsx").read_bytes())
        assert case.land_one().quarantined == 0
        assert self.values(case) == [("0", "75.00"), ("1", "1560.50"), ("2", "5.00")]

    def test_of_json_in_which_a_number_says_no_duration(self, case) -> None:
        case.map(self.tables("iso_duration"))
        case.write("a.json", '[{"Id": 1, "T": "PT2H"}, {"Id": 2, "T": 90}]')
        assert case.land_one().quarantined == 1
        assert self.values(case) == [("1", "120.00")]


class TestMappings:
    @pytest.mark.parametrize(
        ("column", "told"),
        [
            ("amount: {from: A, format: clock_duration}", "columns of minutes or hours; amount"),
            ("closed_date: {from: A, format: iso_duration}", "is for columns of minutes or hours"),
            ("lead_source: {from: A, format: clock_duration}", "columns of minutes or hours"),
        ],
    )
    def test_only_of_columns_of_time(self, tmp_path: Path, column: str, told: str) -> None:
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n  opportunities:\n    files: a.csv\n    columns:\n"
            f"      opportunity_id: Id\n      stage_id: S\n      {column}\n"
        )
        with pytest.raises(MappingError, match=told):
            load_mapping(file)

    @pytest.mark.parametrize(
        ("extra", "told"),
        [
            ("format: '%H:%M'", "is no format of minutes"),
            ("format: clock_durations", "did you mean 'clock_duration'"),
            ("format: clock_duration, scale: 60", "has a format that says its unit"),
        ],
    )
    def test_mistakes_are_told(self, tmp_path: Path, extra: str, told: str) -> None:
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n"
            + TestLanding.tables("X").replace("format: X", extra)
        )
        with pytest.raises(MappingError) as caught:
            load_mapping(file)
        assert told in str(caught.value)
