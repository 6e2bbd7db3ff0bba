"""Deals shared out among random touches by random weights, held to sharing out in fractions.

One deal under the nine shipped models stands, worked out by hand, in the unit tests of the models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.company.attribution import AttributionModel, model_rows, shipped_models

# In the millionths that weights are kept in, so that each list adds up to the whole.
WEIGHTS = st.lists(st.integers(0, 1_000_000), min_size=4, max_size=4).map(
    lambda cuts: [
        b - a for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), 1_000_000], strict=True)
    ]
)
NAMES = ("first_touch", "lead_creation", "deal_creation", "closing", "other_touches")
KEY_POINTS = ("is_first_touch", "is_lead_creation", "is_deal_creation", "is_closing")
# Cents of a deal, the seconds of its touches before the last, and which touches hold the two key
# points that may be missing.
DEALS = st.tuples(
    st.integers(-10_000, 10**15) | st.integers(0, 200) | st.none(),
    st.lists(st.integers(0, 40_000_000), max_size=12).map(lambda ages: sorted(ages, reverse=True)),
    st.integers(-1, 11),
    st.integers(-1, 11),
)
Touch = dict[str, Any]
Shares = dict[tuple[str, str], list[tuple[str, Fraction, Decimal | None]]]


@st.composite
def models(draw: st.DrawFn) -> list[AttributionModel]:
    """Some of the shipped models, and one of random weights."""
    shares = dict(zip(NAMES, (Decimal(w) / 10**6 for w in draw(WEIGHTS)), strict=True))
    half_life = draw(st.none() | st.integers(1, 60)) if shares["other_touches"] else None
    own = AttributionModel(name="own", half_life_days=half_life, **shares)
    return [own, *draw(st.lists(st.sampled_from(shipped_models()), max_size=3, unique=True))]


def touches_of(number: int, deal: tuple[int | None, list[int], int, int]) -> list[Touch]:
    _, ages, lead, creation = deal
    return [
        {
            "opportunity_id": f"d{number}",
            "touch_key": f"t{order}",
            "touch_order": order + 1,
            "is_first_touch": order == 0,
            "is_lead_creation": order == lead,
            "is_deal_creation": order == creation,
            "is_closing": order == len(ages) - 1,
            "seconds_before_last": age - ages[-1],
        }
        for order, age in enumerate(ages)
    ]


def parts(model: AttributionModel, touches: list[Touch]) -> list[Fraction]:
    """What each touch gets of a deal, before anything is rounded: written out from the definition."""
    weights = [Fraction(getattr(model, name)) for name in NAMES]
    held = [
        sum((w for w, point in zip(weights, KEY_POINTS, strict=False) if touch[point]), Fraction(0))
        for touch in touches
    ]
    half = 86_400 * (model.half_life_days or 0)
    # To the millionth, and at least that, as the model says.
    ages = [
        Fraction(
            max(1, int(10**6 * 0.5 ** (t["seconds_before_last"] / half) + 0.5)) if half else 10**6
        )
        for t in touches
    ]
    others = [age if not share else Fraction(0) for age, share in zip(ages, held, strict=True)]
    if sum(others):
        held = [h + weights[4] * o / sum(others) for h, o in zip(held, others, strict=True)]
    total = sum(held)
    return [share / total for share in held] if total else []


def shared_out(whole: int, shares: list[Fraction]) -> list[int]:
    exact = [abs(whole) * share for share in shares]
    given_out = [int(share) for share in exact]
    left = abs(whole) - sum(given_out)
    order = sorted(range(len(exact)), key=lambda i: (given_out[i] - exact[i], i))
    return [
        (-1 if whole < 0 else 1) * (cents + (i in order[:left]))
        for i, cents in enumerate(given_out)
    ]


@pytest.fixture(scope="module")
def attribution(manifest: dict[str, Any]) -> Callable[..., Shares]:
    """Runs the compiled SQL of both models over touches and deals."""
    nodes = {node["name"]: node for node in manifest["nodes"].values()}
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    read = ("stg_company__attribution_models", "int_deal_touches", "fct_opportunity", "fct_campaign_touch")  # fmt: skip

    def compiled(name: str) -> str:
        sql = nodes[name]["compiled_code"]
        for other in (*read, "int_attribution_parts"):
            sql = sql.replace(nodes[other]["relation_name"], other)
        return sql

    connection.execute(
        "create table fct_campaign_touch as select 't' as touch_key;"
        "create table fct_opportunity (opportunity_key text, opportunity_id text, "
        "opportunity_value decimal(18, 2), created_date date, closed_date date, is_closed boolean, "
        "is_won boolean, is_last_episode boolean, is_excluded boolean);"
        "create table int_deal_touches (opportunity_id text, touch_key text, touch_order bigint, "
        "is_first_touch boolean, is_lead_creation boolean, is_deal_creation boolean, "
        "is_closing boolean, seconds_before_last bigint, campaign_id text, channel text, "
        "touched_date date)"
    )
    rows = model_rows(shipped_models())
    connection.from_arrow(rows).create("stg_company__attribution_models")
    connection.execute(f"create view int_attribution_parts as {compiled('int_attribution_parts')}")
    query = compiled("fct_attribution")

    def attribute(chosen: list[AttributionModel], deals: list) -> Shares:
        for table in ("fct_opportunity", "int_deal_touches", "stg_company__attribution_models"):
            connection.execute(f"delete from {table}")
        connection.from_arrow(model_rows(chosen)).insert_into("stg_company__attribution_models")
        for number, deal in enumerate(deals):
            value = None if deal[0] is None else Decimal(deal[0]) / 100
            connection.execute(
                "insert into fct_opportunity values (?, ?, ?, null, null, true, true, true, false)",
                [f"d{number}#1", f"d{number}", value],
            )
            for touch in touches_of(number, deal):
                connection.execute(
                    "insert into int_deal_touches values (?, ?, ?, ?, ?, ?, ?, ?, 'c', 'c', null)",
                    list(touch.values()),
                )
        found: Shares = defaultdict(list)
        for deal, model, touch, share, value in connection.execute(
            "select opportunity_id, attribution_model, touch_key, attributed_share, "
            f"attributed_value from ({query}) order by length(touch_key), touch_key"
        ).fetchall():
            found[deal, model].append((touch, Fraction(share), value))
        return found

    return attribute


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(models(), st.lists(DEALS, min_size=1, max_size=5))
def test_shares_of_a_deal_are_those_in_fractions_and_add_up_to_it(attribution, chosen, deals):
    found = attribution(chosen, deals)
    assert len(found) == len(deals) * len(chosen)
    for number, deal in enumerate(deals):
        touches = touches_of(number, deal)
        cents = deal[0]
        for model in chosen:
            rows = found[f"d{number}", model.name]
            assert sum(share for _, share, _ in rows) == 1
            if cents is not None:
                assert sum(value for *_, value in rows) == Decimal(cents) / 100
            shares = parts(model, touches)
            if not shares:
                assert [touch for touch, *_ in rows] == ["untouched"]
                continue
            given_out = [i for i, share in enumerate(shares) if share]
            assert [touch for touch, *_ in rows] == [f"t{i}" for i in given_out]
            if cents is not None:
                expected = shared_out(cents, shares)
                assert [value for *_, value in rows] == [
                    Decimal(expected[i]) / 100 for i in given_out
                ]
