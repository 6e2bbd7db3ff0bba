"""What the check of a mapping finds: of a column, a file and a folder, and in one sentence.

Belongs here: the findings and what follows from them. Does not belong here: reading files
(`mapping_check`) and how findings are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from ingestion.checking.rehearsal import UnknownReferences
from ingestion.landing.run import INLINE
from ingestion.readers.plain_text import encoding_doubt
from ingestion.readers.shown import without_lines

TimeFrom = Literal["mapping", "path", "records", "modification time"]


@dataclass(frozen=True)
class ColumnReport:
    """What became of one contract column in one file.

    Args:
        column: Name of the contract column.
        sql_type: Its type.
        required: Whether the contract requires it.
        origin: Where its values come from, in the mapping's words; None where it is not mapped.
        is_absent: Whether it is mapped to an extract column that the file lacks.
        samples: A few different values after the cast, as text; of personal and pay data only
            their form, such as `Aaaa Aaaa` or `9999.99`.
        filled: Records with a value.
        failed: Records with a value that was not accepted.
        is_emptied: Whether such a value is left empty, and its record kept.
        failure: What was wrong with the first of these.
        joined: Keys that the file spells in more than one way.
        spellings: A few of these with two of their spellings; masked for personal and pay data.
    """

    column: str
    sql_type: str
    required: bool
    origin: str | None
    is_absent: bool = False
    samples: tuple[str, ...] = ()
    filled: int = 0
    failed: int = 0
    failure: str | None = None
    is_emptied: bool = False
    joined: int = 0
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileReport:
    """What was understood of one file, or of a feed's inline rows.

    Args:
        table: Contract table, such as `crm.opportunities`.
        kind: Extract kind of the feed.
        file: Path relative to the folder.
        format: Format the file was read in; None where it could not be read.
        rows: Records that were looked at.
        is_whole: Whether these are all records of the file.
        good_rows: Records that can be used; some of them may be known already.
        set_aside: Records that would go to quarantine.
        passed_over: Records that are none: blank, below the last one, or not those that are meant.
        columns: One report per contract column.
        unmapped: Extract columns that no feed of the file uses, unless the mapping ignores them.
        missing_required: Required contract columns that the file cannot fill.
        extracted_at: Time the file speaks for (UTC); the earliest where records say it.
        time_from: What says that time.
        notes: What else is worth knowing.
        error: Why landing would refuse the file.
    """

    table: str
    kind: str
    file: str
    format: str | None = None
    rows: int = 0
    is_whole: bool = True
    good_rows: int = 0
    set_aside: int = 0
    passed_over: int = 0
    columns: tuple[ColumnReport, ...] = ()
    unmapped: tuple[str, ...] = ()
    missing_required: tuple[str, ...] = ()
    extracted_at: datetime | None = None
    time_from: TimeFrom | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class AbsentFeed:
    """A feed that no file of the folder fits."""

    table: str
    patterns: tuple[str, ...]
    required: bool


@dataclass(frozen=True)
class MappingReport:
    """What a mapping makes of a folder.

    Args:
        mapping: Name of the mapping.
        folder: The folder of extracts.
        files: One report per file and feed that takes it; those of a file follow one another.
        absent: Feeds without a file.
        unused: Files that no feed takes.
        unknown: References to what neither the files nor the home have.
    """

    mapping: str
    folder: Path
    files: tuple[FileReport, ...] = ()
    absent: tuple[AbsentFeed, ...] = ()
    unused: tuple[str, ...] = ()
    unknown: tuple[UnknownReferences, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Files that the mapping requires and that are not there; without them nothing lands."""
        return tuple(
            f"{feed.table} requires a file {' or '.join(feed.patterns)}, and there is none"
            for feed in self.absent
            if feed.required
        )

    @property
    def refused(self) -> tuple[str, ...]:
        """Why files would be refused; a reason that several feeds of a file share is told once."""
        told: dict[tuple[str, str], str] = {}
        for file in self.files:
            if file.error:
                told.setdefault(
                    (file.file, without_lines(file.error)), f"{file.file}: {file.error}"
                )
        return tuple(told.values())

    @property
    def useless(self) -> tuple[str, ...]:
        """Files of which landing takes no record, although they hold some."""
        return tuple(
            f"{file.file}: not one of its {file.set_aside:,} records can be used for {file.table}"
            for file in self.files
            if not file.error and file.set_aside and not file.good_rows
        )

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps the folder, or a file of it, from becoming rows."""
        unused = (f"no table takes {name}" for name in self.unused)
        found = (*self.missing, *self.refused, *self.useless, *unused)
        if not found and not any(file.good_rows for file in self.files):
            return ("there is no record to land",)
        return found

    @property
    def is_good(self) -> bool:
        """Whether every file would be landed, apart from single records that are set aside."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """What a refresh would do, in one sentence."""
        names = dict.fromkeys(file.file for file in self.files if file.file != INLINE)
        clauses = self._clauses(len(names))
        parts = {file.file: file for file in self.files if not file.is_whole}
        if parts:
            looked = (f"the first {file.rows:,} records of {name}" for name, file in parts.items())
            clauses.append(f"as far as {' and '.join(looked)} tell")
        return f"A refresh would {', '.join(clauses)}."

    def _clauses(self, files: int) -> list[str]:
        if self.missing:
            return [f"land nothing, as {self.missing[0]}"]
        refused = {file.file for file in self.files if file.error}
        clauses = []
        if refused:
            clauses.append(
                f"refuse {counted(len(refused - {INLINE}) or 1, 'file')} of {max(files, 1):,} and "
                "publish nothing until that is put right"
            )
        else:
            clauses.append(self._landed(files))
            aside = sum(file.set_aside for file in self.files)
            # What one feed of a file passes over, another one may take.
            passed = sum(feeds[0].passed_over for feeds in self._of_files() if len(feeds) == 1)
            for count, what in ((aside, "set {} aside"), (passed, "pass {} over")):
                if count:
                    clauses.append(what.format(f"{count:,}"))
            doubts = {file.file: encoding_doubt(file.notes) for file in self.files}
            # What to do about it stands above, with the file.
            told = {name: doubt.partition(":")[0] for name, doubt in doubts.items() if doubt}
            clauses += [f"{name} {doubt}" for name, doubt in told.items()]
        if self.unused:
            clauses.append(f"leave out {counted(len(self.unused), 'file')} that no table takes")
        return clauses

    def _landed(self, files: int) -> str:
        """Says what would be landed; a record that several feeds of its file read is one record."""
        of_files = self._of_files()
        parts = []
        if of_files or not self.files:
            good = sum(file.good_rows for feeds in of_files for file in feeds)
            records = sum(max(file.rows for file in feeds) for feeds in of_files)
            rows = " rows" if any(len(feeds) > 1 for feeds in of_files) else ""
            told = f"{good:,}{rows} of {counted(records, 'record')}"
            parts.append(f"{told} from {counted(files, 'file')}")
        own = [file for file in self.files if file.file == INLINE]
        if own:
            good, all_ = (
                sum(getattr(file, name) for file in own) for name in ("good_rows", "rows")
            )
            told = f"{good:,} of {all_:,}" if good < all_ else f"{all_:,}"
            parts.append(f"{told} {'row' if all_ == 1 else 'rows'} of the mapping itself")
        return f"land {' and '.join(parts)}"

    def _of_files(self) -> list[list[FileReport]]:
        """Gives the reports of each file, without those of the mapping's own rows."""
        found: dict[str, list[FileReport]] = {}
        for file in self.files:
            if file.file != INLINE:
                found.setdefault(file.file, []).append(file)
        return [*found.values()]


def counted(count: int, noun: str) -> str:
    """Gives a number with its noun, which has an s behind it where there are more than one."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
