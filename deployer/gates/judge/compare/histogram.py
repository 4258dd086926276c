"""Latency by buckets: ranks for the median, the share of slow requests for the tail; effect by quantiles"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from deployer.gates.judge.combine import counts as combine_counts
from deployer.gates.judge.combine import ranks as combine_ranks
from deployer.gates.judge.compare.counts import of_tables
from deployer.gates.judge.config import Measure
from deployer.gates.judge.data import Histogram
from deployer.gates.judge.found import Found, growth
from deployer.gates.judge.measure import QUANTILE, Bar
from deployer.gates.judge.validate import Pair

Row = NDArray[np.float64]

SHIFT = 0.25
"""The shift of latency that is bet on, in standard deviations."""
LIMIT = 4.0
"""A quantile beyond the last finite edge is given as that edge; its upper limit as so many times the edge."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site's buckets: finite upper edges, and the requests per bucket of either side."""

    edges: Row
    canary: Row
    baseline: Row

    @classmethod
    def of(cls, pair: Pair) -> Site:
        assert isinstance(pair.canary, Histogram)  # noqa: S101 - validate has seen to it
        assert isinstance(pair.baseline, Histogram)  # noqa: S101
        edges = np.array(pair.canary.le[:-1])
        return cls(edges, np.array(pair.canary.count, dtype=float), np.array(pair.baseline.count, dtype=float))

    @property
    def weight(self) -> float:
        n, base_n = float(self.canary.sum()), float(self.baseline.sum())
        return n * base_n / (n + base_n)

    def above(self, bucket: int) -> tuple[int, int, int, int]:
        """Requests beyond this bucket's edge, and all, of either side."""
        ours, theirs = self.canary, self.baseline
        slow, base_slow = ours[bucket + 1 :].sum(), theirs[bucket + 1 :].sum()
        return int(slow), int(ours.sum()), int(base_slow), int(theirs.sum())

    def edge_at(self, quantile: float, counts: Row) -> int:
        """The bucket whose edge has as nearly as possible this share below it, and something above it."""
        beyond = 1 - np.cumsum(counts)[:-1] / counts.sum()
        with np.errstate(divide="ignore"):
            apart = np.abs(np.log(np.maximum(beyond, 0.0)) - log(1 - quantile))
        return int(np.argmin(apart))


def compare(pairs: Sequence[Pair], bar: Bar, z: float, *, repeated: bool) -> Found:
    sites = [Site.of(pair) for pair in pairs]
    if bar.measure is Measure.SLOWER_SHARE:
        return of_tables([site.above(site.edge_at(0.95, site.baseline)) for site in sites], bar, z, repeated=repeated)
    quantile = QUANTILE[bar.measure]
    values, (effect, low, high), known = quantiles(sites, quantile, z)
    n = (int(sum(site.canary.sum() for site in sites)), int(sum(site.baseline.sum() for site in sites)))
    return Found(
        values=values,
        effect=effect,
        interval=(low, high),
        p=_chance(sites, quantile, repeated=repeated),
        n=n,
        n_effective=(float(n[0]), float(n[1])),
        excluded=known and high <= bar.allowed,
        more=growth(log(effect), log(high), log(bar.allowed)) if known else None,
        why="" if known else f"the last bucket begins at {max(site.edges[-1] for site in sites):g}, too low to tell",
        unit=pairs[0].canary.unit if isinstance(pairs[0].canary, Histogram) else "",
    )


def _chance(sites: Sequence[Site], quantile: float, *, repeated: bool) -> float:
    if quantile == 0.5:  # noqa: PLR2004
        return combine_ranks.chance([ranked(site) for site in sites], SHIFT, repeated=repeated)
    cuts = [site.above(site.edge_at(quantile, site.canary + site.baseline)) for site in sites]
    return combine_counts.chance(combine_counts.Tables.of(cuts), repeated=repeated)


def ranked(site: Site) -> combine_ranks.Ranked:
    """Buckets are ranks with ties."""
    ours, theirs = site.canary, site.baseline
    n, base_n = float(ours.sum()), float(theirs.sum())
    below = np.cumsum(theirs) - theirs
    tied = (ours + theirs) / (n + base_n)
    above = float((ours * (below + theirs / 2)).sum()) / (n * base_n)
    return combine_ranks.Ranked(above, 1 - float((tied**3).sum()), n, base_n)


def quantiles(
    sites: Sequence[Site], quantile: float, z: float
) -> tuple[tuple[float, float], tuple[float, float, float], bool]:
    """The two quantiles, their ratio with its limits (each side's order statistics, on the log scale), if known."""
    whole = sum(site.weight for site in sites)
    ours = base = down = up = 0.0
    known = True
    for site in sites:
        weight = site.weight / whole
        middle, low, high, inside = _limits(site.edges, site.canary, quantile, z)
        base_middle, base_low, base_high, base_inside = _limits(site.edges, site.baseline, quantile, z)
        ours, base = ours + weight * middle, base + weight * base_middle
        down += weight**2 * ((middle - low) ** 2 + (base_high - base_middle) ** 2)
        up += weight**2 * ((high - middle) ** 2 + (base_middle - base_low) ** 2)
        known = known and inside and base_inside
    ratio = ours - base
    limits = (_exp(ratio), _exp(ratio - down**0.5), _exp(ratio + up**0.5))
    return (_exp(ours), _exp(base)), limits, known


def _exp(value: float) -> float:
    return float(np.exp(min(max(value, -300.0), 300.0)))


def _limits(edges: Row, counts: Row, quantile: float, z: float) -> tuple[float, float, float, bool]:
    """Log of the quantile and of its limits; False when the quantile lies beyond the last edge."""
    n = float(counts.sum())
    reach = z * (quantile * (1 - quantile) / n) ** 0.5
    middle = _interpolate(edges, counts, quantile)
    low = _interpolate(edges, counts, max(quantile - reach, 0.0))
    high = _interpolate(edges, counts, quantile + reach) if quantile + reach < 1 - counts[-1] / n else LIMIT * edges[-1]
    inside = bool(quantile < 1 - counts[-1] / n)
    return float(np.log(middle)), float(np.log(low)), float(np.log(max(high, middle))), inside


def _interpolate(edges: Row, counts: Row, quantile: float) -> float:
    """Requests lie evenly within their bucket, as Prometheus has it; never below a thousandth of the first edge."""
    wanted = quantile * counts.sum()
    upto = np.cumsum(counts)
    bucket = int(np.searchsorted(upto, wanted))
    if bucket >= len(edges):
        return float(edges[-1])
    least = float(edges[edges > 0][0]) / 1000
    low = float(edges[bucket - 1]) if bucket else 0.0
    inside = (wanted - (upto[bucket] - counts[bucket])) / counts[bucket] if counts[bucket] else 1.0
    return max(low + (float(edges[bucket]) - low) * float(inside), least)
