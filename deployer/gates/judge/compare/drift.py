"""Gauges that wander, as all do that warm up: whether the canary's rises against the baseline's, moment by moment

Two sides that warm up rise alike: what is between them does not. So the steps of that difference from one point to
the next are tested, which supposes the worst of it: a random walk. Whatever stays nearer to home (any AR(1), `rate[5m]`
each minute) takes back what it gave, and is shown by mistake less often still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from deployer.gates.judge.clean import Row, effective, lag_one
from deployer.gates.judge.evidence import ever, normal_bet, normal_of

STEPS = 7
"""Fewer say nothing."""
PACE = 1.0
"""The mean step that is bet on, in standard deviations."""
TINY = 1e-15
"""What rounding makes of a step around values of about 1."""
RISES = 1.645
"""Standardised steps of a difference that is called rising: by chance once in twenty times."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One site: the difference of canary and baseline, and both as they are now: their means over the last quarter.

    `step` is in seconds, 0 where nobody knows.
    """

    difference: Row
    now: tuple[float, float]
    step: float

    @classmethod
    def of(cls, together: NDArray[np.float64], step: float) -> Drift | None:
        """None where there are too few points."""
        many = together.shape[1]
        if many <= STEPS:
            return None
        ours, theirs = (float(row[-(many // 4) :].mean()) for row in together)
        return cls(together[0] - together[1], (ours, theirs), step)

    def swapped(self) -> Drift:
        return replace(self, difference=-self.difference, now=self.now[::-1])

    @property
    def z(self) -> float:
        """The mean step, standardised; steps that follow each other count for fewer."""
        steps = np.diff(self.difference)
        worth = effective(len(steps), max(0.0, lag_one(steps)))
        t = float(steps.mean()) / max(float(steps.std(ddof=1)), TINY) * worth**0.5
        return normal_of(t, worth - 1)

    @property
    def ahead(self) -> tuple[float, float, int]:
        """How far it moves in as many steps as the later half of the window had, if it goes on as it did there; the
        variance of that, and so many steps.
        """
        steps = np.diff(self.difference)
        later = steps[len(steps) // 2 :]
        return max(0.0, float(later.sum())), float(steps.var(ddof=1)) * len(later), len(later)


def rise(drifts: Sequence[Drift]) -> float:
    """Of all sites together, standardised."""
    steps = np.array([len(one.difference) - 1.0 for one in drifts])
    return float((np.sqrt(steps) * [one.z for one in drifts]).sum() / np.sqrt(steps.sum()))


def chance(drifts: Sequence[Drift], *, repeated: bool) -> float:
    """The p-value of a difference that rises: for all looks together, or for this one."""
    z = rise(drifts)
    steps = sum(len(one.difference) - 1 for one in drifts)
    return ever(normal_bet(z, steps, PACE)) if repeated else float(special.ndtr(-z))


@dataclass(frozen=True, slots=True)
class Now:
    """All sites: both sides as they are now, and where the difference is now or will be soon, by `confidence`."""

    ours: float
    theirs: float
    low: float
    high: float

    @classmethod
    def of(cls, drifts: Sequence[Drift], weight: Row, confidence: float) -> Now:
        ours, theirs = (float((weight * [one.now[side] for one in drifts]).sum()) for side in (0, 1))
        moved, variance, steps = (np.array(row) for row in zip(*(one.ahead for one in drifts), strict=True))
        reach = float(special.stdtrit(max(steps.sum() - 1, 1), (1 + confidence) / 2))
        reach *= float((weight**2 * variance).sum()) ** 0.5
        return cls(ours, theirs, ours - theirs - reach, ours - theirs + float((weight * moved).sum()) + reach)

    def within(self, allowed: float) -> bool:
        """Whether it is surely not above `allowed` times the baseline, now and soon."""
        return self.high <= (allowed - 1) * abs(self.theirs)


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly the difference moves, at a point, in parts of the baseline."""

    each: float
    step: float

    @classmethod
    def of(cls, drifts: Sequence[Drift], weight: Row, theirs: float) -> Pace:
        mean = float((weight * [float(np.diff(one.difference).mean()) for one in drifts]).sum())
        return cls(mean / max(abs(theirs), TINY), max(one.step for one in drifts))

    def __str__(self) -> str:
        each, every = (self.each * 60 / self.step, "minute") if self.step > 0 else (self.each, "point")
        return f"it rises against the baseline, by {100 * each:.2g} % of it a {every}"

    def over(self, points: float) -> float:
        """How far it came in so many."""
        return self.each * points

    def until(self, effect: float, allowed: float) -> float:
        """Points until the effect is more than what is allowed, if it goes on."""
        return max(0.0, allowed - effect) / max(self.each, TINY)
