"""What is built and why, decided over a small graph: a view between a source and two tables."""

from dataclasses import replace

import pytest

from orchestration.dbt.build_state import Build, Content
from orchestration.dbt.graph import Model, ProjectGraph, SourceTable
from orchestration.dbt.plan import Facts, decide, definition_hashes, inputs_by_model


class Graph(ProjectGraph):
    """A graph made of given models, in the order given."""

    def __init__(self, *models: Model) -> None:
        super().__init__({})
        self.models = {model.unique_id: model for model in models}
        self.sources = {"raw_deals": SourceTable("raw_deals", "crm", "deals", "columns")}

    def but(self, unique_id: str, **changed: object) -> "Graph":
        return Graph(
            *(
                replace(m, **changed) if m.unique_id == unique_id else m
                for m in self.models.values()
            )
        )


def model(name: str, *inputs: str, is_table: bool = True, catalog: str = "warehouse") -> Model:
    schema = catalog if catalog != "warehouse" else "core"
    return Model(name, schema, name, catalog, "core", is_table, inputs, f"sql of {name}", False)


GRAPH = Graph(
    model("stg_deals", "raw_deals", is_table=False),
    model("fct_deals", "stg_deals"),
    model("dim_other"),
    model("mart_deals", "fct_deals", "dim_other", catalog="marts"),
)
SOURCES = {"raw_deals": Content(3, "deals of monday")}


def built(graph: Graph, run: str = "r1", sources=SOURCES) -> dict[str, Build]:
    """What the state holds after everything was built once."""
    contents = {
        name: Content(1, f"rows of {name}") for name, m in graph.models.items() if m.is_table
    }
    definitions = definition_hashes(graph)
    inputs = inputs_by_model(graph, sources, contents, definitions)
    return {
        name: Build(
            name, m.table, m.sql_hash, definitions[name], inputs[name] or {}, contents.get(name),
            run, is_checked=True,
        )
        for name, m in graph.models.items()
    }  # fmt: skip


def due(graph: Graph = GRAPH, builds=None, **changed: object) -> dict[str, str]:
    facts = Facts(
        builds=built(GRAPH) if builds is None else builds,
        sources=SOURCES,
        there={f"{m.catalog}.{m.table}" for m in graph.models.values()},
        carried={"marts.mart_deals": "r1"},
    )
    decisions = decide(graph, replace(facts, **changed))
    return {name: d.why for name, d in decisions.items() if d.why is not None}


def test_nothing_is_built_where_nothing_changed():
    assert due() == {}


def test_everything_is_built_where_nothing_is_known():
    assert set(due(builds={}).values()) == {"it was never built"}
    assert set(due(builds={})) == set(GRAPH.models)


def test_other_rows_in_a_source_build_the_tables_behind_it_and_no_view():
    assert due(sources={"raw_deals": Content(4, "deals of tuesday")}) == {
        "fct_deals": "changed: stg_deals",
        "mart_deals": "built anew: fct_deals",
    }


def test_as_many_rows_with_other_content_are_a_change():
    assert "fct_deals" in due(sources={"raw_deals": Content(3, "deals of tuesday")})


def test_an_input_built_anew_with_the_same_rows_builds_nothing():
    builds = built(GRAPH)
    builds["fct_deals"] = replace(builds["fct_deals"], run_id="r2")
    assert due(builds=builds) == {}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("stg_deals", {"stg_deals", "fct_deals", "mart_deals"}),
        ("fct_deals", {"fct_deals", "mart_deals"}),
        ("dim_other", {"dim_other", "mart_deals"}),
        ("mart_deals", {"mart_deals"}),
    ],
)
def test_other_sql_builds_the_model_and_what_reads_it(changed, expected):
    assert set(due(GRAPH.but(changed, sql_hash="other"))) == expected


def test_a_view_is_made_anew_when_a_table_that_it_reads_has_other_sql():
    graph = Graph(model("t", "raw_deals"), model("v", "t", is_table=False))
    assert set(due(graph.but("t", sql_hash="other"), builds=built(graph))) == {"t", "v"}


@pytest.mark.parametrize("gone", ["warehouse.core.stg_deals", "warehouse.core.fct_deals"])
def test_what_is_not_there_is_built(gone):
    there = {f"{m.catalog}.{m.table}" for m in GRAPH.models.values()} - {gone}
    assert due(there=there)[gone.split(".")[2]] == "it was never built"


@pytest.mark.parametrize("carried", [{}, {"marts.mart_deals": "r0"}])
def test_a_published_table_of_another_build_does_not_count(carried):
    """After a rollback, or a refresh that failed behind the mart, the files hold another one."""
    assert due(carried=carried) == {"mart_deals": "it was never built"}


def test_a_row_that_was_taken_away_before_a_build_that_was_killed_builds_again():
    builds = built(GRAPH)
    del builds["fct_deals"]
    assert set(due(builds=builds)) == {"fct_deals", "mart_deals"}


def test_a_table_that_was_built_of_a_view_of_earlier_sql_is_built_with_the_new_view():
    """Somebody asked for the table alone, after the SQL of the view had changed."""
    changed = GRAPH.but("stg_deals", sql_hash="other")
    builds = built(GRAPH)
    held = definition_hashes(changed, held={"stg_deals": builds["stg_deals"].definition_hash})
    contents = {name: build.content for name, build in builds.items() if build.content}
    read = inputs_by_model(changed, SOURCES, contents, held)["fct_deals"]
    builds["fct_deals"] = replace(builds["fct_deals"], inputs=read or {}, run_id="r2")
    assert set(due(changed, builds=builds)) == {"stg_deals", "fct_deals", "mart_deals"}
