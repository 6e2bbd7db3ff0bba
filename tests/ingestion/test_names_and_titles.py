"""Jalali dates in names of files, headers below titles of any length, and ids written as 7.0."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from persiantools.jdatetime import JalaliDate

from ingestion.checking.mappings import load_mapping
from ingestion.errors import ExtractError, MappingError
from ingestion.mapping.feeds import Feed
from ingestion.mapping.jalali_names import jalali_time

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def test_every_day_of_forty_years() -> None:
    day = date(2001, 1, 1)
    while day < date(2041, 1, 1):
        jalali = JalaliDate(day)
        year, month, number = jalali.year, jalali.month, jalali.day
        for text in (
            f"{year}{month:02}{number:02}",
            f"{year}-{month:02}-{number:02}".translate(PERSIAN),
            f"{year}_{month}_{number}",
        ):
            assert jalali_time(text, None) == (datetime.combine(day, datetime.min.time()), True)
        day += timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "form", "meant"),
    [
        ("14050630T0415", None, "2026-09-21T04:15"),
        ("140506300415", None, "2026-09-21T04:15"),
        ("۱۴۰۵۰۶۳۰۰۴۱۵۰۹", None, "2026-09-21T04:15:09"),
        ("1405-06-30 04-15-09", None, "2026-09-21T04:15:09"),
        ("1405.6.30_04.15", None, "2026-09-21T04:15"),
        ("30-06-1405", "%d-%m-%Y", "2026-09-21T00:00"),
        ("۳۰٫۶٫۱۴۰۵ 23", "%d٫%m٫%Y %H", "2026-09-21T23:00"),
        ("14031230", "%Y%m%d", "2025-03-20T00:00"),  # a leap year
    ],
)
def test_forms(text: str, form: str | None, meant: str) -> None:
    assert jalali_time(text, form)[0] == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    ("text", "form"),
    [("14050632", None), ("14041230", None), ("1405630", None), ("1405/13/01", None),
     ("1405063004", None), ("1405063004151", None), ("140506302561", None), ("14050630T2561", None), ("1405-06-30", "%Y%m%d"), ("x", None)],
)  # fmt: skip
def test_what_is_no_time(text: str, form: str | None) -> None:
    with pytest.raises(ValueError):
        jalali_time(text, form)


class TestPaths:
    @staticmethod
    def feed(tmp_path: Path, extracted_at: str) -> Feed:
        file = tmp_path / "m.yml"
        file.write_text(
            f"mapping: m\nsource: crm\ntime_zone: Asia/Tehran\nextracted_at: {extracted_at}\n"
            "tables:\n  accounts:\n    files: '**/*.csv'\n"
            "    columns: {account_id: I, account_name: N}\n"
        )
        return load_mapping(file).feeds[0]

    @pytest.mark.parametrize(
        ("options", "path", "utc"),
        [
            ("", "14050630/a.csv", (2026, 9, 20, 20, 30)),
            (", day: end", "14050630/a.csv", (2026, 9, 21, 20, 30)),
            (", day: end", "14050630T0415/a.csv", (2026, 9, 21, 0, 45)),
            (", format: '%d%m%Y'", "30061405.csv", (2026, 9, 20, 20, 30)),
        ],
    )
    def test_speak_for_a_jalali_day(self, tmp_path: Path, options, path, utc) -> None:
        rule = f"{{pattern: '(?P<time>[0-9T]+)', calendar: jalali{options}}}"
        assert self.feed(tmp_path, rule).time_of(path) == datetime(*utc, tzinfo=UTC)

    def test_that_are_read_in_the_wrong_calendar_are_refused(self, tmp_path: Path) -> None:
        feed = self.feed(tmp_path, "{pattern: '(?P<time>[0-9]+)'}")
        with pytest.raises(ExtractError, match="set calendar: jalali beside pattern"):
            feed.time_of("14050630.csv")

    def test_without_such_a_day_are_refused(self, tmp_path: Path) -> None:
        feed = self.feed(tmp_path, "{pattern: '(?P<time>[0-9]+)', calendar: jalali}")
        with pytest.raises(ExtractError, match="no time of the format a date in the Jalali"):
            feed.time_of("14050731.csv")

    @pytest.mark.parametrize(
        ("rule", "told"),
        [
            ("{constant: 2026-01-01, calendar: jalali}", "go with pattern only"),
            (
                "{pattern: '(?P<time>.*)', calendar: jalali, format: '%Y%m'}",
                "needs year, month and day",
            ),
            (
                "{pattern: '(?P<time>.*)', calendar: jalali, format: '%Y%b%d'}",
                "needs year, month and day",
            ),
        ],
    )
    def test_mistakes_are_told(self, tmp_path: Path, rule: str, told: str) -> None:
        with pytest.raises(MappingError, match=told):
            self.feed(tmp_path, rule)


TITLES = {
    "none": "",
    "two lines": "Open business\nprinted on a Monday\n",
    "blank and quoted ones": '\n\n"Business, open",,\n,,\n',
    "with the header's words": "Report by Id,,\nAmount,Id\n",
    "many": "".join(f"line {n}\n" for n in range(300)),
}


class TestTitles:
    FEED = (
        "  opportunities:\n    files: 'deals*'\n    csv: {{skip_lines: {{until: {0}}}}}\n"
        "    columns: {{opportunity_id: Id, stage_id: Stage, amount: Amount}}\n"
    )
    TABLE = "Id,Stage,Amount\n1,open,5\n2,open,x\n"

    @pytest.mark.parametrize(
        ("title", "end"), zip(TITLES, ["\n", "\r\n", "\r", "\n", "\r\n"], strict=True)
    )
    def test_of_any_length(self, case, title: str, end: str) -> None:
        case.map(self.FEED.format("^Id$"))
        case.write("deals.csv", (TITLES[title] + self.TABLE).replace("\n", end))
        file = case.land_one()
        assert (file.status, file.records, file.quarantined) == ("landed", 2, 1)
        line = TITLES[title].count("\n") + 3
        assert case.query("select line, value from landing.quarantine") == [(line, "x")]

    @pytest.mark.parametrize("titles", [0, 1, 4])
    def test_of_a_sheet(self, case, tmp_path: Path, titles: int) -> None:
        case.map(self.FEED.format("^Id$"))
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet
        for number in range(titles):
            sheet.append([None, f"title {number}"])
        for row in (["Id", "Stage", "Amount"], ["1", "open", 5], ["2", "open", "x"]):
            sheet.append(row)
        book.save(tmp_path / "d.xlsx")
        case.write("deals.xlsx", (tmp_path / "d.xlsx").read_bytes())
        assert case.land_one().quarantined == 1
        assert case.query("select line from landing.quarantine") == [(titles + 3,)]

    def test_a_file_without_the_header_is_refused(self, case) -> None:
        case.map(self.FEED.format("^Number$"))
        case.write("deals.csv", self.TABLE)
        file = case.land_one()
        assert file.status == "refused"
        assert "fits '^Number$'" in str(file.message)

    def test_a_pattern_that_is_none(self, case) -> None:
        case.map(self.FEED.format("'(Id'"))
        with pytest.raises(MappingError, match="is no regular expression"):
            load_mapping(case.mapping_file)

    def test_a_number_of_lines_is_one_still(self, case) -> None:
        case.map(self.FEED.replace("{{until: {0}}}", "2").format())
        case.write("deals.csv", "a\nb\n" + self.TABLE)
        assert case.land_one().records == 2


class TestWholeNumbers:
    @pytest.mark.parametrize("cell", ["7.0", "-7.00", "120.0"])
    def test_written_by_a_data_frame_are_told(self, case, cell: str) -> None:
        case.map(
            "  accounts:\n    files: a.csv\n    formats: {decimal_point: ',', thousands: '.'}\n"
            "    columns: {account_id: I, account_name: N, employee_count: E}\n"
        )
        case.write("a.csv", f"I,N,E\n1,a,{cell}\n2,b,seven\n3,c,7\n")
        case.land_one()
        told = dict(case.query("select line, message from landing.quarantine"))
        assert "data frame" in told[2] and "must be a whole number" in told[2]
        assert "data frame" not in told[3]

    def test_also_where_recode_names_them_without_it(self, case) -> None:
        case.map(
            "  opportunities:\n    files: d.csv\n    columns:\n      opportunity_id: I\n"
            "      stage_id: {from: S, recode: {7: won, 8: lost}, otherwise: quarantine}\n"
        )
        case.write("d.csv", "I,S\n1,7.0\n2,8\n3,9\n")
        case.land_one()
        told = case.query(
            "select value, message like '%data frame%' from landing.quarantine order by 1"
        )
        assert told == [("7.0", True), ("9", False)]


class TestNamesOfColumns:
    """A column is found whatever keyboard wrote the header, and whichever the mapping."""

    FEED = (
        "  opportunities:\n    files: 'deals*'\n    csv: {{encoding: {encoding}}}\n"
        '    where: "\\"{stage}\\" <> \'x\'"\n'
        "    columns: {{opportunity_id: {deal}, stage_id: {stage}}}\n"
    )

    @pytest.mark.parametrize(
        ("encoding", "deal", "stage"),
        [
            ("windows-1256", "کد پيگيري", "مرحله فروش"),  # has no Persian yeh
            ("utf-8", "كد پیگیری", "مرحله\u200cفروش"),
            ("utf-8", "کد  پیـگیـری", "مرحله\nفروش"),
            ("utf-8", "کد پىگىرى\u200f", "\u202bمرحله فروش"),
            ("utf-8", "کد پیگیری", "مرحله فروش"),
        ],
    )
    def test_by_any_keyboard(self, case, encoding: str, deal: str, stage: str) -> None:
        case.map(self.FEED.format(encoding=encoding, deal="کد پیگیری", stage="مرحله فروش"))
        case.write("deals.csv", f'"{deal}","{stage}"\n1,open\n2,won\n'.encode(encoding))
        file = case.land_one()
        assert (file.status, file.accepted, file.quarantined) == ("landed", 2, 0)

    def test_the_exact_one_goes_before(self, case) -> None:
        case.map(self.FEED.format(encoding="utf-8", deal="کد", stage="مرحلة ی"))
        case.write("deals.csv", "کد,مرحلة ي,مرحلة ی\n1,other,open\n")
        case.land_one()
        assert case.query("select stage_id from crm.opportunities") == [("open",)]

    def test_two_that_only_a_keyboard_tells_apart_are_not_guessed(self, case) -> None:
        case.map(self.FEED.format(encoding="utf-8", deal="کد", stage="مرحله فروش"))
        case.write("deals.csv", "كد,مرحله ی,کد,مرحله فروش\n1,a,2,open\n")
        assert case.land_one().status == "landed"
        assert case.query("select opportunity_id from crm.opportunities") == [("2",)]
