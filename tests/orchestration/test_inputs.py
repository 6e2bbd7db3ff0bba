"""The fingerprint of a refresh's inputs: what changes it, and what does not."""

import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.raw_ddl import create_table_sql
from ingestion.contracts.system_tables import SYSTEM_TABLES
from ingestion.home import Home, repository_root
from orchestration.project import Project
from orchestration.run import inputs
from orchestration.run.inputs import fingerprint, inbox_state

EXTRACT = (
    "insert into landing.extracts by name select '{id}' as extract_id, 'demo' as source_system, "
    "'crm' as source, 'users' as table_name, 'f' as fingerprint"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "code"
    (root / "dbt_project").mkdir(parents=True)
    (root / "dbt_project" / "model.sql").write_text("select 1")
    home = Home(tmp_path / "home")
    home.create()
    tables = (*load_contracts().tables(), *SYSTEM_TABLES)
    schemas = {table.source for table in tables}
    statements = [f"create schema {schema}" for schema in schemas]
    write(home, *statements, *(create_table_sql(table) for table in tables))
    return Project(root, home)


def write(home: Home, *statements: str) -> None:
    with duckdb.connect(str(home.raw_db)) as raw:
        for statement in statements:
            raw.execute(statement)


def test_it_is_the_same_for_the_same_content(project: Project):
    before = fingerprint(project, CompanySettings())
    (project.root / "dbt_project" / "model.sql").write_text("select 1")
    (project.root / "dbt_project" / "compiled.pyc").write_bytes(b"1")
    assert fingerprint(project, CompanySettings()) == before


@pytest.mark.parametrize(
    "statement",
    [
        "insert into crm.users (user_id) values ('u1')",
        EXTRACT.format(id="e1"),
    ],
)
def test_a_row_more_in_raw_changes_it(project: Project, statement: str):
    before = fingerprint(project, CompanySettings())
    write(project.home, statement)
    assert fingerprint(project, CompanySettings()) != before


def test_another_log_of_equal_size_changes_it(project: Project):
    write(project.home, EXTRACT.format(id="e1"))
    before = fingerprint(project, CompanySettings())
    write(project.home, "delete from landing.extracts", EXTRACT.format(id="e2"))
    assert fingerprint(project, CompanySettings()) != before


def test_what_a_refresh_notes_about_itself_does_not_change_it(project: Project):
    before = fingerprint(project, CompanySettings())
    write(
        project.home,
        "insert into landing.files (run_id) values ('r')",
        "insert into landing.gate_results (run_id) values ('r')",
    )
    assert fingerprint(project, CompanySettings()) == before


def test_settings_change_it_but_not_where_extracts_lie(project: Project):
    before = fingerprint(project, CompanySettings())
    elsewhere = CompanySettings.model_validate({"sources": [{"mapping": "m", "folder": "f"}]})
    assert fingerprint(project, elsewhere) == before
    assert fingerprint(project, CompanySettings(close_lag_days=6)) != before


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"official_holidays": "IR"}, True),
        ({"official_holidays": [{"country": "DE", "subdivision": "BY", "branch": "b"}]}, True),
        ({"holidays": [{"date": "2024-05-01", "name": "x"}]}, False),
    ],
)
def test_another_edition_of_official_holidays_changes_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], changes: bool
):
    company = CompanySettings.model_validate(settings)
    before = fingerprint(project, company)
    editions = {"holidays": "999.0"}
    monkeypatch.setattr(inputs, "version", lambda name: editions.get(name) or version(name))
    assert (fingerprint(project, company) != before) is changes


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("weekend", [["friday"], [{"days": ["friday"]}, {"from": "2024-01-05", "days": []}]]),
        ("time_zone", ["UTC", [{"zone": "UTC"}, {"from": "2024-01-05", "zone": "Asia/Tehran"}]]),
        ("fiscal_year_start_month", [1, [{"month": 1}, {"from": "2024-04-01", "month": 4}]]),
    ],
)
def test_a_value_from_another_day_on_changes_it(project: Project, setting: str, values: list[Any]):
    later = [*values[1][:1], {**values[1][1], "from": "2025-01-05"}]
    if setting == "fiscal_year_start_month":
        later[1]["from"] = "2025-04-01"
    found = {
        fingerprint(project, CompanySettings.model_validate({setting: value}))
        for value in (*values, later)
    }
    assert len(found) == 3


def test_a_changed_or_renamed_model_changes_it(project: Project):
    model = project.root / "dbt_project" / "model.sql"
    first = fingerprint(project, CompanySettings())
    model.write_text("select 2")
    second = fingerprint(project, CompanySettings())
    model.rename(model.with_name("other.sql"))
    assert len({first, second, fingerprint(project, CompanySettings())}) == 3


def state(inbox: Path, mapping: str | Path = "canonical") -> str:
    return inbox_state([(load_mapping(str(mapping)), inbox)])


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    inbox = tmp_path / "inbox"
    (inbox / "2026-01-05").mkdir(parents=True)
    (inbox / "2026-01-05" / "users.csv").write_text("user_id\nu1\n")
    return inbox


def rewritten(file: Path) -> None:
    file.write_text("user_id\nu2\n")


def replaced(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("user_id\nu2\n")
    other.replace(file)


def copied_over(file: Path) -> None:
    other = file.parents[2] / "corrected.csv"
    other.write_text("user_id\nu2\n")
    stat = file.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    shutil.copy2(other, file)


@pytest.mark.parametrize("change", [rewritten, replaced, copied_over])
def test_a_file_of_the_same_name_size_and_time_is_another_one(
    inbox: Path, change: Callable[[Path], None]
):
    """Programs that copy or unpack set the time of the original."""
    file = inbox / "2026-01-05" / "users.csv"
    before, stat = state(inbox), file.stat()
    change(file)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert state(inbox) != before


def test_a_link_is_what_it_points_to(inbox: Path, tmp_path: Path):
    target = tmp_path / "elsewhere.csv"
    target.write_text("user_id\nu1\n")
    (inbox / "teams.csv").symlink_to(target)
    before = state(inbox)
    rewritten(target)
    linked = state(inbox)
    target.unlink()
    assert len({before, linked, state(inbox)}) == 3


def test_reading_files_changes_nothing(inbox: Path):
    before = state(inbox)
    (inbox / "2026-01-05" / "users.csv").read_bytes()
    assert state(inbox) == before


def test_a_mapping_of_ones_own_that_changes_is_another_inbox(inbox: Path, tmp_path: Path):
    """Else a corrected mapping would wait for the next file."""
    shipped = repository_root() / "ingestion" / "mapping" / "shipped" / "canonical.yml"
    own = tmp_path / "own.yml"
    text = shipped.read_text(encoding="utf-8")
    own.write_text(text, encoding="utf-8")
    before = state(inbox, own)
    own.write_text(text + "\n# Nothing but a remark.\n", encoding="utf-8")
    assert state(inbox, own) == before
    own.write_text(text.replace("users.*", "people.*"), encoding="utf-8")
    assert state(inbox, own) != before
