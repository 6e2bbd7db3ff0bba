"""What a gate looks at: the tables that changed, the checks that read them, the rows that are new.

Belongs here: what a check reads, and what landed or failed since a gate last looked. Does not
belong here: what is checked (the suites), and which tables were built (orchestration).

Raw is append-only, so rows that a gate found sound stay sound, and only those that were appended
since are checked. Where a gate last stopped, it looks at the whole table again: a bad row that is
still there must not pass only because nothing new landed beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from expectations.check import Check, quoted
from expectations.results import GateName

FILES = "landing.files"
_NAMED = re.compile(
    r'(?<![\w."])"?(?:raw|warehouse|marts|restricted)"?\."?(\w+)"?\."?(\w+)"?', re.I
)


@dataclass(frozen=True)
class Landed:
    """What of a raw table a gate has not looked at yet.

    Attributes:
        since: Moment (UTC) from which on rows are new.
        extract_ids: The extracts of this refresh, whose rows are new whenever they were written.
    """

    since: datetime
    extract_ids: tuple[str, ...]

    def condition(self) -> str:
        """Gives the condition on the rows of a contract table."""
        moment = f"timestamp '{self.since.isoformat(sep=' ')}'"
        parts = [f"_loaded_at >= {moment}", "_loaded_at is null", "_extract_id is null"]
        if self.extract_ids:
            parts.append(f"_extract_id in ({', '.join(map(quoted, self.extract_ids))})")
        return " or ".join(parts)


@dataclass(frozen=True)
class History:
    """What a gate found before, and what has landed since.

    Attributes:
        unsettled: Tables at which the gate stopped when it last looked at them.
        checked: When it last looked at each other table.
        landed: Tables of which records have landed since, or land in this refresh.
    """

    unsettled: frozenset[str] = frozenset()
    checked: Mapping[str, datetime] = field(default_factory=dict)
    landed: Mapping[str, Landed] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, gate: GateName, run_id: str) -> History:
        """Reads it from raw.

        Args:
            connection: With `raw` attached.
            gate: The gate.
            run_id: The refresh that it stands in.
        """
        looks = connection.execute(
            "select layer || '.' || table_name, max(checked_at), "
            "bool_or(severity = 'block' and result <> 'passed') from raw.landing.gate_results "
            "where gate = $gate and run_id <> $run_id "
            "group by run_id, layer, table_name order by 2",
            {"gate": gate, "run_id": run_id},
        ).fetchall()
        newest = {table: (moment, is_stopped) for table, moment, is_stopped in looks}
        unsettled = frozenset(table for table, (_, is_stopped) in newest.items() if is_stopped)
        checked = {table: at for table, (at, _) in newest.items() if table not in unsettled}
        return cls(unsettled, checked, _landed(connection, run_id, checked))

    def rows(self, table: str, qualified: str, run_id: str) -> str:
        """Gives the rows of a raw table to look at, as something to select from.

        Args:
            table: Schema and name.
            qualified: The same with its catalog.
            run_id: The refresh.
        """
        if table in self.unsettled or table not in self.checked:
            return qualified
        if table == FILES:
            since = self.checked[table].isoformat(sep=" ")
            condition = f"run_id = {quoted(run_id)} or landed_at >= timestamp '{since}'"
        else:
            condition = self.landed.get(table, Landed(self.checked[table], ())).condition()
        return f"(select * from {qualified} where {condition})"


def _landed(
    connection: duckdb.DuckDBPyConnection, run_id: str, checked: Mapping[str, datetime]
) -> dict[str, Landed]:
    """Finds the tables whose files brought, or quarantined, any record that was not known."""
    rows = connection.execute(
        "select source || '.' || table_name, landed_at, extract_id, run_id = $run_id "
        "from raw.landing.files where quarantined > 0 or (status <> 'refused' "
        "and (records is distinct from unchanged or deleted > 0))",
        {"run_id": run_id},
    ).fetchall()
    found: dict[str, Landed] = {}
    for table, moment, extract_id, is_of_this_run in rows:
        since = checked.get(table)
        if not is_of_this_run and since is not None and moment < since:
            continue
        known = found.get(table, Landed(since or moment, ()))
        ids = {extract_id} if is_of_this_run and extract_id else set()
        found[table] = Landed(min(known.since, moment), tuple(sorted(ids.union(known.extract_ids))))
    return found


def tables_named(sql: str) -> frozenset[str]:
    """Gives the tables that SQL names as `catalog.schema.table`, each as `schema.table`."""
    return frozenset(f"{schema}.{table}".lower() for schema, table in _NAMED.findall(sql))


def tables_read(table: str, sql: str, views: Mapping[str, str]) -> frozenset[str]:
    """Gives what a query about a table reads: tables, views, and what these views read in turn.

    Args:
        table: The table that the query is about.
        sql: The query.
        views: SQL of views by `schema.name`.
    """
    read: set[str] = set()
    waiting = {table, *tables_named(sql)}
    while waiting:
        name = waiting.pop()
        read.add(name)
        if name in views:
            waiting |= tables_named(views[name]) - read
    return frozenset(read)


def selected(
    checks: Sequence[Check], scope: Collection[str], views: Mapping[str, str]
) -> tuple[Check, ...]:
    """Gives the checks that read anything in scope, in order.

    Args:
        checks: All checks of a gate.
        scope: Tables as `schema.table`.
        views: SQL of views by `schema.name`.
    """
    changed = frozenset(scope)
    schemas = frozenset(name.partition(".")[0] for name in changed)
    return tuple(
        check
        for check in checks
        if check.watched_schemas & schemas
        or tables_read(check.table, check.failing_rows, views) & changed
    )
