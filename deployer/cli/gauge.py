"""A thread that measures what users of each site get while somebody looks at a run"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Self

from deployer.errors import DeployerError
from deployer.gates.bake import Counts
from deployer.world import Clock

EVERY = 2.0
"""Seconds between two looks."""

Answered = Mapping[str, Mapping[str, Counts]]
"""By site and the machine that counted."""


class Gauge:
    """Asks from `with` to its end; `told` gets a sentence for each site that somebody counts for."""

    def __init__(
        self, ask: Callable[[], Answered], told: Callable[[Mapping[str, str]], None], clock: Clock, every: float = EVERY
    ) -> None:
        self._ask = ask
        self._told = told
        self._clock = clock
        self._every = every
        self._over = Event()
        self._thread = Thread(target=self._run, name="gauge", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        last: Answered = {}
        before, sums = self._clock.monotonic(), dict[str, Counts]()
        while not self._over.wait(self._every if last else 0.0):
            try:
                seen = self._ask()
            except DeployerError:  # the run itself will meet it, and say so
                self._over.wait(self._every)
                continue
            now = self._clock.monotonic()
            if last:
                new = {site: grown(count, last.get(site, {})) for site, count in seen.items()}
                sums = {site: sums.get(site, Counts()).plus(count) for site, count in new.items()}
                self._told({site: sentence(new[site], sums[site], now - before) for site in new})
            last, before = seen or last, now


def grown(now: Mapping[str, Counts], before: Mapping[str, Counts]) -> Counts:
    """What was added at all machines that were there both times."""
    new = Counts()
    for machine, count in now.items():
        if machine in before:
            new = new.plus(count.since(before[machine]))
    return new


def sentence(new: Counts, whole: Counts, seconds: float) -> str:
    """`118 requests/s, 0 failing, 32 failed`: the rate of now, what fails now, and the sum since somebody looks."""
    rate = new.requests / seconds if seconds > 0 else 0.0
    return f"{rate:.0f} requests/s, {new.failed:,} failing, {whole.failed:,} failed"
