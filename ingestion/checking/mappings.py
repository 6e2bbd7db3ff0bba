"""Mappings, read and checked: how one system's extracts become contract tables.

Belongs here: loading a mapping with every check that needs no extract file. Does not belong here:
the keys of the file (`schema`), the feeds that come of them (`resolution`), the comparison
with real files (`mapping_check`).
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb

from ingestion.checking.mapping_values import wrong_values
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.tables import Contracts
from ingestion.errors import MappingError
from ingestion.mapping.expressions import locked_connection
from ingestion.mapping.feeds import Mapping
from ingestion.mapping.mapping_paths import mapping_path
from ingestion.mapping.normalization import add_normalization
from ingestion.mapping.resolution import Resolution
from ingestion.mapping.schema import VERBATIM_KEYS, MappingFile
from ingestion.text.yaml_source import read_yaml


def load_mapping(name_or_path: str | Path, contracts: Contracts | None = None) -> Mapping:
    """Reads a mapping and checks it against the contracts.

    Args:
        name_or_path: Name of a shipped mapping, such as `maven`, or the path of a file.
        contracts: The contracts; the shipped ones by default.

    Raises:
        MappingError: There is no such mapping, or it is wrong; names file and line.
    """
    document = read_yaml(mapping_path(str(name_or_path)), MappingError, VERBATIM_KEYS)
    content = document.validated(MappingFile)
    with closing(locked_connection()) as connection:
        add_normalization(connection)
        known = contracts or load_contracts()
        mapping = Resolution(document, content, known, connection).mapping()
        _check_values(mapping, known, connection)
        return mapping


def _check_values(
    mapping: Mapping, contracts: Contracts, connection: duckdb.DuckDBPyConnection
) -> None:
    wrong = dict.fromkeys(
        f"{where}: {message}"
        for feed in mapping.feeds
        for where, message in wrong_values(
            feed, contracts.table(feed.source, feed.table), connection
        )
    )
    if wrong:
        raise MappingError("\n".join(wrong))
