"""Where mappings are: those that come with the project, by their names, and others by their paths.

Belongs here: from what a person writes to the file of a mapping. Does not belong here: reading it
(`mappings`).
"""

from __future__ import annotations

from pathlib import Path

from ingestion.errors import MappingError
from ingestion.text.yaml_source import nearest

SHIPPED = Path(__file__).parent / "shipped"


def shipped_mappings() -> tuple[str, ...]:
    """Gives the names of the mappings that come with the project."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yml")))


def is_mapping_file(name_or_path: str) -> bool:
    """Tells whether a mapping is given as the path of a file and not by a shipped one's name."""
    return "/" in name_or_path or "\\" in name_or_path or name_or_path.endswith((".yml", ".yaml"))


def mapping_path(name_or_path: str) -> Path:
    """Gives the file of a mapping.

    Args:
        name_or_path: Name of a shipped mapping, or the path of a file.

    Raises:
        MappingError: No shipped mapping has the name.
    """
    if is_mapping_file(name_or_path):
        return Path(name_or_path).expanduser()
    names = shipped_mappings()
    if name_or_path not in names:
        raise MappingError(
            f"there is no mapping named '{name_or_path}'{nearest(name_or_path, names)}; "
            f"shipped are {', '.join(names)}; a mapping of your own is given as a path (./x.yml)"
        )
    return SHIPPED / f"{name_or_path}.yml"
