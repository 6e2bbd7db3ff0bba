"""Python models in the Spark session that dbt runs its SQL in.

dbt-spark sends Python models to services of Databricks only, and fails where there is none
(https://github.com/dbt-labs/dbt-spark/pull/1063 would mend it). dbt wraps a model in code that
hands it a session and writes what it gives, so all that is missing is to run that code.

Belongs here: running that code. Does not belong here: what a model computes.
"""

import traceback
from typing import Any

from dbt.adapters.base.impl import PythonJobHelper
from dbt.adapters.spark.impl import SparkAdapter
from dbt_common.exceptions import DbtRuntimeError

_METHOD = "session"


class SessionJob(PythonJobHelper):
    """One run of a Python model in this process, as dbt asks for it.

    Args:
        parsed_model: The model's node, of which the name is used.
        credentials: The profile; the session is made by then.
    """

    def __init__(self, parsed_model: dict[str, Any], credentials: Any) -> None:
        self._name = parsed_model["name"]

    def submit(self, compiled_code: str) -> None:
        """Runs the model and writes its table.

        Args:
            compiled_code: The model between the code that dbt puts around it.

        Raises:
            DbtRuntimeError: The model failed; the message tells where, without any value.
        """
        # Connections to Spark of other kinds do without pyspark.
        from pyspark.sql import SparkSession

        file = f"{self._name}.py"
        names = {"__name__": self._name, "spark": SparkSession.builder.getOrCreate()}
        try:
            exec(compile(compiled_code, file, "exec"), names)  # noqa: S102 - the project's own model
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == file]
            raise DbtRuntimeError(
                f"the Python model {self._name} failed in line {lines[-1] if lines else '?'} "
                f"of its compiled code: {type(error).__name__}"
            ) from None


def run_python_models_in_session() -> None:
    """Makes dbt-spark run Python models in its session where the profile asks for one."""
    helpers = SparkAdapter.python_submission_helpers.fget
    default = SparkAdapter.default_python_submission_method.fget
    assert helpers and default

    def default_method(adapter: SparkAdapter) -> str:
        is_session = getattr(adapter.connections.profile.credentials, "method", None) == _METHOD
        return _METHOD if is_session else default(adapter)

    changed = {
        "python_submission_helpers": lambda adapter: {**helpers(adapter), _METHOD: SessionJob},
        "default_python_submission_method": default_method,
    }
    for name, getter in changed.items():
        setattr(SparkAdapter, name, property(getter))
