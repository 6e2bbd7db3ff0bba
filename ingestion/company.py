"""Company settings: the one validated file that says how this company counts.

Belongs here: the settings, their file `company.yml`, and the two small tables that models read
them from. Does not belong here: how the calendar is computed (`calendar`), and settings of the
machine such as folders and memory.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import duckdb
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from ingestion.calendar import calendar_table
from ingestion.errors import CompanyError
from ingestion.jalali import gregorian
from ingestion.raw_ddl import quoted, quoted_table, replace_table
from ingestion.system_tables import CALENDAR, SETTINGS
from ingestion.yaml_source import read_yaml

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Month = Annotated[StrictInt, Field(ge=1, le=12)]
Count = Annotated[StrictInt, Field(ge=1)]
CountOrNone = Annotated[StrictInt, Field(ge=0)]
Share = Annotated[Decimal, Field(gt=0, le=2, decimal_places=4)]


_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_FIRST_GREGORIAN_YEAR = 1700


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Holiday(_Block):
    """A day on which the company does not work.

    Its date may be written in the Jalali calendar, by a year before 1700; a date of that year in
    the Gregorian one lies in no company's calendar.
    """

    date: date
    name: Text

    @field_validator("date", mode="before")
    @classmethod
    def _in_either_calendar(cls, given: Any) -> Any:
        written = _DATE.fullmatch(given) if isinstance(given, str) else None
        if written is None or int(written[1]) >= _FIRST_GREGORIAN_YEAR:
            return given
        try:
            return gregorian(*map(int, written.groups()))
        except ValueError:
            raise ValueError(f"{given} is no date of the Jalali calendar") from None


class Source(_Block):
    """A folder of extracts and the mapping that reads it."""

    mapping: Text
    folder: Text


class CompanySettings(_Block):
    """How a company counts; every setting has a default that works."""

    reporting_currency: Currency = "USD"
    time_zone: Text = "UTC"
    fiscal_year_start_month: Month = 1
    calendar: Literal["gregorian", "jalali"] = "gregorian"
    weekend: tuple[Weekday, ...] = ("saturday", "sunday")
    holidays: tuple[Holiday, ...] = ()
    close_lag_days: CountOrNone = 5
    closing_day: Literal["transition", "stated"] = "transition"
    response_sla_minutes: Count = 60
    minimum_group_size: Count = 5
    max_rate_age_days: CountOrNone = 7
    max_lag_days: CountOrNone = 7
    standard_day_minutes: Count = 480
    ramp_target_share: Share = Decimal("0.8")
    keep_versions: Count = 7
    keep_runs: Count = 30
    calendar_start: date = date(1990, 1, 1)
    calendar_end: date = date(2049, 12, 31)
    sources: tuple[Source, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"there is no time zone '{zone}'; "
                "use an IANA name such as Europe/Berlin or Asia/Tehran"
            ) from None
        return zone

    @field_validator("weekend")
    @classmethod
    def _some_work(cls, weekend: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if len(set(weekend)) > 6:
            raise ValueError("weekend names every day of the week; no business day would be left")
        return weekend

    @field_validator("holidays")
    @classmethod
    def _each_day_once(cls, holidays: tuple[Holiday, ...]) -> tuple[Holiday, ...]:
        days = Counter(holiday.date for holiday in holidays)
        twice = [day for day, count in days.items() if count > 1]
        if twice:
            raise ValueError(f"holidays names {twice[0]} twice; put both names on one line")
        return holidays

    @model_validator(mode="after")
    def _calendar_runs_forward(self) -> CompanySettings:
        if not date(1900, 1, 1) <= self.calendar_start < self.calendar_end <= date(2199, 12, 31):
            raise ValueError(
                "calendar_start must lie before calendar_end, both from 1900-01-01 to 2199-12-31"
            )
        return self

    @model_validator(mode="after")
    def _holidays_in_calendar(self) -> CompanySettings:
        outside = [
            holiday
            for holiday in self.holidays
            if not self.calendar_start <= holiday.date <= self.calendar_end
        ]
        if outside:
            raise ValueError(
                f"the holiday {outside[0].name} ({outside[0].date}) lies outside the calendar "
                f"({self.calendar_start} to {self.calendar_end}), so it would change nothing"
            )
        return self


def load_company(path: Path) -> CompanySettings:
    """Reads the company settings; an absent or empty file means the defaults.

    Folders and mapping files under `sources` are relative to the file's own folder.

    Args:
        path: `company.yml` of the home folder.

    Raises:
        CompanyError: The file is wrong; names file and line.
    """
    if not path.exists():
        return CompanySettings()
    settings = read_yaml(path, CompanyError).validated(CompanySettings)
    sources = tuple(_placed(source, path.parent) for source in settings.sources)
    return settings.model_copy(update={"sources": sources})


def _placed(source: Source, folder: Path) -> Source:
    is_file = "/" in source.mapping or source.mapping.endswith((".yml", ".yaml"))
    mapping = str(folder / Path(source.mapping).expanduser()) if is_file else source.mapping
    return Source(mapping=mapping, folder=str(folder / Path(source.folder).expanduser()))


def write_company_tables(connection: duckdb.DuckDBPyConnection, settings: CompanySettings) -> None:
    """Replaces `company.settings` and `company.calendar` of the connection's database.

    Args:
        connection: Open on raw, with the right to write.
        settings: The company's settings.
    """
    connection.execute(f"create schema if not exists {quoted(SETTINGS.source)}")
    names = SETTINGS.column_names
    replace_table(connection, SETTINGS)
    connection.execute(
        f"insert into {quoted_table(SETTINGS)} values ({', '.join('?' * len(names))})",
        [getattr(settings, name) for name in names],
    )
    replace_table(connection, CALENDAR)
    relation = connection.from_arrow(
        calendar_table(
            start=settings.calendar_start,
            end=settings.calendar_end,
            calendar=settings.calendar,
            fiscal_year_start_month=settings.fiscal_year_start_month,
            weekend=settings.weekend,
            holidays={holiday.date: holiday.name for holiday in settings.holidays},
        )
    )
    relation.select(*CALENDAR.column_names).insert_into(f"{CALENDAR.source}.{CALENDAR.name}")
