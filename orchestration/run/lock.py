"""One writer at a time: the lock on a home folder, and stores that somebody still has open.

Belongs here: keeping two refreshes of one home apart. Does not belong here: what a refresh does.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from ingestion.home import OWNER_ONLY_FILE, Home
from orchestration.errors import HomeLockedError, StoreInUseError

STORE_PATIENCE_SECONDS = 60.0
_RETRY_SECONDS = 0.5


class RefreshLock:
    """The operating system's lock on a home, freed by it when the process ends in any way.

    Taken again by the process that has it, it is only counted: the command takes it before the
    slow imports, and the job inside takes it once more because `dagster dev` has no command around.

    Args:
        home: The home folder to lock; made where it is missing.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        # One object per file and process, whoever asks: that is what makes taking it again count.
        self._lock = FileLock(home.lock_file, is_singleton=True, thread_local=False)

    def __enter__(self) -> RefreshLock:
        """Takes the lock without waiting.

        Raises:
            HomeLockedError: Another process has it; the message says which one and since when.
        """
        self._home.create()
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise HomeLockedError(self._complaint()) from None
        if self._lock.lock_counter == 1:
            try:
                _SIGNS[self._lock.lock_file] = _show_sign(self._home)
            except BaseException:
                self._lock.release()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lock.lock_counter == 1:
            # While the lock is still held, so that nobody else's sign is taken away.
            with suppress(OSError):
                _sign_file(self._home).unlink(missing_ok=True)
            os.close(_SIGNS.pop(self._lock.lock_file))
        self._lock.release()

    def _complaint(self) -> str:
        holder = "another process"
        with suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(_sign_file(self._home).read_text())
            holder = f"process {known['pid']} since {known['since']}"
        return (
            f"another refresh of {self._home.root} is running ({holder}); "
            "wait for its end, or refresh another home with --home"
        )


# Open descriptors of the signs of this process's locks, by lock file.
_SIGNS: dict[str, int] = {}


def is_locked(home: Home) -> bool:
    """Tells whether a refresh of this home is running at this moment.

    It looks at the holder's sign and never at the lock: whoever tries the lock has it for a moment,
    and a refresh that begins just then would be refused.
    """
    try:
        sign = os.open(_sign_file(home), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who look at once do not take each other for a refresh. A refresh that
        # begins meanwhile waits for this descriptor to be closed.
        fcntl.flock(sign, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(sign)
    return False


def _sign_file(home: Home) -> Path:
    # Beside the lock, because taking a lock empties its file, also for the one who fails.
    return home.lock_file.with_suffix(".holder.json")


def _show_sign(home: Home) -> int:
    """Writes who has the lock into a file that stays locked itself for as long; gives it open."""
    sign = os.open(_sign_file(home), os.O_RDWR | os.O_CREAT, OWNER_ONLY_FILE)
    try:
        fcntl.flock(sign, fcntl.LOCK_EX)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        os.ftruncate(sign, 0)
        os.pwrite(sign, json.dumps({"pid": os.getpid(), "since": since}).encode(), 0)
    except BaseException:
        os.close(sign)
        raise
    return sign


def wait_until_free(store: Path, patience_seconds: float = STORE_PATIENCE_SECONDS) -> None:
    """Waits until no other process has a DuckDB file open.

    A refresh that was killed can leave its dbt process behind for some seconds, which the lock on
    the home does not see.

    Args:
        store: The DuckDB file; one that does not exist is free.
        patience_seconds: How long to wait.

    Raises:
        StoreInUseError: It is still open after that time.
    """
    import duckdb

    deadline = time.monotonic() + patience_seconds
    while store.exists():
        try:
            duckdb.connect(str(store)).close()
            return
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() >= deadline:
                raise StoreInUseError(
                    f"{store} is open in another program, which keeps this refresh from writing "
                    "to it; close that program (BI tools should open published/marts.duckdb) and "
                    f"refresh again. DuckDB says: {error}"
                ) from error
        time.sleep(_RETRY_SECONDS)
