"""The SELECT that makes typed rows of the records of a file, with what is wrong with each.

Belongs here: the names and the order of what it gives. Does not belong here: how a feed and a
header become its columns (`compilation`), keys and duplicates, and messages about single rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ingestion.casting.column_layers import ColumnLayers, layered
from ingestion.casting.projected_column import NO_TEXT, ProjectedColumn, unless_emptied
from ingestion.contracts.raw_ddl import quoted
from ingestion.text.sql_text import literal

TEXT_PREFIX = "_text_"
FAILURE_PREFIX = "_failure_"
FAILED_COLUMN = "_failed_column"
FAILED_REASON = "_failed_reason"
EMPTIED = "_emptied"
EXTRACTED_AT = "_extracted_at_value"
PASSED_OVER = "passed_over"
BLANK = "blank"
NO_RECORDS = f"('{PASSED_OVER}', '{BLANK}')"
CONDITION = "where"


@dataclass(frozen=True)
class Projection:
    """A feed compiled for one header.

    Args:
        columns: One per contract column, in the contract's order.
        used: Extract columns that the mapping reads.
        unmapped: Extract columns that no feed of the file reads.
        extracted_at: Time of each record, where the mapping takes it from a column.
        absent: Contract columns that are mapped, but to extract columns that this file lacks.
        blank_sql: Boolean over the text relation: no cell of the record holds anything; None for
            records that cannot be blank.
        unread_sql: VARCHAR over the text relation: the first cell that the mapping does not use and
            that holds anything; None where it uses all.
        condition_sql: Boolean over the text relation: whether the record is meant at all; None
            where all are. It may raise.
        made: What is made of the text relation for several uses; see `made_sql`.
        where_sql: The feed's `where` over the text relation; None where it has none.
    """

    columns: tuple[ProjectedColumn, ...]
    used: tuple[str, ...]
    unmapped: tuple[str, ...]
    extracted_at: ProjectedColumn | None = None
    absent: tuple[str, ...] = ()
    blank_sql: str | None = None
    unread_sql: str | None = None
    condition_sql: str | None = None
    made: tuple[tuple[str, ...], ...] = ()
    where_sql: str | None = None

    def made_sql(self, relation: str) -> str:
        """Gives one SELECT of the text relation and of what is made of it for several uses.

        What is said to be SQL over the text relation is over this.

        Args:
            relation: Name (or bracketed query) of the text relation.
        """
        return layered(f"select * from {relation}", self.made)

    def select_sql(self, relation: str, carry: Iterable[str] = ()) -> str:
        """Gives one SELECT that computes texts, values and failures of every record.

        Each step reads the columns of the one below it, so that no text is made twice. The result
        has, after the carried columns, for each contract column `x`: `x` (typed value),
        `_text_x` (VARCHAR as mapped) and `_failure_x` (reason code or NULL); then the first
        contract column that failed as `_failed_column` and its code as `_failed_reason`, both NULL
        for a good record; whether values were left empty for what is wrong with them as
        `_emptied`; and `_extracted_at_value` (UTC) where records say their time. The code
        of a record that is none is `passed_over`, or `blank` where no cell that the mapping uses
        holds anything. What is not selected from it is not computed.

        Args:
            relation: Name (or bracketed query) of the text relation.
            carry: SQL of its columns to hand through unchanged.
        """
        carried = [*carry]
        every = [*self.columns, *([self.extracted_at] if self.extracted_at else [])]
        typed_by = (c.column.typed_by for c in self.columns)
        selectors = {each.selector for each in typed_by if each is not None}
        place = {c.name: str(i) for i, c in enumerate(self.columns)}
        rows = [
            ColumnLayers(
                column,
                str(i),
                place,
                is_plain_made=column.is_read_plain or column.name in selectors,
                days=tuple((self.columns[int(place[by])], place[by]) for by in column.units_by),
            )
            for i, column in enumerate(every)
        ]
        texts = [*carried, *(part for row in rows for part in row.texts()), *self._meant()]
        # A file none of whose columns the mapping knows has no texts; the check looks at it too.
        query = layered(
            f"select {', '.join(texts) or NO_TEXT} from ({self.made_sql(relation)})",
            (
                [part for row in rows for part in row.plain()],
                [part for row in rows for part in (*row.readings(), *row.numbers())],
                [part for row in rows for part in row.named_values()],
                [part for row in rows for part in row.values()],
                [part for row in rows for part in row.failures(self._start(row.column, place))],
            ),
        )
        names = [row.number for row in rows]
        return f"select {', '.join([*carried, *self._outcome(names)])} from ({query})"

    def _start(self, column: ProjectedColumn, place: Mapping[str, str]) -> str | None:
        """Gives the SQL of the value that a column must not lie before."""
        name = column.column.not_before
        if name is None or not self.columns[int(place[name])].is_fed:
            return None
        return unless_emptied(self.columns[int(place[name])], f"v{place[name]}")

    def _meant(self) -> Iterator[str]:
        """Gives whether a record is blank, and a list of whether it is meant; NULL if it fails."""
        if self.blank_sql is not None:
            yield f"{self.blank_sql} as is_blank"
        if self.condition_sql is not None:
            yield f"try([cast({self.condition_sql} as boolean)]) as is_meant"

    def _outcome(self, names: list[str]) -> list[str]:
        """Gives the final columns over the numbered ones."""
        columns = [*self.columns, *([self.extracted_at] if self.extracted_at else [])]
        failing = [(n, c) for n, c in zip(names, columns, strict=True) if c.can_fail]
        fatal = [(n, c) for n, c in failing if not c.is_emptied]
        failed = " ".join(f"when f{n} is not null then {literal(c.name)}" for n, c in fatal)
        reasons = ", ".join(f"f{n}" for n, _ in fatal)
        outcome = [
            f"{_landed_value(n, c)} as {quoted(c.name)}"
            for n, c in zip(names, self.columns, strict=False)
        ]
        outcome += [
            f"{f't{n}' if c.is_fed else NO_TEXT} as {quoted(TEXT_PREFIX + c.name)}"
            for n, c in zip(names, self.columns, strict=False)
        ]
        outcome += [
            f"{f'f{n}' if c.can_fail else NO_TEXT} as {quoted(FAILURE_PREFIX + c.name)}"
            for n, c in zip(names, self.columns, strict=False)
        ]
        codes = []
        if self.blank_sql is not None:
            codes.append(f"when is_blank then '{BLANK}'")
        if self.condition_sql is not None:
            not_meant = "is_meant is not null and not coalesce(is_meant[1], false)"
            codes.append(f"when {not_meant} then '{PASSED_OVER}'")
            codes.append("when is_meant is null then 'expression_failed'")
            failed = f"when is_meant is null then {literal(CONDITION)} {failed}"
        code = f"coalesce({reasons}, null)"
        code = f"case {' '.join(codes)} else {code} end" if codes else code
        outcome += [f"{code} as {FAILED_REASON}"]
        column = f"case {failed} end" if failed else NO_TEXT
        if codes:
            column = f"case when ({code}) in {NO_RECORDS} then null else {column} end"
        outcome += [f"{column} as {FAILED_COLUMN}"]
        emptied = [f"f{n} is not null" for n, c in failing if c.is_emptied]
        outcome += [f"{' or '.join(emptied) or 'false'} as {EMPTIED}"]
        if self.extracted_at is not None:
            outcome += [f"v{names[-1]} as {EXTRACTED_AT}"]
        return outcome

    @property
    def passes_over(self) -> bool:
        """Whether any record can be none."""
        return self.blank_sql is not None or self.condition_sql is not None


def _landed_value(number: str, column: ProjectedColumn) -> str:
    """Gives a typed value as it is landed: empty if it cannot be used, or its default."""
    value = f"v{number}" if column.is_fed else column.no_value_sql
    if column.is_emptied:
        value = f"case when f{number} is null then {value} end"
    default = column.column.default
    return value if default is None else f"coalesce({value}, {literal(default)})"
