"""Publication against small hand-made warehouses: what is in a version, and how versions change."""

import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingestion.home import Home
from orchestration import publication
from orchestration.errors import PublicationError, UsageError

MART = "mart_conversion"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    # A name that breaks SQL which is glued together without quoting.
    home = Home(tmp_path / "it's a home")
    home.create()
    return home


def build_warehouse(home: Home, won_deals: int) -> None:
    """Writes one metric mart of two rows, a wide mart, and a view that reads raw."""
    home.warehouse_db.unlink(missing_ok=True)
    home.raw_db.unlink(missing_ok=True)
    with duckdb.connect(str(home.raw_db)) as raw:
        raw.execute("create schema landing")
        raw.execute("create table landing.gate_results as select 'core' as gate, 7 as rows_checked")
    with duckdb.connect(str(home.warehouse_db)) as warehouse:
        warehouse.execute(f"attach '{str(home.raw_db).replace(chr(39), chr(39) * 2)}' as raw")
        warehouse.execute("create schema core; create schema marts")
        warehouse.execute("create table core.fct_opportunity as select 'secret' as note")
        warehouse.execute(
            f"create table marts.{MART} as select * from (values "
            f"('rep', 'ann', date '2017-10-01', {won_deals}, 0.25::decimal(18, 2)), "
            "('company', 'all', date '2017-10-01', 12, null)) "
            "as t (level, member_id, period_start, won_deals, won_value)"
        )
        warehouse.execute(f"comment on table marts.{MART} is 'One row per member''s period.'")
        warehouse.execute(f"comment on column marts.{MART}.won_deals is 'Deals won; \"all\".'")
        warehouse.execute("create table marts.mart_opportunities as select 'x1' as opportunity_id")
        warehouse.execute(
            "create view marts.data_quality as from raw.landing.gate_results;"
            "comment on view marts.data_quality is 'Checks.';"
            "comment on column marts.data_quality.gate is 'Which gate.'"
        )


def read(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def won_deals(home: Home) -> int:
    path = publication.published_database(home)
    return read(path, f"select won_deals from marts.marts.{MART} where level = 'rep'")[0][0]


def test_a_version_holds_the_marts_and_nothing_else(home: Home):
    build_warehouse(home, won_deals=3)
    manifest = publication.publish(home, "20260101T000000Z-aaaa")
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
    assert publication.current_version(home) == "20260101T000000Z-aaaa"


def test_types_values_and_order_are_carried_over(home: Home):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    path = publication.published_database(home)
    assert [row[1] for row in read(path, f"describe marts.marts.{MART}")] == [
        "VARCHAR",
        "VARCHAR",
        "DATE",
        "INTEGER",
        "DECIMAL(18,2)",
    ]
    # Sorted by level, although the warehouse has the rep first.
    assert read(path, f"select level, won_deals from marts.marts.{MART}") == [
        ("company", 12),
        ("rep", 3),
    ]


def test_comments_are_carried_over(home: Home):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    path = publication.published_database(home)
    assert read(path, "select table_name, comment from duckdb_tables() order by 1") == [
        ("data_quality", "Checks."),
        (MART, "One row per member's period."),
        ("mart_opportunities", None),
    ]
    assert read(
        path,
        "select table_name, column_name, comment from duckdb_columns() "
        "where schema_name = 'marts' and comment is not null order by all",
    ) == [("data_quality", "gate", "Which gate."), (MART, "won_deals", 'Deals won; "all".')]


def test_older_drivers_can_open_the_file(home: Home):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    path = publication.published_database(home)
    tags = read(path, "select tags from duckdb_databases() where not internal")[0][0]
    assert tags["storage_version"].startswith("v1.2.0")


def test_a_tool_that_writes_schema_and_table_finds_the_marts_in_main(home: Home):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    path = publication.published_database(home)
    with pytest.raises(duckdb.BinderException, match="Ambiguous"):
        read(path, f"from marts.{MART}")
    assert read(path, f'from "main"."{MART}"') == read(path, f"from marts.marts.{MART}")


def test_parquet_stands_beside_it(home: Home):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    files = publication.published_parquet(home)
    assert sorted(path.name for path in files.iterdir()) == [
        "data_quality.parquet",
        f"{MART}.parquet",
        "mart_opportunities.parquet",
    ]
    rows = duckdb.execute("from read_parquet(?) order by level", [str(files / f"{MART}.parquet")])
    published = read(
        publication.published_database(home), f"from marts.marts.{MART} order by level"
    )
    assert rows.fetchall() == published


def test_nobody_can_write_to_what_is_published(home: Home):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    mode = stat.S_IMODE(publication.published_database(home).stat().st_mode)
    assert mode == 0o444


def test_pay_is_published_apart_for_its_owner_alone(home: Home):
    build_warehouse(home, won_deals=3)
    with duckdb.connect(str(home.warehouse_db)) as warehouse:
        warehouse.execute("create schema restricted")
        warehouse.execute("create table restricted.dim_employee as select 'Ada' as worker_name")
        warehouse.execute("create view restricted.fct_headcount_daily as select 1 as days")
    manifest = publication.publish(home, "20260101T000000Z-aaaa")
    path = publication.restricted_database(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert read(path, "select worker_name from restricted.restricted.dim_employee") == [("Ada",)]
    assert [*manifest.restricted_tables] == ["dim_employee"]
    assert "dim_employee" not in manifest.tables
    open_tables = "select table_name from duckdb_tables() where table_name = 'dim_employee'"
    assert read(publication.published_database(home), open_tables) == []
    assert not (publication.published_parquet(home) / "dim_employee.parquet").exists()


def test_pay_is_rolled_back_with_the_marts(home: Home):
    for version, name in (("20260101T000000Z-aaaa", "Ada"), ("20260102T000000Z-bbbb", "Bo")):
        build_warehouse(home, won_deals=3)
        with duckdb.connect(str(home.warehouse_db)) as warehouse:
            warehouse.execute("create schema restricted")
            warehouse.execute(f"create table restricted.dim_employee as select '{name}' as name")
        publication.publish(home, version)
    publication.rollback(home)
    path = publication.restricted_database(home)
    assert read(path, "select name from restricted.restricted.dim_employee") == [("Ada",)]


READER = """
import sys, duckdb
reader = duckdb.connect(sys.argv[1], read_only=True)
sql = "select won_deals from marts.marts.mart_conversion where level = 'rep'"
for line in sys.stdin:
    print(reader.execute(sql).fetchall()[0][0], flush=True)
"""


def test_a_reader_keeps_the_version_it_has_open(home: Home):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
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
        build_warehouse(home, won_deals=4)
        # The old version is even thrown away while it is read.
        publication.publish(home, "20260102T000000Z-bbbb", keep_versions=1)
        assert won_deals(home) == 4
        print("read", file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "3\n"
        reader.stdin.close()


def test_a_version_that_fails_its_check_is_not_published(home: Home, monkeypatch):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    build_warehouse(home, won_deals=4)
    copy_relation = publication._copy_relation

    def copy_and_lose_rows(connection, schema, relation):
        copy_relation(connection, schema, relation)
        connection.execute(f"delete from marts.marts.{relation.name} where won_deals = 4")

    monkeypatch.setattr(publication, "_copy_relation", copy_and_lose_rows)
    monkeypatch.setattr(
        publication,
        "read_relations",
        lambda connection, schema="marts": (
            [publication.Relation(MART, ("level",), None, ())] if schema == "marts" else []
        ),
    )
    with pytest.raises(PublicationError, match=MART):
        publication.publish(home, "20260102T000000Z-bbbb")
    assert won_deals(home) == 3
    assert publication.current_version(home) == "20260101T000000Z-aaaa"
    assert [m.version for m in publication.list_versions(home)] == ["20260101T000000Z-aaaa"]


def test_one_changed_value_fails_the_check(home: Home, monkeypatch):
    build_warehouse(home, won_deals=3)
    copy_relation = publication._copy_relation

    def copy_and_change(connection, schema, relation):
        copy_relation(connection, schema, relation)
        if relation.name == MART:
            connection.execute(
                f"update marts.marts.{MART} set won_value = 0.26 where won_deals = 3"
            )

    monkeypatch.setattr(publication, "_copy_relation", copy_and_change)
    with pytest.raises(PublicationError, match=MART):
        publication.publish(home, "20260101T000000Z-aaaa")
    assert not publication.published_database(home).exists()


def crash(version: object) -> None:
    raise KeyboardInterrupt


def test_a_crash_before_the_swap_leaves_the_old_version_and_no_litter(home: Home, monkeypatch):
    build_warehouse(home, won_deals=3)
    publication.publish(home, "20260101T000000Z-aaaa")
    build_warehouse(home, won_deals=4)
    with monkeypatch.context() as patch:
        patch.setattr(publication, "_make_durable", crash)
        with pytest.raises(KeyboardInterrupt):
            publication.publish(home, "20260102T000000Z-bbbb")
    assert won_deals(home) == 3
    publication.publish(home, "20260103T000000Z-cccc")
    assert won_deals(home) == 4
    assert sorted(path.name for path in (home.published / "versions").iterdir()) == [
        "20260101T000000Z-aaaa",
        "20260103T000000Z-cccc",
    ]


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
    build_warehouse(home, won_deals=3)
    first = publication.publish(home, "20260101T000000Z-aaaa")
    build_warehouse(home, won_deals=3)
    second = publication.publish(home, "20260102T000000Z-bbbb")
    build_warehouse(home, won_deals=4)
    third = publication.publish(home, "20260103T000000Z-cccc")
    assert first.tables == second.tables
    assert third.tables[MART] != second.tables[MART]


@pytest.fixture
def three_versions(home: Home) -> Home:
    for number, run_id in enumerate(["20260101T0-a", "20260102T0-b", "20260103T0-c"], start=1):
        build_warehouse(home, won_deals=number)
        publication.publish(home, run_id)
    return home


def test_rollback_swaps_the_version_before_back_in(three_versions: Home):
    assert publication.rollback(three_versions).version == "20260102T0-b"
    assert won_deals(three_versions) == 2
    parquet = publication.published_parquet(three_versions) / f"{MART}.parquet"
    sql = "select won_deals from read_parquet(?) where level = 'rep'"
    assert duckdb.execute(sql, [str(parquet)]).fetchall() == [(2,)]
    # And once more goes one further back.
    assert publication.rollback(three_versions).version == "20260101T0-a"


def test_rollback_to_a_named_version_and_forth(three_versions: Home):
    publication.rollback(three_versions, "20260101T0-a")
    publication.rollback(three_versions, "20260103T0-c")
    assert won_deals(three_versions) == 3
    # The version in force again: nothing is left lying beside it.
    publication.rollback(three_versions, "20260103T0-c")
    assert not (three_versions.published / ".marts.duckdb.new").exists()


def test_rollback_says_what_there_is(three_versions: Home):
    with pytest.raises(UsageError, match="20260103T0-c, 20260102T0-b, 20260101T0-a"):
        publication.rollback(three_versions, "20250101T0-z")
    publication.rollback(three_versions, "20260101T0-a")
    with pytest.raises(UsageError, match="no version before 20260101T0-a"):
        publication.rollback(three_versions)


def test_old_versions_are_thrown_away(three_versions: Home):
    build_warehouse(three_versions, won_deals=4)
    publication.publish(three_versions, "20260104T0-d", keep_versions=2)
    kept = [manifest.version for manifest in publication.list_versions(three_versions)]
    assert kept == ["20260104T0-d", "20260103T0-c"]


def test_the_version_in_force_is_never_thrown_away(three_versions: Home):
    build_warehouse(three_versions, won_deals=4)
    # The machine's clock went back a year.
    publication.publish(three_versions, "20250101T0-d", keep_versions=2)
    assert won_deals(three_versions) == 4
    assert publication.current_version(three_versions) == "20250101T0-d"


def test_nothing_to_publish_is_an_error_that_says_what_to_do(home: Home):
    with pytest.raises(PublicationError, match="refresh --force"):
        publication.publish(home, "20260101T000000Z-aaaa")
    duckdb.connect(str(home.warehouse_db)).close()
    with pytest.raises(PublicationError, match="refresh --force"):
        publication.publish(home, "20260101T000000Z-aaaa")
    assert not publication.published_database(home).exists()
