"""Publication: what BI reads, built beside the version in force and swapped in by one rename.

Belongs here: the files of a version, making them, swapping them, looking after them and throwing
old ones away. Does not belong here: deciding whether the marts are good enough (gates), and the
models that dbt writes into the files.

    building/<run_id>/          the version being made; dbt writes into its two databases
    published/
        current                 a link to versions/<id>: the one name that decides
        marts.duckdb            links through `current`, which never change
        restricted.duckdb
        parquet
        versions/<id>/          marts.duckdb  restricted.duckdb  parquet/<mart>.parquet
                                manifest.json  published (an empty file: it has been in force)

A reader that has the old file open keeps the old file: a swap changes what the name means, never
the bytes that a name stood for.
"""

from orchestration.publication.building import Building, builders_in_force
from orchestration.publication.content import content_hashes
from orchestration.publication.current import current_version
from orchestration.publication.manifest import Manifest, TableEntry
from orchestration.publication.places import (
    MARTS,
    published_database,
    published_parquet,
    restricted_database,
)
from orchestration.publication.publishing import DEFAULT_KEEP_VERSIONS, publish
from orchestration.publication.rolling_back import rollback
from orchestration.publication.sweeping import sweep_scratch
from orchestration.publication.versions import (
    Fault,
    VersionCheck,
    damaged_versions,
    is_available,
    list_versions,
    verify,
)

__all__ = [
    "DEFAULT_KEEP_VERSIONS",
    "MARTS",
    "Building",
    "Fault",
    "Manifest",
    "TableEntry",
    "VersionCheck",
    "builders_in_force",
    "content_hashes",
    "current_version",
    "damaged_versions",
    "is_available",
    "list_versions",
    "publish",
    "published_database",
    "published_parquet",
    "restricted_database",
    "rollback",
    "sweep_scratch",
    "verify",
]
