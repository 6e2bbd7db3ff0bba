"""`salesops mapping check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.command.options import HomeOption, JsonOption
from orchestration.command.output import plain, print_json, results
from orchestration.command.reporting import project_at, reporting
from orchestration.errors import ExitCode


def check(
    mapping: Annotated[str, typer.Argument(help="A mapping file, or a shipped mapping's name.")],
    extracts: Annotated[Path, typer.Option(help="Folder of extracts to try it on.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a mapping understands of each file, and what a refresh would make of it."""
    with reporting(as_json):
        from ingestion.checking.mapping_check import check_mapping
        from ingestion.checking.mappings import load_mapping
        from ingestion.company.settings import load_company
        from orchestration.reports.mapping_report import mapping_tables
        from orchestration.run.sources import mappings_of

        folder, place = extracts.expanduser().resolve(), project_at(home).home
        settings = load_company(place.company_file)
        checked = load_mapping(mapping)
        others = mappings_of(folder, settings)
        report = check_mapping(checked, folder, None, settings, place, others)
        if as_json:
            told = {"verdict": report.verdict, "problems": report.problems}
            print_json({**told, **plain(report)})
        else:
            results().print(mapping_tables(report))
        raise typer.Exit(ExitCode.OK if report.is_good else ExitCode.REFUSED)
