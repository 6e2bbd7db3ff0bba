"""How a home is doing: what is published, how the last refresh ended, whether one is running.

Belongs here: putting together what records and published files say. Does not belong here: how it is
shown (`summary`). It opens neither raw nor the warehouse, so it works while a refresh runs.
"""

from __future__ import annotations

from datetime import datetime

import duckdb
from pydantic import BaseModel

from ingestion.home import Home
from orchestration.lock import is_locked
from orchestration.publication import current_version, list_versions, published_database
from orchestration.run_records import RunRecord, read_records


class HomeStatus(BaseModel):
    """What `salesops status` says.

    Attributes:
        published_version: The version that BI reads; nothing where none is published.
        newest_extract: The moment that the newest extract of what is published speaks for (UTC).
        last_refresh: The newest refresh that has ended.
    """

    home: str
    is_refreshing: bool
    published_version: str | None
    published_at: datetime | None
    newest_extract: datetime | None
    versions_kept: int
    last_refresh: RunRecord | None


def read_status(home: Home) -> HomeStatus:
    """Reads the status of a home, which need not exist yet."""
    refreshing = is_locked(home)
    versions = list_versions(home)
    current = current_version(home)
    manifest = next((m for m in versions if m.version == current), None)
    return HomeStatus(
        home=str(home.root),
        is_refreshing=refreshing,
        published_version=current,
        published_at=manifest.published_at if manifest else None,
        newest_extract=_newest_extract(home),
        versions_kept=len(versions),
        last_refresh=_last_refresh(home, refreshing),
    )


def _last_refresh(home: Home, refreshing: bool) -> RunRecord | None:
    for record in read_records(home):
        if record.status != "running":
            return record
        if not refreshing:
            # The next refresh notes this in the record itself.
            return record.model_copy(
                update={"status": "failed", "exit_code": 1, "message": "its process was killed"}
            )
    return None


def _newest_extract(home: Home) -> datetime | None:
    path = published_database(home)
    if not path.exists():
        return None
    with duckdb.connect(str(path), read_only=True) as connection:
        (newest,) = connection.execute(
            "select max(newest_extract_at) from marts.marts.source_coverage"
        ).fetchall()[0]
    return newest
