"""The published version as an asset, which needs all three gates of the same run.

Belongs here: publishing in a Dagster step. Does not belong here: how a version is built and swapped
in (`orchestration.publication`).
"""

from collections.abc import Sequence

import dagster as dg

from ingestion.company.settings import load_company
from orchestration.defs.layers import OWNERS
from orchestration.defs.session import RefreshSession
from orchestration.errors import PublicationError
from orchestration.publication import publish, published_database
from orchestration.run.run_records import PublishedEntry

PUBLISHED = dg.AssetKey(["published", "marts"])
GATES = ("raw", "core", "marts")


def published_marts(marts: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """What BI reads.

    Args:
        marts: The metric marts that it holds.
    """

    @dg.asset(
        key=PUBLISHED,
        deps=marts,
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        description=(
            "published/marts.duckdb and published/parquet, which BI reads: the metric marts, built "
            "in a file of their own and swapped in as one step after every gate has passed."
        ),
    )
    def published_version(session: RefreshSession) -> dg.MaterializeResult:
        with session.phase("publication", "Publishing"):
            _require_gates(session)
            home = session.project.home
            keep_versions = load_company(home.company_file).keep_versions
            manifest = publish(
                home, session.building, session.built, keep_versions, session.models.names
            )
            rows = {name: entry.rows for name, entry in manifest.tables.items()}
            session.record.published = PublishedEntry(
                version=manifest.version, tables=rows, size_bytes=manifest.size_bytes
            )
        session.journal.finish("published", f"version {manifest.version} is published")
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(rows.values()),
                "path": str(published_database(home).relative_to(home.root)),
                "version": manifest.version,
                "tables": dg.MetadataValue.json(rows),
            }
        )

    return published_version


def _require_gates(session: RefreshSession) -> None:
    """Refuses what a click on this asset alone would do: publish what no gate has seen.

    Raises:
        PublicationError: A gate did not pass in this run.
    """
    passed = {entry.gate for entry in session.record.gates if entry.passed}
    missing = [gate for gate in GATES if gate not in passed]
    if missing:
        raise PublicationError(
            f"this run did not pass the gates {', '.join(missing)}, so it publishes nothing; "
            "run the whole job nightly_refresh, or `salesops refresh --full`"
        )
