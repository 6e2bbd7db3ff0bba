"""Cells that hold a value and no text: formats have nothing to say of them, in whatever file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.casting.projected_column import shows_error
from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping

Row = dict[str, Any]


def as_workbook(path: Path, rows: list[Row]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)


def as_parquet(path: Path, rows: list[Row]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


def as_json(path: Path, rows: list[Row]) -> None:
    path.write_text(json.dumps(rows, default=str))


def as_json_lines(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))


WRITERS: dict[str, Callable[[Path, list[Row]], None]] = {
    "xlsx": as_workbook,
    "parquet": as_parquet,
    "json": as_json,
    "jsonl": as_json_lines,
}
WITH_DATES = ("xlsx", "parquet")
DEALS = (
    "  opportunities:\n    files: 'deals*'\n    unmapped: ignore\n    columns:\n"
    "      opportunity_id: id\n      stage_id: {constant: open}\n"
)


@pytest.fixture
def landed(case):
    """Lands rows in a format and gives the deals, or the reasons why they were set aside."""

    def land(ending: str, rows: list[Row], columns: str, options: str = "") -> list[tuple]:
        mapped = "".join(f"      {line.strip()}\n" for line in columns.split(";"))
        case.map(DEALS + mapped, options)
        WRITERS[ending](case.folder / f"deals.{ending}", rows)
        result = case.land()
        assert [file.status for file in result.files] == ["landed"], result.files
        names = ", ".join(line.split(":")[0].strip() for line in columns.split(";"))
        good = case.query(f"select opportunity_id, {names} from crm.opportunities order by all")
        wrong = case.query("select column_name, value, reason from landing.quarantine order by all")
        return [*good, *wrong]

    return land


EUROPEAN = 'formats: {decimal_point: ",", thousands: ".", "true": [ja], "false": [nein]}'


@pytest.mark.parametrize("ending", WRITERS)
def test_a_number_has_its_value(landed, ending: str):
    rows = [{"id": "a", "x": 1250.5}, {"id": "b", "x": 10.0}, {"id": "c", "x": 1.234}]
    assert landed(ending, rows, "amount: x", EUROPEAN) == [
        ("a", Decimal("1250.50")),
        ("b", Decimal("10.00")),
        ("amount", "1.234", "would_round"),
    ]


@pytest.mark.parametrize("ending", ["xlsx", "json", "jsonl"])
def test_texts_beside_numbers_go_by_formats(landed, ending: str):
    rows = [
        {"id": "a", "x": 1250.5},
        {"id": "b", "x": "1.250,5"},
        {"id": "c", "x": "1.234"},
        {"id": "d", "x": 1.5},
        {"id": "e", "x": None},
        {"id": "f", "x": "12,345"},
    ]
    assert landed(ending, rows, "amount: x", EUROPEAN) == [
        ("a", Decimal("1250.50")),
        ("b", Decimal("1250.50")),
        ("c", Decimal("1234.00")),
        ("d", Decimal("1.50")),
        ("e", None),
        ("amount", "12,345", "would_round"),
    ]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_boolean_has_its_value(landed, ending: str):
    rows = [{"id": "a", "x": True}, {"id": "b", "x": False}]
    assert landed(ending, rows, "is_deleted: x", EUROPEAN) == [("a", True), ("b", False)]


@pytest.mark.parametrize("ending", ["xlsx", "json", "jsonl"])
def test_words_beside_booleans_go_by_formats(landed, ending: str):
    rows = [{"id": "a", "x": True}, {"id": "b", "x": "nein"}, {"id": "c", "x": "true"}]
    assert landed(ending, rows, "is_deleted: x", EUROPEAN) == [
        ("a", True),
        ("b", False),
        ("is_deleted", "true", "cast_failed"),
    ]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_number_in_a_column_of_booleans_is_a_word(landed, ending: str):
    rows = [{"id": "a", "x": 7}, {"id": "b", "x": 8}]
    options = 'formats: {"true": ["7"], "false": ["8"]}'
    assert landed(ending, rows, "is_deleted: x", options) == [("a", True), ("b", False)]


@pytest.mark.parametrize("ending", WITH_DATES)
@pytest.mark.parametrize(
    "options", ['formats: {date: "%Y-%d-%m"}', "formats: {calendar: jalali}", ""]
)
def test_a_date_is_the_day_that_it_is(landed, ending: str, options: str):
    rows = [{"id": "a", "x": date(2026, 3, 4)}]
    assert landed(ending, rows, "created_date: x", options) == [("a", date(2026, 3, 4))]


@pytest.mark.parametrize("ending", WITH_DATES)
def test_a_moment_is_local_in_any_calendar(landed, ending: str):
    rows = [{"id": "a", "x": datetime(2026, 3, 4, 5, 30)}]
    options = "time_zone: Asia/Tehran\nformats: {calendar: jalali}"
    assert landed(ending, rows, "created_at: x", options) == [("a", datetime(2026, 3, 4, 2, 0))]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_number_in_a_column_of_dates_goes_by_formats(landed, ending: str):
    rows = [{"id": "a", "x": 20260304}]
    found = landed(ending, rows, "created_date: x", 'formats: {date: "%Y%m%d"}')
    assert found == [("a", date(2026, 3, 4))]


@pytest.mark.parametrize("ending", WRITERS)
def test_words_for_nothing_hold_for_all_cells(landed, ending: str):
    rows = [{"id": "a", "x": -1}, {"id": "b", "x": 1}]
    assert landed(ending, rows, "amount: x", "formats: {'null': ['-1']}") == [
        ("a", None),
        ("b", Decimal("1.00")),
    ]


def test_nan_can_mean_nothing(landed):
    rows = [{"id": "a", "x": float("nan"), "y": 1.5}]
    options = "formats: {'null': [nan]}"
    assert landed("parquet", rows, "owner_id: x; amount: y", options) == [
        ("a", None, Decimal("1.50"))
    ]


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_values_within_objects(landed, ending: str):
    rows = [{"id": "a", "x": {"y": 1250.5}}, {"id": "b", "x": {"y": "1.250,5"}}]
    assert landed(ending, rows, "amount: {path: $.x.y}", EUROPEAN) == [
        ("a", Decimal("1250.50")),
        ("b", Decimal("1250.50")),
    ]


@pytest.mark.parametrize("cell", ["none", "", "{", '{"y": }', "[1"])
def test_a_cell_that_is_no_json_fails_alone(case, cell: str):
    case.map(DEALS + "      amount: {path: $.x.y}\n", EUROPEAN)
    rows = [{"id": "a", "x": {"y": 1.5}}, {"id": "b", "x": cell}]
    case.write("deals.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    case.land()
    good = case.query("select opportunity_id, amount from crm.opportunities order by all")
    assert good[0] == ("a", Decimal("1.50"))
    assert good[1:] in ([], [("b", None)])


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_a_whole_number_within_an_object_is_the_same_id(landed, ending: str):
    rows = [{"id": 7.0, "x": {"y": 7.0}}, {"id": 8, "x": {"y": 8}}]
    assert landed(ending, rows, "owner_id: {path: $.x.y}") == [("7", "7"), ("8", "8")]


@pytest.mark.parametrize("ending", WRITERS)
def test_what_recode_puts_there_is_text(landed, ending: str):
    rows = [{"id": "a", "x": 1}, {"id": "b", "x": 2.5}]
    columns = "amount: {from: x, recode: {'1': '1.000,5'}}"
    assert landed(ending, rows, columns, EUROPEAN) == [
        ("a", Decimal("1000.50")),
        ("b", Decimal("2.50")),
    ]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_whole_number_is_the_same_id_everywhere(landed, ending: str):
    rows = [{"id": 7.0, "x": 12.0}, {"id": 8.0, "x": 13.0}]
    assert landed(ending, rows, "owner_id: x") == [("7", "12"), ("8", "13")]


@pytest.mark.parametrize(
    ("ending", "as_text"), [("xlsx", "123456789012345696"), ("parquet", "123456789012345680")]
)
def test_an_id_beyond_what_a_double_knows_is_damaged(landed, ending: str, as_text: str):
    rows = [{"id": 123456789012345678.0, "x": 1.0}, {"id": 12345678901234.0, "x": 2.0}]
    assert landed(ending, rows, "owner_id: x", "id_prefix: 'p:'") == [
        ("p:12345678901234", "p:2"),
        ("opportunity_id", as_text, "damaged_id"),
    ]


def test_a_double_that_is_exact_is_an_id(landed):
    rows = [{"id": float(2**53), "x": "a"}, {"id": float(2**53 + 2), "x": "b"}]
    assert landed("parquet", rows, "owner_id: x") == [
        (str(2**53), "a"),
        ("opportunity_id", str(2**53 + 2), "damaged_id"),
    ]


def test_a_long_number_is_no_damaged_name(landed):
    rows = [{"id": "a", "x": 1e20}]
    assert landed("parquet", rows, "opportunity_name: x") == [("a", "1" + "0" * 20)]


@pytest.mark.parametrize("ending", ["parquet", "json", "jsonl"])
def test_a_long_whole_number_is_an_id(landed, ending: str):
    rows = [{"id": 123456789012345678, "x": "a"}]
    assert landed(ending, rows, "owner_id: x") == [("123456789012345678", "a")]


def test_ids_that_a_data_frame_or_a_spreadsheet_damaged(case):
    case.map(DEALS + "      owner_id: owner\n", "id_prefix: 'x:'")
    case.write(
        "deals.csv",
        'id,owner\n1,1.2E+17\n2,nan\n3,NaN\n4,1E5\n5,Nancy\n6,"=""0072"""\n7,#N/A\n8,#1\n'
        "9,1.2345678901234568e+17\n",
    )
    case.land()
    assert case.query("select opportunity_id, owner_id from crm.opportunities order by all") == [
        ("x:4", "x:1E5"),
        ("x:5", "x:Nancy"),
        ("x:6", "x:0072"),
        ("x:8", "x:#1"),
    ]
    assert case.query("select line, value, reason from landing.quarantine order by all") == [
        (2, "1.2E+17", "damaged_id"),
        (3, "nan", "damaged_id"),
        (4, "NaN", "damaged_id"),
        (8, "#N/A", "error_cell"),
        (10, "1.2345678901234568e+17", "damaged_id"),
    ]


@pytest.mark.parametrize("word", ["nan", "NaN"])
@pytest.mark.parametrize("column", ["opportunity_id", "owner_id"])
@pytest.mark.parametrize("options", ["", "id_prefix: 'x:'"])
def test_an_empty_cell_of_a_data_frame_is_called_one(case, word: str, column: str, options: str):
    case.map(DEALS + "      owner_id: owner\n", options)
    ids = {"opportunity_id": "1", "owner_id": "2"} | {column: word}
    case.write("deals.csv", f"id,owner\n{','.join(ids.values())}\n3,1.2E+17\n4,5\n")
    case.land()
    none, damaged = case.query("select message from landing.quarantine order by line")
    assert none[0].startswith(f"{column} is NaN, which data frames write for an empty cell")
    assert "loses digits" in damaged[0]
    (file,) = check_mapping(load_mapping(str(case.mapping_file)), case.folder).files
    failures = {each.column: each.failure for each in file.columns if each.failure}
    assert failures[column].startswith(f"{column} is NaN")


def test_an_emptied_id_that_is_not_there_is_told(case):
    case.map(DEALS + "      owner_id: {from: owner, on_invalid: null}\n", "id_prefix: 'x:'")
    case.write("deals.csv", "id,owner\n1,NaN\n3,1.2E+17\n4,5\n")
    case.land()
    none, damaged = case.query("select message from landing.emptied order by line")
    assert none[0].startswith("owner_id is NaN, which data frames write for an empty cell")
    assert "loses digits" in damaged[0]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="0072"', "0072"),
        (' ="0072" ', "0072"),
        ('="a ""b"" c"', 'a "b" c'),
        ('=" 7 "', "7"),
        ('="  "', None),
        ('=""', None),
        ('="', '="'),
        ('="a" & "b"', '="a" & "b"'),
        ("=0072", "=0072"),
    ],
)
def test_a_text_that_is_kept_from_being_a_number(case, cell: str, text: str | None):
    case.map(DEALS + "      opportunity_name: x\n")
    quoted = cell.replace('"', '""')
    case.write("deals.csv", f'id,x\n1,"{quoted}"\n')
    case.land()
    assert case.query("select opportunity_name from crm.opportunities") == [(text,)]


def test_somebody_may_be_called_nan(case):
    case.map(DEALS + "      owner_id: {key_of: [owner]}\n")
    case.write("deals.csv", "id,owner\n1,Nan\n")
    case.land()
    assert case.query("select owner_id from crm.opportunities") == [("nan",)]


@pytest.mark.parametrize(
    ("column", "text"), [("owner_id", "#REF!"), ("amount", "#N/A"), ("created_date", "#VALUE!")]
)
def test_an_error_of_a_spreadsheet_is_called_one(case, column: str, text: str):
    case.map(DEALS + f"      {column}: x\n")
    case.write("deals.csv", f"id,x\n1,{text}\n2,\n")
    case.land()
    assert case.query("select column_name, value, reason from landing.quarantine") == [
        (column, text, "error_cell")
    ]
    case.map(DEALS + f"      {column}: x\n", f"formats: {{'null': ['{text}']}}")
    case.land()
    assert case.query(f"select distinct opportunity_id, {column} from crm.opportunities "
                      "order by all") == [("1", None), ("2", None)]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("2026-01-01", True),
        ("2026-12-31", True),
        ("2025-12-31", False),
        ("2027-01-01", False),
        ("1404-10-11", False),
        ("1970-01-21", False),
        ("9999-12-31", True),
        ("2999-01-01", True),
        ("9999-12-30", False),
    ],
)
def test_a_date_outside_the_companys_calendar_is_set_aside(case, text: str, is_kept: bool):
    """The calendar of these tests has the year 2026 alone."""
    case.map(DEALS + "      created_date: x\n      closed_at: y\n")
    case.write("deals.csv", f"id,x,y\n1,{text},\n2,,{text} 10:00:00\n")
    case.land()
    kept = case.query("select opportunity_id from crm.opportunities order by all")
    assert kept == ([("1",), ("2",)] if is_kept else [])
    found = case.query("select column_name, reason from landing.quarantine order by all")
    outside = [(name, "date_outside_calendar") for name in ("closed_at", "created_date")]
    assert found == ([] if is_kept else outside)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Berlin", "2026-01-01 00:30:00"),
        ("America/New_York", "2026-12-31 22:00:00"),
        ("Asia/Tehran", "9999-12-31 00:00:00"),
        ("Asia/Tehran", "9999-12-31"),
    ],
)
def test_the_calendars_days_are_those_of_the_zone(case, zone: str, text: str):
    case.map(DEALS + "      closed_at: x\n", f"time_zone: {zone}")
    case.write("deals.csv", f"id,x\n1,{text}\n")
    case.land()
    assert case.query("select count(closed_at) from crm.opportunities") == [(1,)]


def test_a_record_speaks_for_no_time_outside_the_calendar(case):
    case.map(DEALS, "extracted_at: {column: t}")
    case.write("deals.csv", "id,t\n1,1404-03-10 00:00:00\n2,2026-03-10 00:00:00\n")
    case.land()
    assert case.query("select opportunity_id from crm.opportunities") == [("2",)]


@pytest.mark.parametrize("text", ["1900-01-01", "1950-06-30", "2060-12-30"])
def test_what_holds_may_hold_from_long_ago(case, text: str):
    case.map("  fx_rates: {files: r.csv, columns: same}")
    case.write("r.csv", f"from_currency,to_currency,rate_date,rate\nEUR,USD,{text},1.1\n")
    case.land()
    assert case.query("select cast(rate_date as varchar) from crm.fx_rates") == [(text,)]


def test_a_wider_calendar_reads_known_files_again(case, monkeypatch: pytest.MonkeyPatch):
    settings = type(case).land.__globals__
    case.map(DEALS + "      created_date: x\n")
    case.write("deals.csv", "id,x\n1,2025-12-31\n")
    case.land()
    assert case.query("select opportunity_id from crm.opportunities") == []
    wider = settings["SETTINGS"].model_copy(update={"calendar_start": date(2025, 1, 1)})
    monkeypatch.setitem(settings, "SETTINGS", wider)
    case.land()
    assert case.query("select opportunity_id from crm.opportunities") == [("1",)]


def test_whoever_was_hired_before_the_calendar_begins_is_kept(case):
    case.map("  workers: {files: w.csv, columns: {worker_id: id, hired_on: x}}\n", "# hr")
    text = case.mapping_file.read_text().replace("source: crm", "source: hr")
    case.mapping_file.write_text(text)
    case.write("w.csv", "id,x\n1,1987-02-01\n2,1403-02-01\n")
    case.land()
    assert case.query("select worker_id, hired_on from hr.workers") == [("1", date(1987, 2, 1))]


@pytest.mark.parametrize("prefix", ["", "crm ", "a|b#", "it's:"])
def test_an_error_is_known_behind_any_prefix(prefix: str) -> None:
    shown = {
        "#N/A": True,
        "#REF!": True,
        "#n/a": False,
        "#": False,
        "#N/A #REF!": False,
        "7": False,
    }
    texts = {prefix + text: is_error for text, is_error in shown.items()}
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select text, {shows_error('text', prefix)} from (select unnest(?) as text)",
            [[*texts]],
        ).fetchall()
    assert dict(rows) == texts
