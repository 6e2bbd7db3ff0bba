"""The check of a mapping against real files, before anything is landed."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.checking import mapping_check
from ingestion.checking.mapping_check import MIN_ROWS, check_mapping
from ingestion.checking.mapping_findings import FileReport, MappingReport
from ingestion.checking.mappings import load_mapping
from ingestion.errors import ExtractError

MAPPING = """\
mapping: shop
source: crm
extracted_at: {column: as_of}
formats: {decimal_point: ","}
csv: {delimiter: ";"}
tables:
  users:
    files: people.csv
    columns:
      user_id: id
      user_name: name
      email: mail
      role: {constant: rep}
  opportunities:
    files: "deals/*"
    required: true
    columns:
      opportunity_id: id
      stage_id: {from: state, recode: {w: Won}}
      amount: value
      account_id: {key_of: [customer, city]}
      lead_source: {expression: "upper(channel)"}
  stages:
    rows:
      - {stage_id: Won, stage_name: Won, stage_order: 1, is_closed: true, is_won: true}
"""
DEALS = """\
id;state;value;customer;city;channel;remark;as_of
d1;w;10,50;Acme;Berlin;web;x;2026-01-06
d2;open;1.000,5;Acme;Berlin;;y;2026-01-05
d3;w;12,5;Beta;;fair;z;2026-01-05
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "extracts"
    (folder / "deals").mkdir(parents=True)
    (folder / "people.csv").write_text(
        "id;name;mail;as_of\nu1;Ada;ada@example.com;2026-01-05\n", encoding="utf-8"
    )
    (folder / "deals" / "night.csv").write_text(DEALS, encoding="utf-8")
    return folder


def checked(folder: Path, mapping: str = MAPPING) -> MappingReport:
    path = folder.parent / "shop.yml"
    path.write_text(mapping, encoding="utf-8")
    return check_mapping(load_mapping(path), folder)


def deals(report: MappingReport) -> FileReport:
    (found,) = (file for file in report.files if file.table == "crm.opportunities")
    return found


def test_what_was_understood_of_a_file(folder: Path) -> None:
    report = checked(folder)
    assert report.is_good
    file = deals(report)
    assert (file.file, file.format, file.kind) == ("deals/night.csv", "csv", "full")
    assert (file.rows, file.is_whole, file.good_rows) == (3, True, 2)
    assert file.unmapped == ("remark",)
    assert file.missing_required == ()
    assert (file.extracted_at, file.time_from) == (datetime(2026, 1, 5, tzinfo=UTC), "records")
    columns = {column.column: column for column in file.columns}
    assert columns["opportunity_id"].samples == ("d1", "d2", "d3")
    assert (columns["stage_id"].origin, columns["stage_id"].samples) == (
        "state, recoded",
        ("Won", "open"),
    )
    assert columns["account_id"].origin == "key of customer, city"
    assert columns["account_id"].samples == ("acme|berlin", "beta|")
    assert columns["lead_source"].origin == "expression over channel"
    assert (columns["lead_source"].samples, columns["lead_source"].filled) == (("WEB", "FAIR"), 2)
    amount = columns["amount"]
    assert (amount.samples, amount.failed) == (("10.50", "12.50"), 1)
    assert amount.failure == "amount must be a number as the mapping's formats say"
    assert columns["probability"].origin is None


def test_inline_rows_are_reported_too(folder: Path) -> None:
    (stages,) = (file for file in checked(folder).files if file.table == "crm.stages")
    assert (stages.file, stages.rows, stages.good_rows) == ("rows in the mapping", 1, 1)
    assert stages.extracted_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_personal_data_is_masked(folder: Path) -> None:
    (users,) = (file for file in checked(folder).files if file.table == "crm.users")
    columns = {column.column: column for column in users.columns}
    assert columns["email"].samples == ("aaa@aaaaaaa.aaa",)
    assert columns["user_name"].samples == ("Ada",)
    assert "ada@example.com" not in repr(users)


def test_missing_required_column_is_told_with_the_rest(folder: Path) -> None:
    text = DEALS.replace("state;", "stat;")
    (folder / "deals" / "night.csv").write_text(text, encoding="utf-8")
    report = checked(folder)
    file = deals(report)
    assert file.missing_required == ("stage_id",)
    assert file.error is not None
    assert "lacks the column 'state' (did you mean 'stat'?)" in file.error
    assert report.problems == (f"deals/night.csv: {file.error}",)
    assert "refuse 1 file of 2" in report.verdict
    columns = {column.column: column for column in file.columns}
    assert columns["stage_id"].is_absent
    assert columns["opportunity_id"].samples == ("d1", "d2", "d3")


def test_absent_files_and_files_nobody_takes(folder: Path) -> None:
    (folder / "deals" / "night.csv").rename(folder / "night.csv")
    report = checked(folder)
    assert [(feed.table, feed.required) for feed in report.absent] == [("crm.opportunities", True)]
    assert report.unused == ("night.csv",)
    assert report.problems == (
        "crm.opportunities requires a file deals/*, and there is none",
        "no table takes night.csv",
    )
    assert "land nothing, as crm.opportunities requires" in report.verdict
    assert not report.is_good


def test_file_that_cannot_be_read_leaves_the_others(folder: Path) -> None:
    (folder / "deals" / "night.csv").write_bytes(b"id;state\nd1;\x00\n")
    (folder / "deals" / "other.csv").write_text(DEALS, encoding="utf-8")
    errors = {file.file: file.error for file in checked(folder).files}
    assert "NUL" in str(errors["deals/night.csv"])
    assert errors["deals/other.csv"] is None


def test_empty_file_is_refused_as_landing_would(folder: Path) -> None:
    header = DEALS.splitlines()[0] + "\n"
    (folder / "deals" / "night.csv").write_text(header, encoding="utf-8")
    error = deals(checked(folder)).error
    assert error is not None
    assert error.startswith("there is a header but no record")


def test_of_a_large_file_the_first_rows_are_looked_at(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(mapping_check, "MAX_CELLS", 10)
    header, row = DEALS.splitlines()[:2]
    many = [row.replace("d1", f"d{n}") for n in range(MIN_ROWS + 5)]
    text = "\n".join([header, *many, ""])
    (folder / "deals" / "night.csv").unlink()
    with gzip.open(folder / "deals" / "it's [1] *.csv.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    report = deals(checked(folder))
    assert (report.rows, report.is_whole, report.good_rows) == (MIN_ROWS, False, MIN_ROWS)


def test_time_of_modification(folder: Path) -> None:
    os.utime(folder / "deals" / "night.csv", (1_600_000_000, 1_600_000_000))
    report = deals(checked(folder, MAPPING.replace("extracted_at: {column: as_of}\n", "")))
    assert report.time_from == "modification time"
    assert report.extracted_at == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match="no such folder"):
        check_mapping(load_mapping("canonical"), tmp_path / "none")


def test_all_rows_of_a_file_are_looked_at(folder: Path) -> None:
    header, row = DEALS.splitlines()[:2]
    many = [row.replace("d1", f"d{n}") for n in range(MIN_ROWS + 5)]
    wrong = row.replace("d1", "")
    (folder / "deals" / "night.csv").write_text("\n".join([header, *many, wrong, ""]))
    report = deals(checked(folder))
    assert (report.rows, report.is_whole, report.good_rows) == (MIN_ROWS + 6, True, MIN_ROWS + 5)


def test_what_is_passed_over_is_told(folder: Path) -> None:
    (folder / "deals" / "night.csv").write_text(
        DEALS + ";" * DEALS.splitlines()[0].count(";") + '\n;\n"Total"\n;;;x\n'
    )
    mapping = MAPPING.replace("    required: true\n", "    footer: ^Total\n")
    report = deals(checked(folder, mapping))
    plain = deals(checked(folder, MAPPING))
    assert report.good_rows == plain.good_rows
    assert (report.passed_over, report.rows) == (4, len(DEALS.splitlines()) - 1 + 4)
    assert not any("fewer than the" in note for note in report.notes)
    assert any("fewer than the" in note for note in plain.notes)


def test_keys_with_different_content_are_told_as_landing_would(folder: Path) -> None:
    header, row = DEALS.splitlines()[:2]
    other = row.replace("10,50", "11,50")
    (folder / "deals" / "night.csv").write_text("\n".join([header, row, row, other, ""]))
    report = deals(checked(folder))
    assert report.good_rows == 0
    assert any("3 records would be set aside, the first on line 2" in n for n in report.notes)
    assert "3 of 3 records would be set aside" in (report.error or "")
