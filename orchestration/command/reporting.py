"""How a command begins and how its errors end it.

Belongs here: the home and its lock, and errors as a sentence with an exit code. Does not belong
here: what an error means (`orchestration.errors`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from orchestration.command.output import messages, print_json
from orchestration.errors import ExitCode, exit_code_of, message_of

if TYPE_CHECKING:
    from orchestration.project import Project


@contextmanager
def reporting(as_json: bool = False) -> Iterator[None]:
    """Prints errors as a message and ends with the code they stand for; never with a traceback.

    Args:
        as_json: Whether the message goes to standard output as JSON.
    """
    try:
        yield
    except (typer.Exit, typer.Abort):
        # What the command line itself ends with.
        raise
    except (Exception, KeyboardInterrupt) as error:
        code, message = exit_code_of(error), message_of(error)
        _show(code, message, as_json)
        raise typer.Exit(code) from None


def _show(code: ExitCode, message: str, as_json: bool) -> None:
    if as_json:
        print_json({"status": "failed", "exit_code": code, "message": message})
    else:
        messages().print(Text(f"salesops: {message}", style="red"))


def project_at(home: Path | None) -> Project:
    """Gives the project with the home named, else that of the environment."""
    from orchestration.project import Project

    return Project.locate(home)


@contextmanager
def locked(home: Path | None) -> Iterator[Project]:
    """Takes the home's lock before anything slow is imported."""
    from orchestration.run.lock import RefreshLock

    project = project_at(home)
    with RefreshLock(project.home):
        try:
            yield project
        except typer.Exit:
            raise
        except BaseException as error:
            from orchestration.run.run_records import note_escaped

            note_escaped(project.home, error)
            raise
