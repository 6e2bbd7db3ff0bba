"""`salesops demo`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from orchestration.command.options import HomeOption, VerboseOption
from orchestration.command.output import messages, results
from orchestration.command.refresh import run_refresh, show_refresh
from orchestration.command.reporting import locked, reporting
from orchestration.command.scorecard import show_scorecard
from orchestration.errors import ExitCode

_MEMBERS_SHOWN = 10


def demo(
    home: HomeOption = None,
    scale: Annotated[float, typer.Option(min=0.05, help="1 is 20,000 deals.")] = 0.25,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 7,
    nights: Annotated[int, typer.Option(min=1, help="How many nights to refresh.")] = 3,
    verbose: VerboseOption = False,
) -> None:
    """Simulate a company, refresh its nights one by one, print the scorecard."""
    with reporting(), locked(home) as project:
        from orchestration.demo import simulate_nights
        from orchestration.summary import night_line

        messages().print("Simulating a company")
        for source in simulate_nights(project.home, scale, seed, nights):
            record = run_refresh(project, [source], time.time(), verbose=verbose)
            if record.exit_code != ExitCode.OK:
                show_refresh(record, project.home, verbose=verbose)
                raise typer.Exit(record.exit_code or ExitCode.UNEXPECTED)
            results().print(night_line(source.folder.name, record))
        show_scorecard(project.home, period=None, level="rep", top=_MEMBERS_SHOWN)
