"""What `salesops mapping check` prints: what a mapping understands of each file.

Belongs here: turning a mapping's report into tables. Does not belong here: reading any file
(`ingestion.checking.mapping_check`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ingestion.checking.mapping_findings import ColumnReport, FileReport, MappingReport
from ingestion.checking.rehearsal import UnknownReferences
from ingestion.readers.shown import without_lines
from orchestration.reports.printable import printable


def mapping_tables(report: MappingReport) -> RenderableType:
    """Shows a mapping's report: each file, what is left over or missing, and the verdict."""
    parts: list[RenderableType] = []
    for name, tables in groupby(report.files, key=lambda file: file.file):
        parts += [*_file(name, [*tables]), Text("")]
    parts += [
        Text(f"no file for {feed.table}: {' or '.join(feed.patterns)}", style="dim")
        for feed in report.absent
        if not feed.required
    ]
    parts += [_unknown(reference) for reference in report.unknown]
    told = (*report.missing, *report.useless, *(f"no table takes {n}" for n in report.unused))
    parts += [Text(printable(problem), style="red") for problem in told]
    parts.append(Text(report.verdict, style="green" if report.is_good else "bold red"))
    return Group(*parts)


def _file(name: str, tables: Sequence[FileReport]) -> Iterator[RenderableType]:
    """Shows one file: what each table takes of it, and once what is so of all of them."""
    yield Text(printable(name), style="bold")
    for table in tables:
        yield _heading(table)
        yield from _columns(table)
        if table.missing_required:
            missing = ", ".join(table.missing_required)
            yield Text(f"required, but not given: {missing}", style="red")
    for note in dict.fromkeys(note for table in tables for note in table.notes):
        yield Text(note, style="yellow")
    if unmapped := dict.fromkeys(column for table in tables for column in table.unmapped):
        yield Text(f"not used: {', '.join(map(printable, unmapped))}", style="yellow")
    errors = {without_lines(table.error): table.error for table in tables if table.error}
    for error in errors.values():
        yield Text(f"refused: {error}", style="red")


def _heading(file: FileReport) -> Text:
    rows = f"{file.rows:,} records" if file.is_whole else f"the first {file.rows:,} records"
    text = Text(f"→ {file.table} ({file.kind}): {rows}, {file.good_rows:,} can be used")
    if file.set_aside:
        text.append(f", {file.set_aside:,} set aside", style="yellow")
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


def _unknown(reference: UnknownReferences) -> Text:
    examples = (
        f", such as {', '.join(map(printable, reference.examples))}" if reference.examples else ""
    )
    values = "value" if reference.values == 1 else "values"
    floats = (
        f". {reference.floats:,} of them would be there without the .0 that a program gave them "
        "which took ids for numbers: have the column exported as text, or take it away with "
        "{expression: \"regexp_replace(…, '\\.0$', '')\"}"
        if reference.floats
        else ""
    )
    return Text(
        f"{reference.table}.{reference.column} has {reference.values:,} {values} that "
        f"{reference.target} does not have{examples}; they count as unknown{floats}",
        style="yellow",
    )
