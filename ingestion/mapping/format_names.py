"""Formats that have a name, where others are written with codes such as %Y.

Belongs here: the names, and which columns durations are for. Does not belong here: what a text of
such a format says (`casts`, `durations`).
"""

from __future__ import annotations

from typing import get_args

from ingestion.contracts.tables import Column
from ingestion.mapping.schema import DurationFormat

# Moments as numbers: days of a spreadsheet, and time since 1970.
NUMBER_FORMATS = ("excel_serial", "epoch_seconds", "epoch_millis")
DURATION_FORMATS: tuple[DurationFormat, ...] = get_args(DurationFormat)
DURATION_UNITS = ("minutes", "hours")


def duration_unit(column: Column) -> str | None:
    """Gives `minutes` or `hours` for a column that holds so many of them; else None."""
    if column.logical_type not in {"integer", "number"}:
        return None
    parts = column.name.split("_")
    return next((unit for unit in DURATION_UNITS if unit in parts), None)
