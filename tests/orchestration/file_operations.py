"""Work in a child process that dies, or meets a fault of the disk, at its n-th file operation.

Belongs here: counting file operations and interfering with them. Does not belong here: what the
work is, and what must hold afterwards.

Counted are operations of Python (a hook of the interpreter sees them all but `fsync`) and the
statements by which DuckDB writes to files. Dying after an operation is dying before the next one.
"""

import os
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import duckdb

KILLED = 9
FAILED = 3
LONGEST_SECONDS = 60
_PYTHON = {
    "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.symlink",
    "os.truncate", "os.utime",
}  # fmt: skip
_DUCKDB = re.compile(r"\s*(commit|checkpoint|attach|detach|copy)", re.IGNORECASE)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Watch:
    """Counts the file operations of this process and interferes with one of them, or all from it.

    Args:
        below: Operations on paths elsewhere are not counted; those on names relative to an open
            folder always are.
        at: The number of the operation to interfere with, from 1.
        interfere: What happens there, in place of the operation.
        from_there_on: Whether the later ones meet it too.
    """

    def __init__(
        self,
        below: Path,
        at: int,
        interfere: Callable[[str], None],
        from_there_on: bool = False,
    ) -> None:
        self.count = 0
        self._below = str(below)
        self._at = at
        self._interfere = interfere
        self._from_there_on = from_there_on

    def begin(self) -> None:
        """Begins to watch; there is no end of it, so only a child process should."""
        sys.dont_write_bytecode = True
        sys.addaudithook(self._python)
        fsync, connect = os.fsync, duckdb.connect

        def counted_fsync(descriptor: int) -> None:
            self._operation("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            fsync(descriptor)

        def counted_connect(*arguments: object, **options: object) -> "_Connection":
            return _Connection(connect(*arguments, **options), self._statement)  # type: ignore[arg-type]

        os.fsync = counted_fsync
        duckdb.connect = counted_connect

    def _python(self, event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | os.PathLike) and flags & _WRITING:
                self._operation(event, os.fspath(path))
        elif event in _PYTHON:
            self._operation(event, os.fspath(arguments[0]))

    def _statement(self, sql: str) -> None:
        if _DUCKDB.match(sql):
            self._operation("duckdb", self._below)

    def _operation(self, name: str, path: str) -> None:
        if os.path.isabs(path) and not path.startswith(self._below):  # noqa: PTH117
            return
        self.count += 1
        if self.count == self._at or (self._from_there_on and self.count > self._at):
            self._interfere(name)


class _Connection:
    """A DuckDB connection whose statements are seen."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, see: Callable[[str], None]) -> None:
        self._connection = connection
        self._see = see

    def execute(self, sql: str, *arguments: object) -> duckdb.DuckDBPyConnection:
        self._see(sql)
        return self._connection.execute(sql, *arguments)

    def get_table_names(self, query: str, *, qualified: bool) -> set[str]:
        return self._connection.get_table_names(query, qualified=qualified)

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def in_child(work: Callable[[], object]) -> int:
    """Does work in a child process and gives its exit code; 0 if it came to its end."""
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST_SECONDS)
        try:
            work()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def killed_at(number: int, below: Path, work: Callable[[], object]) -> bool:
    """Does work in a child process that is killed at an operation; tells whether it came so far."""

    def watched() -> None:
        Watch(below, number, lambda _: os._exit(KILLED)).begin()
        work()

    code = in_child(watched)
    assert code in (0, KILLED), code
    return code == KILLED


def copied(source: Path, target: Path) -> None:
    """Makes a folder like another one, links and hard links included."""
    subprocess.run(["rm", "-rf", target], check=True)
    subprocess.run(["cp", "-a", source, target], check=True)
