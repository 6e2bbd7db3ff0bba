"""dbt's manifest, which tells Dagster the models: parsed anew only when a file of dbt changed.

Belongs here: keeping the manifest in step with the models. Does not belong here: running models.
This module starts dbt as a program, so a parse can go on while Dagster is being imported.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from orchestration.errors import TransformationError
from orchestration.inputs import digest_of_files
from orchestration.project import Project, environment

logger = logging.getLogger("salesops.manifest")


@dataclass
class ManifestParse:
    """A parse that may be going on; `path` waits for its end."""

    project: Project
    digest: str
    process: subprocess.Popen[str] | None
    guard: FileLock

    def path(self) -> Path:
        """Gives the manifest's file.

        Raises:
            TransformationError: The dbt project cannot be parsed.
        """
        manifest = _manifest(self.project)
        if self.process is None:
            return manifest
        try:
            output, _ = self.process.communicate()
            if self.process.returncode != 0:
                raise TransformationError(
                    "dbt cannot read the project in "
                    f"{self.project.root / 'dbt_project'}: {output.strip()}"
                )
            _stamp(self.project).write_text(self.digest)
        finally:
            self.process = None
            self.guard.release()
        return manifest


def begin_parse(project: Project) -> ManifestParse:
    """Begins to parse the dbt project, unless its manifest is up to date.

    Args:
        project: The project; the manifest stands in its home.
    """
    project.dbt_target.mkdir(parents=True, exist_ok=True, mode=0o700)
    # `dagster dev` loads the definitions in several processes at once.
    guard = FileLock(project.dbt_target / "parse.lock", thread_local=False)
    guard.acquire()
    digest = digest_of_files(project.dbt_files)
    stamp = _stamp(project)
    if _manifest(project).exists() and stamp.exists() and stamp.read_text() == digest:
        guard.release()
        return ManifestParse(project, digest, None, guard)
    logger.info("Reading the dbt project")
    stamp.unlink(missing_ok=True)
    with environment(project.dbt_variables()):
        process = subprocess.Popen(
            [dbt_executable(), "--quiet", "--no-use-colors", "parse"],
            cwd=project.root,
            env={**os.environ, "DBT_PROFILES_DIR": str(project.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return ManifestParse(project, digest, process, guard)


def dbt_executable() -> str:
    """Gives the dbt that ends with its parent, be this Python's commands on the path or not."""
    beside_python = Path(sys.executable).parent / "salesops-dbt"
    return str(beside_python) if beside_python.exists() else "salesops-dbt"


def _manifest(project: Project) -> Path:
    return project.dbt_target / "manifest.json"


def _stamp(project: Project) -> Path:
    return project.dbt_target / "manifest.digest"
