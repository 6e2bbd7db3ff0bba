"""One night's matching of leads: whether there is anything to do, and the log of what was found.

Belongs here: the run, clusters, and what is kept of them in raw. Does not belong here: which leads
are compared (`records`) and how (`scoring`).

The log is append-only, as raw is: a night adds which leads stand for another from then on, so that
a period that was frozen before keeps its numbers.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.contracts.raw_ddl import quoted_table
from ingestion.contracts.system_tables import LEAD_MATCHES, MATCHING_RUNS
from ingestion.errors import LandingError
from ingestion.home import OWNER_ONLY_FILE, Home
from ingestion.mapping.normalization import add_normalization
from ingestion.matching.records import find_living, make_records
from ingestion.matching.scoring import DECLARED, PAIRS, Weights, learnt, score
from ingestion.raw.store import memory_settings
from ingestion.text.sql_text import literal

# Other rules compare all leads again.
_RULES = 2
# From so many times the leads on, what was learnt of them is learnt again.
_GROWTH = 2
_OPEN_START = datetime(1900, 1, 1)

# A lead, by which it is counted from now on, and its best match weight.
_Change = tuple[str, str, float | None]


@dataclass(frozen=True)
class _LastRun:
    number: int
    matched_at: datetime
    fingerprint: str
    weights: Weights


def match_leads(home: Home, probability: Decimal, run_id: str, has_published: bool) -> int:
    """Compares the leads of a home with each other where any of them has changed.

    Args:
        home: The home folder, in which landing has ended.
        probability: From which on two leads count as one person; 1 has none do.
        run_id: The refresh.
        has_published: Whether leads that were never compared may be in numbers that are published.

    Returns:
        How many rows the log grew by.

    Raises:
        LandingError: The comparison failed; says nothing of any lead.
    """
    scratch = home.scratch / f"{run_id}-matching"
    try:
        with _opened(home, scratch) as connection:
            try:
                return _Matching(connection, probability, run_id, has_published).run()
            except LandingError:
                raise
            except Exception as caught:
                # Splink wraps what DuckDB says, whose message may show a cell.
                raise LandingError(
                    f"leads could not be compared ({type(caught).__name__}); set "
                    "lead_match_probability to 1 in company.yml to do without"
                ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _opened(home: Home, scratch: Path) -> duckdb.DuckDBPyConnection:
    """Opens a database in memory with raw attached: what is compared is written to no file."""
    connection = duckdb.connect(
        config={
            **memory_settings(),
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    mask = os.umask(0o077)
    try:
        connection.execute(f"attach {literal(str(home.raw_db))} as raw")
    finally:
        os.umask(mask)
    home.raw_db.chmod(OWNER_ONLY_FILE)
    connection.execute("set timezone = 'UTC'")
    return connection


class _Matching:
    """One comparison of all leads.

    Args:
        connection: In memory, with raw attached as `raw`.
        probability: From which on two leads count as one person.
        run_id: The refresh.
        has_published: See `match_leads`.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        probability: Decimal,
        run_id: str,
        has_published: bool,
    ) -> None:
        self._connection = connection
        self._probability = probability
        self._run_id = run_id
        self._has_published = has_published

    def run(self) -> int:
        """Compares where it is due, and gives by how many rows the log grew."""
        if not self._rows("select 1 from raw.crm.leads limit 1"):
            return 0
        find_living(self._connection)
        last, fingerprint = self._last_run(), self._fingerprint()
        if last and last.fingerprint == fingerprint:
            return 0
        weights = last.weights if last else DECLARED
        found: dict[str, tuple[str, float]] = {}
        if self._probability < 1:
            add_normalization(self._connection)
            make_records(self._connection)
            weights = self._weights(weights)
            score(self._connection, weights, float(self._probability))
            found = self._clusters()
        return self._note(last, fingerprint, weights, found)

    def _rows(self, sql: str) -> list[tuple]:
        return self._connection.execute(sql).fetchall()

    def _last_run(self) -> _LastRun | None:
        rows = self._rows(
            f"select match_number, matched_at, fingerprint, weights from raw.{_RUNS} "
            "order by match_number desc limit 1"
        )
        if not rows:
            return None
        number, matched_at, fingerprint, weights = rows[0]
        return _LastRun(number, matched_at, fingerprint, Weights.loaded(weights))

    def _fingerprint(self) -> str:
        """Gives a fingerprint of all that the result is made of."""
        [state] = self._rows("select count(*), bit_xor(hash(living)) from living")
        parts = (_RULES, str(self._probability.normalize()), *state)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _weights(self, weights: Weights) -> Weights:
        """Learns weights again where leads have become many more: else a night is like the last."""
        [(leads,)] = self._rows("select count(*) from records")
        if leads < _GROWTH * weights.leads:
            return weights
        return learnt(self._connection) or weights

    def _clusters(self) -> dict[str, tuple[str, float]]:
        """Gives for each lead that is somebody's second one the first, and its best match weight.

        Who was created first is kept, whose row does not change when others come. Of a lead whose
        creation nobody reports, the extract that first shows it tells the day, as in the
        warehouse; the first one of all tells nothing.
        """
        pairs = self._rows(f"select lead_id, other_lead_id, match_weight from {PAIRS} order by all")
        matched = sorted({lead for pair in pairs for lead in pair[:2]})
        if not matched:
            return {}
        self._connection.register("matched", pa.table({"lead_id": matched}))
        order = {
            lead: place
            for place, (lead,) in enumerate(
                self._rows(
                    "select lead_id from living semi join matched using (lead_id) "
                    "order by coalesce(created_at, if(is_of_first_extract, null, first_shown_at)) "
                    "nulls last, first_shown_at, lead_id"
                )
            )
        }
        firsts = first_of_each(order, ((one, other) for one, other, _ in pairs))
        best: dict[str, float] = {}
        for one, other, weight in pairs:
            for lead in (one, other):
                if lead not in best or best[lead] < weight:
                    best[lead] = weight
        return {lead: (first, best[lead]) for lead, first in firsts.items() if first != lead}

    def _note(
        self,
        last: _LastRun | None,
        fingerprint: str,
        weights: Weights,
        found: Mapping[str, tuple[str, float]],
    ) -> int:
        """Writes what has changed since the last run, and the run."""
        before = {
            lead: kept
            for lead, kept in self._rows(
                f"select lead_id, arg_max(kept_lead_id, match_number) from raw.{_MATCHES} "
                "group by lead_id"
            )
            if lead != kept
        }
        changed: list[_Change] = []
        for lead in sorted({*before, *found}):
            kept, weight = found.get(lead, (lead, None))
            if before.get(lead, lead) != kept:
                changed.append((lead, kept, weight))
        [(now,)] = self._rows(
            "select max(extracted_at) from raw.landing.extracts where source = 'crm'"
        )
        number = last.number + 1 if last else 1
        known = self._known_from(changed, last, now)
        [(leads,)] = self._rows("select count(*) from living")
        self._connection.execute("begin")
        if changed:
            rows = pa.table(
                {
                    "match_number": pa.array([number] * len(changed), pa.int64()),
                    "run_id": [self._run_id] * len(changed),
                    "lead_id": [lead for lead, _, _ in changed],
                    "kept_lead_id": [kept for _, kept, _ in changed],
                    "match_weight": pa.array([weight for _, _, weight in changed], pa.float64()),
                    "known_from": pa.array(known, pa.timestamp("us")),
                }
            )
            self._connection.register("changed", rows)
            self._connection.execute(f"insert into raw.{_MATCHES} by name from changed")
        self._connection.execute(
            f"insert into raw.{_RUNS} values (?, ?, ?, ?, ?, ?, ?)",
            [number, self._run_id, now, fingerprint, leads, self._probability, weights.dumped()],
        )
        self._connection.execute("commit")
        return len(changed)

    def _known_from(
        self, changed: Sequence[_Change], last: _LastRun | None, now: datetime
    ) -> list[datetime]:
        """Gives since when each change is known.

        Of a lead that no run before has seen, since extracts have shown both; what the first
        extract of a system shows was known ever since. All else is known from now on.
        """
        names = sorted({lead for lead, kept, _ in changed for lead in (lead, kept)})
        self._connection.register("named", pa.table({"lead_id": pa.array(names, pa.string())}))
        shown = {
            lead: (_OPEN_START if is_first else at, at)
            for lead, at, is_first in self._rows(
                "select lead_id, first_shown_at, is_of_first_extract "
                "from living semi join named using (lead_id)"
            )
        }
        seen_until = last.matched_at if last else now if self._has_published else None
        found: list[datetime] = []
        for lead, kept, weight in changed:
            is_new = weight is not None and (
                seen_until is None or max(shown[lead][1], shown[kept][1]) > seen_until
            )
            found.append(max(shown[lead][0], shown[kept][0]) if is_new else now)
        return found


_MATCHES, _RUNS = quoted_table(LEAD_MATCHES), quoted_table(MATCHING_RUNS)


def first_of_each(order: Mapping[str, int], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Gives for each lead the first of those that it is connected with, directly or not.

    Args:
        order: The place of each lead.
        pairs: Leads that are one person.
    """
    above: dict[str, str] = {lead: lead for lead in order}

    def top(lead: str) -> str:
        while above[lead] != lead:
            above[lead] = above[above[lead]]
            lead = above[lead]
        return lead

    for one, other in pairs:
        first, second = sorted((top(one), top(other)), key=order.__getitem__)
        above[second] = first
    return {lead: top(lead) for lead in above}
