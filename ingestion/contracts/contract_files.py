"""Contract files: the declaration of every source table in Open Data Contract Standard words.

Belongs here: reading them, and what is wrong with one. Does not belong here: the tables and columns
that they declare (`tables`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from ingestion.contracts.tables import (
    Classification,
    Column,
    Contracts,
    LogicalType,
    Table,
    TypedBy,
)
from ingestion.errors import ContractError
from ingestion.text.yaml_source import Location, nearest, read_yaml

SHIPPED = Path(__file__).parent
DEFAULT_MAX_LENGTH = 65535

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Sentence = Annotated[str, StringConstraints(min_length=1)]
Problem = tuple[Location, str]

_DECIMAL = re.compile(r"^decimal\((\d{1,2}),\s*(\d{1,2})\)$")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _TypedBy(_Strict):
    selector: Identifier
    table: Identifier


class _Options(_Strict):
    enum: tuple[str, ...] | None = Field(default=None, min_length=1)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: Decimal | None = Field(default=None, alias="exclusiveMinimum")
    max_length: StrictInt | None = Field(default=None, alias="maxLength", ge=1)
    pattern: str | None = None
    not_before: Identifier | None = Field(default=None, alias="notBefore")
    typed_by: _TypedBy | None = Field(default=None, alias="typedBy")
    # Readers take an empty cell for none, so no extract can have it as a value.
    default: Literal[""] | None = None


class _Relationship(_Strict):
    to: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]


class _Property(_Strict):
    name: Identifier
    logical_type: LogicalType = Field(alias="logicalType")
    physical_type: str | None = Field(default=None, alias="physicalType")
    options: _Options = Field(default=_Options(), alias="logicalTypeOptions")
    required: StrictBool = False
    primary_key: StrictBool = Field(default=False, alias="primaryKey")
    classification: Classification = "public"
    description: Sentence
    relationships: tuple[_Relationship, ...] = Field(default=(), max_length=1)


class _SchemaObject(_Strict):
    name: Identifier
    description: Sentence
    latest_by: tuple[Identifier, ...] = Field(default=(), alias="latestBy")
    properties: tuple[_Property, ...] = Field(min_length=1)


class _Description(_Strict):
    purpose: Sentence
    usage: str | None = None
    limitations: str | None = None


class _ContractFile(_Strict):
    api_version: Annotated[str, StringConstraints(pattern=r"^v3\.\d+\.\d+$")] = Field(
        alias="apiVersion"
    )
    kind: Literal["DataContract"]
    id: Identifier
    name: Identifier
    version: str
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    description: _Description
    objects: tuple[_SchemaObject, ...] = Field(alias="schema", min_length=1)


def load_contracts(folder: Path = SHIPPED) -> Contracts:
    """Reads every contract of a folder.

    Args:
        folder: Folder of `<source>.yml` files; the shipped ones by default.

    Raises:
        ContractError: A contract is wrong; the message names file and line of each problem.
    """
    if folder == SHIPPED:
        return _shipped_contracts()
    return _load(folder)


@lru_cache(maxsize=1)
def _shipped_contracts() -> Contracts:
    """Reads the shipped contracts once; they cannot change while the program runs."""
    return _load(SHIPPED)


def _load(folder: Path) -> Contracts:
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise ContractError(f"{folder}: there is no contract (*.yml) in this folder")
    return Contracts(tuple(table for path in paths for table in _read_contract(path)))


def _read_contract(path: Path) -> tuple[Table, ...]:
    document = read_yaml(path, ContractError)
    contract = document.validated(_ContractFile)
    if contract.id != path.stem:
        raise document.fail(("id",), f"the id '{contract.id}' must be the file's name {path.stem}")
    problems = [*_problems(contract)]
    if problems:
        raise document.fail_all(problems)
    return tuple(_table(contract, item) for item in contract.objects)


def _table(contract: _ContractFile, item: _SchemaObject) -> Table:
    columns = (
        _column(prop).model_copy(update={"typed_by": _typed_by(prop, item, contract)})
        for prop in item.properties
    )
    return Table(
        source=contract.id,
        name=item.name,
        description=item.description,
        columns=tuple(columns),
        latest_by=item.latest_by,
    )


def _typed_by(prop: _Property, item: _SchemaObject, contract: _ContractFile) -> TypedBy | None:
    typed_by = prop.options.typed_by
    if typed_by is None:
        return None
    (selector,) = (p for p in item.properties if p.name == typed_by.selector)
    (target,) = (o for o in contract.objects if o.name == typed_by.table)
    named = [p for p in target.properties if p.name in (selector.options.enum or ())]
    return TypedBy(
        selector=typed_by.selector,
        table=typed_by.table,
        columns=tuple(_column(p) for p in named),
    )


def _column(prop: _Property) -> Column:
    options = prop.options
    decimal = _DECIMAL.match(prop.physical_type or "")
    max_length = options.max_length
    if prop.logical_type == "string" and max_length is None:
        max_length = DEFAULT_MAX_LENGTH
    return Column(
        name=prop.name,
        logical_type=prop.logical_type,
        description=prop.description,
        required=prop.required,
        primary_key=prop.primary_key,
        classification=prop.classification,
        precision=int(decimal[1]) if decimal else None,
        scale=int(decimal[2]) if decimal else None,
        minimum=options.minimum,
        maximum=options.maximum,
        exclusive_minimum=options.exclusive_minimum,
        max_length=max_length,
        enum=options.enum or (),
        pattern=options.pattern,
        references=_reference(prop),
        not_before=options.not_before,
        default=options.default,
    )


def _reference(prop: _Property) -> tuple[str, str] | None:
    if not prop.relationships:
        return None
    table, _, column = prop.relationships[0].to.partition(".")
    return table, column


def _problems(contract: _ContractFile) -> Iterator[Problem]:
    """Gives what the shape of the file does not show: (location, message) pairs."""
    table_names = [item.name for item in contract.objects]
    for t, item in enumerate(contract.objects):
        place: Location = ("schema", t)
        if item.name in table_names[:t]:
            yield (*place, "name"), f"the table '{item.name}' is declared twice; remove one"
        if not any(prop.primary_key for prop in item.properties):
            yield place, f"the table '{item.name}' has no key; mark its key with primaryKey: true"
        if sum(prop.options.default is not None for prop in item.properties) > 1:
            # A key is known by the hash of the parts that are given.
            yield place, f"the table '{item.name}' has two columns with a default; one can be told"
        column_names = [prop.name for prop in item.properties]
        for name in item.latest_by:
            if name not in column_names:
                yield (*place, "latestBy"), f"the table '{item.name}' has no column '{name}'"
        for p, prop in enumerate(item.properties):
            at: Location = (*place, "properties", p)
            if prop.name in column_names[:p]:
                yield at, f"the column '{item.name}.{prop.name}' is declared twice; remove one"
            for message in (
                *_type_problems(prop),
                *_reference_problems(prop, contract),
                *_row_problems(prop, item, contract),
            ):
                yield at, f"column '{item.name}.{prop.name}': {message}"


def _type_problems(prop: _Property) -> Iterator[str]:
    options = prop.options
    if prop.logical_type == "number":
        yield from _decimal_problems(prop)
    elif prop.physical_type is not None:
        yield "physicalType is only for logicalType: number; remove it"
    is_text = prop.logical_type == "string"
    if prop.primary_key and not prop.required and options.default is None:
        yield 'a key must also be required: true, or have default: "" for where it is not given'
    if options.default is not None and (prop.required or not prop.primary_key or not is_text):
        yield "default is only for a key of logicalType: string that is not required"
    if not is_text and (options.enum or options.pattern or options.max_length):
        yield "enum, pattern and maxLength are only for logicalType: string"
    limits = (options.minimum, options.maximum, options.exclusive_minimum)
    if prop.logical_type not in {"integer", "number"} and any(x is not None for x in limits):
        yield "minimum, maximum and exclusiveMinimum are only for numbers"
    low, high = options.minimum, options.maximum
    if low is not None and high is not None and low > high:
        yield f"minimum {low} is above maximum {high}"
    if options.enum and len(set(options.enum)) < len(options.enum):
        yield "enum names a value twice"
    if options.pattern is not None:
        yield from _pattern_problems(options.pattern)


def _decimal_problems(prop: _Property) -> Iterator[str]:
    if prop.physical_type is None:
        yield 'a number needs its size, such as physicalType: "decimal(18,2)"'
        return
    decimal = _DECIMAL.match(prop.physical_type)
    if not decimal:
        yield f"physicalType '{prop.physical_type}' must read like decimal(18,2)"
    elif not 1 <= int(decimal[1]) <= 38 or int(decimal[2]) > int(decimal[1]):
        yield f"{prop.physical_type} does not exist; at most 38 digits, not more after the point"


def _pattern_problems(pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern)
    except re.error as caught:
        yield f"pattern '{pattern}' is no regular expression: {caught}"


def _reference_problems(prop: _Property, contract: _ContractFile) -> Iterator[str]:
    reference = _reference(prop)
    if reference is None:
        return
    tables = {item.name: item for item in contract.objects}
    table = tables.get(reference[0])
    if table is None:
        hint = nearest(reference[0], tables)
        yield f"refers to the table '{reference[0]}', which {contract.id} does not have{hint}"
        return
    columns = {target.name: target for target in table.properties}
    target = columns.get(reference[1])
    if target is None:
        hint = nearest(reference[1], columns)
        yield f"refers to the column '{'.'.join(reference)}', which does not exist{hint}"
    elif target.logical_type != prop.logical_type:
        yield (
            f"is a {prop.logical_type}, but '{'.'.join(reference)}', which it refers to, "
            f"is a {target.logical_type}"
        )


def _row_problems(prop: _Property, item: _SchemaObject, contract: _ContractFile) -> Iterator[str]:
    """What is wrong with rules that hold a column against another one of its row."""
    columns = {other.name: other for other in item.properties}
    earlier, typed_by = prop.options.not_before, prop.options.typed_by
    if earlier is not None:
        if earlier not in columns:
            yield f"notBefore names '{earlier}', which does not exist{nearest(earlier, columns)}"
        elif columns[earlier].logical_type != prop.logical_type or prop.logical_type not in {
            "date",
            "timestamp",
        }:
            yield f"notBefore needs two dates or two timestamps; '{earlier}' is of another type"
    if typed_by is None:
        return
    if prop.logical_type != "string":
        yield "typedBy is only for logicalType: string"
    selector = columns.get(typed_by.selector)
    table = next((other for other in contract.objects if other.name == typed_by.table), None)
    if selector is None or not selector.options.enum:
        yield f"typedBy needs a column with an enum; '{typed_by.selector}' is none"
    elif table is None:
        yield f"typedBy names the table '{typed_by.table}', which {contract.id} does not have"
    else:
        known = {other.name for other in table.properties}
        for name in selector.options.enum:
            if name not in known:
                yield f"'{typed_by.selector}' can be '{name}', no column of {typed_by.table}"
