"""A thread that measures what users of each site get while somebody looks at a run"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deployer.errors import DeployerError
from deployer.gates.bake import Counts
from deployer.recurring import Recurring
from deployer.world import Clock

EVERY = 2.0
"""Seconds between two looks."""

Answered = Mapping[str, Mapping[str, Counts]]
"""By site and the machine that counted."""


class Gauge(Recurring):
    """Asks from `with` to its end; `told` gets a sentence for each site that somebody counts for."""

    def __init__(
        self, ask: Callable[[], Answered], told: Callable[[Mapping[str, str]], None], clock: Clock, every: float = EVERY
    ) -> None:
        super().__init__("gauge", every, at_once=True)
        self._ask = ask
        self._told = told
        self._clock = clock
        self._last: Answered = {}
        self._at = 0.0
        self._sums: dict[str, Counts] = {}

    def _act(self) -> bool:
        try:
            seen = self._ask()
        except DeployerError:  # the run itself will meet it, and say so
            return True
        before, now = self._at, self._clock.monotonic()
        if self._last:
            new = {site: grown(count, self._last.get(site, {})) for site, count in seen.items()}
            self._sums = {site: self._sums.get(site, Counts()).plus(count) for site, count in new.items()}
            self._told({site: sentence(new[site], self._sums[site], now - before) for site in new})
        self._last, self._at = seen or self._last, now
        return True


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
