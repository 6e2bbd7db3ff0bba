"""The units that have a name, and the factors by which they become the contract's.

Belongs here: the factors, and which ones a mapping may write itself. Does not belong here: units as
a mapping declares them (`unit_rules`), and the SQL of a number in its unit (`units`).
"""

from __future__ import annotations

from decimal import Decimal

from ingestion.mapping.schema import UnitName

# Rials are those from before four zeros are dropped: in them all of the past is exact.
FACTORS: dict[UnitName, Decimal] = {
    "percent": Decimal("0.01"),
    "thousands": Decimal(1_000),
    "millions": Decimal(1_000_000),
    "billions": Decimal(1_000_000_000),
    "rial": Decimal(1),
    "toman": Decimal(10),
    "new_rial": Decimal(10_000),
}
# Units of one currency's money, by which no other money may be multiplied. The rial itself is left
# as it is, and so is what stands beside it.
CURRENCIES: dict[UnitName, str] = {"toman": "IRR", "new_rial": "IRR"}
PERCENT_SIGNS = ("%", "\u066a", "\uff05")
MAX_DIGITS = 12


def is_usable(factor: Decimal) -> bool:
    """Tells whether numbers can be multiplied by a factor without running out of digits."""
    if not factor.is_finite() or factor <= 0:
        return False
    digits, exponent = digits_and_exponent(factor)
    return max(len(str(digits)), abs(factor.adjusted()), abs(exponent)) <= MAX_DIGITS


def digits_and_exponent(factor: Decimal) -> tuple[int, int]:
    """Splits a factor into whole digits without zeros at their end and a power of ten."""
    _, digits, exponent = factor.normalize().as_tuple()
    assert isinstance(exponent, int)
    return int("".join(map(str, digits))), exponent
