"""How long it takes until a rise of the allowed size is seen with 80 % power, and until its absence is

Foretold by the very tests that will judge, from what the old release is like now and how many requests come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, log

import numpy as np
from scipy import special

from deployer.gates.judge.allowance import alphas, per_comparison
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, Direction, MetricConfig
from deployer.gates.judge.data import Metric, Samples
from deployer.gates.judge.expected import expected
from deployer.gates.judge.measure import bar
from deployer.gates.judge.validate import KINDS, flaw

MOST = 10**9
"""What needs more requests than this will not be seen."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Requests per minute that come to the canary, and to what it is compared with, over all sites."""

    canary: float
    baseline: float


@dataclass(frozen=True, slots=True)
class Foretold:
    """Of one metric. `requests` (points of a gauge) of the canary and `minutes` until the rise is seen if it is there;
    `settled`: minutes until it is excluded if it is not. None: never, or nobody can say; then `why` says so.
    """

    name: str
    requests: int | None = None
    minutes: float | None = None
    settled: float | None = None
    why: str = ""


def forecast(
    config: Config,
    budget: Budget,
    sites: int,
    baseline: Mapping[str, Metric],
    pace: Pace,
    *,
    rise: float | None = None,
) -> tuple[Foretold, ...]:
    """One for each metric that counts. `rise` None: of each as much as it allows."""
    spent = alphas(config, budget)
    z = float(special.ndtri((1 + config.confidence) / 2))
    told = []
    for metric in config.metrics:
        if not metric.muted:
            alpha = per_comparison(spent[metric.name], sites)[0] / (2 if metric.direction is Direction.EITHER else 1)
            told.append(_metric(metric, baseline.get(metric.source), pace, alpha=alpha, rise=rise, z=z))
    return tuple(told)


def _metric(
    metric: MetricConfig, baseline: Metric | None, pace: Pace, *, alpha: float, rise: float | None, z: float
) -> Foretold:
    if baseline is None or metric.kind not in (None, KINDS[type(baseline)]) or flaw(baseline):
        return Foretold(metric.name, why="nothing is known yet of what it is like")
    if pace.canary <= 0 or pace.baseline <= 0:
        return Foretold(metric.name, why="no requests come to both sides")
    rule = bar(KINDS[type(baseline)], metric.effect)
    points = isinstance(baseline, Samples)
    least = metric.min_points if points else metric.min_requests
    with np.errstate(all="ignore"):
        wanted = rule.allowed if rise is None else rise
        seen = expected(metric, rule, baseline, rise=wanted, share=pace.baseline / pace.canary, z=z)
        requests = _first(lambda n: seen.bet(n) >= -log(alpha), least)
        settled = _first(seen.excluded, least)
    rate = 60 / baseline.step if isinstance(baseline, Samples) and baseline.step > 0 else pace.canary
    return Foretold(
        metric.name,
        requests,
        None if requests is None else requests / rate,
        None if settled is None else settled / rate,
        "" if requests is not None else f"no number of {'points' if points else 'requests'} would show it",
    )


def _first(reached: Callable[[float], bool], least: int) -> int | None:
    """The smallest number, to a percent, that is enough."""
    low, high = float(max(least, 1)), float(MOST)
    if reached(low):
        return least
    if not reached(high):
        return None
    while high / low > 1.01:  # noqa: PLR2004
        middle = (low * high) ** 0.5
        low, high = (low, middle) if reached(middle) else (middle, high)
    return ceil(high)
