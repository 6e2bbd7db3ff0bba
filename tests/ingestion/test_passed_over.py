"""Rows that are no records: blank ones, footers, and those of another kind; counted, never warned of."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.checking.mappings import load_mapping
from ingestion.errors import MappingError

HEADER = "Id,Kind,Amount\n"
DEALS = "1,deal,100.00\n2,deal,50.00\n"
FEED = (
    "  opportunities:\n    files: 'deals*'\n    unmapped: ignore\n{options}    columns:\n"
    "      opportunity_id: Id\n      stage_id: {{constant: open}}\n      amount: Amount\n"
)


@pytest.fixture
def landed(case):
    """Lands a file of deals and gives the ids of the deals, and the counts of the file."""

    def land(name: str, content: str | bytes, options: str = "", top: str = "") -> tuple:
        lines = "".join(f"    {line.strip()}\n" for line in options.split("\n") if line)
        case.map(FEED.format(options=lines), top)
        case.write(name, content)
        file = case.land_one()
        assert file.status != "refused", file.message
        ids = case.query("select opportunity_id from crm.opportunities order by 1")
        return "".join(id_ for (id_,) in ids), file.records, file.quarantined, file.passed_over

    return land


def as_workbook(path: Path, rows: list[list]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    for row in rows:
        sheet.append(row)
    book.save(path)


class TestBlankRows:
    @pytest.mark.parametrize(
        "blank", [",,\n", " , ,\n", '"","",""\n', "\u00a0,\t,\n", ",,\n,,\n", ",\n", ",,,,,\n"]
    )
    def test_are_passed_over_by_themselves(self, landed, blank: str) -> None:
        rows = blank.count("\n")
        assert landed("deals.csv", HEADER + DEALS + blank) == ("12", 2 + rows, 0, rows)

    def test_between_records_and_above_them(self, landed) -> None:
        found = landed("deals.csv", HEADER + ",,\n,,\n1,deal,1\n,\n2,deal,1\n")
        assert found == ("12", 5, 0, 3)

    def test_in_json_are_empty_objects(self, landed) -> None:
        rows = [{"Id": "1", "Amount": 5}, {}, {"Id": None, "Amount": ""}]
        assert landed("deals.json", json.dumps(rows)) == ("1", 3, 0, 2)

    def test_a_row_with_a_value_that_nothing_uses_is_no_blank_one(self, landed) -> None:
        assert landed("deals.csv", HEADER + DEALS + ",call,\n") == ("12", 3, 1, 0)

    def test_deletions_are_still_believed(self, landed, case) -> None:
        landed("deals.csv", HEADER + DEALS)
        landed("deals.csv", HEADER + "1,deal,100.00\n,,\n,\n")
        gone = case.query("select opportunity_id from crm.opportunities where _op = 'delete'")
        assert gone == [("2",)]

    def test_nothing_but_blank_rows_is_refused_as_empty(self, case) -> None:
        case.map(FEED.format(options=""))
        case.write("deals.csv", HEADER + ",,\n,,\n")
        file = case.land_one()
        assert file.status == "refused"
        assert "no record but 2 that are passed over" in (file.message or "")


class TestFooters:
    REPORT = (
        '\n\n"Closed business"\n"Property of the company"\n'
        '"Printed by somebody, on some day"\n"Page 1"\n'
    )
    TOTALS = (
        "Sum (of 2),,150.00\n",
        '"Sum (of 2)",,150.00\n,,\nPage 1\n',
        "Sum\n",
        "Sum,,150.00\n3,deal,1.00\n",
    )

    @pytest.mark.parametrize("footer", ["^Closed business$", "4", "'^(Closed|Sum)'"])
    def test_of_a_report(self, landed, footer: str) -> None:
        assert landed("deals.csv", HEADER + DEALS + self.REPORT, f"footer: {footer}") == (
            "12", 6, 0, 4,
        )  # fmt: skip

    @pytest.mark.parametrize("totals", TOTALS)
    def test_begins_with_the_first_record_that_fits(self, landed, totals: str) -> None:
        found = landed("deals.csv", HEADER + DEALS + totals, "footer: ^Sum")
        assert (found[0], found[2]) == ("12", 0)
        assert found[1] - found[3] == 2

    def test_that_is_not_there_ends_nothing(self, landed) -> None:
        assert landed("deals.csv", HEADER + DEALS, "footer: ^Sum") == ("12", 2, 0, 0)

    def test_quoted_line_ends_do_not_shift_it(self, landed) -> None:
        rows = '1,"de\nal",100.00\n\n2,deal,50.00\nshort,row\nTotal,,1\nshort,too\n'
        assert landed("deals.csv", HEADER + rows, "footer: ^Total") == ("12", 5, 1, 2)

    @pytest.mark.parametrize("footer", ["1", "^Total"])
    def test_of_a_sheet(self, landed, case, footer: str, tmp_path: Path) -> None:
        rows = [["Id", "Kind", "Amount"], [1, "deal", 5], [2, "deal", 6], [], ["Total", None, 11]]
        as_workbook(tmp_path / "x.xlsx", rows)
        content = (tmp_path / "x.xlsx").read_bytes()
        assert landed("deals.xlsx", content, f"footer: {footer}") == ("12", 3, 0, 1)

    def test_of_one_file_does_not_reach_into_the_next(self, case) -> None:
        case.map(FEED.format(options="    parts: true\n    footer: ^Total\n"))
        moment = datetime(2026, 3, 1)
        case.write("deals1.csv", HEADER + "1,deal,1\nTotal,,1\n", moment)
        case.write("deals2.csv", HEADER + "2,deal,1\n3,deal,1\nTotal,,2\n", moment)
        files = case.land().files
        assert [(f.records, f.accepted, f.passed_over) for f in files] == [(2, 1, 1), (3, 2, 1)]

    @pytest.mark.parametrize("blank", [",,\n", ",\n", "\n", ",,\n\n,\n"])
    def test_blank_rows_are_not_counted(self, landed, blank: str) -> None:
        found = landed("deals.csv", HEADER + DEALS + "Total,,150\n" + blank, "footer: 1")
        assert (found[0], found[2]) == ("12", 0)

    def test_of_a_ragged_row_of_a_sheet(self, landed, tmp_path: Path) -> None:
        rows = [["Id", "Kind", "Amount"], [1, "deal", 5], ["Total", None, None, 5], [3, "x", 6]]
        as_workbook(tmp_path / "x.xlsx", rows)
        content = (tmp_path / "x.xlsx").read_bytes()
        assert landed("deals.xlsx", content, "footer: ^Total$") == ("1", 3, 0, 2)

    @pytest.mark.parametrize("row", ['"Total, all"\n', '"Total, all",,1\n', '"Total, all",\n'])
    def test_of_a_quoted_cell(self, landed, row: str) -> None:
        found = landed("deals.csv", HEADER + DEALS + row + "3,deal,1\n", "footer: '^Total, all$'")
        assert (found[0], found[2]) == ("12", 0)

    def test_a_broken_line_of_json_is_no_blank_one(self, landed) -> None:
        found = landed("deals.jsonl", '{"Id": "1", "Amount": 1}\n"\n')
        assert (found[1], found[2], found[3]) == (2, 1, 0)

    @pytest.mark.parametrize("footer", ["'('", "0", "-1", "1.5"])
    def test_that_cannot_be_read_is_told_with_its_line(self, case, footer: str) -> None:
        case.map(FEED.format(options=f"    footer: {footer}\n"))
        with pytest.raises(MappingError, match=r"case.yml:\d+: .*footer|regular expression"):
            load_mapping(str(case.mapping_file))


class TestWhere:
    MIXED = HEADER + "1,deal,100.00\n2,call,x\n3,,7\n4,Deal,50\n"

    @pytest.mark.parametrize(
        ("condition", "ids"),
        [
            ("Kind = 'deal'", "1"),
            ("lower(Kind) = 'deal'", "14"),
            ("Kind <> 'call'", "14"),
            ("Kind is null or Kind <> 'call'", "134"),
            ("try_cast(Amount as double) > 60", "1"),
            ("kind in ('deal', 'Deal')", "14"),
        ],
    )
    def test_passes_over_what_it_does_not_hold_for(self, landed, condition: str, ids: str) -> None:
        found = landed("deals.csv", self.MIXED, f'where: "{condition}"')
        assert found == (ids, 4, 0, 4 - len(ids))

    def test_sets_aside_what_it_cannot_be_asked_of(self, landed, case) -> None:
        rows = "1,7,1\n2,x,1\n3,,1\n4,5,1\n"
        found = landed("deals.csv", HEADER + rows, 'where: "cast(Kind as integer) > 6"')
        assert found == ("1", 4, 1, 2)
        told = case.query(
            "select line, column_name, value, reason, message from landing.quarantine"
        )
        assert told == [
            (
                3,
                "where",
                "Kind: x",
                "expression_failed",
                "the mapping's `where` fails on this row: Conversion Error: Could not convert "
                "string 'x' to INT32",
            )
        ]

    def test_a_word_for_nothing_is_null_in_it(self, landed) -> None:
        found = landed(
            "deals.csv", HEADER + "1,-,1\n2,deal,1\n", 'where: "Kind is null"',
            'formats: {null: ["-"]}',
        )  # fmt: skip
        assert found == ("1", 2, 0, 1)

    def test_two_feeds_share_a_file(self, case) -> None:
        columns = "      activity_id: Id\n      activity_type: {constant: call}\n"
        case.map(
            FEED.format(options="    where: \"Kind = 'deal'\"\n")
            + "  activities:\n    files: 'deals*'\n    unmapped: ignore\n"
            f"    where: \"Kind = 'call'\"\n    columns:\n{columns}"
        )
        case.write("deals.csv", HEADER + "1,deal,5\n2,call,\n3,call,\n")
        counts = {f.table_name: (f.records, f.accepted, f.passed_over) for f in case.land().files}
        assert counts == {"opportunities": (3, 1, 2), "activities": (3, 2, 1)}

    def test_needs_its_columns(self, case) -> None:
        case.map(FEED.format(options="    where: \"Type = 'deal'\"\n"))
        case.write("deals.csv", HEADER + DEALS)
        file = case.land_one()
        assert file.status == "refused"
        assert "lacks the column 'Type'" in (file.message or "")

    @pytest.mark.parametrize("condition", ["Kind", "1", "Kind || 'x'", "(select true)", "Kind ="])
    def test_must_say_yes_or_no(self, case, condition: str) -> None:
        case.map(FEED.format(options=f'    where: "{condition}"\n'))
        with pytest.raises(MappingError, match=r"case.yml:8: "):
            load_mapping(str(case.mapping_file))

    def test_what_was_known_keeps_its_counts(self, landed, case) -> None:
        landed("deals.csv", self.MIXED, "where: \"Kind = 'deal'\"")
        file = case.land_one()
        assert (file.status, file.records, file.unchanged, file.passed_over) == (
            "unchanged", 4, 1, 3,
        )  # fmt: skip


class TestNothingUsable:
    def test_a_full_extract_is_refused(self, case) -> None:
        case.map(FEED.format(options=""))
        case.write("deals.csv", HEADER + "1,deal,a lot\n2,deal,more\n")
        file = case.land_one()
        assert file.status == "refused"
        assert "2 of 2 records would be set aside" in (file.message or "")

    def test_a_delta_has_its_records_set_aside(self, case) -> None:
        case.map(FEED.format(options="    kind: delta\n"))
        case.write("deals.csv", HEADER + "1,deal,a lot\n")
        assert case.land_one().quarantined == 1

    @pytest.mark.parametrize(("wrong", "status"), [(10, "landed"), (11, "refused")])
    @pytest.mark.parametrize("kind", ["full", "delta"])
    def test_of_many_records_half_may_be_wrong(
        self, case, wrong: int, status: str, kind: str
    ) -> None:
        case.map(FEED.format(options=f"    kind: {kind}\n"))
        rows = [f"{i},deal,{'x' if i < wrong else 1}\n" for i in range(20)]
        case.write("deals.csv", HEADER + "".join(rows))
        assert case.land_one().status == status

    def test_a_mapping_can_allow_more(self, case) -> None:
        case.map(FEED.format(options="    max_quarantined: 0.9\n"))
        rows = [f"{i},deal,{'x' if i < 15 else 1}\n" for i in range(20)]
        case.write("deals.csv", HEADER + "".join(rows))
        assert case.land_one().quarantined == 15


class TestHeadersThatStandTwice:
    def test_matter_only_where_they_are_used(self, landed) -> None:
        content = "Id,Kind,Amount,Mod,Mod\n1,deal,5,a,b\n"
        assert landed("deals.csv", content) == ("1", 1, 0, 0)

    @pytest.mark.parametrize(("name", "amount"), [("Amount#1", 5), ("Amount#2", 7)])
    def test_are_told_apart_by_a_number(self, case, name: str, amount: int) -> None:
        case.map(FEED.format(options="").replace("amount: Amount", f"amount: '{name}'"))
        case.write("deals.csv", "Id,Amount,Amount\n1,5,7\n")
        assert case.land_one().status == "landed"
        assert case.query("select cast(amount as integer) from crm.opportunities") == [(amount,)]

    @pytest.mark.parametrize("name", ["amount", "AMOUNT", " Amount "])
    @pytest.mark.parametrize("header", ["Id,Amount,Amount", "Id,Amount,aMOUNT"])
    def test_are_refused_however_they_are_asked_for(self, case, name: str, header: str) -> None:
        """An optional column would otherwise be emptied in silence."""
        asked = f"amount: {{from: '{name}', optional: true}}"
        case.map(FEED.format(options="").replace("amount: Amount", asked))
        case.write("deals.csv", f"{header}\n1,5,7\n")
        file = case.land_one()
        assert (file.status, "stands 2 times" in (file.message or "")) == ("refused", True)

    def test_a_number_that_the_file_itself_gives_is_a_name(self, case) -> None:
        case.map(FEED.format(options="").replace("amount: Amount", "amount: 'Amount#1'"))
        case.write("deals.csv", "Id,Amount#1,Amount,Amount\n1,5,7,9\n")
        case.write("deals2.csv", "Id,Amount#1,Amount#2\n2,5,7\n")
        assert {file.status for file in case.land().files} == {"landed"}
        found = case.query(
            "select cast(amount as integer) from crm.opportunities where _op = 'upsert'"
        )
        assert found == [(5,), (5,)]

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    def test_are_refused_where_it_is_not_said_which(self, case, ending: str, tmp_path) -> None:
        case.map(FEED.format(options=""))
        if ending == "xlsx":
            as_workbook(case.folder / "deals.xlsx", [["Id", "Amount", "Amount"], [1, 5, 7]])
        else:
            case.write("deals.csv", "Id,Amount,Amount\n1,5,7\n")
        file = case.land_one()
        assert file.status == "refused"
        assert "stands 2 times in the header (columns 2, 3)" in (file.message or "")
        assert "'…#2'" in (file.message or "")


class TestTimesInPaths:
    def moment(self, case, name: str, rule: str, options: str = "") -> datetime:
        case.map(FEED.format(options=f"    extracted_at: {{{rule}}}\n"), options)
        case.write(name, HEADER + DEALS)
        file = case.land_one()
        assert file.extracted_at is not None, file.message
        return file.extracted_at.replace(tzinfo=None)

    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("2026-05-04T16-45", "2026-05-04 16:45"),
            ("2026-05-04T16-45-59", "2026-05-04 16:45:59"),
            ("2026-05-04_16.45", "2026-05-04 16:45"),
            ("2026-05-04 16_45_59", "2026-05-04 16:45:59"),
            ("20260504T16-45", "2026-05-04 16:45"),
            ("20260504T1645", "2026-05-04 16:45"),
            ("2026-05-04T1645Z", "2026-05-04 16:45"),
            ("2026-05-04T16-45Z", "2026-05-04 16:45"),
            ("2026-05-04T16-45+02:00", "2026-05-04 14:45"),
            ("2026-05-04T14-05:00", "2026-05-04 19:00"),
            # Joined by a hyphen, as a pattern of digits and hyphens finds it.
            ("2026-05-04-14-20", "2026-05-04 14:20"),
            ("2026-05-04-14-20-07", "2026-05-04 14:20:07"),
            ("2026-05-04-1420", "2026-05-04 14:20"),
            ("20260504-14-20", "2026-05-04 14:20"),
            ("2026-05-04.14.20", "2026-05-04 14:20"),
            ("2026-05-04-14-20-07+02:00", "2026-05-04 12:20:07"),
            ("2026-05-04-14-20-07:00", "2026-05-04 21:20"),
            ("2026-05-04T14-20-07.25", "2026-05-04 14:20:07.25"),
            ("202605041645", "2026-05-04 16:45"),
            ("20260504164559", "2026-05-04 16:45:59"),
            ("202605041645Z", "2026-05-04 16:45"),
            ("202605041645+02:00", "2026-05-04 14:45"),
            ("2026-05-04", "2026-05-04"),
        ],
    )
    def test_minutes_are_minutes(self, case, written: str, moment: str) -> None:
        rule = "pattern: 'deals (?P<time>.+)[.]csv'"
        assert self.moment(case, f"deals {written}.csv", rule) == datetime.fromisoformat(moment)

    @pytest.mark.parametrize(
        ("written", "is_told"),
        [
            ("2026-05-04T14-20-07-15", True),
            ("2026-05-04T14-20-0700", True),
            ("2026-05-04T14-0500", True),
            ("2026-05-04T1645-0700", True),
            ("2026-05-04T14-20+07", True),
            ("20260504T142007+0200", True),
            ("2026-05-04-14-2007", True),
            ("2026-05-04T14-61", True),
            ("20260504142", False),
            ("2026050414200", False),
            ("2026-05-041420", True),
            ("202605041461", False),
            ("202605041420-0700", True),
            ("2026-05-04 final", False),
        ],
    )
    def test_what_may_be_minutes_is_no_offset(self, case, written: str, is_told: bool) -> None:
        rule = "pattern: 'deals (?P<time>.+)[.]csv'"
        case.map(FEED.format(options=f"    extracted_at: {{{rule}}}\n"))
        case.write(f"deals {written}.csv", HEADER + DEALS)
        file = case.land_one()
        assert file.status == "refused"
        assert f"'{written}' in its path is no time" in (file.message or "")
        assert ("an offset is written Z or +02:00" in (file.message or "")) == is_told

    def test_a_format_says_any_other_offset(self, case) -> None:
        rule = "pattern: 'deals (?P<time>.+)[.]csv', format: '%Y%m%dT%H%M%z'"
        found = self.moment(case, "deals 20260504T1420-0700.csv", rule)
        assert found == datetime(2026, 5, 4, 21, 20)

    def test_the_newest_state_is_that_of_the_later_minute(self, case) -> None:
        rule = 'pattern: "deals_(?P<time>[0-9T-]+)"'
        options = f"    extracted_at: {{{rule}}}\n"
        case.map(FEED.format(options=options).replace("deals.csv", "deals_*.csv"))
        case.write("deals_2026-06-01-15-02.csv", HEADER + "1,deal,200\n")
        case.write("deals_2026-06-01-14-20.csv", HEADER + "1,deal,100\n")
        case.land()
        newest = case.query(
            "select cast(amount as integer) from crm.opportunities order by _extract_id desc"
        )
        assert newest == [(200,), (100,)]

    @pytest.mark.parametrize(
        ("written", "format_", "moment"),
        [
            ("2026-05-04", "", "2026-05-04 20:30"),
            ("20260504", "", "2026-05-04 20:30"),
            ("2026-W19", "", "2026-05-04 20:30"),
            ("04.05.2026", ", format: '%d.%m.%Y'", "2026-05-04 20:30"),
            # One that says a time means it.
            ("2026-05-04T10-00", "", "2026-05-04 06:30"),
            ("04.05.2026 10", ", format: '%d.%m.%Y %H'", "2026-05-04 06:30"),
        ],
    )
    def test_a_date_alone_can_be_the_end_of_its_day(
        self, case, written: str, format_: str, moment: str
    ) -> None:
        rule = f"pattern: 'deals (?P<time>.+)[.]csv', day: end{format_}"
        zone = "time_zone: Asia/Tehran"
        assert self.moment(case, f"deals {written}.csv", rule, zone) == datetime.fromisoformat(
            moment
        )

    def test_a_constant_too(self, case) -> None:
        found = self.moment(case, "deals.csv", "constant: '2026-05-04', day: end")
        assert found == datetime(2026, 5, 5)

    def test_records_say_it_themselves(self, case) -> None:
        case.map(FEED.format(options="    extracted_at: {column: Kind, day: end}\n"))
        with pytest.raises(MappingError, match="day of extracted_at goes with"):
            load_mapping(str(case.mapping_file))


STAGE = {
    "stage_id": "won",
    "stage_name": "Won",
    "stage_order": 1,
    "is_closed": True,
    "is_won": True,
}


@pytest.mark.parametrize("name", ["rows", "stages.json", "stages.jsonl", "stages.parquet"])
def test_header_false_concerns_text_files_only(case, name: str) -> None:
    rows = ", ".join(f"{key}: {json.dumps(value)}" for key, value in STAGE.items())
    stages = f"    rows:\n      - {{{rows}}}\n"
    if name != "rows":
        stages = f"    files: {name}\n    columns: same\n"
        content: str | bytes = json.dumps([STAGE] if name.endswith("json") else STAGE) + "\n"
        if name.endswith("parquet"):
            made = case.folder / "made"
            pq.write_table(pa.Table.from_pylist([STAGE]), made)
            content = made.read_bytes()
        case.write(name, content)
    case.map(
        "  users:\n    files: users.csv\n    csv: {columns: [id, name]}\n"
        "    columns: {user_id: id, user_name: name}\n"
        f"  stages:\n{stages}",
        "csv: {header: false}",
    )
    case.write("users.csv", "1,Ada\n")
    assert {(f.table_name, f.status, f.accepted) for f in case.land().files} == {
        ("users", "landed", 1),
        ("stages", "landed", 1),
    }
    assert case.query("select stage_name, is_won from crm.stages") == [("Won", True)]


@pytest.mark.parametrize("null", ["-", "n/a"])
def test_a_word_for_nothing_is_null_in_expressions(case, null: str) -> None:
    case.map(
        FEED.format(options="") + "      lead_source: {expression: \"coalesce(Kind, 'none')\"}\n",
        f"formats: {{null: ['{null}']}}",
    )
    case.write("deals.csv", HEADER + f"1,{null},1\n2, {null} ,1\n3,-x,1\n")
    case.land_one()
    found = case.query("select lead_source from crm.opportunities order by opportunity_id")
    assert found == [("none",), ("none",), ("-x",)]


def test_a_failed_expression_tells_what_it_read(case) -> None:
    case.map(
        FEED.format(options="").replace(
            "amount: Amount", 'amount: {expression: "cast(Amount as integer) * length(Kind)"}'
        )
    )
    case.write("deals.csv", HEADER + "1,deal,-\n2,deal,3\n")
    case.land_one()
    told = case.query("select column_name, value, reason from landing.quarantine")
    assert told == [("amount", "Amount: -, Kind: deal", "expression_failed")]


RECORDS = "1,deal,1\n2,deal,2\n3,deal,3\n"
HINT = "if what stands there is no record but a total or a remark, say `footer: {}`"


class TestHintsAtFooters:
    def messages(self, case, content: str, options: str = "") -> list[str]:
        case.map(FEED.format(options=options))
        case.write("deals.csv", HEADER + content)
        case.land()
        found = case.query("select message from landing.quarantine order by line, column_name")
        return [message for (message,) in found]

    @pytest.mark.parametrize(
        ("end", "rows"),
        [
            ("Total 3\n", 1),
            (",,6\n", 1),
            (",,6\nCopyright\n", 2),
            (",,\n,,6\nPrinted on Monday\nPage 1, of 1, all, deals\n", 3),
        ],
    )
    def test_the_last_rows_may_be_one(self, case, end: str, rows: int) -> None:
        messages = self.messages(case, RECORDS + end)
        assert len(messages) == rows
        assert [HINT.format(rows) in message for message in messages] == [True] * rows
        # What the hint says to write is right.
        case.map(FEED.format(options=f"    footer: {rows}\n"))
        assert case.land_one().quarantined == 0

    @pytest.mark.parametrize(
        "content",
        [
            # In the middle, all of them, more than a footer has, and another fault.
            "1,deal,1\nTotal 3\n3,deal,3\n",
            ",,6\n",
            RECORDS + ",,6\n" * 11,
            RECORDS + "4,deal,x\n",
        ],
    )
    def test_other_bad_rows_are_none(self, case, content: str) -> None:
        messages = self.messages(case, content)
        assert messages
        assert not any("footer" in message for message in messages)

    def test_a_mapping_that_tells_of_its_footer_needs_no_hint(self, case) -> None:
        (message,) = self.messages(case, RECORDS + ",,6\nCopyright\n", "    footer: 1\n")
        assert "footer" not in message

    def test_of_a_workbook(self, case) -> None:
        rows = [["Id", "Kind", "Amount"], ["1", "deal", 1], ["2", "deal", 2], [None, None, 3]]
        as_workbook(case.folder / "deals.xlsx", rows)
        case.map(FEED.format(options=""))
        case.land()
        ((message,),) = case.query("select message from landing.quarantine")
        assert HINT.format(1) in message
