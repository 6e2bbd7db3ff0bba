"""The records of one file as a reader gives them."""

from pathlib import Path

import duckdb

from ingestion.mapping.feeds import Feed
from ingestion.readers import Records, Reject, read_records


def feed(**options) -> Feed:
    return Feed(
        mapping="m",
        where="m.yml:1",
        source="crm",
        table="products",
        source_system="s",
        time_zone="UTC",
        id_prefix="",
        **options,
    )


class Reading:
    """The records of one file, loaded."""

    def __init__(self, path: Path, scratch: Path, **options) -> None:
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            records = read_records(path, path.name, feed(**options), connection, scratch / "s")
            try:
                self.rows = connection.execute(f"from {records.relation}").fetchall()
            except duckdb.Error as caught:
                records = records.reread(caught)
                self.rows = connection.execute(f"from {records.relation}").fetchall()
            self.rejects: tuple[Reject, ...] = records.settle(connection, len(self.rows))
        self.records: Records = records
        self.header = records.header

    @property
    def lines(self) -> list[int]:
        return self.records.lines(range(1, len(self.rows) + 1))
