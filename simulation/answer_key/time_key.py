"""The answer key of selling time, counted minute by minute.

Belongs here: scheduled, available and recorded hours by month and member. Does not: drawing time
sheets (working_time.py). Nothing here may be taken from the warehouse's SQL.
"""

from collections import defaultdict

import numpy as np
import pandas as pd

from simulation.company.business_calendar import MONTH
from simulation.company.structure import Company, team_id
from simulation.company.timeline import Timeline
from simulation.people.people_tables import day_text
from simulation.people.workforce import Worker, Workforce
from simulation.people.working_time import (
    CLASSES,
    MISSING_WORKER,
    WorkingTime,
    is_holiday,
    leave_minutes,
    scheduled_minutes,
)

NAMED = len(CLASSES) - 1
HOURS = (
    "scheduled_hours", "leave_hours", "holiday_hours", "available_hours", "unrecorded_hours",
    *(f"{name or 'unclassified'}_hours" for name in CLASSES), "recorded_hours",
)  # fmt: skip
SPLIT = "split_days"


def selling_time(
    time: WorkingTime, force: Workforce, company: Company, timeline: Timeline
) -> pd.DataFrame:
    """Give the hours of each month by company, team and rep.

    A rep without a user of the CRM counts for company and team alone: the warehouse names such a
    person by a pseudonym.
    """
    worked = _worked_minutes(time)
    sellers = {each.worker_id: each for each in force.workers if each.sells}
    first_day = min(day for worker, day in worked if worker != MISSING_WORKER)
    who_of = {worker: _who(record) for worker, record in sellers.items()}
    records_time: set[int | str] = set()
    says_classes: set[int | str] = set()
    for (worker_id, _), found in worked.items():
        if worker_id in who_of and any(found):
            records_time.add(who_of[worker_id])
        if worker_id in who_of and any(found[:NAMED]):
            says_classes.add(who_of[worker_id])
    sums: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for worker in sellers.values():
        for day in range(first_day, timeline.last_day + 1):
            recorded = worked.get((worker.worker_id, day))
            if not worker.employed_on(day):
                assert recorded is None or day > (worker.exited or day)
                if recorded is None:
                    continue
            minutes = _minutes(time, worker, day, recorded)
            who = who_of[worker.worker_id]
            if who in records_time:
                minutes[SPLIT] = who in says_classes and (recorded is None or any(recorded[:NAMED]))
            else:
                # Where the others say what their time went into, nothing recorded is nothing sold.
                minutes[SPLIT] = bool(says_classes)
            month = day_text(timeline.calendar.period_of(MONTH, day).start)
            for level, member in _members(worker, day, company):
                cell = sums[month, level, member]
                for name, number in minutes.items():
                    cell[name] += number
    rows = []
    for (month, level, member), cell in sorted(sums.items()):
        hours = {name: cell[name] / 60 for name in HOURS}
        if not cell[SPLIT]:
            # Nobody said what the time went into.
            hours |= {f"{name}_hours": None for name in CLASSES[:NAMED]}
        rows.append({"period_start": month, "level": level, "member_id": member} | hours)
    return pd.DataFrame(rows)


def _who(worker: Worker) -> int | str:
    """Give what the records of one person have in common."""
    return worker.person if worker.person >= 0 else worker.crosswalk or worker.worker_id


def _minutes(
    time: WorkingTime, worker: Worker, day: int, recorded: list[int] | None
) -> dict[str, int]:
    is_employed = worker.employed_on(day)
    scheduled = scheduled_minutes(time, worker, day) if is_employed else 0
    holiday = scheduled if is_employed and is_holiday(time, worker, day) else 0
    leave = 0 if holiday else leave_minutes(time, worker, day, scheduled)
    available = scheduled - holiday - leave
    found = recorded or [0] * len(CLASSES)
    numbers = (scheduled, leave, holiday, available, max(0, available - sum(found)))
    return dict(zip(HOURS, (*numbers, *found, sum(found)), strict=True))


def _members(worker: Worker, day: int, company: Company) -> list[tuple[str, str]]:
    members = [("company", "all")]
    team = worker.position_on(day).team if worker.employed_on(day) else -1
    members.append(("team", team_id(team) if team >= 0 else "unknown"))
    if worker.person >= 0:
        members.append(("rep", company.people.id(worker.person)))
    return members


def _worked_minutes(time: WorkingTime) -> dict[tuple[str, int], list[int]]:
    """Count the minutes of each worker and day by class; one minute counts once."""
    clocks: dict[tuple[str, int], np.ndarray] = {}
    for entry in time.entries:
        if entry.end is None or entry.end - entry.start > 1440:
            continue
        for day in range(entry.start // 1440, (entry.end - 1) // 1440 + 1):
            clock = clocks.setdefault((entry.worker, day), np.full(1440, len(CLASSES), np.int8))
            start, end = max(0, entry.start - day * 1440), min(1440, entry.end - day * 1440)
            clock[start:end] = np.minimum(clock[start:end], entry.kind)
    return {
        place: np.bincount(clock, minlength=len(CLASSES) + 1)[: len(CLASSES)].tolist()
        for place, clock in clocks.items()
    }
