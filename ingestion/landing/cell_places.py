"""The cell of a workbook that a rejected value stands in, as its sheet names it.

Belongs here: the SQL that tells it. Does not belong here: where readers found the columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingestion.landing.staging import StagedPiece
from ingestion.readers.lookups import LookedUpRecords
from ingestion.readers.records import ParsedRecords
from ingestion.readers.workbook_cells import column_letters
from ingestion.text.sql_text import literal


def cell_sql(staged: StagedPiece) -> str:
    """Gives the SQL of the cell that shows an error, to stand behind a message.

    It is over `p` (column_name, reason), `_line` and `_sheet`; an empty text where no cell is
    known, as of what is made of several columns.
    """
    records = staged.records
    records = records.inner if isinstance(records, LookedUpRecords) else records
    if not isinstance(records, ParsedRecords) or not records.cell_columns:
        return "''"
    cases = " ".join(_cases(staged, records))
    sheet = f" of {records.only_sheet}" if records.only_sheet else ""
    cell = f"' (cell ' || case {cases} end || _line || {literal(sheet + ')')}"
    return f"case when p.reason = 'error_cell' then coalesce({cell}, '') else '' end"


def _cases(staged: StagedPiece, records: ParsedRecords) -> Iterator[str]:
    """Gives, for each column of each sheet, the letters of its cells."""
    places = {name: place for place, name in enumerate(records.header)}
    for column in staged.projection.columns:
        place = places.get(column.source or "")
        for sheet, numbers in records.cell_columns.items():
            if place is None or place >= len(numbers):
                continue
            is_there = "" if records.only_sheet else f" and _sheet = {literal(sheet)}"
            yield (
                f"when p.column_name = {literal(column.name)}{is_there} "
                f"then {literal(column_letters(numbers[place]))}"
            )
    yield "when false then ''"
