"""``uv run python -m benchmarks.mutation HOME``: which changes of the models do dbt's tests notice?

A mutant is one changed word of one model's SQL, drawn by a seed: `>=` for `>`, `max` for `min`, an
inner for a left join and so on. It is killed where a unit test of the model then gives other rows,
or where the model, or one that reads it, cannot be built from the home's raw or fails a data test.
dbt runs once, to compile; after that a mutant takes a fraction of a second, since DuckDB runs the
compiled SQL.

Some mutants change nothing that can be seen (`>=` for `>` where both sides are never equal). They
count as survivors all the same, so that nobody has to be believed about which they are.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
# A mutant that takes longer multiplies rows without end, which nobody would fail to notice.
SECONDS = 20
console = Console()

# What takes the place of what, in code that stands between names.
SWAPS = {
    " >= ": " > ",
    " > ": " >= ",
    " <= ": " < ",
    " < ": " <= ",
    " <> ": " = ",
    " = ": " <> ",
    " + ": " - ",
    " - ": " + ",
    " desc": "",
    "and ": "or ",
    "or ": "and ",
    "min(": "max(",
    "max(": "min(",
    "sum(": "max(",
    "greatest(": "least(",
    "least(": "greatest(",
    "lead(": "lag(",
    "lag(": "lead(",
    "row_number()": "rank()",
    "left join": "inner join",
    "inner join": "left join",
    "full outer join": "left join",
    "union all": "union",
    "distinct ": "",
    "is not null": "is null",
    "is null": "is not null",
    "not ": "",
    "then 1": "then 0",
    "else 0": "else 1",
    "true": "false",
    "false": "true",
}
_WORDS = re.compile(
    "|".join(
        # A word must not be the end of a longer one.
        (r"(?<![\w.])" if swap[0].isalpha() else "") + re.escape(swap)
        for swap in sorted(SWAPS, key=len, reverse=True)
    )
)
# Texts and comments are no code.
_NO_CODE = re.compile(r"'(?:[^']|'')*'|--.*$")
_FIXTURE = re.compile(r"__dbt__cte__(\w+)")
_RELATION = re.compile(r'"\w+"\."\w+"\."(\w+)"')


@dataclass(frozen=True)
class Mutant:
    """One changed word.

    Attributes:
        model: Name of the model.
        line: The line of compiled SQL, without the space around it.
        place: Which of the words of the line that have a swap is changed.
    """

    model: str
    line: str
    place: int

    @property
    def changed_line(self) -> str:
        """The line as the mutant has it."""
        found = list(_words(self.line))[self.place]
        return self.line[: found.start()] + SWAPS[found[0]] + self.line[found.end() :]

    def applied_to(self, sql: str) -> str | None:
        """Gives SQL with the change wherever the line stands; None where it does not."""
        lines, is_there = sql.split("\n"), False
        for number, line in _of_the_model(lines):
            # dbt puts the first relation of a model on the line on which its fixtures end.
            own = line.lstrip().removeprefix("), ")
            if _without_names(own).strip() == self.line:
                lines[number] = line[: len(line) - len(own)] + _with_names(self.changed_line, own)
                is_there = True
        return "\n".join(lines) if is_there else None


def _of_the_model(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Gives the lines that dbt did not put round the model: its fixtures and the expected rows."""
    is_fixture = False
    for number, line in enumerate(lines):
        if line.startswith("dbt_internal_unit_test_expected as ("):
            return
        is_fixture = line.startswith("-- Fixture for ") or (
            is_fixture and not line.lstrip().startswith(")")
        )
        if not is_fixture:
            yield number, line


def _words(line: str) -> Iterator[re.Match[str]]:
    return _WORDS.finditer(_NO_CODE.sub(lambda text: "·" * len(text[0]), line))


def _without_names(line: str) -> str:
    """Writes tables in one way: a unit test has fixtures in their place."""
    return _FIXTURE.sub(r"@\1", _RELATION.sub(r"@\1", line))


def _with_names(changed: str, original: str) -> str:
    """Puts the tables of the original line back."""
    names = re.findall(rf"{_RELATION.pattern}|{_FIXTURE.pattern}", original)
    whole = [m[0] for m in re.finditer(rf"{_RELATION.pattern}|{_FIXTURE.pattern}", original)]
    for short, name in zip((a or b for a, b in names), whole, strict=True):
        changed = changed.replace(f"@{short}", name, 1)
    return changed


class Project:
    """The compiled models, unit tests and data tests.

    Args:
        manifest: dbt's manifest, compiled.
        unit_tests: The SQL of each unit test as dbt ran it, by model.
    """

    def __init__(self, manifest: Mapping[str, Any], unit_tests: Mapping[str, list[str]]) -> None:
        nodes = manifest["nodes"]
        self.models = {
            node["name"]: node for node in nodes.values() if node["resource_type"] == "model"
        }
        self._names = {node["unique_id"]: name for name, node in self.models.items()}
        self.tests = [
            node
            for node in nodes.values()
            if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error"
        ]
        self.unit_tests = unit_tests
        self.read_by: dict[str, set[str]] = {name: set() for name in self.models}
        for name in self.models:
            for read in self._reads(name):
                self.read_by[read].add(name)

    def _reads(self, name: str) -> set[str]:
        ids = self.models[name]["depends_on"]["nodes"]
        return {self._names[i] for i in ids if i in self._names}

    def in_order(self) -> list[str]:
        """Names the models, each after those that it reads."""
        return list(TopologicalSorter({n: self._reads(n) for n in self.models}).static_order())

    def mutants(self) -> list[Mutant]:
        """Gives every mutant there is, in an order that does not depend on the machine."""
        found = []
        for name, node in sorted(self.models.items()):
            # Made by one macro from contracts and declarations, which repeats the same lines.
            if node["fqn"][1] in {"staging", "catalogue"}:
                continue
            lines = dict.fromkeys(
                _without_names(line).strip() for line in node["compiled_code"].split("\n")
            )
            for line in lines:
                found += [Mutant(name, line, place) for place, _ in enumerate(_words(line))]
        return found


class Laboratory:
    """A database in memory with all models of a home, in which mutants are tried.

    Args:
        project: What dbt compiled.
        raw: The home's change log, which is only read.
    """

    def __init__(self, project: Project, raw: Path) -> None:
        self._project = project
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute(f"attach '{raw}' as raw (read_only)")
        # One catalog: DuckDB takes back no more than one of a transaction.
        self._connection.execute("attach ':memory:' as warehouse")
        for name in project.in_order():
            self._build(name, project.models[name]["compiled_code"])
        self._sound_tests = [t["unique_id"] for t in project.tests if not self._fails(t)]

    def killer(self, mutant: Mutant) -> str | None:
        """Says what notices a mutant, a unit test, a build or a data test; None for nothing."""
        clock = threading.Timer(SECONDS, self._connection.interrupt)
        clock.start()
        try:
            return self._killer(mutant)
        finally:
            clock.cancel()

    def _killer(self, mutant: Mutant) -> str | None:
        for sql in self._project.unit_tests.get(mutant.model, []):
            changed = mutant.applied_to(sql)
            if changed and not self._agrees(changed):
                return "unit test"
        sql = mutant.applied_to(self._project.models[mutant.model]["compiled_code"])
        assert sql is not None
        self._connection.execute("begin")
        try:
            return self._killer_of_build(mutant.model, sql)
        finally:
            self._connection.execute("rollback")

    def _killer_of_build(self, model: str, sql: str) -> str | None:
        children = [n for n in self._project.in_order() if n in self._project.read_by[model]]
        try:
            self._build(model, sql)
            for child in children:
                self._build(child, self._project.models[child]["compiled_code"])
        except duckdb.Error:
            return "build"
        built = {self._project.models[name]["unique_id"] for name in (model, *children)}
        for test in self._project.tests:
            reads = set(test["depends_on"]["nodes"])
            if test["unique_id"] in self._sound_tests and reads & built and self._fails(test):
                return "data test"
        return None

    def is_sound(self, model: str) -> bool:
        """Whether the unit tests of a model agree while nothing is changed."""
        return all(self._agrees(sql) for sql in self._project.unit_tests.get(model, []))

    def _agrees(self, sql: str) -> bool:
        """Whether the actual rows of a unit test are the expected ones."""
        try:
            rows = self._connection.execute(sql).fetchall()
        except duckdb.Error:
            return False
        actual = Counter(row[:-1] for row in rows if row[-1] == "actual")
        return actual == Counter(row[:-1] for row in rows if row[-1] == "expected")

    def _build(self, name: str, sql: str) -> None:
        node = self._project.models[name]
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        self._connection.execute(f'create schema if not exists warehouse."{node["schema"]}"')
        relation = f'warehouse."{node["schema"]}"."{node["alias"]}"'
        self._connection.execute(f"create or replace {kind} {relation} as {_in_one_catalog(sql)}")

    def _fails(self, test: Mapping[str, Any]) -> bool:
        query = f"from ({_in_one_catalog(test['compiled_code'])}) limit 1"
        try:
            return bool(self._connection.execute(query).fetchall())
        except duckdb.Error:
            return True


def _in_one_catalog(sql: str) -> str:
    return re.sub(r'"(?:marts|restricted)"\.(?="\w+"\.)', '"warehouse".', sql)


def compiled(folder: Path, home: Path) -> Project:
    """Has dbt compile everything and run the unit tests once.

    Args:
        folder: An empty folder for dbt's own files.
        home: A refreshed home; its raw is read by what is compiled.
    """
    empty, target = folder / "home", folder / "target"
    empty.mkdir()
    _dbt(target, empty, "run", "--empty")
    _dbt(target, empty, "test", "--select", "test_type:unit")
    ran: dict[str, list[str]] = {}
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    for test in manifest["unit_tests"].values():
        # Two models may have unit tests of one name.
        declared_in = Path(test["original_file_path"]).name
        (path,) = target.glob(f"run/**/{declared_in}/**/{test['name']}.sql")
        ran.setdefault(test["model"], []).append(path.read_text(encoding="utf-8"))
    _dbt(folder / "compiled", home, "compile", "--no-populate-cache", "--no-introspect")
    text = (folder / "compiled" / "manifest.json").read_text(encoding="utf-8")
    return Project(json.loads(text), ran)


def _dbt(target: Path, home: Path, *arguments: str) -> None:
    environment = {
        **os.environ,
        "SALESOPS_HOME": str(home),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
    }
    dbt = Path(sys.executable).with_name("dbt")
    subprocess.run([dbt, "--quiet", *arguments], cwd=ROOT, env=environment, check=True)


def main(
    home: Annotated[Path, typer.Argument(help="A refreshed home, such as a small demo's.")],
    mutants: Annotated[int, typer.Option(help="How many to draw.")] = 100,
    seed: Annotated[int, typer.Option(help="Which to draw.")] = 1,
) -> None:
    """Draws mutants of the models and says which of them dbt's tests notice."""
    with tempfile.TemporaryDirectory() as folder:
        project = compiled(Path(folder), home.resolve())
    laboratory = Laboratory(project, home / "raw.duckdb")
    unsound = [name for name in sorted(project.unit_tests) if not laboratory.is_sound(name)]
    if unsound:
        raise SystemExit(f"unit tests fail without any change: {', '.join(unsound)}")
    drawn = random.Random(seed).sample(project.mutants(), mutants)
    killed: Counter[str] = Counter()
    survivors = Table("model", "line", "changed to", title="Survivors", title_justify="left")
    for mutant in drawn:
        killer = laboratory.killer(mutant)
        killed[killer or "survived"] += 1
        if not killer:
            survivors.add_row(mutant.model, mutant.line, mutant.changed_line)
    console.print(survivors)
    share = 100 * (mutants - killed["survived"]) / mutants
    by = ", ".join(f"{count} {name}" for name, count in killed.most_common())
    console.print(f"{share:.0f} % of {mutants} mutants killed with seed {seed}: {by}")


if __name__ == "__main__":
    typer.run(main)
