"""Progress of a refresh on a terminal or in a log, from what the project's loggers say.

Belongs here: showing it while it goes on. Does not belong here: what comes out (`summary`).
"""

from __future__ import annotations

import logging
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

# A refresh that finds nothing new ends after the second one.
PHASES = (
    "start",
    "landing",
    "raw_gate",
    "core",
    "core_gate",
    "metrics",
    "marts_gate",
    "publication",
)
_BAR_WIDTH = 24


class RefreshProgress(logging.Handler):
    """One line a phase; on a terminal below them a bar for the one that goes on.

    The phases come as log records with `extra={"phase": name}`. What else is said with INFO, such
    as what became of each file, is shown on request only; warnings always are.

    Args:
        console: Where to show it.
        verbose: Whether everything that is said with INFO is shown.
        quiet: Whether only warnings are shown.
    """

    def __init__(self, console: Console, *, verbose: bool = False, quiet: bool = False) -> None:
        super().__init__(logging.WARNING if quiet else logging.INFO)
        self._console = console
        self._verbose = verbose
        self._bar = _bar(console) if console.is_terminal and not quiet else None
        self._task = self._bar.add_task("Starting", total=len(PHASES)) if self._bar else None
        self._title: str | None = None
        self._began = time.monotonic()

    def __enter__(self) -> RefreshProgress:
        """Begins to show."""
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._title:
            self.end(failed=True)
        elif self._bar:
            self._bar.stop()

    def end(self, *, failed: bool) -> None:
        """Says how the last phase ended, and stops.

        Args:
            failed: Whether the refresh failed in it.
        """
        self._end_phase(failed=failed)
        if self._bar:
            self._bar.stop()

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one message; never as markup, since file names hold brackets."""
        text = record.getMessage()
        phase = getattr(record, "phase", None)
        if record.levelno >= logging.WARNING:
            self._console.print(Text(text, style="yellow"))
        elif phase is not None:
            self._begin_phase(phase, text)
        elif self._verbose:
            self._console.print(Text(f"  {text}", style="dim"))

    def _begin_phase(self, phase: str, title: str) -> None:
        self._end_phase(failed=False)
        self._title, self._began = title, time.monotonic()
        if self._bar is None or self._task is None:
            self._console.print(Text(title))
            return
        done = PHASES.index(phase) if phase in PHASES else None
        self._bar.update(self._task, description=title, completed=done)

    def _end_phase(self, *, failed: bool) -> None:
        title, self._title = self._title, None
        if title is None or self._bar is None:
            return
        mark, style = ("✗", "red") if failed else ("✓", "green")
        seconds = time.monotonic() - self._began
        self._console.print(Text.assemble((mark, style), f" {title} ", (f"{seconds:.1f} s", "dim")))


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(_BAR_WIDTH),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        refresh_per_second=4,
        # Steps redirect both themselves.
        redirect_stdout=False,
        redirect_stderr=False,
    )
