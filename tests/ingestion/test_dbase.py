"""DBF tables: typed cells, deleted records, memos, code pages and damage."""

from __future__ import annotations

import struct
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dbf
import pytest

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.errors import ExtractError
from ingestion.mapping.feeds import CsvOptions

DEALS = (
    "  opportunities:\n    files: 'deals*'\n    {options}\n    columns:\n"
    "      opportunity_id: ID\n      stage_id: {{constant: open}}\n      opportunity_name: NAME\n"
    "      amount: AMOUNT\n      created_date: DAY\n      is_deleted: GONE\n"
)
FIELDS = "ID C(8); NAME C(20); AMOUNT N(12,2); DAY D; GONE L"


def written(path: Path, fields: str, rows: list[tuple], **options: Any) -> Path:
    """Writes a table by the library, whose writing the reader does not use."""
    table: Any = dbf.Table(str(path), fields, **options)
    with table.open(dbf.READ_WRITE):
        for row in rows:
            table.append(row)
    return path


def made(
    fields: list[tuple[str, str, int, int]], records: list[bytes], code_page: int = 0
) -> bytes:
    """Writes a table of dBase III byte by byte; each record begins with its mark."""
    width = 1 + sum(length for *_, length, _ in fields)
    start = 32 + 32 * len(fields) + 1
    head = bytes([3, 126, 1, 2]) + struct.pack("<IHH", len(records), start, width) + bytes(17)
    head += bytes([code_page, 0, 0])
    for name, kind, length, decimals in fields:
        head += name.encode("cp1256").ljust(11, b"\0") + kind.encode() + bytes(4)
        head += bytes([length, decimals]) + bytes(14)
    assert all(len(record) == width for record in records)
    return head + b"\r" + b"".join(records) + b"\x1a"


ROWS = [
    ("0071", "Acme", Decimal("1250.50"), date(2026, 3, 4), True),
    ("0072", "Zenith", Decimal("0.05"), None, False),
    ("0073", "", None, date(2026, 12, 31), None),
]


def test_cells_are_typed(case):
    written(case.folder / "deals.dbf", FIELDS, ROWS)
    case.map(DEALS.format(options=""), 'formats: {decimal_point: ",", date: "%d.%m.%y"}')
    assert case.land_one().accepted == 3
    assert case.query(
        "select opportunity_id, opportunity_name, amount, created_date, is_deleted "
        "from crm.opportunities order by all"
    ) == [
        ("0071", "Acme", Decimal("1250.50"), date(2026, 3, 4), True),
        ("0072", "Zenith", Decimal("0.05"), None, False),
        ("0073", None, None, date(2026, 12, 31), None),
    ]


@pytest.mark.parametrize("name", ["deals.dbf", "DEALS.DBF", "deals[1].dbf"])
def test_any_name(case, name):
    written(case.home.root.parent / "made.dbf", FIELDS, ROWS)
    case.write(name, (case.home.root.parent / "made.dbf").read_bytes())
    case.map(DEALS.format(options=""))
    assert case.land_one().accepted == 3


@pytest.mark.parametrize(
    ("cell", "text", "is_number"),
    [
        (b"1234567890123456789", "1234567890123456789", True),
        (b"9007199254740993.25", "9007199254740993.25", True),
        (b"              7.00 ", "7", True),
        (b"               0.10", "0.10", True),
        (b"              -.5  ", "-0.5", True),
        (b"            1.5E+03", "1500", True),
        (b"                   ", None, False),
        (b"*******************", "*******************", False),
        (b"           1,250.50", "1,250.50", False),
    ],
)
def test_numbers_are_exact_and_those_that_did_not_fit_are_no_empty_cells(
    read, cell, text, is_number
):
    content = made([("ID", "C", 2, 0), ("X", "N", 19, 2)], [b" 1 " + cell])
    reading = read(content, "file.dbf")
    assert [row[:2] for row in reading.rows] == [("1", text)]
    assert ("c1" in reading.records.native) is is_number


@pytest.mark.parametrize(
    ("kind", "cell", "text"),
    [
        ("D", b"20260304", "2026-03-04"),
        ("D", b"        ", None),
        ("D", b"00000000", None),
        ("D", b"20261399", "2026-13-99"),
        ("D", b"4.3.2026", "4.3.2026"),
        ("L", b"y", "true"),
        ("L", b"F", "false"),
        ("L", b"?", None),
        ("L", b" ", None),
        ("L", b"x", "x"),
        ("C", b"  a b \0\0", "  a b"),
    ],
)
def test_dates_logicals_and_texts(read, kind, cell, text):
    content = made([("ID", "C", 2, 0), ("X", kind, len(cell), 0)], [b" 1 " + cell])
    assert [row[:2] for row in read(content, "file.dbf").rows] == [("1", text)]


def test_deleted_records_are_passed_over_and_keep_the_numbers_of_others(case):
    path = written(case.folder / "deals.dbf", FIELDS, [*ROWS, ("0074", "x", 1, None, None)])
    content = bytearray(path.read_bytes().replace(b"        1.00", b"************"))
    start, width = struct.unpack("<HH", content[8:12])
    content[start + width] = ord("*")
    path.write_bytes(content)
    case.map(DEALS.format(options=""))
    file = case.land_one()
    assert (file.records, file.accepted, file.passed_over, file.quarantined) == (4, 2, 1, 1)
    assert case.query("select line, column_name, value, reason from landing.quarantine") == [
        (4, "amount", "************", "cast_failed")
    ]
    (report,) = check_mapping(load_mapping(str(case.mapping_file)), case.folder).files
    assert (report.rows, report.passed_over, report.good_rows) == (4, 1, 2)


def test_types_of_visual_foxpro(read, tmp_path):
    path = written(
        tmp_path / "made.dbf",
        "ID I; RATE B; PAY Y; AT T; NAME C(10) NULL; N N(6,2) NULL",
        [
            (7, 0.1, Decimal("12.3456"), datetime(2026, 1, 2, 3, 4, 5), "a", Decimal("1.5")),
            (-8, 1e20, Decimal("-0.01"), datetime(2026, 1, 2), dbf.Null, dbf.Null),
            (9, 2.0, Decimal("3"), None, "", Decimal("0")),
        ],
        dbf_type="vfp",
    )
    reading = read(path.read_bytes(), "file.dbf")
    assert reading.header == ("ID", "RATE", "PAY", "AT", "NAME", "N")
    assert [row[:6] for row in reading.rows] == [
        ("7", "0.1", "12.3456", "2026-01-02 03:04:05", "a", "1.50"),
        ("-8", "100000000000000000000", "-0.0100", "2026-01-02", None, None),
        ("9", "2", "3", None, None, "0"),
    ]
    assert sorted(reading.records.native) == ["c0", "c1", "c2", "c3", "c5"]


def test_memos_are_no_columns_and_are_told(read, tmp_path):
    path = written(tmp_path / "made.dbf", "ID C(4); NOTE M; N N(4,0)", [("1", "long", 5)])
    reading = read(path.read_bytes(), "file.dbf")
    assert reading.header == ("ID", "N")
    assert [row[:2] for row in reading.rows] == [("1", "5")]
    assert reading.records.notes == ("memo fields are not read: NOTE",)


@pytest.mark.parametrize(
    ("column", "is_refused"),
    [
        ("NOTE", True),
        ("{from: note, recode: {a: b}}", True),
        ('{expression: "upper(NOTE)"}', True),
        ("{key_of: [ID, NOTE]}", True),
        ("{from: NOTE, optional: true}", False),
        ("ID", False),
    ],
)
@pytest.mark.parametrize("is_beside", [True, False])
def test_a_memo_that_is_asked_for_is_refused_with_what_to_do(
    case, column: str, is_refused: bool, is_beside: bool
) -> None:
    written(case.folder / "deals.dbf", "ID C(4); NOTE M; N N(4,0)", [("1", "long", 5)])
    if not is_beside:
        (case.folder / "deals.dbt").unlink()
    case.map(
        "  opportunities:\n    files: '*.dbf'\n    columns:\n      opportunity_id: ID\n"
        f"      stage_id: {{constant: open}}\n      opportunity_name: {column}\n"
    )
    file = case.land_one()
    told = file.message or ""
    assert (file.status == "refused") == is_refused, told
    if is_refused:
        assert "NOTE is a memo field" in told
        assert "exported as CSV, or leave opportunity_name out" in told
        assert "case.yml:" in told


NAMES = {"windows-1256": "نيك افروز", "cp866": "Иван", "cp850": "Müller", "gb18030": "北京"}


@pytest.mark.parametrize("encoding", NAMES)
def test_the_mapping_says_the_encoding(read, encoding):
    cell = NAMES[encoding].encode(encoding).ljust(20)
    content = made([("ID", "C", 2, 0), ("NAME", "C", 20, 0)], [b" 1 " + cell], code_page=0x03)
    reading = read(content, "file.dbf", csv=CsvOptions(encoding=encoding))
    assert reading.rows == [("1", NAMES[encoding])]
    assert reading.records.notes == ()


@pytest.mark.parametrize(
    ("code_page", "encoding"), [(0x7E, "cp1256"), (0x26, "cp866"), (0x02, "cp850")]
)
def test_else_the_file_says_it_which_is_told(read, code_page, encoding):
    name = NAMES["windows-1256" if encoding == "cp1256" else encoding]
    cell = name.encode(encoding).ljust(20)
    content = made([("ID", "C", 2, 0), ("NAME", "C", 20, 0)], [b" 1 " + cell], code_page)
    reading = read(content, "file.dbf")
    assert reading.rows == [("1", name)]
    assert reading.records.notes == (f"texts are read as {encoding}, which the file states",)


PERSIAN = ["نيك افروز پارس", "سازه هاي نوين", "كيان تجارت", "شركت بازرگاني شيراز", "پخش اصفهان"]


@pytest.mark.parametrize("code_page", [0x00, 0x57, 0x68, 0xFF])
def test_without_either_other_bytes_than_ascii_are_refused_with_advice(read, code_page):
    records = [
        f" {i} ".encode() + name.encode("cp1256").ljust(30) for i, name in enumerate(PERSIAN)
    ]
    content = made([("ID", "C", 2, 0), ("NAME", "C", 30, 0)], records, code_page)
    with pytest.raises(
        ExtractError, match=r"record 1, NAME: .* does not state its encoding\. .*windows-1256"
    ):
        read(content, "file.dbf")
    plain = made([("ID", "C", 2, 0)], [b" 1 "], code_page)
    assert read(plain, "file.dbf").rows == [("1",)]


def test_names_of_columns_in_the_encoding(read):
    content = made([("ID", "C", 2, 0), ("نام", "C", 4, 0)], [b" 1 ab  "])
    assert read(content, "file.dbf", csv=CsvOptions(encoding="cp1256")).header == ("ID", "نام")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:-20], "states 5 records and holds 4, so it is cut"),
        (lambda content: content[:60], "is no DBF table that can be read"),
        (lambda content: content[:40], "is no DBF table that can be read"),
        (lambda content: b"", r"empty \(0 bytes\)"),
        (lambda content: b"id,name\n1,a\n" * 20, "is no DBF table that can be read"),
        (lambda content: bytes(400), "is no DBF table that can be read"),
        (
            lambda content: content[:4] + struct.pack("<I", 3) + content[8:],
            "states 3 records and holds 5: .* has not closed it",
        ),
    ],
    ids=["cut", "cut-header", "cut-head", "empty", "csv", "zeros", "stale-count"],
)
def test_damage_is_told(read, change, message):
    records = [f" {i} ".encode() + b"x" * 30 for i in range(5)]
    content = made([("ID", "C", 2, 0), ("NAME", "C", 30, 0)], records)
    assert len(read(content, "whole.dbf").rows) == 5
    with pytest.raises(ExtractError, match=message):
        read(change(content), "file.dbf")


def test_single_records_that_are_damaged_are_set_aside(read):
    records = [b" 1 a   ", b"#2 b   ", b" 3 c\0d ", b" 4 e   "]
    content = made([("ID", "C", 2, 0), ("NAME", "C", 4, 0)], records)
    reading = read(content, "file.dbf")
    assert reading.rows == [("1", "a"), ("4", "e")]
    assert reading.lines == [1, 4]
    assert [(reject.line, reject.reason) for reject in reading.rejects] == [
        (2, "ragged_row"),
        (3, "bad_encoding"),
    ]


def test_many_records_are_read_batch_by_batch(read, monkeypatch):
    monkeypatch.setattr("ingestion.readers.dbase._BATCH", 7)
    records = [b" " + f"{i:4d}".encode() + f"{i}.5".rjust(8).encode() for i in range(100)]
    content = made([("ID", "C", 4, 0), ("N", "N", 8, 1)], records)
    reading = read(content, "file.dbf")
    assert [(row[0].strip(), row[1]) for row in reading.rows] == [
        (str(i), f"{i}.5") for i in range(100)
    ]
    assert reading.lines == [*range(1, 101)]
