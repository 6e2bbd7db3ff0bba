"""The Data Docs of the quality gates on demand, for everything that a home holds.

Belongs here: which files a gate reads when no refresh runs. Does not belong here: checks and pages
(`expectations`), and the command's options.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from expectations.gates import write_docs
from expectations.results import GateName
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from orchestration.errors import UsageError
from orchestration.publication import published_database, restricted_database

_GATES: tuple[GateName, ...] = get_args(GateName)


def write_gate_docs(home: Home, gate: str | None = None) -> tuple[Path, ...]:
    """Runs all checks of the gates on what is there now and writes a page for each gate.

    Args:
        home: The home; nothing may be refreshing it.
        gate: The gate; None for each of which the stores exist.

    Returns:
        The pages.

    Raises:
        UsageError: There is no such gate, or nothing yet that it could check.
    """
    if gate is not None and gate not in _GATES:
        raise UsageError(f"there is no gate '{gate}'; the gates are {', '.join(_GATES)}")
    chosen: list[GateName] = [name for name in _GATES if gate is None or name == gate]
    ready: list[GateName] = [name for name in chosen if _can_be_checked(home, name)]
    if not ready:
        named = f"the {gate} gate" if gate else "any gate"
        raise UsageError(f"there is nothing yet that {named} could check; run salesops refresh")
    contracts = load_contracts()
    return tuple(
        write_docs(name, home, contracts, databases=_databases(home, name)) for name in ready
    )


def _can_be_checked(home: Home, gate: GateName) -> bool:
    return all(path.is_file() for path in _databases(home, gate).values())


def _databases(home: Home, gate: GateName) -> dict[str, Path]:
    """Gives the files that a gate reads, by catalog; the marts are those that are published."""
    databases = {"raw": home.raw_db}
    if gate != "raw":
        databases["warehouse"] = home.warehouse_db
        databases["restricted"] = restricted_database(home)
        databases["marts"] = published_database(home)
    return databases
