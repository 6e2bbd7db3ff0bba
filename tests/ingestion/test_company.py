"""Company settings and calendar."""

from __future__ import annotations

import calendar
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from company_refusals import company_refusal

from ingestion.company.settings import (
    CompanySettings,
    Holiday,
    company_calendar,
    load_company,
    write_company_tables,
)
from ingestion.contracts.system_tables import SETTINGS
from ingestion.errors import CompanyError

ROOT = Path(__file__).parents[2]
JALALI = ROOT.parent / "shared/data/jalali_calendar"
# A calendar that can be looked at row by row.
THIRTY_YEARS: dict[str, Any] = {
    "calendar_start": date(1999, 12, 25),
    "calendar_end": date(2029, 10, 9),
}
OF_THE_CALENDAR: dict[str, Any] = {
    "calendar": "jalali",
    "fiscal_year_start_month": 4,
    "weekend": ["friday"],
    "holidays": [{"date": "2017-06-01", "name": "Founders' Day"}],
    "official_holidays": "IR",
    "calendar_start": "1991-01-01",
    "calendar_end": "2040-12-31",
}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def day(connection: duckdb.DuckDBPyConnection, of: str) -> dict[str, Any]:
    cursor = connection.execute("select * from company.calendar where date_day = ?", [of])
    names = [entry[0] for entry in cursor.description or ()]
    row = cursor.fetchone()
    assert row is not None
    return dict(zip(names, row, strict=True))


class TestFile:
    def test_absent_file_means_defaults(self, tmp_path: Path) -> None:
        assert load_company(tmp_path / "company.yml") == CompanySettings()

    def test_empty_file_means_defaults(self, tmp_path: Path) -> None:
        path = tmp_path / "company.yml"
        path.write_text("# nothing yet\n", encoding="utf-8")
        assert load_company(path) == CompanySettings()

    def test_every_setting(self, tmp_path: Path) -> None:
        path = tmp_path / "company.yml"
        path.write_text(
            "reporting_currency: EUR\n"
            "time_zone: Asia/Tehran\n"
            "fiscal_year_start_month: 4\n"
            "calendar: jalali\n"
            "weekend: [thursday, friday]\n"
            "holidays:\n"
            "  - {date: 2017-03-21, name: Nowruz}\n"
            "close_lag_days: 3\n"
            "minimum_group_size: 4\n"
            "max_rate_age_days: 10\n"
            "ramp_target_share: 0.75\n"
            "lead_match_probability: 0.99\n"
            "keep_versions: 2\n"
            "keep_runs: 12\n"
            "calendar_start: 2010-01-01\n"
            "calendar_end: 2030-12-31\n"
            "sources:\n"
            "  - {mapping: canonical, folder: extracts/crm}\n"
            "  - {mapping: mappings/own.yml, folder: /srv/crm}\n",
            encoding="utf-8",
        )
        settings = load_company(path)
        assert settings.holidays == (Holiday(date=date(2017, 3, 21), name="Nowruz"),)
        assert settings.calendar_end == date(2030, 12, 31)
        assert settings.ramp_target_share == Decimal("0.75")
        assert settings.lead_match_probability == Decimal("0.99")
        assert (settings.keep_versions, settings.keep_runs) == (2, 12)
        assert [(s.mapping, s.folder) for s in settings.sources] == [
            ("canonical", str(tmp_path / "extracts/crm")),
            (str(tmp_path / "mappings/own.yml"), "/srv/crm"),
        ]

    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("reporting_currency: euro\n", 1, "'reporting_currency'"),
            ("\ntime_zone: Berlin\n", 2, "there is no time zone 'Berlin'"),
            ("fiscal_year_start_month: 13\n", 1, "'fiscal_year_start_month'"),
            ("\nclose_lag_days: '5'\n", 2, "'close_lag_days'"),
            ("keep_runs: 0\n", 1, "'keep_runs'"),
            ("keep_runs: many\n", 1, "'keep_runs'"),
            ("ramp_target_share: 0\n", 1, "'ramp_target_share'"),
            ("ramp_target_share: 80\n", 1, "'ramp_target_share'"),
            ("lead_match_probability: 0.4\n", 1, "'lead_match_probability'"),
            ("lead_match_probability: 95\n", 1, "'lead_match_probability'"),
            ("lead_match_probability: often\n", 1, "'lead_match_probability'"),
            ("weekend:\n  - saturday\n  - holiday\n", 3, "'weekend'"),
            (
                "time_zone: UTC\ntimezone: UTC\n",
                2,
                "unknown key 'timezone' (did you mean 'time_zone'?)",
            ),
            ("week_end: [friday]\n", 1, "unknown key 'week_end' (did you mean 'weekend'?)"),
            ("holidays: [{day: 2017-02-03, name: x}]\n", 1, "unknown key 'day'"),
            ("sources:\n  - {maping: m, folder: f}\n", 2, "(did you mean 'mapping'?)"),
            ("response_sla_minutes: 0\n", 1, "'response_sla_minutes'"),
            ("keep_runs: 9\nresponse_sla_minutes: soon\n", 2, "'response_sla_minutes'"),
            ("response_sla_minutes: [{minutes: 5}, {minutes: 9}]\n", 1, "have no 'from'"),
            ("business_hours: 9 to 5\n", 1, "'9 to 5' are no hours"),
            ("business_hours: 09:00-17:60\n", 1, "'17:60' is no time of day"),
            ("business_hours: 17:00-09:00\n", 1, "does not run forward"),
            ("business_hours: 09:00-12:00, 11:00-17:00\n", 1, "does not run forward"),
            ("business_hours: {moday: 09:00-17:00}\n", 1, "(did you mean 'monday'?)"),
            ("business_hours: {}\n", 1, "no day has hours"),
            ("business_hours: [09:00-17:00]\n", 1, "write hours such as 09:00-17:00"),
            ("business_hours:\n  - {hours: nine}\n", 2, "'nine' are no hours"),
            ("holidays:\n  - {date: 2017-02-30, name: x}\n", 2, "'date'"),
            (
                "holidays:\n  - {date: 2017-02-03, name: x}\n  - {date: 2017-02-03, name: y}\n",
                3,
                "2017-02-03 twice",
            ),
            ("calendar_start: 2050-01-01\n", 1, "calendar_start must lie before"),
            ("sources:\n  - {mapping: canonical}\n", 2, "the key 'folder' is missing"),
            ("- a\n", 1, "dictionary"),
        ],
    )
    def test_wrong_file_names_the_line(
        self, text: str, line: int, message: str, tmp_path: Path
    ) -> None:
        found = company_refusal(text, tmp_path)
        assert found.startswith(f"{line}: ")
        assert message in found

    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            (
                "weekend:\n"
                "  - {from: 2000-01-01, until: 2009-12-31, days: [friday]}\n"
                "  - {from: 2011-01-01, days: [saturday]}\n",
                1,
                "no entry holds from 2010-01-01 to 2010-12-31",
            ),
            (
                "time_zone:\n"
                "  - {zone: UTC, until: 2009-12-31}\n"
                "  - {from: 2009-12-01, zone: Asia/Tehran}\n",
                1,
                "two entries hold on 2009-12-01: one ends on 2009-12-31",
            ),
            (
                "\nfiscal_year_start_month:\n  - {month: 4}\n  - {month: 1}\n",
                2,
                "two entries have no 'from'",
            ),
            (
                "weekend: [{days: [friday], until: 2020-01-01}]\n",
                1,
                "no entry holds after 2020-01-01",
            ),
            (
                "weekend:\n"
                "  - {from: 2001-01-01, days: [friday]}\n"
                "  - {from: 2001-01-01, days: [friday]}\n",
                1,
                "two entries hold from 2001-01-01 on",
            ),
            (
                "weekend: [{from: 2001-01-01, until: 2000-01-01, days: [friday]}]\n",
                1,
                "the entry from 2001-01-01 ends before, on 2000-01-01",
            ),
            ("weekend:\n  - {day: [friday]}\n", 2, "unknown key 'day'"),
            ("weekend:\n  - {days: [friday]}\n  - monday\n", 3, "'weekend'"),
            ("weekend:\n  - {from: 2001, days: [friday]}\n", 2, "2001 is no date"),
            ("weekend:\n  - days:\n    - friday\n    - fryday\n", 4, "'days'"),
            ("weekend: friday\n", 1, "'weekend': input should be a list"),
            ("time_zone:\n  - {zone: UTC}\n  - {from: 2001-01-01, zone: Tehran}\n", 3, "'Tehran'"),
            (
                "time_zone: [{zone: Pacific/Kiritimati}, {from: 2001-01-01, zone: Pacific/Pago_Pago}]\n",
                1,
                "more than a day apart on 2001-01-01",
            ),
            (
                "fiscal_year_start_month: [{month: 1}, {from: 2019-05-01, month: 4}]\n",
                1,
                "a fiscal year that starts in month 4 cannot begin on 2019-05-01",
            ),
            (
                "fiscal_year_start_month: [{month: 1}, {from: 2019-04-02, month: 4}]\n",
                1,
                "a fiscal year that starts in month 4 cannot begin on 2019-04-02",
            ),
            (
                "fiscal_year_start_month: [{month: 1}, {from: 2019-04-01, month: 4}]\n"
                "calendar: jalali\n",
                1,
                "a fiscal year that starts in month 4 cannot begin on 1398-01-12",
            ),
        ],
    )
    def test_a_dated_list_that_does_not_hold_on_every_day_once(
        self, text: str, line: int, message: str, tmp_path: Path
    ) -> None:
        found = company_refusal(text, tmp_path)
        assert found.startswith(f"{line}: ")
        assert message in found

    @pytest.mark.parametrize("setting", sorted(CompanySettings.model_fields))
    def test_every_setting_is_read(self, setting: str) -> None:
        """Another value changes the calendar, or a model or the program reads the setting."""
        if setting in OF_THE_CALENDAR:
            other = CompanySettings.model_validate({setting: OF_THE_CALENDAR[setting]})
            assert not company_calendar(other).equals(company_calendar(CompanySettings()))
            return
        if setting in SETTINGS.column_names:
            folders, suffix = ("dbt_project", "expectations"), (".sql", ".py")
            word = rf"\b{setting}\b"
        else:
            folders, suffix = ("ingestion", "orchestration"), (".py",)
            word = rf"(settings|load_company\(.*\))\.{setting}\b"
        readers = [
            path
            for folder in folders
            for path in (ROOT / folder).rglob("*.*")
            if path.suffix in suffix
            and path.name != "stg_company__settings.sql"
            and re.search(word, path.read_text("utf-8"))
        ]
        assert readers


class TestHolidays:
    @pytest.mark.parametrize(
        ("written", "day"),
        [
            ("1403-01-01", date(2024, 3, 20)),
            ("1403-02-31", date(2024, 5, 20)),
            ("1403-12-30", date(2025, 3, 20)),
            ("1405-1-1", date(2026, 3, 21)),
            ("2024-03-20", date(2024, 3, 20)),
        ],
    )
    def test_in_either_calendar(self, tmp_path: Path, written: str, day: date) -> None:
        path = tmp_path / "company.yml"
        for calendar_of_company in ("jalali", "gregorian"):
            path.write_text(
                f"calendar: {calendar_of_company}\nholidays: [{{date: {written}, name: Eid}}]\n",
                encoding="utf-8",
            )
            assert load_company(path).holidays == (Holiday(date=day, name="Eid"),)

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("1404-12-30", r"company.yml:2: .*1404-12-30 is no date of the Jalali calendar"),
            ("1403-07-31", r"company.yml:2: .*1403-07-31 is no date of the Jalali calendar"),
            ("1989-12-31", r"the holiday Eid \(1989-12-31\) lies outside the calendar"),
            ("1300-01-01", r"the holiday Eid \(1921-03-21\) lies outside the calendar"),
        ],
    )
    def test_that_is_none_is_refused(self, tmp_path: Path, written: str, message: str) -> None:
        path = tmp_path / "company.yml"
        path.write_text(
            f"calendar: jalali\nholidays: [{{date: {written}, name: Eid}}]\n", encoding="utf-8"
        )
        with pytest.raises(CompanyError, match=message):
            load_company(path)

    def test_named_twice_in_two_calendars(self, tmp_path: Path) -> None:
        path = tmp_path / "company.yml"
        path.write_text(
            "holidays:\n  - {date: 1403-01-01, name: A}\n  - {date: 2024-03-20, name: B}\n",
            encoding="utf-8",
        )
        with pytest.raises(CompanyError, match="2024-03-20 twice"):
            load_company(path)


class TestCalendar:
    def test_jalali_columns_agree_with_the_published_calendar(
        self, connection: duckdb.DuckDBPyConnection
    ) -> None:
        if not JALALI.is_dir():
            pytest.skip("../shared/data/jalali_calendar is not here")
        write_company_tables(connection, CompanySettings())
        row = connection.execute(
            "select count(*), count(*) filter (ours.jalali_year = theirs.jalali_year "
            "and ours.jalali_month = theirs.jalali_month and ours.jalali_day = theirs.jalali_day "
            "and weekday_name = week_day_en "
            "and jalali_date = format('{:04d}-{:02d}-{:02d}', theirs.jalali_year::int, "
            "theirs.jalali_month::int, theirs.jalali_day::int)) "
            "from company.calendar as ours "
            f"inner join read_csv('{JALALI}/*.csv') as theirs on date_day = gregorian_date"
        ).fetchone()
        assert row == (14_612, 14_612)

    def test_gregorian_columns_agree_with_duckdb(
        self, connection: duckdb.DuckDBPyConnection
    ) -> None:
        write_company_tables(connection, CompanySettings())
        row = connection.execute(
            """
            select count(*), min(date_day), max(date_day), count(*) filter (
                (year, quarter, month, day_of_month, day_of_year)
                = (year(date_day), quarter(date_day), month(date_day), day(date_day),
                   dayofyear(date_day))
                and (iso_year, iso_week, iso_weekday)
                = (isoyear(date_day), week(date_day), isodow(date_day))
                and (weekday_name, month_name) = (dayname(date_day), monthname(date_day))
                and month_start = date_trunc('month', date_day)
                and quarter_start = date_trunc('quarter', date_day)
                and year_start = date_trunc('year', date_day)
                and month_end = last_day(date_day)
            ) from company.calendar
            """
        ).fetchone()
        days = (date(2049, 12, 31) - date(1990, 1, 1)).days + 1
        assert row == (days, date(1990, 1, 1), date(2049, 12, 31), days)

    @pytest.mark.parametrize("kind", ["gregorian", "jalali"])
    @pytest.mark.parametrize("start_month", [1, 4, 10])
    def test_periods_cover_every_day_without_gap_or_overlap(
        self, kind: Any, start_month: int, connection: duckdb.DuckDBPyConnection
    ) -> None:
        settings = CompanySettings(calendar=kind, fiscal_year_start_month=start_month)
        write_company_tables(connection, settings)
        for grain, parts in (("month", 1), ("quarter", 3), ("year", 12)):
            wrong = connection.execute(
                f"select count(*) from company.calendar "
                f"where date_day not between {grain}_start and {grain}_end"
            ).fetchone()
            assert wrong == (0,)
            # A period begins the day after the one before it ended, and its label is its own.
            row = connection.execute(
                f"with periods as (select distinct {grain}_start as s, {grain}_end as e, "
                f"{grain}_label as label from company.calendar), "
                f"neighbours as (select *, lag(e) over (order by s) as before from periods) "
                f"select count(*), count(distinct label), "
                f"count(*) filter (before is not null and s <> before + 1) from neighbours"
            ).fetchone()
            assert row is not None
            assert row[0] == row[1] >= 720 / parts
            assert row[2] == 0

    @pytest.mark.parametrize("kind", ["gregorian", "jalali"])
    @pytest.mark.parametrize("seed", range(8))
    def test_periods_of_a_fiscal_year_that_moves(self, kind: Any, seed: int) -> None:
        """The oracle walks through the months: a year ends after twelve, or where another starts."""
        rng = random.Random(seed)
        first_day = {
            (row["y"], row["m"]): row["d"]
            for row in company_calendar(CompanySettings(calendar=kind, **THIRTY_YEARS)).to_pylist()
            if row["date_day"] == row["month_start"]
            for y, m in [row["month_label"].split("-")]
            for row in [{"y": int(y), "m": int(m), "d": row["date_day"]}]
        }
        months = sorted(first_day)
        changes = sorted(rng.sample(months[1:], rng.randint(1, 6)))
        entries = [{"month": rng.randint(1, 12)}]
        entries += [{"from": str(first_day[month]), "month": month[1]} for month in changes]
        rng.shuffle(entries)
        settings = CompanySettings.model_validate(
            {"calendar": kind, "fiscal_year_start_month": entries, **THIRTY_YEARS}
        )
        held = next(entry["month"] for entry in entries if "from" not in entry)
        years: list[list[tuple[int, int]]] = [[]]
        for month in months:
            if month in changes or month[1] == held:
                held = month[1] if month in changes else held
                years.append([])
            years[-1].append(month)
        labels: dict[tuple[int, int], tuple[str, str, int, int]] = {}
        before: tuple[int, int] | None = None
        # The first and last years of the table are not whole.
        for year in years[1:-1]:
            named, place = year[-1][0], 0
            if before is not None and before[0] == named:
                place = before[1] + 1
            before = (named, place)
            label = f"{named}{'abcdefgh'[place] if place else ''}"
            for index, month in enumerate(year):
                labels[month] = (label, f"{label}-Q{index // 3 + 1}", named, index + 1)
        rows = company_calendar(settings).to_pylist()
        found = {
            (int(y), int(m)): (
                row["year_label"],
                row["quarter_label"],
                row["fiscal_year"],
                row["fiscal_month"],
            )
            for row in rows
            if row["date_day"] == row["month_start"]
            for y, m in [row["month_label"].split("-")]
        }
        assert {month: found[month] for month in labels} == labels
        self._partitioned(rows)

    def test_weeks_from_monday_are_the_iso_weeks(self) -> None:
        for row in company_calendar(CompanySettings(**THIRTY_YEARS)).to_pylist():
            iso = row["date_day"].isocalendar()
            assert row["week_label"] == f"{iso.year}-W{iso.week:02d}"
            assert row["week_start"] == row["date_day"] - timedelta(days=iso.weekday - 1)
            assert row["week_end"] == row["week_start"] + timedelta(days=6)

    @pytest.mark.parametrize(
        ("weekend", "weekday"),
        [
            (["friday"], "Saturday"),
            (["thursday", "friday"], "Saturday"),
            (["friday", "saturday"], "Sunday"),
            (["sunday"], "Monday"),
            (["wednesday", "saturday", "sunday"], "Monday"),
            (["wednesday", "friday"], "Saturday"),
            ([], "Monday"),
        ],
    )
    def test_a_week_begins_with_the_first_working_day(
        self, weekend: list[str], weekday: str
    ) -> None:
        settings = CompanySettings.model_validate({"weekend": weekend, **THIRTY_YEARS})
        rows = company_calendar(settings).to_pylist()
        days = {row["date_day"]: row["weekday_name"] for row in rows}
        assert {days[row["week_start"]] for row in rows if row["week_start"] in days} == {weekday}

    def test_a_week_is_cut_short_where_the_weekend_moves(self) -> None:
        """From Friday to Thursday and Friday nothing moves; to Saturday and Sunday the week does.

        Saturday, April 4, still begins a week, but Monday begins the next one.
        """
        settings = CompanySettings.model_validate(
            {
                "calendar": "jalali",
                "weekend": [
                    {"days": ["friday"]},
                    {"from": "2026-04-02", "days": ["thursday", "friday"]},
                    {"from": "2026-04-05", "days": ["saturday", "sunday"]},
                ],
                "calendar_start": "2026-03-19",
                "calendar_end": "2026-04-12",
            }
        )
        weeks = {
            (row["week_label"], str(row["week_start"]), str(row["week_end"]))
            for row in company_calendar(settings).to_pylist()
        }
        assert sorted(weeks) == [
            ("1404-W52", "2026-03-14", "2026-03-20"),
            ("1405-W01", "2026-03-21", "2026-03-27"),
            ("1405-W02", "2026-03-28", "2026-04-03"),
            ("1405-W03", "2026-04-04", "2026-04-05"),
            ("1405-W04", "2026-04-06", "2026-04-12"),
        ]

    @pytest.mark.parametrize("kind", ["gregorian", "jalali"])
    @pytest.mark.parametrize("seed", range(4))
    def test_weeks_of_a_weekend_that_moves(self, kind: Any, seed: int) -> None:
        """The oracle walks through the days: a week begins where one does by now, or after seven days."""
        rng = random.Random(seed)
        first_day = date(1995, 1, 1)
        moves = sorted(rng.sample(range(100, 9000), 5))
        weekends = [
            sorted(rng.sample([name.lower() for name in calendar.day_name], rng.randint(1, 3)))
            for _ in range(6)
        ]
        entries: list[dict[str, Any]] = [{"days": weekends[0]}]
        entries += [
            {"from": str(first_day + timedelta(days=move)), "days": weekend}
            for move, weekend in zip(moves, weekends[1:], strict=True)
        ]
        settings = CompanySettings.model_validate(
            {"calendar": kind, "weekend": entries, **THIRTY_YEARS}
        )
        rows = company_calendar(settings).to_pylist()
        self._partitioned(rows, ("week",))
        before = None
        for row in rows:
            held = weekends[sum(first_day + timedelta(days=m) <= row["date_day"] for m in moves)]
            today, yesterday = (
                calendar.day_name[(row["date_day"] - timedelta(days=days)).weekday()].lower()
                for days in (0, 1)
            )
            if before is not None and row["week_start"] != before["week_start"]:
                assert row["week_start"] == row["date_day"]
                length = (row["week_start"] - before["week_start"]).days
                begins_by_now = today not in held and yesterday in held
                assert length <= 7 and (length == 7 or begins_by_now)
            before = row

    @staticmethod
    def _partitioned(
        rows: list[dict[str, Any]], grains: tuple[str, ...] = ("month", "quarter", "year", "week")
    ) -> None:
        """Every day has one period of each length, and periods follow each other by their names."""
        for grain in grains:
            names: dict[str, tuple[date, date]] = {}
            days: Counter[str] = Counter()
            for row in rows:
                bounds = (row[f"{grain}_start"], row[f"{grain}_end"])
                assert names.setdefault(row[f"{grain}_label"], bounds) == bounds
                assert bounds[0] <= row["date_day"] <= bounds[1]
                days[row[f"{grain}_label"]] += 1
            inner = list(names.items())[1:-1]
            assert all(days[name] == (end - start).days + 1 for name, (start, end) in inner)
            ordered = list(names.values())
            assert all(
                later[0] == earlier[1] + timedelta(days=1) for earlier, later in pairwise(ordered)
            )

    def test_a_year_that_is_cut_short_takes_a_letter(self) -> None:
        """From years to March to calendar years, by way of one that begins in July."""
        settings = CompanySettings.model_validate(
            {
                "fiscal_year_start_month": [
                    {"month": 4},
                    {"from": "2019-07-01", "month": 7},
                    {"from": "2019-09-01", "month": 9},
                    {"from": "2021-01-01", "month": 1},
                ]
            }
        )
        rows = company_calendar(settings).to_pylist()
        years = {row["year_label"]: (row["year_start"], row["year_end"]) for row in rows}
        labels = list(years)
        at = labels.index("2019")
        assert {name: years[name] for name in labels[at : at + 7]} == {
            "2019": (date(2018, 4, 1), date(2019, 3, 31)),
            "2019b": (date(2019, 4, 1), date(2019, 6, 30)),
            "2019c": (date(2019, 7, 1), date(2019, 8, 31)),
            "2020": (date(2019, 9, 1), date(2020, 8, 31)),
            "2020b": (date(2020, 9, 1), date(2020, 12, 31)),
            "2021": (date(2021, 1, 1), date(2021, 12, 31)),
            "2022": (date(2022, 1, 1), date(2022, 12, 31)),
        }
        quarters = {row["quarter_label"]: row["quarter_end"] for row in rows}
        assert quarters["2019c-Q1"] == date(2019, 8, 31)
        assert quarters["2020b-Q2"] == date(2020, 12, 31)
        assert {row["fiscal_year"] for row in rows if row["year_label"] == "2020b"} == {2020}

    @pytest.mark.parametrize("seed", range(4))
    def test_weekends_hold_from_their_day(self, seed: int) -> None:
        rng = random.Random(seed)
        names = [name.lower() for name in calendar.day_name]
        starts = sorted({date(2000, 1, 1) + timedelta(days=rng.randrange(9000)) for _ in range(4)})
        entries = [
            {"from": str(day), "days": rng.sample(names, rng.randint(0, 3))} for day in starts
        ]
        settings = CompanySettings.model_validate({"weekend": entries, **THIRTY_YEARS})
        worked = 0
        for row in company_calendar(settings).to_pylist():
            held = [
                e["days"] for e, day in zip(entries, starts, strict=True) if day <= row["date_day"]
            ]
            is_weekend = row["weekday_name"].lower() in (held[-1] if held else entries[0]["days"])
            worked += not is_weekend
            assert (row["is_weekend"], row["business_day_number"]) == (is_weekend, worked)

    def test_fiscal_year_is_named_after_the_year_in_which_it_ends(
        self, connection: duckdb.DuckDBPyConnection
    ) -> None:
        write_company_tables(connection, CompanySettings(fiscal_year_start_month=4))
        december = day(connection, "2017-12-31")
        assert (december["fiscal_year"], december["fiscal_quarter"]) == (2018, 3)
        assert (december["fiscal_month"], december["month_label"]) == (9, "2017-12")
        assert (december["quarter_label"], december["year_label"]) == ("2018-Q3", "2018")
        assert december["quarter_start"] == date(2017, 10, 1)
        assert (december["year_start"], december["year_end"]) == (
            date(2017, 4, 1),
            date(2018, 3, 31),
        )
        march = day(connection, "2017-03-31")
        assert (march["fiscal_year"], march["fiscal_quarter"], march["fiscal_month"]) == (
            2017,
            4,
            12,
        )

    def test_jalali_periods(self, connection: duckdb.DuckDBPyConnection) -> None:
        """1395 was a leap year: its last month had 30 days, and Nowruz fell on 2017-03-21."""
        write_company_tables(connection, CompanySettings(calendar="jalali"))
        last = day(connection, "2017-03-20")
        assert (last["jalali_date"], last["jalali_month_name"]) == ("1395-12-30", "Esfand")
        assert (last["quarter_label"], last["month_label"]) == ("1395-Q4", "1395-12")
        assert (last["year_start"], last["year_end"]) == (date(2016, 3, 20), date(2017, 3, 20))
        first = day(connection, "2017-03-21")
        assert (first["month_start"], first["month_end"]) == (
            date(2017, 3, 21),
            date(2017, 4, 20),
        )
        assert (first["fiscal_year"], first["quarter"]) == (1396, 1)

    def test_business_days(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Counted by hand with Python's calendar."""
        holidays = (Holiday(date=date(2017, 12, 25), name="Christmas Day"),)
        settings = CompanySettings(holidays=holidays, weekend=("friday", "saturday"))
        write_company_tables(connection, settings)
        christmas = day(connection, "2017-12-25")
        assert (christmas["is_holiday"], christmas["holiday_name"]) == (True, "Christmas Day")
        assert (christmas["is_weekend"], christmas["is_business_day"]) == (False, False)
        friday, sunday = day(connection, "2017-12-22"), day(connection, "2017-12-24")
        assert (friday["is_weekend"], friday["is_business_day"]) == (True, False)
        assert (sunday["is_weekend"], sunday["is_business_day"]) == (False, True)
        start = date(1990, 1, 1)
        worked = sum(
            (start + timedelta(days=n)).weekday() not in (calendar.FRIDAY, calendar.SATURDAY)
            for n in range((date(2017, 12, 31) - start).days + 1)
        )
        assert day(connection, "2017-12-31")["business_day_number"] == worked - 1

    @pytest.mark.parametrize(
        ("limits", "bands"),
        [
            (
                (10_000, 50_000),
                [("below 10k", None, 10_000), ("10k to 50k", 10_000, 50_000),
                 ("50k and more", 50_000, None)],
            ),
            (
                (12_500_000_000,),
                [("below 12.5bn", None, 12_500_000_000),
                 ("12.5bn and more", 12_500_000_000, None)],
            ),
            (
                (999, 1_234, 1_250_000),
                [("below 999", None, 999), ("999 to 1234", 999, 1_234),
                 ("1234 to 1.25m", 1_234, 1_250_000), ("1.25m and more", 1_250_000, None)],
            ),
            ((10**16,), [("below 10000000bn", None, 10**16), ("10000000bn and more", 10**16, None)]),
        ],
    )  # fmt: skip
    def test_size_bands(
        self, limits: tuple[int, ...], bands: list[tuple], connection: duckdb.DuckDBPyConnection
    ) -> None:
        write_company_tables(connection, CompanySettings(deal_size_limits=(1,)))
        write_company_tables(connection, CompanySettings(deal_size_limits=limits))
        assert connection.execute("select * from company.deal_size_bands").fetchall() == bands

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("[50000, 10000]", "10000 follows 50000"),
            ("[10000, 10000]", "10000 follows 10000"),
            ("[]", "'deal_size_limits'"),
            ("[0, 10]", "'deal_size_limits'"),
            ("[0.5]", "'deal_size_limits'"),
            ("[100000000000000000]", "'deal_size_limits'"),
        ],
    )
    def test_size_bands_that_are_none(self, written: str, message: str, tmp_path: Path) -> None:
        found = company_refusal(f"reporting_currency: EUR\ndeal_size_limits: {written}\n", tmp_path)
        assert found.startswith("2: ")
        assert message in found

    def test_business_hours(self, connection: duckdb.DuckDBPyConnection) -> None:
        week = {"monday": "08:00-12:00, 13:00-17:30", "thursday": "8:00-24:00"}
        dated = [{"hours": week}, {"from": "1403-01-01", "hours": {"friday": "09:00-12:00"}}]
        for written in ("09:00-17:00", dated):
            settings = CompanySettings.model_validate({"business_hours": written})
            write_company_tables(connection, settings)
        ever, never = date(1900, 1, 1), date(9999, 12, 31)
        nowruz = date(2024, 3, 20)
        assert connection.execute("select * from company.business_hours").fetchall() == [
            (ever, nowruz, 1, 480, 720, 780, 1050),
            (ever, nowruz, 4, 480, 1440, 1440, 1440),
            (nowruz, never, 5, 540, 720, 720, 720),
        ]

    def test_by_default_every_day_has_business_hours_and_the_weekend_takes_them(
        self, connection: duckdb.DuckDBPyConnection
    ) -> None:
        write_company_tables(connection, CompanySettings())
        rows = connection.execute(
            "select * exclude (valid_from, valid_to) from company.business_hours"
        )
        assert rows.fetchall() == [(day, 540, 1020, 1020, 1020) for day in range(1, 8)]

    def test_attribution_models(self, connection: duckdb.DuckDBPyConnection) -> None:
        rows = (
            "select attribution_model, first_touch_weight, lead_creation_weight, "
            "deal_creation_weight, closing_weight, other_touches_weight, half_life_days "
            "from company.attribution_models order by model_order"
        )
        write_company_tables(connection, CompanySettings())
        shipped = connection.execute(rows).fetchall()
        assert len(shipped) == 9
        assert all(sum(weights) == 1 for _, *weights, _ in shipped)
        full = Decimal("0.225")
        assert shipped[6] == ("full_path", full, full, full, full, Decimal("0.1"), None)
        assert shipped[8] == ("time_decay", 0, 0, 0, 0, 1, 7)
        own = [{"name": "ours", "closing": 0.3, "first_touch": 0.1, "other_touches": 0.6}]
        write_company_tables(
            connection, CompanySettings.model_validate({"attribution_models": own})
        )
        assert connection.execute(rows).fetchall() == [
            ("ours", Decimal("0.1"), 0, 0, Decimal("0.3"), Decimal("0.6"), None)
        ]

    @pytest.mark.parametrize(
        ("written", "line", "message"),
        [
            (
                "\n  - {name: a, closing: 1}\n  - {name: b, first_touch: 0.4, closing: 0.4}",
                3,
                "the weights of 'b' add up to 0.8 and must add up to 1",
            ),
            ("\n  - {name: a, closing: 0.5, other_touches: 0.6}", 2, "'a' add up to 1.1 and"),
            ("\n  - {name: a}", 2, "'a' add up to 0 and"),
            ("\n  - {name: a, closing: 1, half_life_days: 7}", 2, "it would change nothing"),
            ("\n  - {name: a, closing: 1}\n  - {name: a, first_touch: 1}", 3, "has 'a' twice"),
            ("\n  - {name: a, closing: 2, first_touch: -1}", 2, "closing"),
            ("\n  - {name: A b, closing: 1}", 2, "name"),
            ("\n  - {name: a, last_touch: 1}", 2, "last_touch"),
            (" []", 1, "the list is empty"),
        ],
    )
    def test_attribution_models_that_are_none(
        self, written: str, line: int, message: str, tmp_path: Path
    ) -> None:
        found = company_refusal(f"attribution_models:{written}\n", tmp_path)
        assert found.startswith(f"{line}: ")
        assert message in found

    def test_response_slas(self, connection: duckdb.DuckDBPyConnection) -> None:
        write_company_tables(connection, CompanySettings())
        ever, never = date(1900, 1, 1), date(9999, 12, 31)
        rows = "select * from company.response_slas"
        assert connection.execute(rows).fetchall() == [(ever, never, 60)]
        dated = [{"minutes": 60}, {"from": "2026-04-01", "minutes": 5}]
        settings = CompanySettings.model_validate({"response_sla_minutes": dated})
        write_company_tables(connection, settings)
        april = date(2026, 4, 1)
        assert connection.execute(rows).fetchall() == [(ever, april, 60), (april, never, 5)]

    def test_settings_table(self, connection: duckdb.DuckDBPyConnection) -> None:
        write_company_tables(connection, CompanySettings())
        write_company_tables(connection, CompanySettings(reporting_currency="EUR"))
        rows = connection.execute("select * from company.settings").fetchall()
        assert rows == [("EUR", "UTC", 5, "transition", 5, 7, 7, 62, 480, Decimal("0.8"))]
