"""How Great Expectations reaches DuckDB: a SQLAlchemy dialect over read-only attached files.

Belongs here: the dialect and the connection string. Does not belong here: what is checked.

Great Expectations ends a transaction before it fetches, and DuckDB then drops the result. The
checks only read, so the dialect has no transactions to end. See docs/decisions/0007.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL

from expectations.stores import attach

_NAME = "duckdb_readonly"


class ReadOnlyDialect(duckdb_engine.Dialect):
    """An in-memory DuckDB to which the files named in the URL's query are attached read-only."""

    supports_statement_cache = False
    _opened: ClassVar[list[duckdb.DuckDBPyConnection]] = []

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """Opens a connection and attaches `alias=path` for each item of the URL's query."""
        attachments: dict[str, str] = dict(cparams.pop("url_config", {}))
        connection = duckdb.connect(
            ":memory:",
            config={key: attachments.pop(key) for key in ("memory_limit", "threads")},
        )
        self._opened.append(connection)
        attach(connection, {alias: Path(path) for alias, path in attachments.items()})
        return duckdb_engine.ConnectionWrapper(connection)

    @classmethod
    def close_all(cls) -> None:
        """Closes every connection that was opened, so that the files can be written again.

        Great Expectations keeps engines of its own, which nothing it offers closes.
        """
        while cls._opened:
            cls._opened.pop().close()

    def do_begin(self, connection: Any) -> None:
        """Begins nothing: nothing is written."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commits nothing: a commit would drop the result that is still to be fetched."""

    def do_rollback(self, connection: Any) -> None:
        """Rolls nothing back, for the same reason."""


registry.register(_NAME, __name__, ReadOnlyDialect.__name__)


def connection_string(databases: Mapping[str, Path], memory_limit: str, threads: int) -> str:
    """Gives the SQLAlchemy URL of a read-only connection.

    Args:
        databases: DuckDB files by the alias under which queries name them.
        memory_limit: What DuckDB may use, such as `2GB`.
        threads: How many threads DuckDB may use.
    """
    query = {alias: str(path) for alias, path in databases.items()}
    url = URL.create(
        _NAME,
        database=":memory:",
        query={**query, "memory_limit": memory_limit, "threads": str(threads)},
    )
    return url.render_as_string(hide_password=False)
