"""Contenders in turn, round by round, so that a machine that slows down slows down all of them"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Contender = Callable[[], float]
"""Does the work once: how many seconds it took (what it prepares before and clears after is not counted)."""


def interleaved(contenders: Mapping[str, Contender], rounds: int, *, warm_up: int = 0) -> dict[str, tuple[float, ...]]:
    """Seconds per contender and round; every other round runs backwards, for nobody shall always be first."""
    names = tuple(contenders)
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-warm_up, rounds):
        for name in names if number % 2 == 0 else reversed(names):
            took = contenders[name]()
            if number >= 0:
                times[name].append(took)
    return {name: tuple(found) for name, found in times.items()}


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def process(
    words: Sequence[str],
    *,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    good: tuple[int, ...] = (0,),
) -> float:
    """A whole process, from fork to wait: seconds. What it says goes to `log`; a wrong exit code stops the bench."""
    with (log or Path("/dev/null")).open("ab") as said:
        began = time.perf_counter()
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=environment, check=False
        )
        took = time.perf_counter() - began
    if done.returncode not in good:
        tail = log.read_text(errors="replace")[-3000:] if log else ""
        raise SystemExit(f"bench: {' '.join(words)} ended with {done.returncode}\n{tail}")
    return took
