"""`salesops docs`: pages of the gates for what a home holds, and what it says where that is nothing."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.raw_ddl import create_table_sql
from ingestion.contracts.system_tables import SYSTEM_TABLES
from ingestion.home import Home
from orchestration.errors import UsageError
from orchestration.reports.gate_docs import write_gate_docs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def landed_home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    with duckdb.connect(str(home.raw_db)) as raw:
        for table in (*load_contracts(), *SYSTEM_TABLES):
            raw.execute(f"create schema if not exists {table.source}")
            raw.execute(create_table_sql(table))
    return home


def test_the_command_writes_a_page_for_each_gate_that_has_its_stores(landed_home: Home):
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.command", "docs", "--home", str(landed_home.root)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = landed_home.root / "docs" / "raw" / "index.html"
    assert f"wrote {page}" in done.stdout
    assert page.is_file()
    assert not (landed_home.root / "docs" / "core").exists()


@pytest.mark.parametrize("gate", ["core", "marts"])
def test_a_gate_without_its_stores_is_refused(gate: str, landed_home: Home):
    with pytest.raises(UsageError, match=f"nothing yet that the {gate} gate could check"):
        write_gate_docs(landed_home, gate)


def test_a_gate_that_does_not_exist_is_refused(landed_home: Home):
    with pytest.raises(UsageError, match="no gate 'staging'; the gates are raw, core, marts"):
        write_gate_docs(landed_home, "staging")


def test_an_empty_home_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="run salesops refresh"):
        write_gate_docs(Home(tmp_path))
