"""What the planner foretells is what the judge then needs, give or take 30 %"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, Effect, Kind, Measure, MetricConfig
from deployer.gates.judge.data import Counts, Histogram, Metric
from deployer.gates.judge.forecast import Pace, forecast
from deployer.gates.judge.judgement import Label
from deployer.gates.judge.ready import READY, default
from tests.gates.judge.sides import AGAIN, EDGES, correlated, latency, one

Draw = Callable[[np.random.Generator, int], tuple[Callable[[int], Metric], Callable[[int], Metric]]]
RARE = MetricConfig("error_rate", Kind.COUNTS, critical=True, effect=Effect(Measure.RATIO, 1.5))


def _failing(rate: float, base: float) -> Draw:
    def draw(chance: np.random.Generator, most: int) -> tuple[Callable[[int], Metric], Callable[[int], Metric]]:
        ours, theirs = (np.cumsum(chance.random(most) < one) for one in (rate, base))
        return lambda n: Counts(int(ours[n - 1]), n), lambda n: Counts(int(theirs[n - 1]), n)

    return draw


def _slower(factor: float) -> Draw:
    def draw(chance: np.random.Generator, most: int) -> tuple[Callable[[int], Metric], Callable[[int], Metric]]:
        ours, theirs = (chance.lognormal(np.log(0.1 * one), 0.5, most) for one in (factor, 1.0))
        return lambda n: _buckets(ours[:n]), lambda n: _buckets(theirs[:n])

    return draw


def _buckets(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Histogram:
    count, _ = np.histogram(values, bins=(0, *EDGES))
    return Histogram("s", EDGES, tuple(int(one) for one in count))


@pytest.mark.parametrize(
    ("metric", "baseline", "draw", "rise"),
    [
        (READY["error_rate"], Counts(100, 100_000), _failing(0.051, 0.001), 0.05),
        (RARE, Counts(0, 10_000), _failing(0.02, 0.00005), 400.0),
        (READY["latency_p50"], latency(1, 100_000), _slower(1.3), 1.3),
        (READY["latency_p99"], latency(1, 100_000), _slower(1.3), 1.3),
    ],
    ids=["errors", "rare errors over none", "p50 + 30 %", "p99 + 30 %"],
)
def test_harm_is_seen_when_it_was_foretold(metric: MetricConfig, baseline: Metric, draw: Draw, rise: float) -> None:
    (told,) = forecast(Config(metrics=(metric,)), AGAIN, 1, {metric.source: baseline}, Pace(60, 60), rise=rise)
    assert told.requests is not None
    assert told.minutes == pytest.approx(told.requests / 60)
    seen = []
    for seed in range(50):
        canary, base = draw(np.random.default_rng(seed), 5 * told.requests)
        looks = (n for k in range(60) if (n := int(told.requests * 0.2 * 1.05**k)) < 4 * told.requests)
        said = ((n, one(metric, canary(n), base(n), AGAIN).metrics[0].label) for n in looks)
        seen.append(next((n for n, label in said if label is Label.HIGH), 9**9))
    assert told.requests == pytest.approx(np.quantile(seen, 0.8), rel=0.3)


def test_a_pass_comes_when_it_was_foretold() -> None:
    for name, baseline in (("error_rate", Counts(100, 100_000)), ("latency_p99", latency(1, 100_000))):
        metric = READY[name]
        (told,) = forecast(Config(metrics=(metric,)), AGAIN, 1, {metric.source: baseline}, Pace(60, 60))
        needed = round((told.settled or 0) * 60)
        draw = _failing(0.001, 0.001) if name == "error_rate" else _slower(1.0)
        passed = 0
        for seed in range(100):
            canary, base = draw(np.random.default_rng(seed), needed)
            passed += one(metric, canary(needed), base(needed), AGAIN).metrics[0].label is Label.PASS
        assert passed >= 65


def test_more_traffic_less_time_and_what_cannot_be_known_says_why() -> None:
    config = default(["error_rate", "latency_p99", "cpu"])
    known: dict[str, Metric] = {"error_rate": Counts(10, 10_000), "cpu": correlated(1, 200, 0.8)}
    slow, fast = (forecast(config, Budget.of_window(0.01, 1), 2, known, Pace(rate, rate)) for rate in (10, 100))
    assert (slow[0].minutes or 0) == pytest.approx(10 * (fast[0].minutes or 0))
    assert slow[1].minutes is None
    assert "nothing is known" in slow[1].why
    assert slow[2].minutes == fast[2].minutes
    assert all(
        "no requests" in one.why for one in forecast(config, AGAIN, 2, known, Pace(0, 10)) if one.name != "latency_p99"
    )
    muted = replace(config, metrics=tuple(replace(one, muted=True) for one in config.metrics))
    assert forecast(muted, AGAIN, 2, known, Pace(1, 1)) == ()
