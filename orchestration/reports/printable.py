"""Names and cells of extracts as a terminal can show them.

Belongs here: taking out what a terminal would obey instead of showing. Does not belong here: tables
(`summary`, `mapping_report`), and what is written to files, which keeps every character.
"""

from __future__ import annotations

import unicodedata

# A half-space between the parts of a word, and what joins emoji: without them, other words stand
# there.
_JOINERS = "\u200c\u200d"


def printable(text: str) -> str:
    """Gives a text of somebody else on one line, each character as wide as a terminal thinks.

    Control characters (line breaks, tabs, escape sequences) become spaces. Marks of direction are
    left out: they would turn round what stands behind them in the row.
    """
    return "".join(_kept(character) for character in text)


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Cs"):
        return " "
    return "" if category == "Cf" and character not in _JOINERS else character
