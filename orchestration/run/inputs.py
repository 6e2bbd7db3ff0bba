"""What the marts are made from, as one fingerprint: equal inputs make equal marts.

Belongs here: deciding by content whether a refresh has anything to do. Does not belong here: names
and times of files, which say nothing about content; and doing anything about the answer.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import duckdb

from ingestion.company.pseudonyms import key_id, pseudonym_key
from ingestion.company.settings import CompanySettings
from ingestion.home import Home
from ingestion.mapping.feeds import Mapping
from orchestration.project import Project
from orchestration.publication import is_available
from orchestration.run.run_records import last_published, read_records

NOTHING_NEW = "nothing new: the published version stands"

# What appends to these tables is the refresh itself; no model derives a number from them.
_BOOKKEEPING = {("landing", "files"), ("landing", "gate_results"), ("landing", "quarantine")}
# Derived from the settings, which are part of the fingerprint themselves.
_REBUILT_SCHEMA = "company"
# Settings that say where extracts stand and how long is kept what; no number comes from them.
_OF_NO_NUMBER = {"sources", "keep_runs", "keep_versions"}
_ENGINES = ("duckdb", "dbt-core", "dbt-duckdb")
_SOURCE_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".json"}


def fingerprint(project: Project, settings: CompanySettings) -> str:
    """Gives the fingerprint of raw, settings, models and code as they are now.

    Args:
        project: The project; its home holds the change log.
        settings: The company settings in force.
    """
    parts = {
        "raw": raw_state(project.home),
        "settings": settings.model_dump(mode="json", exclude=_OF_NO_NUMBER),
        "pseudonym_key": key_id(pseudonym_key(project.home)),
        "project": digest_of_files(project.source_folders),
        "engines": {name: version(name) for name in (*_ENGINES, *_calendars(settings))},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _calendars(settings: CompanySettings) -> tuple[str, ...]:
    """Names the package whose next version may know other official holidays, where any count."""
    return ("holidays",) if settings.official_holidays else ()


def inbox_state(sources: Sequence[tuple[Mapping, Path]]) -> str:
    """Gives a fingerprint of mappings, and of what the file system says of the extract files.

    Of equal fingerprints the files are the same and were not written to: nobody can choose a
    file's number and the time of its last change, as one can its name, size and time of writing.

    Args:
        sources: Mappings with their folders.
    """
    digest = hashlib.sha256()
    for mapping, folder in sources:
        digest.update(f"{mapping.model_dump_json()}\0{folder}\0".encode())
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            # What a link points to is what is read.
            state = path.stat() if path.exists() else path.lstat()
            parts = state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino, state.st_dev
            digest.update(os.fsencode(path) + f"\0{parts}\0".encode())
    return digest.hexdigest()


def looks_unchanged(home: Home, inbox: str) -> bool:
    """Tells whether the files are those that the last refresh found which had nothing to refuse.

    Args:
        home: The home folder.
        inbox: What `inbox_state` gives now.
    """
    last = next((r for r in read_records(home) if r.status in ("published", "unchanged")), None)
    return last is not None and last.inbox == inbox


def is_published(home: Home, inputs: str | None) -> bool:
    """Tells whether the last published run was made from just what is there now.

    Args:
        home: The home folder.
        inputs: What `fingerprint` gives now.
    """
    last = last_published(home)
    return (
        last is not None
        and last.published is not None
        and last.inputs == inputs
        and is_available(home, last.published.version)
    )


def raw_state(home: Home) -> dict[str, int]:
    """Gives rows per table of the change log, and a hash of the extracts that made them.

    The change log is append-only, so rows per table say whether it has grown; the hash tells two
    logs of equal size apart.
    """
    with duckdb.connect(str(home.raw_db), read_only=True) as raw:
        tables = raw.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        state: dict[str, int] = {}
        for schema, table in tables:
            if schema == _REBUILT_SCHEMA or (schema, table) in _BOOKKEEPING:
                continue
            (rows,) = raw.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0]
            state[f"{schema}.{table}"] = rows
        (extracts,) = raw.execute(
            "select bit_xor(hash(extract_id, source_system, source, table_name, fingerprint)) "
            "from landing.extracts"
        ).fetchall()[0]
    state["extracts"] = extracts or 0
    return state


def digest_of_files(places: Sequence[Path]) -> str:
    """Hashes names and contents of the source files at some places, wherever these are.

    Args:
        places: Files, and folders that are searched as a whole.
    """
    digest = hashlib.sha256()
    for place in places:
        for path in sorted(_source_files(place)):
            digest.update(str(path.relative_to(place.parent)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _source_files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    yield from (p for p in place.rglob("*") if p.suffix in _SOURCE_SUFFIXES and p.is_file())
