"""Numbers in another unit than the contract's: multiplied exactly, or set aside with the reason."""

from __future__ import annotations

import math
import random
import re
from datetime import date, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from ingestion.casting.casts import bare_number, plain_text
from ingestion.casting.units import reason_in_units, value_in_units
from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.contracts.tables import Column
from ingestion.errors import MappingError
from ingestion.landing.extract_landing import NOTE_END
from ingestion.landing.foreign_money import WARNING
from ingestion.mapping.feeds import Formats, UnitStep
from ingestion.mapping.unit_factors import is_usable

MONEY = Column(name="amount", logical_type="number", precision=18, scale=2, description="Amount.")
CHANCE = Column(name="chance", logical_type="number", precision=9, scale=6, description="Chance.")
PEOPLE = Column(name="people", logical_type="integer", description="People.")
FACTORS = ["0.01", "10", "10000", "1000", "1000000000", "0.001", "0.0001", "25", "0.5", "12.5", "3"]


def read(column: Column, texts: list[str], factor: str, **formats: Any) -> list[object]:
    """Gives the value of each text in the contract's unit, or the code of what is wrong with it."""
    given, units = Formats(**formats), (UnitStep(factor=Decimal(factor)),)
    plain = f"({plain_text(column, 'text')})"
    number = bare_number(plain, given)
    value = value_in_units(column, number, given, units, None)
    reason = reason_in_units(column, number, given, units, None)
    with duckdb.connect() as connection:
        connection.execute("create table cells as select unnest(?) as text", [texts])
        rows = connection.execute(
            f"select {value}, case when {value} is null then {reason} end from cells"
        ).fetchall()
    return [reason or value for value, reason in rows]


def meant(column: Column, text: str, factor: str) -> set[object]:
    """Multiplies as one would by hand; a product can be wrong in two ways at once."""
    with localcontext(prec=60):
        product = Decimal(text) * Decimal(factor)
        scale = column.scale or 0
        limit = Decimal(10) ** (column.precision - scale) if column.precision else Decimal(2) ** 63
        wrong: set[object] = {"would_round"} if product != round(product, scale) else set()
        wrong |= {"out_of_range"} if abs(product) >= limit else set()
        return wrong or {product.quantize(Decimal(1).scaleb(-scale))}


@pytest.mark.parametrize("column", [MONEY, CHANCE, PEOPLE], ids=lambda c: c.name)
@pytest.mark.parametrize("factor", FACTORS)
def test_the_product_is_exact_or_refused(column: Column, factor: str) -> None:
    draw = random.Random(f"{column.name} {factor}")
    texts = ["0", "0.04", "-7", "12.5", "12.50000", "0.1", "999999999999999999"]
    for _ in range(400):
        number = Decimal(
            draw.randrange(-(10 ** draw.randrange(1, 17)), 10 ** draw.randrange(1, 17))
        )
        texts.append(f"{number.scaleb(-draw.randrange(0, 7)):f}")
    for text, found in zip(texts, read(column, texts, factor), strict=True):
        assert found in meant(column, text, factor), text


@pytest.mark.parametrize(
    ("text", "factor", "formats", "value"),
    [
        ("12.300000000000001", "0.01", {}, "0.123000"),
        ("12,5", "0.01", {"decimal_point": ","}, "0.125000"),
        ("\u06f1\u06f2\u066b\u06f5", "0.01", {}, "0.125000"),
        ("(12.5)", "0.01", {"negative": "parentheses"}, "-0.125000"),
    ],
)
def test_however_it_is_written(text: str, factor: str, formats: dict, value: str) -> None:
    assert read(CHANCE, [text], factor, **formats) == [Decimal(value)]


@pytest.mark.parametrize(
    ("text", "factor", "reason"),
    [
        ("12.55555", "0.01", "would_round"),
        ("0.001", "1000", Decimal("1.00")),
        ("0.000001", "1000", "would_round"),
        ("1", "0.001", "would_round"),
        ("x", "10", "cast_failed"),
        ("1e3", "10", "cast_failed"),
        ("9999999999999999", "10", "out_of_range"),
        ("1" * 40, "10", "out_of_range"),
    ],
)
def test_what_does_not_fit_is_told(text: str, factor: str, reason: object) -> None:
    column = CHANCE if factor == "0.01" else MONEY
    assert read(column, [text], factor) == [reason]


@pytest.mark.parametrize(
    ("column", "factor"),
    [
        *((MONEY, factor) for factor in ("1000", "1000000", "1000000000", "10000", "250000000")),
        *((CHANCE, factor) for factor in ("0.01", "0.5", "10")),
    ],
    ids=lambda x: getattr(x, "name", x),
)
def test_noise_of_a_double_is_none_in_any_unit(column: Column, factor: str) -> None:
    """Programs that add tenths write 3.3000000000000003; the number that is meant has few places.

    The oracle goes by how far the next double is, and not by any number of decimal places.
    """
    draw = random.Random(f"{column.name} {factor}")
    places = min(4, max(0, (column.scale or 0) + Decimal(factor).adjusted()))
    pairs: list[tuple[str, Decimal]] = []
    for _ in range(150):
        meant_number = Decimal(draw.randrange(1, 10**5)).scaleb(-places)
        product = meant_number * Decimal(factor)
        double = float(meant_number)
        for _ in range(draw.randrange(0, 3)):
            double = math.nextafter(double, math.inf)
        pairs.append((format(Decimal(repr(double)), "f"), product))
    assert sum(len(text) > 15 for text, _ in pairs) > 50
    found = read(column, [text for text, _ in pairs], factor)
    assert found == [product for _, product in pairs]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.1", Decimal("1100000000.00")),
        ("3.3000000000000003", Decimal("3300000000.00")),
        ("0.30000000000000004", Decimal("300000000.00")),
        ("-12.299999999999999", Decimal("-12300000000.00")),
        ("1234.5000000000002", Decimal("1234500000000.00")),
        # Digits that mean something, and a size at which the last place is the double's own.
        ("3.3000000000010003", "would_round"),
        ("1234.123456789013", "would_round"),
        ("123456.123456789112", "would_round"),
    ],
)
def test_noise_in_billions(text: str, value: object) -> None:
    assert read(MONEY, [text], "1000000000") == [value]


@pytest.mark.parametrize(
    ("factor", "usable"), [("1e12", True), ("1e13", False), ("1.23456789012345", False)]
)
def test_scales_of_too_many_digits(factor: str, usable: bool) -> None:
    assert is_usable(Decimal(factor)) is usable


DEALS = """\
  opportunities:
    files: 'deals*'
    unmapped: ignore
    columns:
      opportunity_id: Id
      stage_id: {constant: open}
      created_at: Created
      closed_date: Closed
      amount: {from: Amount, unit: [{unit: toman, until: 2026-03-20}, {unit: new_rial}], by: BY}
      probability: {from: Chance, unit: percent}
"""
HEADER = "Id,Created,Closed,Amount,Chance\n"


@pytest.fixture
def landed(case):
    def land(rows: str, by: str = "[closed_date, created_at]", zone: str = "UTC"):
        case.map(DEALS.replace("BY", by), f"time_zone: {zone}")
        case.write("deals.csv", HEADER + rows)
        case.land_one()
        found = case.query(
            "select opportunity_id, cast(amount as varchar), cast(probability as varchar) "
            "from crm.opportunities order by 1"
        )
        aside = case.query("select column_name, reason from landing.quarantine order by line")
        return found, aside

    return land


PRICED = """\
  opportunities:
    files: 'deals*'
    columns:
      opportunity_id: Id
      stage_id: {{constant: open}}
      created_at: Created
      amount: {{from: Amount, {unit}}}
      currency_code: Currency
"""
PRICES = (
    "Id,Created,Amount,Currency\n1,2026-01-01,5,IRR\n2,2026-01-01,7,EUR\n3,2026-01-01,8,EUR\n"
    "4,2026-01-02,9,USD\n5,2026-01-02,,USD\n6,2026-01-02,9,\n7,2026-01-02,x,CHF\n"
)


class TestForeignMoney:
    def told(self, case, unit: str, rows: str = PRICES) -> list[str]:
        """Gives what landing and the check warn of, which is the same."""
        case.map(PRICED.format(unit=unit))
        case.write("deals.csv", rows)
        report = check_mapping(load_mapping(str(case.mapping_file)), case.folder)
        (file,) = case.land().files
        landed = [n for n in (file.message or "").split(NOTE_END) if n.startswith(WARNING)]
        assert [note for note in report.files[0].notes if note.startswith(WARNING)] == landed
        return landed

    @pytest.mark.parametrize(
        "unit",
        [
            "unit: toman",
            "unit: new_rial",
            "unit: [{unit: rial, until: 2026-03-20}, {unit: new_rial}], by: created_at",
            "unit: [{unit: toman, until: 2026-03-20}, {scale: 10}], by: created_at",
        ],
    )
    def test_is_warned_of_where_a_unit_is_of_another(self, case, unit: str) -> None:
        (warning,) = self.told(case, unit)
        assert warning.startswith(
            "WARNING: 3 values of amount took the unit of IRR though currency_code says EUR (2), "
            "USD (1). Put such records in a feed of their own without that unit, and tell the two "
            "apart with `where` ("
        )

    @pytest.mark.parametrize(
        ("unit", "rows"),
        [
            ("unit: rial", PRICES),
            ("unit: thousands", PRICES),
            ("scale: 10", PRICES),
            ("unit: toman", PRICES.replace("EUR", "IRR").replace("USD", "")),
        ],
    )
    def test_is_none_where_the_unit_is_of_no_money_or_of_theirs(self, case, unit, rows) -> None:
        assert self.told(case, unit, rows) == []

    def test_is_told_of_the_part_of_a_large_file_that_is_looked_at(self, case, monkeypatch) -> None:
        monkeypatch.setattr("ingestion.checking.mapping_check.MAX_CELLS", 1)
        monkeypatch.setattr("ingestion.checking.mapping_check.MIN_ROWS", 3)
        case.map(PRICED.format(unit="unit: toman"))
        case.write("deals.csv", PRICES)
        (file,) = check_mapping(load_mapping(str(case.mapping_file)), case.folder).files
        assert any("2 values of amount took the unit of IRR" in note for note in file.notes)

    def test_is_kept_apart_as_the_warning_says(self, case) -> None:
        feeds = PRICED.format(unit="unit: toman") + PRICED.format(unit="optional: true")
        first, second = feeds.split("  opportunities:\n")[1:]
        parts = [
            "    - " + feed.strip().replace("\n    ", "\n      ") + f"\n      where: {where}\n"
            for feed, where in (
                (first, "coalesce(Currency, 'IRR') = 'IRR'"),
                (second, "Currency <> 'IRR'"),
            )
        ]
        case.map("  opportunities:\n" + "".join(parts))
        case.write("deals.csv", PRICES)
        assert not any(WARNING in (file.message or "") for file in case.land().files)
        found = case.query("select amount, currency_code from crm.opportunities order by 1, 2")
        assert [(str(amount), code) for amount, code in found if amount is not None] == [
            ("7.00", "EUR"),
            ("8.00", "EUR"),
            ("9.00", "USD"),
            ("50.00", "IRR"),
            ("90.00", None),
        ]


class TestLanded:
    def test_no_jump_where_zeros_are_dropped(self, landed) -> None:
        """One price, written before and after the day on which four zeros are dropped."""
        rows, day = "", date(2026, 3, 15)
        for number in range(10):
            amount = "1250" if day <= date(2026, 3, 20) else "1.25"
            rows += f"{number},,{day},{amount},\n"
            day += timedelta(days=1)
        found, aside = landed(rows)
        assert ({amount for _, amount, _ in found}, aside) == ({"12500.00"}, [])

    def test_of_several_days_the_first_that_is_filled_decides(self, landed) -> None:
        found, aside = landed(
            "1,2026-03-19,2026-03-25,1,\n2,2026-03-19,,1,\n3,2026-03-25,,1,\n4,,,1,\n5,,,,7\n"
        )
        assert found == [
            ("1", "10000.00", None),
            ("2", "10.00", None),
            ("3", "10000.00", None),
            ("5", None, "0.070000"),
        ]
        assert aside == [("amount", "unit_unknown")]

    @pytest.mark.parametrize(
        ("zone", "amount"),
        [("UTC", "10.00"), ("Asia/Tehran", "10000.00"), ("America/Lima", "10.00")],
    )
    def test_a_moment_counts_as_its_local_day(self, landed, zone: str, amount: str) -> None:
        found, _ = landed("1,2026-03-20T22:00:00Z,,1,\n", "created_at", zone)
        assert found == [("1", amount, None)]

    def test_signs_of_percent_belong_to_the_unit(self, landed) -> None:
        found, aside = landed("1,,,,12.5\n2,,,,12.5 %\n3,,,,٪۱۲٫۵\n4,,,,101%\n")
        assert found == [(str(n), None, "0.125000") for n in (1, 2, 3)]
        assert aside == [("probability", "out_of_range")]

    def test_the_history_holds_amounts_in_the_same_unit(self, case) -> None:
        unit = "{from: New, unit: {amount: [{unit: toman, until: 2026-03-20}, {scale: 10000}], probability: percent}, by: changed_at}"
        case.map(
            "  opportunity_field_history:\n    files: h.csv\n    kind: events\n    columns:\n"
            "      history_id: Id\n      opportunity_id: Deal\n      field_name: Field\n"
            f"      changed_at: At\n      new_value: {unit}\n"
        )
        case.write(
            "h.csv",
            "Id,Deal,Field,At,New\n1,d,amount,2026-03-20,5\n2,d,amount,2026-03-21,5\n"
            "3,d,probability,2026-03-21,50\n4,d,stage_id,2026-03-21,5\n5,d,amount,2026-03-21,x\n",
        )
        case.land()
        values = case.query(
            "select history_id, new_value from crm.opportunity_field_history order by 1"
        )
        assert values == [("1", "50.00"), ("2", "50000.00"), ("3", "0.500000"), ("4", "5")]
        assert case.query("select line, reason from landing.quarantine") == [(6, "cast_failed")]

    def test_cells_of_a_workbook_and_recoded_values_take_the_unit_too(self, case, tmp_path) -> None:
        case.map(
            "  opportunities:\n    files: 'd*'\n    formats: {decimal_point: ',', thousands: '.'}\n"
            "    columns:\n      opportunity_id: Id\n      stage_id: {constant: open}\n"
            "      amount: {from: A, scale: 1000, recode: {none: 0, one: 1}}\n"
        )
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet
        for row in (
            ["Id", "A"],
            ["1", 1.25],
            ["2", "1,25"],
            ["3", "none"],
            ["4", "one"],
            ["5", "1.250"],
        ):
            sheet.append(row)
        book.save(tmp_path / "d.xlsx")
        case.write("d.xlsx", (tmp_path / "d.xlsx").read_bytes())
        case.land_one()
        found = case.query(
            "select cast(amount as varchar) from crm.opportunities order by opportunity_id"
        )
        assert [amount for (amount,) in found] == [
            "1250.00", "1250.00", "0.00", "1000.00", "1250000.00",
        ]  # fmt: skip


class TestMappings:
    @staticmethod
    def load(tmp_path: Path, column: str, more: str = "", deal: str = "amount") -> Any:
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n  opportunities:\n    files: a.csv\n    columns:\n"
            "      opportunity_id: Id\n      stage_id: S\n      closed_date: C\n"
            f"      {deal}: {column}\n{more}"
        )
        return load_mapping(file)

    @pytest.mark.parametrize(
        ("column", "deal", "told"),
        [
            ("{from: A, unit: tomans}", "amount", "m.yml:10"),
            ("{from: A, unit: toman, scale: 10}", "amount", "a unit or a scale, and not both"),
            ("{from: A, scale: 0}", "amount", "m.yml:10"),
            ("{from: A, scale: 1.2345678901234}", "amount", "more than 12 digits"),
            ("{from: A, unit: toman}", "lead_source", "'unit' is for numbers"),
            ("{from: A, unit: {amount: toman}}", "amount", "holds values of one column"),
            ("{from: A, unit: [{unit: toman, until: 2026-01-01}, {unit: rial}]}", "amount", "need `by`"),
            (
                "{from: A, unit: [{unit: toman, until: 2026-01-01}, {unit: rial}], by: lead_source}",
                "amount", "'by' names a date or timestamp",
            ),
            (
                "{from: A, unit: [{unit: toman, until: 2026-01-01}, {unit: rial}], by: created_date}",
                "amount", "'by' needs created_date among the columns",
            ),
            ("{from: A, unit: [{unit: toman}, {unit: rial}], by: closed_date}", "amount", "last day"),
            ("{from: A, unit: toman, by: closed_date}", "amount", "a list of units only"),
            (
                "{from: A, unit: [{unit: toman, until: 2026-13-01}, {unit: rial}], by: closed_date}",
                "amount", "'2026-13-01' is no day",
            ),
            (
                "{from: A, unit: [{unit: toman, until: 2026-02-01}, {unit: rial, until: 2026-01-01}, "
                "{unit: rial}], by: closed_date}", "amount", "must ascend",
            ),
        ],
    )  # fmt: skip
    def test_mistakes_are_told(self, tmp_path: Path, column: str, deal: str, told: str) -> None:
        with pytest.raises(MappingError) as caught:
            self.load(tmp_path, column, deal=deal)
        assert told in str(caught.value)

    @pytest.mark.parametrize(
        ("new_value", "is_right"),
        [("New", False), ("{from: New, unit: {probability: percent}}", False),
         ("{from: New, unit: {amount: toman}}", True), ("{from: New, unit: {amount: rial}}", True)],
    )  # fmt: skip
    def test_a_history_without_the_unit_of_its_deals_is_refused(
        self, tmp_path: Path, new_value: str, is_right: bool
    ) -> None:
        more = (
            "  opportunity_field_history:\n    files: h.csv\n    kind: events\n    columns:\n"
            "      history_id: I\n      opportunity_id: D\n      field_name: F\n"
            f"      changed_at: T\n      new_value: {new_value}\n"
        )
        if is_right:
            assert len(self.load(tmp_path, "{from: A, unit: toman}", more).feeds) == 2
            return
        with pytest.raises(MappingError, match="declares a unit; say it here too"):
            self.load(tmp_path, "{from: A, unit: toman}", more)

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("Old", "{from: New, unit: {amount: toman}}", "old_value and new_value"),
            ("{from: Old, unit: {amount: toman}}", "New", "new_value and old_value"),
            ("{from: Old, unit: {amount: toman}}", "{from: New, unit: {amount: thousands}}",
             "different units"),
            ("{from: Old, unit: {amount: toman}}",
             "{from: New, unit: {amount: toman, probability: percent}}", "values of probability"),
            ("{from: Old, unit: {amount: [{unit: toman, until: 2027-03-20}, {unit: new_rial}]}, "
             "by: changed_at}", "{from: New, unit: {amount: toman}}", "values of amount"),
            ("{from: Old, unit: {amount: toman}}", "{from: New, unit: {amount: toman}}", None),
            ("{from: Old, unit: {amount: rial}}", "New", None),
            ("Old", "New", None),
        ],
    )  # fmt: skip
    def test_old_and_new_values_have_one_unit(
        self, tmp_path: Path, old: str, new: str, told: str | None
    ) -> None:
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n  opportunity_field_history:\n    files: h.csv\n"
            "    kind: events\n    columns:\n      history_id: I\n      opportunity_id: D\n"
            "      field_name: F\n      changed_at: T\n"
            f"      old_value: {old}\n      new_value: {new}\n"
        )
        if told is None:
            assert load_mapping(file).feeds
            return
        with pytest.raises(MappingError, match=told) as caught:
            load_mapping(file)
        assert re.search(r"m\.yml:1[23]: (old|new)_value and", str(caught.value))

    def test_also_where_names_agree(self, tmp_path: Path) -> None:
        more = "  opportunity_field_history: {files: h.csv, kind: events, columns: same}\n"
        with pytest.raises(MappingError, match="declares a unit; say it here too"):
            self.load(tmp_path, "{from: A, scale: 10}", more)


@pytest.mark.parametrize(
    ("cells", "is_told"), [([0.12, 0.5, 1], True), ([12, 50], False), (["1 %"], False)]
)
def test_fractions_that_are_taken_for_percent_are_told(
    tmp_path: Path, cells, is_told: bool
) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.append(["Id", "P"])
    for number, cell in enumerate(cells):
        sheet.append([f"d{number}", cell])
    book.save(folder / "d.xlsx")
    file = tmp_path / "m.yml"
    file.write_text(
        "mapping: m\nsource: crm\ntables:\n  opportunities:\n    files: d.xlsx\n    columns:\n"
        "      opportunity_id: Id\n      stage_id: {constant: x}\n"
        "      probability: {from: P, unit: percent}\n"
    )
    (report,) = check_mapping(load_mapping(file), folder).files
    assert any("needs no unit" in note for note in report.notes) is is_told
    origins = {column.column: column.origin for column in report.columns}
    assert (origins["opportunity_id"], origins["probability"]) == ("Id", "P × 0.01")
