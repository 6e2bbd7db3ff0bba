"""Where a command prints: results on standard output, progress and errors on standard error.

Belongs here: consoles and JSON. Does not belong here: what a result looks like (`summary`).
"""

from __future__ import annotations

import json
import os
from typing import Any

import typer
from rich.console import Console

FILE_WIDTH = 120


def results() -> Console:
    """Gives the console for what the command was asked for."""
    return _wide_enough(Console())


def messages() -> Console:
    """Gives the console for progress and errors."""
    # A copy of the descriptor: while a step runs, Dagster points the original at its log.
    return _wide_enough(Console(file=os.fdopen(os.dup(2), "w")))


def print_json(data: Any) -> None:
    """Prints plain data for machines."""
    typer.echo(json.dumps(data, indent=2))


def plain(value: Any) -> Any:
    """Gives a dataclass or model as plain data."""
    from pydantic import TypeAdapter

    return TypeAdapter(Any).dump_python(value, mode="json")


def _wide_enough(console: Console) -> Console:
    """Gives tables room in files and pipes, which have no width of their own."""
    if not console.is_terminal:
        console.width = FILE_WIDTH
    return console
