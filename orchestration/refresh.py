"""A refresh in this process: the nightly job, run to its end.

Belongs here: running the job and giving back its record. Does not belong here: the steps (`defs/`),
and how progress and result are shown (`command`, `summary`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.company.settings import load_company
from orchestration.dbt.worker import DbtWorker
from orchestration.defs import LANDING_STEP, NIGHTLY_JOB, RUN_ID_TAG
from orchestration.errors import TransformationError, without_values
from orchestration.project import Project
from orchestration.run.inputs import (
    NOTHING_NEW,
    fingerprint,
    inbox_state,
    is_published,
    looks_unchanged,
)
from orchestration.run.lock import RefreshLock, wait_until_free
from orchestration.run.retention import prune_runs
from orchestration.run.run_records import RunJournal, RunRecord, close_dead_records, new_run_id
from orchestration.run.sources import Source, resolve_sources

if TYPE_CHECKING:
    import dagster as dg


def refresh(
    project: Project, sources: Sequence[Source], full: bool = False, started: float | None = None
) -> RunRecord:
    """Refreshes a home.

    Args:
        project: The project with its home.
        sources: What to land; where empty, what the company settings name.
        full: Build and check everything anew, and publish even if nothing is new.
        started: `time.time()` at which the command began.

    Returns:
        The record, also of a refresh that failed.

    Raises:
        HomeLockedError: Another refresh of this home is running; nothing is recorded then.
    """
    with RefreshLock(project.home):
        run_id = new_run_id()
        journal = RunJournal(project.home, run_id, started or time.time())
        worker = DbtWorker(project)
        try:
            with journal.phase("start", "Starting"):
                # The job does this too; here it shows a typing mistake at once.
                inbox = inbox_state(resolve_sources(sources, project.home))
                if not full and _ends_unchanged(project, journal, inbox):
                    return journal.record
                # dbt starts while Dagster is imported, and reads the project where it has to.
                worker.start()
                definitions = _load(project, worker)
        except (Exception, KeyboardInterrupt):
            worker.close()
            return journal.record
        try:
            failure = _run(project, definitions, _run_config(sources, full), run_id)
        finally:
            worker.close()
        # The session inside the job has kept the record meanwhile.
        journal = RunJournal(project.home, run_id)
        if failure:
            journal.fail(journal.record.step or "start", failure)
        return journal.record


def _ends_unchanged(project: Project, journal: RunJournal, inbox: str) -> bool:
    """Ends the record where landing, building and publishing would find nothing to do.

    Files that nobody wrote to since they were landed need not be read again. Dagster, which takes
    longer to import than all of this, then has nothing to note.
    """
    home = project.home
    if not looks_unchanged(home, inbox):
        return False
    settings = load_company(home.company_file)
    # Somebody may be looking into it for a moment.
    wait_until_free(home.raw_db)
    inputs = fingerprint(project, settings)
    if not is_published(home, inputs):
        return False
    close_dead_records(home)
    journal.record.inbox, journal.record.inputs = inbox, inputs
    journal.finish("unchanged", NOTHING_NEW)
    journal.close()
    prune_runs(home, settings.keep_runs)
    return True


def _load(project: Project, worker: DbtWorker) -> dg.Definitions:
    from orchestration.definitions import definitions_of

    return definitions_of(project, worker)


def _run_config(sources: Sequence[Source], full: bool) -> dict[str, object]:
    named = [{"mapping": source.mapping, "folder": str(source.folder)} for source in sources]
    return {
        "ops": {LANDING_STEP: {"config": {"sources": named, "full": full}}},
        # The command shows its own progress; Dagster keeps all of this in its event log.
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _run(
    project: Project, definitions: dg.Definitions, run_config: dict[str, object], run_id: str
) -> BaseException | None:
    """Runs the job and gives the error that no step has noted, if there is one."""
    from orchestration.run.dagster_run import run_job
    from orchestration.run.event_log import dagster_instance

    job = definitions.resolve_job_def(NIGHTLY_JOB)
    try:
        with dagster_instance(project.home.dagster) as instance, _without_output():
            result = run_job(job, instance, project.root, run_config, {RUN_ID_TAG: run_id})
    except BaseException as error:
        # Dagster's word for an interruption is an exception of none of the usual kinds.
        return error
    return None if result.success else _failure(result)


def _failure(result: dg.JobExecutionResult) -> BaseException:
    """Gives what Dagster says of a run that failed outside its steps' own code."""
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        if error and "Interrupted" in (error.cls_name or ""):
            return KeyboardInterrupt()
    messages = [event.message or "" for event in result.all_events if event.is_failure]
    return TransformationError(without_values(messages[0] if messages else "the job failed"))


@contextlib.contextmanager
def _without_output() -> Iterator[None]:
    """Keeps what dbt and Dagster print off the command's output, which is for the summary."""
    # It warns of every gate that has no result, which is as it should be where nothing is new.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
