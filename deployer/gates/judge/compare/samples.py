"""Gauges over time: a rank test with as many points as the series are worth; effect by means, or by ranks"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from deployer.gates.judge.clean import STILL, Cleaned, Series
from deployer.gates.judge.combine import ranks as combine
from deployer.gates.judge.compare import drift
from deployer.gates.judge.config import Measure
from deployer.gates.judge.found import Found, growth
from deployer.gates.judge.measure import LARGEST, Bar

SHIFT = 1.0
"""The shift of a gauge that is bet on, in standard deviations."""
INDEPENDENT = 10.0
"""A baseline whose points are worth fewer independent ones wanders."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site: ranks, and mean and variance of the mean of either side, with what the points are worth."""

    ranked: combine.Ranked
    n: tuple[int, int]
    mean: float
    base_mean: float
    variance: float
    base_variance: float
    drift: drift.Drift | None = None
    still: bool = False

    @classmethod
    def of(cls, cleaned: Cleaned, step: float) -> Site:
        found = cls.beside(cleaned.canary, cleaned.baseline)
        return replace(found, drift=drift.Drift.of(cleaned.together, step), still=cleaned.still)

    @property
    def moves(self) -> bool:
        """Whether the difference tells more, from moment to moment, than the values do."""
        return self.drift is not None and (self.still or self.ranked.base_n < INDEPENDENT)

    @classmethod
    def beside(cls, canary: Series, baseline: Series) -> Site:
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
        return replace(
            self,
            ranked=ranked,
            n=self.n[::-1],
            mean=self.base_mean,
            base_mean=self.mean,
            variance=self.base_variance,
            base_variance=self.variance,
            drift=self.drift.swapped() if self.drift else None,
        )


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
    level = _level(sites, bar, confidence, repeated=repeated)
    drifts = [site.drift for site in sites if site.drift and site.moves]
    if bar.measure is Measure.CLES or len(drifts) < len(sites):
        return level
    return _with_drift(level, _weights(sites), drifts, bar, confidence, repeated=repeated)


def _with_drift(
    level: Found,
    weight: NDArray[np.float64],
    drifts: Sequence[drift.Drift],
    bar: Bar,
    confidence: float,
    *,
    repeated: bool,
) -> Found:
    """Harm is shown by either. Of what rises, only what it is now counts, and whether it will stay well."""
    now = drift.Now.of(drifts, weight, confidence)
    p = min(1.0, 2 * min(level.p, drift.chance(drifts, repeated=repeated)))
    pace = drift.Pace.of(drifts, weight, now.theirs)
    rises = drift.rise(drifts) > drift.RISES and pace.over(level.n[0] / len(drifts)) > STILL * (bar.allowed - bar.none)
    if not rises or now.ours <= now.theirs:
        return replace(level, p=p, excluded=level.excluded or now.within(bar.allowed))
    effect = _over(now.ours, now.theirs)
    return replace(
        level,
        values=(now.ours, now.theirs),
        effect=effect,
        interval=(_over(now.theirs + now.low, now.theirs), _over(now.theirs + now.high, now.theirs)),
        p=p,
        excluded=now.within(bar.allowed),
        why=str(pace),
        rises=True,
        more=1 + len(drifts) * pace.until(effect, bar.allowed) / level.n[0] if effect <= bar.allowed else None,
    )


def _weights(sites: Sequence[Site]) -> NDArray[np.float64]:
    weight: NDArray[np.float64] = np.array([site.ranked.weight for site in sites])
    weight /= weight.sum()
    return weight


def _level(sites: Sequence[Site], bar: Bar, confidence: float, *, repeated: bool) -> Found:
    ranked = [site.ranked for site in sites]
    freedom = max(sum(site.n + site.base_n - 2 for site in ranked), 1.0)
    t = float(special.stdtrit(freedom, (1 + confidence) / 2))
    weight = _weights(sites)
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
    ratio = _over(mean, base)
    sure = base * base - t * t * spread[1]
    inside = mean * mean * base * base - (mean * mean - t * t * spread[0]) * sure
    if sure <= 0:
        return ratio, min(ratio, 0.0 if spread[0] or spread[1] else ratio), LARGEST if spread[1] else ratio
    low, high = sorted((mean * base + sign * max(inside, 0.0) ** 0.5) / sure for sign in (-1, 1))
    if base < 0:
        low, high = 2 - high, 2 - low
    return ratio, max(low, -LARGEST), min(high, LARGEST)


def _over(mean: float, base: float) -> float:
    """1 and the difference as a part of the baseline, whatever its sign."""
    if mean == base:
        return 1.0
    if abs(base) * LARGEST <= abs(mean - base):
        return LARGEST if mean > base else -LARGEST
    return 1 + (mean - base) / abs(base)
