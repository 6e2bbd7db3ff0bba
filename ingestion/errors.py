"""The errors that a person can act on; each message says what is wrong, where, and what to do.

Belongs here: the few exception classes that cross module borders. Does not belong here: errors of
a single module that nobody else catches, and formatting of anything but the place of an error.
"""

from __future__ import annotations


class SalesopsError(Exception):
    """Base of every error that is reported as a message instead of a traceback.

    Args:
        message: Sentence for the person who runs the warehouse: what, where, what to do.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ContractError(SalesopsError):
    """A contract is wrong; names its file and line."""


class MappingError(SalesopsError):
    """A mapping is wrong, by itself or against its contract; names its file and line."""


class CompanyError(SalesopsError):
    """The company settings are wrong; names their file and line."""


class ExtractError(SalesopsError):
    """An extract file is refused whole; names the file."""


class LandingError(SalesopsError):
    """Landing cannot go on for a reason that no single extract file explains."""
