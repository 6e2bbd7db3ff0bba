"""The `salesops` command.

Belongs here: options, exit codes, and what is printed where. Does not belong here: any work.
Commands import what they need when they run, so that help and a refused lock come at once.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from ingestion.errors import SalesopsError
from orchestration.errors import ExitCode, exit_code_of, message_of

if TYPE_CHECKING:
    from ingestion.home import Home
    from orchestration.project import Project
    from orchestration.run_records import RunRecord
    from orchestration.sources import Source

app = typer.Typer(
    name="salesops",
    help="From nightly CRM extracts to trusted sales metrics.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
mapping_app = typer.Typer(no_args_is_help=True, help="Mappings: how extracts become tables.")
contracts_app = typer.Typer(no_args_is_help=True, help="Contracts: the declared source tables.")
export_app = typer.Typer(no_args_is_help=True, help="Copies of stores for other engines.")
app.add_typer(mapping_app, name="mapping")
app.add_typer(contracts_app, name="contracts")
app.add_typer(export_app, name="export")

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Home folder; by default $SALESOPS_HOME, else data/."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DEMO_MEMBERS_SHOWN = 10
FILE_WIDTH = 120


@app.command()
def refresh(
    home: HomeOption = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="MAPPING=FOLDER, repeatable. MAPPING is a shipped mapping or a file. "
            "By default: what company.yml names."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Rebuild and publish even if nothing is new.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Land new extracts, build and check every layer, publish the marts."""
    started = time.time()
    with _reporting(as_json), _locked(home) as project:
        from orchestration.sources import parse_source

        sources = [parse_source(text) for text in source or []]
        record = _refresh(project, sources, started, force=force, quiet=as_json)
        _show_refresh(record, project.home, as_json)
        raise typer.Exit(record.exit_code or ExitCode.OK)


@app.command()
def demo(
    home: HomeOption = None,
    scale: Annotated[float, typer.Option(min=0.05, help="1 is 20,000 deals.")] = 0.25,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 7,
    nights: Annotated[int, typer.Option(min=1, help="How many nights to refresh.")] = 3,
) -> None:
    """Simulate a company, refresh its nights one by one, print the scorecard."""
    with _reporting(as_json=False), _locked(home) as project:
        from orchestration.demo import simulate_nights
        from orchestration.summary import night_line

        for source in simulate_nights(project.home, scale, seed, nights):
            record = _refresh(project, [source], time.time(), force=False, quiet=False)
            if record.exit_code != ExitCode.OK:
                _show_refresh(record, project.home, as_json=False)
                raise typer.Exit(record.exit_code or ExitCode.UNEXPECTED)
            _out().print(night_line(source.folder.name, record))
        _show_scorecard(project.home, period=None, level="rep", top=DEMO_MEMBERS_SHOWN)


@app.command()
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
    with _reporting(as_json):
        _show_scorecard(_project(home).home, period, level, top, as_json)


@app.command()
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say what is published and how the last refresh ended; exits with that refresh's code."""
    with _reporting(as_json):
        from orchestration.status import read_status
        from orchestration.summary import status_text

        found = read_status(_project(home).home)
        if as_json:
            _print_json(found.model_dump(mode="json"))
        else:
            _out().print(status_text(found))
        raise typer.Exit((found.last_refresh and found.last_refresh.exit_code) or ExitCode.OK)


@app.command()
def rollback(
    version: Annotated[
        str | None, typer.Argument(help="The version; by default the one before.")
    ] = None,
    list_versions: Annotated[
        bool, typer.Option("--list", help="Only list the versions kept.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Swap an earlier published version back in."""
    with _reporting(as_json):
        from orchestration import publication
        from orchestration.lock import RefreshLock
        from orchestration.summary import versions_table

        project = _project(home)
        if not list_versions:
            with RefreshLock(project.home):
                publication.rollback(project.home, version)
        versions = publication.list_versions(project.home)
        current = publication.current_version(project.home)
        if as_json:
            kept = [manifest.model_dump(mode="json") for manifest in versions]
            _print_json({"current": current, "versions": kept})
        else:
            _out().print(versions_table(versions, current))


@app.command()
def docs(
    gate: Annotated[str | None, typer.Option(help="raw, core or marts; by default all.")] = None,
    home: HomeOption = None,
) -> None:
    """Check everything that is there and write the quality gates' Data Docs."""
    with _reporting(as_json=False), _locked(home) as project:
        from orchestration.gate_docs import write_gate_docs

        for page in write_gate_docs(project.home, gate):
            _out().print(Text(f"wrote {page}"))


@mapping_app.command("check")
def mapping_check(
    mapping: Annotated[str, typer.Argument(help="A mapping file, or a shipped mapping's name.")],
    extracts: Annotated[Path, typer.Option(help="Folder of extracts to try it on.")],
    as_json: JsonOption = False,
) -> None:
    """Show what a mapping understands of the first rows of each file."""
    with _reporting(as_json):
        from ingestion.mapping_check import check_mapping
        from ingestion.mappings import load_mapping
        from orchestration.mapping_report import mapping_tables

        report = check_mapping(load_mapping(mapping), extracts.expanduser().resolve())
        if as_json:
            _print_json(_plain(report))
        else:
            _out().print(mapping_tables(report))
        raise typer.Exit(ExitCode.OK if report.is_good else ExitCode.REFUSED)


@contracts_app.command("sync")
def contracts_sync() -> None:
    """Write what is derived from the contracts: the dbt sources YAML."""
    with _reporting(as_json=False):
        from ingestion.home import repository_root
        from ingestion.sources_yaml import sync_sources

        changed = sync_sources(repository_root())
        for path in changed:
            _out().print(Text(f"wrote {path}"))
        if not changed:
            _out().print("nothing to write: the sources YAML says what the contracts say")


@export_app.command("raw")
def export_raw(home: HomeOption = None) -> None:
    """Export the change log to Parquet, from which Spark builds the same models."""
    with _reporting(as_json=False), _locked(home) as project:
        from ingestion.raw_export import export_raw as export

        folder = project.home.root / "export" / "raw"
        export(project.home.raw_db, folder)
        _out().print(Text(f"wrote {folder}"))


def main() -> None:
    """Entry of the `salesops` command."""
    # A stopped service must end like an interrupted one: the step's program told, the run noted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app()


def _project(home: Path | None) -> Project:
    from orchestration.project import Project

    return Project.locate(home)


@contextmanager
def _locked(home: Path | None) -> Iterator[Project]:
    """Takes the home's lock before anything slow is imported."""
    from orchestration.lock import RefreshLock

    project = _project(home)
    with RefreshLock(project.home):
        yield project


@contextmanager
def _reporting(as_json: bool) -> Iterator[None]:
    """Prints the project's own errors as a message and ends with the code they stand for."""
    try:
        yield
    except SalesopsError as error:
        code = exit_code_of(error)
        if as_json:
            _print_json({"status": "failed", "exit_code": code, "message": message_of(error)})
        else:
            _err().print(Text(f"salesops: {message_of(error)}", style="red"))
        raise typer.Exit(code) from None


def _refresh(
    project: Project, sources: list[Source], started: float, *, force: bool, quiet: bool
) -> RunRecord:
    """Refreshes with progress on standard error."""
    from orchestration.summary import Progress

    console = _err()
    logger = logging.getLogger("salesops")
    logger.setLevel(logging.DEBUG)
    with console.status("Starting") as spinner:
        progress = Progress(console, spinner if console.is_terminal else None)
        if quiet:
            progress.setLevel(logging.WARNING)
        logger.addHandler(progress)
        try:
            from orchestration.refresh import refresh as run

            return run(project, sources, force=force, started=started)
        finally:
            logger.removeHandler(progress)


def _show_refresh(record: RunRecord, home: Home, as_json: bool) -> None:
    from orchestration.summary import refresh_summary

    if as_json:
        _print_json(record.model_dump(mode="json"))
    else:
        _out().print(refresh_summary(record, home))


def _show_scorecard(
    home: Home, period: str | None, level: str, top: int | None, as_json: bool = False
) -> None:
    from orchestration.scorecard import read_scorecard
    from orchestration.summary import scorecard_tables

    card = read_scorecard(home, period, level, top)
    if as_json:
        _print_json(_plain(card))
    else:
        _out().print(scorecard_tables(card))


def _out() -> Console:
    return _wide_enough(Console())


def _err() -> Console:
    # A copy of the descriptor: while a step runs, Dagster points the original at its log.
    return _wide_enough(Console(file=os.fdopen(os.dup(2), "w")))


def _wide_enough(console: Console) -> Console:
    """Gives tables room in files and pipes, which have no width of their own."""
    if not console.is_terminal:
        console.width = FILE_WIDTH
    return console


def _plain(value: Any) -> Any:
    """Gives a dataclass or model as plain data."""
    from pydantic import TypeAdapter

    return TypeAdapter(Any).dump_python(value, mode="json")


def _print_json(data: Any) -> None:
    typer.echo(json.dumps(data, indent=2))


if __name__ == "__main__":
    main()


__all__ = ["app", "main"]
