"""What follows from a metric's declaration is checked in each refresh: parts, members, bases."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from compiled_models import CATALOGS, Models, connected
from warehouse_testbed import ChangeLogOfTest

NIGHT = datetime(2026, 3, 2, 2)
RATIOS = "assert_ratios_are_made_of_their_parts"
BASES = "assert_metrics_have_the_bases_they_declare"
TALL = ("metric_values", "metric_catalogue")


@pytest.fixture(scope="module")
def sound(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two reps with a won, a lost and two open deals."""
    home = tmp_path_factory.mktemp("declared_metrics")
    log = ChangeLogOfTest(home)
    stages = (("new", 1, False, False), ("won", 2, True, True), ("lost", 3, True, False))
    log.add(
        "stages",
        NIGHT,
        [
            {"stage_id": s, "stage_name": s, "stage_order": n, "is_closed": c, "is_won": w}
            for s, n, c, w in stages
        ],
    )
    log.add("users", NIGHT, [{"user_id": u, "user_name": u.title()} for u in ("ann", "bob")])
    deals = (("won", "ann", 100), ("lost", "bob", 50), ("new", "ann", 30), ("new", "bob", 7))
    log.add(
        "opportunities",
        NIGHT,
        [
            {
                "opportunity_id": f"d{number}",
                "owner_id": owner,
                "stage_id": stage,
                "amount": amount,
                "created_date": "2026-01-05",
                "closed_date": None if stage == "new" else "2026-02-10",
                "expected_close_date": "2026-03-31",
            }
            for number, (stage, owner, amount) in enumerate(deals)
        ],
    )
    models.build(home)
    return home


DEFECTS = [
    ("update metric_values set value = 0.4 where metric = 'conversion_rate' and level = 'company'",
     TALL, RATIOS),
    ("update metric_values set numerator = 0, denominator = 0 where metric = 'conversion_rate'",
     TALL, RATIOS),
    ("update metric_values set value = null where metric = 'average_managed_value'", TALL, RATIOS),
    # By less than a cent in a hundred thousand.
    ("update metric_values set value = value * (1 + 1e-7) where metric = 'average_deal_outcome'",
     TALL, RATIOS),
    ("update metric_values set value = 50, numerator = null where metric = 'conversion_rate'",
     TALL, RATIOS),
    ("update metric_values set basis = 'as_closed' where metric = 'open_deals'", TALL, BASES),
    ("update metric_values set metric = 'mystery' where metric = 'open_deals'", TALL, BASES),
    ("update mart_conversion set won_value = 101 where level = 'rep' and won_value = 100",
     ("mart_conversion",), "members_add_up_to_company_mart_conversion_"),
    ("update mart_conversion set closed_deals = 3 where level = 'team'",
     ("mart_conversion",), "members_add_up_to_company_mart_conversion_"),
    ("update mart_pipeline_value set open_value = open_value + 0.02 where level = 'rep'",
     ("mart_pipeline_value",), "members_add_up_to_company_mart_pipeline_value_"),
    ("update mart_pipeline_value set undated_deals = 1 where level = 'company'",
     ("mart_pipeline_value",), "members_add_up_to_company_mart_pipeline_value_"),
    ("delete from mart_pipeline_value where level = 'stage'",
     ("mart_pipeline_value",), "members_add_up_to_company_mart_pipeline_value_"),
    ("update mart_pipeline_efficiency set starting_open_deals = 9 where level = 'company'",
     ("mart_pipeline_efficiency",), "members_add_up_to_company_mart_pipeline_efficiency_"),
    ("update mart_pipeline_movement set end_value = 0 where level = 'segment'",
     ("mart_pipeline_movement",), "members_add_up_to_company_mart_pipeline_movement_"),
]  # fmt: skip


def test_what_was_built_passes(models: Models, sound: Path):
    marts = {mart for _, marts, _ in DEFECTS for mart in marts}
    assert models.failing_tests(sound, *marts) == []


@pytest.mark.parametrize(("sql", "marts", "test"), DEFECTS)
def test_a_defect_is_found(
    models: Models, sound: Path, tmp_path: Path, sql: str, marts: tuple[str, ...], test: str
):
    home = Path(shutil.copytree(sound, tmp_path / "home"))
    files = {catalog: str(home / f"{catalog}.duckdb") for catalog in CATALOGS}
    with connected(home / "raw.duckdb", files) as connection:
        if marts == TALL:
            connection.execute("use warehouse.marts")
            connection.execute("create table written_down as from metric_values")
            connection.execute("drop view metric_values")
            connection.execute("alter table written_down rename to metric_values")
        else:
            connection.execute("use marts.marts")
        changed = connection.execute(sql).fetchone()
    assert changed and changed[0] > 0
    assert test in models.failing_tests(home, *marts)
