"""A new metric touches three files, and everything that lists metrics follows."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from changed_project import append, changed_files, copied_project, insert
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from orchestration.reports.reference import compiled_manifest, pages

NIGHT = datetime(2026, 3, 2, 2)
MART = Path("dbt_project/models/metrics/closing/mart_conversion")
DOC = """
{% docs largest_won_value %}
Worth of the largest deal won in the period, in the reporting currency.
{% enddocs %}
"""
COLUMN = """
      - {name: largest_won_value, data_type: "decimal(18,2)", description: "{{ doc('largest_won_value') }}"}
"""
MEASURE = """
      - {name: largest_won_value, agg: max}
"""
METRIC = """
  - name: largest_won_value
    label: Largest won deal
    description: "{{ doc('largest_won_value') }}"
    type: simple
    type_params: {measure: largest_won_value}
    filter: *conversion_months
    config:
      meta:
        formula: maximum of opportunity_value over won deals
        unit: money
        direction: higher
        null_rule: Empty where no deal was won.
        source: article
        needs: [closed_stages, close_date, amount]
        uses: [exchange_rates]
"""


def declare(project: Path) -> None:
    """Does what docs/how-to/adding-a-metric.md says, for its own example."""
    append(project / "dbt_project/models/docs/metrics.md", DOC)
    sql, declaration = project / f"{MART}.sql", project / f"{MART}.yml"
    insert(
        sql,
        """
    'largest_won_value': 'max(case when facts.is_won then facts.opportunity_value end)',
""",
        "} %}",
    )
    insert(sql, "    by_member.largest_won_value,\n", "    periods.period_label")
    insert(declaration, COLUMN, "      - {name: period_label,")
    insert(declaration, MEASURE, "      - {name: lost_value, agg: sum}")
    append(declaration, METRIC)


def home_of_two_wins(home: Path) -> Path:
    log = ChangeLogOfTest(home)
    stage = {"stage_id": "won", "stage_name": "Won", "stage_order": 1}
    log.add("stages", NIGHT, [{**stage, "is_closed": True, "is_won": True}])
    won = {"stage_id": "won", "created_date": "2026-01-05", "closed_date": "2026-02-10"}
    deals = [{"opportunity_id": f"d{amount}", "amount": amount, **won} for amount in (40, 100)]
    log.add("opportunities", NIGHT, deals)
    return home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copied_project(tmp_path)


def test_three_files_declare_a_metric(project: Path, tmp_path: Path):
    declare(project)
    assert changed_files(project) == {
        "dbt_project/models/docs/metrics.md",
        f"{MART}.sql",
        f"{MART}.yml",
    }
    manifest = compiled_manifest(project)
    home = home_of_two_wins(tmp_path / "home")
    Models(manifest).build(home)
    with read_warehouse(home) as warehouse:

        def rows(sql: str) -> list[tuple]:
            return warehouse.execute(sql).fetchall()

        assert rows(
            "select distinct value, numerator from marts.metric_values "
            "where metric = 'largest_won_value' and level = 'company'"
        ) == [(100.0, None)]
        assert rows(
            "select mart, topic, basis, unit from marts.metric_catalogue "
            "where name = 'largest_won_value'"
        ) == [("mart_conversion", "closing", "restated, as_closed", "money")]
        ((fed,),) = rows(
            "select feeds_metrics from marts.source_coverage where table_name = 'stages'"
        )
        assert "largest_won_value" in fed.split(", ")
    assert "| `largest_won_value` |" in pages(manifest)["metrics.md"]


def test_a_misspelt_need_is_refused_with_the_names_there_are(project: Path):
    declare(project)
    file = project / f"{MART}.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("needs: [closed_stages, close_date, amount]", "needs: [amuont]"))
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "compile", "-s", "metric_catalogue"],
        cwd=project,
        env={
            **os.environ,
            "SALESOPS_HOME": str(project),
            "DBT_TARGET_PATH": str(project / "target"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert 'needs "amuont", which is none of the metric_inputs' in done.stdout
    assert "closed_stages, creation_date" in done.stdout
