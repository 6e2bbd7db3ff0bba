"""Values that cannot be used and may be empty: the record stays, and each of them is told."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.errors import MappingError
from ingestion.landing.quarantine import MASK

COLUMNS = """\
      opportunity_id: Id
      stage_id: Stage
      amount: {from: Amount, on_invalid: null}
      probability: {from: Chance, on_invalid: "null"}
      forecast_category: {from: Category, on_invalid: null, recode: {Sure: commit}, otherwise: quarantine}
      created_date: {from: Day, on_invalid: null}
      lead_source: {expression: "cast(cast(Amount as decimal(9,2)) as varchar)", on_invalid: null}
"""
FEED = "  opportunities:\n    files: 'deals*'\nOPTIONS    columns:\n" + COLUMNS
HEADER = "Id,Stage,Amount,Chance,Category,Day\n"
ROWS = (
    "1,open,10,0.5,Sure,2026-02-01\n"
    "2,open,-5,0.5,Sure,2026-02-01\n"
    "3,open,1.234,1.5,Maybe,0026-02-01\n"
    "4,open,abc,,,2126-02-01\n"
    "5,open,#N/A,0.5,Sure,\n"
)
STATE = "opportunity_id, cast(amount as varchar), cast(probability as varchar), forecast_category, created_date is null"


@pytest.fixture
def landed(case):
    def land(content: str = HEADER + ROWS, options: str = ""):
        case.map(FEED.replace("OPTIONS", options))
        case.write("deals.csv", content)
        return case.land_one()

    return land


class TestLanding:
    def test_the_record_is_kept_without_the_value(self, landed, case) -> None:
        file = landed()
        assert (file.records, file.accepted, file.quarantined, file.emptied) == (5, 5, 0, 10)
        assert case.query(f"select {STATE} from crm.opportunities order by 1") == [
            ("1", "10.00", "0.500000", "commit", False),
            ("2", None, "0.500000", "commit", False),
            ("3", None, None, None, True),
            ("4", None, None, None, True),
            ("5", None, "0.500000", "commit", True),
        ]

    def test_each_value_is_told_with_reason_file_and_line(self, landed, case) -> None:
        landed()
        told = case.query(
            "select file_name, line, column_name, value, reason from landing.emptied order by 2, 3"
        )
        assert told == [
            ("deals.csv", 3, "amount", "-5", "out_of_range"),
            ("deals.csv", 4, "amount", "1.234", "would_round"),
            ("deals.csv", 4, "created_date", "0026-02-01", "cast_failed"),
            ("deals.csv", 4, "forecast_category", "Maybe", "not_in_enum"),
            ("deals.csv", 4, "probability", "1.5", "out_of_range"),
            ("deals.csv", 5, "amount", "abc", "cast_failed"),
            ("deals.csv", 5, "created_date", "2126-02-01", "date_outside_calendar"),
            ("deals.csv", 5, "lead_source", "Amount: abc", "expression_failed"),
            ("deals.csv", 6, "amount", "#N/A", "error_cell"),
            ("deals.csv", 6, "lead_source", "Amount: #N/A", "expression_failed"),
        ]
        messages = case.query("select distinct message from landing.emptied where line = 3")
        assert messages == [("amount must be at least 0 and small enough for decimal(18,2)",)]
        assert case.query("select * from landing.quarantine") == []
        path = case.home.quarantine / "run-1" / "crm.opportunities.emptied.parquet"
        assert sorted(pq.read_table(path)["value"].to_pylist())[:2] == ["#N/A", "-5"]
        assert path.stat().st_mode & 0o077 == 0

    def test_a_record_that_is_set_aside_has_no_emptied_values(self, landed, case) -> None:
        file = landed(
            HEADER + "1,open,1,,,\n,open,-5,,,\n2,open,-6,,,\n3,lost,-6,,,\n3,won,-7,,,\n"
        )
        assert (file.accepted, file.quarantined, file.emptied) == (2, 3, 1)
        assert case.query("select value from landing.emptied") == [("-6",)]

    def test_the_same_file_again_is_unchanged_and_counts_as_before(self, landed, case) -> None:
        first = landed()
        again = case.land_one()
        assert (again.status, again.emptied, again.unchanged) == ("unchanged", first.emptied, 5)
        assert case.query("select count(*) from landing.emptied") == [(10,)]

    def test_a_value_that_is_put_right_is_a_change(self, landed, case) -> None:
        landed()
        case.write("deals.csv", HEADER + ROWS.replace("2,open,-5", "2,open,5"))
        assert case.land_one().accepted == 1

    def test_several_feeds_of_one_extract_keep_their_values_apart(self, case) -> None:
        case.map(
            "  opportunities:\n"
            "    - {files: a.csv, columns: {opportunity_id: Id, stage_id: S, amount: A}}\n"
            "    - {files: b.csv, columns: {opportunity_id: Id, stage_id: S, "
            "amount: {from: A, on_invalid: null}}}\n",
            "extracted_at: {constant: 2026-03-01}",
        )
        case.write("a.csv", "Id,S,A\n1,x,1\n2,x,-1\n")
        case.write("b.csv", "Id,S,A\n3,x,1\n4,x,-1\n5,x,-2\n")
        files = {file.file_name: file for file in case.land().files}
        assert (files["a.csv"].quarantined, files["a.csv"].emptied) == (1, 0)
        assert (files["b.csv"].quarantined, files["b.csv"].emptied) == (0, 2)
        assert case.query("select line from landing.emptied order by 1") == [(3,), (4,)]

    def test_personal_values_are_masked(self, case) -> None:
        case.map(
            "  users:\n    files: u.csv\n    columns:\n      user_id: I\n      user_name: N\n"
            "      is_active: {from: A, on_invalid: null}\n"
        )
        case.write("u.csv", "I,N,A\n1,x,perhaps\n")
        assert case.land_one().emptied == 1
        assert case.query("select value, reason from landing.emptied") == [(MASK, "cast_failed")]

    def test_an_end_before_its_start_is_emptied(self, case) -> None:
        case.map(
            "  opportunity_stage_history:\n    files: h.csv\n    kind: events\n    columns:\n"
            "      stage_history_id: I\n      opportunity_id: D\n      stage_id: S\n"
            "      entered_at: E\n      exited_at: {from: X, on_invalid: null}\n"
        )
        case.write("h.csv", "I,D,S,E,X\n1,d,s,2026-02-02,2026-02-01\n2,d,s,2026-02-02,2026-02-03\n")
        assert case.land_one().accepted == 2
        found = case.query("select exited_at is null from crm.opportunity_stage_history order by 1")
        assert found == [(False,), (True,)]
        assert case.query("select reason from landing.emptied") == [("before_start",)]


class TestTooMany:
    ROWS = "".join(f"{n},open,{'x' if n % 3 else n},,,\n" for n in range(30))

    def test_a_column_that_lost_most_of_its_values_refuses_the_file(self, landed, case) -> None:
        file = landed(HEADER + self.ROWS)
        assert file.status == "refused"
        assert "20 of 30 values of amount would be emptied" in str(file.message)
        assert case.query("select count(*) from crm.opportunities") == [(0,)]
        assert case.query("select count(*) from landing.emptied where column_name = 'amount'") == [
            (20,)
        ]

    @pytest.mark.parametrize(
        ("limit", "status"),
        [("0.9", "landed"), ("20", "landed"), ("19", "refused"), ("0.5", "refused")],
    )
    def test_the_mapping_says_how_many_may_be(self, landed, limit: str, status: str) -> None:
        assert landed(HEADER + self.ROWS, f"    max_quarantined: {limit}\n").status == status

    def test_empty_cells_are_no_values(self, landed) -> None:
        rows = "".join(f"{n},open,,,,\n" for n in range(30)) + "31,open,x,,,\n"
        assert landed(HEADER + rows).status == "landed"


class TestMapping:
    @pytest.mark.parametrize(("column", "source"), [("stage_id", "S"), ("opportunity_id", "I")])
    def test_a_required_column_cannot_be_left_empty(self, tmp_path: Path, column, source) -> None:
        columns = {"opportunity_id": "I", "stage_id": "S"}
        columns[column] = f"{{from: {source}, on_invalid: null}}"
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n  opportunities:\n    files: a.csv\n    columns:\n"
            + "".join(f"      {name}: {value}\n" for name, value in columns.items())
        )
        with pytest.raises(MappingError, match=f"requires {column}, so it cannot be left empty"):
            load_mapping(file)

    @pytest.mark.parametrize("word", ["null", '"null"', "~"])
    @pytest.mark.parametrize("key", ["on_invalid", "otherwise"])
    def test_null_means_null_with_and_without_quotes(
        self, tmp_path: Path, key: str, word: str
    ) -> None:
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n  opportunities:\n    files: a.csv\n    columns:\n"
            "      opportunity_id: I\n      stage_id: S\n"
            f"      lead_source: {{from: L, recode: {{a: b}}, {key}: {word}}}\n"
        )
        rules = {rule.column: rule for rule in load_mapping(file).feeds[0].columns or ()}
        assert getattr(rules["lead_source"], key) == "null"


class TestCheck:
    def test_says_what_would_be_emptied(self, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        folder.mkdir()
        (folder / "deals.csv").write_text(HEADER + ROWS)
        file = tmp_path / "m.yml"
        file.write_text("mapping: m\nsource: crm\ntables:\n" + FEED.replace("OPTIONS", ""))
        report = check_mapping(load_mapping(file), folder)
        assert (report.is_good, report.files[0].good_rows) == (True, 5)
        amount = next(c for c in report.files[0].columns if c.column == "amount")
        assert (amount.failed, amount.filled, amount.is_emptied) == (4, 1, True)

    def test_refuses_as_landing_would(self, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        folder.mkdir()
        (folder / "deals.csv").write_text(HEADER + TestTooMany.ROWS)
        os.utime(folder / "deals.csv", (1_700_000_000, 1_700_000_000))
        file = tmp_path / "m.yml"
        file.write_text("mapping: m\nsource: crm\ntables:\n" + FEED.replace("OPTIONS", ""))
        (report,) = check_mapping(load_mapping(file), folder).files
        assert "20 of 30 values of amount would be emptied" in str(report.error)
