"""`salesops mapping check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.command.options import JsonOption
from orchestration.command.output import plain, print_json, results
from orchestration.command.reporting import reporting
from orchestration.errors import ExitCode


def check(
    mapping: Annotated[str, typer.Argument(help="A mapping file, or a shipped mapping's name.")],
    extracts: Annotated[Path, typer.Option(help="Folder of extracts to try it on.")],
    as_json: JsonOption = False,
) -> None:
    """Show what a mapping understands of the first rows of each file."""
    with reporting(as_json):
        from ingestion.mapping_check import check_mapping
        from ingestion.mappings import load_mapping
        from orchestration.mapping_report import mapping_tables

        report = check_mapping(load_mapping(mapping), extracts.expanduser().resolve())
        if as_json:
            print_json(plain(report))
        else:
            results().print(mapping_tables(report))
        raise typer.Exit(ExitCode.OK if report.is_good else ExitCode.REFUSED)
