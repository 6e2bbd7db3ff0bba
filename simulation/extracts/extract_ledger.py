"""The files of the night folders, and the count of what a reader must make of each.

Belongs here: writing one table's file of a night and keeping the books on it. Does not: which rows
go into it (night_extract.py, table_extracts.py).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from simulation.company.timeline import Timeline
from simulation.extracts.defects import Defect, Planting
from simulation.extracts.writing import HEADERS, ExtractFile


@dataclass(frozen=True)
class FileCounts:
    """What a reader must make of a file's records.

    Attributes:
        records: All records; accepted + quarantined + unchanged.
        unchanged: Records as an earlier extract showed them, and exact copies within the file.
        duplicates: The exact copies among them.
        deleted: Keys that a full extract does not show any more.
        quarantined: Records set aside, by reason.
    """

    night: str
    file: str
    table: str
    records: int
    accepted: int
    unchanged: int
    duplicates: int
    deleted: int
    quarantined: dict[str, int]


class ExtractLedger:
    """Writes files and remembers what was written."""

    def __init__(self, folder: Path, timeline: Timeline) -> None:
        """Prepare to write night folders into `folder`."""
        self.counts: list[FileCounts] = []
        self.defects: list[Defect] = []
        self.rows_written = 0
        self._folder = folder
        self._timeline = timeline

    def write(
        self,
        table: str,
        night: int,
        chunks: Iterable[pa.StringArray],
        planting: Planting,
        good: int,
        unchanged: int,
        deleted: int = 0,
        is_delta: bool = False,
    ) -> None:
        """Write a file and count what is in it.

        Args:
            table: The table.
            night: The night.
            chunks: Its ordinary rows.
            planting: The rows between them.
            good: Records that are to be accepted or found unchanged, exact copies aside.
            unchanged: Those of them that are as an earlier extract showed them.
            deleted: Keys that an earlier extract showed and this one does not.
            is_delta: Whether the table is extracted as a delta after the first night.
        """
        name = f"{table}.delta.csv" if is_delta and night > 1 else f"{table}.csv"
        date = self._timeline.night_date(night).isoformat()
        folder = self._folder / f"night_{date}"
        folder.mkdir(parents=True, exist_ok=True)
        with ExtractFile(folder / name, HEADERS[table], self._timeline.extracted_at(night)) as file:
            lines = file.write_all(chunks, planting.rows)
        defects = planting.found_at(lines, date, name)
        records = good + planting.copies + len(defects)
        self.defects.extend(defects)
        self.rows_written += records
        self.counts.append(
            FileCounts(
                night=date,
                file=name,
                table=table,
                records=records,
                accepted=good - unchanged,
                unchanged=unchanged + planting.copies,
                duplicates=planting.copies,
                deleted=deleted,
                quarantined=dict(sorted(Counter(each.reason for each in defects).items())),
            )
        )
