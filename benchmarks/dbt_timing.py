"""When dbt built each model of a home, which benchmarks of parts of the warehouse measure.

Belongs here: running dbt and reading its own times. Does not: which models are of interest.
"""

import json
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from benchmarks.__main__ import timed

Span = tuple[float, float]


def built_models(home: Path) -> tuple[dict[str, Span], float]:
    """Builds all models of a home.

    Returns:
        When each model's execution started and ended, in seconds, and the largest resident memory
        of dbt in MB.
    """
    target = home / "bench_target"
    environment = {"SALESOPS_HOME": str(home), "DBT_TARGET_PATH": str(target)}
    os.environ.update(environment | {"DBT_LOG_PATH": str(home / "bench_logs")})
    _, peak, _ = timed([str(Path(sys.executable).parent / "dbt"), "run"])
    results = json.loads((target / "run_results.json").read_text())["results"]
    spans = {
        result["unique_id"].rpartition(".")[2]: _span(result["timing"])
        for result in results
        if result["unique_id"].startswith("model.")
    }
    return spans, peak


def _span(timing: list[dict[str, str]]) -> Span:
    executed = next(each for each in timing if each["name"] == "execute")
    start, end = (
        datetime.fromisoformat(executed[name]).timestamp()
        for name in ("started_at", "completed_at")
    )
    return start, end


def covered(spans: Iterable[Span]) -> float:
    """Gives the length of what spans cover together; two models may be built side by side."""
    covered, until = 0.0, 0.0
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered
