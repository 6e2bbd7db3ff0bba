"""Company settings and calendar."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.company import CompanySettings, Holiday, load_company, write_company_tables
from ingestion.errors import CompanyError

JALALI = Path(__file__).parents[3] / "shared/data/jalali_calendar"


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
            "response_sla_minutes: 30\n"
            "minimum_group_size: 4\n"
            "max_rate_age_days: 10\n"
            "ramp_target_share: 0.75\n"
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
            ("weekend:\n  - saturday\n  - holiday\n", 3, "'weekend'"),
            ("time_zone: UTC\ntimezone: UTC\n", 2, "unknown key 'timezone'"),
            ("holidays:\n  - {date: 2017-02-30, name: x}\n", 2, "'date'"),
            (
                "holidays:\n  - {date: 2017-02-03, name: x}\n  - {date: 2017-02-03, name: y}\n",
                1,
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
        path = tmp_path / "company.yml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(CompanyError) as caught:
            load_company(path)
        assert caught.value.message.startswith(f"{path}:{line}: ")
        assert message in caught.value.message


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

    def test_settings_table(self, connection: duckdb.DuckDBPyConnection) -> None:
        write_company_tables(connection, CompanySettings())
        write_company_tables(connection, CompanySettings(reporting_currency="EUR"))
        rows = connection.execute("select * from company.settings").fetchall()
        assert rows == [
            ("EUR", "UTC", 1, "gregorian", 5, "transition", 60, 5, 7, 7, 480, Decimal("0.8"))
        ]
