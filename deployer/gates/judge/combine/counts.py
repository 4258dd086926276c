"""Bad requests of several sites together: Mantel and Haenszel's way, exactly where the numbers are small"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from deployer.gates.judge.evidence import counts_bet, ever

Row = NDArray[np.float64]

EXACT = 4000
"""So many bad requests at a site are still convolved exactly; with more the normal curve is as good."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Per site: bad of all requests of the canary, and of the baseline."""

    bad: Row
    n: Row
    base_bad: Row
    base_n: Row

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int]]) -> Tables:
        bad, n, base_bad, base_n = np.array(rows, dtype=float).T
        return cls(bad, n, base_bad, base_n)

    @property
    def weight(self) -> Row:
        """What a site's difference weighs: the harmonic size of its two groups."""
        weight: Row = self.n * self.base_n / (self.n + self.base_n)
        return weight


def chance(tables: Tables, *, repeated: bool) -> float:
    """The p-value of a rise in the canary: for all looks together, or for this one."""
    all_bad = tables.bad + tables.base_bad
    if repeated:
        return ever(counts_bet(tables.bad, all_bad, tables.n / (tables.n + tables.base_n)))
    if all_bad.max() > EXACT:
        return _normal(tables, all_bad)
    whole = np.ones(1)
    least = 0
    for size, base, bad in zip(tables.n, tables.base_n, all_bad, strict=True):
        low, mass = _hypergeometric(int(size), int(base), int(bad))
        whole, least = np.convolve(whole, mass), least + low
    return float(min(1.0, whole[max(0, int(tables.bad.sum()) - least) :].sum()))


def _hypergeometric(size: int, base: int, bad: int) -> tuple[int, Row]:
    """How many of all bad requests are the canary's, if each request is as likely to be bad: Fisher's exact test."""
    low, high = max(0, bad - base), min(bad, size)
    k = np.arange(low, high + 1, dtype=float)
    logs = _choose(size, k) + _choose(base, bad - k) - _choose(size + base, np.array(float(bad)))
    mass: Row = np.exp(logs)
    return low, mass / mass.sum()


def _choose(n: int, k: Row) -> Row:
    chosen: Row = special.gammaln(n + 1.0) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return chosen


def _normal(tables: Tables, all_bad: Row) -> float:
    whole = tables.n + tables.base_n
    expected = tables.n * all_bad / whole
    spread = expected * tables.base_n / whole * (whole - all_bad) / np.maximum(whole - 1, 1)
    z = (float((tables.bad - expected).sum()) - 0.5) / max(float(spread.sum()), 1e-300) ** 0.5
    return float(special.ndtr(-z))


def difference(tables: Tables, z: float) -> tuple[float, float, float]:
    """Difference of the rates, lower and upper limit: Newcombe's, from Wilson's score limits, over all sites."""
    weight = tables.weight / tables.weight.sum()
    rate, low, high = _wilson(tables.bad, tables.n, z)
    base, base_low, base_high = _wilson(tables.base_bad, tables.base_n, z)
    middle = float((weight * (rate - base)).sum())
    down = float((weight**2 * ((rate - low) ** 2 + (base_high - base) ** 2)).sum()) ** 0.5
    up = float((weight**2 * ((high - rate) ** 2 + (base - base_low) ** 2)).sum()) ** 0.5
    return middle, middle - down, middle + up


def _wilson(bad: Row, n: Row, z: float) -> tuple[Row, Row, Row]:
    rate = bad / n
    centre = (bad + z * z / 2) / (n + z * z)
    reach = z / (n + z * z) * np.sqrt(bad * (1 - rate) + z * z / 4)
    return rate, np.minimum(rate, centre - reach), np.maximum(rate, centre + reach)


def ratio(tables: Tables, z: float) -> tuple[float, float, float]:
    """Ratio of the rates with its score limits, given how many were bad; half a request is added to either side.

    The score at ratio 1 is Mantel and Haenszel's; with nothing bad anywhere the limits are wide and finite.
    """
    bad = tables.bad + 0.5 / len(tables.bad)
    all_bad = tables.bad + tables.base_bad + 1.0 / len(tables.bad)
    wanted = np.array((0.0, z, -z))
    low, high = np.full(3, -35.0), np.full(3, 35.0)
    for _ in range(48):
        middle = (low + high) / 2
        weighted = tables.n * np.exp(middle)[:, None]
        share = weighted / (weighted + tables.base_n)
        score = (bad - all_bad * share).sum(axis=1)
        over = score > wanted * np.sqrt((all_bad * share * (1 - share)).sum(axis=1))
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    middle, lower, upper = (float(one) for one in np.exp((low + high) / 2))
    return middle, lower, upper
