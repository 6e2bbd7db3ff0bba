"""Fixtures of the warehouse tests; what they are made of stands in `warehouse_testbed`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compiled_models import Models
from demo_key import Demo, demos, refresh_nights
from shared_homes import SharedHomes
from warehouse_testbed import Dbt

from simulation import simulate


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    dbt = Dbt(tmp_path_factory.mktemp("dbt"))
    yield dbt
    dbt.close()


@pytest.fixture(scope="session", params=demos(), ids=str)
def demo(request: pytest.FixtureRequest) -> Demo:
    """The demo company that is simulated; more than one only when it is asked for."""
    return request.param


@pytest.fixture(scope="session")
def demo_company(demo: Demo, shared_homes: SharedHomes) -> Path:
    """The demo company's extracts and answer key."""

    def build(folder: Path) -> None:
        simulate(
            folder,
            scale=demo.scale,
            seed=demo.seed,
            nights=demo.nights,
            locale=demo.locale.value,
        )

    return shared_homes.copy_of(f"demo_company_{demo}", build)


@pytest.fixture(scope="session")
def demo_home(demo: Demo, demo_company: Path, shared_homes: SharedHomes) -> Path:
    """A home in which all nights of the demo company were refreshed; it takes minutes."""
    return shared_homes.copy_of(
        f"demo_home_{demo}", lambda home: refresh_nights(demo_company, home, demo.locale)
    )


@pytest.fixture(scope="session")
def manifest(dbt: Dbt, shared_homes: SharedHomes) -> dict[str, Any]:
    """dbt's manifest of the project, compiled."""

    def build(folder: Path) -> None:
        (folder / "home").mkdir()
        dbt(folder / "home", "compile", "--target-path", str(folder / "target"))

    folder = shared_homes.copy_of("manifest", build)
    return json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> Models:
    """Builds models without dbt, in a fraction of the time."""
    return Models(manifest)
