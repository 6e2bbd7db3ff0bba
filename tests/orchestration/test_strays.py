"""What models leave behind in the warehouse when they are taken out, renamed or moved is dropped."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.dbt import build_state
from orchestration.dbt.build_state import Build, Content, open_stores

SCHEMAS = {"staging", "core", "marts", "restricted"}
KEPT = {"staging.stg_deals", "core.fct_deals"}


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_stores({"warehouse": tmp_path / "warehouse.duckdb"}, writable=True) as connection:
        for schema in (*SCHEMAS, "mine"):
            connection.execute(f"create schema warehouse.{schema}")
        connection.execute("create view warehouse.staging.stg_deals as select 1 as deal")
        connection.execute("create table warehouse.core.fct_deals as select 1 as deal")
        build_state.read_builds(connection)
        yield connection


def names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    there = build_state.tables_there(connection)
    return {name.removeprefix("warehouse.") for name in there} - {"meta.model_builds"}


@pytest.mark.parametrize(
    ("made", "left"),
    [
        # The model moved into restricted.duckdb: what it left is pay that anybody may read.
        (
            "table warehouse.core.dim_compensation_plan as select 1 as cap",
            "core.dim_compensation_plan",
        ),
        ("view warehouse.staging.stg_gone as select 1 as n", "staging.stg_gone"),
        # From when marts stood in the warehouse, too.
        ("table warehouse.marts.mart_old as select 1 as n", "marts.mart_old"),
        # A build that was killed.
        ("table warehouse.core.fct_deals__dbt_tmp as select 1 as n", "core.fct_deals__dbt_tmp"),
        ('table warehouse.core."Fct ""Odd" as select 1 as n', 'core.Fct "Odd'),
    ],
)
def test_what_no_model_makes_is_dropped_and_named(
    stores: duckdb.DuckDBPyConnection, made: str, left: str
) -> None:
    stores.execute(f"create {made}")
    assert left in names(stores)
    assert build_state.drop_strays(stores, SCHEMAS, KEPT) == [left]
    assert names(stores) == KEPT
    assert build_state.drop_strays(stores, SCHEMAS, KEPT) == []


def test_a_stray_view_of_a_stray_table_goes_with_it(stores: duckdb.DuckDBPyConnection) -> None:
    stores.execute("create table warehouse.core.dim_old as select 1 as n")
    stores.execute("create view warehouse.staging.stg_of_old as from warehouse.core.dim_old")
    dropped = build_state.drop_strays(stores, SCHEMAS, KEPT)
    assert dropped == ["core.dim_old", "staging.stg_of_old"]


def test_other_schemas_are_left_alone(stores: duckdb.DuckDBPyConnection) -> None:
    stores.execute("create table warehouse.mine.notes as select 1 as n")
    assert build_state.drop_strays(stores, SCHEMAS, KEPT) == []
    assert names(stores) == {*KEPT, "mine.notes"}


def test_models_that_are_no_more_are_forgotten(stores: duckdb.DuckDBPyConnection) -> None:
    builds = [
        Build(model, f"core.{model}", "s", "d", {}, Content(1, "h"), "r1", is_checked=True)
        for model in ("fct_deals", "dim_gone")
    ]
    build_state.record(stores, builds)
    build_state.forget_all_but(stores, ["fct_deals"])
    assert build_state.read_builds(stores).keys() == {"fct_deals"}
