"""The manifest: what a version holds and what its files must be.

Belongs here: its form, and reading it. Does not belong here: comparing it with the files.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.publication.places import Version

# Older drivers read it; what later storage versions add is only compression.
STORAGE_VERSION = "v1.2.0"


class TableEntry(BaseModel):
    """One published table.

    Attributes:
        rows: How many rows it has.
        content_hash: Sum of the hashes of its rows, so their order does not matter; comparable
            between versions written by one DuckDB version.
        built_by: The refresh that built it; none in versions from before this was kept.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    content_hash: str
    built_by: str | None = None


class FileEntry(BaseModel):
    """What a file must be, byte by byte."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int
    sha256: str


class Description(BaseModel):
    """What a table and its columns mean."""

    model_config = ConfigDict(frozen=True)

    table: str | None
    columns: dict[str, str]


class Manifest(BaseModel):
    """What a version holds.

    Attributes:
        sequence: Number of the publication; a later one has a higher number, whatever the clock
            says. None in versions from before it was kept, which are older than all others.
        restricted_tables: What `restricted.duckdb` holds; empty in versions from before it.
        descriptions: By `schema.table`.
        files: By path below the version's folder; empty in versions from before it was kept.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    run_id: str
    sequence: int | None = None
    published_at: datetime
    storage_version: str
    duckdb_version: str
    size_bytes: int
    tables: dict[str, TableEntry]
    restricted_tables: dict[str, TableEntry] = {}
    descriptions: dict[str, Description] = {}
    files: dict[str, FileEntry] = {}

    @property
    def place(self) -> tuple[int, str]:
        """Where the version stands in the order of publications."""
        return (self.sequence or 0, self.version)


def read_manifest(version: Version) -> Manifest:
    """Reads a version's manifest.

    Raises:
        OSError: It is not there or cannot be read.
        ValueError: It is not a manifest, or that of another version; the message says why.
    """
    try:
        manifest = Manifest.model_validate_json(version.manifest.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None
    if manifest.version != version.name:
        raise ValueError(f"it is the manifest of version {manifest.version}")
    return manifest
