"""Source tables and their columns, as contracts declare them once.

Belongs here: the typed tables and columns that everything else derives from. Does not belong here:
reading contract files (`contract_files`), and what is derived (raw tables, casts, dbt sources,
expectations).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion.text.yaml_source import nearest

LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
Classification = Literal["public", "internal", "personal", "pay"]
MASKED: frozenset[Classification] = frozenset({"personal", "pay"})

_SQL_TYPES: dict[LogicalType, str] = {
    "string": "varchar",
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


class Column(BaseModel):
    """One column of a source table, with everything a value in it must satisfy.

    `default` stands where a part of the key is not given: a key needs a value, and no extract has
    this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    logical_type: LogicalType
    description: str
    required: bool = False
    primary_key: bool = False
    classification: Classification = "public"
    precision: int | None = None
    scale: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: Decimal | None = None
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    references: tuple[str, str] | None = None
    not_before: str | None = None
    typed_by: TypedBy | None = None
    # Left out of a dump, by which extracts are known: columns without one keep theirs.
    default: str | None = Field(default=None, exclude=True)

    @property
    def sql_type(self) -> str:
        """Type in SQL that DuckDB and Spark both read."""
        if self.logical_type == "number":
            return f"decimal({self.precision},{self.scale})"
        return _SQL_TYPES[self.logical_type]

    @property
    def is_masked(self) -> bool:
        """Whether values must not be shown in messages and logs."""
        return self.classification in MASKED

    @property
    def is_identity(self) -> bool:
        """Whether it is a key of its table or refers to one, as text."""
        is_key = self.primary_key or self.references is not None
        return self.logical_type == "string" and is_key

    @property
    def is_prefixed_id(self) -> bool:
        """Whether a mapping's `id_prefix` goes before values: keys and references named `*_id`."""
        return self.is_identity and self.name.endswith("_id")


class TypedBy(BaseModel):
    """Says that a text must be a value of the column that another column of its row names.

    Attributes:
        selector: The column that names it.
        table: The table that these are columns of; what a table's rows look like is told by the
            columns alone.
        columns: The columns that it can name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    selector: str
    table: str = Field(exclude=True)
    columns: tuple[Column, ...]


class Table(BaseModel):
    """One source table.

    `latest_by` says which of several rows of one key holds where a mapping does not. Feeds carry it
    over, so a dump, by which extracts are known, goes without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    name: str
    description: str
    columns: tuple[Column, ...]
    latest_by: tuple[str, ...] = Field(default=(), exclude=True)

    @property
    def has_masked_columns(self) -> bool:
        """Whether any column is personal or pay data, so that no cell of a file may be shown.

        A value can stand in the wrong column: headers get swapped, and mappings move values.
        """
        return any(column.is_masked for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the columns that tell one row from another."""
        return tuple(column.name for column in self.columns if column.primary_key)

    @property
    def full_name(self) -> str:
        """Name with its source, such as `crm.opportunities`."""
        return f"{self.source}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Gives a column by name.

        Raises:
            KeyError: There is none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.full_name} has no column '{name}'{nearest(name, self.column_names)}")


class Contracts:
    """All source tables of all contracts.

    Args:
        tables: The tables in the order of their files.
    """

    def __init__(self, tables: tuple[Table, ...]) -> None:
        self._tables = {(table.source, table.name): table for table in tables}

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def tables(self, source: str | None = None) -> tuple[Table, ...]:
        """Gives all tables, or those of one source."""
        return tuple(t for t in self._tables.values() if source is None or t.source == source)

    def table(self, source: str, name: str) -> Table:
        """Gives one table.

        Raises:
            KeyError: There is none of that name.
        """
        if (source, name) not in self._tables:
            hint = nearest(name, (table.name for table in self.tables(source)))
            raise KeyError(f"no contract declares {source}.{name}{hint}")
        return self._tables[(source, name)]

    def sources(self) -> tuple[str, ...]:
        """Gives the names of all sources."""
        return tuple(dict.fromkeys(table.source for table in self._tables.values()))
