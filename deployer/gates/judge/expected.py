"""Data as they are to be expected: how large the bet on a rise will be, and whether the interval will exclude it"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from deployer.gates.judge.clean import clean, scale
from deployer.gates.judge.combine.counts import Tables, difference, ratio
from deployer.gates.judge.compare import histogram, samples
from deployer.gates.judge.config import Measure, MetricConfig
from deployer.gates.judge.data import Counts, Histogram, Metric, Samples
from deployer.gates.judge.evidence import counts_bet, normal_bet, normal_of
from deployer.gates.judge.measure import QUANTILE, Bar

Row = NDArray[np.float64]

POWER = float(special.ndtri(0.8))
"""What chance takes away from an estimate in four of five cases at most, in standard deviations."""


@dataclass(frozen=True, slots=True)
class Expected:
    """By requests or points of the canary: log of the bet that is won in four of five cases if there is the rise;
    and whether a rise is excluded in four of five cases if there is none.
    """

    bet: Callable[[float], float]
    excluded: Callable[[float], bool]


def expected(metric: MetricConfig, rule: Bar, baseline: Metric, *, rise: float, share: float, z: float) -> Expected:
    """`share` is how many requests of the baseline come with one of the canary; `z` that of an interval."""
    match baseline:
        case Counts():
            return _counts(rule, baseline, rise, share, z + POWER)
        case Histogram():
            return _histogram(rule, baseline, rise, share, z + POWER)
        case Samples():
            return _samples(metric, rule, baseline, rise, z + POWER)


def _counts(rule: Bar, baseline: Counts, rise: float, share: float, z: float) -> Expected:
    """Half a bad request is added to what was seen: none so far does not mean that there are none."""
    by_ratio = rule.measure is Measure.RATIO
    rate = (baseline.bad + 0.5) / (baseline.total + 1)
    limits = ratio if by_ratio else difference
    risen = min(1.0, rate * rise if by_ratio else rate + rise)
    return _of_rates(risen, rate, share, lambda n: limits(_tables(n, rate, share), z)[2] <= rule.allowed)


def _tables(n: float, rate: float, share: float) -> Tables:
    bad, whole, base_bad, base = (np.array([one]) for one in (n * rate, n, n * share * rate, n * share))
    return Tables(bad, whole, base_bad, base)


def _of_rates(rate: float, base: float, share: float, excluded: Callable[[float], bool]) -> Expected:
    part = np.array([1 / (1 + share)])

    def at(ours: float, theirs: float) -> float:
        return counts_bet(np.array([ours]), np.array([ours + theirs]), part)

    def bet(n: float) -> float:
        ours, theirs = n * rate, n * share * base
        middle = at(ours, theirs)
        less = middle - at(max(ours - ours**0.5, 0.0), theirs)
        more = middle - at(ours, theirs + theirs**0.5)
        return middle - POWER * float(np.hypot(less, more))

    return Expected(bet, excluded)


def _histogram(rule: Bar, baseline: Histogram, rise: float, share: float, z: float) -> Expected:
    counts = np.array(baseline.count, dtype=float) / sum(baseline.count)
    edges = np.array(baseline.le[:-1])
    if rule.measure is Measure.SLOWER_SHARE:
        same = histogram.Site(edges, counts, counts)
        base = float(counts[same.edge_at(0.95, counts) + 1 :].sum())
        return _of_rates(
            min(1.0, base + rise), base, share, lambda n: difference(_tables(n, base, share), z)[2] <= rule.allowed
        )
    quantile = QUANTILE[rule.measure]
    site = histogram.Site(edges, _stretched(edges, counts, rise), counts)

    def excluded(n: float) -> bool:
        _, limits, known = histogram.quantiles([histogram.Site(edges, n * counts, n * share * counts)], quantile, z)
        return known and limits[2] <= rule.allowed

    if rule.measure is Measure.P50_RATIO:
        ranked = histogram.ranked(site)
        shift = (ranked.above - 0.5) / (max(ranked.ties, 1e-12) / 12) ** 0.5
        worth = share / (1 + share)
        return Expected(lambda n: normal_bet((n * worth) ** 0.5 * shift - POWER, n * worth, histogram.SHIFT), excluded)
    cut = site.edge_at(quantile, site.canary + site.baseline) + 1
    return _of_rates(float(site.canary[cut:].sum()), float(counts[cut:].sum()), share, excluded)


def _stretched(edges: Row, counts: Row, rise: float) -> Row:
    """The same latencies, each longer by this factor."""
    places = np.concatenate(([0.0], edges))
    upto = np.concatenate(([0.0], np.cumsum(counts)[:-1]))
    made: Row = np.diff(np.concatenate((np.interp(places / rise, places, upto), [1.0])))
    return made


def _samples(metric: MetricConfig, rule: Bar, baseline: Samples, rise: float, z: float) -> Expected:
    """Both sides have as many points, each worth what the baseline's are."""
    cleaned = clean(metric, baseline, baseline, scale([baseline]))
    if isinstance(cleaned, str) or len(cleaned.canary.values) <= 1:
        return Expected(lambda _: 0.0, lambda _: False)
    series = cleaned.canary
    worth = series.n_effective / len(series.values)
    same = samples.Site.beside(series, series)
    above, ties = same.ranked.above, same.ranked.ties
    if rule.measure is Measure.CLES:
        above = rise
    else:
        higher = samples.Site.beside(series.times(rise), series)
        above, ties = higher.ranked.above, higher.ranked.ties
    shift = (above - 0.5) / (max(ties, 1e-12) / 12) ** 0.5
    spread = same.variance * series.n_effective

    def bet(n: float) -> float:
        points = max(n * worth, 1.0)
        return float(
            normal_bet(normal_of((points / 2) ** 0.5 * shift, 2 * points - 2) - POWER, points / 2, samples.SHIFT)
        )

    def excluded(n: float) -> bool:
        points = max(n * worth, 1.0)
        if rule.measure is Measure.CLES:
            return bool(0.5 + z * (1 / (6 * points)) ** 0.5 <= rule.allowed)
        return samples.within((same.mean, same.mean), (spread / points, spread / points), z, rule.allowed)[0]

    return Expected(bet, excluded)
