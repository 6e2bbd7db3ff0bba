"""Readers: every record of a file comes through as text, or is rejected with its line."""

import codecs
import csv
import gzip
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from readings import Reading

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import CsvOptions
from ingestion.readers.record_scan import exact_records, scan_records

FIXTURES = Path(__file__).parents[1] / "fixtures" / "landing"


@pytest.mark.parametrize("folder", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_fixture_reads_as_expected(folder: Path, tmp_path: Path):
    """Each folder holds an extract, options of its feed, and the records that must come out."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    options = expected.get("feed", {})
    if "csv" in options:
        options["csv"] = CsvOptions(**options["csv"])
    (extract,) = (path for path in folder.iterdir() if path.name != "expected.json")
    reading = Reading(extract, tmp_path, **options)
    assert list(reading.header) == expected["header"]
    assert [list(row) for row in reading.rows] == expected["rows"]
    assert reading.lines == expected["lines"]
    assert [[reject.line, reject.reason] for reject in reading.rejects] == expected["rejects"]


TEXT = "id;name\n1;Müller\n2;Ünal\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "auto"),
        (codecs.BOM_UTF8 + TEXT.encode(), "auto"),
        (TEXT.encode("utf-16"), "auto"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "auto"),
        (TEXT.encode("utf-16-le"), "utf-16"),
        (TEXT.encode("cp1252"), "windows-1252"),
    ],
    ids=["utf-8", "utf-8-bom", "utf-16-le", "utf-16-be", "utf-16-no-bom", "windows-1252"],
)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gz"])
def test_encodings_give_the_same_text(read, content, encoding, is_packed):
    if is_packed:
        content = gzip.compress(content)
    options = CsvOptions(delimiter=";", encoding=encoding)
    reading = read(content, "file.csv.gz" if is_packed else "file.csv", csv=options)
    assert reading.header == ("id", "name")
    assert reading.rows == [("1", "Müller"), ("2", "Ünal")]


PERSIAN = "id,name\n1,نيك افروز پارس\n2,سازه هاي نوين اصفهان\n3,كيان تجارت شيراز\n"
RUSSIAN = "id,name\n1,Иван Петров\n2,Мария Сидорова\n3,Ольга Кузнецова\n"
GREEK = "id,name\n1,Γιώργος Παπαδόπουλος\n2,Μαρία Νικολάου\n3,Ελένη Γεωργίου\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PERSIAN, "windows-1256"),
        (PERSIAN, "cp1256"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (GREEK, "iso8859-7"),
        ("id,name\n1,山田太郎\n2,鈴木花子\n", "shift_jis"),
        ("id,name\n1,北京公司\n", "gb18030"),
        ("id,name\n1,ישראל\n", "windows-1255"),
        ("id,name\n1,naïve\n", "mac_roman"),
    ],
)
def test_any_code_page_by_its_name(read, text, encoding):
    load = read(text.encode(encoding), csv=CsvOptions(encoding=encoding))
    assert load.rows == [tuple(line.split(",")) for line in text.splitlines()[1:]]


@pytest.mark.parametrize(
    ("text", "encoding"), [(PERSIAN, "windows-1256"), (RUSSIAN, "windows-1251"), (GREEK, "windows-1253")]
)  # fmt: skip
def test_bytes_that_are_not_utf8_say_what_they_look_like(read, text, encoding):
    with pytest.raises(ExtractError, match=rf"line 2, .* is not utf-8\. .*encoding: {encoding}\}}"):
        read(text.encode(encoding))


def test_utf8_that_is_damaged_suggests_no_code_page(read):
    content = PERSIAN.encode()
    with pytest.raises(ExtractError, match="ask for it again") as caught:
        read(content.replace("ف".encode(), b"\xd9", 1))
    assert "look like" not in str(caught.value)


def test_utf8_is_checked_across_chunks(read, monkeypatch):
    """Also where a character of two bytes falls into two chunks."""
    monkeypatch.setattr("ingestion.readers.plain_text.CHUNK", 7)
    assert read("id,name\n1,aäöüß\n2,éèê\n").rows == [("1", "aäöüß"), ("2", "éèê")]
    with pytest.raises(ExtractError, match="line 3, character 4: the byte 0xE9 is not utf-8"):
        read("id,name\n1,aäöüß\n2,b".encode() + b"\xe9c\n")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_lines_are_physical_around_quoted_line_ends_blank_lines_and_ragged_records(read, line_end):
    lines = ["id,name", '1,"a', 'b"', "", "2,x", "3", '4,"y', 'z",1', "5,last", ""]
    reading = read(line_end.join(lines))
    assert reading.rows == [("1", f"a{line_end}b"), ("2", "x"), ("5", "last")]
    assert reading.lines == [2, 5, 9]
    assert [(r.line, r.reason) for r in reading.rejects] == [(6, "ragged_row"), (7, "ragged_row")]
    assert reading.rejects[0].text == "3"


def test_lines_without_quoted_line_ends_count_rejects_before_them(read):
    records = ["id,name", "1,a", "bad", "2,b", "bad,bad,bad", "bad", "3,c"]
    reading = read("\n".join(records) + "\n")
    assert reading.lines == [2, 4, 7]
    assert [reject.line for reject in reading.rejects] == [3, 5, 6]


def test_large_file_keeps_count_and_lines(read):
    """Several megabytes, so that DuckDB splits the file in parts that it reads at once."""
    bad = {70_000: "x", 150_000: "x,y,z", 299_999: "x"}
    lines = [bad.get(i, f'{i},"name, {i}"') for i in range(1, 300_001)]
    reading = read("id,name\n" + "\n".join(lines) + "\n")
    assert len(reading.rows) == 300_000 - len(bad)
    assert [reject.line for reject in reading.rejects] == [number + 1 for number in bad]
    for position in (0, 69_999, 149_998, 299_996):
        (number,) = reading.records.lines([position + 1])
        assert reading.rows[position][0] == str(number - 1)


def test_empty_fields_at_the_end_of_a_line_hold_nothing(read):
    reading = read('id,name\n1,a,,\n"2\n",b,""\n3,c,,d\n4,e\n')
    assert reading.rows == [("1", "a"), ("2\n", "b"), ("4", "e")]
    assert reading.lines == [2, 3, 6]
    assert [reject.line for reject in reading.rejects] == [5]


def test_lone_quotes_in_unquoted_fields_are_text(read):
    """They spoil the quick count of records, and the exact one then decides."""
    reading = read('id,name\n1,5" pipe\n2,plain\n3,6" pipe\n4,7" pipe\n')
    assert reading.rows == [("1", '5" pipe'), ("2", "plain"), ("3", '6" pipe'), ("4", '7" pipe')]
    assert reading.lines == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('id,name\n1,a\n2,"b\n3,c\n4,d\n', 3),
        ('id,name\n1,a\n2,"b\n3,"c"\n4,d\n', 3),
        ('id,name\n1,"a"b"\n2,b\n', 2),
        ('id,"name\n1,a\n', 1),
    ],
    ids=["never-closed", "closed-by-the-next-quote", "quote-not-doubled", "in-header"],
)
def test_broken_quotes_are_refused_with_the_line_where_they_open(read, content, line):
    with pytest.raises(ExtractError, match=f"^line {line}: .*quote"):
        read(content)


def test_mixed_line_ends_are_made_the_same_and_told(read):
    reading = read(b"id,name\r\n1,a\n2,b\r3,c\r\n")
    assert reading.rows == [("1", "a"), ("2", "b"), ("3", "c")]
    assert reading.lines == [2, 3, 4]
    assert reading.records.notes == ("line ends were made the same (found 2 CRLF, 1 LF, 1 CR)",)


def test_old_mac_line_ends(read):
    assert read(b"id,name\r1,a\r2,b\r").rows == [("1", "a"), ("2", "b")]


def test_quoted_line_feeds_in_a_crlf_file_are_not_mixed(read):
    reading = read(b'id,name\r\n1,"a\nb"\r\n2,c\r\n')
    assert reading.rows == [("1", "a\nb"), ("2", "c")]
    assert reading.records.notes == ()


def test_one_column_keeps_blank_lines_out(read):
    reading = read("id\n1\n\n2\n")
    assert reading.rows == [("1",), ("2",)]
    assert reading.lines == [2, 4]


def test_lines_above_the_header_and_no_header(read):
    report = read("Report of May\nby: sales\nid,name\n1,a\n", csv=CsvOptions(skip_lines=2))
    assert (report.header, report.rows, report.lines) == (("id", "name"), [("1", "a")], [4])
    bare = read("1,a\n2,b\n", csv=CsvOptions(header=False, columns=("id", "name")))
    assert (bare.header, bare.rows, bare.lines) == (
        ("id", "name"),
        [("1", "a"), ("2", "b")],
        [1, 2],
    )


def test_header_over_two_lines(read):
    reading = read('"the\nid",name\n1,a\n')
    assert reading.header == ("the\nid", "name")
    assert (reading.rows, reading.lines) == ([("1", "a")], [3])


def test_names_in_headers_never_reach_sql(read):
    reading = read("id,\"name'); drop table x; --\"\n1,'; drop table y; --\n")
    assert reading.header == ("id", "name'); drop table x; --")
    assert reading.rows == [("1", "'; drop table y; --")]


def test_unquoted_files(read):
    reading = read('id|name\n1|"a\n2|b"\n', csv=CsvOptions(delimiter="|", quote=""))
    assert reading.rows == [("1", '"a'), ("2", 'b"')]


def test_long_field(read):
    assert len(read(f'id,name\n1,"{"x" * 5_000_000}"\n2,b\n').rows[0][1]) == 5_000_000


def test_record_that_is_too_long_for_memory_is_refused(read):
    with pytest.raises(ExtractError, match="longer than 32 MB"):
        read(f"id,name\n1,{'x' * (33 << 20)}\n")


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 8, 1000])
def test_record_scan_does_not_depend_on_chunks(tmp_path, monkeypatch, chunk):
    """Counted by hand: 6 records, one of them with two line ends in quotes, and 2 blank lines."""
    monkeypatch.setattr("ingestion.readers.record_scan.CHUNK", chunk)
    path = tmp_path / "file.csv"
    path.write_bytes(b'id,name\r\n1,a\r\n\r\n2,"b\r\n\nc"\r\n3,"d""e"\r\n\r\n4,f\r\n5,g')
    scan = scan_records(path, 0, ",", '"')
    assert (scan.records, scan.blank, scan.quoted_line_ends) == (6, 2, 2)
    assert (scan.lf, scan.crlf, scan.cr) == (0, 7, 0)
    assert not scan.ends_with_line_end
    assert not scan.ends_in_quotes
    assert not scan.is_mixed


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(alphabet='a,"\n', max_size=40),
    chunk=st.integers(min_value=1, max_value=50),
)
def test_lines_of_the_scan_are_those_of_a_parser(tmp_path, text, chunk):
    """Where the scan says that it knows the lines, Python's parser finds the records on them."""
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode())
    with patch("ingestion.readers.record_scan.CHUNK", chunk):
        scan = scan_records(path, 0, ",", '"')
    if scan.has_stray_quotes or scan.ends_in_quotes:
        return
    lines = [record.line for record in exact_records(path, 0, 1, CsvOptions())]
    numbers = range(1, len(lines) + 1)
    assert scan.records == len(lines)
    assert [scan.line_of(number) for number in numbers] == lines
    assert [scan.number_on(line) for line in lines] == list(numbers)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(alphabet='a,"\n\r', max_size=30),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    skipped=st.sampled_from(["", "x\r", "x\n", "x\r\n", 'x"\r\n']),
    chunk=st.integers(min_value=1, max_value=20),
)
@example(text='"\n\r"""\na"\r', mark=b"", skipped="", chunk=1)
def test_every_record_is_read_or_told_on_its_line(read, text, mark, skipped, chunk):
    """Python's own parser says which records there are, whatever their line ends and widths."""
    assume(not (skipped.endswith("\r") and text.startswith("\n")))
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    reader = csv.reader(io.StringIO(plain, newline=""), strict=True)
    expected, line = [], 1
    try:
        for row in reader:
            if row:
                # Empty fields at the end of a line hold nothing.
                cells = row if any(row[2:]) else row[:2]
                expected.append((line + bool(skipped), cells))
            line = reader.line_num + 1
    except csv.Error:
        return
    options = {"columns": ("one", "two"), "header": False, "skip_lines": int(bool(skipped))}
    with (
        patch("ingestion.readers.record_scan.CHUNK", chunk),
        patch("ingestion.readers.delimited.CHUNK", chunk),
    ):
        try:
            reading = read(mark + (skipped + text).encode(), csv=CsvOptions(**options))
        except ExtractError:
            return
    rows = [(line, row) for line, row in expected if len(row) == 2]
    assert reading.lines == [line for line, _ in rows]
    assert [r.line for r in reading.rejects] == [ln for ln, row in expected if len(row) != 2]
    found = [
        [(cell or "").replace("\r\n", "\n").replace("\r", "\n") for cell in row]
        for row in reading.rows
    ]
    assert found == [row for _, row in rows]


def test_stray_quotes_are_noticed(tmp_path):
    path = tmp_path / "file.csv"
    for text, is_stray in (
        ('id,name\n1,"a ""b"" c"\n', False),
        ('id,name\n1,5" pipe\n2,6" pipe\n', True),
        ('id,name\n1,"a" b\n', True),
    ):
        path.write_text(text)
        assert scan_records(path, 0, ",", '"').has_stray_quotes is is_stray, text


def test_json_numbers_stay_as_they_are_written(read):
    content = (
        '{"id": 1234567890123456.78, "name": 1e3, "x": 1.10, "y": {"z": [1.50, null, true]}}\n'
    )
    (row,) = read(content, "file.jsonl").rows
    assert row == ("1234567890123456.78", "1000", "1.10", '{"z":[1.50,null,true]}')


def test_json_lines_rejects_single_lines(read):
    content = '{"id": "1"}\n\n{"id": \n[1]\n{"id": "2", "name": "b"}\n{"id": "\\u0000"}\n'
    reading = read(content, "file.jsonl")
    assert reading.header == ("id", "name")
    assert reading.rows == [("1", None), ("2", "b")]
    assert reading.lines == [1, 5]
    assert [(r.line, r.reason) for r in reading.rejects] == [
        (3, "bad_json"),
        (4, "bad_json"),
        (6, "bad_json"),
    ]


def test_json_lines_cut_in_the_last_line(read):
    with pytest.raises(ExtractError, match=r"line 2: the last line .* cut"):
        read('{"id": "1"}\n{"id": "2', "file.jsonl")


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([{"id": "1"}, {"id": "2"}], None),
        ({"data": [{"id": "1"}, {"id": "2"}]}, "$.data"),
        ({"a b": [{"rows": [{"id": "1"}, {"id": "2"}]}]}, '$."a b"[0].rows'),
    ],
)
def test_json_list_at_a_path(read, document, path):
    reading = read(json.dumps(document), "file.json", records=path)
    assert reading.rows == [("1",), ("2",)]
    assert reading.lines == [1, 2]


@pytest.mark.parametrize(
    ("content", "path", "message"),
    [
        ('{"data": [{"id": 1}]}', None, r"lists stand under data\. .*records: \$\.data"),
        ('{"data": [{"id": 1}]}', "$.dat", r"no 'dat' .*did you mean 'data'"),
        ('{"data": {"id": 1}}', "$.data", r"no list at records: \$\.data"),
        ('[{"id": 1},\n {"id": ', None, "line 2, character .*not JSON"),
        ("", None, r"empty \(0 bytes\)"),
    ],
)
def test_json_document_that_is_refused(read, content, path, message):
    with pytest.raises(ExtractError, match=message):
        read(content, "file.json", records=path)


def test_parquet_values_as_text(read, tmp_path):
    path = tmp_path / "made.parquet"
    table = pa.table(
        {
            "whole": pa.array([1, None], pa.int64()),
            "real": [0.1, 1e20],
            "money": pa.array([Decimal("12.30"), Decimal("-0.05")], pa.decimal128(18, 2)),
            "day": [date(2026, 1, 2), None],
            "moment": pa.array([datetime(2026, 1, 2, 3, 4, 5)] * 2, pa.timestamp("us", tz="UTC")),
            "flag": [True, False],
            'odd "name"; drop table x': ["a", "b"],
            "WHOLE": ["c", "d"],
        }
    )
    pq.write_table(table, path)
    reading = read(path.read_bytes(), "file.parquet")
    assert reading.header[-2:] == ('odd "name"; drop table x', "WHOLE")
    moment = "2026-01-02 03:04:05+00"
    assert reading.rows == [
        ("1", "0.1", "12.30", "2026-01-02", moment, "true", "a", "c"),
        (None, "100000000000000000000", "-0.05", None, moment, "false", "b", "d"),
    ]


def test_parquet_that_is_cut_or_damaged(read, tmp_path):
    path = tmp_path / "made.parquet"
    pq.write_table(pa.table({"id": [str(i) for i in range(5000)]}), path, use_dictionary=False)
    content = path.read_bytes()
    with pytest.raises(ExtractError, match="Parquet file is corrupt or cut"):
        read(content[:-20], "file.parquet")
    middle = len(content) // 2
    damaged = content[:middle] + b"\xff" * 200 + content[middle + 200 :]
    with pytest.raises(ExtractError, match="Parquet file is corrupt or cut"):
        read(damaged, "file.parquet")


def workbook(path: Path) -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet(index=0).append(["not this one"])
    sheet = book.create_sheet("Deals")
    sheet.append(["id", "amount", "day", "at", "open", None, "note"])
    sheet.append([1, 12.5, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), True, None, None])
    sheet.append([])
    sheet.append(["2", 3.0, None, None, False, None, "text"])
    sheet.append([3, None, None, None, None, None, None, "surplus"])
    book.save(path)
    return path.read_bytes()


def test_workbook_values_as_text(read, tmp_path):
    reading = read(workbook(tmp_path / "made.xlsx"), "file.xlsx", sheet="Deals")
    assert reading.header == ("id", "amount", "day", "at", "open", "column 6", "note")
    # The last one says which ids were numbers; other columns hold texts only, or none.
    assert reading.rows == [
        ("1", "12.5", "2026-01-02", "2026-01-02 03:04:05", "true", None, None, True),
        ("2", "3", None, None, "false", None, "text", False),
    ]
    native = {column: found.condition for column, found in reading.records.native.items()}
    assert native == {"c0": "is_native0", "c1": "true", "c2": "true", "c3": "true", "c4": "true"}
    assert reading.lines == [2, 4]
    assert [(reject.line, reject.reason) for reject in reading.rejects] == [(5, "ragged_row")]


def test_workbook_that_is_refused(read, tmp_path):
    content = workbook(tmp_path / "made.xlsx")
    with pytest.raises(ExtractError, match=r"no sheet 'Deal'.*did you mean 'Deals'"):
        read(content, "file.xlsx", sheet="Deal")
    with pytest.raises(ExtractError, match="the workbook is corrupt"):
        read(content[: len(content) // 2], "file.xlsx", sheet="Deals")


def test_unknown_ending_needs_a_format(read):
    with pytest.raises(ExtractError, match=r"set `format:` in m\.yml:1"):
        read("id\n1\n", "file.dat")
    assert read("id,n\n1,2\n", "file.dat", format="csv").rows == [("1", "2")]
