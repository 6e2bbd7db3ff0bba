"""Casts and headers: what a feed makes of cells, and which header it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.casting.compilation import project
from ingestion.casting.projection import Projection
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.tables import Contracts
from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed
from ingestion.readers.records import named_columns

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: lab
name: lab
version: 1.0.0
status: active
description: {purpose: Every type and rule once.}
schema:
  - name: samples
    description: One row per sample.
    properties:
      - {name: sample_id, logicalType: string, required: true, primaryKey: true, description: Id.}
      - {name: parent_id, logicalType: string, relationships: [{to: samples.sample_id}],
         description: Parent.}
      - {name: label, logicalType: string, logicalTypeOptions: {maxLength: 5}, description: Label.}
      - {name: grade, logicalType: string, logicalTypeOptions: {enum: [good, bad]},
         description: Grade.}
      - {name: unit, logicalType: string, logicalTypeOptions: {pattern: "^[A-Z]{3}$"},
         description: Unit.}
      - {name: pieces, logicalType: integer, logicalTypeOptions: {minimum: 0, maximum: 100},
         description: Pieces.}
      - {name: price, logicalType: number, physicalType: "decimal(9,2)", description: Price.}
      - {name: rate, logicalType: number, physicalType: "decimal(9,4)",
         logicalTypeOptions: {exclusiveMinimum: 0}, description: Rate.}
      - {name: is_open, logicalType: boolean, description: Open.}
      - {name: taken_on, logicalType: date, description: Day.}
      - {name: taken_at, logicalType: timestamp, description: Moment.}
"""


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    folder = tmp_path_factory.mktemp("contracts")
    (folder / "lab.yml").write_text(CONTRACT, encoding="utf-8")
    return load_contracts(folder)


def feed_of(
    contracts: Contracts, folder: Path, columns: dict[str, Any] | str, **options: Any
) -> Feed:
    """Loads a mapping of one feed; JSON is YAML."""
    top = {name: options.pop(name) for name in ("time_zone", "id_prefix") if name in options}
    feed = {"files": "samples.csv", "columns": columns, **options}
    content = {"mapping": "test", "source": "lab", **top, "tables": {"samples": feed}}
    path = folder / "mapping.yml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return load_mapping(path, contracts).feeds[0]


def compiled(contracts: Contracts, feed: Feed, header: list[str]) -> Projection:
    sql = {name: f"c{i}" for i, name in enumerate(header)}
    return project(feed, contracts.table("lab", "samples"), header, sql)


def results(
    contracts: Contracts, feed: Feed, header: list[str], rows: list[tuple[str | None, ...]]
) -> list[dict[str, Any]]:
    """Projects rows of text and gives every column of the result."""
    projection = compiled(contracts, feed, header)
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        connection.execute("set TimeZone = 'America/New_York'")  # must not matter
        connection.execute("set lock_configuration = true")
        columns = ", ".join(f"c{i} varchar" for i in range(len(header)))
        connection.execute(f"create table cells (line bigint, {columns})")
        places = ", ".join("?" for _ in range(len(header) + 1))
        for line, row in enumerate(rows, start=1):
            connection.execute(f"insert into cells values ({places})", [line, *row])
        cursor = connection.execute(projection.select_sql("cells", ["line"]) + " order by line")
        names = [entry[0] for entry in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def cast(
    contracts: Contracts,
    folder: Path,
    column: str,
    cells: Sequence[str | None],
    rule: dict[str, Any] | None = None,
    **options: Any,
) -> list[Any]:
    """Gives the value of each cell, or the reason code where it failed."""
    columns = {"sample_id": "id", column: {"from": "x", **(rule or {})}}
    feed = feed_of(contracts, folder, columns, **options)
    rows: list[tuple[str | None, ...]] = [(str(i), cell) for i, cell in enumerate(cells)]
    found = results(contracts, feed, ["id", "x"], rows)
    for row in found:
        assert (row["_failed_column"] is None) == (row["_failed_reason"] is None)
    return [
        row[column] if row["_failed_reason"] is None else row["_failed_reason"] for row in found
    ]


def test_numbers_are_exact_or_refused(contracts: Contracts, tmp_path: Path) -> None:
    cells = {
        "5": Decimal("5.00"),
        "-4514.5": Decimal("-4514.50"),
        "+0.07": Decimal("0.07"),
        ".5": Decimal("0.50"),
        "5.": Decimal("5.00"),
        "1.2300": Decimal("1.23"),
        " 7 ": Decimal("7.00"),
        "\t8\u00a0": Decimal("8.00"),
        "": None,
        "   ": None,
        "1.239": "would_round",
        # As a double it is 1.23, and no person writes such a number.
        "1.2300000000000000000000000000000000000001": Decimal("1.23"),
        "0.30000000000000004": Decimal("0.30"),
        "59.96999999999999": Decimal("59.97"),
        "-0.30000000000000004": Decimal("-0.30"),
        "0.30000001000000004": "would_round",
        "1.2399999999": "would_round",
        "1.2300000001": "would_round",
        "12345678.00": "out_of_range",
        "1e3": "cast_failed",
        "1_000": "cast_failed",
        "0x10": "cast_failed",
        "inf": "cast_failed",
        "NaN": "cast_failed",
        "1,000": "cast_failed",
        "12 000": "cast_failed",
        "--5": "cast_failed",
        "٥": Decimal("5.00"),
        "१२.५": Decimal("12.50"),
        "\u200f۱٬۲۳۴٫۵\u200e": Decimal("1234.50"),
        "12٫5": Decimal("12.50"),
        "1٬23": "cast_failed",
        "٥x": "cast_failed",
        "5\n6": "cast_failed",
        "-": "cast_failed",
        ".": "cast_failed",
    }
    assert dict(zip(cells, cast(contracts, tmp_path, "price", list(cells)), strict=True)) == cells


def test_whole_numbers(contracts: Contracts, tmp_path: Path) -> None:
    cells = {
        "7": 7,
        "007": 7,
        "7.0": 7,
        "100": 100,
        "101": "out_of_range",
        "-1": "out_of_range",
        "7.5": "would_round",
        "99999999999999999999": "out_of_range",
        "seven": "cast_failed",
    }
    assert dict(zip(cells, cast(contracts, tmp_path, "pieces", list(cells)), strict=True)) == cells


def test_separators_must_stand_between_groups(contracts: Contracts, tmp_path: Path) -> None:
    cells = {
        "1.234.567,89": Decimal("1234567.89"),
        "1234567,89": Decimal("1234567.89"),
        "-12,5": Decimal("-12.50"),
        "1.5": "cast_failed",  # a group of one digit: neither 1.5 nor 15 would be safe
        "12.34,5": "cast_failed",
        "1,234,5": "cast_failed",
        ",5": Decimal("0.50"),
        "1.234,567": "would_round",
    }
    formats = {"decimal_point": ",", "thousands": "."}
    found = cast(contracts, tmp_path, "price", list(cells), formats=formats)
    assert dict(zip(cells, found, strict=True)) == cells


def test_booleans(contracts: Contracts, tmp_path: Path) -> None:
    cells = ["TRUE", "no", "1", "", "maybe"]
    assert cast(contracts, tmp_path, "is_open", cells) == [True, False, True, None, "cast_failed"]
    words = {"true": "ja", "false": ["nein", "nee"]}
    cells = ["Ja", "NEE", "yes"]
    assert cast(contracts, tmp_path, "is_open", cells, {"formats": words}) == [
        True,
        False,
        "cast_failed",
    ]


def test_words_for_true_do_not_depend_on_the_keyboard(contracts: Contracts, tmp_path: Path) -> None:
    words = {"true": "بلی", "false": "خير"}
    cells = ["بلي", "بلی", "خیر", "خير", "خـیر", "نه"]
    expected = [True, True, False, False, False, "cast_failed"]
    assert cast(contracts, tmp_path, "is_open", cells, {"formats": words}) == expected


@pytest.mark.parametrize("word", ["درجه ۱", "درجه 1", "درجه ١", "درجه\u200c۱"])
def test_words_for_true_do_not_depend_on_the_script_of_digits(
    contracts: Contracts, tmp_path: Path, word: str
) -> None:
    words = {"formats": {"true": word, "false": ["۰", "Été"]}}
    cells = ["درجه ۱", "درجه 1", "درجه\u200c١", "\u200fدرجه ۱", "0", "٠", "ÉTÉ", "E\u0301te\u0301"]
    expected = [True] * 4 + [False] * 4
    assert cast(contracts, tmp_path, "is_open", [*cells, "درجه ۲"], words) == [
        *expected,
        "cast_failed",
    ]


@pytest.mark.parametrize("cell", ["۱", "١", "１", "1"])
def test_the_words_that_need_no_declaration_do_not_either(
    contracts: Contracts, tmp_path: Path, cell: str
) -> None:
    assert cast(contracts, tmp_path, "is_open", [cell, "۰"]) == [True, False]


def test_dates(contracts: Contracts, tmp_path: Path) -> None:
    cells = {
        "2017-02-28": date(2017, 2, 28),
        "2017-02-28 23:30:00": date(2017, 2, 28),
        # 23:30 in UTC is the next day in Berlin, the mapping's zone.
        "2017-02-28T23:30:00Z": date(2017, 3, 1),
        "2017-02-28T23:30:00+01:00": date(2017, 2, 28),
        "2017-02-29": "cast_failed",
        "2017-1-1": "cast_failed",
        "2017/01/01": "cast_failed",
        "01/02/2017": "cast_failed",
        "infinity": "cast_failed",
        "epoch": "cast_failed",
        "0017-01-01": "cast_failed",
        "12017-01-01": "cast_failed",
        "2017-01-01 (BC)": "cast_failed",
    }
    found = cast(contracts, tmp_path, "taken_on", list(cells), time_zone="Europe/Berlin")
    assert dict(zip(cells, found, strict=True)) == cells


def test_dates_by_format(contracts: Contracts, tmp_path: Path) -> None:
    cells = {
        "12/31/2017": date(2017, 12, 31),
        "1/2/2017": date(2017, 1, 2),
        "31.12.2017": date(2017, 12, 31),
        "2017-12-31": date(2017, 12, 31),
        "1/2/17": "cast_failed",  # %Y takes it as the year 17
        "13/1/2017": "cast_failed",
        "12/31/2017 x": "cast_failed",
    }
    rule = {"format": ["%m/%d/%Y", "%d.%m.%Y"]}
    found = cast(contracts, tmp_path, "taken_on", list(cells), rule)
    assert dict(zip(cells, found, strict=True)) == cells


def test_iso_is_no_fallback_where_the_day_comes_first(contracts: Contracts, tmp_path: Path) -> None:
    cells = ["2017-31-12", "2017-12-31"]
    found = cast(contracts, tmp_path, "taken_on", cells, {"format": "%Y-%d-%m"})
    assert found == [date(2017, 12, 31), "cast_failed"]


def test_timestamps_become_utc(contracts: Contracts, tmp_path: Path) -> None:
    cells = {
        "2017-07-01 10:00:00": datetime(2017, 7, 1, 8),
        "2017-01-01T10:00": datetime(2017, 1, 1, 9),
        "2017-01-01 10:00:00.123456": datetime(2017, 1, 1, 9, 0, 0, 123456),
        "2017-01-01": datetime(2016, 12, 31, 23),
        "2017-01-01T10:00:00Z": datetime(2017, 1, 1, 10),
        "2017-01-01T10:00z": datetime(2017, 1, 1, 10),
        "2017-01-01 10:00:00 Z": datetime(2017, 1, 1, 10),
        "2017-01-01T10:00:00+02:00": datetime(2017, 1, 1, 8),
        "2017-01-01T10:00:00.5-0530": datetime(2017, 1, 1, 15, 30, 0, 500000),
        "2017-01-01 10:00 +02": datetime(2017, 1, 1, 8),
        # Clocks skip from 02:00 to 03:00: taken as if they had not, 02:30 +01:00.
        "2017-03-26 02:30:00": datetime(2017, 3, 26, 1, 30),
        "2017-01-01T10:00:00+99:00": "cast_failed",
        "2017-01-01T25:00:00": "cast_failed",
        "2017-13-01 10:00:00": "cast_failed",
        "2017-01-01 10:00:00 Europe/Paris": "cast_failed",
        "infinity": "cast_failed",
        "now": "cast_failed",
    }
    found = cast(contracts, tmp_path, "taken_at", list(cells), time_zone="Europe/Berlin")
    assert dict(zip(cells, found, strict=True)) == cells


def test_timestamps_by_format(contracts: Contracts, tmp_path: Path) -> None:
    cells = {
        "7/1/2017 10:00": datetime(2017, 7, 1, 8),
        "7/1/2017 10:00 +0530": datetime(2017, 7, 1, 4, 30),
        "2017-07-01T10:00:00Z": datetime(2017, 7, 1, 10),
        "7/1/17 10:00": "cast_failed",
    }
    rule = {"format": ["%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M %z"]}
    found = cast(contracts, tmp_path, "taken_at", list(cells), rule, time_zone="Europe/Berlin")
    assert dict(zip(cells, found, strict=True)) == cells


def test_rules_of_the_contract(contracts: Contracts, tmp_path: Path) -> None:
    assert cast(contracts, tmp_path, "label", ["äöüéß", "abcdef", ""]) == [
        "äöüéß",
        "too_long",
        None,
    ]
    assert cast(contracts, tmp_path, "grade", ["good", "Good"]) == ["good", "not_in_enum"]
    assert cast(contracts, tmp_path, "unit", ["EUR", "eur", "EUR\nX", None]) == [
        "EUR",
        "pattern_mismatch",
        "pattern_mismatch",
        None,
    ]
    assert cast(contracts, tmp_path, "rate", ["0.0001", "0"]) == [Decimal("0.0001"), "out_of_range"]


def test_null_words_and_required_values(contracts: Contracts, tmp_path: Path) -> None:
    feed = feed_of(
        contracts, tmp_path, {"sample_id": "id", "label": "x"}, formats={"null": ["NULL", "-"]}
    )
    found = results(contracts, feed, ["id", "x"], [("a", "-"), (" NULL ", "b"), ("c", "null")])
    assert [row["label"] for row in found] == [None, "b", "null"]
    assert found[1]["_failed_column"] == "sample_id"
    assert found[1]["_failed_reason"] == "required_missing"
    assert [row["_failed_reason"] for row in (found[0], found[2])] == [None, None]


def test_recode(contracts: Contracts, tmp_path: Path) -> None:
    cells = ["A", "b", "", "good"]
    codes = {"A": "good", "": "bad"}
    kept = cast(contracts, tmp_path, "grade", cells, {"recode": codes})
    assert kept == ["good", "not_in_enum", "bad", "good"]
    emptied = cast(contracts, tmp_path, "grade", cells, {"recode": codes, "otherwise": "null"})
    assert emptied == ["good", None, "bad", None]
    refused = cast(
        contracts, tmp_path, "label", cells, {"recode": {"A": "x"}, "otherwise": "quarantine"}
    )
    assert refused == ["x", "not_in_enum", None, "not_in_enum"]


def test_keys_made_of_names(contracts: Contracts, tmp_path: Path) -> None:
    columns = {"sample_id": {"key_of": ["name", "city"]}}
    feed = feed_of(contracts, tmp_path, columns)
    rows: list[tuple[str | None, ...]] = [
        (" Acme  Corp", "BERLIN"),
        ("acme corp", "Berlin "),
        ("a|", "b"),
        ("a", "|b"),
        ("Acme", ""),
        ("", ""),
    ]
    found = results(contracts, feed, ["name", "city"], rows)
    keys = [row["sample_id"] for row in found]
    assert keys[0] == keys[1] == "acme corp|berlin"
    assert keys[2] != keys[3]
    assert keys[4] == "acme|"
    assert found[5]["_failed_reason"] == "blank"


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (
            ["پارس یکتا", "پارس يكتا", "پارس  یکتا", "پارس\u200cیکتا", " پارس یکتا\u200c"],
            "پارس یکتا",
        ),
        (["نیک‌گستر", "نيك گستر", "نیک\u200c گستر", "نیـک گستر"], "نیک گستر"),
        (["كاوه", "کاوه", "کـــاوه"], "کاوه"),
        (["Café\u00a0Noir", "CAFÉ NOIR", "Cafe\u0301 Noir"], "café noir"),
    ],
)
def test_keys_do_not_depend_on_the_keyboard(
    contracts: Contracts, tmp_path: Path, spellings: list[str], key: str
) -> None:
    feed = feed_of(contracts, tmp_path, {"sample_id": {"key_of": ["name"]}})
    found = results(contracts, feed, ["name"], [(each,) for each in spellings])
    assert [row["sample_id"] for row in found] == [key] * len(spellings)


def test_id_prefix_goes_before_keys_and_references_only(
    contracts: Contracts, tmp_path: Path
) -> None:
    columns = {"sample_id": "id", "parent_id": "parent", "label": "id"}
    feed = feed_of(contracts, tmp_path, columns, id_prefix="eu-")
    row = results(contracts, feed, ["id", "parent"], [("1", "")])[0]
    assert (row["sample_id"], row["parent_id"], row["label"]) == ("eu-1", None, "1")


def test_expression_that_fails_on_a_row(contracts: Contracts, tmp_path: Path) -> None:
    columns = {"sample_id": "id", "pieces": {"expression": "cast(x as integer) + 1"}}
    feed = feed_of(contracts, tmp_path, columns)
    found = results(contracts, feed, ["id", "x"], [("a", "4"), ("b", "four"), ("c", None)])
    assert [row["pieces"] for row in found] == [5, None, None]
    assert [row["_failed_reason"] for row in found] == [None, "expression_failed", None]


def test_expression_reads_columns_with_any_name(contracts: Contracts, tmp_path: Path) -> None:
    columns = {"sample_id": "id", "label": {"expression": 'upper("it\'s; -- x")'}}
    feed = feed_of(contracts, tmp_path, columns)
    assert results(contracts, feed, ["id", "it's; -- x"], [("a", "b")])[0]["label"] == "B"


def test_result_of_an_expression_is_read_by_its_type(contracts: Contracts, tmp_path: Path) -> None:
    """A number of SQL has a point; a text that the expression hands through has the extract's."""
    columns = {
        "sample_id": "id",
        "rate": {"expression": "cast(x as decimal(9, 3)) + 1"},
        "price": {"expression": "case when id = 'a' then y end"},
        "taken_on": {"expression": "strptime(z, '%d.%m.%Y')"},
    }
    formats = {"decimal_point": ",", "thousands": ".", "date": "%m/%d/%Y"}
    feed = feed_of(contracts, tmp_path, columns, formats=formats)
    row = results(contracts, feed, ["id", "x", "y", "z"], [("a", "0.234", "1.234,5", "5.3.2017")])[
        0
    ]
    assert row["_failed_reason"] is None
    assert (row["rate"], row["price"]) == (Decimal("1.234"), Decimal("1234.50"))
    assert row["taken_on"] == date(2017, 3, 5)


def test_json_path(contracts: Contracts, tmp_path: Path) -> None:
    columns = {
        "sample_id": {"path": "$.id"},
        "price": {"path": "$.money.amounts[1]"},
        "label": {"path": '$.money."a b"'},
    }
    feed = feed_of(contracts, tmp_path, columns, files="samples.json")
    rows: list[tuple[str | None, ...]] = [
        ("a", '{"amounts": [1, 2.5], "a b": "x"}'),
        ("b", '{"amounts": null}'),
        ("c", None),
    ]
    found = results(contracts, feed, ["id", "money"], rows)
    assert [row["price"] for row in found] == [Decimal("2.50"), None, None]
    assert [row["label"] for row in found] == ["x", None, None]
    assert [row["_failed_reason"] for row in found] == [None, None, None]


def test_time_of_each_record(contracts: Contracts, tmp_path: Path) -> None:
    columns = {"sample_id": "id"}
    feed = feed_of(contracts, tmp_path, columns, extracted_at={"column": "as_of"})
    found = results(contracts, feed, ["id", "as_of"], [("a", "2026-01-05"), ("b", "")])
    assert found[0]["_extracted_at_value"] == datetime(2026, 1, 5)
    assert (found[1]["_failed_column"], found[1]["_failed_reason"]) == ("as_of", "required_missing")


def test_every_failure_of_a_record_is_told_and_the_first_is_named(
    contracts: Contracts, tmp_path: Path
) -> None:
    feed = feed_of(contracts, tmp_path, "same")
    header = ["sample_id", "grade", "price"]
    row = results(contracts, feed, header, [("a", "fair", "1.999")])[0]
    assert (row["_failed_column"], row["_failed_reason"]) == ("grade", "not_in_enum")
    assert (row["_failure_grade"], row["_failure_price"]) == ("not_in_enum", "would_round")
    assert (row["_text_grade"], row["_text_price"]) == ("fair", "1.999")


def test_single_expressions_agree_with_the_layered_select(
    contracts: Contracts, tmp_path: Path
) -> None:
    feed = feed_of(contracts, tmp_path, "same", time_zone="Europe/Berlin")
    header = ["sample_id", "price", "taken_at"]
    projection = compiled(contracts, feed, header)
    wanted = [column for column in projection.columns if column.name in header]
    singles = ", ".join(f"{c.text_sql}, {c.value_sql}, {c.failure_sql}" for c in wanted)
    layered = ", ".join(f"_text_{c.name}, {c.name}, _failure_{c.name}" for c in wanted)
    cells = "(values ('a', '1.999', '2017-07-01 10:00:00'), ('', ' 5', 'x')) as cells(c0, c1, c2)"
    with duckdb.connect() as connection:
        expected = connection.execute(
            f"select {singles} from ({projection.made_sql(cells)})"
        ).fetchall()
        select = projection.select_sql(cells)
        assert connection.execute(f"select {layered} from ({select})").fetchall() == expected
    assert expected[0][-3:] == ("2017-07-01 10:00:00", datetime(2017, 7, 1, 8), None)


class TestHeader:
    def refusal(
        self, contracts: Contracts, folder: Path, columns: Any, header: list[str], **options: Any
    ) -> str:
        feed = feed_of(contracts, folder, columns, **options)
        with pytest.raises(ExtractError) as caught:
            compiled(contracts, feed, header)
        return caught.value.message

    def test_duplicate(self, contracts: Contracts, tmp_path: Path) -> None:
        header = [*named_columns(["sample_id", "label", "label"])]
        message = self.refusal(contracts, tmp_path, "same", header)
        assert "'label' stands 2 times in the header (columns 2, 3)" in message

    def test_missing_required_column(self, contracts: Contracts, tmp_path: Path) -> None:
        message = self.refusal(contracts, tmp_path, "same", ["sampel_id", "label"])
        assert "lacks the column 'sample_id' (did you mean 'sampel_id'?)" in message

    def test_renamed_mapped_column_even_if_optional(
        self, contracts: Contracts, tmp_path: Path
    ) -> None:
        columns = {"sample_id": "id", "price": "amount"}
        message = self.refusal(contracts, tmp_path, columns, ["id", "amout"])
        assert "lacks the column 'amount' (did you mean 'amout'?)" in message
        assert "mapping.yml:1" in message

    def test_mapped_column_that_may_be_absent(self, contracts: Contracts, tmp_path: Path) -> None:
        columns = {"sample_id": "id", "price": {"from": "amount", "optional": True}}
        feed = feed_of(contracts, tmp_path, columns)
        assert results(contracts, feed, ["id"], [("a",)])[0]["price"] is None

    def test_slip_in_an_optional_column_where_names_agree(
        self, contracts: Contracts, tmp_path: Path
    ) -> None:
        message = self.refusal(contracts, tmp_path, "same", ["sample_id", "taken_om"])
        assert "has a column 'taken_om'" in message
        assert "lacks 'taken_on'" in message

    def test_unmapped_columns_are_reported_or_refused(
        self, contracts: Contracts, tmp_path: Path
    ) -> None:
        header = ["sample_id", "weather"]
        projection = compiled(contracts, feed_of(contracts, tmp_path, "same"), header)
        assert projection.used == ("sample_id",)
        assert projection.unmapped == ("weather",)
        message = self.refusal(contracts, tmp_path, "same", header, unmapped="refuse")
        assert "'weather'" in message

    def test_case_and_spaces_around_names_do_not_count(
        self, contracts: Contracts, tmp_path: Path
    ) -> None:
        feed = feed_of(contracts, tmp_path, {"sample_id": "Sample Id", "label": "Label"})
        header = [" sample id", "LABEL"]
        assert results(contracts, feed, header, [("a", "b")])[0]["label"] == "b"

    def test_swapped_columns_go_by_name(self, contracts: Contracts, tmp_path: Path) -> None:
        feed = feed_of(contracts, tmp_path, "same")
        row = results(contracts, feed, ["label", "sample_id"], [("b", "a")])[0]
        assert (row["sample_id"], row["label"]) == ("a", "b")

    def test_time_column_that_is_absent(self, contracts: Contracts, tmp_path: Path) -> None:
        extracted_at = {"column": "as_of"}
        message = self.refusal(
            contracts, tmp_path, {"sample_id": "id"}, ["id"], extracted_at=extracted_at
        )
        assert "lacks the column 'as_of'" in message
