"""Files and folders, such that neither a kill nor a power cut leaves half of one.

Belongs here: copying, hashing, syncing, removing and pointing links. Does not belong here: which
files a version has.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion.home import open_private
from orchestration.errors import PublicationError
from orchestration.machine_faults import explained
from orchestration.publication.manifest import FileEntry

# A folder of this name is on its way out, whatever still stands in it.
REMOVING = ".removing-"
_CHUNK_BYTES = 1 << 20


@contextmanager
def machine_faults_explained(place: Path) -> Iterator[None]:
    """Turns what the machine does to files into a sentence with what to do.

    Args:
        place: The folder that is written to, for errors that name no file.

    Raises:
        PublicationError: A full disk, a disk that cannot be written, missing permissions, a
            damaged file.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        sentence = explained(error, place)
        if sentence is None:
            raise
        raise PublicationError(sentence) from error


def file_entry(path: Path) -> FileEntry:
    """Gives a file's size and hash, reading it once."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(size_bytes=file.tell(), sha256=digest)


def copy_private(source: Path, target: Path) -> FileEntry:
    """Copies a file for its owner alone, and gives size and hash of what was read."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, open_private(target) as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
            writer.write(chunk)
        return FileEntry(size_bytes=writer.tell(), sha256=digest.hexdigest())


def link_or_copy(source: Path, target: Path) -> None:
    """Gives a file, which nobody may write to, a second name."""
    try:
        target.hardlink_to(source)
    except OSError:
        # Some file systems have no hard links, and a file may have only so many.
        shutil.copyfile(source, target)


def point(link: Path, target: Path) -> None:
    """Lets a link mean something else from one moment to the next.

    Args:
        link: The link; a file or a folder of that name gives way to it.
        target: Relative to the link's folder.
    """
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    if not link.is_dir() or link.is_symlink():
        fresh.replace(link)
        return
    # A home copied by a program that follows links has folders in their place, and no link can be
    # renamed onto a folder: for a moment the name means nothing, but never something else.
    in_the_way = move_out(link)
    fresh.replace(link)
    shutil.rmtree(in_the_way)


def remove(folder: Path) -> None:
    """Removes a folder such that it is never seen with half of its files."""
    shutil.rmtree(move_out(folder))


def move_out(folder: Path) -> Path:
    """Renames a folder to a name that `remove_leftovers` removes, and gives that."""
    if folder.name.startswith("."):
        return folder
    leaving = folder.with_name(f"{REMOVING}{folder.name}")
    if leaving.exists():
        shutil.rmtree(leaving)
    folder.rename(leaving)
    return leaving


def empty(folder: Path) -> None:
    """Removes everything in a folder."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        remove_any(path)


def remove_any(path: Path) -> None:
    """Removes a file, a link or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
