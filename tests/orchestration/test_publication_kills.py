"""Kills at every file operation of publishing, rolling back and pruning.

After each of them, readers find one whole version in all three places, and the next publication
needs no help and leaves nothing lying around.
"""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from file_operations import copied, in_child, killed_at
from hand_made_versions import (
    BUILT,
    FIRST,
    FOURTH,
    SECOND,
    THIRD,
    build_warehouse,
    files_below,
    fill,
    names_of,
    old_home,
    published,
    won_deals,
)

from ingestion.home import Home
from orchestration import publication
from orchestration.publication import Building
from orchestration.publication.sweeping import prune

pytestmark = [pytest.mark.slow, pytest.mark.minutes(2)]

NEXT = "20260105T0-e"
NOTHING = None


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("SALESOPS_THREADS", "1")
    # In memory where there is such a folder: the disk would have to sync each of many versions.
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        home = Home(Path(folder) / "home")
        home.create()
        build_warehouse(home)
        with duckdb.connect() as connection:
            # DuckDB imports pandas for the first parameter; each child would do it again.
            connection.execute("select ?", [1])
        yield home


def in_force(home: Home) -> int | None:
    """Gives what readers see; fails where the three places are not one version."""
    if not publication.published_database(home).exists():
        assert not publication.restricted_database(home).exists()
        assert not publication.published_parquet(home).exists()
        assert publication.current_version(home) is None
        return NOTHING
    return won_deals(home)


def recovers(home: Home, keep_versions: int) -> None:
    """Publishes the next version and looks at every name that then is there."""
    assert in_child(lambda: published(home, NEXT, 99, carry=True, keep_versions=keep_versions)) == 0
    assert in_force(home) == 99
    kept = [manifest.version for manifest in publication.list_versions(home)]
    assert kept[0] == NEXT
    assert len(kept) <= keep_versions
    # Versions of before have no mark that they were in force.
    marks = {f"versions/{version}/published" for version in kept}
    assert files_below(home.published) | marks == names_of(*kept)
    assert list(home.building.iterdir()) == []
    assert [check for check in publication.verify(home) if check.faults] == []


def everything(home: Home) -> frozenset[tuple[Path, Path | None]]:
    """Names every file and folder of a home, and where its links lead."""
    return frozenset(
        (path, path.readlink() if path.is_symlink() else None) for path in home.root.rglob("*")
    )


def killed_everywhere(
    home: Home,
    work: Callable[[], object],
    seen: Collection[int | None],
    *,
    below: Path | None = None,
    keep_versions: int = 7,
    next_step: Callable[[], object] | None = None,
) -> int:
    """Kills work at each of its file operations, from the same beginning every time.

    Args:
        home: The home as it is before the work.
        work: The work.
        seen: The won deals of the versions that may be in force afterwards, in this order in time.
        below: Only operations below this folder; by default all of the home.
        keep_versions: What the publication that follows keeps.
        next_step: What is done first after the kill, and must put right what readers then see.

    Returns:
        How many operations there were.
    """
    before = home.root.with_name("before")
    copied(home.root, before)
    number, found = 1, []
    # A kill before a sync or a change of permissions leaves what the one before it left.
    seen_in: dict[frozenset, int | None] = {}
    while killed_at(number, below or home.root, work):
        left = everything(home)
        if left not in seen_in:
            seen_in[left] = in_force(home)
            if next_step:
                assert in_child(next_step) == 0, number
                assert in_force(home) is not NOTHING
            recovers(home, keep_versions)
        found.append(seen_in[left])
        copied(before, home.root)
        number += 1
    found.append(in_force(home))
    # What is in force changes once, from the one to the other.
    changes = [one for one, other in zip(found, [object(), *found], strict=False) if one != other]
    assert changes == list(seen)
    return number - 1


def test_the_first_publication(home: Home):
    building = Building.begin(home, FIRST, carry=False)
    built = fill(building, 1)
    operations = killed_everywhere(
        home, lambda: publication.publish(home, building, built), [NOTHING, 1]
    )
    assert operations > 40


def test_a_publication_that_carries_tables_along_and_prunes(home: Home):
    for number, version in enumerate((FIRST, SECOND), start=1):
        published(home, version, number)
    building = Building.begin(home, THIRD, carry=True)
    built = fill(building, 3)
    operations = killed_everywhere(
        home,
        lambda: publication.publish(home, building, built, keep_versions=2),
        [2, 3],
        keep_versions=2,
    )
    assert operations > 50


def test_beginning_a_building(home: Home):
    published(home, FIRST, 1)
    left = Building.begin(home, SECOND, carry=True)
    fill(left, 2)
    operations = killed_everywhere(home, lambda: Building.begin(home, THIRD, carry=True), [1])
    assert operations > 5


def test_rolling_back(home: Home):
    for number, version in enumerate((FIRST, SECOND, THIRD), start=1):
        published(home, version, number)
    operations = killed_everywhere(home, lambda: publication.rollback(home), [3, 2])
    assert operations >= 3


def test_rolling_forth(home: Home):
    for number, version in enumerate((FIRST, SECOND, THIRD), start=1):
        published(home, version, number)
    publication.rollback(home, FIRST)
    # The same command again puts it through.
    operations = killed_everywhere(
        home,
        lambda: publication.rollback(home, THIRD),
        [1, 3],
        next_step=lambda: publication.rollback(home, THIRD),
    )
    assert operations >= 3


def test_pruning(home: Home):
    for number, version in enumerate((FIRST, SECOND, THIRD), start=1):
        published(home, version, number)
    publication.rollback(home, FIRST)
    # The one in force stays, although it is the oldest.
    operations = killed_everywhere(home, lambda: prune(home, 1), [1], keep_versions=2)
    assert operations > 9


@pytest.mark.parametrize("version_in_force", [FIRST, SECOND])
def test_the_first_publication_in_a_home_of_before(home: Home, version_in_force: str):
    old_home(home, (FIRST, 1), (SECOND, 2), in_force=version_in_force)
    before = won_deals(home)
    building = Building.begin(home, THIRD, carry=True)
    built = fill(building, 3)
    killed_everywhere(
        home,
        lambda: publication.publish(home, building, built),
        [before, 3],
        below=home.published,
    )


def test_rolling_back_in_a_home_of_before(home: Home):
    old_home(home, (FIRST, 1), (SECOND, 2))
    killed_everywhere(home, lambda: publication.rollback(home), [2, 1])


def test_the_first_publication_where_nobody_knows_the_version_in_force(home: Home):
    old_home(home, (FIRST, 1), (SECOND, 2))
    # Somebody has moved the versions away; the open file and pay have a name of their own.
    (home.published / "versions").rename(home.root / "elsewhere")
    (home.published / "parquet").unlink()
    (home.published / "parquet").symlink_to(Path("..") / "elsewhere" / SECOND / "parquet")
    building = Building.begin(home, THIRD, carry=True)
    built = fill(building, 3)
    killed_everywhere(
        home,
        lambda: publication.publish(home, building, built),
        [2, 3],
        below=home.published,
    )


def test_putting_right_what_several_kills_left(home: Home):
    for number, version in enumerate((FIRST, SECOND), start=1):
        published(home, version, number)
    versions = home.published / "versions"
    # Moved in, and killed before it came into force.
    copied(versions / SECOND, versions / THIRD)
    (versions / THIRD / "published").unlink()
    manifest = versions / THIRD / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace(SECOND, THIRD))
    (versions / FIRST).rename(versions / f".removing-{FIRST}")
    (versions / f".removing-{FIRST}" / "marts.duckdb").unlink()
    (home.published / ".current.new").symlink_to(Path("versions") / FIRST)
    building = Building.begin(home, FOURTH, carry=True)
    built = fill(building, 3, BUILT)
    killed_everywhere(
        home,
        lambda: publication.publish(home, building, built),
        [2, 3],
        below=home.published,
    )
