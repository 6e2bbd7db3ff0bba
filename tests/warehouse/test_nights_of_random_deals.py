"""What holds whatever a CRM exports night by night: the gates let it pass, and what is frozen stays.

Deals come, are decided, reopened, corrected and deleted at random, much of it on the very day that a
file is named by, or on the days around it. Such a file speaks for the end of the day before, so it
shows what lies ahead of the last known day.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from compiled_models import CATALOGS, Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse

from expectations import gates
from expectations.results import CheckResult
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home

STAGES = {"s1": (False, False), "s2": (False, False), "won": (True, True), "lost": (True, False)}
ZONES = ("UTC", "Asia/Tehran", "America/New_York")
FIRST_RATE = date(2025, 11, 1)
# Marts whose frozen numbers are held, and which columns of them.
FROZEN_NUMBERS = {
    "mart_conversion": "*",
    "mart_deal_outcome": "*",
    "mart_pushes": "*",
    "mart_sales_cycle": "*",
    "mart_stage_conversion": "*",
    "mart_forecast_precision": "*",
    "mart_pipeline_movement": "*",
    "mart_pipeline_created": "*",
}

Deal = dict[str, Any]


class Nights:
    """A company's CRM, extracted in full after random times.

    Args:
        home: Folder that gets the change log.
        seed: Of all that happens.
    """

    def __init__(self, home: Path, seed: int) -> None:
        self._draw = random.Random(seed)
        self._deals: dict[str, Deal] = {}
        self._number = 0
        self._night = datetime(2026, 2, 26)
        settings = CompanySettings(
            time_zone=self._draw.choice(ZONES),
            reporting_currency="EUR",
            close_lag_days=self._draw.choice([0, 5]),
            calendar_start=date(2025, 1, 1),
            calendar_end=date(2027, 1, 1),
        )
        self._log = ChangeLogOfTest(home, settings)

    def land(self, number: int) -> Iterator[datetime]:
        """Lands so many nights and gives the time of each extract."""
        for night in range(number):
            # Most exports are named by a day.
            self._night += timedelta(days=self._draw.choice([1, 1, 2, 5, 20, 35]))
            extracted_at = self._night + timedelta(hours=self._draw.choice([0, 0, 0, 3, 22]))
            if night == 0:
                self._land_company(extracted_at)
            self._change_deals()
            gone = [deal for deal in self._deals if night and self._draw.random() < 0.04]
            rows = [dict(row) for deal, row in self._deals.items() if deal not in gone]
            self._log.add(
                "opportunities", extracted_at, rows, [{"opportunity_id": deal} for deal in gone]
            )
            for deal in gone:
                del self._deals[deal]
            yield extracted_at

    def _land_company(self, at: datetime) -> None:
        stages = [
            {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
            for name, (closed, won) in STAGES.items()
        ]
        rates = [
            {
                "rate_date": FIRST_RATE + timedelta(days=day),
                "from_currency": "USD",
                "to_currency": "EUR",
                "rate": Decimal("0.9") + Decimal(day) / 10_000,
            }
            for day in range(400)
        ]
        self._log.add("stages", at, stages)
        self._log.add("users", at, [{"user_id": name, "user_name": name} for name in "abc"])
        self._log.add("fx_rates", at, rates)

    def _change_deals(self) -> None:
        draw = self._draw
        for _ in range(draw.randint(5, 15)):
            self._number += 1
            self._deals[f"d{self._number}"] = self._new_deal(f"d{self._number}")
        for deal in self._deals.values():
            if draw.random() < 0.4:
                deal["stage_id"] = draw.choice(list(STAGES))
            if draw.random() < 0.1:
                deal["amount"] = draw.choice([None, 50, Decimal("77.7")])
            if not STAGES[deal["stage_id"]][0]:
                if draw.random() < 0.7:
                    deal["closed_date"] = None
            elif deal["closed_date"] is None or draw.random() < 0.15:
                deal["closed_date"] = draw.choice([None, self._day(0, 0), self._day(-20, 3)])

    def _new_deal(self, name: str) -> Deal:
        draw = self._draw
        return {
            "opportunity_id": name,
            "owner_id": draw.choice(["a", "b", "c", None]),
            "stage_id": draw.choice(["s1", "s1", "s2", "won", "lost"]),
            "amount": draw.choice([None, 0, 100, Decimal("33.33")]),
            "currency_code": draw.choice(["EUR", "USD"]),
            "created_date": draw.choice([None, self._day(-20, 1)]),
            "closed_date": None,
            "probability": draw.choice([None, Decimal("0.3")]),
            "expected_close_date": draw.choice([None, self._day(-10, 20)]),
        }

    def _day(self, earliest: int, latest: int) -> date:
        return (self._night + timedelta(days=self._draw.randint(earliest, latest))).date()


def stopped_by(home: Path) -> list[CheckResult]:
    """Runs the gates behind core and marts on a home and gives the checks that stop a night."""
    files = {"raw": home / "raw.duckdb"} | {name: home / f"{name}.duckdb" for name in CATALOGS}
    place = Home(home)
    place.create()
    results = [
        gates.run_gate(
            gate, place, "night", load_contracts(), databases=files, scope=None, data_tests=()
        )
        for gate in ("core", "marts")
    ]
    return [
        check
        for result in results
        for check in result.checks
        if check.severity == "block" and check.result != "passed"
    ]


def frozen_numbers(home: Path, marts: Mapping[str, str]) -> dict[tuple[Any, ...], Counter[Any]]:
    """Gives the company's frozen numbers by mart and period, whatever else tells their rows apart.

    Of the day of a freeze itself a second file may come, and what it shows was known on that day.

    Args:
        home: Folder in which the marts were built.
        marts: The columns that are asked for, by mart.
    """
    numbers: dict[tuple[Any, ...], Counter[Any]] = {}
    with read_warehouse(home) as warehouse:
        for mart, columns in marts.items():
            rows = warehouse.execute(
                f"select period_grain, period_start, {columns} from {mart} "
                "semi join (select period_grain, period_start from core.dim_period "
                "cross join core.dim_as_of where frozen_date < as_of_date) "
                "using (period_grain, period_start) "
                "where basis = 'as_closed' and level = 'company'"
            ).fetchall()
            for grain, start, *row in rows:
                numbers.setdefault((mart, grain, start), Counter())[tuple(row)] += 1
    return numbers


# Each had a night that was stopped, one by a movement that did not add up.
@pytest.mark.parametrize("seed", [1, 8, 15])
def test_no_night_is_stopped(
    seed: int, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rendering warnings takes longer than all checks.
    monkeypatch.setattr(gates, "_write_page", lambda *_: None)
    for night in Nights(tmp_path, seed).land(3):
        models.build(tmp_path)
        assert stopped_by(tmp_path) == [], night
        assert models.failing_tests(tmp_path) == [], night


# In each, deals that no extract had shown by the freeze entered frozen numbers of one mart or another,
# or a closing that was corrected left them.
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_frozen_stays(seed: int, models: Models, tmp_path: Path) -> None:
    before: dict[tuple[Any, ...], Counter[Any]] = {}
    for night in Nights(tmp_path, seed).land(4):
        models.build(tmp_path, *(f"+{mart}" for mart in FROZEN_NUMBERS))
        now = frozen_numbers(tmp_path, FROZEN_NUMBERS)
        assert {period: now.get(period) for period in before} == before, night
        before = now
    assert before


# Of January, frozen on the 5th of February. Each deal was won, as the extract of the first of February
# shows, and a history that nobody landed before March tells how.
LATE_HISTORIES: dict[str, list[tuple[str, str, str, str]]] = {
    # field, time, value before, value after
    "the same day": [("stage_id", "2026-01-20 10:00:00", "s1", "won")],
    "a day of February": [("stage_id", "2026-01-31 23:30:00", "s1", "won")],
    "a day of December": [("stage_id", "2025-12-30 10:00:00", "s1", "won")],
    "an amount that grew since": [
        ("stage_id", "2026-01-20 10:00:00", "s1", "won"),
        ("amount", "2026-01-22 10:00:00", "60", "100"),
    ],
    "another owner since": [
        ("stage_id", "2026-01-20 10:00:00", "s1", "won"),
        ("owner_id", "2026-01-25 10:00:00", "b", "a"),
    ],
    "won again": [
        ("stage_id", "2026-01-10 10:00:00", "s1", "won"),
        ("stage_id", "2026-01-12 10:00:00", "won", "s1"),
        ("stage_id", "2026-01-20 10:00:00", "s1", "won"),
    ],
}


@pytest.mark.parametrize("has_earlier_extract", [False, True])
def test_a_history_that_is_landed_late_leaves_what_was_frozen(
    has_earlier_extract: bool, models: Models, tmp_path: Path
) -> None:
    settings = CompanySettings(
        reporting_currency="EUR", calendar_start=date(2025, 1, 1), calendar_end=date(2027, 1, 1)
    )
    log = ChangeLogOfTest(tmp_path, settings)
    first = datetime(2026, 1, 5) if has_earlier_extract else datetime(2026, 2, 1)
    stages = [
        {"stage_id": name, "stage_name": name, "is_closed": closed, "is_won": won}
        for name, (closed, won) in STAGES.items()
    ]
    log.add("stages", first, stages)
    log.add("users", first, [{"user_id": name, "user_name": name} for name in "ab"])
    deals: list[Deal] = [
        {
            "opportunity_id": name,
            "owner_id": "a",
            "stage_id": "won",
            "amount": 100,
            "currency_code": "EUR",
            "created_date": date(2025, 12, 1),
            "closed_date": date(2026, 1, 20),
        }
        for name in LATE_HISTORIES
    ]
    if has_earlier_extract:
        open_deals = [deal | {"stage_id": "s1", "closed_date": None} for deal in deals]
        log.add("opportunities", first, open_deals)
    log.add("opportunities", datetime(2026, 2, 1), deals)
    log.add("opportunities", datetime(2026, 2, 20), deals)
    wanted = {"mart_conversion": "won_deals, won_value", "mart_deal_outcome": "managed_deals"}
    marts = [f"+{mart}" for mart in wanted]
    models.build(tmp_path, *marts)
    before = frozen_numbers(tmp_path, wanted)

    log.add(
        "opportunity_field_history",
        datetime(2026, 3, 20),
        [
            {
                "history_id": f"{name} {number}",
                "opportunity_id": name,
                "field_name": field,
                "changed_at": moment,
                "old_value": old,
                "new_value": new,
            }
            for name, history in LATE_HISTORIES.items()
            for number, (field, moment, old, new) in enumerate(history)
        ],
    )
    models.build(tmp_path, *marts)

    january = ("mart_conversion", "month", date(2026, 1, 1))
    assert before[january] == Counter({(6, Decimal(600)): 1})
    now = frozen_numbers(tmp_path, wanted)
    assert {period: now.get(period) for period in before} == before
