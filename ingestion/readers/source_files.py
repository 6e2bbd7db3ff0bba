"""Files of a source: where they stand in its folder, and the archived copies of them.

Belongs here: what is known of such a file. Does not belong here: finding them (`extracts`,
`lookup_files`) and storing them (`archive`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class SourceFile:
    """A file in a source's folder.

    Args:
        path: Where it is.
        name: Path relative to the source's folder, with `/`.
    """

    path: Path
    name: str

    @property
    def folder_name(self) -> str:
        """Name of the source's folder."""
        return self.path.absolute().parents[self.name.count("/")].name


@dataclass(frozen=True)
class StoredFile:
    """A file whose content stands in the archive.

    Args:
        path: The archived copy; its name is made of the hash and holds no other character.
        sha256: Hash of the content.
        size: Bytes.
        modified_at: Modification time of the original (UTC).
        is_new: Whether the archive did not have this content before.
        original: The file in the source's folder.
        is_verified: Whether the copy is known to be whole, since this run has written it.
    """

    path: Path
    sha256: str
    size: int
    modified_at: datetime
    is_new: bool
    original: Path
    is_verified: bool
