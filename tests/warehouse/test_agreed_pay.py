"""What HR agreed with people by chance, held against a count of every day of every month."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random

from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

NIGHT = datetime(2026, 7, 1, 1)
FIRST, LAST = date(2025, 6, 1), date(2026, 6, 30)
BASES = {"month": 1, "year": 12}
PEOPLE = 25


def random_agreements(random: Random) -> list[dict]:
    """Gives agreements of which some end, some are followed by others, and some were called off."""
    found = []
    for person in range(PEOPLE):
        for number in range(random.randrange(5)):
            begins = FIRST + timedelta(days=random.randrange(-200, 420))
            lasts = random.choice([None, None, 0, 1, 17, 100])
            found.append(
                {
                    "compensation_id": f"C{person:02d}{number}",
                    "worker_id": f"W{person}",
                    "component": random.choice(["base", "base", "on_target_variable"]),
                    "pay_amount": Decimal(random.randrange(100_000_000)) / 1000,
                    "pay_basis": random.choice([*BASES, None]),
                    "effective_from": begins,
                    "effective_to": None if lasts is None else begins + timedelta(days=lasts),
                }
            )
    return found


def on_day(agreements: list[dict], worker: str, component: str, day: date) -> dict | None:
    """Gives the agreement that holds: the last one begun, unless it has ended or was called off."""
    begun = [
        each
        for each in agreements
        if each["worker_id"] == worker
        and each["component"] == component
        and each["effective_from"] <= day
        and each["effective_from"] != each["effective_to"]
    ]
    if not begun:
        return None
    latest = max(begun, key=lambda each: (each["effective_from"], each["compensation_id"]))
    return latest if latest["effective_to"] is None or day < latest["effective_to"] else None


def expected(agreements: list[dict], exits: dict[str, date]) -> dict[tuple, Fraction]:
    found: dict[tuple, Fraction] = {}
    day = FIRST
    while day <= LAST:
        next_month = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        days = (next_month - day.replace(day=1)).days
        for person in range(PEOPLE):
            worker = f"W{person}"
            if day > exits.get(worker, LAST):
                continue
            for component in ("base", "on_target_variable"):
                if agreement := on_day(agreements, worker, component, day):
                    of_month = (
                        Fraction(agreement["pay_amount"]) / BASES[agreement["pay_basis"] or "year"]
                    )
                    key = (f"{person}", day.replace(day=1), component)
                    found[key] = found.get(key, Fraction(0)) + of_month / days
        day += timedelta(days=1)
    return found


def test_what_was_agreed_is_what_every_day_of_a_month_adds_up_to(
    models: Models, tmp_path: Path
) -> None:
    random = Random(11)
    agreements = random_agreements(random)
    exits = {f"W{n}": FIRST + timedelta(days=random.randrange(390)) for n in range(0, PEOPLE, 3)}
    log = ChangeLogOfTest(tmp_path / "home")
    log.add("workers", NIGHT, [
        {"worker_id": f"W{n}", "worker_name": f"{n}", "employee_number": n,
         "hired_on": date(2020, 1, 1), "exited_on": exits.get(f"W{n}")} for n in range(PEOPLE)
    ], source="hr", system="hr")  # fmt: skip
    log.add("compensation", NIGHT, agreements, source="hr", system="hr")
    log.add("users", NIGHT, [{"user_id": "U", "user_name": "U"}])
    models.build(log.home, "+int_agreed_pay", "+dim_person")
    with read_warehouse(log.home) as warehouse:
        rows = warehouse.execute(
            """
            select people.person_name, agreed.month_start, agreed.agreed_fixed_value,
                agreed.agreed_variable_value
            from intermediate.int_agreed_pay as agreed
            inner join restricted.dim_person as people using (person_id)
            where month_start between $1 and $2
            """,
            [FIRST, LAST],
        ).fetchall()
    found = {
        (name, month, component): value
        for name, month, *values in rows
        for component, value in zip(("base", "on_target_variable"), values, strict=True)
        if value is not None
    }
    exact = expected(agreements, exits)
    assert len(exact) > 100
    assert found.keys() == exact.keys()
    # Each agreement of a month is rounded to the sixth decimal.
    assert {
        key
        for key, value in found.items()
        if abs(Fraction(value) - exact[key]) > Fraction(5, 10**6)
    } == set()
