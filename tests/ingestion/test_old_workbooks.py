"""Workbooks of the old format (.xls), and files that only call themselves so."""

from __future__ import annotations

import struct
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlwt

from ingestion.errors import ExtractError

DAY = xlwt.easyxf(num_format_str="yyyy-mm-dd")
MOMENT = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
NOT_AVAILABLE = 0x2A
RANGE, TEXTS = struct.Struct("<IIHH"), struct.Struct("<HHII")
DIVIDED_BY_ZERO = 0x07
DEALS = (
    "  opportunities:\n    files: 'deals*'\n    columns:\n"
    "      opportunity_id: id\n      stage_id: {constant: open}\n"
    "      amount: amount\n      created_date: day\n"
)


def old_workbook(path: Path) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Deals")
    for column, name in enumerate(["id", "amount", "day"]):
        sheet.write(0, column, name)
    sheet.write(1, 0, 71)
    sheet.write(1, 1, 12.5)
    sheet.write(1, 2, date(2026, 3, 4), DAY)
    sheet.write(2, 0, "0072")
    sheet.write(2, 1, 0.1 + 0.2)
    book.save(str(path))
    return path


def test_values_are_typed(case):
    case.map(DEALS, 'formats: {decimal_point: ",", thousands: ".", date: "%d.%m.%y"}')
    old_workbook(case.folder / "deals.xls")
    assert case.land_one().status == "landed"
    assert case.query(
        "select opportunity_id, amount, created_date from crm.opportunities order by all"
    ) == [("0072", Decimal("0.30"), None), ("71", Decimal("12.50"), date(2026, 3, 4))]


def test_texts_numbers_dates_and_booleans(read, tmp_path):
    book = xlwt.Workbook()
    book.add_sheet("Notes").write(0, 0, "not this one")
    sheet = book.add_sheet("فروش")
    for column, name in enumerate(["id", "at", "open", "name"]):
        sheet.write(0, column, name)
    sheet.write(1, 0, 7)
    sheet.write(1, 1, datetime(2026, 1, 2, 3, 4, 5), MOMENT)
    sheet.write(1, 2, True)
    sheet.write(1, 3, "نیک‌افروز")
    book.save(str(tmp_path / "made.xls"))
    reading = read((tmp_path / "made.xls").read_bytes(), "file.xls", sheet="فروش")
    assert reading.header == ("id", "at", "open", "name")
    assert reading.rows == [("7", "2026-01-02 03:04:05", "true", "نیک‌افروز")]
    assert reading.lines == [2]
    assert sorted(reading.records.native) == ["c0", "c1", "c2"]


def test_an_error_cell_is_set_aside_by_what_it_shows(case):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Deals")
    for column, name in enumerate(["id", "amount", "day"]):
        sheet.write(0, column, name)
    for row in (1, 2, 3):
        sheet.write(row, 0, f"d{row}")
    sheet.row(1).set_cell_error(1, NOT_AVAILABLE)
    sheet.row(2).set_cell_error(2, DIVIDED_BY_ZERO)
    book.save(str(case.folder / "deals.xls"))
    case.map(DEALS)
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 2)
    assert case.query(
        "select line, column_name, value, reason from landing.quarantine order by all"
    ) == [
        (2, "amount", "#N/A", "error_cell"),
        (3, "created_date", "#DIV/0!", "error_cell"),
    ]


def test_the_content_decides_between_old_and_new(read, tmp_path):
    """Systems write new workbooks under the old ending, and the other way round."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.append(["id", "amount", "day"])
    sheet.append([71, 12.5, date(2026, 3, 4)])
    book.save(tmp_path / "new.xlsx")
    new = read((tmp_path / "new.xlsx").read_bytes(), "file.xls")
    old = read(old_workbook(tmp_path / "old.xls").read_bytes(), "file.xlsx")
    assert (new.records.format, old.records.format) == ("xlsx", "xls")
    assert new.rows == [("71", "12.5", "2026-03-04")]
    assert old.rows[0][:3] == ("71", "12.5", "2026-03-04")


PAGE = "<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table><tr><td>id</td></tr></table>"
XML_2003 = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PAGE.encode(), r"is a web page \(HTML\)\. Open it in .* save it as a workbook"),
        (b"\xef\xbb\xbf\r\n<TABLE border=1>", r"is a web page \(HTML\)"),
        (PAGE.encode("utf-16"), r"is a web page \(HTML\)"),
        (XML_2003.encode(), r"is an XML table of Excel 2003\. .*save it as a workbook"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", r"saved web page \(MHTML\)"),
        (
            b"id\tamount\n1\t2\n",
            r'delimited text; set `format: csv` and `csv: \{delimiter: "\\t"\}',
        ),
        (b"id;amount\n1;2,5\n", r'`csv: \{delimiter: ";"\}` in m\.yml:1'),
        ("شناسه,مبلغ\n1,2\n".encode("cp1256"), r'`csv: \{delimiter: ","\}`'),
        ("id\tname\n1\tعلی\n".encode("utf-16"), r'`csv: \{delimiter: "\\t"\}`'),
        (b'[{"id": 1}]', r"is JSON; set `format: json` in m\.yml:1"),
        (b"id\n1\n", r"is plain text; .*one column"),
        (b"", r"empty \(0 bytes\)"),
        (b"%PDF-1.7\nstream", "corrupt or no Excel file"),
        (bytes(range(256)), "corrupt or no Excel file"),
    ],
)
@pytest.mark.parametrize("ending", ["xls", "xlsx"])
def test_what_only_calls_itself_a_workbook_is_told(read, content, message, ending):
    with pytest.raises(ExtractError, match=message):
        read(content, f"file.{ending}")


def test_the_advice_for_delimited_text_works(read):
    from ingestion.mapping.feeds import CsvOptions

    content = "id\tname\n1\tعلی\n".encode("utf-16")
    reading = read(content, "file.xls", format="csv", csv=CsvOptions(delimiter="\t"))
    assert reading.rows == [("1", "علی")]


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.95])
def test_one_that_is_cut_is_refused(read, tmp_path, share):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Deals")
    sheet.write(0, 0, "id")
    for row in range(1, 2000):
        sheet.write(row, 0, f"deal {row}")
    book.save(str(tmp_path / "made.xls"))
    content = (tmp_path / "made.xls").read_bytes()
    with pytest.raises(ExtractError, match="corrupt"):
        read(content[: int(len(content) * share)], "file.xls")


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        (RANGE.pack(0, 3, 0, 3), RANGE.pack(0, 4_000_000_000, 0, 3)),
        (RANGE.pack(0, 3, 0, 3), RANGE.pack(0, 3, 0, 60_000)),
        (RANGE.pack(0, 3, 0, 3), RANGE.pack(9, 3, 0, 3)),
        (RANGE.pack(0, 3, 0, 3), RANGE.pack(0, 3, 7, 3)),
        (TEXTS.pack(0xFC, 35, 4, 4), TEXTS.pack(0xFC, 35, 4, 2_000_000_000)),
    ],
    ids=["rows", "columns", "rows-turned-round", "columns-turned-round", "texts"],
)
def test_sizes_that_a_damaged_file_states_make_no_room(read, tmp_path, was, is_now):
    """The library would ask for hundreds of gigabytes, which ends the process."""
    content = old_workbook(tmp_path / "made.xls").read_bytes()
    assert content.count(was) == 1
    with pytest.raises(ExtractError, match="the workbook is corrupt"):
        read(content.replace(was, is_now), "file.xls")
