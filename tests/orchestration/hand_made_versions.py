"""Small versions made by hand: what dbt would have written into a building, and homes of before.

Belongs here: making warehouses, buildings and published homes that tests start from. Does not
belong here: what tests expect of them.
"""

import json
import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.home import Home
from orchestration import publication
from orchestration.publication import Building, Manifest

MART = "mart_conversion"
FIRST, SECOND, THIRD, FOURTH = "20260101T0-a", "20260102T0-b", "20260103T0-c", "20260104T0-d"
BUILT = frozenset({f"marts.{MART}", "marts.mart_opportunities", "restricted.dim_employee"})


def literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def build_warehouse(home: Home, rows_checked: int = 7) -> None:
    """Writes what stays behind: core, an open view that reads raw, and a restricted view."""
    home.warehouse_db.unlink(missing_ok=True)
    home.raw_db.unlink(missing_ok=True)
    with duckdb.connect(str(home.raw_db)) as raw:
        raw.execute("create schema landing")
        raw.execute(
            "create table landing.gate_results as "
            f"select 'core' as gate, {rows_checked} as rows_checked"
        )
    with duckdb.connect(str(home.warehouse_db)) as warehouse:
        warehouse.execute(f"attach {literal(home.raw_db)} as raw")
        warehouse.execute("create schema core; create schema marts; create schema restricted")
        warehouse.execute("create table core.fct_opportunity as select 'secret' as note")
        warehouse.execute(
            "create view marts.data_quality as from raw.landing.gate_results;"
            "comment on view marts.data_quality is 'Checks.';"
            "comment on column marts.data_quality.gate is 'Which gate.'"
        )
        warehouse.execute("create view restricted.fct_headcount_daily as select 1 as days")


def fill(building: Building, won_deals: int, only: Collection[str] = BUILT) -> frozenset[str]:
    """Writes into a building as dbt does: one metric mart, one wide mart, one table of people.

    The number of won deals is in all three, so that a reader can tell versions apart.
    """
    with duckdb.connect() as dbt:
        dbt.execute(f"attach {literal(building.marts)} as marts")
        dbt.execute(f"attach {literal(building.restricted)} as restricted")
        if f"marts.{MART}" in only:
            dbt.execute(
                f"create or replace table marts.marts.{MART} as select * from (values "
                f"('rep', 'ann', date '2017-10-01', {won_deals}, 0.25::decimal(18, 2)), "
                "('company', 'all', date '2017-10-01', 12, null)) "
                "as t (level, member_id, period_start, won_deals, won_value);"
                f"comment on table marts.marts.{MART} is 'One row per member''s period.';"
                f"comment on column marts.marts.{MART}.won_deals is 'Deals won; \"all\".'"
            )
        if "marts.mart_opportunities" in only:
            dbt.execute(
                "create or replace table marts.marts.mart_opportunities as "
                f"select 'x{won_deals}' as opportunity_id"
            )
        if "restricted.dim_employee" in only:
            dbt.execute(
                "create or replace table restricted.restricted.dim_employee as "
                f"select 'Ada {won_deals}' as worker_name;"
                "comment on table restricted.restricted.dim_employee is 'One row per employee.'"
            )
    return frozenset(only)


def published(
    home: Home,
    run_id: str,
    won_deals: int,
    *,
    carry: bool = False,
    only: Collection[str] = BUILT,
    keep_versions: int = 7,
) -> Manifest:
    """Builds and publishes a version."""
    building = Building.begin(home, run_id, carry)
    built = fill(building, won_deals, only)
    return publication.publish(home, building, built, keep_versions)


def read(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def seen_by_readers(home: Home) -> tuple[int, int, int]:
    """Reads won deals in all three places: open marts, restricted file, Parquet."""
    marts = publication.published_database(home)
    restricted = publication.restricted_database(home)
    parquet = publication.published_parquet(home) / f"{MART}.parquet"
    with duckdb.connect() as reader:
        reader.execute(f"attach {literal(marts)} as marts (read_only)")
        reader.execute(f"attach {literal(restricted)} as restricted (read_only)")
        return reader.execute(
            f"select (select won_deals from marts.marts.{MART} where level = 'rep'), "
            "(select cast(split_part(worker_name, ' ', 2) as integer) "
            "from restricted.restricted.dim_employee), "
            f"(select won_deals from read_parquet({literal(parquet)}) where level = 'rep')"
        ).fetchall()[0]


def won_deals(home: Home) -> int:
    """Reads won deals, after making sure that all three places are of one version."""
    seen = set(seen_by_readers(home))
    assert len(seen) == 1, seen
    return seen.pop()


def files_below(folder: Path) -> set[str]:
    """Names everything that stands below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def names_of(*versions: str) -> set[str]:
    """Gives all that may stand in `published/` when these versions are kept, and nothing else."""
    files = {
        "",
        "/manifest.json",
        "/published",
        "/marts.duckdb",
        "/restricted.duckdb",
        "/parquet",
        "/parquet/data_quality.parquet",
        f"/parquet/{MART}.parquet",
        "/parquet/mart_opportunities.parquet",
    }
    links = {"current", "marts.duckdb", "restricted.duckdb", "parquet"}
    return links | {"versions"} | {f"versions/{v}{file}" for v in versions for file in files}


def old_home(home: Home, *versions: tuple[str, int], in_force: str | None = None) -> None:
    """Makes a home as it was before `current`: hard links, no sequence, no hashes of files.

    Args:
        home: The home folder.
        versions: Each version's name and its won deals.
        in_force: The version that the names mean; by default the last.
    """
    build_warehouse(home)
    for name, number in versions:
        published(home, name, number)
        folder = home.published / "versions" / name
        manifest = json.loads((folder / "manifest.json").read_text())
        for key in ("sequence", "files", "descriptions"):
            del manifest[key]
        for entry in (*manifest["tables"].values(), *manifest["restricted_tables"].values()):
            del entry["built_by"]
        manifest["published_at"] = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
        (folder / "manifest.json").chmod(0o644)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "published").unlink()
    for name in ("current", "marts.duckdb", "restricted.duckdb", "parquet"):
        (home.published / name).unlink()
    old = home.published / "versions" / (in_force or versions[-1][0])
    for name in ("marts.duckdb", "restricted.duckdb"):
        os.link(old / name, home.published / name)
    (home.published / "parquet").symlink_to(Path("versions") / old.name / "parquet")
