"""Dagster's event log in SQLite with connections that are kept, for a refresh in one process.

Belongs here: how the command writes Dagster's own records, which `dagster dev` then reads as ever.
Does not belong here: any record of the project's own (`run_records`).

For each of a refresh's hundreds of events the original opens its file anew, asks it which tables
and columns it has, and waits for the disk: seconds of every refresh, and minutes on a busy disk.
What a power cut can lose here is the last lines of a log, never the log.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

SETTINGS_FILE = "dagster.yaml"
_SETTINGS = "# The project sends no telemetry.\ntelemetry:\n  enabled: false\n"


class KeptConnectionsEventLog(SqliteEventLogStorage):
    """The event log of Dagster, in the same files, over connections that stay open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        # Nothing takes a table, column or index away while a refresh runs, so only "yes" is kept.
        self._tables: set[str] = set()
        self._columns: set[str] = set()
        self._indexes: set[str] = set()
        self._transactions: dict[str, Connection] = {}
        self._open: ExitStack | None = None
        super().__init__(base_dir, inst_data)
        # Whoever has opened one transaction for many events comes by again for each of them.
        self._db_lock = threading.RLock()

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptConnectionsEventLog:
        """Makes the storage from Dagster's configuration."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Writes all events until its end in one transaction a file, not in one or two an event.

        For events that come one after the other: nobody else can write meanwhile, nor read them.
        """
        with self._db_lock:
            if self._open is not None:
                yield
                return
            try:
                with ExitStack() as self._open:
                    yield
            finally:
                self._open = None
                self._transactions.clear()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if self._open is None:
                with self._transaction(shard) as connection:
                    yield connection
                return
            if shard not in self._transactions:
                self._transactions[shard] = self._open.enter_context(self._transaction(shard))
            yield self._transactions[shard]

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[Connection]:
        with self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _wait_for_disk_only_at_checkpoints)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._engines[shard] = engine
        return self._engines[shard]

    def has_table(self, table_name: str) -> bool:
        """Whether a table stands in the log."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def has_secondary_index(self, name: str) -> bool:
        """Whether the log has been brought up to date in one respect."""
        if name not in self._indexes and super().has_secondary_index(name):
            self._indexes.add(name)
        return name in self._indexes

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        known = column_name in self._columns
        if not known and super()._has_asset_key_col_on_connection(conn, column_name):
            self._columns.add(column_name)
        return column_name in self._columns

    def close_files(self) -> None:
        """Closes the connections until the next event."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    def dispose(self) -> None:
        """Closes the connections."""
        self.close_files()
        super().dispose()


@contextmanager
def noted_together(instance: dg.DagsterInstance) -> Iterator[None]:
    """Has the events that a step yields one after the other written in one transaction a file.

    Args:
        instance: Dagster's own, as `dagster dev` uses it, writes each event as ever.
    """
    log = instance.event_log_storage
    with log.one_transaction() if isinstance(log, KeptConnectionsEventLog) else nullcontext():
        yield


def _wait_for_disk_only_at_checkpoints(connection: Any, _record: Any) -> None:
    connection.execute("pragma synchronous = normal")


@contextmanager
def dagster_instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    """Opens Dagster's records below a folder, which is also a valid `DAGSTER_HOME`.

    Args:
        folder: The folder; it must exist.
    """
    settings = folder / SETTINGS_FILE
    if not settings.exists():
        settings.write_text(_SETTINGS)
    reference = InstanceRef.from_dir(
        str(folder),
        overrides={
            "event_log_storage": {
                "module": KeptConnectionsEventLog.__module__,
                "class": KeptConnectionsEventLog.__qualname__,
                # Where Dagster looks by default.
                "config": {"base_dir": str(folder / "history" / "runs")},
            }
        },
    )
    with dg.DagsterInstance.from_ref(reference) as instance:
        yield instance
