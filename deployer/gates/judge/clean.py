"""Stage 2, clean: missing points and outliers as configured, and how many independent points a series is worth"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import frexp

import numpy as np
from numpy.typing import NDArray

from deployer.gates.judge.config import Kind, Measure, MetricConfig, Nan, Outliers
from deployer.gates.judge.data import Samples
from deployer.gates.judge.measure import bar

Row = NDArray[np.float64]

ROUNDING = 1e-24
"""Less spread than this around values of about 1 is none."""
STILL = 0.1
"""What moves by so small a part of the harm that is allowed stands still; of such a baseline all points count."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values in the order of time without missing ones, and the number of independent ones they are worth."""

    values: Row
    n_effective: float

    def times(self, factor: float) -> Series:
        return Series(self.values * factor, self.n_effective)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Both series; and, one under the other, what canary and baseline were at the moments at which both have a value,
    the latest last: none where they were not measured equally often. `still`: the baseline does not move.
    """

    canary: Series
    baseline: Series
    together: NDArray[np.float64]
    still: bool = False


def scale(sides: Sequence[Samples]) -> int:
    """The power of two that makes the largest value about 1: dividing by it loses nothing, in any unit."""
    rows = [np.abs(_row(side)) for side in sides if side.values]
    return frexp(max((float(np.max(row, where=np.isfinite(row), initial=0.0)) for row in rows), default=0.0))[1]


def clean(metric: MetricConfig, canary: Samples, baseline: Samples, scaled: int) -> Cleaned | str:
    """Both series, divided by 2 to the `scaled`; or why not."""
    rows = [_filled(metric.nan, side) for side in (canary, baseline)]
    if metric.nan is Nan.FAIL and any(np.isnan(row).any() for row in rows):
        return "points are missing, and the config says that none may"
    if metric.outliers is Outliers.IQR3:
        rows = [_without_outliers(row) for row in rows]
    rows = [np.ldexp(row, -scaled) for row in rows]
    still = _stands_still(metric, rows[1])
    link = 0.0 if still else correlation(*rows)
    ours, theirs = (row[~np.isnan(row)] for row in rows)
    return Cleaned(
        Series(ours, effective(len(ours), link)),
        Series(theirs, effective(len(theirs), link)),
        _together(*rows if canary.step == baseline.step else (rows[0][:0], rows[1])),
        still,
    )


def _stands_still(metric: MetricConfig, baseline: Row) -> bool:
    """How a gauge creeps by a thousandth says nothing of a rise by a fifth."""
    rule = bar(Kind.SAMPLES, metric.effect)
    if rule.measure is Measure.CLES or np.isnan(baseline).all():
        return False
    return bool(np.nanstd(baseline) <= STILL * (rule.allowed - rule.none) * abs(np.nanmean(baseline)))


def _together(canary: Row, baseline: Row) -> NDArray[np.float64]:
    """Windows end together."""
    many = min(len(canary), len(baseline))
    both = np.vstack((canary[len(canary) - many :], baseline[len(baseline) - many :]))
    return both[:, ~np.isnan(both).any(axis=0)]


def _row(side: Samples) -> Row:
    """None is nan to numpy."""
    return np.array(side.values, dtype=float)


def _filled(strategy: Nan, side: Samples) -> Row:
    row = _row(side)
    row[~np.isfinite(row)] = np.nan
    return np.nan_to_num(row, nan=0.0) if strategy is Nan.ZERO else row


def _without_outliers(row: Row) -> Row:
    """Values beyond three interquartile ranges become missing."""
    low, high = np.nanpercentile(row, (25, 75))
    reach = 3 * (high - low)
    return np.where((row < low - reach) | (row > high + reach), np.nan, row)


def correlation(canary: Row, baseline: Row) -> float:
    """Lag-1 autocorrelation of the baseline, or of the canary where the baseline is constant.

    How a metric wanders is the metric's nature, and the baseline shows it: harm in the canary neither adds to what
    the points are worth nor takes from it. Of values or ranks, the larger. Short series look less correlated than
    they are (Kendall 1954: by (1 + 3 rho) / n): that is added again.
    """
    for row in (baseline, canary):
        n = int(np.count_nonzero(~np.isnan(row)))
        found = [lag_one(one) for one in (row, _ranks(row))]
        if max(found) > -1 and n > 4:  # noqa: PLR2004
            return float(np.clip((max(found) * n + 1) / (n - 3), 0.0, 0.99))
    return 0.0


def _ranks(row: Row) -> Row:
    _, place = np.unique(row, return_inverse=True)
    return np.where(np.isnan(row), np.nan, place.astype(float))


def lag_one(row: Row) -> float:
    """-1 where nothing varies: constant points say nothing about correlation."""
    around = row - np.nanmean(row)
    below = float(np.nansum(around * around))
    return float(np.nansum(around[1:] * around[:-1])) / below if below > ROUNDING else -1.0


def effective(n: int, link: float) -> float:
    """How many independent points tell the mean as well as `n` points of an AR(1) series with this correlation."""
    if link <= 0:
        return float(n)
    whole = 1 + 2 * link / (1 - link) - 2 * link * (1 - link**n) / (n * (1 - link) ** 2)
    return min(float(n), max(1.0, n / whole))
