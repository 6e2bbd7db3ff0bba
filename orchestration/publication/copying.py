"""Tables copied from the warehouse into a building, for a warehouse that holds the marts itself.

Belongs here: the copy. Does not belong here: anything that makes it a version (`publishing`).
"""

from __future__ import annotations

from ingestion.home import Home
from orchestration.publication.building import Building
from orchestration.publication.databases import WAREHOUSE, comment_on, opened, relations
from orchestration.publication.disk import machine_faults_explained
from orchestration.publication.places import MARTS, RESTRICTED


def copy_from_warehouse(home: Home, building: Building) -> frozenset[str]:
    """Copies the tables of the warehouse's schemas `marts` and `restricted` into a building.

    Args:
        home: The home folder; the caller has its lock.
        building: A building, into which nobody else writes.

    Returns:
        The tables copied, as `schema.table`.

    Raises:
        PublicationError: There is no warehouse, or the disk is full or cannot be written.
    """
    copied = set()
    with machine_faults_explained(building.places.folder), opened(home, building) as connection:
        for schema in (MARTS, RESTRICTED):
            for table in relations(connection, WAREHOUSE, schema, "table"):
                target = table.within(schema)
                connection.execute(
                    f"create or replace table {target} as "
                    f"from {table.within(WAREHOUSE)}{table.order}"
                )
                comment_on(connection, table, target, "table")
                copied.add(table.key)
    return frozenset(copied)
