"""Names are the field's words, one word a thing: what stands in `docs/reference/glossary.md`.

Belongs here: the words that no model, column, CTE or macro may be called by. Does not belong here: what
tables are published, which the models' own configuration says, and sentences, which are English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from warehouse_testbed import ROOT

PROJECT = ROOT / "dbt_project"
GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"
PUBLISHED = {"marts", "restricted"}
OBSERVATION = "observation, observed, reported"
# Part of a name, and the term that says it.
BANNED = {
    "said": OBSERVATION,
    "told": f"{OBSERVATION}; published, where it is about who may see it",
    "tells": OBSERVATION,
    "untold": "unobserved",
    "stated": OBSERVATION,
    "statement": "observation",
    "statements": "observations",
    "heard": "known_at_freeze",
    "misheard": "changed_after_freeze",
    "aside": "quarantined",
    "piece": "time_slice",
    "pieces": "time_slices",
    "stretch": "interval",
    "stretches": "intervals",
    "judged": "validated (time), suppression_checked (pay), reconciled (commission)",
    "spell": "tenure, employment",
    "spells": "tenures, employments",
    "seller": "rep",
    "sellers": "reps",
    "place": "rank, or org_unit",
    "places": "org_units",
    "placed": "ranked, or attributed",
}
# What a rep is owed for a pay period is called that everywhere.
FIELDS_WORD = re.compile(r"commission_statements?")
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.S)
NAMED = (
    re.compile(r"\bas ([a-z_][a-z0-9_]*)\b"),
    re.compile(r"\b([a-z_][a-z0-9_]*) as \("),
    re.compile(r"\{%-?\s*macro ([a-z_][a-z0-9_]*)\("),
    re.compile(r"\{%-?\s*set ([a-z_][a-z0-9_]*)\b"),
)


def objections(name: str, kept: set[str]) -> list[str]:
    """Says what is wrong with a name.

    Args:
        name: Name of a model, column, CTE or macro.
        kept: Names that dashboards, or the systems that extracts come from, know.
    """
    if name in kept:
        return []
    parts = FIELDS_WORD.sub("", name).split("_")
    found = [f"{part}: say {BANNED[part]}" for part in parts if part in BANNED]
    if name.endswith("_on") and not name.endswith("zone_on"):
        found.append("_on: a day ends in _date")
    return found


def names_in(sql: str) -> Iterator[str]:
    """Gives the columns, CTEs, macros and variables that a file names, not what its comments say."""
    code = COMMENT.sub("", sql)
    for pattern in NAMED:
        yield from pattern.findall(code)


@pytest.fixture(scope="module")
def kept(manifest: dict[str, Any]) -> set[str]:
    """Names that are promised: published tables and their columns, and the contracts' columns."""
    published = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in PUBLISHED
    ]
    promised = [*published, *manifest["sources"].values()]
    return {node["name"] for node in promised} | {
        column for node in promised for column in node["columns"]
    }


def test_models_and_their_columns(manifest: dict[str, Any], kept: set[str]):
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    wrong = {
        f"{node['name']}.{name}": objections(name, kept)
        for node in models
        for name in (node["name"], *node["columns"])
        if objections(name, kept)
    }
    assert wrong == {}


@pytest.mark.parametrize("folder", ["models", "macros", "data_tests"])
def test_names_in_sql(folder: str, kept: set[str]):
    files = sorted((PROJECT / folder).rglob("*.sql"))
    wrong = {
        f"{file.relative_to(ROOT)}: {name}": objections(name, kept)
        for file in files
        for name in names_in(file.read_text(encoding="utf-8"))
        if objections(name, kept)
    }
    assert files
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "objects"),
    [
        ("told_at", True),
        ("int_employment_spells", True),
        ("frozen_on", True),
        ("mart_commission_statement", False),
        ("commission_statements", False),
        ("pay_statements", True),
        ("fct_seller_pay", False),
        ("paid_on", False),
        ("is_reinstated", False),
        ("misplaced", False),
        ("valid_from_date", False),
    ],
)
def test_only_parts_of_names_that_are_not_promised_are_banned(name: str, objects: bool):
    promised = {"fct_seller_pay", "paid_on"}
    assert bool(objections(name, promised)) is objects


def test_names_are_found_in_code_only():
    sql = """
        {# told as (nobody) #}
        {% macro judged(x) %}
        with pieces as (select said_at as told_at from t as spells) -- a place as rank
    """
    assert set(names_in(sql)) == {"judged", "pieces", "told_at", "spells"}


def test_promised_names_are_those_of_the_configuration(kept: set[str]):
    assert {"mart_commission_statement", "fct_seller_pay", "paid_on"} <= kept
    assert not {"fct_stage_visit", "fct_opportunity_version"} & kept


def test_the_glossary_has_the_terms_that_replace_them():
    text = Path(GLOSSARY).read_text(encoding="utf-8").lower()
    terms = (
        "observation",
        "observed_at",
        "known at the freeze",
        "quarantine",
        "time slice",
        "tenure",
        "rep",
    )
    assert [term for term in terms if f"**{term}" not in text] == []
