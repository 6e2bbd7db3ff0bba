"""The dbt models as assets, in two steps with the core gate between them.

Belongs here: building models in a Dagster step, and what Dagster shows of them. Does not belong
here: any SQL that makes a number (`dbt_project/`), what is built (`orchestration.dbt`), the gates.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from orchestration.dbt.build_state import open_stores
from orchestration.dbt.builder import StepOutcome
from orchestration.dbt.graph import Step
from orchestration.defs.layers import METRICS, model_specs
from orchestration.defs.session import RefreshSession
from orchestration.publication.places import MARTS
from orchestration.run.compaction import IS_BUILT
from orchestration.run.event_log import noted_together

_PREVIEW_ROWS = 5
_NOT_BUILT = "nothing that it is made of has changed"


def model_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """Gives the two steps: staging to the star schema, and the metric marts.

    Args:
        manifest: dbt's manifest.
    """
    specs = model_specs(manifest)
    metrics = [spec for spec in specs if spec.metadata["salesops/step"] == METRICS]
    core = [spec for spec in specs if spec not in metrics]
    return [
        _step("core_models", "core", "Building staging and the star schema", core),
        _step("metric_marts", "metrics", "Building the metric marts", metrics),
    ]


def _step(name: str, step: Step, title: str, specs: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    @dg.multi_asset(name=name, specs=specs, can_subset=True)
    def build(
        context: dg.AssetExecutionContext, session: RefreshSession
    ) -> Iterator[dg.MaterializeResult]:
        with session.phase(step, title):
            only = None
            if context.is_subset:
                only = {".".join(key.path) for key in context.selected_asset_keys}
            outcome = session.models.build(step, session.files_in_making, only)
            session.note_step(step, outcome)
            previews = _previews(session, outcome) if step == "metrics" else {}
            with noted_together(context.instance):
                # Each after those that it reads, as Dagster wants to hear of them.
                for spec in specs:
                    if spec.key in context.selected_asset_keys:
                        table = ".".join(spec.key.path)
                        yield dg.MaterializeResult(
                            asset_key=spec.key, metadata=_facts(table, outcome, previews)
                        )

    return build


def _facts(table: str, outcome: StepOutcome, previews: Mapping[str, str]) -> dict[str, Any]:
    facts: dict[str, Any] = {"built_because": outcome.built.get(table, _NOT_BUILT)}
    facts[IS_BUILT] = table in outcome.built
    if table in outcome.tables:
        facts["dagster/row_count"] = outcome.tables[table].rows
    if table in previews:
        facts["preview"] = dg.MetadataValue.md(previews[table])
    return facts


def _previews(session: RefreshSession, outcome: StepOutcome) -> dict[str, str]:
    """Gives the first rows of each open mart that was built; no row of restricted ones is shown."""
    found: dict[str, str] = {}
    files = {MARTS: session.building.marts}
    with open_stores(files) as connection:
        for table in outcome.built:
            schema, _, name = table.partition(".")
            if schema != MARTS or table not in outcome.tables:
                continue
            cursor = connection.execute(f'from {MARTS}."{schema}"."{name}" limit {_PREVIEW_ROWS}')
            columns = [column[0] for column in cursor.description or ()]
            found[table] = markdown_table(columns, cursor.fetchall())
    return found


def markdown_table(columns: list[str], rows: list[tuple]) -> str:
    """Writes rows as a Markdown table."""
    cells = [[_cell(value) for value in row] for row in rows]
    lines = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
