"""`salesops docs`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from orchestration.command.options import HomeOption
from orchestration.command.output import results
from orchestration.command.reporting import locked, reporting


def docs(
    gate: Annotated[str | None, typer.Option(help="raw, core or marts; by default all.")] = None,
    home: HomeOption = None,
) -> None:
    """Check everything that is there and write the quality gates' Data Docs."""
    with reporting(as_json=False), locked(home) as project:
        from orchestration.reports.gate_docs import write_gate_docs

        for page in write_gate_docs(project.home, gate):
            results().print(Text(f"wrote {page}"))
