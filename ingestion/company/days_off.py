"""Days without work beside the weekend: the company's own, its branches', and official ones.

Belongs here: how they are written in `company.yml`, and which of them holds on a day. Does not
belong here: what the calendar makes of them (`calendar`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from ingestion.company.dated import Block, Day
from ingestion.text.yaml_source import nearest

_Text = Annotated[str, StringConstraints(min_length=1)]
# Names in one script, so that a table of several countries can be read.
_LANGUAGE = "en_US"


class Holiday(Block):
    """A day on which the company, or one of its branches, does not work; or on which it does."""

    date: Day
    name: _Text | None = None
    branch: _Text | None = None
    working: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _is_named(self) -> Holiday:
        if self.name is None and not self.working:
            raise ValueError(
                f"{self.date} has no name; write one, or 'working: true' where it is no holiday"
            )
        return self


class OfficialHolidays(Block):
    """The official holidays of a country or a part of it, for the company or one branch."""

    country: _Text
    subdivision: _Text | None = None
    branch: _Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_code(cls, given: Any) -> Any:
        """Reads `IR` and `DE-BY`, which is how ISO 3166 writes countries and their parts."""
        if not isinstance(given, str):
            return given
        country, _, subdivision = given.partition("-")
        return {"country": country, "subdivision": subdivision or None}

    @model_validator(mode="after")
    def _is_known(self) -> OfficialHolidays:
        # Loaded where it is asked for: most companies never do.
        from holidays import list_supported_countries

        parts = list_supported_countries(include_aliases=False)
        if self.country not in parts:
            raise ValueError(
                f"no official holidays are known of '{self.country}'"
                f"{nearest(self.country, parts)}; write a country as in ISO 3166, such as IR"
            )
        known = parts[self.country]
        if self.subdivision is not None and self.subdivision not in known:
            there_are = f"there are {', '.join(known)}" if known else "there is none"
            raise ValueError(
                f"no part '{self.subdivision}' of {self.country} is known; {there_are}"
            )
        return self


def _as_list(given: Any) -> Any:
    return (given,) if isinstance(given, str | dict) else given


OneOrMore = BeforeValidator(_as_list)
"""Takes one entry for a list of it."""


@dataclass(frozen=True)
class DaysOff:
    """What is known of days beside the weekend.

    Attributes:
        holidays: Days without work, with their names.
        working: Days of work, also on a weekend.
    """

    holidays: dict[date, str] = field(default_factory=dict[date, str])
    working: set[date] = field(default_factory=set[date])

    def add(self, entries: Iterable[Holiday]) -> None:
        """Puts entries over what is known of their days."""
        for entry in entries:
            if entry.working:
                self.holidays.pop(entry.date, None)
                self.working.add(entry.date)
            else:
                self.holidays[entry.date] = entry.name or ""
                self.working.discard(entry.date)

    @property
    def days(self) -> set[date]:
        """All days of which something is known."""
        return self.working | set(self.holidays)


def days_off(
    own: Sequence[Holiday],
    official: Sequence[OfficialHolidays],
    years: range,
    branch: str | None = None,
) -> DaysOff:
    """Gives the days off of the company, or of the people of one branch.

    A branch with official holidays of its own keeps those instead of the company's. Entries of the
    company win over official ones, and entries of the branch over both.

    Args:
        own: Entries of `holidays`.
        official: Entries of `official_holidays`.
        years: Gregorian years to look at.
        branch: The branch; nothing for the company.
    """
    of_branch = [entry for entry in official if branch is not None and entry.branch == branch]
    result = DaysOff()
    for region in of_branch or [entry for entry in official if entry.branch is None]:
        result.add(_official(region.country, region.subdivision, years))
    result.add(entry for entry in own if entry.branch is None)
    result.add(entry for entry in own if branch is not None and entry.branch == branch)
    return result


@lru_cache(maxsize=32)
def _official(country: str, subdivision: str | None, years: range) -> tuple[Holiday, ...]:
    """Gives what the law says of the days of a region, where the library knows the year."""
    from holidays import country_holidays

    languages = country_holidays(country, subdivision).supported_languages
    language = _LANGUAGE if _LANGUAGE in languages else None
    found = country_holidays(country, subdivision, years=years, language=language)
    return tuple(_entries(dict(found), getattr(found, "weekend_workdays", set[date]())))


def _entries(named: dict[date, str], working: set[date]) -> Iterator[Holiday]:
    for day, name in sorted(named.items()):
        yield Holiday(date=day, name=name)
    for day in sorted(working - set(named)):
        yield Holiday(date=day, working=True)
