"""Where models stand, and which of them may read which.

A folder of models is a room. Who reads a room needs to know only the rooms before it, so what is
changed in one can break only what comes after. Who reads a model should see all of it at once: it is short,
reads few others, and says by what its rows are told apart.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from warehouse_testbed import ROOT

MODELS = ROOT / "dbt_project" / "models"
# Each room reads itself and those above it, and nothing below.
ROOMS = (
    "staging",
    "identity",
    "core/calendar",
    "core/organisation",
    "core/deals",
    "core/demand",
    "core/time",
    "core/people",
    "core/pay",
    "core/commission",
    "metrics",
    "catalogue",
)
MOST_LINES = 200
MOST_CTES = 12
MOST_PARENTS = 7
CTE = re.compile(r"^    \w+ as \(", re.M)
KEY_TESTS = {"unique", "unique_combination"}
Node = dict[str, Any]


@pytest.fixture(scope="module")
def nodes(manifest: dict[str, Any]) -> dict[str, Node]:
    """All models, by their unique ids."""
    return {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }


def room(node: Node) -> str:
    """Names the room that a model stands in."""
    folder = Path(node["original_file_path"]).parent.relative_to("dbt_project/models").as_posix()
    found = [name for name in ROOMS if f"{folder}/".startswith(f"{name}/")]
    assert len(found) == 1, f"{node['name']} stands in {folder}, which is no room"
    return found[0]


def test_every_room_is_lived_in(nodes):
    assert {room(node) for node in nodes.values()} == set(ROOMS)


def test_arrows_go_one_way(nodes):
    between = [
        (node, nodes[read])
        for node in nodes.values()
        for read in node["depends_on"]["nodes"]
        if read in nodes and room(nodes[read]) != room(node)
    ]
    against = [
        f"{room(reader)}/{reader['name']} reads {room(read)}/{read['name']}"
        for reader, read in between
        if ROOMS.index(room(read)) > ROOMS.index(room(reader))
    ]
    assert len(between) > 200
    assert against == []


def test_every_model_is_described_beside_its_sql(nodes):
    """Staging apart, where one file a source describes tables that the contracts have declared."""
    elsewhere = [
        node["name"]
        for node in nodes.values()
        if room(node) != "staging"
        and (node["patch_path"] or "").removeprefix("salesops://")
        != str(Path(node["original_file_path"]).with_suffix(".yml"))
    ]
    assert elsewhere == []


def test_the_tests_of_a_model_stand_beside_its_sql(manifest, nodes):
    elsewhere = [
        test["name"]
        for test in manifest["unit_tests"].values()
        for tested in test["depends_on"]["nodes"]
        if room(nodes[tested]) != "staging"
        and test["original_file_path"]
        != str(Path(nodes[tested]["original_file_path"]).with_suffix(".yml"))
    ]
    assert elsewhere == []


def test_every_model_is_read_or_published(manifest, nodes):
    """What nobody reads is dead, unless a schema that others read has it.

    Staging shows each source table, read or not; the spine of time is MetricFlow's; gates read, too.
    """
    files = (ROOT / "expectations").rglob("*")
    checks = "".join(p.read_text("utf-8") for p in files if p.suffix in {".py", ".sql"})
    read = {
        parent
        for kind in ("nodes", "semantic_models")
        for reader in manifest[kind].values()
        for parent in reader["depends_on"]["nodes"]
        if reader["resource_type"] in {"model", "semantic_model"}
    }
    dead = [
        node["name"]
        for unique_id, node in nodes.items()
        if unique_id not in read
        and node["schema"] not in {"staging", "core", "marts", "restricted"}
        and not node["time_spine"]
        and node["name"] not in checks
    ]
    assert dead == []


def test_what_others_read_is_a_contract(nodes):
    public = [node for node in nodes.values() if node["schema"] in {"core", "marts", "restricted"}]
    assert len(public) > 50
    assert [n["name"] for n in public if not n["config"]["contract"]["enforced"]] == []
    assert [n["name"] for n in public if n["name"].startswith(("int_", "stg_"))] == []


def test_metrics_read_facts_and_dimensions(nodes):
    """What a mart reads, others may want to read too: it is described and promised like a table."""
    metrics = [node for node in nodes.values() if room(node) == "metrics"]
    steps = [
        f"{node['name']} reads {nodes[read]['name']}"
        for node in metrics
        for read in node["depends_on"]["nodes"]
        if read in nodes and nodes[read]["name"].startswith(("int_", "stg_"))
    ]
    assert len(metrics) > 15
    assert steps == []


def test_models_read_few_others(nodes):
    """The catalogue apart, which is about everything."""
    greedy = {
        node["name"]: len(set(node["depends_on"]["nodes"]))
        for node in nodes.values()
        if room(node) != "catalogue" and len(set(node["depends_on"]["nodes"])) > MOST_PARENTS
    }
    assert greedy == {}


def test_models_are_short(nodes):
    long = {}
    for node in nodes.values():
        text = (ROOT / node["original_file_path"]).read_text("utf-8")
        lines, ctes = text.count("\n"), len(CTE.findall(text))
        if lines > MOST_LINES or ctes > MOST_CTES:
            long[node["name"]] = f"{lines} lines, {ctes} CTEs"
    assert long == {}


def test_every_table_has_a_key(manifest, nodes):
    """Staging apart, where the contracts name the keys. A view is not written, so nothing checks it.

    A table whose rows may be equal says why, where it is declared.
    """
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") in KEY_TESTS
    }
    keyless = [
        node["name"]
        for unique_id, node in nodes.items()
        if room(node) != "staging"
        and node["config"]["materialized"] == "table"
        and unique_id not in tested
        and not node["config"]["meta"].get("has_no_key")
    ]
    assert keyless == []
