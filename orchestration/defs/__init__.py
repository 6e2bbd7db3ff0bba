"""Dagster definitions, one module per step of the nightly job.

Here stand only the names by which the command speaks of them before Dagster is imported.
"""

LANDING_STEP = "land_extracts"
NIGHTLY_JOB = "nightly_refresh"
RUN_ID_TAG = "salesops/run_id"
