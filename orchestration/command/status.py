"""`salesops status`."""

from __future__ import annotations

import typer

from orchestration.command.options import HomeOption, JsonOption
from orchestration.command.output import print_json, results
from orchestration.command.reporting import project_at, reporting
from orchestration.errors import ExitCode


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say what is published and how the last refresh ended; exits with that refresh's code."""
    with reporting(as_json):
        from orchestration.status import read_status
        from orchestration.summary import status_text

        found = read_status(project_at(home).home)
        if as_json:
            print_json(found.model_dump(mode="json"))
        else:
            results().print(status_text(found))
        raise typer.Exit((found.last_refresh and found.last_refresh.exit_code) or ExitCode.OK)
