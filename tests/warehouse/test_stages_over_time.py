"""A sales process whose stages are renamed, moved and given other chances between two nights."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.company.settings import CompanySettings

JANUARY, FEBRUARY = datetime(2026, 1, 15, 2), datetime(2026, 2, 15, 2)


def stage(name: str, order: int, probability: str, called: str) -> dict[str, object]:
    return {
        "stage_id": name,
        "stage_name": called,
        "stage_order": order,
        "is_closed": False,
        "is_won": False,
        "probability": Decimal(probability),
    }


@pytest.fixture(scope="module")
def home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In January demo comes before offer, from the night of February 15 on behind it, as Trial."""
    home = tmp_path_factory.mktemp("stages")
    log = ChangeLogOfTest(home, CompanySettings())
    log.add("stages", JANUARY, [stage("demo", 1, "0.3", "Demo"), stage("offer", 2, "0.5", "Offer")])
    log.add("stages", FEBRUARY, [stage("demo", 3, "0.6", "Trial")])
    log.add("users", JANUARY, [{"user_id": "ann", "user_name": "Ann"}])
    created = {"owner_id": "ann", "amount": 100, "created_at": datetime(2026, 1, 5, 12)}
    log.add(
        "opportunities",
        JANUARY,
        [
            {"opportunity_id": "before", "stage_id": "offer", **created},
            {"opportunity_id": "behind", "stage_id": "offer", **created},
            {"opportunity_id": "resting", "stage_id": "demo", **created},
        ],
    )
    log.add(
        "opportunities", FEBRUARY, [{"opportunity_id": "behind", "stage_id": "demo", **created}]
    )
    moved = {"field_name": "stage_id"}
    log.add(
        "opportunity_field_history",
        FEBRUARY,
        [
            {
                "history_id": "1",
                "opportunity_id": "before",
                "old_value": "demo",
                "new_value": "offer",
                "changed_at": datetime(2026, 1, 10, 12),
                **moved,
            },
            {
                "history_id": "2",
                "opportunity_id": "behind",
                "old_value": "offer",
                "new_value": "demo",
                "changed_at": FEBRUARY,
                **moved,
            },
        ],
    )
    selected = ("+mart_stage_conversion", "+mart_pipeline_value")
    models.build(home, *selected)
    assert models.failing_tests(home, *selected) == []
    return home


@pytest.fixture
def warehouse(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_warehouse(home) as connection:
        yield connection


def test_a_step_is_forward_or_back_by_the_order_of_its_day(warehouse):
    """Both directions were forward when they were taken."""
    found = warehouse.execute("""
        select opportunity_id, stage_id, stage_order, next_stage_order, outcome
        from core.fct_stage_visit where outcome <> 'open' order by 1
    """).fetchall()
    assert found == [("before", "demo", 1, 2, "advanced"), ("behind", "offer", 2, 3, "advanced")]


def test_a_deal_that_rests_keeps_its_chance(warehouse):
    """Only what moved into the stage has its new chance; the days before are as they were."""
    found = warehouse.execute(
        "select as_of_date, weighted_value from marts.mart_pipeline_value "
        "where level = 'stage' and member_id = 'demo' and as_of_date in (?, ?) order by 1",
        [date(2026, 1, 8), FEBRUARY.date()],
    ).fetchall()
    # On January 8 before and resting are in demo; on February 15 resting and, anew, behind.
    assert found == [(date(2026, 1, 8), 60), (FEBRUARY.date(), 30 + 60)]


def test_stages_are_shown_as_they_are_now(warehouse):
    stages = warehouse.execute(
        "select stage_id, stage_name, stage_order from core.dim_stage where stage_id <> 'unknown'"
    ).fetchall()
    assert sorted(stages) == [("demo", "Trial", 3), ("offer", "Offer", 2)]
    history = warehouse.execute(
        "select stage_name, is_current from core.dim_stage_history where stage_id = 'demo'"
    ).fetchall()
    assert sorted(history) == [("Demo", False), ("Trial", True)]
