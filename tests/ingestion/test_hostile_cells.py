"""Cells and names that would leak, get lost or stop a run; each stays within its own file."""

import errno
import gzip
import json
import os
import re
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.errors import MappingError
from ingestion.landing.staging import Staging

SECRET = "anna@secret.example"
USERS = """\
  users:
    files: "users*"
    columns:
      user_id: {user_id}
      user_name: name
      email: mail
"""


def told(case, file) -> str:
    """All that others than the owner of the home can read of a file."""
    rows = case.query("select * from landing.quarantine")
    return f"{file.message} {rows} {case.query('select message from landing.files')}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("users.csv", f"1,Anna Byron,{SECRET}\n2,Bo,bo@secret.example\n"),
        ("users.csv", f"user_id;user_name;{SECRET}\n1;Anna Byron;x\n"),
        ("users.csv", f"{SECRET},{SECRET},user_id\n1,Anna Byron,x\n"),
        ("users.jsonl", json.dumps({"1": "Anna Byron", SECRET: "x"}) + "\n"),
    ],
)
def test_what_stands_where_a_header_should_be_is_not_shown(case, name, content):
    case.map('  users: {files: "users*", columns: same}')
    case.write(name, content)
    file = case.land_one()
    assert file.status == "refused"
    assert "secret" not in told(case, file)
    assert "Anna" not in told(case, file)
    assert "header" in file.message


def test_names_that_the_contract_knows_are_shown_in_tables_with_personal_data(case):
    case.map('  users: {files: "users*", columns: same}')
    case.write("users.csv", "user_id,role,anna\n1,x,y\n")
    message = case.land_one().message
    assert "lacks the column 'user_name'" in message
    assert "it has user_id, role and 1 columns" in message


@pytest.mark.parametrize(
    "expression",
    [
        "case when mail::int in (1, 2) then 'x' end",
        "case when mail::int in (1, 2, 3, 4, 5, 6, 7, 8) then 'x' end",
        "(mail::int between 1 and 2)::text",
        "case when mail::int > 5 and mail::int < 9 then 'x' end",
    ],
)
def test_expression_that_fails_sets_the_row_aside_and_shows_no_cell(case, expression):
    case.map(USERS.format(user_id="id") + f'      role: {{expression: "{expression}"}}\n')
    case.write("users.csv", f"id,name,mail\n1,Anna,{SECRET}\n2,Bo,7\n")
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.query("select line, column_name, reason from landing.quarantine") == [
        (2, "role", "expression_failed")
    ]
    assert "secret" not in told(case, file)


@pytest.mark.parametrize("user_id", ["mail", '{expression: "lower(mail)"}', "{path: $.doc.a}"])
def test_value_of_a_personal_column_is_masked_wherever_a_mapping_puts_it(case, user_id):
    case.map(
        '  users:\n    files: "users*"\n    columns:\n'
        f'      user_id: {user_id}\n      user_name: name\n      is_active: {{expression: "mail"}}\n'
    )
    document = json.dumps({"a": SECRET}).replace('"', '""')
    case.write("users.csv", f'name,mail,doc\nAnna,{SECRET},"{document}"\n')
    file = case.land_one()
    assert file.quarantined == 1
    assert "secret" not in told(case, file)
    assert "Anna" not in told(case, file)


def test_swapped_headers_show_no_address(case):
    case.map('  users: {files: "users*", columns: same}')
    case.write("users.csv", f"user_id,user_name,email,is_active\n1,Anna,true,{SECRET}\n")
    file = case.land_one()
    assert (file.quarantined, "secret" in told(case, file)) == (1, False)


def test_optional_column_that_held_values_may_not_be_renamed_without_a_word(case):
    case.write("products.csv", "product_id,product_name,list_price\n1,A,10\n")
    case.land()
    case.write("products.csv", "product_id,product_name,price\n1,A,11\n")
    file = case.land_one()
    assert file.status == "refused"
    assert "lacks the column 'list_price', which earlier extracts filled" in file.message
    assert case.state("list_price")[0][0] == 10
    case.map(
        '  products:\n    files: "products*"\n    columns:\n      product_id: product_id\n'
        "      product_name: product_name\n      list_price: {from: list_price, optional: true}\n"
    )
    assert case.land_one().status == "landed"
    assert case.state("list_price") == [(None,)]


def test_long_header_name_is_shortened(case):
    case.write("products.csv", f"product_id,product_name,{'x' * 100_000}\n1,A,B\n")
    file = case.land_one()
    assert file.accepted == 1
    assert len(file.message) < 200


def test_headers_that_differ_by_case_alone_are_not_told_apart(case):
    case.write("products.csv", "product_id,product_name, Product_Name\n1,A,B\n")
    file = case.land_one()
    assert file.status == "refused"
    assert "'product_name' stands 2 times in the header (columns 2, 3)" in file.message


def expression(case, text: str) -> None:
    case.map(
        '  products:\n    files: "products*"\n    columns:\n      product_id: product_id\n'
        f"      product_name:\n        expression: |-\n          {text}\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rpad(product_name, 2000000000, 'x')", "width"),
        ("lpad(product_name, product_id::int, 'x')", "width"),
        ("format('{:>99999999}', product_name)", "template"),
        ("format('{:>{}}', product_name, 9)", "template"),
        ("printf('%*d', 99999999, 1)", "template"),
        ("printf(product_name, 1)", "template"),
        ("regexp_replace(product_name, '(', 'x')", "pattern"),
        ("upper(" * 900 + "product_name" + ")" * 900, "nested too deeply"),
    ],
)
def test_expressions_that_would_fail_or_exhaust_the_machine_at_night(case, text, message):
    expression(case, text)
    case.write("products.csv", "product_id,product_name\n1,A\n")
    with pytest.raises(MappingError, match=r"case\.yml:\d+") as caught:
        case.land()
    assert message in str(caught.value)


def test_padding_and_templates_of_sane_width(case):
    expression(case, "lpad(product_id, 6, '0') || printf('%03d', product_id::int)")
    case.write("products.csv", "product_id,product_name\n7,A\n")
    case.land()
    assert case.state("product_name") == [("000007007",)]


def test_expression_that_makes_a_nul_character_sets_the_row_aside(case):
    expression(case, "product_name || chr(product_id::int - 1)")
    case.write("products.csv", "product_id,product_name\n1,A\n67,A\n")
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.state("product_name") == [("AB",)]


def workbook(tmp_path: Path, rows: list[list], old: str = "", new: str = "") -> bytes:
    """Makes a workbook whose sheet's XML has a piece replaced."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "made.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "made.xlsx") as source,
        zipfile.ZipFile(tmp_path / "edited.xlsx", "w") as target,
    ):
        for name in source.namelist():
            content = source.read(name).decode()
            if name == "xl/worksheets/sheet1.xml" and old:
                assert re.search(old, content)
                content = re.sub(old, new, content)
            target.writestr(name, content)
    return (tmp_path / "edited.xlsx").read_bytes()


HEAD = ["product_id", "product_name", "list_price"]


def test_error_in_a_cell_of_a_workbook_is_no_empty_cell(case, tmp_path):
    content = workbook(tmp_path, [HEAD, ["1", "A", "#N/A"], ["2", "B", 5]])
    case.write("products.xlsx", content)
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.query("select line, column_name, value, reason from landing.quarantine") == [
        (2, "list_price", "#N/A", "error_cell")
    ]


@pytest.mark.parametrize("value", ["", "<v></v>", "<v/>"])
def test_formula_that_nobody_computed_refuses_the_workbook(case, tmp_path, value):
    cell = '<c r="C2"><f>1+1</f>' + value + "</c>"
    content = workbook(tmp_path, [HEAD, ["1", "A", 7]], '<c r="C2".*?</c>', cell)
    case.write("products.xlsx", content)
    file = case.land_one()
    assert file.status == "refused"
    assert "cell C2 holds a formula without a stored value" in file.message


def test_formulas_with_stored_values_land_an_empty_text_too(case, tmp_path):
    cell = '<c r="C2"><f>3+4</f><v>7</v></c><c r="D2" t="str"><f>""</f><v></v></c>'
    content = workbook(tmp_path, [HEAD, ["1", "A", 1]], '<c r="C2".*?</c>', cell)
    case.write("products.xlsx", content)
    assert case.land_one().accepted == 1
    assert case.state("list_price") == [(7,)]


def test_nul_character_in_a_workbook_sets_the_row_aside(case, tmp_path):
    content = workbook(tmp_path, [HEAD, ["1", "A_x0000_B", 1], ["2", "B", 2]])
    case.write("products.xlsx", content)
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.query("select line, reason from landing.quarantine") == [(2, "bad_encoding")]


def test_damaged_xml_in_a_workbook(case, tmp_path):
    content = workbook(tmp_path, [HEAD, ["1", "A", 1]], "</sheetData>", "<sheetData")
    case.write("products.xlsx", content)
    file = case.land_one()
    assert file.status == "refused"
    assert "corrupt" in file.message


@pytest.mark.parametrize(
    "content",
    [
        b'report\r\n1,"A\nx",1\r\n2,B,2\r\n',
        b'report\n1,"A\r\nx",1\n2,B,2\n',
        b'report\r1,"A\nx",1\r2,B,2\r',
    ],
)
def test_line_ends_of_another_kind_in_quotes_of_the_first_record(case, content):
    case.map(
        '  products:\n    files: "products*"\n    csv: {header: false, skip_lines: 1, '
        "columns: [product_id, product_name, list_price]}\n    columns: same"
    )
    case.write("products.csv", content)
    file = case.land_one()
    assert file.accepted == 2
    (first, second) = case.state("product_name")
    assert (first[0].replace("\r", ""), second) == ("A\nx", ("B",))


def test_lines_that_end_with_cr_alone_are_counted_when_they_are_skipped(case):
    case.map(
        '  products:\n    files: "products*"\n    csv: {header: false, skip_lines: 1, '
        "columns: [product_id, product_name]}\n    columns: same"
    )
    case.write("products.csv", b"report\r1,a\r\n2,b\r\n")
    assert case.land_one().accepted == 2


def test_json_key_that_stands_twice_sets_the_line_aside(case):
    case.write(
        "products.jsonl",
        '{"product_id": "1", "product_name": "A", "product_name": "B"}\n'
        '{"product_id": "2", "product_name": "C"}\n',
    )
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.query("select line, reason from landing.quarantine") == [(1, "bad_json")]


def test_json_lines_of_which_none_is_a_record(case):
    case.write("products.jsonl", "product_id,product_name\n1,A\n")
    file = case.land_one()
    assert file.status == "refused"
    assert file.message.startswith("line 1: the line is not JSON")


@pytest.mark.parametrize(
    ("value", "reason"),
    [(3e-21, "would_round"), (-1.5e-07, "would_round"), (2.5e20, "out_of_range")],
)
def test_tiny_and_huge_numbers_of_parquet_keep_their_digits(case, tmp_path, value, reason):
    rows = [{"product_id": "1", "product_name": "A", "list_price": value}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "made.parquet")
    case.write("products.parquet", (tmp_path / "made.parquet").read_bytes())
    assert case.land_one().quarantined == 1
    ((found, shown),) = case.query("select reason, value from landing.quarantine")
    assert found == reason
    assert float(shown) == value
    assert "e" not in shown


def test_file_whose_name_is_not_utf8_lands_beside_the_others(case):
    case.write("products-a.csv", "product_id,product_name\n1,A\n")
    path = case.write("products-b.csv", "product_id,product_name\n1,A\n2,B\n")
    path.rename(Path(os.fsdecode(os.fsencode(path.parent) + b"/products-\xff.csv")))
    files = case.land().files
    assert {file.file_name for file in files} == {"products-a.csv", "products-\\xff.csv"}
    assert [file.status for file in files] == ["landed", "landed"]


def test_file_that_needs_more_memory_than_there_is_refuses_itself_alone(case, monkeypatch):
    case.map(
        '  products: {files: "products*", columns: same}\n  teams: {files: "teams*", columns: same}'
    )
    case.write("products.csv", "product_id,product_name\n1,A\n")
    case.write("teams.csv", "team_id,team_name\nt,T\n")
    find_repeated = Staging.find_repeated

    def fails(self, *rules):
        if self.table.name == "products":
            raise duckdb.OutOfMemoryException("Out of Memory Error: 'anna' does not fit")
        find_repeated(self, *rules)

    monkeypatch.setattr(Staging, "find_repeated", fails)
    products, teams = sorted(case.land().files, key=lambda file: file.table_name)
    assert (products.status, teams.status) == ("refused", "landed")
    assert "SALESOPS_MEMORY_LIMIT" in products.message
    assert "anna" not in products.message


def test_wide_file_with_a_bad_row_is_landed(case):
    width = 3_000
    names = ",".join(f"extra_{i}" for i in range(width))
    case.write(
        "products.csv",
        f"product_id,product_name,list_price,{names}\n1,A,1{',x' * width}\n2,B,bad{',x' * width}\n",
    )
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EROFS, "Read-only file system"),
        PermissionError(errno.EACCES, "Permission denied", "/srv/home/archive/x"),
    ],
    ids=lambda fault: fault.strerror,
)
def test_no_file_is_refused_for_a_fault_of_the_homes_disk(case, monkeypatch, fault):
    def fails(*_):
        raise fault

    case.write("products.csv", "product_id,product_name\n1,A\n")
    monkeypatch.setattr("ingestion.landing.archive._hashed", fails)
    with pytest.raises(OSError, match=fault.strerror):
        case.land()


@pytest.mark.parametrize("words", ["No space left on device", "Read-only file system"])
def test_no_file_is_refused_because_staged_rows_find_no_room(case, monkeypatch, words):
    def fails(*_):
        raise duckdb.IOException(f'IO Error: Could not write file "/h/tmp/spill": {words}')

    case.write("products.csv", "product_id,product_name\n1,A\n")
    monkeypatch.setattr(Staging, "_insert", fails)
    with pytest.raises(duckdb.IOException, match=words):
        case.land()


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: path.symlink_to("nowhere"), "a link to a file that is not there"),
        (os.mkfifo, "no file, such as a pipe"),
        (Path.mkdir, "a folder"),
    ],
)
def test_what_is_no_file_but_has_the_name_of_one_is_told(case, make, what):
    case.write("products-a.csv", "product_id,product_name\n1,A\n")
    make(case.folder / "products-b.csv")
    landed, refused = sorted(case.land().files, key=lambda file: file.file_name)
    assert (landed.status, refused.status) == ("landed", "refused")
    assert what in refused.message


def test_gzip_with_something_behind_its_end(case):
    packed = gzip.compress(b"product_id,product_name\n1,A\n")
    case.write("products.csv.gz", packed + b"and more")
    assert "gzip" in case.land_one().message
