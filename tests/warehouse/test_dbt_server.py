"""The one process in which the tests run dbt: no home is taken for another, and a failure is one."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from warehouse_testbed import ChangeLogOfTest, Dbt, read_warehouse


@pytest.fixture
def homes(tmp_path: Path) -> list[Path]:
    """Two homes that differ in the name of their one team."""
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        team = {"team_id": "t", "team_name": f"team of {home.name}"}
        ChangeLogOfTest(home).add("teams", datetime(2026, 1, 5, 2), [team])
    return homes


def test_each_home_gets_its_own_rows(dbt: Dbt, homes: list[Path]):
    for home in (*homes, homes[0]):
        dbt(home, "run", "--select", "+dim_team")
        with read_warehouse(home) as warehouse:
            names = warehouse.execute(
                "select team_name from core.dim_team where team_id = 't'"
            ).fetchall()
        assert names == [(f"team of {home.name}",)]


def test_the_stores_can_be_written_afterwards(dbt: Dbt, homes: list[Path]):
    dbt(homes[0], "run", "--select", "+stg_crm__teams")
    for name in ("warehouse.duckdb", "raw.duckdb"):
        with duckdb.connect(str(homes[0] / name)) as store:
            store.execute("create table main.written as select 1 as one")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--select", "stg_crm__teams", "--vars", "{"), "vars"),
        (("run-operation", "there_is_no_such_macro"), "there_is_no_such_macro"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_what_fails_in_dbt_fails_the_test(
    dbt: Dbt, homes: list[Path], arguments: tuple[str, ...], said: str
):
    with pytest.raises(AssertionError, match=said):
        dbt(homes[0], *arguments)
    # And the next command is answered.
    dbt(homes[0], "ls", "--select", "stg_crm__teams")


def test_a_process_that_dies_fails_one_test_only(dbt: Dbt, homes: list[Path]):
    with pytest.raises(pytest.fail.Exception, match="ended"):
        dbt(homes[0], "parse", timeout=0)
    assert "stg_crm__teams" in dbt(homes[0], "ls", "--select", "stg_crm__teams")


def test_what_one_command_printed_is_not_in_the_next(dbt: Dbt, homes: list[Path]):
    assert "dim_team" in dbt(homes[0], "ls", "--select", "dim_team")
    assert "dim_team" not in dbt(homes[0], "ls", "--select", "stg_crm__teams")
