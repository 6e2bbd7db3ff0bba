"""What bytes look like that are not of the encoding they should be of.

Belongs here: suggestions for the person who writes the mapping. Does not belong here: reading in
one of these encodings without being told, which would land garbage some day.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter

from ingestion.text import iran_system

# Encodings that files of offices come in; a guess among all of Python's would name exotic ones.
_LIKELY = (
    "cp1252", "cp1256", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1257", "cp1258",
    "cp874", "gb18030", "big5", "shift_jis", "euc_kr", "koi8_r", "cp866", "cp850", "cp437",
)  # fmt: skip
_MAX_LIKELY = 3
# So many characters of several bytes are UTF-8 by chance in no text of another script.
_MANY = 3


def likely_encodings(sample: bytes) -> list[str]:
    """Gives encodings in which bytes are text, the likeliest first.

    Args:
        sample: The beginning of a file, or texts out of it.

    Returns:
        Names for a mapping, at most three; none where the bytes are UTF-8 but for some that are
        damaged, which another encoding would only hide.
    """
    from charset_normalizer import from_bytes

    text = sample.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    if sum(not character.isascii() for character in text) > 2 * wrong:
        return []
    # Shapes that agree with their neighbours come by chance in no other code page.
    found = [iran_system.NAME] if iran_system.looks_like(sample) else []
    for match in from_bytes(sample, cp_isolation=[*_LIKELY]):
        names = [name for name in _LIKELY if name in match.could_be_from_charset]
        found += [name for name in names if name not in found]
    return [name.replace("cp12", "windows-12") for name in found[:_MAX_LIKELY]]


def is_utf8(sample: bytes, encoding: str) -> bool:
    """Tells whether bytes are UTF-8, though the mapping names another encoding.

    Args:
        sample: The beginning of the file.
        encoding: What the mapping says.
    """
    if sample.isascii() or "\0" in sample.decode("latin-1"):
        return False
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    found = sum(not character.isascii() for character in text)
    # Western texts have few such characters, and in none of them do Ã and © follow each other.
    return found >= (1 if _script(sample, encoding) in ("LATIN", None) else _MANY)


def doubtful(sample: bytes, encoding: str) -> str | None:
    """Gives the encoding that bytes rather look like, where the mapping's makes Latin of them.

    A Western code page has a letter for every byte, so it never fails: Persian or Russian read in
    one of them lands as a row of accented letters.

    Args:
        sample: The beginning of the file.
        encoding: What the mapping says.
    """
    if sample.isascii() or _script(sample, encoding) != "LATIN":
        return None
    likely = likely_encodings(sample)
    return likely[0] if likely and _script(sample, likely[0]) not in ("LATIN", None) else None


def _script(sample: bytes, encoding: str) -> str | None:
    """Gives the script that most letters other than ASCII are of."""
    letters = (c for c in sample.decode(encoding, "replace") if c.isalpha() and not c.isascii())
    scripts = Counter(unicodedata.name(letter, "?").partition(" ")[0] for letter in letters)
    return max(scripts, key=lambda script: scripts[script]) if scripts else None
