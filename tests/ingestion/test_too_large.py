"""A number that no column has room for is set aside as such, wherever it comes from."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import get_args

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.casting.casts import bare_number, failed_cast_reason, plain_text, typed_value
from ingestion.casting.cell_texts import LIFTING_OPTIMIZERS
from ingestion.casting.units import reason_in_units, value_in_units
from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.tables import Column
from ingestion.mapping.feeds import Formats, UnitStep
from ingestion.mapping.format_names import duration_unit
from ingestion.mapping.schema import DurationFormat

DIGITS = (1, 9, 15, 16, 17, 18, 19, 20, 28, 36, 37, 38, 39, 40, 310)
FRACTIONS = ("", ".99", ".999999999999", ".30000000000000004", "." + "9" * 40)
NUMBERS = [
    sign + digit * count + fraction
    for count in DIGITS
    for digit in "19"
    for fraction in FRACTIONS
    for sign in ("", "-")
] + ["170141183460469231731687303715884105727", "-170141183460469231731687303715884105728", "1e400"]
LENGTHS = [
    form.format("9" * count)
    for count in DIGITS
    for form in ("{}:59:59", "{}:59", "PT{}H", "PT{}S", "P{}W", "P{}DT1H", "PT1.{}S")
]


def columns_of_numbers() -> list[Column]:
    """Gives one column of each type of number that a contract has."""
    found = {
        column.sql_type: column
        for table in load_contracts().tables()
        for column in table.columns
        if column.logical_type in {"integer", "number"}
    }
    return list(found.values())


def hold(column: Column, texts: list[str], sqls: Callable[[str], tuple[str, str]]) -> None:
    """Holds that each text has a value of the column or a reason, and never an error."""
    value, reason = sqls(f"({plain_text(column, 'text')})")
    with duckdb.connect() as connection:
        connection.execute(f"set disabled_optimizers = '{LIFTING_OPTIMIZERS}'")
        connection.execute("create table cells as select unnest(?) as text", [texts])
        rows = connection.execute(
            f"select text, {value} as v, case when v is null then {reason} end from cells"
        ).fetchall()
    assert [text for text, value, reason in rows if value is None and reason is None] == []
    longest = next(reason for text, _, reason in rows if text == max(texts, key=len))
    assert longest in {"out_of_range", "would_round", "cast_failed"}


@pytest.mark.parametrize("column", columns_of_numbers(), ids=lambda c: c.sql_type)
class TestOfEachType:
    @pytest.mark.parametrize("formats", [{}, {"decimal_point": ",", "thousands": "."}], ids=str)
    def test_as_it_is(self, column: Column, formats: dict) -> None:
        given = Formats(**formats)
        hold(
            column,
            NUMBERS,
            lambda text: (
                typed_value(column, bare_number(text, given), given, "UTC"),
                failed_cast_reason(column, bare_number(text, given), given),
            ),
        )

    @pytest.mark.parametrize("factor", ["10", "0.01", "10000", "999999999999", "0.000000000001"])
    def test_in_another_unit(self, column: Column, factor: str) -> None:
        units = (UnitStep(factor=Decimal(factor)),)
        hold(
            column,
            NUMBERS,
            lambda text: (
                value_in_units(column, bare_number(text, Formats()), Formats(), units, None),
                reason_in_units(column, bare_number(text, Formats()), Formats(), units, None),
            ),
        )


DURATIONS = [column for column in columns_of_numbers() if duration_unit(column) is not None]


@pytest.mark.parametrize("column", DURATIONS, ids=lambda c: c.sql_type)
@pytest.mark.parametrize("name", get_args(DurationFormat))
def test_as_a_duration(column: Column, name: DurationFormat) -> None:
    given = Formats(duration=(name,))
    hold(
        column,
        LENGTHS,
        lambda text: (
            typed_value(column, text, given, "UTC"),
            failed_cast_reason(column, text, given),
        ),
    )


HUGE = 10**17
DEALS = """  opportunities:
    files: 'deals.*'
    max_quarantined: 1.0
    {options}
    columns:
      opportunity_id: Id
      stage_id: {{constant: open}}
      amount: {amount}
"""


def csv(folder: Path) -> None:
    (folder / "deals.csv").write_text(f"Id,A\n1,5\n2,{HUGE}\n3,-{HUGE}.99\n")


def workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Id", "A"], ["1", 5], ["2", 1e300], ["3", -1e17]):
        sheet.append(row)
    book.save(folder / "deals.xlsx")


def json(folder: Path) -> None:
    rows = (f'{{"Id": "{n}", "A": {a}}}' for n, a in ((1, 5), (2, "9" * 40), (3, "-1e300")))
    (folder / "deals.json").write_text(f"[{', '.join(rows)}]")


def doubles(folder: Path) -> None:
    pq.write_table(
        pa.table({"Id": ["1", "2", "3"], "A": [5.0, 1e300, -1e17]}), folder / "deals.parquet"
    )


def decimals(folder: Path) -> None:
    kept = pa.array([Decimal(5), Decimal("9" * 38), -Decimal(HUGE)], pa.decimal128(38, 0))
    pq.write_table(pa.table({"Id": ["1", "2", "3"], "A": kept}), folder / "deals.parquet")


@pytest.mark.parametrize("written", [csv, workbook, json, doubles, decimals])
@pytest.mark.parametrize(
    "amount",
    [
        "A",
        "{from: A, unit: toman}",
        "{expression: cast(A as hugeint) * 10}",
        "{expression: 'cast(A as decimal(18,2))'}",
    ],
)
def test_in_any_format(case, written, amount: str) -> None:
    written(case.folder)
    case.map(DEALS.format(options="", amount=amount))
    told = check_mapping(load_mapping(str(case.mapping_file)), case.folder).files[0]
    (file,) = case.land().files
    assert (file.accepted, file.quarantined) == (told.good_rows, told.set_aside) == (1, 2)
    reasons = {reason for (reason,) in case.query("select reason from landing.quarantine")}
    assert reasons <= {"out_of_range", "expression_failed"}


@pytest.mark.parametrize(
    "condition",
    ["cast(A as integer) > 0", "cast(A as decimal(18,2)) > 0", "cast(A as bigint) * 10000 <> 0"],
)
def test_in_a_condition(case, condition: str) -> None:
    csv(case.folder)
    case.map(DEALS.format(options=f"where: '{condition}'", amount="A"))
    (file,) = case.land().files
    assert (file.accepted, file.quarantined) == (1, 2)


@pytest.mark.parametrize("on_invalid", ["quarantine", "'null'"])
def test_that_may_be_left_empty(case, on_invalid: str) -> None:
    csv(case.folder)
    case.map(DEALS.format(options="", amount=f"{{from: A, on_invalid: {on_invalid}}}"))
    (file,) = case.land().files
    kept = on_invalid == "'null'"
    assert (file.accepted, file.quarantined, file.emptied) == ((3, 0, 2) if kept else (1, 2, 0))


def test_in_a_mapping_itself(case) -> None:
    case.map(DEALS.format(options="", amount=f"{{constant: {HUGE}}}"))
    csv(case.folder)
    with pytest.raises(Exception, match="small enough for decimal"):
        load_mapping(str(case.mapping_file))


@pytest.mark.parametrize("number", [-(2.0**127), 2.0**127, 1e39, -1e300, 2.0**60])
@pytest.mark.parametrize("prefix", ["", "id_prefix: 'a:'"])
@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_in_an_id(case, number: float, prefix: str, ending: str) -> None:
    if ending == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in (["Id", "A"], [7, 5], [number, 5]):
            sheet.append(row)
        book.save(case.folder / "deals.xlsx")
    else:
        table = pa.table({"Id": pa.array([7.0, number]), "A": pa.array([5.0, 5.0])})
        pq.write_table(table, case.folder / "deals.parquet")
    case.map(DEALS.format(options="", amount="A"), prefix)
    (file,) = case.land().files
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.query("select reason from landing.quarantine") == [("damaged_id",)]


@pytest.mark.parametrize("kind", ["full", "delta"])
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-05:00", "9999-12-31", "2199-01-01"])
def test_a_time_of_an_extract_that_never_comes(case, kind: str, moment: str) -> None:
    options = f"kind: {kind}\n    extracted_at: {{column: At}}"
    case.map(DEALS.format(options=options, amount="A"))
    case.write("deals.csv", f"Id,A,At\n1,5,2026-01-05\n2,5,{moment}\n")
    (file,) = case.land().files
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.query("select reason from landing.quarantine") == [("date_outside_calendar",)]
