"""``uv run python -m benchmarks.people``: what time sheets and payroll cost, as ratios in one run.

The yardstick is plain DuckDB, which loads the same files and aggregates hours by worker, month and
class, and pay by employee, month and code. Models are timed by dbt itself, as the time in which at
least one of them was being built; the machine should do nothing else meanwhile.
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

from benchmarks.__main__ import ROOT, machine
from benchmarks.dbt_timing import built_models, covered
from benchmarks.people_extracts import write_extracts
from ingestion.checking.mappings import load_mapping
from ingestion.company.settings import CompanySettings
from ingestion.contracts.contract_files import load_contracts
from ingestion.home import Home
from ingestion.landing.run import land

PEOPLE = 50_000
TIME_ENTRIES = 20_000_000
# Folders of models that are about people, their time and their pay.
FOLDERS = tuple(f"core/{name}" for name in ("people", "time", "pay", "commission"))
MODELS = (
    "dim_employee",
    "dim_person",
    "bridge_person",
    "int_person_accounts",
    "int_sales_rep_positions",
    "fct_time_daily",
    "fct_payroll_line",
    "fct_seller_pay",
    "fct_credit",
    "dim_rate_tier",
    "dim_spif",
    "fct_draw",
    "fct_plan_assignment",
    "fct_commission",
    "fct_commission_tier",
    "fct_commission_payable",
    "fct_commission_comparison",
    "fct_pay_cell",
    "mart_selling_time_unsuppressed",
    "mart_selling_time",
    "mart_compensation_unsuppressed",
    "mart_compensation",
    "mart_headcount",
    "mart_identity_gaps",
    "mart_commission_reconciliation",
    "mart_commission_statement",
)
AGGREGATES = (
    """
    create table hours as
    select worker_id, date_trunc('month', started_at) as month, activity_class,
        sum(epoch(ended_at) - epoch(started_at)) / 3600 as hours
    from time_entries group by all
    """,
    """
    create table pay as
    select lines.employee_id, periods.period_start, codes.earning_class,
        sum(lines.pay_amount) as pay
    from pay_lines as lines
    inner join pay_runs as runs using (pay_run_id)
    inner join pay_periods as periods using (pay_period_id)
    inner join earning_codes as codes using (earning_code)
    group by all
    """,
)
console = Console()


@dataclass
class Cost:
    """What was measured at one size, in seconds unless it says otherwise.

    Attributes:
        plain: Plain DuckDB: loading the files and aggregating them.
        landing: Landing the same files, checked against their contracts.
        models: All models of people, time and pay, built in full.
        slowest: The models that took longest, each with its own seconds.
        peak_mb: Largest resident memory of the process that built the models, in MB.
    """

    people: int
    time_entries: int
    pay_lines: int
    plain: float
    landing: float
    models: float
    slowest: dict[str, float]
    peak_mb: float


def plain_duckdb(night: Path, scratch: Path) -> float:
    """Times loading every file of a night and two aggregates, in a database file of its own."""
    started = time.perf_counter()
    with duckdb.connect(str(scratch / "plain.duckdb"), config={"threads": "2"}) as connection:
        for path in sorted(night.glob("*.csv")):
            connection.execute(f'create table "{path.stem}" as from read_csv(?)', [str(path)])
        for aggregate in AGGREGATES:
            connection.execute(aggregate)
    return time.perf_counter() - started


def models_of_people() -> set[str]:
    """Names the models that are about people, their time and their pay."""
    models = ROOT / "dbt_project" / "models"
    return {*MODELS, *(path.stem for name in FOLDERS for path in (models / name).glob("int_*"))}


def measure(people: int, time_entries: int, scratch: Path) -> Cost:
    """Measures one size in a fresh home."""
    night = write_extracts(scratch / f"extracts_{people}", people, time_entries)
    plain = plain_duckdb(night, scratch)
    with duckdb.connect(str(scratch / "plain.duckdb"), read_only=True) as connection:
        entries, lines = connection.execute(
            "select (select count(*) from time_entries), (select count(*) from pay_lines)"
        ).fetchall()[0]
    (scratch / "plain.duckdb").unlink()
    home = Home(scratch / f"home_{people}")
    started = time.perf_counter()
    source = (load_mapping("canonical"), night)
    land(home, [source], load_contracts(), "bench-people", CompanySettings())
    landing = time.perf_counter() - started
    built, peak = built_models(home.root)
    spans = {name: built[name] for name in models_of_people()}
    seconds = {name: end - start for name, (start, end) in spans.items()}
    slowest = dict(sorted(seconds.items(), key=lambda each: -each[1])[:8])
    shutil.rmtree(home.root)
    shutil.rmtree(night)
    models = covered(spans.values())
    return Cost(people, entries, lines, plain, landing, models, slowest, peak)


def report(costs: list[Cost]) -> None:
    """Prints seconds and ratios, and what took longest at the largest size."""
    table = Table(title=machine())
    for heading in (
        "people",
        "time entries",
        "pay lines",
        "plain DuckDB",
        "landing",
        "models",
        "ratio",
        "peak MB",
    ):
        table.add_column(heading, justify="right")
    for cost in costs:
        table.add_row(
            f"{cost.people:,}",
            f"{cost.time_entries:,}",
            f"{cost.pay_lines:,}",
            f"{cost.plain:.1f}",
            f"{cost.landing:.1f}",
            f"{cost.models:.1f}",
            f"{cost.models / cost.plain:.1f}",
            f"{cost.peak_mb:,.0f}",
        )
    console.print(table)
    for name, seconds in costs[-1].slowest.items():
        console.print(f"{seconds:8.1f} s  {name}")


def main(
    sizes: Annotated[str, typer.Option(help="Numbers of people, with commas.")] = "5000,50000",
    results: Annotated[Path, typer.Option(help="Where the JSON goes.")] = ROOT
    / "benchmarks"
    / "results",
) -> None:
    """Measures what people's time and pay cost, 400 time entries for each."""
    results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="salesops_bench_") as folder:
        costs = [
            measure(people, TIME_ENTRIES * people // PEOPLE, Path(folder))
            for people in (int(text) for text in sizes.split(","))
        ]
    report(costs)
    document = {"machine": machine(), "costs": [asdict(cost) for cost in costs]}
    (results / "people.json").write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
