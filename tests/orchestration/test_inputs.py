"""The fingerprint of a refresh's inputs: what changes it, and what does not."""

from pathlib import Path

import duckdb
import pytest

from ingestion.company import CompanySettings
from ingestion.contracts import load_contracts
from ingestion.home import Home
from ingestion.raw_ddl import create_table_sql
from ingestion.system_tables import SYSTEM_TABLES
from orchestration.inputs import fingerprint
from orchestration.project import Project

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
    write(home, *["create schema if not exists crm", "create schema landing"])
    for table in (*load_contracts().tables(), *SYSTEM_TABLES):
        write(home, f"create schema if not exists {table.source}", create_table_sql(table))
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


def test_a_changed_or_renamed_model_changes_it(project: Project):
    model = project.root / "dbt_project" / "model.sql"
    first = fingerprint(project, CompanySettings())
    model.write_text("select 2")
    second = fingerprint(project, CompanySettings())
    model.rename(model.with_name("other.sql"))
    assert len({first, second, fingerprint(project, CompanySettings())}) == 3
