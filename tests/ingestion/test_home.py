"""The home folder: where it is, and who may read it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ingestion.home import Home, repository_root


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_create_is_for_the_owner_alone_and_can_be_repeated(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "home"
    home = Home(root)
    home.create()
    (home.extracts / "deals.csv").touch()
    root.chmod(0o755)
    home.create()
    assert mode(root) == 0o700
    assert (home.extracts / "deals.csv").exists()
    assert all(folder.is_dir() for folder in (home.archive, home.quarantine, home.scratch))


def test_everything_stands_below_the_root(tmp_path: Path) -> None:
    home = Home(tmp_path)
    names = [name for name, kind in vars(Home).items() if isinstance(kind, property)]
    places = [getattr(home, name) for name in names]
    assert len(set(places)) == len(places) == 13
    assert all(place.parent == tmp_path for place in places)


def test_environment_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESOPS_HOME", str(tmp_path / "h"))
    assert Home.from_environment().root == tmp_path / "h"
    monkeypatch.setenv("SALESOPS_HOME", " ")
    assert Home.from_environment().root == repository_root() / "data"
    assert (repository_root() / "dbt_project.yml").is_file()
