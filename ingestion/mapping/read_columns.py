"""Which columns of an extract the feeds of one file read.

Belongs here: their names, as far as the mapping says them. Does not belong here: those that only a
header shows (`unpivot`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingestion.contracts.tables import Contracts
from ingestion.mapping.feeds import Feed


@dataclass(frozen=True)
class ReadColumns:
    """The extract columns that some feeds read.

    Args:
        names: Their names.
        patterns: Regular expressions for names, where only a header shows which columns these are.
    """

    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()


def columns_read(feeds: Iterable[Feed], contracts: Contracts) -> ReadColumns:
    """Gives the extract columns that feeds read."""
    names: set[str] = set()
    patterns: set[str] = set()
    for feed in feeds:
        names.update(feed.extract_columns)
        if feed.unpivot is not None:
            names.update(feed.unpivot.columns)
            patterns.update([feed.unpivot.pattern] if feed.unpivot.pattern else [])
        if feed.columns is None:
            names.update(contracts.table(feed.source, feed.table).column_names)
    return ReadColumns(frozenset(names), frozenset(patterns))
