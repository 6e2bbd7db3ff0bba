"""`salesops demo`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.command.options import HomeOption, VerboseOption
from orchestration.command.output import messages, results
from orchestration.command.refresh import run_refresh, show_refresh
from orchestration.command.reporting import locked, reporting
from orchestration.command.scorecard import show_scorecard
from orchestration.errors import ExitCode
from orchestration.run.demo_nights import DemoLocale

if TYPE_CHECKING:
    from ingestion.home import Home

_MEMBERS_SHOWN = 10


def demo(
    home: HomeOption = None,
    scale: Annotated[float, typer.Option(min=0.05, help="1 is 20,000 deals.")] = 0.25,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 7,
    nights: Annotated[int, typer.Option(min=1, help="How many nights to refresh.")] = 3,
    locale: Annotated[
        DemoLocale, typer.Option(help="fa: a company of Tehran, its files as systems there write.")
    ] = DemoLocale.EN,
    verbose: VerboseOption = False,
) -> None:
    """Simulate a company, refresh its nights one by one, print the scorecard."""
    with reporting(), locked(home) as project:
        from orchestration.reports.summary import night_line
        from orchestration.run.demo_nights import simulate_nights

        messages().print("Simulating a company")
        for source in simulate_nights(project.home, scale, seed, nights, locale):
            record = run_refresh(project, [source], time.time(), verbose=verbose)
            if record.exit_code != ExitCode.OK:
                show_refresh(record, project.home, verbose=verbose)
                raise typer.Exit(record.exit_code or ExitCode.UNEXPECTED)
            results().print(night_line(source.folder.name, record))
        show_scorecard(project.home, period=None, level="rep", top=_MEMBERS_SHOWN)
        if locale is DemoLocale.FA:
            _show_what_to_look_at(project.home)


def _show_what_to_look_at(home: Home) -> None:
    """Says where the files are that systems of another country wrote, and what read them."""
    folder = home.extracts / "demo"
    for what, where in (
        ("files as written", folder / "extracts"),
        ("the same, plain", folder / "plain"),
        ("settings", home.company_file),
        ("mapping", "ingestion/mapping/shipped/demo_fa.yml"),
    ):
        messages().print(f"{what:<18}{where}", soft_wrap=True, highlight=False)
