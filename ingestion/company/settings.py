"""Company settings: the one validated file that says how this company counts.

Belongs here: the settings, their file `company.yml`, and the small tables that models read them
from. Does not belong here: how the calendar is computed (`calendar`), and settings of the
machine such as folders and memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import pyarrow as pa
from persiantools.jdatetime import JalaliDate
from pydantic import (
    AfterValidator,
    Field,
    StrictInt,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ingestion.company.attribution import AttributionModels, model_rows, shipped_models
from ingestion.company.business_hours import NINE_TO_FIVE, DatedHours, Hours, hours_rows
from ingestion.company.calendar import WEEKDAYS, calendar_table
from ingestion.company.clock import check_zone, zone_on, zone_rule
from ingestion.company.dated import Block, ByKind, Day, NoGaps, Span, validity
from ingestion.company.days_off import DaysOff, Holiday, OfficialHolidays, OneOrMore, days_off
from ingestion.contracts.raw_ddl import quoted, quoted_table, replace_table
from ingestion.contracts.system_tables import (
    ATTRIBUTION_MODELS,
    BRANCH_DAYS,
    BUSINESS_HOURS,
    CALENDAR,
    DEAL_SIZE_BANDS,
    RESPONSE_SLAS,
    SETTINGS,
)
from ingestion.errors import CompanyError
from ingestion.text.yaml_source import PlacedError, read_yaml


def _some_work(weekend: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if len(set(weekend)) > 6:
        raise ValueError("weekend names every day of the week; no business day would be left")
    return weekend


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Zone = Annotated[Text, AfterValidator(check_zone)]
Weekend = Annotated[tuple[Weekday, ...], AfterValidator(_some_work)]
Month = Annotated[StrictInt, Field(ge=1, le=12)]
Count = Annotated[StrictInt, Field(ge=1)]
CountOrNone = Annotated[StrictInt, Field(ge=0)]
# What an amount in raw can be worth at most.
Limit = Annotated[StrictInt, Field(ge=1, le=10**16)]
Limits = Annotated[tuple[Limit, ...], Field(min_length=1)]
Share = Annotated[Decimal, Field(gt=0, le=2, decimal_places=4)]
# Below a half, two leads would count as one person who more likely are two.
Probability = Annotated[Decimal, Field(ge=Decimal("0.5"), le=1, decimal_places=4)]


class DatedZone(Span):
    """A time zone with the days for which it holds."""

    zone: Zone


class DatedMonth(Span):
    """The month in which fiscal years begin, with the days for which that holds."""

    month: Month


class DatedWeekend(Span):
    """A weekend with the days for which it holds."""

    days: Weekend


class DatedMinutes(Span):
    """A number of minutes with the days for which it holds."""

    minutes: Count


class Source(Block):
    """A folder of extracts and the mapping that reads it."""

    mapping: Text
    folder: Text


class CompanySettings(Block):
    """How a company counts; every setting has a default that works."""

    reporting_currency: Currency = "USD"
    time_zone: Annotated[
        Annotated[Zone, Tag("plain")] | Annotated[tuple[DatedZone, ...], NoGaps, Tag("dated")],
        ByKind,
    ] = "UTC"
    calendar: Literal["gregorian", "jalali"] = "gregorian"
    # Behind the calendar, whose months it counts.
    fiscal_year_start_month: Annotated[
        Annotated[Month, Tag("plain")] | Annotated[tuple[DatedMonth, ...], NoGaps, Tag("dated")],
        ByKind,
    ] = 1
    weekend: Annotated[
        Annotated[Weekend, Tag("plain")]
        | Annotated[tuple[DatedWeekend, ...], NoGaps, Tag("dated")],
        ByKind,
    ] = ("saturday", "sunday")
    business_hours: Annotated[
        Annotated[Hours, Tag("plain")] | Annotated[tuple[DatedHours, ...], NoGaps, Tag("dated")],
        ByKind,
    ] = NINE_TO_FIVE
    response_sla_minutes: Annotated[
        Annotated[Count, Tag("plain")] | Annotated[tuple[DatedMinutes, ...], NoGaps, Tag("dated")],
        ByKind,
    ] = 60
    holidays: tuple[Holiday, ...] = ()
    official_holidays: Annotated[tuple[OfficialHolidays, ...], OneOrMore] = ()
    close_lag_days: CountOrNone = 5
    closing_day: Literal["transition", "stated"] = "transition"
    minimum_group_size: Count = 5
    max_rate_age_days: CountOrNone = 7
    max_lag_days: CountOrNone = 7
    max_pay_gap_days: Count = 62
    standard_day_minutes: Count = 480
    ramp_target_share: Share = Decimal("0.8")
    lead_match_probability: Probability = Decimal("0.95")
    deal_size_limits: Limits = (10_000, 50_000, 250_000)
    attribution_models: AttributionModels = Field(default_factory=shipped_models)
    keep_versions: Count = 7
    keep_runs: Count = 30
    calendar_start: Day = date(1990, 1, 1)
    calendar_end: Day = date(2049, 12, 31)
    sources: tuple[Source, ...] = ()

    @property
    def time_zones(self) -> tuple[tuple[date, str], ...]:
        """Time zones with the days from which they hold, in their order."""
        if isinstance(self.time_zone, str):
            return ((date.min, self.time_zone),)
        return tuple((entry.first_day, entry.zone) for entry in self.time_zone)

    @property
    def fiscal_year_starts(self) -> tuple[tuple[date, int], ...]:
        """Months in which fiscal years begin, with the days from which that holds."""
        if isinstance(self.fiscal_year_start_month, int):
            return ((date.min, self.fiscal_year_start_month),)
        return tuple((entry.first_day, entry.month) for entry in self.fiscal_year_start_month)

    @property
    def weekends(self) -> tuple[tuple[date, frozenset[str]], ...]:
        """Days of the week without work, with the days from which that holds."""
        dated = [entry for entry in self.weekend if isinstance(entry, DatedWeekend)]
        if dated:
            return tuple((entry.first_day, frozenset(entry.days)) for entry in dated)
        return ((date.min, frozenset(str(name) for name in self.weekend)),)

    def state_of(self, day: date, days: DaysOff) -> tuple[bool, str | None]:
        """Tells whether a day is on the weekend, and the name of the holiday that it is."""
        held = [weekend for first_day, weekend in self.weekends if first_day <= day]
        weekend = held[-1] if held else self.weekends[0][1]
        is_weekend = WEEKDAYS[day.weekday()].lower() in weekend and day not in days.working
        return is_weekend, days.holidays.get(day)

    @property
    def branches(self) -> tuple[str, ...]:
        """Branches with days off of their own."""
        entries = (*self.holidays, *self.official_holidays)
        return tuple(sorted({entry.branch for entry in entries if entry.branch is not None}))

    def days_off(self, branch: str | None = None) -> DaysOff:
        """Gives the days off of the company, or of the people of one branch."""
        years = range(self.calendar_start.year, self.calendar_end.year + 1)
        return days_off(self.holidays, self.official_holidays, years, branch)

    def zone_on(self, day: date) -> str:
        """Gives the time zone of a day (IANA name)."""
        return zone_on(self.time_zones, day)

    @field_validator("time_zone")
    @classmethod
    def _days_follow_each_other(
        cls, zones: str | tuple[DatedZone, ...]
    ) -> str | tuple[DatedZone, ...]:
        if not isinstance(zones, str):
            zone_rule([(entry.first_day, entry.zone) for entry in zones])
        return zones

    @field_validator("fiscal_year_start_month")
    @classmethod
    def _years_begin_with_their_month(
        cls, months: int | tuple[DatedMonth, ...], info: ValidationInfo
    ) -> int | tuple[DatedMonth, ...]:
        if isinstance(months, int):
            return months
        is_jalali = info.data.get("calendar") == "jalali"
        # The first entry only says what held before the others.
        for entry in months[1:]:
            day = JalaliDate(entry.first_day) if is_jalali else entry.first_day
            if (day.month, day.day) != (entry.month, 1):
                raise ValueError(
                    f"a fiscal year that starts in month {entry.month} cannot begin on {day}; "
                    "'from' is the first day of the first year that starts in that month"
                )
        return months

    @field_validator("holidays")
    @classmethod
    def _each_day_once(cls, holidays: tuple[Holiday, ...]) -> tuple[Holiday, ...]:
        named: set[tuple[date, str | None]] = set()
        for number, holiday in enumerate(holidays):
            if (holiday.date, holiday.branch) in named:
                where = f" of branch {holiday.branch}" if holiday.branch else ""
                raise PlacedError(
                    f"holidays names {holiday.date}{where} twice; put both names on one line",
                    number,
                )
            named.add((holiday.date, holiday.branch))
        return holidays

    @field_validator("deal_size_limits")
    @classmethod
    def _each_limit_above_the_last(cls, limits: tuple[int, ...]) -> tuple[int, ...]:
        for number, (lower, upper) in enumerate(pairwise(limits), start=1):
            if upper <= lower:
                raise PlacedError(
                    f"{upper} follows {lower}; name the worth at which each size band begins, "
                    "the least first",
                    number,
                )
        return limits

    @model_validator(mode="after")
    def _calendar_runs_forward(self) -> CompanySettings:
        if not date(1900, 1, 1) <= self.calendar_start < self.calendar_end <= date(2199, 12, 31):
            start, end = "calendar_start", "calendar_end"
            raise PlacedError(
                "calendar_start must lie before calendar_end, both from 1900-01-01 to 2199-12-31",
                start if start in self.model_fields_set else end,
            )
        return self

    @model_validator(mode="after")
    def _holidays_in_calendar(self) -> CompanySettings:
        for number, holiday in enumerate(self.holidays):
            if not self.calendar_start <= holiday.date <= self.calendar_end:
                named = f"{holiday.name} ({holiday.date})" if holiday.name else holiday.date
                raise PlacedError(
                    f"the holiday {named} lies outside the calendar "
                    f"({self.calendar_start} to {self.calendar_end}), so it would change nothing",
                    "holidays",
                    number,
                    "date",
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


def company_calendar(settings: CompanySettings) -> pa.Table:
    """Computes the company's calendar: one row per day, with the columns of `company.calendar`."""
    days = settings.days_off()
    return calendar_table(
        start=settings.calendar_start,
        end=settings.calendar_end,
        calendar=settings.calendar,
        fiscal_year_starts=settings.fiscal_year_starts,
        weekends=settings.weekends,
        holidays=days.holidays,
        working_days=days.working,
    )


def branch_days(settings: CompanySettings) -> pa.Table:
    """Computes the days on which a branch is not off, or off, as the company is.

    Returns:
        One row per branch and such day, with the columns of `company.branch_days`.
    """
    company = settings.days_off()
    rows: list[tuple[str, date, bool, str | None]] = []
    for branch in settings.branches:
        own = settings.days_off(branch)
        for day in sorted(company.days | own.days):
            if not settings.calendar_start <= day <= settings.calendar_end:
                continue
            found = settings.state_of(day, own)
            if found != settings.state_of(day, company):
                rows.append((branch, day, *found))
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    types = (pa.string(), pa.date32(), pa.bool_(), pa.string())
    branches, days, weekends, names = (
        pa.array(column, kind) for column, kind in zip(columns, types, strict=True)
    )
    return pa.table(
        {
            "branch_id": branches,
            "date_day": days,
            "is_weekend": weekends,
            "is_holiday": names.is_valid(),
            "holiday_name": names,
        }
    )


def deal_size_bands(limits: Sequence[int]) -> pa.Table:
    """Names the bands between limits.

    Args:
        limits: Worth, in whole units of the reporting currency, at which a new band begins; rising.

    Returns:
        One row per band, one more than there are limits, with the columns of
        `company.deal_size_bands`.
    """
    names = [shortened(limit) for limit in limits]
    between = [f"{lower} to {upper}" for lower, upper in pairwise(names)]
    return pa.table(
        {
            "size_band": [f"below {names[0]}", *between, f"{names[-1]} and more"],
            "value_from": pa.array([None, *limits], pa.int64()),
            "value_below": pa.array([*limits, None], pa.int64()),
        }
    )


def business_hours(settings: CompanySettings) -> pa.Table:
    """Gives the business hours, with the columns of `company.business_hours`."""
    dated = [entry for entry in settings.business_hours if isinstance(entry, DatedHours)]
    if dated:
        return hours_rows([(entry.first_day, entry.hours) for entry in dated])
    plain = (day for day in settings.business_hours if not isinstance(day, DatedHours))
    return hours_rows([(date.min, tuple(plain))])


def response_slas(settings: CompanySettings) -> pa.Table:
    """Gives the response targets, with the columns of `company.response_slas`."""
    target = settings.response_sla_minutes
    entries = (
        [(date.min, target)]
        if isinstance(target, int)
        else [(entry.first_day, entry.minutes) for entry in target]
    )
    first_days, after, minutes = zip(*validity(entries), strict=True)
    return pa.table(
        {
            "valid_from": pa.array(first_days, pa.date32()),
            "valid_to": pa.array(after, pa.date32()),
            "response_sla_minutes": pa.array(minutes, pa.int64()),
        }
    )


def shortened(number: int) -> str:
    """Writes a number as it is said, such as 2.5m; in full where that would round it."""
    for unit, suffix in ((10**9, "bn"), (10**6, "m"), (10**3, "k")):
        if number >= unit and number * 100 % unit == 0:
            return f"{number / unit:.2f}".rstrip("0").rstrip(".") + suffix
    return str(number)


def write_company_tables(connection: duckdb.DuckDBPyConnection, settings: CompanySettings) -> None:
    """Replaces the settings and calendars of the connection's database, in schema `company`.

    Args:
        connection: Open on raw, with the right to write.
        settings: The company's settings.
    """
    connection.execute(f"create schema if not exists {quoted(SETTINGS.source)}")
    names = SETTINGS.column_names
    values = {**dict(settings), "time_zone": zone_rule(settings.time_zones)}
    replace_table(connection, SETTINGS)
    connection.execute(
        f"insert into {quoted_table(SETTINGS)} values ({', '.join('?' * len(names))})",
        [values[name] for name in names],
    )
    for table, rows in (
        (CALENDAR, company_calendar(settings)),
        (BRANCH_DAYS, branch_days(settings)),
        (DEAL_SIZE_BANDS, deal_size_bands(settings.deal_size_limits)),
        (BUSINESS_HOURS, business_hours(settings)),
        (RESPONSE_SLAS, response_slas(settings)),
        (ATTRIBUTION_MODELS, model_rows(settings.attribution_models)),
    ):
        replace_table(connection, table)
        relation = connection.from_arrow(rows)
        relation.select(*table.column_names).insert_into(f"{table.source}.{table.name}")
