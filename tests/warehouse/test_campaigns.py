"""Campaigns whose part in a deal was worked out by hand; the fixture's README has each number."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import landed, read_warehouse

FIXTURES = Path(__file__).parent / "fixtures"
BUILT = ("+mart_campaign", "+int_campaign_problems")
# What ads, no campaign and the fair get of the deal of 1000.00.
BY_HAND = {
    "first_touch": ("1000.00", None, None),
    "lead_creation": (None, "1000.00", None),
    "last_touch": (None, None, "1000.00"),
    "linear": ("333.34", "333.33", "333.33"),
    "u_shaped": ("400.00", "400.00", "200.00"),
    "w_shaped": ("333.34", "333.33", "333.33"),
    "full_path": ("250.00", "250.00", "500.00"),
    "j_shaped": ("200.00", "200.00", "600.00"),
    "time_decay": ("266.72", "295.69", "437.59"),
}


@pytest.fixture(scope="module")
def home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("three_campaigns")
    landed(home, "canonical", FIXTURES / "three_campaigns")
    models.build(home, *BUILT)
    # Keys, and members that add up to the company; asked before a test opens the stores.
    assert models.failing_tests(home, *BUILT) == []
    return home


@pytest.fixture(scope="module")
def campaigns(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_warehouse(home, with_raw=True) as connection:
        yield connection


def quarter(connection: duckdb.DuckDBPyConnection, columns: str) -> dict[str, tuple]:
    rows = connection.execute(
        f"select member_id, {columns} from marts.mart_campaign where attribution_model = 'linear' "
        "and period_grain = 'quarter' and level in ('company', 'campaign')"
    ).fetchall()
    return {member: tuple(numbers) for member, *numbers in rows}


def test_one_deal_under_nine_models(campaigns):
    rows = campaigns.execute(
        "select attribution_model, campaign_id, attributed_value from core.fct_attribution "
        "where opportunity_id = 'd1'"
    ).fetchall()
    given_out = {(model, campaign): value for model, campaign, value in rows}
    assert given_out == {
        (model, campaign): Decimal(value)
        for model, values in BY_HAND.items()
        for campaign, value in zip(("ads", "unknown", "fair"), values, strict=True)
        if value is not None
    }


def test_each_touch_knows_its_people_and_its_deal(campaigns):
    rows = campaigns.execute(
        "select touch_key, campaign_id, channel, lead_id, contact_id, account_id, opportunity_id, "
        "is_lead_source from core.fct_campaign_touch where is_engagement order by touch_key"
    ).fetchall()
    assert rows == [
        ("deal#d2", "fair", "event", None, None, "acme", "d2", False),
        ("response#m1", "fair", "event", "l1", "c1", "acme", "d1", False),
        ("response#m4", "mail", "email", None, None, None, None, False),
        ("touch#t0", "ads", "paid search", "l1", "c1", "acme", "d1", False),
        ("touch#t1", "unknown", "organic", "l1", "c1", "acme", "d1", True),
        ("touch#t3", "mail", "email", "l1", "c1", "acme", None, False),
    ]


def test_what_each_campaign_cost_and_brought(campaigns):
    found = quarter(
        campaigns,
        "cost_value, members, responses, leads, opportunities, pipeline_value, won_value",
    )
    assert {member: tuple(map(float, numbers)) for member, numbers in found.items()} == {
        "all": (600, 4, 2, 2, 3, 1350, 1000),
        "ads": (100, 0, 0, 0, 0.333334, 333.34, 333.34),
        "fair": (500, 2, 1, 0, 1.333333, 633.33, 333.33),
        "mail": (0, 1, 1, 0, 0, 0, 0),
        "unknown": (0, 1, 0, 1, 0.333333, 333.33, 333.33),
        "untouched": (0, 0, 0, 1, 1, 50, 0),
    }


def test_cost_per_each_and_return(campaigns):
    found = quarter(campaigns, "cost_per_response, cost_per_lead, return_ratio")
    # The company as well is measured by what its campaigns brought: 1 lead, and all of the won deal.
    assert found["all"] == (300, 600, pytest.approx(400 / 600))
    assert found["fair"] == (500, None, pytest.approx((333.33 - 500) / 500))
    assert found["untouched"] == (None, None, None)


def test_what_cannot_be_right_is_reported(campaigns):
    rows = campaigns.execute(
        "select record_id, problem from intermediate.int_campaign_problems order by record_id"
    ).fetchall()
    assert rows == [
        ("day#k1", "cost_without_currency"),
        ("day#k3", "cost_without_exchange_rate"),
        ("loop_a", "own_ancestor"),
        ("loop_b", "own_ancestor"),
        ("m3", "member_of_unknown_campaign"),
        ("m4", "member_is_nobody"),
    ]
    parents = campaigns.execute(
        "select campaign_id, parent_campaign_id from core.dim_campaign where channel = 'email'"
    )
    assert dict(parents.fetchall()) == {"mail": "ads", "loop_a": None, "loop_b": None}


def test_without_campaigns_there_is_nothing(models: Models, tmp_path: Path):
    landed(tmp_path / "home", "canonical", FIXTURES / "ramp_of_three_hires")
    models.build(tmp_path / "home", *BUILT)
    with read_warehouse(tmp_path / "home", with_raw=True) as connection:
        assert connection.execute("select count(*) from core.fct_opportunity").fetchall() != [(0,)]
        for table in ("marts.mart_campaign", "core.fct_attribution", "core.fct_campaign_touch"):
            assert connection.execute(f"select count(*) from {table}").fetchall() == [(0,)]
