"""What campaigns cost and brought agrees, after each night, with the demo company's own answer key.

The key follows each person's touches in plain Python and shares deals out in whole numbers. A
disagreement means that one of the two misreads a definition.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo_key import CAMPAIGN_RESULTS, Demo, agree, expected, rows_of
from warehouse_testbed import read_warehouse

pytestmark = pytest.mark.minutes(4)

MODELS = {
    "first_touch", "lead_creation", "last_touch", "linear", "u_shaped", "w_shaped", "full_path",
    "j_shaped", "time_decay",
}  # fmt: skip


def test_what_campaigns_cost_and_brought_as_each_night_knew_it(
    demo: Demo, demo_company: Path, demo_home: Path
):
    key = expected(demo_company, "campaigns")
    found = [
        row
        for path in sorted(demo_home.glob("campaigns_*.json"))
        for row in json.loads(path.read_text())
    ]
    assert len({row["as_of_date"] for row in found}) == demo.nights
    assert {row["attribution_model"] for row in found} == MODELS
    assert {row["level"] for row in found} == {"company", "campaign", "channel"}
    by = ["as_of_date", "period_start", "level", "member_id", "attribution_model"]
    # Sums of money are the same number, however large: told as texts of two decimals.
    agree(found, key, by, CAMPAIGN_RESULTS, tolerance=0)


def test_what_each_touch_gets_of_each_deal(demo_company: Path, demo_home: Path):
    key = expected(demo_company, "attribution")
    with read_warehouse(demo_home) as warehouse:
        found = rows_of(
            warehouse,
            "select opportunity_id, attribution_model, touch_key, campaign_id, attributed_share, "
            "coalesce(attributed_value, 0) as attributed_value from core.fct_attribution "
            "where campaign_id <> 'untouched'",
        )
    by = ["opportunity_id", "attribution_model", "touch_key", "campaign_id"]
    agree(found, key, by, ["attributed_share", "attributed_value"], tolerance=0)


def test_what_cannot_be_right_about_campaigns_is_told(demo_company: Path, demo_home: Path):
    key = expected(demo_company, "campaign_problems")
    # Views, which read the change log.
    with read_warehouse(demo_home, with_raw=True) as warehouse:
        found = rows_of(
            warehouse,
            "select campaign_id, record_id, problem from intermediate.int_campaign_problems",
        )

    def told(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
        return sorted((row["campaign_id"], row["record_id"], row["problem"]) for row in rows)

    assert told(found) == told(key)
