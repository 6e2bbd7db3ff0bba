"""Parquet files: typed columns as text, without loss.

Belongs here: reading the schema and writing values as text. Does not belong here: casts back to
contract types.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.errors import ExtractError
from ingestion.readers.records import Native, ParsedRecords, check_width, first_line
from ingestion.readers.unpacked import check_ratio, is_of_the_disk
from ingestion.text.sql_text import literal

# By type, the largest whole number up to which all are known exactly.
_DOUBLES = {"DOUBLE": 2**53, "FLOAT": 2**24}
_TEXTS = ("VARCHAR", "BLOB", "JSON", "UUID")


def read_parquet(path: Path, connection: duckdb.DuckDBPyConnection) -> ParsedRecords:
    """Reads a Parquet file.

    Args:
        path: The archived file.
        connection: Connection that may read it.

    Raises:
        ExtractError: The file is empty, cut or corrupt, or unpacks to too much.
    """
    if path.stat().st_size == 0:
        raise ExtractError("the file is empty (0 bytes); ask for it again")
    try:
        with pq.ParquetFile(path) as file:
            header = tuple(file.schema_arrow.names)
            count = file.metadata.num_rows
            unpacked = sum(
                file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)
            )
        check_width(header)
        # A value that stands in all rows is written once, and is text in each of them here.
        check_ratio(path.stat().st_size, max(unpacked, count * len(header)))
        source, types = _opened(path, len(header), connection)
        texts = ", ".join(_text(f"p{i}", each) + f" as c{i}" for i, each in enumerate(types))
        relation = f"(select {texts} from {source})"
        _check_content(relation, len(header), connection)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, pa.ArrowException, OSError, ValueError) as caught:
        if is_of_the_disk(caught):
            raise
        raise ExtractError(
            f"the Parquet file is corrupt or cut ({first_line(caught)[:200]}); ask for it again"
        ) from None
    native = {
        f"c{i}": Native(largest_exact=_DOUBLES.get(each))
        for i, each in enumerate(types)
        if not (each in _TEXTS or _is_nested(each))
    }
    return ParsedRecords("parquet", header, relation, count, native=native)


def _opened(path: Path, width: int, connection: duckdb.DuckDBPyConnection) -> tuple[str, list[str]]:
    """Gives the file as SQL names it, its columns named by position, and their types.

    By position, so that no name in the file reaches SQL.
    """
    columns = ", ".join(f"p{i}" for i in range(width))
    source = f"read_parquet({literal(str(path))}) as file({columns})"
    rows = connection.execute(f"describe select * from {source}").fetchall()
    return source, [str(row[1]) for row in rows]


def _is_nested(sql_type: str) -> bool:
    return sql_type.endswith("]") or sql_type.startswith(("STRUCT", "MAP"))


def _text(column: str, sql_type: str) -> str:
    text = f"cast({column} as varchar)"
    if sql_type in _DOUBLES:
        # A data frame holds ids of a column with gaps as 7.0.
        whole = f"case when suffix({text}, '.0') then left({text}, -2) else {text} end"
        return f"case when contains({text}, 'e') then {_without_exponent(text)} else {whole} end"
    return f"cast(to_json({column}) as varchar)" if _is_nested(sql_type) else text


def _without_exponent(number: str) -> str:
    """Gives the SQL of 1.5e-07 as 0.00000015 and of 1.5e+20 as 150000000000000000000."""
    sign = f"case when prefix({number}, '-') then '-' else '' end"
    mantissa = f"ltrim(split_part({number}, 'e', 1), '-')"
    exponent = f"cast(split_part({number}, 'e', 2) as integer)"
    digits = f"replace({mantissa}, '.', '')"
    decimals = f"length(split_part({mantissa}, '.', 2))"
    return (
        f"case when {exponent} < 0 "
        f"then concat({sign}, '0.', repeat('0', -({exponent}) - 1), {digits}) "
        f"else concat({sign}, {digits}, repeat('0', greatest(0, {exponent} - {decimals}))) end"
    )


def _check_content(relation: str, width: int, connection: duckdb.DuckDBPyConnection) -> None:
    """Reads everything once: a page that is damaged must be found before anything is landed."""
    has_nul = " or ".join(f"contains(c{i}, chr(0))" for i in range(width)) or "false"
    found = connection.execute(
        f"select min(number) from (select row_number() over () as number, * from {relation}) "
        f"where {has_nul}"
    ).fetchone()
    if found and found[0] is not None:
        raise ExtractError(
            f"record {found[0]}: a text holds a NUL character, so it is damaged; remove it in the "
            "system that writes the file"
        )
