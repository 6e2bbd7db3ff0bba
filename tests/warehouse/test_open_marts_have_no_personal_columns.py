"""No column of an open mart is made of personal or pay data; disclosed by walking the columns' lineage."""

from typing import Any

import pytest
from column_taint import Taint, taints_of_models, taints_of_query

# Ids of the CRM by the models' own word: where they come from, the accounts of all systems stand in
# one column.
TRUSTED = frozenset({"dim_person.sales_rep_id", "int_sales_rep_positions.sales_rep_id"})
# Terms of commission are no pay of anybody, but what is computed by them is.
TERMS = frozenset(
    {
        "payroll.rate_tiers.rate",
        "payroll.spifs.spif_amount",
        "payroll.commission_plans.cap_amount",
    }
)
# Pay may be disclosed as a sum over people, which the disclosure control of one mart lets out; the tall
# table repeats it.
PAY = {"payroll.pay_lines.pay_amount"}
RELEASED = {"mart_compensation": PAY, "metric_values": PAY}
RELATIONS: dict[str, dict[str, Taint]] = {
    "hr.workers": {
        "worker_id": frozenset({"id"}),
        "worker_name": frozenset({"name"}),
        "team_id": frozenset(),
    }
}


@pytest.fixture(scope="module")
def taints(manifest: dict[str, Any]) -> dict[str, dict[str, Taint]]:
    """What each column of each model is made of; the walk through all of them takes long."""
    return taints_of_models(manifest, TRUSTED, TERMS)


def test_open_marts_carry_nothing_personal(
    manifest: dict[str, Any], taints: dict[str, dict[str, Taint]]
) -> None:
    schemas = {node["name"]: node["schema"] for node in manifest["nodes"].values()}
    open_marts = {name: columns for name, columns in taints.items() if schemas[name] == "marts"}
    assert len(open_marts) > 10
    disclosed = {
        f"{mart}.{column}": sorted(taint - RELEASED.get(mart, set()))
        for mart, columns in open_marts.items()
        for column, taint in columns.items()
        if taint - RELEASED.get(mart, set())
    }
    assert disclosed == {}


def test_restricted_models_do_carry_it(taints: dict[str, dict[str, Taint]]) -> None:
    """The walk follows names and pay through staging, unions and windows to where they may stand."""
    assert taints["dim_person"]["person_name"] == {
        "hr.workers.worker_name",
        "payroll.employees.employee_name",
    }
    assert taints["fct_payroll_line"]["pay_value"] == {"payroll.pay_lines.pay_amount"}
    assert taints["bridge_person"]["person_key"] == frozenset()
    assert "payroll.draws.draw_amount" in taints["fct_commission"]["commission_value"]


def test_commission_and_its_terms_are_followed_to_every_restricted_table(
    manifest: dict[str, Any], taints: dict[str, dict[str, Taint]]
) -> None:
    expected = {
        "dim_compensation_plan.highest_rate": "payroll.rate_tiers.rate",
        "dim_compensation_plan.cap_amount": "payroll.commission_plans.cap_amount",
        "dim_rate_tier.rate": "payroll.rate_tiers.rate",
        "dim_spif.spif_amount": "payroll.spifs.spif_amount",
        "fct_draw.draw_value": "payroll.draws.draw_amount",
        "fct_draw.person_name": "payroll.employees.employee_name",
        "fct_plan_assignment.person_name": "payroll.employees.employee_name",
        "fct_commission.commission_value": "payroll.rate_tiers.rate",
        "fct_commission_tier.commission_value": "payroll.rate_tiers.rate",
        "fct_commission_payable.commission_value": "payroll.commission_adjustments.adjustment_amount",
        "fct_commission_comparison.paid_value": "payroll.pay_lines.pay_amount",
        "fct_pay_cell.rounded_fixed_value": "payroll.pay_lines.pay_amount",
        "mart_commission_statement.commission_value": "payroll.commission_adjustments.adjustment_amount",
        "mart_commission_statement.rate": "payroll.rate_tiers.rate",
        "mart_commission_statement.person_name": "payroll.employees.employee_name",
        "mart_commission_reconciliation.paid_value": "payroll.pay_lines.pay_amount",
        "mart_commission_reconciliation.explaining_rate": "payroll.rate_tiers.rate",
        "mart_commission_reconciliation.pay_line_ids": "payroll.pay_lines.pay_line_id",
    }
    schemas = {node["name"]: node["schema"] for node in manifest["nodes"].values()}
    for place, source in expected.items():
        model, column = place.split(".")
        assert schemas[model] == "restricted", model
        assert source in taints[model][column], place


@pytest.mark.parametrize(
    ("sql", "disclosed"),
    [
        ("select worker_name as x from hr.workers", {"name"}),
        ("with a as (select * from hr.workers) select upper(worker_name) as x from a", {"name"}),
        ("select max(case when team_id = 'a' then worker_name end) as x from hr.workers", {"name"}),
        ("select lag(worker_id) over (order by team_id) as x from hr.workers", {"id"}),
        ("select team_id as x from hr.workers union all select worker_id from hr.workers", {"id"}),
        ("select coalesce(team_id, worker_id) as x from hr.workers", {"id"}),
        ("select (select max(worker_name) from hr.workers) as x", {"name"}),
        ("select worker_name || worker_id as x from hr.workers", {"name", "id"}),
        ("select string_agg(worker_name, ',') as x from hr.workers", {"name"}),
        # What only decides, is counted or hashed is not disclosed.
        ("select case when worker_name = 'a' then team_id end as x from hr.workers", set()),
        ("select count(distinct worker_id) as x from hr.workers", set()),
        ("select team_id as x from hr.workers where worker_name = 'a'", set()),
        ("select sum(1) over (partition by worker_id) as x from hr.workers", set()),
        ("select sha256('key' || worker_id) as x from hr.workers", set()),
    ],
)
def test_a_leak_would_be_seen(sql: str, disclosed: set[str]) -> None:
    assert taints_of_query(sql, RELATIONS) == {"x": frozenset(disclosed)}
