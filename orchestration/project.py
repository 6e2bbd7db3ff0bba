"""Where the project is and what its environment says; the one module of a refresh that reads it.

Belongs here: the repository's root, the home in use, and what dbt and Dagster are told of both.
Does not belong here: what dbt and Dagster then do. It imports neither: the command has to
answer before they are loaded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ingestion.home import HOME_VARIABLE, Home, repository_root

# By which the process that is dbt knows the refresh that it ends with.
PARENT_VARIABLE = "SALESOPS_DBT_PARENT"
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
    def parse_folder(self) -> Path:
        """Where what dbt read of the project is kept; it is the same for every home."""
        target = self.root / "target"
        place = target if target.exists() else self.root
        return (target if os.access(place, os.W_OK) else self.home.root / "dbt") / "refresh"

    @property
    def dbt_logs(self) -> Path:
        """Where dbt writes its log: in the home, so that the project stays clean."""
        return self.home.root / "dbt"

    def parse_variables(self) -> dict[str, str]:
        """Gives the environment variables with which dbt reads the project.

        They are the same for every home, because dbt reads all anew when one of them changed.
        """
        return {
            PARENT_VARIABLE: str(os.getpid()),
            HOME_VARIABLE: str(self.parse_folder),
            # Raw cannot be rebuilt, so a refresh gives dbt no right to write to it.
            "SALESOPS_RAW_READ_ONLY": "true",
            "DBT_PROJECT_DIR": str(self.root),
            "DBT_PROFILES_DIR": str(self.root),
            "DBT_TARGET_PATH": str(self.parse_folder),
            "DBT_LOG_PATH": str(self.dbt_logs),
            # Errors are in it; every statement that was run would be too much to write each night.
            "DBT_LOG_LEVEL_FILE": "info",
        }

    def run_variables(self, building: Path) -> dict[str, str]:
        """Gives the environment variables with which dbt builds models.

        Args:
            building: The folder of the version that is being made.
        """
        return {HOME_VARIABLE: str(self.home.root), "SALESOPS_BUILDING": str(building)}
