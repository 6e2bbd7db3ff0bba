"""`salesops contracts sync`."""

from __future__ import annotations

from rich.text import Text

from orchestration.command.output import results
from orchestration.command.reporting import reporting


def sync() -> None:
    """Write what is derived from the contracts: the dbt sources YAML."""
    with reporting():
        from ingestion.home import repository_root
        from ingestion.mapping.generated_files import sync_sources

        changed = sync_sources(repository_root())
        for path in changed:
            results().print(Text(f"wrote {path}"))
        if not changed:
            results().print("nothing to write: the sources YAML says what the contracts say")
