"""A metric's pairs, cleaned once, and the comparison that suits their kind"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ldexp

from deployer.gates.judge.clean import clean, scale
from deployer.gates.judge.compare import counts, histogram, samples
from deployer.gates.judge.config import Kind, MetricConfig
from deployer.gates.judge.data import Samples
from deployer.gates.judge.found import Found
from deployer.gates.judge.measure import Bar
from deployer.gates.judge.validate import Objection, Pair


@dataclass(frozen=True, slots=True)
class How:
    """The bar, the confidence of an interval with its two-sided normal limit `z`, and whether we look again."""

    bar: Bar
    confidence: float
    z: float
    repeated: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """Pairs of one kind, one per site; where they are samples, `series` are they, divided by 2 to the `scaled`."""

    pairs: tuple[Pair, ...]
    series: tuple[samples.Site, ...] = ()
    scaled: int = 0

    def swapped(self) -> Prepared:
        return replace(
            self,
            pairs=tuple(pair.swapped() for pair in self.pairs),
            series=tuple(site.swapped() for site in self.series),
        )

    def compare(self, places: Sequence[int], how: How) -> Found:
        """The canary with the baseline over these sites, by their places in `pairs`."""
        if self.series:
            sites = [self.series[place] for place in places]
            found = samples.compare(sites, how.bar, how.confidence, repeated=how.repeated)
            ours, theirs = found.values
            return replace(found, values=(ldexp(ours, self.scaled), ldexp(theirs, self.scaled)))
        compare = counts.compare if self.pairs[0].kind is Kind.COUNTS else histogram.compare
        return compare([self.pairs[place] for place in places], how.bar, how.z, repeated=how.repeated)


def prepare(metric: MetricConfig, seen: Sequence[Pair | Objection]) -> tuple[Prepared, tuple[Objection, ...]]:
    """What can be compared, and the objections to the rest."""
    pairs = [one for one in seen if isinstance(one, Pair)]
    objections = tuple(one for one in seen if isinstance(one, Objection))
    if metric.kind is not Kind.SAMPLES:
        return Prepared(tuple(pairs)), objections
    scaled = scale([side for pair in pairs for side in (pair.canary, pair.baseline) if isinstance(side, Samples)])
    sites = [(pair, _series(metric, pair, scaled)) for pair in pairs]
    good = [(pair, site) for pair, site in sites if isinstance(site, samples.Site)]
    flawed = tuple(site for _, site in sites if isinstance(site, Objection))
    return Prepared(tuple(pair for pair, _ in good), tuple(site for _, site in good), scaled), objections + flawed


def _series(metric: MetricConfig, pair: Pair, scaled: int) -> samples.Site | Objection:
    assert isinstance(pair.canary, Samples)  # noqa: S101 - validate has seen to it
    assert isinstance(pair.baseline, Samples)  # noqa: S101
    cleaned = clean(metric, pair.canary, pair.baseline, scaled)
    if isinstance(cleaned, str):
        return Objection(pair.site, cleaned)
    n = (len(cleaned.canary.values), len(cleaned.baseline.values))
    least = max(metric.min_points, 2)
    if min(n) < least:
        return Objection(pair.site, f"{n[0]} and {n[1]} points without outliers, at least {least} are needed", n=n)
    return samples.Site.of(cleaned, pair.canary.step)
