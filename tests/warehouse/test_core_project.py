"""What holds for the dbt project as a whole: it builds from nothing, and every table explains itself.

The formulas are tested where they stand, by the unit tests in the models' YAML.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from warehouse_testbed import ROOT, Dbt, read_warehouse

pytestmark = pytest.mark.minutes(5)

SCHEMAS = {"staging", "intermediate", "core", "marts", "restricted"}


@pytest.fixture(scope="module")
def empty_home(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone's home after a plain `dbt build`: there was nothing in it, not even raw."""
    home = tmp_path_factory.mktemp("empty_home")
    dbt(home, "build")
    return home


def tables_of(warehouse: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = warehouse.execute(
        "select table_name from duckdb_tables() where schema_name = ? order by all", [schema]
    ).fetchall()
    return [name for (name,) in rows]


def test_no_table_has_two_columns_of_one_name(empty_home):
    """DuckDB calls the second one `name_1`, so that a reader gets whichever comes first."""
    with read_warehouse(empty_home) as warehouse:
        doubled = warehouse.execute(
            "select one.schema_name, one.table_name, one.column_name "
            "from duckdb_columns() as one inner join duckdb_columns() as other "
            "using (database_name, schema_name, table_name) "
            "where other.column_name = one.column_name || '_1' and not one.internal"
        ).fetchall()
    assert doubled == []


def test_a_fresh_clone_builds_and_every_model_is_empty_but_for_unknown_members(empty_home):
    with read_warehouse(empty_home) as warehouse:
        rows = {
            table: warehouse.execute(f"select count(*) from core.{table}").fetchall()[0][0]
            for table in tables_of(warehouse, "core")
        }
    # dim_currency also has the reporting currency, which a company has from the start; the types of
    # activity are the contract's.
    unknown_members = {name: int(name.startswith("dim_")) for name in rows}
    assert rows == unknown_members | {
        "dim_activity_type": 6,
        "dim_business_hours": 0,
        # What nobody knows the campaign of, and what no campaign touched.
        "dim_campaign": 2,
        "dim_currency": 2,
        "dim_date": 0,
        "dim_deal_size_band": 0,
        "dim_period": 0,
        # The company, and the unknown member of each level.
        "dim_member": 11,
        # The unknown rep has the unknown manager.
        "bridge_sales_rep_manager": 1,
    }
    assert {"bridge_date_period", "fct_closing", "fct_opportunity", "fct_quota"} <= set(rows)


def test_schemas_are_named_as_the_folders(empty_home):
    with read_warehouse(empty_home) as warehouse:
        found = warehouse.execute(
            "select schema_name from duckdb_tables() union select schema_name from duckdb_views() "
            "where not internal"
        ).fetchall()
    assert {name for (name,) in found} == SCHEMAS


@pytest.mark.parametrize("schema", ["core", "marts", "restricted"])
def test_every_table_and_column_carries_its_description(empty_home, schema):
    with read_warehouse(empty_home) as warehouse:
        tables = tables_of(warehouse, schema)
        silent = warehouse.execute(
            """
            select table_name from duckdb_tables() where schema_name = $1 and comment is null
            union all
            select table_name || '.' || column_name from duckdb_columns()
            where schema_name = $1 and comment is null
            """,
            [schema],
        ).fetchall()
    assert tables
    assert silent == []


def test_contracts_are_enforced_on_core_and_marts(dbt, empty_home):
    listed = dbt(
        empty_home,
        *("ls", "--resource-type", "model", "--select", "path:dbt_project/models"),
        *("--output", "json", "--output-keys", "name", "config"),
    )
    models = [json.loads(line) for line in listed.splitlines() if line.startswith("{")]
    public = [
        model for model in models if model["name"].startswith(("dim_", "fct_", "bridge_", "mart_"))
    ]
    assert len(public) >= 12
    assert [model["name"] for model in public if not model["config"]["contract"]["enforced"]] == []


@pytest.mark.xdist_group("core_on_its_own")
def test_models_keep_to_the_sql_that_both_engines_speak():
    """Words of DuckDB alone belong into macros, behind adapter.dispatch."""
    foreign = re.compile(r"\bqualify\b|\basof\b|::|\b(?:list|struct|array)_?\w*\s*\(")
    found = [
        f"{path.name}: {match.group()}"
        for folder in ("models", "data_tests")
        for path in sorted((ROOT / "dbt_project" / folder).rglob("*.sql"))
        for match in foreign.finditer(_code(path))
    ]
    assert found == []


def test_every_model_is_sql():
    """An SQL engine runs the project alone: models in Python would tie it to one way of running dbt.

    dbt-spark has no way to run them in a local session, and unit tests and lineage stop at them.
    """
    folder = ROOT / "dbt_project"
    assert sorted(path.name for path in folder.rglob("*.py")) == []
    assert len(list((folder / "models").rglob("*.sql"))) > 100


def _code(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").lower().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))
