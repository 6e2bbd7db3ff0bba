"""The demo company's answer key beside what a refresh made of its extracts; shared by the tests of both.

Belongs here: reading the key and comparing tables with it. Does not: what has to agree.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from orchestration.command.demo import demo
from orchestration.run.demo_nights import DemoLocale

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Demo:
    """A demo company that the answer key is held against."""

    seed: int
    scale: float
    nights: int
    locale: DemoLocale = DemoLocale.EN

    def __str__(self) -> str:
        return f"seed{self.seed}_scale{self.scale}_{self.locale}"

    @property
    def zone(self) -> ZoneInfo:
        """The clock that the company's nights go by."""
        return ZoneInfo("Asia/Tehran" if self.locale is DemoLocale.FA else "UTC")

    def night_of(self, at: datetime) -> str:
        """Gives the night of an extract by the time that it speaks for."""
        return at.replace(tzinfo=UTC).astimezone(self.zone).date().isoformat()


# Large enough that an owner of open deals without a territory of their own changes territory.
SMALL = Demo(seed=11, scale=0.1, nights=3)
# What all nights of it have in common with its plain twin is compared value by value, so the least.
PERSIAN = Demo(seed=5, scale=0.05, nights=2, locale=DemoLocale.FA)


def demos() -> list[Demo]:
    """Gives the small companies, or one like the README's for each of `SALESOPS_KEY_SEEDS`.

    `SALESOPS_KEY_LOCALE=fa` makes those companies of Tehran.
    """
    seeds = os.environ.get("SALESOPS_KEY_SEEDS")
    if not seeds:
        return [SMALL, PERSIAN]
    usual = {name: each.default for name, each in signature(demo).parameters.items()}
    locale = DemoLocale(os.environ.get("SALESOPS_KEY_LOCALE", "en"))
    return [Demo(int(seed), usual["scale"], usual["nights"], locale) for seed in seeds.split(",")]


# Checks of references are named after their column, `owner_id_known`. These two sound like it, and tell
# of a rate or a limit that is missing.
IS_OF_REFERENCE = (
    "(check_name like '%\\_known' escape '\\' "
    "and check_name not in ('exchange_rate_known', 'limits_are_known'))"
)
PIPELINE = [
    "open_deals", "open_value", "weighted_value", "overdue_deals", "overdue_value",
    "no_amount_deals", "undated_deals",
]  # fmt: skip
PIPELINE_OF_LAST_DAY = """
select as_of_date, level, member_id, open_deals, open_value,
    coalesce(weighted_value, 0) as weighted_value, overdue_deals, overdue_value, no_amount_deals,
    undated_deals
from mart_pipeline_value
where as_of_date = (select max(as_of_date) from mart_pipeline_value)
"""
LEAD_RESPONSES = [
    "leads", "responded_leads", "untouched_leads", "timed_leads", "timed_responses",
    "first_response_minutes", "mean_first_response_minutes", "median_first_response_minutes",
    "p90_first_response_minutes", "first_response_business_minutes",
    "mean_first_response_business_minutes", "median_first_response_business_minutes",
    "p90_first_response_business_minutes", "within_sla_leads", "sla_share", "positive_responses",
    "positive_response_rate", "mean_days_to_positive_response", "median_days_to_positive_response",
    "kaplan_meier_median_first_response_minutes",
]  # fmt: skip
LEAD_RESPONSES_BY_MONTH = f"""
select (select max(as_of_date) from mart_pipeline_value) as as_of_date,
    basis, period_start, level, member_id, {", ".join(LEAD_RESPONSES)}
from mart_lead_response
where period_grain = 'month'
"""
CAMPAIGN_RESULTS = [
    "cost_value", "members", "responses", "touches", "leads", "opportunities", "pipeline_value",
    "won_deals", "won_value",
]  # fmt: skip
CAMPAIGN_RESULTS_BY_MONTH = f"""
select (select max(as_of_date) from mart_pipeline_value) as as_of_date,
    period_start, level, member_id, attribution_model, {", ".join(CAMPAIGN_RESULTS)}
from mart_campaign
where period_grain = 'month'
"""


Row = dict[str, str]


def expected(company: Path, name: str) -> list[Row]:
    with (company / "expected" / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    return rows


def without_managers(rows: list[Row]) -> list[Row]:
    """Leaves out the level that the key has not: `test_managers` works out managers by itself."""
    return [row for row in rows if row.get("level") != "manager"]


def agree(
    found: list[Row], key: list[Row], by: list[str], columns: list[str], tolerance: float = 1e-9
) -> None:
    """Compares the numbers of two tables row by row; an empty one equals only an empty one."""

    def numbers(rows: list[Row]) -> dict[tuple[str, ...], dict[str, float | None]]:
        return {
            tuple(row[name] for name in by): {
                name: float(row[name]) if row[name] else None for name in columns
            }
            for row in rows
        }

    shown = without_managers(found)
    ours, theirs = numbers(shown), numbers(key)
    assert len(ours) == len(shown)
    assert ours.keys() == theirs.keys()
    differing = {
        (*place, name): (ours[place][name], number)
        for place, row in theirs.items()
        for name, number in row.items()
        if not _same(ours[place][name], number, tolerance)
    }
    assert differing == {}, "(warehouse, answer key)"


def _same(one: float | None, other: float | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= tolerance


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    """Gives a query's rows as texts by column, an empty one for NULL."""
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [
        dict(zip(names, ("" if each is None else str(each) for each in row), strict=True))
        for row in result.fetchall()
    ]


def refresh(home: Path, *sources: str) -> None:
    """Refreshes a home by the command."""
    command = [sys.executable, "-m", "orchestration.command", "refresh", "--json"]
    command += ["--home", str(home)]
    for source in sources:
        command += ["--source", source]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def refresh_nights(company: Path, home: Path, locale: DemoLocale = DemoLocale.EN) -> None:
    """Refreshes the nights one by one by the command, and keeps what only each can be asked."""
    if (company / "company.yml").exists():
        shutil.copy(company / "company.yml", home)
    for night in sorted((company / "extracts").iterdir()):
        refresh(home, f"{locale.mapping}={night}")
        # Only this night's numbers can be compared with what was known then.
        with duckdb.connect(str(home / "published" / "marts.duckdb"), read_only=True) as marts:
            marts.execute("use marts")
            pipeline = rows_of(marts, PIPELINE_OF_LAST_DAY)
            leads = rows_of(marts, LEAD_RESPONSES_BY_MONTH)
            campaigns = rows_of(marts, CAMPAIGN_RESULTS_BY_MONTH)
        (home / f"pipeline_{night.name}.json").write_text(json.dumps(pipeline))
        (home / f"leads_{night.name}.json").write_text(json.dumps(leads))
        (home / f"campaigns_{night.name}.json").write_text(json.dumps(campaigns))
