"""What a dbt run says went wrong, gathered from its events.

Belongs here: telling failed tests from errors and naming both. Does not belong here: running dbt.
dbt's own summary (`run_results.json`) is not used, because writing it takes dbt a second of a step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.errors import GateFailedError, TransformationError, without_values

_RESULT_EVENTS = {"LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult"}
_MESSAGE_EVENT = "RunResultError"
_MAX_NAMED = 10


@dataclass
class DbtOutcome:
    """What went wrong in one run.

    Attributes:
        failed: Tests that failed, with dbt's words.
        errors: Models and tests that did not run to their end, with the engine's words.
        other: Errors that belong to no node.
    """

    failed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)

    def observe(self, event: Mapping[str, Any]) -> None:
        """Takes note of one event of dbt's JSON log.

        Args:
            event: The event, with `info` and `data`.
        """
        info, data = event["info"], event["data"]
        if info["level"] != "error":
            return
        node = data.get("node_info", {}).get("unique_id")
        if node is None:
            self.other.append(info["msg"])
        elif info["name"] in _RESULT_EVENTS:
            kind = self.failed if data.get("status") == "fail" else self.errors
            kind[node] = ""
        elif info["name"] == _MESSAGE_EVENT:
            kind = self.failed if node in self.failed else self.errors
            kind[node] = data["msg"]

    def error(self, exit_code: int, log: Path) -> GateFailedError | TransformationError:
        """Gives the error of a run that did not succeed.

        A failed test means data that break a rule, as at a gate; anything else is an error.

        Args:
            exit_code: dbt's exit code.
            log: dbt's log file.
        """
        if self.errors:
            return TransformationError(
                f"dbt could not build {len(self.errors)} nodes: {_named(self.errors)}. See {log}"
            )
        if self.failed:
            return GateFailedError(
                f"{len(self.failed)} dbt tests failed: {_named(self.failed)}. Nothing was "
                f"published. Put the source right or change the rule, and refresh again. See {log}"
            )
        words = without_values(" ".join(" ".join(self.other).split()))
        return TransformationError(f"dbt ended with code {exit_code}: {words or 'no word'}. {log}")


def _named(nodes: Mapping[str, str]) -> str:
    names = [
        f"{unique_id.split('.')[2]} ({without_values(' '.join(message.split()))})"
        for unique_id, message in list(nodes.items())[:_MAX_NAMED]
    ]
    more = len(nodes) - len(names)
    return "; ".join(names) + (f" and {more} more" if more else "")
