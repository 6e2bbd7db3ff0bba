"""`salesops verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.command.options import HomeOption, JsonOption
from orchestration.command.output import print_json, results
from orchestration.command.reporting import project_at, reporting
from orchestration.errors import ExitCode


def verify(
    version: Annotated[
        str | None, typer.Argument(help="The version; by default all that are kept.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read every published file and compare it with what was published; exits with 1 if damaged."""
    with reporting(as_json):
        from orchestration import publication
        from orchestration.reports.summary import checks_table

        checks = publication.verify(project_at(home).home, version)
        is_damaged = any(check.faults for check in checks)
        if as_json:
            print_json(
                {
                    "status": "damaged" if is_damaged else "whole",
                    "versions": [check.model_dump(mode="json") for check in checks],
                }
            )
        else:
            results().print(checks_table(checks))
        raise typer.Exit(ExitCode.UNEXPECTED if is_damaged else ExitCode.OK)
