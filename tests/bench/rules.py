"""When a canary is rolled back: by the judge, and by small faithful models of the rules users know

Each takes a stream, counted per second, and says after how many seconds it would go back (None: not within it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Counts, Data, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.ready import default
from deployer.model import Verdict

Row = NDArray[np.int64]
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests and bad ones per second, of the canary and of as large a baseline."""

    n: Row
    bad: Row
    base_n: Row
    base_bad: Row

    @classmethod
    def of(cls, seed: int, seconds: int, per_second: float, rate: float, base: float) -> Stream:
        chance = np.random.default_rng(seed)
        n, base_n = chance.poisson(per_second, seconds), chance.poisson(per_second, seconds)
        return cls(n, chance.binomial(n, rate), base_n, chance.binomial(base_n, base))

    def requests(self, second: int | None) -> int:
        """Requests the canary has served by then."""
        return int(self.n[:second].sum())


def only_errors(config: Config) -> Config:
    """The other metrics of the config keep their parts of alpha, but have nothing to say here."""
    return replace(config, metrics=tuple(replace(one, must_have_data=False) for one in config.metrics))


CONFIG = only_errors(default())


def ours(stream: Stream) -> int | None:
    """The first window of a run, looked at as the gate does: soon at first, then after a tenth of the time, or 10 s."""
    totals = [np.cumsum(row) for row in (stream.n, stream.bad, stream.base_n, stream.base_bad)]
    budget = Budget.of_window(CONFIG.false_abort, 1)
    for second in _looks(len(stream.n)):
        n, bad, base_n, base_bad = (int(row[second - 1]) for row in totals)
        data = Data(
            (Side("dc1", {"error_rate": Counts(base_bad, base_n)}),), (Side("dc1", {"error_rate": Counts(bad, n)}),)
        )
        if judge(CONFIG, data, budget).verdict is Verdict.FAIL:
            return second
    return None


def _looks(seconds: int) -> Iterator[int]:
    at = 1.0
    while at <= seconds:
        yield int(at)
        at += min(10.0, max(1.0, at / 10))


def flagger(stream: Stream, threshold: int = 5, least: float = 0.99) -> int | None:
    """Success of at least 99 % each minute; back at the fifth failed check."""
    return _nth_failed_minute(stream, threshold, least)


def argo(stream: Stream, limit: int = 3, least: float = 0.99) -> int | None:
    """The same each minute; back when more than three failed."""
    return _nth_failed_minute(stream, limit + 1, least)


def _nth_failed_minute(stream: Stream, failures: int, least: float) -> int | None:
    failed = 0
    for end in range(MINUTE, len(stream.n) + 1, MINUTE):
        n, bad = stream.n[end - MINUTE : end].sum(), stream.bad[end - MINUTE : end].sum()
        failed += bool(n and 1 - bad / n < least)
        if failed == failures:
            return end
    return None


def kayenta(stream: Stream, confidence: float = 0.98, tolerance: float = 0.25) -> int | None:
    """Once an hour: Mann and Whitney over the rates per minute; High where the interval of the shift is above a
    quarter of the estimated shift.
    """
    for end in range(HOUR, len(stream.n) + 1, HOUR):
        ours, theirs = (
            _per_minute(bad[:end], n[:end]) for bad, n in ((stream.bad, stream.n), (stream.base_bad, stream.base_n))
        )
        shifts = np.sort(np.subtract.outer(ours, theirs).ravel())
        size = len(ours) * len(theirs)
        reach = special.ndtri((1 + confidence) / 2) * (size * (len(ours) + len(theirs) + 1) / 12) ** 0.5
        low = shifts[max(0, int(size / 2 - reach))]
        if low > tolerance * np.median(shifts) and low > 0:
            return end
    return None


def _per_minute(bad: Row, n: Row) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = bad.reshape(-1, MINUTE).sum(axis=1) / np.maximum(n.reshape(-1, MINUTE).sum(axis=1), 1)
    return rates
