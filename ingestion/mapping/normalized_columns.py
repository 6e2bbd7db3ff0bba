"""Which columns of a mapping are normalised: the same way on both sides of a reference.

Belongs here: from what the mapping declares to the steps of every column of every feed. Does not
belong here: what a step does with a text (`normalization`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingestion.contracts.tables import Column, Contracts, Table
from ingestion.mapping.feeds import ColumnRule, Feed
from ingestion.mapping.normalization import in_order, normalised
from ingestion.mapping.schema import NormalizeStep

Problem = tuple[str, str]
Steps = tuple[NormalizeStep, ...]
_Place = tuple[str, str, str]


class NormalizedColumns:
    """The steps of every column of a mapping.

    What is declared for one column of a key holds for the key and for every reference to it: were
    one side normalised and the other not, no deal would find its account.

    Args:
        feeds: All feeds of the mapping.
        top: Steps that are declared for the whole mapping.
        contracts: The contracts.
    """

    def __init__(self, feeds: Sequence[Feed], top: Sequence[NormalizeStep], contracts: Contracts):
        self._feeds = feeds
        self._top = in_order(top)
        self._contracts = contracts
        self._declared: dict[_Place, tuple[Steps, str]] = {}
        self.problems: list[Problem] = []
        for feed, column, rule in self._declaring():
            self._declare(feed, column, rule)

    def feeds(self) -> Iterator[Feed]:
        """Gives the feeds with the steps of their columns."""
        for feed in self._feeds:
            steps = tuple((name, found) for name, found in self._steps(feed) if found)
            yield feed.model_copy(update={"normalize": steps}) if steps else feed

    def _declaring(self) -> Iterator[tuple[Feed, Column, ColumnRule]]:
        for feed in self._feeds:
            table = self._contracts.table(feed.source, feed.table)
            for rule in feed.columns or ():
                if rule.normalize is not None:
                    yield feed, table.column(rule.column), rule

    def _declare(self, feed: Feed, column: Column, rule: ColumnRule) -> None:
        if column.typed_by is not None:
            self.problems.append(
                (
                    rule.where,
                    f"{column.name} holds values of other columns and is spelled as these are; "
                    "declare normalize there, or at the top of the mapping",
                )
            )
        elif column.logical_type != "string" and rule.recode is None:
            self.problems.append(
                (
                    rule.where,
                    f"normalize is for texts and for values of recode; {column.name} is a "
                    f"{column.logical_type}",
                )
            )
        elif column.is_identity:
            steps = in_order(rule.normalize or ())
            place = self._key_of(feed.source, feed.table, column)
            known, where = self._declared.setdefault(place, (steps, rule.where))
            if known != steps:
                self.problems.append(
                    (
                        rule.where,
                        f"{column.name} is normalised otherwise than the same key in {where}; "
                        "say it in one place, or the same in both",
                    )
                )

    def _key_of(self, source: str, table: str, column: Column) -> _Place:
        """Gives the key that a column is or refers to, by way of keys that are references too."""
        place = (source, table, column.name)
        seen = {place}
        while column.references is not None:
            table, name = column.references
            place = (source, table, name)
            if place in seen:
                break
            seen.add(place)
            column = self._contracts.table(source, table).column(name)
        return place

    def _steps(self, feed: Feed) -> Iterator[tuple[str, Steps]]:
        table = self._contracts.table(feed.source, feed.table)
        rules = {rule.column: rule for rule in feed.columns or ()}
        for column in table.columns:
            yield column.name, self._steps_of(feed.source, table, column, rules.get(column.name))
            if column.typed_by is not None:
                target = self._contracts.table(feed.source, column.typed_by.table)
                for named in column.typed_by.columns:
                    found = self._steps_of(feed.source, target, named, None)
                    yield f"{column.name}.{named.name}", found

    def _steps_of(
        self, source: str, table: Table, column: Column, rule: ColumnRule | None
    ) -> Steps:
        if column.is_identity:
            known = self._declared.get(self._key_of(source, table.name, column))
            return known[0] if known else self._top
        if rule is not None and rule.normalize is not None:
            return in_order(rule.normalize)
        has_values = column.enum or (rule is not None and rule.recode is not None)
        return self._top if has_values else ()


def same_codes(feed: Feed) -> Iterator[Problem]:
    """Gives (place, message) of values of `recode` that are one once they are normalised."""
    for rule in feed.columns or ():
        steps, known = feed.steps_of(rule.column), {}
        for key, value in rule.recode or ():
            first, same = known.setdefault(normalised(key, steps), (key, value))
            if same != value:
                yield rule.where, f"recode has '{first}' and '{key}', which normalize makes one"
