"""Numbers that a file has in another unit than the contract, and the day where that changed.

Belongs here: the SQL of a number times its factor, exact or not at all. Does not belong here: the
units that have a name (`unit_factors`), how a number is written (`casts`), and currencies, which
have rates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from ingestion.casting.casts import failed_cast_reason, typed_value
from ingestion.contracts.tables import Column
from ingestion.mapping.feeds import Formats, UnitStep
from ingestion.mapping.unit_factors import digits_and_exponent
from ingestion.text.sql_text import literal

_WIDEST = 38
# DuckDB multiplies decimals of up to 18 digits into 18 digits, and fails where they do not suffice.
_WIDE = 19


def value_in_units(
    column: Column, text: str, formats: Formats, units: Sequence[UnitStep], day: str | None
) -> str:
    """Gives the SQL of a number in the contract's unit; NULL where it is none or not exact.

    Args:
        column: The contract column, of numbers.
        text: SQL of the text, as `casts.typed_value` reads it.
        formats: How the text is written.
        units: The units in order of time; all but the last end with a day.
        day: SQL of the day that decides among them; not needed for one.
    """
    return _by_day(units, day, lambda unit: _value(column, text, formats, unit.factor), "null")


def reason_in_units(
    column: Column, text: str, formats: Formats, units: Sequence[UnitStep], day: str | None
) -> str:
    """Gives the SQL of the code that says why a text has no value in the contract's unit."""
    return _by_day(
        units, day, lambda unit: _reason(column, text, formats, unit.factor), "'unit_unknown'"
    )


def _by_day(
    units: Sequence[UnitStep], day: str | None, sql: Callable[[UnitStep], str], unknown: str
) -> str:
    if len(units) == 1:
        return sql(units[0])
    steps = " ".join(
        f"when {day} <= date '{unit.until}' then {sql(unit)}" for unit in units if unit.until
    )
    return f"case when {day} is null then {unknown} {steps} else {sql(units[-1])} end"


def _read_column(column: Column, factor: Decimal) -> Column:
    """Gives the column of numbers as the file has them.

    It has as many decimal places as there can be where the product fits the column exactly: 12.345
    times 10 fits two places. Factors such as 25 take away more of them than their power of ten.
    """
    digits, exponent = digits_and_exponent(factor)
    scale = max(0, (column.scale or 0) + exponent + _cancelling(digits))
    whole = (column.precision or 19) - (column.scale or 0) + max(0, -factor.adjusted())
    factor_width = len(str(digits)) + abs(exponent)
    precision = max(_WIDE, min(_WIDEST - 1 - factor_width, whole + scale))
    return column.model_copy(
        update={"logical_type": "number", "precision": precision, "scale": scale}
    )


def _cancelling(digits: int) -> int:
    """Gives how many decimal places a whole factor can take away: 25 times 0.04 is 1."""
    places = 0
    for prime in (2, 5):
        power, rest = 0, digits
        while rest % prime == 0:
            power, rest = power + 1, rest // prime
        places = max(places, power)
    return places


def _product(column: Column, text: str, formats: Formats, factor: Decimal) -> tuple[str, int]:
    """Gives the SQL of a number times the factor, and how many decimal places it is kept with."""
    digits, exponent = digits_and_exponent(factor)
    inner = _read_column(column, factor)
    read = typed_value(inner, text, formats, "UTC")
    whole = digits * 10 ** max(0, exponent)
    product = f"({read}) * cast({whole} as decimal({len(str(whole))}, 0))"
    if exponent < 0:
        small = literal(f"{Decimal(1).scaleb(exponent):f}")
        product = f"{product} * cast({small} as decimal({1 - exponent}, {-exponent}))"
    return product, (inner.scale or 0) + max(0, -exponent)


def _may_round(column: Column, factor: Decimal) -> bool:
    """Tells whether a number with few enough places can still give a product with too many."""
    digits, exponent = digits_and_exponent(factor)
    return _cancelling(digits) > 0 or (column.scale or 0) + exponent < 0


def _value(column: Column, text: str, formats: Formats, factor: Decimal) -> str:
    if factor == 1:
        return typed_value(column, text, formats, "UTC")
    product, _ = _product(column, text, formats, factor)
    value = f"try_cast({product} as {column.sql_type})"
    if not _may_round(column, factor):
        return value
    return f"case when round({product}, {column.scale or 0}) = {product} then {value} end"


def _reason(column: Column, text: str, formats: Formats, factor: Decimal) -> str:
    if factor == 1:
        return failed_cast_reason(column, text, formats)
    reason = failed_cast_reason(_read_column(column, factor), text, formats)
    if not _may_round(column, factor):
        return reason
    product, _ = _product(column, text, formats, factor)
    is_rounded = f"round({product}, {column.scale or 0}) <> {product}"
    return f"case when {is_rounded} then 'would_round' else {reason} end"
