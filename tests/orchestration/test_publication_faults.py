"""What the disk does to publishing and rolling back: a sentence, and nothing has changed.

Each fault comes at every file operation in turn and stays for those that follow, as that of a full
disk does; then it is gone, and the next publication works.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from file_operations import Watch, copied, in_child
from hand_made_versions import (
    FIRST,
    SECOND,
    THIRD,
    build_warehouse,
    files_below,
    fill,
    names_of,
    published,
    won_deals,
)

from ingestion.home import Home
from orchestration import publication
from orchestration.errors import PublicationError
from orchestration.publication import Building

pytestmark = pytest.mark.slow

# An operation that comes after the new version is in force cannot fail the publication.
DONE = "published"
FULL = "there is no room left"
READ_ONLY = "can only be read"
NOT_ALLOWED = "this user may not read or write"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("SALESOPS_THREADS", "1")
    home = Home(tmp_path / "home")
    home.create()
    build_warehouse(home)
    for number, version in enumerate((FIRST, SECOND), start=1):
        published(home, version, number)
    return home


def fault(number: int, engine_words: str) -> Callable[[str], None]:
    """Gives what an operation meets: Python an error number, DuckDB words in an error of its own."""

    def meet(operation: str) -> None:
        if operation in ("os.remove", "os.rmdir") and number == errno.ENOSPC:
            # Nobody needs room to remove.
            return
        if operation == "duckdb":
            raise duckdb.IOException(f'Could not write file "/a/file": {engine_words}')
        raise OSError(number, os.strerror(number), "/a/file")

    return meet


def message_at(
    home: Home, at: int, meet: Callable[[str], None], work: Callable[[], object]
) -> tuple[str, bool]:
    """Does work that meets a fault at an operation; gives its message, and whether it came so far."""
    answer = home.root.with_name("answer.json")
    report = os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def watched() -> None:
        watch = Watch(home.root, at, meet, from_there_on=True)
        watch.begin()
        message = DONE
        try:
            work()
        except PublicationError as error:
            message = error.message
        os.write(report, json.dumps([message, watch.count >= at]).encode())

    assert in_child(watched) == 0, at
    os.close(report)
    message, came_so_far = json.loads(answer.read_text())
    return message, came_so_far


@pytest.mark.parametrize(
    ("number", "engine_words", "sentence"),
    [
        (errno.ENOSPC, "No space left on device", FULL),
        (errno.EROFS, "Read-only file system", READ_ONLY),
        (errno.EACCES, "Permission denied", NOT_ALLOWED),
    ],
)
def test_publishing(home: Home, number: int, engine_words: str, sentence: str):
    building = Building.begin(home, THIRD, carry=True)
    built = fill(building, 3)
    before = home.root.with_name("before")
    copied(home.root, before)
    failed, at = 0, 1
    while True:
        message, came_so_far = message_at(
            home,
            at,
            fault(number, engine_words),
            lambda: publication.publish(home, building, built, keep_versions=2),
        )
        if not came_so_far:
            break
        if message == DONE:
            assert won_deals(home) == 3
        else:
            failed += 1
            assert sentence in message
            assert won_deals(home) == 2
            assert [m.version for m in publication.list_versions(home)] == [SECOND, FIRST]
            if number == errno.ENOSPC:
                # Where files can be removed, nothing is left.
                assert files_below(home.published) - {".current.new"} == names_of(FIRST, SECOND)
                assert list(home.building.iterdir()) == []
        copied(before, home.root)
        at += 3
    assert failed > 10
    assert message == DONE


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_rolling_back(home: Home, number: int):
    for at in (1, 2):
        message, _ = message_at(home, at, fault(number, ""), lambda: publication.rollback(home))
        assert won_deals(home) == (1 if message == DONE else 2)
        assert message == DONE or any(s in message for s in (FULL, READ_ONLY, NOT_ALLOWED))
    publication.rollback(home, FIRST)
    assert files_below(home.published) == names_of(FIRST, SECOND)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_beginning_a_building(home: Home, number: int):
    meet = fault(number, os.strerror(number))
    message, _ = message_at(home, 1, meet, lambda: Building.begin(home, THIRD, carry=True))
    assert message != DONE
    assert list(home.building.iterdir()) == []
    message, _ = message_at(home, 2, meet, lambda: Building.begin(home, THIRD, carry=True))
    assert message != DONE
    message, _ = message_at(home, 2, meet, lambda: Building.begin(home, THIRD, carry=False))
    assert message != DONE
    assert won_deals(home) == 2


def test_a_file_system_without_hard_links_gets_copies(home: Home, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    published(home, THIRD, 2, carry=True, only=set())
    assert won_deals(home) == 2
    assert files_below(home.published) == names_of(FIRST, SECOND, THIRD)


def test_old_versions_that_cannot_be_removed_are_a_warning(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        building = Building.begin(home, THIRD, carry=False)
        built = fill(building, 3)
        patch.setattr(shutil, "rmtree", refuse)
        publication.publish(home, building, built, keep_versions=1)
    assert won_deals(home) == 3
    assert "old ones could not be thrown away" in caplog.text
    published(home, "20260104T0-d", 4, keep_versions=1)
    assert files_below(home.published) == names_of("20260104T0-d")
