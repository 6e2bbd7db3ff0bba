"""A building: what comes along from the version in force, and what of that is published again."""

import json
import stat
from collections.abc import Callable
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
    old_home,
    published,
    read,
    won_deals,
)

from ingestion.home import Home
from orchestration import publication
from orchestration.publication import Building

WIDE = "marts.mart_opportunities"
PAY = "restricted.dim_employee"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    build_warehouse(home)
    return home


def tables_in(database: Path, catalog: str) -> list[str]:
    """Attaches a file as dbt does, without saying a storage version, and names its tables."""
    with duckdb.connect() as dbt:
        dbt.execute(f"attach {literal(database)} as {catalog}")
        rows = dbt.execute(
            "select table_name from duckdb_tables() where schema_name = ? order by 1", [catalog]
        ).fetchall()
    return [name for (name,) in rows]


def test_a_building_begins_with_two_empty_databases_for_their_owner(home: Home):
    building = Building.begin(home, FIRST, carry=True)
    assert building.marts == home.root / "building" / FIRST / "marts.duckdb"
    assert building.restricted == home.root / "building" / FIRST / "restricted.duckdb"
    assert building.carried == {}
    for path, catalog in ((building.marts, "marts"), (building.restricted, "restricted")):
        assert tables_in(path, catalog) == []
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(building.marts.parent.stat().st_mode) == 0o700


def test_the_tables_of_the_version_in_force_come_along(home: Home):
    first = published(home, FIRST, 3)
    building = Building.begin(home, SECOND, carry=True)
    assert tables_in(building.marts, "marts") == [*first.tables]
    assert tables_in(building.restricted, "restricted") == ["dim_employee"]
    assert building.carried == {
        f"marts.{MART}": first.tables[MART],
        WIDE: first.tables["mart_opportunities"],
        "marts.data_quality": first.tables["data_quality"],
        PAY: first.restricted_tables["dim_employee"],
    }
    for path in (building.marts, building.restricted):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Building.begin(home, SECOND, carry=False).carried == {}


def test_the_version_in_force_comes_along_and_not_the_newest(home: Home):
    published(home, FIRST, 3)
    published(home, SECOND, 4)
    publication.rollback(home)
    building = Building.begin(home, THIRD, carry=True)
    assert building.carried[f"marts.{MART}"].built_by == FIRST


def damage(path: Path, write: Callable[[Path], object]) -> None:
    path.chmod(0o644)
    write(path)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def of_another_duckdb(path: Path) -> None:
    path.write_text(path.read_text().replace(f'"{duckdb.__version__}"', '"1.2.0"'))


@pytest.mark.parametrize(
    ("file", "how"),
    [
        ("marts.duckdb", flip),
        ("restricted.duckdb", flip),
        ("restricted.duckdb", Path.unlink),
        ("marts.duckdb", lambda path: path.write_bytes(b"")),
        ("manifest.json", lambda path: path.write_text("{")),
        ("manifest.json", Path.unlink),
        ("manifest.json", of_another_duckdb),
    ],
)
def test_nothing_comes_along_from_a_version_that_is_not_whole(
    home: Home, file: str, how: Callable[[Path], object]
):
    published(home, FIRST, 3)
    damage(home.published / "versions" / FIRST / file, how)
    building = Building.begin(home, SECOND, carry=True)
    assert building.carried == {}
    assert tables_in(building.marts, "marts") == []
    publication.publish(home, building, fill(building, 4))
    assert won_deals(home) == 4


def test_nothing_comes_along_from_a_version_without_hashes(home: Home):
    old_home(home, (FIRST, 3))
    assert Building.begin(home, SECOND, carry=True).carried == {}


def test_what_a_killed_refresh_left_is_thrown_away(home: Home):
    left = Building.begin(home, FIRST, carry=False)
    fill(left, 3)
    (home.building / "a file").write_text("")
    left.marts.chmod(0o400)
    building = Building.begin(home, SECOND, carry=False)
    assert [path.name for path in home.building.iterdir()] == [SECOND]
    building.discard()
    assert list(home.building.iterdir()) == []


def test_unchanged_tables_keep_their_entry_and_their_parquet_file(home: Home):
    first = published(home, FIRST, 3)
    second = published(home, SECOND, 3, carry=True, only={WIDE})
    assert second.tables[MART] == first.tables[MART]
    assert second.tables[MART].built_by == FIRST
    assert second.tables["mart_opportunities"].built_by == SECOND
    assert second.restricted_tables == first.restricted_tables
    # What a view shows is built in each run: raw may have changed.
    assert second.tables["data_quality"].built_by == SECOND

    def inode(version: str, mart: str) -> int:
        return (home.published / "versions" / version / "parquet" / f"{mart}.parquet").stat().st_ino

    assert inode(FIRST, MART) == inode(SECOND, MART)
    assert inode(FIRST, "mart_opportunities") != inode(SECOND, "mart_opportunities")
    assert inode(FIRST, "data_quality") != inode(SECOND, "data_quality")
    assert won_deals(home) == 3
    assert files_below(home.published) == names_of(FIRST, SECOND)
    assert [check for check in publication.verify(home) if check.faults] == []


def test_a_table_that_nobody_names_and_that_did_not_come_along_counts_as_built(home: Home):
    published(home, FIRST, 3)
    building = Building.begin(home, SECOND, carry=True)
    with duckdb.connect() as dbt:
        dbt.execute(f"attach {literal(building.marts)} as marts")
        dbt.execute("create table marts.marts.mart_new as select 1 as deals")
    manifest = publication.publish(home, building, built=())
    assert manifest.tables["mart_new"].built_by == SECOND
    assert read(publication.published_database(home), "from mart_new") == [(1,)]
    assert (publication.published_parquet(home) / "mart_new.parquet").exists()


@pytest.mark.parametrize("how", [flip, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_damaged_parquet_file_is_written_anew_and_not_linked(
    home: Home, how: Callable[[Path], object]
):
    first = published(home, FIRST, 3)
    damage(home.published / "versions" / FIRST / "parquet" / f"{MART}.parquet", how)
    second = published(home, SECOND, 3, carry=True, only={WIDE})
    assert second.tables[MART] == first.tables[MART]
    assert won_deals(home) == 3
    assert publication.is_available(home, SECOND)


def test_the_table_of_a_view_shows_what_raw_holds_now(home: Home):
    published(home, FIRST, 3)
    build_warehouse(home, rows_checked=8)
    published(home, SECOND, 3, carry=True, only=set())
    path = publication.published_database(home)
    assert read(path, "select rows_checked from data_quality") == [(8,)]


def test_tables_that_no_model_makes_any_more_go_if_the_caller_says_so(home: Home):
    published(home, FIRST, 3)
    published(home, SECOND, 3, carry=True, only=set())
    building = Building.begin(home, THIRD, carry=True)
    models = {*BUILT, "restricted.fct_headcount_daily", "core.dim_date"} - {WIDE}
    manifest = publication.publish(home, building, built=(), models=models)
    # The view has no model either.
    assert [*manifest.tables] == [MART]
    folder = home.published / "versions" / THIRD
    assert [path.name for path in (folder / "parquet").iterdir()] == [f"{MART}.parquet"]
    views = "select view_name from duckdb_views() where not internal"
    assert read(folder / "marts.duckdb", views) == [(MART,)]
    assert [*json.loads((folder / "manifest.json").read_text())["descriptions"]] == [
        f"marts.{MART}",
        PAY,
    ]


def with_texts(home: Home, run_id: str, carry: bool, catalog: str, mark: str) -> Building:
    """Begins a building and writes a table of two megabytes of texts into one database."""
    building = Building.begin(home, run_id, carry)
    path = building.marts if catalog == "marts" else building.restricted
    with duckdb.connect() as dbt:
        dbt.execute(f"attach {literal(path)} as {catalog}")
        # A checkpoint before it: dbt commits each table, and so does not get the old one's room.
        dbt.execute(
            f"create or replace table {catalog}.{catalog}.texts as "
            f"select '{mark}' || md5(cast(range as varchar)) as text from range(40000); checkpoint"
        )
    return building


def publish_texts(building: Building, home: Home, catalog: str) -> Path:
    if not building.carried:
        fill(building, 3)
    publication.publish(home, building, {f"{catalog}.texts"})
    return home.published / f"{catalog}.duckdb"


def test_a_database_holds_no_pay_of_an_earlier_night(home: Home):
    path = publish_texts(with_texts(home, FIRST, False, "restricted", "first"), home, "restricted")
    assert b"first" in path.read_bytes()
    path = publish_texts(with_texts(home, SECOND, True, "restricted", "other"), home, "restricted")
    content = path.read_bytes()
    assert b"other" in content
    assert b"first" not in content
    assert read(path, "select count(*), min(text)[:5] from texts") == [(40000, "other")]


def test_a_dropped_table_leaves_no_bytes_behind(home: Home):
    publish_texts(with_texts(home, FIRST, False, "marts", "first"), home, "marts")
    building = Building.begin(home, SECOND, carry=True)
    publication.publish(home, building, (), models={*BUILT, "marts.data_quality"})
    assert b"first" not in publication.published_database(home).read_bytes()
    assert won_deals(home) == 3


def test_a_database_does_not_grow_with_every_night(home: Home):
    publish_texts(with_texts(home, "20260101T0", False, "marts", "first"), home, "marts")
    sizes = []
    for night in range(2, 8):
        building = with_texts(home, f"2026010{night}T0", True, "marts", f"night{night}")
        sizes.append(publish_texts(building, home, "marts").stat().st_size)
    # Room for the table that is replaced beside the one that replaces it, never more. When DuckDB takes
    # that room back differs with the load of the machine; what grows would never be small again.
    assert max(sizes) <= 2.5 * min(sizes)
    assert min(sizes[-3:]) <= max(sizes[:2])
