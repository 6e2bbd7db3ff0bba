"""Independent streams of random numbers, one per name.

Belongs here: how a seed becomes streams. Does not: any distribution of the company's.
"""

from zlib import crc32

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Give the generator that belongs to a name under a seed.

    Each part of the company draws from its own stream, so that a part added later changes none of
    the numbers drawn by the parts that are there.

    Args:
        seed: The simulation's seed, 0 or more.
        name: What the numbers are for, such as `deals`.
    """
    return np.random.default_rng([seed, crc32(name.encode())])
