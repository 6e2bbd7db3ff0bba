"""`salesops verify` and `salesops rollback`: what they say of damage, and their exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hand_made_versions import FIRST, SECOND, build_warehouse, published
from typer.testing import CliRunner

from ingestion.home import Home
from orchestration.command.app import app


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.create()
    build_warehouse(home)
    for number, version in enumerate((FIRST, SECOND), start=1):
        published(home, version, number)
    return home


def salesops(home: Home, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--home", str(home.root)])
    return done.exit_code, " ".join(done.output.split())


def salesops_json(home: Home, *arguments: str) -> tuple[int, dict[str, Any]]:
    code, output = salesops(home, *arguments, "--json")
    return code, json.loads(output)


def spoil(home: Home, version: str, file: str) -> None:
    path = home.published / "versions" / version / file
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_whole_versions_end_with_0(home: Home):
    code, found = salesops_json(home, "verify")
    assert (code, found["status"]) == (0, "whole")
    assert [(v["version"], v["faults"]) for v in found["versions"]] == [(FIRST, []), (SECOND, [])]
    code, output = salesops(home, "verify")
    assert code == 0
    assert output.count("whole") == 2


def test_a_damaged_file_ends_with_1_and_is_named(home: Home):
    spoil(home, FIRST, "restricted.duckdb")
    code, found = salesops_json(home, "verify")
    assert (code, found["status"]) == (1, "damaged")
    assert found["versions"][0]["faults"][0]["file"] == f"versions/{FIRST}/restricted.duckdb"
    code, output = salesops(home, "verify")
    assert code == 1
    assert f"damaged: versions/{FIRST}/restricted.duckdb is not what was published" in output
    assert salesops(home, "verify", SECOND)[0] == 0
    assert salesops(home, "verify", FIRST)[0] == 1


def test_an_unknown_version_is_a_wrong_word(home: Home):
    code, found = salesops_json(home, "verify", "20990101T0-z")
    assert code == 2
    assert FIRST in found["message"]


def test_a_manifest_that_is_no_json_is_listed_and_no_traceback(home: Home):
    (home.published / "versions" / FIRST / "manifest.json").chmod(0o644)
    (home.published / "versions" / FIRST / "manifest.json").write_text("{")
    for command in (("rollback", "--list"), ("verify",)):
        _, output = salesops(home, *command)
        assert f"damaged: versions/{FIRST}/manifest.json is damaged" in output
        assert "delete" in output
    code, listed = salesops_json(home, "rollback", "--list")
    assert code == 0
    assert [version["version"] for version in listed["versions"]] == [SECOND]
    assert [fault["version"] for fault in listed["damaged"]] == [FIRST]


def test_a_rollback_that_cannot_be_says_why(home: Home):
    spoil(home, FIRST, "marts.duckdb")
    code, found = salesops_json(home, "rollback")
    assert code == 1
    assert f"versions/{FIRST}/marts.duckdb is not what was published" in found["message"]
    assert f"whole are: {SECOND}." in found["message"]
    code, found = salesops_json(home, "rollback", FIRST)
    assert code == 1
    assert f"version {FIRST} is damaged and was not swapped in" in found["message"]
    code, listed = salesops_json(home, "rollback", "--list")
    assert listed["current"] == SECOND


def test_a_home_without_publications_has_nothing_damaged(tmp_path: Path):
    assert salesops_json(Home(tmp_path), "verify") == (0, {"status": "whole", "versions": []})
