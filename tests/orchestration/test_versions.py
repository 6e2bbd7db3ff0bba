"""Versions kept: their order, rolling back, throwing away, and damage that is found and named."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hand_made_versions import (
    FIRST,
    FOURTH,
    MART,
    SECOND,
    THIRD,
    build_warehouse,
    files_below,
    names_of,
    old_home,
    published,
    won_deals,
)

from ingestion.home import Home
from orchestration import publication
from orchestration.errors import PublicationError, UsageError
from orchestration.publication import Building, sweep_scratch

AN_EARLIER_YEAR = "20250101T0-d"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    build_warehouse(home)
    return home


@pytest.fixture
def three_versions(home: Home) -> Home:
    for number, version in enumerate((FIRST, SECOND, THIRD), start=1):
        published(home, version, number)
    return home


def kept(home: Home) -> list[str]:
    return [manifest.version for manifest in publication.list_versions(home)]


def file_of(home: Home, version: str, name: str) -> Path:
    path = home.published / "versions" / version / name
    path.chmod(0o644)
    return path


def test_rollback_swaps_the_version_before_back_in(three_versions: Home):
    assert publication.rollback(three_versions).version == SECOND
    assert won_deals(three_versions) == 2
    # And once more goes one further back.
    assert publication.rollback(three_versions).version == FIRST
    assert won_deals(three_versions) == 1


def test_rollback_to_a_named_version_and_forth(three_versions: Home):
    publication.rollback(three_versions, FIRST)
    publication.rollback(three_versions, THIRD)
    assert won_deals(three_versions) == 3
    # The version in force again: nothing is left lying beside it.
    publication.rollback(three_versions, THIRD)
    assert files_below(three_versions.published) == names_of(FIRST, SECOND, THIRD)


def test_rollback_says_what_there_is(three_versions: Home):
    with pytest.raises(UsageError, match=f"{THIRD}, {SECOND}, {FIRST}"):
        publication.rollback(three_versions, "20250101T0-z")
    publication.rollback(three_versions, FIRST)
    with pytest.raises(UsageError, match=f"no version before {FIRST}"):
        publication.rollback(three_versions)


def test_rollback_where_nothing_is_published_says_so(home: Home):
    with pytest.raises(UsageError, match="no version before the first"):
        publication.rollback(home)


def test_old_versions_are_thrown_away(three_versions: Home):
    published(three_versions, FOURTH, 4, keep_versions=2)
    assert kept(three_versions) == [FOURTH, THIRD]
    assert files_below(three_versions.published) == names_of(THIRD, FOURTH)


def test_versions_stand_in_the_order_of_publications_whatever_the_clock_says(three_versions: Home):
    # The machine's clock went back a year.
    published(three_versions, AN_EARLIER_YEAR, 4, keep_versions=3)
    assert kept(three_versions) == [AN_EARLIER_YEAR, THIRD, SECOND]
    assert publication.rollback(three_versions).version == THIRD


def test_the_version_in_force_is_never_thrown_away(three_versions: Home):
    publication.rollback(three_versions, FIRST)
    from orchestration.publication.sweeping import prune

    prune(three_versions, 1)
    assert kept(three_versions) == [THIRD, FIRST]
    assert won_deals(three_versions) == 1


def test_versions_of_before_are_the_oldest(home: Home):
    old_home(home, (THIRD, 1), (FOURTH, 2))
    published(home, FIRST, 3)
    assert kept(home) == [FIRST, FOURTH, THIRD]
    assert publication.rollback(home).version == FOURTH
    assert won_deals(home) == 2


@pytest.mark.parametrize("in_force", [FIRST, SECOND, THIRD])
def test_a_home_of_before_is_taken_over(home: Home, in_force: str):
    old_home(home, (FIRST, 1), (SECOND, 2), (THIRD, 3), in_force=in_force)
    assert publication.current_version(home) == in_force
    publication.rollback(home, in_force)
    assert publication.current_version(home) == in_force
    assert won_deals(home) == [FIRST, SECOND, THIRD].index(in_force) + 1
    # Versions of before have no mark that they were in force.
    marks = {f"versions/{version}/published" for version in (FIRST, SECOND, THIRD)}
    assert files_below(home.published) | marks == names_of(FIRST, SECOND, THIRD)


def test_a_home_of_before_whose_rollback_was_killed_is_put_right(home: Home):
    old_home(home, (FIRST, 1), (SECOND, 2))
    # Pay was swapped already, and the next name had been made: as a kill left it.
    first = home.published / "versions" / FIRST
    (home.published / "restricted.duckdb").unlink()
    os.link(first / "restricted.duckdb", home.published / "restricted.duckdb")
    os.link(first / "marts.duckdb", home.published / ".marts.duckdb.new")
    (home.published / "versions" / ".building-x" / "parquet").mkdir(parents=True)
    publication.rollback(home, SECOND)
    assert won_deals(home) == 2
    assert files_below(home.published) == names_of(FIRST, SECOND)


def test_a_home_copied_by_a_program_that_follows_links_is_put_right(three_versions: Home):
    publication.rollback(three_versions)
    published_folder = three_versions.published
    copy = published_folder.with_name("copy")
    shutil.copytree(published_folder, copy, symlinks=False)
    published_folder.rename(published_folder.with_name("gone"))
    copy.rename(published_folder)
    assert publication.current_version(three_versions) == SECOND
    publication.rollback(three_versions, SECOND)
    assert won_deals(three_versions) == 2
    assert files_below(published_folder) == names_of(FIRST, SECOND, THIRD)
    published(three_versions, FOURTH, 4)
    assert won_deals(three_versions) == 4


def test_a_version_that_never_came_into_force_is_none(three_versions: Home):
    # As a kill between moving in and coming into force leaves the third one.
    publication.rollback(three_versions, SECOND)
    (three_versions.published / "versions" / THIRD / "published").unlink()
    assert kept(three_versions) == [SECOND, FIRST]
    with pytest.raises(UsageError, match=f"no version '{THIRD}'"):
        publication.rollback(three_versions, THIRD)
    published(three_versions, FOURTH, 4)
    assert files_below(three_versions.published) == names_of(FIRST, SECOND, FOURTH)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


DAMAGES = pytest.mark.parametrize(
    ("file", "how", "problem"),
    [
        ("marts.duckdb", flip, "SHA-256 differs"),
        ("marts.duckdb", cut, r"has \d+ bytes instead of \d+"),
        ("marts.duckdb", Path.unlink, "is missing"),
        ("restricted.duckdb", flip, "SHA-256 differs"),
        ("restricted.duckdb", Path.unlink, "is missing"),
        (f"parquet/{MART}.parquet", flip, "SHA-256 differs"),
        (f"parquet/{MART}.parquet", Path.unlink, "is missing"),
        ("manifest.json", Path.unlink, "is missing"),
        ("manifest.json", cut, "is damaged"),
        ("manifest.json", lambda path: path.write_bytes(b"\xff{"), "is damaged"),
        ("manifest.json", lambda path: path.write_text('{"version": 1}'), "is damaged"),
        ("manifest.json", lambda path: path.write_text("[]"), "is damaged"),
    ],
)


@DAMAGES
def test_damage_is_found_and_the_file_is_named(
    three_versions: Home, file: str, how: Callable[[Path], object], problem: str
):
    assert [check.faults for check in publication.verify(three_versions)] == [(), (), ()]
    if file == "manifest.json" and how is cut:
        # The newline at the end is no loss.
        cut(file_of(three_versions, SECOND, file))
    how(file_of(three_versions, SECOND, file))
    faults = {check.version: check.faults for check in publication.verify(three_versions)}
    assert (faults[FIRST], faults[THIRD]) == ((), ())
    [fault] = faults[SECOND]
    assert fault.file == f"versions/{SECOND}/{file}"
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(str(fault))
    # The version in force is another one.
    assert publication.is_available(three_versions, THIRD)
    assert not publication.is_available(three_versions, SECOND)


@DAMAGES
def test_a_damaged_version_is_not_swapped_in_and_the_cause_is_said(
    three_versions: Home, file: str, how: Callable[[Path], object], problem: str
):
    if file == "manifest.json" and how is cut:
        cut(file_of(three_versions, SECOND, file))
    how(file_of(three_versions, SECOND, file))
    with pytest.raises(PublicationError, match=f"versions/{SECOND}/{file} .*{problem}"):
        publication.rollback(three_versions, SECOND)
    assert won_deals(three_versions) == 3
    # The one before is passed over, and so is the cause not hidden where no other is left.
    assert publication.rollback(three_versions).version == FIRST
    publication.rollback(three_versions, THIRD)
    how_again = file_of(three_versions, FIRST, "marts.duckdb")
    how_again.unlink()
    with pytest.raises(PublicationError) as caught:
        publication.rollback(three_versions)
    assert f"versions/{SECOND}/{file}" in caught.value.message
    assert f"versions/{FIRST}/marts.duckdb is missing" in caught.value.message
    assert won_deals(three_versions) == 3


@pytest.mark.parametrize("how", [flip, cut, Path.unlink])
def test_damage_in_force_is_no_available_version_and_rollback_helps(
    three_versions: Home, how: Callable[[Path], object]
):
    assert publication.is_available(three_versions, THIRD)
    how(file_of(three_versions, THIRD, "marts.duckdb"))
    assert not publication.is_available(three_versions, THIRD)
    # Nor is another one, as long as this is what BI reads.
    assert not publication.is_available(three_versions, FIRST)
    assert publication.rollback(three_versions).version == SECOND
    assert won_deals(three_versions) == 2


@pytest.mark.parametrize("how", [cut, Path.unlink])
def test_a_manifest_in_force_that_cannot_be_read_does_not_keep_from_rolling_back(
    three_versions: Home, how: Callable[[Path], object]
):
    cut(file_of(three_versions, THIRD, "manifest.json"))
    how(file_of(three_versions, THIRD, "manifest.json"))
    assert kept(three_versions) == [SECOND, FIRST]
    [fault] = publication.damaged_versions(three_versions)
    assert (fault.version, fault.file) == (THIRD, f"versions/{THIRD}/manifest.json")
    assert "delete" in fault.problem
    assert publication.rollback(three_versions).version == SECOND


def test_a_published_name_that_leads_elsewhere_is_found_and_put_right(three_versions: Home):
    name = publication.restricted_database(three_versions)
    name.unlink()
    name.symlink_to(Path("versions") / FIRST / "restricted.duckdb")
    [check] = publication.verify(three_versions, THIRD)
    assert [fault.file for fault in check.faults] == ["restricted.duckdb"]
    assert not publication.is_available(three_versions, THIRD)
    publication.rollback(three_versions, THIRD)
    assert won_deals(three_versions) == 3
    assert publication.is_available(three_versions, THIRD)


def test_verify_says_what_it_looked_at(three_versions: Home):
    checks = publication.verify(three_versions)
    assert [(c.version, c.is_current, c.files, c.has_hashes) for c in checks] == [
        (FIRST, False, 5, True),
        (SECOND, False, 5, True),
        (THIRD, True, 5, True),
    ]
    with pytest.raises(UsageError, match=f"no version '{FOURTH}'; versions kept: {FIRST}"):
        publication.verify(three_versions, FOURTH)


def test_a_version_of_before_is_looked_at_as_far_as_it_says_what_it_is(home: Home):
    old_home(home, (FIRST, 1), (SECOND, 2))
    checks = {check.version: check for check in publication.verify(home)}
    assert not checks[FIRST].has_hashes
    assert checks[FIRST].faults == ()
    cut(file_of(home, FIRST, "marts.duckdb"))
    assert [fault.file for fault in publication.verify(home, FIRST)[0].faults] == [
        f"versions/{FIRST}/marts.duckdb"
    ]


def test_damaged_versions_do_not_count_and_go_with_the_old_ones(three_versions: Home):
    file_of(three_versions, FIRST, "marts.duckdb").unlink()
    file_of(three_versions, SECOND, "restricted.duckdb").unlink()
    published(three_versions, FOURTH, 4, keep_versions=2)
    # The second is younger than no version that stays, nor is the first.
    assert kept(three_versions) == [FOURTH, THIRD]
    assert files_below(three_versions.published) == names_of(THIRD, FOURTH)


def test_a_version_whose_age_nobody_knows_is_never_thrown_away(three_versions: Home):
    file_of(three_versions, FIRST, "manifest.json").write_text("{")
    published(three_versions, FOURTH, 4, keep_versions=1)
    assert kept(three_versions) == [FOURTH]
    assert [fault.version for fault in publication.damaged_versions(three_versions)] == [FIRST]


def test_a_run_is_published_once(three_versions: Home):
    building = Building.begin(three_versions, THIRD, carry=True)
    with pytest.raises(PublicationError, match=f"a version {THIRD} already"):
        publication.publish(three_versions, building, ())
    assert won_deals(three_versions) == 3
    assert files_below(three_versions.published) == names_of(FIRST, SECOND, THIRD)


def test_the_manifest_numbers_publications(three_versions: Home):
    publication.rollback(three_versions, FIRST)
    published(three_versions, FOURTH, 4)
    numbers = [
        json.loads(path.read_text())["sequence"]
        for path in sorted(three_versions.published.glob("versions/*/manifest.json"))
    ]
    assert numbers == [1, 2, 3, 4]


def test_scratch_is_swept(home: Home):
    (home.scratch / "duckdb_temp" / "deep").mkdir(parents=True)
    (home.scratch / "duckdb_temp" / "deep" / "block").write_text("x")
    (home.scratch / "a link").symlink_to(home.published)
    (home.scratch / "file").write_text("x")
    sweep_scratch(home)
    assert list(home.scratch.iterdir()) == []
    assert home.published.is_dir()
    home.scratch.rmdir()
    sweep_scratch(home)
