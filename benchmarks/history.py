"""``uv run python -m benchmarks.history``: what the deal history costs, as ratios in one run.

Three questions: how many times longer its models take than DuckDB takes to sort the change events
once by deal and time and aggregate them by day; what one more night costs; and how much longer a
row per deal and day would take than running sums of changes. Models are timed by dbt itself, as the
time in which at least one of them was being built; the machine should do nothing else meanwhile.
"""

import json
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.__main__ import DEALS, ROOT, machine
from benchmarks.dbt_timing import built_models, covered
from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from ingestion.landing.run import land
from simulation import simulate

MODELS = (
    "int_opportunity_versions_shown",
    "int_opportunity_field_changes",
    "int_opportunity_observations",
    "int_opportunity_versions_observed",
    "int_opportunity_versions_sequenced",
    "int_opportunity_versions_valued",
    "fct_opportunity_version",
    "fct_opportunity_event",
    "fct_stage_visit",
    "fct_quota",
    "fct_forecast_submission",
    "mart_pipeline_value",
    "fct_pipeline_span",
    "int_fx_rates_by_period",
    "int_pipeline_versions_at_freeze",
    "int_pipeline_spans_at_freeze",
    "int_pipeline_states",
    "fct_pipeline_movement",
    "mart_pipeline_movement",
    "fct_pipeline_at_freeze",
    "fct_stage_outcome_at_freeze",
    "mart_stage_conversion",
    "mart_pipeline_efficiency",
    "mart_forecast_precision",
    "mart_quota_attainment",
    "mart_pushes",
    "mart_win_loss",
)
# A row per deal and day explodes; beyond this many deals it is not even tried.
MOST_DEALS_BY_DAY = 200_000
BY_DAY = """
create or replace table open_by_day as
select calendar.date_day, v.opportunity_id, v.sales_rep_id, v.territory_id, v.product_id,
    v.lead_source, v.stage_id, v.forecast_category, v.opportunity_value, v.weighted_value,
    v.expected_close_date < calendar.date_day as is_overdue
from warehouse.core.fct_opportunity_version as v
inner join warehouse.core.dim_date as calendar
    on calendar.date_day >= v.valid_from_date and calendar.date_day < v.valid_to_date
where not v.is_closed and not v.is_excluded
    and calendar.date_day <= (select max(as_of_date) from marts.marts.mart_pipeline_value)
"""
BY_MEMBER = """
create or replace table pipeline_by_day as
select date_day, sales_rep_id, territory_id, product_id, lead_source, stage_id, forecast_category,
    count(*) as open_deals, sum(opportunity_value) as open_value,
    sum(weighted_value) as weighted_value, count_if(is_overdue) as overdue_deals
from open_by_day
group by grouping sets (
    (date_day), (date_day, sales_rep_id), (date_day, territory_id), (date_day, product_id),
    (date_day, lead_source), (date_day, stage_id), (date_day, forecast_category)
)
"""
SORTED = """
create or replace table sorted_events as
select * from raw.crm.opportunity_field_history order by opportunity_id, changed_at, history_id
"""
AGGREGATED = """
create or replace table events_by_day as
select cast(changed_at as date) as day, field_name, count(*) as events,
    count(distinct opportunity_id) as deals
from sorted_events group by all
"""
console = Console()


@dataclass
class Cost:
    """What was measured at one scale, in seconds unless it says otherwise.

    Attributes:
        events: Change events of the first night.
        sorting: Sorting them once by deal and time, and aggregating them by day.
        models: All models of the deal history, built in full.
        one_more_night: The same after another night was landed.
        running_sums: mart_pipeline_value alone.
        by_day: The same numbers by a row per deal and day; None where that was not tried.
        peak_mb: Largest resident memory of the process that built the models, in MB.
    """

    deals: int
    events: int
    sorting: float
    models: float
    one_more_night: float
    running_sums: float
    by_day: float | None
    peak_mb: float


def build(home: Path, night: Path) -> tuple[float, float, float]:
    """Lands a night, builds all models, and gives seconds of the deal history and peak MB.

    Returns:
        Seconds in which any model of the deal history was being built, seconds of the daily
        pipeline alone, and the largest resident memory of dbt in MB.
    """
    source = (load_mapping("canonical"), night)
    land(Home(home), [source], load_contracts(), f"bench-{night.name}", CompanySettings())
    built, peak = built_models(home)
    start, end = built["mart_pipeline_value"]
    return covered(built[name] for name in MODELS), end - start, peak


def connect(home: Path) -> duckdb.DuckDBPyConnection:
    """Opens a scratch database beside raw and warehouse, with the threads that dbt has."""
    scratch = home / "bench.duckdb"
    scratch.unlink(missing_ok=True)
    connection = duckdb.connect(str(scratch), config={"threads": "2", "memory_limit": "2GB"})
    connection.execute(f"attach '{home / 'raw.duckdb'}' as raw (read_only)")
    connection.execute(f"attach '{home / 'warehouse.duckdb'}' as warehouse (read_only)")
    connection.execute(f"attach '{home / 'marts.duckdb'}' as marts (read_only)")
    return connection


def seconds_of(connection: duckdb.DuckDBPyConnection, *statements: str) -> float:
    """Times some statements."""
    started = time.perf_counter()
    for statement in statements:
        connection.execute(statement)
    return time.perf_counter() - started


def measure(scale: float, seed: int, scratch: Path) -> Cost:
    """Measures one scale in a fresh home."""
    company, home = scratch / f"company_{scale:g}", scratch / f"home_{scale:g}"
    simulate(company, scale=scale, seed=seed, nights=2, people=False, leads=False)
    first, second = sorted((company / "extracts").iterdir())
    models, running_sums, peak = build(home, first)
    with connect(home) as connection:
        events = connection.execute(
            "select count(*) from raw.crm.opportunity_field_history"
        ).fetchall()[0][0]
        sorting = seconds_of(connection, SORTED, AGGREGATED)
        deals = round(scale * DEALS)
        by_day = None
        if deals <= MOST_DEALS_BY_DAY:
            by_day = seconds_of(connection, BY_DAY, BY_MEMBER)
    (home / "bench.duckdb").unlink()
    one_more_night, _, _ = build(home, second)
    shutil.rmtree(home)
    shutil.rmtree(company)
    return Cost(deals, events, sorting, models, one_more_night, running_sums, by_day, peak)


def report(costs: list[Cost]) -> None:
    """Prints seconds and ratios."""
    table = Table(title=machine())
    for heading in (
        "deals",
        "events",
        "sort + aggregate",
        "models",
        "ratio",
        "one more night",
        "by running sums",
        "by deal and day",
        "ratio",
        "peak MB",
    ):
        table.add_column(heading, justify="right")
    for cost in costs:
        table.add_row(
            f"{cost.deals:,}",
            f"{cost.events:,}",
            f"{cost.sorting:.1f}",
            f"{cost.models:.1f}",
            f"{cost.models / cost.sorting:.1f}",
            f"{cost.one_more_night / cost.models:.0%}",
            f"{cost.running_sums:.2f}",
            "" if cost.by_day is None else f"{cost.by_day:.1f}",
            "" if cost.by_day is None else f"{cost.by_day / cost.running_sums:.1f}",
            f"{cost.peak_mb:,.0f}",
        )
    console.print(table)


def main(
    scales: Annotated[str, typer.Option(help="Scales to measure, with commas.")] = "1,10,100",
    results: Annotated[Path, typer.Option(help="Where the JSON goes.")] = ROOT
    / "benchmarks"
    / "results",
    seed: Annotated[int, typer.Option(help="Seed of the demo company.")] = 7,
) -> None:
    """Measures what the deal history of the demo company costs."""
    results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="salesops_bench_") as folder:
        costs = [measure(float(text), seed, Path(folder)) for text in scales.split(",")]
    report(costs)
    document = {"machine": machine(), "seed": seed, "costs": [asdict(cost) for cost in costs]}
    (results / "history.json").write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
