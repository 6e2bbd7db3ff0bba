"""The resource through which steps know the home they work on and note what they did.

Belongs here: what all steps of one run share: project, lock, journal, dbt, and the version that is
being made. Does not belong here: the steps themselves.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from ingestion.company.settings import load_company
from orchestration.dbt.builder import FilesInMaking, ModelBuilds, StepOutcome
from orchestration.dbt.graph import Step
from orchestration.dbt.worker import DbtWorker
from orchestration.defs import RUN_ID_TAG
from orchestration.project import Project
from orchestration.publication import Building, builders_in_force, sweep_scratch
from orchestration.run.compaction import compact_dagster_runs
from orchestration.run.lock import RefreshLock, wait_until_free
from orchestration.run.retention import prune_dagster_runs, prune_runs
from orchestration.run.run_records import (
    RunJournal,
    RunRecord,
    StepEntry,
    close_dead_records,
    landed_tables,
    new_run_id,
    runs_since_gate,
)


class RefreshSession(dg.ConfigurableResource):
    """One refresh: holds the home's lock and keeps the run's record while a run goes on.

    Attributes:
        home: The home folder.
        dbt: The dbt process of this run.
    """

    home: str
    dbt: dg.ResourceDependency[DbtWorker]
    _run: dg.DagsterRun | None = PrivateAttr(default=None)
    _journal: RunJournal | None = PrivateAttr(default=None)
    _models: ModelBuilds | None = PrivateAttr(default=None)
    _building: Building | None = PrivateAttr(default=None)
    _outcomes: dict[Step, StepOutcome] = PrivateAttr(default_factory=dict)
    _full: bool = PrivateAttr(default=False)

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
            sweep_scratch(project.home)
            self._run = context.run
            try:
                yield self
            finally:
                self.dbt.close()
            self._close()
            self._throw_old_away(context.instance)

    def _close(self) -> None:
        # Dagster also makes resources for nobody, which must leave no record.
        if self._journal is None:
            return
        if self.record.status == "running":
            self.journal.finish("partial", "only some steps ran, so nothing was published")
        self.journal.close()

    def _throw_old_away(self, instance: dg.DagsterInstance | None) -> None:
        if self._journal is None:
            return
        home = self.project.home
        keep = load_company(home.company_file).keep_runs
        prune_runs(home, keep)
        if instance:
            prune_dagster_runs(instance, home, keep)
            compact_dagster_runs(instance, home)

    @property
    def project(self) -> Project:
        """The project, with this home."""
        return Project.locate(Path(self.home))

    @property
    def journal(self) -> RunJournal:
        """The journal of this run, begun when a step first asks for it."""
        if self._journal is None:
            run = self._run
            # A run that is done again in Dagster has its parent's tags, but a record of its own.
            given = run.tags.get(RUN_ID_TAG) if run and not run.parent_run_id else None
            self._journal = RunJournal(self.project.home, given or new_run_id())
            self._journal.record.dagster_run_id = self._run.run_id if self._run else None
        return self._journal

    @property
    def record(self) -> RunRecord:
        """What is known of this run so far."""
        return self.journal.record

    @property
    def full(self) -> bool:
        """Whether everything is built and checked, whatever was before."""
        return self._full

    def make_full(self) -> None:
        """Has everything built and checked."""
        self._full = True

    @property
    def models(self) -> ModelBuilds:
        """The building of models in this run."""
        if self._models is None:
            self._models = ModelBuilds(self.project, self.dbt, self.record.run_id, self._full)
        return self._models

    @property
    def building(self) -> Building:
        """The version that is being made, begun when a step first asks for it."""
        if self._building is None:
            home = self.project.home
            builders = builders_in_force(home)
            carry = not self._full and bool(builders) and self.models.can_keep_any(builders)
            self._building = Building.begin(home, self.record.run_id, carry=carry)
        return self._building

    @property
    def files_in_making(self) -> FilesInMaking:
        """The files that models are built into."""
        entries = self.building.carried.items()
        carried = {name: entry.built_by for name, entry in entries if entry.built_by}
        return FilesInMaking(self.building.folder, carried)

    @property
    def built(self) -> set[str]:
        """Schema and name of the models that were built in this run."""
        return {table for outcome in self._outcomes.values() for table in outcome.built}

    def note_step(self, step: Step, outcome: StepOutcome) -> None:
        """Keeps what became of a step's models."""
        self._outcomes[step] = outcome
        entry = StepEntry(built=dict(outcome.built), skipped=outcome.skipped)
        self.record.steps = {**self.record.steps, step: entry}
        self.journal.save()

    def landed(self, gate: str) -> frozenset[str] | None:
        """Gives schema and name of raw tables landed since a gate last passed; None is all."""
        runs = runs_since_gate(self.project.home, gate, self.record.run_id)
        return None if runs is None else landed_tables(self.project.home, runs)

    def touched(self, step: Step) -> frozenset[str] | None:
        """Gives what a step left for its gate to look at; None is all, where it did not run."""
        return self._outcomes[step].touched if step in self._outcomes else None

    def phase(self, name: str, title: str) -> AbstractContextManager[None]:
        """Times a phase of the run; see `RunJournal.phase`."""
        return self.journal.phase(name, title)
