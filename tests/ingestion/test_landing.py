"""Landing: files become rows of the change log, and every record is accounted for."""

import itertools
import json
import logging
import random
import stat
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEADER = "product_id,product_name,list_price\n"
DAY = timedelta(days=1)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def products(*rows: str) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


def history(case) -> list[tuple]:
    return case.query(
        "select product_id, product_name, _op, _extracted_at from crm.products "
        "order by product_id, _extract_id"
    )


def test_first_landing(case):
    case.write("products.csv", products("1,Widget,10.50", "2,Gadget,"))
    file = case.land_one()
    assert (file.status, file.records, file.accepted) == ("landed", 2, 2)
    assert json.loads(file.control_totals) == {"list_price": "10.50"}
    assert file.size_bytes == (case.folder / "products.csv").stat().st_size
    rows = case.query(
        "select product_id, product_name, cast(list_price as varchar), _source_system, _op, "
        "_extracted_at, _extract_id from crm.products order by 1"
    )
    at = datetime(2026, 3, 1, 2, 0)
    extract_id = f"20260301T020000.000000Z-20260301T020000.000000Z-{file.sha256[:12]}"
    assert rows == [
        ("1", "Widget", "10.50", "case", "upsert", at, extract_id),
        ("2", "Gadget", None, "case", "upsert", at, extract_id),
    ]


def test_manifest_is_what_is_returned(case):
    case.write("products.csv", products("1,Widget,10.50", "1,Widget,10.50", "2,Gadget,x"))
    file = case.land_one()
    row = case.query(
        "select status, records, accepted, quarantined, unchanged, duplicates, deleted, sha256, "
        "extract_id, format from landing.files"
    )
    assert row == [("landed", 3, 1, 1, 1, 1, 0, file.sha256, file.extract_id, "csv")]


def test_files_that_only_their_owner_can_read(case):
    case.write("products.csv", products("1,Widget,x", "2,Gadget,1"))
    file = case.land_one()
    archived = case.home.archive / file.sha256[:2] / f"{file.sha256}.csv"
    quarantined = case.home.quarantine / "run-1" / "crm.products.parquet"
    for path in (case.home.raw_db, archived, quarantined):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(case.home.root.stat().st_mode) == 0o700
    assert not [*case.home.scratch.iterdir()]


def test_same_files_again_change_nothing(case):
    case.write("products.csv", products("1,Widget,10.50", "2,Gadget,x"))
    case.land()
    before = case.sizes()
    file = case.land_one()
    assert (file.status, file.records, file.quarantined, file.unchanged) == ("unchanged", 2, 1, 1)
    assert case.sizes() == before
    assert case.query("select count(*) from landing.quarantine") == [(1,)]


def test_touched_file_is_compared_by_rows(case):
    case.write("products.csv", products("1,Widget,10.50"))
    case.land()
    case.write("products.csv", products("1,Widget,10.50"), MARCH + DAY)
    file = case.land_one()
    assert (file.status, file.accepted, file.unchanged) == ("unchanged", 0, 1)
    assert len(history(case)) == 1


def test_return_to_an_earlier_state_is_a_change(case):
    for day, name in enumerate(["A", "B", "A"]):
        case.write("products.csv", products(f"1,{name},1"), MARCH + day * DAY)
        case.land()
    assert [row[1] for row in history(case)] == ["A", "B", "A"]


def test_key_that_vanished_is_deleted_and_may_return(case):
    for day, rows in enumerate([("1,A,1", "2,B,1"), ("2,B,1",), ("1,A,1", "2,B,1")]):
        case.write("products.csv", products(*rows), MARCH + day * DAY)
        file = case.land_one()
        assert file.deleted == (1 if day == 1 else 0)
    assert [row[:3] for row in history(case)] == [
        ("1", "A", "upsert"),
        ("1", None, "delete"),
        ("1", "A", "upsert"),
        ("2", "B", "upsert"),
    ]


def test_extract_without_changes_but_deletions_counts_as_landed(case):
    case.write("products.csv", products("1,A,1", "2,B,1"))
    case.land()
    case.write("products.csv", products("2,B,1"), MARCH + DAY)
    file = case.land_one()
    assert (file.status, file.accepted, file.unchanged, file.deleted) == ("landed", 0, 1, 1)


def test_times_from_paths_and_several_files_in_one_run(case):
    case.map(
        '  products: {files: "**/products.csv", columns: same}',
        'extracted_at: {pattern: "night_(?P<time>[0-9-]+)"}',
    )
    case.write("night_2026-01-02/products.csv", products("1,B,1"))
    case.write("night_2026-01-01/products.csv", products("1,A,1"))
    case.write("elsewhere/products.csv", products("1,C,1"))
    result = case.land()
    (refused,) = result.refused
    assert refused.file_name == "elsewhere/products.csv"
    assert refused.message.startswith("its path does not hold the time")
    assert [(row[1], row[3].day) for row in history(case)] == [("A", 1), ("B", 2)]


def test_any_order_of_files_gives_the_same_history(case, tmp_path):
    """Full and delta files of ten nights, landed one by one in a random order."""
    tables = """\
  products:
    - {files: "*.full.csv", columns: same, max_deleted: 1.0}
    - {files: "*.delta.csv", kind: delta, columns: same}"""
    options = 'extracted_at: {pattern: "(?P<time>[0-9-]{10})"}'
    chance = random.Random(7)
    files = {}
    for night in range(1, 11):
        kind = chance.choice(["full", "delta"])
        keys = chance.sample("abcd", chance.randint(1, 4))
        # A price that cannot be read sets a key aside.
        rows = [f"{key},{chance.choice('xy')},{chance.choice(['1', '1', '?'])}" for key in keys]
        files[f"2026-01-{night:02d}.{kind}.csv"] = products(*rows)

    def landed_in(order: list[str], folder: str) -> list[tuple]:
        (tmp_path / folder).mkdir()
        one = type(case)(tmp_path / folder)
        one.map(tables, options)
        for name in order:
            one.write(name, files[name])
            assert not one.land().refused
        versions: dict[str, list] = {}
        for key, name, op, at in history(one):
            known = versions.setdefault(key, [])
            content = name if op == "upsert" else None
            if content != (known[-1][0] if known else None):
                known.append((content, at))
        return sorted(versions.items())

    in_order = landed_in(sorted(files), "in_order")
    shuffled = sorted(files)
    chance.shuffle(shuffled)
    assert landed_in(shuffled, "shuffled") == in_order
    assert landed_in(sorted(files, reverse=True), "reversed") == in_order


def test_late_full_extract_says_that_it_came_late(case):
    case.write("products-b.csv", products("1,B,1", "2,C,1"), MARCH + DAY)
    case.land()
    case.write("products-a.csv", products("1,A,1"), MARCH)
    late = next(file for file in case.land().files if file.file_name == "products-a.csv")
    assert "arrived late" not in (late.message or "")
    case.write("products-c.csv", products("1,B,1"), MARCH + DAY / 2)
    late = next(file for file in case.land().files if file.file_name == "products-c.csv")
    assert late.accepted == 1
    assert [row[:3] for row in history(case) if row[0] == "1"] == [
        ("1", "A", "upsert"),
        ("1", "B", "upsert"),
        ("1", "B", "upsert"),
    ]


def test_exact_duplicates_collapse_and_differing_rows_are_set_aside(case):
    case.write("products.csv", products("1,A,1", "1,A,1", "2,B,1", "2,C,1", "3,D,1"))
    file = case.land_one()
    assert (file.accepted, file.quarantined, file.unchanged, file.duplicates) == (2, 2, 1, 1)
    assert case.query("select line, column_name, reason from landing.quarantine order by 1") == [
        (4, None, "conflicting_rows"),
        (5, None, "conflicting_rows"),
    ]
    assert case.state("product_id") == [("1",), ("3",)]


def test_latest_by_decides_between_rows_of_one_key(case):
    case.map('  products: {files: "products*", columns: same, latest_by: list_price}')
    case.write(
        "products.csv", products("1,A,1", "1,B,3", "1,C,2", "2,D,5", "2,E,5", "3,F,", "3,G,1")
    )
    file = case.land_one()
    assert case.state("product_id, product_name") == [("1", "B"), ("3", "G")]
    assert (file.accepted, file.quarantined, file.duplicates, file.unchanged) == (2, 2, 3, 3)


def test_key_that_is_set_aside_in_a_full_extract_is_not_deleted(case):
    case.write("products.csv", products("1,A,1", "2,B,1"))
    case.land()
    case.write("products.csv", products("1,A,oops", "2,B,1"), MARCH + DAY)
    file = case.land_one()
    assert (file.quarantined, file.deleted) == (1, 0)
    assert case.state("product_id") == [("1",), ("2",)]
    assert case.query("select count(*) from landing.unobserved") == [(1,)]


@pytest.mark.parametrize("broken", ["only one field", ",no key,1"], ids=["ragged", "no-key"])
def test_full_extract_with_an_unreadable_key_deletes_nothing(case, broken):
    case.write("products.csv", products("1,A,1", "2,B,1"))
    case.land()
    case.write("products.csv", products(broken, "2,C,1"), MARCH + DAY)
    file = case.land_one()
    assert (file.accepted, file.quarantined, file.deleted) == (1, 1, 0)
    assert "nothing was deleted" in file.message
    assert case.state("product_id, product_name") == [("1", "A"), ("2", "C")]
    assert case.query("select is_complete from landing.extracts order by extract_id") == [
        (True,),
        (False,),
    ]


def test_delta_deletes_nothing_and_confirms_what_it_repeats(case):
    case.map(
        '  products: [{files: "all.csv", columns: same}, '
        '{files: "changed.csv", kind: delta, columns: same}]'
    )
    case.write("all.csv", products("1,A,1", "2,B,1"))
    case.write("changed.csv", products("1,A,1", "2,C,1"), MARCH + DAY)
    case.land()
    assert case.state("product_id, product_name") == [("1", "A"), ("2", "C")]
    assert case.query("select count(*) from landing.confirmations") == [(1,)]


def test_events_never_change(case):
    case.map('  products: {files: "products*", kind: events, columns: same}')
    case.write("products.csv", products("1,A,1"))
    case.land()
    case.write("products.csv", products("1,A,1", "1,B,1", "2,C,1", "2,C,1"), MARCH + DAY)
    file = case.land_one()
    # Key 1 differs within the extract; exact duplicates of key 2 collapse.
    assert (file.accepted, file.quarantined, file.duplicates) == (1, 2, 1)
    case.write("products.csv", products("1,A,1", "2,D,1"), MARCH + 2 * DAY)
    file = case.land_one()
    assert (file.accepted, file.quarantined, file.unchanged, file.deleted) == (0, 1, 1, 0)
    assert case.state("product_id, product_name") == [("1", "A"), ("2", "C")]


@pytest.mark.parametrize("order", [*itertools.permutations([0, 1, 2])], ids=str)
def test_of_an_event_the_earliest_word_holds_in_any_order(case, order):
    case.map('  products: {files: "products*", kind: events, columns: same}')
    contents = [("1,A,1",), ("1,B,1", "2,C,1"), ("1,A,1", "2,D,1")]
    for day in order:
        case.write("products.csv", products(*contents[day]), MARCH + day * DAY)
        case.land()
    for day, expected in enumerate([[("1", "A")], *[[("1", "A"), ("2", "C")]] * 2]):
        state = case.query(
            "select product_id, arg_max(product_name, _extract_id) from crm.products where "
            f"_extracted_at <= '{(MARCH + day * DAY).date()}' group by 1 order by 1"
        )
        assert state == expected


def test_times_of_records_in_a_delta(case):
    case.map(
        '  products: {files: "products*", kind: delta, extracted_at: {column: at}, columns: '
        "{product_id: id, product_name: name}}"
    )
    rows = ["1,A,2026-01-01", "1,B,2026-01-03", "1,B,2026-01-04", "2,C,2026-01-02", "2,D,never"]
    case.write("products.csv", "id,name,at\n" + "".join(f"{row}\n" for row in rows))
    file = case.land_one()
    assert (file.accepted, file.quarantined, file.unchanged) == (3, 1, 1)
    assert [(row[0], row[1], row[3].day) for row in history(case)] == [
        ("1", "A", 1),
        ("1", "B", 3),
        ("2", "C", 2),
    ]
    assert case.query("select line, column_name, reason from landing.quarantine") == [
        (6, "at", "cast_failed")
    ]
    assert case.land_one().status == "unchanged"
    case.write("products-none.csv", "id,name,at\n1,A,never\n", MARCH)
    assert [file.status for file in case.land().files] == ["landed", "unchanged"]
    assert [file.status for file in case.land().files] == ["unchanged", "unchanged"]
    (case.folder / "products-none.csv").unlink()
    # The same history with one version more, in another file.
    case.write("products.csv", "id,name,at\n1,A,2026-01-01\n1,X,2026-01-02\n", MARCH + DAY)
    case.land()
    assert [(row[1], row[3].day) for row in history(case) if row[0] == "1"] == [
        ("A", 1),
        ("X", 2),
        ("B", 3),
    ]


def test_times_of_records_in_a_full_extract(case):
    case.map(
        '  products: {files: "products*", extracted_at: {column: at}, columns: '
        "{product_id: id, product_name: name}}"
    )
    rows = ["1,A,2026-01-01", "2,B,2026-01-01", "1,A,2026-01-02"]
    case.write("products.csv", "id,name,at\n" + "".join(f"{row}\n" for row in rows))
    file = case.land_one()
    assert (file.accepted, file.unchanged, file.deleted) == (2, 1, 1)
    assert case.state("product_id") == [("1",)]


def test_parts_of_one_time_are_one_extract(case):
    case.map(
        '  products: {files: "part*.csv", parts: true, columns: same}',
        "extracted_at: {constant: 2026-01-01}",
    )
    case.write("part1.csv", products("1,A,1", "2,B,1"))
    case.write("part2.csv", products("3,C,1", "2,B,1", "4,D,?"))
    first, second = case.land().files
    assert (first.records, first.accepted, first.duplicates) == (2, 2, 0)
    assert (second.accepted, second.duplicates, second.quarantined) == (1, 1, 1)
    assert first.extract_id == second.extract_id
    assert case.state("product_id") == [("1",), ("2",), ("3",)]
    assert case.query("select file_name, line from landing.quarantine") == [("part2.csv", 4)]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("part", "lacks"),
    [
        ("product_id,product_name,is_active\n2,B,true\n", "list_price"),
        ("product_id,product_name,list_price\n2,B,1\n", "is_active"),
        ("product_id,list_price,product_name\n2,,B\n", "is_active"),
    ],
)
def test_a_part_without_a_column_of_the_others_is_named_with_it(case, part, lacks, is_first):
    case.map(
        '  products: {files: "part*.csv", parts: true, columns: same}',
        "extracted_at: {constant: 2026-01-01}",
    )
    whole = "product_id,product_name,list_price,is_active\n1,A,5,true\n"
    case.write("part1.csv", part if is_first else whole)
    case.write("part2.csv", whole.replace("1,A", "3,C"))
    case.write("part3.csv", part if not is_first else whole)
    culprit = "part1.csv" if is_first else "part3.csv"
    result = case.land()
    assert [file.status for file in result.files] == ["refused"] * 3
    for file in result.files:
        told = file.message or ""
        assert f"{culprit}: it lacks the column '{lacks}', which part" in told
        assert told.startswith("refused with another part") == (file.file_name != culprit)
    assert case.query("select * from crm.products") == []


def test_a_column_that_no_part_fills_may_be_absent(case):
    case.map(
        '  products: {files: "part*.csv", parts: true, columns: same}',
        "extracted_at: {constant: 2026-01-01}",
    )
    case.write("part1.csv", "product_id,product_name,list_price\n1,A,\n")
    case.write("part2.csv", "product_id,product_name\n2,B\n")
    assert [file.accepted for file in case.land().files] == [1, 1]


def test_one_refused_part_refuses_all(case):
    case.map(
        '  products: {files: "part*.csv", parts: true, columns: same}',
        "extracted_at: {constant: 2026-01-01}",
    )
    case.write("part1.csv", products("1,A,1"))
    case.write("part2.csv", products("2,B,1").rstrip("\n"))
    result = case.land()
    assert [file.status for file in result.files] == ["refused", "refused"]
    assert all("part2.csv: line 2" in (file.message or "") for file in result.files)
    assert case.query("select count(*) from crm.products") == [(0,)]


def test_full_feeds_of_one_table_make_one_extract(case):
    """Two files and rows in the mapping fill one table; none deletes what the others bring."""
    case.map(
        """\
  products:
    - {files: "old.csv", columns: same}
    - {files: "new.csv", columns: same}
    - rows: [{product_id: service, product_name: Service}]""",
        "extracted_at: {constant: 2026-01-01}",
    )
    case.write("old.csv", products("1,A,1"))
    case.write("new.csv", products("2,B,1"))
    assert [file.status for file in case.land().files] == ["landed"] * 3
    assert case.state("product_id") == [("1",), ("2",), ("service",)]
    (case.folder / "old.csv").unlink()
    case.map(
        case.mapping_file.read_text().split("tables:\n")[1], "extracted_at: {constant: 2026-02-01}"
    )
    messages = [file.message for file in case.land().files]
    assert "other full feeds of the table have no file of this time" in messages[0]
    assert case.state("product_id") == [("1",), ("2",), ("service",)]


def test_rows_in_the_mapping(case):
    def rows(name: str) -> str:
        return f"  products:\n    rows: [{{product_id: a, product_name: {name}}}]"

    for name, status in (("X", "landed"), ("X", "unchanged"), ("Y", "landed"), ("X", "landed")):
        case.map(rows(name))
        assert case.land_one().status == status
    assert case.state("product_name") == [("X",)]
    assert {row[3] for row in history(case)} == {datetime(1970, 1, 1)}


def test_corrected_mapping_reads_known_files_again(case):
    """The correction holds from the same time on, and a later extract still holds after it."""
    case.map(
        '  products: {files: "products*", columns: {product_id: product_id, product_name: list_price}}'
    )
    case.write("products-1.csv", products("1,A,1"), MARCH)
    case.write("products-2.csv", products("1,B,1"), MARCH + DAY)
    case.land()
    case.map('  products: {files: "products*", columns: same}')
    assert [file.status for file in case.land().files] == ["landed", "landed"]
    assert case.state("product_name, list_price is not null") == [("B", True)]
    at_first = case.query(
        "select product_name from crm.products where _extracted_at = '2026-03-01' "
        "order by _extract_id"
    )
    assert at_first == [("1",), ("A",)]
    assert [file.status for file in case.land().files] == ["unchanged", "unchanged"]


def test_same_file_under_two_names(case):
    case.write("products-1.csv", products("1,A,1"), MARCH)
    case.write("products-2.csv", products("1,A,1"), MARCH)
    first, second = case.land().files
    assert (first.status, second.status) == ("landed", "unchanged")
    assert second.message == "has the same content and time as products-1.csv"
    assert (second.records, second.unchanged) == (1, 1)


def test_quarantine_tells_line_column_value_and_reason(case):
    case.write(
        "products.csv",
        "product_id,product_name,list_price,currency_code,is_active\n"
        '1,"two\nlines",1,USD,true\n'
        "2,,-1,usd,perhaps\n"
        "3,C,1.239,USD,true\n"
        "4,D,1,USD\n",
    )
    file = case.land_one()
    assert (file.records, file.accepted, file.quarantined) == (4, 1, 3)
    rows = case.query(
        "select line, column_name, value, reason from landing.quarantine order by line, column_name"
    )
    assert rows == [
        (4, "currency_code", "usd", "pattern_mismatch"),
        (4, "is_active", "perhaps", "cast_failed"),
        (4, "list_price", "-1", "out_of_range"),
        (4, "product_name", None, "required_missing"),
        (5, "list_price", "1.239", "would_round"),
        (6, None, None, "ragged_row"),
    ]
    (record,) = case.query("select distinct record from landing.quarantine where line = 5")[0]
    assert json.loads(record) == {
        "product_id": "3",
        "product_name": "C",
        "list_price": "1.239",
        "currency_code": "USD",
        "is_active": "true",
    }
    full = pq.read_table(case.home.quarantine / "run-1" / "crm.products.parquet")
    assert full.num_rows == 6
    assert full.column("extract_id").to_pylist() == [file.extract_id] * 6


def test_quarantine_of_two_extracts_of_a_run_is_in_one_file(case):
    case.write("products-1.csv", products("1,A,?"), MARCH)
    case.write("products-2.csv", products("2,A,?"), MARCH + DAY)
    case.land()
    full = pq.read_table(case.home.quarantine / "run-1" / "crm.products.parquet")
    assert full.column("file_name").to_pylist() == ["products-1.csv", "products-2.csv"]


def test_personal_data_shows_in_no_message_log_or_landing_table(case, caplog):
    secret = "ada@example.org"
    case.map(
        """\
  users:
    files: users.csv
    max_quarantined: 0
    columns:
      user_id: id
      user_name: name
      email: mail
      is_active: {expression: "case when mail like '%example%' then mail end"}"""
    )
    case.write("users.csv", f"id,name,mail\n1,Ada,{secret}\n1,{secret}\n")
    with caplog.at_level(logging.DEBUG):
        file = case.land_one()
    assert file.status == "refused"
    assert "column is_active, value '***'" in file.message
    assert secret not in file.message + caplog.text
    rows = case.query("select value, record, message from landing.quarantine order by line")
    assert [row[0] for row in rows] == ["***", None]
    assert json.loads(rows[0][1]) == {"id": "***", "name": "***", "mail": "***"}
    assert secret not in str(rows)
    full = pq.read_table(case.home.quarantine / "run-1" / "crm.users.parquet")
    assert secret in full.column("value").to_pylist()


def test_columns_that_nothing_uses_are_told_and_kept_out_of_the_record(case):
    case.write("products.csv", "product_id,product_name,colour,list_price\n1,A,red,?\n2,B,,1\n")
    file = case.land_one()
    assert file.message == "columns that the mapping does not use: colour"
    (record,) = case.query("select record from landing.quarantine")[0]
    assert "red" not in record


def test_formats_land_alike(case, tmp_path):
    rows = [{"product_id": "1", "product_name": "A", "list_price": "1.50"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "made.parquet")
    case.write("products.csv", products("1,A,1.50"), MARCH)
    case.write("products.parquet", (tmp_path / "made.parquet").read_bytes(), MARCH + DAY)
    case.write("products.jsonl", json.dumps(rows[0]) + "\n", MARCH + 2 * DAY)
    case.write("products.json", json.dumps(rows), MARCH + 3 * DAY)
    files = case.land().files
    assert [(f.format, f.accepted, f.unchanged) for f in files] == [
        ("csv", 1, 0),
        ("parquet", 0, 1),
        ("jsonl", 0, 1),
        ("json", 0, 1),
    ]


def test_source_systems_do_not_delete_each_others_rows(case):
    case.write("products.csv", products("1,A,1"))
    case.land()
    case.map('  products: {files: "other.csv", columns: same}', "source_system: other")
    case.write("other.csv", products("2,B,1"), MARCH + DAY)
    case.land()
    assert case.query("select product_id, _op from crm.products order by 1") == [
        ("1", "upsert"),
        ("2", "upsert"),
    ]


def test_row_hash_depends_on_content_only(case):
    """Written down, because a hash that changes between versions would make every row a change."""
    case.write("products.csv", products("1,Widget,10.50"))
    case.land()
    # printf 'product_id=1\0product_name=Widget\0list_price=10.50' | md5sum
    assert case.query("select _row_hash from crm.products") == [
        ("0b10b0f10b955392429fbfab1060f2ab",)
    ]


def test_every_contract_table_exists_even_if_nothing_was_fed(case):
    assert case.land().files == ()
    assert case.query("select count(*) from crm.opportunities") == [(0,)]
    assert case.query("select count(*) from company.calendar") == [(365,)]


def test_crash_in_the_middle_leaves_nothing_of_the_extract(case, monkeypatch):
    case.write("products.csv", products("1,A,1", "2,B,?"))

    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("ingestion.landing.extract_landing.note_files", crash)
        case.land()
    assert set(case.sizes().values()) == {0}
    assert case.query("select count(*) from landing.quarantine") == [(0,)]
    assert case.land_one().accepted == 1


def test_a_damaged_raw_store_is_not_taken_for_one_that_another_program_holds(case):
    case.land()
    case.home.raw_db.write_bytes(b"this is no database")
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB database"):
        case.land()


def test_values_of_field_history_have_the_type_of_their_field(case):
    """A change of an amount holds an amount; what is kept reads the same whatever was exported."""
    case.map(
        '  opportunity_field_history: {files: "h.csv", kind: events, columns: same}',
        'id_prefix: "x-"\nformats: {decimal_point: ",", date: "%d.%m.%Y"}\ncsv: {delimiter: ";"}',
    )
    case.write(
        "h.csv",
        "history_id;opportunity_id;field_name;old_value;new_value;changed_at;changed_by_id\n"
        "1;o1;amount;;1000,50;2026-01-01 10:00:00;u1\n"
        "2;o1;expected_close_date;31.01.2026;28.02.2026;2026-01-02 10:00:00;u1\n"
        "3;o1;owner_id;u1;u2;2026-01-03 10:00:00;u1\n"
        "4;o1;amount;1000,50;lots;2026-01-04 10:00:00;u1\n"
        "5;o1;amount;1000,50;-1;2026-01-04 10:00:00;u1\n"
        "6;o1;colour;red;blue;2026-01-05 10:00:00;u1\n"
        "7;o1;forecast_category;pipeline;surely;2026-01-05 10:00:00;u1\n",
    )
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (3, 4)
    assert case.query(
        "select field_name, old_value, new_value from crm.opportunity_field_history order by all"
    ) == [
        ("amount", None, "1000.50"),
        ("expected_close_date", "2026-01-31", "2026-02-28"),
        ("owner_id", "x-u1", "x-u2"),
    ]
    assert case.query("select line, column_name, reason from landing.quarantine order by line") == [
        (5, "new_value", "cast_failed"),
        (6, "new_value", "out_of_range"),
        (7, "field_name", "not_in_enum"),
        (8, "new_value", "not_in_enum"),
    ]


def test_a_stage_that_is_left_before_it_is_entered(case):
    case.map('  opportunity_stage_history: {files: "s.csv", columns: same}')
    case.write(
        "s.csv",
        "stage_history_id,opportunity_id,stage_id,entered_at,exited_at\n"
        "1,o1,lead,2026-01-02 10:00:00,2026-01-02 10:00:00\n"
        "2,o1,lead,2026-01-02 10:00:00,2026-01-01 10:00:00\n"
        "3,o1,offer,2026-01-03 10:00:00,\n",
    )
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (2, 1)
    assert case.query("select line, column_name, reason, message from landing.quarantine") == [
        (3, "exited_at", "before_start", "exited_at must not lie before entered_at")
    ]


@pytest.mark.parametrize(
    ("table", "rows", "message"),
    [
        (
            "workers",
            "worker_id,hired_on,exited_on\nw1,2026-01-02,2026-01-02\nw2,2026-01-02,2026-01-01\n",
            "exited_on must not lie before hired_on",
        ),
        (
            "training_enrolments",
            "enrolment_id,worker_id,course_id,started_on,completed_on\n"
            "e1,w1,c1,2026-01-02,2026-01-02\ne2,w1,c1,2026-01-02,2026-01-01\n",
            "completed_on must not lie before started_on",
        ),
        (
            "applications",
            "application_id,application_status,applied_on,decided_on\n"
            "a1,hired,2026-01-02,2026-01-02\na2,hired,2026-01-02,2026-01-01\n",
            "decided_on must not lie before applied_on",
        ),
        (
            "requisitions",
            "requisition_id,opened_on,closed_on\nr1,2026-01-02,2026-01-02\nr2,2026-01-02,2026-01-01\n",
            "closed_on must not lie before opened_on",
        ),
    ],
)
def test_what_hr_says_ended_before_it_began(table, rows, message, case):
    case.map(f'  {table}: {{source: hr, files: "h.csv", columns: same}}')
    case.write("h.csv", rows)
    file = case.land_one()
    assert (file.accepted, file.quarantined) == (1, 1)
    assert case.query("select line, reason, message from landing.quarantine") == [
        (3, "before_start", message)
    ]
