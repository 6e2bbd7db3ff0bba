"""What an extract is known by: its time, its content, and what decides how it becomes rows.

Belongs here: telling whether an extract was landed before, and as which revision it is landed now.
Does not belong here: landing it (`extract_landing`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from ingestion.contracts.raw_ddl import quoted_table
from ingestion.contracts.system_tables import EXTRACTS
from ingestion.contracts.tables import Table
from ingestion.landing.extracts import ExtractGroup, extract_id, extract_id_time
from ingestion.readers.lookup_files import ChosenFiles, hash_of
from ingestion.text.sql_text import literal

_TIME_WIDTH = len(extract_id_time(datetime(2000, 1, 1, tzinfo=UTC)))


@dataclass(frozen=True)
class Identity:
    """What names an extract, apart from the time.

    Args:
        tail: The end of its id: modification time, content, and revision if there are several.
        fingerprint: Hash of what decides how its files become rows.
        is_known: Whether it was landed before by the same mapping and contract.
        is_looked_up_anew: Whether it was, but with other content of files that it looks into.
    """

    tail: str
    fingerprint: str
    is_known: bool
    is_looked_up_anew: bool = False


def identify(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    group: ExtractGroup,
    calendar: tuple[date, date],
    landed_at: datetime,
) -> Identity:
    """Names an extract.

    Args:
        connection: Open on raw.
        table: The contract table.
        group: The files of the extract.
        calendar: First and last day of the company's calendar.
        landed_at: When it is landed.
    """
    return _Search(connection, table, group, calendar, landed_at).identity()


def of_table(system: str, table: Table) -> str:
    """Gives the condition on landing's own tables that a row is of a table of a system."""
    return (
        f"source_system = {literal(system)} and source = {literal(table.source)} "
        f"and table_name = {literal(table.name)}"
    )


class _Search:
    """The search for an extract among those that were landed; see `identify`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        group: ExtractGroup,
        calendar: tuple[date, date],
        landed_at: datetime,
    ) -> None:
        self._connection = connection
        self._table = table
        self._group = group
        self._calendar = calendar
        self._landed_at = landed_at
        self._mine = of_table(group.feed.source_system, table)

    def identity(self) -> Identity:
        """Names the extract.

        The same files read by a mapping that has changed since are a revision: it sorts right
        after what was made of them before, so the correction holds from the same time on. So are
        the same files read by another feed for the same table. Where several do, each is known by
        what it landed itself; of extracts from before feeds were told apart, by the fingerprint.
        """
        fingerprint = self._fingerprint()
        base = self._base_tail()
        tail = f"substr(extract_id, {_TIME_WIDTH + 1})"
        at = self._group.extracted_at
        same_time = f"prefix(extract_id, {literal(extract_id_time(at))})" if at else "true"
        found = self._connection.execute(
            f"select distinct {tail}, fingerprint, feed from {quoted_table(EXTRACTS)} "
            f"where {self._mine} "
            f"and {same_time} and ({tail} = {literal(base)} or prefix({tail}, {literal(base)} "
            "|| '-r')) order by 1 desc"
        ).fetchall()
        if not found:
            return Identity(base, fingerprint, is_known=False)
        is_looked_up_anew = False
        for known, landed_as in self._own(found):
            if self._is_landed_as(landed_as, fingerprint):
                return Identity(known, fingerprint, is_known=True)
            if landed_as.partition("-")[0] == fingerprint.partition("-")[0]:
                is_looked_up_anew = True
        revision = int(found[0][0].removeprefix(base).removeprefix("-r") or 0) + 1
        return Identity(f"{base}-r{revision:03d}", fingerprint, False, is_looked_up_anew)

    def _own(self, found: Sequence[tuple[str, str, str | None]]) -> list[tuple[str, str]]:
        """Gives (tail, fingerprint) of what the extract may be known by, of the latest first.

        Args:
            found: All extracts of the same content and time, the latest first.
        """
        if not self._group.is_beside_others:
            # Whatever read it last decided what holds now.
            return [found[0][:2]]
        own = [extract[:2] for extract in found if extract[2] == self._group.identity]
        return own[:1] or [extract[:2] for extract in found if extract[2] is None]

    def _base_tail(self) -> str:
        """Gives modification time and content as they stand at the end of the id.

        Inline rows have no modification time: they count as modified when they were first landed
        with other content than just before.
        """
        group = self._group
        if group.modified_at is not None:
            return extract_id(datetime.max.replace(tzinfo=UTC), group.modified_at, group.sha256)[
                _TIME_WIDTH:
            ]
        assert group.extracted_at is not None
        last = self._connection.execute(
            f"select max(extract_id) from {quoted_table(EXTRACTS)} where {self._mine} "
            f"and prefix(extract_id, {literal(extract_id_time(group.extracted_at))})"
        ).fetchone()
        tail = last[0][_TIME_WIDTH:] if last and last[0] else ""
        content = f"-{group.sha256[:12]}"
        if content in tail:
            return tail.partition(content)[0] + content
        return f"-{extract_id_time(self._landed_at)}{content}"

    def _fingerprint(self) -> str:
        """Hashes what decides how files become rows; what it does not cover must not matter."""
        feeds = sorted(
            json.dumps(piece.feed.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
            for piece in self._group.pieces
        )
        # A date that the calendar did not have may be one that it has now.
        calendar = [day.isoformat() for day in self._calendar]
        parts = [self._table.model_dump_json(), *calendar, *feeds]
        own = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        looked_up = hash_of(self._lookups)
        return f"{own}-{looked_up}" if looked_up else own

    @property
    def _lookups(self) -> tuple[ChosenFiles, ...]:
        return tuple(chosen for piece in self._group.pieces for chosen in piece.lookups)

    def _is_landed_as(self, known: str, fingerprint: str) -> bool:
        """Tells whether an extract that was landed need not be read again.

        What a file of a later day says is not about it, though for want of another one it may have
        to be read with it the first time.
        """
        own, _, looked_up = fingerprint.partition("-")
        known_own, _, known_looked_up = known.partition("-")
        before, now = known_looked_up.split("."), looked_up.split(".")
        if own != known_own or len(before) != len(now):
            return False
        is_later = [chosen.is_later for chosen in self._lookups] or [False]
        return all(a == b or later for a, b, later in zip(before, now, is_later, strict=True))
