"""Bad input: a file that cannot be trusted is refused whole, with a message that helps.

Every case asserts the parts of the message that a person acts on (what, where, what to do), that
nothing of the file entered raw, that what was there before still holds, and that the rest of the
folder landed all the same.
"""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.errors import ExtractError
from ingestion.landing import archive
from ingestion.raw.store import open_raw_store

GOOD = "product_id,product_name,list_price\n1,A,1\n2,B,2\n"
NIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def bad(case):
    """A home in which a good extract was landed before the bad one comes."""
    case.map(
        '  products: {files: "products*", columns: same}\n  teams: {files: "teams*", columns: same}'
    )
    case.write("products.csv", GOOD)
    case.land()
    (case.folder / "products.csv").unlink()
    return case


def refused(bad, name: str, content: bytes | str | None, *parts: str) -> str:
    """Lands a bad file beside a good one of another table and gives the message."""
    before = bad.sizes()
    archived = sorted(path.name for path in bad.home.archive.rglob("*.*"))
    if content is not None:
        bad.write(name, content)
    bad.write("teams.csv", "team_id,team_name\nt,T\n")
    result = bad.land()
    (file,) = result.refused
    assert (file.file_name, file.status, file.accepted) == (name, "refused", 0)
    assert file.records == file.accepted + file.quarantined + file.unchanged
    for part in parts:
        assert part in file.message, file.message
    after = bad.sizes()
    grown = {table for table in after if after[table] != before[table]}
    assert grown == {"crm.teams", "landing.extracts"}
    assert bad.state("product_id, product_name") == [("1", "A"), ("2", "B")]
    new = {path.name for path in bad.home.archive.rglob("*.*")} - set(archived)
    assert len(new) == 1, "only the good file is archived"
    assert not [*bad.home.scratch.iterdir()]
    told = bad.query("select message from landing.files where status = 'refused'")
    assert told == [(file.message,)]
    return file.message


def test_missing_folder(case):
    case.folder.rmdir()
    with pytest.raises(ExtractError, match=r"extracts: there is no such folder.*check the path"):
        case.land()
    assert not case.home.root.exists()


def test_missing_required_file(case):
    case.map(
        '  products: {files: "products*.csv", required: true, columns: same}\n'
        '  teams: {files: "teams*", columns: same}'
    )
    case.write("teams.csv", "team_id,team_name\nt,T\n")
    message = r"no file products\*\.csv, which crm\.products requires \(.*case\.yml:\d+\)"
    with pytest.raises(ExtractError, match=message):
        case.land()
    assert not case.home.root.exists(), "nothing lands before all folders were looked at"


def test_missing_optional_file(case):
    assert case.land().files == ()


def test_unknown_column_is_told(bad):
    bad.write("products.csv", "product_id,product_name,list_price,colour\n1,A,1,red\n2,B,2,blue\n")
    file = bad.land_one()
    assert file.message == "columns that the mapping does not use: colour"


def test_unknown_column_is_refused_where_the_mapping_says_so(bad):
    bad.map(
        '  products: {files: "products*", columns: same, unmapped: refuse}\n'
        '  teams: {files: "teams*", columns: same}'
    )
    content = "product_id,product_name,colour\n1,A,red\n"
    refused(bad, "products.csv", content, "'colour'", "unmapped: refuse", "case.yml:")


def test_missing_required_column(bad):
    content = "product_id,productname\n1,A\n"
    refused(bad, "products.csv", content, "lacks the column 'product_name'", "did you mean")


def test_renamed_column(bad):
    content = "product_id,product_name,list_prices\n1,A,1\n"
    refused(bad, "products.csv", content, "'list_prices'", "lacks 'list_price'")


def test_swapped_columns_land_by_name(bad):
    bad.write("products.csv", "list_price,product_name,product_id\n1,A,1\n2,B,2\n")
    assert bad.land_one().unchanged == 2


def test_swapped_headers_are_caught_by_types(bad):
    """The names changed places and the values did not: what is no number is set aside."""
    bad.map(
        '  products: {files: "products*", columns: same, max_quarantined: 0.1}\n'
        '  teams: {files: "teams*", columns: same}'
    )
    content = GOOD.replace("product_name,list_price", "list_price,product_name")
    message = refused(
        bad, "products.csv", content, "2 of 2 records would be set aside", "max_quarantined", "0.1"
    )
    assert "line 2, column list_price, value 'A': list_price must be a number" in message
    assert bad.query("select count(*) from landing.quarantine") == [(2,)]
    full = pq.read_table(bad.home.quarantine / "run-2" / "crm.products.parquet")
    assert full.column("line").to_pylist() == [2, 3]


@pytest.mark.parametrize("name", ["products.csv", "products.jsonl", "products.json"])
def test_empty_file(bad, name):
    refused(bad, name, b"", "empty (0 bytes)", "ask for it again")


def test_blank_lines_only(bad):
    refused(bad, "products.csv", "\n\n\n", "no header")


def test_header_only(bad):
    refused(bad, "products.csv", GOOD.splitlines()[0] + "\n", "no record", "allow_empty: true")


def test_header_only_where_the_mapping_allows_it(bad):
    bad.map('  products: {files: "products*", columns: same, allow_empty: true}')
    bad.write("products.csv", GOOD.splitlines()[0] + "\n")
    assert bad.land_one().deleted == 2
    assert bad.state("product_id") == []


def test_delta_without_records_is_no_fault(bad):
    bad.map('  products: {files: "products*", columns: same, kind: delta}')
    bad.write("products.csv", GOOD.splitlines()[0] + "\n")
    assert bad.land_one().status == "unchanged"


def test_file_cut_in_a_row(bad):
    refused(bad, "products.csv", GOOD + "3,C", "line 4", "cut off", "final_newline: optional")


def test_file_cut_in_a_number(bad):
    refused(bad, "products.csv", GOOD + "3,C,12", "line 4", "cut off", "Ask for the file again")


def test_file_cut_in_a_quote(bad):
    refused(bad, "products.csv", GOOD + '3,"C and', "line 4", "never closed", "may be cut")


def test_file_cut_in_a_quote_where_no_final_line_end_is_needed(bad):
    bad.map(
        '  products: {files: "products*", columns: same, csv: {final_newline: optional}}\n'
        '  teams: {files: "teams*", columns: same}'
    )
    refused(bad, "products.csv", GOOD + '3,"C and', "line 4", "never closed")


def test_last_record_without_line_end_where_it_is_not_needed(bad):
    bad.map(
        '  products: {files: "products*", columns: same, csv: {final_newline: optional}}\n'
        '  teams: {files: "teams*", columns: same}'
    )
    refused(bad, "products.csv", GOOD + "3,C", "line 4", "another number of fields", "cut off")
    bad.write("products.csv", GOOD + "3,C,12")
    files = {file.file_name: file for file in bad.land().files}
    assert files["products.csv"].accepted == 1


def test_ragged_rows(bad):
    bad.write(
        "products.csv",
        GOOD + "3,C\n4,D,4,4,4\n5,E,5\n",
    )
    file = bad.land_one()
    assert (file.records, file.accepted, file.quarantined, file.unchanged) == (5, 1, 2, 2)
    rows = bad.query("select line, reason, record from landing.quarantine order by 1")
    assert rows == [
        (4, "ragged_row", '{"text": "3,C"}'),
        (5, "ragged_row", '{"text": "4,D,4,4,4"}'),
    ]


def test_field_of_five_megabytes(bad):
    bad.write("products.csv", GOOD + f'3,"{"x" * 5_000_000}",3\n4,D,4\n')
    file = bad.land_one()
    assert (file.records, file.accepted, file.quarantined) == (4, 1, 1)
    ((line, column, value, reason, record),) = bad.query(
        "select line, column_name, value, reason, record from landing.quarantine"
    )
    assert (line, column, reason) == (4, "product_name", "too_long")
    assert (len(value), len(record)) == (200, 10_000)
    full = pq.read_table(bad.home.quarantine / "run-2" / "crm.products.parquet")
    assert len(full.column("value")[0].as_py()) == 5_000_000


def test_ten_thousand_columns(bad):
    header = ",".join(f"c{i}" for i in range(10_000))
    content = f"{header}\n{',' * 9_999}\n"
    refused(bad, "products.csv", content, "10,000 columns", "4,000", "Export only")


def test_nul_character(bad):
    content = (GOOD + "3,C\0,3\n").encode()
    refused(bad, "products.csv", content, "line 4", "NUL", "encoding: utf-16")


def test_utf16_without_its_mark(bad):
    message = refused(bad, "products.csv", GOOD.encode("utf-16-le"), "line 1", "NUL")
    assert "encoding: utf-16" in message


def test_wrong_encoding(bad):
    content = GOOD.encode() + "3,Müller,3\n".encode("cp1252")
    refused(bad, "products.csv", content, "line 4, character 4", "0xFC", "encoding: windows-1252")


def test_mixed_line_ends(bad):
    bad.write("products.csv", GOOD.replace("\n", "\r\n", 1))
    file = bad.land_one()
    assert file.unchanged == 2
    assert "line ends were made the same" in file.message


def test_corrupt_gzip(bad):
    packed = bytearray(gzip.compress(GOOD.encode() * 100))
    packed[-6] ^= 0xFF
    refused(
        bad, "products.csv.gz", bytes(packed), "gzip file is corrupt or cut", "ask for it again"
    )


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_cut_gzip(bad, keep):
    packed = gzip.compress(os.urandom(3000).hex().encode())
    content = packed[: int(len(packed) * keep)]
    refused(bad, "products.csv.gz", content, "gzip file is corrupt or cut", "ask for it again")


def test_text_that_is_called_gzip(bad):
    refused(bad, "products.csv.gz", GOOD, "gzip file is corrupt or cut")


def parquet(path: Path) -> bytes:
    pq.write_table(pa.table({"product_id": ["1"], "product_name": ["A"]}), path)
    return path.read_bytes()


def test_corrupt_parquet(bad, tmp_path):
    content = parquet(tmp_path / "made.parquet")
    refused(bad, "products.parquet", content[:-8], "Parquet file is corrupt or cut", "ask for it")


def test_text_that_is_called_parquet(bad):
    refused(bad, "products.parquet", GOOD, "Parquet file is corrupt or cut")


def test_corrupt_workbook(bad, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    sheet.append(["product_id", "product_name"])
    sheet.append(["1", "A"])
    book.save(tmp_path / "made.xlsx")
    content = (tmp_path / "made.xlsx").read_bytes()
    refused(bad, "products.xlsx", content[:-40], "the workbook is corrupt", "ask for it again")


def test_formulas_are_never_computed(bad, tmp_path):
    """Neither in a workbook, where the stored value counts, nor in text, where it is text."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    sheet.append(["product_id", "product_name", "list_price"])
    sheet.append(["1", "=1+1", 1])
    book.save(tmp_path / "made.xlsx")
    content = (tmp_path / "made.xlsx").read_bytes()
    refused(bad, "products.xlsx", content, "cell B2 holds a formula", "open it in Excel")
    (bad.folder / "products.xlsx").unlink()
    name = "=cmd|' /C calc'!A0"
    bad.write("products.csv", f"product_id,product_name,list_price\n1,{name},1\n2,B,2\n")
    bad.land()
    assert (name,) in bad.state("product_name")


def test_duplicate_header(bad):
    content = "product_id,product_name,list_price,product_name\n1,A,1,B\n"
    refused(bad, "products.csv", content, "'product_name' stands 2 times", "columns 2, 4")


@pytest.mark.parametrize(
    "name",
    [
        "products'; drop table crm.products; --.csv",
        'products "quoted".csv',
        "products with spaces.csv",
        "products*.csv",
        "products[1].csv",
        "products?{a,b}.csv",
        "products$HOME;`id`.csv",
        "products\nnew line.csv",
        "PRODUCTS.CSV",
    ],
)
def test_file_names_that_mean_something_elsewhere(bad, name):
    bad.write(name, GOOD + "3,C,3\n")
    file = bad.land_one()
    assert (file.file_name, file.accepted, file.unchanged) == (name, 1, 2)
    assert bad.query("select file_name from landing.files where accepted = 1") == [(name,)]


def test_star_in_a_name_matches_only_itself(bad):
    """DuckDB would read `products*.csv` as a glob, and land the other file under this name."""
    bad.map('  products: {files: "products[*].csv", columns: same}')
    bad.write("products*.csv", GOOD)
    bad.write("products-other.csv", GOOD + "3,C,3\n")
    assert bad.land_one().file_name == "products*.csv"
    assert bad.state("product_id") == [("1",), ("2",)]


def test_sql_in_cells_and_headers(bad):
    evil = "'); drop table crm.products; --"
    bad.write(
        "products.csv",
        f'product_id,product_name,"{evil}",list_price\n1,A,x,\n2,B,y,\n3,"{evil}",z,\n'
        f'"{evil}",D,"{evil}",\n5,"E",z,\n5,"{evil}",z,\n',
    )
    file = bad.land_one()
    assert (file.accepted, file.quarantined) == (2 + 2, 2)
    assert (evil, "D") in bad.state("product_id, product_name")
    (record,) = bad.query("select record from landing.quarantine where line = 7")[0]
    assert evil in record


def test_same_file_twice_under_two_names(bad):
    bad.write("products-a.csv", GOOD + "3,C,3\n", NIGHT)
    bad.write("products-b.csv", GOOD + "3,C,3\n", NIGHT)
    first, second = bad.land().files
    assert (first.accepted, second.status, second.unchanged) == (1, "unchanged", 3)
    assert "same content and time as products-a.csv" in second.message


def test_file_that_changes_while_it_is_read(bad, monkeypatch):
    path = bad.write("products.csv", GOOD)
    hashed = archive._hashed

    def written_to_meanwhile(source, target):
        found = hashed(source, target)
        if Path(source.name) == path:
            with path.open("a") as file:
                file.write("3,C,3\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(archive, "_hashed", written_to_meanwhile)
        refused(bad, "products.csv", None, "changed while it was read", "refresh again")
    bad.write("products.csv", GOOD + "3,C,3\n")
    assert [file.status for file in bad.land().files] == ["landed", "unchanged"]


def test_file_without_permission(bad, monkeypatch):
    path = bad.write("products.csv", GOOD)
    original = Path.open

    def opened(self, *args, **kwargs):
        # Changing the mode would not do: root may read every file.
        if self == path:
            raise PermissionError(13, "Permission denied")
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        refused(bad, "products.csv", None, "Permission denied", "check its permissions")


def test_full_extract_that_lacks_most_keys(bad):
    bad.write(
        "products.csv",
        "product_id,product_name,list_price\n" + "".join(f"{i},X,\n" for i in range(40)),
    )
    bad.land()
    before = bad.sizes()
    bad.write(
        "products.csv",
        "product_id,product_name,list_price\n" + "".join(f"{i},Y,\n" for i in range(19)),
    )
    file = bad.land_one()
    assert file.status == "refused"
    assert "lacks 21 of 40 keys" in file.message
    assert "max_deleted" in file.message
    assert bad.sizes() == before
    bad.write(
        "products.csv",
        "product_id,product_name,list_price\n" + "".join(f"{i},Y,\n" for i in range(20)),
    )
    assert bad.land_one().deleted == 20


def test_limit_of_rejected_records_as_a_count(bad):
    bad.map(
        '  products: {files: "products*", columns: same, max_quarantined: 1}\n'
        '  teams: {files: "teams*", columns: same}'
    )
    bad.write("products.csv", GOOD + "3,C,x\n")
    assert bad.land_one().quarantined == 1
    content = GOOD + "3,C,x\n4,D\n"
    refused_message = refused(bad, "products.csv", content, "2 of 4 records", "allows 1 (")
    assert "line 5" in refused_message


@pytest.mark.parametrize(
    "expression",
    [
        "(select content from read_text('/etc/passwd'))",
        "getenv('HOME')",
        "current_setting('memory_limit')",
    ],
)
def test_expression_that_reaches_for_files_or_settings(case, expression):
    """The mapping is refused before any file is read; see the tests of expressions for more."""
    case.map(
        f'  products: {{files: "products*", columns: {{product_id: product_id, '
        f'product_name: {{expression: "{expression}"}}}}}}'
    )
    case.write("products.csv", GOOD)
    with pytest.raises(Exception, match=r"case\.yml:\d+: the expression"):
        case.land()
    assert not case.home.root.exists()


def test_landing_connection_reaches_no_other_file(case, tmp_path):
    """Even an expression that got past the parser could read nothing."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    case.home.create()
    with open_raw_store(case.home, load_contracts(), CompanySettings()) as connection:
        for sql in (
            f"select * from read_csv('{secret}')",
            f"select * from read_text('{case.home.archive}/../../secret.csv')",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            f"attach '{tmp_path}/other.duckdb'",
            "install httpfs",
            "set enable_external_access = true",
            "set memory_limit = '1GB'",
        ):
            with pytest.raises(Exception, match=r"Permission Error|Cannot change|cannot be|locked"):
                connection.execute(sql)


@pytest.mark.parametrize(
    ("text", "formats", "is_hinted"),
    [
        ("1403/07/15", "", True),
        ("1403-02-31", "", True),
        ("۱۴۰۳/۰۲/۳۱", 'date: "%Y/%m/%d"', True),
        ("31/02/1403 10:15", 'date: "%d/%m/%Y"', True),
        ("14030231", 'date: "%Y%m%d"', True),
        ("1403/07/31", "calendar: jalali", False),
        ("2026/02/31", "", False),
        ("14031", "", False),
    ],
)
def test_a_date_of_the_jalali_calendar_is_told_as_one(
    case, text: str, formats: str, is_hinted: bool
) -> None:
    case.map(
        f"  opportunities:\n    files: deals.csv\n    formats: {{{formats}}}\n    columns:\n"
        "      opportunity_id: Id\n      stage_id: {constant: open}\n      created_date: Day\n"
    )
    case.write("deals.csv", f"Id,Day\n1,{text}\n2,\n")
    assert case.land_one().quarantined == 1
    ((reason, message),) = case.query("select reason, message from landing.quarantine")
    assert reason == "cast_failed"
    assert message.endswith("set `calendar: jalali` in the mapping's formats for it") == is_hinted
