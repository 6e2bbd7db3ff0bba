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
    command = [sys.executable, "-m", "orchestration.cli", "refresh", "--json"]
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


def medians(samples: list[Sample]) -> pd.DataFrame:
    """One row per scale and measure: median seconds, peak MB and ratio to L of that scale."""
    frame = pd.DataFrame([asdict(sample) for sample in samples]).drop(columns="phases")
    table = frame.groupby(["scale", "measure"], sort=False).median().reset_index()
    baseline = table[table["measure"] == "L"].set_index("scale")["seconds"]
    table["ratio_to_l"] = table["seconds"] / table["scale"].map(baseline)
    return table


def phase_shares(samples: list[Sample]) -> pd.DataFrame:
    """One row per scale, measure and phase: median seconds and share of the phases' total."""
    rows = [
        {"scale": s.scale, "measure": s.measure, "phase": phase, "seconds": seconds}
        for s in samples
        for phase, seconds in s.phases.items()
    ]
    frame = pd.DataFrame(rows)
    table = frame.groupby(["scale", "measure", "phase"], sort=False).median().reset_index()
    total = table.groupby(["scale", "measure"])["seconds"].transform("sum")
    table["share"] = table["seconds"] / total
    return table


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


def plot(table: pd.DataFrame, path: Path) -> None:
    """Draws seconds by scale and measure on logarithmic axes, with L for comparison."""
    chart = (
        alt.Chart(table)
        .mark_line(point=True)
        .encode(
            x=alt.X("deals:Q", scale=alt.Scale(type="log"), title="deals"),
            y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="seconds, whole process"),
            color=alt.Color("measure:N", sort=list(MEASURES), title=None),
        )
        .properties(width=420, height=280)
    )
    chart.transform_calculate(deals="datum.scale * 20000").save(path)


def report(table: pd.DataFrame, phases: pd.DataFrame) -> None:
    """Prints the ratios and where the time of a full refresh goes."""
    rich = Table(title=machine())
    for heading in ("deals", "measure", "seconds", "ratio to L", "peak MB"):
        rich.add_column(heading, justify="left" if heading == "measure" else "right")
    for row in table.itertuples():
        rich.add_row(
            f"{row.scale * 20000:,.0f}",
            str(row.measure),
            f"{row.seconds:.1f}",
            f"{row.ratio_to_l:.1f}",
            f"{row.peak_mb:,.0f}",
        )
    console.print(rich)
    shares = Table(title="Share of a full refresh by phase")
    full = phases[phases["measure"] == "full refresh"]
    pivot = full.pivot_table(index="phase", columns="scale", values="share", sort=False)
    shares.add_column("phase")
    for scale in pivot.columns:
        shares.add_column(f"{scale * 20000:,.0f} deals", justify="right")
    for phase, values in pivot.iterrows():
        shares.add_row(str(phase), *(f"{value:.0%}" for value in values))
    console.print(shares)


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
            simulate(company, scale=scale, seed=seed, nights=2)
            took = time.perf_counter() - started
            console.print(f"simulated scale {scale:g} in {took:.1f} s")
            nights[scale] = sorted((company / "extracts").iterdir())
        samples: list[Sample] = []
        for number in range(rounds):
            for scale, folders in nights.items():
                samples += run_round(scale, folders, scratch)
                console.print(f"round {number + 1}, scale {scale:g} done")
    table, phases = medians(samples), phase_shares(samples)
    report(table, phases)
    document = {
        "machine": machine(),
        "rounds": rounds,
        "seed": seed,
        "medians": table.to_dict("records"),
        "phases": phases.to_dict("records"),
    }
    (results / "benchmark.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(table, results / "benchmark.svg")
    console.print(f"wrote {results / 'benchmark.json'} and benchmark.svg")


if __name__ == "__main__":
    typer.run(main)
