"""What every reader hands over: the records of one file as text, none of them lost.

Belongs here: the form in which records reach landing, and the scratch tables of readers that
parse in Python. Does not belong here: any file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.errors import ExtractError
from ingestion.home import OWNER_ONLY_FILE
from ingestion.text.sql_text import literal

MAX_COLUMNS = 4000
RejectReason = Literal["ragged_row", "bad_json", "bad_encoding"]
_BATCH_CELLS = 1_000_000


@dataclass(frozen=True)
class Reject:
    """A record that could not even be split into columns.

    Args:
        line: Physical line (or record number) where it starts.
        reason: Code of what is wrong.
        message: What is wrong, in a sentence without values.
        text: The record as found.
    """

    line: int
    reason: RejectReason
    message: str
    text: str


class NativeText(str):
    """The text of a value that the file holds as a number, boolean or date, not as text."""


@dataclass(frozen=True)
class Native:
    """Where a column holds values that are no text, which no format has to explain.

    Args:
        condition: SQL over the relation: whether a row's cell is such a value.
        largest_exact: The largest whole number that its numbers know exactly; None for any.
    """

    condition: str = "true"
    largest_exact: int | None = None


class Records(Protocol):
    """The records of one file.

    The relation is read by DuckDB, and only then is it known whether every record came through;
    so a caller loads it first and then calls `settle` with the number of rows that it got.
    """

    @property
    def format(self) -> str:
        """Name of the format."""
        ...

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the extract's columns in order."""
        ...

    @property
    def relation(self) -> str:
        """Bracketed query: VARCHAR columns c0, c1, ... of the records in the order of the file."""
        ...

    @property
    def native(self) -> Mapping[str, Native]:
        """The relation's columns that hold values which are no text."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about how the file was read."""
        ...

    @property
    def passed_over(self) -> int:
        """Records that the file itself says are none any more, such as deleted ones."""
        ...

    def settle(self, connection: duckdb.DuckDBPyConnection, loaded: int) -> tuple[Reject, ...]:
        """Accounts for every record of the file after the relation was read.

        Args:
            connection: The connection that read it.
            loaded: Rows that it gave.

        Returns:
            The records that are not among the rows.

        Raises:
            ExtractError: Rows and rejects are not all records of the file.
        """
        ...

    def explain(self, error: duckdb.Error) -> ExtractError:
        """Gives the reason why reading the relation failed, in words of the file."""
        ...

    def reread(self, error: duckdb.Error) -> Records:
        """Gives the same records read in another way after reading the relation failed.

        Raises:
            ExtractError: There is no other way, or the file itself is at fault.
        """
        ...

    def lines(self, numbers: Sequence[int]) -> list[int]:
        """Gives the physical lines of rows, by their position (from 1) in the relation."""
        ...

    def sheets(self, numbers: Sequence[int]) -> list[str | None]:
        """Gives the sheets that rows stand in, of a workbook of which several are read."""
        ...


def text_columns(header: Sequence[str]) -> dict[str, str]:
    """Gives the relation's column of each extract column."""
    return {name: f"c{i}" for i, name in enumerate(header)}


@dataclass(frozen=True)
class ParsedRecords:
    """Records that were parsed and counted before DuckDB reads them.

    Args:
        format: Name of the format.
        header: Names of the extract's columns in order.
        relation: Bracketed query of the text columns.
        count: Rows of the relation.
        rejects: Records that are not in the relation.
        numbers: Line of each row; None where lines and positions are the same.
        notes: What is worth knowing.
        native: Columns of the relation that hold values which are no text.
        row_sheets: Sheet of each row; None where there is but one.
        passed_over: Records that the file itself says are none any more.
        elsewhere: Names of columns whose content stands in another file, which is not read.
        cell_columns: Of a workbook, the number (from 1) of each column of the header in each sheet.
        only_sheet: The sheet, as messages tell it, where there is but one.
    """

    format: str
    header: tuple[str, ...]
    relation: str
    count: int
    rejects: tuple[Reject, ...] = ()
    numbers: Sequence[int] | None = None
    notes: tuple[str, ...] = ()
    native: Mapping[str, Native] = field(default_factory=dict)
    row_sheets: Sequence[str] | None = None
    passed_over: int = 0
    elsewhere: tuple[str, ...] = ()
    cell_columns: Mapping[str, Sequence[int]] = field(default_factory=dict)
    only_sheet: str = ""

    def settle(self, connection: duckdb.DuckDBPyConnection, loaded: int) -> tuple[Reject, ...]:
        """Compares the rows that came through with the rows that were parsed."""
        del connection
        if loaded != self.count:
            raise ExtractError(
                f"{self.count} records were found but {loaded} could be read; the file may be "
                "damaged: ask for it again"
            )
        return self.rejects

    def explain(self, error: duckdb.Error) -> ExtractError:
        """Says that the records were split well but cannot become rows.

        DuckDB's own words are left out, as they can quote a cell.
        """
        return ExtractError(
            f"the records cannot become rows ({type(error).__name__} in DuckDB), though the file "
            "can be read; look at the expressions and formats of the mapping"
        )

    def reread(self, error: duckdb.Error) -> Records:
        """Raises, as the records were parsed one by one already."""
        raise self.explain(error)

    def lines(self, numbers: Sequence[int]) -> list[int]:
        """Gives the physical lines of rows."""
        if self.numbers is None:
            return [*numbers]
        return [self.numbers[number - 1] for number in numbers]

    def sheets(self, numbers: Sequence[int]) -> list[str | None]:
        """Gives the sheets that rows stand in."""
        return [self.row_sheets[number - 1] if self.row_sheets else None for number in numbers]


class ScratchTable:
    """Parquet files of text columns that grow batch by batch, so that memory stays bounded.

    Args:
        stem: Path of the files without number and ending.
        largest_exact: The largest whole number that numbers among them know exactly.
    """

    def __init__(self, stem: Path, largest_exact: int | None = None) -> None:
        self._stem = stem
        self._largest_exact = largest_exact
        self._rows: list[Sequence[str | None]] = []
        self._cells = 0
        self._files: list[Path] = []
        self._with_texts: set[int] = set()
        self._with_natives: set[int] = set()
        self.count = 0

    def append(self, row: Sequence[str | None]) -> None:
        """Adds a row; later rows may be longer, and shorter ones are filled up with NULL."""
        self._rows.append(row)
        self.count += 1
        self._cells += len(row)
        if self._cells >= _BATCH_CELLS:
            self._flush()

    def relation(self, width: int) -> str:
        """Gives the bracketed query over all rows that were added.

        Besides the text columns `c0`, `c1`, ... it has a boolean `is_native3` for a column `c3` in
        which texts stand beside other values.

        Args:
            width: Number of columns of the table.
        """
        self._flush()
        if not self._files:
            nothing = ", ".join(f"cast(null as varchar) as c{i}" for i in range(max(width, 1)))
            return f"(select {nothing} where false)"
        texts = [self._text_column(i) for i in range(width)]
        natives = [
            f"n{i} is not null as is_native{i}"
            for i in sorted(self._with_natives & self._with_texts)
        ]
        columns = ", ".join([*texts, *natives])
        files = ", ".join(literal(str(path)) for path in self._files)
        return f"(select {columns} from read_parquet([{files}], union_by_name = true))"

    def native(self) -> dict[str, Native]:
        """Gives the columns of the relation that hold values which are no text."""
        self._flush()
        return {
            f"c{i}": Native(
                f"is_native{i}" if i in self._with_texts else "true", self._largest_exact
            )
            for i in sorted(self._with_natives)
        }

    def _text_column(self, number: int) -> str:
        if number not in self._with_natives:
            return f"c{number}"
        if number not in self._with_texts:
            return f"n{number} as c{number}"
        return f"coalesce(n{number}, c{number}) as c{number}"

    def _flush(self) -> None:
        if not self._rows:
            return
        width = max(len(row) for row in self._rows) or 1
        columns: dict[str, pa.Array] = {}
        for i in range(width):
            cells = [row[i] if i < len(row) else None for row in self._rows]
            natives = [cell if isinstance(cell, NativeText) else None for cell in cells]
            if any(cell is not None for cell in natives):
                self._with_natives.add(i)
                columns[f"n{i}"] = pa.array(natives, pa.string())
                cells = [None if isinstance(cell, NativeText) else cell for cell in cells]
            if any(cell is not None for cell in cells):
                self._with_texts.add(i)
            columns[f"c{i}"] = pa.array(cells, pa.string())
        path = self._stem.with_name(f"{self._stem.name}-{len(self._files)}.parquet")
        pq.write_table(pa.table(columns), path, compression="snappy")
        path.chmod(OWNER_ONLY_FILE)
        self._files.append(path)
        self._rows = []
        self._cells = 0


class NumberedName(str):
    """The name of one of several columns of one name, told apart by a number.

    Attributes:
        plain: The name as the file has it.
    """

    plain: str

    @classmethod
    def of(cls, plain: str, number: int) -> NumberedName:
        """Gives the name with its number behind it."""
        name = cls(f"{plain}#{number}")
        name.plain = plain
        return name


def named_columns(header: Sequence[str]) -> tuple[str, ...]:
    """Gives every column a name of its own.

    Spreadsheets leave columns without a name behind, which get their position for one. Of a name
    that stands several times each is numbered, `Amount#1` and `Amount#2`, so that a mapping can say
    which one it means, and need not where it means neither. Numbers that a column really has in its
    name are left out.
    """
    names = [name if name.strip() else f"column {i}" for i, name in enumerate(header, start=1)]
    count = Counter(names)
    taken = set(names)
    for i, name in enumerate(names):
        if count[name] > 1:
            free = (NumberedName.of(name, number) for number in range(1, 2 * len(names)))
            names[i] = next(each for each in free if each not in taken)
            taken.add(names[i])
    return tuple(names)


def check_width(header: Sequence[str]) -> None:
    """Refuses a header that no table of records has.

    Raises:
        ExtractError: There are more columns than `MAX_COLUMNS`.
    """
    if len(header) > MAX_COLUMNS:
        raise ExtractError(
            f"the header has {len(header):,} columns; at most {MAX_COLUMNS:,} are read. Export "
            "only the columns that the mapping uses, or check the delimiter"
        )


def first_line(error: BaseException) -> str:
    """Gives the first line of an error's message."""
    return str(error).strip().partition("\n")[0]
