"""Where models stand, and which of them may read which.

A folder of models is a room. Who reads a room needs to know only the rooms before it, so what is
changed in one can break only what comes after.
"""

from __future__ import annotations

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
    "core/time",
    "core/people",
    "core/pay",
    "core/commission",
    "metrics",
    "catalogue",
)
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
