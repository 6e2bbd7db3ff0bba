"""``uv run python -m benchmarks``: times refreshes of the demo company against plain DuckDB.

Every measure is a whole process, started anew, so imports count. Within a round the measures of
all scales are interleaved, and medians over the rounds are reported as ratios to L (see
`benchmarks.baseline`), because machines differ and are noisy while ratios in one run are not.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import altair as alt
import pandas as pd
import psutil
import typer
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
DEALS = 20_000  # at scale 1
# What a CRM without a field history does not export; benchmarks.history measures with it.
HISTORY = ("opportunity_field_history", "forecast_submissions", "quotas")
MEASURES = ("L", "full refresh", "one more night", "nothing new")
console = Console()


@dataclass
class Sample:
    """One timed process.

    Attributes:
        scale: Scale of the demo company; 1 is 20,000 deals.
        measure: Which of `MEASURES` it is.
        seconds: Wall time of the whole process.
        peak_mb: Largest resident memory of the process and its children, in MB.
        phases: Seconds per phase of a refresh, as its run record says.
    """

    scale: float
    measure: str
    seconds: float
    peak_mb: float
    phases: dict[str, float] = field(default_factory=dict)


def timed(command: list[str]) -> tuple[float, float, str]:
    """Runs a command and watches the memory of its process tree.

    Returns:
        Wall seconds, peak resident MB and standard output.

    Raises:
        RuntimeError: If the command fails; its output is in the message.
    """
    peak = 0
    finished = threading.Event()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )

    def watch() -> None:
        nonlocal peak
        root = psutil.Process(process.pid)
        while not finished.wait(0.05):
            resident = 0
            try:
                for member in [root, *root.children(recursive=True)]:
                    resident += member.memory_info().rss
            except psutil.Error:
                continue
            peak = max(peak, resident)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    out, err = process.communicate()
    seconds = time.perf_counter() - started
    finished.set()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}\n{out}\n{err}")
    return seconds, peak / 1e6, out


def refresh(home: Path, night: Path) -> tuple[float, float, dict[str, float]]:
    """Times one `salesops refresh` of one night's folder."""
    command = [sys.executable, "-m", "orchestration.command", "refresh", "--json"]
    seconds, peak, out = timed([*command, "--home", str(home), "--source", f"canonical={night}"])
    return seconds, peak, json.loads(out)["phases"]


def run_round(scale: float, nights: list[Path], scratch: Path) -> list[Sample]:
    """Runs the four measures once at one scale, in a fresh home."""
    home = scratch / f"home_{scale:g}"
    shutil.rmtree(home, ignore_errors=True)
    seconds, peak, _ = timed([sys.executable, "-m", "benchmarks.baseline", str(nights[0])])
    samples = [Sample(scale, "L", seconds, peak)]
    for measure, night in zip(MEASURES[1:], (nights[0], nights[1], nights[1]), strict=True):
        samples.append(Sample(scale, measure, *refresh(home, night)))
    shutil.rmtree(home, ignore_errors=True)
    return samples


@dataclass(frozen=True)
class Median:
    """A measure's medians over the rounds, and its ratio to L of the same scale."""

    scale: float
    measure: str
    seconds: float
    peak_mb: float
    ratio_to_l: float


def medians(samples: list[Sample]) -> list[Median]:
    """Gives one row per scale and measure."""
    grouped: dict[tuple[float, str], list[Sample]] = {}
    for sample in samples:
        grouped.setdefault((sample.scale, sample.measure), []).append(sample)
    seconds = {key: statistics.median(s.seconds for s in group) for key, group in grouped.items()}
    return [
        Median(
            scale=scale,
            measure=measure,
            seconds=seconds[scale, measure],
            peak_mb=statistics.median(s.peak_mb for s in group),
            ratio_to_l=seconds[scale, measure] / seconds[scale, "L"],
        )
        for (scale, measure), group in grouped.items()
    ]


def phase_shares(samples: list[Sample], measure: str) -> dict[float, dict[str, float]]:
    """Gives the share of each phase in the phases' median total, by scale."""
    shares: dict[float, dict[str, float]] = {}
    for scale in dict.fromkeys(s.scale for s in samples):
        runs = [s.phases for s in samples if s.scale == scale and s.measure == measure]
        phases = {
            name: statistics.median(run.get(name, 0.0) for run in runs)
            for name in dict.fromkeys(name for run in runs for name in run)
        }
        total = sum(phases.values())
        shares[scale] = {name: value / total for name, value in phases.items()}
    return shares


def machine() -> str:
    """Names the machine: processor, cores, memory and Python."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, {platform.system()}"
    )


def plot(table: list[Median], path: Path) -> None:
    """Draws seconds by deals and measure on logarithmic axes."""
    frame = pd.DataFrame([asdict(row) | {"deals": row.scale * DEALS} for row in table])
    alt.Chart(frame).mark_line(point=True).encode(
        x=alt.X("deals:Q", scale=alt.Scale(type="log"), title="deals"),
        y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="seconds, whole process"),
        color=alt.Color("measure:N", sort=list(MEASURES), title=None),
    ).properties(width=420, height=280).save(path)


def report(table: list[Median], shares: dict[float, dict[str, float]]) -> None:
    """Prints the ratios and where the time of a full refresh goes."""
    rich = Table(title=machine())
    for heading in ("deals", "measure", "seconds", "ratio to L", "peak MB"):
        rich.add_column(heading, justify="left" if heading == "measure" else "right")
    for row in table:
        deals = f"{row.scale * DEALS:,.0f}"
        ratio, peak = f"{row.ratio_to_l:.1f}", f"{row.peak_mb:,.0f}"
        rich.add_row(deals, row.measure, f"{row.seconds:.1f}", ratio, peak)
    console.print(rich)
    phases = Table(title="Share of a full refresh by phase")
    phases.add_column("phase")
    for scale in shares:
        phases.add_column(f"{scale * DEALS:,.0f} deals", justify="right")
    for phase in dict.fromkeys(name for by_phase in shares.values() for name in by_phase):
        phases.add_row(phase, *(f"{by_phase.get(phase, 0):.0%}" for by_phase in shares.values()))
    console.print(phases)


def main(
    scales: Annotated[str, typer.Option(help="Scales to measure, with commas.")] = "1,10,100",
    rounds: Annotated[int, typer.Option(help="How often each measure is taken.")] = 3,
    results: Annotated[Path, typer.Option(help="Where JSON and plot go.")] = ROOT
    / "benchmarks"
    / "results",
    seed: Annotated[int, typer.Option(help="Seed of the demo company.")] = 7,
) -> None:
    """Measures refreshes of the demo company against plain DuckDB and prints the ratios."""
    from simulation import simulate

    results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="salesops_bench_") as folder:
        scratch = Path(folder)
        nights: dict[float, list[Path]] = {}
        for scale in (float(text) for text in scales.split(",")):
            company = scratch / f"company_{scale:g}"
            started = time.perf_counter()
            simulate(company, scale=scale, seed=seed, nights=2, people=False, leads=False)
            took = time.perf_counter() - started
            console.print(f"simulated scale {scale:g} in {took:.1f} s")
            nights[scale] = sorted((company / "extracts").iterdir())
            for file in (f for table in HISTORY for f in company.glob(f"extracts/*/{table}.csv")):
                file.unlink()
        samples: list[Sample] = []
        for number in range(rounds):
            for scale, folders in nights.items():
                samples += run_round(scale, folders, scratch)
                console.print(f"round {number + 1}, scale {scale:g} done")
    table, shares = medians(samples), phase_shares(samples, "full refresh")
    report(table, shares)
    document = {
        "machine": machine(),
        "rounds": rounds,
        "seed": seed,
        "medians": [asdict(row) for row in table],
        "samples": [asdict(sample) for sample in samples],
    }
    (results / "benchmark.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(table, results / "benchmark.svg")
    console.print(f"wrote {results / 'benchmark.json'} and benchmark.svg")


if __name__ == "__main__":
    typer.run(main)
