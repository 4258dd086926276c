"""A/A trials: recorded data judged against themselves, to see how often a harmless release would be aborted"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config
from deployer.gates.judge.data import Counts, Data, Histogram, Metric, Samples, Side
from deployer.gates.judge.judge import judge
from deployer.model import Verdict

BLOCKS = 6
"""A series is cut into about so many pieces, which keeps neighbours together, and put together anew."""


@dataclass(frozen=True, slots=True)
class Trials:
    """How many of so many trials ended how; `shown` counts trials per metric in which harm was "shown"."""

    number: int
    verdicts: Counter[Verdict]
    shown: Counter[str]

    @property
    def highest(self) -> float:
        """The false abort rate is below this with 95 % confidence."""
        from scipy.special import betaincinv

        failed = self.verdicts[Verdict.FAIL]
        return 1.0 if failed >= self.number else float(betaincinv(failed + 1, self.number - failed, 0.95))


def trials(config: Config, sides: Sequence[Side], budget: Budget, number: int, seed: int) -> Trials:
    """Both sides are drawn anew, again and again, from the same recorded data."""
    chance = np.random.default_rng(seed)
    verdicts: Counter[Verdict] = Counter()
    shown: Counter[str] = Counter()
    for _ in range(number):
        said = judge(config, Data(tuple(_drawn(sides, chance)), tuple(_drawn(sides, chance))), budget)
        verdicts[said.verdict] += 1
        shown.update(metric.name for metric in said.metrics if metric.bad)
    return Trials(number, verdicts, shown)


def _drawn(sides: Sequence[Side], chance: np.random.Generator) -> Iterator[Side]:
    for side in sides:
        yield Side(side.site, {name: _draw(metric, chance) for name, metric in side.metrics.items()})


def _draw(metric: Metric, chance: np.random.Generator) -> Metric:
    match metric:
        case Counts(bad, total):
            return Counts(int(chance.binomial(total, bad / total)), total) if 0 <= bad <= total and total else metric
        case Histogram(unit, le, count):
            whole = sum(count)
            if whole <= 0 or min(count) < 0:
                return metric
            drawn = chance.multinomial(whole, np.array(count) / whole)
            return Histogram(unit, le, tuple(int(one) for one in drawn))
        case Samples(values, step):
            return Samples(tuple(_blocks(values, chance)), step)


def _blocks(values: tuple[float | None, ...], chance: np.random.Generator) -> Iterator[float | None]:
    """A circular block bootstrap."""
    size = max(1, -(-len(values) // BLOCKS))
    for place in range(len(values)):
        if place % size == 0:
            start = int(chance.integers(len(values)))
        yield values[(start + place % size) % len(values)]
