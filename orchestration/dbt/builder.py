"""One refresh's building of models: decide, build, note what was built.

Belongs here: the order of these steps. Does not belong here: how each is done (`plan`, `worker`,
`build_state`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ingestion.home import OWNER_ONLY_FILE
from orchestration.dbt import build_state
from orchestration.dbt.build_state import Build, Content
from orchestration.dbt.graph import WAREHOUSE, Model, ProjectGraph, Step
from orchestration.dbt.plan import (
    Decision,
    Facts,
    decide,
    definition_hashes,
    inputs_by_model,
)
from orchestration.dbt.worker import DbtWorker
from orchestration.project import Project

logger = logging.getLogger("salesops.dbt")


@dataclass(frozen=True)
class FilesInMaking:
    """The files of the version that is being made, as far as building models needs them.

    Attributes:
        folder: The folder in which they stand.
        carried: For each table that came along from the version in force, by schema and name, the
            run that built it.
    """

    folder: Path
    carried: Mapping[str, str]


@dataclass(frozen=True)
class StepOutcome:
    """What became of a step's models.

    Attributes:
        built: Tables and views that were built, and why.
        skipped: How many were not.
        tables: What each table of the step holds now, by schema and name.
        touched: Schema and name of what its gate has to look at.
    """

    built: Mapping[str, str]
    skipped: int
    tables: Mapping[str, Content]
    touched: frozenset[str]


class ModelBuilds:
    """Building models in one refresh.

    Args:
        project: The project with its home.
        worker: dbt.
        run_id: The refresh.
        full: Whether to build everything, whatever was built before.
    """

    def __init__(self, project: Project, worker: DbtWorker, run_id: str, full: bool) -> None:
        self._project = project
        self._worker = worker
        self._run_id = run_id
        self._full = full
        self._graph: ProjectGraph | None = None
        self._sources: dict[str, Content] = {}
        self._built_here: set[str] = set()

    @property
    def graph(self) -> ProjectGraph:
        """The project's models."""
        if self._graph is None:
            self._graph = ProjectGraph.read(self._worker.manifest())
        return self._graph

    @property
    def names(self) -> frozenset[str]:
        """Schema and name of every model."""
        return frozenset(model.table for model in self.graph.models.values())

    def can_keep_any(self, in_force: Mapping[str, str]) -> bool:
        """Tells whether any published table of the version in force can stay as it is.

        Args:
            in_force: For each of its tables, by schema and name, the run that built it.
        """
        with self._stores() as stores:
            decisions = self._decide(stores, in_force)
        return any(
            d.model.is_published and d.model.is_table and not d.is_due for d in decisions.values()
        )

    def build(
        self, step: Step, files: FilesInMaking, only: Collection[str] | None = None
    ) -> StepOutcome:
        """Builds what a step has to build.

        Args:
            step: The step.
            files: The version that is being made.
            only: Schema and name of models to build, due or not, in place of all that are due.

        Raises:
            TransformationError: A model could not be built.
        """
        self.graph.models_of(step)
        built: dict[str, str] = {}
        if step == "core" and only is None:
            self._sweep()
            built |= self._build_first(files)
        with self._stores(files.folder) as stores:
            decisions = self._decide(stores, files.carried)
            due = self._due(step, decisions, only)
            build_state.forget(stores, [d.model.unique_id for d in due])
        built |= self._run(due, files)
        with self._stores(files.folder) as stores:
            # What was asked for may stand on inputs that were not built: the next refresh that is
            # asked for nothing in particular builds it again.
            self._record(stores, step, due if only is None else [])
            builds = build_state.read_builds(stores)
        mine = self.graph.models_of(step)
        return StepOutcome(
            built=built,
            skipped=len(mine) - len(built),
            tables={
                model.table: build.content
                for model in mine
                if (build := builds.get(model.unique_id)) and build.content
            },
            touched=frozenset(
                model.table
                for model in mine
                if (build := builds.get(model.unique_id)) is None or not build.is_checked
            ),
        )

    def mark_checked(self, step: Step) -> None:
        """Notes that the gate behind a step has passed."""
        with self._stores() as stores:
            build_state.mark_checked(stores, [m.table for m in self.graph.models_of(step)])

    def _sweep(self) -> None:
        """Drops what models made that are no more, or stand in another file by now."""
        models = self.graph.models
        made_here = {model.table for model in models.values() if not model.is_published}
        schemas = {model.schema for model in models.values()}
        with self._stores() as stores:
            build_state.forget_all_but(stores, models)
            for stray in build_state.drop_strays(stores, schemas, made_here):
                logger.info("%s was dropped from the warehouse: no model makes it any more", stray)

    def _build_first(self, files: FilesInMaking) -> dict[str, str]:
        """Builds what most models depend on, so that one whose content stays makes nothing due."""
        with self._stores(files.folder) as stores:
            decisions = self._decide(stores, files.carried)
            first = [d for d in decisions.values() if d.model.is_built_first and d.is_due]
            above = self._above(d.model for d in first)
            due = [d for d in decisions.values() if d.is_due and d.model.unique_id in above]
            if not first or any(d.model.is_table for d in due if d not in first):
                return {}
            build_state.forget(stores, [d.model.unique_id for d in due])
        built = self._run(due, files)
        with self._stores(files.folder) as stores:
            self._record(stores, "core", due)
        return built

    def _above(self, models: Iterable[Model]) -> set[str]:
        found: set[str] = set()
        waiting = [model.unique_id for model in models]
        while waiting:
            unique_id = waiting.pop()
            if unique_id in self.graph.models and unique_id not in found:
                found.add(unique_id)
                waiting += self.graph.models[unique_id].inputs
        return found

    def _due(
        self, step: Step, decisions: Mapping[str, Decision], only: Collection[str] | None
    ) -> list[Decision]:
        mine = [d for d in decisions.values() if d.model.step == step]
        if only is None:
            return [d for d in mine if d.is_due]
        return [replace(d, why="it was asked for") for d in mine if d.model.table in only]

    def _run(self, due: list[Decision], files: FilesInMaking) -> dict[str, str]:
        if not due:
            return {}
        ended = 0

        def show(_: str) -> None:
            nonlocal ended
            ended += 1
            logger.debug("%d of %d models", ended, len(due), extra={"part": ended / len(due)})

        self._worker.run([d.model.unique_id for d in due], files.folder, show)
        self._built_here |= {d.model.unique_id for d in due}
        # dbt makes its files readable like any other.
        for path in self._files(files.folder).values():
            if path.exists() and path != self._project.home.raw_db:
                path.chmod(OWNER_ONLY_FILE)
        return {d.model.table: d.why or "" for d in due}

    def _decide(
        self, stores: duckdb.DuckDBPyConnection, carried: Mapping[str, str]
    ) -> dict[str, Decision]:
        if not self._sources:
            self._sources = {
                unique_id: build_state.source_content(stores, source)
                for unique_id, source in self.graph.sources.items()
            }
        builds = build_state.read_builds(stores)
        built_here = {
            model.table: self._run_id
            for unique_id, model in self.graph.models.items()
            if unique_id in self._built_here
        }
        known = {
            unique_id: build
            for unique_id, build in builds.items()
            # A full refresh goes by nothing but what it has built itself.
            if not self._full or unique_id in self._built_here
        }
        return decide(
            self.graph,
            Facts(
                builds=known,
                sources=self._sources,
                there=build_state.tables_there(stores),
                carried={**carried, **built_here},
            ),
        )

    def _record(
        self, stores: duckdb.DuckDBPyConnection, step: Step, due: Iterable[Decision]
    ) -> None:
        """Notes what was built, and what else its gate has to look at."""
        before = build_state.read_builds(stores)
        ran = {
            d.model.unique_id: build_state.table_content(stores, d.model.relation)
            if d.model.is_table
            else None
            for d in due
        }
        contents = {i: build.content for i, build in before.items() if build.content}
        contents |= {i: content for i, content in ran.items() if content}
        # Only now is known what inputs hold that were built in the same step.
        definitions = definition_hashes(self.graph, held=self._views_left(before, ran))
        inputs = inputs_by_model(self.graph, self._sources, contents, definitions)
        rows: list[Build] = []
        for model in self.graph.models_of(step):
            unique_id, build = model.unique_id, before.get(model.unique_id)
            read = inputs[unique_id]
            if read is None:
                continue
            if unique_id in ran:
                rows.append(
                    Build(
                        unique_id,
                        model.table,
                        model.sql_hash,
                        definitions[unique_id],
                        read,
                        ran[unique_id],
                        self._run_id,
                        is_checked=False,
                    )
                )
            elif build and not model.is_table and build.inputs != read:
                # A view that was not built shows other rows.
                rows.append(replace(build, inputs=read, is_checked=False))
        build_state.record(stores, rows)

    def _views_left(self, builds: Mapping[str, Build], ran: Collection[str]) -> dict[str, str]:
        """Gives the definitions of views as they stand there.

        Where only some models were asked for, a view may show its rows by SQL of an earlier day.
        """
        return {
            i: build.definition_hash
            for i, build in builds.items()
            if i in self.graph.models and not self.graph.models[i].is_table and i not in ran
        }

    def _files(self, building: Path | None) -> dict[str, Path]:
        home = self._project.home
        files = {"raw": home.raw_db, WAREHOUSE: home.warehouse_db}
        if building is not None:
            files |= {name: building / f"{name}.duckdb" for name in ("marts", "restricted")}
        return files

    @contextmanager
    def _stores(self, building: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        files = self._files(building)
        with build_state.open_stores(files, writable=True) as stores:
            files[WAREHOUSE].chmod(OWNER_ONLY_FILE)
            yield stores
