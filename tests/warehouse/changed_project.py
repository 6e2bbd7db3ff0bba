"""A copy of the dbt project, to be changed as a contributor would, and what was changed in it."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

from warehouse_testbed import ROOT


def copied_project(folder: Path) -> Path:
    """Copies what dbt reads, and the contracts, into a folder of their own."""
    project = folder / "project"
    for part in ("dbt_project", "ingestion/contracts"):
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, project)
    return project


def changed_files(project: Path) -> set[str]:
    """Names the files that differ from the repository's, or that it does not have."""
    return {
        str(file.relative_to(project))
        for file in project.rglob("*")
        if file.is_file() and not _is_as_it_was(file, ROOT / file.relative_to(project))
    }


def _is_as_it_was(file: Path, original: Path) -> bool:
    return original.exists() and filecmp.cmp(file, original, shallow=False)


def insert(file: Path, text: str, before: str) -> None:
    """Writes text into a file before a text that it has once."""
    whole = file.read_text(encoding="utf-8")
    assert whole.count(before) == 1, (file, before)
    file.write_text(whole.replace(before, text.lstrip("\n") + before), encoding="utf-8")


def append(file: Path, text: str) -> None:
    """Writes text to the end of a file."""
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
