"""A data test gives the same verdict and number of rows in a gate as in dbt itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gate_home import databases

from expectations.data_tests import DataTest, as_check
from expectations.gates import run_suite
from expectations.results import CheckResult
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home

PROJECT = """
name: tried
version: 1.0.0
profile: tried
flags: {send_anonymous_usage_stats: false}
models: {+schema: core, +materialized: table}
"""
PROFILE = """
tried:
  target: dev
  outputs: {dev: {type: duckdb, path: '%s', schema: main}}
"""
MACRO = "{% macro generate_schema_name(name, node) %}{{ name or 'main' }}{% endmacro %}"
MODEL = """
select * from (values (1, 'a', 10), (1, 'b', null), (2, 'c', 30)) as v(deal_id, stage_id, amount)
"""
TESTS = """
version: 2
models:
  - name: fct_tried
    columns:
      - {name: deal_id, data_tests: [not_null, unique]}
      - name: stage_id
        data_tests:
          - unique
          - accepted_values: {arguments: {values: [a, b]}, config: {severity: warn}}
          - relationships: {arguments: {to: ref('fct_tried'), field: stage_id}}
      - {name: amount, data_tests: [{not_null: {config: {severity: warn}}}]}
"""
SINGULAR = {
    "assert_no_large_amount": "select * from {{ ref('fct_tried') }} where amount > 5 -- two rows",
    "assert_none": "with a as (select 1 as b) select b from a order by b limit 0",
}


@pytest.fixture
def dbt_results(sound_home: Home, tmp_path: Path) -> dict[str, tuple[DataTest, str, int]]:
    """Each data test with dbt's status and number of failures."""
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "tests").mkdir()
    (project / "macros").mkdir()
    (project / "dbt_project.yml").write_text(PROJECT)
    (project / "profiles.yml").write_text(PROFILE % sound_home.warehouse_db)
    (project / "macros" / "schema.sql").write_text(MACRO)
    (project / "models" / "fct_tried.sql").write_text(MODEL)
    (project / "models" / "fct_tried.yml").write_text(TESTS)
    for name, sql in SINGULAR.items():
        (project / "tests" / f"{name}.sql").write_text(sql)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DBT_")}
    subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "build", "--profiles-dir", "."],
        cwd=project,
        env=environment,
        capture_output=True,
        check=False,
    )
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    nodes = json.loads((project / "target" / "manifest.json").read_text())["nodes"]
    found: dict[str, tuple[DataTest, str, int]] = {}
    for result in results:
        node = nodes[result["unique_id"]]
        if node["resource_type"] == "test":
            severity = "warn" if node["config"]["severity"].lower() == "warn" else "block"
            test = DataTest(node["name"], "core.fct_tried", result["compiled_code"], severity)
            found[node["name"]] = (test, result["status"], result["failures"])
    return found


def as_dbt_says(check: CheckResult) -> str:
    if check.result == "passed":
        return "pass"
    return "warn" if check.severity == "warn" else "fail"


def test_a_gate_finds_what_dbt_finds(
    sound_home: Home, dbt_results: dict[str, tuple[DataTest, str, int]]
):
    contracts = load_contracts()
    checks = [as_check(test, contracts) for test, _, _ in dbt_results.values()]
    result = run_suite(
        "core", checks, sound_home, "r1", databases=databases(sound_home), scope=None
    )
    in_gate = {c.check_name: (as_dbt_says(c), c.rows_failed) for c in result.checks}
    in_dbt = {name: (status, failures) for name, (_, status, failures) in dbt_results.items()}
    assert in_gate == in_dbt
    assert {status for status, _ in in_dbt.values()} == {"pass", "warn", "fail"}
    assert len(in_dbt) == 8
