"""Wald's sequential tests: how many requests the best possible test needs, which knows how bad a bad release is"""

from __future__ import annotations

from math import log


def two_samples(base: float, risen: float, alpha: float, beta: float) -> float:
    """Pairs of a canary's and a baseline's request, where nobody knows either rate (Wald 1947, chapter 6).

    Only pairs of which one is bad tell: without harm it is either with chance a half.
    """
    ours, theirs = risen * (1 - base), base * (1 - risen)
    telling = ours + theirs
    return _expected(ours / telling, 0.5, alpha, beta) / telling


def one_sample(base: float, risen: float, alpha: float, beta: float) -> float:
    """Requests of the canary alone, where the rate without harm is known for sure."""
    return _expected(risen, base, alpha, beta)


def _expected(p: float, q: float, alpha: float, beta: float) -> float:
    """Observations until the test ends, if `p` is true and `q` is what it is tested against."""
    reached = (1 - beta) * log((1 - beta) / alpha) + beta * log(beta / (1 - alpha))
    return reached / (p * log(p / q) + (1 - p) * log((1 - p) / (1 - q)))
