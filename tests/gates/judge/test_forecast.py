"""What the planner foretells is what the judge then needs, give or take 30 %"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import MetricConfig
from deployer.gates.judge.data import Counts, Metric
from deployer.gates.judge.forecast import Pace, forecast
from deployer.gates.judge.judgement import Label
from deployer.gates.judge.ready import READY, default
from tests.bench.foreseen import RARE, Grow, failing, foretold, measured, seen_at, slower
from tests.gates.judge.sides import AGAIN, correlated, latency, one


@pytest.mark.parametrize(
    ("metric", "baseline", "canary", "base", "rise"),
    [
        (READY["error_rate"], Counts(100, 100_000), failing(0.051), failing(0.001), 0.05),
        (RARE, Counts(0, 5_000), failing(2e-4), failing(1e-4), 2.0),
        (READY["latency_p50"], latency(1, 100_000), slower(1.3), slower(1.0), 1.3),
        (READY["latency_p99"], latency(1, 100_000), slower(1.3), slower(1.0), 1.3),
    ],
    ids=["errors", "rare errors over none", "p50 + 30 %", "p99 + 30 %"],
)
def test_harm_is_seen_when_it_was_foretold(
    metric: MetricConfig, baseline: Metric, canary: Grow, base: Grow, rise: float
) -> None:
    told = foretold(metric, baseline, rise)
    assert told.requests is not None
    assert told.minutes == pytest.approx(told.requests / 60)
    assert told.requests == pytest.approx(seen_at(metric, canary, base, told.requests, 50), rel=0.3)


@pytest.mark.parametrize(
    ("metric", "baseline", "grow"),
    [
        (READY["error_rate"], Counts(100, 100_000), failing(0.001)),
        (READY["latency_p99"], latency(1, 100_000), slower(1.0)),
    ],
    ids=["errors", "p99"],
)
def test_a_pass_comes_when_it_was_foretold(metric: MetricConfig, baseline: Metric, grow: Grow) -> None:
    needed = round((foretold(metric, baseline).settled or 0) * 60)
    chance = np.random.default_rng(1)
    sides = ((measured(metric, grow(chance, needed)), measured(metric, grow(chance, needed))) for _ in range(100))
    passed = [one(metric, *pair, AGAIN).metrics[0].label is Label.PASS for pair in sides]
    assert sum(passed) >= 65


def test_more_traffic_less_time_and_what_cannot_be_known_says_why() -> None:
    config = default(["error_rate", "latency_p99", "cpu"])
    known: dict[str, Metric] = {"error_rate": Counts(10, 10_000), "cpu": correlated(1, 200, 0.8)}
    slow, fast = (forecast(config, Budget.of_window(0.01, 1), 2, known, Pace(rate, rate)) for rate in (10, 100))
    assert (slow[0].minutes or 0) == pytest.approx(10 * (fast[0].minutes or 0))
    assert slow[1].minutes is None
    assert "nothing is known" in slow[1].why
    assert slow[2].minutes == fast[2].minutes
    nobody = forecast(config, AGAIN, 2, known, Pace(0, 10))
    assert ["no requests" in told.why for told in nobody] == [True, False, True]
    muted = replace(config, metrics=tuple(replace(metric, muted=True) for metric in config.metrics))
    assert forecast(muted, AGAIN, 2, known, Pace(1, 1)) == ()
