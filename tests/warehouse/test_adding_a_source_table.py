"""A new table of a source touches its contract, what is generated from it, and one line of staging."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from changed_project import append, changed_files, copied_project
from compiled_models import Models
from warehouse_testbed import read_warehouse

from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.sources_yaml import rendered_sources
from ingestion.home import Home
from ingestion.landing.run import land
from orchestration.reports.reference import compiled_manifest

SETTINGS = CompanySettings(calendar_start=date(2026, 1, 1), calendar_end=date(2026, 12, 31))
STAGING = "dbt_project/models/staging/crm"
CONTRACT = """
  - name: competitors
    description: One row per company that deals are lost to.
    properties:
      - {name: competitor_id, logicalType: string, required: true, primaryKey: true, description: Id of the competitor.}
      - {name: competitor_name, logicalType: string, description: Name of the competitor.}
      - {name: list_price, logicalType: number, physicalType: "decimal(18,2)", description: What it asks.}
"""
MODEL = "{{ newest_rows_of('crm', 'competitors') }}\n"
ENTRY = """
  - name: stg_crm__competitors
    description: One row per company that deals are lost to, as the newest extracts have it.
    columns:
      - {name: competitor_id, data_tests: [unique]}
"""
MAPPING = """
mapping: case
source: crm
tables:
  competitors: {files: "competitors*.csv", columns: same}
"""
EXTRACT = "competitor_id,competitor_name,list_price\nc1,Acme,12.50\nc2,Bolt,\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copied_project(tmp_path)


def sync(project: Path) -> None:
    """What `salesops contracts sync` does."""
    for path, text in rendered_sources(load_contracts(project / "ingestion/contracts")).items():
        (project / path).write_text(text, encoding="utf-8")


def landed(project: Path, tmp_path: Path) -> Path:
    contracts = load_contracts(project / "ingestion/contracts")
    extracts = tmp_path / "extracts"
    extracts.mkdir()
    (extracts / "competitors.csv").write_text(EXTRACT, encoding="utf-8")
    mapping = tmp_path / "case.yml"
    mapping.write_text(MAPPING, encoding="utf-8")
    home = Home(tmp_path / "home")
    result = land(
        home, [(load_mapping(str(mapping), contracts), extracts)], contracts, "r1", SETTINGS
    )
    assert [(file.accepted, file.quarantined) for file in result.files] == [(2, 0)]
    return home.root


def test_a_table_is_staged_by_one_line(project: Path, tmp_path: Path):
    append(project / "ingestion/contracts/crm.yml", CONTRACT)
    sync(project)
    (project / STAGING / "stg_crm__competitors.sql").write_text(MODEL, encoding="utf-8")
    append(project / STAGING / "_crm__models.yml", ENTRY)
    assert changed_files(project) == {
        "ingestion/contracts/crm.yml",
        f"{STAGING}/_crm__sources.yml",
        f"{STAGING}/_crm__models.yml",
        f"{STAGING}/stg_crm__competitors.sql",
    }
    home = landed(project, tmp_path)
    Models(compiled_manifest(project)).build(home, "stg_crm__competitors")
    with read_warehouse(home) as warehouse:
        # Staging is a view of raw.
        warehouse.execute(f"attach '{home / 'raw.duckdb'}' as raw (read_only)")
        assert warehouse.execute(
            "select competitor_id, competitor_name, cast(list_price as varchar) "
            "from staging.stg_crm__competitors order by all"
        ).fetchall() == [("c1", "Acme", "12.50"), ("c2", "Bolt", None)]


def test_a_column_is_staged_by_its_contract_alone(project: Path):
    contract = project / "ingestion/contracts/crm.yml"
    text = contract.read_text(encoding="utf-8")
    before = "      - {name: team_name,"
    column = "      - {name: motto, logicalType: string, description: What the team says.}\n"
    assert text.count(before) == 1
    contract.write_text(text.replace(before, column + before), encoding="utf-8")
    sync(project)
    assert changed_files(project) == {"ingestion/contracts/crm.yml", f"{STAGING}/_crm__sources.yml"}
    nodes = compiled_manifest(project)["nodes"]
    for model in ("stg_crm__teams", "stg_crm__teams_history"):
        assert "motto" in nodes[f"model.salesops.{model}"]["compiled_code"]
