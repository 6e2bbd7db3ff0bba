"""Mappings: inheritance, times and files, and what is refused, with file and line."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest

from ingestion.casting.compilation import project
from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import load_company
from ingestion.contracts.contract_files import load_contracts
from ingestion.errors import ExtractError, MappingError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.file_patterns import find_files, format_by_ending, matches
from ingestion.mapping.inline_rows import inline_columns, inline_relation
from ingestion.mapping.mapping_paths import SHIPPED, shipped_mappings
from ingestion.mapping.schema import json_schema_text
from ingestion.readers.source_files import SourceFile
from ingestion.text.yaml_source import parse_yaml

MAVEN = Path(__file__).parents[3] / "shared/data/maven_crm"

GOOD = """\
mapping: small
source: crm
time_zone: Europe/Berlin
extracted_at: {constant: 2018-01-01}
formats: {date: "%d.%m.%Y", null: [NULL]}
csv: {delimiter: ";"}
tables:
  opportunities:
    files: deals.csv
    formats: {decimal_point: ","}
    columns:
      opportunity_id: Id
      stage_id: {from: Stage, recode: {1: Won, yes: Lost}}
      forecast_category: {constant: commit}
      closed_date: {from: Closed, format: "%m/%d/%Y"}
      amount: {expression: "cast(Amount as decimal(18, 2)) * 2"}
  stages:
    rows:
      - {stage_id: Won, stage_name: Won, stage_order: 1, is_closed: true, is_won: true}
      - {stage_id: Lost, stage_name: Lost, stage_order: 2, is_closed: true, is_won: false}
  teams:
    - files: [a/*.csv, b.csv]
      csv: {header: false, columns: [id, name]}
      columns: {team_id: id, team_name: name}
    - files: teams.json
      columns: {team_id: {path: $.id}, team_name: {path: $.name.full}}
"""
# Changes of GOOD: (what is there, what stands instead, line of the error, part of its message).
WRONG = {
    "unknown key": ("time_zone:", "timezone:", 3, "unknown key 'timezone' (did you mean"),
    "not YAML": ("columns:\n", "columns: {\n", 13, "this is not YAML"),
    "key twice": ("source: crm", "source: crm\nsource: crm", 3, "stands here twice"),
    "missing key": ("source: crm\n", "", 1, "the key 'source' is missing"),
    "unknown zone": ("Europe/Berlin", "Berlin", 3, "there is no time zone 'Berlin'"),
    "unknown contract": ("source: crm", "source: cmr", 2, "no contract 'cmr' (did you mean 'crm'"),
    "unknown table": ("  teams:", "  team:", 21, "crm.team (did you mean 'teams'?)"),
    "unknown column": (
        "forecast_category:",
        "forecast_categorie:",
        14,
        "has no column 'forecast_categorie' (did you mean 'forecast_category'?)",
    ),
    "unknown column in rows": ("is_won: true}", "won: true}", 19, "has no column 'won'"),
    "required column not mapped": (
        "      opportunity_id: Id\n",
        "",
        11,
        "requires opportunity_id",
    ),
    "column that is neither name nor block": (
        "opportunity_id: Id",
        "opportunity_id: 5",
        12,
        "a co",
    ),
    "column without origin": ("{constant: commit}", "{recode: {a: b}}", 14, "exactly one of from"),
    "column with two origins": ("{constant: commit}", "{constant: x, from: y}", 14, "exactly one"),
    "otherwise alone": (
        '{from: Closed, format: "%m/%d/%Y"}',
        "{from: Closed, otherwise: keep}",
        15,
        "otherwise goes with recode",
    ),
    "format of a text": (
        "{from: Stage,",
        '{from: Stage, format: "%Y",',
        13,
        "'format' is for dates",
    ),
    "unknown format code": ('"%m/%d/%Y"', '"%m/%Q"', 15, "is not understood"),
    "format without code": ('"%m/%d/%Y"', "m/d/Y", 15, "holds no code"),
    "same separators": (
        'decimal_point: ","',
        'decimal_point: ",", thousands: ","',
        10,
        "the same character",
    ),
    "separators of one kind": (
        'decimal_point: ","',
        'decimal_point: "\u2019", thousands: "\'"',
        10,
        "the same character",
    ),
    "a digit for a separator": ('decimal_point: ","', 'decimal_point: "5"', 10, "decimal_point"),
    "a sign for a separator": ('decimal_point: ","', 'thousands: "-"', 10, "thousands"),
    "two characters for one": ('decimal_point: ","', 'thousands: ", "', 10, "thousands"),
    "unknown encoding": (
        'delimiter: ";"',
        "encoding: windows-9999",
        6,
        "there is no encoding 'windows-9999'; use auto, utf-8",
    ),
    "codec of bytes": ('delimiter: ";"', "encoding: base64", 6, "there is no encoding 'base64'"),
    "codec of names": ('delimiter: ";"', "encoding: idna", 6, "there is no encoding 'idna'"),
    "separators that meet by inheritance": (
        'amount: {expression: "cast(Amount as decimal(18, 2)) * 2"}',
        'amount: {from: Amount, formats: {thousands: ","}}',
        16,
        "the same character",
    ),
    "a part of a date twice": (
        'formats: {decimal_point: ","}',
        'formats: {calendar: jalali, date: "%Y/%m/%d %d"}',
        10,
        "cannot be read in the Jalali calendar",
    ),
    "code without a meaning in the calendar": (
        'formats: {decimal_point: ","}',
        'formats: {calendar: jalali, date: "%d %j"}',
        10,
        "the format '%d %j' cannot be read in the Jalali calendar",
    ),
    "format without a day in the calendar": (
        '{from: Closed, format: "%m/%d/%Y"}',
        '{from: Closed, format: "%Y/%m", formats: {calendar: jalali}}',
        15,
        "the format '%Y/%m' cannot be read in the Jalali calendar",
    ),
    "value outside the contract's enum": (
        "{constant: commit}",
        "{constant: sure}",
        14,
        "the value 'sure': forecast_category must be one of pipeline, best_case",
    ),
    "recoded value outside the enum": (
        "{constant: commit}",
        "{from: x, recode: {a: sure}}",
        14,
        "the value 'sure'",
    ),
    "bad expression": (
        "cast(Amount as decimal(18, 2)) * 2",
        "read_text('/etc/passwd')",
        16,
        "the expression `read_text('/etc/passwd')` uses the function 'read_text'",
    ),
    "unreadable expression": ("(18, 2)) * 2", "(18, 2)) *", 16, "is not one SQL expression"),
    "row with a wrong value": ("stage_order: 1", "stage_order: one", 19, "the value 'one'"),
    "row without a required value": (
        "stage_order: 2, ",
        "",
        20,
        "stage_order is required",
    ),
    "rows with one key": ("{stage_id: Lost", "{stage_id: Won", 20, "a row with the same key"),
    "neither files nor rows": ("    files: deals.csv\n", "", 8, "needs either files or rows"),
    "files without columns": (
        "      columns: {team_id: id, team_name: name}\n",
        "",
        22,
        "needs columns",
    ),
    "rows with options": (
        "  stages:\n",
        "  stages:\n    required: true\n",
        17,
        "takes no required",
    ),
    "folder outside": ("files: deals.csv", "files: ../deals.csv", 9, "must be relative"),
    "absolute path": ("files: deals.csv", "files: /deals.csv", 9, "must be relative"),
    "columns without header: false": ("header: false, ", "", 23, "where header is false"),
    "header: false without columns": (", columns: [id, name]}", "}", 23, "where header is false"),
    "header column twice": ("columns: [id, name]", "columns: [id, id]", 23, "a column twice"),
    "delimiter of two characters": ('";"', '";;"', 6, "'delimiter'"),
    "quoted number": ("files: deals.csv", "files: deals.csv\n    max_deleted: '1'", 10, "'max_del"),
    "share above one": (
        "files: deals.csv",
        "files: deals.csv\n    max_quarantined: 1.5",
        10,
        "'max_quarantined'",
    ),
    "unknown kind": ("files: deals.csv", "files: deals.csv\n    kind: all", 10, "'kind'"),
    "latest_by that is not mapped": (
        "files: deals.csv",
        "files: deals.csv\n    latest_by: modified_at",
        10,
        "latest_by needs modified_at among the columns",
    ),
    "two times": (
        "{constant: 2018-01-01}",
        "{constant: x, column: y}",
        4,
        "exactly one of constant",
    ),
    "no time": ("{constant: 2018-01-01}", "{constant: yesterday}", 4, "is no ISO timestamp"),
    "pattern without time": ("{constant: 2018-01-01}", "{pattern: abc}", 4, "a group named time"),
    "pattern that is none": (
        "{constant: 2018-01-01}",
        '{pattern: "(a"}',
        4,
        "no regular expression",
    ),
    "path that is none": ("{path: $.id}", "{path: $..id}", 26, "is no path into a record"),
    "path without start": ("{path: $.id}", "{path: id}", 26, "'path'"),
}


def loaded(folder: Path, text: str = GOOD) -> tuple[Feed, ...]:
    path = folder / "small.yml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path).feeds


def test_the_good_one(tmp_path: Path) -> None:
    deals, stages, teams, more_teams = loaded(tmp_path)
    assert deals.full_name == "crm.opportunities"
    assert (deals.source_system, deals.time_zone) == ("small", "Europe/Berlin")
    assert (deals.kind, deals.max_deleted, deals.required) == ("full", 0.5, False)
    assert deals.csv.delimiter == ";"
    # The feed's formats add to the mapping's, and the column's to both.
    assert (deals.formats.date, deals.formats.decimal_point) == (("%d.%m.%Y",), ",")
    rules = {rule.column: rule for rule in deals.columns or ()}
    assert rules["closed_date"].formats.date == ("%m/%d/%Y",)
    assert rules["closed_date"].formats.null_words == ("NULL",)
    # Keys of recode are text, whatever YAML would make of them.
    assert rules["stage_id"].recode == (("1", "Won"), ("yes", "Lost"))
    assert rules["amount"].extract_columns == ("Amount",)
    assert stages.inline is not None
    assert stages.inline.records[1] == ("Lost", "Lost", "2", "true", "false")
    assert teams.files == ("a/*.csv", "b.csv")
    assert (teams.csv.header, teams.csv.columns, teams.csv.delimiter) == (
        False,
        ("id", "name"),
        ";",
    )
    assert [rule.path for rule in more_teams.columns or ()] == [("id", ""), ("name", "$.full")]


@pytest.mark.parametrize("case", WRONG)
def test_wrong_mapping_names_file_and_line(case: str, tmp_path: Path) -> None:
    old, new, line, message = WRONG[case]
    assert old in GOOD, "the case changes nothing"
    with pytest.raises(MappingError) as caught:
        loaded(tmp_path, GOOD.replace(old, new, 1))
    first = caught.value.message.splitlines()[0]
    assert first.startswith(f"{tmp_path / 'small.yml'}:{line}: "), first
    assert message in first


def test_unknown_mapping_is_met_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="did you mean 'maven'"):
        load_mapping("mavn")
    with pytest.raises(MappingError, match="no such file"):
        load_mapping(tmp_path / "none.yml")


def test_dump_changes_with_the_meaning_and_not_with_the_lines(tmp_path: Path) -> None:
    """Landing takes the dump for the fingerprint of what a file was read with."""
    before = loaded(tmp_path)[0].model_dump_json()
    moved = loaded(tmp_path, "# a comment\n" + GOOD)[0].model_dump_json()
    changed = loaded(tmp_path, GOOD.replace("* 2", "* 3"))[0].model_dump_json()
    assert before == moved
    assert before != changed
    assert "small.yml" not in before


@pytest.mark.parametrize("name", shipped_mappings())
def test_shipped_mappings_fit_their_contracts_and_the_schema(name: str) -> None:
    assert load_mapping(name).name == name
    path = SHIPPED / f"{name}.yml"
    document = parse_yaml(path.read_text(encoding="utf-8"), path, MappingError)
    jsonschema.validate(document.data, json.loads(json_schema_text()))


def test_the_schema_tells_editors_of_mistakes(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(json_schema_text()))
    good = parse_yaml(GOOD, Path("small.yml"), MappingError).data
    assert list(validator.iter_errors(good)) == []
    good["tables"]["opportunities"]["kind"] = "all"
    assert len(list(validator.iter_errors(good))) == 1


class TestTimes:
    def feed(self, folder: Path, rule: str) -> Feed:
        return loaded(folder, GOOD.replace("{constant: 2018-01-01}", rule))[0]

    def test_constant_is_in_the_mappings_zone(self, tmp_path: Path) -> None:
        feed = self.feed(tmp_path, "{constant: 2018-01-01}")
        assert feed.time_of("deals.csv") == datetime(2017, 12, 31, 23, tzinfo=UTC)

    def test_constant_with_offset(self, tmp_path: Path) -> None:
        feed = self.feed(tmp_path, "{constant: 2018-01-01T00:00:00Z}")
        assert feed.time_of("deals.csv") == datetime(2018, 1, 1, tzinfo=UTC)

    def test_pattern_in_the_path(self, tmp_path: Path) -> None:
        feed = self.feed(tmp_path, '{pattern: "x_(?P<time>[0-9]{8})", format: "%Y%m%d"}')
        assert feed.time_of("x_20180701/deals.csv") == datetime(2018, 6, 30, 22, tzinfo=UTC)
        with pytest.raises(ExtractError, match="does not hold the time"):
            feed.time_of("deals.csv")
        with pytest.raises(ExtractError, match="'20181301' in its path is no time"):
            feed.time_of("x_20181301/deals.csv")

    def test_pattern_in_the_folders_own_name(self, tmp_path: Path) -> None:
        feed = self.feed(tmp_path, '{pattern: "x_(?P<time>[0-9]{8})", format: "%Y%m%d"}')
        july, august = datetime(2018, 6, 30, 22, tzinfo=UTC), datetime(2018, 7, 31, 22, tzinfo=UTC)
        assert feed.time_of("deals.csv", "x_20180701") == july
        assert feed.time_of("x_20180801/deals.csv", "x_20180701") == august
        (tmp_path / "x_20180701").mkdir()
        (tmp_path / "x_20180701" / "deals.csv").touch()
        file = SourceFile(tmp_path / "x_20180701" / "deals.csv", "deals.csv")
        assert file.folder_name == "x_20180701"

    def test_optional_pattern(self, tmp_path: Path) -> None:
        feed = self.feed(tmp_path, '{pattern: "x_(?P<time>[0-9-]+)", optional: true}')
        assert feed.time_of("deals.csv") is None

    def test_records_or_modification_time_say_it(self, tmp_path: Path) -> None:
        assert self.feed(tmp_path, "{column: as_of}").time_of("deals.csv") is None
        without = GOOD.replace("extracted_at: {constant: 2018-01-01}\n", "")
        assert loaded(tmp_path, without)[0].time_of("deals.csv") is None

    def test_rows_hold_always_unless_they_say_otherwise(self, tmp_path: Path) -> None:
        assert loaded(tmp_path)[1].time_of("") == datetime(1970, 1, 1, tzinfo=UTC)
        text = GOOD.replace("  stages:\n", "  stages:\n    extracted_at: {constant: 2020-01-01}\n")
        stages = loaded(tmp_path, text)[1]
        assert stages.time_of("") == datetime(2019, 12, 31, 23, tzinfo=UTC)


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "pattern", "fits"),
        [
            ("deals.csv", "deals.csv", True),
            ("Deals.CSV", "deals.csv", True),
            ("deals.csv.gz", "deals.csv", True),
            ("deals.csv.bak", "deals.csv", False),
            ("a/deals.csv", "deals.csv", False),
            ("a/b/deals.csv", "**/deals.csv", True),
            ("deals.csv", "**/deals.csv", True),
            ("mydeals.csv", "**/deals.csv", False),
            ("a/deals.csv", "*/deals.csv", True),
            ("a/b/deals.csv", "*/deals.csv", False),
            ("deals_1.csv", "deals_?.csv", True),
            ("deals_a.csv", "deals_[0-9].csv", False),
            ("deals_a.csv", "deals_[!0-9].csv", True),
            ("night_1/opportunities.csv", "**/opportunities.*", True),
            ("night_1/opportunities.parquet", "**/opportunities.*", True),
            ("night_1/opportunities.jsonl.gz", "**/opportunities.*", True),
            ("night_1/opportunities.delta.csv", "**/opportunities.*", False),
            ("night_1/opportunities.delta.csv", "**/opportunities.delta.*", True),
            ("night_1/opportunities.csv.md5", "**/opportunities.*", False),
            (".deals.csv", "*.csv", False),
            ("~$deals.xlsx", "*.xlsx", False),
            ("it's [a] *; drop table x.csv", "it's [a] *; drop table x.csv", True),
            ("it's (a) +.csv", "it's (a) *.csv", True),
        ],
    )
    def test_matching(self, name: str, pattern: str, fits: bool) -> None:
        assert matches(name, pattern) is fits

    def test_search(self, tmp_path: Path) -> None:
        for name in ("b/deals.csv", "a/deals.csv", "a/other.csv", "a/deals.csv.d/x"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        found = find_files(tmp_path, ("**/deals.csv", "a/*.csv"))
        assert [path.relative_to(tmp_path).as_posix() for path in found] == [
            "a/deals.csv",
            "a/other.csv",
            "b/deals.csv",
        ]

    def test_formats_by_ending(self) -> None:
        names = {
            "a.CSV.gz": "csv",
            "a.tsv": "csv",
            "a.ndjson": "jsonl",
            "a.xlsx": "xlsx",
            "a": None,
        }
        assert {name: format_by_ending(name) for name in names} == names


class TestCanonical:
    def test_full_and_delta_files_go_to_their_own_feeds(self) -> None:
        feeds = load_mapping("canonical").feeds
        names = {
            "night_2026-01-05/opportunities.csv": ("opportunities", "full"),
            "night_2026-01-06/opportunities.delta.csv": ("opportunities", "delta"),
            "opportunity_line_items.parquet": ("opportunity_line_items", "full"),
            "x/opportunity_line_items.delta.jsonl": ("opportunity_line_items", "delta"),
            "person_crosswalk.xlsx": ("person_crosswalk", "full"),
        }
        for name, expected in names.items():
            taking = [f for f in feeds if any(matches(name, pattern) for pattern in f.files)]
            assert [(f.table, f.kind) for f in taking] == [expected]

    def test_every_contract_table_is_fed(self) -> None:
        fed = {feed.full_name for feed in load_mapping("canonical").feeds}
        assert fed == {table.full_name for table in load_contracts()}

    def test_folder_of_a_night_says_the_start_of_its_day(self) -> None:
        feed = load_mapping("canonical").feeds[0]
        assert feed.time_of("night_2026-01-05/users.csv") == datetime(2026, 1, 5, tzinfo=UTC)
        assert feed.time_of("users.csv") is None


class TestMaven:
    """Figures of the published set; see its README."""

    @pytest.fixture(scope="class")
    def tables(self) -> duckdb.DuckDBPyConnection:
        if not MAVEN.is_dir():
            pytest.skip("../shared/data/maven_crm is not here")
        connection = duckdb.connect()
        for feed in load_mapping("maven").feeds:
            self.project(connection, feed)
        return connection

    def project(self, connection: duckdb.DuckDBPyConnection, feed: Feed) -> None:
        table = load_contracts().table(feed.source, feed.table)
        if feed.inline is not None:
            relation, header = inline_relation(feed.inline), list(feed.inline.header)
            columns = inline_columns(feed.inline)
        else:
            (path,) = find_files(MAVEN, feed.files)
            relation = f"read_csv('{path}', all_varchar = true)"
            header = [entry[0] for entry in connection.execute(f"from {relation}").description]
            columns = {name: f'"{name}"' for name in header}
        select = project(feed, table, header, columns).select_sql(relation)
        connection.execute(f"create table {feed.table} as select distinct * from ({select})")
        failed = connection.execute(f"select count(_failed_reason) from {feed.table}").fetchone()
        assert failed == (0,)

    def one(self, tables: duckdb.DuckDBPyConnection, sql: str) -> Any:
        return tables.execute(sql).fetchall()

    def test_deals_by_stage(self, tables: duckdb.DuckDBPyConnection) -> None:
        found = self.one(
            tables, "select stage_id, count(*) from opportunities group by 1 order by 2"
        )
        assert found == [("Prospecting", 500), ("Engaging", 1589), ("Lost", 2473), ("Won", 4238)]

    def test_won_value(self, tables: duckdb.DuckDBPyConnection) -> None:
        found = self.one(tables, "select sum(amount) from opportunities where stage_id = 'Won'")
        assert found == [(Decimal("10005534.00"),)]

    def test_every_product_of_a_deal_is_in_the_price_list(
        self, tables: duckdb.DuckDBPyConnection
    ) -> None:
        open_value = self.one(
            tables,
            "select count(*), sum(list_price) from opportunities inner join products "
            "using (product_id) where closed_date is null",
        )
        assert open_value == [(2089, Decimal("4966215.00"))]

    def test_teams_offices_and_spelling(self, tables: duckdb.DuckDBPyConnection) -> None:
        assert self.one(tables, "select count(*), count(distinct team_id) from teams") == [(6, 6)]
        assert self.one(tables, "select count(*) from branches") == [(3,)]
        assert self.one(tables, "select count(*) from users") == [(35,)]
        misspelt = "industry = 'technolgy' or segment = 'technolgy' or country = 'Philipines'"
        assert self.one(tables, f"select count(*) from accounts where {misspelt}") == [(0,)]
        acme = "select annual_revenue from accounts where account_id = 'Acme Corporation'"
        assert self.one(tables, acme) == [(Decimal("1100040000.00"),)]

    def test_stages_are_in_order(self, tables: duckdb.DuckDBPyConnection) -> None:
        found = self.one(
            tables,
            "select stage_id, is_closed, is_won, probability from stages order by stage_order",
        )
        assert found == [
            ("Prospecting", False, False, None),
            ("Engaging", False, False, None),
            ("Won", True, True, None),
            ("Lost", True, False, None),
        ]

    def test_the_extract_speaks_for_the_end_of_2017(self) -> None:
        feed = load_mapping("maven").feeds[0]
        assert feed.time_of("sales_pipeline.csv") == datetime(2018, 1, 1, tzinfo=UTC)
        assert [f.table for f in load_mapping("maven").feeds if f.required] == ["opportunities"]


class TestDocumentation:
    """The docs' own examples are loaded, or they would rot."""

    DOCS = Path(__file__).parents[2] / "docs"
    PAGE = (DOCS / "start" / "mappings.md").read_text(encoding="utf-8")
    REFERENCE = (DOCS / "reference" / "mapping-reference.md").read_text(encoding="utf-8")

    def test_the_first_mapping_reads_its_file(self, tmp_path: Path) -> None:
        cells = re.search(r"```csv\n(.*?)```", self.PAGE, re.DOTALL)
        mapping = re.search(r"```yaml\n(# yaml-language-server.*?)```", self.PAGE, re.DOTALL)
        assert cells is not None
        assert mapping is not None
        (tmp_path / "deals.csv").write_text(cells[1], encoding="utf-8")
        (tmp_path / "mycrm.yml").write_text(mapping[1], encoding="utf-8")
        report = check_mapping(load_mapping(tmp_path / "mycrm.yml"), tmp_path)
        deals, stages = report.files
        assert (deals.good_rows, stages.good_rows) == (2, 3)
        assert deals.unmapped == ()
        columns = {column.column: column for column in deals.columns}
        assert columns["amount"].samples == ("1250.00",)
        assert columns["closed_date"].samples == ("2017-12-24",)

    def test_examples_of_columns(self, tmp_path: Path) -> None:
        lines = re.findall(r"^(\w+: \{(?:expression|from): .*\})$", self.REFERENCE, re.MULTILINE)
        assert len(lines) == 5
        tables = {
            "annual_revenue": ("accounts", "account", "account_name: c"),
            "activity_type": ("activities", "activity", "activity_type: c"),
        }
        text = "mapping: docs\nsource: crm\ntables:\n"
        for line in lines:
            column = line.partition(":")[0]
            table, key, required = tables.get(
                column, ("opportunities", "opportunity", "stage_id: c")
            )
            given = "" if required.startswith(column) else f"      {required}\n"
            own = text + (
                f"  {table}:\n    files: x.csv\n    columns:\n      {key}_id: a\n{given}"
                f"      {line}\n"
            )
            assert loaded(tmp_path, own)[0].table == table

    def test_every_key_is_documented(self) -> None:
        schema = json.loads(json_schema_text())
        parts = [schema, *schema["$defs"].values()]
        bodies = [body for part in parts for body in (part, *part.get("anyOf", []))]
        keys = {key for body in bodies for key in body.get("properties", {})}
        assert {key for key in keys if not re.search(rf"\b{key}\b", self.REFERENCE)} == set()

    def test_the_page_is_read_in_ten_minutes(self) -> None:
        assert len(self.PAGE.split()) <= 2_000

    @pytest.mark.parametrize(
        ("heading", "cells", "samples"),
        [
            (
                "Salesforce's OpportunityHistory",
                "Id,OpportunityId,CreatedDate,StageName,Amount,CloseDate,Probability\n"
                "a,7,2026-01-05T10:00:00Z,Open,500,2026-03-31,20\n"
                "b,7,2026-01-05T10:00:00Z,Offer,500,2026-03-31,62.5\n",
                {"stage_id": ("Open", "Offer"), "probability": ("0.200000", "0.625000")},
            ),
            (
                "Its OpportunityFieldHistory",
                "Id,OpportunityId,Field,OldValue,NewValue,CreatedDate,CreatedById\n"
                "a,7,StageName,Open,Offer,2026-01-05T10:00:00Z,u\n"
                "b,7,Amount,500,650.50,2026-01-05T10:00:00Z,u\n"
                "c,7,NextStep,,call,2026-01-05T10:00:00Z,u\n",
                {"field_name": ("stage_id", "amount"), "new_value": ("Offer", "650.50")},
            ),
            (
                "A property history of HubSpot",
                "deal_id,property,timestamp,value,source\n"
                "7,dealstage,2026-01-05T10:00:00Z,open,CRM_UI\n"
                "7,closedate,2026-01-06T10:00:00Z,2026-03-31,CRM_UI\n"
                "7,dealname,2026-01-06T10:00:00Z,Bridge,CRM_UI\n",
                {
                    "field_name": ("stage_id", "expected_close_date"),
                    "history_id": (
                        "7|dealstage|2026-01-05t10:00:00z",
                        "7|closedate|2026-01-06t10:00:00z",
                    ),
                },
            ),
        ],
    )
    def test_histories_of_known_systems(
        self, tmp_path: Path, heading: str, cells: str, samples: dict[str, tuple[str, ...]]
    ) -> None:
        example = self.REFERENCE.partition(f"\n{heading}")[2]
        found = re.search(r"```yaml\n(.*?)```", example, re.DOTALL)
        assert found
        name = re.search(r'files: "([^"]+)"', found[1])
        assert name
        (tmp_path / name[1].replace("*", "_1")).write_text(cells, encoding="utf-8")
        indented = found[1].replace("\n", "\n  ")
        mapping = tmp_path / "history.yml"
        mapping.write_text(f"mapping: history\nsource: crm\ntables:\n  {indented}\n")
        report = check_mapping(load_mapping(mapping), tmp_path)
        assert report.is_good, report.problems
        columns = {column.column: column for column in report.files[0].columns}
        assert {column: columns[column].samples for column in samples} == samples
        assert report.files[0].set_aside == 0


class TestPageOfIranianExports:
    """The page's files and settings are read, in both languages."""

    PAGES = tuple(
        (Path(__file__).parents[2] / "docs" / "how-to" / name).read_text(encoding="utf-8")
        for name in ("iranian-exports.md", "iranian-exports.fa.md")
    )

    def test_its_mapping_reads_its_file(self, tmp_path: Path) -> None:
        (cells,) = {re.findall(r"```csv\n(.*?)```", page, re.DOTALL)[0] for page in self.PAGES}
        mapping = re.findall(r"```yaml\n(mapping: .*?)```", self.PAGES[0], re.DOTALL)[0]
        (tmp_path / "deals.csv").write_text(cells, encoding="utf-8")
        (tmp_path / "foroosh.yml").write_text(mapping, encoding="utf-8")
        deals, stages = check_mapping(load_mapping(tmp_path / "foroosh.yml"), tmp_path).files
        assert (deals.good_rows, stages.good_rows) == (3, 3)
        columns = {column.column: column for column in deals.columns}
        assert columns["amount"].samples == ("12500000.00", "8000000.00", "3200000.00")
        assert columns["created_date"].samples == ("2025-05-21", "2025-05-22", "2025-07-06")
        assert columns["closed_date"].samples == ("2025-05-31", "2025-06-26")

    def test_its_company_has_its_holidays(self, tmp_path: Path) -> None:
        (settings,) = {
            re.findall(r"```yaml\n(calendar: .*?)```", page, re.DOTALL)[0] for page in self.PAGES
        }
        (tmp_path / "company.yml").write_text(settings, encoding="utf-8")
        company = load_company(tmp_path / "company.yml")
        days = company.days_off()
        assert days.holidays[date(2025, 3, 21)] == "Nowruz"
        assert days.holidays[date(2025, 5, 5)] == "سالگرد شرکت"
        assert date(2025, 4, 1) in days.working
        assert date(2025, 4, 2) in days.holidays
