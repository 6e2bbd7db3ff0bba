"""The metrics' one declaration, the semantic YAML, fits the marts, the sources and the docs.

dbt ignores semantic YAML of a newer form without a word, so that metrics are found at all is the
first thing to hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from warehouse_testbed import ROOT

DOCS = ROOT / "dbt_project" / "models" / "docs" / "metrics.md"
# What the public interface promises of each mart, in this order, after the columns that say whose
# number it is.
PROMISED = {
    "mart_conversion": (
        "won_deals lost_deals conversion_rate won_value lost_value value_conversion_rate"
    ),
    "mart_sales_cycle": (
        "won_deals mean_cycle_days median_cycle_days p90_cycle_days mean_active_days "
        "lost_deals mean_lost_cycle_days median_lost_cycle_days"
    ),
    "mart_deal_outcome": (
        "managed_deals managed_value average_managed_value closed_deals average_deal_outcome "
        "won_deals average_won_value"
    ),
    "mart_pipeline_efficiency": (
        "starting_open_deals starting_open_value starting_value_won pipeline_conversion "
        "velocity_per_day coverage_ratio expected_deals slipped_deals slip_rate pushed_deals "
        "starting_coverage"
    ),
    "mart_selling_time": (
        "scheduled_hours leave_hours holiday_hours available_hours selling_hours meeting_hours "
        "training_hours admin_hours other_hours unrecorded_hours selling_time_share recorded_share "
        "recorded_hours"
    ),
    "mart_hiring": (
        "openings applications interviewed_applications offered_applications "
        "accepted_applications hired_applications open_applications interview_rate offer_rate "
        "offer_acceptance_rate hire_rate hires mean_days_to_hire median_days_to_hire "
        "filled_requisitions mean_days_to_fill median_days_to_fill"
    ),
    "mart_training": (
        "enrolments completed_enrolments completion_rate trained_hours training_cost_value "
        "measured_people won_value_before won_value_after won_value_change "
        "conversion_rate_before conversion_rate_after conversion_rate_change"
    ),
    "mart_headcount": (
        "opening_headcount joiners leavers closing_headcount average_headcount average_fte "
        "turnover_rate transfers_in transfers_out rehires"
    ),
    "mart_ramp": ("new_reps ramped_reps censored_reps ramped_share median_days_to_ramp"),
    "mart_compensation": (
        "fixed_value variable_value employer_cost_value won_value cost_of_sales "
        "effective_commission_rate"
    ),
    "mart_pipeline_value": (
        "open_deals open_value weighted_value overdue_deals overdue_value no_amount_deals"
    ),
}
UNITS = {
    "applications",
    "days",
    "deals",
    "enrolments",
    "fraction",
    "hours",
    "money",
    "openings",
    "people",
    "ratio",
}
PERIOD = ["period_grain", "period_start", "period_end"]
MEMBER = ["level", "member_id", "member_name", "basis"]


@pytest.fixture(scope="module")
def metrics(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The metrics that the catalogue shows, by name; parts of ratios are not among them."""
    return {
        metric["name"]: metric
        for metric in manifest["metrics"].values()
        if "mart" in metric["config"]["meta"]
    }


def columns(manifest: dict[str, Any], model: str) -> list[str]:
    return list(manifest["nodes"][f"model.salesops.{model}"]["columns"])


def needed(metric: dict[str, Any]) -> Iterator[str]:
    """The source columns that a metric names, such as crm.stages.probability."""
    meta = metric["config"]["meta"]
    for need in [*meta["needs"], *meta.get("uses", [])]:
        yield from need.split(" | ")


@pytest.mark.parametrize("mart", PROMISED)
def test_marts_have_the_promised_columns_first_and_in_order(manifest, mart):
    when = ["as_of_date"] if mart == "mart_pipeline_value" else PERIOD
    promised = [*when, *MEMBER, *PROMISED[mart].split()]
    assert columns(manifest, mart)[: len(promised)] == promised


def test_every_table_with_a_period_has_its_name(manifest):
    tables = {
        node["name"]: set(node["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] in {"metrics", "catalogue"}
    }
    with_period = {name for name, there in tables.items() if "period_start" in there}
    assert len(with_period) > 16
    assert {name for name in with_period if "period_label" not in tables[name]} == set()
    labels = manifest["nodes"]["model.salesops.metric_values"]["columns"]["period_label"]
    assert labels["description"].startswith("Name of the period")


def test_every_promised_number_is_a_metric(metrics):
    promised = {name for names in PROMISED.values() for name in names.split()}
    assert set(metrics) == promised


def test_a_metric_is_a_column_of_its_mart_and_so_are_its_parts(manifest, metrics):
    for name, metric in metrics.items():
        there = columns(manifest, metric["config"]["meta"]["mart"])
        parts = [metric["type_params"][part] for part in ("numerator", "denominator")]
        assert {name, *(part["name"] for part in parts if part)} <= set(there), name


def test_every_metric_says_all_that_the_catalogue_shows(metrics):
    for name, metric in metrics.items():
        meta = metric["config"]["meta"]
        assert metric["label"], name
        assert meta["unit"] in UNITS, name
        assert meta["direction"] in {"higher", "lower", "neutral"}, name
        assert all(meta[key] for key in ("formula", "null_rule", "source", "needs")), name


def test_a_metric_is_explained_once_for_all_who_show_it(manifest, metrics):
    blocks = dict(
        re.findall(r"{% docs (\w+) %}\s*(.+?)\s*{% enddocs %}", DOCS.read_text("utf-8"), re.DOTALL)
    )
    for name, metric in metrics.items():
        mart = manifest["nodes"][f"model.salesops.{metric['config']['meta']['mart']}"]
        assert metric["description"] == blocks[name]
        assert mart["columns"][name]["description"] == blocks[name]


def test_needs_name_columns_that_the_contracts_declare(manifest, metrics):
    declared = {
        f"{source['source_name']}.{source['name']}.{column}"
        for source in manifest["sources"].values()
        for column in source["columns"]
    }
    assert {column for metric in metrics.values() for column in needed(metric)} <= declared
    # The levels name theirs in a macro.
    levels = (ROOT / "dbt_project" / "macros" / "metrics" / "levels.sql").read_text("utf-8")
    named = set(re.findall(r"(?:crm|hr|payroll)\.\w+\.\w+", levels))
    assert {name.split(".")[0] for name in named} == {"crm", "hr"}
    assert named <= declared


def test_the_semantic_layer_never_adds_up_several_levels(manifest):
    """A mart's rows hold the company, its teams and its reps: a sum over all of them is wrong."""
    for metric in manifest["metrics"].values():
        filters = [part["where_sql_template"] for part in metric["filter"]["where_filters"]]
        assert any("level') }} = 'company'" in text for text in filters), metric["name"]
