"""Table of contents: extracts become raw, raw becomes marts, and marts become what BI reads.

Belongs here: which definitions there are. Does not belong here: how any of them works (`defs/`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import dagster as dg

from ingestion.company.settings import load_company
from ingestion.contracts.contract_files import load_contracts
from orchestration.dbt.worker import DbtWorker
from orchestration.defs.gates import gate
from orchestration.defs.landing import raw_tables
from orchestration.defs.layers import METRICS, assets_of_layer
from orchestration.defs.nightly import nightly_job, nightly_schedule
from orchestration.defs.publishing import published_marts
from orchestration.defs.session import RefreshSession
from orchestration.defs.transformation import model_assets
from orchestration.project import Project


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` and `dg` load, for the home that the environment names."""
    project = Project.locate()
    worker = DbtWorker(project)
    found = definitions_of(project, worker)
    # A run starts its own; what only shows the graph has no use for one.
    worker.close()
    return found


def definitions_of(project: Project, worker: DbtWorker) -> dg.Definitions:
    """Everything there is to run on one home.

    Args:
        project: The project with its home.
        worker: dbt; waited for where it still reads the project.
    """
    contracts = load_contracts()
    raw = raw_tables(contracts)
    models = model_assets(json.loads(worker.manifest().read_bytes()))
    marts = assets_of_layer(models, METRICS)
    job = nightly_job()
    settings = load_company(project.home.company_file)
    return dg.Definitions(
        assets=[raw, *models, published_marts(marts)],
        asset_checks=[
            gate("raw", [dg.AssetKey([table.source, table.name]) for table in contracts]),
            gate("core", assets_of_layer(models, "core")),
            gate("marts", marts),
        ],
        jobs=[job],
        schedules=[nightly_schedule(job, settings.zone_on(datetime.now(UTC).date()))],
        resources={"session": RefreshSession(home=str(project.home.root), dbt=worker)},
        executor=dg.in_process_executor,
    )
