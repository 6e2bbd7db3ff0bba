"""Checks that stand in files of SQL: `checks/<gate>/<table>__<check>.sql`.

Belongs here: reading the files. Does not belong here: checks that follow from the contracts, which
the suites make.

A file begins with comments that say what it is about, each of which may go on over several lines:

    -- about: core.fct_opportunity
    -- severity: warn
    -- meaning: what it means that rows fail, as the end of "3 rows: ..."
    -- advice: what to do about it
    -- note: why the query is as it is, for who reads the file; may be left out

Then follows the query of the failing rows, which reads the rows to check as `{{ batch }}` and other
tables by `catalog.schema.table`. It selects ids and counts only: what it selects is shown in
messages.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import get_args

from expectations.check import BATCH, Check
from expectations.results import GateName, Severity

FOLDER = Path(__file__).with_name("checks")
_HEADS = ("about", "severity", "meaning", "advice")
_HEAD = re.compile(rf"({'|'.join((*_HEADS, 'note'))}): (.+)")
_ROWS = "{{ batch }}"


@cache
def checks_in_files(gate: GateName) -> tuple[Check, ...]:
    """Gives the checks of a gate that stand in files, by name of their files.

    Raises:
        ValueError: A file lacks a part or has one that it should not have; the message says which.
    """
    return tuple(read_check(path) for path in sorted((FOLDER / gate).glob("*.sql")))


def read_check(path: Path) -> Check:
    """Reads one check.

    Raises:
        ValueError: As for `checks_in_files`.
    """
    said, sql = _parts(path)
    missing = [head for head in _HEADS if head not in said]
    if missing:
        raise ValueError(f"{path}: the head of the check lacks '-- {missing[0]}: ...'")
    severities = get_args(Severity)
    if said["severity"] not in severities:
        raise ValueError(
            f"{path}: severity is '{said['severity']}'; it is one of {', '.join(severities)}"
        )
    layer, _, table = said["about"].partition(".")
    name = path.stem.removeprefix(f"{table}__")
    if not table or name == path.stem:
        raise ValueError(
            f"{path}: the name of a check about {said['about']} is {table}__<check>.sql"
        )
    if _ROWS not in sql:
        raise ValueError(f"{path}: the query does not read {_ROWS}, the rows that are checked")
    return Check(
        layer=layer,
        table_name=table,
        name=name,
        failing_rows=sql.replace(_ROWS, BATCH),
        meaning=said["meaning"],
        advice=said["advice"],
        severity="warn" if said["severity"] == "warn" else "block",
    )


def _parts(path: Path) -> tuple[dict[str, str], str]:
    """Splits a file into what its head says and its query."""
    said: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    head = ""
    for number, line in enumerate(lines):
        if not line.startswith("--"):
            return said, "\n".join(lines[number:])
        text = line.removeprefix("--").strip()
        if found := _HEAD.fullmatch(text):
            head = found[1]
            if head in said:
                raise ValueError(f"{path}:{number + 1}: '{head}' is said twice")
            said[head] = found[2]
        elif head:
            said[head] += f" {text}"
        else:
            heads = ", ".join(_HEADS)
            raise ValueError(f"{path}:{number + 1}: the head begins with one of {heads}")
    return said, ""
