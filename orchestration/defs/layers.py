"""How the layers are called and owned in Dagster.

Belongs here: names that several steps share, and the models as Dagster's specs. Does not belong
here: anything that runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.dbt.graph import ProjectGraph
from orchestration.publication.places import MARTS

if TYPE_CHECKING:
    from dagster_dbt import DagsterDbtTranslator

OWNERS = ["team:salesops"]
METRICS = "metrics"
STEP = "salesops/step"


@contextmanager
def _without_dbt() -> Iterator[None]:
    """Lets dagster-dbt be imported as if dbt were not installed, which it supports.

    It would import all of dbt, which takes seconds, to choose models by dbt's own selection; here
    dbt runs in a process of its own, and models are chosen from the manifest.
    """
    if "dbt" in sys.modules:
        yield
        return
    sys.modules["dbt"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["dbt"]


def model_specs(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """Gives every model as an asset with the step that builds it, each after those it reads.

    Args:
        manifest: dbt's manifest.
    """
    with _without_dbt():
        from dagster_dbt import build_dbt_asset_specs
    specs = {
        spec.metadata["dagster_dbt/unique_id"]: spec
        for spec in build_dbt_asset_specs(manifest=manifest, dagster_dbt_translator=_translator())
    }
    return [
        specs[unique_id]
        .replace_attributes(
            owners=OWNERS,
            # Its own has the SQL in it, which is long and stands in the repository.
            description=manifest["nodes"][unique_id]["description"],
            skippable=True,
        )
        .merge_attributes(metadata={STEP: model.step})
        for unique_id, model in ProjectGraph(manifest).models.items()
    ]


def _translator() -> DagsterDbtTranslator:
    from dagster_dbt import DagsterDbtTranslator

    class LayerTranslator(DagsterDbtTranslator):
        """Names groups after the layers: staging, intermediate, core, metrics."""

        def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
            schema = dbt_resource_props["schema"]
            return METRICS if schema == MARTS else schema

    return LayerTranslator()


def assets_of_layer(assets: Sequence[dg.AssetsDefinition], layer: str) -> list[dg.AssetKey]:
    """Gives the assets of one group, in the order of their names."""
    specs = [spec for definition in assets for spec in definition.specs]
    return sorted(spec.key for spec in specs if spec.group_name == layer)
