"""Sites are strata: what differs between them is not taken for a difference between releases"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.gates.judge.config import Direction, Effect, Measure
from deployer.gates.judge.data import Counts, Fault, Metric
from deployer.gates.judge.judgement import Label
from deployer.model import Verdict
from tests.gates.judge.sides import AGAIN, ERRORS, GAUGE, P99, RATIO, latency, normal, over

Sites = dict[str, tuple[Metric | None, Metric | None]]


def test_a_canary_that_serves_more_at_the_worse_site_is_not_blamed_for_it() -> None:
    """Simpson: 1 % fail at dc1 and 10 % at dc2, whichever the release."""
    mixed: Sites = {
        "dc1": (Counts(10, 1_000), Counts(90, 9_000)),
        "dc2": (Counts(900, 9_000), Counts(100, 1_000)),
    }
    for metric in (ERRORS, RATIO):
        said = over(metric, mixed, AGAIN)
        assert said.verdict is not Verdict.FAIL, said.reason
        assert said.metrics[0].effect == pytest.approx(1.0 if metric is RATIO else 0.0, abs=0.01)


def test_gauges_and_latencies_are_compared_within_their_site() -> None:
    far: Sites = {
        "dc1": (normal(1, 300, 1.0), normal(2, 60, 1.0)),
        "dc2": (normal(3, 60, 5.0, 0.5), normal(4, 300, 5.0, 0.5)),
    }
    assert over(GAUGE, far, AGAIN).verdict is Verdict.PASS
    slow: Sites = {
        "dc1": (latency(1, 20_000), latency(2, 5_000)),
        "dc2": (latency(3, 5_000, 2.0), latency(4, 20_000, 2.0)),
    }
    for measure in (Measure.P50_RATIO, Measure.P95_RATIO, Measure.P99_RATIO):
        said = over(replace(P99, effect=Effect(measure, 1.25)), slow, AGAIN)
        assert said.metrics[0].effect == pytest.approx(1.0, abs=0.05)
        assert said.verdict is Verdict.PASS, said.reason


def test_the_same_small_harm_at_both_sites_is_found_by_both_together() -> None:
    both: Sites = {site: (Counts(25, 1_000), Counts(6, 1_000)) for site in ("dc1", "dc2")}
    said = over(ERRORS, both, AGAIN)
    assert said.verdict is Verdict.FAIL
    assert not any(row[0].bad for row in said.sites.values())


def test_harm_at_one_site_is_harm_and_says_where() -> None:
    said = over(ERRORS, {"dc1": (Counts(60, 2_000), Counts(2, 2_000)), "dc2": (Counts(0, 50_000), Counts(50, 50_000))})
    assert said.verdict is Verdict.FAIL
    assert "at dc1" in said.reason
    assert said.sites["dc1"][0].label is Label.HIGH
    assert said.sites["dc2"][0].label is Label.PASS


def test_sites_that_point_in_opposite_directions_are_named() -> None:
    said = over(ERRORS, {"dc1": (Counts(500, 5_000), Counts(5, 5_000)), "dc2": (Counts(5, 5_000), Counts(20, 5_000))})
    assert said.verdict is Verdict.FAIL
    assert "the sites disagree: higher at dc1, lower at dc2" in said.reason


def test_a_site_weighs_what_its_comparison_is_worth_not_what_its_canary_serves() -> None:
    """At dc2 there is hardly anything to compare the many requests of the canary with."""
    sites: Sites = {"dc1": (Counts(100, 10_000), Counts(100, 10_000)), "dc2": (Counts(5_000, 100_000), Counts(1, 100))}
    effect = over(ERRORS, sites, AGAIN).metrics[0].effect or 0
    assert effect == pytest.approx(0.04 * 100 / 5_100, rel=0.05)


def test_a_silent_site_does_not_hide_harm_at_the_other() -> None:
    said = over(
        ERRORS,
        {"dc1": (Counts(500, 5_000), Counts(5, 5_000)), "dc2": (None, None)},
        faults=(Fault("no answer", "dc2"),),
    )
    assert said.verdict is Verdict.FAIL


def test_a_decrease_is_harm_where_it_is_said_to_be() -> None:
    fewer: Sites = {"dc1": (normal(1, 100, 0.7), normal(2, 100, 1.0))}
    down = over(replace(GAUGE, direction=Direction.DECREASE, effect=Effect(Measure.MEAN_RATIO, 0.9)), fewer)
    assert (down.verdict, down.metrics[0].label) == (Verdict.FAIL, Label.LOW)
    assert down.metrics[0].effect == pytest.approx(0.7, abs=0.05)
    low, high = down.metrics[0].interval or (0, 0)
    assert 0.6 < low < 0.7 < high < 0.8
    assert "allowed x0.9" in down.reason
    assert over(GAUGE, fewer).verdict is Verdict.PASS
    assert over(replace(GAUGE, direction=Direction.EITHER), fewer).metrics[0].label is Label.LOW
