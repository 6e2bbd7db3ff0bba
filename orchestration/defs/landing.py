"""Landing as assets: one per raw table, all made by one step.

Belongs here: running landing in a Dagster step, and deciding whether anything after it has to run.
Does not belong here: how an extract is read (`ingestion`).
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
from pydantic import Field

from expectations.gates import warm_up
from ingestion.company.settings import load_company
from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.raw_ddl import raw_columns
from ingestion.contracts.system_tables import SYSTEM_TABLES
from ingestion.contracts.tables import Contracts, Table
from ingestion.landing.run import INLINE, land
from ingestion.matching.lead_matches import match_leads
from orchestration.defs import LANDING_STEP
from orchestration.defs.layers import OWNERS
from orchestration.defs.session import RefreshSession
from orchestration.errors import RefusedExtractsError
from orchestration.run.compaction import HAS_LANDED
from orchestration.run.event_log import noted_together
from orchestration.run.inputs import (
    NOTHING_NEW,
    fingerprint,
    inbox_state,
    is_published,
    looks_unchanged,
    raw_state,
)
from orchestration.run.run_records import (
    FileEntry,
    emptied_in,
    landed_tables,
    last_published,
    quarantined_in,
)
from orchestration.run.sources import Source, resolve_sources

# Tables that a refresh keeps about itself; they change where no file brought anything.
_SYSTEM = {table.source for table in SYSTEM_TABLES}


class SourceConfig(dg.Config):
    """A folder of extracts and the mapping to read it with."""

    mapping: str = Field(description="A shipped mapping's name, or a file.")
    folder: str = Field(description="The folder of extracts.")


class LandingConfig(dg.Config):
    """What to land."""

    sources: list[SourceConfig] = Field(
        default=[], description="What to land; by default what company.yml names."
    )
    full: bool = Field(
        default=False,
        description="Build and check everything anew, and publish even if nothing is new.",
    )


def raw_tables(contracts: Contracts) -> dg.AssetsDefinition:
    """The change log's tables, and the tables that a refresh keeps about itself beside it.

    Every output may be left out: where nothing is new none is handed on, and Dagster then skips
    all that comes after.
    """
    specs = [_spec(table) for table in (*contracts.tables(), *SYSTEM_TABLES)]

    @dg.multi_asset(name=LANDING_STEP, specs=specs)
    def land_extracts(
        context: dg.AssetExecutionContext, config: LandingConfig, session: RefreshSession
    ) -> Iterator[dg.MaterializeResult]:
        with session.phase("landing", "Landing extracts"):
            _land(session, config)
        home = session.project.home
        has_news = config.full or not is_published(home, session.record.inputs)
        if not has_news:
            session.journal.finish("unchanged", NOTHING_NEW)
        rows, landed = raw_state(home), landed_tables(home, [session.record.run_id])
        with noted_together(context.instance):
            for spec in specs:
                facts = _facts(spec.key, rows, landed)
                if has_news:
                    yield dg.MaterializeResult(asset_key=spec.key, metadata=facts)
                else:
                    context.log_event(dg.AssetObservation(spec.key, metadata=facts))

    return land_extracts


def _land(session: RefreshSession, config: LandingConfig) -> None:
    """Lands what the configuration names, compares leads, and notes what became of each file.

    Raises:
        RefusedExtractsError: A file was refused; the others have landed.
    """
    home, record = session.project.home, session.record
    named = [Source(item.mapping, Path(item.folder)) for item in config.sources]
    sources = resolve_sources(named, home)
    settings = load_company(home.company_file)
    record.inbox = inbox_state(sources)
    if config.full:
        session.make_full()
    if config.full or not looks_unchanged(home, record.inbox):
        # The next steps will run, as it seems, so what they take seconds to start is begun now.
        session.dbt.start()
        Thread(target=warm_up, daemon=True).start()
    result = land(home, sources, load_contracts(), record.run_id, settings)
    record.files = tuple(FileEntry.model_validate(f, from_attributes=True) for f in result.files)
    record.rows_appended = result.rows_appended
    record.quarantined = quarantined_in(home, record.run_id)
    record.emptied = emptied_in(home, record.run_id)
    if result.refused:
        reasons = "".join(f"\n- {f.file_name}: {f.message}" for f in result.refusals)
        files, refused = (
            len({(f.mapping_name, f.file_name) for f in found if f.file_name != INLINE})
            for found in (result.files, result.refused)
        )
        raise RefusedExtractsError(
            f"{refused} of {files} files were refused, so nothing was "
            f"built and the published version stands. Put them right and refresh again:{reasons}"
        )
    # A home that nothing feeds with leads does not even look for any.
    if ("crm", "leads") in result.tables:
        has_published = last_published(home) is not None
        match_leads(home, settings.lead_match_probability, record.run_id, has_published)
    record.inputs = fingerprint(session.project, settings)


def _spec(table: Table) -> dg.AssetSpec:
    columns = [
        dg.TableColumn(column.name, column.sql_type, column.description)
        for column in raw_columns(table)
    ]
    return dg.AssetSpec(
        [table.source, table.name],
        description=table.description,
        group_name="raw",
        kinds={"duckdb"},
        owners=OWNERS,
        skippable=True,
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns)},
    )


def _facts(key: dg.AssetKey, rows: dict[str, int], landed: frozenset[str]) -> dict[str, Any]:
    name = ".".join(key.path)
    facts: dict[str, Any] = {"dagster/row_count": rows[name]} if name in rows else {}
    if key.path[0] not in _SYSTEM:
        facts[HAS_LANDED] = name in landed
    return facts
