"""dbt as the child of a refresh: it ends when the refresh does, however that ended.

Belongs here: watching the parent. Does not belong here: what dbt is asked to do (`transformation`,
`manifest`).

A refresh that is killed can tell its dbt nothing. Left alone, that dbt would go on for half a
minute, keep the stores open, and have the next refresh fail.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress

PARENT_VARIABLE = "SALESOPS_DBT_PARENT"
_GLANCE_SECONDS = 0.2


def main() -> None:
    """Runs dbt's command line; `SALESOPS_DBT_PARENT` names the process it must not outlive."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent:
        threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    from dbt.cli.main import cli

    cli()


def _end_with(parent: int) -> None:
    # Whoever loses its parent is given another one.
    while os.getppid() == parent:
        time.sleep(_GLANCE_SECONDS)
    with suppress(OSError):
        os.write(2, b"salesops-dbt: ended, because the refresh that had started it did\n")
    # At once, as if killed too: DuckDB takes back what was not committed.
    os._exit(1)
