"""A whole run of a harmless release over the default ladder, as the judge sees it"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Counts, Data, Histogram, Samples, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.ready import READY, default
from deployer.model import Verdict
from tests.gates.judge.sides import EDGES, correlated, latency

SHARES, BAKE = (0.01, 0.05, 0.25, 0.5, 0.5), 300.0
"""Of 1, 5, 25, 50 and 100 %: the last one is watched against as many hosts of the old release."""
SITES, GROUPS, STEP = ("dc1", "dc2"), ("canary", "baseline"), 15.0
PER_SECOND, ERRORS = 100.0, 0.002
BUCKETS = np.array(latency(0, 200_000).count) / 200_000


@dataclass(slots=True)
class _Seen:
    """One group at one site, since its window began."""

    n: int = 0
    bad: int = 0
    count: np.ndarray[tuple[int], np.dtype[np.int64]] = field(default_factory=lambda: np.zeros(len(EDGES), int))

    def more(self, chance: np.random.Generator, requests: float) -> None:
        n = int(chance.poisson(requests))
        self.n, self.bad = self.n + n, self.bad + int(chance.binomial(n, ERRORS))
        self.count = self.count + chance.multinomial(n, BUCKETS)


def aborted(seed: int, link: float, looks: int, config: Config | None = None) -> bool:
    """Whether the judge fails it at any of so many looks at each step; gauges have this correlation."""
    whole = config or default(READY)
    chance = np.random.default_rng(seed)
    return any(
        judge(whole, data, Budget.of_window(whole.false_abort, number)).verdict is Verdict.FAIL
        for number, share in enumerate(SHARES, 1)
        for data in _window(chance, share, link, looks)
    )


def _window(chance: np.random.Generator, share: float, link: float, looks: int) -> Iterator[Data]:
    seen = {(group, site): _Seen() for group in GROUPS for site in SITES}
    points = int(BAKE / STEP)
    gauges = {
        (*key, name): correlated(int(chance.integers(2**31)), points, link).values
        for key in seen
        for name in ("cpu", "memory", "blocked_threads")
    }
    for look in range(1, looks + 1):
        for one in seen.values():
            one.more(chance, PER_SECOND * share / len(SITES) * BAKE / looks)
        upto = points * look // looks
        canary, baseline = (tuple(_side(seen, gauges, (group, site), upto) for site in SITES) for group in GROUPS)
        yield Data(baseline, canary)


def _side(
    seen: Mapping[tuple[str, str], _Seen],
    gauges: Mapping[tuple[str, str, str], tuple[float | None, ...]],
    whose: tuple[str, str],
    points: int,
) -> Side:
    one = seen[whose]
    return Side(
        whose[1],
        {
            "error_rate": Counts(one.bad, one.n),
            "latency": Histogram("s", EDGES, tuple(int(count) for count in one.count)),
            **{name: Samples(row[:points], STEP) for (*key, name), row in gauges.items() if tuple(key) == whose},
        },
    )
