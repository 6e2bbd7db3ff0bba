"""The SQL that a gate sends: one statement per table for all of its checks.

Belongs here: how checks become statements. Does not belong here: what is checked (the suites), and
which rows of a table are (`scope`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from expectations.check import BATCH, Check, quoted

# Stands in a statement's answer where a check's name stands otherwise.
ROWS_CHECKED = ""
SAMPLE_ROWS = 5


@dataclass(frozen=True)
class TableChecks:
    """The checks of one table and the rows that they look at.

    Attributes:
        table: Schema and name.
        rows: What a check reads as `{batch}`: the table's full name, or a query in parentheses.
        checks: The checks, each with a name of its own.

    Raises:
        ValueError: Two checks have the same name.
    """

    table: str
    rows: str
    checks: tuple[Check, ...]

    def __post_init__(self) -> None:
        repeated = [n for n, count in Counter(c.name for c in self.checks).items() if count > 1]
        if repeated:
            raise ValueError(
                f"{self.table} has several checks named {', '.join(repeated)}; rename all but one"
            )

    @property
    def counting(self) -> str:
        """The statement that gives each check's failing rows and the number of rows checked."""
        return "\nunion all\n".join(
            [*(self.counting_alone(check) for check in self.checks), self.counting_rows]
        )

    def counting_alone(self, check: Check) -> str:
        """Gives the statement that counts the failing rows of one check."""
        return (
            f"select {quoted(check.name)} as check_name, count(*) as failing_rows "
            f"from (\n{self.failing_rows(check)}\n) as failing"
        )

    @property
    def counting_rows(self) -> str:
        """The statement that counts the rows that are checked."""
        return (
            f"select {quoted(ROWS_CHECKED)} as check_name, count(*) as failing_rows "
            f"from {self.rows} as checked"
        )

    def sampling(self, check: Check) -> str:
        """Gives the statement for a few of the rows that fail a check."""
        return f"select * from (\n{self.failing_rows(check)}\n) as failing limit {SAMPLE_ROWS}"

    def failing_rows(self, check: Check) -> str:
        """Gives the query of the rows that fail a check."""
        return check.failing_rows.strip().rstrip(";").replace(BATCH, self.rows)


def by_table(checks: Sequence[Check]) -> dict[str, tuple[Check, ...]]:
    """Groups checks by their table, in order."""
    grouped: dict[str, list[Check]] = {}
    for check in checks:
        grouped.setdefault(check.table, []).append(check)
    return {table: tuple(members) for table, members in grouped.items()}
