"""Folders that are built once for all workers: built once, never shared to be written, never silent."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from shared_homes import SharedHomes


def built(folder: Path) -> None:
    """Notes beside the store that it was built, so that a second time would show."""
    with (folder.parents[2] / "builds.txt").open("a") as notes:
        notes.write("built\n")
    (folder / "deep").mkdir()
    (folder / "deep" / "store.txt").write_text("as built")
    (folder / "current").symlink_to("deep")


def homes(tmp_path: Path, worker: str = "gw0") -> SharedHomes:
    store = tmp_path / "shared"
    store.mkdir(exist_ok=True)
    (tmp_path / worker).mkdir(exist_ok=True)
    return SharedHomes(store, tmp_path / worker / "copies")


def take(tmp_path: Path, worker: str) -> None:
    copy = homes(tmp_path, worker).copy_of("company", built)
    (copy / "deep" / "store.txt").write_text(worker)


def test_workers_that_ask_at_once_get_one_build(tmp_path: Path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=take, args=(tmp_path, f"gw{n}")) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert (tmp_path / "builds.txt").read_text() == "built\n"
    for number in range(4):
        copy = tmp_path / f"gw{number}" / "copies" / "company-0"
        assert (copy / "current" / "store.txt").read_text() == f"gw{number}"


def test_each_copy_is_as_it_was_built(tmp_path: Path):
    shared = homes(tmp_path)
    first = shared.copy_of("company", built)
    (first / "deep" / "store.txt").write_text("changed by a test")
    second = shared.copy_of("company", built)
    assert second != first
    assert (second / "current").readlink() == Path("deep")
    assert (second / "current" / "store.txt").read_text() == "as built"


def test_one_name_is_not_the_other(tmp_path: Path):
    def other(folder: Path) -> None:
        (folder / "other.txt").touch()

    shared = homes(tmp_path)
    assert (shared.copy_of("company", built) / "deep").is_dir()
    assert [path.name for path in shared.copy_of("other", other).iterdir()] == ["other.txt"]


def raises(_folder: Path) -> None:
    raise ValueError("no such mapping")


def fails(_folder: Path) -> None:
    pytest.fail("the refresh ended with 4")


def asserts(_folder: Path) -> None:
    raise AssertionError("stderr of the command")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (raises, "no such mapping"),
        (fails, "the refresh ended with 4"),
        (asserts, "stderr of the command"),
    ],
)
def test_a_failed_build_fails_whoever_asks_with_what_it_said(
    tmp_path: Path, build: Callable[[Path], None], message: str
):
    with pytest.raises(BaseException, match=message):
        homes(tmp_path).copy_of("company", build)
    with pytest.raises(pytest.fail.Exception, match=message):
        homes(tmp_path, "gw1").copy_of("company", built)
    assert not (tmp_path / "builds.txt").exists()


def test_a_builder_who_was_killed_is_not_replaced(tmp_path: Path):
    def killed() -> None:
        homes(tmp_path).copy_of("company", lambda _: os.kill(os.getpid(), signal.SIGKILL))

    worker = multiprocessing.get_context("fork").Process(target=killed)
    worker.start()
    worker.join()
    with pytest.raises(pytest.fail.Exception, match="ended without a word"):
        homes(tmp_path, "gw1").copy_of("company", built)
