"""Pseudonyms: the key by which models make the ids of people that open marts may show.

Belongs here: where the key comes from, and the table that models read it from. Does not belong
here: the pseudonym itself, which SQL computes (`dbt_project/macros/engines/pseudonyms.sql`), so
that no row of a person passes through Python.

A pseudonym is HMAC-SHA-256 (RFC 2104) of a person's id. Engines have the hash but not the keyed
construction, so the table holds the key already combined with both paddings of the RFC.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import duckdb

from ingestion.errors import LandingError
from ingestion.home import Home, open_private
from ingestion.raw_ddl import quoted, quoted_table, replace_table
from ingestion.system_tables import PSEUDONYM_KEY

KEY_VARIABLE = "SALESOPS_PSEUDONYM_KEY"
SHORTEST_KEY = 32
_BLOCK = 64
_INNER, _OUTER = 0x36, 0x5C


def pseudonym_key(home: Home) -> bytes:
    """Gives the key: of the environment, else of the home's file, which the first call makes.

    Args:
        home: The home folder; it exists.

    Raises:
        LandingError: The key of the environment or the file is too short to be one.
    """
    given = os.environ.get(KEY_VARIABLE, "").strip()
    if given:
        return _checked(given, f"the environment variable {KEY_VARIABLE}")
    path = home.pseudonym_key_file
    if not path.exists():
        _write_new_key(path)
    return _checked(path.read_text().strip(), str(path))


def key_id(key: bytes) -> str:
    """Names a key without telling it: pseudonyms of one key id can be compared."""
    return hashlib.sha256(b"salesops pseudonym key id\0" + key).hexdigest()[:12]


def write_pseudonym_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Replaces `company.pseudonym_key` of the connection's database.

    Args:
        connection: Open on raw, with the right to write.
        key: The key.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    connection.execute(f"create schema if not exists {quoted(PSEUDONYM_KEY.source)}")
    replace_table(connection, PSEUDONYM_KEY)
    connection.execute(
        f"insert into {quoted_table(PSEUDONYM_KEY)} values (?, ?, ?)",
        [key_id(key), _padded(block, _INNER), _padded(block, _OUTER)],
    )


def _padded(block: bytes, padding: int) -> str:
    return bytes(byte ^ padding for byte in block).hex()


def _write_new_key(path: Path) -> None:
    """Writes a random key that no other program can read, in one step."""
    incoming = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open_private(incoming) as file:
        file.write(f"{secrets.token_hex(SHORTEST_KEY)}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    incoming.replace(path)


def _checked(text: str, place: str) -> bytes:
    if len(text) < SHORTEST_KEY:
        raise LandingError(
            f"{place} has {len(text)} characters, too few for the key of pseudonyms; give at least "
            f"{SHORTEST_KEY} random ones, such as `openssl rand -hex 32` prints"
        )
    return text.encode()
