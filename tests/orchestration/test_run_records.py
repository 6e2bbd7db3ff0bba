"""Records of refreshes: what a journal leaves behind, also where a refresh fails or is killed."""

import os
from pathlib import Path

import pytest

from ingestion.errors import ExtractError, MappingError
from ingestion.home import Home
from orchestration.errors import GateFailedError, HomeLockedError, exit_code_of, message_of
from orchestration.run import run_records
from orchestration.run.run_records import (
    PublishedEntry,
    RunJournal,
    close_dead_records,
    last_published,
    new_run_id,
    read_record,
    read_records,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.create()
    return home


def finished(home: Home, run_id: str, status: run_records.Status) -> None:
    journal = RunJournal(home, run_id)
    if status == "published":
        journal.record.published = PublishedEntry(version=run_id, tables={}, size_bytes=0)
    journal.finish(status, "done")


def test_run_ids_sort_in_time_order_and_differ():
    ids = [new_run_id() for _ in range(3)]
    assert len(set(ids)) == 3
    assert new_run_id().rsplit("-", 1)[0] >= ids[0].rsplit("-", 1)[0]


def test_phases_are_timed_in_order(home: Home):
    journal = RunJournal(home, "r1")
    with journal.phase("landing", "Landing"):
        pass
    with journal.phase("core", "Building"):
        pass
    journal.finish("published", "version r1 is published")
    record = read_record(home, "r1")
    assert list(record.phases) == ["landing", "core"]
    assert (record.status, record.exit_code) == ("published", 0)
    assert record.finished_at is not None


def test_a_failure_names_its_step_and_the_first_one_counts(home: Home):
    journal = RunJournal(home, "r1")
    with (
        pytest.raises(GateFailedError),
        journal.phase("core_gate", "Checking"),
    ):
        raise GateFailedError("2 deals have no rate")
    journal.fail("publication", RuntimeError("and then this"))
    record = read_record(home, "r1")
    assert (record.status, record.exit_code) == ("failed", 4)
    assert (record.failed_step, record.message) == ("core_gate", "2 deals have no rate")


def test_an_unexpected_error_leaves_where_it_was_but_no_value(home: Home):
    journal = RunJournal(home, "r1")
    with pytest.raises(ValueError, match="jane"), journal.phase("core", "Building"):
        raise ValueError("Could not convert string 'jane@example.com'")
    text = (home.runs / "r1" / "traceback.txt").read_text()
    assert "test_run_records.py" in text
    assert "ValueError: Could not convert string '***'" in text


def test_an_interrupted_phase_is_a_failure(home: Home):
    journal = RunJournal(home, "r1")
    with pytest.raises(KeyboardInterrupt), journal.phase("core", "Building"):
        raise KeyboardInterrupt
    assert read_record(home, "r1").exit_code == 130


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MappingError("m"), 2),
        (ExtractError("e"), 3),
        (GateFailedError("g"), 4),
        (HomeLockedError("l"), 5),
        (KeyError("k"), 1),
    ],
)
def test_exit_codes(error: Exception, code: int):
    assert exit_code_of(error) == code


def test_values_in_messages_of_libraries_are_masked():
    error = ValueError("Could not convert string 'jane@example.com' to INT32 in column \"age\"")
    message = message_of(error)
    assert "jane" not in message
    assert message == "ValueError: Could not convert string '***' to INT32 in column \"age\""


def test_a_journal_goes_on_with_the_record_of_its_run(home: Home):
    with RunJournal(home, "r1").phase("start", "Starting"):
        pass
    second = RunJournal(home, "r1")
    with second.phase("landing", "Landing"):
        pass
    assert list(read_record(home, "r1").phases) == ["start", "landing"]


def test_a_killed_refresh_is_noted_by_the_next_one(home: Home):
    journal = RunJournal(home, "r1")
    journal.record.process_token = "another process"
    journal.save()
    RunJournal(home, "r2")
    close_dead_records(home)
    assert read_record(home, "r1").status == "failed"
    assert "killed" in (read_record(home, "r1").message or "")
    # Its own record goes on.
    assert read_record(home, "r2").status == "running"
    assert read_record(home, "r2").process_id == os.getpid()


@pytest.mark.parametrize(
    "token",
    ["0123456789abcdef", None],
    ids=["another container's process 1", "a record from before tokens"],
)
def test_a_process_of_the_same_number_is_not_the_same_process(home: Home, token: str | None):
    journal = RunJournal(home, "r1")
    assert journal.record.process_id == os.getpid()
    journal.record.process_token = token
    journal.save()
    close_dead_records(home)
    assert read_record(home, "r1").status == "failed"


def test_the_last_published_run_is_found_behind_failed_and_unchanged_ones(home: Home):
    assert last_published(home) is None
    finished(home, "20260101T000000Z-aaaa", "published")
    finished(home, "20260102T000000Z-aaaa", "published")
    finished(home, "20260103T000000Z-aaaa", "unchanged")
    finished(home, "20260104T000000Z-aaaa", "failed")
    found = last_published(home)
    assert found is not None
    assert found.run_id == "20260102T000000Z-aaaa"


def test_a_damaged_record_does_not_stop_anything(home: Home, caplog):
    finished(home, "20260101T000000Z-aaaa", "published")
    (home.runs / "20260102T000000Z-bbbb").mkdir()
    (home.runs / "20260102T000000Z-bbbb" / "run.json").write_text("{")
    assert [record.run_id for record in read_records(home)] == ["20260101T000000Z-aaaa"]
    assert "20260102T000000Z-bbbb" in caplog.text
