"""Columns that become records: one for each cell, told by line and column, none lost."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.contract_files import load_contracts
from ingestion.errors import MappingError

FEED = """  opportunity_line_items:
    files: 'plan*'
    unpivot: {unpivot}
{options}    columns:
      line_item_id: {{key_of: [Deal, name]}}
      opportunity_id: Deal
      product_id: {product}
      line_amount: value
"""
MONTHS = "{columns: [Jan, Feb, Mar]}"
PLAN = "Deal,Jan,Feb,Mar\nA,1.50,,3\nB,,-,\nC,7,8,9\n"
ROWS = [("A", "Jan", "1.50"), ("A", "Mar", "3.00")] + [
    ("C", month, amount) for month, amount in (("Feb", "8.00"), ("Jan", "7.00"), ("Mar", "9.00"))
]


@pytest.fixture
def landed(case):
    """Lands one file of a plan and gives what is counted of it."""

    def land(
        name: str,
        content: str | bytes,
        unpivot: str = MONTHS,
        options: str = "",
        product: str = "name",
        top: str = "formats: {null: ['-']}",
    ) -> tuple:
        lines = "".join(f"    {line}\n" for line in options.split("\n") if line)
        case.map(FEED.format(unpivot=unpivot, options=lines, product=product), top)
        case.write(name, content)
        file = case.land_one()
        return file, (file.records, file.accepted, file.quarantined, file.passed_over)

    return land


def rows(case) -> list[tuple]:
    return case.query(
        "select opportunity_id, product_id, line_amount::varchar "
        "from crm.opportunity_line_items order by all"
    )


def workbook(path: Path) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.append(["Deal", "Jan", "Feb", "Mar"])
    for row in (["A", 1.5, None, 3], ["B", None, "-", None], ["C", 7, "8", 9]):
        sheet.append(row)
    book.save(path)
    return path.read_bytes()


class TestColumns:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("plan.csv", PLAN),
            ("plan.csv", PLAN.replace("Jan,Feb", '"JAN "," feb"')),
            (
                "plan.json",
                json.dumps(
                    [
                        {"Deal": "A", "Jan": "1.50", "Mar": 3},
                        {"Deal": "B", "Feb": "-"},
                        {"Deal": "C", "Jan": 7, "Feb": 8, "Mar": 9},
                    ]
                ),
            ),
        ],
    )
    def test_each_filled_cell_is_a_record(self, landed, case, name, content) -> None:
        file, counts = landed(name, content)
        assert counts == (9, 5, 0, 4), file.message
        assert rows(case) == ROWS

    def test_cells_of_a_sheet_have_their_values_whatever_the_formats(
        self, landed, case, tmp_path
    ) -> None:
        top = "formats: {decimal_point: ',', thousands: '.', null: ['-']}"
        _, counts = landed("plan.xlsx", workbook(tmp_path / "p.xlsx"), top=top)
        assert counts == (9, 5, 0, 4)
        assert rows(case) == ROWS

    def test_a_later_file_changes_and_deletes_single_cells(self, landed, case) -> None:
        landed("plan.csv", PLAN)
        file, counts = landed("plan.csv", PLAN.replace("C,7,8,9", "C,7,,10"))
        assert counts == (9, 1, 0, 5)
        assert (file.unchanged, file.deleted) == (3, 1)

    @pytest.mark.parametrize("end", ["Total,8,8,12\n", "Total,,,12\nPage 1,,,\n", "Total\n"])
    def test_a_footer_ends_rows_and_not_cells(self, landed, case, end) -> None:
        file, counts = landed("plan.csv", PLAN + end, options="footer: ^Total")
        assert (counts[1], counts[2]) == (5, 0), file.message
        assert rows(case) == ROWS

    @pytest.mark.parametrize(
        ("condition", "accepted"),
        [
            ("name <> 'Mar'", 3),
            ("cast(value as double) > 2", 4),
            ("Deal = 'C' and name = 'Feb'", 1),
        ],
    )
    def test_where_is_asked_of_filled_cells(self, landed, condition, accepted) -> None:
        file, counts = landed("plan.csv", PLAN, options=f'where: "{condition}"')
        assert counts == (9, accepted, 0, 9 - accepted), file.message

    def test_the_names_can_be_recoded_and_computed_with(self, landed, case) -> None:
        landed("plan.csv", PLAN, product="{expression: \"lower(name) || '-26'\"}")
        assert [row[1] for row in rows(case)] == ["jan-26", "mar-26", "feb-26", "jan-26", "mar-26"]


class TestPattern:
    WIDE = "Deal,Note,fix_Jan,var_Jan,fix_Feb\nA,x,1,2,3\n\nB,y,,5,\n"
    UNPIVOT = "{pattern: '(?P<kind>fix|var)_(?P<month>...)', name: cell, value: paid}"

    @pytest.fixture
    def made(self, case):
        def make(content: str, unpivot: str = self.UNPIVOT) -> tuple:
            case.map(
                "  opportunity_line_items:\n    files: 'plan*'\n    unmapped: ignore\n"
                f"    unpivot: {unpivot}\n    columns:\n"
                "      line_item_id: {key_of: [Deal, cell]}\n      opportunity_id: month\n"
                "      product_id: kind\n      line_amount: paid\n"
            )
            case.write("plan.csv", content)
            return case.land_one(), case

        return make

    def test_gives_what_its_groups_find(self, made) -> None:
        file, case = made(self.WIDE)
        assert (file.records, file.accepted, file.passed_over) == (6, 4, 2)
        assert rows(case) == [
            ("Feb", "fix", "3.00"), ("Jan", "fix", "1.00"), ("Jan", "var", "2.00"),
            ("Jan", "var", "5.00"),
        ]  # fmt: skip

    def test_takes_the_columns_that_a_file_has(self, made) -> None:
        made(self.WIDE)
        file, _ = made("Deal,fix_Jan,var_Mar,fixed_Jan\nA,1,9,9\n")
        assert (file.records, file.accepted, file.deleted) == (2, 1, 3)

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("Deal,fix_Jan,fix_Jan", "stands 2 times in the header"),
            ("Deal,Jan,Feb", "no column of the extract has a name like"),
            ("Deal,fix_Jan,Cell", "'cell' of its own"),
        ],
    )
    def test_what_is_not_certain_is_refused(self, made, header, message) -> None:
        file, _ = made(f"{header}\nA,1,2\n")
        assert file.status == "refused"
        assert message in (file.message or "")


class TestWrongCells:
    @pytest.mark.parametrize(
        ("rows_", "line", "column", "value"),
        [
            ("A,1,x2,3\nB,1,2,3\n", 2, "Feb", "x2"),
            ('A,1,2,3\n\n"B\nB",1,2,3.001\n', 4, "Mar", "3.001"),
            ("A,1,2,3\nshort\nB,#N/A,2,3\n", 4, "Jan", "#N/A"),
        ],
    )
    def test_are_told_by_file_line_and_column(
        self, landed, case, rows_, line, column, value
    ) -> None:
        file, counts = landed("plan.csv", "Deal,Jan,Feb,Mar\n" + rows_)
        assert counts[1] == 5, file.message
        told = case.query(
            "select file_name, line, value, message from landing.quarantine "
            "where reason <> 'ragged_row'"
        )
        assert [row[:3] for row in told] == [("plan.csv", line, value)]
        assert told[0][3].endswith(f"(the cell of the column '{column}')")

    def test_a_row_that_cannot_be_split_counts_once(self, landed) -> None:
        _, counts = landed("plan.csv", PLAN + "short,row\n")
        assert counts == (10, 5, 1, 4)

    @pytest.mark.parametrize("header", ["Deal,Jan,Feb", "Deal,Jan,Feb,Mrz", "Deal,Jan,Feb,Mar,Feb"])
    def test_a_header_without_one_of_the_columns_is_refused(self, landed, header) -> None:
        file, _ = landed(
            "plan.csv", header + "\n" + ",".join("A" for _ in header.split(",")) + "\n"
        )
        assert file.status == "refused"
        assert "`unpivot`" in (file.message or "")

    def test_names_that_may_be_personal_are_not_shown(self, case) -> None:
        case.map(
            "  pay_lines:\n    source: payroll\n    files: 'pay*'\n    unpivot: {pattern: 'x.*'}\n"
            "    columns:\n      pay_line_id: {key_of: [Id, name]}\n      pay_run_id: {constant: r}\n"
            "      employee_id: Id\n      earning_code: name\n      pay_amount: value\n"
        )
        case.write("pay.csv", "Id,xNobody Knows\n1,abc\n2,5\n")
        case.land()
        (told,) = case.query("select message, value, record from landing.quarantine")
        assert "number 2" in told[0]
        assert "Knows" not in str(told)


@pytest.mark.parametrize(
    ("unpivot", "message"),
    [
        ("{columns: [Jan], pattern: x}", "exactly one of columns and pattern"),
        ("{pattern: '('}", "no regular expression"),
        ("{pattern: '(?<=a)b'}", "cannot be searched for"),
        ("{columns: [Jan, Jan]}", "names a column twice"),
        ("{columns: [Deal, Jan]}", "'Deal' becomes records"),
        ("{columns: [Jan], value: amount}", "nothing reads 'amount'"),
        ("{pattern: '(?P<value>..)'}", "has the name of the column's name or value"),
        ("{columns: [Jan], name: value}", "need different names"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_told_with_its_line(case, unpivot, message) -> None:
    case.map(FEED.format(unpivot=unpivot, options="", product="name"))
    with pytest.raises(MappingError, match=r"case.yml:\d+: ") as caught:
        load_mapping(str(case.mapping_file))
    assert message in str(caught.value)


def test_the_check_of_a_mapping_counts_as_landing_does(landed, case) -> None:
    landed("plan.csv", PLAN + "D,oops,1,\nTotal,1,1,1\n", options="footer: ^Total")
    report = check_mapping(load_mapping(str(case.mapping_file)), case.folder, load_contracts())
    (file,) = report.files
    assert (file.rows, file.good_rows, file.passed_over) == (15, 6, 8)
    assert file.is_whole


class TestColumnsThatAnotherFeedMakesRecordsOf:
    """They are used, whether they are listed or found by a pattern."""

    FEEDS = """\
  products:
    files: wide.csv
    unmapped: {unmapped}
    columns: {{product_id: Id, product_name: Title}}
  teams:
    files: wide.csv
    unpivot: {unpivot}
    unmapped: {unmapped}
    columns: {{team_id: {{key_of: [Id, name]}}, team_name: value}}"""
    WIDE = "Id,Title,2026-01,2026-02,Total\n1,A,10,20,30\n"

    @pytest.mark.parametrize(
        "unpivot",
        [
            "{columns: ['2026-01', '2026-02']}",
            r'{pattern: "\\d{4}-\\d\\d"}',
            r'{pattern: "(?P<Year>\\d{4})-(?P<Month>0[12])"}',
            r'{pattern: "20.*"}',
        ],
    )
    def test_are_not_told_to_be_unused(self, case, unpivot: str) -> None:
        case.write("wide.csv", self.WIDE)
        case.map(self.FEEDS.format(unpivot=unpivot, unmapped="report"))
        products, teams = case.land().files
        assert products.message == "columns that the mapping does not use: Total"
        assert (teams.message or "").endswith("columns that the mapping does not use: Total")
        assert (products.accepted, teams.accepted) == (1, 2)

    @pytest.mark.parametrize(
        ("pattern", "is_landed"), [(r"\\d{4}-\\d\\d|Total", True), (r"\\d{4}-01|Total", False)]
    )
    def test_do_not_refuse_the_file(self, case, pattern: str, is_landed: bool) -> None:
        case.write("wide.csv", self.WIDE)
        case.map(self.FEEDS.format(unpivot=f'{{pattern: "{pattern}"}}', unmapped="refuse"))
        products, teams = case.land().files
        expected = "landed" if is_landed else "refused"
        assert (products.status, teams.status) == (expected, expected), products.message
        assert is_landed or "2026-02" in (products.message or "")

    def test_neither_does_the_check_tell_them(self, case) -> None:
        case.write("wide.csv", self.WIDE)
        case.map(self.FEEDS.format(unpivot=r'{pattern: "\\d{4}-\\d\\d"}', unmapped="report"))
        report = check_mapping(load_mapping(str(case.mapping_file)), case.folder, load_contracts())
        assert [file.unmapped for file in report.files] == [("Total",), ("Total",)]
