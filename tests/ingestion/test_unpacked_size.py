"""Files that unpack to far more than their size cost a refusal, not the disk and not the night."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import zipfile
from collections import namedtuple
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.errors import ExtractError
from ingestion.readers import unpacked

HEAD = b"id,name\n"
TOO_MUCH = "unpacks to more than 200 times its"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def small(monkeypatch):
    """Limits that small files reach."""
    monkeypatch.setattr(unpacked, "ALWAYS_FINE", 1 << 20)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def test_a_gzip_bomb_is_refused_on_the_way_and_leaves_nothing(read, tmp_path):
    bomb = packed(HEAD + b"1," + bytes(150 << 20))
    assert len(bomb) < 200_000
    with pytest.raises(ExtractError, match=TOO_MUCH):
        read(bomb, "file.csv.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv.gz"]


@pytest.mark.parametrize("name", ["file.csv.gz", "file.json.gz", "file.jsonl.gz"])
def test_so_it_is_in_every_text_format(read, small, name):
    with pytest.raises(ExtractError, match=TOO_MUCH):
        read(packed(b" " * (8 << 20)), name)


def test_members_of_a_gzip_file_are_counted_together(read, small):
    with pytest.raises(ExtractError, match=TOO_MUCH):
        read(b"".join(packed(b" " * (1 << 19)) for _ in range(20)), "file.csv.gz")


def test_what_packs_well_is_read(read, small):
    rows = b"".join(b"%d,open,EUR,won,2026-01-01\n" % number for number in range(100_000))
    content = packed(b"id,a,b,c,d\n" + rows)
    assert len(rows) > 2 << 20
    assert len(read(content, "file.csv.gz").rows) == 100_000


def test_the_disk_is_not_filled(read, small, monkeypatch):
    """Random digits pack badly, so it is the disk alone that says no."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 << 30, 9 << 30, 500 << 20))
    content = packed(HEAD + b"1," + os.urandom(1 << 20).hex().encode() + b"\n")
    with pytest.raises(ExtractError, match=r"the disk is full: .* less than 1,024 MB are free"):
        read(content, "file.csv.gz")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 << 30, 1 << 30, 9 << 30))
    assert len(read(content, "file.csv.gz").rows) == 1


def test_the_other_files_of_the_night_land(case, small):
    case.write("products_1.csv.gz", packed(b" " * (8 << 20)))
    case.write("products_2.csv", "product_id,product_name\n1,a\n")
    statuses = {file.file_name: file.status for file in case.land().files}
    assert statuses == {"products_1.csv.gz": "refused", "products_2.csv": "landed"}


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.append(["id", "name"])
    sheet.append(["1", "a"])
    book.save(path)
    return path


def with_part(path: Path, name: str, content: bytes) -> bytes:
    """Gives a workbook with one part replaced or added."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for item in source.infolist():
            if item.filename != name:
                new.writestr(item.filename, source.read(item))
        new.writestr(name, content)
    return made.getvalue()


TEXTS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


@pytest.mark.parametrize(
    ("part", "start"),
    [
        ("xl/sharedStrings.xml", TEXTS),
        ("xl/styles.xml", b"<styleSheet>"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>"),
        ("xl/media/image1.png", b""),
    ],
)
def test_a_workbook_that_is_a_bomb(read, small, tmp_path, part, start):
    content = with_part(workbook(tmp_path / "made.xlsx"), part, start + b" " * (16 << 20))
    assert len(content) < 50_000
    with pytest.raises(ExtractError, match=TOO_MUCH):
        read(content, "file.xlsx")


def test_sizes_that_a_workbook_states_are_not_believed(read, small, tmp_path):
    """The size of the texts is overwritten in the archive's directory, as an attacker would."""
    content = with_part(
        workbook(tmp_path / "made.xlsx"), "xl/sharedStrings.xml", TEXTS + b" " * (16 << 20)
    )
    size = (len(TEXTS) + (16 << 20)).to_bytes(4, "little")
    assert content.count(size) == 2
    with pytest.raises(ExtractError, match=TOO_MUCH):
        read(content.replace(size, (100).to_bytes(4, "little")), "file.xlsx")


def test_texts_of_a_workbook_that_memory_cannot_hold(read, monkeypatch, tmp_path):
    monkeypatch.setattr(unpacked, "MOST_SHARED_TEXT", 1 << 20)
    texts = TEXTS + b"<si><t>" + os.urandom(1 << 20).hex().encode() + b"</t></si></sst>"
    content = with_part(workbook(tmp_path / "made.xlsx"), "xl/sharedStrings.xml", texts)
    with pytest.raises(ExtractError, match="more than 1 MB of text, which must be held in memory"):
        read(content, "file.xlsx")


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd"])
def test_a_parquet_file_of_one_value_over_and_over(read, small, tmp_path, codec):
    path = tmp_path / "made.parquet"
    table = pa.table({"id": pa.DictionaryArray.from_arrays(pa.array([0] * 5_000_000), ["x" * 9])})
    pq.write_table(table, path, compression=codec)
    assert path.stat().st_size < 20_000
    with pytest.raises(ExtractError, match=TOO_MUCH):
        read(path.read_bytes(), "file.parquet")


def test_a_parquet_file_that_packs_well_is_read(read, small, tmp_path):
    path = tmp_path / "made.parquet"
    count = 200_000
    columns = {f"empty{i}": pa.nulls(count, pa.string()) for i in range(20)}
    pq.write_table(pa.table({"id": range(count), **columns}), path, compression="zstd")
    assert len(read(path.read_bytes(), "file.parquet").rows) == count


@pytest.mark.parametrize("read_as", ["products.csv", "products.parquet"])
def test_a_disk_that_is_full_is_no_fault_of_the_file(case, monkeypatch, read_as):
    """DuckDB says it in its own words, which must not become `the file is corrupt`."""
    pq.write_table(
        pa.table({"product_id": ["1"], "product_name": ["a"]}), case.folder / "products.parquet"
    )
    case.write("products.csv", "product_id,product_name\n1,a\n")
    for path in case.folder.iterdir():
        if path.name != read_as:
            path.unlink()
    fault = duckdb.IOException("IO Error: Could not write file: No space left on device")

    def fails(*_):
        raise fault

    monkeypatch.setattr("ingestion.readers.parquet_table._check_content", fails)
    monkeypatch.setattr("ingestion.landing.staging.Staging._insert", fails)
    with pytest.raises(duckdb.IOException, match="No space left"):
        case.land()


def test_a_disk_too_small_for_temporary_files_is_called_full(case, monkeypatch):
    case.write("products.csv", "product_id,product_name\n1,a\n")

    def fails(*_):
        raise duckdb.OutOfMemoryException(
            "failed to offload data block: the limit was set by 'max_temp_directory_size'"
        )

    monkeypatch.setattr("ingestion.landing.staging.Staging._insert", fails)
    assert "room on the home's disk, which is full" in (case.land_one().message or "")
