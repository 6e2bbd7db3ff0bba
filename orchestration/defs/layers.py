"""How the layers are called and owned in Dagster.

Belongs here: names that several steps share. Does not belong here: anything that runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from orchestration.publication import MARTS

OWNERS = ["team:salesops"]
METRICS = "metrics"
MODELS = "path:dbt_project/models"
CORE_SELECTION = f"{MODELS}/staging {MODELS}/intermediate {MODELS}/marts/core"
METRICS_SELECTION = f"{MODELS}/marts/metrics"


class LayerTranslator(DagsterDbtTranslator):
    """Names groups after the layers: staging, intermediate, core, metrics."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Gives the layer, which is the model's schema, but "metrics" for what is published."""
        schema = dbt_resource_props["schema"]
        return METRICS if schema == MARTS else schema

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetSpec:
        """Adds the owners."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(owners=OWNERS)


def assets_of_layer(models: dg.AssetsDefinition, layer: str) -> list[dg.AssetKey]:
    """Gives the assets of one group of a step, in the order of their names."""
    return sorted(spec.key for spec in models.specs if spec.group_name == layer)
