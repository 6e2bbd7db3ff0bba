"""The units that a mapping declares for a column, read and checked.

Belongs here: from `unit`, `scale` and `by` as they are written to the factors of a column. Does not
belong here: the SQL of a number in its unit (`units`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from ingestion.contracts.tables import Column, Contracts, Table
from ingestion.mapping.feeds import ColumnRule, Feed, Formats, UnitStep
from ingestion.mapping.schema import ColumnBlock, UnitBlock, UnitName
from ingestion.mapping.unit_factors import CURRENCIES, FACTORS, MAX_DIGITS, PERCENT_SIGNS, is_usable
from ingestion.text.yaml_source import nearest

_NUMBERS = frozenset({"integer", "number"})
_DAYS = frozenset({"date", "timestamp"})


class WrittenUnits:
    """The units of one column of a feed.

    Args:
        table: The contract table.
        name: The contract column.
        block: The column as the mapping has it.
    """

    def __init__(self, table: Table, name: str, block: ColumnBlock) -> None:
        self.problems: list[tuple[str, str]] = []
        self.units: tuple[UnitStep, ...] = ()
        self.named: tuple[tuple[str, tuple[UnitStep, ...]], ...] = ()
        self._has_percent = False
        column = table.column(name)
        if block.scale is not None:
            self.units = (self._factor(block.scale, "scale"),)
            self._check_number(column, "scale")
        elif isinstance(block.unit, dict):
            self.named = tuple(self._named(column, block.unit))
        elif block.unit is not None:
            self.units = self._steps(block.unit)
            self._check_number(column, "unit")
        self._check_by(table, block.by)

    def formats(self, formats: Formats) -> Formats:
        """Gives the formats of the column; a sign of percent belongs to its unit."""
        if not self._has_percent:
            return formats
        signs = tuple(sign for sign in PERCENT_SIGNS if sign not in formats.strip)
        return formats.model_copy(update={"strip": (*formats.strip, *signs)})

    def _check_number(self, column: Column, key: str) -> None:
        if column.typed_by is not None:
            columns = [c.name for c in column.typed_by.columns if c.logical_type in _NUMBERS]
            self._problem(
                key,
                f"{column.name} holds values of several columns; say the unit of each, such as "
                f"unit: {{{columns[0]}: thousands}}",
            )
        elif column.logical_type not in _NUMBERS:
            self._problem(key, f"'{key}' is for numbers; {column.name} is a {column.logical_type}")

    def _named(
        self, column: Column, written: dict[str, UnitName | tuple[UnitBlock, ...]]
    ) -> Iterator[tuple[str, tuple[UnitStep, ...]]]:
        if column.typed_by is None:
            self._problem(
                "unit",
                f"{column.name} holds values of one column; write unit: toman, or a list of units "
                "with the last day of each",
            )
            return
        numbers = [c.name for c in column.typed_by.columns if c.logical_type in _NUMBERS]
        for name, units in written.items():
            if name not in numbers:
                self._problem(
                    "unit",
                    f"{column.name} holds no numbers of '{name}'{nearest(name, numbers)}; it holds "
                    f"those of {', '.join(numbers)}",
                )
            yield name, self._steps(units)

    def _steps(self, written: UnitName | tuple[UnitBlock, ...]) -> tuple[UnitStep, ...]:
        if isinstance(written, str):
            return (self._named_unit(written),)
        steps: list[UnitStep] = []
        for position, block in enumerate(written, start=1):
            step = (
                self._named_unit(block.unit)
                if block.unit is not None
                else self._factor(block.scale or 1, "unit")
            )
            until = self._until(block.until)
            if (until is None) != (position == len(written)):
                self._problem(
                    "unit", "each unit but the last needs its last day (until), and the last none"
                )
            earlier = steps[-1].until if steps else None
            if until is not None and earlier is not None and until <= earlier:
                self._problem("unit", f"the days of units must ascend; {until} does not")
            steps.append(step.model_copy(update={"until": until}))
        return tuple(steps)

    def _named_unit(self, name: UnitName) -> UnitStep:
        self._has_percent = self._has_percent or name == "percent"
        return UnitStep(factor=FACTORS[name], currency=CURRENCIES.get(name))

    def _factor(self, scale: float | int, key: str) -> UnitStep:
        factor = Decimal(repr(scale))
        if not is_usable(factor):
            self._problem(
                key,
                f"the scale {scale} has more than {MAX_DIGITS} digits before or after the point",
            )
            return UnitStep(factor=Decimal(1))
        return UnitStep(factor=factor)

    def _until(self, text: str | None) -> date | None:
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._problem("unit", f"'{text}' is no day; write it like 2025-12-31")
            return None

    def _check_by(self, table: Table, by: tuple[str, ...] | None) -> None:
        several = [units for units in (self.units, *dict(self.named).values()) if len(units) > 1]
        if several and not by:
            self._problem("unit", "units that change on a day need `by`, the column of the day")
        elif by and not several:
            self._problem("by", "'by' goes with a list of units only")
        for name in by or ():
            if name not in table.column_names:
                hint = nearest(name, table.column_names)
                self._problem("by", f"{table.full_name} has no column '{name}'{hint}")
            elif table.column(name).logical_type not in _DAYS:
                self._problem("by", f"'by' names a date or timestamp; {name} is none")

    def _problem(self, key: str, message: str) -> None:
        self.problems.append((key, message))


def missing_units(feeds: Sequence[Feed], contracts: Contracts) -> Iterator[tuple[str, str]]:
    """Gives (place, message) of columns that hold numbers of another one without their unit.

    Were the amounts of deals multiplied and those of their history not, a deal would seem to lose
    nine tenths of its worth with every change. Also told are days that no column fills.

    Args:
        feeds: All feeds of the mapping.
        contracts: The contracts.
    """
    declared = {(f.source, f.table, r.column) for f in feeds for r in f.columns or () if r.units}
    for feed in feeds:
        if feed.inline is not None:
            continue
        table = contracts.table(feed.source, feed.table)
        rules = {rule.column: rule for rule in feed.columns or ()}
        yield from _unlike_units(table, rules)
        for rule in rules.values():
            for name in rule.units_by:
                if name not in rules:
                    yield rule.where, f"'by' needs {name} among the columns of {table.full_name}"
        for column in table.columns:
            rule = rules.get(column.name)
            if column.typed_by is None or (rule is None and feed.columns is not None):
                continue
            said = dict(rule.named_units) if rule else {}
            for named in column.typed_by.columns:
                place = (feed.source, column.typed_by.table, named.name)
                if place in declared and named.name not in said:
                    yield (
                        rule.where if rule else feed.where,
                        f"{column.name} holds values of {place[1]}.{named.name}, for which this "
                        "mapping declares a unit; say it here too, such as unit: "
                        f"{{{named.name}: toman}}, or {{{named.name}: rial}} where they are in the "
                        "contract's unit already",
                    )


def _unlike_units(table: Table, rules: Mapping[str, ColumnRule]) -> Iterator[tuple[str, str]]:
    """Gives (place, message) of columns that hold the same numbers in different units.

    Were the new amounts of a history multiplied and the old ones not, every change would be one of
    nine tenths.
    """
    said = [
        (column, rules[column.name], dict(rules[column.name].named_units))
        for column in table.columns
        if column.typed_by is not None and column.name in rules
    ]
    for column, rule, units in said:
        assert column.typed_by is not None
        for other, _, others in said:
            if other.typed_by is None or other.typed_by.table != column.typed_by.table:
                continue
            unlike = next(
                (name for name in others if _factors(units, name) != _factors(others, name)), None
            )
            if unlike is not None and (unlike not in units or other.name < column.name):
                yield (
                    rule.where,
                    f"{column.name} and {other.name} hold values of {unlike} in different units; "
                    f"say the unit that {other.name} has for it here too, such as unit: "
                    f"{{{unlike}: toman}}",
                )
                break


def _factors(
    units: Mapping[str, tuple[UnitStep, ...]], name: str
) -> tuple[tuple[Decimal, date | None], ...]:
    """Gives what numbers of a column are multiplied by; what says no unit has the contract's."""
    steps = units.get(name) or (UnitStep(factor=Decimal(1)),)
    return tuple((step.factor, step.until) for step in steps)
