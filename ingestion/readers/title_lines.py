"""What reports write above their header: how many lines that are in one file.

Belongs here: finding the header that a mapping describes. Does not belong here: reading it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import CsvOptions
from ingestion.mapping.schema import SkipLinesBlock
from ingestion.readers.record_scan import csv_dialect

# Further down nobody writes a title; a file without the header is not read to its end.
MAX_TITLE_LINES = 1_000
_MAX_BYTES = 4 << 20
_MAX_CELL = 10_000


def lines_above_header(path: Path, options: CsvOptions) -> int:
    """Counts the lines above the header of a text file, as its mapping tells them.

    Args:
        path: The file, in UTF-8.
        options: How it is built.

    Raises:
        ExtractError: No line fits what the mapping says of the header.
    """
    skip = options.skip_lines
    if isinstance(skip, int):
        return skip
    for number, line in enumerate(_first_lines(path)):
        if fits_header(skip, _cells(line, options)):
            return number
    raise no_header(skip)


def skipped_lines(options: CsvOptions) -> int:
    """Gives the number of lines above the header, once it is known."""
    assert isinstance(options.skip_lines, int)
    return options.skip_lines


def fits_header(skip: SkipLinesBlock, cells: Iterable[str]) -> bool:
    """Tells whether the first filled cell of a row is what the mapping says of the header's."""
    cell = next((cell.strip() for cell in cells if cell.strip()), None)
    return cell is not None and re.search(skip.until, cell[:_MAX_CELL]) is not None


def no_header(skip: SkipLinesBlock) -> ExtractError:
    """Makes the error of a file without the header."""
    return ExtractError(
        f"no line of the first {MAX_TITLE_LINES:,} begins with a cell that fits '{skip.until}', by "
        "which skip_lines finds the header; ask for the file again, or change the pattern"
    )


def _first_lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        text = file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    yield from re.split(r"\r\n|\r|\n", text, maxsplit=MAX_TITLE_LINES)[:MAX_TITLE_LINES]


def _cells(line: str, options: CsvOptions) -> list[str]:
    try:
        return next(csv.reader([line], **csv_dialect(options)), [])
    except csv.Error:
        return line.split(options.delimiter)
