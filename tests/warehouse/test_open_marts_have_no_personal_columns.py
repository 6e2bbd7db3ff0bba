"""No column of an open mart is made of personal or pay data; told by walking the columns' lineage."""

from typing import Any

import pytest
from column_taint import Taint, taints_of_models, taints_of_query

# Ids of the CRM by the models' own word: where they come from, the accounts of all systems stand in
# one column.
TRUSTED = frozenset({"dim_person.sales_rep_id", "int_sales_rep_positions.sales_rep_id"})
# Pay may be told as a sum over people, which the disclosure control of one mart lets out; the tall
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


def test_open_marts_carry_nothing_personal(manifest: dict[str, Any]) -> None:
    taints = taints_of_models(manifest, TRUSTED)
    schemas = {node["name"]: node["schema"] for node in manifest["nodes"].values()}
    open_marts = {name: columns for name, columns in taints.items() if schemas[name] == "marts"}
    assert len(open_marts) > 10
    told = {
        f"{mart}.{column}": sorted(taint - RELEASED.get(mart, set()))
        for mart, columns in open_marts.items()
        for column, taint in columns.items()
        if taint - RELEASED.get(mart, set())
    }
    assert told == {}


def test_restricted_models_do_carry_it(manifest: dict[str, Any]) -> None:
    """The walk follows names and pay through staging, unions and windows to where they may stand."""
    taints = taints_of_models(manifest, TRUSTED)
    assert taints["dim_person"]["person_name"] == {
        "hr.workers.worker_name",
        "payroll.employees.employee_name",
    }
    assert taints["fct_payroll_line"]["pay_value"] == {"payroll.pay_lines.pay_amount"}
    assert taints["bridge_person"]["person_key"] == frozenset()
    assert "payroll.draws.draw_amount" in taints["fct_commission"]["commission_value"]


@pytest.mark.parametrize(
    ("sql", "told"),
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
        # What only decides, is counted or hashed is not told.
        ("select case when worker_name = 'a' then team_id end as x from hr.workers", set()),
        ("select count(distinct worker_id) as x from hr.workers", set()),
        ("select team_id as x from hr.workers where worker_name = 'a'", set()),
        ("select sum(1) over (partition by worker_id) as x from hr.workers", set()),
        ("select sha256('key' || worker_id) as x from hr.workers", set()),
    ],
)
def test_a_leak_would_be_seen(sql: str, told: set[str]) -> None:
    assert taints_of_query(sql, RELATIONS) == {"x": frozenset(told)}
