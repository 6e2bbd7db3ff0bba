"""How much of an extract may be unusable before it is refused whole.

Belongs here: the limit that a feed sets, or that holds without one. Does not belong here: counting
(`quarantine`, `emptied`), and deletions.
"""

from __future__ import annotations

from ingestion.mapping.feeds import Feed

# Of fewer than these more than half may well be wrong.
FEW = 20


def why_over_limit(feed: Feed, count: int, total: int) -> str | None:
    """Tells why so many unusable records or values are too many.

    Args:
        feed: The feed.
        count: Those that cannot be used.
        total: All of them.

    Returns:
        The reason, or None where they are not too many.
    """
    limit = feed.max_quarantined
    if limit is None:
        if total < FEW or count <= total / 2:
            return None
        return (
            "the mapping hardly fits the file if they are more than half; max_quarantined can "
            "allow more"
        )
    if count <= (limit if isinstance(limit, int) else limit * total):
        return None
    allowed = f"{limit:,}" if isinstance(limit, int) else f"{limit:.4g} of all"
    return f"max_quarantined allows {allowed}"
