"""Characters that mean the same in other scripts and fonts: digits, separators, marks of direction.

Belongs here: which characters these are, and the SQL that writes a number or date with ASCII
digits. Does not belong here: what a number or a date is (`casts`, `jalali`), and names (`key_of`).
"""

from __future__ import annotations

import sys
import unicodedata

from ingestion.text.sql_text import literal

# Where digits of these scripts are used, their own separators need no declaration: nothing else
# can be meant by them.
ARABIC_POINT, ARABIC_THOUSANDS = "\u066b", "\u066c"
SPACES = "".join(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) == "Zs"
)
_APOSTROPHES = "'\u2019\u2018\u02bc\u00b4`\u2032\uff07"
_KINDS = (SPACES, _APOSTROPHES)
# Marks of direction and of width zero, which editors of right-to-left text leave around numbers.
MARKS = "".join(
    character
    for character in map(chr, range(0x2000, 0x2070))
    if unicodedata.category(character) == "Cf"
) + "\u061c\ufeff"  # fmt: skip


# What one keyboard writes and another does not: the letters yeh and kaf, the half-space between
# parts of a word, and the stroke that only makes a word longer.
YEH_KAF = ("يىك", "ییک")
HALF_SPACE, TATWEEL = "\u200c", "\u0640"
_ARABIC, _PERSIAN = YEH_KAF[0] + HALF_SPACE + TATWEEL, YEH_KAF[1] + " "


def _digits(characters: range) -> tuple[str, str]:
    """Gives the decimal digits among characters but for ASCII, and the same digits in ASCII."""
    found = [chr(c) for c in characters if unicodedata.category(chr(c)) == "Nd" and c > 127]
    return "".join(found), "".join(str(unicodedata.decimal(each)) for each in found)


_NEAR, _NEAR_ASCII = _digits(range(0x0600, 0x0700))
_MINUS = "\u2212"  # the sign of typesetters
ALL_DIGITS, _ALL_ASCII = _digits(range(sys.maxunicode + 1))
DIGITS = dict(zip(map(ord, ALL_DIGITS), _ALL_ASCII, strict=True))


def kinds_of(character: str) -> str:
    """Gives all characters that are meant where one is declared as a separator.

    Args:
        character: A space or an apostrophe stands for each of its kinds, any other for itself.
    """
    return next((kinds for kinds in _KINDS if character in kinds), character)


# What of a name people do not see, or write as their keyboard does.
_ONE_KEYBOARD = str.maketrans(
    YEH_KAF[0] + HALF_SPACE, YEH_KAF[1] + " ", TATWEEL + MARKS.replace(HALF_SPACE, "")
)


def folded_name(name: str) -> str:
    """Gives a column's name without what does not tell names apart: case, blanks, keyboards.

    A spreadsheet breaks the lines of a long header, and windows-1256 has no Persian yeh, so that
    no mapping could name a column of such a file by the letters that people type.
    """
    return " ".join(name.translate(_ONE_KEYBOARD).split()).casefold()


def plain_digits(text: str) -> str:
    """Gives the SQL of a text with its digits of any script written in ASCII, without marks.

    Digits of Arabic and Persian are tried first: a table of all digits of the world, made anew for
    each cell, would be the most expensive part of landing.

    Args:
        text: SQL of the text.
    """
    near = f"translate({text}, {literal(_NEAR + _MINUS + MARKS)}, {literal(_NEAR_ASCII + '-')})"
    far = f"translate({near}, {literal(ALL_DIGITS)}, {literal(_ALL_ASCII)})"
    return (
        f"case when strlen({text}) = length({text}) then {text} "
        f"when regexp_matches({near}, '[^\\P{{Nd}}0-9]') then {far} else {near} end"
    )


def with_plain_digits(text: str) -> str:
    """Does with a text what `plain_digits` does with a cell."""
    dropped = dict.fromkeys(map(ord, MARKS))
    return text.translate(str.maketrans(ALL_DIGITS + _MINUS, _ALL_ASCII + "-") | dropped)


def same_letters(text: str) -> str:
    """Gives the SQL of a text in which letters that look alike are the same letter.

    Args:
        text: SQL of the text.
    """
    return f"translate({text}, {literal(_ARABIC)}, {literal(_PERSIAN)})"


def with_same_letters(text: str) -> str:
    """Does with a text what `same_letters` does with a cell."""
    return text.translate(str.maketrans(_ARABIC, _PERSIAN + "\0")).replace("\0", "")
