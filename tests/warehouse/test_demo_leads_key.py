"""How fast leads were answered agrees, after each night, with the demo company's own answer key.

The key walks through each lead's events in plain Python and counts business time day by day. A
disagreement means that one of the two misreads a definition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from demo_key import LEAD_RESPONSES, Demo, agree, expected, rows_of
from warehouse_testbed import read_warehouse

pytestmark = pytest.mark.minutes(4)

BY = ["basis", "period_start", "level", "member_id"]


@pytest.fixture(scope="module")
def marts(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    path = demo_home / "published" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


def test_responses_as_each_night_knew_them(demo: Demo, demo_company: Path, demo_home: Path):
    key = expected(demo_company, "lead_responses")
    found = [
        row
        for path in sorted(demo_home.glob("leads_*.json"))
        for row in json.loads(path.read_text())
    ]
    assert len({row["as_of_date"] for row in found}) == demo.nights
    assert {row["basis"] for row in key} == {"restated", "as_closed"}
    assert {row["level"] for row in key} == {
        "company", "branch", "territory", "team", "rep", "lead_source",
    }  # fmt: skip
    agree(found, key, ["as_of_date", *BY], LEAD_RESPONSES, tolerance=1e-6)


def test_qualifying_by_how_fast_the_answer_was(demo_company: Path, marts):
    key = expected(demo_company, "lead_bands")
    by = [*BY, "response_band"]
    columns = [name for name in key[0] if name not in ("as_of_date", *by)]
    assert len(columns) == 6
    found = rows_of(
        marts,
        f"select {', '.join(by + columns)} from mart_lead_response_bands "
        "where period_grain = 'month'",
    )
    agree(found, key, by, columns)


def test_how_far_leads_came(demo_company: Path, marts):
    key = expected(demo_company, "lead_funnel")
    columns = [name for name in key[0] if name not in ("as_of_date", *BY)]
    assert len(columns) == 22
    found = rows_of(
        marts,
        f"select {', '.join(BY + columns)} from mart_lead_funnel where period_grain = 'month'",
    )
    # What deals had come to at a freeze the key does not tell.
    of_wins = [name for name in columns if "won" in name or name == "lead_win_rate"]
    for basis, compared in {
        "restated": columns,
        "as_closed": [name for name in columns if name not in of_wins],
    }.items():
        ours, theirs = ([row for row in rows if row["basis"] == basis] for rows in (found, key))
        agree(ours, theirs, BY, compared)
    assert sum(float(row["won_value"]) for row in key if row["basis"] == "restated") > 0


def test_what_cannot_be_right_is_told_with_its_reason(demo_company: Path, demo_home: Path):
    key = expected(demo_company, "lead_problems")
    # A view, which reads the change log.
    with read_warehouse(demo_home, with_raw=True) as warehouse:
        found = warehouse.execute(
            "select lead_id, event_id, problem from intermediate.int_lead_problems"
        ).fetchall()
    assert sorted(found) == sorted((row["lead_id"], row["event_id"], row["problem"]) for row in key)
