"""Status: what is published, how old it is, and what a monitor is told by the exit code."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from ingestion.home import Home
from orchestration.command.app import app
from orchestration.errors import ExitCode, GateFailedError
from orchestration.reports import status as status_module
from orchestration.reports.status import HomeStatus, read_status
from orchestration.reports.status_report import status_text
from orchestration.run.lock import RefreshLock
from orchestration.run.run_records import RunJournal, RunRecord

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Version:
    """What status reads of a version's manifest."""

    version: str
    published_at: datetime


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with two versions, the newer one in force, made of extracts of two systems."""
    home = Home(tmp_path)
    home.create()
    versions = [Version("v2", NOW - timedelta(hours=5)), Version("v1", NOW - DAY)]
    monkeypatch.setattr(status_module, "list_versions", lambda _: versions)
    monkeypatch.setattr(status_module, "current_version", lambda _: "v2")
    monkeypatch.setattr(status_module, "is_available", lambda *_: True)
    with duckdb.connect(str(home.published / "marts.duckdb")) as connection:
        connection.execute("create schema marts.marts")
        connection.execute(
            "create table marts.marts.source_coverage as select * from (values "
            "('crm', timestamp '2026-11-28 02:00:00'), ('crm', null), "
            "('hr', timestamp '2026-11-20 02:00:00'), ('payroll', null)) as t(source, "
            "newest_extract_at)"
        )
    return home


def shown(status: HomeStatus) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(status_text(status))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_time_carries_its_zone(home: Home):
    home.company_file.write_text("time_zone: Europe/Berlin\n")
    RunJournal(home, "r1").finish("published", "version v2 is published")
    status = read_status(home)
    assert status.newest_extracts == {
        "crm": datetime(2026, 11, 28, 2, tzinfo=UTC),
        "hr": datetime(2026, 11, 20, 2, tzinfo=UTC),
    }
    text = shown(status)
    assert "v2, 2026-11-28 08:00 Europe/Berlin (2026-11-28 07:00 UTC)" in text
    assert "2026-11-28 03:00 Europe/Berlin (2026-11-28 02:00 UTC)" in text
    for name in ("published_at", "newest_extract"):
        assert datetime.fromisoformat(status.model_dump(mode="json")[name]).tzinfo is not None


@pytest.mark.parametrize(
    ("max_age", "published", "extract"),
    [
        (None, False, False),
        (timedelta(hours=11), False, False),
        # The newest extract is ten hours old, what is published five.
        (timedelta(hours=9), False, True),
        (timedelta(hours=4), True, True),
    ],
)
def test_what_is_too_old_is_told(home: Home, max_age, published: bool, extract: bool):
    status = read_status(home, max_age, NOW)
    stale = " ".join(status.stale)
    assert ("what is published is" in stale, "newest extract is" in stale) == (published, extract)
    assert status.exit_code == (ExitCode.STALE if published or extract else ExitCode.OK)
    assert ("too old" in shown(status)) == (published or extract)


def test_nothing_published_is_too_old_for_any_age(tmp_path: Path):
    status = read_status(Home(tmp_path), DAY, NOW)
    assert status.exit_code == ExitCode.STALE
    assert read_status(Home(tmp_path)).exit_code == ExitCode.OK


def test_a_failed_refresh_decides_before_age(home: Home):
    RunJournal(home, "r1").fail("core_gate", GateFailedError("no rate"))
    assert read_status(home, timedelta(hours=1), NOW).exit_code == ExitCode.GATE_FAILED


def test_a_damaged_version_in_force_is_a_problem(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(status_module, "is_available", lambda *_: False)
    status = read_status(home)
    assert status.exit_code == ExitCode.UNEXPECTED
    assert "v2 is not what was published; `salesops verify`" in " ".join(status.problems)


def test_the_command_ends_with_the_code_of_what_is_too_old(home: Home):
    arguments = ["status", "--home", str(home.root)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    done = CliRunner().invoke(app, [*arguments, "--max-age", "1m", "--json"])
    assert done.exit_code == 6
    assert json.loads(done.stdout)["exit_code"] == 6
    assert json.loads(done.stdout)["stale"]
    assert CliRunner().invoke(app, [*arguments, "--max-age", "9999d"]).exit_code == 0
    assert CliRunner().invoke(app, [*arguments, "--max-age", "soon"]).exit_code == 2


def test_a_rollback_in_force_is_told(home: Home, monkeypatch: pytest.MonkeyPatch):
    assert not read_status(home).is_rolled_back
    assert "in force" not in shown(read_status(home))
    monkeypatch.setattr(status_module, "current_version", lambda _: "v1")
    status = read_status(home)
    assert status.is_rolled_back
    assert "a rollback is in force: v2 is newer" in shown(status)


@pytest.mark.parametrize("damage", ["no database", "", "cut", "another database"])
def test_a_damaged_published_file_is_told_and_everything_else_too(home: Home, damage: str):
    path = home.published / "marts.duckdb"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:9000])
    elif damage == "another database":
        path.unlink()
        duckdb.connect(str(path)).close()
    else:
        path.write_text(damage)
    status = read_status(home)
    assert status.exit_code == ExitCode.UNEXPECTED
    assert str(path) in shown(status)
    assert "v2, 2026-11-28" in shown(status)


def test_wrong_settings_do_not_hide_the_status(home: Home):
    home.company_file.write_text("time_zone: Mars/Olympus\n")
    status = read_status(home)
    assert status.exit_code == ExitCode.UNEXPECTED
    assert "Mars/Olympus" in shown(status)
    assert "v2" in shown(status)


def test_a_refresh_that_ends_while_status_looks_was_not_killed(home: Home, monkeypatch):
    """The record was read while it said running; the lock is free by the time it is looked at."""
    journal = RunJournal(home, "r1")
    read = status_module.is_locked

    def ends_meanwhile(home: Home) -> bool:
        if journal.record.status == "running":
            journal.finish("published", "version v2 is published")
        return read(home)

    monkeypatch.setattr(status_module, "is_locked", ends_meanwhile)
    status = read_status(home)
    assert status.last_refresh is not None
    assert status.last_refresh.status == "published"


def test_a_killed_refresh_is_told(home: Home):
    RunJournal(home, "r1")
    last = read_status(home).last_refresh
    assert isinstance(last, RunRecord)
    assert (last.status, last.exit_code) == ("failed", 1)


def test_a_running_refresh_is_told_beside_the_last_one(home: Home):
    RunJournal(home, "r1").finish("published", "version v1 is published")
    with RefreshLock(home):
        RunJournal(home, "r2")
        status = read_status(home)
    assert status.is_refreshing
    assert status.last_refresh is not None
    assert status.last_refresh.run_id == "r1"
