"""Whatever happened in the nights before: a refresh that skips holds what one that skips nothing
would.

`SALESOPS_RANDOM_NIGHTS` says how many nights are drawn (20), in homes of 20 nights each, and
`SALESOPS_RANDOM_SEED` the seed of the first home (1). With `-n 0 -s` each night is printed.
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from compiled_models import CompiledModel
from full_builds import built_in_full, compiled_by_dbt, differences
from random_nights import (
    KINDS,
    MACROS,
    STEPS,
    Company,
    Killed,
    copy_of_project,
    draw_kinds,
    extract_pool,
)

from ingestion.home import Home
from orchestration.dbt import build_state, builder, plan
from orchestration.dbt.builder import ModelBuilds
from orchestration.dbt.graph import ProjectGraph
from orchestration.dbt.plan import Decision, Facts
from orchestration.project import Project
from orchestration.run.inputs import digest_of_files

pytestmark = pytest.mark.minutes(6)

NIGHTS = int(os.environ.get("SALESOPS_RANDOM_NIGHTS", "20"))
FIRST_SEED = int(os.environ.get("SALESOPS_RANDOM_SEED", "1"))
NIGHTS_PER_HOME = 20
HOMES = [
    (FIRST_SEED + number, min(NIGHTS_PER_HOME, NIGHTS - before))
    for number, before in enumerate(range(0, NIGHTS, NIGHTS_PER_HOME))
]
REPOSITORY = Path(__file__).resolve().parents[2]


class FullBuilds:
    """Compiles each state of the project once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._compiled: dict[str, list[CompiledModel]] = {}

    def compiled(self, project: Project) -> list[CompiledModel]:
        """Gives all models as they stand in the project's files."""
        digest = digest_of_files(project.dbt_files)
        if digest not in self._compiled:
            target = self._folder / str(len(self._compiled))
            self._compiled[digest] = compiled_by_dbt(project, target)
        return self._compiled[digest]

    def wrong_in(self, company: Company) -> list[str]:
        """Says what the company's home holds differently from a full build of the same raw."""
        models, files = self.compiled(company.project), company.files()
        with built_in_full(models, files["raw"]) as expected:
            return differences(models, expected, files)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> FullBuilds:
    return FullBuilds(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_project(REPOSITORY, tmp_path_factory.mktemp("project") / "root")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return extract_pool(tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="module")
def first(
    root: Path, pool: list[Path], full: FullBuilds, tmp_path_factory: pytest.TempPathFactory
) -> Company:
    """A home in which the first night was refreshed."""
    project = Project(root, Home(tmp_path_factory.mktemp("first") / "home"))
    company = Company(project, pool, random.Random(0), full.compiled)
    company.land()
    company.refresh()
    company.close()
    return company


@pytest.fixture
def company(first: Company, tmp_path: Path) -> Iterator[Company]:
    company = first.copy(tmp_path / "home")
    yield company
    company.restore_sql()
    company.close()


@pytest.mark.parametrize(("seed", "nights"), HOMES)
def test_a_home_of_random_nights_holds_what_a_full_build_holds(
    seed: int, nights: int, company: Company, full: FullBuilds
):
    company.draw = random.Random(seed)
    models = len(company.built)
    assert full.wrong_in(company) == []
    lines = [f"seed {seed}: {models} models built in the first night"]
    for number, kind in enumerate(draw_kinds(company.draw, nights), 1):
        drawn = KINDS[kind](company)
        company.refresh()
        lines.append(f"night {number}: {kind} {drawn}; {len(company.built)} built")
        print(f"seed {seed} {lines[-1]}", flush=True)
        assert full.wrong_in(company) == [], "\n".join(lines)
        if kind == "nothing new":
            assert company.built == {}, "\n".join(lines)
    print(f"seed {seed}: {nights} nights, each equal to a full build")


def forget_a_source(monkeypatch: pytest.MonkeyPatch, company: Company) -> None:
    graph = ProjectGraph.read(company.worker.manifest())
    with build_state.open_stores(company.files()) as stores:
        before = {i: build_state.source_content(stores, s) for i, s in graph.sources.items()}
    monkeypatch.setattr(build_state, "source_content", lambda _, source: before[source.unique_id])
    company.land()
    company.refresh()


def forget_own_sql(monkeypatch: pytest.MonkeyPatch, company: Company) -> None:
    before = ProjectGraph.read(company.worker.manifest()).models
    monkeypatch.setattr(
        ProjectGraph, "_sql_hash", lambda _, node: before[node["unique_id"]].sql_hash
    )
    company.change_model("mart_conversion")
    company.refresh()


def forget_macros(monkeypatch: pytest.MonkeyPatch, company: Company) -> None:
    before, macros_of = ProjectGraph.read(company.worker.manifest()), ProjectGraph._macros_of
    monkeypatch.setattr(ProjectGraph, "_macros_of", lambda _, names: macros_of(before, names))
    company.change_macro(MACROS[:1])
    company.refresh()


def forget_definitions_of_views(monkeypatch: pytest.MonkeyPatch, company: Company) -> None:
    monkeypatch.setattr(plan, "_why_view", lambda *_: None)
    company.change_model("stg_crm__users_history")
    company.refresh()


def forget_who_built_what_is_carried(monkeypatch: pytest.MonkeyPatch, company: Company) -> None:
    def decide(graph: ProjectGraph, facts: Facts) -> dict[str, Decision]:
        carried = {build.table: build.run_id for build in facts.builds.values()}
        return plan.decide(graph, replace(facts, carried=carried))

    monkeypatch.setattr(builder, "decide", decide)
    company.land()
    company.refresh(publishes=False)
    company.refresh()


def keep_rows_of_what_is_being_built(monkeypatch: pytest.MonkeyPatch, company: Company) -> None:
    record = ModelBuilds._record

    def record_little(self: ModelBuilds, stores: Any, step: Any, due: list[Decision]) -> None:
        if len(due) > 5:
            raise Killed
        record(self, stores, step, due)

    careless = SimpleNamespace(**{**vars(build_state), "forget": lambda *_: None})
    settings = company.settings
    company.settings = settings.model_copy(update={"reporting_currency": "EUR"})
    company.land_nothing()
    with monkeypatch.context() as killed, pytest.raises(Killed):
        killed.setattr(builder, "build_state", careless)
        killed.setattr(ModelBuilds, "_record", record_little)
        company.refresh(publishes=False)
    company.settings = settings
    company.land_nothing()
    company.refresh()


@pytest.mark.slow
def test_models_that_were_asked_for_while_what_they_read_was_not(
    company: Company, full: FullBuilds
):
    company.change_model("stg_crm__users_history")
    company.refresh(STEPS[:1], publishes=False, only=company.reading("stg_crm__users_history"))
    assert company.built
    company.refresh()
    assert full.wrong_in(company) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "break_and_refresh",
    [
        forget_a_source,
        forget_own_sql,
        forget_macros,
        forget_definitions_of_views,
        forget_who_built_what_is_carried,
        keep_rows_of_what_is_being_built,
    ],
)
def test_a_plan_that_overlooks_something_is_found_out(
    break_and_refresh: Callable[[pytest.MonkeyPatch, Company], None],
    monkeypatch: pytest.MonkeyPatch,
    company: Company,
    full: FullBuilds,
):
    break_and_refresh(monkeypatch, company)
    assert full.wrong_in(company) != []
