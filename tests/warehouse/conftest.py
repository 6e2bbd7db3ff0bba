"""Fixtures of the warehouse tests; what they are made of stands in `warehouse_testbed`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_key import NIGHTS, SCALE, SEED, refresh_nights
from warehouse_testbed import Dbt

from simulation import simulate


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    dbt = Dbt(tmp_path_factory.mktemp("dbt"))
    yield dbt
    dbt.close()


@pytest.fixture(scope="session")
def demo_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company's extracts and answer key."""
    folder = tmp_path_factory.mktemp("company")
    simulate(folder, scale=SCALE, seed=SEED, nights=NIGHTS)
    return folder


@pytest.fixture(scope="session")
def demo_home(demo_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which all nights of the demo company were refreshed; it takes minutes."""
    home = tmp_path_factory.mktemp("demo_home")
    refresh_nights(demo_company, home)
    return home
