"""Ranks of several sites together: van Elteren's way, each site compared within itself"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from scipy import special

from deployer.gates.judge.evidence import ever, normal_bet, normal_of


@dataclass(frozen=True, slots=True)
class Ranked:
    """One site: the chance that a value of the canary is above one of the baseline (ties half), and its spread.

    `ties` is 1 without ties and falls to 0 when all values are the same.
    """

    above: float
    ties: float
    n: float
    base_n: float

    @property
    def weight(self) -> float:
        return self.n * self.base_n / (self.n + self.base_n)


def chance(sites: Sequence[Ranked], expected: float, *, repeated: bool, freedom: float = inf) -> float:
    """The p-value of larger values in the canary; `freedom` as in Student's t, where spreads were estimated."""
    information = sum(site.weight for site in sites)
    spread = sum(site.weight * site.ties / 12 for site in sites) ** 0.5
    if spread <= 0:
        return 1.0
    z = sum(site.weight * (site.above - 0.5) for site in sites) / spread
    if freedom < inf:
        z = normal_of(z, freedom)
    return ever(normal_bet(z, information, expected)) if repeated else float(special.ndtr(-z))


def above(sites: Sequence[Ranked], z: float) -> tuple[float, float, float]:
    """The common-language effect with its limits (Hanley and McNeil 1982), over all sites."""
    whole = sum(site.weight for site in sites)
    middle = sum(site.weight * site.above for site in sites) / whole
    reach = z * sum((site.weight / whole) ** 2 * _variance(site) for site in sites) ** 0.5
    return middle, max(0.0, middle - reach), min(1.0, middle + reach)


def _variance(site: Ranked) -> float:
    """Half a value is added where one side is wholly above the other: nothing is that certain."""
    edge = 0.5 / (site.n * site.base_n)
    t = min(max(site.above, edge), 1 - edge)
    one, two = t / (2 - t), 2 * t * t / (1 + t)
    spread = t * (1 - t) + (site.n - 1) * (one - t * t) + (site.base_n - 1) * (two - t * t)
    return spread / (site.n * site.base_n) if site.ties > 0 else 0.0
