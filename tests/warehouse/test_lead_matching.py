"""Comparing leads: who is found to be one person, since when, and what stays as it was."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from planted_leads import f1, planted
from warehouse_testbed import ChangeLogOfTest

from ingestion.home import Home
from ingestion.matching.lead_matches import match_leads
from ingestion.matching.scoring import FEWEST_LEADS_TO_LEARN_FROM, Weights

FIRST_NIGHT = datetime(2026, 3, 1, 2)
PROBABILITY = Decimal("0.95")
ALWAYS = datetime(1900, 1, 1)
PERSON: dict[str, Any] = {
    "lead_name": "Sara Khan",
    "company_name": "Blue Foods",
    "email": "sara.khan@blue.example",
    "phone": "+1 555 010 2233",
}


class Nights:
    """A home whose leads are extracted and compared night by night."""

    def __init__(self, log: ChangeLogOfTest) -> None:
        self.home = Home(log.home)
        self.home.create()
        self.log = log
        self.number = 0

    def extract(
        self, rows: Iterable[Mapping[str, object]] = (), deleted: Iterable[str] = ()
    ) -> datetime:
        at = FIRST_NIGHT + timedelta(days=self.number)
        self.number += 1
        gone = [{"lead_id": lead} for lead in deleted]
        self.log.add("leads", at, rows, gone)
        return at

    def match(self, probability: Decimal = PROBABILITY, has_published: bool = False) -> int:
        return match_leads(self.home, probability, f"run-{self.number}", has_published)

    def night(self, *rows: Mapping[str, object], deleted: Iterable[str] = ()) -> int:
        self.extract(rows, deleted)
        return self.match()

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.home.raw_db), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    @property
    def kept(self) -> dict[str, str]:
        """By which lead each second one is counted now."""
        return {
            lead: kept
            for lead, kept in self.query(
                "select lead_id, arg_max(kept_lead_id, match_number) from matching.lead_matches "
                "group by all"
            )
            if lead != kept
        }

    @property
    def runs(self) -> int:
        return self.query("select count(*) from matching.runs")[0][0]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> ChangeLogOfTest:
    return ChangeLogOfTest(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def nights(empty: ChangeLogOfTest, tmp_path: Path) -> Nights:
    return Nights(empty.copied(tmp_path / "home"))


def lead(lead_id: str, day: Any = 1, **cells: Any) -> dict[str, Any]:
    """Gives a lead of the person, created on a day of January, with other cells where given."""
    return {**PERSON, "created_at": datetime(2026, 1, day, 9), **cells, "lead_id": lead_id}


class TestPlantedDuplicates:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_of_twenty_thousand_leads_are_found(self, nights: Nights, seed: int) -> None:
        rows, persons = planted(20_000, seed=seed)
        nights.extract(rows)
        nights.match()
        assert f1(rows, persons, nights.kept) >= 0.95
        [(weights,)] = nights.query("select weights from matching.runs")
        assert Weights.loaded(weights).leads == 20_000

    def test_of_too_few_leads_to_learn_from_are_found_by_declared_weights(
        self, nights: Nights
    ) -> None:
        rows, persons = planted(FEWEST_LEADS_TO_LEARN_FROM - 1)
        nights.extract(rows)
        nights.match()
        assert f1(rows, persons, nights.kept) >= 0.95
        [(weights,)] = nights.query("select weights from matching.runs")
        assert Weights.loaded(weights).leads == 0

    def test_of_many_leads_without_pairs_nothing_is_learnt(self, nights: Nights) -> None:
        rows, _ = planted(FEWEST_LEADS_TO_LEARN_FROM, share=0)
        nights.extract(rows)
        nights.match()
        [(weights,)] = nights.query("select weights from matching.runs")
        assert Weights.loaded(weights).leads == 0


class TestOnePerson:
    @pytest.mark.parametrize(
        "cells",
        [
            {},
            {"email": "SARA.KHAN@blue.example "},
            {"email": "sara.khan+web@blue.example"},
            {"email": "sara.kahn@blue.example"},
            {"email": None, "phone": "0015550102233"},
            {"email": None, "phone": "(555) 010-2233 ext. 9"},
            {"email": None, "phone": None, "mobile_phone": "۵۵۵ ۰۱۰ ۲۲۳۳"},
            {"email": None, "phone": "0 555 010 2233", "mobile_phone": "+1 555 777 8899"},
            {
                "email": None,
                "phone": None,
                "lead_name": "Khan, Sara",
                "company_name": "BLUE FOODS Inc.",
            },
            {"lead_name": "Dr. Sarah Khan", "phone": None},
            {"lead_name": None, "company_name": None, "phone": None},
        ],
    )
    def test_is_found_in_any_spelling(self, nights: Nights, cells: dict[str, Any]) -> None:
        nights.night(lead("first"), lead("second", 2, **cells))
        assert nights.kept == {"second": "first"}

    @pytest.mark.parametrize(
        ("name", "other"),
        [
            ("علی‌رضا محمدی", "علي رضا محمدي"),
            ("علیرضا کریمی", "علی رضا كريمي"),
            ("دکتر مریم آریا", "مریم اریا"),
        ],
    )
    def test_is_found_in_persian(self, nights: Nights, name: str, other: str) -> None:
        cells = {"email": None, "phone": None}
        nights.night(
            lead("first", lead_name=name, company_name="شرکت کیمیا پارس", **cells),
            lead("second", 2, lead_name=other, company_name="كيميا پارس", **cells),
        )
        assert nights.kept == {"second": "first"}

    @pytest.mark.parametrize(
        "cells",
        [
            # Another person of the company, with its own address and with that of all.
            {"lead_name": "Omid Rossi", "email": "omid.rossi@blue.example", "phone": None},
            {"lead_name": "Omid Rossi", "phone": None},
            {"lead_name": "Omid Rossi", "email": None},
            # A namesake elsewhere.
            {"company_name": "Solar Labs", "email": "sara.khan@solar.example", "phone": None},
            {"company_name": None, "email": None, "phone": None},
            {"lead_name": None, "company_name": "Blue Foods", "email": None, "phone": None},
            {"lead_name": "", "company_name": "", "email": "", "phone": ""},
        ],
    )
    def test_is_not_somebody_else(self, nights: Nights, cells: dict[str, Any]) -> None:
        nights.night(lead("first"), lead("second", 2, **cells))
        assert nights.kept == {}

    def test_is_counted_by_the_lead_that_was_created_first(self, nights: Nights) -> None:
        nights.night(lead("a", 3), lead("b", 2), lead("c", 1), lead("d", 1, created_at=None))
        assert nights.kept == {"a": "c", "b": "c", "d": "c"}

    @pytest.mark.parametrize(
        ("created_at", "second"),
        [
            # A lead that the night of 2 March showed first was there before.
            (datetime(2026, 3, 2, 12), "dated"),
            (datetime(2026, 3, 2, 1), "undated"),
            (datetime(2026, 1, 1, 9), "undated"),
        ],
    )
    def test_was_created_by_the_extract_that_showed_it_where_nobody_says_when(
        self, nights: Nights, created_at: datetime, second: str
    ) -> None:
        nights.night(lead("somebody else", email=None, phone=None, lead_name="Max Roth"))
        nights.night(lead("undated", created_at=None))
        nights.night(lead("dated", created_at=created_at))
        assert list(nights.kept) == [second]

    def test_may_be_known_by_what_a_third_lead_has_of_both(self, nights: Nights) -> None:
        nights.night(
            lead("a", 1, phone=None),
            lead("b", 2, email=None, company_name=None),
            lead("c", 3),
        )
        assert nights.kept == {"b": "a", "c": "a"}

    @pytest.mark.parametrize(
        "cells", [{"merged_into_id": "first"}, {"is_duplicate": True}, {"is_deleted": True}]
    )
    def test_is_not_asked_for_where_the_crm_has_decided(
        self, nights: Nights, cells: dict[str, Any]
    ) -> None:
        nights.night(lead("first"), lead("second", 2, **cells))
        assert nights.kept == {}


class TestTheProbability:
    def test_decides_how_alike_two_leads_must_be(self, nights: Nights) -> None:
        nights.extract([lead("first"), lead("second", 2, email="s.k@blue.example", phone=None)])
        nights.match(Decimal("0.95"))
        assert nights.kept == {"second": "first"}
        nights.match(Decimal("0.999"))
        assert nights.kept == {}
        nights.match(Decimal("0.9"))
        assert nights.kept == {"second": "first"}

    def test_of_one_compares_nothing(self, nights: Nights) -> None:
        nights.extract([lead("first"), lead("second", 2)])
        assert nights.match(Decimal(1)) == 0
        assert nights.kept == {}


class TestLaterNights:
    def test_leave_persons_as_they_were(self, nights: Nights) -> None:
        rows, _ = planted(3_000, share=0.3)
        nights.night(*rows[:1_500])
        before = nights.kept
        assert before
        nights.night(*rows[1_500:])
        after = nights.kept
        assert len(after) > len(before)
        kept_since = {name: after.get(kept, kept) for name, kept in before.items()}
        assert {name: after.get(name) for name in before} == kept_since

    def test_add_since_when_somebody_is_known(self, nights: Nights) -> None:
        nights.night(
            lead("a"),
            lead("b", 2),
            lead("other", 3, lead_name="Omid", email="o@o.example", phone=None),
        )
        second = FIRST_NIGHT + timedelta(days=1)
        nights.night(lead("c", 4))
        third = FIRST_NIGHT + timedelta(days=2)
        # The other lead turns out to be the same person: nobody knew before.
        nights.night(lead("other", 3))
        assert nights.query(
            "select lead_id, kept_lead_id, known_from from matching.lead_matches order by all"
        ) == [("b", "a", ALWAYS), ("c", "a", second), ("other", "a", third)]

    def test_take_back_what_is_no_longer_so(self, nights: Nights) -> None:
        nights.night(lead("a"), lead("b", 2))
        nights.night(lead("b", 2, lead_name="Omid Rossi", email="o@o.example", phone=None))
        assert nights.kept == {}
        assert nights.query(
            "select kept_lead_id, match_weight is null, known_from from matching.lead_matches "
            "order by match_number"
        ) == [("a", False, ALWAYS), ("b", True, FIRST_NIGHT + timedelta(days=1))]

    def test_go_by_the_next_lead_where_the_first_is_deleted(self, nights: Nights) -> None:
        nights.night(lead("a"), lead("b", 2), lead("c", 3))
        nights.night(deleted=["a"])
        assert nights.kept == {"c": "b"}

    def test_compare_nothing_where_no_lead_has_changed(self, nights: Nights) -> None:
        nights.night(lead("a"), lead("b", 2))
        assert nights.night() == 0
        nights.night(lead("a", lead_status_id="Called"))
        assert nights.runs == 1

    def test_go_by_what_was_learnt_until_leads_have_doubled(self, nights: Nights) -> None:
        rows, _ = planted(5_000, share=0.3)
        nights.night(*rows[:2_400])
        nights.night(*rows[2_400:4_700])
        nights.night(*rows[4_700:])
        weights = [
            Weights.loaded(w)
            for (w,) in nights.query("select weights from matching.runs order by match_number")
        ]
        assert [each.leads for each in weights] == [2_400, 2_400, 5_000]
        assert weights[0] == weights[1]

    def test_do_not_reach_back_where_leads_were_published_uncompared(self, nights: Nights) -> None:
        nights.extract([lead("a"), lead("b", 2)])
        nights.match(has_published=True)
        assert nights.query("select known_from from matching.lead_matches") == [(FIRST_NIGHT,)]


class TestTheSameLeads:
    @pytest.mark.parametrize("threads", ["1", "4"])
    def test_give_the_same_answers_on_any_number_of_threads(
        self,
        nights: Nights,
        threads: str,
        monkeypatch: pytest.MonkeyPatch,
        empty: ChangeLogOfTest,
        tmp_path: Path,
    ) -> None:
        rows, _ = planted(4_000, share=0.2)
        nights.night(*rows)
        monkeypatch.setenv("SALESOPS_THREADS", threads)
        random.Random(1).shuffle(rows)
        other = Nights(empty.copied(tmp_path / "other"))
        other.night(*rows)
        for table, columns in (
            ("lead_matches", "lead_id, kept_lead_id, match_weight, known_from"),
            ("runs", "leads, weights"),
        ):
            question = f"select {columns} from matching.{table} order by all"
            assert nights.query(question) == other.query(question)


class TestHostileCells:
    def test_one_address_of_thousands_is_nobodys_own(self, nights: Nights) -> None:
        shared = {"email": "info@blue.example", "phone": "+1 555 000 1234"}
        names = [f"{chr(97 + n % 26) * 5}{n} {chr(97 + n // 26 % 26) * 6}{n}" for n in range(5_000)]
        rows = [lead(f"L{n}", lead_name=name, **shared) for n, name in enumerate(names)]
        nights.extract(rows)
        nights.match()
        assert nights.kept == {}

    @pytest.mark.parametrize("cells", [{"lead_name": None}, {"lead_name": "test"}, {}])
    def test_the_same_cells_thousands_of_times_do_not_explode(
        self, nights: Nights, cells: dict[str, Any]
    ) -> None:
        nights.extract([lead(f"L{n}", **cells) for n in range(5_000)])
        nights.match()
        assert nights.kept == {}

    def test_an_address_that_a_few_share_makes_them_not_one(self, nights: Nights) -> None:
        names = ["Sara Khan", "Omid Rossi", "Jana Weber"]
        nights.night(
            *(lead(f"L{n}", lead_name=name, phone=None) for n, name in enumerate(names)),
            # Whose this is nobody can tell.
            lead("nameless", lead_name=None, phone=None),
        )
        assert nights.kept == {}

    def test_long_odd_and_empty_cells_are_compared_with_nothing(self, nights: Nights) -> None:
        odd = [
            "",
            " ",
            "-",
            "n/a",
            "x" * 1_000_000,
            "\u200c",
            "٪؟",
            "😀",
            "'; drop table x",
            "%",
            "\x07",
        ]
        rows = [
            lead(f"{column}{n}", **{**dict.fromkeys(PERSON), column: cell})
            for column in PERSON
            for n, cell in enumerate(odd)
        ]
        nights.night(*rows, lead("nothing", **dict.fromkeys(PERSON)), lead("a"), lead("b", 2))
        assert nights.kept == {"b": "a"}


class TestWithoutLeads:
    def test_nothing_is_written_and_splink_is_not_imported(self, nights: Nights) -> None:
        code = (
            "import sys; from decimal import Decimal; from pathlib import Path\n"
            "from ingestion.home import Home\n"
            "from ingestion.matching.lead_matches import match_leads\n"
            f"assert match_leads(Home(Path({str(nights.home.root)!r})), Decimal('0.95'), 'r', False) == 0\n"
            "assert 'splink' not in sys.modules and 'sqlglot' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


class TestPersons:
    def test_are_in_no_log_and_in_none_of_the_tables(
        self, nights: Nights, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        rows, _ = planted(2_500, share=0.3)
        nights.night(*rows)
        printed = caplog.text + "".join(capfd.readouterr())
        tables = str(
            nights.query("from matching.lead_matches") + nights.query("from matching.runs")
        )
        for row in rows[:200]:
            for cell in ("email", "phone"):
                assert not row[cell] or row[cell] not in printed + tables
        assert not list(nights.home.scratch.iterdir())
