"""The median time to ramp, held to a published trial and to Kaplan and Meier's product in fractions.

Groups worked out by hand stand in the model's unit test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from warehouse_testbed import Dbt

# Durations, whether each ended with the event, and how many had it so.
Group = Sequence[tuple[int, bool, int]]
Estimate = Callable[[Sequence[Group]], list[float | None]]
# Of a few as of many, and with most of them on the same days.
GROUPS = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.booleans(), st.integers(1, 4) | st.integers(1, 1_000_000_000)
        ),
        min_size=1,
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def medians(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Estimate:
    """Runs the model's compiled SQL over groups and gives the median of each."""
    home, target = (tmp_path_factory.mktemp(name) for name in ("ramp_home", "ramp_target"))
    dbt(home, "compile", "--select", "fct_ramp_median", "--target-path", str(target))
    query = estimate_over(target / "manifest.json", "durations")
    connection = duckdb.connect()

    def estimate(groups: Sequence[Group]) -> list[float | None]:
        connection.execute(
            "create or replace table durations (period_grain text, period_start date, level text, "
            "member_id integer, basis text, observed_days bigint, is_ramped boolean, reps bigint)"
        )
        connection.executemany(
            "insert into durations values ('month', '2026-01-01', 'team', ?, 'restated', ?, ?, ?)",
            [(member, *seen) for member, group in enumerate(groups) for seen in group],
        )
        rows = connection.execute(
            f"select member_id, median_days_to_ramp from ({query}) order by member_id"
        ).fetchall()
        assert [member for member, _ in rows] == list(range(len(groups)))
        return [median for _, median in rows]

    return estimate


def estimate_over(manifest: Path, table: str) -> str:
    """Gives the model's compiled SQL, reading a table of the test in place of its input."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    compiled = nodes["model.salesops.fct_ramp_median"]["compiled_code"]
    relation = nodes["model.salesops.int_ramp_durations"]["relation_name"]
    assert relation in compiled
    return compiled.replace(relation, table)


def product_limit_median(group: Group) -> float | None:
    """Kaplan and Meier's product in exact fractions, written out from its definition."""
    survival = Fraction(1)
    for day in sorted({day for day, _, _ in group}):
        at_risk = sum(count for days, _, count in group if days >= day)
        events = sum(count for days, is_event, count in group if days == day and is_event)
        survival *= 1 - Fraction(events, at_risk)
        # The tolerance of the model: counts of a thousand million come as near as that to a half.
        if survival <= Fraction(1, 2) + Fraction(1, 10**9):
            return float(day)
    return None


@given(GROUPS)
def test_the_median_is_that_of_the_product_limit(medians, groups):
    assert medians(groups) == [product_limit_median(group) for group in groups]


def test_the_median_of_a_published_trial(medians):
    """Remission under 6-MP and placebo (Freireich et al., 1963): medians of 23 and 8 weeks."""
    treated = [(6, True, 3), (6, False, 1), (7, True, 1), (9, False, 1), (10, True, 1)]
    treated += [(10, False, 1), (11, False, 1), (13, True, 1), (16, True, 1), (17, False, 1)]
    treated += [(19, False, 1), (20, False, 1), (22, True, 1), (23, True, 1), (25, False, 1)]
    treated += [(32, False, 2), (34, False, 1), (35, False, 1)]
    placebo = [(1, 2), (2, 2), (3, 1), (4, 2), (5, 2), (8, 4), (11, 2), (12, 2), (15, 1)]
    placebo += [(17, 1), (22, 1), (23, 1)]
    assert sum(count for _, _, count in treated) == sum(count for _, count in placebo) == 21
    events = [(weeks, True, count) for weeks, count in placebo]
    assert medians([treated, events]) == [23.0, 8.0]


def test_a_half_that_is_a_product_of_many_factors_is_a_half(medians):
    """Of 2n, n leave one by one: n factors whose product is a half, up to the last digit."""
    sizes = range(1, 120)
    groups = [
        [*((day, True, 1) for day in range(1, size + 1)), (size + 1, False, size)] for size in sizes
    ]
    assert medians(groups) == [float(size) for size in sizes]
