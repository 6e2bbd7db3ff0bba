"""One writer at a time: the lock on a home and stores that are still open, with real processes."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from ingestion.home import Home
from orchestration.errors import HomeLockedError, StoreInUseError
from orchestration.run.lock import RefreshLock, is_locked, wait_until_free

HOLDER = """
import sys
from pathlib import Path
from ingestion.home import Home
from orchestration.run.lock import RefreshLock
with RefreshLock(Home(Path(sys.argv[1]))):
    print("locked", flush=True)
    sys.stdin.readline()
"""

WRITER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@contextmanager
def running(program: str, argument: Path) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(argument)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_another_process_is_named_in_the_message(home: Home):
    with running(HOLDER, home.root) as holder:
        with pytest.raises(HomeLockedError, match=rf"process {holder.pid} since 20\d\d-"):
            RefreshLock(home).__enter__()
        assert is_locked(home)
    assert not is_locked(home)


def test_a_killed_holder_holds_nothing(home: Home):
    with running(HOLDER, home.root) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with RefreshLock(home):
            assert is_locked(home)


def test_a_failed_attempt_leaves_the_holder_known(home: Home):
    with RefreshLock(home):
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-c", HOLDER, str(home.root)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert "HomeLockedError" in done.stderr
        holder = json.loads(home.lock_file.with_suffix(".holder.json").read_text())
    assert holder["pid"] > 0


def test_the_holder_can_take_it_again(home: Home):
    with RefreshLock(home):
        with RefreshLock(home):
            pass
        assert is_locked(home)
    assert not is_locked(home)


def test_looking_does_not_keep_a_refresh_from_beginning(home: Home):
    """Many looks while many refreshes begin: none of them may be refused."""
    looking = threading.Event()
    looks = 0

    def look() -> None:
        nonlocal looks
        while not looking.is_set():
            is_locked(home)
            looks += 1

    with RefreshLock(home):
        pass
    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(300):
            with RefreshLock(home):
                assert is_locked(home)
    finally:
        looking.set()
        for looker in lookers:
            looker.join()
    assert looks > 0


def test_two_who_look_at_once_do_not_see_each_other(home: Home):
    sign = home.lock_file.with_suffix(".holder.json")
    # As a killed refresh leaves it.
    sign.write_text('{"pid": 1}')
    with sign.open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_locked(home)


def test_the_sign_of_a_killed_refresh_means_nothing(home: Home):
    with running(HOLDER, home.root) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert home.lock_file.with_suffix(".holder.json").exists()
    assert not is_locked(home)
    with RefreshLock(home):
        holder_now = json.loads(home.lock_file.with_suffix(".holder.json").read_text())
        assert holder_now["pid"] == os.getpid()


def test_looking_makes_no_file(home: Home):
    assert not is_locked(home)
    assert not list(home.root.glob("refresh.*"))


def test_two_homes_do_not_disturb_each_other(home: Home, tmp_path: Path):
    with RefreshLock(home), RefreshLock(Home(tmp_path / "other")):
        assert is_locked(home)


def test_a_store_that_stays_open_is_named(home: Home):
    with (
        running(WRITER, home.warehouse_db),
        pytest.raises(StoreInUseError, match=r"warehouse\.duckdb is open in another program"),
    ):
        wait_until_free(home.warehouse_db, patience_seconds=0)


def test_a_store_is_waited_for(home: Home):
    with running(WRITER, home.warehouse_db) as writer:
        assert writer.stdin
        ending = threading.Timer(1.0, writer.stdin.close)
        ending.start()
        wait_until_free(home.warehouse_db, patience_seconds=60)
        # It was still open when the waiting began.
        assert not ending.is_alive()
    duckdb.connect(str(home.warehouse_db)).close()


def test_a_store_that_is_not_there_is_free(home: Home):
    wait_until_free(home.raw_db, patience_seconds=0)
    assert not home.raw_db.exists()
