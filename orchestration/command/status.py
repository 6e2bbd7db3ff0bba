"""`salesops status`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.command.options import HomeOption, JsonOption
from orchestration.command.output import print_json, results
from orchestration.command.reporting import project_at, reporting


def status(
    home: HomeOption = None,
    max_age: Annotated[
        str | None,
        typer.Option(
            help="End with code 6 where what is published or its newest extract is older: "
            "90m, 26h, 2d."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is published and how the last refresh ended; ends with that refresh's code."""
    with reporting(as_json):
        from orchestration.reports.ages import parse_span
        from orchestration.reports.status import read_status
        from orchestration.reports.status_report import status_text

        span = parse_span(max_age) if max_age else None
        found = read_status(project_at(home).home, span)
        if as_json:
            print_json({**found.model_dump(mode="json"), "exit_code": found.exit_code})
        else:
            results().print(status_text(found))
        raise typer.Exit(found.exit_code)
