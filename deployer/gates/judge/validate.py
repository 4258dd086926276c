"""Stage 1, validate: both sides there, of one kind, whole numbers, and enough of them; silence is an objection"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf, isfinite

import numpy as np

from deployer.gates.judge.config import Kind, Measure, MetricConfig
from deployer.gates.judge.data import Counts, Data, Histogram, Metric, Samples, Side
from deployer.gates.judge.measure import OF_KIND

KINDS = {Counts: Kind.COUNTS, Histogram: Kind.HISTOGRAM, Samples: Kind.SAMPLES}
MOST = 10**15
"""More requests than anybody counts: exact as a float, so arithmetic stays exact."""


EVEN = 1.15
"""A host that serves so much more, or less, than another is no measure for what follows the load."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One metric at one site, both sides of the same kind."""

    site: str
    canary: Metric
    baseline: Metric

    @property
    def kind(self) -> Kind:
        return KINDS[type(self.canary)]

    def swapped(self) -> Pair:
        return Pair(self.site, self.baseline, self.canary)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a metric cannot be judged at a site; `missing`: a side does not have it, `absent`: neither has."""

    site: str
    why: str
    missing: bool = False
    absent: bool = False
    needs: int | None = None
    n: tuple[int, int] = (0, 0)


def sites(data: Data) -> tuple[str, ...]:
    return tuple(dict.fromkeys(side.site for side in (*data.canary, *data.baseline)))


def of_kind(metric: MetricConfig, data: Data) -> MetricConfig:
    """The metric with its kind: as configured, else as it was measured first."""
    found = (side.metrics.get(metric.source) for side in (*data.baseline, *data.canary))
    kind = metric.kind or next((KINDS[type(one)] for one in found if one is not None), None)
    return replace(metric, kind=kind)


def at_site(metric: MetricConfig, data: Data, site: str) -> Pair | Objection:
    """The pair to compare, or the objection to comparing it."""
    for fault in data.faults:
        if fault.concerns(site, metric.name) or fault.concerns(site, metric.source):
            return Objection(site, fault.what)
    canary, baseline = _find(data.canary, site, metric), _find(data.baseline, site, metric)
    if canary is None or baseline is None:
        return _missing(site, canary, baseline, data.against)
    pair = Pair(site, canary, baseline)
    for name, value in (("the canary", canary), (data.against, baseline)):
        if why := flaw(value):
            return Objection(site, f"{name}'s data are no data: {why}")
    return _mismatch(metric, pair) or _uneven(metric, data, site) or _few(metric, pair) or pair


def _find(sides: tuple[Side, ...], site: str, metric: MetricConfig) -> Metric | None:
    return next(
        (side.metrics[metric.source] for side in sides if side.site == site and metric.source in side.metrics), None
    )


def _missing(site: str, canary: Metric | None, baseline: Metric | None, against: str) -> Objection:
    if canary is None and baseline is None:
        return Objection(site, "no data on either side", missing=True, absent=True)
    return Objection(site, f"no data of {'the canary' if canary is None else against}", missing=True)


def flaw(value: Metric) -> str:
    """What is wrong with data by themselves, or ""."""
    match value:
        case Counts(bad, total):
            return "" if 0 <= bad <= total <= MOST else f"{bad} bad of {total} requests"
        case Histogram(_, le, count):
            return _flaw_of_buckets(le, count)
        case Samples(_, step):
            return "" if step >= 0 else f"a step of {step:g} s"


def _flaw_of_buckets(le: tuple[float, ...], count: tuple[int, ...]) -> str:
    if len(le) != len(count) or len(le) <= 1:
        return f"{len(le)} bucket edges for {len(count)} buckets"
    if le[-1] != inf or not all(below < above for below, above in pairwise(le)):
        return "bucket edges must ascend, the last one is endless"
    if not (isfinite(le[0]) and le[-2] > 0):
        return "no bucket edge above 0"
    return "" if all(0 <= one <= MOST for one in count) else "a bucket with less than no requests, or too many"


def _mismatch(metric: MetricConfig, pair: Pair) -> Objection | None:
    ours, theirs = KINDS[type(pair.canary)], KINDS[type(pair.baseline)]
    wanted = metric.kind or ours
    if ours is not wanted or theirs is not wanted:
        return Objection(pair.site, f"wanted are {wanted.value}, measured were {ours.value} and {theirs.value}")
    measure = metric.effect.measure
    if measure is not Measure.AUTO and measure not in OF_KIND[wanted]:
        return Objection(pair.site, f"{measure.value} is no measure of {wanted.value}")
    if (
        isinstance(pair.canary, Histogram)
        and isinstance(pair.baseline, Histogram)
        and _unlike(pair.canary, pair.baseline)
    ):
        return Objection(pair.site, "the two sides have different buckets")
    return None


def _uneven(metric: MetricConfig, data: Data, site: str) -> Objection | None:
    """It is then as if it had not been measured: neither side's number says what the other's would be."""
    ours, theirs = (
        next((side.load for side in sides if side.site == site), 0.0) for sides in (data.canary, data.baseline)
    )
    if not metric.follows_load or min(ours, theirs) <= 0 or max(ours, theirs) <= EVEN * min(ours, theirs):
        return None
    why = f"not compared: the canary's hosts serve x{ours / theirs:.2g} as many requests each"
    return Objection(site, why, missing=True, absent=True)


def _unlike(one: Histogram, other: Histogram) -> bool:
    return (one.le, one.unit) != (other.le, other.unit)


def size(value: Metric) -> int:
    """Requests, or points that have a value."""
    match value:
        case Counts(_, total):
            return total
        case Histogram(_, _, count):
            return sum(count)
        case Samples(values, _):
            return int(np.isfinite(np.array(values, dtype=float)).sum())  # None is nan


def _few(metric: MetricConfig, pair: Pair) -> Objection | None:
    n = (size(pair.canary), size(pair.baseline))
    points = isinstance(pair.canary, Samples)
    least, what = (metric.min_points, "points") if points else (metric.min_requests, "requests")
    if min(n) >= max(least, 2):
        return None
    short = max(least, 2) - min(n)
    return Objection(pair.site, f"{n[0]} and {n[1]} {what}, at least {max(least, 2)} are needed", needs=short, n=n)
