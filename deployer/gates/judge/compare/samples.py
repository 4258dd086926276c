"""Gauges over time: a rank test with as many points as the series are worth; effect by means, or by ranks"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from deployer.gates.judge.clean import Series
from deployer.gates.judge.combine import ranks as combine
from deployer.gates.judge.config import Measure
from deployer.gates.judge.found import Found, growth
from deployer.gates.judge.measure import LARGEST, Bar

SHIFT = 1.0
"""The shift of a gauge that is bet on, in standard deviations."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site: ranks, and mean and variance of the mean of either side, with what the points are worth."""

    ranked: combine.Ranked
    n: tuple[int, int]
    mean: float
    base_mean: float
    variance: float
    base_variance: float

    @classmethod
    def of(cls, canary: Series, baseline: Series) -> Site:
        return cls(
            _ranked(canary, baseline),
            (len(canary.values), len(baseline.values)),
            float(canary.values.mean()),
            float(baseline.values.mean()),
            _variance(canary),
            _variance(baseline),
        )

    def swapped(self) -> Site:
        ranked = combine.Ranked(1 - self.ranked.above, self.ranked.ties, self.ranked.base_n, self.ranked.n)
        return Site(ranked, (self.n[1], self.n[0]), self.base_mean, self.mean, self.base_variance, self.variance)


def _variance(series: Series) -> float:
    """Of the mean; a correlated series varies less within itself than it does in the long run."""
    worth = max(series.n_effective, 1.1)
    return float(series.values.var()) / (worth - 1)


def _ranked(canary: Series, baseline: Series) -> combine.Ranked:
    n, base_n = len(canary.values), len(baseline.values)
    _, place, tied = np.unique(
        np.concatenate((canary.values, baseline.values)), return_inverse=True, return_counts=True
    )
    theirs = np.bincount(place[n:], minlength=len(tied))
    below = np.cumsum(theirs) - theirs / 2
    above = float(below[place[:n]].sum()) / (n * base_n)
    ties = 1 - float(((tied / (n + base_n)) ** 3).sum())
    return combine.Ranked(above, max(ties, 0.0), canary.n_effective, baseline.n_effective)


def compare(sites: Sequence[Site], bar: Bar, confidence: float, *, repeated: bool) -> Found:
    ranked = [site.ranked for site in sites]
    freedom = max(sum(site.n + site.base_n - 2 for site in ranked), 1.0)
    t = float(special.stdtrit(freedom, (1 + confidence) / 2))
    weight = np.array([site.weight for site in ranked]) / sum(site.weight for site in ranked)
    means = (_sum(weight, [site.mean for site in sites]), _sum(weight, [site.base_mean for site in sites]))
    spread = (
        _sum(weight**2, [site.variance for site in sites]),
        _sum(weight**2, [site.base_variance for site in sites]),
    )
    if bar.measure is Measure.CLES:
        effect, low, high = combine.above(ranked, t)
        excluded, more = high <= bar.allowed, growth(effect, high, bar.allowed)
    else:
        effect, low, high = _ratio(means, spread, t)
        excluded, more = within(means, spread, t, bar.allowed)
    return Found(
        values=means,
        effect=effect,
        interval=(low, high),
        p=combine.chance(ranked, SHIFT, repeated=repeated, freedom=freedom),
        n=(sum(site.n[0] for site in sites), sum(site.n[1] for site in sites)),
        n_effective=(sum(site.n for site in ranked), sum(site.base_n for site in ranked)),
        excluded=excluded,
        more=more,
    )


def _sum(weight: NDArray[np.float64], values: list[float]) -> float:
    return float((weight * np.array(values)).sum())


def within(
    means: tuple[float, float], spread: tuple[float, float], t: float, allowed: float
) -> tuple[bool, float | None]:
    """Whether the canary's mean is surely not above `allowed` times the baseline's; nothing is divided by a zero."""
    mean, base = means
    slope = allowed if base >= 0 else 2 - allowed
    beyond = mean - slope * base
    reach = t * (spread[0] + slope**2 * spread[1]) ** 0.5
    return beyond + reach <= 0, growth(beyond, beyond + reach, 0.0)


def _ratio(means: tuple[float, float], spread: tuple[float, float], t: float) -> tuple[float, float, float]:
    """Ratio of the means with Fieller's limits; up to LARGEST where the baseline may be zero."""
    mean, base = means
    if mean == base:
        ratio = 1.0
    elif abs(base) * LARGEST <= abs(mean):
        ratio = LARGEST if mean > base else -LARGEST
    else:
        ratio = 1 + (mean - base) / abs(base)
    sure = base * base - t * t * spread[1]
    inside = mean * mean * base * base - (mean * mean - t * t * spread[0]) * sure
    if sure <= 0:
        return ratio, min(ratio, 0.0 if spread[0] or spread[1] else ratio), LARGEST if spread[1] else ratio
    low, high = sorted((mean * base + sign * max(inside, 0.0) ** 0.5) / sure for sign in (-1, 1))
    if base < 0:
        low, high = 2 - high, 2 - low
    return ratio, max(low, -LARGEST), min(high, LARGEST)
