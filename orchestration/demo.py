"""The demo: the simulated company's extracts, night by night.

Belongs here: putting the simulator's extracts where a refresh finds them. Does not belong here: the
simulation itself (`simulation`) and refreshing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from ingestion.home import Home
from orchestration.sources import Source


def simulate_nights(home: Home, scale: float, seed: int, nights: int) -> Iterator[Source]:
    """Simulates a company and gives one source per night, in order.

    Args:
        home: The home; extracts go to `extracts/demo`, and a former demo there is replaced.
        scale: Size of the company; 1 is 20,000 deals.
        seed: Seed of its random numbers.
        nights: How many nights.
    """
    from simulation import simulate

    folder = home.extracts / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    simulate(folder, scale=scale, seed=seed, nights=nights)
    for night in sorted((folder / "extracts").iterdir()):
        yield Source("canonical", night)
