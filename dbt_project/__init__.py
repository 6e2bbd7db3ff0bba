"""What dbt has to be taught beyond its adapters; dbt imports it itself, in each of its runs.

It looks for modules whose name begins with `dbt_` once the profile is read, as its way to plugins.

Belongs here: what is to be loaded for which adapter. Does not belong here: models and macros.
"""

import sys

# Loaded by then if Spark is the target; not worth half a second if it is not.
if "dbt.adapters.spark" in sys.modules:
    from dbt_project.spark_session import run_python_models_in_session

    run_python_models_in_session()
