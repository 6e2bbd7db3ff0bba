"""What people read: the summary of a refresh, versions and scorecard in a terminal.

Belongs here: turning records into tables and sentences. Does not belong here: finding anything out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ingestion.casting.reasons import words
from ingestion.home import Home
from ingestion.landing.extract_landing import NOTE_END
from ingestion.landing.foreign_money import WARNING
from ingestion.landing.run import INLINE
from ingestion.readers.shown import without_lines
from orchestration.publication import (
    Fault,
    Manifest,
    VersionCheck,
    published_database,
    published_parquet,
)
from orchestration.reports.printable import printable
from orchestration.reports.scorecard import Figure, Metric, Scorecard
from orchestration.run.run_records import CheckEntry, QuarantineEntry, RunRecord

_STYLES = {"published": "bold green", "unchanged": "bold green", "failed": "bold red"}
_MAX_CHECKS_SHOWN = 20
_MAX_WARNINGS_SHOWN = 5
_MAX_TABLES_SHOWN = 8
_MAX_REASONS_SHOWN = 3
# The raw gate's checks that repeat what the quarantine says.
SET_ASIDE_CHECK = "nothing_quarantined"
_TOLD_ALREADY = frozenset({SET_ASIDE_CHECK, "nothing_emptied"})
# Behind it, checks give examples and say what to do.
_END_OF_GIST = re.compile(r": |; |\. What to do")
_FRACTION = "fraction"
_DECIMALS = {"deals": 0, "leads": 0, "money": 0, "days": 1, "minutes": 1}


def refresh_summary(record: RunRecord, home: Home, verbose: bool = False) -> RenderableType:
    """Says what a refresh did and where to look.

    Args:
        record: The refresh.
        home: The home.
        verbose: Whether to list every file and every warning.
    """
    parts: list[RenderableType] = []
    if verbose and record.files:
        parts.append(_files(record))
    parts += _sources(record)
    parts += _refused(record)
    parts += _warned(record)
    parts += _quarantined(record, home, verbose)
    parts += _emptied(record, home, verbose)
    parts += _warnings(record, verbose)
    parts += failed_checks(record)
    if record.gates:
        parts.append(_gates(record))
    parts += [_phases(record), _places(record, home), outcome(record)]
    return Group(*parts)


def night_line(night: str, record: RunRecord) -> Text:
    """Says in one line what became of a night, where many are refreshed."""
    accepted = sum(file.accepted for file in record.files)
    set_aside = sum(file.quarantined for file in record.files)
    checks = sum(gate.checks for gate in record.gates)
    text = Text(f"{night}: ")
    text.append(record.status, style=_STYLES.get(record.status, ""))
    text.append(
        f" in {record.seconds or 0:.0f} s; {number(accepted)} records new or changed, "
        f"{number(set_aside)} quarantined, {number(checks)} checks at {len(record.gates)} gates"
    )
    return text


def outcome(record: RunRecord) -> Text:
    """Says in one line how a refresh ended."""
    text = Text()
    text.append(record.status, style=_STYLES.get(record.status, "bold yellow"))
    if record.failed_step:
        text.append(f" in {record.failed_step.replace('_', ' ')}")
    if record.message:
        # What follows the first line are the checks, which have a table of their own.
        in_table = any(True for _ in _not_passed(record, "block"))
        text.append(f": {record.message.splitlines()[0] if in_table else record.message}")
    return text


def _files(record: RunRecord) -> Table:
    table = _table("Files")
    for heading in ("file", "table", "became"):
        table.add_column(heading, overflow="fold")
    for heading in ("records", "accepted", "quarantined", "passed over", "unchanged", "deleted"):
        table.add_column(heading, justify="right")
    for entry in record.files:
        numbers = (
            entry.records,
            entry.accepted,
            entry.quarantined,
            entry.passed_over,
            entry.unchanged,
            entry.deleted,
        )
        style = "red" if entry.status == "refused" else None
        table.add_row(
            Text(printable(entry.file_name)),
            f"{entry.source}.{entry.table}",
            entry.status,
            *(number(count) for count in numbers),
            style=style,
        )
    return table


def _sources(record: RunRecord) -> list[RenderableType]:
    """Says in one line a source what came in."""
    lines: list[RenderableType] = []
    for source in dict.fromkeys(entry.source for entry in record.files):
        entries = [entry for entry in record.files if entry.source == source]
        files = {entry.file_name for entry in entries} - {INLINE}
        refused = {entry.file_name for entry in entries if entry.status == "refused"}
        counts = [
            f"{number(sum(entry.accepted for entry in entries))} new or changed",
            f"{number(sum(entry.unchanged for entry in entries))} unchanged",
        ]
        if quarantined := sum(entry.quarantined for entry in entries):
            counts.append(f"{number(quarantined)} quarantined")
        if passed_over := sum(entry.passed_over for entry in entries):
            counts.append(f"{number(passed_over)} passed over")
        if emptied := sum(entry.emptied for entry in entries):
            counts.append(f"{_counted(emptied, 'value')} left empty")
        if deleted := sum(entry.deleted for entry in entries):
            counts.append(f"{number(deleted)} deleted")
        if refused:
            counts.append(f"{_counted(len(refused), 'file')} refused")
        records = _counted(sum(entry.records for entry in entries), "record")
        text = Text(f"{source}: ", style="bold")
        text.append(
            f"{_counted(len(files), 'file')}, {records}: {', '.join(counts)}", style="not bold"
        )
        lines.append(text)
    return lines


def _refused(record: RunRecord) -> list[RenderableType]:
    """Says why files were refused; one with several feeds once, if they say the same."""
    told: dict[tuple[str, str], str] = {}
    for entry in record.files:
        if entry.status == "refused":
            message = entry.message or ""
            told.setdefault((entry.file_name, without_lines(message)), message)
    return [
        Text(f"refused: {printable(name)}: {message}", style="red")
        for (name, _), message in told.items()
    ]


def _warned(record: RunRecord) -> list[RenderableType]:
    """Says what is doubtful about files that landed."""
    return [
        Text(f"{printable(entry.file_name)}: {note.removeprefix(WARNING)}", style="yellow")
        for entry in record.files
        if entry.status != "refused"
        for note in (entry.message or "").split(NOTE_END)
        if note.startswith(WARNING)
    ]


def _quarantined(record: RunRecord, home: Home, verbose: bool) -> list[RenderableType]:
    """Says what was set aside, in one line a table."""
    total = sum(entry.quarantined for entry in record.files)
    place = home.quarantine / record.run_id
    heading = f"{_counted(total, 'record')} quarantined, in full in {place}:"
    return _by_table(heading, record.quarantined, verbose)


def _emptied(record: RunRecord, home: Home, verbose: bool) -> list[RenderableType]:
    """Says which values were left empty, in one line a table."""
    total = sum(entry.emptied for entry in record.files)
    place = home.quarantine / record.run_id
    heading = f"{_counted(total, 'value')} left empty, their records kept, in full in {place}:"
    return _by_table(heading, record.emptied, verbose)


def _by_table(
    heading: str, entries: Sequence[QuarantineEntry], verbose: bool
) -> list[RenderableType]:
    tables = list(dict.fromkeys((entry.source, entry.table) for entry in entries))
    if not tables:
        return []
    lines: list[RenderableType] = [Text(heading, style="yellow")]
    shown = tables if verbose else tables[:_MAX_TABLES_SHOWN]
    for source, table in shown:
        lines.append(Text(f"  {source}.{table}: {_reasons(entries, source, table, verbose)}"))
    if len(tables) > len(shown):
        lines.append(Text(f"  and {_counted(len(tables) - len(shown), 'more table')}"))
    return lines


def _reasons(entries: Sequence[QuarantineEntry], source: str, table: str, verbose: bool) -> str:
    found = [e for e in entries if (e.source, e.table) == (source, table)]
    shown = found if verbose else found[:_MAX_REASONS_SHOWN]
    said = [
        f"{number(entry.rows)} {' '.join(filter(None, (entry.column, words(entry.reason))))}"
        for entry in shown
    ]
    if len(found) > len(shown):
        # Of several reasons a record may have more than one, so their records do not add up.
        said.append(f"and {_counted(len(found) - len(shown), 'more reason')}")
    return ", ".join(said)


def _warnings(record: RunRecord, verbose: bool) -> list[RenderableType]:
    """Says what warns; records that were set aside are counted as such, and not once more."""
    found = [check for check in _not_passed(record, "warn") if check.check not in _TOLD_ALREADY]
    if not found:
        return []
    lines: list[RenderableType] = [
        Text(f"{_counted(len(found), 'warning')}, which stop nothing:", style="yellow")
    ]
    shown = found if verbose else found[:_MAX_WARNINGS_SHOWN]
    lines += [Text(f"  {check.table}: {_gist(check)}") for check in shown]
    if len(found) > len(shown):
        more = _counted(len(found) - len(shown), "more warning")
        lines.append(Text(f"  and {more}; --verbose or the record below has them all"))
    return lines


def _gist(check: CheckEntry) -> str:
    """Gives what a check found without its examples and what to do; the record has those."""
    message = check.message or check.check
    if check.result == "broken":
        return f"could not be checked: {message}"
    return _END_OF_GIST.split(message, maxsplit=1)[0]


def failed_checks(record: RunRecord) -> list[RenderableType]:
    """Lists the checks that stopped a refresh, with what to do."""
    failed = list(_not_passed(record, "block"))
    if not failed:
        return []
    table = _table("Checks that failed")
    for heading in ("table", "what was found, and what to do"):
        table.add_column(heading, overflow="fold")
    for check in failed[:_MAX_CHECKS_SHOWN]:
        table.add_row(check.table, Text(check.message or check.check))
    if len(failed) > _MAX_CHECKS_SHOWN:
        table.caption = f"and {len(failed) - _MAX_CHECKS_SHOWN} more in the run's record"
    return [table]


def _not_passed(record: RunRecord, severity: str) -> Iterator[CheckEntry]:
    for gate in record.gates:
        yield from (check for check in gate.not_passed if check.severity == severity)


def _gates(record: RunRecord) -> Text:
    checks = ", ".join(f"{gate.gate} {number(gate.checks)}" for gate in record.gates)
    failed = sum(1 for _ in _not_passed(record, "block"))
    return Text(f"checks: {checks}; {number(failed) if failed else 'none'} failed")


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
    if record.quarantined or record.emptied:
        table.add_row("quarantine", Text(str(home.quarantine / record.run_id)))
    if published_database(home).exists():
        table.add_row("BI reads", Text(str(published_database(home))))
        table.add_row("", Text(str(published_parquet(home))))
    return table


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
            number(len(version.tables)),
            number(sum(entry.rows for entry in version.tables.values())),
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
            number(check.files),
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
    topic = None
    for figure in card.figures:
        if figure.value is None and figure.before is None:
            continue
        if figure.metric.topic != topic:
            topic = figure.metric.topic
            table.add_section()
            table.add_row(Text(topic.capitalize(), style="bold"))
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
        table.add_row(Text(printable(member.name)), *figures)
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


def number(value: int) -> str:
    """Writes a whole number with its thousands set apart."""
    return f"{value:,}"


def _counted(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", header_style="bold")
