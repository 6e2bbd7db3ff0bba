"""source_coverage tells a company what its extracts can and cannot say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from ingestion.contracts.contract_files import load_contracts

FIRST, SECOND = datetime(2026, 1, 5, 2), datetime(2026, 1, 6, 2)


@pytest.fixture(scope="module")
def coverage(
    models: Models, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, object]]:
    """A CRM that knows deals, their dates and amounts, and two stages, but no probabilities."""
    home: Path = tmp_path_factory.mktemp("coverage_home")
    log = ChangeLogOfTest(home)
    log.add(
        "stages",
        FIRST,
        [
            {"stage_id": "new", "stage_name": "New", "stage_order": 1, "is_closed": False},
            {"stage_id": "won", "stage_name": "Won", "stage_order": 2, "is_closed": True},
        ],
    )
    log.add(
        "opportunities",
        FIRST,
        [{"opportunity_id": name, "stage_id": "new"} for name in ("stays", "goes", "comes back")],
    )
    # One deal is decided; one vanishes for good and one for a night.
    log.add(
        "opportunities",
        SECOND,
        [{"opportunity_id": "stays", "stage_id": "won", "amount": 5, "closed_date": "2026-01-05"}],
        deleted=[{"opportunity_id": "goes"}, {"opportunity_id": "comes back"}],
        system="other_crm",
    )
    third = datetime(2026, 1, 7, 2)
    log.add("opportunities", third, [{"opportunity_id": "comes back", "stage_id": "new"}])
    pair = {"from_currency": "EUR", "to_currency": "USD"}
    rates = [
        {**pair, "rate_date": "2026-01-01", "rate": 1.1},
        {**pair, "rate_date": "2026-01-02", "rate": 1.2},
    ]
    log.add("fx_rates", FIRST, rates)
    log.add("fx_rates", SECOND, deleted=[{**pair, "rate_date": "2026-01-02"}])
    models.build(home, "stg_landing__extracts", "source_coverage")
    with read_warehouse(home) as warehouse:
        cursor = warehouse.execute("select * from marts.source_coverage")
        names = [column[0] for column in cursor.description or ()]
        return {row[1]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


def test_every_table_of_the_contract_has_a_row(coverage):
    declared = {table.name: table.source for table in load_contracts()}
    assert {name: row["source"] for name, row in coverage.items()} == declared


def test_rows_that_vanished_do_not_count_and_those_that_came_back_do(coverage):
    assert coverage["opportunities"]["row_count"] == 2
    assert coverage["stages"]["row_count"] == 2
    assert coverage["users"]["row_count"] == 0
    # Its key has three columns, of which the deleted row shares two.
    assert coverage["fx_rates"]["row_count"] == 1


def test_systems_and_newest_extract(coverage):
    assert coverage["opportunities"]["source_systems"] == "crm_of_test, other_crm"
    assert coverage["opportunities"]["newest_extract_at"] == datetime(2026, 1, 7, 2)
    assert coverage["users"]["source_systems"] is None
    assert coverage["users"]["newest_extract_at"] is None


def test_a_table_names_the_metrics_and_levels_that_it_feeds(coverage):
    fed = str(coverage["stages"]["feeds_metrics"]).split(", ")
    assert "weighted_value" in fed
    assert "conversion_rate" in fed
    assert "open_value" not in fed
    assert coverage["teams"]["feeds_levels"] == "branch, team"
    assert coverage["person_crosswalk"]["feeds_metrics"] is None


def test_what_is_missing_is_said_at_every_table_that_could_give_it(coverage):
    sentence = "weighted_deals, weighted_value need crm.opportunities.probability or crm.stages.probability"
    for table in ("opportunities", "stages"):
        assert sentence in str(coverage[table]["missing"]).split("; ")
    assert (
        "all of mart_pipeline_movement, all of mart_pushes, coverage_ratio, expected_deals, "
        "expected_value, overdue_deals, overdue_value, pushed_deals, slip_rate, slipped_deals, "
        "starting_coverage need crm.opportunities.expected_close_date"
    ) in str(coverage["opportunities"]["missing"])
    assert "level team needs crm.users.team_id" in str(coverage["users"]["missing"])


def test_what_one_of_several_columns_gives_is_not_missing(coverage):
    # Closing days are known by date, though not by time of day; amounts by the CRM alone.
    told = " ".join(str(row["missing"]) for row in coverage.values())
    assert "closed_at" not in told
    assert "list_price" not in told
    # Exchange rates are not missed where they are not there, but are said to be of use.
    assert "fx_rates" not in told
    assert "won_value" in str(coverage["fx_rates"]["feeds_metrics"])


def test_a_company_without_quotas_and_forecasts_is_told_which_numbers_it_lacks(coverage):
    forecasts = "all of mart_forecast_precision needs crm.forecast_submissions.amount"
    assert forecasts in sentences(coverage["forecast_submissions"])
    (quotas,) = sentences(coverage["quotas"])
    assert quotas.endswith(" need crm.quotas.amount")
    assert {"quota_attainment", "coverage_ratio", "all of mart_ramp"} <= set(
        quotas.split(" need ")[0].split(", ")
    )


def sentences(row: dict[str, object]) -> list[str]:
    return str(row["missing"]).split("; ")


def test_what_the_levels_of_selling_time_need_is_said_where_it_could_come_from(coverage):
    accounts = "level rep of selling time needs crm.person_crosswalk.person_id or "
    of_hr = accounts + "hr.workers.employee_number or hr.workers.work_email"
    of_the_crm = accounts + "crm.users.employee_number or crm.users.email"
    assert of_hr in sentences(coverage["workers"])
    assert of_the_crm in sentences(coverage["users"])
    assert {of_hr, of_the_crm} <= set(sentences(coverage["person_crosswalk"]))
    territory = "level territory of selling time needs crm.users.territory_id or "
    for table in ("users", "positions"):
        assert territory + "hr.positions.territory_id" in sentences(coverage[table])
    # A team is the same to a deal and to an hour.
    assert "level team needs crm.users.team_id or hr.positions.team_id" in sentences(
        coverage["positions"]
    )
    assert "territory of selling time" in str(coverage["positions"]["feeds_levels"])


def test_a_crm_that_tells_where_people_work_misses_no_place_in_hr(models: Models, tmp_path: Path):
    log = ChangeLogOfTest(tmp_path)
    place = {"team_id": "t", "branch_id": "b", "territory_id": "x", "manager_id": "m"}
    log.add(
        "users",
        FIRST,
        [{"user_id": "u", "user_name": "U", "email": "u@example.test", **place}],
    )
    models.build(tmp_path, "stg_landing__extracts", "source_coverage")
    with read_warehouse(tmp_path) as warehouse:
        missing = dict(
            warehouse.execute(
                "select table_name, missing from marts.source_coverage where source = 'hr'"
            ).fetchall()
        )
    told = [text for texts in missing.values() if texts for text in texts.split("; ")]
    # Only who of its users is which worker is still to be said, once there are workers.
    assert [text.split(" needs ")[0] for text in told if text.startswith("level")] == [
        "level rep of selling time"
    ]
