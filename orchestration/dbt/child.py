"""The process that is dbt: started once per refresh, asked to parse, compile tests and run models.

Belongs here: everything that imports dbt. Does not belong here: which models run (`plan`), and
talking to this process (`worker`).

Requests and answers are lines of JSON on standard input and output. Each request is answered by one
line with `ok`; a run also sends a line for each model that has ended.

    {"do": "parse", "digest": of the project's files}
    {"do": "compile_tests", "digest": the same}
    {"do": "run", "models": [unique ids], "environment": {...}}

The process ends when the refresh does, however that ended: one that is killed can say nothing, and
a dbt left alone would keep the stores open for half a minute and have the next refresh fail.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.garbage import collect_seldom
from orchestration.project import PARENT_VARIABLE

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

SERVE = "serve"
DIGEST_FILE = "manifest.digest"
TESTS_FILE = "data_tests.json"
_GLANCE_SECONDS = 0.2
# How a run finds its models: dbt compares every name of a selection with every node, which takes
# longer than building a small table, but a tag only once.
_DUE = "salesops_due"
_QUIET = ("--log-level", "none", "--no-use-colors")

Answer = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Runs dbt's command line, or serves requests until standard input ends."""
    collect_seldom()
    parent = os.environ.get(PARENT_VARIABLE)
    if parent:
        threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    if sys.argv[1:] == [SERVE]:
        serve()
        return
    from dbt.cli.main import cli

    cli()


def serve() -> None:
    """Answers requests, one at a time."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    # Whatever a library prints must not stand between answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(line: Mapping[str, Any]) -> None:
        answers.write(json.dumps(line) + "\n")

    session = _Session(answer)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer({"ok": True, **session.do(request)})
        except Exception as error:
            answer({"ok": False, "message": f"{type(error).__name__}: {error}"})


class _Session:
    """dbt with its manifest in memory."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._manifest: Manifest | None = None

    def do(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if request["do"] == "parse":
            return self.parse(request["digest"])
        if request["do"] == "compile_tests":
            return self.compile_tests(request["digest"])
        return self.run(request["models"], request["environment"])

    def parse(self, digest: str) -> Mapping[str, Any]:
        """Reads the project; dbt reads only changed files again where it knows the others."""
        with _alone():
            stamp = _target() / DIGEST_FILE
            # Who finds the manifest up to date reads it without asking, so it is not written then.
            is_fresh = stamp.exists() and stamp.read_text() == digest
            if not is_fresh:
                stamp.unlink(missing_ok=True)
            write = "--no-write-json" if is_fresh else "--write-json"
            self._manifest = self._read(write)
            if not is_fresh:
                _write(stamp, digest)
        return {}

    def _read(self, write: str) -> Manifest:
        try:
            return self._invoke(["--quiet", write, "parse"]).result
        except Exception:
            # What dbt kept of the last reading can mislead it: a unit test that moved to another
            # file is there twice. Read as a whole, the project is what its files say.
            return self._invoke(["--quiet", write, "--no-partial-parse", "parse"]).result

    def compile_tests(self, digest: str) -> Mapping[str, Any]:
        """Keeps each data test's query of failing rows beside the manifest."""
        arguments = ["--no-write-json", "compile", "--select", "test_type:data"]
        arguments += ["--no-populate-cache", "--no-introspect", "--indirect-selection", "eager"]
        results = self._invoke(arguments).result
        tests = {each.node.unique_id: each.node.compiled_code for each in results}
        _write(_target() / TESTS_FILE, json.dumps({"digest": digest, "tests": tests}))
        return {}

    def run(self, models: Sequence[str], environment: Mapping[str, str]) -> Mapping[str, Any]:
        """Builds models in the order of their dependencies."""
        with _environment(environment), self._tagged(models):
            arguments = ["--no-write-json", "run", "--select", f"tag:{_DUE}"]
            outcome = self._invoke(arguments, (self._observe,), must_succeed=False)
        results = getattr(outcome.result, "results", [])
        return {
            "results": [
                {
                    "unique_id": each.node.unique_id,
                    "status": str(each.status),
                    "message": each.message or "",
                    "seconds": each.execution_time,
                }
                for each in results
            ],
            "problem": str(outcome.exception or ""),
        }

    def _observe(self, event: EventMsg) -> None:
        if event.info.name == "LogModelResult":
            data: Any = event.data
            self._answer({"built": data.node_info.unique_id})

    @contextmanager
    def _tagged(self, models: Sequence[str]) -> Iterator[None]:
        assert self._manifest
        nodes = [self._manifest.nodes[unique_id] for unique_id in models]
        for node in nodes:
            node.tags.append(_DUE)
        try:
            yield
        finally:
            for node in nodes:
                node.tags.remove(_DUE)

    def _invoke(
        self,
        arguments: Sequence[str],
        callbacks: Sequence[Callable[[EventMsg], None]] = (),
        must_succeed: bool = True,
    ) -> Any:
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(manifest=self._manifest, callbacks=list(callbacks))
        outcome = runner.invoke([*_QUIET, *arguments])
        _let_go()
        if must_succeed and not outcome.success:
            raise outcome.exception or RuntimeError(f"dbt {arguments[0]} did not succeed")
        return outcome


def _target() -> Path:
    return Path(os.environ["DBT_TARGET_PATH"])


@contextmanager
def _alone() -> Iterator[None]:
    """Lets one process at a time read the project, because refreshes share what that leaves."""
    from filelock import FileLock

    with FileLock(_target() / "parse.lock"):
        yield


def _write(path: Path, text: str) -> None:
    """Writes a file that a reader sees whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.replace(path)


def _let_go() -> None:
    """Closes DuckDB's files, which the gates open next."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _end_with(parent: int) -> None:
    # Whoever loses its parent is given another one.
    while os.getppid() == parent:
        time.sleep(_GLANCE_SECONDS)
    with suppress(OSError):
        os.write(2, b"salesops-dbt: ended, because the refresh that had started it did\n")
    # At once, as if killed too: DuckDB takes back what was not committed.
    os._exit(1)
