"""From labels to a verdict: what is critical, what is open, what the bars are"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.gates.judge.allowance import alphas
from deployer.gates.judge.config import Config, Effect, Kind, Measure, MetricConfig
from deployer.gates.judge.data import Counts, Data, Metric, Side
from deployer.gates.judge.judge import judge
from deployer.gates.judge.judgement import Judgement
from deployer.gates.judge.ready import default
from deployer.model import Verdict
from tests.gates.judge.sides import AGAIN, ONCE, normal, one

BAD, GOOD, OPEN = (Counts(400, 10_000), Counts(10, 10_000), Counts(2, 300))


def _said(canary: dict[str, Metric], **config: object) -> Judgement:
    """Every metric weighs 25 of 100; the baseline is good."""
    metrics = tuple(MetricConfig(name, Kind.COUNTS, group=name, critical=name == "a") for name in "abcd")
    whole = replace(Config(metrics=metrics), **config)  # type: ignore[arg-type]
    baseline: dict[str, Metric] = {name: Counts(3, 3_000) if value is OPEN else GOOD for name, value in canary.items()}
    return judge(whole, Data((Side("dc1", baseline),), (Side("dc1", canary),)), AGAIN)


@pytest.mark.parametrize(
    ("labels", "config", "verdict", "score"),
    [
        ((GOOD, GOOD, GOOD, GOOD), {}, Verdict.PASS, 100),
        ((BAD, GOOD, GOOD, GOOD), {"pass_": 10, "marginal": 0}, Verdict.FAIL, 75),
        ((GOOD, BAD, GOOD, GOOD), {}, Verdict.INCONCLUSIVE, 75),
        ((GOOD, BAD, GOOD, GOOD), {"pass_": 75}, Verdict.PASS, 75),
        ((GOOD, BAD, BAD, GOOD), {}, Verdict.FAIL, 50),
        ((GOOD, BAD, BAD, GOOD), {"marginal": 50}, Verdict.INCONCLUSIVE, 50),
        ((GOOD, GOOD, GOOD, OPEN), {}, Verdict.INCONCLUSIVE, 75),
        ((GOOD, GOOD, GOOD, OPEN), {"pass_": 75}, Verdict.PASS, 75),
        ((OPEN, GOOD, GOOD, GOOD), {"pass_": 50}, Verdict.INCONCLUSIVE, 75),
        ((GOOD, BAD, OPEN, OPEN), {}, Verdict.INCONCLUSIVE, 25),
        ((OPEN, BAD, BAD, OPEN), {}, Verdict.FAIL, 0),
    ],
)
def test_the_score_and_the_bars_decide(
    labels: tuple[Counts, ...], config: dict[str, object], verdict: Verdict, score: float
) -> None:
    said = _said(dict(zip("abcd", labels, strict=True)), **config)
    assert (said.verdict, said.score) == (verdict, score), said.reason


def test_a_critical_effect_fails_whatever_the_score() -> None:
    effect = Effect(Measure.MEAN_RATIO, 1.1, 1.5)
    metric = MetricConfig("cpu", Kind.SAMPLES, effect=effect, weight=0)
    light = Config(pass_=0, marginal=0, metrics=(metric, MetricConfig("e", Kind.COUNTS)))

    def said(mean: float) -> Judgement:
        canary = Side("dc1", {"cpu": normal(1, 60, mean), "e": GOOD})
        return judge(light, Data((Side("dc1", {"cpu": normal(2, 60), "e": GOOD}),), (canary,)), ONCE)

    assert said(1.6).verdict is Verdict.FAIL
    assert said(1.3).verdict is Verdict.PASS


def test_a_rise_within_what_is_allowed_is_no_harm_however_sure_it_is() -> None:
    metric = MetricConfig("cpu", Kind.SAMPLES, critical=True, effect=Effect(Measure.MEAN_RATIO, 1.2))
    said = one(metric, normal(1, 500, 1.1), normal(2, 500, 1.0))
    assert said.verdict is Verdict.PASS
    assert (said.metrics[0].p or 0) < 1e-6


def test_what_is_open_says_how_much_more_it_needs_and_that_is_about_enough() -> None:
    metric = MetricConfig("e", Kind.COUNTS, critical=True)
    said = one(metric, Counts(2, 600), Counts(2, 600), AGAIN)
    needs = said.metrics[0].needs or 0
    assert f"needs about {needs:,} more requests" in said.reason
    grown = 600 + needs
    more = Counts(round(2 * grown / 600), grown)
    assert one(metric, more, more, AGAIN).verdict is Verdict.PASS
    less = Counts(2, 600 + needs // 3)
    assert one(metric, less, less, AGAIN).verdict is Verdict.INCONCLUSIVE


def test_ten_requests_a_minute_neither_pass_nor_fail_by_accident() -> None:
    """Two hours of them, one of them failed: nobody knows yet, and it says what it needs."""
    metric = MetricConfig("e", Kind.COUNTS, critical=True)
    for minutes in range(1, 12):
        said = one(metric, Counts(min(1, minutes // 5), 10 * minutes), Counts(0, 10 * minutes), AGAIN)
        assert said.verdict is Verdict.INCONCLUSIVE
        assert said.metrics[0].needs


def test_silence_of_the_lightest_metric_holds_whatever_the_bars() -> None:
    whole = Config(pass_=0, marginal=0, metrics=(MetricConfig("a", Kind.COUNTS), MetricConfig("b", weight=0)))
    side = Side("dc1", {"a": GOOD})
    said = judge(whole, Data((side,), (side,)), AGAIN)
    assert said.verdict is Verdict.INCONCLUSIVE
    assert "b: no data on either side" in said.reason


def test_all_scored_metrics_spend_the_whole_alpha_and_a_muted_one_none_of_it() -> None:
    metrics = (MetricConfig("a", group="x"), MetricConfig("b", group="y", weight=3), MetricConfig("c", group="y"))
    config = Config(metrics=metrics, groups={"x": 80, "y": 20})
    spent = alphas(config, AGAIN)
    assert sum(spent.values()) == pytest.approx(AGAIN.alpha)
    assert spent["a"] > spent["b"] > spent["c"] > 0
    muted = replace(config, metrics=(*metrics, MetricConfig("d", group="x", muted=True)))
    assert {name: part for name, part in alphas(muted, AGAIN).items() if name != "d"} == spent


@pytest.mark.parametrize(
    ("ours", "verdict", "label"),
    [(100.0, Verdict.PASS, "NoData"), (52.0, Verdict.FAIL, "High"), (0.0, Verdict.FAIL, "High")],
)
def test_what_follows_the_load_is_compared_while_hosts_serve_as_much(ours: float, verdict: Verdict, label: str) -> None:
    """Twice the processor time for twice the requests is no harm; where nobody counted it is compared as it is."""
    config = default(("error_rate", "cpu"))
    canary = Side("dc1", {"error_rate": GOOD, "cpu": normal(1, 60, 2.1)}, ours)
    said = judge(config, Data((Side("dc1", {"error_rate": GOOD, "cpu": normal(2, 60)}, 50.0),), (canary,)), AGAIN)
    assert (said.verdict, said.metrics[1].label.value) == (verdict, label)
    assert ours != 100.0 or "the canary's hosts serve x2 as many requests each at dc1" in said.metrics[1].reason
    strict = replace(config, metrics=tuple(replace(one, must_have_data=True) for one in config.metrics))
    again = judge(strict, Data((Side("dc1", {"error_rate": GOOD, "cpu": normal(2, 60)}, 50.0),), (canary,)), AGAIN)
    assert again.verdict is (Verdict.INCONCLUSIVE if ours == 100.0 else Verdict.FAIL)
