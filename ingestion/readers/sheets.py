"""Which sheets of a workbook a feed reads, which ones nothing reads, and how they are told.

Belongs here: the choice by name, and names in messages. Does not belong here: what stands in the
sheets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from python_calamine import SheetMetadata, SheetTypeEnum, SheetVisibleEnum

from ingestion.errors import ExtractError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.file_patterns import matches_any
from ingestion.text.yaml_source import nearest


@dataclass(frozen=True)
class SheetChoice:
    """The sheets of a workbook, sorted by who reads them.

    Args:
        read: Those that the feed reads, in the order of the workbook.
        unread: Visible ones that no feed of the mapping reads, where this feed is to tell so.
    """

    read: tuple[str, ...]
    unread: tuple[str, ...]


def hides_sheets(file: str, feed: Feed) -> bool:
    """Tells whether sheets of a file may be named after people: where it feeds pay or HR data."""
    return feed.is_masked or any(
        other.is_masked and matches_any(file, other.files) for other in feed.beside
    )


class SheetNames:
    """The names of a workbook's sheets, as far as messages may tell them.

    Args:
        names: All sheets in order.
        file: Name of the file.
        feed: The feed; knows which other feeds read the file.
    """

    def __init__(self, names: Sequence[str], file: str, feed: Feed) -> None:
        self._is_open = not hides_sheets(file, feed)
        self._places = {name: place for place, name in enumerate(names, start=1)}
        # What the mapping itself says is no news to whoever reads the message.
        self._known = {feed.sheet, *(other.sheet for other in feed.beside)}

    def one(self, name: str) -> str:
        """Tells one sheet: by its name, else by its position in the workbook."""
        return f"sheet {self.bare(name, quote=True)}"

    def bare(self, name: str, *, quote: bool = False) -> str:
        """The same without the word."""
        if self._is_open or name in self._known:
            return f"'{name}'" if quote else name
        return f"number {self._places[name]}"

    def all(self, names: Sequence[str]) -> str:
        """Tells several sheets."""
        return ", ".join(self.bare(name) for name in names)

    def hint(self, wanted: str) -> str:
        """Suggests a sheet whose name is similar, if names may be shown."""
        return nearest(wanted, list(self._places)) if self._is_open else ""


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
        told = SheetNames([sheet.name for sheet in sheets], name, feed)
        raise ExtractError(
            f"the workbook has no sheet '{feed.sheet}'{told.hint(feed.sheet or '')}; it has "
            f"{told.all(names)}"
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
