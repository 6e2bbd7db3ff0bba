"""The same company in other words: extracts and answer key as another country would have them.

Belongs here: which words, ids and moments are put for others, by table and column. Does not: the
words (words_fa.py), what happens in the company, and how a file is spelled (persian_extracts.py).
"""

import csv
import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from simulation.company.vocabulary import words_of
from simulation.extracts.writing import HEADERS, record
from simulation.persian.words_fa import CURRENCY_CODES, PHRASES, PREFIXES, WORDS

Tell = Callable[[str], str]

PERSIAN_CLOCK = ZoneInfo("Asia/Tehran")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_RUN_CURRENCY = re.compile(rf"-({'|'.join(CURRENCY_CODES)})(?=-|$)")

NAMES = frozenset(
    words_of(
        "user_name team_name branch_name region country territory_name account_name industry "
        "segment product_name product_family stage_name opportunity_name lead_source "
        "deal_type loss_reason competitor role worker_name exit_reason job_title job_family "
        "holiday_name course_name applicant_name application_source employee_name department "
        "earning_name plan_name spif_name adjustment_reason stage_id lead_name company_name "
        "contact_name lead_status_name campaign_name channel campaign_status contact_role "
        "member_status"
    )
)
IDS = frozenset(
    words_of(
        "account_id parent_account_id converted_account_id team_id branch_id territory_id "
        "parent_territory_id"
    )
)
CURRENCY_COLUMNS = frozenset(words_of("currency_code from_currency to_currency"))
MOMENTS = frozenset(
    words_of(
        "created_at closed_at modified_at changed_at submitted_at started_at ended_at converted_at "
        "first_responded_at touched_at"
    )
)
_HELD = ("old_value", "new_value")
_CATEGORIES = frozenset(("loss_reason", "competitor", "deal_type"))


def word(text: str) -> str:
    """Give a text in Persian: as a whole where it is known, else word by word."""
    if text in PHRASES:
        return PHRASES[text]
    for phrase, told in _PRODUCTS:
        text = text.replace(phrase, told)
    return _WORD.sub(lambda found: WORDS.get(found[0], found[0]), text)


_PRODUCTS = [
    (phrase, told)
    for phrase, told in PHRASES.items()
    if phrase.split()[0] in ("Ledger", "Harbor", "Signal", "Onboarding", "Bespoke")
]
"""Names of products, which names of deals end in; longer ones stand first."""


def id_text(text: str) -> str:
    """Give an id with the beginning that it has in Persian."""
    return PREFIXES[text[:3]] + text[3:] if text[:3] in PREFIXES else text


def currency(text: str) -> str:
    """Give a currency's code."""
    return CURRENCY_CODES.get(text, text)


def run_id(text: str) -> str:
    """Give the id of a pay run, which ends in a currency."""
    return _RUN_CURRENCY.sub(lambda found: f"-{CURRENCY_CODES[found[1]]}", text)


def utc(text: str) -> str:
    """Turn a time of the company's clock into one of UTC that says so; leave what is none."""
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=PERSIAN_CLOCK)
    except ValueError:
        return text
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def teller_of(column: str) -> Tell | None:
    """Say how a column's texts are told; None for as they are."""
    if column in NAMES:
        return word
    if column in IDS:
        return id_text
    if column in CURRENCY_COLUMNS:
        return currency
    return {"pay_run_id": run_id}.get(column)


def retold(table: str, values: Sequence[str]) -> list[str]:
    """Give a record of an extract in Persian words, also one with too few or too many fields."""
    header = HEADERS[table]
    told = list(values)
    for place, (column, value) in enumerate(zip(header, values, strict=False)):
        tell = teller_of(column)
        if tell is not None and value:
            told[place] = tell(value)
    if table == "opportunity_field_history" and len(values) == len(header):
        tell = {"stage_id": word, "currency_code": currency}.get(values[2])
        for column in _HELD:
            place = header.index(column)
            if tell is not None and values[place]:
                told[place] = tell(values[place])
    return told


def in_utc(table: str, values: Sequence[str]) -> list[str]:
    """Give a record with its times in UTC."""
    told = list(values)
    for place, column in enumerate(HEADERS[table][: len(values)]):
        if column in MOMENTS and values[place]:
            told[place] = utc(values[place])
    return told


def records_of(path: Path) -> list[list[str]]:
    """Read the records of a file below its header."""
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))[1:]


def table_of(path: Path) -> str:
    """Give the table that a file is of."""
    return path.name.split(".")[0]


def retell_extracts(folder: Path) -> None:
    """Put Persian words into the files of all nights; every record stays at its line."""
    for path in sorted(folder.glob("*/*.csv")):
        _rewrite(path, retold)


def tell_in_utc(folder: Path) -> None:
    """Put the times of all files into UTC; every record stays at its line."""
    for path in sorted(folder.glob("*/*.csv")):
        _rewrite(path, in_utc)


def _rewrite(path: Path, change: Callable[[str, Sequence[str]], list[str]]) -> None:
    table, modified = table_of(path), path.stat().st_mtime
    texts = [record(HEADERS[table])]
    texts += [record(change(table, values)) for values in records_of(path)]
    path.write_text("".join(texts), encoding="utf-8", newline="")
    os.utime(path, (modified, modified))


def retell_key(tables: Mapping[str, pd.DataFrame]) -> None:
    """Put the same words into the tables of the answer key."""
    for name, table in tables.items():
        for column in table.columns:
            tell = _teller_of_key(name, column)
            if tell is not None:
                told = [tell(each) if isinstance(each, str) else each for each in table[column]]
                table[column] = told
        if "member_id" in table.columns:
            table["member_id"] = [
                _member(level, member)
                for level, member in zip(table["level"], table["member_id"], strict=True)
            ]
        if name == "win_loss":
            table["category"] = [
                word(category) if dimension in _CATEGORIES and category != "won" else category
                for dimension, category in zip(table["dimension"], table["category"], strict=True)
            ]


def _teller_of_key(name: str, column: str) -> Tell | None:
    if name in ("references_to_nothing", "defects"):
        return id_text if column in ("key", "value") else None
    if column in ("segment_id", "lead_source_id"):
        return word
    return None if column in ("exclusion_reason", "reason") else teller_of(column)


def _member(level: str, member: str) -> str:
    if member in ("all", "unknown"):
        return member
    is_word = level in ("segment", "lead_source", "stage", "channel")
    return word(member) if is_word else id_text(member)
