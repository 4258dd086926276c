"""python -m tests.bench [row…] [-n ROUNDS]: measure, print the table, write bench.json"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.rows import ROWS, measure
from tests.bench.table import table, write


def main() -> int:
    """0 when every target is met, 1 when one is missed."""
    words = argparse.ArgumentParser(prog="python -m tests.bench")
    words.add_argument("row", nargs="*", help=f"one of {', '.join(ROWS)}; none: all of them")
    words.add_argument("-n", "--rounds", type=int, help="how often each contender runs")
    words.add_argument("-o", "--output", type=Path, default=Path("bench.json"))
    told = words.parse_args()
    unknown = sorted(set(told.row) - set(ROWS))
    if unknown:
        words.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the lab is taken down then, too
    figures: list[Figure] = []
    for figure in measure(told.row or ROWS, told.rounds):
        figures.append(figure)
        sys.stderr.write(f"{figure.row}: {figure.value:.3g} {figure.unit} {figure.verdict}\n")
        write(figures, told.output)
    sys.stdout.write(table(figures) + "\n")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
