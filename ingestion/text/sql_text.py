"""Small pieces of SQL over text cells.

Belongs here: literals, and what every cell goes through before anything else. Does not belong
here: anything that knows of contract columns or their types.
"""

from __future__ import annotations

from collections.abc import Iterable

_NO_BREAK_SPACE, _AFTER_IT = "\u00a0", "\u00a1"
_EACH_BLANK = (" ", "\t", "\n", "\r", _NO_BREAK_SPACE)
# As one literal: put together of calls of `chr`, it takes longer to plan than a small file to read.
_BLANKS = f"'{''.join(_EACH_BLANK)}'"


def literal(text: str | None) -> str:
    """Gives a text as an SQL literal."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def first_filled(cells: Iterable[str]) -> str | None:
    """Gives the first of several cells that holds more than blanks, NULL where none does.

    Trimming is slow, and only a text that begins with a blank can be nothing but blanks.

    Args:
        cells: SQL of the cells; of each only as many are read as it takes.

    Returns:
        The SQL; None for no cells.
    """
    texts = ", ".join(
        f"case when {cell} >= '!' and not prefix({cell}, '{_NO_BREAK_SPACE}') then {cell} "
        f"else nullif(trim({cell}, {_BLANKS}), '') end"
        for cell in cells
    )
    return f"coalesce({texts}, null)" if texts else None


def cleaned(cell: str, null_words: Iterable[str]) -> str:
    """Gives a cell without blanks at its ends, and NULL for one that holds nothing.

    Few cells have such blanks and trimming is slow, so it is asked first, cheaply, whether there
    are any: every text that begins with a control character or space sorts before '!'.

    Args:
        cell: SQL of the cell.
        null_words: The words that stand for nothing.
    """
    # One list, since each `nullif` around a text would write it twice: six words, 64 times.
    nothing = dict.fromkeys(["", *null_words])
    trimmed = f"trim({cell}, {_BLANKS})"
    return (
        f"case when {_is_any(cell, nothing)} then null when {_is_wrapped(cell)} then "
        f"case when {_is_quoted(cell)} then {_unless(_unquoted(cell), nothing)} "
        f"else {_unless(trimmed, nothing)} end else {cell} end"
    )


def _is_wrapped(cell: str) -> str:
    """Tells, at little cost, a cell that may have blanks at its ends or stand between quotes."""
    ends = " or ".join(f"suffix({cell}, '{blank}')" for blank in _EACH_BLANK)
    begins = f"{cell} < '!' or ({cell} >= '{_NO_BREAK_SPACE}' and {cell} < '{_AFTER_IT}')"
    return f"{begins} or prefix({cell}, '=\"') or {ends}"


def _is_any(text: str, words: Iterable[str]) -> str:
    first, *others = map(literal, words)
    return f"{text} in ({', '.join([first, *others])})" if others else f"{text} = {first}"


def _unless(text: str, words: Iterable[str]) -> str:
    return f"case when not ({_is_any(text, words)}) then {text} end"


def _is_quoted(cell: str) -> str:
    """Tells a cell such as ="0072", by which exports keep a spreadsheet from making it a number."""
    whole = f'regexp_full_match(trim({cell}, {_BLANKS}), \'="([^"]|"")*"\')'
    return f"contains({cell}, '=\"') and {whole}"


def _unquoted(cell: str) -> str:
    trimmed = f"trim({cell}, {_BLANKS})"
    inner = f"replace(substr({trimmed}, 3, length({trimmed}) - 3), '\"\"', '\"')"
    return f"trim({inner}, {_BLANKS})"
