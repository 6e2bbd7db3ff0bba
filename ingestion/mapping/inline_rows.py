"""Rows that stand in a mapping itself, as a relation of text like the records of a file.

Belongs here: the SQL of that relation. Does not belong here: whether their values are right
(`mapping_values`).
"""

from __future__ import annotations

from ingestion.mapping.feeds import InlineRows
from ingestion.text.sql_text import literal


def inline_relation(inline: InlineRows) -> str:
    """Gives inline rows as a bracketed query with columns `line` (from 1), `c0`, `c1`, ..."""
    rows = ", ".join(
        f"({', '.join([str(number), *(_cell(value) for value in record)])})"
        for number, record in enumerate(inline.records, start=1)
    )
    names = ", ".join(["line", *(f"c{i}" for i in range(len(inline.header)))])
    return f"(select * from (values {rows}) as inline_rows({names}))"


def inline_columns(inline: InlineRows) -> dict[str, str]:
    """Gives the column of `inline_relation` of each contract column that the rows name."""
    return {name: f"c{i}" for i, name in enumerate(inline.header)}


def _cell(value: str | None) -> str:
    return f"cast({literal(value)} as varchar)"
