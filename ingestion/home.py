"""The home folder: where every file that the warehouse keeps has its place.

Belongs here: names of files and folders below the home, making them, and having them on disk for
certain. Does not belong here: what stands in those files, and any other setting taken from the
environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HOME_VARIABLE = "SALESOPS_HOME"
OWNER_ONLY = 0o700
OWNER_ONLY_FILE = 0o600


@dataclass(frozen=True)
class Home:
    """One installation's folder of extracts, stores, publications and run records.

    Args:
        root: The folder; it need not exist before `create` is called.
    """

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """Gives the folder named by `SALESOPS_HOME`, or else `data` in the repository."""
        named = os.environ.get(HOME_VARIABLE, "").strip()
        if named:
            return cls(Path(named).expanduser().resolve())
        return cls(repository_root() / "data")

    @property
    def extracts(self) -> Path:
        """Inbox of extract files, one folder per source system."""
        return self.root / "extracts"

    @property
    def archive(self) -> Path:
        """Accepted extract files by content hash."""
        return self.root / "archive"

    @property
    def raw_db(self) -> Path:
        """The change log; the one store that cannot be rebuilt."""
        return self.root / "raw.duckdb"

    @property
    def warehouse_db(self) -> Path:
        """Staging to marts; can be deleted at any time."""
        return self.root / "warehouse.duckdb"

    @property
    def building(self) -> Path:
        """The version being made; on the same disk as those published, which it joins."""
        return self.root / "building"

    @property
    def published(self) -> Path:
        """What BI reads, and its earlier versions."""
        return self.root / "published"

    @property
    def quarantine(self) -> Path:
        """Rejected records in full."""
        return self.root / "quarantine"

    @property
    def runs(self) -> Path:
        """One folder per refresh."""
        return self.root / "runs"

    @property
    def dagster(self) -> Path:
        """Dagster's own home."""
        return self.root / "dagster"

    @property
    def company_file(self) -> Path:
        """The company's settings; absent means defaults."""
        return self.root / "company.yml"

    @property
    def pseudonym_key_file(self) -> Path:
        """Key of the ids by which open marts tell people apart; whoever loses it gets new ids."""
        return self.root / "pseudonym.key"

    @property
    def scratch(self) -> Path:
        """Temporary files; on the same disk as the stores, so that moves are atomic."""
        return self.root / "tmp"

    @property
    def lock_file(self) -> Path:
        """Held by the one refresh that may write."""
        return self.root / "refresh.lock"

    def create(self) -> None:
        """Makes the folders that are missing; the root is readable by its owner only.

        Also when the root exists already: it may come from an archive or a mount with wider
        permissions, and raw and pay data stand directly below it.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
        self.root.chmod(OWNER_ONLY)
        for folder in (
            self.extracts,
            self.archive,
            self.published,
            self.quarantine,
            self.runs,
            self.dagster,
            self.scratch,
        ):
            folder.mkdir(exist_ok=True, mode=OWNER_ONLY)


def open_private(path: Path) -> BinaryIO:
    """Makes a new file that its owner alone can read, and opens it for writing.

    Raises:
        FileExistsError: There is one of that name.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY_FILE), "wb")


def sync(path: Path) -> None:
    """Has a file, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def repository_root() -> Path:
    """Gives the folder with `dbt_project.yml`: the package's own, else one around the current one.

    An installed copy of the package has no dbt project beside it, so the folder that the command
    is run in, or one above it, decides then; the current folder itself where there is none.
    """
    package_parent = Path(__file__).resolve().parent.parent
    current = Path.cwd()
    for candidate in (package_parent, current, *current.parents):
        if (candidate / "dbt_project.yml").is_file():
            return candidate
    return current
