"""Fixtures of the warehouse tests; what they are made of stands in `warehouse_testbed`."""

from __future__ import annotations

import pytest
from warehouse_testbed import Dbt


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt(tmp_path_factory.mktemp("dbt"))
