"""`mapping check` and landing say the same of the same files: the promise is tried from all sides.

Each case checks a folder against a home and lands it there afterwards; what the check has said of a
file must be what landing then notes of it. Most cases are bad input, since that is where a promise
breaks.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mapping_findings import MappingReport
from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from ingestion.landing.run import land

FIXTURES = Path(__file__).parents[1] / "fixtures"
# One year of calendar, because every landing writes it anew.
SETTINGS = CompanySettings(calendar_start=date(2026, 1, 1), calendar_end=date(2026, 12, 31))
HEADER = "product_id,product_name,list_price\n"
SAME = '  products: {files: "products*", columns: same}'


def agreed(
    mapping: str, folder: Path, home: Home, settings: CompanySettings = SETTINGS, run: str = "after"
) -> MappingReport:
    """Checks a folder, lands it, and compares what was said with what came."""
    loaded, contracts = load_mapping(mapping), load_contracts()
    report = check_mapping(loaded, folder, contracts, settings, home)
    said = sorted(
        (f.table, f.file, bool(f.error), f.rows, f.good_rows, f.set_aside, f.passed_over)
        for f in report.files
        if not f.error
    )
    said_refused = sorted((f.table, f.file, f.error) for f in report.files if f.error)
    result = land(home, [(loaded, folder)], contracts, run, settings)
    came = sorted(
        (
            f"{f.source}.{f.table_name}",
            f.file_name,
            False,
            f.records,
            f.accepted + f.unchanged,
            f.quarantined,
            f.passed_over,
        )
        for f in result.files
        if f.status != "refused"
    )
    refused = [(f"{f.source}.{f.table_name}", f.file_name, f.message) for f in result.refused]
    assert said == came
    assert said_refused == sorted(refused)
    assert report.is_good or report.problems
    if refused:
        assert not report.is_good
        assert "refuse" in report.verdict
    return report


def rows(count: int, price: str = "1") -> str:
    return "".join(f"{i},P{i},{price}\n" for i in range(count))


def as_parquet(path: Path, names: list[str]) -> None:
    pq.write_table(pa.table({"product_id": ["1"] * len(names), "product_name": names}), path)


def as_workbook(path: Path, *cells: tuple) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    for row in (HEADER.strip().split(","), *cells):
        sheet.append(row)
    book.save(path)


@pytest.mark.parametrize("folder", sorted((FIXTURES / "landing").iterdir()), ids=lambda p: p.name)
@pytest.mark.parametrize("options", ["", 'csv: {delimiter: ";"}\nformats: {decimal_point: ","}'])
def test_of_the_files_of_readers(case, folder: Path, options: str) -> None:
    shutil.copytree(folder, case.folder, dirs_exist_ok=True)
    (case.folder / "expected.json").unlink()
    case.map(SAME, options)
    agreed(str(case.mapping_file), case.folder, case.home)


def test_of_a_history_over_nights(case) -> None:
    nights = FIXTURES / "deal_history" / "extracts"
    settings = CompanySettings()
    for number, night in enumerate(sorted(nights.iterdir())):
        shutil.copytree(night, case.folder / night.name)
        report = agreed("canonical", case.folder, case.home, settings, f"night-{number}")
        assert report.is_good, report.problems


# What is written into the folder; the mapping of products, if another; and what is said of it.
Files = dict[str, str | bytes]
BAD: dict[str, tuple[Files, str, str]] = {
    "a number that is none": ({"products.csv": HEADER + "1,A,x\n2,B,2\n"}, SAME, "set 1 aside"),
    "all numbers are none": ({"products.csv": HEADER + "1,A,x\n2,B,y\n"}, SAME, "refuse 1 file"),
    "more than half are none": (
        {"products.csv": HEADER + rows(9) + rows(14, "x").replace("P", "Q")}, SAME, "refuse 1 file",
    ),
    "all of a delta are none": (
        {"products.csv": HEADER + "1,A,x\n2,B,y\n"},
        '  products: {files: "products*", kind: delta, columns: same}',
        "land 0 of 2 records",
    ),
    "rows of one key differ": (
        {"products.csv": HEADER + "1,A,1\n1,A,2\n2,B,1\n"}, SAME, "set 2 aside",
    ),
    "rows of one key differ between two parts": (
        {"products1.csv": HEADER + "1,A,1\n2,B,1\n", "products2.csv": HEADER + "1,A,2\n3,C,1\n"},
        '  products: {files: "products*", parts: true, columns: same, '
        "extracted_at: {constant: 2026-01-02}}",
        "set 2 aside",
    ),
    "the last line is cut": ({"products.csv": HEADER + "1,A,1\n2,B,12"}, SAME, "refuse 1 file"),
    "a quote is never closed": ({"products.csv": HEADER + '1,"A,1\n2,B,1\n'}, SAME, "refuse"),
    "lines with too few and too many fields": (
        {"products.csv": HEADER + "1,A\n2,B,1\n3,C,1,2\n"}, SAME, "set 2 aside",
    ),
    "an empty file": ({"products.csv": ""}, SAME, "refuse 1 file of 1"),
    "a header alone": ({"products.csv": HEADER}, SAME, "refuse 1 file of 1"),
    "blank rows alone": ({"products.csv": HEADER + ",,\n,,\n"}, SAME, "refuse 1 file of 1"),
    "another encoding": (
        {"products.csv": (HEADER + "1,Größe,1\n").encode("cp1252")}, SAME, "refuse 1 file",
    ),
    "a NUL character": ({"products.csv": HEADER + "1,A\0,1\n"}, SAME, "refuse 1 file"),
    "text that is called gzip": ({"products.csv.gz": HEADER}, SAME, "refuse 1 file"),
    "a gzip file that is cut": (
        {"products.csv.gz": gzip.compress((HEADER + rows(500)).encode())[:-20]}, SAME, "refuse",
    ),
    "text that is called Parquet": ({"products.parquet": HEADER}, SAME, "refuse 1 file"),
    "text that is called a workbook": ({"products.xlsx": HEADER}, SAME, "refuse 1 file"),
    "lines that are no JSON": (
        {"products.jsonl": '{"product_id": "1", "product_name": "A"}\nnot this\n'}, SAME,
        "set 1 aside",
    ),
    "a required column is missing": (
        {"products.csv": "product_id,list_price\n1,2\n"}, SAME, "refuse 1 file",
    ),
    "a column has almost the name": (
        {"products.csv": "product_id,product_name,list_prices\n1,A,2\n"}, SAME, "refuse 1 file",
    ),
    "a column stands twice": (
        {"products.csv": "product_id,product_name,product_name\n1,A,2\n"}, SAME, "refuse 1 file",
    ),
    "columns that are not allowed": (
        {"products.csv": HEADER.strip() + ",colour\n1,A,1,red\n"},
        '  products: {files: "products*", unmapped: refuse, columns: same}',
        "refuse 1 file",
    ),
    "a path without its time": (
        {"products.csv": HEADER + rows(2), "products_2026-01-02.csv": HEADER + rows(3)},
        '  products: {files: "products*", columns: same, '
        'extracted_at: {pattern: "(?P<time>[0-9-]{10})"}}',
        "refuse 1 file of 2",
    ),
    "a path with another day": (
        {"products_2026-13-02.csv": HEADER + rows(3)},
        '  products: {files: "products*", columns: same, '
        'extracted_at: {pattern: "(?P<time>[0-9-]{10})"}}',
        "refuse 1 file of 1",
    ),
    "records without their time": (
        {"products.csv": "product_id,product_name,as_of\n1,A,2026-01-01\n2,B,\n3,C,soon\n"},
        '  products: {files: "products*", columns: same, extracted_at: {column: as_of}}',
        "set 2 aside",
    ),
    "two tables of one file that is cut": (
        {"both.csv": "id,name\n1,A\n2,B"},
        "  products: {files: both.csv, columns: {product_id: id, product_name: name}}\n"
        "  teams: {files: both.csv, columns: {team_id: id, team_name: name}}",
        "refuse 1 file of 1",
    ),
    "two tables of one file, for one of which it lacks a column": (
        {"both.csv": "id,name\n1,A\n2,B\n"},
        "  products: {files: both.csv, columns: {product_id: id, product_name: name}}\n"
        "  teams: {files: both.csv, columns: {team_id: key, team_name: name}}",
        "refuse 1 file of 1",
    ),
    "a footer and rows of another kind": (
        {"products.csv": "product_id,product_name,kind\n1,A,x\n2,B,y\n3,C,x\nTotal,3,\n"},
        '  products: {files: "products*", columns: same, footer: ^Total, where: "kind = \'x\'"}',
        "pass 2 over",
    ),
    "nothing that is meant": (
        {"products.csv": "product_id,product_name,kind\n1,A,x\n"},
        '  products: {files: "products*", columns: same, where: "kind = \'z\'"}',
        "refuse 1 file of 1",
    ),
    "files of no table": (
        {"products.csv": HEADER + rows(2), "prices.csv": HEADER, "old.xls": b"x", "notes.md": ""},
        SAME,
        "leave out 2 files that no table takes",
    ),
    "no file at all": ({}, SAME, "land 0 of 0 records"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_of_bad_input(case, name: str) -> None:
    files, tables, words = BAD[name]
    case.map(tables)
    for file, content in files.items():
        case.write(file, content)
    report = agreed(str(case.mapping_file), case.folder, case.home)
    assert words in report.verdict
    is_fine = "aside" in words or "over" in words
    assert report.is_good == is_fine


@pytest.mark.parametrize("what", ["folder", "link to nothing"])
def test_of_what_has_the_name_of_an_extract_and_is_none(case, what: str) -> None:
    case.map(SAME)
    case.write("products.csv", HEADER + rows(2))
    place = case.folder / "products_old.csv"
    place.mkdir() if what == "folder" else place.symlink_to(case.folder / "gone.csv")
    report = agreed(str(case.mapping_file), case.folder, case.home)
    assert f"a {what.partition(' ')[0]}" in (report.refused[0])


def test_of_workbooks_and_parquet(case) -> None:
    case.map(SAME)
    as_workbook(case.folder / "products.xlsx", ("1", "A", 5), ("2", "B", "#N/A"), ("3", "=1+1", 2))
    as_parquet(case.folder / "products.parquet", ["A", "B", "A"])
    report = agreed(str(case.mapping_file), case.folder, case.home)
    assert "holds a formula" in " ".join(report.refused)


class TestOfWhatTheHomeKnows:
    """A first night is in the home; the second one is checked against it."""

    FIRST = HEADER + rows(40)

    @pytest.fixture
    def second(self, case) -> Callable[..., MappingReport]:
        def check(content: str, tables: str = SAME, first: str = self.FIRST) -> MappingReport:
            case.map(tables)
            path = case.write("products.csv", first, datetime(2026, 3, 1, tzinfo=UTC))
            agreed(str(case.mapping_file), case.folder, case.home, run="first")
            path.unlink()
            case.write("products.csv", content, datetime(2026, 3, 2, tzinfo=UTC))
            return agreed(str(case.mapping_file), case.folder, case.home, run="second")

        return check

    def test_half_of_the_keys_are_gone(self, second) -> None:
        assert "lacks 30 of 40 keys" in second(HEADER + rows(10)).refused[0]

    def test_a_few_keys_are_gone(self, second) -> None:
        report = second(HEADER + rows(38))
        assert report.is_good
        assert "2 keys would be deleted, which it lacks" in report.files[0].notes

    def test_a_column_is_gone(self, second) -> None:
        report = second("product_id,product_name\n1,A\n")
        assert "lacks the column 'list_price', which earlier extracts filled" in report.refused[0]

    def test_an_event_is_told_otherwise(self, second) -> None:
        tables = '  products: {files: "products*", kind: events, columns: same}'
        report = second(HEADER + "3,Other,1\n99,New,1\n", tables)
        assert (report.files[0].good_rows, report.files[0].set_aside) == (1, 1)
        assert any("the key stands more than once" in note for note in report.files[0].notes)

    def test_the_same_again(self, second) -> None:
        assert second(self.FIRST).files[0].good_rows == 40

    def test_the_home_is_left_as_it_is(self, second, case) -> None:
        second(HEADER + rows(39))
        case.write("products.csv", HEADER + rows(1), datetime(2026, 3, 3, tzinfo=UTC))
        before = case.home.raw_db.read_bytes()
        names = sorted(path.as_posix() for path in case.home.root.rglob("*"))
        loaded = load_mapping(str(case.mapping_file))
        assert not check_mapping(loaded, case.folder, None, SETTINGS, case.home).is_good
        assert case.home.raw_db.read_bytes() == before
        assert sorted(path.as_posix() for path in case.home.root.rglob("*")) == names

    def test_references_to_what_the_home_has_are_known(self, case) -> None:
        tables = (
            "  teams: {files: teams.csv, columns: same}\n  users: {files: users.csv, columns: same}"
        )
        case.map(tables)
        case.write("teams.csv", "team_id,team_name\nnorth,North\n")
        agreed(str(case.mapping_file), case.folder, case.home, run="first")
        (case.folder / "teams.csv").unlink()
        users = "user_id,user_name,email,team_id\n1,A,a@example.com,north\n2,B,,south\n3,C,,south\n"
        case.write("users.csv", users)
        report = agreed(str(case.mapping_file), case.folder, case.home, run="second")
        (unknown,) = report.unknown
        assert (unknown.table, unknown.column, unknown.target) == (
            "crm.users", "team_id", "crm.teams",
        )  # fmt: skip
        assert (unknown.values, unknown.examples) == (1, ("south",))
        blind = check_mapping(load_mapping(str(case.mapping_file)), case.folder, None, SETTINGS)
        assert blind.unknown == ()


@pytest.mark.parametrize(
    ("users", "teams", "floats"),
    [
        (["7.0", "8.0"], ["7", "8"], 2),
        (["7.0", "9.00", "x.0"], ["7", "9", "x"], 2),
        (["N-7.0", "5"], ["N-7"], 1),
        (["7,0"], ["7"], 1),
        (["7.0", "7.5", "south"], ["8"], 0),
        (["7.0"], ["7.0"], None),
    ],
)
def test_ids_that_were_written_as_numbers_with_a_point_are_told(
    case, users: list[str], teams: list[str], floats: int | None
) -> None:
    case.map(
        "  teams: {files: teams.csv, columns: same}\n  users: {files: users.csv, columns: same}",
        'csv: {delimiter: ";"}',
    )
    case.write("teams.csv", "team_id;team_name\n" + "".join(f"{t};T{t}\n" for t in teams))
    lines = (f"{n};U{n};{team}\n" for n, team in enumerate(users))
    case.write("users.csv", "user_id;user_name;team_id\n" + "".join(lines))
    report = agreed(str(case.mapping_file), case.folder, case.home)
    assert [reference.floats for reference in report.unknown] == (
        [] if floats is None else [floats]
    )


def test_a_file_of_two_sources_of_the_company_has_a_table(case, tmp_path: Path) -> None:
    case.map(SAME)
    other = tmp_path / "other.yml"
    other.write_text(
        "mapping: other\nsource: crm\ntables:\n  teams: {files: teams.csv, columns: same}\n"
    )
    case.write("products.csv", HEADER + rows(2))
    case.write("teams.csv", "team_id,team_name\n1,A\n")
    mapping = load_mapping(str(case.mapping_file))
    assert check_mapping(mapping, case.folder).unused == ("teams.csv",)
    assert check_mapping(mapping, case.folder, others=[load_mapping(other)]).is_good


def test_times_of_files_are_those_of_landing(case) -> None:
    case.map(SAME)
    path = case.write("products.csv", HEADER + rows(2))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    report = agreed(str(case.mapping_file), case.folder, case.home)
    ((landed,),) = case.query("select extracted_at from landing.files")
    assert [file.extracted_at for file in report.files] == [landed.replace(tzinfo=UTC)]


OWN_ROWS = (
    "  stages:\n    rows:\n"
    "      - {stage_id: w, stage_name: W, stage_order: 1, is_closed: true, is_won: true}\n"
    "      - {stage_id: l, stage_name: L, stage_order: 2, is_closed: true, is_won: false}\n"
)
BOTH_TABLES = (
    "  products: {files: both.csv, columns: {product_id: id, product_name: name}}\n"
    "  teams: {files: both.csv, columns: {team_id: id, team_name: name}}\n"
)
SPLIT = (
    "  products:\n"
    "    - {files: both.csv, kind: delta, where: \"k = 'a'\", columns: "
    "{product_id: id, product_name: name}}\n"
    "    - {files: both.csv, kind: delta, where: \"k = 'b'\", columns: "
    "{product_id: id, product_name: name}}\n"
)
ONE_FILE = "id,name,k\n1,A,a\n2,B,b\n"
COUNTED = {
    "rows of the mapping": (SAME + "\n" + OWN_ROWS, {"products.csv": HEADER + "1,A,1\n2,B,2\n"},
        "2 of 2 records from 1 file and 2 rows of the mapping itself."),
    "rows alone": (OWN_ROWS, {}, "2 rows of the mapping itself."),
    "one record of two tables": (BOTH_TABLES, {"both.csv": ONE_FILE},
        "4 rows of 2 records from 1 file."),
    "a record that no table can use": (BOTH_TABLES, {"both.csv": "id,name\n1,A\n2,B\n3,\n"},
        "4 rows of 3 records from 1 file, set 2 aside."),
    "feeds that share the records of a file": (SPLIT, {"both.csv": ONE_FILE},
        "2 rows of 2 records from 1 file."),
    "a record that neither of them takes": (SPLIT, {"both.csv": ONE_FILE + "3,C,c\n"},
        "2 rows of 3 records from 1 file."),
    "all at once": (SAME + "\n" + BOTH_TABLES.replace("  products", "  territories")
        .replace("product_", "territory_") + OWN_ROWS,
        {"products.csv": HEADER + "1,A,1\n,,\n2,B,2\n", "both.csv": ONE_FILE},
        "6 rows of 5 records from 2 files and 2 rows of the mapping itself, pass 1 over."),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_the_last_sentence_counts_what_there_is(case, name: str) -> None:
    tables, files, said = COUNTED[name]
    case.map(tables)
    for file, content in files.items():
        case.write(file, content)
    assert agreed(str(case.mapping_file), case.folder, case.home).verdict == (
        f"A refresh would land {said}"
    )
