"""A home, a folder of extracts and a mapping, in which files can be landed."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from readings import Reading

from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from ingestion.landing.run import LandingResult, land
from ingestion.raw.store import FileResult

# Files that are written without a time of their own are modified one hour after another.
FIRST_MODIFIED = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
# One year of calendar, because every run writes it anew.
SETTINGS = CompanySettings(calendar_start=date(2026, 1, 1), calendar_end=date(2026, 12, 31))


class LandingCase:
    """One installation with one source folder; the mapping can be replaced between runs."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home")
        self.folder = root / "extracts"
        self.folder.mkdir()
        self.mapping_file = root / "case.yml"
        self.runs = 0
        self._modified = FIRST_MODIFIED

    def map(self, tables: str, options: str = "") -> None:
        """Writes the mapping; `tables` is YAML below `tables:`, one indent deep."""
        self.mapping_file.write_text(f"mapping: case\nsource: crm\n{options}\ntables:\n{tables}\n")

    def write(self, name: str, content: str | bytes, modified: datetime | None = None) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        seconds = (modified or self._modified).timestamp()
        self._modified += timedelta(hours=1)
        os.utime(path, (seconds, seconds))
        return path

    def land(self) -> LandingResult:
        self.runs += 1
        return land(
            self.home,
            [(load_mapping(str(self.mapping_file)), self.folder)],
            load_contracts(),
            f"run-{self.runs}",
            SETTINGS,
        )

    def land_one(self) -> FileResult:
        """Lands a folder of which one file is read."""
        files = self.land().files
        assert len(files) == 1, files
        file = files[0]
        assert file.records == file.accepted + file.quarantined + file.unchanged + file.passed_over
        return file

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.raw_db), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def state(self, columns: str, table: str = "products") -> list[tuple[Any, ...]]:
        """Gives what lives now: the last version of each key that is not deleted."""
        return self.query(
            f"select {columns} from (select *, row_number() over (partition by _source_system, "
            f"{table[:-1]}_id order by _extract_id desc) as n from crm.{table}) "
            "where n = 1 and _op = 'upsert' order by all"
        )

    def sizes(self) -> Mapping[str, int]:
        """Counts the rows of every table that a landing may write, the manifest left out."""
        with duckdb.connect(str(self.home.raw_db), read_only=True) as connection:
            names = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() "
                "where schema_name in ('crm', 'landing') "
                "and table_name not in ('files', 'quarantine')"
            ).fetchall()
            # One question for all: opening a store of sixty tables takes longer than counting them.
            counts = " union all ".join(f"select '{n}', count(*) from {n}" for (n,) in names)
            return dict(connection.execute(counts).fetchall())


@pytest.fixture
def case(tmp_path: Path) -> LandingCase:
    """An installation that reads `products.*` files with the contract's column names."""
    case = LandingCase(tmp_path)
    case.map('  products: {files: "products*", columns: same}')
    return case


@pytest.fixture
def read(tmp_path: Path):
    """Writes a file and reads it by a feed of the given options."""

    def reading(content: bytes | str, name: str = "file.csv", **options) -> Reading:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Reading(path, tmp_path, **options)

    return reading
