"""Spellings of one name that are to be one key: what each step of `normalize` does with a text.

Belongs here: the steps, in Python for the values of a mapping and in SQL for cells. Does not belong
here: which columns are normalised (`normalized_columns`), numbers and dates (`scripts`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import get_args

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import VARCHAR

from ingestion.contracts.tables import Column
from ingestion.mapping.schema import NormalizeStep
from ingestion.text.scripts import DIGITS, HALF_SPACE, MARKS, SPACES, TATWEEL, YEH_KAF
from ingestion.text.sql_text import literal

FUNCTION = "_salesops_normalised"
_ORDER: tuple[NormalizeStep, ...] = get_args(NormalizeStep)
_YEH_KAF = str.maketrans(*YEH_KAF)
# A half-space and a space without width stand between words; what else has no width stands nowhere.
_NO_WIDTH = {ord(mark): None for mark in (*MARKS, "\u00ad")} | {
    ord(HALF_SPACE): " ",
    ord("\u200b"): " ",
}
_ASCII_BLANKS = r"\x09-\x0d "
_ODD_BLANKS = rf"\x09-\x0d\x85\u2028\u2029{SPACES.replace(' ', '')}"
_BLANKS, _ANY_ODD_BLANK = re.compile(f"[ {_ODD_BLANKS}]+"), re.compile(f"[{_ODD_BLANKS}]")
_ANY_NO_WIDTH = re.compile(f"[{''.join(map(chr, _NO_WIDTH))}]")
_ANY_YEH_KAF = re.compile(f"[{YEH_KAF[0]}]")
_ANY_DIGIT = re.compile(r"[^\D0-9]")
# What one step leaves another may have to do with: a ligature that is taken apart holds a tatweel.
_MAX_ROUNDS = 5


def in_order(steps: Iterable[NormalizeStep]) -> tuple[NormalizeStep, ...]:
    """Gives steps in the order in which they are done, each once."""
    wanted = set(steps)
    return tuple(step for step in _ORDER if step in wanted)


def normalised(text: str, steps: Sequence[NormalizeStep]) -> str:
    """Gives the one spelling of a text that stands for all that differ from it by some steps only.

    Marks that Unicode can write in two ways (é) are one letter in any case. The result of a result
    is itself.

    Args:
        text: The text, without blanks at its ends.
        steps: Which differences do not count; with none the text stays as it is.
    """
    if not steps:
        return text
    for _ in range(_MAX_ROUNDS):
        before, text = text, _once(text, steps)
        if text == before:
            break
    return text


def _once(text: str, steps: Sequence[NormalizeStep]) -> str:
    """Does each step once; what there is to do is searched for first, as most texts have little."""
    if "zwnj" in steps and _ANY_NO_WIDTH.search(text):
        text = text.translate(_NO_WIDTH)
    if "tatweel" in steps:
        text = text.replace(TATWEEL, "")
    form = "NFKC" if "nfkc" in steps else "NFC"
    if not unicodedata.is_normalized(form, text):
        text = unicodedata.normalize(form, text)
    if "arabic_yeh_kaf" in steps and _ANY_YEH_KAF.search(text):
        text = text.translate(_YEH_KAF)
    if "digits" in steps and _ANY_DIGIT.search(text):
        text = text.translate(DIGITS)
    if "case" in steps:
        text = text.casefold()
    if "spaces" in steps and ("  " in text or _ANY_ODD_BLANK.search(text)):
        text = _BLANKS.sub(" ", text)
    return text.strip(" ")


def normalised_sql(text: str, steps: Sequence[NormalizeStep]) -> str:
    """Does with a cell what `normalised` does with a text; NULL where nothing is left of it.

    Texts in ASCII, of which most keys are made, are done by SQL alone. The others go through
    `normalised` itself, because the tables of Unicode that DuckDB has know no compatible forms
    (NFKC) and no case beyond single letters. The connection needs `add_normalization`.

    Args:
        text: SQL of the text, trimmed.
        steps: Which differences do not count.
    """
    if not steps:
        return text
    plain = f"lower({text})" if "case" in steps else text
    if "spaces" in steps:
        runs, uneven = literal(f"[{_ASCII_BLANKS}]+"), literal(r"[\x09-\x0d]|  ")
        collapsed = f"nullif(trim(regexp_replace({plain}, {runs}, ' ', 'g')), '')"
        plain = f"case when regexp_matches({text}, {uneven}) then {collapsed} else {plain} end"
    every = f"nullif({FUNCTION}({text}, {literal(','.join(steps))}), '')"
    return f"(case when strlen({text}) = length({text}) then {plain} else {every} end)"


def spelled_sql(column: Column, text: str, steps: Sequence[NormalizeStep], prefix: str = "") -> str:
    """Gives the SQL of a column's text in its normalised spelling.

    Of a column with allowed values that is the contract's spelling of the one that is meant.

    Args:
        column: The contract column.
        text: SQL of the text, trimmed.
        steps: Which differences do not count.
        prefix: What the mapping has put before the text, which stays as it is.
    """
    if column.enum:
        words = " ".join(
            f"when {literal(normalised(word, steps))} then {literal(word)}" for word in column.enum
        )
        return f"case {normalised_sql(text, steps)} {words} else {text} end"
    if not prefix:
        return normalised_sql(text, steps)
    bare = f"substr({text}, {len(prefix) + 1})"
    return f"{literal(prefix)} || {normalised_sql(bare, steps)}"


def add_normalization(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the function that `normalised_sql` calls known to a connection, if it is not yet."""
    # Looking for it in duckdb_functions() takes longer than all else that opening a store does.
    try:
        connection.execute(f"select {FUNCTION}(null, 'case')")
    except duckdb.CatalogException:
        connection.create_function(
            FUNCTION,
            _normalised_array,
            [VARCHAR, VARCHAR],
            VARCHAR,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _normalised_array(texts: pa.Array, steps: pa.Array) -> pa.Array:
    """Normalises a vector of cells; the steps are the same for all of them."""
    wanted = in_order(steps[0].as_py().split(",")) if len(steps) else ()
    known: dict[str | None, str | None] = {None: None}
    result = []
    for text in texts.to_pylist():
        if text not in known:
            known[text] = normalised(text, wanted)
        result.append(known[text])
    return pa.array(result, pa.string())
