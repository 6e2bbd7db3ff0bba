"""What a gate found: one result object per check and per gate.

Belongs here: the results and what they decide. Does not belong here: running checks, storing them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

GateName = Literal["raw", "core", "marts"]
Severity = Literal["block", "warn"]
Outcome = Literal["passed", "failed", "broken"]


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Attributes:
        gate: The gate it belongs to.
        layer: Schema of the checked table, such as `crm` or `core`.
        table_name: The checked table.
        check_name: Name of the check, unique within its table and gate.
        severity: `block` stops the refresh, `warn` is reported.
        result: `broken` means that the check itself did not work, which is never a pass.
        rows_checked: Rows of the checked table.
        rows_failed: Rows that break the rule; None where the check is broken.
        message: A sentence: what was found, and what to do where that is something.
        sample: Up to five failing rows, ids and counts only.
    """

    gate: GateName
    layer: str
    table_name: str
    check_name: str
    severity: Severity
    result: Outcome
    rows_checked: int | None
    rows_failed: int | None
    message: str
    sample: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class GateResult:
    """What one gate found in one refresh.

    Attributes:
        gate: The gate.
        run_id: The refresh.
        checks: What each check found.
        is_in_demand: Whether anything was there to check; else it passes without a check.
    """

    gate: GateName
    run_id: str
    checks: tuple[CheckResult, ...]
    is_in_demand: bool = True

    @property
    def blocking(self) -> tuple[CheckResult, ...]:
        """The checks that stop the refresh."""
        return tuple(c for c in self.checks if c.severity == "block" and c.result != "passed")

    @property
    def passed(self) -> bool:
        """Whether the refresh may go on; a gate that ran no check of what it should has not."""
        return not self.blocking and bool(self.checks or not self.is_in_demand)

    @property
    def needs_a_page(self) -> bool:
        """Whether somebody has to look at it: a check stops the refresh, or did not work."""
        return bool(self.blocking) or any(check.result == "broken" for check in self.checks)
