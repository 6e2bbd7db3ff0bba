"""The resource through which steps know the home they work on and note what they did.

Belongs here: what all steps of one run share: project, lock and journal. Does not belong here: the
steps themselves.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from orchestration.defs import RUN_ID_TAG
from orchestration.lock import RefreshLock, wait_until_free
from orchestration.project import Project
from orchestration.run_records import RunJournal, RunRecord, close_dead_records, new_run_id


class RefreshSession(dg.ConfigurableResource):
    """One refresh: holds the home's lock and keeps the run's record while a run goes on.

    Attributes:
        home: The home folder.
    """

    home: str
    _run: dg.DagsterRun | None = PrivateAttr(default=None)
    _journal: RunJournal | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["RefreshSession"]:
        """Takes the lock and opens the record for the time of a run.

        Raises:
            HomeLockedError: Another refresh of this home is running.
            StoreInUseError: Another program has raw or the warehouse open.
        """
        project = self.project
        with RefreshLock(project.home):
            for store in (project.home.raw_db, project.home.warehouse_db):
                wait_until_free(store)
            close_dead_records(project.home)
            self._run = context.run
            yield self
            self._close()

    def _close(self) -> None:
        # Dagster also makes resources for nobody, which must leave no record.
        if self._journal is None:
            return
        if self.record.status == "running":
            self.journal.finish("partial", "only some steps ran, so nothing was published")
        self.journal.close()

    @property
    def project(self) -> Project:
        """The project, with this home."""
        return Project.locate(Path(self.home))

    @property
    def journal(self) -> RunJournal:
        """The journal of this run, begun when a step first asks for it."""
        if self._journal is None:
            tags = self._run.tags if self._run else {}
            run_id = tags.get(RUN_ID_TAG) or new_run_id()
            self._journal = RunJournal(self.project.home, run_id)
            self._journal.record.dagster_run_id = self._run.run_id if self._run else None
        return self._journal

    @property
    def record(self) -> RunRecord:
        """What is known of this run so far."""
        return self.journal.record

    def phase(self, name: str, title: str) -> AbstractContextManager[None]:
        """Times a phase of the run; see `RunJournal.phase`."""
        return self.journal.phase(name, title)
