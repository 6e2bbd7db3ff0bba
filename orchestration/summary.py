"""What people read: progress, the summary of a refresh, status and scorecard in a terminal.

Belongs here: turning records into tables and sentences. Does not belong here: finding anything out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.status import Status
from rich.table import Table
from rich.text import Text

from ingestion.home import Home
from orchestration.publication import (
    Fault,
    Manifest,
    VersionCheck,
    published_database,
    published_parquet,
)
from orchestration.run_records import RunRecord
from orchestration.scorecard import Figure, Metric, Scorecard
from orchestration.status import HomeStatus

_STYLES = {"published": "bold green", "unchanged": "bold green", "failed": "bold red"}
_MAX_CHECKS_SHOWN = 20
_MAX_WARNINGS_SHOWN = 5
_FRACTION = "fraction"
_DECIMALS = {"deals": 0, "money": 0, "days": 1}


class Progress(logging.Handler):
    """Shows what the project's loggers say: phases as lines, the rest beside the spinner.

    Args:
        console: Where to show it.
        status: The spinner, where the console is a terminal.
    """

    def __init__(self, console: Console, status: Status | None = None) -> None:
        super().__init__(logging.DEBUG if status else logging.INFO)
        self._console = console
        self._status = status

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one message; never as markup, since file names hold brackets."""
        text = Text(record.getMessage())
        if self._status:
            self._status.update(text)
        if record.levelno >= logging.WARNING:
            self._console.print(text, style="yellow")
        elif hasattr(record, "phase"):
            self._console.print(text, style="bold")
        elif record.levelno >= logging.INFO:
            self._console.print(Text("  ").append(text), style="dim")


def refresh_summary(record: RunRecord, home: Home) -> RenderableType:
    """Says what a refresh did and where to look."""
    parts: list[RenderableType] = []
    if record.files:
        parts.append(_files(record))
    if record.quarantined:
        parts.append(_quarantined(record))
    if record.gates:
        parts.append(_gates(record))
    if any(gate.not_passed for gate in record.gates):
        parts.append(_not_passed(record))
    parts.append(_phases(record))
    parts.append(_places(record, home))
    parts.append(_outcome(record))
    return Group(*parts)


def night_line(night: str, record: RunRecord) -> Text:
    """Says in one line what became of a night, where many are refreshed."""
    accepted = sum(file.accepted for file in record.files)
    set_aside = sum(file.quarantined for file in record.files)
    checks = sum(gate.checks for gate in record.gates)
    text = Text(f"{night}: ")
    text.append(record.status, style=_STYLES.get(record.status, ""))
    text.append(
        f" in {record.seconds or 0:.0f} s; {_number(accepted)} records new or changed, "
        f"{_number(set_aside)} set aside, {_number(checks)} checks at {len(record.gates)} gates"
    )
    return text


def _outcome(record: RunRecord) -> Text:
    text = Text()
    text.append(record.status, style=_STYLES.get(record.status, "bold yellow"))
    if record.failed_step:
        text.append(f" in {record.failed_step.replace('_', ' ')}")
    if record.message:
        # What follows the first line are the checks, which have a table of their own.
        in_table = any(gate.not_passed for gate in record.gates)
        text.append(f": {record.message.splitlines()[0] if in_table else record.message}")
    return text


def _files(record: RunRecord) -> Table:
    table = _table("Files")
    for heading in ("file", "table", "became"):
        table.add_column(heading, overflow="fold")
    for heading in ("records", "accepted", "quarantined", "unchanged", "deleted"):
        table.add_column(heading, justify="right")
    for entry in record.files:
        numbers = (
            entry.records,
            entry.accepted,
            entry.quarantined,
            entry.unchanged,
            entry.deleted,
        )
        style = "red" if entry.status == "refused" else None
        table.add_row(
            Text(entry.file_name),
            f"{entry.source}.{entry.table}",
            entry.status,
            *(_number(number) for number in numbers),
            style=style,
        )
    return table


def _quarantined(record: RunRecord) -> Table:
    table = _table("Quarantine")
    for heading in ("table", "column", "reason"):
        table.add_column(heading)
    table.add_column("records", justify="right")
    for entry in record.quarantined:
        column = entry.column or "(whole record)"
        table.add_row(f"{entry.source}.{entry.table}", column, entry.reason, _number(entry.rows))
    return table


def _gates(record: RunRecord) -> Table:
    table = _table("Gates")
    for heading in ("gate", "result"):
        table.add_column(heading)
    for heading in ("checks", "failed", "warnings"):
        table.add_column(heading, justify="right")
    for gate in record.gates:
        failed = sum(check.severity == "block" for check in gate.not_passed)
        table.add_row(
            gate.gate,
            Text("passed", style="green") if gate.passed else Text("failed", style="red"),
            _number(gate.checks),
            _number(failed),
            _number(len(gate.not_passed) - failed),
        )
    return table


def _not_passed(record: RunRecord) -> Table:
    table = _table("Checks that did not pass")
    for heading in ("gate", "table", "what", "message"):
        table.add_column(heading, overflow="fold")
    rows = [(gate.gate, check) for gate in record.gates for check in gate.not_passed]
    blocking = [row for row in rows if row[1].severity == "block"]
    warnings = [row for row in rows if row[1].severity != "block"]
    for gate, check in blocking[:_MAX_CHECKS_SHOWN]:
        table.add_row(gate, check.table, check.result, Text(check.message or check.check))
    for gate, check in warnings[:_MAX_WARNINGS_SHOWN]:
        table.add_row(gate, check.table, "warning", Text(check.message or check.check))
    left_out = len(rows) - table.row_count
    if left_out:
        table.caption = f"and {left_out} more in the run's record and its Data Docs"
    return table


def _phases(record: RunRecord) -> Text:
    spent = ", ".join(
        f"{name.replace('_', ' ')} {seconds:.1f}" for name, seconds in record.phases.items()
    )
    return Text(f"{record.seconds or 0:.1f} s: {spent}", style="dim")


def _places(record: RunRecord, home: Home) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("record", Text(str(home.runs / record.run_id)))
    for gate in record.gates:
        data_docs = home.runs / record.run_id / "data_docs" / gate.gate / "index.html"
        if data_docs.exists():
            table.add_row(f"{gate.gate} gate", Text(str(data_docs)))
    if record.quarantined:
        table.add_row("quarantine", Text(str(home.quarantine / record.run_id)))
    if published_database(home).exists():
        table.add_row("BI reads", Text(str(published_database(home))))
        table.add_row("", Text(str(published_parquet(home))))
    return table


def status_text(status: HomeStatus) -> RenderableType:
    """Says how a home is doing."""
    table = Table.grid(padding=(0, 2))
    table.add_row("home", Text(status.home))
    table.add_row("published", _published_text(status))
    if status.newest_extract:
        table.add_row("newest extract", f"{status.newest_extract:%Y-%m-%d %H:%M} UTC")
    table.add_row("versions kept", _number(status.versions_kept))
    if status.is_refreshing:
        table.add_row("now", Text("a refresh is running", style="yellow"))
    last = status.last_refresh
    if last is None:
        table.add_row("last refresh", "none yet; run `salesops refresh` or `salesops demo`")
        return table
    table.add_row("last refresh", Text(f"{last.run_id}, {last.started_at:%Y-%m-%d %H:%M} UTC"))
    table.add_row("", _outcome(last))
    parts: list[RenderableType] = [table]
    if last.status == "failed" and any(gate.not_passed for gate in last.gates):
        parts.append(_not_passed(last))
    return Group(*parts)


def _published_text(status: HomeStatus) -> Text:
    if status.published_at is None:
        return Text("nothing" if status.published_version is None else status.published_version)
    return Text(f"{status.published_version}, {status.published_at:%Y-%m-%d %H:%M} UTC")


def versions_table(
    versions: Iterable[Manifest], current: str | None, damaged: Iterable[Fault] = ()
) -> RenderableType:
    """Lists versions, the newest first, and what is wrong with those that are none."""
    table = _table("Versions")
    table.add_column("version")
    table.add_column("published at (UTC)")
    table.add_column("tables", justify="right")
    table.add_column("rows", justify="right")
    table.add_column("MB", justify="right")
    table.add_column("")
    for version in versions:
        table.add_row(
            version.version,
            f"{version.published_at:%Y-%m-%d %H:%M:%S}",
            _number(len(version.tables)),
            _number(sum(entry.rows for entry in version.tables.values())),
            f"{version.size_bytes / 1e6:.1f}",
            "in force" if version.version == current else "",
        )
    faults = [Text(f"damaged: {fault}", style="red") for fault in damaged]
    return Group(table, *faults)


def checks_table(checks: Iterable[VersionCheck]) -> RenderableType:
    """Says of each version whether its files are what was published, and which are not."""
    table = _table("Versions")
    table.add_column("version")
    table.add_column("files", justify="right")
    table.add_column("result")
    table.add_column("")
    faults = []
    for check in checks:
        whole = "whole" if check.has_hashes else "there (from before files had hashes)"
        table.add_row(
            check.version,
            _number(check.files),
            Text("damaged", style="red") if check.faults else Text(whole, style="green"),
            "in force" if check.is_current else "",
        )
        faults += [Text(f"damaged: {fault}", style="red") for fault in check.faults]
    return Group(table, *faults)


def scorecard_tables(card: Scorecard) -> RenderableType:
    """Shows a scorecard."""
    parts: list[RenderableType] = [_company_table(card)]
    if card.members:
        parts.append(_member_table(card))
    return Group(*parts)


def _company_table(card: Scorecard) -> Table:
    table = _table(f"{card.period.label} ({card.period.start} to {card.period.end})")
    table.add_column("metric")
    table.add_column(card.period.label, justify="right")
    table.add_column(card.before.label if card.before else "", justify="right")
    table.add_column("change", justify="right")
    mart = None
    for figure in card.figures:
        if figure.value is None and figure.before is None:
            continue
        if mart not in (None, figure.metric.mart):
            table.add_section()
        mart = figure.metric.mart
        table.add_row(
            figure.metric.label,
            formatted(figure.metric, figure.value),
            formatted(figure.metric, figure.before),
            _change(figure),
        )
    if card.pipeline_date:
        table.caption = f"Pipeline as of {card.pipeline_date}"
    return table


def _member_table(card: Scorecard) -> Table:
    table = _table(f"{card.period.label} by {card.level}")
    table.add_column(card.level)
    for figure in card.members[0].figures:
        table.add_column(figure.metric.label, justify="right")
    for member in card.members:
        figures = (formatted(figure.metric, figure.value) for figure in member.figures)
        table.add_row(Text(member.name), *figures)
    if card.members_left_out:
        table.caption = f"and {card.members_left_out} more"
    return table


def formatted(metric: Metric, value: float | None) -> str:
    """Writes a value in its unit; shares and rates, which are fractions, as percent."""
    if value is None:
        return "–"
    if metric.unit == _FRACTION:
        return f"{value * 100:.2f} %"
    return f"{value:,.{_DECIMALS.get(metric.unit, 2)}f}"


def _change(figure: Figure) -> Text:
    """Writes the change: in points for fractions, in percent for everything else."""
    if figure.value is None or not figure.before:
        return Text("")
    difference = figure.value - figure.before
    if figure.metric.unit == _FRACTION:
        text = f"{difference * 100:+.2f} pt"
    else:
        text = f"{difference / abs(figure.before) * 100:+.1f} %"
    better = {"higher": difference > 0, "lower": difference < 0}.get(figure.metric.direction or "")
    if difference == 0 or better is None:
        return Text(text)
    return Text(text, style="green" if better else "red")


def _number(value: int) -> str:
    return f"{value:,}"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", header_style="bold")
