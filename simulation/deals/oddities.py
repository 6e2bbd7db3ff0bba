"""What is wrong or unusual about single deals although their rows are well formed.

Belongs here: references to nothing, closings before creation, missing dates, late rows, and which
deals stand in broken rows. Does not: the broken rows themselves (defects.py).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.company.streams import stream
from simulation.company.structure import NEVER
from simulation.company.timeline import SECONDS_PER_DAY, Timeline
from simulation.deals.deals import AT_TIME, DANGLING, UNDATED, Codes, Course, Deals
from simulation.deals.line_items import LineItems

OPPORTUNITY_KINDS = 14
"""How many kinds of broken opportunity rows there are; defects.py names them."""
CLOSE_BEFORE_CREATION_DAYS = 40


def planted_per_kind(scale: float) -> int:
    """Give how many oddities of each kind to plant per night: more at scale, but bounded."""
    return int(np.clip(round(scale**0.5), 1, 10))


def fresh_keys(night: int, per_kind: int) -> int:
    """Give how many broken rows of a night stand for deals that no extract has shown yet.

    The first night knows no others; later, every other broken row is about a deal that is known.
    """
    return OPPORTUNITY_KINDS * per_kind if night == 1 else OPPORTUNITY_KINDS * per_kind // 2


def never_shown(nights: int, per_kind: int) -> int:
    """Give how many deals only ever stand in broken rows."""
    return sum(
        fresh_keys(night, per_kind) - _repaired(night, nights, per_kind)
        for night in range(1, nights + 1)
    )


def _repaired(night: int, nights: int, per_kind: int) -> int:
    return fresh_keys(night, per_kind) // 2 if night < nights else 0


@dataclass(frozen=True)
class Oddities:
    """Which deals are special.

    Attributes:
        broken: Per night, deals whose row is broken and that were not known before.
        odd_names: Deals whose name has a comma, quotation marks and a line break.
        protected: Deals that nothing but their own course may change.
    """

    broken: dict[int, Codes]
    odd_names: Codes
    protected: npt.NDArray[np.bool_]


class _Candidates:
    """Deals that nothing is wrong with yet, in random order; each is taken once."""

    def __init__(self, deals: Deals, rng: np.random.Generator) -> None:
        usable = (deals.first_night == 1) & ~deals.is_excluded
        usable[deals.merged_into[deals.merged_into >= 0]] = False
        known = np.flatnonzero(usable)
        self._left = rng.choice(known, min(len(known), 40_000), replace=False).astype(np.int32)

    def take(self, number: int, fits: npt.NDArray[np.bool_]) -> Codes:
        """Take deals for which `fits`, a mask over all deals, holds.

        Raises:
            ValueError: Too few fit; the company is too small for its oddities.
        """
        found = np.flatnonzero(fits[self._left])[:number]
        if len(found) < number:
            raise ValueError(
                f"The company is too small: {number} deals are needed for one oddity and only "
                f"{len(found)} fit. Take a larger scale."
            )
        taken = self._left[found]
        self._left = np.delete(self._left, found)
        return taken


def plant_oddities(
    deals: Deals, course: Course, timeline: Timeline, seed: int, per_kind: int
) -> Oddities:
    """Make some deals odd.

    Args:
        deals: The state of the first night; changed.
        course: What is still to come; says which deals are open for a while.
        timeline: The nights to spread late and broken rows over.
        seed: Seed of all streams.
        per_kind: How many of each kind.
    """
    rng = stream(seed, "oddities")
    candidates = _Candidates(deals, rng)
    today = timeline.business_day(1)
    protected = np.zeros(len(deals), dtype=bool)
    closed, anything = deals.is_closed, np.ones(len(deals), dtype=bool)
    settled = deals.created_day <= today - 20

    broken: dict[int, Codes] = {}
    for night in range(1, timeline.nights + 1):
        chosen = candidates.take(fresh_keys(night, per_kind), settled & closed)
        repaired = _repaired(night, timeline.nights, per_kind)
        # Every other one, so that each kind of defect has some that are repaired.
        order = np.argsort(np.arange(len(chosen)) % 2, kind="stable")
        deals.first_night[chosen[order[:repaired]]] = night + 1
        deals.first_night[chosen[order[repaired:]]] = NEVER
        broken[night] = chosen
        protected[chosen] = True

    for night in range(2, timeline.nights + 1):
        late = np.concatenate(
            [candidates.take(per_kind, settled & closed), candidates.take(per_kind, ~closed)]
        )
        deals.first_night[late] = night
        protected[late] = True

    def take(fits: npt.NDArray[np.bool_], number: int = per_kind) -> Codes:
        chosen = candidates.take(number, fits)
        protected[chosen] = True
        return chosen

    for codes in (deals.account, deals.owner, deals.product, deals.territory):
        codes[take(closed)] = DANGLING
        codes[take(~closed)] = DANGLING

    deals.created_kind[take(closed)] = UNDATED
    deals.created_kind[take(~closed)] = UNDATED
    soon = np.zeros(len(deals), dtype=bool)
    soon[course.deal[course.close_day <= timeline.last_day]] = True
    if np.count_nonzero(soon & ~closed & (deals.first_night == 1)) > 8 * per_kind:
        deals.created_kind[take(soon & ~closed)] = UNDATED

    # Without a day, a deal was closed no later than its row was changed last.
    undated = take(closed)
    deals.closed_kind[undated] = UNDATED
    deals.closing_known_day[undated] = deals.modified[undated] // SECONDS_PER_DAY

    early = take(
        closed & (deals.created_day > timeline.start_day + CLOSE_BEFORE_CREATION_DAYS), 3 * per_kind
    )
    deals.created_kind[early] = AT_TIME
    deals.closed_day[early] = deals.created_day[early] - rng.integers(
        2, CLOSE_BEFORE_CREATION_DAYS, len(early)
    )
    deals.closing_known_day[early] = deals.closed_day[early]

    stray = take(~closed & (deals.created_day < today - 5), 2 * per_kind)
    deals.closed_day[stray] = today - 2

    return Oddities(broken, np.sort(take(anything, 2 * per_kind)), protected)


def plant_line_oddities(
    lines: LineItems, deals: Deals, timeline: Timeline, seed: int, per_kind: int
) -> dict[int, npt.NDArray[np.int64]]:
    """Add lines of a deal that no extract has, and give some lines a product that none has.

    Args:
        lines: The lines; changed.
        deals: The deals the lines belong to.
        timeline: The nights to spread the added lines over.
        seed: Seed of all streams.
        per_kind: How many of each kind.

    Returns:
        Per night, the added lines.
    """
    rng = stream(seed, "line item oddities")
    shown = np.flatnonzero(deals.first_night[lines.deal] == 1)
    lines.product[rng.choice(shown, 2 * per_kind, replace=False)] = DANGLING
    number = len(lines)
    added = per_kind * timeline.nights
    models = rng.choice(shown, added)
    lines.deal = np.append(lines.deal, np.full(added, DANGLING, dtype=np.int32))
    lines.product = np.append(lines.product, np.zeros(added, dtype=np.int8))
    for name in ("quantity", "unit_price", "total", "kind"):
        values = getattr(lines, name)
        setattr(lines, name, np.append(values, values[models]))
    return {
        night + 1: np.arange(number + night * per_kind, number + (night + 1) * per_kind)
        for night in range(timeline.nights)
    }
