"""Hiring and training: openings, applications and their stages, offers, courses taken.

Belongs here: how those who joined of late came to the company, and who did not. Does not: who works
there (workforce.py).
"""

from datetime import date

import numpy as np

from simulation.company.business_calendar import day_number
from simulation.company.locales import Locale
from simulation.company.streams import stream
from simulation.company.structure import Company, branch_id, team_id
from simulation.company.timeline import Timeline
from simulation.company.vocabulary import CURRENCIES, FAMILY_NAMES, GIVEN_NAMES
from simulation.people.people_tables import Row, Shown, day_text, money_text
from simulation.people.workforce import Worker, Workforce

HIRING_SINCE = day_number(date(2024, 1, 1))
MISSING_REQUISITION = "RQ-9999"
STAGES = ("screening", "interview", "case study", "offer")
SOURCES = ("referral", "job board", "agency", "career page")
COURSES: tuple[Row, ...] = (
    ("CU-01", "First weeks", "internal", "24", "true"),
    ("CU-02", "Product knowledge", "internal", "12", "true"),
    ("CU-03", "Negotiation", "external", "16", "false"),
    ("CU-04", "Forecasting", "internal", "6", "false"),
)


def draw_hiring(
    force: Workforce, company: Company, timeline: Timeline, seed: int, per_kind: int
) -> dict[str, list[Shown]]:
    """Give the rows of requisitions, applications, their stages and offers.

    Args:
        force: Whoever was hired of late came through an application.
        company: The names of offices and teams.
        timeline: The days and nights.
        seed: Seed of all streams.
        per_kind: How many applications to leave pointing at an opening that no extract has.
    """
    rng = stream(seed, "hiring")
    drawer = _Drawer(rng, timeline, company.locale.money)
    joined = [
        each
        for each in force.workers
        if HIRING_SINCE <= each.hired <= timeline.last_day and each.first_night == 1
    ]
    for worker in joined:
        drawer.fill(worker, company)
    for _ in range(2):
        drawer.leave_open(company)
    for _ in range(per_kind):
        drawer.application(MISSING_REQUISITION, timeline.last_day - 40, None)
    return drawer.tables


class _Drawer:
    def __init__(self, rng: np.random.Generator, timeline: Timeline, money: int) -> None:
        names = ("requisitions", "applications", "application_stages", "offers")
        self.tables: dict[str, list[Shown]] = {name: [] for name in names}
        self._rng = rng
        self._money = money
        self._timeline = timeline

    def _add(self, table: str, prefix: str, *values: str, first_night: int = 1) -> str:
        rows = self.tables[table]
        key = f"{prefix}-{len(rows) + 1:05d}"
        rows.append(Shown((key, *values), first_night))
        return key

    def fill(self, worker: Worker, company: Company) -> None:
        """Let a worker have been the one of several candidates who was hired."""
        opened = worker.hired - int(self._rng.integers(60, 120))
        place = worker.positions[0]
        requisition = self._add(
            "requisitions",
            "RQ",
            worker.job,
            branch_id(place.branch) if place.branch >= 0 else "",
            team_id(place.team) if place.team >= 0 else "",
            place.manager,
            "1" if self._rng.random() < 0.5 else "",
            day_text(opened),
            day_text(worker.hired - 20),
        )
        self.application(requisition, opened + 5, worker)
        for _ in range(int(self._rng.integers(1, 5))):
            self.application(requisition, opened + int(self._rng.integers(2, 25)), None)

    def leave_open(self, company: Company) -> None:
        """Ask for somebody who has not been found yet."""
        opened = self._timeline.last_day - int(self._rng.integers(20, 50))
        requisition = self._add(
            "requisitions",
            "RQ",
            "sales rep",
            branch_id(0),
            team_id(0),
            "",
            "2",
            day_text(opened),
            "",
        )
        for _ in range(3):
            self.application(requisition, opened + int(self._rng.integers(1, 10)), None)

    def application(self, requisition: str, applied: int, hired: Worker | None) -> None:
        """Add an application, the stages it went through, and the offer that came of it."""
        rng, last = self._rng, self._timeline.last_day
        name = hired.name if hired else f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}"
        reached = 3 if hired else int(rng.choice(4, p=[0.5, 0.3, 0.12, 0.08]))
        days = [applied + 1]
        for _ in range(reached):
            days.append(days[-1] + int(rng.integers(3, 10)))
        decided = min(days[-1] + 5, last)
        days = [min(day, decided) for day in days]
        status = "hired" if hired else str(rng.choice(["rejected", "withdrawn"], p=[0.8, 0.2]))
        number = len(self.tables["applications"]) + 1
        application = self._add(
            "applications",
            "AP",
            requisition,
            name,
            f"candidate{number}@mail.example",
            "",
            str(rng.choice(SOURCES)),
            status,
            day_text(applied),
            day_text(decided),
            money_text(int(rng.integers(45, 80)) * 100_000 * self._money),
            hired.worker_id if hired else "",
        )
        for stage, (entered, left) in enumerate(zip(days, [*days[1:], decided], strict=True)):
            self._add(
                "application_stages", "AS", application, STAGES[stage], day_text(entered),
                day_text(left),
            )  # fmt: skip
        if reached == 3:
            self._add(
                "offers",
                "OF",
                application,
                "accepted" if hired else "declined",
                day_text(days[-1]),
                day_text(decided),
                day_text(hired.hired if hired else decided + 30),
                money_text(hired.base_on(hired.hired) if hired else 5_500_000 * self._money),
                CURRENCIES[hired.currency] if hired else "",
            )


def draw_training(
    force: Workforce, locale: Locale, timeline: Timeline, seed: int
) -> dict[str, list[Shown]]:
    """Give the rows of courses, and of who took them: everybody the first two, some the others."""
    rng = stream(seed, "training")
    enrolments: list[Shown] = []
    for worker in force.workers:
        if not worker.sells or worker.hired > timeline.last_day - 30:
            continue
        for place, course in enumerate(COURSES):
            if place >= 2 and rng.random() < 0.6:
                continue
            start = worker.hired + 7 * (place + 1)
            if place >= 2:
                start = int(
                    rng.integers(min(start, timeline.last_day - 20), timeline.last_day - 10)
                )
            has_ended = rng.random() < 0.9
            status = str(rng.choice(["completed", "passed", "passed", "failed"]))
            enrolments.append(
                Shown(
                    (
                        f"EN-{len(enrolments) + 1:05d}",
                        worker.worker_id,
                        course[0],
                        status if has_ended else "enrolled",
                        day_text(start),
                        day_text(start + 5) if has_ended and status != "failed" else "",
                        "" if rng.random() < 0.7 else course[3],
                        money_text(90_000 * (1 if worker.currency == 1 else locale.money))
                        if course[2] == "external"
                        else "",
                        "EUR" if worker.currency == 1 else "",
                    )
                )
            )
    return {
        "training_courses": [Shown(row) for row in COURSES],
        "training_enrolments": enrolments,
    }
