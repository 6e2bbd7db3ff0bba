"""One file with several feeds: read once, refused once, told once, and its records are counted."""

from __future__ import annotations

import gzip

import duckdb
import openpyxl
import pytest

from expectations.raw_suite import raw_checks
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.contract_files import load_contracts
from ingestion.landing import archive, read_files

TWO = """\
  products: {files: "both*", unmapped: UNMAPPED, columns: {product_id: Id, product_name: Name}}
  teams: {files: "both*", unmapped: UNMAPPED, columns: {team_id: Id, team_name: Team}}"""
GOOD = "Id,Name,Team\n1,A,x\n2,B,y\n"
COLOURED = "Id,Name,Team,Colour\n1,A,x,red\n2,B,y,blue\n"


def map_two(case, unmapped: str = "report", options: str = "") -> None:
    case.map(TWO.replace("UNMAPPED", unmapped), options)


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Names of files whenever a reader opens one."""
    opened: list[str] = []
    read = read_files.read_records

    def note(path, name, *more):
        opened.append(name)
        return read(path, name, *more)

    monkeypatch.setattr(read_files, "read_records", note)
    return opened


class TestReadOnce:
    def formats(self, tmp_path, name: str) -> bytes:
        if name.endswith("xlsx"):
            book = openpyxl.Workbook()
            assert book.active
            for line in GOOD.splitlines():
                book.active.append(line.split(","))
            book.save(tmp_path / name)
            return (tmp_path / name).read_bytes()
        if name.endswith("gz"):
            return gzip.compress(GOOD.encode())
        if name.endswith("jsonl"):
            return b'{"Id": "1", "Name": "A", "Team": "x"}\n{"Id": "2", "Name": "B", "Team": "y"}\n'
        return GOOD.encode()

    @pytest.mark.parametrize("name", ["both.csv", "both.csv.gz", "both.xlsx", "both.jsonl"])
    def test_in_any_format(self, case, reads, tmp_path, name: str) -> None:
        map_two(case)
        case.write(name, self.formats(tmp_path, name))
        result = case.land()
        assert not result.refused
        assert reads == [name]
        assert case.query("select product_id, product_name from crm.products order by 1") == [
            ("1", "A"),
            ("2", "B"),
        ]
        assert case.query("select team_id, team_name from crm.teams order by 1") == [
            ("1", "x"),
            ("2", "y"),
        ]

    def test_more_files_than_are_kept(self, case, reads) -> None:
        map_two(case, options='extracted_at: {pattern: "(?P<time>[0-9-]{10})"}')
        names = [f"both_2026-01-{day:02d}.csv" for day in range(1, 16)]
        for number, name in enumerate(names):
            case.write(name, GOOD + f"9,N{number},z\n")
        assert not case.land().refused
        assert {name: reads.count(name) for name in names} == dict.fromkeys(names, 2)
        assert case.state("product_id, product_name")[-1] == ("9", "N14")

    def test_more_parts_of_an_extract_than_are_kept(self, case) -> None:
        tables = TWO.replace("UNMAPPED", "report, parts: true")
        case.map(tables, "extracted_at: {constant: 2026-01-05}")
        for number in range(12):
            rows = f"Id,Name,Team\n{number},A,x\n{number}b,{'' if number % 5 == 0 else 'B'},y\n"
            case.write(f"both_{number:02d}.csv.gz", gzip.compress(rows.encode()))
        result = case.land()
        assert not result.refused
        assert sum(file.records for file in result.files) == 48
        told = case.query("select file_name, line, reason from landing.quarantine order by 1")
        assert told == [(f"both_{n:02d}.csv.gz", 3, "required_missing") for n in (0, 5, 10)]
        assert not [*case.home.scratch.iterdir()]

    def test_read_in_two_ways_it_is_read_twice(self, case, reads) -> None:
        case.map(
            "  products: {files: both.csv, columns: {product_id: Id, product_name: Name}}\n"
            "  teams: {files: both.csv, csv: {skip_lines: 1, header: false, columns: [a, b, c]}, "
            "columns: {team_id: a, team_name: c}}"
        )
        case.write("both.csv", GOOD)
        assert not case.land().refused
        assert len(reads) == 2
        assert len(case.query("select * from crm.teams")) == 2

    def test_ragged_lines_are_found_by_each(self, case) -> None:
        map_two(case)
        case.write("both.csv", GOOD + "3,C\n,,\n4,D,z\n,E,\n")
        assert [(f.records, f.quarantined, f.passed_over) for f in case.land().files] == [
            (6, 2, 1),
            (6, 2, 1),
        ]
        lines = case.query(
            "select table_name, line, reason from landing.quarantine order by table_name, line"
        )
        assert lines == [
            ("products", 4, "ragged_row"),
            ("products", 7, "required_missing"),
            ("teams", 4, "ragged_row"),
            ("teams", 7, "required_missing"),
            ("teams", 7, "required_missing"),
        ]

    def test_a_file_that_cannot_be_stored_is_tried_once(self, case, monkeypatch) -> None:
        map_two(case)
        case.write("both.csv", GOOD)
        tried = []

        def fail(*_):
            tried.append(1)
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(archive, "_written", fail)
        result = case.land()
        assert len(tried) == 1
        assert len(result.refused) == 2
        (told,) = result.refusals
        assert "Permission denied" in (told.message or "")


class TestToldOnce:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (GOOD[:-1], "does not end with a line end"),
            (GOOD.replace("A", "Ä").encode("cp1252"), "is not utf-8"),
            (GOOD + '3,"C,z\n', "never closed"),
            ("", "empty (0 bytes)"),
            ("Id,Name,Team\n", "no record"),
            ("Key,Name,Team\n1,A,x\n", "lacks the column 'Id'"),
            (GOOD + "3,C\0,z\n", "NUL"),
        ],
    )
    def test_a_reason_that_all_feeds_share(self, case, content, words: str) -> None:
        map_two(case)
        case.write("both.csv", content)
        result = case.land()
        assert {file.table_name for file in result.refused} == {"products", "teams"}
        (told,) = result.refusals
        assert words in (told.message or "")

    def test_reasons_that_differ_are_all_told(self, case) -> None:
        map_two(case)
        case.write("both.csv", "Id,Nom,Equipe\n1,A,x\n")
        case.write("both_2.csv", GOOD[:-1])
        told = [(file.file_name, file.message or "") for file in case.land().refusals]
        assert [name for name, _ in told] == ["both.csv", "both_2.csv", "both.csv"]
        assert "'Name'" in told[0][1]
        assert "'Team'" in told[2][1]

    def test_feeds_of_one_table(self, case) -> None:
        case.map(
            "  teams:\n"
            "    - {files: both.csv, columns: {team_id: Id, team_name: Name}}\n"
            "    - {files: both.csv, columns: {team_id: Team, team_name: Team}}"
        )
        case.write("both.csv", GOOD[:-1])
        (told,) = case.land().refusals
        assert (told.message or "").startswith("line 3: the last line of the file")


class TestColumnsOfOtherFeeds:
    def test_are_not_told_as_unused(self, case) -> None:
        map_two(case)
        case.write("both.csv", GOOD)
        assert [file.message for file in case.land().files] == [None, None]

    def test_others_are_told(self, case) -> None:
        map_two(case)
        case.write("both.csv", COLOURED)
        told = [file.message for file in case.land().files]
        assert told == ["columns that the mapping does not use: Colour"] * 2

    def test_are_no_reason_to_refuse(self, case) -> None:
        map_two(case, unmapped="refuse")
        case.write("both.csv", GOOD)
        assert not case.land().refused
        case.write("both.csv", COLOURED)
        assert "uses no column 'Colour'" in (case.land().refusals[0].message or "")


class TestRecordsAreCounted:
    """A record may have several faults, and a line may be a record of several feeds."""

    @pytest.mark.parametrize(
        ("content", "records"),
        [
            ("Id,A,B\n1,,\n2,5,\n3,5,6\n", 3),
            ("Id,A,B\n,,1\n,1,\n", 4),
            ("Id,A,B\n1,x,y\n2,x,1\n3,1,1\n4\n", 5),
        ],
    )
    def test_everywhere_the_same(self, case, content: str, records: int) -> None:
        feed = (
            "    - {{files: pay.csv, kind: delta, unmapped: ignore, columns: {{"
            "product_id: {{expression: \"Id || '-{0}'\"}}, product_name: {0}, list_price: {0}}}}}\n"
        )
        case.map("  products:\n" + feed.format("A") + feed.format("B"))
        case.write("pay.csv", content)
        result = case.land()
        assert sum(file.quarantined for file in result.files) == records
        (check,) = (
            check
            for check in raw_checks(load_contracts(), "run-1")
            if (check.table_name, check.name) == ("products", "nothing_quarantined")
        )
        rows = case.query(check.failing_rows.replace("raw.landing", "landing"))
        assert len(rows) == records
        assert {name for name, *_ in rows} == {"pay.csv"}


class TestFinalNewline:
    """The message gives the line to write, and with it the file lands."""

    @pytest.mark.parametrize(
        ("tables", "options", "line"),
        [
            (TWO, "", "add the line `csv: {final_newline: optional}` above `tables:`"),
            (
                TWO,
                'csv: {delimiter: ","}',
                'write `csv: {delimiter: ",", final_newline: optional}` in place of the csv in',
            ),
            (
                TWO,
                "csv:\n  quote: '\"'\n  skip_lines: 0",
                'write `csv: {quote: "\\"", skip_lines: 0, final_newline: optional}` in place of',
            ),
            (
                "  products:\n    files: both*\n    csv: {encoding: utf-8}\n"
                "    columns: {product_id: Id, product_name: Name}",
                'csv: {delimiter: ","}',
                'write `csv: {encoding: "utf-8", final_newline: optional}` in place of the csv',
            ),
        ],
    )
    def test_of_every_form_of_mapping(self, case, tables: str, options: str, line: str) -> None:
        case.map(tables.replace("UNMAPPED", "ignore"), options)
        case.write("both.csv", GOOD[:-1])
        (told,) = case.land().refusals
        message = told.message or ""
        assert line in message
        assert case.mapping_file.name in message
        written = line.partition("`")[2].partition("`")[0]
        self.write(case, written, message)
        assert not case.land().refused
        assert len(case.query("select * from crm.products")) == 2

    def write(self, case, written: str, message: str) -> None:
        """Does to the mapping what the message says."""
        lines = case.mapping_file.read_text().splitlines()
        if "add the line" in message:
            place = next(i for i, text in enumerate(lines) if text.startswith("tables:"))
            lines[place:place] = [written]
        else:
            place = int(message.partition("in place of the csv in")[2].rpartition(":")[2]) - 1
            indent = lines[place][: lines[place].index("csv")]
            end = place + 1
            while lines[end].startswith(f"{indent} ") and not lines[place].endswith("}"):
                end += 1
            lines[place:end] = [indent + written]
        case.mapping_file.write_text("\n".join(lines) + "\n")
        load_mapping(str(case.mapping_file))


# Both columns of names become products, by two feeds of one file for one table.
ONE_TABLE = """\
  products:
    - {files: "both*", kind: KIND, unmapped: ignore, columns: {product_id: Id, product_name: Name}}
    - files: "both*"
      kind: KIND
      unmapped: ignore
      columns: {product_id: {expression: "'t' || Id"}, product_name: OTHER}"""
# The second feed can use one record less.
UNLIKE = "Id,Name,Team\n1,A,x\n2,B,\n3,C,z\n"


def map_one_table(case, kind: str, options: str = "", other: str = "Team") -> None:
    case.map(ONE_TABLE.replace("KIND", kind).replace("OTHER", other), options)


def told(result) -> list[tuple[str, int, int, int, int]]:
    return [(f.status, f.records, f.accepted, f.unchanged, f.quarantined) for f in result.files]


class TestOneTable:
    """Feeds of one file and one table are each known by what they landed."""

    TIMES = ("", "extracted_at: {constant: 2026-01-05}", "extracted_at: {column: Day}")

    def write(self, case, options: str) -> None:
        lines = UNLIKE.splitlines()
        days = ["Day", "2026-01-05", "2026-01-06", "2026-01-06"]
        if "column" in options:
            lines = [f"{line},{day}" for line, day in zip(lines, days, strict=True)]
        case.write("both.csv", "\n".join(lines) + "\n")

    @pytest.mark.parametrize("kind", ["delta", "events", "full"])
    @pytest.mark.parametrize("options", TIMES)
    def test_second_refresh_lands_nothing_and_tells_the_counts_of_each(
        self, case, kind: str, options: str
    ) -> None:
        self.write(case, options)
        map_one_table(case, kind, options)
        assert told(case.land()) == [("landed", 3, 3, 0, 0), ("landed", 3, 2, 0, 1)]
        sizes = case.sizes()
        for _ in range(2):
            assert told(case.land()) == [("unchanged", 3, 0, 3, 0), ("unchanged", 3, 0, 2, 1)]
            assert case.sizes() == sizes

    @pytest.mark.parametrize("kind", ["delta", "events", "full"])
    def test_homes_in_which_feeds_were_not_told_apart(self, case, kind: str) -> None:
        self.write(case, "")
        map_one_table(case, kind)
        case.land()
        with duckdb.connect(str(case.home.raw_db)) as connection:
            connection.execute("alter table landing.files drop column feed")
            connection.execute("alter table landing.extracts drop column feed")
        sizes = case.sizes()
        assert [file.status for file in case.land().files] == ["unchanged", "unchanged"]
        assert case.sizes() == sizes

    def test_only_the_feed_that_changed_lands_again(self, case) -> None:
        self.write(case, "")
        map_one_table(case, "delta")
        case.land()
        names = "product_id, product_name"
        before = case.state(names)
        map_one_table(case, "delta", other="Id")
        assert [file.status for file in case.land().files] == ["unchanged", "landed"]
        changed = [("1", "A"), ("2", "B"), ("3", "C"), ("t1", "1"), ("t2", "2"), ("t3", "3")]
        assert case.state(names) == changed
        assert [file.status for file in case.land().files] == ["unchanged", "unchanged"]
        # A mapping that becomes what it was before is a change, too.
        map_one_table(case, "delta")
        assert [file.status for file in case.land().files] == ["unchanged", "landed"]
        assert case.state(names) == sorted([*before, ("t2", "2")])
        assert [file.status for file in case.land().files] == ["unchanged", "unchanged"]

    def test_a_feed_that_comes_goes_and_stands_elsewhere(self, case) -> None:
        self.write(case, "")
        map_one_table(case, "delta")
        both = case.mapping_file.read_text()
        lines = both.splitlines()
        head, first, second = lines[:-5], lines[-5:-4], lines[-4:]
        statuses = []
        for feeds in ([*first], [*first, *second], [*second, *first], [*first, *second]):
            case.mapping_file.write_text("\n".join([*head, *feeds]) + "\n")
            case.land()
            statuses.append([file.status for file in case.land().files])
        assert statuses == [["unchanged"], *[["unchanged", "unchanged"]] * 3]
        assert case.state("product_id, product_name") == [
            ("1", "A"), ("2", "B"), ("3", "C"), ("t1", "x"), ("t3", "z"),
        ]  # fmt: skip

    def test_three_feeds_of_one_line_each(self, case) -> None:
        case.write("both.csv", UNLIKE)
        case.map(
            "  products:\n"
            + "\n".join(
                f'    - {{files: "both*", kind: delta, unmapped: ignore, where: "Id = \'{n}\'", '
                "columns: {product_id: Id, product_name: Name}}"
                for n in (1, 2, 3)
            )
        )
        assert [file.accepted for file in case.land().files] == [1, 1, 1]
        sizes = case.sizes()
        assert {file.status for file in case.land().files} == {"unchanged"}
        assert case.sizes() == sizes
