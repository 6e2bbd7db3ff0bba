"""The cell of a workbook that a rejected value stands in, as its sheet names it.

Belongs here: the SQL that tells it. Does not belong here: where readers found the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ingestion.casting.projected_column import shows_error
from ingestion.landing.failed_attempts import FAILED
from ingestion.landing.staging import StagedPiece
from ingestion.readers import text_columns
from ingestion.readers.lookups import LookedUpRecords
from ingestion.readers.records import ParsedRecords, Records
from ingestion.readers.unpivot import UnpivotedRecords
from ingestion.readers.workbook_cells import column_letters
from ingestion.text.sql_text import literal


def cell_sql(staged: StagedPiece) -> str:
    """Gives the SQL of the cell that shows an error, to stand behind a message.

    It is over `p` (column_name, reason), the columns of texts, `_line`, `_number` and `_sheet`; an
    empty text where no cell is known. Of what is made of several cells it is the first of them that
    shows an error.
    """
    records: Records = staged.records
    records = records.inner if isinstance(records, LookedUpRecords) else records
    rows = records.inner if isinstance(records, UnpivotedRecords) else records
    if not isinstance(rows, ParsedRecords) or not rows.cell_columns:
        return "''"
    cases = " ".join(_cases(staged, records, rows))
    sheet = f" of {rows.only_sheet}" if rows.only_sheet else ""
    cell = f"' (cell ' || case {cases} end || _line || {literal(sheet + ')')}"
    reasons = f"('error_cell', {literal(FAILED)})"
    return f"case when p.reason in {reasons} then coalesce({cell}, '') else '' end"


def _cases(staged: StagedPiece, records: Records, rows: ParsedRecords) -> Iterator[str]:
    """Gives, for each column of each sheet, the letters of its cells."""
    texts = text_columns(staged.records.header)
    for column in staged.projection.columns:
        is_column = f"p.column_name = {literal(column.name)}"
        for name, is_meant in _named(column.source, column.inputs, texts):
            for sheet, numbers in rows.cell_columns.items():
                letters = _letters(records, name, numbers)
                if letters is not None:
                    is_there = "" if rows.only_sheet else f" and _sheet = {literal(sheet)}"
                    yield f"when {is_column}{is_meant}{is_there} then {letters}"
    yield "when false then ''"


def _named(
    source: str | None, inputs: Sequence[str], texts: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Gives the extract columns that a value is made of, each with the condition that it is it."""
    if source is not None:
        yield source, ""
    for name in inputs:
        yield name, f" and {shows_error(f'trim({texts[name]})')}"


def _letters(records: Records, name: str, numbers: Sequence[int]) -> str | None:
    """Gives the SQL of the letters of a column of the records; None where no cells are known."""
    if name not in records.header:
        return None
    place = records.header.index(name)
    places = records.places_of(place) if isinstance(records, UnpivotedRecords) else (place,)
    found = [
        literal(column_letters(numbers[each]))
        if each is not None and each < len(numbers)
        else "null"
        for each in places
    ]
    if len(found) < 2:
        return found[0] if found else None
    assert isinstance(records, UnpivotedRecords)
    return records.of_cell_sql(found, "_number")
