"""Files that call themselves workbooks: what they really are, and what to do about it.

Belongs here: telling a workbook from the web pages and texts that many systems export under its
ending. Does not belong here: reading any of them.

Excel opens such a file after a question that people learn to click away. A refresh must not guess
in their place: a page's cells are numbers only after somebody's locale has read them.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Literal

from ingestion.errors import ExtractError

WorkbookKind = Literal["xls", "xlsx"]

_KINDS: dict[bytes, WorkbookKind] = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "xls",
    b"PK\x03\x04": "xlsx",
}
_SAMPLE = 1 << 16
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = {"\t": '"\\t"', ";": '";"', ",": '","', "|": '"|"'}
_SAVE_AS = (
    "Open it in a spreadsheet program and save it as a workbook (.xlsx), or have the system export "
    "CSV"
)
_TAGS = ("<html", "<!doctype html", "<table", "<head", "<body", "<meta", "<style", "<div")


def workbook_kind(path: Path, where: str) -> WorkbookKind:
    """Gives the format that a workbook's content has, whatever its ending says.

    Args:
        path: The file.
        where: Place of the feed in the mapping, for the advice.

    Raises:
        ExtractError: It is empty or no workbook; says what it is instead, if that can be seen.
    """
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    if not start:
        raise ExtractError("the file is empty (0 bytes); ask for it again")
    for magic, kind in _KINDS.items():
        if start.startswith(magic):
            return kind
    text = _as_text(start)
    found = _known(text, where) if text is not None else None
    if found is None:
        raise ExtractError("the workbook is corrupt or no Excel file; ask for it again")
    raise ExtractError(f"the file calls itself a workbook and is {found}")


def _as_text(start: bytes) -> str | None:
    """Gives the beginning of a file as text, roughly; None where it is binary."""
    if start.startswith(_UTF16_MARKS):
        return start.decode("utf-16", "replace")
    if start.startswith(b"%PDF") or b"\0" in start:
        return None
    return start.decode("utf-8-sig", "replace")


def _known(text: str, where: str) -> str | None:
    head = text.lstrip().casefold()
    if head.startswith("<"):
        if "urn:schemas-microsoft-com:office:spreadsheet" in head:
            return f"an XML table of Excel 2003. {_SAVE_AS}"
        if any(tag in head for tag in _TAGS):
            return f"a web page (HTML). {_SAVE_AS}"
        return f"XML. {_SAVE_AS}"
    if head.startswith("mime-version:"):
        return f"a saved web page (MHTML). {_SAVE_AS}"
    if head.startswith(("{", "[")):
        return f"JSON; set `format: json` in {where}"
    line = next((line for line in text.splitlines() if line.strip()), "")
    if not line or sum(not c.isprintable() and c != "\t" for c in line) > len(line) // 10:
        return None
    delimiter = max(_DELIMITERS, key=line.count)
    if delimiter not in line:
        return f"plain text; if it is a table of one column, set `format: csv` in {where}"
    return (
        f"delimited text; set `format: csv` and `csv: {{delimiter: {_DELIMITERS[delimiter]}}}` in "
        f"{where}"
    )
