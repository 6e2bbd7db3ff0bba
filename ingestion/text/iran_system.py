"""Iran System: the code page of Iranian programs for DOS, such as those that wrote payroll in DBF.

Belongs here: the table of its bytes, and the way from the order of the screen to that of reading.
Does not belong here: files and their fields.

A byte stands for the shape of a letter, and bytes stand in the order in which a screen shows them
from left to right. So a text with Persian letters is turned round, but for numbers and Latin words
in it; then each shape becomes its letter. A letter that could join the next one and is not shaped
so stood before a zero-width non-joiner, which comes back.

Frames of tables (0xB0 to 0xDF) are refused: no name or place has them, while UTF-8 and
windows-1256 write Persian with these bytes, so that a wrong encoding does not go unnoticed.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

NAME = "iran-system"
_NAMES = frozenset({"iran_system", "iransystem"})
_UNDEFINED = "\ufffe"
# From 0x80 on, sixteen a line; digits come first.
_SHAPES = (
    "۰۱۲۳۴۵۶۷۸۹،ـ؟ﺁﺋﺀ"
    "ﺍﺎﺏﺑﭖﭘﺕﺗﺙﺛﺝﺟﭺﭼﺡﺣ"
    "ﺥﺧﺩﺫﺭﺯﮊﺱﺳﺵﺷﺹﺻﺽﺿﻁ" + _UNDEFINED * 48 + "ﻅﻉﻊﻌﻋﻍﻎﻐﻏﻑﻓﻕﻗﮎﮐﮒ"
    "ﮔﻝﻻﻟﻡﻣﻥﻧﻭﻩﻬﻫﯽﯼﯾ\u00a0"
)
_TABLE = {
    byte: ord(character)
    for byte, character in enumerate([*map(chr, range(128)), *_SHAPES])
    if character != _UNDEFINED
}
# Letters that join the next one have a shape for it; these are their others.
_APART = "ﺏﭖﺕﺙﺝﭺﺡﺥﺱﺵﺹﺽﻉﻊﻍﻎﻑﻕﮎﮒﻝﻡﻥﻩﯽﯼ"
_JOINING = "ﺋﺑﭘﺗﺛﺟﭼﺣﺧﺳﺷﺻﺿﻌﻋﻐﻏﻓﻗﮐﮔﻟﻣﻧﻬﻫﯾ"
_LETTERS = "ﺁﺀﺍﺎﺩﺫﺭﺯﮊﻁﻅﻭﻻ" + _APART + _JOINING
_HAS_LETTERS = re.compile(f"[{_LETTERS}]")
_BEFORE_NON_JOINER = re.compile(f"([{_APART}])(?=[{_LETTERS.replace('ﺀ', '')}])")
_DIGIT = "0-9۰-۹"
_LEFT_TO_RIGHT = re.compile(rf"[A-Za-z{_DIGIT}](?:[A-Za-z{_DIGIT} .,:/+\-_@&']*[A-Za-z{_DIGIT}])?")
_NUMBER = re.compile(rf"[{_DIGIT}]+(?:[.,:/\-][{_DIGIT}]+)*")
_LATIN = re.compile("[A-Za-z]")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
# What stands between fields of a text file, each of which was turned round by itself.
_FIELDS = re.compile(r"([,;|\t\"\r\n]+)")
_FEW = 4
_MOST_ODD = 0.1


def decode_field(data: bytes) -> str:
    """Gives the text of one field in the order of reading.

    Args:
        data: Its bytes in the order of the screen.

    Raises:
        UnicodeDecodeError: A byte is that of no letter.
    """
    return _logical(codecs.charmap_decode(data, "strict", _TABLE)[0])


def looks_like(sample: bytes) -> bool:
    """Tells whether bytes are Persian in this code page: shapes agree with what follows them.

    Args:
        sample: The beginning of a file, with its fields and line ends.
    """
    shapes = codecs.charmap_decode(sample, "replace", _TABLE)[0]
    letters = _HAS_LETTERS.findall(shapes)
    if len(letters) < _FEW:
        return False
    # To the left on the screen is what follows in reading.
    joining = re.findall(f"(.?)([{_JOINING}])", shapes, re.DOTALL)
    odd = sum(not _HAS_LETTERS.match(following or " ") for following, _ in joining)
    other = f"[A-Za-z{_DIGIT}\ufffd]"
    odd += len(re.findall(f"{other}(?=[{_LETTERS}])|[{_LETTERS}](?={other})", shapes))
    odd += len(re.findall(f"[{_LETTERS}](?=[{_APART}])", shapes))
    return odd <= _MOST_ODD * len(letters)


def _logical(shapes: str) -> str:
    """Turns shapes in the order of the screen into letters in the order of reading."""
    if not _HAS_LETTERS.search(shapes):
        return shapes
    turned = _LEFT_TO_RIGHT.sub(_as_shown, shapes[::-1]).translate(_MIRRORED)
    return unicodedata.normalize("NFKC", _BEFORE_NON_JOINER.sub("\\1\u200c", turned))


def _as_shown(run: re.Match[str]) -> str:
    """Turns Latin words, and each number by itself, back into the order of the screen."""
    if _LATIN.search(run[0]):
        return run[0][::-1]
    return _NUMBER.sub(lambda number: number[0][::-1], run[0])


def _decode(input: Buffer, errors: str = "strict", /) -> tuple[str, int]:
    shapes, length = codecs.charmap_decode(bytes(input), errors, _TABLE)
    return "".join(_logical(part) for part in _FIELDS.split(shapes)), length


def _encode(text: str, errors: str = "strict", /) -> tuple[bytes, int]:
    raise NotImplementedError(f"{NAME} is only read")


class _Decoder(codecs.BufferedIncrementalDecoder):
    """Decodes whole lines, as fields cannot be turned round before their end is known."""

    def _buffer_decode(self, input: Buffer, errors: str, final: bool) -> tuple[str, int]:
        data = bytes(input)
        end = len(data) if final else max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        return _decode(data[:end], errors)


def _found(name: str) -> codecs.CodecInfo | None:
    if name not in _NAMES:
        return None
    return codecs.CodecInfo(_encode, _decode, incrementaldecoder=_Decoder, name=NAME)


def register() -> None:
    """Makes Python know the code page by its name, as it knows all others."""
    codecs.register(_found)
