"""How a deal is shared out among the touches that led to it, by the nine usual models.

Belongs here: the weights of the models and the sharing, in whole numbers. Does not: which touches
led to a deal (campaigns_key.py). Nothing here may be taken from the warehouse's SQL or settings.
"""

from dataclasses import dataclass
from functools import cache

WHOLE = 1_000_000
"""A deal, in the millionths that its shares are told in."""
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Model:
    """What a model gives to whom, in thousandths of a deal.

    Attributes:
        key_points: For first touch, creation of the lead, creation of the deal, and decision.
        others: For all touches that hold no key point with a weight.
        half_life: Days before the last touch after which another counts half; 0 for all alike.
    """

    key_points: tuple[int, int, int, int]
    others: int = 0
    half_life: int = 0


MODELS = {
    "first_touch": Model((1000, 0, 0, 0)),
    "lead_creation": Model((0, 1000, 0, 0)),
    "last_touch": Model((0, 0, 0, 1000)),
    "linear": Model((0, 0, 0, 0), others=1000),
    "u_shaped": Model((400, 400, 0, 0), others=200),
    "w_shaped": Model((300, 300, 300, 0), others=100),
    "full_path": Model((225, 225, 225, 225), others=100),
    "j_shaped": Model((200, 0, 0, 600), others=200),
    "time_decay": Model((0, 0, 0, 0), others=1000, half_life=7),
}


@cache
def parts(
    model: str, ages: tuple[int, ...], holders: tuple[int | None, ...]
) -> tuple[tuple[int, int], ...]:
    """Say what each touch gets, in proportion.

    Args:
        model: Name of the model.
        ages: Seconds from each touch to the last one, in order of the touches.
        holders: The place of the touch that holds each key point; None where none does.

    Returns:
        Place and part of each touch that gets anything.
    """
    weights = MODELS[model]
    held = [0] * len(ages)
    for weight, holder in zip(weights.key_points, holders, strict=True):
        if holder is not None:
            held[holder] += weight
    counted = [0] * len(ages)
    if weights.others:
        counted = [
            0 if weight else _age_part(age, weights.half_life)
            for age, weight in zip(ages, held, strict=True)
        ]
    others = sum(counted)
    # A weight that nobody takes goes to the rest in proportion: it is left out of the whole.
    shares = [
        weight * others + count * weights.others if others else weight
        for weight, count in zip(held, counted, strict=True)
    ]
    return tuple((place, share) for place, share in enumerate(shares) if share)


def _age_part(age: int, half_life: int) -> int:
    if not half_life:
        return WHOLE
    return max(1, int(WHOLE * 0.5 ** (age / (SECONDS_PER_DAY * half_life)) + 0.5))


@cache
def shared_out(whole: int, shares: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """Share a whole number out in proportion; what is left goes to the largest remainders."""
    total = sum(part for _, part in shares)
    given = [whole * part // total for _, part in shares]
    rest = [whole * part % total for _, part in shares]
    order = sorted(range(len(shares)), key=lambda each: (-rest[each], each))
    for each in order[: whole - sum(given)]:
        given[each] += 1
    return tuple(given)
