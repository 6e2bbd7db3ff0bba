"""Broken rows: what is planted where, and what a careful reader must say of it.

Belongs here: kinds of defects and the planting of them into a night's rows. Does not: deals that
are odd although their rows are well formed (oddities.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulation.company.missing_ids import MISSING_OPPORTUNITY
from simulation.extracts.writing import HEADERS, KEY_COLUMNS, PlantedRow, record, values_of

Values = list[str]


@dataclass(frozen=True)
class Kind:
    """A way to break a row.

    Attributes:
        reason: Code of the reason for which the row has to be set aside.
        column: Column at fault; empty where it is the whole record.
        value: What stands in the column instead.
        hides_key: Whether the row's key cannot be read any more.
    """

    reason: str
    column: str
    value: str = ""
    hides_key: bool = False

    def broken(self, table: str, values: Values) -> list[Values]:
        """Give the broken record, or the two that contradict each other, for a good one."""
        if self.reason == "ragged_row":
            return [[*values, "surplus"] if self.value == "longer" else values[:-3]]
        position = HEADERS[table].index(self.column or "amount")
        other = [*values]
        if self.reason == "conflicting_rows":
            other[position] = f"{float(values[position] or 0) + 1:.2f}"
            return [values, other]
        other[position] = self.value
        return [other]


KINDS: dict[str, tuple[Kind, ...]] = {
    "opportunities": (
        Kind("cast_failed", "amount", "twelve thousand"),
        Kind("cast_failed", "closed_date", "2025-02-30"),
        Kind("required_missing", "stage_id"),
        Kind("out_of_range", "probability", "1.75"),
        Kind("not_in_enum", "forecast_category", "likely"),
        Kind("would_round", "amount", "1234.567"),
        Kind("pattern_mismatch", "currency_code", "EURO"),
        Kind("out_of_range", "amount", "-250.00"),
        Kind("cast_failed", "is_duplicate", "perhaps"),
        Kind("cast_failed", "created_at", "2025-13-01 09:00:00"),
        Kind("required_missing", "opportunity_id", hides_key=True),
        Kind("ragged_row", "", "shorter", hides_key=True),
        Kind("ragged_row", "", "longer", hides_key=True),
        Kind("conflicting_rows", ""),
    ),
    "opportunity_line_items": (
        Kind("cast_failed", "quantity", "ten"),
        Kind("required_missing", "opportunity_id"),
        Kind("out_of_range", "unit_price", "-5.00"),
        Kind("would_round", "quantity", "1.00005"),
    ),
    "accounts": (
        Kind("out_of_range", "annual_revenue", "-1.00"),
        Kind("cast_failed", "employee_count", "many"),
        Kind("required_missing", "account_name"),
    ),
    "users": (
        Kind("cast_failed", "is_active", "perhaps"),
        Kind("required_missing", "user_name"),
    ),
    "opportunity_field_history": (
        Kind("not_in_enum", "field_name", "colour"),
        Kind("cast_failed", "new_value", "quite a lot"),
        Kind("required_missing", "opportunity_id"),
        Kind("cast_failed", "changed_at", "2025-06-31 10:00:00"),
    ),
    "forecast_submissions": (
        Kind("not_in_enum", "submission_level", "galaxy"),
        Kind("required_missing", "amount"),
        Kind("out_of_range", "amount", "-1.00"),
    ),
    "quotas": (
        Kind("cast_failed", "period_start", "Q1"),
        Kind("not_in_enum", "quota_kind", "stretched"),
    ),
    "fx_rates": (
        Kind("out_of_range", "rate", "0.00000000"),
        Kind("pattern_mismatch", "from_currency", "Euro"),
    ),
}


@dataclass(frozen=True)
class Defect:
    """A record that must be set aside, and why.

    Attributes:
        file: Name of the file within the night's folder.
        line: Physical line at which the record begins; the header is line 1.
        key: The row's key; empty where it cannot be read.
    """

    night: str
    file: str
    line: int
    column: str
    reason: str
    key: str


@dataclass(frozen=True)
class Planting:
    """Rows to write between a table's ordinary ones.

    Attributes:
        rows: The rows, in no order.
        defects: Per row, how it is broken and the key it shows; None for a good row.
        copies: How many of the good rows repeat an ordinary one.
    """

    rows: list[PlantedRow]
    defects: list[tuple[Kind, str] | None]
    copies: int

    def found_at(self, lines: Sequence[int], night: str, file: str) -> list[Defect]:
        """Say where the defects stand, given the line of each row."""
        return [
            Defect(night, file, line, defect[0].column, defect[0].reason, defect[1])
            for line, defect in zip(lines, self.defects, strict=True)
            if defect is not None
        ]


class Planter:
    """Collects the planted rows of one file."""

    def __init__(self, table: str, ordinary_rows: int, rng: np.random.Generator) -> None:
        self._table = table
        self._ordinary_rows = ordinary_rows
        self._rng = rng
        self._rows: list[PlantedRow] = []
        self._defects: list[tuple[Kind, str] | None] = []
        self._copies = 0

    def break_rows(self, texts: Sequence[str], kinds: Sequence[Kind]) -> None:
        """Plant one broken row, or two that contradict each other, for each good text."""
        for text, kind in zip(texts, kinds, strict=True):
            values = values_of(text)
            for broken in kind.broken(self._table, values):
                key = "" if kind.hides_key else "|".join(broken[: KEY_COLUMNS[self._table]])
                self._plant(record(broken), (kind, key))

    def repeat(self, texts: Sequence[str]) -> None:
        """Plant exact copies of ordinary rows."""
        for text in texts:
            self._plant(text, None)
            self._copies += 1

    def add(self, texts: Sequence[str], change: Callable[[Values], Values]) -> None:
        """Plant good rows that ordinary ones do not stand for, changed from their usual text."""
        for text in texts:
            self._plant(record(change(values_of(text))), None)

    def planting(self) -> Planting:
        """Give what was collected."""
        return Planting(self._rows, self._defects, self._copies)

    def _plant(self, text: str, defect: tuple[Kind, str] | None) -> None:
        position = int(self._rng.integers(0, self._ordinary_rows + 1))
        self._rows.append(PlantedRow(position, text))
        self._defects.append(defect)


def kinds_of_night(table: str, night: int, fresh: bool, per_kind: int) -> list[Kind]:
    """Give the kinds of a night's broken rows.

    On the first night all of them stand for keys that nothing is known of. Later the kinds take
    turns: half of them do, the other half break the row of a key that is known.

    Args:
        table: The table.
        night: The night.
        fresh: Whether to give the kinds for unknown keys, or those for known ones.
        per_kind: How often each kind is planted.
    """
    kinds = KINDS[table]
    if night == 1:
        return list(kinds) * per_kind if fresh else []
    turn = (night if fresh else night + 1) % 2
    return [kind for place, kind in enumerate(kinds) if place % 2 == turn] * per_kind


def odd_name(values: Values) -> Values:
    """Give a deal a name that only a careful reader of CSV gets right."""
    position = HEADERS["opportunities"].index("opportunity_name")
    return [
        *values[:position],
        f'{values[position]}, called "phase two"\nsecond order',
        *values[position + 1 :],
    ]


def of_no_deal(values: Values) -> Values:
    """Let a change be one of a deal that no extract has."""
    position = HEADERS["opportunity_field_history"].index("opportunity_id")
    return [*values[:position], MISSING_OPPORTUNITY, *values[position + 1 :]]
