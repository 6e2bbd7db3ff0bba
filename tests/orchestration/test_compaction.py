"""Compaction: an older run loses what no page of Dagster shows, and nothing else."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType

from ingestion.home import Home
from orchestration.run.compaction import CHECKS, HAS_LANDED, IS_BUILT, compact_dagster_runs
from orchestration.run.event_log import dagster_instance

TABLES = 12
BUILT = TABLES // 2
# Rows and pages of one table that was built and checked in an older run, and of one that was not.
BYTES_OF_A_TABLE = 5_000
BYTES_OF_A_RUN = 80_000
PLANNED = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
}
STEPS = [
    DagsterEventType.STEP_START,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_START,
    DagsterEventType.STEP_SUCCESS,
]


def key(table: int) -> dg.AssetKey:
    return dg.AssetKey(["layer", f"table_{table:03}"])


BUILT_KEYS = {key(table) for table in range(BUILT)}


def job(ends_well: bool = True, has_news: bool = True) -> dg.JobDefinition:
    """A step of which half of the tables were built, and a gate that looked at these.

    Args:
        ends_well: Whether the step does.
        has_news: Whether any table was; else all are observed only, and no gate runs.
    """
    # Each reads three others, as models do, so that its event names what it was made of.
    specs = [
        dg.AssetSpec(
            key(table),
            deps=[key(other) for other in range(max(0, table - 3), table)],
            skippable=True,
        )
        for table in range(TABLES)
    ]

    @dg.multi_asset(name="models", specs=specs)
    def build(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        if not ends_well:
            raise ValueError("a file was refused")
        for table in range(TABLES):
            if not has_news:
                facts = {HAS_LANDED: False}
                context.log_event(dg.AssetObservation(key(table), metadata=facts))
                continue
            facts = {
                IS_BUILT: table < BUILT,
                "built_because": "it was never built",
                "dagster/row_count": 3,
            }
            yield dg.MaterializeResult(asset_key=key(table), metadata=facts)

    checks = [dg.AssetCheckSpec("gate", asset=spec.key) for spec in specs]

    @dg.multi_asset_check(name="gate", specs=checks)
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        for found in context.selected_asset_check_keys:
            checks = 2 if found.asset_key in BUILT_KEYS else 0
            yield dg.AssetCheckResult(
                passed=True, metadata={CHECKS: checks}, asset_key=found.asset_key, check_name="gate"
            )

    definitions = dg.Definitions(
        assets=[build],
        asset_checks=[check],
        jobs=[dg.define_asset_job("job", selection=dg.AssetSelection.all())],
        executor=dg.in_process_executor,
    )
    return definitions.resolve_job_def("job")


def night(home: Home, ends_well: bool = True, has_news: bool = True) -> str:
    """Has a run as a refresh notes it."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    with dagster_instance(home.dagster) as instance:
        result = job(ends_well, has_news).execute_in_process(
            instance=instance, raise_on_error=False
        )
        assert result.success is ends_well
        return result.run_id


def compact(home: Home) -> None:
    with dagster_instance(home.dagster) as instance:
        compact_dagster_runs(instance, home)


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[str]]:
    """A home of three runs that ended well, the oldest first."""
    home = Home(tmp_path_factory.mktemp("three_runs"))
    return home, [night(home) for _ in range(3)]


@pytest.fixture
def history(tmp_path: Path, three_runs: tuple[Home, list[str]]) -> tuple[Home, list[str]]:
    """A copy of it, for tests that change it."""
    original, ids = three_runs
    shutil.copytree(original.root, tmp_path / "home")
    return Home(tmp_path / "home"), ids


def file_of(home: Home, run_id: str) -> Path:
    return home.dagster / "history" / "runs" / f"{run_id}.db"


def query(file: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def size(home: Home) -> int:
    """The bytes of Dagster's records, with nothing left in a write-ahead log."""
    files = list(home.dagster.rglob("*.db"))
    for file in files:
        query(file, "pragma wal_checkpoint(truncate)")
    return sum(file.stat().st_size for file in files)


def kinds(home: Home, file: str, run_id: str) -> Counter[str]:
    """Counts a run's events in a file by kind."""
    rows = query(
        file_of(home, file),
        f"select dagster_event_type from event_logs where run_id = '{run_id}'",
    )
    return Counter(kind for (kind,) in rows)


def everything(home: Home) -> dict[str, list[tuple]]:
    """All rows of all files."""
    return {
        f"{file.name} {table}": query(file, f"select * from {table}")
        for file in sorted(home.dagster.rglob("*.db"))
        for (table,) in query(file, "select name from sqlite_master where type = 'table'")
    }


def test_asset_pages_keep_every_build_and_every_check_that_was_made(history):
    home, (*older, newest) = history
    compact(home)
    with dg.DagsterInstance.local_temp(str(home.dagster)) as reader:
        for table in range(TABLES):
            records = reader.fetch_materializations(key(table), limit=10).records
            shown = [newest, *reversed(older)] if table < BUILT else [newest]
            assert [record.run_id for record in records] == shown
            for record in records:
                found = record.asset_materialization
                assert found is not None
                assert found.metadata["dagster/row_count"].value == 3
                # What it was made of, by which Dagster knows what is no longer up to date.
                assert found.tags is not None
                assert len(found.tags) == 2 + 2 * min(table, 3)
            executions = reader.event_log_storage.get_asset_check_execution_history(
                dg.AssetCheckKey(key(table), "gate"), limit=10
            )
            assert [execution.run_id for execution in executions] == shown
            assert all(execution.event is not None for execution in executions)


def test_runs_keep_their_steps_and_what_they_planned(history):
    home, ids = history
    compact(home)
    with dg.DagsterInstance.local_temp(str(home.dagster)) as reader:
        assert [run.run_id for run in reader.get_runs()] == ids[::-1]
        for run in reader.get_runs():
            stats = reader.get_run_stats(run.run_id)
            assert stats.start_time is not None
            assert stats.end_time is not None
            steps = reader.get_run_step_stats(run.run_id)
            assert [step.step_key for step in steps] == ["models", "gate"]
            entries = reader.all_logs(run.run_id)
            kept = [e.dagster_event_type for e in entries if e.dagster_event_type in STEPS]
            assert kept == STEPS
            assert run.execution_plan_snapshot_id is not None
            plan = reader.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
            # Of the plan Dagster lists a run's assets and checks.
            assert len(plan.asset_check_keys) == TABLES


def test_the_newest_keeps_every_event(history):
    home, (*_, newest) = history
    before = kinds(home, newest, newest), kinds(home, "index", newest)
    compact(home)
    assert (kinds(home, newest, newest), kinds(home, "index", newest)) == before
    assert before[0]["STEP_OUTPUT"] == 2 * TABLES


def test_of_an_older_one_plans_and_copies_go(history):
    home, (oldest, *_) = history
    compact(home)
    assert kinds(home, "index", oldest) == {
        "PIPELINE_START": 1,
        "PIPELINE_SUCCESS": 1,
        "ASSET_MATERIALIZATION": BUILT,
    }
    own = kinds(home, oldest, oldest)
    assert own["STEP_SUCCESS"] == 2
    assert set(own).isdisjoint(
        {"STEP_OUTPUT", "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"}
        | {kind.value for kind in PLANNED}
    )


@pytest.mark.parametrize("later", [{"ends_well": False}, {"has_news": False}])
def test_the_last_that_came_to_a_table_keeps_every_event(tmp_path: Path, later: dict[str, bool]):
    home = Home(tmp_path)
    came_far = night(home)
    before = kinds(home, came_far, came_far), kinds(home, "index", came_far)
    night(home, **later)
    compact(home)
    assert (kinds(home, came_far, came_far), kinds(home, "index", came_far)) == before
    night(home)
    compact(home)
    assert kinds(home, "index", came_far)["ASSET_MATERIALIZATION"] == BUILT
    assert kinds(home, came_far, came_far)["STEP_OUTPUT"] == 0


def test_of_a_run_without_news_nothing_stays_but_that_it_was(tmp_path: Path):
    home = Home(tmp_path)
    unchanged = night(home, has_news=False)
    newest = night(home)
    compact(home)
    assert kinds(home, "index", unchanged) == {"PIPELINE_START": 1, "PIPELINE_SUCCESS": 1}
    executions = query(file_of(home, "index"), "select run_id from asset_check_executions")
    assert Counter(executions) == {(newest,): TABLES}


def test_a_run_that_failed_keeps_every_event(tmp_path: Path):
    """Dagster goes on from where it stopped, and reads in its events how far it came."""
    home = Home(tmp_path)
    failed = night(home, ends_well=False)
    night(home)
    before = kinds(home, failed, failed), kinds(home, "index", failed)
    compact(home)
    assert (kinds(home, failed, failed), kinds(home, "index", failed)) == before


def test_once_more_changes_nothing(history):
    home, _ = history
    compact(home)
    before = everything(home)
    compact(home)
    assert everything(home) == before


def test_what_was_killed_between_two_files_is_done_again(history):
    home, (oldest, *_) = history
    shutil.copy(file_of(home, oldest), home.root / "as_it_was.db")
    compact(home)
    expected = everything(home)
    # The index had lost the run's events, the run's own file had not.
    shutil.copy(home.root / "as_it_was.db", file_of(home, oldest))
    (home.root / "as_it_was.db").unlink()
    compact(home)
    assert everything(home) == expected


@pytest.mark.parametrize("read", ["index", "oldest"])
def test_what_somebody_reads_is_left_to_the_next_one(history, read: str):
    home, (oldest, *_) = history
    file = file_of(home, oldest if read == "oldest" else read)
    before = query(file, "pragma page_size")
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from event_logs").fetchall()
        compact(home)
        assert query(file, "pragma page_size") == before
    compact(home)
    assert query(file, "pragma page_size") != before
    assert query(file, "pragma freelist_count") == [(0,)]
    night(home)


def test_a_home_without_history_has_nothing_to_compact(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.dagster.mkdir(parents=True)
    with dg.DagsterInstance.ephemeral() as instance:
        compact_dagster_runs(instance, home)
    assert list(home.dagster.iterdir()) == []


def test_a_night_leaves_what_it_built_and_checked_once(tmp_path: Path):
    """Bytes of the files, which do not depend on time, but on how many tables there are."""
    home = Home(tmp_path)
    sizes = []
    for _ in range(4):
        night(home)
        compact(home)
        sizes.append(size(home))
    left = [after - before for before, after in pairwise(sizes[1:])]
    assert max(left) < BYTES_OF_A_RUN + TABLES * BYTES_OF_A_TABLE, left


def test_a_long_history_of_before_gives_its_room_back(tmp_path: Path):
    home = Home(tmp_path)
    for _ in range(4):
        night(home)
    before = size(home)
    compact(home)
    assert size(home) < before * 2 / 3
    (free,) = query(file_of(home, "index"), "pragma freelist_count")
    assert free == (0,)
