"""The declaration of a check: which rows of which table break which rule.

Belongs here: the declaration. Does not belong here: the checks, which stand in files
(`check_files`) or follow from the contracts (`raw_suite`, `core_suite`, `marts_suite`), and running
them (`runner`).
"""

from __future__ import annotations

from dataclasses import dataclass

from expectations.results import Severity

BATCH = "{batch}"


@dataclass(frozen=True)
class Check:
    """One rule that a table must satisfy.

    Attributes:
        layer: Schema of the table.
        table_name: The table the rule is about.
        name: Name of the check, unique within its table.
        failing_rows: Query of the rows that break the rule, with `{batch}` for the rows of the
            table that are checked, and other tables by `catalog.schema.table`. It selects ids and
            counts only: what it selects is shown in messages.
        meaning: What it means that rows fail, as the end of "3 rows: ...".
        advice: What to do about it.
        severity: Whether failing stops the refresh.
        watched_schemas: Schemas of which any table that changes calls for this check, beside the
            tables that its query names.
        shown_columns: The columns of failing rows that may be shown; None where the query selects
            only such columns. With none at all, only the count is told.
    """

    layer: str
    table_name: str
    name: str
    failing_rows: str
    meaning: str
    advice: str
    severity: Severity = "block"
    watched_schemas: frozenset[str] = frozenset()
    shown_columns: frozenset[str] | None = None

    @property
    def table(self) -> str:
        """Schema and table."""
        return f"{self.layer}.{self.table_name}"


def quoted(text: str) -> str:
    """Writes text as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
