"""A figure: what was measured against what, how far it spread, and whether it meets its target"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

RATIO, SECONDS = "x", "s"


@dataclass(frozen=True, slots=True)
class Figure:
    """`low` to `high` is the spread over the rounds; `target` None is printed for the reader and judged by nobody.

    `seconds` are the raw times of each contender, round by round.
    """

    row: str
    work: str
    against: str
    value: float
    low: float
    high: float
    unit: str = RATIO
    target: float | None = None
    seconds: tuple[tuple[str, tuple[float, ...]], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        return self.target is None or self.value <= self.target

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "met" if self.met else "MISSED"


def ratio(row: str, work: str, against: str, times: Mapping[str, Sequence[float]], target: float | None) -> Figure:
    """`times[work]` over `times[against]`: the ratio of the medians; the spread is that of the rounds, pair by pair."""
    ours, theirs = times[work], times[against]
    pairs = [our / their for our, their in zip(ours, theirs, strict=True)]
    value = median(ours) / median(theirs)
    return Figure(row, work, against, value, min(pairs), max(pairs), RATIO, target, _raw(times, work, against))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Holds the median of what they are samples of 19 times of 20 or more; of fewer than six, all there is."""
    ordered, n = sorted(values), len(values)
    outside = max(rank for rank in range(n) if sum(comb(n, below) for below in range(rank)) <= 2**n / 40)
    return ordered[max(outside - 1, 0)], ordered[min(n - outside, n - 1)]


def seconds(row: str, work: str, against: str, times: Sequence[float], target: float | None) -> Figure:
    """A time by itself, in seconds: only where the promise is one."""
    return Figure(row, work, against, median(times), min(times), max(times), SECONDS, target, ((work, tuple(times)),))


def _raw(times: Mapping[str, Sequence[float]], *names: str) -> tuple[tuple[str, tuple[float, ...]], ...]:
    return tuple((name, tuple(times[name])) for name in names)
