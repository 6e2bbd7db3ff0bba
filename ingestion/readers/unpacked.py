"""How much a packed file may unpack to, and faults of the disk it unpacks to.

Belongs here: the limits on gzip, XLSX and Parquet, none of which a real extract comes near. Does
not belong here: reading the content.

A file of a few megabytes can be made to unpack to terabytes. It must cost a refused file, not the
night: what it unpacks to is counted on the way, as sizes that a file states of itself can be wrong.
"""

from __future__ import annotations

import copy
import shutil
import zipfile
from pathlib import Path

import duckdb

from ingestion.errors import ExtractError

MOST_RATIO = 200
# However well it is packed, so much fits everywhere.
ALWAYS_FINE = 100 << 20
# What unpacking leaves free for the stores and for everybody else on the disk.
KEPT_FREE = 1 << 30
# The texts of a workbook are held in memory, all at once.
MOST_SHARED_TEXT = 1 << 30
_LOOK_EVERY = 64 << 20
_CHUNK = 1 << 20
_ENDLESS = 1 << 62
_SHARED_TEXTS = "xl/sharedstrings.xml"
_DISK_FAULTS = ("could not write", "no space left", "quota exceeded", "read-only file system")


class UnpackedSize:
    """Counts what a file unpacks to while it is unpacked.

    Args:
        packed: Bytes of the packed file.
        folder: Where it is unpacked to; None where it is only read.
    """

    def __init__(self, packed: int, folder: Path | None = None) -> None:
        self._packed = packed
        self._folder = folder
        self._size = 0
        self._next_look = ALWAYS_FINE

    def add(self, size: int) -> None:
        """Counts so many more bytes.

        Raises:
            ExtractError: They are too many, for the file or for the disk.
        """
        self._size += size
        check_ratio(self._packed, self._size)
        if self._folder is not None and self._size > self._next_look:
            self._next_look = self._size + _LOOK_EVERY
            if shutil.disk_usage(self._folder).free < KEPT_FREE:
                raise ExtractError(
                    f"the disk is full: {self._size >> 20:,} MB of the file are unpacked and less "
                    f"than {KEPT_FREE >> 20:,} MB are free. Make room on the home's disk and "
                    "refresh again"
                )


def check_ratio(packed: int, unpacked: int) -> None:
    """Refuses a file that holds far more than its size lets anybody expect.

    Args:
        packed: Bytes of the file.
        unpacked: Bytes that it unpacks to, or a lower bound for them.

    Raises:
        ExtractError: It does.
    """
    if unpacked > ALWAYS_FINE and unpacked > MOST_RATIO * packed:
        raise ExtractError(
            f"the file unpacks to more than {MOST_RATIO} times its {packed:,} bytes, as files do "
            "that are made to fill a disk. If it is a real extract, have it sent as CSV that is "
            "not packed"
        )


def check_archive(path: Path) -> None:
    """Refuses a workbook (.xlsx) whose parts unpack to far more than its size.

    Raises:
        ExtractError: They do, or the archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            check_ratio(path.stat().st_size, sum(part.file_size for part in parts))
            size = UnpackedSize(path.stat().st_size)
            for part in parts:
                name = part.filename.casefold()
                # Sheets are read to their end before the library reads them.
                if name.endswith((".xml", ".rels")) and "/worksheets/" not in name:
                    _count(archive, part, size, name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as caught:
        raise ExtractError(
            f"the workbook is corrupt ({type(caught).__name__}); ask for it again"
        ) from None


def _count(archive: zipfile.ZipFile, part: zipfile.ZipInfo, size: UnpackedSize, name: str) -> None:
    whole = copy.copy(part)
    # Else no more would be read than the archive states.
    whole.file_size = _ENDLESS
    read = 0
    with archive.open(whole) as file:
        while chunk := file.read(_CHUNK):
            read += len(chunk)
            size.add(len(chunk))
            if name == _SHARED_TEXTS and read > MOST_SHARED_TEXT:
                raise ExtractError(
                    f"the workbook has more than {MOST_SHARED_TEXT >> 20:,} MB of text, which must "
                    "be held in memory; have the system export CSV or Parquet"
                )


def is_of_the_disk(error: BaseException) -> bool:
    """Tells a fault of the home's disk, where rows are put down, from one of the file."""
    words = str(error).casefold()
    return isinstance(error, duckdb.IOException) and any(fault in words for fault in _DISK_FAULTS)
