"""Sides and metrics as tests write them"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, Effect, Kind, Measure, MetricConfig
from deployer.gates.judge.data import Data, Fault, Histogram, Metric, Samples, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.judgement import Judgement

EDGES = (*(float(edge) for edge in np.geomspace(0.005, 10, 40)), inf)
GAUGE = MetricConfig("cpu", Kind.SAMPLES, critical=True, effect=Effect(Measure.MEAN_RATIO, 1.1))
ERRORS = MetricConfig("error_rate", Kind.COUNTS, critical=True, effect=Effect(Measure.DIFFERENCE, 0.005))
RATIO = MetricConfig("error_rate", Kind.COUNTS, critical=True, effect=Effect(Measure.RATIO, 1.5))
P99 = MetricConfig("latency", Kind.HISTOGRAM, critical=True, effect=Effect(Measure.P99_RATIO, 1.25))
ONCE = Budget.once(0.02)
AGAIN = Budget.of_window(0.01, 1)


def one(metric: MetricConfig, canary: Metric | None, baseline: Metric | None, budget: Budget = ONCE) -> Judgement:
    """A verdict on one metric at one site."""
    return over(metric, {"dc1": (canary, baseline)}, budget)


def over(
    metric: MetricConfig,
    sites: Mapping[str, tuple[Metric | None, Metric | None]],
    budget: Budget = ONCE,
    *,
    also: tuple[MetricConfig, ...] = (),
    faults: tuple[Fault, ...] = (),
    **config: object,
) -> Judgement:
    """A verdict on one metric at several sites: {site: (canary, baseline)}."""
    sides = [
        tuple(Side(site, {} if pair[group] is None else {metric.source: pair[group]}) for site, pair in sites.items())  # type: ignore[dict-item]
        for group in (0, 1)
    ]
    whole = Config(metrics=(metric, *also), **config)  # type: ignore[arg-type]
    return judge(whole, Data(baseline=sides[1], canary=sides[0], faults=faults), budget)


def gauge(values: Sequence[float | None]) -> Samples:
    return Samples(tuple(None if value is None else float(value) for value in values), 60.0)


def normal(seed: int, size: int, mean: float = 1.0, spread: float = 0.1) -> Samples:
    return gauge([float(value) for value in np.random.default_rng(seed).normal(mean, spread, size)])


def correlated(seed: int, size: int, link: float, mean: float = 1.0, spread: float = 0.1) -> Samples:
    """An AR(1) series."""
    chance = np.random.default_rng(seed)
    value, values = float(chance.normal()), []
    for shock in chance.normal(0, (1 - link**2) ** 0.5, size):
        value = link * value + float(shock)
        values.append(mean + spread * value)
    return gauge(values)


def latency(seed: int, size: int, slower: float = 1.0, unit: float = 1.0) -> Histogram:
    """Log-normal around 100 ms; `slower` stretches it."""
    values = np.random.default_rng(seed).lognormal(np.log(0.1 * slower), 0.5, size)
    count, _ = np.histogram(values, bins=(0, *EDGES))
    return Histogram("s", tuple(edge * unit for edge in EDGES), tuple(int(one) for one in count))
