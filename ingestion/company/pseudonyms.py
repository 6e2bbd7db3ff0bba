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

from ingestion.contracts.raw_ddl import quoted, quoted_table, replace_table
from ingestion.contracts.system_tables import PSEUDONYM_KEY
from ingestion.errors import LandingError
from ingestion.home import Home, open_private

KEY_VARIABLE = "SALESOPS_PSEUDONYM_KEY"
ACCEPT_VARIABLE = "SALESOPS_ACCEPT_PSEUDONYM_KEY"
SHORTEST_KEY = 32
_BLOCK = 64
_INNER, _OUTER = 0x36, 0x5C


def pseudonym_key(home: Home, known: str | None = None) -> bytes:
    """Gives the key: of the environment, else of the home's file, which the first call makes.

    Args:
        home: The home folder; it exists.
        known: Id of the key that raw was landed with, if there is one.

    Raises:
        LandingError: The key of the environment or the file is too short to be one, or is not the
            one that raw knows; a key that is lost is not made anew.
    """
    given = os.environ.get(KEY_VARIABLE, "").strip()
    path = home.pseudonym_key_file
    if given:
        place = f"the environment variable {KEY_VARIABLE}"
        return _same(_checked(given, place), known, place, path)
    if not path.exists():
        if known is not None:
            raise LandingError(
                f"{path} is not there, and {KEY_VARIABLE} is not set, but {home.raw_db} was made "
                f"with the key {known}. {_remedy(path)} If it is lost for good, write a new one "
                f"into the file, such as `openssl rand -hex 32` prints"
            )
        _write_new_key(path)
    return _same(_checked(path.read_text().strip(), str(path)), known, str(path), path)


def known_key_id(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Gives the id of the key that the connection's database was written with, if it has one."""
    (tables,) = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?",
        [PSEUDONYM_KEY.source, PSEUDONYM_KEY.name],
    ).fetchall()[0]
    if not tables:
        return None
    row = connection.execute(f"select key_id from {quoted_table(PSEUDONYM_KEY)}").fetchone()
    return row[0] if row else None


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


def _same(key: bytes, known: str | None, place: str, path: Path) -> bytes:
    """Gives the key if it is the one that is known, or if its being another one is accepted."""
    found = key_id(key)
    if known in (None, found) or os.environ.get(ACCEPT_VARIABLE, "").strip() == found:
        return key
    raise LandingError(
        f"{place} holds the key {found}, but raw was made with the key {known}. {_remedy(path)} If "
        f"the new key is meant, run once with {ACCEPT_VARIABLE}={found}"
    )


def _remedy(path: Path) -> str:
    return (
        f"Restore {path.name} from the backup, or set {KEY_VARIABLE} as before: with another key "
        "everybody gets another pseudonym, and no published table can be joined with the ones "
        "before."
    )


def _checked(text: str, place: str) -> bytes:
    if len(text) < SHORTEST_KEY:
        raise LandingError(
            f"{place} has {len(text)} characters, too few for the key of pseudonyms; give at least "
            f"{SHORTEST_KEY} random ones, such as `openssl rand -hex 32` prints"
        )
    return text.encode()
