"""Which deals began as a lead.

Belongs here: giving deals that were drawn already to leads that qualified. Does not: drawing them.
"""

from bisect import bisect_left

import numpy as np

from simulation.company.streams import stream
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.deals.deals import NONE, UNDATED, Deals
from simulation.demand.leads import CONVERTED, Lead, StatusChange, night_of

CONVERTED_SHARE = 0.8
LONGEST_DAYS = 45
"""A deal begins at most so many days after its lead was found worth one."""


class DealsToGive:
    """Deals that can have begun as a lead, in order of their creation; each is given once."""

    def __init__(self, deals: Deals, timeline: Timeline) -> None:
        """Choose those with owner and customer that the first extract after them shows."""
        on_time = np.maximum(deals.created_day - timeline.business_day(1), 0) + 1
        fits = (
            (deals.first_night == on_time)
            & (deals.account >= 0)
            & (deals.owner >= 0)
            & (deals.created_kind != UNDATED)
            & ~deals.is_excluded
        )
        chosen = np.flatnonzero(fits)
        second = deals.created_day[chosen].astype(np.int64) * SECONDS_PER_DAY
        second += deals.created_second[chosen]
        order = np.argsort(second, kind="stable")
        self._deals: list[int] = chosen[order].tolist()
        self._seconds: list[int] = second[order].tolist()
        self._given: set[int] = set()

    def take_between(self, first: int, last: int) -> tuple[int, int] | None:
        """Give the first deal between two moments that is left, and when it was created."""
        place = bisect_left(self._seconds, first)
        while place in self._given:
            place += 1
        if place >= len(self._deals) or self._seconds[place] > last:
            return None
        self._given.add(place)
        return self._deals[place], self._seconds[place]

    def rest(self) -> list[tuple[int, int]]:
        """Give the deals that are left, each with the moment of its creation."""
        return [
            (deal, self._seconds[place])
            for place, deal in enumerate(self._deals)
            if place not in self._given
        ]


def convert(leads: list[Lead], deals: Deals, timeline: Timeline, seed: int) -> DealsToGive:
    """Let qualified leads become deals that were created soon after.

    Args:
        leads: All leads; changed.
        deals: All deals, as they are; nothing of them changes.
        timeline: The days and nights.
        seed: Seed of all streams.

    Returns:
        The deals that are left.
    """
    rng = stream(seed, "converted leads")
    left = DealsToGive(deals, timeline)
    qualified = [(each.qualified, each.number) for each in leads if each.qualified is not None]
    for second, number in sorted(qualified):
        if rng.random() >= CONVERTED_SHARE:
            continue
        found = left.take_between(second + 600, second + LONGEST_DAYS * SECONDS_PER_DAY)
        if found is None:
            continue
        lead, (deal, created) = leads[number], found
        lead.deal, lead.converted = deal, created
        source = int(deals.lead_source[deal])
        lead.source = source if source >= 0 else NONE
        last = lead.changes[-1]
        lead.changes.append(
            StatusChange(created, last.status, CONVERTED, last.owner, night_of(created, timeline))
        )
    return left
