"""The models as dbt's manifest has them: what each is made of, and which data tests it has.

Belongs here: reading the manifest. Does not belong here: what was built (`build_state`), and what
must be built (`plan`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import TransformationError

Step = Literal["core", "metrics"]

WAREHOUSE = "warehouse"
# Folders of models that read what the core gate has passed.
_AFTER_CORE = ("metrics", "catalogue")
_ENGINES = ("duckdb", "dbt-core", "dbt-duckdb")
# A model whose Jinja reads the project's graph depends on what is declared there, too.
_GRAPH = "graph."
_MATERIALIZATION = "materialization_"


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes:
        unique_id: dbt's id of it.
        schema: Its schema.
        name: Its name, which is its table's.
        catalog: The DuckDB file in which it stands, by alias: warehouse, marts or restricted.
        step: The step of a refresh that builds it.
        is_table: Whether it is a table; else it is a view.
        inputs: Ids of the models and sources that it reads.
        sql_hash: Hash of all that decides what its SQL is: its own text and configuration, the
            macros it calls, versions of engines.
        is_built_first: Whether it is built before anything else is decided, because most models
            depend on it and it seldom changes.
    """

    unique_id: str
    schema: str
    name: str
    catalog: str
    step: Step
    is_table: bool
    inputs: tuple[str, ...]
    sql_hash: str
    is_built_first: bool

    @property
    def table(self) -> str:
        """Schema and name, as gates and records call it."""
        return f"{self.schema}.{self.name}"

    @property
    def is_published(self) -> bool:
        """Whether it stands in a file that is published, and not in the warehouse."""
        return self.catalog != WAREHOUSE

    @property
    def relation(self) -> str:
        """Catalog, schema and name as SQL names them."""
        return f'"{self.catalog}"."{self.schema}"."{self.name}"'


@dataclass(frozen=True)
class SourceTable:
    """One table of the change log.

    Attributes:
        unique_id: dbt's id of it.
        schema: Its schema.
        name: Its name.
        columns_hash: Hash of its columns' names and types.
    """

    unique_id: str
    schema: str
    name: str
    columns_hash: str

    @property
    def table(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class TestNode:
    """One data test: dbt's id, the table that it is about, the step after which it can be asked."""

    unique_id: str
    name: str
    table: str
    step: Step
    severity: Literal["block", "warn"]


class ProjectGraph:
    """All models, sources and data tests of the project.

    Args:
        manifest: dbt's manifest, as JSON gives it.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._manifest = manifest

    @classmethod
    def read(cls, path: Path) -> ProjectGraph:
        """Reads a manifest file."""
        return cls(json.loads(path.read_bytes()))

    @cached_property
    def models(self) -> dict[str, Model]:
        """Models by id, each after those that it reads."""
        nodes = {
            unique_id: node
            for unique_id, node in self._manifest["nodes"].items()
            if node["resource_type"] == "model"
        }
        order = TopologicalSorter(
            {
                unique_id: [i for i in node["depends_on"]["nodes"] if i in nodes]
                for unique_id, node in nodes.items()
            }
        )
        return {unique_id: self._model(nodes[unique_id]) for unique_id in order.static_order()}

    @cached_property
    def sources(self) -> dict[str, SourceTable]:
        """Tables of the change log by id."""
        return {
            unique_id: SourceTable(
                unique_id,
                source["schema"],
                source["identifier"],
                _hash([[c["name"], c["data_type"]] for c in source["columns"].values()]),
            )
            for unique_id, source in self._manifest["sources"].items()
        }

    @cached_property
    def tests(self) -> tuple[TestNode, ...]:
        """The data tests."""
        nodes = self._manifest["nodes"].values()
        return tuple(self._test(node) for node in nodes if node["resource_type"] == "test")

    def models_of(self, step: Step) -> list[Model]:
        """Gives the models of one step, each after those that it reads.

        Raises:
            TransformationError: There is none, so the project is not laid out as the steps expect.
        """
        found = [model for model in self.models.values() if model.step == step]
        if not found:
            raise TransformationError(
                f"the dbt project has no model that belongs to the step {step}, so nothing can be "
                "built; the folders below dbt_project/models are not those of this version"
            )
        return found

    def _model(self, node: Mapping[str, Any]) -> Model:
        return Model(
            unique_id=node["unique_id"],
            schema=node["schema"],
            name=node["alias"],
            catalog=node["database"],
            step="metrics" if node["fqn"][1] in _AFTER_CORE else "core",
            is_table=node["config"]["materialized"] != "view",
            inputs=tuple(sorted(set(node["depends_on"]["nodes"]))),
            sql_hash=self._sql_hash(node),
            is_built_first=bool(node["config"]["meta"].get("is_built_first")),
        )

    def _test(self, node: Mapping[str, Any]) -> TestNode:
        read = [self.models[i] for i in node["depends_on"]["nodes"] if i in self.models]
        # A test of its own file belongs to the table that is made last of those it reads.
        attached = node.get("attached_node")
        about = self.models[attached] if attached else max(read, key=self._place)
        last = max(read, key=self._place)
        severity = str(node["config"]["severity"]).lower()
        return TestNode(
            unique_id=node["unique_id"],
            name=node["name"],
            table=about.table,
            step=last.step,
            severity="block" if severity == "error" else "warn",
        )

    def _place(self, model: Model) -> int:
        return self._places[model.unique_id]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {unique_id: place for place, unique_id in enumerate(self.models)}

    def _sql_hash(self, node: Mapping[str, Any]) -> str:
        macros = self._macros_of(node["depends_on"]["macros"])
        parts: list[Any] = [
            node["raw_code"],
            [node["database"], node["schema"], node["alias"]],
            node["config"],
            node["description"],
            [[c["name"], c["data_type"], c["description"]] for c in node["columns"].values()],
            macros,
            self._engines,
        ]
        if any(_GRAPH in text for text in (node["raw_code"], *macros)):
            parts.append(self._declared)
        return _hash(parts)

    def _macros_of(self, names: Iterable[str]) -> list[str]:
        """Gives the text of macros and of all that they call, but for dbt's own."""
        known = self._manifest["macros"]
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen or name not in known:
                continue
            seen.add(name)
            waiting += known[name]["depends_on"]["macros"]
        own = self._manifest["metadata"]["project_name"]
        return [known[n]["macro_sql"] for n in sorted(seen) if known[n]["package_name"] == own]

    @cached_property
    def _engines(self) -> list[Any]:
        """What is common to all models: versions of engines, and materializations of our own."""
        own = self._manifest["metadata"]["project_name"]
        return [
            {name: version(name) for name in _ENGINES},
            [
                macro["macro_sql"]
                for macro in self._manifest["macros"].values()
                if macro["package_name"] == own and macro["name"].startswith(_MATERIALIZATION)
            ],
        ]

    @cached_property
    def _declared(self) -> str:
        """Hash of what models can read of the graph: metrics, semantic models and sources."""
        kinds: Sequence[str] = ("metrics", "semantic_models", "sources")
        return _hash([self._manifest[kind] for kind in kinds], without={"created_at"})


def _hash(value: Any, without: frozenset[str] | set[str] = frozenset()) -> str:
    if without:
        value = _without(value, without)
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _without(value: Any, names: set[str] | frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, names) for k, v in value.items() if k not in names}
    if isinstance(value, list):
        return [_without(each, names) for each in value]
    return value
