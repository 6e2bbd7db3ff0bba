"""The nightly job and its schedule.

Belongs here: what runs together, and when. Does not belong here: the steps.
"""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from orchestration.defs import NIGHTLY_JOB


def nightly_job() -> UnresolvedAssetJobDefinition:
    """The whole flow, from extracts to the published version."""
    return dg.define_asset_job(
        NIGHTLY_JOB,
        selection=dg.AssetSelection.all(),
        description="Lands extracts, builds and checks every layer, and publishes the marts.",
    )


def nightly_schedule(job: UnresolvedAssetJobDefinition, time_zone: str) -> dg.ScheduleDefinition:
    """Every night at two, where the company is; off until somebody switches it on.

    Args:
        job: The job.
        time_zone: The company's zone (IANA name).
    """
    return dg.ScheduleDefinition(
        name=f"{NIGHTLY_JOB}_schedule",
        job=job,
        cron_schedule="0 2 * * *",
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Refreshes what company.yml names, at 02:00 in the company's time zone.",
    )
