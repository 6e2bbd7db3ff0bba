"""Files that are generated and committed: the dbt sources YAML, and the schema of mappings.

Belongs here: writing them. Does not belong here: their text (`sources_yaml`, `schema`).
"""

from __future__ import annotations

from pathlib import Path

from ingestion.contracts.contract_files import load_contracts
from ingestion.contracts.sources_yaml import rendered_sources
from ingestion.contracts.tables import Contracts
from ingestion.mapping.schema import json_schema_text

MAPPING_SCHEMA = Path("ingestion") / "mapping" / "shipped" / "mapping.schema.json"


def sync_sources(root: Path, contracts: Contracts | None = None) -> list[Path]:
    """Writes every committed file that is generated: sources YAML, and the schema of mappings.

    Args:
        root: Folder of `dbt_project.yml`.
        contracts: The contracts; the shipped ones by default.

    Returns:
        The files whose content changed.
    """
    texts = rendered_sources(contracts or load_contracts())
    texts[MAPPING_SCHEMA] = json_schema_text()
    changed: list[Path] = []
    for path, text in texts.items():
        target = root / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            changed.append(target)
    return changed
