"""`salesops rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.command.options import HomeOption, JsonOption
from orchestration.command.output import print_json, results
from orchestration.command.reporting import project_at, reporting


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
    with reporting(as_json):
        from orchestration import publication
        from orchestration.reports.summary import versions_table
        from orchestration.run.lock import RefreshLock

        project = project_at(home)
        if not list_versions:
            with RefreshLock(project.home):
                publication.rollback(project.home, version)
        versions = publication.list_versions(project.home)
        damaged = publication.damaged_versions(project.home)
        current = publication.current_version(project.home)
        if as_json:
            kept = [manifest.model_dump(mode="json") for manifest in versions]
            faults = [fault.model_dump(mode="json") for fault in damaged]
            print_json({"current": current, "versions": kept, "damaged": faults})
        else:
            results().print(versions_table(versions, current, damaged))
