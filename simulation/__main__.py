"""`python -m simulation FOLDER`: writes the demo company's extracts and their answer key.

Belongs here: reading the command line. Does not: the simulation (simulator.py).
"""

import argparse
from pathlib import Path

from simulation.company.locales import LOCALES
from simulation.simulator import simulate


def main() -> None:
    """Simulate a company as the command line says and print what was written."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where to write extracts/ and expected/")
    parser.add_argument("--scale", type=float, default=1, help="1 is 20,000 deals")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--locale", choices=list(LOCALES), default="en")
    options = parser.parse_args()
    summary = simulate(
        options.folder, options.scale, options.seed, options.nights, locale=options.locale
    )
    print(
        f"{len(summary.nights)} nights, {summary.opportunities:,} deals, {summary.line_items:,} "
        f"line items, {summary.rows:,} records in {summary.seconds:.1f} s -> {summary.folder}"
    )


if __name__ == "__main__":
    main()
