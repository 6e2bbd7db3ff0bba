"""`salesops scorecard`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.command.options import HomeOption, JsonOption
from orchestration.command.output import plain, print_json, results
from orchestration.command.reporting import project_at, reporting

if TYPE_CHECKING:
    from ingestion.home import Home


def scorecard(
    home: HomeOption = None,
    period: Annotated[
        str | None,
        typer.Option(help="2017, 2017-Q4 or 2017-10; by default the newest quarter."),
    ] = None,
    level: Annotated[
        str, typer.Option(help="company, branch, territory, team, rep, product, ...")
    ] = "company",
    top: Annotated[int | None, typer.Option(min=1, help="How many members to show.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a period's published metrics beside those of the period before."""
    with reporting(as_json):
        show_scorecard(project_at(home).home, period, level, top, as_json)


def show_scorecard(
    home: Home, period: str | None, level: str, top: int | None, as_json: bool = False
) -> None:
    """Prints a scorecard; arguments as in `orchestration.reports.scorecard.read_scorecard`."""
    from orchestration.reports.scorecard import read_scorecard
    from orchestration.reports.summary import scorecard_tables

    card = read_scorecard(home, period, level, top)
    if as_json:
        print_json(plain(card))
    else:
        results().print(scorecard_tables(card))
