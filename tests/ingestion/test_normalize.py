"""Spellings of one name become one key, on both sides of a reference and in a mapping's values."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import get_args

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.checking.mapping_check import check_mapping
from ingestion.checking.mappings import load_mapping
from ingestion.errors import MappingError
from ingestion.mapping.normalization import add_normalization, in_order, normalised, normalised_sql
from ingestion.mapping.schema import NormalizeStep

STEPS: tuple[NormalizeStep, ...] = get_args(NormalizeStep)
ALL = f"normalize: [{', '.join(STEPS)}]"
ZEROS = [chr(c) for c in range(128, 0x1F000) if unicodedata.decimal(chr(c), None) == 0]
# Every letter and number but those of which case says nothing certain: the Turkish i has no dot.
LETTERS = st.characters(categories=["L", "Nd"], exclude_characters="İıſͅ", max_codepoint=0x24F)
PERSIAN = st.sampled_from("آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی۰۱۲۳۴۵۶۷۸۹ۀئؤ")
WORDS = st.lists(
    st.text(LETTERS, min_size=1, max_size=6) | st.text(PERSIAN, min_size=1, max_size=8),
    min_size=1,
    max_size=4,
)


def spelled_otherwise(words: list[str], draw: random.Random) -> str:
    """Writes a name as another keyboard, font or program might."""
    changes: list[Callable[[str], str]] = [
        lambda t: t.replace("ی", draw.choice("یىي")).replace("ک", draw.choice("کك")),
        lambda t: t.replace(
            " ", draw.choice(["  ", "\u00a0", "\u200c", "\t", " \u200f", "\u3000"])
        ),
        lambda t: "".join(c + "ـ" * (c in "بپتسشصفمن" and draw.random() < 0.3) for c in t),
        lambda t: draw.choice([t.upper(), t.lower(), t.swapcase()]),
        lambda t: unicodedata.normalize(draw.choice(["NFC", "NFD", "NFKC", "NFKD"]), t),
        lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
        lambda t: "".join(
            chr(ord(draw.choice(ZEROS)) + unicodedata.decimal(c)) if c.isdecimal() else c for c in t
        ),
        lambda t: "\u200e" + t + "\u202c",
    ]
    text = " ".join(words)
    for change in draw.sample(changes, draw.randrange(1, len(changes) + 1)):
        text = change(text)
    return text.strip()


@settings(max_examples=500)
@given(WORDS, st.integers(0, 2**32))
def test_no_two_spellings_of_a_name_make_two_keys(words: list[str], seed: int) -> None:
    other = spelled_otherwise(words, random.Random(seed))
    assert normalised(other, STEPS) == normalised(" ".join(words), STEPS)


@settings(max_examples=500)
@given(st.text(max_size=12), st.sets(st.sampled_from(STEPS)))
def test_a_normalised_text_is_normalised(text: str, steps: set[NormalizeStep]) -> None:
    wanted = in_order(steps)
    once = normalised(text.strip(), wanted)
    assert normalised(once, wanted) == once


def test_names_that_differ_stay_apart() -> None:
    names = ["آب", "اب", "شرکت", "شرکة", "فن آور", "فنآور", "e", "é", "12", "1 2", "l", "1", "ß1"]
    found = [normalised(name, STEPS) for name in names]
    assert len(set(found)) == len(names)


def in_sql(texts: list[str], steps: tuple[NormalizeStep, ...]) -> list[str | None]:
    with duckdb.connect() as connection:
        add_normalization(connection)
        connection.execute("create table cells as select unnest(?) as t", [texts])
        return [
            v
            for (v,) in connection.execute(
                f"select {normalised_sql('t', steps)} from cells"
            ).fetchall()
        ]


@pytest.mark.parametrize(
    "steps", [*((step,) for step in STEPS), *combinations(STEPS, 2), STEPS], ids=str
)
def test_cells_and_values_of_the_mapping_are_spelled_alike(steps) -> None:
    draw = random.Random(str(steps))
    pieces = [" ", "  ", "\t", "\n", "\v", "a", "B", "é", "E\u0301", "ﬁ", "ﷺ", "Ａ", "ي", "ك", "ى"]
    pieces += [
        "ـ",
        "\u200c",
        "\u00a0",
        "\u2009",
        "۱",
        "٢",
        "３",
        "\u0660",
        "ß",
        "Σ",
        "ς",
        "#",
        "N/A",
    ]
    texts = ["".join(draw.choices(pieces, k=draw.randrange(1, 9))).strip() for _ in range(500)]
    texts = [text for text in texts if text and text.strip(" \t\n\r\u00a0") == text]
    assert in_sql(texts, steps) == [normalised(text, steps) or None for text in texts]


def test_nfkc_is_that_of_unicode() -> None:
    every = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
    every = [c for c in every if unicodedata.category(c) != "Cn" and c.strip()]
    joined = [f"a{c}\u0323\u0301z" for c in every]
    assert in_sql(joined, ("nfkc",)) == [unicodedata.normalize("NFKC", each) for each in joined]


TABLES = """\
  accounts:
    files: accounts.csv
    columns: {{account_id: {{from: Name{on_key}}}, account_name: Name}}
  opportunities:
    files: deals.csv
    columns:
      opportunity_id: Id
      stage_id: {{from: State, recode: {{{recode}}}, otherwise: quarantine}}
      account_id: {{from: Customer{on_reference}}}
      opportunity_name: Customer
{category}  opportunity_field_history:
    files: changes.csv
    kind: events
    columns: {{history_id: Id, opportunity_id: Deal, field_name: Field, changed_at: At, new_value: New}}
  stages:
    rows:
      - {{stage_id: مذاکره, stage_name: مذاكره, stage_order: 1, is_closed: false, is_won: false}}
      - {{stage_id: Won, stage_name: Won, stage_order: 2, is_closed: true, is_won: true}}
"""
CATEGORY = "      forecast_category: Category\n"
ACCOUNTS = "Name\nشرکت\u200cکیان\nNORTH  Wind\n"
DEALS = (
    "Id,State,Customer,Category\n"
    "1,مذاكره,شركت كيان,Commit\n"
    "2,won,north wind,BEST_CASE\n"
    "3,WON,شرکت  کیان,\n"
)
CHANGES = (
    "Id,Deal,Field,At,New\nh1,1,stage_id,2026-03-01,مذاكره\nh2,2,stage_id,2026-03-01,WON\n"
    "h3,1,forecast_category,2026-03-01,COMMIT\n"
)


@pytest.fixture
def landed(case):
    def land(
        options: str = "", on_key: str = "", on_reference: str = "",
        recode: str = "مذاکره: مذاکره, Won: Won", category: str = CATEGORY,
    ):  # fmt: skip
        tables = TABLES.format(
            on_key=on_key, on_reference=on_reference, recode=recode, category=category
        )
        case.map(tables, options)
        case.write("accounts.csv", ACCOUNTS)
        case.write("deals.csv", DEALS)
        case.write("changes.csv", CHANGES)
        return case.land()

    return land


class TestLanded:
    def test_references_find_their_keys(self, landed, case) -> None:
        assert [f.quarantined for f in landed(ALL).files] == [0, 0, 0, 0]
        keys = case.query("select account_id, account_name from crm.accounts order by 1")
        # The name stays as the file has it.
        assert keys == [("north wind", "NORTH  Wind"), ("شرکت کیان", "شرکت\u200cکیان")]
        deals = case.query(
            "select d.opportunity_id, a.account_name, s.stage_name, d.opportunity_name, "
            "d.forecast_category from crm.opportunities d "
            "join crm.accounts a using (account_id) join crm.stages s using (stage_id) order by 1"
        )
        assert deals == [
            ("1", "شرکت\u200cکیان", "مذاكره", "شركت كيان", "commit"),
            ("2", "NORTH  Wind", "Won", "north wind", "best_case"),
            ("3", "شرکت\u200cکیان", "Won", "شرکت  کیان", None),
        ]

    def test_values_that_the_history_holds_are_spelled_as_in_the_deal(self, landed, case) -> None:
        landed(f"id_prefix: 'CRM:'\n{ALL}")
        found = case.query(
            "select history_id, new_value from crm.opportunity_field_history order by 1"
        )
        assert found == [("CRM:h1", "CRM:مذاکره"), ("CRM:h2", "CRM:won"), ("CRM:h3", "commit")]

    def test_without_it_spellings_are_keys_of_their_own(self, landed, case) -> None:
        landed(recode="مذاكره: مذاکره, won: Won, WON: Won", category="")
        keys = case.query("select distinct account_id from crm.opportunities")
        assert len(keys) == 3
        assert (
            case.query("select * from crm.accounts join crm.opportunities using (account_id)") == []
        )

    @pytest.mark.parametrize("side", ["on_key", "on_reference"])
    def test_declared_on_one_side_it_holds_on_both(self, landed, case, side: str) -> None:
        declared = ", normalize: [case, spaces, arabic_yeh_kaf, zwnj]"
        recode = "مذاكره: مذاکره, won: Won, WON: Won"
        landed(recode=recode, category="", **{side: declared})
        keys = {key for (key,) in case.query("select account_id from crm.accounts")}
        assert {key for (key,) in case.query("select account_id from crm.opportunities")} == keys
        assert keys == {"north wind", "شرکت کیان"}
        stages = case.query("select distinct stage_id from crm.opportunities order by 1")
        assert stages == [("Won",), ("مذاکره",)]

    def test_the_same_night_again_adds_nothing(self, landed, case) -> None:
        landed(ALL)
        before = case.sizes()
        case.write("deals.csv", DEALS.replace("مذاكره", "مذاکره").replace("won,north", "Won,North"))
        case.land()
        names = case.query("select count(*) from crm.opportunities")
        assert names == [(4,)]  # the name of one deal is spelled otherwise, its keys are not
        assert case.sizes()["crm.accounts"] == before["crm.accounts"]

    def test_error_cells_are_still_told(self, case) -> None:
        case.map(
            "  accounts: {files: a.csv, columns: {account_id: Id, account_name: {constant: x}}}",
            ALL,
        )
        case.write("a.csv", "Id\n#N/A\n#n\n1.2E+17\n")
        case.land()
        reasons = case.query("select value, reason from landing.quarantine order by line")
        assert reasons == [("#N/A", "error_cell"), ("1.2E+17", "damaged_id")]
        assert case.query("select account_id from crm.accounts") == [("#n",)]

    def test_keys_made_of_names_take_every_step(self, case) -> None:
        columns = "{account_id: {key_of: [Name, City]}, account_name: Name}"
        case.map(f"  accounts: {{files: a.csv, columns: {columns}, on_conflict: first}}", ALL)
        case.write("a.csv", "Name,City\nＡcme،۲,ا\nacme،2,ا\na｜b,c\na,b｜c\n")
        case.land()
        found = [key for (key,) in case.query("select account_id from crm.accounts order by 1")]
        assert set(found) == {"a\\|b|c", "a|b\\|c", "acme،2|ا"}


class TestMappings:
    @staticmethod
    def problem(tmp_path: Path, columns: str, top: str = "") -> str:
        file = tmp_path / "m.yml"
        file.write_text(
            f"mapping: m\nsource: crm\n{top}\ntables:\n  opportunities:\n    files: a.csv\n"
            f"    columns:\n      opportunity_id: Id\n{columns}\n",
            encoding="utf-8",
        )
        with pytest.raises(MappingError) as caught:
            load_mapping(file)
        return str(caught.value)

    def test_a_number_has_no_spelling(self, tmp_path: Path) -> None:
        found = self.problem(
            tmp_path, "      stage_id: S\n      amount: {from: A, normalize: [case]}"
        )
        assert "m.yml:10: normalize is for texts" in found

    def test_two_sides_that_contradict_each_other(self, tmp_path: Path) -> None:
        found = self.problem(
            tmp_path,
            "      stage_id: S\n      owner_id: {from: O, normalize: [case]}\n"
            "  users:\n    files: u.csv\n"
            "    columns: {user_id: {from: U, normalize: [spaces]}, user_name: U}",
        )
        assert "user_id is normalised otherwise than the same key in" in found

    def test_an_unknown_step(self, tmp_path: Path) -> None:
        assert "normalize" in self.problem(tmp_path, "      stage_id: S", "normalize: [accents]")

    @pytest.mark.parametrize(
        "pair", ["W: Won, w: Lost", "يك: Won, یک: Lost", "'a  b': Won, a b: Lost"]
    )
    def test_values_of_recode_that_become_one(self, tmp_path: Path, pair: str) -> None:
        found = self.problem(tmp_path, f"      stage_id: {{from: S, recode: {{{pair}}}}}", ALL)
        assert "which normalize makes one" in found

    def test_the_meaning_of_the_mapping_changes_with_it(self, tmp_path: Path) -> None:
        dumps = set()
        for top in ("", "normalize: [case]", "normalize: [case, spaces]"):
            file = tmp_path / "m.yml"
            file.write_text(
                f"mapping: m\nsource: crm\n{top}\ntables:\n  accounts:\n    files: a.csv\n"
                "    columns: {account_id: I, account_name: N}\n"
            )
            dumps.add(load_mapping(file).feeds[0].model_dump_json(exclude_defaults=True))
        assert len(dumps) == 3


class TestCheck:
    def test_says_how_many_keys_were_brought_together(self, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        folder.mkdir()
        (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
        file = tmp_path / "m.yml"
        file.write_text(
            f"mapping: m\nsource: crm\n{ALL}\ntables:\n  opportunities:\n    files: deals.csv\n"
            "    columns: {opportunity_id: Id, stage_id: State, account_id: Customer}\n",
            encoding="utf-8",
        )
        columns = {c.column: c for c in check_mapping(load_mapping(file), folder).files[0].columns}
        assert columns["account_id"].joined == 1
        assert columns["account_id"].spellings == ("شركت كيان = شرکت  کیان",)
        assert columns["stage_id"].spellings == ("WON = won",)
        assert columns["opportunity_id"].joined == 0

    def test_keeps_names_of_people_to_itself(self, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        folder.mkdir()
        (folder / "u.csv").write_text("Id,Mail\n1,A@x\n2,a@x\n", encoding="utf-8")
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n  users:\n    files: u.csv\n    columns:\n"
            "      user_id: Id\n      user_name: Id\n      email: {from: Mail, normalize: case}\n"
        )
        columns = {c.column: c for c in check_mapping(load_mapping(file), folder).files[0].columns}
        assert (columns["email"].joined, columns["email"].spellings) == (1, ())

    def test_tells_it_of_keys_made_of_names(self, tmp_path: Path) -> None:
        folder = tmp_path / "x"
        folder.mkdir()
        (folder / "a.csv").write_text("N,C\nAcme,Bonn\nACME,bonn\nOther,x\n")
        file = tmp_path / "m.yml"
        file.write_text(
            "mapping: m\nsource: crm\ntables:\n  accounts:\n    files: a.csv\n"
            "    columns: {account_id: {key_of: [N, C]}, account_name: N}\n"
        )
        columns = {c.column: c for c in check_mapping(load_mapping(file), folder).files[0].columns}
        assert columns["account_id"].spellings == ("ACME|bonn = Acme|Bonn",)


@pytest.mark.parametrize(
    ("normalize", "cells"),
    [
        ("[arabic_yeh_kaf]", ["عملي ۱", "عملی ۱"]),
        ("[arabic_yeh_kaf, digits]", ["عملي ۱", "عملی 1", "عملى ١"]),
        ("[case, digits]", ["عملی 1", "عملی ١"]),
        ("[nfkc, arabic_yeh_kaf, zwnj, digits, spaces]", ["عملي\u200c١", "عملی  １"]),
    ],
)
@pytest.mark.parametrize("is_boolean", [False, True])
def test_values_of_recode_are_spelled_as_cells_are(
    case, normalize: str, cells: list[str], is_boolean: bool
) -> None:
    code = "{عملی ۱: true}" if is_boolean else "{عملی ۱: commit}"
    column = "is_deleted" if is_boolean else "forecast_category"
    case.map(
        "  opportunities:\n    files: deals.csv\n    columns:\n      opportunity_id: Id\n"
        "      stage_id: {constant: open}\n"
        f"      {column}: {{from: C, recode: {code}, otherwise: quarantine}}",
        f"normalize: {normalize}",
    )
    case.write("deals.csv", "Id,C\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    result = case.land_one()
    assert (result.accepted, result.quarantined) == (len(cells), 0)
    assert case.query(f"select distinct {column} from crm.opportunities") == [
        (True if is_boolean else "commit",)
    ]
