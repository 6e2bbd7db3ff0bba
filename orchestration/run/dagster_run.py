"""A run of a job in this process, noted as one of the code that `dagster dev` loads.

Belongs here: what makes the command's runs look the same as Dagster's own. Does not belong here:
where Dagster's records are kept (`event_log`), and what a run does (`defs/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.workspace.load import location_origin_from_module_name

from orchestration.run.event_log import noted_together

# The module that `dagster dev` finds by pyproject.toml; it names the code location after it.
CODE_LOCATION = "orchestration.definitions"


def run_job(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    root: Path,
    run_config: Mapping[str, object],
    tags: Mapping[str, str],
) -> dg.JobExecutionResult:
    """Runs a job to its end; what fails inside is in the result.

    `execute_in_process` does the same for a run that belongs to no code location, which the
    Timeline and the job's own page leave out.

    Args:
        job: The job; its executor must be the one for this process.
        instance: Where the run is noted.
        root: The project's folder, in which `dagster dev` is started.
        run_config: Configuration of the steps.
        tags: Tags of the run.
    """
    # Dagster notes of each table and check that it is planned, before anything runs.
    with noted_together(instance):
        run = instance.create_run_for_job(
            job_def=job,
            run_config=run_config,
            tags={**job.run_tags, **tags},
            remote_job_origin=_origin(job.name, root),
        )
    return execute_run(InMemoryJob(job), run, instance)


def _origin(job: str, root: Path) -> RemoteJobOrigin:
    location = location_origin_from_module_name(
        CODE_LOCATION, attribute=None, working_directory=str(root), location_name=CODE_LOCATION
    )
    return RemoteJobOrigin(
        repository_origin=RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job_name=job
    )
