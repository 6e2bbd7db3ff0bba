"""Workbooks as offices keep them: several sheets, merged cells, and cells far from the table."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.styles import PatternFill

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.errors import ExtractError, MappingError

Rows = list[list[Any]]
HEADER = ["id", "owner", "amount"]
DEALS = (
    "  opportunities:\n    files: 'deals*'\n    {options}\n    columns:\n"
    "      opportunity_id: id\n      stage_id: {{constant: open}}\n"
    "      owner_id: owner\n      amount: amount\n"
)


def book_of(path: Path, sheets: dict[str, Rows], *merged: str) -> Path:
    """Writes a workbook; ranges are merged on its first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    book.save(path)
    return path


@pytest.fixture
def read_book(read, tmp_path):
    def reading(sheets: dict[str, Rows], *merged: str, **options):
        path = book_of(tmp_path / "made.xlsx", sheets, *merged)
        return read(path.read_bytes(), "file.xlsx", **options)

    return reading


TABLE: Rows = [HEADER, ["1", "ann", 10], ["2", None, 20], ["3", "bob", 30], ["4", None, 40]]


class TestFarCells:
    @pytest.mark.parametrize(
        ("cell", "area"),
        [
            ("XFD1048576", "17,179,869,184"),
            ("A1048576", None),
            ("E1048576", "5,242,880"),
            ("XFD400", "6,553,600"),
        ],
    )
    def test_a_cell_far_from_the_table_is_refused_before_there_is_room_made_for_it(
        self, read, tmp_path, cell, area
    ):
        path = book_of(tmp_path / "made.xlsx", {"Deals": TABLE})
        book = openpyxl.load_workbook(path)
        book["Deals"][cell] = "x"
        book.save(path)
        if area is None:
            # A million rows of three columns are no burden, and the last one is a record.
            assert read(path.read_bytes(), "file.xlsx").lines == [2, 3, 4, 5, 1_048_576]
            return
        with pytest.raises(
            ExtractError, match=rf"'Deals' is used as far as {cell}, .*{area} cells"
        ):
            read(path.read_bytes(), "file.xlsx")

    def test_blank_cells_that_only_have_a_colour_do_not_count(self, read, tmp_path):
        path = book_of(tmp_path / "made.xlsx", {"Deals": TABLE})
        book = openpyxl.load_workbook(path)
        book["Deals"]["XFD1048576"].fill = PatternFill("solid", start_color="FFFF00")
        book.save(path)
        assert read(path.read_bytes(), "file.xlsx").lines == [2, 3, 4, 5]

    def test_so_it_is_in_old_workbooks_whatever_the_sheet(self, read, tmp_path):
        book = xlwt.Workbook()
        book.add_sheet("Deals").write(0, 0, "id")
        book.add_sheet("Notes").write(65_535, 255, "x")
        book.save(str(tmp_path / "made.xls"))
        with pytest.raises(ExtractError, match="'Notes' is used as far as IV65536"):
            read((tmp_path / "made.xls").read_bytes(), "file.xls")

    def test_a_night_goes_on(self, case, tmp_path):
        case.map(DEALS.format(options=""))
        path = book_of(case.folder / "deals.xlsx", {"Deals": TABLE})
        book = openpyxl.load_workbook(path)
        book["Deals"]["XFD1048576"] = "x"
        book.save(path)
        case.write("deals.csv", "id,owner,amount\n9,ann,1\n")
        statuses = {file.file_name: file.status for file in case.land().files}
        assert statuses == {"deals.xlsx": "refused", "deals.csv": "landed"}


class TestMergedCells:
    @pytest.mark.parametrize(
        ("cells", "told"),
        [
            (["B2:B3"], "B2:B3"),
            (["B2:B3", "B4:B5"], "B2:B3, B4:B5"),
            (["A2:C3"], "A2:C3"),
            (["B1:B2"], "B1:B2"),
        ],
        ids=["column", "two", "block", "header"],
    )
    def test_records_that_share_a_cell_are_refused(self, read_book, cells, told):
        rows: Rows = [*TABLE[:2], ["2", None, 20, "note"], *TABLE[3:]]
        rows[0] = [*HEADER, "notes"]
        with pytest.raises(
            ExtractError, match=rf"'Deals' are merged .*\({told}\).*merged_cells: fill.*m\.yml:1"
        ):
            read_book({"Deals": rows}, *cells)

    def test_filled_by_declaration(self, read_book):
        reading = read_book({"Deals": TABLE}, "B2:B3", "B4:B5", merged_cells="fill")
        assert [row[:3] for row in reading.rows] == [
            ("1", "ann", "10"),
            ("2", "ann", "20"),
            ("3", "bob", "30"),
            ("4", "bob", "40"),
        ]

    def test_numbers_and_blocks_are_filled_too_and_blank_rows_stay_blank(self, read_book):
        rows: Rows = [HEADER, ["1", 7, None], ["2", None, None], [None, None, None]]
        reading = read_book({"Deals": rows}, "B2:C4", merged_cells="fill")
        assert [row[:3] for row in reading.rows] == [("1", "7", "7"), ("2", "7", "7")]
        assert reading.lines == [2, 3]

    def test_titles_above_the_header_and_blank_ranges_do_not_matter(self, read_book):
        rows: Rows = [["Report", None, None], [None, None, None], *TABLE]
        reading = read_book({"Deals": rows}, "A1:C2", "B8:B12", csv=skipping(2))
        assert len(reading.rows) == 4
        assert reading.records.notes == ()

    def test_ranges_within_one_record_are_told(self, read_book):
        rows: Rows = [*TABLE, ["Total", None, 100]]
        reading = read_book({"Deals": rows}, "A6:B6")
        assert reading.records.notes == (
            "merged cells are read as their first one: A6:B6 of sheet 'Deals'",
        )

    @pytest.mark.parametrize("is_filled", [False, True])
    def test_in_old_workbooks(self, read, tmp_path, is_filled):
        book = xlwt.Workbook()
        sheet = book.add_sheet("Deals")
        for row, (number, owner, amount) in enumerate(TABLE):
            sheet.write(row, 0, number)
            sheet.write(row, 2, amount)
            if row == 0:
                sheet.write(row, 1, owner)
        sheet.write_merge(1, 4, 1, 1, "ann")
        book.save(str(tmp_path / "made.xls"))
        content = (tmp_path / "made.xls").read_bytes()
        if is_filled:
            rows = read(content, "file.xls", merged_cells="fill").rows
            assert [row[1] for row in rows] == ["ann"] * 4
        else:
            with pytest.raises(ExtractError, match="B2:B5"):
                read(content, "file.xls")

    def test_the_mapping_says_so(self, case):
        book_of(case.folder / "deals.xlsx", {"Deals": TABLE}, "B2:B3", "B4:B5")
        case.map(DEALS.format(options=""))
        assert "merged_cells: fill" in (case.land_one().message or "")
        case.map(DEALS.format(options="merged_cells: fill"))
        assert case.land_one().status == "landed"
        assert case.query(
            "select opportunity_id, owner_id from crm.opportunities order by all"
        ) == [("1", "ann"), ("2", "ann"), ("3", "bob"), ("4", "bob")]


def skipping(lines: int):
    from ingestion.mapping.feeds import CsvOptions

    return CsvOptions(skip_lines=lines)


MONTHS: dict[str, Rows] = {
    "2026 01": [HEADER, ["1", "ann", 10], ["2", "ann", "many"]],
    "2026 02": [["owner", "amount", "id"], [], ["bob", 30, "3"], ["bob", "few", "4"]],
    "Notes": [["written by hand"]],
    "Blank": [],
}


class TestManySheets:
    def test_all_that_fit_are_read_whatever_the_order_of_columns(self, read_book):
        reading = read_book(MONTHS, sheet="2026 *")
        assert reading.header == tuple(HEADER)
        assert [row[:3] for row in reading.rows] == [
            ("1", "ann", "10"),
            ("2", "ann", "many"),
            ("3", "bob", "30"),
            ("4", "bob", "few"),
        ]
        assert reading.lines == [2, 3, 3, 4]
        assert reading.records.sheets([1, 3]) == ["2026 01", "2026 02"]

    def test_another_header_among_them_is_refused(self, read_book):
        with pytest.raises(ExtractError, match="'Notes' has other columns than sheet '2026 01'"):
            read_book(MONTHS, sheet="*")
        fewer = {"A": [HEADER, ["1", "a", 1]], "B": [HEADER[:2], ["2", "b"]]}
        with pytest.raises(ExtractError, match=r"'B' has other columns .*it has fewer"):
            read_book(fewer, sheet="?")

    def test_blank_and_hidden_sheets_are_none(self, read, tmp_path):
        path = book_of(tmp_path / "made.xlsx", {"A": TABLE, "B": [], "Lists": [["x"]]})
        book = openpyxl.load_workbook(path)
        book["Lists"].sheet_state = "hidden"
        book.save(path)
        assert len(read(path.read_bytes(), "file.xlsx", sheet="*").rows) == 4

    def test_no_sheet_fits(self, read_book):
        with pytest.raises(ExtractError, match=r"no sheet '2027 \*'.*it has 2026 01, 2026 02"):
            read_book(MONTHS, sheet="2027 *")

    def test_ragged_rows_name_their_sheet(self, read_book):
        sheets = {"A": TABLE, "B": [HEADER, ["5", "ann", 1, "surplus"]]}
        (reject,) = read_book(sheets, sheet="*").rejects
        assert (reject.line, reject.message[:10]) == (2, "sheet 'B':")

    def test_rows_carry_their_sheet_and_messages_name_it(self, case):
        book_of(case.folder / "deals.xlsx", MONTHS)
        case.map(
            DEALS.format(options='sheet: "2026 *"') + "      opportunity_name: {from: sheet}\n"
        )
        assert case.land_one().accepted == 2
        assert case.query(
            "select opportunity_id, opportunity_name from crm.opportunities order by all"
        ) == [("1", "2026 01"), ("3", "2026 02")]
        told = case.query("select line, message from landing.quarantine order by line")
        assert [(line, text.partition(":")[0]) for line, text in told] == [
            (3, "sheet 2026 01"),
            (4, "sheet 2026 02"),
        ]

    def test_old_workbooks(self, read, tmp_path):
        book = xlwt.Workbook()
        for name in ("A", "B"):
            sheet = book.add_sheet(name)
            sheet.write(0, 0, "id")
            sheet.write(1, 0, f"deal of {name}")
        book.save(str(tmp_path / "made.xls"))
        reading = read((tmp_path / "made.xls").read_bytes(), "file.xls", sheet="*")
        assert [row[0] for row in reading.rows] == ["deal of A", "deal of B"]

    def test_a_footer_is_for_one_sheet(self, case):
        case.map(DEALS.format(options='sheet: "*"\n    footer: ^Total'))
        with pytest.raises(MappingError, match="footer is for one sheet"):
            load_mapping(str(case.mapping_file))


class TestUnreadSheets:
    def test_they_are_named_once_unless_blank_hidden_or_read_by_another_feed(self, case):
        sheets = {"Deals": TABLE, "Old": TABLE, "Stages": [["id"]], "Blank": [], "Hidden": TABLE}
        path = book_of(case.folder / "deals.xlsx", sheets)
        book = openpyxl.load_workbook(path)
        book["Hidden"].sheet_state = "hidden"
        book.save(path)
        case.map(
            DEALS.format(options="")
            + "  stages:\n    files: 'deals*'\n    sheet: Stages\n    allow_empty: true\n"
            + "    columns: {stage_id: id, stage_name: id, stage_order: id, is_closed: id, is_won: id}\n"
        )
        notes = [file.message for file in case.land().files]
        assert notes == ["sheets that nothing reads: Old", None]
        report = check_mapping(load_mapping(str(case.mapping_file)), case.folder)
        assert [file.notes for file in report.files] == [("sheets that nothing reads: Old",), ()]

    def test_in_old_workbooks(self, read, tmp_path):
        book = xlwt.Workbook()
        for name in ("Deals", "Old", "Blank"):
            sheet = book.add_sheet(name)
            if name != "Blank":
                sheet.write(0, 0, "id")
                sheet.write(1, 0, "1")
        book.save(str(tmp_path / "made.xls"))
        reading = read((tmp_path / "made.xls").read_bytes(), "file.xls")
        assert reading.records.notes == ("sheets that nothing reads: Old",)


PAY = [["id", "paid"], ["1", 10], ["2", 20]]
# One sheet a person, as small payrolls are kept; (options, sheets, merged cells, what is told).
NAMED_BY_PEOPLE: dict[str, tuple[str, dict[str, Rows], tuple[str, ...], str]] = {
    "nobody reads it": ("", {"May": PAY, "Ada B": PAY}, (), "nothing reads: number 2"),
    "another header": ('sheet: "*"', {"May": PAY, "Ada B": [["x", "id"]]}, (), "sheet number 2 has"),
    "a cell that is wrong": (
        'sheet: "*"', {"May": PAY, "Ada B": [PAY[0], ["3", "much"]]}, (), "sheet number 2: "
    ),
    "a row too wide": (
        'sheet: "*"', {"May": PAY, "Ada B": [PAY[0], ["3", 1, 2]]}, (), "sheet number 2: the row"
    ),
    "merged": ("", {"Ada B": PAY}, ("B2:B3",), "cells of sheet number 1 are merged"),
    "not there": ("sheet: Ada", {"Ada B": PAY}, (), "no sheet 'Ada'; it has number 1"),
    "a cell far away": ("", {"Ada B": PAY, "Bob C": PAY}, ("far",), "sheet number 1 is used as far"),
    "in the mapping": ("sheet: Ada B", {"Ada B": PAY}, ("B2:B3",), "cells of sheet 'Ada B' are"),
}  # fmt: skip
PAY_LINES = """\
  pay_lines:
    source: payroll
    files: 'pay*'
    max_quarantined: 0.9
    {options}
    columns:
      pay_line_id: id
      pay_run_id: {{constant: r}}
      employee_id: id
      earning_code: {{constant: c}}
      pay_amount: paid
"""


class TestSheetsNamedByPeople:
    """Of tables with pay or personal data sheets are told by their position."""

    @pytest.mark.parametrize("case_name", NAMED_BY_PEOPLE)
    @pytest.mark.parametrize("beside", ["", "users"])
    def test_no_message_names_them(self, case, case_name: str, beside: str) -> None:
        options, sheets, merged, told = NAMED_BY_PEOPLE[case_name]
        is_far = merged == ("far",)
        path = book_of(case.folder / "pay.xlsx", sheets, *(() if is_far else merged))
        if is_far:
            book = openpyxl.load_workbook(path)
            book.worksheets[0]["XFD1048576"] = "x"
            book.save(path)
        more = ""
        if beside:
            # A table that is open is not told more of a file that also feeds pay.
            more = f"  products:\n    files: 'pay*'\n    {options}\n"
            more += "    columns: {product_id: id, product_name: id}\n"
        case.map(more + PAY_LINES.format(options=options))
        files = case.land().files
        messages = [file.message or "" for file in files]
        messages += [text for (text,) in case.query("select message from landing.quarantine")]
        report = check_mapping(load_mapping(str(case.mapping_file)), case.folder)
        messages += [str(report)]
        assert any(told in message for message in messages), messages
        if "Ada B" not in options:
            assert not [message for message in messages if "Ada B" in message]

    def test_open_tables_name_them(self, case) -> None:
        book_of(case.folder / "deals.xlsx", {"Deals": TABLE, "Ada B": TABLE})
        case.map(DEALS.format(options=""))
        assert case.land_one().message == "sheets that nothing reads: Ada B"


@pytest.mark.parametrize("name", ["Deal\nOwner", " deal   owner ", "DEAL\r\nOWNER"])
def test_a_header_that_was_broken_into_lines_is_found_by_its_name(case, name):
    book_of(case.folder / "deals.xlsx", {"Deals": [["id", name], ["1", "ann"]]})
    case.map(
        "  opportunities:\n    files: 'deals*'\n    columns:\n      opportunity_id: id\n"
        "      stage_id: {constant: open}\n      owner_id: Deal Owner\n"
    )
    case.land_one()
    assert case.query("select owner_id from crm.opportunities") == [("ann",)]


def test_a_workbook_of_damaged_xml_is_refused(read, tmp_path):
    path = book_of(tmp_path / "made.xlsx", {"Deals": TABLE})
    damaged = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(damaged, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename.endswith("sheet1.xml"):
                content = content[: len(content) // 2]
            target.writestr(item, content)
    with pytest.raises(ExtractError, match="corrupt"):
        read(damaged.read_bytes(), "file.xlsx")


class TestErrorCells:
    """An error cell is told as it stands in its sheet."""

    def told(self, case, options: str = "", top: str = "id_prefix: 'h18:'") -> list[tuple]:
        case.map(DEALS.format(options=options), top)
        case.land()
        return case.query(
            "select line, column_name, value, message from landing.quarantine order by all"
        )

    def test_of_the_first_sheet(self, case) -> None:
        rows: Rows = [HEADER, ["#REF!", "ann", 1], ["2", "#N/A", "#DIV/0!"], ["3", "bob", 1]]
        book_of(case.folder / "deals.xlsx", {"May": rows})
        told = self.told(case)
        assert [row[:3] for row in told] == [
            (2, "opportunity_id", "#REF!"),
            (3, "amount", "#DIV/0!"),
            (3, "owner_id", "#N/A"),
        ]
        cells = [message.rpartition(" (")[2] for *_, message in told]
        assert cells == [f"cell {name} of sheet 'May')" for name in ("A2", "C3", "B3")]

    def test_below_a_title_and_right_of_empty_columns(self, case) -> None:
        rows: Rows = [["Report"], [], [None, "id", "owner", None, "amount"]]
        rows += [[None, "1", "ann", None, "#N/A"], [None, "2", "ann", None, 1]]
        book_of(case.folder / "deals.xlsx", {"May": rows})
        ((line, _, value, message),) = self.told(case, "csv: {skip_lines: 2}")
        assert (line, value) == (4, "#N/A")
        assert message.endswith(" (cell E4 of sheet 'May')")

    def test_of_several_sheets_with_columns_in_any_order(self, case) -> None:
        first: Rows = [HEADER, ["1", "ann", "#N/A"]]
        second: Rows = [["amount", "id", "owner"], ["#N/A", "2", "ann"], [1, "3", "bob"]]
        book_of(case.folder / "deals.xlsx", {"May": first, "June": second})
        messages = [row[3] for row in self.told(case, "sheet: '*'")]
        assert [(m.partition(":")[0], m[-9:]) for m in messages] == [
            ("sheet June", "(cell A2)"),
            ("sheet May", "(cell C2)"),
        ]

    @pytest.mark.parametrize(
        ("made", "reason", "value"),
        [
            ("amount: {{expression: amount}}", "error_cell", "amount: #N/A"),
            ("amount: {{expression: amount::int * 2}}", "expression_failed", "amount: #N/A"),
            ("account_id: {{key_of: [owner, amount]}}", "error_cell", "owner: ann, amount: #N/A"),
            ("account_id: {{key_of: [amount]}}", "error_cell", "amount: #N/A"),
        ],
    )
    def test_of_what_is_made_of_columns(self, case, made: str, reason: str, value: str) -> None:
        book_of(case.folder / "deals.xlsx", {"May": [HEADER, ["1", "ann", "#N/A"], ["2", "b", 1]]})
        case.map(DEALS.replace("amount: amount", made).format(options=""))
        case.land()
        ((*told, message),) = case.query("select reason, value, message from landing.quarantine")
        assert told == [reason, value]
        assert message.endswith(" (cell C2 of sheet 'May')")
        assert case.query("select opportunity_id from crm.opportunities") == [("2",)]

    def test_of_a_key_of_names_is_none_where_it_means_nothing(self, case) -> None:
        book_of(case.folder / "deals.xlsx", {"May": [HEADER, ["1", "Ann", "#N/A"]]})
        made = DEALS.replace("amount: amount", "account_id: {{key_of: [owner, amount]}}")
        case.map(made.format(options="formats: {null: ['#N/A']}"))
        case.land()
        assert case.query("select account_id from crm.opportunities") == [("ann|",)]

    def test_of_columns_that_become_records(self, case) -> None:
        first: Rows = [["rep", "q1", "q2"], ["ann", 1, "#N/A"]]
        second: Rows = [["q2", "rep", "q1"], [1, "bob", "#REF!"], [1, "#NAME?", 2]]
        book_of(case.folder / "quotas.xlsx", {"May": first, "June": second})
        case.map(
            "  quotas:\n    files: quotas.xlsx\n    sheet: '*'\n"
            "    unpivot: {columns: [q1, q2], name: quarter, value: quota}\n    columns:\n"
            "      quota_id: {key_of: [rep, quarter]}\n      user_id: rep\n"
            "      period_grain: {constant: quarter}\n      period_start: {constant: 2026-01-01}\n"
            "      amount: {expression: 'quota::int'}\n"
        )
        case.land()
        told = case.query(
            "select column_name, value, regexp_extract(message, '.cell [A-Z]+\\d+.') as cell "
            "from landing.quarantine order by all"
        )
        assert told == [
            ("amount", "quota: #N/A", "(cell C2)"),
            ("amount", "quota: #REF!", "(cell C2)"),
            *[("quota_id", f"rep: #NAME?, quarter: q{n}", "(cell B3)") for n in (1, 2)],
            *[("user_id", "#NAME?", "(cell B3)")] * 2,
        ]

    def test_sheets_of_personal_data_are_told_by_their_position(self, case) -> None:
        book_of(case.folder / "w.xlsx", {"Jane Roe": [["id", "name"], ["1", "#N/A"], ["2", "b"]]})
        case.map(
            "  workers: {source: hr, files: w.xlsx, columns: {worker_id: id, worker_name: name}}"
        )
        case.land()
        ((value, message),) = case.query("select value, message from landing.quarantine")
        assert value == "***"
        assert message.endswith(" (cell B2 of sheet number 1)")
