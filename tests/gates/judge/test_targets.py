"""The targets in small: the thousand runs of each are in `make bench`"""

from __future__ import annotations

from statistics import mean

import pytest

from deployer.gates.judge.allowance import alphas
from tests.bench import ladder, rules, wald
from tests.bench.verdicts import BASE, BETA, RISEN
from tests.gates.judge.sides import AGAIN


@pytest.mark.parametrize("link", [0.0, 0.8])
def test_a_harmless_release_is_not_aborted_over_a_whole_ladder(link: float) -> None:
    """1 % over all looks, metrics, sites and steps: of 25 runs, two by chance once in forty times."""
    assert sum(ladder.aborted(seed, link, 4) for seed in range(25)) <= 1


def test_a_bad_release_goes_back_after_little_more_than_the_best_possible_test_needs() -> None:
    streams = [rules.Stream.of(seed, rules.HOUR, 1.0, RISEN, BASE) for seed in range(40)]
    known = (rules.ours, rules.flagger, rules.argo, rules.kayenta)
    needed = {rule: mean(stream.requests(rule(stream)) for stream in streams) for rule in known}
    spent = alphas(rules.CONFIG, AGAIN)["error_rate"]
    assert needed[rules.ours] <= 1.5 * wald.two_samples(BASE, RISEN, spent, BETA)
    assert needed[rules.ours] < min(needed[rule] for rule in needed if rule is not rules.ours)


def test_the_models_of_other_rules_do_what_those_rules_say() -> None:
    good, bad = (rules.Stream.of(1, 2 * rules.HOUR, 50.0, rate, BASE) for rate in (BASE, RISEN))
    assert [rule(good) for rule in (rules.flagger, rules.argo, rules.kayenta)] == [None, None, None]
    assert [rule(bad) for rule in (rules.flagger, rules.argo, rules.kayenta)] == [300, 240, 3600]


def test_walds_bounds_are_his() -> None:
    """Errors of 0.1 % against 5 %: each pair of which one is bad tells, and 7.7 of them suffice."""
    assert wald.two_samples(0.001, 0.05, 0.01, 0.01) == pytest.approx(148, abs=3)
    assert wald.one_sample(0.001, 0.05, 0.01, 0.01) == pytest.approx(30.5, abs=0.5)
