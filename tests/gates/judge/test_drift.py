"""A gauge that wanders: a slow leak is found, and an ordinary warm-up passes"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from deployer.gates.judge.budget import Budget
from deployer.gates.judge.clean import clean, correlation
from deployer.gates.judge.compare import drift
from deployer.gates.judge.config import Direction, Effect, Measure, MetricConfig, Outliers
from deployer.gates.judge.data import Counts, Data, Samples, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.judgement import Judgement, Label
from deployer.gates.judge.ready import READY, default
from deployer.model import Verdict
from tests.gates.judge.sides import AGAIN, GAUGE, ONCE, correlated, gauge, normal, one

Row = NDArray[np.float64]
MEMORY = replace(READY["memory"], critical=True)
RANK = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}


def warming(seed: int, points: int, noise: float = 0.003, length: float = 10.0) -> Row:
    """Megabytes of a process that was just restarted: from 25 to 50, and a little noise."""
    row: Row = 50 - 25 * np.exp(-np.arange(points) / length)
    return row * (1 + noise * np.random.default_rng(seed).normal(size=points))


def leaking(seed: int, points: int, each: float, unsteady: float = 0.3) -> Row:
    """So many megabytes more at each point, by as many requests as came."""
    row: Row = np.cumsum(each * (1 + unsteady * np.random.default_rng(seed + 9000).normal(size=points)))
    return warming(seed, points) + row


def _points(points: int, canary: Callable[[int], Row], metrics: tuple[str, ...]) -> Verdict:
    """The ready metrics at two sites, of which only memory has data, after so many points."""

    def sides(row: Callable[[int], Row], seed: int) -> tuple[Side, ...]:
        return tuple(Side(site, {"memory": gauge(list(row(seed + at)))}) for at, site in enumerate(("dc1", "dc2")))

    config = replace(
        default(metrics), pass_=1, metrics=tuple(replace(READY[name], must_have_data=False) for name in metrics)
    )
    return judge(config, Data(sides(lambda seed: warming(seed, points), 100), sides(canary, 0)), AGAIN).verdict


def test_a_slow_leak_over_a_warming_baseline_is_found_among_all_metrics() -> None:
    """1 MB a point is 4 % of what a process begins with; 30 points are 15 min at a point each 30 s."""
    found = [_points(points, lambda seed: leaking(seed, points, 1.0), tuple(READY)) for points in range(8, 31)]  # noqa: B023
    assert found[-1] is Verdict.FAIL
    assert Verdict.PASS not in found
    assert [RANK[verdict] for verdict in found] == sorted(RANK[verdict] for verdict in found)


def test_a_leak_fails_a_release_that_is_well_in_all_else_before_it_is_twice_as_large() -> None:
    """Memory weighs little; a leak that is more than what is allowed goes on to what is critical."""
    well = Counts(10, 100_000)
    config = default(("error_rate", "memory"))

    def said(canary: Row) -> Judgement:
        ours = Side("dc1", {"error_rate": well, "memory": gauge(list(canary))})
        return judge(
            config, Data((Side("dc1", {"error_rate": well, "memory": gauge(list(warming(2, 30)))}),), (ours,)), AGAIN
        )

    leak = said(leaking(1, 30, 1.0))
    assert leak.verdict is Verdict.FAIL
    assert leak.metrics[1].effect < READY["memory"].effect.critical  # type: ignore[operator]
    assert said(warming(1, 30) * 1.5).verdict is Verdict.INCONCLUSIVE, "more, but no more than that: a person decides"


def test_it_says_that_it_rises_and_how_quickly() -> None:
    said = one(MEMORY, gauge(list(leaking(1, 30, 1.0))), gauge(list(warming(2, 30))), AGAIN)
    assert said.verdict is Verdict.FAIL
    assert "it rises against the baseline, by 2" in said.reason
    assert "% of it a minute" in said.reason
    assert said.metrics[0].effect == pytest.approx(1.55, abs=0.06), "as it is now, not as it was on average"


def test_a_good_release_that_warms_up_passes() -> None:
    passed = [
        one(MEMORY, gauge(list(warming(seed, 12))), gauge(list(warming(seed + 500, 12))), AGAIN).verdict
        for seed in range(60)
    ]
    assert passed.count(Verdict.PASS) >= 55
    assert Verdict.FAIL not in passed


@pytest.mark.parametrize("lengths", [(20.0, 10.0), (10.0, 20.0)])
def test_one_that_only_warms_later_or_sooner_is_no_leak_and_passes_once_it_is_warm(
    lengths: tuple[float, float],
) -> None:
    pairs = [(warming(seed, 100, length=lengths[0]), warming(seed + 500, 100, length=lengths[1])) for seed in range(20)]
    for points in range(10, 101, 10):
        said = [one(MEMORY, gauge(list(ours[:points])), gauge(list(base[:points])), AGAIN) for ours, base in pairs]
        assert all(each.verdict is not Verdict.FAIL or each.metrics[0].effect > 1.2 for each in said)  # type: ignore[operator]
    assert all(each.verdict is Verdict.PASS for each in said)


def walk(chance: np.random.Generator, points: int) -> Row:
    row: Row = 1 + 0.02 * np.cumsum(chance.normal(size=points))
    return row


def moving(chance: np.random.Generator, points: int) -> Row:
    """`rate[5m]`, once a minute."""
    row: Row = 1 + 0.2 * np.convolve(chance.normal(size=points + 4), np.ones(5) / 5, "valid")
    return row


def jumps(chance: np.random.Generator, points: int) -> Row:
    """Memory that only grows, by pieces."""
    return 1 + 0.02 * np.cumsum(chance.random(points) < 0.1).astype(np.float64)


def wild(chance: np.random.Generator, points: int) -> Row:
    row: Row = 1 + 0.01 * np.cumsum(chance.standard_t(2, size=points))
    return row


def ar(link: float) -> Callable[[np.random.Generator, int], Row]:
    return lambda chance, points: np.array(correlated(int(chance.integers(2**31)), points, link).values)


@pytest.mark.parametrize("like", [walk, moving, jumps, wild, ar(0.8), ar(0.95)])
def test_what_wanders_by_itself_is_seldom_taken_for_a_leak(like: Callable[[np.random.Generator, int], Row]) -> None:
    """Of 100 harmless runs, each looked at nine times, 2 may for alpha 2 %; a random walk is the worst of them."""
    found = 0
    for seed in range(100):
        chance = np.random.default_rng(seed)
        both = np.vstack((like(chance, 60), like(chance, 60)))
        looks = (drift.Drift.of(both[:, :upto], 60.0) for upto in range(12, 61, 6))
        found += any(drift.chance([one], repeated=True) <= 0.02 for one in looks if one)
    assert found <= 2


@pytest.mark.parametrize("budget", [ONCE, AGAIN])
@pytest.mark.parametrize("seed", range(12))
def test_a_steeper_leak_never_looks_better(seed: int, budget: Budget) -> None:
    ramp = np.arange(24.0)
    said = [
        one(MEMORY, gauge(list(warming(seed, 24) + each * ramp)), gauge(list(warming(seed + 50, 24))), budget).verdict
        for each in np.linspace(0, 2, 41)
    ]
    assert [RANK[verdict] for verdict in said] == sorted(RANK[verdict] for verdict in said)
    assert (said[0], said[-1]) == (Verdict.PASS, Verdict.FAIL)


@pytest.mark.parametrize("unit", [1e-6, 1e-5, 1e3, 1e6])
def test_a_leak_is_found_in_any_unit(unit: float) -> None:
    ours, theirs = leaking(3, 24, 0.8), warming(4, 24)
    plain = one(MEMORY, gauge(list(ours)), gauge(list(theirs)), AGAIN)
    scaled = one(MEMORY, gauge(list(ours * unit)), gauge(list(theirs * unit)), AGAIN)
    assert plain.verdict is scaled.verdict is Verdict.FAIL
    assert scaled.metrics[0].p == pytest.approx(plain.metrics[0].p)
    assert scaled.metrics[0].effect == pytest.approx(plain.metrics[0].effect)
    assert scaled.metrics[0].interval == pytest.approx(plain.metrics[0].interval)


def test_a_leak_beside_a_baseline_that_does_not_move_at_all() -> None:
    said = one(MEMORY, gauge([50 + 1.5 * point for point in range(20)]), gauge([50.0] * 20), AGAIN)
    assert said.verdict is Verdict.FAIL


def creeping(points: int) -> Row:
    """Warm since long: a page more now and then."""
    return 23 + 0.0002 * np.arange(points, dtype=np.float64)


def test_half_as_much_again_is_harm_however_still_the_baseline_stands() -> None:
    """How it creeps by a thousandth says nothing of that."""
    said = one(MEMORY, gauge(list(creeping(40) + 11.5)), gauge(list(creeping(40))), AGAIN)
    assert said.verdict is Verdict.FAIL
    assert "rises" not in said.reason


def test_a_leak_beside_a_baseline_that_stands_still_does_not_pass_before_it_is_found() -> None:
    """Of 0.2 MB each 30 s; a fifth too much after twelve minutes."""
    ours, theirs = creeping(60) + np.cumsum(np.random.default_rng(5).normal(0.2, 0.05, 60)), creeping(60)
    said = [one(MEMORY, gauge(list(ours[:n])), gauge(list(theirs[:n])), AGAIN).verdict for n in range(10, 61)]
    assert Verdict.PASS not in said[6:], (
        "in the first eight minutes it is within what is allowed, and will be for a while"
    )
    assert said[-1] is Verdict.FAIL


def test_a_gauge_that_sinks_away_is_harm_where_that_is_said_to_be() -> None:
    metric = replace(MEMORY, direction=Direction.DECREASE, effect=Effect(Measure.MEAN_RATIO, 0.8))
    said = one(metric, gauge(list(warming(1, 30) - 0.8 * np.arange(30))), gauge(list(warming(2, 30))), AGAIN)
    assert (said.verdict, said.metrics[0].label) == (Verdict.FAIL, Label.LOW)


def test_points_that_are_missing_on_one_side_are_left_out_on_both() -> None:
    """Without that, what follows a hole would be compared with another moment."""
    ours, theirs = list[float | None](warming(1, 40)), list[float | None](warming(2, 40))
    ours[3:8] = [None] * 5
    assert one(MEMORY, gauge(ours), gauge(theirs), AGAIN).verdict is Verdict.PASS


def test_sides_of_different_length_are_laid_beside_each_other_from_their_end() -> None:
    """One was there sooner; both were looked at just now."""
    theirs = list(warming(2, 30))
    cleaned = clean(MEMORY, gauge([1.0] * 7 + theirs), gauge(theirs), 0)
    assert not isinstance(cleaned, str)
    assert cleaned.together.shape == (2, 30)
    assert (cleaned.together[0] == cleaned.together[1]).all()


def test_few_points_look_less_correlated_than_they_are_and_are_not_believed() -> None:
    found = [correlation(*(np.array(correlated(seed, 20, 0.8).values) for _ in "ab")) for seed in range(200)]
    assert np.mean(found) > 0.7


def test_outliers_are_left_out_where_that_is_asked_for() -> None:
    ours = [*normal(1, 60).values[:-8], *[2.0] * 8]
    asked = replace(GAUGE, outliers=Outliers.IQR3)
    assert one(GAUGE, gauge(ours), normal(2, 60)).verdict is not Verdict.PASS
    assert one(asked, gauge(ours), normal(2, 60)).verdict is Verdict.PASS


def test_sides_measured_in_different_steps_are_not_compared_moment_by_moment() -> None:
    slower = Samples(tuple(leaking(1, 30, 1.0)), 30.0)
    assert one(MEMORY, slower, gauge(list(warming(2, 30))), AGAIN).verdict is Verdict.INCONCLUSIVE


def test_a_release_that_is_well_so_far_but_rises_does_not_pass() -> None:
    said = one(MEMORY, gauge(list(leaking(1, 24, 0.32))), gauge(list(warming(2, 24))), AGAIN)
    assert said.metrics[0].effect < 1.2  # type: ignore[operator]
    assert said.verdict is Verdict.INCONCLUSIVE
    assert "it rises" in said.reason
    assert 1 <= (said.metrics[0].needs or 0) <= 12, "until it is more than what is allowed"


def test_metrics_without_a_name_in_the_config_are_looked_at_the_same_way() -> None:
    said = one(MetricConfig("heap", critical=True), gauge(list(leaking(1, 30, 1.0))), gauge(list(warming(2, 30))))
    assert said.verdict is Verdict.FAIL
