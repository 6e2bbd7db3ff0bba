"""Which source columns the values of a model's columns are made of, read from compiled SQL.

A value carries what it is copied, computed or aggregated from. It does not carry what only decided
which value it is (conditions, joins, orders), what was counted, or what went through a keyed hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

Taint = frozenset[str]
CLEAN: Taint = frozenset()
MASKED = {"personal", "pay"}
# Truth values, counts and hashes tell nothing of what they are made from.
_CLEANSING = (exp.Predicate, exp.Connector, exp.Not, exp.Count, exp.SHA2, exp.SHA)


def taints_of_models(
    manifest: Mapping[str, Any],
    trusted: frozenset[str] = frozenset(),
    also_told: frozenset[str] = frozenset(),
) -> dict[str, dict[str, Taint]]:
    """Gives what each column of each model is made of, as far as that is personal or pay.

    Args:
        manifest: dbt's manifest after `dbt compile`.
        trusted: Columns ("model.column") that are known to carry nothing personal.
        also_told: Source columns ("source.table.column") that are followed like personal and pay ones.

    Returns:
        Model -> column -> source columns such as hr.workers.worker_name.
    """
    relations: dict[str, dict[str, Taint]] = {}
    for source in manifest["sources"].values():
        name = f"{source['source_name']}.{source['name']}"
        relations[_relation(source)] = {
            column["name"]: frozenset({f"{name}.{column['name']}"})
            if column["config"]["meta"].get("classification") in MASKED
            or f"{name}.{column['name']}" in also_told
            else CLEAN
            for column in source["columns"].values()
        }
    models: dict[str, dict[str, Taint]] = {}
    for node in _in_order(manifest):
        taints = taints_of_query(node["compiled_code"], relations)
        for column in taints:
            if f"{node['name']}.{column}" in trusted:
                taints[column] = CLEAN
        relations[_relation(node)] = models[node["name"]] = taints
    return models


def taints_of_query(sql: str, relations: Mapping[str, Mapping[str, Taint]]) -> dict[str, Taint]:
    """Gives what each column of a query is made of.

    Args:
        sql: The query, in DuckDB's dialect.
        relations: "schema.table" -> column -> what it is made of, for all that the query reads.
    """
    schema: dict[str, Any] = {}
    for relation, columns in relations.items():
        place, _, table = relation.partition(".")
        schema.setdefault(place, {})[table] = dict.fromkeys(columns, "text")
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    tree = qualify(
        tree, schema=schema, dialect="duckdb", quote_identifiers=False, isolate_tables=False
    )
    found: dict[int, dict[str, Taint]] = {}
    last: dict[str, Taint] = {}
    for scope in traverse_scope(tree):
        last = found[id(scope.expression)] = _of_scope(scope, found, relations)
    return last


def _of_scope(
    scope: Scope,
    found: Mapping[int, dict[str, Taint]],
    relations: Mapping[str, Mapping[str, Taint]],
) -> dict[str, Taint]:
    if isinstance(scope.expression, exp.SetOperation):
        sides = (scope.expression.left, scope.expression.right)
        left, right = (found[id(side.unnest())] for side in sides)
        pairs = zip(left.items(), right.values(), strict=True)
        return {name: one | other for (name, one), other in pairs}
    reader = _Reader(scope, found, relations)
    selected: Any = scope.expression
    return {each.alias_or_name: reader.of(each) for each in selected.selects}


class _Reader:
    """Reads expressions of one select."""

    def __init__(
        self,
        scope: Scope,
        found: Mapping[int, dict[str, Taint]],
        relations: Mapping[str, Mapping[str, Taint]],
    ) -> None:
        self._scope, self._found, self._relations = scope, found, relations

    def of(self, node: Any) -> Taint:
        """Gives what the value of an expression is made of."""
        if isinstance(node, exp.Column):
            return self._of_column(node)
        if isinstance(node, _CLEANSING):
            return CLEAN
        if isinstance(node, exp.Subquery | exp.Select):
            return CLEAN.union(*self._found[id(node.unnest())].values())
        return CLEAN.union(*(self.of(part) for part in _value_parts(node)))

    def _of_column(self, column: exp.Column) -> Taint:
        source = self._scope.sources.get(column.table)
        if isinstance(source, Scope):
            return self._found[id(source.expression)][column.name]
        if isinstance(source, exp.Table):
            return self._relations[f"{source.db}.{source.name}"][column.name]
        raise LookupError(f"{column.sql()} belongs to nothing that is selected from")


def _value_parts(node: Any) -> Iterator[Any]:
    """Gives the parts of an expression that become part of its value."""
    if isinstance(node, exp.Case):
        for branch in node.args["ifs"]:
            yield branch.args["true"]
        if node.args.get("default"):
            yield node.args["default"]
    elif isinstance(node, exp.Window | exp.Filter):
        yield node.this
    else:
        yield from node.iter_expressions()


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('alias') or node['identifier']}".lower()


def _in_order(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Gives the models, each after those that it reads."""
    models = {
        name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    done: set[str] = set()

    def visit(name: str) -> Iterator[Mapping[str, Any]]:
        if name in models and name not in done:
            done.add(name)
            for parent in models[name]["depends_on"]["nodes"]:
                yield from visit(parent)
            yield models[name]

    for name in models:
        yield from visit(name)
