"""A gate looks at what changed: which checks run, at which rows, and when there is nothing to do."""

import json
import logging
import shutil
from pathlib import Path

import duckdb
import pytest
from gate_home import change, databases, not_passed, run

from expectations.check import Check
from expectations.gates import DataTest, run_suite
from expectations.results import GateName, GateResult
from expectations.scope import tables_named, tables_read
from ingestion.home import Home


def tables(result: GateResult) -> set[str]:
    return {f"{check.layer}.{check.table_name}" for check in result.checks}


@pytest.fixture
def checked_home(passed_home: Home, tmp_path: Path) -> Home:
    """A home whose gates have all passed once, before anything that a test does to it."""
    return Home(Path(shutil.copytree(passed_home.root, tmp_path / "checked")))


@pytest.fixture(scope="module")
def passed_home(built_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    passed = tmp_path_factory.mktemp("passed") / "home"
    home = Home(Path(shutil.copytree(built_home.root, passed)))
    gates: tuple[GateName, ...] = ("raw", "core", "marts")
    for gate in gates:
        assert run(gate, home, run_id="r0").passed
    change(home, "update landing.files set run_id = 'r0'", "raw")
    change(home, "update landing.gate_results set checked_at = '2026-01-03'", "raw")
    change(home, "update landing.files set landed_at = '2026-01-02'", "raw")
    return home


def land(home: Home, deal: str, run_id: str, at: str, **changed: str) -> None:
    """Lands one more version of a deal, by default a sound one."""
    columns = {
        "_extract_id": f"'{run_id}'",
        "_loaded_at": f"timestamp '{at}'",
        "opportunity_id": f"'{deal}'",
        **changed,
    }
    replaced = ", ".join(f"{value} as {name}" for name, value in columns.items())
    change(
        home,
        f"insert into landing.extracts select * replace ('{run_id}' as extract_id) "
        "from landing.extracts where table_name = 'opportunities' and extract_id = 'e1';"
        f"insert into crm.opportunities select * replace ({replaced}) from crm.opportunities "
        "where opportunity_id = 'd1' and _extract_id = 'e1';"
        "insert into landing.files by name select * replace "
        f"('{run_id}' as run_id, 'opportunities' as table_name, '{run_id}' as extract_id, "
        f"timestamp '{at}' as landed_at, 1 as records, 1 as accepted, 0 as unchanged, "
        "0 as quarantined) from landing.files where run_id = 'r0'",
        "raw",
    )


BROKEN_BEFORE = "update crm.opportunities set stage_id = null where opportunity_id = 'd2'"


def test_raw_is_checked_for_what_has_landed(checked_home: Home):
    change(checked_home, BROKEN_BEFORE, "raw")
    land(checked_home, "d4", "r1", "2026-01-04")
    result = run("raw", checked_home, frozenset({"crm.opportunities"}))
    assert result.passed
    assert tables(result) == {"crm.opportunities", "landing.files"}
    assert {c.rows_checked for c in result.checks} == {1}
    whole = run("raw", checked_home, None)
    assert ("opportunities", "stage_id_as_in_contract") in not_passed(whole)


@pytest.mark.parametrize(
    "changed",
    [
        {"stage_id": "null"},
        {"stage_id": "null", "_extract_id": "'r1~'"},
        {"_loaded_at": "null"},
        {"_extract_id": "null"},
        {"stage_id": "null", "_loaded_at": "timestamp '2025-01-01'"},
    ],
    ids=["as landed", "taken back", "no time", "no extract", "an old time"],
)
def test_a_bad_row_that_has_landed_stops(changed: dict[str, str], checked_home: Home):
    land(checked_home, "d4", "r1", "2026-01-04", **changed)
    result = run("raw", checked_home, frozenset({"crm.opportunities"}))
    assert not result.passed
    assert "opportunities" in {table for table, _ in not_passed(result)}


def test_a_row_that_takes_back_a_known_extract_is_known(sound_home: Home):
    change(sound_home, "update crm.opportunities set _extract_id = 'e1~'", "raw")
    assert not_passed(run("raw", sound_home)) == {}


def test_what_landed_is_compared_with_the_whole_of_other_tables(checked_home: Home):
    """Its owner and stage landed nights ago; an owner that nobody knows is reported, once."""
    land(checked_home, "d4", "r1", "2026-01-04")
    assert not_passed(run("raw", checked_home, frozenset({"crm.opportunities"}))) == {}
    land(checked_home, "d5", "r2", "2199-01-05", owner_id="'ghost'")
    found = not_passed(run("raw", checked_home, frozenset({"crm.opportunities"}), "r2"))
    assert found["opportunities", "owner_id_known"].sample == (
        {"owner_id": "ghost", "row_versions": 1},
    )


def test_an_id_that_landed_is_compared_with_those_of_all_systems(checked_home: Home):
    land(checked_home, "d2", "r1", "2026-01-04", _source_system="'crm_two'")
    result = run("core", checked_home, frozenset({"crm.opportunities"}))
    found = not_passed(result)["opportunities", "ids_of_one_source_system"]
    assert found.rows_failed == 1
    assert "d2" in found.message


def test_the_records_of_this_refresh_alone_are_accounted_for(checked_home: Home):
    change(checked_home, "update landing.files set accepted = 2", "raw")
    land(checked_home, "d4", "r1", "2026-01-04")
    assert run("raw", checked_home, frozenset({"crm.opportunities"})).passed
    assert not run("raw", checked_home, None).passed


@pytest.mark.parametrize("scope", [frozenset(), frozenset({"crm.opportunities"})])
def test_rows_that_no_gate_has_seen_are_checked_whatever_is_in_scope(
    scope: frozenset[str], checked_home: Home
):
    """The refresh that landed them died before its gate."""
    land(checked_home, "d4", "died", "2026-01-04", stage_id="null")
    result = run("raw", checked_home, scope, "r2")
    assert ("opportunities", "stage_id_as_in_contract") in not_passed(result)


def test_a_file_of_which_every_record_was_quarantined_is_reported(checked_home: Home):
    change(
        checked_home,
        "insert into landing.files by name select * replace ('r1' as run_id, 0 as accepted, "
        "0 as unchanged, 3 as quarantined, 'teams' as table_name) from landing.files;"
        "insert into landing.quarantine by name select 'r1' as run_id, 'crm_one' as source_system, "
        "'crm' as source, 'teams' as table_name, 't.csv' as file_name, i as line, "
        "i as record_number, 'cast_failed' as reason, 'no date' as message from range(3) as v(i)",
        "raw",
    )
    found = not_passed(run("raw", checked_home, frozenset()))["teams", "nothing_quarantined"]
    assert found.rows_failed == 3
    assert found.message.startswith("3 records that were quarantined in this refresh: ")


@pytest.mark.parametrize(
    ("gate", "sql", "catalog"),
    [
        ("raw", BROKEN_BEFORE, "raw"),
        ("core", "delete from core.dim_stage where stage_id = 'won'", "warehouse"),
        ("marts", "delete from marts.marts.mart_opportunities", "warehouse"),
    ],
)
def test_a_table_at_which_a_gate_stopped_is_checked_until_it_passes(
    gate: GateName, sql: str, catalog: str, checked_home: Home
):
    change(checked_home, sql, catalog)
    stopped = run(gate, checked_home, None)
    assert not stopped.passed
    again = run(gate, checked_home, frozenset(), "r2")
    assert [c.check_name for c in again.blocking] == [c.check_name for c in stopped.blocking]


@pytest.mark.parametrize("gate", ["raw", "core", "marts"])
def test_with_nothing_in_scope_there_is_nothing_to_check(
    gate: GateName, checked_home: Home, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "salesops")
    result = run(gate, checked_home, frozenset())
    assert (result.checks, result.passed) == ((), True)
    assert "nothing to check" in caplog.text
    report = json.loads((checked_home.runs / "r1" / f"gate_{gate}.json").read_text())
    assert report["passed"] is True


@pytest.mark.parametrize("gate", ["core", "marts"])
def test_a_change_to_tables_that_no_check_is_about_stops_nothing(
    gate: GateName, checked_home: Home
):
    result = run(gate, checked_home, frozenset({"core.dim_unheard_of"}))
    assert (result.checks, result.passed) == ((), True)


@pytest.mark.parametrize("scope", [None, frozenset(), frozenset({"core.fct_opportunity"})])
def test_a_gate_without_any_check_has_not_passed(scope, checked_home: Home):
    databases = {"raw": checked_home.raw_db}
    result = run_suite("core", (), checked_home, "r1", databases=databases, scope=scope)
    assert not result.passed


@pytest.mark.parametrize(
    ("scope", "runs"),
    [
        ({"marts.mart_conversion"}, "metric_catalogue.nothing_personal_published"),
        ({"marts.mart_conversion"}, "mart_deal_outcome.outcome_of_its_parts"),
        ({"core.fct_opportunity"}, "mart_opportunities.every_deal_once"),
        ({"company.settings"}, "mart_compensation.pay_of_enough_people"),
    ],
)
def test_a_check_runs_where_anything_that_it_reads_changed(
    scope: set[str], runs: str, checked_home: Home
):
    result = run("marts", checked_home, frozenset(scope))
    assert runs in {f"{c.table_name}.{c.check_name}" for c in result.checks}
    assert "mart_sales_cycle.cycle_days_in_order" not in {
        f"{c.table_name}.{c.check_name}" for c in result.checks
    }


def test_a_view_changes_with_the_tables_that_it_reads(checked_home: Home):
    change(
        checked_home,
        "drop table staging.stg_hr__workers; create view staging.stg_hr__workers as "
        "select * from raw.hr.workers; create view staging.sold as "
        "select * from warehouse.staging.stg_hr__workers",
    )
    test = DataTest("at_least_none", "staging.sold", "select 1 from warehouse.staging.sold")
    result = run("core", checked_home, frozenset({"hr.workers"}), data_tests=[test])
    names = {check.check_name for check in result.checks}
    assert {"gone_is_terminated", "hires_are_workers", "at_least_none"} <= names
    assert "one_base_at_a_time" not in names


def test_views_of_published_layers_are_found_in_the_warehouse(checked_home: Home):
    change(
        checked_home,
        "create schema warehouse.marts; create view warehouse.marts.data_quality as "
        "select run_id, check_name from raw.landing.gate_results",
    )
    test = DataTest(
        "one_row_a_check",
        "marts.data_quality",
        "select check_name from warehouse.marts.data_quality where check_name is null",
    )
    result = run("marts", checked_home, frozenset({"marts.data_quality"}), data_tests=[test])
    (found,) = [check for check in result.checks if check.check_name == "one_row_a_check"]
    assert found.result == "passed"
    assert found.rows_checked
    change(
        checked_home,
        "create or replace view warehouse.marts.data_quality as select 'x' as email",
    )
    result = run("marts", checked_home, frozenset({"marts.data_quality"}))
    assert ("metric_catalogue", "nothing_personal_published") in not_passed(result)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("select * from raw.crm.users", {"crm.users"}),
        ('select * from "warehouse"."core"."fct_x" as x', {"core.fct_x"}),
        ("select marts.marts.mart_x.y from marts.marts.mart_x", {"marts.mart_x"}),
        (
            "with a as (select 1 from restricted.restricted.fct_credit)\n"
            "select * from a join Raw.CRM.Teams t on t.raw = a.core",
            {"restricted.fct_credit", "crm.teams"},
        ),
        ("select core.fct_x.id, lines.raw from (values (1)) as core(fct_x)", set()),
    ],
)
def test_tables_are_named_with_their_catalog(sql: str, named: set[str]):
    assert tables_named(sql) == named


def test_views_that_read_each_other_are_followed_once():
    views = {
        "staging.a": "select * from warehouse.staging.b",
        "staging.b": "select * from warehouse.staging.a, raw.crm.users",
    }
    assert tables_read("staging.a", "select 1", views) == {"staging.a", "staging.b", "crm.users"}


def test_a_name_stands_for_one_check_of_a_table(sound_home: Home):
    check = Check("crm", "users", "odd", "select 1 from {batch}", "odd", "fix")
    with pytest.raises(ValueError, match=r"crm\.users has several checks named odd"):
        run_suite(
            "raw", [check, check], sound_home, "r1", databases=databases(sound_home), scope=None
        )


def test_results_of_many_checks_are_stored_as_found(sound_home: Home):
    result = run("raw", sound_home)
    with duckdb.connect(str(sound_home.raw_db), read_only=True) as raw:
        stored = raw.execute(
            "select layer, table_name, check_name, severity, result, rows_checked, rows_failed, "
            "message from landing.gate_results where run_id = 'r1' and gate = 'raw'"
        ).fetchall()
    assert sorted(stored) == sorted(
        (
            c.layer,
            c.table_name,
            c.check_name,
            c.severity,
            c.result,
            c.rows_checked,
            c.rows_failed,
            c.message,
        )
        for c in result.checks
    )
