"""How old something is: spans such as `26h`, and moments as people read them.

Belongs here: reading and writing spans of time and moments. Does not belong here: what counts as
too old (`status`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.errors import UsageError

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"(?:\d+[mhd])+")


def parse_span(text: str) -> timedelta:
    """Reads a span such as `90m`, `26h`, `2d` or `1d12h`.

    Raises:
        UsageError: It is not of that form, or is no time at all.
    """
    written = text.strip().casefold()
    if _SPAN.fullmatch(written):
        span = timedelta()
        try:
            for number, unit in re.findall(r"(\d+)([mhd])", written):
                span += timedelta(**{_UNITS[unit]: int(number)})
        except OverflowError:
            span = timedelta()
        if span:
            return span
    raise UsageError(f"'{text}' is no span of time; write minutes, hours or days: 90m, 26h, 2d")


def span_text(span: timedelta) -> str:
    """Writes a span in its two largest units: `3 d 4 h`, `26 min`."""
    minutes = max(int(span.total_seconds() // 60), 0)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def moment_text(moment: datetime, zone: str) -> str:
    """Writes a moment in the company's time zone and in UTC, each with its name.

    Args:
        moment: The moment, with its zone.
        zone: The company's time zone (IANA name).
    """
    utc = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if zone == "UTC":
        return utc
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone} ({utc})"
