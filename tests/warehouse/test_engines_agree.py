"""DuckDB and Spark build the same core and marts from the same demo company, row by row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from warehouse_testbed import Dbt, dbt_on_spark, read_warehouse

from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from ingestion.landing.run import land
from ingestion.mapping.feeds import Mapping
from ingestion.raw.export import export_raw
from simulation import simulate

pytestmark = pytest.mark.minutes(15)

# A zone with half an hour and a past of summer time, so that dates depend on the conversion.
# The company moved there from Berlin.
# Small groups, so that there is something to compare of few people. A short calendar, because days
# and business hours of sixty years would cost more than all else of a company this small.
SETTINGS = CompanySettings.model_validate(
    {
        "calendar_start": "2015-01-01",
        "calendar_end": "2030-12-31",
        "time_zone": [{"zone": "Europe/Berlin"}, {"from": "2025-04-10", "zone": "Asia/Tehran"}],
        "minimum_group_size": 3,
    }
)
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def home(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small demo company, landed once and built by both engines."""
    if shutil.which("java") is None:
        reason = "Spark needs Java, and there is no java on the path"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}: CI must run this test")
        pytest.skip(reason)
    root = tmp_path_factory.mktemp("engines")
    simulate(root / "demo", scale=0.05, seed=11, nights=3)
    home = Home(root / "home")
    home.create()
    canonical = load_mapping("canonical")
    fixtures = [(as_system(canonical, folder.name), folder) for folder in FIXTURES.iterdir()]
    sources = [(canonical, root / "demo" / "extracts"), *fixtures]
    landed = land(home, sources, load_contracts(), "20260108T000000Z-test", SETTINGS)
    assert landed.rows_appended > 0
    export_raw(home.raw_db, home.root / "export" / "raw")
    dbt(home.root, "run")
    dbt_on_spark(home.root, root / "dbt", "run")
    return home


def as_system(mapping: Mapping, name: str) -> Mapping:
    """The mapping as that of a system of its own: what it lacks is not deleted in the others."""
    feeds = tuple(feed.model_copy(update={"source_system": name}) for feed in mapping.feeds)
    return mapping.model_copy(update={"source_system": name, "feeds": feeds})


@pytest.fixture(scope="module")
def warehouse(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_warehouse(home.root) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.mark.parametrize("schema", ["core", "marts", "restricted"])
def test_every_table_has_the_same_rows(home, warehouse, schema):
    tables = [
        name
        for (name,) in warehouse.execute(
            # What a view shows is copied. Spark writes no files for one, unless it is a table there.
            "select table_name from duckdb_tables() "
            "where schema_name = ? and database_name <> 'copied' union "
            "select view_name from duckdb_views() where schema_name = ? and view_name = any(?) "
            "order by all",
            [schema, schema, written_by_spark(home.root, schema)],
        ).fetchall()
    ]
    assert tables
    differences = {
        table: found
        for table in tables
        if (found := difference(warehouse, home.root, schema, table))
    }
    assert differences == {}


def test_there_is_something_to_compare(warehouse):
    """Empty tables would agree too."""
    deals, currencies, sources, episodes = warehouse.execute(
        "select count(*), count(distinct currency_code), count(distinct amount_source), "
        "max(episode) from core.fct_opportunity"
    ).fetchall()[0]
    assert deals > 500
    assert currencies > 2
    assert sources == 4
    assert episodes > 1
    (reps,) = warehouse.execute(
        "select max(people) from marts.mart_selling_time where level = 'company'"
    ).fetchall()[0]
    # More than those of the fixtures: the demo's reps have time sheets too.
    assert reps > 5
    medians, trained = warehouse.execute(
        "select (select count(median_days_to_ramp) from marts.mart_ramp where level = 'company'), "
        "(select sum(measured_people) from marts.mart_training where level = 'company')"
    ).fetchall()[0]
    assert medians >= 3
    assert trained > 0


def written_by_spark(root: Path, schema: str) -> list[str]:
    """Gives the names of the tables for which Spark wrote files."""
    return [folder.name for folder in (root / "spark" / "warehouse" / f"{schema}.db").iterdir()]


def difference(
    warehouse: duckdb.DuckDBPyConnection, root: Path, schema: str, table: str
) -> list[str]:
    """Gives some rows that only one engine has; none if the tables are equal."""
    folder = root / "spark" / "warehouse" / f"{schema}.db" / table
    files = [str(path) for path in folder.glob("*.parquet")]
    if not files:
        return [f"Spark wrote no files to {folder.name}"]
    columns = warehouse.execute(
        "select column_name, data_type from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    # The engines round a double to a decimal from different digits of it.
    compared = ", ".join(
        f'round("{name}", 9) as "{name}"' if data_type == "DOUBLE" else f'"{name}"'
        for name, data_type in columns
    )
    here = f"select {compared} from {schema}.{table}"
    there = f"select {compared} from read_parquet({files})"
    only_here = warehouse.execute(f"({here} except all {there}) limit 3").fetchall()
    only_there = warehouse.execute(f"({there} except all {here}) limit 3").fetchall()
    return [f"only DuckDB: {row}" for row in only_here] + [
        f"only Spark: {row}" for row in only_there
    ]
