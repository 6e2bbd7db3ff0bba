"""What all tests share: homes that are built once, and the order in which workers take the tests."""

from __future__ import annotations

import os

import hypothesis
import pytest
from shared_homes import SharedHomes

from orchestration.garbage import collect_seldom

# Each worker loads Dagster, dbt and Great Expectations, which Python would walk over all the time.
collect_seldom()

# How long an example takes says something of the machine, not of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_homes(tmp_path_factory: pytest.TempPathFactory) -> SharedHomes:
    own = tmp_path_factory.getbasetemp()
    # A worker's folder stands in the one of the whole run.
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    store = run / "shared_homes"
    store.mkdir(exist_ok=True)
    return SharedHomes(store, own / "copies")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of a file together where they name no group, and puts the longest first.

    Together, because most of a file's time is the home that its tests read. The longest first,
    because what is left at the end keeps one worker busy while the others wait.
    """
    minutes: dict[str, float] = {}
    groups: dict[pytest.Item, str] = {}
    for item in items:
        # Whoever asks for it while another worker builds it would only wait.
        if "demo_home" in getattr(item, "fixturenames", ()):
            call = getattr(item, "callspec", None)
            of_demo = call.params.get("demo", "") if call else ""
            item.add_marker(pytest.mark.xdist_group(f"demo_home_{of_demo}"))
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        mark = item.get_closest_marker("xdist_group")
        assert mark
        groups[item] = mark.args[0]
        length = item.get_closest_marker("minutes")
        minutes[mark.args[0]] = max(minutes.get(mark.args[0], 0), length.args[0] if length else 0)
    # Sorting keeps what is equal in its order, so a group's tests stay as their file has them.
    items.sort(key=lambda item: -minutes[groups[item]])
