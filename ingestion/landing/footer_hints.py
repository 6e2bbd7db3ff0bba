"""Bad rows at the end of a file, which may be no records at all: the hint at `footer`.

Belongs here: whether the end of a file looks like a footer that the mapping does not tell of.
Does not belong here: passing over a footer that it does (`readers.footers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.casting.projection import FAILED_REASON
from ingestion.landing.staging import STAGED, StagedPiece, Staging
from ingestion.readers import WORKBOOKS
from ingestion.readers.sheets import has_many_sheets

# Totals, remarks and a copyright line need no more; more bad rows are something else.
_MOST = 10


@dataclass(frozen=True)
class FooterHint:
    """What is told of the bad rows at the end of a file.

    Args:
        above: The line of the last record that can be used.
        rows: How many bad rows follow it.
    """

    above: int
    rows: int

    @property
    def text(self) -> str:
        """The hint, to stand behind a message."""
        those = (
            "it is the last row" if self.rows == 1 else f"it is one of the last {self.rows} rows"
        )
        return (
            f"; {those} of the file: if what stands there is no record but a total or a remark, "
            f"say `footer: {self.rows}` in the mapping, or footer with a regular expression that "
            "fits where it begins"
        )


def footer_hint(
    staging: Staging, staged: StagedPiece, failed: Sequence[tuple[int, bool]]
) -> FooterHint | None:
    """Finds out whether bad rows are the last ones of a file, and nothing else is.

    Args:
        staging: The extract.
        staged: The file.
        failed: (row, whether it is in conflict) of the records to set aside.
    """
    feed, records = staged.piece.feed, staged.records
    is_table = records.format == "csv" or records.format in WORKBOOKS
    can_have_one = is_table and feed.unpivot is None and not has_many_sheets(feed.sheet)
    if not can_have_one or feed.footer is not None or not (failed or staged.rejects):
        return None
    last = staging.connection.execute(
        f"select max(_row) from (select rowid as _row, {FAILED_REASON} as reason from {STAGED}) "
        f"where reason is null and {staged.in_range}"
    ).fetchone()
    if last is None or last[0] is None:
        return None
    (above,) = records.lines([last[0] - staged.first_row + 1])
    count = sum(row > last[0] for row, _ in failed)
    count += sum(reject.line > above for reject in staged.rejects)
    return FooterHint(above, count) if 0 < count <= _MOST else None
