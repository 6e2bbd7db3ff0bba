"""A home that was landed before a contract gave a number more digits goes on as if it always had."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import SHIPPED, load_contracts
from ingestion.contracts.raw_ddl import holds_all_of
from ingestion.contracts.tables import Contracts
from ingestion.errors import LandingError
from ingestion.home import Home
from ingestion.landing.run import land

SETTINGS = CompanySettings(calendar_start=date(2026, 1, 1), calendar_end=date(2026, 12, 31))
HEADER = "enrolment_id,worker_id,course_id,training_hours,training_cost\n"
FIRST_NIGHT = HEADER + "L1,W1,C1,7.5,100\nL2,W2,C1,,20.25\nL3,W3,C1,7.333333,10\n"
# L1 stands as it did, L2 has changed, L3 was set aside for its hours, and L4 is new.
SECOND_NIGHT = HEADER + (
    "L1,W1,C1,7.5,100\nL2,W2,C1,,20.250001\nL3,W3,C1,7.333333,10\nL4,W3,C2,,0.333333\n"
)
PAID = "pay_line_id,pay_run_id,employee_id,earning_code,pay_amount\nL1,R1,E1,BASE,-100.5\n"


def contracts_of_before(folder: Path, **columns: str) -> Contracts:
    """Gives the contracts as they were with fewer decimals, or with columns of other types."""
    shutil.copytree(SHIPPED, folder)
    for path in folder.glob("*.yml"):
        text = path.read_text().replace("decimal(22,6)", "decimal(18,2)")
        path.write_text(text.replace("decimal(11,6)", "decimal(9,4)"))
    lines = (folder / "hr.yml").read_text().splitlines(keepends=True)
    for name, declared in columns.items():
        lines = [
            line.replace('logicalType: number, physicalType: "decimal(9,4)"', declared)
            if f"name: {name}," in line
            else line
            for line in lines
        ]
    (folder / "hr.yml").write_text("".join(lines))
    return load_contracts(folder)


class Nights:
    """A home and its extracts, landed by contracts of two days."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home")
        self.folder = root / "extracts"
        self.mapping = load_mapping("canonical")
        self.runs = 0

    def write(self, night: str, lines: str, table: str = "training_enrolments") -> None:
        place = self.folder / f"night_{night}" / f"{table}.csv"
        place.parent.mkdir(parents=True)
        place.write_text(lines)

    def land(self, contracts: Contracts) -> list[tuple[str, int, int, int]]:
        self.runs += 1
        found = land(
            self.home, [(self.mapping, self.folder)], contracts, f"run-{self.runs}", SETTINGS
        )
        return [(f.file_name, f.accepted, f.unchanged, f.quarantined) for f in found.files]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.raw_db), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    nights = Nights(tmp_path)
    nights.write("2026-03-01", FIRST_NIGHT)
    return nights


VERSIONS = (
    "select enrolment_id, training_hours, training_cost, _extracted_at, _op, _row_hash from hr.training_enrolments "
    "order by all"
)


def test_what_is_known_stays_and_what_did_not_fit_comes_in(nights: Nights, tmp_path: Path) -> None:
    assert nights.land(contracts_of_before(tmp_path / "contracts")) == [
        ("night_2026-03-01/training_enrolments.csv", 2, 0, 1)
    ]
    nights.write("2026-03-02", SECOND_NIGHT)
    # The first file is read again, because its contract has changed; only L3 is news.
    assert sorted(nights.land(load_contracts())) == [
        ("night_2026-03-01/training_enrolments.csv", 1, 2, 0),
        ("night_2026-03-02/training_enrolments.csv", 2, 2, 0),
    ]
    assert nights.query(
        "select enrolment_id, training_hours, training_cost, count(*) from hr.training_enrolments "
        "group by all order by all"
    ) == [
        ("L1", Decimal("7.500000"), Decimal("100.000000"), 1),
        ("L2", None, Decimal("20.250000"), 1),
        ("L2", None, Decimal("20.250001"), 1),
        ("L3", Decimal("7.333333"), Decimal("10.000000"), 1),
        ("L4", None, Decimal("0.333333"), 1),
    ]


def test_the_log_is_that_of_a_home_that_always_had_the_digits(
    nights: Nights, tmp_path: Path
) -> None:
    nights.land(contracts_of_before(tmp_path / "contracts"))
    nights.write("2026-03-02", HEADER + "L1,W1,C1,7.5,100\n")
    nights.land(contracts_of_before(tmp_path / "contracts_again"))
    nights.land(load_contracts())
    fresh = Nights(tmp_path / "fresh")
    fresh.folder = nights.folder
    fresh.land(load_contracts())
    # L2 and L3 are gone on the second night: that is a row of its own, with a hash of its own.
    assert nights.query(VERSIONS) == fresh.query(VERSIONS)
    assert [row[0] for row in fresh.query(VERSIONS) if row[4] == "delete"] == ["L2", "L3"]


def test_events_of_before_are_no_conflict_with_themselves(nights: Nights, tmp_path: Path) -> None:
    shutil.rmtree(nights.folder)
    nights.write("2026-03-01", PAID, "pay_lines")
    nights.land(contracts_of_before(tmp_path / "contracts"))
    nights.write("2026-03-02", PAID + "L2,R1,E1,BASE,0.333333\n", "pay_lines")
    assert sorted(nights.land(load_contracts())) == [
        ("night_2026-03-01/pay_lines.csv", 0, 1, 0),
        ("night_2026-03-02/pay_lines.csv", 1, 1, 0),
    ]


def test_the_check_of_a_mapping_knows_rows_of_before(nights: Nights, tmp_path: Path) -> None:
    nights.land(contracts_of_before(tmp_path / "contracts"))
    shutil.rmtree(nights.folder)
    nights.write("2026-03-02", HEADER + "L1,W1,C1,7.5,100\nL2,W2,C1,,20.25\n")
    report = check_mapping(nights.mapping, nights.folder, None, SETTINGS, nights.home)
    assert report.is_good, report.problems
    assert nights.land(load_contracts()) == [("night_2026-03-02/training_enrolments.csv", 0, 2, 0)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("logicalType: integer", "bigint"),
        ('logicalType: number, physicalType: "decimal(15,9)"', "9"),
    ],
)
def test_a_type_that_does_not_hold_all_values_is_refused_and_changes_nothing(
    nights: Nights, tmp_path: Path, before: str, after: str
) -> None:
    nights.land(contracts_of_before(tmp_path / "contracts", training_hours=before))
    kept = nights.query(VERSIONS)
    with pytest.raises(
        LandingError, match=rf"hr\.training_enrolments\.training_hours is .*{after}.* in raw"
    ):
        nights.land(load_contracts())
    assert nights.query(VERSIONS) == kept


@pytest.mark.parametrize(
    ("wider", "narrower", "holds"),
    [
        ("decimal(22,6)", "decimal(18,2)", True),
        ("decimal(22,6)", "DECIMAL(18, 2)".lower(), True),
        ("decimal(18,6)", "decimal(18,2)", False),
        ("decimal(22,2)", "decimal(22,6)", False),
        ("decimal(22,6)", "bigint", False),
        ("varchar", "decimal(22,6)", False),
    ],
)
def test_which_types_hold_all_of_others(wider: str, narrower: str, holds: bool) -> None:
    assert holds_all_of(wider, narrower) is holds


def test_no_key_is_widened(tmp_path: Path) -> None:
    """Landing knows keys by a hash of their text, which wider ones would not have."""
    folder = tmp_path / "contracts"
    shutil.copytree(SHIPPED, folder)
    path = folder / "payroll.yml"
    first, named, rest = path.read_text().partition("name: tier_from")
    path.write_text(first + named + rest.replace("decimal(18,6)", "decimal(9,4)", 1))
    nights = Nights(tmp_path)
    nights.write("2026-03-01", FIRST_NIGHT)
    nights.land(load_contracts(folder))
    with pytest.raises(LandingError, match=r"rate_tiers\.tier_from is decimal\(9,4\) in raw"):
        nights.land(load_contracts())
