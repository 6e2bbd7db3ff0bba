"""The same inputs give the same figures to the last digit, in whatever order their rows are read.

Engines read rows in an order of their own and add up in several threads. That is harmless to whole
numbers and decimals; a sum or mean of doubles differs in its last digits from run to run, so that
its table would count as changed each night.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from demo_key import SMALL

# What gives the same for doubles in any order. `first` is that of the one row of a subquery.
# A quantile lies between two of the sorted values, so the order in which they came does not matter.
EXACT_FOR_DOUBLES = {"min", "max", "count", "count_star", "first", "quantile_cont"}
INEXACT = {"DOUBLE", "FLOAT"}
CATALOGS = ("raw", "warehouse", "marts", "restricted")
# Threads, and the seed of the order of the rows.
WAYS_TO_READ = ((1, 11), (4, 12), (2, 13))
# The SQL is the same for the other, which has fewer rows.
OF_ONE_DEMO = pytest.mark.parametrize("demo", [SMALL], ids=str, indirect=True)


@pytest.fixture
def built(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The demo company's databases, attached under the names that models know them by."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for catalog in CATALOGS:
            places = (
                demo_home / f"{catalog}.duckdb",
                demo_home / "published" / f"{catalog}.duckdb",
            )
            for file in [place for place in places if place.is_file()][:1]:
                connection.execute(f"attach '{file}' as {catalog} (read_only)")
        yield connection


@OF_ONE_DEMO
def test_no_query_adds_up_doubles(manifest, built):
    queries = {
        node["name"]: node["compiled_code"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "test")
    }
    assert len(queries) > 300
    found = {
        name: inexact for name, sql in queries.items() if (inexact := sums_of_doubles(built, sql))
    }
    assert found == {}, "cast each addend to a decimal, or add up what the ratios are made of"


@pytest.mark.parametrize(
    "sql",
    [
        "select avg(x) from doubles",
        "select sum(x) over (order by n) from doubles",
        "select stddev_pop(x) from doubles",
        "select sum(n / 3) from doubles",
        "with sums as (select sum(cast(n as float)) as x from doubles) select max(x) from sums",
        "select n from doubles where x > (select avg(y.x) from doubles as y)",
    ],
)
def test_a_sum_of_doubles_would_be_seen(sql):
    with duckdb.connect() as connection:
        connection.execute("create table doubles (n integer, x double)")
        assert sums_of_doubles(connection, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select avg(n), sum(n) over (order by n), max(x), count(x) from doubles group by all",
        "select sum(cast(x as decimal(38, 12))) / count(x) from doubles",
    ],
)
def test_sums_of_whole_numbers_and_decimals_pass(sql):
    with duckdb.connect() as connection:
        connection.execute("create table doubles (n integer, x double)")
        assert sums_of_doubles(connection, sql.replace(" group by all", " group by n, x")) == []


@OF_ONE_DEMO
def test_every_table_is_the_same_from_rows_in_any_order(manifest, built):
    tables = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "view"
    }
    assert len(tables) > 60
    found: dict[str, set[object]] = {name: set() for name in tables}
    for threads, seed in WAYS_TO_READ:
        built.execute(f"set threads = {threads}")
        names = shuffled(built, tables, seed)
        for name, node in tables.items():
            sql = node["compiled_code"]
            for relation, copy in names.items():
                sql = sql.replace(relation, copy)
            found[name].update(
                built.execute(
                    "select count(*), bit_xor(hash(built)), sum(hash(built)) "
                    f"from ({sql}\n) as built"
                ).fetchall()
            )
    assert [tables[name]["name"] for name, contents in found.items() if len(contents) > 1] == []


def shuffled(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, Any]], seed: int
) -> dict[str, str]:
    """Copies tables in an order of its own and gives the name of each copy by the relation's."""
    connection.execute("detach database if exists shuffled")
    connection.execute("attach ':memory:' as shuffled")
    names = {}
    for node in tables.values():
        relation = node["relation_name"]
        copy = names[relation] = f'shuffled."{node["name"]}"'
        connection.execute(
            f"create table {copy} as select * from {relation} order by hash(rowid + {seed})"
        )
    return names


def sums_of_doubles(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """Gives the aggregates of doubles in a query that depend on the order of its rows.

    DuckDB's own plan says what type each argument has once the names are resolved.
    """
    answer = connection.execute(
        "select json_serialize_plan(?, optimize := false)", [sql]
    ).fetchall()[0][0]
    plan = json.loads(answer)
    assert not plan["error"], plan
    return [
        f"{call['name']}({', '.join(types)})"
        for call in aggregates(plan)
        if (types := [argument["id"] for argument in call["arguments"]])
        and INEXACT.intersection(types)
        and call["name"] not in EXACT_FOR_DOUBLES
    ]


def aggregates(part: object) -> Iterator[Mapping[str, Any]]:
    """Gives the aggregate functions of a plan, those over windows included."""
    if isinstance(part, dict):
        is_call = part.get("expression_class") in ("BOUND_AGGREGATE", "BOUND_WINDOW")
        if is_call and part.get("arguments"):
            yield part
        for child in part.values():
            yield from aggregates(child)
    elif isinstance(part, list):
        for child in part:
            yield from aggregates(child)
