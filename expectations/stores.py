"""The stores that a gate reads: their files, and in which of them a table stands.

Belongs here: names of catalogs, and what DuckDB may use. Does not belong here: what is checked, and
the dialect through which Great Expectations reads (`duckdb_source`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.check import quoted

_WAREHOUSE_LAYERS = frozenset({"staging", "intermediate", "core", "meta"})
_PUBLISHED_LAYERS = frozenset({"marts", "restricted"})


@dataclass(frozen=True)
class Stores:
    """The DuckDB files that checks read, and what DuckDB may use for it.

    Attributes:
        databases: Files by alias, which is the catalog in SQL: `raw`, `warehouse`, `marts` and
            `restricted`, as far as a gate has them.
        memory_limit: What DuckDB may use, such as `2GB`.
        threads: How many threads DuckDB may use.
    """

    databases: Mapping[str, Path]
    memory_limit: str
    threads: int

    @classmethod
    def of(cls, databases: Mapping[str, Path]) -> Stores:
        """Gives stores with the limits that the environment sets."""
        return cls(
            databases=databases,
            memory_limit=os.environ.get("SALESOPS_MEMORY_LIMIT", "2GB"),
            threads=int(os.environ.get("SALESOPS_THREADS", "2")),
        )

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Opens an in-memory database to which the stores are attached read-only."""
        connection = duckdb.connect(
            ":memory:", config={"memory_limit": self.memory_limit, "threads": self.threads}
        )
        try:
            attach(connection, self.databases)
            yield connection
        finally:
            connection.close()


@dataclass(frozen=True)
class Catalog:
    """Where tables stand.

    Attributes:
        views: SQL of each view of the warehouse, by `schema.name`.
    """

    views: Mapping[str, str]

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> Catalog:
        """Reads it from stores that are attached."""
        rows = connection.execute(
            "select schema_name || '.' || view_name, sql from duckdb_views() "
            "where database_name = 'warehouse' and not internal"
        ).fetchall()
        return cls(dict(rows))

    def qualified(self, table: str) -> str:
        """Names a table with its catalog.

        The published layers have files of their own for their tables; a view of such a layer
        stays in the warehouse.

        Args:
            table: Schema and name.
        """
        layer = table.partition(".")[0]
        if layer in _PUBLISHED_LAYERS and table not in self.views:
            return f"{layer}.{table}"
        is_built = layer in _WAREHOUSE_LAYERS or layer in _PUBLISHED_LAYERS
        return f"{'warehouse' if is_built else 'raw'}.{table}"


def attach(connection: duckdb.DuckDBPyConnection, databases: Mapping[str, Path]) -> None:
    """Attaches files read-only under their aliases."""
    for alias, path in databases.items():
        connection.execute(f'attach {quoted(str(path))} as "{alias}" (read_only)')
