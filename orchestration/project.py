"""Where the project is and what its environment says; the one module of a refresh that reads it.

Belongs here: the repository's root, the home in use, and what dbt and Dagster are told of both.
Does not belong here: what dbt and Dagster then do. It imports neither: the command has to
answer before they are loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.home import HOME_VARIABLE, Home, repository_root
from orchestration.dbt_process import PARENT_VARIABLE

_DBT_FILES = ("dbt_project.yml", "profiles.yml", "dbt_project")
_PACKAGES = ("ingestion", "expectations", "orchestration")


@dataclass(frozen=True)
class Project:
    """The code in one place and the home in another.

    Args:
        root: The repository's root, where `dbt_project.yml` stands.
        home: The home folder in use.
    """

    root: Path
    home: Home

    @classmethod
    def locate(cls, home: Path | None = None) -> Project:
        """Gives the project around this package with the home named, else that of the environment.

        Args:
            home: The home folder; by default what `SALESOPS_HOME` names, else `data` at the root.
        """
        chosen = Home(home.expanduser().resolve()) if home else Home.from_environment()
        return cls(root=repository_root(), home=chosen)

    @property
    def dbt_files(self) -> tuple[Path, ...]:
        """Files and folders that dbt reads."""
        return tuple(self.root / name for name in _DBT_FILES)

    @property
    def source_folders(self) -> tuple[Path, ...]:
        """Files and folders whose content decides what a refresh makes of its input."""
        packages = Path(__file__).resolve().parent.parent
        return (*self.dbt_files, *(packages / name for name in _PACKAGES))

    @property
    def dbt_target(self) -> Path:
        """Where dbt keeps its manifest and logs: in the home, so that the project stays clean."""
        return self.home.root / "dbt"

    def dbt_variables(self) -> dict[str, str]:
        """Gives the environment variables with which dbt runs in a refresh."""
        return {
            HOME_VARIABLE: str(self.home.root),
            PARENT_VARIABLE: str(os.getpid()),
            # Raw cannot be rebuilt, so a refresh gives dbt no right to write to it.
            "SALESOPS_RAW_READ_ONLY": "true",
            "DBT_TARGET_PATH": str(self.dbt_target),
            "DBT_LOG_PATH": str(self.dbt_target),
            # Errors are in it; every statement that was run would be too much to write each night.
            "DBT_LOG_LEVEL_FILE": "info",
            # A test that reads models of both steps waits for the later step.
            "DBT_INDIRECT_SELECTION": "buildable",
        }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets environment variables for a while; child processes started in it inherit them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def memory_settings() -> dict[str, Any]:
    """Gives DuckDB's settings for a refresh, from the variables that `profiles.yml` reads too."""
    return {
        "memory_limit": os.environ.get("SALESOPS_MEMORY_LIMIT", "2GB"),
        "threads": os.environ.get("SALESOPS_THREADS", "2"),
    }
