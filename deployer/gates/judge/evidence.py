"""Evidence of harm that may be looked at again and again: bets against "no harm" that a harmless release rarely wins

A bet pays 1 on average, at any moment somebody looks, if there is no harm (Ville's inequality): a harmless release
ever reaches 1/alpha with chance alpha at most. Its inverse is therefore a p-value that holds for all looks together.
References: Robbins 1970; Johari et al. 2017; Grünwald, de Heide and Koolen 2024.
"""

from __future__ import annotations

from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray
from scipy import special

Row = NDArray[np.float64]

RATIOS = np.geomspace(1.15, 1000.0, 28)
"""Rises of a rate that are bet on, alike on each: from a little above nothing to a broken release."""


def counts_bet(bad: Row, all_bad: Row, share: Row) -> float:
    """Log of the bet on a rise of the canary's rate; rows have one place per site.

    Of `all_bad` bad requests `bad` were the canary's, which served this `share` of the requests: without harm each
    is the canary's with just that chance.
    """
    share = share[:, None]
    weighted = share * RATIOS
    whole = weighted + (1 - share)
    paid = bad[:, None] * np.log(RATIOS) - all_bad[:, None] * np.log(whole)
    return float(special.logsumexp(paid.sum(axis=0))) - log(len(RATIOS))


def normal_bet(z: float, information: float, expected: float) -> float:
    """Log of the bet on a positive mean of which `z` is the standardised estimate: half-normal around `expected`.

    `information` is the number of pairs the estimate is worth, `expected` the effect bet on, in standard deviations.
    """
    gain = information * expected**2
    shrunk = gain / (1 + gain)
    half = float(special.log_ndtr(z * shrunk**0.5)) + log(2)
    return half + z * z / 2 * shrunk - log1p(gain) / 2


def ever(log_bet: float) -> float:
    """The p-value for all looks together."""
    return exp(-max(log_bet, 0.0)) if log_bet < 700 else 0.0  # noqa: PLR2004 - the end of a float


def normal_of(t: float, freedom: float) -> float:
    """The standard normal value as rare as this one of Student's t."""
    tail = float(special.stdtr(max(freedom, 1.0), -abs(t)))
    z = -float(special.ndtri(max(tail, 1e-300)))
    return z if t >= 0 else -z
