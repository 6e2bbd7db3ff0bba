"""The mutation run changes one word of code, and says truly what notices it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.mutation import Laboratory, Mutant, Project

DEALS = """with deals as (

    select id, amount -- min( of nothing

    from "warehouse"."core"."fct_deal"
    where amount >= 10 and kind <> 'a > b'

)

select max(amount) as largest from deals"""
FACT = "select * from (values (1, 10, 'x'), (2, 30, 'y')) as v(id, amount, kind)"
# As dbt runs it: the model on a fixture, beside the rows that it must give.
UNIT_TEST = """
with dbt_internal_unit_test_actual as (
  select largest, 'actual' as actual_or_expected from (
    with __dbt__cte__fct_deal as (

-- Fixture for fct_deal
select 1 as id, 10 as amount, 'x' as kind
union all
select 2 as id, 5 as amount, 'x' as kind
), deals as (

    select id, amount -- min( of nothing

    from __dbt__cte__fct_deal
    where amount >= 10 and kind <> 'a > b'

)

select max(amount) as largest from deals
  )
),
dbt_internal_unit_test_expected as (
  select 10 as largest, 'expected' as actual_or_expected
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
"""


def node(kind: str, name: str, sql: str, reads: list[str], topic: str = "core") -> dict[str, Any]:
    return {
        "unique_id": f"{kind}.p.{name}",
        "resource_type": kind,
        "name": name,
        "alias": name,
        "schema": topic,
        "fqn": ["p", topic, name],
        "compiled_code": sql,
        "config": {"materialized": "table", "severity": "error"},
        "depends_on": {"nodes": reads},
    }


@pytest.fixture
def project() -> Project:
    data_test = 'select * from "marts"."metrics"."mart_deal" where largest is null'
    nodes = [
        node("model", "fct_deal", FACT, []),
        node("model", "mart_deal", DEALS, ["model.p.fct_deal"], "metrics"),
        node("test", "not_null", data_test, ["model.p.mart_deal"]),
    ]
    manifest = {"nodes": {each["unique_id"]: each for each in nodes}}
    return Project(manifest, {"mart_deal": [UNIT_TEST]})


@pytest.fixture
def laboratory(project: Project, tmp_path: Path) -> Laboratory:
    duckdb.connect(str(tmp_path / "raw.duckdb")).close()
    return Laboratory(project, tmp_path / "raw.duckdb")


def test_texts_and_comments_are_not_changed(project: Project):
    of_mart = [mutant for mutant in project.mutants() if mutant.model == "mart_deal"]
    assert [mutant.changed_line for mutant in of_mart] == [
        "where amount > 10 and kind <> 'a > b'",
        "where amount >= 10 or kind <> 'a > b'",
        "where amount >= 10 and kind = 'a > b'",
        "select min(amount) as largest from deals",
    ]


def test_a_change_is_made_where_fixtures_stand_for_tables():
    mutant = Mutant("m", "left join @fct_deal as deals on a.id = deals.id", 0)
    assert mutant.applied_to("  left join __dbt__cte__fct_deal as deals on a.id = deals.id") == (
        "  inner join __dbt__cte__fct_deal as deals on a.id = deals.id"
    )
    assert mutant.applied_to('left join "w"."core"."fct_deal" as deals on a.id = deals.id') == (
        'inner join "w"."core"."fct_deal" as deals on a.id = deals.id'
    )
    assert mutant.applied_to("left join fct_deal as deals on a.id = deals.id") is None


def test_a_change_is_made_on_the_line_on_which_the_fixtures_end():
    mutant = Mutant("m", "least as (select min(amount) as amount from @fct_deal),", 0)
    line = "least as (select {}(amount) as amount from __dbt__cte__fct_deal),"
    ended = "-- Fixture for fct_deal\nselect 1 as amount\n), "
    assert mutant.applied_to(ended + line.format("min")) == ended + line.format("max")


def test_what_dbt_put_round_a_model_is_not_changed():
    assert Mutant("m", "union all", 0).applied_to(UNIT_TEST) is None
    assert Mutant("m", "select max(amount) as largest from deals", 0).applied_to(UNIT_TEST)


def test_what_notices_a_change(laboratory: Laboratory, project: Project):
    assert laboratory.is_sound("mart_deal")
    killers = [laboratory.killer(m) for m in project.mutants() if m.model == "mart_deal"]
    # The largest of one deal is the smallest; a fixture without another kind cannot tell `and`.
    assert killers == ["unit test", None, "unit test", None]


def test_a_data_test_notices_what_no_unit_test_does(project: Project, tmp_path: Path):
    duckdb.connect(str(tmp_path / "raw.duckdb")).close()
    project.unit_tests = {}
    laboratory = Laboratory(project, tmp_path / "raw.duckdb")
    nobody = Mutant("mart_deal", "where amount >= 10 and kind <> 'a > b'", 2)
    assert laboratory.killer(nobody) == "data test"
    # What a mutant built is taken back before the next.
    assert (
        laboratory.killer(Mutant("mart_deal", "select max(amount) as largest from deals", 0))
        is None
    )
