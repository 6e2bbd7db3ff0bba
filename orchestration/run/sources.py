"""Which extracts a refresh lands: pairs of a mapping and a folder.

Belongs here: reading `MAPPING=FOLDER` and finding mapping and folder. Does not belong here: what a
mapping means (`ingestion.checking.mappings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings, load_company
from ingestion.home import Home
from ingestion.mapping.feeds import Mapping
from ingestion.mapping.mapping_paths import is_mapping_file
from orchestration.errors import UsageError


@dataclass(frozen=True)
class Source:
    """A folder of extracts and the mapping to read it with.

    Args:
        mapping: A shipped mapping's name, or the path of a mapping file.
        folder: The folder.
    """

    mapping: str
    folder: Path


def parse_source(text: str) -> Source:
    """Reads `MAPPING=FOLDER` as it is written on the command line.

    Relative paths are taken from the current folder here and now: a step that runs later may run
    in another one.

    Raises:
        UsageError: It is not of that form.
    """
    mapping, equals, folder = text.partition("=")
    if not (mapping and equals and folder):
        raise UsageError(
            f"--source {text}: write MAPPING=FOLDER, such as canonical=exports/, where MAPPING is "
            "a shipped mapping's name or a mapping file"
        )
    if is_mapping_file(mapping):
        mapping = str(Path(mapping).expanduser().resolve())
    return Source(mapping, Path(folder).expanduser().resolve())


def resolve_sources(named: Sequence[Source], home: Home) -> list[tuple[Mapping, Path]]:
    """Loads the mappings of the sources named, else of those in the company settings.

    Args:
        named: Sources of the command line or of a run's configuration.
        home: The home with the company settings.

    Raises:
        UsageError: Neither names a source.
        MappingError: A mapping is wrong or unknown.
        CompanyError: The company settings are wrong.
    """
    settings = load_company(home.company_file)
    sources = list(named) or [Source(item.mapping, Path(item.folder)) for item in settings.sources]
    if not sources:
        raise UsageError(
            "there is nothing to land: name extracts with --source MAPPING=FOLDER, or write "
            f"`sources: [{{mapping: canonical, folder: extracts/crm}}]` into {home.company_file}"
        )
    return [(load_mapping(source.mapping), source.folder) for source in sources]


def mappings_of(folder: Path, settings: CompanySettings) -> list[Mapping]:
    """Loads the mappings by which the company settings have a folder read.

    Args:
        folder: The folder.
        settings: The company's settings.

    Raises:
        MappingError: One of these mappings is wrong or unknown.
    """
    return [
        load_mapping(source.mapping)
        for source in settings.sources
        if Path(source.folder).resolve() == folder
    ]
