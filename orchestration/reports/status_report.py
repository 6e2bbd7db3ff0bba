"""What `salesops status` prints.

Belongs here: turning a home's status into sentences. Does not belong here: finding it out
(`status`).
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.reports.ages import moment_text
from orchestration.reports.status import HomeStatus
from orchestration.reports.summary import failed_checks, number, outcome


def status_text(status: HomeStatus) -> RenderableType:
    """Says how a home is doing."""
    table = Table.grid(padding=(0, 2))
    table.add_row("home", Text(status.home))
    table.add_row("published", Text(_published(status)))
    if status.is_rolled_back:
        table.add_row("", Text(_rolled_back(status), style="yellow"))
    for source, moment in status.newest_extracts.items():
        table.add_row(f"newest of {source}", moment_text(moment, status.time_zone))
    table.add_row("versions kept", number(status.versions_kept))
    if status.is_refreshing:
        table.add_row("now", Text("a refresh is running", style="yellow"))
    last = status.last_refresh
    if last is None:
        table.add_row("last refresh", "none yet; run `salesops refresh` or `salesops demo`")
    else:
        began = moment_text(last.started_at, status.time_zone)
        table.add_row("last refresh", Text(f"{last.run_id}, {began}"))
        table.add_row("", outcome(last))
    for problem in status.problems:
        table.add_row("damaged", Text(problem, style="red"))
    for sentence in status.stale:
        table.add_row("too old", Text(sentence, style="red"))
    parts: list[RenderableType] = [table]
    if last is not None and last.status == "failed":
        parts += failed_checks(last)
    return Group(*parts)


def _published(status: HomeStatus) -> str:
    if status.published_version is None:
        return "nothing"
    if status.published_at is None:
        return status.published_version
    return f"{status.published_version}, {moment_text(status.published_at, status.time_zone)}"


def _rolled_back(status: HomeStatus) -> str:
    return (
        f"a rollback is in force: {status.newest_version} is newer. Only a refresh with something "
        "new, or `salesops refresh --full`, publishes again"
    )
