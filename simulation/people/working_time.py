"""Schedules, holidays, leave and time sheets of the last months.

Belongs here: what HR records of working time, with entries that cannot be right. Does not: the
hours that follow from it (time_key.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from simulation.company.business_calendar import WORKDAYS, BusinessCalendar, day_number
from simulation.company.streams import stream
from simulation.company.structure import Company, branch_id
from simulation.company.timeline import Timeline
from simulation.people.people_tables import Shown, day_text
from simulation.people.workforce import Worker, Workforce

RECORDED_DAYS = 91
"""Time sheets reach back so many days before the first night."""
DAY_MINUTES = 480
CLASSES = ("selling", "training", "meeting", "admin", "other", "")
"""In the order in which they count where entries overlap; the last one is of the clock alone."""
CLASS_SHARES = (0.42, 0.07, 0.21, 0.22, 0.06, 0.02)
MISSING_WORKER = "W-0000"
WEEKS = {"0.5": (8, 8, 4, 0, 0, 0, 0), "0.8": (8, 8, 8, 8, 0, 0, 0), "1": (10, 10, 10, 10, 0, 0, 0)}
"""Hours by day of the working week of those with a schedule, by their share of a full-time job."""


@dataclass(frozen=True)
class Schedule:
    """Hours to be worked on each day of the working week, weekend last, from a day on."""

    worker: str
    since: int
    hours: tuple[int, ...]


@dataclass(frozen=True)
class Holiday:
    """A day off; empty texts for everywhere."""

    day: int
    name: str
    country: str = ""
    branch: str = ""


@dataclass(frozen=True)
class Leave:
    """An absence; `minutes` a day, or None for whole days."""

    worker: str
    first: int
    last: int
    status: str
    minutes: int | None

    @property
    def counts(self) -> bool:
        """Whether the leave was taken."""
        return self.status in ("approved", "")


@dataclass(frozen=True)
class Entry:
    """A stretch of recorded time, in minutes since 1970; without an end where nobody noted it."""

    worker: str
    start: int
    end: int | None
    kind: int
    night: int


@dataclass(frozen=True)
class WorkingTime:
    """All that is recorded of working time."""

    schedules: list[Schedule]
    holidays: list[Holiday]
    leave: list[Leave]
    entries: list[Entry]
    calendar: BusinessCalendar
    company_days_off: frozenset[int]
    """Days off that the company's settings say, and no file of HR."""

    def tables(self) -> dict[str, list[Shown]]:
        """Give the rows of the tables."""
        return {
            "work_schedules": [
                Shown(
                    (
                        f"WS-{number + 1:04d}",
                        each.worker,
                        day_text(each.since),
                        "",
                        *(str(hours) if hours else "" for hours in self._from_monday(each)),
                    )
                )
                for number, each in enumerate(self.schedules)
            ],
            "holidays": [
                Shown(
                    (
                        f"HO-{number + 1:03d}",
                        day_text(each.day),
                        each.name,
                        each.country,
                        each.branch,
                    )
                )
                for number, each in enumerate(self.holidays)
            ],
            "leave": [
                Shown(
                    (
                        f"LE-{number + 1:05d}",
                        each.worker,
                        "vacation" if number % 4 else "sickness",
                        each.status,
                        day_text(each.first),
                        day_text(each.last),
                        "" if each.minutes is None else f"{each.minutes / 60:g}",
                    )
                )
                for number, each in enumerate(self.leave)
            ],
            "time_entries": [
                Shown(
                    (
                        f"TI-{number + 1:07d}",
                        each.worker,
                        _moment(each.start),
                        "" if each.end is None else _moment(each.end),
                        CLASSES[each.kind],
                    ),
                    each.night,
                    each.night,
                )
                for number, each in enumerate(self.entries)
            ],
        }

    def _from_monday(self, schedule: Schedule) -> Iterator[int]:
        """Give a schedule's hours in the order of the table's columns."""
        # Day 4 was a Monday.
        return (schedule.hours[self.calendar.weekday(4 + place)] for place in range(7))


def _moment(minute: int) -> str:
    return f"{datetime.fromtimestamp(60 * minute, UTC):%Y-%m-%d %H:%M:%S}"


def draw_working_time(
    force: Workforce, company: Company, timeline: Timeline, seed: int, per_kind: int
) -> WorkingTime:
    """Draw schedules, holidays, leave and time sheets.

    Args:
        force: Who works when and where.
        company: The places, which keep holidays of their own.
        timeline: The days and nights.
        seed: Seed of all streams.
        per_kind: How many entries of each kind to get wrong.
    """
    rng = stream(seed, "working time")
    sellers = [each for each in force.workers if each.sells]
    first = timeline.business_day(1) - RECORDED_DAYS
    schedules = list(_schedules(sellers))
    holidays = _holidays(company)
    leave = list(_leave(sellers, first, timeline.last_day, rng))
    days_off = frozenset(day_number(each) for each in company.locale.company_days_off)
    planned = WorkingTime(schedules, holidays, leave, [], timeline.calendar, days_off)
    entries = []
    # Some of the back office keep time sheets too, which are no seller's.
    for worker in [*sellers, *(each for each in force.workers if each.job == "analyst")]:
        clock_only = worker.worker_id == force.clock_only
        for day in range(first, timeline.last_day + 1):
            if not worker.employed_on(day) or rng.random() < 0.04:
                continue
            minutes = available_minutes(planned, worker, day)
            if minutes > 0:
                entries += _entries(worker.worker_id, day, minutes, clock_only, timeline, rng)
    entries += _wrong_entries(entries, per_kind, rng)
    return WorkingTime(schedules, holidays, leave, entries, timeline.calendar, days_off)


def scheduled_minutes(time: WorkingTime, worker: Worker, day: int) -> int:
    """Give the minutes to be worked on a day of employment, holidays and leave aside."""
    weekday = time.calendar.weekday(day)
    held = [
        each for each in time.schedules if each.worker == worker.worker_id and each.since <= day
    ]
    if held:
        return 60 * held[-1].hours[weekday]
    return 0 if weekday >= WORKDAYS else round(DAY_MINUTES * float(worker.position_on(day).fte))


def is_holiday(time: WorkingTime, worker: Worker, day: int) -> bool:
    """Say whether the company, or a worker's country or office, keeps a holiday on a day."""
    if day in time.company_days_off:
        return True
    branch = worker.position_on(day).branch
    here = branch_id(branch) if branch >= 0 else None
    return any(
        each.day == day and each.country in ("", worker.country) and each.branch in ("", here)
        for each in time.holidays
    )


def leave_minutes(time: WorkingTime, worker: Worker, day: int, scheduled: int) -> int:
    """Give the minutes of a working day that a worker was on leave."""
    taken = [
        each
        for each in time.leave
        if each.worker == worker.worker_id and each.first <= day <= each.last and each.counts
    ]
    if any(each.minutes is None for each in taken):
        return scheduled
    return min(scheduled, sum(each.minutes or 0 for each in taken))


def available_minutes(time: WorkingTime, worker: Worker, day: int) -> int:
    """Give the minutes of a day that are left to work."""
    scheduled = scheduled_minutes(time, worker, day)
    if not scheduled or is_holiday(time, worker, day):
        return 0
    return scheduled - leave_minutes(time, worker, day, scheduled)


def _schedules(sellers: list[Worker]) -> Iterator[Schedule]:
    """Give every other part-timer a schedule, and a few full-timers one of four long days."""
    for number, worker in enumerate(sellers):
        last = worker.positions[-1]
        if last.fte != "1" and number % 2:
            since = min(each.since for each in worker.positions if each.fte == last.fte)
            yield Schedule(worker.worker_id, since, WEEKS[last.fte])
        elif last.fte == "1" and number % 11 == 5:
            yield Schedule(worker.worker_id, worker.hired, WEEKS["1"])


def _holidays(company: Company) -> list[Holiday]:
    return [
        Holiday(
            day_number(each.on),
            each.name,
            each.country,
            "" if each.branch is None else branch_id(each.branch),
        )
        for each in company.locale.days_off
    ]


def _leave(
    sellers: list[Worker], first: int, last: int, rng: np.random.Generator
) -> Iterator[Leave]:
    for worker in sellers:
        for _ in range(int(rng.integers(0, 4))):
            start = int(rng.integers(first, last))
            kind = rng.random()
            status = "approved"
            if kind < 0.15:
                status = str(rng.choice(["rejected", "requested", "cancelled"]))
            elif kind < 0.3:
                status = ""
            minutes = None if rng.random() < 0.7 else int(rng.choice([120, 240]))
            days = int(rng.integers(1, 6)) if minutes is None else 1
            yield Leave(worker.worker_id, start, start + days - 1, status, minutes)


def _entries(
    worker: str,
    day: int,
    minutes: int,
    clock_only: bool,
    timeline: Timeline,
    rng: np.random.Generator,
) -> Iterator[Entry]:
    """Fill a day with blocks of work; some overlap, and now and then one goes past midnight."""
    night = max(1, day - timeline.business_day(1) + 1)
    start = day * 1440 + 480 + int(rng.integers(0, 9)) * 10
    if clock_only:
        yield Entry(worker, start, start + minutes, len(CLASSES) - 1, night)
        return
    blocks = 2 if minutes <= 240 else 4
    kinds = rng.choice(len(CLASSES), blocks, p=CLASS_SHARES).tolist()
    lengths = (rng.uniform(0.6, 1.3, blocks) * minutes / blocks).astype(int).tolist()
    overlaps = (rng.random(blocks) < 0.08).tolist()
    for kind, length, is_overlapping in zip(kinds, lengths, overlaps, strict=True):
        begin = start - 25 if is_overlapping else start
        yield Entry(worker, begin, start + length, kind, night)
        start += length + 5
    if rng.random() < 0.004 and day < timeline.last_day:
        # A call with the other side of the world.
        late = (day + 1) * 1440 - 90
        yield Entry(worker, late, late + 150, 0, night)


def _wrong_entries(
    entries: list[Entry], per_kind: int, rng: np.random.Generator
) -> Iterator[Entry]:
    """Give entries without an end, of thirty hours, and of nobody; beside the good ones."""
    for number in range(2 * per_kind):
        models = [entries[each] for each in rng.choice(len(entries), 3, replace=False).tolist()]
        forgotten, endless, stranger = models
        yield Entry(forgotten.worker, forgotten.start + 600, None, forgotten.kind, forgotten.night)
        yield Entry(endless.worker, endless.start, endless.start + 1_800, 0, endless.night)
        if number < per_kind:
            yield Entry(MISSING_WORKER, stranger.start, stranger.end, 0, stranger.night)
