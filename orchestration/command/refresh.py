"""`salesops refresh`, and one refresh with its progress shown, which the demo runs too."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.command.options import HomeOption, JsonOption, VerboseOption
from orchestration.command.output import messages, print_json, results
from orchestration.command.reporting import locked, reporting
from orchestration.errors import ExitCode

if TYPE_CHECKING:
    from ingestion.home import Home
    from orchestration.project import Project
    from orchestration.run.run_records import RunRecord
    from orchestration.run.sources import Source


def refresh(
    home: HomeOption = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="MAPPING=FOLDER, repeatable. MAPPING is a shipped mapping or a file. "
            "By default: what company.yml names."
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            "--force",
            help="Ignore what earlier refreshes built: build and check everything, and publish "
            "even if nothing is new.",
        ),
    ] = False,
    verbose: VerboseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Land new extracts, build and check every layer, publish the marts."""
    started = time.time()
    with reporting(as_json), locked(home) as project:
        from orchestration.run.sources import parse_source

        sources = [parse_source(text) for text in source or []]
        record = run_refresh(project, sources, started, full=full, quiet=as_json, verbose=verbose)
        show_refresh(record, project.home, as_json=as_json, verbose=verbose)
        raise typer.Exit(record.exit_code or ExitCode.OK)


def run_refresh(
    project: Project,
    sources: list[Source],
    started: float,
    *,
    full: bool = False,
    quiet: bool = False,
    verbose: bool = False,
) -> RunRecord:
    """Refreshes with progress on standard error.

    Args:
        project: The project with its home.
        sources: What to land; where empty, what the company settings name.
        started: `time.time()` at which the command began.
        full: Build, check and publish everything even if nothing is new.
        quiet: Whether only warnings are shown.
        verbose: Whether what becomes of each file is shown.
    """
    from orchestration.reports.progress import RefreshProgress

    logger = logging.getLogger("salesops")
    logger.setLevel(logging.DEBUG)
    with RefreshProgress(messages(), verbose=verbose, quiet=quiet) as progress:
        logger.addHandler(progress)
        try:
            from orchestration.refresh import refresh as run

            record = run(project, sources, full=full, started=started)
            progress.end(failed=record.status == "failed")
            return record
        finally:
            logger.removeHandler(progress)


def show_refresh(
    record: RunRecord, home: Home, *, as_json: bool = False, verbose: bool = False
) -> None:
    """Prints what a refresh did."""
    from orchestration.reports.summary import refresh_summary

    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        results().print(refresh_summary(record, home, verbose))
