"""How names that stand in files appear in messages: short, and not at all where they may be data.

Belongs here: the wording of column names of extracts. Does not belong here: cells, which
`quarantine` shows or masks.

A file without its header row has a record where the names should be, so in a table with personal
or pay columns only names that the mapping or the contract knows are shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingestion.contracts.tables import Table
from ingestion.readers.records import NumberedName
from ingestion.text.scripts import folded_name
from ingestion.text.yaml_source import nearest

MAX_NAME = 60
MAX_NAMES = 20
_MAPPING_LINE = re.compile(r"(\.ya?ml):\d+", re.IGNORECASE)


def short_name(name: str) -> str:
    """Gives a name on one line and cut to a length that can be read."""
    plain = "".join(c if c.isprintable() else " " for c in name[: MAX_NAME + 1])
    return plain if len(plain) <= MAX_NAME else f"{plain[:MAX_NAME]}..."


def short_names(names: Sequence[str]) -> str:
    """Gives the first of several names with commas, and how many more there are."""
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(short_name(name) for name in names[:MAX_NAMES]) + more


def path_name(path: Path) -> str:
    """Gives a path as text that can be written anywhere; other bytes than UTF-8 by their number."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def without_lines(message: str) -> str:
    """Gives a message without the lines of mapping files, to tell whether two say the same.

    Feeds of one file often refuse it for one reason, each with the line that it stands on.
    """
    return _MAPPING_LINE.sub(r"\1", message)


def without_number(name: str) -> str:
    """Gives a column's name as the file has it: of several of one name readers number each."""
    return name.plain if isinstance(name, NumberedName) else name


class HeaderNames:
    """The names of a file's header, as far as messages may tell them.

    Args:
        table: The contract table that the file feeds.
        known: Names that the mapping reads.
        header: The header.
    """

    def __init__(self, table: Table, known: Iterable[str], header: Sequence[str]) -> None:
        folded = {folded_name(name) for name in (*known, *table.column_names)}
        self._is_open = not table.has_masked_columns
        self._shown = [
            name for name in header if self._is_open or folded_name(without_number(name)) in folded
        ]
        self._hidden = len(header) - len(self._shown)

    def one(self, name: str, position: int) -> str:
        """Tells one column: by its name, else by its position from 1."""
        if name in map(without_number, self._shown):
            return f"the column '{short_name(name)}'"
        return f"column {position} (its name is not shown, as it may be personal data)"

    def all(self) -> str:
        """Tells all columns."""
        if not self._hidden:
            return f"it has {short_names(self._shown)}"
        known = f"{short_names(self._shown)} and " if self._shown else ""
        return (
            f"it has {known}{self._hidden:,} columns that neither mapping nor contract names. Does "
            "the file have a header row, and is the delimiter right?"
        )

    def hint(self, name: str, free: Iterable[str]) -> str:
        """Suggests a free column whose name is similar, if such names may be shown."""
        candidates = [each for each in free if each in self._shown and len(each) <= MAX_NAME]
        return nearest(name, candidates)
