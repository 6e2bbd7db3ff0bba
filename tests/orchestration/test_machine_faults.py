"""What is said when the disk, a right or a file fails: a sentence, the exit code, no traceback."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from ingestion.home import Home
from orchestration import refresh as refresh_module
from orchestration.command.app import app
from orchestration.errors import TransformationError, message_of
from orchestration.machine_faults import explained
from orchestration.reports import scorecard
from orchestration.run import run_records
from orchestration.run.run_records import RunJournal, read_record, read_records

ROOT = Path(__file__).resolve().parents[2]
NO_ROOM = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/home/runs/x")
DUCKDB_FULL = duckdb.IOException(
    'IO Error: Could not write file "/srv/home/raw.duckdb": No space left on device'
)


def wrapped(error: Exception) -> Exception:
    """Gives an error as Dagster hands it on: raised while another one was handled."""
    try:
        try:
            raise error
        except Exception as caught:
            raise RuntimeError("the step failed") from caught
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NO_ROOM, ["no room left", "/srv/home/runs/x", "Make room"]),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), ["no room left", "quota"]),
        (DUCKDB_FULL, ["no room left", "/srv/home/raw.duckdb"]),
        (sqlite3.OperationalError("database or disk is full"), ["no room left"]),
        (
            OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full")),
            ["no room left"],
        ),
        (wrapped(DUCKDB_FULL), ["no room left"]),
        (OSError(errno.EROFS, "Read-only file system", "/srv/home"), ["/srv/home", "only be read"]),
        (
            duckdb.IOException('IO Error: Cannot open file "/h/x": Read-only file system'),
            ["/h/x", "only be read"],
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/h/x"), ["/h/x", "owner"]),
        (
            duckdb.IOException('IO Error: Cannot open file "/h/x": Permission denied'),
            ["/h/x", "owner"],
        ),
        (OSError(errno.EIO, "Input/output error", "/h/x"), ["/h/x", "Check the disk"]),
        (duckdb.OutOfMemoryException("Out of Memory Error: x"), ["SALESOPS_MEMORY_LIMIT"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_the_machine_did_is_said_in_a_sentence(error: Exception, words: list[str]):
    message = message_of(error)
    for word in words:
        assert word in message
    # The class of an error and its number are nothing that a person can act on.
    assert "Error:" not in message
    assert "Errno" not in message


DBT_CRASHED = """dbt cannot read the project in /srv/p: 17:31:23  Encountered an error:
{fault}
17:31:23  Traceback (most recent call last):
  File "/srv/p/.venv/lib/python3.11/site-packages/dbt_common/clients/system.py", line 312
OSError: {fault}"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (DBT_CRASHED.format(fault="[Errno 28] No space left on device"), "no room left"),
        (DBT_CRASHED.format(fault="[Errno 30] Read-only file system: '/h/x'"), "/h/x cannot be"),
        (
            'dbt could not build 1 nodes: dim_date (IO Error: Could not write file "/h/w.duckdb": '
            "No space left on device). See /h/dbt/dbt.log",
            "no room left on the disk of /h/w.duckdb",
        ),
        (
            'dbt could not build 1 nodes: dim_date (IO Error: Could not set lock on file "/h/w": '
            "Conflicting lock is held in x). See /h/dbt/dbt.log",
            "/h/w is open in another program",
        ),
        (DBT_CRASHED.format(fault="'NoneType' has no attribute x"), "Encountered an error"),
        ("dbt could not build 1 nodes: dim_date (Binder Error: x)", "dim_date (Binder Error: x)"),
    ],
)
def test_what_dbt_says_of_the_machine_is_said_in_a_sentence(words: str, said: str):
    message = message_of(TransformationError(words))
    assert said in message
    assert "Traceback" not in message
    assert "site-packages" not in message


@pytest.mark.parametrize(
    "error",
    [ValueError("no space left between words"), KeyError("k"), FileExistsError(errno.EEXIST, "x")],
    ids=lambda error: type(error).__name__,
)
def test_what_the_program_did_is_not_blamed_on_the_machine(error: Exception):
    assert explained(error) is None


@pytest.mark.parametrize("damage", ["text", "cut", "a wrong block", "a folder"])
@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        ("raw.duckdb", "from the backup"),
        ("warehouse.duckdb", "Delete it"),
        ("published/marts.duckdb", "salesops rollback"),
    ],
)
def test_a_damaged_store_is_named_with_its_remedy(
    tmp_path: Path, place: str, remedy: str, damage: str
):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    if damage == "a folder":
        path.mkdir()
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table t as select range as i from range(200000)")
        content = path.read_bytes()
        half = len(content) // 2
        path.write_bytes(
            {
                "text": b"hello " * 5000,
                "cut": content[:half],
                "a wrong block": content[: half - 40000] + b"?" * 80000 + content[half + 40000 :],
            }[damage]
        )
    with pytest.raises(duckdb.Error) as caught, duckdb.connect(str(path), read_only=True) as opened:
        opened.execute("select sum(i) from t").fetchall()
    message = explained(caught.value, path) or ""
    assert str(path) in message
    assert remedy in message


def test_a_home_that_is_a_file_is_a_sentence(tmp_path: Path):
    (tmp_path / "home").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.command", "refresh", "--home", tmp_path / "home"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is a file where a folder is needed" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


ARGUMENTS = {
    "refresh": ["refresh", "--source", "canonical=/nowhere"],
    "status": ["status"],
    "rollback": ["rollback"],
    "scorecard": ["scorecard"],
}
FAULTS = {
    "full disk": NO_ROOM,
    "read-only home": OSError(errno.EROFS, "Read-only file system", "/srv/home"),
    "not the owner": PermissionError(errno.EACCES, "Permission denied", "/srv/home"),
    "a mistake of ours": RuntimeError("'jane@example.com' is not a number"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", ARGUMENTS)
def test_no_command_ends_with_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, fault: str
):
    def fail(*_: object, **__: object) -> None:
        raise FAULTS[fault]

    monkeypatch.setattr(Home, "create", fail)
    monkeypatch.setattr("orchestration.reports.status.list_versions", fail)
    monkeypatch.setattr(scorecard, "read_scorecard", fail)
    home = ["--home", str(tmp_path)]
    done = CliRunner().invoke(app, [*ARGUMENTS[command], *home, "--json"])
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["exit_code"]) == ("failed", 1)
    assert answer["message"] == message_of(FAULTS[fault])
    assert "jane" not in answer["message"]
    # Without --json it is the same sentence on standard error.
    assert CliRunner().invoke(app, [*ARGUMENTS[command], *home]).exit_code == 1


def test_an_error_past_all_steps_closes_the_record_and_keeps_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def escape(project, *_: object, **__: object) -> None:
        RunJournal(project.home, "r1")
        raise FAULTS["a mistake of ours"]

    monkeypatch.setattr(refresh_module, "refresh", escape)
    arguments = ["refresh", "--source", f"canonical={tmp_path}", "--home", str(tmp_path)]
    assert CliRunner().invoke(app, arguments).exit_code == 1
    record = read_record(Home(tmp_path), "r1")
    assert (record.status, record.exit_code) == ("failed", 1)
    text = (tmp_path / "runs" / "r1" / "traceback.txt").read_text()
    assert "test_machine_faults.py" in text
    assert "jane" not in text


@pytest.mark.parametrize("when", ["entering", "inside"])
def test_a_full_disk_is_on_record_although_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
):
    """The disk has as much room as the journal keeps for itself, and not a byte more."""
    home = Home(tmp_path)
    home.create()
    journal = RunJournal(home, "r1")
    really_write = run_records._write
    is_full = False

    def write(*arguments: object) -> None:
        if is_full and (home.runs / "r1" / ".room").exists():
            raise NO_ROOM
        really_write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(run_records, "_write", write)
    is_full = when == "entering"
    with pytest.raises(OSError, match="No space"), journal.phase("core", "Building"):
        is_full = True
        raise NO_ROOM
    record = read_record(home, "r1")
    assert (record.status, record.failed_step, record.exit_code) == ("failed", "core", 1)
    assert "no room left" in (record.message or "")
    assert not (home.runs / "r1" / ".room").exists()


def test_a_record_that_cannot_be_written_at_all_does_not_hide_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    home = Home(tmp_path)
    home.create()
    journal = RunJournal(home, "r1")

    def write(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "/srv/home")

    with pytest.raises(RuntimeError, match="the cause"), journal.phase("core", "Building"):
        monkeypatch.setattr(run_records, "_write", write)
        raise RuntimeError("the cause")
    assert "the cause" in (journal.record.message or "")
    assert "the run's record could not be written" in caplog.text


@pytest.mark.parametrize("damage", ["{", "", "null", "folder", "\x00\xff"])
def test_a_damaged_record_hides_no_other(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
):
    home = Home(tmp_path)
    home.create()
    RunJournal(home, "20260101T000000Z-aaaa").finish("published", "done")
    damaged = home.runs / "20260102T000000Z-bbbb" / "run.json"
    damaged.parent.mkdir()
    if damage == "folder":
        damaged.mkdir()
    else:
        damaged.write_text(damage)
    assert [record.run_id for record in read_records(home)] == ["20260101T000000Z-aaaa"]
    assert str(damaged) in caplog.text
