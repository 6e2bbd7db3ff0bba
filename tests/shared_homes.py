"""What takes minutes to build is built once in a run of the tests, and every worker gets a copy.

Belongs here: who builds, who waits, and what both find. Does not: what is built (each test's module).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


class SharedHomes:
    """The folders that the workers of one run share.

    Args:
        store: Folder that all workers of the run know, and that is empty when it starts.
        copies: Folder for this worker's copies.
    """

    def __init__(self, store: Path, copies: Path) -> None:
        self._store = store
        self._copies = copies

    def copy_of(self, name: str, build: Callable[[Path], None]) -> Path:
        """Gives a copy of a folder, which the first who asks for it builds; the others wait.

        Args:
            name: What is in it. One name stands for one way of building it.
            build: Fills the folder, which exists and is empty.

        Returns:
            A folder of the caller's own.

        Raises:
            BaseException: What building ended with; everybody else who asks fails with its message.
        """
        original = self._store / name / "home"
        with FileLock(self._store / f"{name}.lock"):
            self._build_once(name, original, build)
        self._copies.mkdir(exist_ok=True)
        number = len(list(self._copies.glob(f"{name}-*")))
        # Whole copies: a hard link to a store would be written to by whoever refreshes a copy.
        return Path(shutil.copytree(original, self._copies / f"{name}-{number}", symlinks=True))

    def _build_once(self, name: str, original: Path, build: Callable[[Path], None]) -> None:
        done, failed = original.with_name("done"), original.with_name("failed")
        if done.exists():
            return
        if failed.exists():
            pytest.fail(f"{name} could not be built: {failed.read_text(encoding='utf-8')}")
        original.mkdir(parents=True)
        # Stands until the end, so that a builder who was killed has said this much.
        failed.write_text("whoever built it ended without a word", encoding="utf-8")
        try:
            build(original)
        # A test that fails or skips while it builds is no Exception.
        except BaseException as error:
            failed.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
            raise
        failed.unlink()
        done.touch()
