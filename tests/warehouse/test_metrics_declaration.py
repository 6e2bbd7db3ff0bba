"""The metrics' one declaration, the semantic YAML, fits the marts, the sources and the docs.

dbt ignores semantic YAML of a newer form without a word, so that metrics are found at all is the
first thing to hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml
from warehouse_testbed import ROOT

from orchestration.reports.reference import FOLDER, pages

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
    "mart_lead_response": (
        "leads responded_leads untouched_leads mean_first_response_minutes "
        "median_first_response_minutes p90_first_response_minutes "
        "mean_first_response_business_minutes median_first_response_business_minutes "
        "p90_first_response_business_minutes within_sla_leads sla_share positive_responses "
        "positive_response_rate mean_days_to_positive_response median_days_to_positive_response"
    ),
    "mart_lead_funnel": (
        "leads responded_leads accepted_leads qualified_leads converted_leads disqualified_leads "
        "recycled_leads won_leads won_value lead_response_rate lead_acceptance_rate "
        "lead_qualification_rate lead_conversion_rate lead_win_rate won_lead_share "
        "lead_disqualification_rate median_days_created_to_responded "
        "median_days_created_to_accepted median_days_accepted_to_qualified "
        "median_days_qualified_to_converted median_days_converted_to_won "
        "median_days_created_to_won"
    ),
    "mart_pipeline_value": (
        "open_deals open_value weighted_value overdue_deals overdue_value no_amount_deals"
    ),
}
UNITS = {
    "activities",
    "applications",
    "days",
    "deals",
    "enrolments",
    "forecasts",
    "fraction",
    "hours",
    "leads",
    "minutes",
    "money",
    "openings",
    "people",
    "ratio",
    "requisitions",
    "stays",
    "touches",
}
# What a declaration may say: dbt takes a misspelt word without a word.
SAID = {
    "column",
    "direction",
    "formula",
    "is_headline",
    "needs",
    "null_rule",
    "source",
    "unit",
    "uses",
}
PERIOD = ["period_grain", "period_start", "period_end"]
MEMBER = ["level", "member_id", "member_name", "basis"]


@pytest.fixture(scope="module")
def metrics(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The metrics that the catalogue shows, by name; parts of ratios are not among them."""
    return {
        metric["name"]: metric
        for metric in manifest["metrics"].values()
        if "formula" in metric["config"]["meta"]
    }


@pytest.fixture(scope="module")
def catalogue(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of metric_catalogue by name."""
    found = duckdb.connect().execute(
        manifest["nodes"]["model.salesops.metric_catalogue"]["compiled_code"]
    )
    names = [column[0] for column in found.description or ()]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


def columns(manifest: dict[str, Any], model: str) -> list[str]:
    return list(manifest["nodes"][f"model.salesops.{model}"]["columns"])


def needed(metric: dict[str, Any]) -> Iterator[str]:
    """The source columns that a metric needs or uses, such as crm.stages.probability."""
    inputs = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]["metric_inputs"]
    meta = metric["config"]["meta"]
    for need in [*meta["needs"], *meta.get("uses", [])]:
        yield from inputs.get(need, need).split(" | ")


def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "metrics"
    ]


def keys(manifest: dict[str, Any], mart: str) -> set[str]:
    return {
        column
        for node in manifest["nodes"].values()
        if node.get("attached_node") == f"model.salesops.{mart}"
        and node["test_metadata"]["name"] == "unique_combination"
        for column in node["test_metadata"]["kwargs"]["columns"]
    }


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


def test_every_promised_number_is_a_metric_of_some_mart(catalogue):
    promised = {name for names in PROMISED.values() for name in names.split()}
    assert promised <= {metric["column_name"] for metric in catalogue.values()}


def test_every_number_of_a_mart_is_declared(manifest, catalogue):
    """As a metric, a part of one or an attribute; what is neither was forgotten."""
    declared: dict[str, str] = defaultdict(str)
    for metric in catalogue.values():
        declared[metric["mart"]] += " {column_name} {numerator} {denominator} ".format(**metric)
    for model in manifest["semantic_models"].values():
        measures = (measure["name"] for measure in model["measures"])
        declared[model["node_relation"]["alias"]] += " ".join(measures)
    of_the_period = set(columns(manifest, "dim_period"))
    forgotten = set()
    for mart in marts(manifest):
        meta = mart["config"]["meta"]
        known = set(declared[meta.get("numbers_of", mart["name"])].split()) | of_the_period
        known |= keys(manifest, mart["name"])
        for column in mart["columns"].values():
            is_number = re.match("bigint|integer|double|decimal", column["data_type"])
            says_so = column["config"]["meta"].get("is_attribute") or "lists" in meta
            if is_number and not says_so and column["name"] not in known:
                forgotten.add(f"{mart['name']}.{column['name']}")
    assert forgotten == set()


def test_a_mart_declares_metrics_or_says_what_it_lists(manifest, catalogue):
    with_metrics = {metric["mart"] for metric in catalogue.values()}
    for mart in marts(manifest):
        meta = mart["config"]["meta"]
        says = [mart["name"] in with_metrics, "lists" in meta, "numbers_of" in meta]
        assert says.count(True) == 1, mart["name"]
        # What only the owner may read must not come into the open tall table.
        assert mart["schema"] == "marts" or mart["name"] not in with_metrics


def test_the_reference_pages_are_up_to_date(manifest):
    written = {page: (FOLDER / page).read_text("utf-8") for page in pages(manifest)}
    assert written == pages(manifest), "run uv run python -m orchestration.reports.reference"


def test_every_metric_says_all_that_the_catalogue_shows(metrics):
    for name, metric in metrics.items():
        meta = metric["config"]["meta"]
        assert metric["label"], name
        assert meta["unit"] in UNITS, name
        assert meta["direction"] in {"higher", "lower", "neutral"}, name
        assert all(meta[key] for key in ("formula", "null_rule", "source", "needs")), name
        assert not set(meta) - SAID, name


def test_a_metric_is_explained_once_for_all_who_show_it(manifest, metrics, catalogue):
    blocks = dict(
        re.findall(r"{% docs (\w+) %}\s*(.+?)\s*{% enddocs %}", DOCS.read_text("utf-8"), re.DOTALL)
    )
    for name, metric in metrics.items():
        mart = manifest["nodes"][f"model.salesops.{catalogue[name]['mart']}"]
        column = mart["columns"][catalogue[name]["column_name"]]
        assert column["description"] == metric["description"]
        assert metric["description"] in blocks.values()


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
