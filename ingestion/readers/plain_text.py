"""Text files as plain UTF-8: unpacked, decoded, without a byte order mark.

Belongs here: gzip, encodings and byte order marks. Does not belong here: what the text means.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ingestion.errors import ExtractError
from ingestion.home import OWNER_ONLY_FILE
from ingestion.mapping.schema import AUTO, Encoding
from ingestion.readers.encodings import doubtful, is_utf8, likely_encodings
from ingestion.readers.unpacked import UnpackedSize

CHUNK = 4 << 20
# The marks of UTF-32 come first, as one of them begins like that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Without a mark, Windows means this one.
_UTF16 = "utf-16-le"
_SAMPLE = 1 << 18
_SMALL_SAMPLE = 1 << 14
_THOUGH = ", though its bytes "


@dataclass(frozen=True)
class PlainText:
    """A file of UTF-8 text without a byte order mark; it may still hold NUL characters.

    Args:
        path: The archived file itself, or a scratch copy that was converted.
        notes: What was done to get it.
    """

    path: Path
    notes: tuple[str, ...] = ()


def plain_text(path: Path, encoding: Encoding, scratch: Path) -> PlainText:
    """Gives a text file as UTF-8, converting it only where it is not that already.

    Args:
        path: The archived file; one that ends in `.gz` is unpacked.
        encoding: What the mapping says.
        scratch: Path for a converted copy.

    Raises:
        ExtractError: The gzip data is corrupt or cut or unpacks to too much, or the bytes are not
            of the encoding.
    """
    notes: list[str] = []
    if path.suffix == ".gz":
        unpacked = scratch.with_name(f"{scratch.name}.unpacked")
        _write(unpacked, _unpacked(path, UnpackedSize(path.stat().st_size, unpacked.parent)))
        path = unpacked
    with path.open("rb") as file:
        start = file.read(4)
    mark, codec = _codec(start, encoding)
    if codec == "utf-8" and not mark:
        _check_utf8(path)
        return PlainText(path)
    if codec != "utf-8":
        notes.append(_told(path, codec) if not mark else f"read as {codec}")
    decoded = scratch.with_name(f"{scratch.name}.utf8")
    _write(decoded, _decoded(path, codec, len(mark)))
    return PlainText(decoded, tuple(notes))


def _told(path: Path, codec: str) -> str:
    """Tells in which encoding a file is read, and whether that may be the wrong one."""
    with path.open("rb") as file:
        sample = file.read(_SMALL_SAMPLE)
    told = f"read as {codec}"
    if is_utf8(sample, codec):
        return f"{told}{_THOUGH}are utf-8: leave encoding out, or set csv: {{encoding: utf-8}}"
    other = doubtful(sample, codec)
    return f"{told}{_THOUGH}look like {other}: look at the names that come out" if other else told


def encoding_doubt(notes: Iterable[str]) -> str | None:
    """Gives the note that a file is most likely read in the wrong encoding, if it is one's."""
    return next((note for note in notes if _THOUGH in note), None)


def _codec(start: bytes, encoding: Encoding) -> tuple[bytes, str]:
    """Gives the byte order mark and Python's name of the encoding.

    A mark decides even against the mapping: no file starts with one by chance.
    """
    for mark, codec in _MARKS.items():
        if start.startswith(mark):
            return mark, codec
    codec = codecs.lookup("utf-8" if encoding == AUTO else encoding).name
    return b"", _UTF16 if codec == "utf-16" else codec


def _write(target: Path, chunks: Iterator[bytes]) -> None:
    try:
        with target.open("wb") as file:
            target.chmod(OWNER_ONLY_FILE)
            for chunk in chunks:
                file.write(chunk)
    except BaseException:
        # Other files still need the room.
        target.unlink(missing_ok=True)
        raise


def _unpacked(path: Path, size: UnpackedSize) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as packed:
            while chunk := packed.read(CHUNK):
                size.add(len(chunk))
                yield chunk
    except (OSError, EOFError, zlib.error) as caught:
        raise ExtractError(
            f"the gzip file is corrupt or cut ({caught}); ask for it again"
        ) from None


def _decoded(path: Path, codec: str, skip: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(skip)
        for text in _decoding(file, codec):
            yield text.encode("utf-8")


def _check_utf8(path: Path) -> None:
    """Reads the file once for bytes that are not UTF-8; plain ASCII needs no decoding."""
    with path.open("rb") as file:
        for _ in _decoding(file, "utf-8", lambda chunk: chunk.isascii()):
            pass


def _decoding(
    file: BinaryIO, codec: str, is_fine: Callable[[bytes], bool] | None = None
) -> Iterator[str]:
    """Gives the text in chunks; bytes that are not of the encoding raise with their place."""
    decoder = codecs.getincrementaldecoder(codec)()
    line, column = 1, 1
    while True:
        chunk = file.read(CHUNK)
        if is_fine is not None and chunk and not decoder.getstate()[0] and is_fine(chunk):
            newlines = int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord("\n")))
            line, column = _moved(line, column, newlines, len(chunk), chunk.rfind(b"\n"))
            continue
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as caught:
            before = caught.object[: caught.start].decode(codec, errors="replace")
            place = _moved(line, column, before.count("\n"), len(before), before.rfind("\n"))
            raise _undecodable(file, caught, codec, *place) from None
        if text:
            line, column = _moved(line, column, text.count("\n"), len(text), text.rfind("\n"))
            yield text
        if not chunk:
            return


def _moved(line: int, column: int, newlines: int, length: int, last: int) -> tuple[int, int]:
    """Gives the place after a piece of text with so many line ends, the last one at `last`."""
    return line + newlines, (length - last if newlines else column + length)


def _undecodable(
    file: BinaryIO, error: UnicodeDecodeError, codec: str, line: int, column: int
) -> ExtractError:
    found = " ".join(f"0x{byte:02X}" for byte in error.object[error.start : error.end][:4])
    file.seek(0)
    sample = file.read(_SAMPLE)
    if is_utf8(sample, codec):
        return ExtractError(
            f"line {line}, character {column}: the byte {found} is not {codec}. The bytes are "
            "utf-8: leave encoding out, or set csv: {encoding: utf-8}"
        )
    likely = likely_encodings(sample)
    advice = (
        f"The bytes look like {' or '.join(likely)}: try csv: {{encoding: {likely[0]}}} and look "
        "at the names that come out"
        if likely
        else "Set csv: {encoding: ...} in the mapping to the encoding of the file"
    )
    return ExtractError(
        f"line {line}, character {column}: the byte {found} is not {codec}. {advice}; if the file "
        "is damaged, ask for it again"
    )
