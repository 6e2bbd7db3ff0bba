"""The refresh's end of the line to dbt: starts its process, asks it, says what went wrong.

Belongs here: requests and answers, and the manifest that both ends share. Does not belong here: dbt
itself (`child`), and what is to run (`plan`). Nothing here imports dbt, which takes seconds.

The manifest depends on the project alone, not on the home, so it stands in `target/refresh` of the
repository, and in the home only where the repository cannot be written to.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.dbt.child import DIGEST_FILE, SERVE, TESTS_FILE
from orchestration.errors import TransformationError, without_values
from orchestration.project import Project
from orchestration.run.inputs import digest_of_files
from orchestration.run.retention import rotate_dbt_log

logger = logging.getLogger("salesops.dbt")

_PATIENCE_SECONDS = 10
_MAX_NAMED = 10


@dataclass(frozen=True)
class NodeResult:
    """What became of one model.

    Attributes:
        unique_id: dbt's id of it.
        status: dbt's word: success, error, skipped.
        message: dbt's or the engine's words.
        seconds: How long it took.
    """

    unique_id: str
    status: str
    message: str
    seconds: float

    @property
    def name(self) -> str:
        """The model's name."""
        return self.unique_id.split(".")[2]


class DbtWorker:
    """One dbt process; begun when it is first needed, or ahead of that by `start`.

    Args:
        project: The project with its home.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._process: subprocess.Popen[str] | None = None
        # What was asked ahead and is not answered yet, in order.
        self._asked: list[str] = []

    @property
    def is_running(self) -> bool:
        """Whether the process has been started and not been closed."""
        return self._process is not None

    def start(self) -> None:
        """Starts the process and has it read the project while this one does other things."""
        if self._process is not None:
            return
        folder = self._folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._project.dbt_logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        rotate_dbt_log(self._project.dbt_logs)
        self._process = subprocess.Popen(
            [dbt_executable(), SERVE],
            cwd=self._project.root,
            env={**os.environ, **self._project.parse_variables()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words.open("w"),
            text=True,
        )
        self._ask_ahead("parse")
        if self._kept_tests() is None:
            self._ask_ahead("compile_tests")

    def manifest(self) -> Path:
        """Gives the manifest's file, which is up to date.

        Raises:
            TransformationError: The dbt project cannot be read.
        """
        manifest = self._folder / "manifest.json"
        if not (self._is_fresh(DIGEST_FILE) and manifest.exists()):
            self.start()
            self._settle("parse")
        return manifest

    def data_tests(self) -> dict[str, str]:
        """Gives each data test's query of failing rows, by dbt's id.

        Raises:
            TransformationError: A test cannot be compiled.
        """
        kept = self._kept_tests()
        if kept is None:
            self.start()
            self._settle("compile_tests")
            kept = self._kept_tests()
        assert kept is not None
        return kept

    def run(
        self, models: Sequence[str], building: Path, on_built: Callable[[str], None]
    ) -> list[NodeResult]:
        """Builds models.

        Args:
            models: dbt's ids.
            building: The folder of the version that is being made.
            on_built: Called with the id of each model when it has ended.

        Raises:
            TransformationError: A model could not be built; the message names each.
        """
        self.start()
        self._settle()
        answer = self._ask(
            {
                "do": "run",
                "models": list(models),
                "environment": self._project.run_variables(building),
            },
            on_built,
        )
        results = [NodeResult(**each) for each in answer["results"]]
        failed = [each for each in results if each.status == "error"]
        ended = {each.unique_id for each in results}
        if failed or answer["problem"] or not ended.issuperset(models):
            raise self._complaint(failed, answer["problem"])
        return results

    def close(self) -> None:
        """Ends the process, so that nothing keeps the stores open."""
        process, self._process = self._process, None
        self._asked.clear()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _ask_ahead(self, what: str) -> None:
        self._send({"do": what, "digest": self._digest})
        self._asked.append(what)

    def _settle(self, upto: str | None = None) -> None:
        """Waits for the answers to what was asked ahead, as far as one of them or all."""
        while self._asked and (upto is None or upto in self._asked):
            what = self._asked.pop(0)
            answer = self._answer()
            if not answer["ok"]:
                raise TransformationError(
                    f"dbt cannot read the project in {self._project.root / 'dbt_project'} "
                    f"({what}): {answer['message']}"
                )

    def _kept_tests(self) -> dict[str, str] | None:
        file = self._folder / TESTS_FILE
        if not file.exists():
            return None
        kept = json.loads(file.read_bytes())
        return kept["tests"] if kept["digest"] == self._digest else None

    def _ask(
        self, request: Mapping[str, Any], on_built: Callable[[str], None] = lambda _: None
    ) -> dict[str, Any]:
        self._send(request)
        answer = self._answer()
        while "built" in answer:
            on_built(answer["built"])
            answer = self._answer()
        if not answer["ok"]:
            words = without_values(" ".join(answer["message"].split()))
            raise TransformationError(f"dbt could not {request['do']}: {words}. {self._see()}")
        return answer

    def _send(self, request: Mapping[str, Any]) -> None:
        assert self._process and self._process.stdin
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None

    def _answer(self) -> dict[str, Any]:
        assert self._process and self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise self._death()
        return json.loads(line)

    def _death(self) -> TransformationError:
        self.close()
        return TransformationError(f"the dbt process ended without an answer. See {self._words}")

    def _complaint(self, failed: Sequence[NodeResult], problem: str) -> TransformationError:
        if not failed:
            words = without_values(" ".join(problem.split())) or "not every model was built"
            return TransformationError(f"dbt did not finish: {words}. {self._see()}")
        named = [
            f"{each.name} ({without_values(' '.join(each.message.split()))})"
            for each in failed[:_MAX_NAMED]
        ]
        more = len(failed) - len(named)
        return TransformationError(
            f"dbt could not build {len(failed)} models: {'; '.join(named)}"
            + (f" and {more} more" if more else "")
            + f". {self._see()}"
        )

    def _see(self) -> str:
        return f"See {self._project.dbt_logs / 'dbt.log'}"

    @property
    def _words(self) -> Path:
        """What dbt and the libraries around it print; written anew by each process."""
        return self._project.dbt_logs / "output.log"

    @property
    def _folder(self) -> Path:
        return self._project.parse_folder

    @cached_property
    def _digest(self) -> str:
        return digest_of_files(self._project.dbt_files)

    def _is_fresh(self, stamp: str) -> bool:
        path = self._folder / stamp
        return path.exists() and path.read_text() == self._digest


def dbt_executable() -> str:
    """Gives the dbt that ends with its parent, be this Python's commands on the path or not."""
    beside_python = Path(sys.executable).parent / "salesops-dbt"
    return str(beside_python) if beside_python.exists() else "salesops-dbt"
