"""SQL expressions in mappings: one scalar expression over extract columns, and nothing else.

Belongs here: what an expression may use, and its check. Does not belong here: where expressions
stand in a mapping, and how their values are cast.

DuckDB's own parser gives the tree that is checked, and the SQL that runs is written from this very
tree, so nothing can run that was not seen here. Only listed functions pass: none of them reads
files, settings or the clock, makes rows out of one, or answers differently a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from ingestion.contracts.raw_ddl import quoted

MAX_LENGTH = 10_000
MAX_WIDTH = 1_000
_PADDING, _TEMPLATES = frozenset({"lpad", "rpad"}), frozenset({"format", "printf"})
# What makes a moment of a number, counted in UTC, and gives a time that does not say so.
_OF_NUMBERS = frozenset({"epoch_ms", "make_timestamp"})
# Widths of four digits and more, and those that an argument gives.
_WIDE = re.compile(r"\d{4}|\*|\{[^}]*\{")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRING_FUNCTIONS = _words(
    "ascii chr concat concat_ws contains ends_with format instr left length lower lpad "
    "ltrim nfc_normalize position prefix printf replace reverse right rpad rtrim split_part "
    "starts_with strip_accents strlen strpos substr substring suffix translate trim upper "
    "regexp_extract regexp_full_match regexp_matches regexp_replace md5 sha256 "
    "jaro_winkler_similarity levenshtein"
)
NUMBER_FUNCTIONS = _words("abs ceil ceiling floor greatest least mod power round sign sqrt trunc")
DATE_FUNCTIONS = _words(
    "date_add date_diff date_part date_sub date_trunc datediff datepart datetrunc day dayofweek "
    "dayofyear epoch epoch_ms hour isodow last_day make_date make_timestamp minute month quarter "
    "second strftime strptime timezone to_days to_hours to_minutes to_months to_seconds "
    "to_timestamp to_weeks to_years try_strptime week weekday year"
)
CONDITIONAL_FUNCTIONS = frozenset({"ifnull", "nullif"})
JSON_FUNCTIONS = _words("-> ->> json_array_length json_extract json_extract_string json_valid")
OPERATORS = _words("+ - * / // % || ~~ !~~ ~~* !~~* ~~~")
FUNCTIONS = (
    STRING_FUNCTIONS
    | NUMBER_FUNCTIONS
    | DATE_FUNCTIONS
    | CONDITIONAL_FUNCTIONS
    | JSON_FUNCTIONS
    | OPERATORS
)

_TYPES = _words(
    "VARCHAR DATE TIME TIMESTAMP BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT "
    "USMALLINT UINTEGER UBIGINT DECIMAL FLOAT DOUBLE INTERVAL"
) | {"TIMESTAMP WITH TIME ZONE", "INTEGER_LITERAL", "STRING_LITERAL", "NULL"}
_OPERATORS = _words(
    "COMPARE_IN COMPARE_NOT_IN OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_NOT "
    "OPERATOR_COALESCE OPERATOR_TRY ARRAY_SLICE ARRAY_EXTRACT"
)
_PLAIN_CLASSES = _words("CASE CONSTANT CONJUNCTION COMPARISON BETWEEN")
_WHAT = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "PARAMETER": "a parameter",
    "LAMBDA": "a lambda",
    "COLLATE": "a collation",
    "POSITIONAL_REFERENCE": "a column by number",
    "DEFAULT": "a default",
}
# A character that no mapping has a reason to hold; it marks the places of columns.
_MARK = "\ue000"
_PLACE = re.compile(f'"{_MARK}(\\d+)"')


class ExpressionError(ValueError):
    """An expression that may not be used; says which part of it and why."""


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Args:
        columns: Names of the extract columns that it reads, in order of first use.
        result_type: DuckDB type of its value when all columns are text.
        template: Its SQL, with marks in place of columns.
    """

    columns: tuple[str, ...]
    result_type: str
    template: str

    def sql(self, identifiers: Mapping[str, str]) -> str:
        """Gives the SQL with columns replaced.

        Args:
            identifiers: SQL of the text of each extract column that the expression reads.
        """
        return _PLACE.sub(lambda m: f"({identifiers[self.columns[int(m[1])]]})", self.template)


class ExpressionParser:
    """Checks expressions.

    Args:
        connection: A connection that can reach nothing; see `locked_connection`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def parse(self, text: str) -> Expression:
        """Checks an expression.

        Args:
            text: One scalar expression in DuckDB SQL; its columns are extract columns.

        Raises:
            ExpressionError: It is no such expression, or uses what expressions may not use.
        """
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"is longer than {MAX_LENGTH} characters")
        if _MARK in text or "\0" in text:
            raise ExpressionError("holds a character that expressions may not hold")
        try:
            return self._checked(self._tree(text))
        except RecursionError:
            raise ExpressionError("is nested too deeply; split it or use recode") from None

    def _checked(self, tree: dict[str, Any]) -> Expression:
        node = tree["statements"][0]["node"]
        root = _only_expression(tree, node)
        columns: list[str] = []
        for part in _parts(root):
            _check(part)
            if part["class"] == "COLUMN_REF":
                part["column_names"] = [self._place(part["column_names"][0], columns)]
            elif part["class"] == "FUNCTION":
                self._check_pattern(part)
        self._say_utc(tree, root, columns)
        template = self._template(tree)
        return Expression(tuple(columns), self._result_type(template, columns), template)

    def _say_utc(self, tree: dict[str, Any], root: dict[str, Any], columns: list[str]) -> None:
        """Gives moments that are made of numbers an offset.

        A time without one is a local time of the mapping's zone, hours away from what the number
        means. Only what becomes the value is looked at: an expression that calculates with such a
        time may have minded the zone itself.
        """
        values = list(_values(root))
        types = [self._result_type(self._template_of(tree, part), columns) for part in values]
        moments = [
            part
            for part, type_name in zip(values, types, strict=True)
            if type_name == "TIMESTAMP" and _is_of_number(part)
        ]
        if not moments:
            return
        local = {"TIMESTAMP", "DATE"}
        if sum(type_name in local for type_name in types) > len(moments):
            name = moments[0]["function_name"]
            raise ExpressionError(
                f"mixes {name}, whose value is a time in UTC, with a time of the mapping's zone; "
                f"write timezone('UTC', {name}(…)) and give the other its zone in the same way"
            )
        for part in moments:
            counted = dict(part)
            part["function_name"] = "timezone"
            part["children"] = [_text_constant("UTC"), {**counted, "alias": ""}]

    def _check_pattern(self, part: dict[str, Any]) -> None:
        """Tries a constant pattern; DuckDB would find it wrong with the first cell only."""
        name = part["function_name"].lower()
        pattern = _constant(part, 1)
        if not name.startswith("regexp_") or not isinstance(pattern, str):
            return
        try:
            self._connection.execute("select regexp_matches('', ?)", [pattern])
        except duckdb.Error as caught:
            raise ExpressionError(
                f"holds a pattern that {name} cannot read: {str(caught).splitlines()[0]}"
            ) from None

    def _tree(self, text: str) -> dict[str, Any]:
        # The line ends keep a comment at the end from swallowing the bracket.
        row = self._connection.execute(
            "select json_serialize_sql(?)", [f"select (\n{text}\n) as v"]
        ).fetchone()
        tree = json.loads(row[0]) if row else {"error": True}
        if tree["error"]:
            raise ExpressionError(
                f"is not one SQL expression: {tree.get('error_message', 'cannot be parsed')}"
            )
        return tree

    def _place(self, name: str, columns: list[str]) -> str:
        if name not in columns:
            columns.append(name)
        return f"{_MARK}{columns.index(name)}"

    def _template_of(self, tree: dict[str, Any], part: dict[str, Any]) -> str:
        """Gives the SQL of a part of an expression."""
        statement = tree["statements"][0]
        selected = {**statement["node"], "select_list": [{**part, "alias": "v"}]}
        return self._template({**tree, "statements": [{**statement, "node": selected}]})

    def _template(self, tree: dict[str, Any]) -> str:
        row = self._connection.execute(
            "select json_deserialize_sql(?)", [json.dumps(tree)]
        ).fetchone()
        assert row is not None
        return str(row[0]).strip().removeprefix("SELECT ").removesuffix(" AS v").strip()

    def _result_type(self, template: str, columns: list[str]) -> str:
        """Lets DuckDB bind the expression, which finds wrong types and numbers of arguments."""
        relation = "select null::varchar as none" + "".join(
            f", null::varchar as {quoted(_MARK + str(i))}" for i in range(len(columns))
        )
        try:
            rows = self._connection.execute(
                f"describe select try([cast({template} as varchar)]) as checked, {template} as v "
                f"from ({relation})"
            ).fetchall()
        except duckdb.Error as caught:
            message = str(caught).splitlines()[0]
            for i, name in enumerate(columns):
                message = message.replace(f"{_MARK}{i}", name)
            raise ExpressionError(f"cannot be computed: {message}") from None
        return str(rows[1][1])


def locked_connection() -> duckdb.DuckDBPyConnection:
    """Opens an in-memory DuckDB that reads no files, loads nothing and takes no settings."""
    connection = duckdb.connect(
        config={
            "enable_external_access": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "threads": "1",
            "memory_limit": "256MB",
        }
    )
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set lock_configuration = true")
    return connection


def _only_expression(tree: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Gives the one selected expression; the text may have closed the bracket and gone on."""
    selected = node.get("select_list", [])
    surplus = [
        node.get("where_clause"),
        node.get("group_expressions"),
        node.get("group_sets"),
        node.get("having"),
        node.get("qualify"),
        node.get("sample"),
        node.get("modifiers"),
        node.get("cte_map", {}).get("map"),
    ]
    is_plain = (
        len(tree["statements"]) == 1
        and node["type"] == "SELECT_NODE"
        and node["from_table"]["type"] == "EMPTY"
        and len(selected) == 1
        and not any(surplus)
    )
    if not is_plain:
        raise ExpressionError("is more than one expression")
    return selected[0]


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    """Gives every expression of a tree, outer ones first."""
    if isinstance(node, dict):
        if "class" in node:
            yield node
        for value in node.values():
            yield from _parts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _parts(value)


def _values(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Gives the parts of an expression one of which becomes its value, but for added intervals."""
    if node["class"] == "CASE":
        for branch in (*(check["then_expr"] for check in node["case_checks"]), node["else_expr"]):
            yield from _values(branch)
    elif node["class"] == "OPERATOR" and node["type"] in {"OPERATOR_COALESCE", "OPERATOR_TRY"}:
        for child in node["children"]:
            yield from _values(child)
    elif node["class"] == "FUNCTION" and node["function_name"].lower() in {"+", "-", "nullif"}:
        yield from _values(node["children"][0])
    else:
        yield node


def _is_of_number(part: dict[str, Any]) -> bool:
    """Tells a call that makes a time of one number."""
    name = part.get("function_name", "").lower()
    return name in _OF_NUMBERS and len(part.get("children") or []) == 1


def _text_constant(text: str) -> dict[str, Any]:
    return {
        "class": "CONSTANT",
        "type": "VALUE_CONSTANT",
        "alias": "",
        "value": {"type": {"id": "VARCHAR", "type_info": None}, "is_null": False, "value": text},
    }


def _check(part: dict[str, Any]) -> None:
    """Refuses a part that expressions may not use."""
    kind = part["class"]
    if kind == "FUNCTION":
        _check_function(part)
    elif kind == "CAST":
        type_name = part["cast_type"]["id"]
        if type_name not in _TYPES:
            raise ExpressionError("casts to a type that expressions may not use")
    elif kind == "OPERATOR":
        if part["type"] not in _OPERATORS:
            raise ExpressionError(f"uses {part['type'].lower()}, which is not allowed")
    elif kind == "COLUMN_REF":
        names = part["column_names"]
        if len(names) != 1:
            raise ExpressionError(
                f"names '{'.'.join(names)}'; a column is named alone, in double quotes if need be"
            )
    elif kind not in _PLAIN_CLASSES:
        raise ExpressionError(f"holds {_WHAT.get(kind, kind.lower())}, which is not allowed")


def _check_function(part: dict[str, Any]) -> None:
    name = part["function_name"].lower()
    is_plain_call = (
        part.get("schema", "") in {"", "main"}
        and not part.get("catalog")
        and not part.get("filter")
        and not part.get("distinct")
        and not (part.get("order_bys") or {}).get("orders")
        and not part.get("export_state")
    )
    if name not in FUNCTIONS or not is_plain_call:
        raise ExpressionError(
            f"uses the function '{name}', which is not in the list of "
            "docs/reference/mapping-reference.md"
        )
    _check_width(name, part)


def _check_width(name: str, part: dict[str, Any]) -> None:
    """Refuses what could make a text of any length out of a short one."""
    if name in _PADDING:
        width = _constant(part, 1)
        if not isinstance(width, int) or width > MAX_WIDTH:
            raise ExpressionError(
                f"gives {name} no width that is a number of at most {MAX_WIDTH:,}"
            )
    elif name in _TEMPLATES:
        template = _constant(part, 0)
        is_plain = isinstance(template, str) and not _WIDE.search(template)
        if not is_plain:
            raise ExpressionError(
                f"gives {name} no constant template with widths of at most three digits"
            )


def _constant(part: dict[str, Any], position: int) -> Any:
    """Gives an argument that stands in the expression itself, or None."""
    arguments = part.get("children") or []
    if position >= len(arguments) or arguments[position]["class"] != "CONSTANT":
        return None
    return arguments[position]["value"].get("value")
