"""What holds for any data: nothing better by more harm, nothing by names or units, nothing out of silence"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from math import inf, isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from deployer.codec import encode
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.config import Config, Direction, Effect, Kind, Measure, MetricConfig, Nan, Outliers
from deployer.gates.judge.data import Counts, Data, Fault, Histogram, Metric, Samples, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.judgement import Judgement, Label
from deployer.gates.judge.measure import OF_KIND
from deployer.model import Verdict
from tests.gates.judge.sides import AGAIN, ERRORS, GAUGE, ONCE, P99, RATIO, gauge, latency, normal, one, over

QUICK = settings(max_examples=60, deadline=None, database=None)
RANK = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}

counts = some.integers(0, 3000).flatmap(lambda n: some.integers(0, n).map(lambda bad: Counts(bad, n)))
values = some.none() | some.floats() | some.integers(-3, 3).map(float)
samples = some.lists(values, max_size=40).map(lambda row: Samples(tuple(row), 15.0))
histograms = some.lists(some.integers(0, 500), min_size=4, max_size=4).map(
    lambda row: Histogram("s", (0.1, 0.2, 1.0, inf), tuple(row))
)
odd: some.SearchStrategy[Metric] = some.sampled_from(
    [
        Counts(-1, 5),
        Counts(6, 5),
        Counts(0, 10**400),
        Histogram("s", (), ()),
        Histogram("s", (1.0, 1.0, inf), (1, 2, 3)),
        Histogram("s", (-1.0, inf), (1, 2)),
        Histogram("s", (1.0, float("nan")), (1, 2)),
        Histogram("s", (1.0, inf), (1, -2)),
        Histogram("s", (0.1, 0.2, 1.0, inf), (0, 0, 0, 500)),
        Samples((1e308,) * 20, 1.0),
        Samples((5e-324,) * 20, 1.0),
        Samples((-1e308, 1e308) * 20, 1.0),
        Samples((0.1,) * 60, -1.0),
    ]
)
metrics: some.SearchStrategy[Metric] = counts | samples | histograms | odd
budgets = some.sampled_from([ONCE, AGAIN, Budget(1e-12), Budget.once(0.5)])


@QUICK
@given(some.tuples(counts, counts), some.integers(1, 500), budgets, some.sampled_from([ERRORS, RATIO]))
def test_more_bad_requests_never_improve_a_verdict(
    pair: tuple[Counts, Counts], more: int, budget: Budget, metric: MetricConfig
) -> None:
    canary, baseline = pair
    worse = replace(canary, bad=min(canary.bad + more, canary.total))
    assert RANK[one(metric, worse, baseline, budget).verdict] >= RANK[one(metric, canary, baseline, budget).verdict]


@QUICK
@given(some.tuples(metrics, metrics, metrics, metrics), budgets, some.permutations(["dc1", "dc2"]))
def test_the_names_and_the_order_of_sites_change_nothing(
    four: tuple[Metric, ...], budget: Budget, names: list[str]
) -> None:
    a, b, c, d = four
    metric = MetricConfig("any")
    said = over(metric, {"one": (a, b), "two": (c, d)}, budget)
    renamed = over(metric, {names[0]: (a, b), names[1]: (c, d)}, budget)
    assert (said.verdict, said.score, _numbers(said)) == (renamed.verdict, renamed.score, _numbers(renamed))
    turned = over(replace(metric, kind=Kind.COUNTS), {"two": (c, d), "one": (a, b)}, budget)
    assert turned.verdict is over(replace(metric, kind=Kind.COUNTS), {"one": (a, b), "two": (c, d)}, budget).verdict


def _numbers(said: Judgement) -> list[Any]:
    return [(told.label, told.effect, told.interval, told.p, told.n, told.needs) for told in said.metrics]


@QUICK
@given(some.integers(0, 1000), some.floats(0.7, 1.6), some.sampled_from([1e-6, 1e-3, 1e3, 1e6]), budgets)
def test_units_change_nothing(seed: int, slower: float, unit: float, budget: Budget) -> None:
    plain = one(P99, latency(seed, 2000, slower), latency(seed + 1, 2000), budget).metrics[0]
    scaled = one(P99, latency(seed, 2000, slower, unit), latency(seed + 1, 2000, unit=unit), budget).metrics[0]
    assert (plain.label, plain.p, plain.needs) == (scaled.label, scaled.p, scaled.needs)
    assert scaled.effect == pytest.approx(plain.effect)
    assert scaled.interval == pytest.approx(plain.interval)


@QUICK
@given(metrics, metrics, metrics, metrics, budgets)
def test_a_muted_metric_changes_nothing(a: Metric, b: Metric, c: Metric, d: Metric, budget: Budget) -> None:
    config = Config(metrics=(MetricConfig("seen"),), groups={"other": 40, "more": 60})
    data = Data((Side("dc1", {"seen": a, "muted": c}),), (Side("dc1", {"seen": b, "muted": d}),))
    muted = MetricConfig("muted", muted=True, critical=True, group="more")
    alone, both = judge(config, data, budget), judge(replace(config, metrics=(*config.metrics, muted)), data, budget)
    assert (alone.verdict, alone.score, alone.reason) == (both.verdict, both.score, both.reason)
    assert alone.metrics[0] == both.metrics[0]


@pytest.mark.parametrize("budget", [ONCE, AGAIN])
@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    ("metric", "data"),
    [
        (ERRORS, Counts(0, 10_000)),
        (ERRORS, Counts(10, 10_000)),
        (ERRORS, Counts(40_000, 100_000)),
        (RATIO, Counts(400, 100_000)),
        (P99, latency(1, 20_000)),
        (replace(P99, effect=Effect(Measure.P50_RATIO, 1.2)), latency(1, 2_000)),
        (replace(P99, effect=Effect(Measure.SLOWER_SHARE, 0.02)), latency(1, 20_000)),
        (GAUGE, normal(1, 100)),
        (GAUGE, gauge([0.0] * 30)),
        (GAUGE, gauge([0.1] * 30)),
        (GAUGE, gauge([-4.0] * 30)),
        (replace(GAUGE, effect=Effect(Measure.CLES, 0.65)), normal(1, 200)),
        (replace(GAUGE, outliers=Outliers.IQR3), normal(1, 100)),
    ],
)
def test_identical_data_pass(metric: MetricConfig, data: Metric, direction: Direction, budget: Budget) -> None:
    said = one(replace(metric, direction=direction), data, data, budget)
    assert (said.verdict, said.score) == (Verdict.PASS, 100.0), said.reason


suited = some.sampled_from([(kind, measure) for kind, known in OF_KIND.items() for measure in known])


@QUICK
@given(
    some.dictionaries(some.sampled_from(["dc1", "dc2", "dc3"]), some.tuples(metrics, metrics), max_size=3),
    some.builds(
        MetricConfig,
        name=some.just("any"),
        direction=some.sampled_from(Direction),
        nan=some.sampled_from(Nan),
        outliers=some.sampled_from(Outliers),
        min_points=some.just(2),
        min_requests=some.just(1),
    ),
    suited,
    budgets,
)
def test_whatever_comes_in_finite_numbers_and_a_sentence_come_out(
    sites: dict[str, tuple[Metric | None, Metric | None]],
    metric: MetricConfig,
    suits: tuple[Kind, Measure],
    budget: Budget,
) -> None:
    said = over(replace(metric, kind=suits[0], effect=Effect(suits[1], None, 3.0)), sites, budget)
    for told in (*said.metrics, *chain(*said.sites.values())):
        numbers = (told.effect or 0.0, told.p or 0.0, *(told.interval or ()), *told.n_effective, *(told.values or ()))
        assert all(isfinite(number) for number in numbers), told
        assert told.reason
        assert 0 <= (told.p or 0.0) <= 1
        assert "nan" not in told.reason
        assert "inf" not in told.reason
    assert 0 <= said.score <= 100
    assert said.reason
    encode(said)


MISSING: tuple[Metric | None, ...] = (
    None,
    gauge([]),
    gauge([None] * 60),
    gauge([float("nan")] * 60),
    gauge([float("inf")] * 60),
    gauge([1.0] * 3),
    Counts(0, 100_000),
)


@pytest.mark.parametrize("must", [True, False])
@pytest.mark.parametrize("missing", MISSING, ids=str)
@pytest.mark.parametrize("swapped", [True, False])
@pytest.mark.parametrize("two", [True, False])
def test_empty_missing_or_one_sided_data_never_pass(missing: Metric, swapped: bool, must: bool, two: bool) -> None:
    metric = replace(GAUGE, must_have_data=must)
    good = normal(1, 100)
    sites: dict[str, tuple[Metric | None, Metric | None]] = {"dc2": (missing, good) if swapped else (good, missing)}
    if two:
        sites["dc1"] = (good, good)
    said = over(metric, sites)
    assert said.verdict is Verdict.INCONCLUSIVE
    assert "dc2" in said.reason
    assert said.metrics[0].label in (Label.NO_DATA, Label.INCONCLUSIVE)


@pytest.mark.parametrize(
    "fault", [Fault("stale"), Fault("stale", "dc2"), Fault("stale", "dc2", "cpu"), Fault("stale", metric="cpu")]
)
def test_stale_data_never_pass(fault: Fault) -> None:
    good = normal(1, 100)
    said = over(GAUGE, {"dc1": (good, good), "dc2": (good, good)}, faults=(fault,))
    assert said.verdict is Verdict.INCONCLUSIVE
    assert "stale at" in said.reason
    elsewhere = over(GAUGE, {"dc1": (good, good), "dc2": (good, good)}, faults=(Fault("stale", "dc3"),))
    assert elsewhere.verdict is Verdict.PASS
