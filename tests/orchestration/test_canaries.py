"""Canaries: a marked value in every personal and pay column of every contract, through a refresh.

Whatever a company sends, these values may stand in the stores that only the owner can read, and
nowhere else: no open mart, Parquet file, log, run record, Data Doc, dbt artifact or Dagster event.
"""

import csv
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.tables import Column, Contracts, Table

pytestmark = pytest.mark.minutes(3)

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 6  # more than the smallest group whose pay is shown
TEXT = "CANARY"
# Beyond what any count or sum of these few rows could come to by itself.
FIRST_AMOUNT = 42_710_001
NIGHT = "night_2026-01-05"
# What makes the rows belong together and count; the rest is derived from the contracts.
CHOSEN = {
    "worker_status": "active", "leave_status": "approved", "enrolment_status": "completed",
    "application_status": "hired", "offer_status": "accepted", "component": "base",
    "earning_class": "variable", "period_grain": "month", "tier_basis": "value",
    "tier_method": "marginal", "split_share": "1", "fte": "1", "is_won": "true",
    "is_closed": "true", "is_deleted": "false", "is_duplicate": "false", "tier_from": "0",
    "amount": "1000", "rate": "0.05", "run_type": "regular", "forecast_category": "commit",
}  # fmt: skip
LEFT_EMPTY = {
    "effective_to", "exited_on", "valid_to", "merged_into_id", "tier_to", "reversal_of_id",
    "parent_territory_id", "parent_account_id", "hours_per_day", "cap_amount", "probability",
}  # fmt: skip
LATER = re.compile(r"_end$|ended_|ends_on|completed|decided|answered|closed_on|exited|to$")
# Stores that only the owner can read, and what was sent to the inbox.
CLOSED = (
    "raw.duckdb", "warehouse.duckdb", "restricted.duckdb", "archive", "quarantine", "inbox",
)  # fmt: skip


@dataclass
class Extracts:
    """Rows of every table of the contracts, in contract form.

    Attributes:
        amounts: The marked amounts that were written.
    """

    contracts: Contracts

    def __post_init__(self) -> None:
        self.amounts: list[str] = []
        self._given: dict[tuple[str, str, int], str] = {}

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for table in self.contracts:
            with (folder / f"{table.name}.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([column.name for column in table.columns])
                for person in range(PEOPLE):
                    writer.writerow([self._value(table, each, person) for each in table.columns])
                writer.writerows(_broken(table, self._value))

    def _value(self, table: Table, column: Column, person: int) -> str:
        if column.references:
            name, referred = column.references
            target = self.contracts.table(table.source, name)
            if name == table.name:
                return ""
            (column,) = [each for each in target.columns if each.name == referred]
            return self._value(target, column, person)
        key = (table.full_name, column.name, person)
        if key not in self._given:
            self._given[key] = self._new_value(column, person)
        return self._given[key]

    def _new_value(self, column: Column, person: int) -> str:
        name = column.name
        if column.classification == "pay":
            assert column.logical_type == "number", name
            self.amounts.append(str(FIRST_AMOUNT + len(self.amounts)))
            return f"{self.amounts[-1]}.37"
        if column.classification == "personal":
            assert column.logical_type == "string", name
            # The same in every system, so that the person is found to be one.
            return f"{TEXT}-{name}-{person}"
        if name in LEFT_EMPTY:
            return ""
        if name in CHOSEN:
            return CHOSEN[name]
        if column.enum:
            return column.enum[0]
        if column.logical_type == "date":
            return "2025-06-20" if LATER.search(name) else "2025-06-01"
        if column.logical_type == "timestamp":
            return "2025-06-02T17:00:00Z" if LATER.search(name) else "2025-06-02T09:00:00Z"
        if column.logical_type in ("number", "integer"):
            return "1"
        if column.logical_type == "boolean":
            return "true"
        if "currency" in name:
            return "EUR" if name == "from_currency" else "USD"
        return f"{name}-{person}"


def _broken(table: Table, value: Callable[[Table, Column, int], str]) -> Iterator[list[str]]:
    """A record that has to be set aside: a marked text where a date or number belongs."""
    typed = [column for column in table.columns if column.logical_type in ("date", "number")]
    masked = any(column.classification in ("personal", "pay") for column in table.columns)
    if typed and masked:
        yield [
            f"{TEXT}-broken" if column is typed[0] else value(table, column, 0)
            for column in table.columns
        ]


@dataclass(frozen=True)
class Refreshed:
    home: Path
    told: str
    amounts: tuple[str, ...]


def refresh(home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orchestration.command", "refresh", "--home", str(home)]
    return subprocess.run(
        [*command, "--source", f"canonical={folder}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """A refresh that publishes, then one that is stopped by a cut file."""
    home = tmp_path_factory.mktemp("canaries")
    extracts = Extracts(load_contracts())
    extracts.write(home / "inbox" / NIGHT)
    done = refresh(home, home / "inbox")
    assert done.returncode == 0, done.stdout + done.stderr
    later = home / "inbox" / "night_2026-01-06"
    later.mkdir()
    whole = (home / "inbox" / NIGHT / "workers.csv").read_bytes()
    (later / "workers.csv").write_bytes(whole[: len(whole) - 10])
    cut = refresh(home, home / "inbox")
    assert cut.returncode == 3, cut.stdout + cut.stderr
    told = "".join((done.stdout, done.stderr, cut.stdout, cut.stderr))
    return Refreshed(home, told, tuple(extracts.amounts))


def marked(text: str, amounts: tuple[str, ...]) -> list[str]:
    """Gives the marked values that a text shows, thousands separators or not."""
    plain = text.replace(",", "")
    return [mark for mark in (TEXT, TEXT.lower(), *amounts) if mark in plain]


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """Gives the content of a file as text, by table where it has any."""
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
            for schema, table in tables:
                rows = connection.execute(f'from "{path.stem}"."{schema}"."{table}"').fetchall()
                yield f"{path.name}: {table}", repr(rows)
    elif path.suffix == ".parquet":
        yield str(path), repr(duckdb.sql(f"from read_parquet('{path}')").fetchall())
    else:
        yield str(path), path.read_bytes().decode("utf-8", "replace")


def test_no_canary_leaves_the_closed_stores(refreshed: Refreshed) -> None:
    found = {}
    for path in sorted(refreshed.home.rglob("*")):
        if path.is_file() and not any(name in path.parts for name in CLOSED):
            for place, text in texts_of(path):
                if marks := marked(text, refreshed.amounts):
                    found[place] = marks
    assert found == {}


def test_nothing_that_is_printed_shows_a_canary(refreshed: Refreshed) -> None:
    assert marked(refreshed.told, refreshed.amounts) == []


def test_the_canaries_arrived(refreshed: Refreshed) -> None:
    """Values that were lost on the way would not be found anywhere either."""
    published = refreshed.home / "published"
    rows = "".join(text for _, text in texts_of(published / "restricted.duckdb"))
    assert f"{TEXT}-worker_name-0" in rows
    assert f"{TEXT}-employee_id-{PEOPLE - 1}" in rows
    assert len([amount for amount in refreshed.amounts if amount in rows]) >= PEOPLE
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as marts:
        people = marts.execute(
            "select max(people) from mart_selling_time where level = 'company'"
        ).fetchall()
    assert people == [(PEOPLE,)]


def test_quarantine_tells_of_the_broken_records_without_their_cells(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.home / "raw.duckdb"), read_only=True) as raw:
        rows = raw.execute(
            "select table_name, value, message, record from landing.quarantine"
        ).fetchall()
    assert {"workers", "pay_lines", "compensation"} <= {row[0] for row in rows}
    assert [row for row in rows if marked(repr(row), refreshed.amounts)] == []


@pytest.mark.parametrize(
    ("place", "mode"),
    [
        ("raw.duckdb", 0o600),
        ("warehouse.duckdb", 0o600),
        ("published/restricted.duckdb", 0o400),
        ("quarantine", 0o700),
        ("archive", 0o700),
    ],
)
def test_closed_stores_are_for_their_owner(refreshed: Refreshed, place: str, mode: int) -> None:
    assert stat.S_IMODE((refreshed.home / place).stat().st_mode) == mode
    for path in (refreshed.home / place).rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
