"""dbt in a process that stays: one line with a command comes in, one line with its outcome goes out.

Belongs here: what runs in that process. Does not: starting it and asking it (`warehouse_testbed`).

Starting dbt and parsing the project take longer than most builds of a test. The environment never
changes while the process lives, the path of the home included, because dbt parses everything anew
where a variable of the profile differs.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import BinaryIO, TextIO

from orchestration.garbage import collect_seldom


def serve(requests: TextIO, answers: TextIO, printed: BinaryIO) -> None:
    """Runs commands until there are no more.

    Args:
        requests: Lines of JSON, each the arguments of a dbt command.
        answers: Gets a line of JSON for each: whether dbt ended well, and what it printed.
        printed: File that everything goes to that is printed.
    """
    from dbt.cli.main import dbtRunner

    for line in requests:
        printed.truncate(0)
        result = dbtRunner().invoke(json.loads(line))
        _let_go_of_stores()
        sys.stdout.flush()
        sys.stderr.flush()
        printed.seek(0)
        text = printed.read().decode("utf-8", "replace")
        if result.exception is not None:
            text += f"\n{result.exception}"
        answers.write(json.dumps({"success": result.success, "printed": text}) + "\n")
        answers.flush()


def _let_go_of_stores() -> None:
    """Closes what dbt leaves open: the next to read the home is another process.

    DuckDB gives a process that has a path open the same database again, so that the next home
    would be taken for the one before.

    Raises:
        RuntimeError: A store is still open.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
    gc.collect()
    still_open = [name for name in _open_files() if name.endswith((".duckdb", ".duckdb.wal"))]
    if still_open:
        raise RuntimeError(f"dbt has ended and these are still open: {', '.join(still_open)}")


def _open_files() -> list[str]:
    names = []
    # Only Linux shows them this way; elsewhere the reader of the home finds it locked.
    for descriptor in Path("/proc/self/fd").glob("*"):
        try:
            names.append(str(descriptor.readlink()))
        except OSError:
            continue
    return names


def main() -> None:
    """Serves on standard input and output; whatever else is printed goes to the file named."""
    collect_seldom()
    with (
        os.fdopen(os.dup(1), "w", encoding="utf-8") as answers,
        Path(sys.argv[1]).open("w+b", buffering=0) as printed,
    ):
        # Appended to, so that a file that was cut goes on from its start.
        with Path(sys.argv[1]).open("ab", buffering=0) as end:
            os.dup2(end.fileno(), 1)
            os.dup2(end.fileno(), 2)
        serve(sys.stdin, answers, printed)


if __name__ == "__main__":
    main()
