"""One row per period, level and member: the Kaplan-Meier median of the days to ramp.

Belongs here: the estimate, which scipy makes. Does not belong here: whose days are counted, and
what of the result is shown; that is SQL before and after it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import CensoredData, ecdf

GROUP = ("period_grain", "period_start", "level", "member_id", "basis")
SCHEMA = pa.schema(
    [
        ("period_grain", pa.string()),
        ("period_start", pa.date32()),
        ("level", pa.string()),
        ("member_id", pa.string()),
        ("basis", pa.string()),
        ("median_days_to_ramp", pa.float64()),
    ]
)


def model(dbt: Any, session: Any) -> Any:
    """Gives the medians; dbt calls it with its own context and the engine's session.

    Both engines hand over and take a table of Arrow, if by different names.
    """
    dbt.config(materialized="table")
    relation = dbt.ref("int_ramp_durations")
    is_spark = hasattr(relation, "toArrow")
    durations = relation.toArrow() if is_spark else relation.to_arrow_table()
    medians = medians_of(durations)
    return session.createDataFrame(medians) if is_spark else medians


def medians_of(durations: pa.Table) -> pa.Table:
    """Estimates the median of each group.

    Args:
        durations: One row per group, `observed_days` and `is_ramped`, with the number of `reps`.
    """
    names = (*GROUP, "observed_days", "is_ramped", "reps")
    seen_by_column = [durations[name].to_pylist() for name in names]
    groups = defaultdict(list)
    for *group, days, is_ramped, reps in zip(*seen_by_column, strict=True):
        groups[tuple(group)].append((days, is_ramped, reps))
    rows = [(*group, median_duration(seen)) for group, seen in groups.items()]
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def median_duration(seen: list[tuple[int, bool, int]]) -> float | None:
    """Estimates the duration after which half have reached the event (Kaplan and Meier, 1958).

    Args:
        seen: Duration in days, whether it ended with the event (else it is right-censored), and
            how many had it so.

    Returns:
        The shortest duration at which the survival function is a half or less; None where it stays
        above a half as long as anybody was seen.
    """
    durations = np.array([days for days, _, _ in seen])
    is_censored = np.array([not is_event for _, is_event, _ in seen])
    counts = [count for _, _, count in seen]
    if is_censored.all():
        return None
    sample = CensoredData.right_censored(
        np.repeat(durations, counts), np.repeat(is_censored, counts)
    )
    survival = ecdf(sample).sf
    # A product of fractions that is a half may miss it in the last digit.
    reached = survival.quantiles[survival.probabilities <= 0.5 + 1e-9]
    return float(reached[0]) if reached.size else None
