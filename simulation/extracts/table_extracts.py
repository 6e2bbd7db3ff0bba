"""Files of rows that are texts already, in a night's folder, with their broken and repeated rows.

Belongs here: what goes into which file. Does not: what the rows say (people, demand), and how they
can be broken (people_defects.py, leads_defects.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulation.extracts.defects import Kind, Planter
from simulation.extracts.extract_ledger import ExtractLedger
from simulation.extracts.writing import KEY_COLUMNS, as_chunks, record
from simulation.people.people_tables import Row, Shown, rows_of


@dataclass(frozen=True)
class TablesPlan:
    """What the files of some tables are like.

    Attributes:
        kinds: Per table, the ways in which rows of keys that nothing is known of are broken.
        steady_kinds: So many rows of known keys are broken in later nights; what held before still
            does.
        repeated: Tables some of whose rows stand in a file twice.
        deltas: Tables whose later files hold what is new or changed.
        events: Tables of which each file tells what happened since the one before.
    """

    kinds: Mapping[str, tuple[Kind, ...]]
    steady_kinds: Mapping[str, int] = field(default_factory=dict[str, int])
    repeated: frozenset[str] = frozenset()
    deltas: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()


class TableExtracts:
    """Writes the nights in turn and remembers what they have shown."""

    def __init__(
        self, ledger: ExtractLedger, plan: TablesPlan, per_kind: int, rng: np.random.Generator
    ) -> None:
        """Prepare to write beside the files that the ledger has."""
        self._ledger = ledger
        self._plan = plan
        self._per_kind = per_kind
        self._rng = rng
        self._shown: dict[str, dict[Row, Row]] = {}
        self._fresh = 0

    def write(self, tables: Mapping[str, Sequence[Shown]], night: int) -> None:
        """Write a file per table with the rows that the night shows."""
        for table, shown in tables.items():
            self._write(table, rows_of(shown, night), night)

    def _write(self, table: str, rows: list[Row], night: int) -> None:
        width = KEY_COLUMNS[table]
        before = self._shown.setdefault(table, {})
        is_partial = table in self._plan.deltas | self._plan.events
        fresh = [(self._renamed(rows[0]), kind) for kind in self._kinds(table)] if rows else []
        known = self._known(table, rows, before, width) if before and not is_partial else []
        held = {row for row, _ in known}
        ordinary = [row for row in rows if row not in held]
        planter = Planter(table, len(ordinary), self._rng)
        broken = [*fresh, *known]
        planter.break_rows([record(row) for row, _ in broken], [kind for _, kind in broken])
        if table in self._plan.repeated and ordinary:
            chosen = self._rng.choice(len(ordinary), min(self._per_kind, len(ordinary)), False)
            planter.repeat([record(ordinary[each]) for each in chosen.tolist()])
        unchanged = sum(before.get(row[:width]) == row for row in ordinary)
        keys = {row[:width] for row in rows}
        gone = [] if is_partial else [key for key in before if key not in keys]
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
            is_delta=table in self._plan.deltas,
        )

    def _kinds(self, table: str) -> list[Kind]:
        return list(self._plan.kinds.get(table, ())) * self._per_kind

    def _known(
        self, table: str, rows: list[Row], before: dict[Row, Row], width: int
    ) -> list[tuple[Row, Kind]]:
        """Choose rows that stand as an earlier night showed them, to break tonight."""
        number = self._plan.steady_kinds.get(table, 0) * self._per_kind
        steady = [row for row in rows if before.get(row[:width]) == row]
        chosen = self._rng.choice(len(steady), min(number, len(steady)), replace=False).tolist()
        kinds = self._plan.kinds.get(table, ())
        return [(steady[each], kinds[place % len(kinds)]) for place, each in enumerate(chosen)]

    def _renamed(self, row: Row) -> Row:
        self._fresh += 1
        return (f"ZZ-{self._fresh:05d}", *row[1:])
