"""How long the command line takes to start: whole processes against the import of a well-known one"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from tests.bench import ground
from tests.bench.figure import Figure, ratio
from tests.bench.rounds import interleaved, process

TYPER, HELP, STATUS = 'python -c "import typer"', "deployer --help", "deployer status"
ROUNDS = 21


def measure(rounds: int | None) -> tuple[Figure, ...]:
    """`status` asks a lab in which nothing was deployed yet, and one command is one process."""
    _typer()
    with ground.lab(1) as lab:
        ours = str(Path(sys.executable).with_name("deployer"))
        inventory = str(lab.inventory)
        contenders = {
            TYPER: lambda: process([sys.executable, "-c", "import typer"]),
            HELP: lambda: process([ours, "--help"]),
            STATUS: lambda: process([ours, "status", "-i", inventory]),
        }
        times = interleaved(contenders, rounds or ROUNDS, warm_up=2)
    return ratio("help", HELP, TYPER, times, 2.0), ratio("status", STATUS, TYPER, times, 4.0)


def _typer() -> None:
    """Only the yardstick needs it."""
    if importlib.util.find_spec("typer") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "typer"], check=True)
