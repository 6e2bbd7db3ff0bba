"""Where the files of publications stand.

Belongs here: names of files and folders. Does not belong here: what is in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.home import Home

MARTS = "marts"
RESTRICTED = "restricted"
MARTS_FILE = "marts.duckdb"
RESTRICTED_FILE = "restricted.duckdb"
PARQUET_FOLDER = "parquet"
MANIFEST_FILE = "manifest.json"
# What stands in `published/` under the same name as in a version.
PUBLISHED_NAMES = (PARQUET_FOLDER, RESTRICTED_FILE, MARTS_FILE)


@dataclass(frozen=True)
class Version:
    """Places of one version's files.

    Args:
        folder: Its folder; the folder's name is the version's.
    """

    folder: Path

    @property
    def name(self) -> str:
        """What the version is called."""
        return self.folder.name

    @property
    def database(self) -> Path:
        """The open marts."""
        return self.folder / MARTS_FILE

    @property
    def restricted(self) -> Path:
        """Pay and people; versions from before them have none."""
        return self.folder / RESTRICTED_FILE

    @property
    def parquet(self) -> Path:
        """The folder of Parquet files, one a mart."""
        return self.folder / PARQUET_FOLDER

    @property
    def manifest(self) -> Path:
        """What the version holds."""
        return self.folder / MANIFEST_FILE

    @property
    def mark(self) -> Path:
        """The empty file that says that the version has been in force."""
        return self.folder / "published"

    def files(self) -> Iterator[Path]:
        """Gives every file that readers open, as far as it is there."""
        for path in (self.database, self.restricted):
            if path.exists():
                yield path
        yield from sorted(self.parquet.glob("*.parquet"))


def published_database(home: Home) -> Path:
    """Gives the file that BI reads."""
    return home.published / MARTS_FILE


def restricted_database(home: Home) -> Path:
    """Gives the file of pay and people, which its owner alone may read."""
    return home.published / RESTRICTED_FILE


def published_parquet(home: Home) -> Path:
    """Gives the folder of Parquet files that stands beside it."""
    return home.published / PARQUET_FOLDER


def current_link(home: Home) -> Path:
    """Gives the one name that decides which version is in force."""
    return home.published / "current"


def versions_folder(home: Home) -> Path:
    """Gives the folder of all versions."""
    return home.published / "versions"


def version_named(home: Home, name: str) -> Version:
    """Gives the places of a version, which need not exist."""
    return Version(versions_folder(home) / name)
