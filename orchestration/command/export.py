"""`salesops export raw`."""

from __future__ import annotations

from rich.text import Text

from orchestration.command.options import HomeOption
from orchestration.command.output import results
from orchestration.command.reporting import locked, reporting


def raw(home: HomeOption = None) -> None:
    """Export the change log to Parquet, from which Spark builds the same models."""
    with reporting(), locked(home) as project:
        from ingestion.raw.export import export_raw

        folder = project.home.root / "export" / "raw"
        export_raw(project.home.raw_db, folder)
        results().print(Text(f"wrote {folder}"))
