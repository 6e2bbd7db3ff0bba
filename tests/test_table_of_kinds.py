"""The table of kinds of faults in tests/README.md: what it names is there, and is enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROWS = [
    line.split("|")
    for line in (TESTS / "README.md").read_text().splitlines()
    if line.startswith("| ") and "`" in line.split("|")[2]
]


def variants_of(name: str, source: str) -> int:
    """Counts a test as one, and one that is given its cases in a list as several."""
    place = re.search(rf"^ *def {name}\(", source, re.M)
    assert place, f"there is no {name}"
    above = source[: place.start()].rstrip().rpartition("\n\n")[2]
    return 3 if "@pytest.mark.parametrize(" in above else 1


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {path.name: path.read_text() for path in TESTS.rglob("test_*.py")}


@pytest.fixture(scope="module")
def unit_tests() -> set[str]:
    models = TESTS.parent / "dbt_project" / "models"
    texts = (path.read_text() for path in models.rglob("*.yml"))
    return {name for text in texts for name in re.findall(r"- name: (\w+)", text)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1].strip())
def test_each_kind_is_held_by_tests_that_are_there(
    row: list[str], sources: dict[str, str], unit_tests: set[str]
) -> None:
    file, variants = "", 0
    for name in re.findall(r"`([\w.]+)`", row[2]):
        if name.endswith(".py"):
            file = name
            assert file in sources
        elif name.startswith("test_"):
            variants += variants_of(name, sources[file])
        else:
            assert name in unit_tests, f"no model has the unit test {name}"
            # A unit test has several rows.
            variants += 1
    assert variants >= 3
