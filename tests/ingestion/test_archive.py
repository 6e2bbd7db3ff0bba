"""The archive: what landing reads is what was stored, whatever became of the copy meanwhile."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from ingestion.landing import archive

CONTENT = "product_id,product_name\n1,A\n2,B\n"
AFTER = "  products: {files: products.csv, columns: same, max_quarantined: 5}"


@pytest.fixture
def landed(case):
    """A home that has archived one file, and a mapping that has changed since: it is read again."""
    case.map("  products: {files: products.csv, columns: same}")
    case.write("products.csv", CONTENT)
    case.land()
    case.map(AFTER)
    return case


def copy_of(case) -> Path:
    (path,) = case.home.archive.rglob("*.csv")
    return path


def damage(path: Path, kind: str) -> None:
    content = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "unreadable":
        # Root may read everything, so what stands there is a link to nothing.
        path.unlink()
        path.symlink_to("nowhere")
    else:
        path.write_bytes(
            {
                "a changed value": content.replace(b"2,B", b"2,X"),
                "zeros, as after a power cut": bytes(len(content)),
                "cut": content[:-4],
                "empty": b"",
                "grown": content + b"3,C\n",
            }[kind]
        )


@pytest.mark.parametrize(
    "kind",
    [
        "a changed value",
        "zeros, as after a power cut",
        "cut",
        "empty",
        "grown",
        "missing",
        "unreadable",
    ],
)
def test_a_damaged_copy_is_replaced_by_the_file_itself(landed, kind: str):
    path = copy_of(landed)
    damage(path, kind)
    (file,) = landed.land().files
    assert (file.status, file.records, file.unchanged) == ("unchanged", 2, 2), file.message
    assert landed.state("product_id, product_name") == [("1", "A"), ("2", "B")]
    assert path.read_text() == CONTENT
    assert not path.is_symlink()


def test_a_copy_that_is_whole_is_not_made_anew(landed):
    before = copy_of(landed).stat()
    landed.land()
    after = copy_of(landed).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_damaged_copy_of_a_file_that_is_gone_refuses_that_file(landed, monkeypatch):
    path = copy_of(landed)
    damage(path, "a changed value")
    verify = archive.verify_copy

    def after_it_was_found(stored: archive.StoredFile, scratch: Path) -> None:
        stored.original.unlink()
        verify(stored, scratch)

    monkeypatch.setattr("ingestion.landing.read_files.verify_copy", after_it_was_found)
    (file,) = landed.land().files
    assert file.status == "refused"
    assert "put the file back" in file.message
    assert landed.state("product_id, product_name") == [("1", "A"), ("2", "B")]


def test_a_damaged_copy_of_a_file_that_has_changed_refuses_that_file(landed, monkeypatch):
    damage(copy_of(landed), "a changed value")
    verify = archive.verify_copy

    def after_it_was_found(stored: archive.StoredFile, scratch: Path) -> None:
        stored.original.write_text("product_id,product_name\n9,Z\n")
        verify(stored, scratch)

    monkeypatch.setattr("ingestion.landing.read_files.verify_copy", after_it_was_found)
    (file,) = landed.land().files
    assert file.status == "refused"
    assert "refresh again" in file.message


def test_copy_and_folder_are_on_the_disk_before_the_file_is_landed(case, monkeypatch):
    """Notes what is synced in which order; the name is given in between."""
    told: list[tuple[str, str]] = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        told.append(("sync", Path(f"/proc/self/fd/{descriptor}").resolve().name))
        sync(descriptor)

    def named(self: Path, target: Path) -> Path:
        if target.parent.parent == case.home.archive:
            told.append(("name", target.name))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", named)
    case.map("  products: {files: products.csv, columns: same}")
    case.write("products.csv", CONTENT)
    case.land()
    sha256 = hashlib.sha256(CONTENT.encode()).hexdigest()
    about = [step for step in told if not step[1].startswith(".pseudonym")]
    assert about[0][1].startswith("incoming-")
    assert about[1:] == [
        ("sync", "archive"),
        ("name", f"{sha256}.csv"),
        ("sync", sha256[:2]),
    ]


def test_a_lost_archive_is_filled_again(landed):
    shutil.rmtree(landed.home.archive)
    (file,) = landed.land().files
    assert file.status == "unchanged"
    assert copy_of(landed).read_text() == CONTENT
