"""The table of contents of the `salesops` command.

Belongs here: which commands there are. Does not belong here: what any of them does.
"""

from __future__ import annotations

import signal
from importlib.metadata import version
from typing import Annotated

import typer

from orchestration.command.contracts import sync
from orchestration.command.demo import demo
from orchestration.command.docs import docs
from orchestration.command.export import raw
from orchestration.command.mapping import check
from orchestration.command.refresh import refresh
from orchestration.command.rollback import rollback
from orchestration.command.scorecard import scorecard
from orchestration.command.status import status
from orchestration.command.verify import verify
from orchestration.garbage import collect_seldom

app = typer.Typer(
    name="salesops",
    help="From nightly CRM extracts to trusted sales metrics.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(refresh)
app.command()(demo)
app.command()(scorecard)
app.command()(status)
app.command()(rollback)
app.command()(verify)
app.command()(docs)

mapping_app = typer.Typer(no_args_is_help=True, help="Mappings: how extracts become tables.")
mapping_app.command()(check)
app.add_typer(mapping_app, name="mapping")

contracts_app = typer.Typer(no_args_is_help=True, help="Contracts: the declared source tables.")
contracts_app.command()(sync)
app.add_typer(contracts_app, name="contracts")

export_app = typer.Typer(no_args_is_help=True, help="Copies of stores for other engines.")
export_app.command()(raw)
app.add_typer(export_app, name="export")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"salesops {version('salesops-warehouse')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """From nightly CRM extracts to trusted sales metrics."""


def main() -> None:
    """Entry of the `salesops` command."""
    # A stopped service must end like an interrupted one: the step's program told, the run noted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    collect_seldom()
    app()
