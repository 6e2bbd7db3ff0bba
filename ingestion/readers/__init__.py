"""Readers: from a file of any format to its records as text.

Belongs here: one module per family of formats, and the choice between them. Does not belong here:
mapping, casts and anything that knows of contract tables.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.file_patterns import FORMATS, format_by_ending
from ingestion.readers.dbase import read_dbase
from ingestion.readers.delimited import read_delimited
from ingestion.readers.json_records import read_json, read_json_lines
from ingestion.readers.parquet_table import read_parquet
from ingestion.readers.records import Records, Reject, text_columns
from ingestion.readers.workbook import read_workbook

__all__ = ["WORKBOOKS", "Records", "Reject", "format_of", "read_records", "text_columns"]

WORKBOOKS = ("xlsx", "xls")


def format_of(feed: Feed, name: str) -> str:
    """Gives the format of a file: what the mapping says, else what its ending says.

    Args:
        feed: The feed that the file belongs to.
        name: Name of the file.

    Raises:
        ExtractError: Neither says it.
    """
    found = feed.format or format_by_ending(name)
    if found is None:
        raise ExtractError(
            f"the ending of the file does not say its format; set `format:` in {feed.where} "
            f"(known endings: {', '.join(FORMATS)}, each also with .gz where it is text)"
        )
    return found


def read_records(
    path: Path, name: str, feed: Feed, connection: duckdb.DuckDBPyConnection, scratch: Path
) -> Records:
    """Opens a file and gives its records as a relation of text columns.

    Args:
        path: The archived file, whose own name is harmless; ends in `.gz` if it is compressed.
        name: The name that the file came with, for its format.
        feed: How the file is built.
        connection: Connection that will read the relation.
        scratch: Path that names of scratch files start with; its folder must exist.

    Raises:
        ExtractError: The file cannot be read as what it should be; the message lacks its name.
    """
    file_format = format_of(feed, name)
    if file_format == "csv":
        return read_delimited(path, feed.csv, scratch)
    if file_format == "jsonl":
        return read_json_lines(path, feed.records, feed.extract_columns, scratch)
    if file_format == "json":
        return read_json(path, feed.records, feed.extract_columns, scratch)
    if path.suffix == ".gz":
        raise ExtractError(f"a {file_format} file must not be compressed with gzip; unpack it")
    if file_format in WORKBOOKS:
        return read_workbook(path, name, feed, scratch)
    if file_format == "dbf":
        return read_dbase(path, feed, scratch)
    return read_parquet(path, connection)
