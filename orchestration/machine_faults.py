"""What the machine or a damaged file did to a refresh, in a sentence with what to do.

Belongs here: errors of the operating system and of the engines that any line of code can meet: a
full disk, a disk that cannot be written, a file that cannot be read any more. Does not belong here:
the project's own errors, which say all of this themselves, and exit codes (`errors`).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

_NO_ROOM = (
    "there is no room left{place}. Make room (or raise the quota) and refresh again; what is "
    "published stands"
)
_READ_ONLY = (
    "{what} cannot be written, because its disk can only be read. Mount it writable, or name "
    "another home with --home"
)
_NOT_ALLOWED = (
    "this user may not read or write {what}. Run the command as the owner of the home, or correct "
    "owner and permissions"
)
_BROKEN_DISK = (
    "the disk cannot read or write {what}. Check the disk, then restore it from the backup"
)
_NO_FILE = "{what} is a folder where a file is needed. Move it away and try again"
_NO_FOLDER = "{what} is a file where a folder is needed. Move it away, or name another home"
_IN_USE = "{what} is open in another program. Close that program and try again"
_NO_MEMORY = (
    "there is not enough memory. Set SALESOPS_MEMORY_LIMIT higher, such as 4GB, and refresh again"
)
_BY_NUMBER = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EIO: _BROKEN_DISK,
    errno.EISDIR: _NO_FILE,
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
}
_DAMAGED = re.compile(
    r"not a valid duckdb database file|corrupt database|could not read enough bytes|"
    r"file is not a database|disk image is malformed|parquet magic bytes|is a directory",
    re.IGNORECASE,
)
# Engines raise errors of their own, with the system's words in them.
_BY_WORDS = (
    (r"no space left|quota exceeded|disk is full|max_temp_directory_size", _NO_ROOM),
    (r"read-only file system|readonly database", _READ_ONLY),
    (r"permission denied", _NOT_ALLOWED),
    (r"input/output error|disk i/o error", _BROKEN_DISK),
    (r"could not set lock|conflicting lock|database is locked", _IN_USE),
    (r"out of memory", _NO_MEMORY),
)
_ENGINES = ("duckdb", "_duckdb", "sqlite3", "sqlalchemy", "pyarrow")
_FILE = re.compile(r"\"(/[^\"\n]+)\"|'(/[^'\n]+)'")
# Links between errors are followed so far; a longer chain is a circle.
_MOST_CAUSES = 10


def explained(error: BaseException, file: Path | None = None) -> str | None:
    """Says in a sentence what the machine did, or gives nothing where it is not to blame.

    Args:
        error: The error; what caused it is looked at too, because Dagster and SQLAlchemy wrap what
            they catch.
        file: The file that was read or written, for errors that name none.
    """
    place = str(file) if file else None
    for cause in _causes(error):
        found = _system_error(cause, place)
        if found is None and type(cause).__module__.partition(".")[0] in _ENGINES:
            found = explained_words(str(cause), place)
        if found:
            return found
    return None


def explained_words(words: str, place: str | None = None) -> str | None:
    """Says the same of an error of which only an engine's words are known, such as dbt's log has.

    Args:
        words: The engine's message; a file that it names stands in the line that says the fault.
        place: The file it is about, where the message names none.
    """
    for line in words.splitlines():
        named = _FILE.search(line)
        there = (named[1] or named[2]) if named else place
        if _DAMAGED.search(line):
            return _damaged(there)
        for pattern, sentence in _BY_WORDS:
            if re.search(pattern, line, re.IGNORECASE):
                return _sentence(sentence, there)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _system_error(error: BaseException, place: str | None) -> str | None:
    if not isinstance(error, OSError) or error.errno not in _BY_NUMBER:
        return None
    named = error.filename or error.filename2
    place = str(named) if named else place
    # What is there already is only at fault where it is no folder.
    if error.errno == errno.EEXIST and (place is None or Path(place).is_dir()):
        return None
    return _sentence(_BY_NUMBER[error.errno], place)


def _sentence(form: str, place: str | None) -> str:
    disk = f" on the disk of {place}" if place else " on the disk"
    return form.format(place=disk, what=place or "the home folder")


def _damaged(place: str | None) -> str:
    name = place or ""
    if name.endswith("raw.duckdb"):
        remedy = "It cannot be rebuilt: restore it from the backup"
    elif name.endswith("warehouse.duckdb"):
        remedy = "Delete it; `salesops refresh --full` builds it anew"
    elif "/published/" in name:
        remedy = (
            "`salesops rollback` swaps an earlier version in, `salesops refresh --full` publishes "
            "a new one"
        )
    else:
        remedy = (
            "Restore raw.duckdb from the backup if it is the one; any other file of the home can "
            "be deleted, and `salesops refresh --full` makes it anew"
        )
    return f"{place or 'a file of the home'} is damaged: it is not what was written. {remedy}"
