"""Defects of the best judge there is, each with a test that fails if we have it, too"""

from __future__ import annotations

import numpy as np
import pytest

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, Effect, Kind, Measure, MetricConfig
from deployer.gates.judge.data import Data, Fault, Samples, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.judgement import Label
from deployer.model import Verdict
from tests.gates.judge.sides import AGAIN, GAUGE, ONCE, correlated, gauge, normal, one, over

ORDER = {Label.PASS: 0, Label.INCONCLUSIVE: 1, Label.HIGH: 2}


@pytest.mark.parametrize("must", [True, False])
def test_errors_in_a_metric_never_count_as_passed(must: bool) -> None:
    """A run of nothing but erroneous metrics scores 100 there."""
    metric = MetricConfig("cpu", Kind.SAMPLES, must_have_data=must)
    for faults in ((Fault("prometheus answered 500"),), (Fault("stale", "dc1", "cpu"),)):
        said = over(metric, {"dc1": (normal(1, 60), normal(2, 60))}, faults=faults)
        assert (said.verdict, said.score) == (Verdict.INCONCLUSIVE, 0.0)
        assert faults[0].what in said.reason


@pytest.mark.parametrize("placed", ["spread", "in a row"])
@pytest.mark.parametrize("budget", [ONCE, AGAIN])
@pytest.mark.parametrize("base", [0, 3])
def test_more_bad_points_over_a_zero_baseline_never_look_better(placed: str, budget: Budget, base: int) -> None:
    """Of 60 points 27 to 29 bad are High there, 30 to 36 Pass, and 37 High again."""
    order = np.random.default_rng(7).permutation(60) if placed == "spread" else np.arange(60)
    labels = []
    for bad in range(61):
        values = np.zeros(60)
        values[order[:bad]] = 1.0
        calm = np.zeros(60)
        calm[: 20 * base : 20] = 1.0
        labels.append(ORDER[one(GAUGE, gauge(list(values)), gauge(list(calm)), budget).metrics[0].label])
    assert labels == sorted(labels)
    assert labels[-1] == 2
    assert base or labels[0] == 0


@pytest.mark.parametrize("unit", [1e-6, 1e-5, 1e-4, 1e3, 1e6, 1e-200, 1e200])
def test_a_regression_is_found_in_any_unit(unit: float) -> None:
    """x1.3 is found 279 of 300 times in unit 1 there, 81 in 1e-4, never in 1e-5."""
    for seed in range(20):
        canary, baseline = normal(seed, 60, 1.3), normal(seed + 100, 60)
        plain = one(GAUGE, canary, baseline)
        scaled = one(GAUGE, _times(canary, unit), _times(baseline, unit))
        assert plain.verdict is scaled.verdict is Verdict.FAIL
        assert scaled.metrics[0].effect == pytest.approx(plain.metrics[0].effect)
        assert scaled.metrics[0].interval == pytest.approx(plain.metrics[0].interval)
        assert scaled.metrics[0].p == pytest.approx(plain.metrics[0].p)


def _times(samples: Samples, unit: float) -> Samples:
    return gauge([value * unit for value in samples.values if value is not None])


def test_two_points_against_two_are_no_sample() -> None:
    """High there."""
    said = one(GAUGE, gauge([9, 9]), gauge([1, 1]))
    assert said.verdict is Verdict.INCONCLUSIVE
    assert said.metrics[0].needs == 8
    assert "2 and 2 points, at least 10 are needed" in said.reason


def test_correlated_points_are_not_taken_for_independent_ones() -> None:
    """21 % false High at lag-1 correlation 0.8 there, where 1 % is promised."""
    metric = MetricConfig("cpu", Kind.SAMPLES, critical=True, effect=Effect(Measure.CLES, 0.5))
    once = [one(metric, correlated(seed, 60, 0.8), correlated(seed + 5000, 60, 0.8)).verdict for seed in range(400)]
    assert once.count(Verdict.FAIL) <= 16, "2 % are promised: 8, and 3 standard deviations"
    often = [one(metric, correlated(seed, 60, 0.8), correlated(seed + 5000, 60, 0.8), AGAIN) for seed in range(400)]
    assert sum(said.verdict is Verdict.FAIL for said in often) <= 4


def test_the_weight_of_an_absent_group_is_shared_out() -> None:
    """There it leaks: the best score is what the other groups weigh."""
    absent = MetricConfig("threads", Kind.SAMPLES, group="absent", must_have_data=False)
    said = over(
        MetricConfig("cpu", Kind.SAMPLES, group="here"),
        {"dc1": (normal(1, 90), normal(2, 90))},
        also=(absent,),
        groups={"here": 40, "absent": 30, "nobody": 30},
    )
    assert (said.verdict, said.score) == (Verdict.PASS, 100.0)
    assert said.metrics[1].label is Label.NO_DATA


def test_a_group_without_data_does_not_pass() -> None:
    """It counts as 100 there."""
    silent = MetricConfig("threads", Kind.SAMPLES, group="silent")
    said = over(
        MetricConfig("cpu", Kind.SAMPLES, group="here"), {"dc1": (normal(1, 90), normal(2, 90))}, also=(silent,)
    )
    assert (said.verdict, said.score) == (Verdict.INCONCLUSIVE, 50.0)
    assert "threads: no data on either side at dc1" in said.reason


def test_looking_again_and_again_does_not_find_what_is_not_there() -> None:
    """Every look has its own 2 % there."""
    found = 0
    for seed in range(60):
        chance = np.random.default_rng(seed)
        canary, baseline = chance.normal(1, 0.1, 120), chance.normal(1, 0.1, 120)
        metric = MetricConfig("cpu", Kind.SAMPLES, critical=True, effect=Effect(Measure.CLES, 0.5))
        looks = (one(metric, gauge(list(canary[:k])), gauge(list(baseline[:k])), AGAIN) for k in range(10, 120, 5))
        found += any(said.verdict is Verdict.FAIL for said in looks)
    assert found <= 2


def test_nothing_at_all_is_not_a_pass() -> None:
    for config in (Config(), Config(metrics=(GAUGE,))):
        for data in (Data((), ()), Data((Side("dc1", {}),), ()), Data((Side("dc1", {}),), (Side("dc1", {}),))):
            said = judge(config, data, ONCE)
            assert (said.verdict, said.score) == (Verdict.INCONCLUSIVE, 0.0)
            assert said.reason
