"""Progress: one line a phase, a bar on a terminal, files on request, warnings always."""

import io
import logging
import re

import pytest
from rich.console import Console

from orchestration.reports.progress import PHASES, RefreshProgress

TITLES = {"start": "Starting", "landing": "Landing extracts", "raw_gate": "Checking raw"}


def told(*, terminal: bool, failed: bool = False, **options: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    logger = logging.Logger("salesops")
    with RefreshProgress(console, **options) as progress:
        logger.addHandler(progress)
        for phase, title in TITLES.items():
            logger.info(title, extra={"phase": phase})
            logger.info("crm.users users [1].csv: landed")
            logger.debug("dbt says something")
        logger.warning("crm.users other.csv: refused")
        progress.end(failed=failed)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n")


def test_in_a_log_there_is_one_line_a_phase_and_no_bar():
    assert told(terminal=False).splitlines() == [*TITLES.values(), "crm.users other.csv: refused"]


def test_files_are_told_on_request():
    lines = told(terminal=False, verbose=True).splitlines()
    assert lines.count("  crm.users users [1].csv: landed") == len(TITLES)
    assert not [line for line in lines if "dbt" in line]


def test_with_json_only_warnings_are_told():
    assert told(terminal=False, quiet=True).splitlines() == ["crm.users other.csv: refused"]
    assert plain(told(terminal=True, quiet=True)).split("\n")[0] == "crm.users other.csv: refused"


def test_a_terminal_sees_the_bar_and_each_phase_with_its_seconds():
    text = plain(told(terminal=True))
    for title in TITLES.values():
        assert re.search(rf"✓ {title} \d+\.\d s", text)
    assert f"2/{len(PHASES)}" in text
    assert "users [1].csv" not in text


def test_the_phase_that_failed_is_marked():
    text = plain(told(terminal=True, failed=True))
    assert re.search(r"✓ Landing extracts", text)
    assert re.search(r"✗ Checking raw", text)


def test_a_refresh_that_breaks_off_takes_the_bar_away():
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with pytest.raises(KeyboardInterrupt), RefreshProgress(console) as progress:
        progress.handle(
            logging.makeLogRecord({"msg": "Landing", "levelno": logging.INFO, "phase": "landing"})
        )
        raise KeyboardInterrupt
    assert isinstance(console.file, io.StringIO)
    assert "✗ Landing" in plain(console.file.getvalue())
    # The cursor is shown again.
    assert console.file.getvalue().rstrip().count("\x1b[?25h") == 1
