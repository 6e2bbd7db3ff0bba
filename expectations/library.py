"""How Great Expectations is imported: without telemetry, and without what it never uses here.

Belongs here: the import, and what it is kept from loading. Does not belong here: any use of it.
Import this module late: the library takes seconds.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

# Great Expectations names them in expectations on distributions, which no gate has; together they
# take as long to import as all the rest.
_UNUSED = ("scipy", "scipy.stats", "altair")


class _Deferred(ModuleType):
    """Stands for a module until something is asked of it, and gives the real one's answer then."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def _deferred(names: Sequence[str]) -> Iterator[None]:
    """Lets imports of modules that are not loaded yet succeed without loading them.

    Args:
        names: The modules, each after the package that it is in.
    """
    placeholders: dict[str, _Deferred] = {}
    for name in names:
        package, _, child = name.rpartition(".")
        if name in sys.modules or (package and package not in placeholders):
            continue
        placeholders[name] = _Deferred(name)
        if package:
            setattr(placeholders[package], child, placeholders[name])
    sys.modules.update(placeholders)
    try:
        yield
    finally:
        for name, placeholder in placeholders.items():
            if sys.modules.get(name) is placeholder:
                del sys.modules[name]


@contextlib.contextmanager
def _without_pyspark() -> Iterator[None]:
    """Lets imports pass PySpark by, as if it were not installed.

    Great Expectations imports all of it, which takes seconds and serves nothing here; and in a
    process whose main module has no file, such as a run of `dagster dev`, PySpark's connect module
    takes that for a run of doctests and ends the process.
    """
    if "pyspark" in sys.modules:
        yield
        return
    sys.modules["pyspark"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["pyspark"]


# No telemetry, whatever the user's environment says; read when the library is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
with warnings.catch_warnings(), _without_pyspark(), _deferred(_UNUSED):
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.metrics.metric_provider import (
        MetricProvider,
        metric_value,
    )

__all__ = [
    "BatchExpectation",
    "FailureSeverity",
    "MetricProvider",
    "SqlAlchemyExecutionEngine",
    "gx",
    "metric_value",
]
