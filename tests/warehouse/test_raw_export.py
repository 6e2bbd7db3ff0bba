"""The Parquet export holds what raw holds, and is only ever replaced as a whole."""

from __future__ import annotations

import stat
from datetime import datetime

import duckdb
import pytest
from warehouse_testbed import ChangeLogOfTest

from ingestion.errors import SalesopsError
from ingestion.raw.export import export_raw

NIGHT = datetime(2026, 1, 5, 2)


@pytest.fixture
def log(tmp_path) -> ChangeLogOfTest:
    # A name with a quote and a space: it stands in SQL and in file patterns.
    log = ChangeLogOfTest(tmp_path / "o'hara & co")
    log.add("teams", NIGHT, [{"team_id": "t1", "team_name": "Reds"}])
    return log


def test_every_table_is_exported_for_its_owner_only(log):
    folder = log.home / "export" / "raw"
    export_raw(log.home / "raw.duckdb", folder)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
    with duckdb.connect(str(log.home / "raw.duckdb"), read_only=True) as raw:
        tables = raw.execute(
            "select schema_name || '/' || table_name from duckdb_tables()"
        ).fetchall()
    assert files == sorted(f"{table}/part-0.parquet" for (table,) in tables)
    teams = duckdb.read_parquet(str(folder / "crm" / "teams" / "part-0.parquet"))
    assert teams.project("team_id, team_name, _op, _extracted_at").fetchall() == [
        ("t1", "Reds", "upsert", NIGHT)
    ]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*.parquet")}
    assert modes == {0o600}


def test_a_table_that_raw_lost_does_not_linger(log):
    folder = log.home / "export" / "raw"
    log.execute("create table crm.short_lived as select 1 as one")
    export_raw(log.home / "raw.duckdb", folder)
    assert (folder / "crm" / "short_lived").is_dir()
    log.execute("drop table crm.short_lived")
    export_raw(log.home / "raw.duckdb", folder)
    assert not (folder / "crm" / "short_lived").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["raw"]


def test_a_failed_export_leaves_the_last_one(log):
    folder = log.home / "export" / "raw"
    export_raw(log.home / "raw.duckdb", folder)
    before = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    (log.home / "raw.duckdb").write_bytes(b"not a database any more")
    with pytest.raises(duckdb.Error):
        export_raw(log.home / "raw.duckdb", folder)
    assert {path: path.read_bytes() for path in folder.rglob("*.parquet")} == before
    assert [path.name for path in folder.parent.iterdir()] == ["raw"]


def test_without_a_change_log_it_says_what_to_do(tmp_path):
    with pytest.raises(SalesopsError, match="run a refresh"):
        export_raw(tmp_path / "raw.duckdb", tmp_path / "export")
