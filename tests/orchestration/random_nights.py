"""A company whose nights are random: what arrives, what changes, and what goes wrong.

Belongs here: extracts cut small, a home with its versions, and the kinds of nights. Does not belong
here: what a home should hold (`full_builds`), and comparing (the test).

What is tried is which models are built, not who executes their SQL. So dbt runs the first refresh of
a home and one in five of the others, drawn; the rest executes what dbt has compiled, which takes a
third of the time.
"""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from compiled_models import CATALOGS, CompiledModel, connected

from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings, Holiday
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from ingestion.landing.run import land
from orchestration.dbt.builder import FilesInMaking, ModelBuilds
from orchestration.dbt.graph import ProjectGraph, Step
from orchestration.dbt.worker import DbtWorker, NodeResult
from orchestration.project import Project
from simulation.simulator import simulate

STEPS: tuple[Step, ...] = ("core", "metrics")
_PUBLISHED = ("marts", "restricted")
_FIRST_DAY = date(2026, 1, 5)
_POOL_NIGHTS = 4
_KEPT_VERSIONS = 3
_SHARE_OF_DBT = 0.2
# One row in so many is kept of tables that are large, chosen by a column so that rows of several
# tables that belong together stay together.
_THINNED = {
    "opportunities": ("opportunity_id", 6),
    "opportunity_line_items": ("opportunity_id", 6),
    "opportunity_field_history": ("opportunity_id", 6),
    "forecast_submissions": ("user_id", 4),
    "time_entries": ("worker_id", 4),
    "leads": ("lead_id", 6),
    "lead_status_history": ("lead_id", 6),
    "activities": ("lead_id", 6),
    # Of the number of the lead that became it.
    "contacts": ("contact_id", 6),
}
# A calendar of sixty years would cost more than all else of a home this small.
_SHORT_CALENDAR = CompanySettings(calendar_start=date(2022, 1, 1), calendar_end=date(2027, 12, 31))
_MOVED = CompanySettings.model_validate(
    {
        "time_zone": [{"zone": "UTC"}, {"from": "2025-06-01", "zone": "Asia/Tehran"}],
        "fiscal_year_start_month": [{"month": 1}, {"from": "2025-04-01", "month": 4}],
        "weekend": [{"days": ["friday"]}, {"from": "2025-09-13", "days": ["thursday", "friday"]}],
    }
)
_SETTINGS: Mapping[str, Sequence[Any]] = {
    "reporting_currency": ("USD", "EUR"),
    "time_zone": ("UTC", "Asia/Tehran", "America/New_York", _MOVED.time_zone),
    "fiscal_year_start_month": (1, 4, 7, _MOVED.fiscal_year_start_month),
    "calendar": ("gregorian", "jalali"),
    "weekend": (("saturday", "sunday"), ("friday",), ("thursday", "friday"), _MOVED.weekend),
    "holidays": ((), (Holiday(date=date(2025, 12, 24), name="Eve"),)),
    "close_lag_days": (0, 5, 9),
    "minimum_group_size": (2, 5),
    "max_rate_age_days": (1, 7),
    "max_pay_gap_days": (20, 62),
    "standard_day_minutes": (420, 480),
    "ramp_target_share": (Decimal("0.5"), Decimal("0.8")),
    "deal_size_limits": ((10_000, 50_000, 250_000), (2_000,)),
}
# Macros that models call directly or through others, and another text that means something else.
MACROS = (
    ("metrics/ratio.sql", "cast({{ numerator }} as double) /", "2 * cast({{ numerator }} as double) /"),
    ("metrics/ratio.sql", "coalesce(sum({{ expression }}), 0)", "coalesce(max({{ expression }}), 0)"),
    ("amounts.sql", "else 'none'", "else 'nothing'"),
    ("amounts.sql", "then cast({{ amount }} as decimal(18, 2))", "then cast({{ amount }} + 1 as decimal(18, 2))"),
)  # fmt: skip
_DBT_FILES = ("dbt_project", "dbt_project.yml", "profiles.yml")


def copy_of_project(repository: Path, root: Path) -> Path:
    """Copies what dbt reads, so that models can be changed.

    Args:
        repository: The repository's root.
        root: The folder to make.
    """
    root.mkdir()
    for name in _DBT_FILES:
        copy = shutil.copytree if (repository / name).is_dir() else shutil.copy
        copy(repository / name, root / name)
    return root


def extract_pool(folder: Path) -> list[Path]:
    """Simulates a company and gives the folders of its nights, with large tables cut down."""
    simulate(folder, scale=0.05, seed=11, nights=_POOL_NIGHTS)
    nights = sorted((folder / "extracts").iterdir())
    for night in nights:
        for path in night.iterdir():
            column, one_in = _THINNED.get(path.name.split(".")[0], ("", 1))
            if one_in > 1:
                _rewrite(path, lambda row, c=column, n=one_in: _number(row.get(c, "")) % n == 0)
    return nights


@dataclass(frozen=True)
class Version:
    """Published files: where they stand, and by which run each table was built."""

    folder: Path
    tables: Mapping[str, str]


class Killed(Exception):
    """The refresh is no more."""


class _WorkerWithoutTests(DbtWorker):
    """Compiles no data tests, which nothing here asks and which take longer than reading the project."""

    def _kept_tests(self) -> dict[str, str]:
        return {}


class _WorkerWithoutRuns(DbtWorker):
    """Has dbt read the project, and executes the models' SQL without it."""

    def __init__(
        self, project: Project, worker: DbtWorker, compiled: Callable[[], list[CompiledModel]]
    ) -> None:
        super().__init__(project)
        self._worker = worker
        self._compiled = compiled

    def manifest(self) -> Path:
        return self._worker.manifest()

    def run(
        self, models: Sequence[str], building: Path, on_built: Callable[[str], None]
    ) -> list[NodeResult]:
        home = self._project.home
        places = [home.warehouse_db, *(building / f"{name}.duckdb" for name in _PUBLISHED)]
        files = dict(zip(CATALOGS, map(str, places), strict=True))
        due = [model for model in self._compiled() if model.unique_id in models]
        with connected(home.raw_db, files) as connection:
            for model in due:
                model.create(connection)
                on_built(model.unique_id)
        return [NodeResult(model.unique_id, "success", "", 0) for model in due]


class _WorkerThatIsKilled(DbtWorker):
    """Runs some models by another worker and comes to its end at a request drawn before."""

    def __init__(self, project: Project, worker: DbtWorker, draw: random.Random) -> None:
        super().__init__(project)
        self._worker = worker
        self._draw = draw
        self._requests_left = draw.randrange(3)

    def manifest(self) -> Path:
        return self._worker.manifest()

    def run(
        self, models: Sequence[str], building: Path, on_built: Callable[[str], None]
    ) -> list[NodeResult]:
        if self._requests_left:
            self._requests_left -= 1
            return self._worker.run(models, building, on_built)
        done = self._draw.randrange(len(models))
        if done:
            self._worker.run(models[:done], building, on_built)
        raise Killed


@dataclass
class Company:
    """A home, what was published of it, and the project that builds it.

    Attributes:
        project: A copy of the project, and the home.
        pool: Folders of extracts to draw files from.
        draw: All randomness of the nights.
        compiled: Gives all models of the project as it stands, compiled.
    """

    project: Project
    pool: Sequence[Path]
    draw: random.Random
    compiled: Callable[[Project], list[CompiledModel]]
    settings: CompanySettings = _SHORT_CALENDAR
    versions: list[Version] = field(default_factory=list)
    current: Version | None = None
    built: Mapping[str, str] = field(default_factory=dict)
    _day: int = 0
    _runs: int = 0
    _texts: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project.home.create()
        self.worker = _WorkerWithoutTests(self.project)
        self._mapping = load_mapping("canonical")
        self._contracts = load_contracts()

    def files(self) -> dict[str, Path]:
        """Gives the files that hold this home's tables, by alias."""
        assert self.current
        home = self.project.home
        published = {name: self.current.folder / f"{name}.duckdb" for name in _PUBLISHED}
        return {"raw": home.raw_db, "warehouse": home.warehouse_db, **published}

    def refresh(
        self,
        steps: Sequence[Step] = STEPS,
        publishes: bool = True,
        killed: bool = False,
        only: Collection[str] | None = None,
    ) -> None:
        """Builds what is due and publishes it.

        Args:
            steps: The steps that end well.
            publishes: Whether the refresh gets as far as publishing.
            killed: Whether it is killed while models are built, at a moment drawn.
            only: Schema and name of models to build in place of those that are due.
        """
        run_id = self._next_run()
        worker = self.worker
        if self.current and self.draw.random() > _SHARE_OF_DBT:
            worker = _WorkerWithoutRuns(
                self.project, self.worker, lambda: self.compiled(self.project)
            )
        if killed:
            worker = _WorkerThatIsKilled(self.project, worker, self.draw)
        builds = ModelBuilds(self.project, worker, run_id, full=False)
        in_force = self.current.tables if self.current else {}
        carried = in_force if in_force and builds.can_keep_any(in_force) else {}
        files = FilesInMaking(self._begin(run_id, bool(carried)), carried)
        self.built = {}
        for step in steps:
            self.built = {**self.built, **builds.build(step, files, only).built}
            builds.mark_checked(step)
        if publishes:
            self.current = Version(files.folder, {**carried, **dict.fromkeys(self.built, run_id)})
            self._keep(self.current)

    def land(
        self, tables: Collection[str] | None = None, days: int = 1, edit: bool = False
    ) -> list[str]:
        """Lands files of one of the pool's nights, under the date of the night that it is.

        Args:
            tables: Which; by default all that the night has.
            days: By how much the date moves on; below 0 the extract is late, and the date stays.
            edit: Whether some rows of the files are missing.

        Returns:
            Names of the tables.
        """
        self._day += max(days, 0)
        day = _FIRST_DAY + timedelta(days=self._day + min(days, 0))
        night = self.draw.choice(self.pool) if self._runs else self.pool[0]
        inbox = self.project.home.root / "inbox" / str(self._runs)
        folder = inbox / f"night_{day}"
        folder.mkdir(parents=True, exist_ok=True)
        names = []
        for path in sorted(night.iterdir()):
            name = path.name.split(".")[0]
            if tables is None or name in tables:
                shutil.copy(path, folder)
                names.append(name)
                if edit:
                    _rewrite(folder / path.name, lambda _: self.draw.random() > 0.05)
        self._land(inbox)
        return names

    def land_again(self) -> None:
        """Lands the files of the last landing once more."""
        self._land(max((self.project.home.root / "inbox").iterdir(), key=lambda p: int(p.name)))

    def draw_setting(self) -> str:
        """Draws another value of one setting, and says which."""
        name = self.draw.choice(sorted(_SETTINGS))
        others = [value for value in _SETTINGS[name] if value != getattr(self.settings, name)]
        self.settings = self.settings.model_copy(update={name: self.draw.choice(others)})
        return f"{name} is {getattr(self.settings, name)}"

    def land_nothing(self) -> None:
        """Has landing see no file at all, and the settings."""
        nothing = self.project.home.root / "nothing"
        nothing.mkdir(exist_ok=True)
        self._land(nothing)

    def tables_of(self, *sources: str) -> list[str]:
        """Gives the names of the tables of some sources."""
        return [table.name for each in sources for table in self._contracts.tables(each)]

    def some_tables(self) -> list[str]:
        """Draws one to six of the tables that the pool has."""
        names = sorted({path.name.split(".")[0] for night in self.pool for path in night.iterdir()})
        return self.draw.sample(names, self.draw.randint(1, 6))

    def change_model(self, name: str | None = None) -> str:
        """Has a model show two thirds of its rows, and says which model.

        Args:
            name: The model; by default one is drawn.
        """
        models = sorted((self.project.root / "dbt_project" / "models").rglob("*.sql"))
        # Without its one row nothing at all would be shown.
        fit = [each for each in models if each.stem != "dim_as_of"]
        path = self.draw.choice([each for each in fit if name in (None, each.stem)])
        text = path.read_text()
        self._write(path, f"select * from (\n{text}\n) as changed\nwhere hash(changed) % 3 > 0\n")
        return path.stem

    def reading(self, name: str) -> list[str]:
        """Gives schema and name of the models of core that read a model."""
        models = ProjectGraph.read(self.worker.manifest()).models
        (source,) = (i for i, model in models.items() if model.name == name)
        return [m.table for m in models.values() if source in m.inputs and m.step == "core"]

    def change_macro(self, choices: Sequence[tuple[str, str, str]] = MACROS) -> str:
        """Changes the meaning of a macro, and says which.

        Args:
            choices: File, text and the text in its place, of which one is drawn.
        """
        name, old, new = self.draw.choice(choices)
        path = self.project.root / "dbt_project" / "macros" / name
        text = path.read_text()
        if new not in text:
            assert old in text, f"{name} does not contain {old}"
            self._write(path, text.replace(old, new))
        return f"{name}: {new}"

    def restore_sql(self) -> None:
        """Gives all models and macros their own text again."""
        for path, text in self._texts.items():
            path.write_text(text)
        self._texts.clear()
        self._restart()

    def drop_something(self) -> str:
        """Drops a table or a view of the warehouse, as by hand, and says which."""
        with duckdb.connect(str(self.project.home.warehouse_db)) as connection:
            names = connection.execute(
                "select schema_name || '.' || table_name, 'table' from duckdb_tables() "
                "where schema_name <> 'meta' union all "
                "select schema_name || '.' || view_name, 'view' from duckdb_views() "
                "where not internal order by all"
            ).fetchall()
            name, kind = self.draw.choice(names)
            connection.execute(f"drop {kind} {name}")
        return name

    def roll_back(self) -> None:
        """Puts an earlier version in force."""
        self.current = self.draw.choice(self.versions[:-1] or self.versions)

    def copy(self, home: Path) -> Company:
        """Gives a company that goes its own way from here, with the same project.

        Args:
            home: The home folder to make.
        """
        shutil.copytree(self.project.home.root, home)
        placed = {
            version.folder: replace(version, folder=home / "versions" / version.folder.name)
            for version in self.versions
        }
        return replace(
            self,
            project=replace(self.project, home=Home(home)),
            versions=[*placed.values()],
            current=self.current and placed[self.current.folder],
        )

    def close(self) -> None:
        """Ends dbt."""
        self.worker.close()

    def _land(self, inbox: Path) -> None:
        sources = [(self._mapping, inbox)]
        home = self.project.home
        land(home, sources, self._contracts, self._next_run(), self.settings)

    def _next_run(self) -> str:
        self._runs += 1
        return f"run{self._runs:04}"

    def _begin(self, run_id: str, carry: bool) -> Path:
        folder = self.project.home.root / "versions" / run_id
        folder.mkdir(parents=True)
        if carry and self.current:
            for name in _PUBLISHED:
                shutil.copy(self.current.folder / f"{name}.duckdb", folder)
        return folder

    def _keep(self, version: Version) -> None:
        self.versions.append(version)
        for old in self.versions[:-_KEPT_VERSIONS]:
            shutil.rmtree(old.folder)
        del self.versions[:-_KEPT_VERSIONS]

    def _write(self, path: Path, text: str) -> None:
        self._texts.setdefault(path, path.read_text())
        path.write_text(text)
        self._restart()

    def _restart(self) -> None:
        """Begins a new dbt: one reads the project once, as a refresh does."""
        self.worker.close()
        self.worker = _WorkerWithoutTests(self.project)


def _whole_night(company: Company) -> str:
    company.land()
    return ""


def _some_tables(company: Company) -> str:
    return ", ".join(company.land(company.some_tables()))


def _nothing_new(_: Company) -> str:
    return ""


def _same_files(company: Company) -> str:
    company.land_again()
    return ""


def _only_the_date(company: Company) -> str:
    company.land({"stages"})
    return ""


def _only_hr(company: Company) -> str:
    company.land(company.tables_of("hr"))
    return ""


def _only_payroll(company: Company) -> str:
    company.land(company.tables_of("payroll"))
    return ""


def _late(company: Company) -> str:
    return ", ".join(company.land(company.some_tables(), days=-2))


def _deletion(company: Company) -> str:
    return ", ".join(company.land(company.some_tables(), edit=True))


def _same_day(company: Company) -> str:
    return ", ".join(company.land(company.some_tables(), days=0))


def _settings(company: Company) -> str:
    drawn = company.draw_setting()
    company.land_nothing()
    return drawn


def _model(company: Company) -> str:
    return company.change_model()


def _asked_for(company: Company) -> str:
    """As in Dagster: somebody has an assortment of models built, which may miss what they read."""
    changed = company.change_model()
    company.refresh(STEPS[:1], publishes=False, only=(asked := company.reading(changed)))
    return f"{changed} changed, only {', '.join(asked) or 'nothing'} asked for"


def _macro(company: Company) -> str:
    return company.change_macro()


def _restored(company: Company) -> str:
    company.restore_sql()
    return ""


def _rollback(company: Company) -> str:
    company.roll_back()
    return ""


def _killed(company: Company) -> str:
    company.land()
    with suppress(Killed):
        company.refresh(publishes=False, killed=True)
    return f"when {len(company.built)} were built and noted"


def _killed_and_taken_back(company: Company) -> str:
    """What was built, and not noted, was built of settings that no longer hold."""
    settings = company.settings
    drawn = company.draw_setting()
    company.land_nothing()
    with suppress(Killed):
        company.refresh(publishes=False, killed=True)
    company.settings = settings
    company.land_nothing()
    return f"{drawn}, when {len(company.built)} were built and noted"


def _not_published(company: Company) -> str:
    company.land()
    steps = STEPS[: company.draw.randint(1, len(STEPS))]
    company.refresh(steps, publishes=False)
    return f"stopped behind {steps[-1]}"


def _dropped(company: Company) -> str:
    return company.drop_something()


# What happens before the refresh whose outcome is compared; each says what it drew.
KINDS: Mapping[str, Callable[[Company], str]] = {
    "whole night": _whole_night,
    "some tables": _some_tables,
    "nothing new": _nothing_new,
    "same files again": _same_files,
    "only the as-of date": _only_the_date,
    "only HR": _only_hr,
    "only payroll": _only_payroll,
    "late extract": _late,
    "deletion": _deletion,
    "two on one day": _same_day,
    "settings": _settings,
    "model changed": _model,
    "model changed, others asked for": _asked_for,
    "macro changed": _macro,
    "SQL as it was": _restored,
    "rollback": _rollback,
    "killed": _killed,
    "killed, then settings as before": _killed_and_taken_back,
    "not published": _not_published,
    "dropped by hand": _dropped,
}


def draw_kinds(draw: random.Random, nights: int) -> list[str]:
    """Draws what happens in each night: every kind once, if there are nights enough, then any."""
    kinds = list(KINDS)
    draw.shuffle(kinds)
    back = kinds.index("SQL as it was")
    changed = max(kinds.index("model changed"), kinds.index("macro changed"))
    if back < changed:
        kinds[back], kinds[changed] = kinds[changed], kinds[back]
    kinds += draw.choices(list(KINDS), k=max(0, nights - len(kinds)))
    return kinds[:nights]


def _rewrite(path: Path, keep: Callable[[dict[str, str]], bool]) -> None:
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), [row for row in reader if keep(row)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _number(identifier: str) -> int:
    return int("".join(c for c in identifier if c.isdigit()) or 0)
