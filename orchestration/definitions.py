"""Table of contents: extracts become raw, raw becomes marts, and marts become what BI reads.

Belongs here: which definitions there are. Does not belong here: how any of them works (`defs/`).
"""

from __future__ import annotations

import dagster as dg

from ingestion.company import load_company
from ingestion.contracts import load_contracts
from orchestration.defs.gates import gate
from orchestration.defs.landing import raw_tables
from orchestration.defs.layers import METRICS, assets_of_layer
from orchestration.defs.nightly import nightly_job, nightly_schedule
from orchestration.defs.publishing import published_marts
from orchestration.defs.session import RefreshSession
from orchestration.defs.transformation import WarehouseDbt, core_models, metric_marts
from orchestration.manifest import ManifestParse, begin_parse
from orchestration.project import Project


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` and `dg` load, for the home that the environment names."""
    project = Project.locate()
    return definitions_of(project, begin_parse(project))


def definitions_of(project: Project, parse: ManifestParse) -> dg.Definitions:
    """Everything there is to run on one home.

    Args:
        project: The project with its home.
        parse: The parse of the dbt project; waited for where it still goes on.
    """
    contracts = load_contracts()
    manifest = parse.path()
    raw = raw_tables(contracts)
    core = core_models(manifest)
    metrics = metric_marts(manifest)
    marts = assets_of_layer(metrics, METRICS)
    job = nightly_job()
    return dg.Definitions(
        assets=[raw, core, metrics, published_marts(marts)],
        asset_checks=[
            gate("raw", [dg.AssetKey([table.source, table.name]) for table in contracts]),
            gate("core", assets_of_layer(core, "core")),
            gate("marts", marts),
        ],
        jobs=[job],
        schedules=[nightly_schedule(job, load_company(project.home.company_file).time_zone)],
        resources={
            "session": RefreshSession(home=str(project.home.root)),
            "dbt": WarehouseDbt.of(project),
        },
        executor=dg.in_process_executor,
    )
