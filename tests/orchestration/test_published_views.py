"""Views of the warehouse that show nothing but published tables: they are published as views."""

from pathlib import Path

import duckdb
import pytest
from hand_made_versions import (
    FIRST,
    MART,
    SECOND,
    THIRD,
    build_warehouse,
    literal,
    published,
    read,
)

from ingestion.home import Home
from orchestration import publication

WIDE = "marts.mart_opportunities"
TALL = "tall_values"
OF_ONE_MART = f"select level, won_deals as value from marts.marts.{MART}"
OF_TWO_MARTS = (
    f"with known as ({OF_ONE_MART}) select 'it AS marts' as metric, value from known "
    f"union all select opportunity_id, 1 from marts.marts.mart_opportunities"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    build_warehouse(home)
    return home


def show(home: Home, query: str) -> None:
    """Makes the view in the warehouse as dbt does, which has the marts' file attached."""
    with duckdb.connect(str(home.warehouse_db)) as warehouse:
        warehouse.execute("attach ':memory:' as marts; create schema marts.marts")
        warehouse.execute(
            f"create table marts.marts.{MART} (level varchar, member_id varchar, "
            "period_start date, won_deals integer, won_value decimal(18, 2));"
            "create table marts.marts.mart_opportunities (opportunity_id varchar)"
        )
        warehouse.execute(
            f"create or replace view warehouse.marts.{TALL} as {query};"
            f"comment on view warehouse.marts.{TALL} is 'All of them.';"
            f"comment on column warehouse.marts.{TALL}.value is 'What it is.'"
        )


def test_it_is_one_of_the_published_file_and_its_rows_are_in_parquet(home: Home):
    show(home, OF_TWO_MARTS)
    manifest = published(home, FIRST, 3)
    path = publication.published_database(home)
    rows = [("it AS marts", 3), ("it AS marts", 12), ("x3", 1)]
    assert read(path, f"select metric, value from {TALL} order by all") == rows
    assert manifest.tables[TALL].rows == 3
    views = "select comment from duckdb_views() where schema_name = 'marts'"
    assert read(path, views) == [("All of them.",)]
    comments = f"select comment from duckdb_columns() where table_name = '{TALL}' and comment <> ''"
    assert set(read(path, comments)) == {("What it is.",)}
    parquet = publication.published_parquet(home) / f"{TALL}.parquet"
    with duckdb.connect() as reader:
        assert reader.execute(f"from {literal(parquet)} order by all").fetchall() == rows


@pytest.mark.parametrize("name", ["marts", "m", "analytics"])
def test_it_can_be_read_under_whatever_name_the_file_is_attached(home: Home, name: str):
    show(home, OF_TWO_MARTS)
    published(home, FIRST, 3)
    path = publication.published_database(home)
    with duckdb.connect() as reader:
        reader.execute(f"attach {literal(path)} as {name} (read_only)")
        assert reader.execute(f"select count(*) from {name}.marts.{TALL}").fetchall() == [(3,)]


def test_it_is_as_new_as_the_newest_table_that_it_shows(home: Home):
    show(home, OF_ONE_MART)
    first = published(home, FIRST, 3)
    second = published(home, SECOND, 4, carry=True, only={WIDE})
    third = published(home, THIRD, 5, carry=True, only={f"marts.{MART}"})
    assert second.tables[TALL] == first.tables[TALL]
    assert third.tables[TALL].built_by == THIRD
    assert third.tables[TALL].content_hash != first.tables[TALL].content_hash

    def inode(version: str) -> int:
        folder = home.published / "versions" / version / "parquet"
        return (folder / f"{TALL}.parquet").stat().st_ino

    assert inode(FIRST) == inode(SECOND) != inode(THIRD)


def test_what_was_a_table_becomes_a_view_and_the_other_way_round(home: Home):
    def kinds() -> list[tuple]:
        return read(
            publication.published_database(home),
            f"select 'table' from duckdb_tables() where table_name = '{TALL}' union all "
            f"select 'view' from duckdb_views() where view_name = '{TALL}' "
            "and schema_name = 'marts'",
        )

    of_the_warehouse = "select 'all' as level, 7 as value from warehouse.core.fct_opportunity"
    for run_id, query, kind, value in (
        (FIRST, of_the_warehouse, "table", 7),
        (SECOND, OF_ONE_MART, "view", 12),
        (THIRD, of_the_warehouse, "table", 7),
    ):
        show(home, query)
        published(home, run_id, 3, carry=True)
        assert kinds() == [(kind,)]
        highest = read(publication.published_database(home), f"select max(value) from {TALL}")
        assert highest == [(value,)]
    assert [check for check in publication.verify(home) if check.faults] == []


def test_one_that_no_model_makes_any_more_is_gone(home: Home):
    show(home, OF_ONE_MART)
    published(home, FIRST, 3)
    with duckdb.connect(str(home.warehouse_db)) as warehouse:
        warehouse.execute(f"drop view marts.{TALL}")
    manifest = published(home, SECOND, 3, carry=True, only=set())
    assert TALL not in manifest.tables
    views = "select view_name from duckdb_views() where not internal"
    assert (TALL,) not in read(publication.published_database(home), views)
