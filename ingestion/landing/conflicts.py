"""What to do about rows of one key that differ: what the mapping does not say yet.

Belongs here: the sentence. Does not belong here: finding such rows (`staging`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from ingestion.contracts.tables import Table
from ingestion.mapping.feeds import Feed

_SEVERAL = "the key stands more than once with different content"
_ORDER = "if their order in the file says which one counts, set on_conflict: first or last"
_EMPTY = "if they differ only in what may be empty, set on_conflict: null_differing"


def conflict_sentence(feed: Feed, table: Table, filled: Container[str]) -> str:
    """Says why rows of one key are set aside, and what would decide between them.

    Args:
        feed: The feed, with what it says already.
        table: The contract table.
        filled: Contract columns that the file feeds.
    """
    if feed.kind == "events" and feed.on_conflict in {"first", "last"}:
        return (
            "an earlier extract tells this event otherwise, and events never change; if rows of "
            "this table do, it is no kind: events"
        )
    if feed.on_conflict == "null_differing":
        return (
            f"{_SEVERAL}, also in columns that must be filled, which on_conflict: null_differing "
            "cannot empty; set on_conflict: first or last, or correct the key"
        )
    said = f"{_SEVERAL}, here or in an earlier extract" if feed.kind == "events" else _SEVERAL
    asked = [name for name in feed.latest_by if name in filled]
    if asked:
        said += f", and {' and '.join(asked)} (latest_by) cannot tell which is the latest"
    return "; ".join([said, *_advice(feed, table, filled)])


def _advice(feed: Feed, table: Table, filled: Container[str]) -> Iterator[str]:
    parts = [
        name for name in table.key if table.column(name).default is not None and name not in filled
    ]
    if parts:
        yield f"if they are of different things, map {' and '.join(parts)}, which tells them apart"
    own = [name for name in table.latest_by if name not in filled]
    if own and set(feed.latest_by) <= set(table.latest_by):
        yield f"map {' or '.join(own)}, by which the latest of them holds"
    elif not feed.latest_by:
        yield "if one of them is the newest, name the column that says so with latest_by"
    yield _ORDER
    yield _EMPTY
