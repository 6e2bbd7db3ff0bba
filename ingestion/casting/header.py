"""The header of a file, and what a feed finds in it.

Belongs here: matching the names of extract columns, and what is wrong with a header. Does not
belong here: what is made of the cells under it (`cell_texts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from ingestion.contracts.tables import Table
from ingestion.errors import ExtractError
from ingestion.mapping.feeds import ColumnRule, Feed
from ingestion.readers.shown import HeaderNames, short_name, short_names, without_number
from ingestion.text.scripts import folded_name

# Above this a name that differs is taken for a slip of the pen, not for another column.
_SLIP = 0.85


class Header:
    """Finds extract columns in a header and notes which of them were asked for."""

    def __init__(self, feed: Feed, table: Table, header: Sequence[str]) -> None:
        self.feed = feed
        self.header = header
        known = (name for rule in feed.columns or () for name in rule.extract_columns)
        self.names = HeaderNames(table, known, header)
        self.used: set[str] = set()
        folded: dict[str, list[str]] = {}
        for name in header:
            folded.setdefault(folded_name(name), []).append(name)
        self._folded = folded

    def find(self, name: str) -> str | None:
        """Gives the header's spelling of a column.

        That is the exact one, or else the only one that differs in case, blanks or keyboard.
        """
        if name in self.header:
            found = name
        else:
            similar = self._folded.get(folded_name(name), [])
            found = similar[0] if len(similar) == 1 else None
        if found is not None:
            self.used.add(found)
        return found

    def rules(
        self, table: Table, *, partial: bool
    ) -> tuple[dict[str, ColumnRule], tuple[str, ...]]:
        """Gives the rules of contract columns that this file can feed, and the other columns."""
        if self.feed.columns is None:
            rules = _same_names(self.feed, table)
        else:
            rules = list(self.feed.columns)
        missing = [(rule, name) for rule in rules for name in rule.extract_columns]
        missing = [(rule, name) for rule, name in missing if self.find(name) is None]
        absent = dict.fromkeys(rule.column for rule, _ in missing)
        needed = [
            (rule, name)
            for rule, name in missing
            if table.column(rule.column).required or not self._may_lack(rule)
        ]
        if needed and not partial:
            raise ExtractError(self._lacking(needed))
        usable = {rule.column: rule for rule in rules if rule.column not in absent}
        return usable, tuple(absent)

    def _may_lack(self, rule: ColumnRule) -> bool:
        """JSON writers leave out keys that hold nothing; other formats keep the column."""
        if rule.optional is not None:
            return rule.optional
        return rule.path is not None or self.feed.format in {"json", "jsonl"}

    def _lacking(self, needed: list[tuple[ColumnRule, str]]) -> str:
        free = [name for name in self.header if name not in self.used]
        names = dict.fromkeys(name for _, name in needed)
        missing = ", ".join(f"'{name}'{self.names.hint(name, free)}" for name in names)
        where = needed[0][0].where
        return (
            f"the extract lacks the column {missing}; {self.names.all()}. Put the column back, or "
            f"change the mapping ({where})"
        )


def _same_names(feed: Feed, table: Table) -> list[ColumnRule]:
    return [
        ColumnRule(
            column=column.name,
            where=feed.where,
            from_column=column.name,
            optional=not column.required,
            formats=feed.formats,
        )
        for column in table.columns
    ]


def check_duplicates(found: Header, table: Table) -> None:
    """Refuses names that stand twice where one of them is asked for.

    Readers tell columns of one name apart by a number.
    """
    feed = found.feed
    if feed.columns is None:
        asked = set(table.column_names)
    else:
        asked = {name for rule in feed.columns for name in rule.extract_columns}
        # A name that is written exactly so is found, whatever else looks like it.
        asked -= set(found.header)
    condition = set(feed.condition.columns if feed.condition else ()) - set(found.header)
    asked = {folded_name(name) for name in asked | condition}
    places: dict[str, list[int]] = {}
    for position, name in enumerate(found.header, start=1):
        places.setdefault(folded_name(without_number(name)), []).append(position)
    for name, positions in places.items():
        if len(positions) > 1 and name in asked:
            first = without_number(found.header[positions[0] - 1])
            told = found.names.one(first, positions[0])
            raise ExtractError(
                f"{told} stands {len(positions)} times in the header (columns "
                f"{', '.join(map(str, positions[:20]))}), so it is not certain which one "
                f"{feed.full_name} should take; rename or remove the others, or name the one that "
                "is meant in the mapping: '…#1', '…#2'"
            )


def check_unmapped(
    feed: Feed, table: Table, rules: Mapping[str, ColumnRule], unmapped: tuple[str, ...]
) -> None:
    """Refuses columns that the mapping does not use, if it says so or one may be a renamed one."""
    if unmapped and feed.unmapped == "refuse":
        raise ExtractError(
            f"the mapping uses no column {_told(unmapped, table)}, and {feed.where} says "
            "`unmapped: refuse`; map the columns or drop that line"
        )
    if feed.columns is None and feed.unmapped == "report" and feed.inline is None:
        _check_slips(feed, table, rules, unmapped)


def _told(names: Sequence[str], table: Table) -> str:
    if table.has_masked_columns:
        return f"of {len(names):,} (their names are not shown, as they may be personal data)"
    return short_names([repr(name) for name in names])


def _check_slips(
    feed: Feed, table: Table, rules: Mapping[str, ColumnRule], unmapped: tuple[str, ...]
) -> None:
    """Refuses a header with a column that looks like a renamed one.

    Where names are expected to agree, a renamed optional column would otherwise empty that column
    for every row without a word.
    """
    absent = [column.name for column in table.columns if column.name not in rules]
    for name in unmapped:
        similar = get_close_matches(folded_name(name).replace(" ", "_"), absent, n=1, cutoff=_SLIP)
        if similar:
            raise ExtractError(
                f"the extract has a column '{short_name(name)}', which {table.full_name} does "
                f"not know, and lacks '{similar[0]}'. Rename it; or, if it is something else, use "
                f"a mapping that says `unmapped: ignore` (now {feed.where})"
            )
