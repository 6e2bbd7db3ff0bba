"""The files of HR and payroll in a night's folder, with their broken and repeated rows.

Belongs here: what goes into which file. Does not: what the rows say.
"""

from collections.abc import Mapping, Sequence

from simulation.company.streams import stream
from simulation.extracts.defects import Kind, Planter
from simulation.extracts.extract_ledger import ExtractLedger
from simulation.extracts.people_defects import PEOPLE_KINDS, STEADY_KINDS
from simulation.extracts.writing import KEY_COLUMNS, as_chunks, record
from simulation.people.people_tables import Row, Shown, rows_of

DELTA_TABLES = {"time_entries"}


class PeopleExtracts:
    """Writes the nights in turn and remembers what they have shown."""

    def __init__(self, ledger: ExtractLedger, seed: int, per_kind: int) -> None:
        """Prepare to write beside the CRM's files."""
        self._ledger = ledger
        self._per_kind = per_kind
        self._rng = stream(seed, "people defects")
        self._shown: dict[str, dict[Row, Row]] = {}
        self._fresh = 0

    def write(self, tables: Mapping[str, Sequence[Shown]], night: int) -> None:
        """Write a file per table with the rows that the night shows."""
        for table, shown in tables.items():
            self._write(table, rows_of(shown, night), night)

    def _write(self, table: str, rows: list[Row], night: int) -> None:
        width = KEY_COLUMNS[table]
        before = self._shown.setdefault(table, {})
        is_delta = table in DELTA_TABLES
        fresh = [(self._renamed(rows[0]), kind) for kind in self._kinds(table)] if rows else []
        known = self._known(table, rows, before, width) if before and not is_delta else []
        held = {row for row, _ in known}
        ordinary = [row for row in rows if row not in held]
        planter = Planter(table, len(ordinary), self._rng)
        broken = [*fresh, *known]
        planter.break_rows([record(row) for row, _ in broken], [kind for _, kind in broken])
        if table in ("time_entries", "pay_lines") and ordinary:
            chosen = self._rng.choice(len(ordinary), min(self._per_kind, len(ordinary)), False)
            planter.repeat([record(ordinary[each]) for each in chosen.tolist()])
        unchanged = sum(before.get(row[:width]) == row for row in ordinary)
        keys = {row[:width] for row in rows}
        gone = [] if is_delta else [key for key in before if key not in keys]
        for key in gone:
            del before[key]
        before.update({row[:width]: row for row in ordinary})
        self._ledger.write(
            table,
            night,
            as_chunks([record(row) for row in ordinary]),
            planter.planting(),
            good=len(ordinary),
            unchanged=unchanged,
            deleted=len(gone),
            is_delta=is_delta,
        )

    def _kinds(self, table: str) -> list[Kind]:
        return list(PEOPLE_KINDS.get(table, ())) * self._per_kind

    def _known(
        self, table: str, rows: list[Row], before: dict[Row, Row], width: int
    ) -> list[tuple[Row, Kind]]:
        """Choose rows that stand as an earlier night showed them, to break tonight."""
        number = STEADY_KINDS.get(table, 0) * self._per_kind
        steady = [row for row in rows if before.get(row[:width]) == row]
        chosen = self._rng.choice(len(steady), min(number, len(steady)), replace=False).tolist()
        kinds = PEOPLE_KINDS.get(table, ())
        return [(steady[each], kinds[place % len(kinds)]) for place, each in enumerate(chosen)]

    def _renamed(self, row: Row) -> Row:
        self._fresh += 1
        return (f"ZZ-{self._fresh:05d}", *row[1:])
