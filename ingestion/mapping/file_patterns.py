"""Which files of a folder a mapping's globs mean.

Belongs here: the rules of matching and the search. Does not belong here: reading the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

# In the order in which the docs name them; what each is read as is decided by `FORMATS`.
FORMATS = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "parquet": "parquet",
    "json": "json",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "xlsx": "xlsx",
    "xls": "xls",
    "dbf": "dbf",
}
_ANY_ENDING = rf"\.(?:{'|'.join(FORMATS)})"
_PART = re.compile(r"\*\*/|\*|\?|\[!?[^\]/]+\]")


def find_files(folder: Path, patterns: Iterable[str]) -> tuple[Path, ...]:
    """Gives the files below a folder that fit a pattern, sorted by their path.

    Args:
        folder: Folder that the patterns are relative to.
        patterns: Globs; see `matches`.
    """
    return tuple(path for path in _fitting(folder, patterns) if path.is_file())


def find_others(folder: Path, patterns: Iterable[str]) -> tuple[Path, ...]:
    """Gives what fits a pattern below a folder but is no file: folders, pipes, links to nothing."""
    return tuple(path for path in _fitting(folder, patterns) if not path.is_file())


def _fitting(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    wanted = tuple(patterns)
    relative = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    yield from (path for name, path in sorted(relative) if matches_any(name, wanted))


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    """Says whether a relative path fits one of several patterns."""
    return any(matches(name, pattern) for pattern in patterns)


def matches(name: str, pattern: str) -> bool:
    """Says whether a relative path fits a pattern, in any case, with or without `.gz`.

    `*` stands for anything within one folder or name, `**/` for any folders or none, `?` for one
    character, `[ab]` for one of several. `.*` at the end stands for a known file ending alone, so
    that `deals.*` means `deals.csv` and not `deals.delta.csv`. A pattern that reads exactly like
    the path fits always, whatever characters it has. Hidden files and lock files of office
    programs (`.x`, `~$x`) fit nothing but their exact name.

    Args:
        name: Path relative to the folder, with `/` between its parts.
        pattern: The glob.
    """
    if name.casefold() == pattern.casefold():
        return True
    if any(part.startswith((".", "~$")) for part in name.split("/")):
        return False
    return _compiled(pattern).fullmatch(name) is not None


def format_by_ending(name: str) -> str | None:
    """Gives the format that a file's ending says, or None for an ending that says nothing."""
    ending = name.casefold().removesuffix(".gz").rpartition(".")[2]
    return FORMATS.get(ending)


def may_be_text(file_format: str | None, patterns: Iterable[str]) -> bool:
    """Tells whether files can be text, by the format that is given or else by their endings."""
    if file_format is not None:
        return file_format == "csv"
    return any(format_by_ending(pattern) in {None, "csv"} for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    stem, ending = (pattern[:-2], _ANY_ENDING) if pattern.endswith(".*") else (pattern, "")
    expression = ""
    position = 0
    for part in _PART.finditer(stem):
        expression += re.escape(stem[position : part.start()]) + _translated(part[0])
        position = part.end()
    expression += re.escape(stem[position:])
    return re.compile(f"{expression}{ending}(?:\\.gz)?", re.IGNORECASE | re.DOTALL)


def _translated(part: str) -> str:
    if part == "**/":
        return "(?:.*/)?"
    if part == "*":
        return "[^/]*"
    if part == "?":
        return "[^/]"
    content = part[1:-1].replace("\\", "\\\\").replace("[", "\\[")
    return f"[^{content[1:]}]" if content.startswith("!") else f"[{content}]"
