"""The odds ratio that the demo company plants lies in the interval that the mart gives, as often as 95 % says.

Each seed's leads are one member of the compiled mart; the truth is the chance by which the simulator
draws, and no estimate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from simulated_leads import answered, company_of, leads_of

from simulation.company.locales import ENGLISH
from simulation.demand.lead_course import qualifying_chance
from simulation.demand.leads import Lead

SEEDS = 100
LEADS = 500
INSIDE = 93
SLOWEST = {"5 minutes": 300, "30 minutes": 1800, "1 hour": 3600, "24 hours": 86_400, "later": 10**9}


def band(lead: Lead) -> str:
    seconds = answered(lead)
    if seconds is None:
        return "never"
    return next(name for name, limit in SLOWEST.items() if seconds <= limit)


def leads_of_seeds() -> Iterator[tuple[str, Lead]]:
    company = company_of(ENGLISH)
    for seed in range(SEEDS):
        for lead in leads_of(company, seed, LEADS):
            yield f"seed {seed}", lead


@pytest.fixture(scope="module")
def intervals(manifest: dict[str, Any]) -> dict[tuple[str, str], tuple[float, float]]:
    """The interval of each band against the next slower one, by seed."""
    nodes = {node["name"]: node for node in manifest["nodes"].values()}
    query = nodes["mart_lead_response_bands"]["compiled_code"]
    for name in ("fct_lead_creation", "dim_member", "dim_period", "bridge_sales_rep_manager"):
        query = query.replace(nodes[name]["relation_name"], name)
    counts = Counter(
        (seed, band(lead), lead.qualified is not None) for seed, lead in leads_of_seeds()
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            "create table counts (seed text, band text, is_qualified boolean, leads bigint);"
            "create table dim_member (level text, member_id text, member_name text);"
            "create table dim_period (period_grain text, period_start date, period_label text, "
            "is_running boolean, elapsed_business_days bigint);"
            "create table bridge_sales_rep_manager (sales_rep_id text, manager_id text, "
            "valid_from_date date, valid_to_date date)"
        )
        connection.executemany(
            "insert into counts values (?, ?, ?, ?)", [(*of, each) for of, each in counts.items()]
        )
        connection.execute(
            "create table fct_lead_creation as select 'restated' as basis, 'year' as period_grain, "
            "date '2025-01-01' as period_start, date '2025-12-31' as period_end, "
            "date '2025-01-01' as created_date, "
            "'b' as branch_id, 'y' as territory_id, 't' as team_id, seed as sales_rep_id, "
            "'web' as lead_source, band as response_band, is_qualified "
            "from counts, range(counts.leads)"
        )
        return {
            (seed, name): (lower, upper)
            for seed, name, lower, upper in connection.execute(
                "select member_id, response_band, qualifying_odds_ratio_lower, "
                f"qualifying_odds_ratio_upper from ({query}) where level = 'rep'"
            ).fetchall()
        }


@pytest.mark.parametrize(("faster", "slower"), list(pairwise(SLOWEST)))
def test_the_planted_odds_ratio_lies_in_its_interval(
    intervals: dict[tuple[str, str], tuple[float, float]], faster: str, slower: str
):
    odds = [
        chance / (1 - chance)
        for chance in (qualifying_chance(SLOWEST[each]) for each in (faster, slower))
    ]
    planted = odds[0] / odds[1]
    assert planted == pytest.approx(2)
    found = [intervals[f"seed {seed}", faster] for seed in range(SEEDS)]
    assert sum(lower <= planted <= upper for lower, upper in found) >= INSIDE
    # Wide enough for everything would hold nothing.
    assert sum(lower <= 2 * planted <= upper for lower, upper in found) < INSIDE
