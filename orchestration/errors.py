"""What a refresh can end with: its own errors, and the exit code that each error stands for.

Belongs here: errors of running and publishing, and exit codes. Does not belong here: errors of
contracts, mappings, settings and extracts (`ingestion.errors`), and how a message is shown.
"""

from __future__ import annotations

import re
from enum import IntEnum

from ingestion.errors import CompanyError, ContractError, ExtractError, MappingError, SalesopsError
from orchestration.machine_faults import explained, explained_words

_QUOTED_VALUE = re.compile(r"'[^']*'")
_TRACEBACK = re.compile(r"\s*(\d\d:\d\d:\d\d\s+)?Traceback \(most recent call last\):.*", re.DOTALL)


class ExitCode(IntEnum):
    """What `salesops` tells the shell; documented in docs/how-to/operations.md."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    REFUSED = 3
    GATE_FAILED = 4
    LOCKED = 5
    STALE = 6
    INTERRUPTED = 130


class UsageError(SalesopsError):
    """The command was asked for something that does not exist."""


class HomeLockedError(SalesopsError):
    """Another refresh writes to the same home."""


class StoreInUseError(SalesopsError):
    """Another program has a DuckDB file of the home open."""


class RefusedExtractsError(SalesopsError):
    """At least one extract file was refused; the others have landed."""


class GateFailedError(SalesopsError):
    """A gate did not pass, so nothing after it was built or published."""


class TransformationError(SalesopsError):
    """dbt could not build a model."""


class PublicationError(SalesopsError):
    """The new version did not come out as the warehouse has it, or may not be published."""


_CODES: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (UsageError, ExitCode.USAGE),
    (ContractError, ExitCode.USAGE),
    (MappingError, ExitCode.USAGE),
    (CompanyError, ExitCode.USAGE),
    (RefusedExtractsError, ExitCode.REFUSED),
    (ExtractError, ExitCode.REFUSED),
    (GateFailedError, ExitCode.GATE_FAILED),
    (HomeLockedError, ExitCode.LOCKED),
)


def exit_code_of(error: BaseException) -> ExitCode:
    """Gives the exit code that an error stands for."""
    if not isinstance(error, Exception):
        # KeyboardInterrupt, and what Dagster makes of it.
        return ExitCode.INTERRUPTED
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return ExitCode.UNEXPECTED


def message_of(error: BaseException) -> str:
    """Gives an error's message in a form that may be logged and kept.

    The project's own messages name values only where that is allowed. Those of libraries may quote
    a cell ("Could not convert string 'jane@example.com'"), so what stands in quotes is masked.
    """
    if isinstance(error, TransformationError):
        # Its words are dbt's.
        return explained_words(error.message) or _TRACEBACK.sub("", error.message)
    if isinstance(error, SalesopsError):
        return error.message
    if not isinstance(error, Exception):
        return "interrupted from outside"
    return explained(error) or technical_message_of(error)


def technical_message_of(error: BaseException) -> str:
    """Gives the class and the masked words of an error, for whoever looks into the code."""
    return f"{type(error).__name__}: {without_values(str(error))}"


def without_values(text: str) -> str:
    """Masks what stands in single quotes, where engines put the value they choke on."""
    return _QUOTED_VALUE.sub("'***'", text)
