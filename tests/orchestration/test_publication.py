"""Publication of small hand-made buildings: what is in a version, and what is never published."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import duckdb
import pytest
from hand_made_versions import (
    BUILT,
    FIRST,
    MART,
    SECOND,
    THIRD,
    build_warehouse,
    files_below,
    fill,
    literal,
    names_of,
    published,
    read,
    won_deals,
)

from ingestion.home import Home
from orchestration import publication
from orchestration.errors import PublicationError
from orchestration.publication import Building


@pytest.fixture
def home(tmp_path: Path) -> Home:
    # A name that breaks SQL which is glued together without quoting.
    home = Home(tmp_path / "it's a home")
    home.create()
    build_warehouse(home)
    return home


def test_a_version_holds_the_marts_and_nothing_else(home: Home):
    manifest = published(home, FIRST, 3)
    tables = "select schema_name, table_name from duckdb_tables() order by all"
    assert read(publication.published_database(home), tables) == [
        ("marts", "data_quality"),
        ("marts", MART),
        ("marts", "mart_opportunities"),
    ]
    assert {name: entry.rows for name, entry in manifest.tables.items()} == {
        "data_quality": 1,
        MART: 2,
        "mart_opportunities": 1,
    }
    assert publication.current_version(home) == FIRST
    assert files_below(home.published) == names_of(FIRST)
    assert list(home.building.iterdir()) == []


def test_types_and_values_are_what_dbt_wrote(home: Home):
    published(home, FIRST, 3)
    path = publication.published_database(home)
    assert [row[1] for row in read(path, f"describe marts.marts.{MART}")] == [
        "VARCHAR",
        "VARCHAR",
        "DATE",
        "INTEGER",
        "DECIMAL(18,2)",
    ]
    assert read(path, f"select level, won_deals, won_value from {MART} order by level") == [
        ("company", 12, None),
        ("rep", 3, 0.25),
    ]


def test_comments_are_carried_over(home: Home):
    published(home, FIRST, 3)
    path = publication.published_database(home)
    assert read(path, "select table_name, comment from duckdb_tables() order by 1") == [
        ("data_quality", "Checks."),
        (MART, "One row per member's period."),
        ("mart_opportunities", None),
    ]
    columns = [("data_quality", "gate", "Which gate."), (MART, "won_deals", 'Deals won; "all".')]
    for schema in ("marts", "main"):
        assert (
            read(
                path,
                "select table_name, column_name, comment from duckdb_columns() "
                f"where schema_name = '{schema}' and comment is not null order by all",
            )
            == columns
        )
    views = "select view_name, comment from duckdb_views() where not internal order by 1"
    assert read(path, views)[1] == (MART, "One row per member's period.")


def test_the_manifest_has_descriptions_hashes_and_builders(home: Home):
    published(home, FIRST, 3)
    folder = home.published / "versions" / FIRST
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["descriptions"][f"marts.{MART}"] == {
        "table": "One row per member's period.",
        "columns": {"won_deals": 'Deals won; "all".'},
    }
    assert manifest["descriptions"]["restricted.dim_employee"]["table"] == "One row per employee."
    assert {entry["built_by"] for entry in manifest["tables"].values()} == {FIRST}
    for name in ("marts.duckdb", "restricted.duckdb", f"parquet/{MART}.parquet"):
        # Hashed by another program.
        done = subprocess.run(
            ["sha256sum", folder / name], capture_output=True, text=True, check=True
        )
        assert manifest["files"][name] == {
            "size_bytes": (folder / name).stat().st_size,
            "sha256": done.stdout.lstrip("\\").split()[0],
        }
    assert manifest["size_bytes"] == (folder / "marts.duckdb").stat().st_size


def test_older_drivers_can_open_the_files(home: Home):
    published(home, FIRST, 3)
    # Also one that was carried along, and written anew because a table was replaced.
    published(home, SECOND, 4, carry=True)
    for path in (publication.published_database(home), publication.restricted_database(home)):
        tags = read(path, "select tags from duckdb_databases() where not internal")[0][0]
        assert tags["storage_version"].startswith("v1.2.0")


def test_a_tool_that_writes_schema_and_table_finds_the_marts_in_main(home: Home):
    published(home, FIRST, 3)
    path = publication.published_database(home)
    with pytest.raises(duckdb.BinderException, match="Ambiguous"):
        read(path, f"from marts.{MART}")
    assert read(path, f'from "main"."{MART}"') == read(path, f"from marts.marts.{MART}")


def test_parquet_stands_beside_it_sorted_for_dashboards(home: Home):
    published(home, FIRST, 3)
    files = publication.published_parquet(home)
    assert sorted(path.name for path in files.iterdir()) == [
        "data_quality.parquet",
        f"{MART}.parquet",
        "mart_opportunities.parquet",
    ]
    rows = duckdb.execute("from read_parquet(?)", [str(files / f"{MART}.parquet")]).fetchall()
    # Sorted by level, although the mart has the rep first.
    assert rows == read(
        publication.published_database(home), f"from marts.marts.{MART} order by level"
    )
    assert rows[0][0] == "company"


def test_nobody_can_write_to_what_is_published(home: Home):
    published(home, FIRST, 3)
    for name, mode in (
        ("marts.duckdb", 0o444),
        ("restricted.duckdb", 0o400),
        (f"parquet/{MART}.parquet", 0o444),
        (f"versions/{FIRST}/manifest.json", 0o444),
    ):
        assert stat.S_IMODE((home.published / name).stat().st_mode) == mode, name


def test_pay_is_published_apart_for_its_owner_alone(home: Home):
    manifest = published(home, FIRST, 3)
    path = publication.restricted_database(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert read(path, "from restricted.restricted.dim_employee") == [("Ada 3",)]
    assert read(path, "from main.dim_employee") == [("Ada 3",)]
    # The view of every day stays in the warehouse.
    assert [*manifest.restricted_tables] == ["dim_employee"]
    assert "dim_employee" not in manifest.tables
    open_tables = "select table_name from duckdb_tables() where table_name = 'dim_employee'"
    assert read(publication.published_database(home), open_tables) == []
    assert not (publication.published_parquet(home) / "dim_employee.parquet").exists()


READER = """
import sys, duckdb
reader = duckdb.connect(sys.argv[1], read_only=True)
sql = "select won_deals from marts.marts.mart_conversion where level = 'rep'"
for line in sys.stdin:
    print(reader.execute(sql).fetchall()[0][0], flush=True)
"""


def test_a_reader_keeps_the_version_it_has_open(home: Home):
    published(home, FIRST, 3)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(publication.published_database(home))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin and reader.stdout
    with reader:
        print("read", file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "3\n"
        # The old version is even thrown away while it is read.
        published(home, SECOND, 4, keep_versions=1)
        assert files_below(home.published) == names_of(SECOND)
        assert won_deals(home) == 4
        print("read", file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "3\n"
        reader.stdin.close()


def refused(
    home: Home,
    match: str,
    *,
    only: Collection[str] = BUILT,
    built: Collection[str] | None = None,
    models: Collection[str] | None = None,
    change: str = "",
) -> None:
    """Publishes a second version that must be refused, and looks whether the first one stands."""
    published(home, FIRST, 3)
    building = Building.begin(home, SECOND, carry=True)
    filled = fill(building, 4, only)
    with duckdb.connect() as dbt:
        dbt.execute(f"attach {literal(building.marts)} as marts")
        if change:
            dbt.execute(change)
    with pytest.raises(PublicationError, match=match):
        publication.publish(home, building, filled if built is None else built, models=models)
    assert won_deals(home) == 3
    assert files_below(home.published) == names_of(FIRST)
    assert list(home.building.iterdir()) == []


def test_a_table_that_should_be_built_and_is_not_there_is_refused(home: Home):
    refused(home, "marts.mart_ramp should be published", built={*BUILT, "marts.mart_ramp"})


def test_a_table_that_a_model_makes_and_is_not_there_is_refused(home: Home):
    models = {*BUILT, "marts.data_quality", "restricted.dim_person", "core.dim_date"}
    refused(home, r"^restricted.dim_person should be published", models=models)


def test_a_table_that_changed_although_nothing_built_it_is_refused(home: Home):
    refused(
        home,
        f"marts.{MART} was not built in this run, but has 1 rows instead of the 2",
        only={"marts.mart_opportunities"},
        change=f"delete from marts.marts.{MART} where level = 'rep'",
    )


def test_a_view_that_only_the_warehouse_could_read_is_refused(home: Home):
    refused(
        home,
        "marts.mart_new was written as a view",
        change="create view marts.marts.mart_new as select 1 as deals",
    )


def test_a_database_that_is_still_written_to_is_refused(home: Home, monkeypatch):
    published(home, FIRST, 3)
    building = Building.begin(home, SECOND, carry=False)
    built = fill(building, 4)
    from orchestration.publication.parquet import write_parquet

    def write_and_leave_a_log(*arguments):
        building.marts.with_name("marts.duckdb.wal").touch()
        return write_parquet(*arguments)

    monkeypatch.setattr("orchestration.publication.publishing.write_parquet", write_and_leave_a_log)
    with pytest.raises(PublicationError, match=r"marts\.duckdb is still open in another program"):
        publication.publish(home, building, built)
    assert won_deals(home) == 3


def test_parquet_that_lost_rows_is_refused(home: Home, monkeypatch):
    published(home, FIRST, 3)
    monkeypatch.setattr(
        "orchestration.publication.databases.Relation.order", property(lambda _: " limit 1")
    )
    building = Building.begin(home, SECOND, carry=False)
    with pytest.raises(PublicationError, match=f"{MART}.parquet has 1 rows instead of 2"):
        publication.publish(home, building, fill(building, 4))
    assert won_deals(home) == 3
    assert files_below(home.published) == names_of(FIRST)


def test_everything_is_on_disk_before_a_name_means_it(home: Home, monkeypatch):
    published(home, FIRST, 3)
    building = Building.begin(home, SECOND, carry=True)
    built = fill(building, 4)
    synced: set[int] = set()
    checked = []
    fsync, rename, replace = os.fsync, Path.rename, Path.replace

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    def checked_rename(path: Path, target: Path) -> Path:
        if path == building.places.folder:
            things = [path, *path.rglob("*")]
            assert len(things) == len(names_of(SECOND) - names_of()) - 1
            assert [thing for thing in things if thing.stat().st_ino not in synced] == []
            checked.append("moved in")
        return rename(path, target)

    def checked_replace(path: Path, target: Path) -> Path:
        if target == home.published / "current":
            assert (home.published / "versions").stat().st_ino in synced
            checked.append("in force")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", checked_rename)
    monkeypatch.setattr(Path, "replace", checked_replace)
    publication.publish(home, building, built)
    assert checked == ["moved in", "in force"]
    assert home.published.stat().st_ino in synced


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interruption_before_the_swap_leaves_the_old_version_and_no_litter(
    home: Home, monkeypatch
):
    published(home, FIRST, 3)
    for step in ("_make_durable", "swap_in"):
        with monkeypatch.context() as patch:
            patch.setattr(f"orchestration.publication.publishing.{step}", crash)
            with pytest.raises(KeyboardInterrupt):
                published(home, SECOND, 4)
        assert won_deals(home) == 3
        assert files_below(home.published) == names_of(FIRST)
        assert list(home.building.iterdir()) == []
    published(home, THIRD, 4)
    assert won_deals(home) == 4
    assert files_below(home.published) == names_of(FIRST, THIRD)


def test_the_content_hash_does_not_depend_on_the_order_of_rows():
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.a as from range(1000) order by range")
        connection.execute("create table marts.b as from range(1000) order by range desc")
        connection.execute("create table marts.c as from range(1001) where range <> 500")
        hashes = publication.content_hashes(connection, "memory")
    assert hashes["a"] == hashes["b"]
    assert hashes["a"].content_hash != hashes["c"].content_hash


def test_equal_marts_have_equal_hashes_in_every_version(home: Home):
    contents = [
        {name: entry.content_hash for name, entry in published(home, version, won).tables.items()}
        for version, won in ((FIRST, 3), (SECOND, 3), (THIRD, 4))
    ]
    assert contents[0] == contents[1]
    assert contents[2][MART] != contents[1][MART]


def test_nothing_to_publish_is_an_error_that_says_what_to_do(home: Home):
    with pytest.raises(PublicationError, match="refresh --full"):
        building = Building.begin(home, FIRST, carry=False)
        publication.publish(home, building, (), models=())
    home.warehouse_db.unlink()
    with pytest.raises(PublicationError, match="refresh --full"):
        published(home, FIRST, 3)
    assert not publication.published_database(home).exists()
    assert files_below(home.published) <= {"versions"}
