"""The command from any folder, as cron and systemd call it: what is relative is relative to what.

What comes after landing needs no folder of its own; that it is found from `/` too, a whole refresh
says (`test_refresh`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.company.settings import load_company
from ingestion.errors import ExtractError
from ingestion.home import Home
from ingestion.landing.extracts import find_source_files
from orchestration.errors import UsageError
from orchestration.run.sources import Source, parse_source, resolve_sources

ROOT = Path(__file__).resolve().parents[2]
MAPPING = "mapping: own\nsource: crm\ntables:\n  users: {files: users.csv, columns: same}\n"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a mapping and extracts, which is the current one."""
    folder = tmp_path / "work"
    (folder / "exports").mkdir(parents=True)
    (folder / "own.yml").write_text(MAPPING)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("mapping", ["own.yml", "./own.yml", "../work/own.yml"])
def test_a_source_is_where_it_was_named_wherever_the_steps_run(
    work: Path, monkeypatch: pytest.MonkeyPatch, mapping: str
):
    source = parse_source(f"{mapping}=exports")
    monkeypatch.chdir("/")
    assert source == Source(str(work / "own.yml"), work / "exports")
    ((loaded, folder),) = resolve_sources([source], Home(work / "home"))
    assert (loaded.name, folder) == ("own", work / "exports")


@pytest.mark.parametrize("mapping", ["~/own.yml", "canonical"])
def test_the_users_folder_and_names_are_understood(
    work: Path, monkeypatch: pytest.MonkeyPatch, mapping: str
):
    monkeypatch.setenv("HOME", str(work))
    source = parse_source(f"{mapping}=~/exports")
    known = mapping if mapping == "canonical" else str(work / "own.yml")
    assert source == Source(known, work / "exports")


def test_the_homes_sources_are_relative_to_the_home(work: Path, monkeypatch: pytest.MonkeyPatch):
    home = work / "home"
    home.mkdir()
    (home / "own.yml").write_text(MAPPING)
    (home / "company.yml").write_text(
        "sources: [{mapping: ./own.yml, folder: inbox}, {mapping: canonical, folder: ../exports}]"
    )
    monkeypatch.chdir("/")
    sources = load_company(home / "company.yml").sources
    assert [(s.mapping, s.folder) for s in sources] == [
        (str(home / "own.yml"), str(home / "inbox")),
        ("canonical", str(home / "../exports")),
    ]


@pytest.mark.parametrize("text", ["canonical", "=exports", "own.yml=", ""])
def test_what_is_no_source_says_how_to_write_one(text: str):
    with pytest.raises(UsageError, match="MAPPING=FOLDER"):
        parse_source(text)


@pytest.mark.parametrize("where", ["/", "work"])
def test_the_command_finds_home_and_source_from_there(work: Path, where: str):
    """As far as its start, where it finds a mistake in the mapping and keeps that on record."""
    (work / "own.yml").write_text(MAPPING.replace("users", "losers"))
    folder = Path(where) if where == "/" else work
    named = [
        "--home",
        os.path.relpath(work / "home", folder),
        "--source",
        f"{os.path.relpath(work / 'own.yml', folder)}={os.path.relpath(work / 'exports', folder)}",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("SALESOPS_HOME", None)
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.command", "refresh", "--json", *named],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    record = json.loads(done.stdout)
    assert (done.returncode, record["failed_step"]) == (2, "start"), record
    assert f"{work / 'own.yml'}:4" in record["message"]
    assert (work / "home" / "runs" / record["run_id"] / "run.json").exists()


def test_a_missing_folder_is_named_whole(work: Path):
    source = parse_source("own.yml=nowhere")
    (found,) = resolve_sources([source], Home(work / "home"))

    with pytest.raises(ExtractError, match=str(work / "nowhere")):
        find_source_files(*found)
