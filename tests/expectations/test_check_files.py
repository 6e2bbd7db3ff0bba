"""A check in a file says what it is about, or is refused before any gate runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from expectations.check import BATCH
from expectations.check_files import FOLDER, checks_in_files, read_check
from expectations.results import GateName

SOUND = """-- about: core.fct_opportunity
-- severity: warn
-- meaning: deals that close ahead;
-- they count then
-- advice: correct them: in the CRM

-- Not a part of the head.
select opportunity_id
from {{ batch }}
"""


def written(folder: Path, text: str, name: str = "fct_opportunity__closed_by_now.sql") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_a_check(tmp_path: Path):
    check = read_check(written(tmp_path, SOUND))
    assert (check.table, check.name, check.severity) == (
        "core.fct_opportunity",
        "closed_by_now",
        "warn",
    )
    assert check.meaning == "deals that close ahead; they count then"
    assert check.advice == "correct them: in the CRM"
    assert check.failing_rows.endswith(f"from {BATCH}")


def test_a_note_is_for_who_reads_the_file(tmp_path: Path):
    noted = "in the CRM\n-- note: Dates, not moments:\n-- a file has no more."
    check = read_check(written(tmp_path, SOUND.replace("in the CRM", noted)))
    assert check.advice == "correct them: in the CRM"
    assert "Dates" not in f"{check.meaning}{check.failing_rows}"


@pytest.mark.parametrize("gate", ["core", "marts"])
def test_advice_is_one_sentence_of_what_to_do(gate: GateName):
    # A remark below the advice would be shown as a part of it.
    for check in checks_in_files(gate):
        assert not re.search(r"\. |\.$| [A-Z][a-z]+ ", check.advice), (
            f"{check.name}: {check.advice}"
        )


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("-- advice: correct them: in the CRM\n", "", "lacks '-- advice: ...'"),
        ("-- about: core.fct_opportunity\n", "-- said before\n", ":1: the head begins with one of"),
        (
            "-- severity: warn",
            "-- severity: error",
            "severity is 'error'; it is one of block, warn",
        ),
        (
            "-- severity: warn",
            "-- severity: warn\n-- severity: block",
            ":3: 'severity' is said twice",
        ),
        ("{{ batch }}", "warehouse.core.fct_opportunity", "does not read {{ batch }}"),
        ("core.fct_opportunity", "core.fct_quota", "is fct_quota__<check>.sql"),
        ("core.fct_opportunity", "fct_opportunity", "the name of a check about fct_opportunity"),
    ],
)
def test_a_file_that_says_too_little_is_refused(tmp_path: Path, old: str, new: str, found: str):
    path = written(tmp_path, SOUND.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"closed_by_now\.sql") as refused:
        read_check(path)
    assert found in str(refused.value)


def test_every_file_is_in_a_gate():
    files = list(FOLDER.rglob("*"))
    checks = [*checks_in_files("core"), *checks_in_files("marts")]
    assert len(checks) == len([path for path in files if path.is_file()]) > 50
    assert len({(check.table, check.name) for check in checks}) == len(checks)
