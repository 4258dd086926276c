"""When harm is seen, against when it was foretold: data that grow from look to look"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from deployer.gates.judge.config import Config, Effect, Kind, Measure, MetricConfig
from deployer.gates.judge.data import Counts, Histogram, Metric
from deployer.gates.judge.forecast import Foretold, Pace, forecast
from deployer.gates.judge.judgement import Label
from deployer.gates.judge.ready import READY
from tests.bench.figure import Figure
from tests.gates.judge.sides import AGAIN, EDGES, latency, one

Grow = Callable[[np.random.Generator, int], NDArray[np.int64]]
"""What so many requests more add."""
RARE = MetricConfig("error_rate", Kind.COUNTS, critical=True, effect=Effect(Measure.RATIO, 1.5))
STEP = 1.05
"""Each look has so many times the requests of the one before."""


def foretold(metric: MetricConfig, baseline: Metric, rise: float | None = None) -> Foretold:
    (told,) = forecast(Config(metrics=(metric,)), AGAIN, 1, {metric.source: baseline}, Pace(60, 60), rise=rise)
    return told


def failing(rate: float) -> Grow:
    return lambda chance, n: np.array([chance.binomial(n, rate), n])


def slower(factor: float) -> Grow:
    def grow(chance: np.random.Generator, n: int) -> NDArray[np.int64]:
        return np.histogram(chance.lognormal(np.log(0.1 * factor), 0.5, n), bins=(0, *EDGES))[0]

    return grow


def seen_at(metric: MetricConfig, canary: Grow, base: Grow, requests: int, runs: int) -> float:
    """How many requests there were in four of five runs when the metric was High."""
    return float(np.quantile([_first(metric, canary, base, requests, seed) for seed in range(runs)], 0.8))


def _first(metric: MetricConfig, canary: Grow, base: Grow, requests: int, seed: int) -> float:
    chance = np.random.default_rng(seed)
    ours, theirs, had = canary(chance, 0), base(chance, 0), 0
    for n in _looks(requests):
        ours, theirs = ours + canary(chance, n - had), theirs + base(chance, n - had)
        had = n
        if one(metric, measured(metric, ours), measured(metric, theirs), AGAIN).metrics[0].label is Label.HIGH:
            return n
    return float("inf")


def _looks(requests: int) -> Iterator[int]:
    n = 0.2 * requests
    while n < 4 * requests:
        yield int(n)
        n *= STEP


def measured(metric: MetricConfig, grown: NDArray[np.int64]) -> Metric:
    numbers = tuple(int(number) for number in grown)
    return Counts(numbers[0], numbers[1]) if metric.kind is Kind.COUNTS else Histogram("s", EDGES, numbers)


def measure(rounds: int | None) -> tuple[Figure, ...]:
    """How far the foretold number of requests is from the one that was needed, in percent of it."""
    runs = rounds or 200
    cases = (
        ("p99 + 30 %", READY["latency_p99"], latency(1, 200_000), slower(1.3), slower(1.0), 1.3),
        ("2 x of rare errors over none", RARE, Counts(0, 5_000), failing(2e-4), failing(1e-4), 2.0),
    )
    figures = []
    for name, metric, baseline, canary, base, rise in cases:
        told = foretold(metric, baseline, rise).requests or 0
        needed = seen_at(metric, canary, base, told, runs)
        apart = 100 * abs(told / needed - 1)
        note = f"{name}: foretold {told:,}, in four of five of {runs} runs seen by {needed:,.0f}"
        figures.append(Figure("judge-forecast", name, "foretold", apart, apart, apart, "%", 30.0, notes=(note,)))
    return tuple(figures)
