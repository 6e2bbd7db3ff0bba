"""What is read from dbt's manifest, shown on small manifests made by hand."""

from copy import deepcopy
from typing import Any

import pytest

from orchestration.dbt.graph import ProjectGraph
from orchestration.errors import TransformationError

FOLDERS = {
    "stg_deals": ["staging", "crm"],
    "fct_deals": ["core", "deals"],
    "mart_deals": ["metrics", "closing"],
}


def node(name: str, reads: list[str], macros: list[str], **changed: Any) -> dict[str, Any]:
    folder = FOLDERS[name]
    return {
        "resource_type": "model", "unique_id": f"model.p.{name}", "alias": name,
        "schema": {"metrics": "marts"}.get(folder[0], folder[0]), "database": "warehouse",
        "fqn": ["p", *folder, name], "raw_code": f"select {name}", "description": "",
        "config": {"materialized": "view" if folder[0] == "staging" else "table", "meta": {}},
        "columns": {}, "depends_on": {"nodes": reads, "macros": [f"macro.p.{m}" for m in macros]},
        **changed,
    }  # fmt: skip


def test_node(name: str, reads: list[str], attached: str | None, severity: str = "ERROR") -> dict:
    return {
        "resource_type": "test", "unique_id": f"test.p.{name}", "name": name,
        "attached_node": attached, "config": {"severity": severity},
        "depends_on": {"nodes": reads, "macros": []},
    }  # fmt: skip


test_node.__test__ = False  # type: ignore[attr-defined]


def macro(name: str, calls: list[str], text: str = "", package: str = "p") -> dict[str, Any]:
    return {
        "name": name, "package_name": package, "macro_sql": text or f"text of {name}",
        "depends_on": {"macros": [f"macro.p.{call}" for call in calls]},
    }  # fmt: skip


MANIFEST: dict[str, Any] = {
    "metadata": {"project_name": "p"},
    "nodes": {
        "model.p.mart_deals": node("mart_deals", ["model.p.fct_deals"], ["tall"]),
        "model.p.fct_deals": node("fct_deals", ["model.p.stg_deals"], ["money"]),
        "model.p.stg_deals": node("stg_deals", ["source.p.crm.deals"], []),
        "test.p.a": test_node("a", ["model.p.fct_deals"], "model.p.fct_deals"),
        "test.p.b": test_node("b", ["model.p.fct_deals", "model.p.mart_deals"], None, "warn"),
        "test.p.c": test_node("c", ["model.p.fct_deals", "model.p.mart_deals"], "model.p.fct_deals"),
    },
    "sources": {
        "source.p.crm.deals": {
            "schema": "crm", "identifier": "deals",
            "columns": {"id": {"name": "id", "data_type": "varchar"}},
        }
    },
    "macros": {
        "macro.p.money": macro("money", ["rounded"]),
        "macro.p.rounded": macro("rounded", []),
        "macro.p.tall": macro("tall", [], "loop over graph.metrics"),
        "macro.p.unused": macro("unused", []),
        "macro.p.materialization_table_duckdb": macro("materialization_table_duckdb", []),
    },
    "metrics": {"m": {"name": "m", "created_at": 1}},
    "semantic_models": {},
}  # fmt: skip


def changed(*path: str, to: Any) -> set[str]:
    """Names the models whose hash changes when a place of the manifest does."""
    other = deepcopy(MANIFEST)
    place = other
    for step in path[:-1]:
        place = place[step]
    assert place[path[-1]] != to
    place[path[-1]] = to
    before, after = ProjectGraph(MANIFEST).models, ProjectGraph(other).models
    return {before[i].name for i in before if before[i].sql_hash != after[i].sql_hash}


def test_models_come_after_what_they_read_with_their_step():
    graph = ProjectGraph(MANIFEST)
    assert [(m.name, m.step, m.is_table) for m in graph.models.values()] == [
        ("stg_deals", "core", False),
        ("fct_deals", "core", True),
        ("mart_deals", "metrics", True),
    ]


@pytest.mark.parametrize(
    ("path", "to", "models"),
    [
        (("nodes", "model.p.fct_deals", "raw_code"), "select 2", {"fct_deals"}),
        (("nodes", "model.p.fct_deals", "description"), "New words.", {"fct_deals"}),
        (
            ("nodes", "model.p.stg_deals", "config"),
            {"materialized": "table", "meta": {}},
            {"stg_deals"},
        ),
        (("macros", "macro.p.money", "macro_sql"), "other", {"fct_deals"}),
        (("macros", "macro.p.rounded", "macro_sql"), "other", {"fct_deals"}),
        (("macros", "macro.p.unused", "macro_sql"), "other", set()),
        (("metrics", "m", "name"), "other", {"mart_deals"}),
        (("metrics", "m", "created_at"), 2, set()),
        (
            ("macros", "macro.p.materialization_table_duckdb", "macro_sql"),
            "other",
            {"stg_deals", "fct_deals", "mart_deals"},
        ),
    ],
)
def test_a_hash_changes_with_all_that_makes_the_sql_and_with_nothing_else(path, to, models):
    assert changed(*path, to=to) == models


def test_a_data_test_is_asked_after_the_last_model_that_it_reads():
    found = {t.name: (t.table, t.step, t.severity) for t in ProjectGraph(MANIFEST).tests}
    assert found == {
        "a": ("core.fct_deals", "core", "block"),
        "b": ("marts.mart_deals", "metrics", "warn"),
        "c": ("core.fct_deals", "metrics", "block"),
    }


def test_a_step_without_models_is_an_error():
    manifest = deepcopy(MANIFEST)
    del manifest["nodes"]["model.p.mart_deals"]
    manifest["nodes"] = {k: v for k, v in manifest["nodes"].items() if k.startswith("model")}
    with pytest.raises(TransformationError, match="no model that belongs to the step metrics"):
        ProjectGraph(manifest).models_of("metrics")
