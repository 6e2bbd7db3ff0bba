"""A home landed before the key of a table got a part goes on as if it always had it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import SHIPPED, load_contracts
from ingestion.contracts.tables import Contracts
from ingestion.home import Home
from ingestion.landing.run import land

SETTINGS = CompanySettings(calendar_start=date(2026, 1, 1), calendar_end=date(2026, 12, 31))
HEADER = "worker_id,effective_from,team_id,fte\n"
# W4 is set aside for its hours, so that the night says nothing of it.
FIRST = HEADER + "W1,2026-01-01,A,1\nW2,2026-01-01,A,1\nW3,2026-01-01,A,1\nW4,2026-01-01,A,9\n"
SECOND = HEADER + "W1,2026-01-01,A,1\nW2,2026-01-01,B,1\nW4,2026-01-01,A,1\n"
WITH_JOBS = "worker_id,effective_from,job_id,team_id,fte\n"
MAPPING = """\
mapping: case
source: hr
extracted_at: {pattern: "night_(?P<time>\\\\d{4}-\\\\d{2}-\\\\d{2})"}
tables:
  positions: {files: "*/positions.csv", columns: same, kind: KIND}
"""


@pytest.fixture(scope="module")
def contracts_of_before(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    """Gives the contracts as they were before positions had jobs."""
    folder = tmp_path_factory.mktemp("before") / "contracts"
    shutil.copytree(SHIPPED, folder)
    lines = (folder / "hr.yml").read_text().splitlines(keepends=True)
    (folder / "hr.yml").write_text("".join(line for line in lines if "name: job_id" not in line))
    return load_contracts(folder)


class Nights:
    """A home and its extracts, which contracts of different days land."""

    def __init__(self, root: Path, kind: str = "full") -> None:
        self.home = Home(root / "home")
        self.folder = root / "extracts"
        root.mkdir(exist_ok=True)
        (root / "case.yml").write_text(MAPPING.replace("KIND", kind))
        self.mapping = load_mapping(str(root / "case.yml"))
        self.runs = 0

    def write(self, night: str, lines: str) -> None:
        place = self.folder / f"night_{night}" / "positions.csv"
        place.parent.mkdir(parents=True)
        place.write_text(lines)

    def land(self, contracts: Contracts) -> list[tuple[str, int, int, int]]:
        """Gives the counts of each file: night, accepted, unchanged, deleted."""
        self.runs += 1
        found = land(
            self.home, [(self.mapping, self.folder)], contracts, f"run-{self.runs}", SETTINGS
        )
        return sorted((f.file_name[6:16], f.accepted, f.unchanged, f.deleted) for f in found.files)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.raw_db), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def log(self) -> list[tuple[Any, ...]]:
        return self.query(
            "select worker_id, effective_from, job_id, team_id, _extracted_at, _op, _row_hash "
            "from hr.positions order by all"
        )


@pytest.mark.parametrize("kind", ["full", "delta"])
def test_the_same_extracts_again_are_no_news(
    tmp_path: Path, contracts_of_before: Contracts, kind: str
) -> None:
    nights = Nights(tmp_path, kind)
    nights.write("2026-03-01", FIRST)
    nights.write("2026-03-02", SECOND)
    nights.land(contracts_of_before)
    before = nights.query(
        "select worker_id, team_id, _extracted_at, _op, _row_hash from hr.positions order by all"
    )
    # They are read again, since their contract has changed.
    assert nights.land(load_contracts()) == [
        ("2026-03-01", 0, 3, 0),
        ("2026-03-02", 0, 3, 0),
    ]
    assert [row[:1] + row[3:] for row in nights.log()] == before
    assert {row[2] for row in nights.log()} == {""}
    # Another such night, with the column and without a value in it.
    nights.write("2026-03-03", SECOND.replace("from,", "from,job_id,").replace("-01,", "-01,,"))
    assert nights.land(load_contracts())[-1] == ("2026-03-03", 0, 3, 0)
    assert len(nights.log()) == len(before)


@pytest.mark.parametrize("kind", ["full", "delta"])
def test_the_log_is_that_of_a_home_that_always_had_the_part(
    tmp_path: Path, contracts_of_before: Contracts, kind: str
) -> None:
    old, fresh = Nights(tmp_path / "old", kind), Nights(tmp_path / "fresh", kind)
    late = (
        ("2026-03-04", SECOND),
        ("2026-03-02", FIRST.replace("W2,2026-01-01,A", "W2,2026-01-01,C")),
    )
    for nights, contracts in ((old, contracts_of_before), (fresh, load_contracts())):
        nights.write("2026-03-01", FIRST)
        nights.write("2026-03-03", SECOND)
        nights.land(contracts)
    for night, lines in late:
        for nights in (old, fresh):
            nights.write(night, lines)
            nights.land(load_contracts())
    assert old.log() == fresh.log()
    known = (
        "select distinct key_hash from landing.unobserved union "
        "select distinct key_hash from landing.confirmations order by 1"
    )
    assert old.query(known) == fresh.query(known)


def test_a_key_that_was_set_aside_before_is_not_deleted_by_the_night_read_again(
    tmp_path: Path, contracts_of_before: Contracts
) -> None:
    nights = Nights(tmp_path)
    nights.write("2026-03-01", SECOND)
    nights.write("2026-03-02", FIRST)
    nights.land(contracts_of_before)
    nights.write("2026-02-28", HEADER + "W4,2026-01-01,Z,1\n")
    nights.land(load_contracts())
    assert [row for row in nights.log() if row[0] == "W4" and row[5] == "delete"] == []


def test_jobs_that_get_ids_take_the_place_of_those_without(
    tmp_path: Path, contracts_of_before: Contracts
) -> None:
    nights = Nights(tmp_path)
    nights.write("2026-03-01", HEADER + "W1,2026-01-01,A,1\nW2,2026-01-01,A,1\n")
    nights.land(contracts_of_before)
    nights.write(
        "2026-03-02",
        WITH_JOBS + "W1,2026-01-01,,A,1\nW2,2026-01-01,J1,A,0.5\nW2,2026-01-01,J2,B,0.5\n",
    )
    assert nights.land(load_contracts())[-1] == ("2026-03-02", 2, 1, 1)
    assert nights.query("select worker_id, job_id from hr.positions where _op = 'delete'") == [
        ("W2", "")
    ]


def test_the_check_of_a_mapping_knows_rows_of_before(
    tmp_path: Path, contracts_of_before: Contracts
) -> None:
    nights = Nights(tmp_path)
    nights.write("2026-03-01", SECOND)
    nights.land(contracts_of_before)
    nights.write("2026-03-02", SECOND)
    report = check_mapping(nights.mapping, nights.folder, None, SETTINGS, nights.home)
    assert report.is_good, report.problems
