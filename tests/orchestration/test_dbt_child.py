"""What the process that is dbt does with a project that changed since it last read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROFILE = "small: {target: memory, outputs: {memory: {type: duckdb, path: ':memory:'}}}"
PROJECT = "name: small\nprofile: small\nmodel-paths: [models]\n"
MODELS = "models:\n  - {name: one, columns: [{name: a, data_tests: [not_null]}]}\n"
UNIT_TEST = "unit_tests:\n  - {name: one_is_one, model: one, given: [], expect: {rows: [{a: 1}]}}\n"


def parsed(project: Path) -> dict[str, object]:
    """Has a new process read the project, as each refresh does, and gives its answer."""
    environment = {
        **os.environ,
        "DBT_TARGET_PATH": str(project / "target"),
        "DBT_LOG_PATH": str(project / "logs"),
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
    }
    request = json.dumps({"do": "parse", "digest": str(len(list(project.rglob("*.yml"))))})
    ended = subprocess.run(
        [sys.executable, "-c", "from orchestration.dbt.child import main; main()", "serve"],
        input=request + "\n",
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return json.loads(ended.stdout)


def small_project(folder: Path) -> Path:
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "target").mkdir()
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (models / "one.sql").write_text("select 1 as a")
    (models / "_models.yml").write_text(MODELS + UNIT_TEST)
    return folder


def test_a_unit_test_that_moved_to_another_file_is_one_test(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    assert parsed(project) == {"ok": True}
    (project / "models" / "_models.yml").write_text(MODELS)
    (project / "models" / "_unit_tests.yml").write_text(UNIT_TEST)
    assert parsed(project) == {"ok": True}


def test_a_unit_test_that_is_there_twice_is_told_of(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    (project / "models" / "_unit_tests.yml").write_text(UNIT_TEST)
    answer = parsed(project)
    assert answer["ok"] is False
    assert "one_is_one" in str(answer["message"])


def test_a_model_that_moved_keeps_its_tests(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    assert parsed(project) == {"ok": True}
    (project / "models" / "deeper").mkdir()
    (project / "models" / "one.sql").rename(project / "models" / "deeper" / "one.sql")
    assert parsed(project) == {"ok": True}
