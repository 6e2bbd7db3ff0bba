"""Days off: of the company, of its branches, and official ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from company_refusals import company_refusal

from ingestion.company.settings import (
    CompanySettings,
    branch_days,
    company_calendar,
    load_company,
    write_company_tables,
)

YEARS = {"calendar_start": "2023-01-01", "calendar_end": "2025-12-31"}


def settings_of(**settings: Any) -> CompanySettings:
    return CompanySettings.model_validate({**YEARS, **settings})


def calendar_of(**settings: Any) -> dict[date, dict[str, Any]]:
    return {row["date_day"]: row for row in company_calendar(settings_of(**settings)).to_pylist()}


def of_branches(**settings: Any) -> dict[tuple[str, str], tuple[bool, bool, str | None]]:
    """By branch and day: weekend, holiday and its name."""
    return {
        (row["branch_id"], str(row["date_day"])): (
            row["is_weekend"],
            row["is_holiday"],
            row["holiday_name"],
        )
        for row in branch_days(settings_of(**settings)).to_pylist()
    }


class TestOfficialHolidays:
    @pytest.mark.parametrize(
        ("region", "day", "is_holiday"),
        [
            ("IR", date(2024, 3, 20), True),  # Nowruz
            ("IR", date(2024, 7, 16), True),  # Ashura, by the moon
            ("IR", date(2024, 12, 25), False),
            ("DE", date(2024, 10, 3), True),
            ("DE", date(2024, 8, 15), False),
            ("DE-SL", date(2024, 8, 15), True),  # the Assumption, in the Saarland
            ("NO", date(2024, 5, 17), True),
            ("US", date(2023, 1, 2), True),  # New Year fell on a Sunday
        ],
    )
    def test_are_those_of_the_region(self, region: str, day: date, is_holiday: bool) -> None:
        found = calendar_of(official_holidays=region)[day]
        assert (found["is_holiday"], found["is_business_day"]) == (is_holiday, not is_holiday)
        assert (found["holiday_name"] is not None) == is_holiday

    def test_by_the_moon_are_said_to_be_estimated_where_they_are(self) -> None:
        settings = CompanySettings.model_validate({"official_holidays": "IR"})
        names = {
            row["date_day"]: row["holiday_name"] for row in company_calendar(settings).to_pylist()
        }
        assert names[date(2024, 4, 10)] == "Eid al-Fitr"
        assert (
            sum("(estimated)" in (name or "") for day, name in names.items() if day.year == 2040)
            > 9
        )

    def test_of_several_regions_are_put_together(self) -> None:
        found = calendar_of(official_holidays=["IR", {"country": "DE", "subdivision": "BY"}])
        assert found[date(2024, 3, 20)]["is_holiday"]
        assert found[date(2024, 1, 6)]["is_holiday"]  # Epiphany, in Bavaria

    def test_own_entries_win(self) -> None:
        found = calendar_of(
            official_holidays="DE",
            holidays=[
                {"date": "2024-10-03", "name": "Summer party"},
                {"date": "2024-12-26", "working": True},
                {"date": "2024-12-28", "working": True},
                {"date": "2024-12-31", "name": "New Year's Eve"},
            ],
        )
        assert found[date(2024, 10, 3)]["holiday_name"] == "Summer party"
        assert found[date(2024, 12, 25)]["is_holiday"]
        day_after = found[date(2024, 12, 26)]
        assert (day_after["is_holiday"], day_after["is_business_day"]) == (False, True)
        # A Saturday that was worked.
        saturday = found[date(2024, 12, 28)]
        assert (saturday["is_weekend"], saturday["is_business_day"]) == (False, True)
        assert not found[date(2024, 12, 31)]["is_business_day"]

    def test_working_weekends_of_the_law_are_worked(self) -> None:
        found = calendar_of(official_holidays="CN")
        assert found[date(2024, 2, 18)]["weekday_name"] == "Sunday"
        assert found[date(2024, 2, 18)]["is_business_day"]
        assert not found[date(2024, 2, 25)]["is_business_day"]

    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("official_holidays: ir\n", 1, "of 'ir' (did you mean 'IR'?)"),
            ("official_holidays:\n  - DE\n  - XX\n", 3, "of 'XX'"),
            ("official_holidays:\n  - DE-XX\n", 2, "no part 'XX' of DE is known; there are BB"),
            ("official_holidays:\n  - {country: DE, state: BY}\n", 2, "unknown key 'state'"),
            ("\nofficial_holidays: {country: KI-XX}\n", 2, "'KI-XX'"),
        ],
    )
    def test_of_a_region_that_is_not_known(
        self, text: str, line: int, message: str, tmp_path: Path
    ) -> None:
        found = company_refusal(text, tmp_path)
        assert found.startswith(f"{line}: ")
        assert message in found

    def test_norway_is_no_boolean(self, tmp_path: Path) -> None:
        path = tmp_path / "company.yml"
        path.write_text("official_holidays: NO\n", encoding="utf-8")
        assert load_company(path).official_holidays[0].country == "NO"


class TestBranches:
    def test_keep_their_own_days(self) -> None:
        found = of_branches(
            weekend=["thursday", "friday"],
            holidays=[
                {"date": "2024-05-01", "name": "All"},
                {"date": "1403-02-15", "name": "Shiraz", "branch": "b1"},
                {"date": "2024-05-01", "branch": "b2", "working": True},
                {"date": "2024-05-03", "branch": "b2", "working": True},
            ],
        )
        assert found == {
            ("b1", "2024-05-04"): (False, True, "Shiraz"),
            ("b2", "2024-05-01"): (False, False, None),
            # A Friday that only this branch works on.
            ("b2", "2024-05-03"): (False, False, None),
        }

    def test_with_another_country_do_not_keep_the_companys(self) -> None:
        found = of_branches(
            official_holidays=["IR", {"country": "TR", "branch": "izmir"}],
            holidays=[{"date": "2024-03-19", "name": "Founders' Day"}],
        )
        # Iran's Nowruz is worked; the day of the Republic is not.
        assert found["izmir", "2024-03-20"] == (False, False, None)
        assert found["izmir", "2024-10-29"][:2] == (False, True)
        # The company's own day holds for all of it.
        assert ("izmir", "2024-03-19") not in found
        assert {branch for branch, _ in found} == {"izmir"}

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"official_holidays": "IR", "holidays": [{"date": "2024-05-01", "name": "All"}]},
            {"holidays": [{"date": "2024-05-04", "working": True, "branch": "b"}]},
            {"holidays": [{"date": "2024-05-01", "name": "x", "branch": "b"},
                          {"date": "2024-05-01", "name": "x"}]},
        ],
    )  # fmt: skip
    def test_that_do_as_the_company_have_no_rows(self, settings: dict[str, Any]) -> None:
        assert of_branches(**{"weekend": ["friday"], **settings}) == {}

    def test_company_wide_days_are_not_those_of_a_branch(self) -> None:
        found = calendar_of(holidays=[{"date": "2024-05-02", "name": "x", "branch": "b"}])
        assert found[date(2024, 5, 2)]["is_business_day"]

    def test_are_written_beside_the_calendar(self) -> None:
        with duckdb.connect() as connection:
            for holidays in ([{"date": "2024-05-02", "name": "x", "branch": "b"}], []):
                write_company_tables(connection, settings_of(holidays=holidays))
                rows = connection.execute(
                    "select branch_id, date_day, is_weekend, is_holiday, holiday_name "
                    "from company.branch_days"
                ).fetchall()
                assert rows == [("b", date(2024, 5, 2), False, True, "x") for _ in holidays]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("holidays:\n  - {date: 2024-05-01}\n", 2, "2024-05-01 has no name"),
        ("holidays:\n  - {date: 2024-05-01, working: 'yes'}\n", 2, "'working'"),
        (
            "holidays:\n"
            "  - {date: 2024-05-01, branch: b, name: x}\n"
            "  - {date: 1403-02-12, branch: b, name: y}\n",
            3,
            "2024-05-01 of branch b twice",
        ),
        ("holidays: [{date: 1889-05-01, working: true}]\n", 1, "1889-05-01 lies outside"),
    ],
)
def test_an_entry_that_cannot_be_meant(text: str, line: int, message: str, tmp_path: Path) -> None:
    found = company_refusal(text, tmp_path)
    assert found.startswith(f"{line}: ")
    assert message in found


TWO_YEARS = "calendar_start: 2023-01-01\ncalendar_end: 2024-12-31\n"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (
            f"{TWO_YEARS}holidays:\n  - {{date: 2023-05-01, name: May}}\n"
            "  - {date: 2026-05-01, name: Later}\n",
            "5: the holiday Later (2026-05-01) lies outside",
        ),
        (
            f"{TWO_YEARS}holidays:\n  - name: Nowruz\n    date: 1503-01-01\n",
            "5: the holiday Nowruz (2124-03-20) lies outside",
        ),
        (
            f"holidays:\n  - {{date: 2022-12-31, working: true}}\n{TWO_YEARS}",
            "2: the holiday 2022-12-31 lies outside",
        ),
        (
            "holidays:\n  - {date: 2023-05-01, name: May}\n  - {date: 2023-05-02, name: x}\n"
            "  - {date: 2023-05-01, name: Day}\n",
            "4: holidays names 2023-05-01 twice",
        ),
        (
            "calendar: jalali\ncalendar_start: 2024-01-01\ncalendar_end: 2023-01-01\n",
            "2: calendar_",
        ),
        ("calendar: jalali\ncalendar_end: 1950-01-01\n", "2: calendar_start must lie before"),
        ("deal_size_limits:\n  - 10\n  - 30\n  - 20\n", "4: 20 follows 30"),
    ],
)
def test_what_is_wrong_with_one_of_several_is_told_with_its_line(
    text: str, refusal: str, tmp_path: Path
) -> None:
    assert company_refusal(text, tmp_path).startswith(refusal)
