"""Line items: the products, quantities and prices that some deals list.

Belongs here: the lines and their totals. Does not: when which line is extracted (nights.py).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.company.streams import stream
from simulation.company.vocabulary import PRODUCTS
from simulation.deals.deals import NONE, Deals

FULL, WITHOUT_TOTAL, TOTAL_ONLY = 0, 1, 2
"""Which of quantity, unit price and total a line gives."""


@dataclass
class LineItems:
    """Every line, in order of its deal; amounts in cents of the deal's currency.

    Attributes:
        deal: Index of the deal; DANGLING for a line of a deal that no extract has.
        total: Quantity times unit price.
        first_line: Per deal and one more, where its lines begin.
    """

    deal: npt.NDArray[np.int32]
    product: npt.NDArray[np.int8]
    quantity: npt.NDArray[np.int32]
    unit_price: npt.NDArray[np.int64]
    total: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int8]
    first_line: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.deal)

    def of_deals(self, deals: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Give the lines of some deals."""
        start, end = self.first_line[deals], self.first_line[deals + 1]
        counts = end - start
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(start, counts) + offset

    def totals(self, number_of_deals: int) -> npt.NDArray[np.int64]:
        """Add up each deal's lines; NONE where it has none."""
        known = self.deal >= 0
        # Sums of cents stay far below 2**53, so that bincount's floats hold them exactly.
        total = np.bincount(
            self.deal[known], weights=self.total[known], minlength=number_of_deals
        ).astype(np.int64)
        return np.where(np.diff(self.first_line) > 0, total, NONE)


def generate_line_items(deals: Deals, bare: npt.NDArray[np.bool_], seed: int) -> LineItems:
    """Draw lines for three deals in ten, about half a line per deal.

    Also decides where a deal's amount comes from: most amounts of deals with lines are the sum of
    their lines, some were typed over, and some deals have no amount of their own.

    Args:
        deals: The deals; their amounts are changed.
        bare: Deals that get no line.
        seed: Seed of all streams.
    """
    rng = stream(seed, "line items")
    number = len(deals)
    drawn = rng.random(number, dtype=np.float32)
    counts = np.zeros(number, dtype=np.int64)
    for bound in (0.70, 0.85, 0.95):
        counts += drawn >= bound
    counts[bare | (deals.amount <= 0)] = 0
    deal = np.repeat(np.arange(number, dtype=np.int32), counts)
    first_line = np.concatenate([[0], np.cumsum(counts)])

    share = rng.uniform(0.5, 1.0, len(deal)) / counts[deal]
    quantity = rng.integers(1, 26, len(deal), dtype=np.int32)
    unit_price = np.maximum(1, np.round(deals.amount[deal] * share / quantity).astype(np.int64))
    is_main = np.zeros(len(deal), dtype=bool)
    is_main[first_line[:-1][counts > 0]] = True
    product = np.where(
        is_main, deals.product[deal], rng.integers(0, len(PRODUCTS), len(deal), dtype=np.int8)
    ).astype(np.int8)
    kind = rng.choice(
        np.array([FULL, WITHOUT_TOTAL, TOTAL_ONLY], dtype=np.int8), len(deal), p=[0.88, 0.1, 0.02]
    )
    lines = LineItems(
        deal,
        product,
        quantity,
        unit_price,
        (quantity * unit_price).astype(np.int64),
        kind,
        first_line,
    )
    _leave_amounts_out(deals, lines, rng)
    return lines


def _leave_amounts_out(deals: Deals, lines: LineItems, rng: np.random.Generator) -> None:
    totals = lines.totals(len(deals))
    has_lines = totals >= 0
    drawn = rng.random(len(deals), dtype=np.float32)
    deals.amount = np.where(has_lines & (drawn < 0.85), totals, deals.amount)
    without = np.where(has_lines, (drawn > 0.94), (drawn > 0.965)) & (deals.amount != 0)
    deals.amount[without] = NONE
    # Of the deals that then have nothing but a list price, some name no product either.
    nothing = without & ~has_lines & (rng.random(len(deals), dtype=np.float32) < 0.2)
    deals.product[nothing] = NONE
