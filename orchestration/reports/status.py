"""How a home is doing: what is published, how the last refresh ended, whether one is running.

Belongs here: putting together what records and published files say, and whether that is too old.
Does not belong here: how it is shown (`status_report`). It opens neither raw nor the warehouse and
takes no lock, so it works while a refresh runs and disturbs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
from pydantic import BaseModel

from ingestion.company.settings import CompanySettings, load_company
from ingestion.errors import CompanyError
from ingestion.home import Home
from orchestration.errors import ExitCode, message_of
from orchestration.machine_faults import explained
from orchestration.publication import (
    current_version,
    is_available,
    list_versions,
    published_database,
)
from orchestration.reports.ages import span_text
from orchestration.run.lock import is_locked
from orchestration.run.run_records import RunRecord, read_records


class HomeStatus(BaseModel):
    """What `salesops status` says. Every time carries its zone.

    Attributes:
        time_zone: The company's time zone (IANA name).
        published_version: The version that BI reads; nothing where none is published.
        newest_version: The newest publication; another one than `published_version` where a
            rollback is in force.
        is_rolled_back: Whether one is.
        newest_extract: The moment that the newest extract of what is published speaks for.
        newest_extracts: The same by source.
        last_refresh: The newest refresh that has ended.
        problems: What is damaged, in sentences.
        stale: What is older than was asked for, in sentences.
    """

    home: str
    time_zone: str
    is_refreshing: bool
    published_version: str | None
    published_at: datetime | None
    newest_version: str | None
    is_rolled_back: bool
    newest_extract: datetime | None
    newest_extracts: dict[str, datetime]
    versions_kept: int
    last_refresh: RunRecord | None
    problems: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The last refresh's code; where that is 0, what is damaged or too old decides."""
        if self.last_refresh and self.last_refresh.exit_code:
            return ExitCode(self.last_refresh.exit_code)
        if self.problems:
            return ExitCode.UNEXPECTED
        return ExitCode.STALE if self.stale else ExitCode.OK


def read_status(
    home: Home, max_age: timedelta | None = None, now: datetime | None = None
) -> HomeStatus:
    """Reads the status of a home, which need not exist yet.

    Args:
        home: The home folder.
        max_age: How old what is published and its newest extract may be; nothing asks for no age.
        now: The moment that ages are counted at; by default now.
    """
    last_refresh, refreshing = _last_refresh(home)
    versions = list_versions(home)
    current = current_version(home)
    published_at = next((m.published_at for m in versions if m.version == current), None)
    problems: list[str] = []
    if current is not None and not is_available(home, current):
        problems.append(
            f"the published version {current} is not what was published; `salesops verify` says "
            "which file, and `salesops rollback` or `salesops refresh --full` gives BI a whole one"
        )
    zone = _settings(home, problems).zone_on(datetime.now(UTC).date())
    extracts = _newest_extracts(home, problems)
    newest_extract = max(extracts.values(), default=None)
    stale: list[str] = []
    if max_age is not None:
        ages = {"what is published": published_at, "the newest extract": newest_extract}
        stale += _too_old(ages, max_age, now or datetime.now(UTC))
    newest = versions[0].version if versions else None
    return HomeStatus(
        home=str(home.root),
        time_zone=zone,
        is_refreshing=refreshing,
        published_version=current,
        published_at=published_at,
        newest_version=newest,
        is_rolled_back=current is not None and newest is not None and current != newest,
        newest_extract=newest_extract,
        newest_extracts=extracts,
        versions_kept=len(versions),
        last_refresh=last_refresh,
        problems=tuple(problems),
        stale=tuple(stale),
    )


def _last_refresh(home: Home) -> tuple[RunRecord | None, bool]:
    """Gives the newest refresh that has ended, and whether one is running.

    The lock is looked at after a record that says "running" was read, and the record once more
    after the lock was found free: a refresh that ends meanwhile has closed its record before.
    """
    newest, others = _newest_record(home)
    is_running = is_locked(home)
    if newest is not None and newest.status == "running" and not is_running:
        newest, others = _newest_record(home)
        is_running = is_locked(home)
    if newest is None or newest.status != "running":
        return newest, is_running
    if is_running:
        return next((r for r in others if r.status != "running"), None), True
    # The next refresh notes this in the record itself.
    dead = {"status": "failed", "exit_code": 1, "message": "its process was killed"}
    return newest.model_copy(update=dead), False


def _newest_record(home: Home) -> tuple[RunRecord | None, Iterator[RunRecord]]:
    records = read_records(home)
    return next(records, None), records


def _settings(home: Home, problems: list[str]) -> CompanySettings:
    try:
        return load_company(home.company_file)
    except (CompanyError, OSError) as error:
        problems.append(message_of(error))
        return CompanySettings()


def _newest_extracts(home: Home, problems: list[str]) -> dict[str, datetime]:
    """Gives the moment that the newest extract of each source speaks for."""
    path = published_database(home)
    if not path.exists():
        return {}
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.execute(
                "select source, max(newest_extract_at) from marts.marts.source_coverage "
                "group by source having max(newest_extract_at) is not null order by source"
            ).fetchall()
    except duckdb.Error as error:
        problems.append(explained(error, path) or f"{path} cannot be read: {message_of(error)}")
        return {}
    return {source: newest.replace(tzinfo=UTC) for source, newest in rows}


def _too_old(ages: dict[str, datetime | None], max_age: timedelta, now: datetime) -> list[str]:
    """Says of each moment that lies back further than it may."""
    old = []
    for name, moment in ages.items():
        if moment is None:
            old.append(f"{name}: there is none")
        elif now - moment > max_age:
            age, allowed = span_text(now - moment), span_text(max_age)
            old.append(f"{name} is {age} old; at most {allowed} was asked for")
    return old
