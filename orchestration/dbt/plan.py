"""What must be built: a model whose SQL or whose inputs are not those it was last built from.

Belongs here: the decision, which is the same for every model. Does not belong here: building, and
where the facts come from (`graph`, `build_state`).

A view is built only when its definition changed; whoever reads it depends on what it reads. Any
doubt means building: an input that is about to be built has no content yet to compare with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orchestration.dbt.build_state import Build, Content
from orchestration.dbt.graph import Model, ProjectGraph

_MAX_NAMED = 3


@dataclass(frozen=True)
class Facts:
    """What a decision goes by.

    Attributes:
        builds: Models as they were last built, by id.
        sources: Content of the change log's tables, by id.
        there: `catalog.schema.name` of tables and views that exist.
        carried: For each table of the version that is being made, the run that built it; tables of
            the published files that are not in it count as never built.
    """

    builds: Mapping[str, Build]
    sources: Mapping[str, Content]
    there: Collection[str]
    carried: Mapping[str, str]


@dataclass(frozen=True)
class Decision:
    """Whether a model is built, and why.

    Attributes:
        model: The model.
        why: Why it is built; nothing where it is not.
        inputs: Hash of each input's content by id; nothing where one of them is not known yet.
    """

    model: Model
    why: str | None
    inputs: Mapping[str, str] | None

    @property
    def is_due(self) -> bool:
        """Whether the model is built."""
        return self.why is not None


def decide(graph: ProjectGraph, facts: Facts) -> dict[str, Decision]:
    """Decides for every model, each after those that it reads.

    Args:
        graph: The project's models.
        facts: What is known of them and of what they read.
    """
    decisions: dict[str, Decision] = {}
    shown: dict[str, str | None] = {}
    definitions = definition_hashes(graph)
    for unique_id, model in graph.models.items():
        build = facts.builds.get(unique_id)
        inputs = _inputs(model, facts.sources, shown)
        if model.is_table:
            why = _why_table(model, inputs, build, facts, decisions)
            content = build.content if build and why is None else None
            shown[unique_id] = content and content.content_hash
        else:
            why = _why_view(model, definitions[unique_id], build, facts)
            shown[unique_id] = _shown_by_view(definitions[unique_id], inputs)
        decisions[unique_id] = Decision(model, why, inputs)
    return decisions


def inputs_by_model(
    graph: ProjectGraph,
    sources: Mapping[str, Content],
    contents: Mapping[str, Content],
    definitions: Mapping[str, str],
) -> dict[str, dict[str, str] | None]:
    """Gives the content of each model's inputs as it is now, whatever is still to be built.

    Args:
        graph: The project's models.
        sources: Content of the change log's tables, by id.
        contents: Content of models' tables, by id.
        definitions: Hashes of the definitions by which models stand there now, by id.
    """
    found: dict[str, dict[str, str] | None] = {}
    shown: dict[str, str | None] = {}
    for unique_id, model in graph.models.items():
        found[unique_id] = inputs = _inputs(model, sources, shown)
        if model.is_table:
            content = contents.get(unique_id)
            shown[unique_id] = content and content.content_hash
        else:
            shown[unique_id] = _shown_by_view(definitions[unique_id], inputs)
    return found


def definition_hashes(
    graph: ProjectGraph, held: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Gives for each model the hash of its SQL and of the SQL of all that it reads.

    Args:
        graph: The project's models.
        held: Hashes of models that stand there by a definition that may be an earlier one, by id.
    """
    found = {unique_id: source.columns_hash for unique_id, source in graph.sources.items()}
    for unique_id, model in graph.models.items():
        read = [found[i] for i in model.inputs]
        found[unique_id] = held.get(unique_id) or _hash([model.sql_hash, read])
    return found


def _inputs(
    model: Model, sources: Mapping[str, Content], shown: Mapping[str, str | None]
) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for unique_id in model.inputs:
        content = sources[unique_id].content_hash if unique_id in sources else shown[unique_id]
        if content is None:
            return None
        found[unique_id] = content
    return found


def _shown_by_view(definition: str, inputs: Mapping[str, str] | None) -> str | None:
    return None if inputs is None else _hash([definition, sorted(inputs.items())])


def _why_view(model: Model, definition: str, build: Build | None, facts: Facts) -> str | None:
    if f"{model.catalog}.{model.table}" not in facts.there or build is None:
        return "it was never built"
    if build.definition_hash != definition:
        return "its SQL changed"
    return None


def _why_table(
    model: Model,
    inputs: Mapping[str, str] | None,
    build: Build | None,
    facts: Facts,
    decisions: Mapping[str, Decision],
) -> str | None:
    is_there = f"{model.catalog}.{model.table}" in facts.there
    if model.is_published:
        is_there = build is not None and facts.carried.get(model.table) == build.run_id
    if not is_there or build is None or build.content is None:
        return "it was never built"
    if build.sql_hash != model.sql_hash:
        return "its SQL changed"
    if inputs is None:
        return f"built anew: {_named(_built_inputs(model, decisions))}"
    if inputs != build.inputs:
        changed = (i for i in model.inputs if inputs[i] != build.inputs.get(i))
        return f"changed: {_named(changed)}"
    return None


def _built_inputs(model: Model, decisions: Mapping[str, Decision]) -> Iterable[str]:
    return (
        i
        for i in model.inputs
        if i in decisions and (decisions[i].is_due or decisions[i].inputs is None)
    )


def _named(unique_ids: Iterable[str]) -> str:
    names = [unique_id.split(".", 2)[-1] for unique_id in unique_ids]
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
