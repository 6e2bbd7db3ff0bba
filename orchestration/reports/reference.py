"""The reference pages of metrics and marts, made from what their declarations say.

`python -m orchestration.reports.reference` writes them; a test holds that they are up to date.

Belongs here: the layout of the pages. Does not belong here: any fact about a metric or a column,
which is declared in the .yml beside the mart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from ingestion.home import repository_root

ROOT = repository_root()
FOLDER = ROOT / "docs" / "reference"
_MADE = (
    "<!-- Made by `python -m orchestration.reports.reference`; change the .yml beside the mart. -->"
)
_PUBLISHED = ("marts", "restricted")
_OPEN_TABLE = ("| metric | meaning | formula | unit | better | empty |", "| --- " * 6 + "|")


def pages(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Writes the reference pages.

    Args:
        manifest: dbt's manifest, compiled.

    Returns:
        The text of each page by its file name.
    """
    return {"metrics.md": _metrics_page(manifest), "marts.md": _marts_page(manifest)}


def _metrics_page(manifest: Mapping[str, Any]) -> str:
    catalogue = manifest["nodes"]["model.salesops.metric_catalogue"]["compiled_code"]
    found = duckdb.connect().execute(f"from ({catalogue}) order by topic, mart, name")
    names = [column[0] for column in found.description or ()]
    metrics = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    lines = [
        "# Metrics",
        "",
        _MADE,
        "",
        f"The {len(metrics)} metrics by what they are about. `metric_values` has them all in one "
        "table, `metric_catalogue` says there what this page says, with the source columns that "
        "each needs. Money is in the reporting currency, a fraction lies between 0 and 1.",
    ]
    for topic, of_topic in groupby(metrics, lambda metric: metric["topic"]):
        lines += ["", f"## {topic.capitalize()}"]
        for mart, of_mart in groupby(of_topic, lambda metric: metric["mart"]):
            lines += ["", *_metric_table(mart, list(of_mart))]
    return "\n".join(lines) + "\n"


def _metric_table(mart: str, metrics: list[dict[str, Any]]) -> Iterator[str]:
    yield f"### [{mart}](marts.md#{mart})"
    yield ""
    split = metrics[0]["dimension"]
    yield f"Bases: {metrics[0]['basis']}." + (f" Split by: {split}." if split else "")
    yield ""
    yield from _OPEN_TABLE
    for m in metrics:
        name = f"`{m['name']}`"
        if m["column_name"] != m["name"]:
            name += f" (column `{m['column_name']}`)"
        texts = (m["description"], m["formula"], m["unit"], m["direction"], m["null_rule"])
        yield f"| {name} | {' | '.join(_cell(text) for text in texts)} |"


def _marts_page(manifest: Mapping[str, Any]) -> str:
    models = sorted(
        (node for node in manifest["nodes"].values() if _is_published(node)),
        key=lambda node: (_PUBLISHED.index(node["schema"]), node["name"]),
    )
    lines = [
        "# Marts",
        "",
        _MADE,
        "",
        "The tables that are published: those of `marts.duckdb`, which everybody may read, and "
        "those of `restricted.duckdb`, which only the owner of the home can.",
    ]
    for schema, of_schema in groupby(models, lambda node: node["schema"]):
        lines += ["", f"## {schema}.duckdb"]
        for node in of_schema:
            lines += ["", f"### {node['name']}", "", " ".join(node["description"].split())]
            lines += ["", "| column | type | meaning |", "| --- " * 3 + "|"]
            lines += [
                f"| `{column['name']}` | {column['data_type']} | {_cell(column['description'])} |"
                for column in node["columns"].values()
            ]
    return "\n".join(lines) + "\n"


def _is_published(node: Mapping[str, Any]) -> bool:
    return node["resource_type"] == "model" and node["schema"] in _PUBLISHED


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def compiled_manifest(project: Path) -> dict[str, Any]:
    """Has dbt compile a project, for an empty home.

    Args:
        project: Folder of `dbt_project.yml`.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "SALESOPS_HOME": folder,
            "DBT_TARGET_PATH": folder,
            "DBT_LOG_PATH": folder,
        }
        dbt = Path(sys.executable).with_name("dbt")
        subprocess.run([dbt, "--quiet", "compile"], cwd=project, env=environment, check=True)
        return json.loads(Path(folder, "manifest.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for page, text in pages(compiled_manifest(ROOT)).items():
        (FOLDER / page).write_text(text, encoding="utf-8")
        print(FOLDER / page)
