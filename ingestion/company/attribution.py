"""How deals are shared out among the campaigns that led to them: attribution models as weights.

Belongs here: what a model looks like in `company.yml`, the models that hold by default, and the
rows that the warehouse reads them from. Does not belong here: which touch holds which key point,
and how a deal is shared out to the cent, which is SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

import pyarrow as pa
from pydantic import AfterValidator, Field, StrictInt, StringConstraints, model_validator

from ingestion.company.dated import Block
from ingestion.errors import CompanyError
from ingestion.text.yaml_source import PlacedError, read_yaml

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Weight = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)]
HalfLife = Annotated[StrictInt, Field(ge=1)]
_SHIPPED = Path(__file__).parent / "attribution_models.yml"
_WEIGHTS = ("first_touch", "lead_creation", "deal_creation", "closing", "other_touches")


class AttributionModel(Block):
    """How much of a deal the touch at each key point gets, and the others among them.

    A key point is held by the last touch up to it, so one touch may hold several.

    Args:
        name: What dashboards choose it by.
        first_touch: Weight of the first touch.
        lead_creation: Weight of the touch that made the person a lead.
        deal_creation: Weight of the last touch before the deal.
        closing: Weight of the last touch before the decision.
        other_touches: Weight that all touches share that hold no key point of this model.
        half_life_days: Days after which such a touch counts half as much; evenly without.
    """

    name: Name
    first_touch: Weight = Decimal(0)
    lead_creation: Weight = Decimal(0)
    deal_creation: Weight = Decimal(0)
    closing: Weight = Decimal(0)
    other_touches: Weight = Decimal(0)
    half_life_days: HalfLife | None = None

    @model_validator(mode="after")
    def _whole_deal(self) -> AttributionModel:
        total = sum((getattr(self, weight) for weight in _WEIGHTS), Decimal(0))
        if total != 1:
            raise ValueError(
                f"the weights of '{self.name}' add up to {total.normalize():f} and must add up "
                "to 1, or more or less than the deal would be shared out"
            )
        if self.half_life_days is not None and not self.other_touches:
            raise PlacedError(
                f"'{self.name}' has a half-life and no weight for other_touches, so it would "
                "change nothing",
                "half_life_days",
            )
        return self


def _each_name_once(models: tuple[AttributionModel, ...]) -> tuple[AttributionModel, ...]:
    if not models:
        raise ValueError("the list is empty; name a model, or leave the setting out")
    named: set[str] = set()
    for number, model in enumerate(models):
        if model.name in named:
            raise PlacedError(f"attribution_models has '{model.name}' twice", number)
        named.add(model.name)
    return models


AttributionModels = Annotated[tuple[AttributionModel, ...], AfterValidator(_each_name_once)]


class _Shipped(Block):
    attribution_models: AttributionModels


@cache
def shipped_models() -> tuple[AttributionModel, ...]:
    """Gives the models that hold where `company.yml` names none."""
    return read_yaml(_SHIPPED, CompanyError).validated(_Shipped).attribution_models


def model_rows(models: Sequence[AttributionModel]) -> pa.Table:
    """Gives the models in their order, with the columns of `company.attribution_models`."""
    weights = {
        f"{weight}_weight": pa.array(
            [getattr(model, weight) for model in models], pa.decimal128(9, 6)
        )
        for weight in _WEIGHTS
    }
    return pa.table(
        {
            "attribution_model": [model.name for model in models],
            "model_order": pa.array(range(1, len(models) + 1), pa.int64()),
            **weights,
            "half_life_days": pa.array([model.half_life_days for model in models], pa.int64()),
        }
    )
