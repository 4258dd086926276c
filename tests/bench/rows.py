"""The rows by name, and what measures each"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import cast

from tests.bench.figure import Figure

Measure = Callable[[int | None], tuple[Figure, ...]]
"""How many rounds (None: as many as the row finds right) → its figures."""

ROWS = {
    "help": ("start_up", "measure"),
    "status": ("start_up", "measure"),
    "plan": ("in_memory", "plan"),
    "journal": ("in_memory", "journal"),
    "sweep": ("in_memory", "sweep"),
    "artifact": ("artifact", "measure"),
    "cost": ("cost", "measure"),
    "abort": ("aborting", "measure"),
    "switch": ("switch", "measure"),
    "evacuate": ("evacuation", "measure"),
    "evacuate-last": ("evacuation", "measure"),
    "judge-time": ("verdicts", "speed"),
    "judge-requests": ("verdicts", "requests"),
    "judge-forecast": ("foreseen", "measure"),
    "judge-abort": ("verdicts", "aborts"),
    "viewers": ("viewers", "measure"),
    "rolling": ("rolling", "measure"),
    "out-of-pool": ("rolling", "away"),
}


def measure(names: Iterable[str], rounds: int | None) -> Iterator[Figure]:
    """The figures of these rows; rows that are measured together share their run."""
    wanted = tuple(names)
    for module, function in dict.fromkeys(ROWS[name] for name in wanted):
        run = cast("Measure", getattr(import_module(f"tests.bench.{module}"), function))
        yield from (figure for figure in run(rounds) if figure.row in wanted)
