"""What a `company.yml` that cannot be meant is refused with."""

from pathlib import Path

import pytest

from ingestion.company.settings import load_company
from ingestion.errors import CompanyError


def company_refusal(text: str, folder: Path) -> str:
    """Writes the text to a `company.yml` and gives what refuses it, from the number of the line on."""
    path = folder / "company.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(path)
    message = caught.value.message
    assert message.startswith(f"{path}:")
    return message.removeprefix(f"{path}:")
