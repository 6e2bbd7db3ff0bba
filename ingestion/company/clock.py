"""The company's clock: the zone whose midnight begins a day, also where it changed.

Belongs here: from which moment each zone holds, and the text by which models know it. Does not
belong here: the conversion of moments, which is SQL of both engines (`macros/engines/dates.sql`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

Zones = Sequence[tuple[date, str]]
_BETWEEN = ";"


def check_zone(name: str) -> str:
    """Gives the name of a zone back.

    Raises:
        ValueError: There is no such zone.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone '{name}'; use an IANA name such as Europe/Berlin or Asia/Tehran"
        ) from None
    return name


def zone_on(zones: Zones, day: date) -> str:
    """Gives the zone of a day.

    Args:
        zones: Zones with the days from which they hold, in their order.
        day: The day.
    """
    held = [zone for first_day, zone in zones if first_day <= day]
    return held[-1] if held else zones[0][1]


def zone_rule(zones: Zones) -> str:
    """Gives the text by which models convert moments and days: a zone, or zones with starts.

    A zone's first day begins at midnight of that zone. The zone before is heard up to the earlier
    of the two midnights: where clocks were put back, the time in between is the evening of the day
    before by the new clock, and by the old one it would belong to a day that has not begun.

    Args:
        zones: Zones with the days from which they hold, in their order; the first holds for ever
            before.

    Returns:
        `Asia/Tehran`, or entries such as `2023-05-31 20:30:00 2023-06-01 Asia/Tehran` with a
        semicolon between them: the moment (UTC), the day, the zone, the earliest first.

    Raises:
        ValueError: A change moves the clock by more than a day, so that dates would run back.
    """
    if len(zones) == 1:
        return zones[0][1]
    entries = [(datetime(1, 1, 1), date(1, 1, 1), zones[0][1])]
    for (_, before), (day, zone) in pairwise(zones):
        midnights = _midnight(day, before), _midnight(day, zone)
        if abs(midnights[1] - midnights[0]) > timedelta(days=1):
            raise ValueError(f"{before} and {zone} are more than a day apart on {day}")
        entries.append((min(midnights), day, zone))
    if any(earlier[0] >= later[0] for earlier, later in pairwise(entries)):
        raise ValueError("zones follow each other within a day; keep those that hold for longer")
    return _BETWEEN.join(
        f"{moment.isoformat(' ', 'seconds')} {day.isoformat()} {zone}"
        for moment, day, zone in entries
    )


def _midnight(day: date, zone: str) -> datetime:
    """Gives the moment (UTC, naive) at which a day begins in a zone."""
    local = datetime.combine(day, time(), ZoneInfo(zone))
    return local.astimezone(UTC).replace(tzinfo=None)
