"""A built home is read by names of two parts, whichever files its layers stand in."""

from pathlib import Path

import duckdb
import pytest
from warehouse_testbed import read_warehouse, store_of

# The folder of the published schemas' files; none where everything stands in the warehouse's.
LAYOUTS = {"built by dbt": ".", "refreshed": "published", "in one file": None}


@pytest.fixture(params=LAYOUTS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Tables of three layers, and views of three schemas that name their files as dbt does."""
    folder = LAYOUTS[request.param]
    names = {schema: f"warehouse.{schema}" for schema in ("marts", "restricted")}
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for schema in ("staging", "core", *names):
            connection.execute(f"create schema {schema}")
        connection.execute(f"attach '{tmp_path / 'raw.duckdb'}' as raw")
        connection.execute("create table raw.logged as select 5 as one")
        if folder:
            (tmp_path / folder).mkdir(exist_ok=True)
            for schema in names:
                file = tmp_path / folder / f"{schema}.duckdb"
                connection.execute(f"attach '{file}' as {schema}; create schema {schema}.{schema}")
                names[schema] = f'"{schema}"."{schema}"'
        connection.execute(f"""
            create table core.deals as select 1 as one;
            create table {names["marts"]}.mart as select 2 as two;
            create table {names["restricted"]}.pay as select 3 as three;
            create view warehouse.staging.logged as from raw.logged;
            create view warehouse.marts.open_view as
                select two + one from {names["marts"]}.mart, warehouse.core.deals;
            create view warehouse.restricted.closed_view as select three from {names["restricted"]}.pay;
            comment on view warehouse.marts.open_view is 'Everybody''s sum.';
            comment on column warehouse.marts.open_view."(two + one)" is 'Two and one.';
        """)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("core.deals", 1),
        ("marts.mart", 2),
        ("restricted.pay", 3),
        ("marts.open_view", 3),
        ("restricted.closed_view", 3),
    ],
)
def test_tables_and_views_have_names_of_two_parts(home: Path, name: str, value: int):
    with read_warehouse(home) as warehouse:
        assert warehouse.execute(f"from {name}").fetchall() == [(value,)]


def test_staging_reads_the_change_log(home: Path):
    with read_warehouse(home, with_raw=True) as warehouse:
        assert warehouse.execute("from staging.logged").fetchall() == [(5,)]
        assert warehouse.execute("from raw.main.logged").fetchall() == [(5,)]


def test_every_table_is_listed_once(home: Path):
    with read_warehouse(home) as warehouse:
        tables = warehouse.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            # What some views show is copied.
            "where database_name <> 'copied' order by all"
        ).fetchall()
    assert tables == [("core.deals",), ("marts.mart",), ("restricted.pay",)]


def test_a_view_has_its_descriptions(home: Path):
    with read_warehouse(home) as warehouse:
        described = warehouse.execute(
            "select distinct comment from duckdb_columns() where table_name = 'open_view' "
            "union select distinct comment from duckdb_views() where view_name = 'open_view'"
        ).fetchall()
    assert set(described) == {("Everybody's sum.",), ("Two and one.",)}


def test_what_is_read_cannot_be_written(home: Path):
    with read_warehouse(home) as warehouse, pytest.raises(duckdb.Error, match="read-only"):
        warehouse.execute("insert into core.deals values (7)")


@pytest.mark.parametrize("schema", ["core", "marts", "restricted"])
def test_a_test_writes_where_dbt_does(tmp_path: Path, schema: str):
    for name in ("warehouse", "marts", "restricted"):
        duckdb.connect(str(tmp_path / f"{name}.duckdb")).close()
    assert store_of(tmp_path, schema).stem == (schema if schema != "core" else "warehouse")
