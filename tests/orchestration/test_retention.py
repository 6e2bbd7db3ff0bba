"""Retention: the newest runs stay, in the home's records and in Dagster's history; nothing grows."""

import shutil
import sqlite3
from pathlib import Path

import dagster as dg
import pytest

from ingestion.home import Home
from orchestration.run.event_log import dagster_instance
from orchestration.run.retention import prune_dagster_runs, prune_runs, rotate_dbt_log
from orchestration.run.run_records import RunJournal, read_records


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.create()
    return home


def record(home: Home, day: int, status: str) -> str:
    run_id = f"202601{day:02}T000000Z-aaaa"
    RunJournal(home, run_id).finish(status, "done")  # type: ignore[arg-type]
    (home.runs / run_id / "data_docs").mkdir()
    (home.runs / run_id / "data_docs" / "index.html").write_text("")
    return run_id


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def kept(home: Home) -> list[str]:
    return names(home.runs)


@pytest.mark.parametrize("keep", [1, 3, 5, 9])
def test_the_newest_runs_stay(home: Home, keep: int):
    runs = [record(home, day, "published") for day in range(1, 6)]
    removed = prune_runs(home, keep)
    assert kept(home) == runs[-keep:]
    assert removed == [run for run in runs if run not in runs[-keep:]]


def test_the_last_one_that_published_stays_behind_newer_ones(home: Home):
    published = record(home, 1, "published")
    record(home, 2, "unchanged")
    more = [record(home, day, "unchanged") for day in (3, 4)]
    prune_runs(home, 2)
    assert kept(home) == [published, *more]


@pytest.mark.parametrize("status", ["failed", "partial", "running"])
def test_what_landed_since_the_last_published_one_is_known_however_old_it_is(
    home: Home, status: str
):
    """Else a gate would no longer look at a table that came in bad so many nights ago."""
    published = record(home, 2, "published")
    runs = [record(home, day, status) for day in range(3, 8)]
    record(home, 1, status)
    prune_runs(home, 2)
    assert kept(home) == [published, *runs]


def test_what_is_half_removed_is_removed_by_the_next_one(home: Home):
    """A prune that was killed left a folder without its record."""
    runs = [record(home, day, "published") for day in range(1, 5)]
    (home.runs / runs[0] / "run.json").unlink()
    prune_runs(home, 2)
    assert kept(home) == runs[2:]
    assert [run.run_id for run in read_records(home)] == runs[:1:-1]


def test_a_home_without_runs_has_nothing_to_remove(tmp_path: Path):
    assert prune_runs(Home(tmp_path / "nowhere"), 3) == []


@dg.asset
def thing() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 1})


@dg.asset_check(asset=thing)
def check_of_thing() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def everything() -> dg.JobDefinition:
    definitions = dg.Definitions(
        assets=[thing], asset_checks=[check_of_thing], jobs=[dg.define_asset_job("everything")]
    )
    return definitions.resolve_job_def("everything")


@pytest.fixture(scope="module")
def four_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[str]]:
    """A home with Dagster's history of four runs, as the command writes it, the newest first."""
    home = Home(tmp_path_factory.mktemp("four_runs"))
    home.create()
    ids = []
    with dagster_instance(home.dagster) as instance:
        for _ in range(4):
            ids.insert(0, everything().execute_in_process(instance=instance).run_id)
    return home, ids


@pytest.fixture
def history(home: Home, four_runs: tuple[Home, list[str]]) -> tuple[Home, list[str]]:
    """A copy of it, for tests that change it."""
    original, ids = four_runs
    shutil.copytree(original.dagster, home.dagster, dirs_exist_ok=True)
    return home, ids


def traces(home: Home, run_id: str) -> list[str]:
    """Gives all places of Dagster's home, inside of files too, in which a run is named."""
    found = [str(path) for path in home.dagster.rglob(f"*{run_id}*")]
    for path in home.dagster.rglob("*.db"):
        with sqlite3.connect(path) as connection:
            tables = connection.execute("select name from sqlite_master where type = 'table'")
            for (table,) in tables.fetchall():
                columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
                if "run_id" in columns and connection.execute(
                    f"select count(*) from {table} where run_id = ?", [run_id]
                ).fetchone() != (0,):
                    found.append(f"{path.name}: {table}")
    return found


@pytest.mark.parametrize("keep", [1, 2, 4])
def test_dagster_keeps_the_newest_runs_and_no_trace_of_the_others(history, keep: int):
    home, ids = history
    with dagster_instance(home.dagster) as instance:
        assert prune_dagster_runs(instance, home, keep) == ids[keep:]
    for run_id in ids[keep:]:
        assert traces(home, run_id) == []
    with dagster_instance(home.dagster) as instance:
        assert [run.run_id for run in instance.get_runs()] == ids[:keep]
        for run_id in ids[:keep]:
            assert instance.all_logs(run_id)
        newest = instance.get_latest_materialization_event(thing.key)
        assert newest is not None
        assert newest.run_id == ids[0]
    assert [name for name in traces(home, ids[0]) if "asset_check_executions" in name]


def test_what_a_killed_prune_left_is_swept(history):
    home, ids = history
    with dagster_instance(home.dagster) as instance:
        instance.delete_run(ids[-1])
    assert [path for path in traces(home, ids[-1]) if path.endswith(".db")]
    with dagster_instance(home.dagster) as instance:
        prune_dagster_runs(instance, home, 30)
    assert not [path for path in traces(home, ids[-1]) if path.endswith(".db")]
    assert (home.dagster / "history" / "runs" / "index.db").exists()


def test_the_history_does_not_grow_with_the_nights(history):
    home, _ = history
    job = everything()

    def night() -> int:
        with dagster_instance(home.dagster) as instance:
            job.execute_in_process(instance=instance)
            prune_dagster_runs(instance, home, 2)
        return sum(path.stat().st_size for path in home.dagster.rglob("*") if path.is_file())

    night()
    sizes = [night() for _ in range(3)]
    assert max(sizes) - min(sizes) < 100_000, sizes


def test_there_are_at_most_two_logs_of_dbt(tmp_path: Path):
    log = tmp_path / "dbt.log"
    for number in range(2, 6):
        (tmp_path / f"dbt.log.{number}").write_text("as dbt itself rotates")
    for night in range(4):
        log.write_text(f"night {night} " * 10)
        rotate_dbt_log(tmp_path, max_bytes=50)
    assert names(tmp_path) == ["dbt.log.1"]
    assert (tmp_path / "dbt.log.1").read_text().startswith("night 3")


def test_a_short_log_of_dbt_goes_on(tmp_path: Path):
    (tmp_path / "dbt.log").write_text("short")
    rotate_dbt_log(tmp_path)
    rotate_dbt_log(tmp_path / "nowhere")
    assert names(tmp_path) == ["dbt.log"]
