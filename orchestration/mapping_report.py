"""What `salesops mapping check` prints: what a mapping understands of each file.

Belongs here: turning a mapping's report into tables. Does not belong here: reading any file
(`ingestion.mapping_check`).
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ingestion.mapping_check import ColumnReport, FileReport, MappingReport
from orchestration.printable import printable


def mapping_tables(report: MappingReport) -> RenderableType:
    """Shows a mapping's report: a table per file, then what is left over or missing."""
    parts: list[RenderableType] = []
    for file in report.files:
        parts += [_heading(file), *_columns(file), *_remarks(file), Text("")]
    parts += [
        Text(f"no file for {feed.table}: {' or '.join(feed.patterns)}", style="dim")
        for feed in report.absent
        if not feed.required
    ]
    parts += [Text(f"no table takes {name}", style="yellow") for name in report.unused]
    parts += [Text(f"landing would fail: {problem}", style="red") for problem in report.problems]
    if report.is_good:
        parts.append(Text("every file would be landed", style="green"))
    return Group(*parts)


def _heading(file: FileReport) -> Text:
    rows = f"{file.rows:,} records" if file.is_whole else f"the first {file.rows:,} records"
    text = Text()
    text.append(file.file, style="bold")
    text.append(f" → {file.table} ({file.kind}): {rows}, {file.good_rows:,} would be accepted")
    if file.passed_over:
        text.append(f", {file.passed_over:,} passed over")
    if file.extracted_at:
        text.append(f"; speaks for {file.extracted_at:%Y-%m-%d %H:%M} UTC ({file.time_from})")
    return text


def _columns(file: FileReport) -> list[Table]:
    if not file.columns:
        return []
    table = Table(header_style="bold")
    for heading in ("column", "type", "from"):
        table.add_column(heading, overflow="fold")
    table.add_column("filled", justify="right")
    table.add_column("sample values after the cast", overflow="fold")
    for column in file.columns:
        table.add_row(
            Text(column.column + (" *" if column.required else "")),
            column.sql_type,
            _origin(column),
            f"{column.filled:,}" if column.origin else "",
            _samples(column),
        )
    return [table]


def _origin(column: ColumnReport) -> Text:
    if column.origin is None:
        return Text("not mapped", style="red" if column.required else "dim")
    if column.is_absent:
        return Text(
            f"{printable(column.origin)} (not in the file)",
            style="red" if column.required else "dim",
        )
    return Text(printable(column.origin))


def _samples(column: ColumnReport) -> Text:
    text = Text(" · ".join(map(printable, column.samples)))
    if column.failed:
        became = "left empty" if column.is_emptied else "not accepted"
        text.append(f"\n{column.failed:,} {became}: {column.failure}", style="yellow")
    if column.joined:
        examples = f": {'; '.join(column.spellings)}" if column.spellings else ""
        words = "key is" if column.joined == 1 else "keys are"
        text.append(f"\n{column.joined:,} {words} spelled in several ways{examples}", style="dim")
    return text


def _remarks(file: FileReport) -> list[Text]:
    remarks = [Text(note, style="yellow") for note in file.notes]
    if file.unmapped:
        remarks.append(Text(f"not used: {', '.join(file.unmapped)}", style="yellow"))
    if file.missing_required:
        missing = ", ".join(file.missing_required)
        remarks.append(Text(f"required, but not given: {missing}", style="red"))
    if file.error:
        remarks.append(Text(file.error, style="red"))
    return remarks
