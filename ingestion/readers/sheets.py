"""Which sheets of a workbook a feed reads, and which ones nothing reads.

Belongs here: the choice by name. Does not belong here: what stands in the sheets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from python_calamine import SheetMetadata, SheetTypeEnum, SheetVisibleEnum

from ingestion.errors import ExtractError
from ingestion.feeds import Feed
from ingestion.file_patterns import matches_any
from ingestion.yaml_source import nearest


@dataclass(frozen=True)
class SheetChoice:
    """The sheets of a workbook, sorted by who reads them.

    Args:
        read: Those that the feed reads, in the order of the workbook.
        unread: Visible ones that no feed of the mapping reads, where this feed is to tell so.
    """

    read: tuple[str, ...]
    unread: tuple[str, ...]


def has_many_sheets(sheet: str | None) -> bool:
    """Tells whether what a mapping names is a pattern; no sheet can have such characters."""
    return sheet is not None and ("*" in sheet or "?" in sheet)


def chosen_sheets(sheets: Sequence[SheetMetadata], name: str, feed: Feed) -> SheetChoice:
    """Chooses the sheets that a feed reads.

    Args:
        sheets: The workbook's sheets in order.
        name: Name of the file.
        feed: The feed; knows which other feeds read the file.

    Raises:
        ExtractError: There is none of that name.
    """
    tables = [sheet for sheet in sheets if sheet.typ == SheetTypeEnum.WorkSheet]
    names = [sheet.name for sheet in tables]
    # What a system hides is its own, such as the lists of its drop-down fields.
    visible = [sheet.name for sheet in tables if sheet.visible == SheetVisibleEnum.Visible]
    if not names:
        raise ExtractError("the workbook has no sheet")
    read = _named(feed.sheet, names, visible)
    if not read:
        raise ExtractError(
            f"the workbook has no sheet '{feed.sheet}'{nearest(feed.sheet or '', names)}; it has "
            f"{', '.join(names)}"
        )
    others = [other for other in feed.beside if matches_any(name, other.files)]
    if any(other.is_before for other in others):
        return SheetChoice(read, ())
    taken = {*read, *(each for other in others for each in _named(other.sheet, names, visible))}
    return SheetChoice(read, tuple(each for each in visible if each not in taken))


def _named(wanted: str | None, names: Sequence[str], visible: Sequence[str]) -> tuple[str, ...]:
    if wanted is None:
        return (names[0],)
    if has_many_sheets(wanted):
        pattern = wanted.casefold()
        return tuple(name for name in visible if fnmatchcase(name.casefold(), pattern))
    return tuple(name for name in names if name == wanted)
