"""Effects: what is no harm, how much is allowed, and the same thing seen from the other side"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.gates.judge.config import Effect, Kind, Measure

RATIOS = frozenset((Measure.RATIO, Measure.P50_RATIO, Measure.P95_RATIO, Measure.P99_RATIO, Measure.MEAN_RATIO))
QUANTILE = {Measure.P50_RATIO: 0.5, Measure.P95_RATIO: 0.95, Measure.P99_RATIO: 0.99}

OF_KIND = {
    Kind.COUNTS: {Measure.DIFFERENCE: 0.005, Measure.RATIO: 1.5},
    Kind.HISTOGRAM: {
        Measure.P95_RATIO: 1.2,
        Measure.P50_RATIO: 1.2,
        Measure.P99_RATIO: 1.25,
        Measure.SLOWER_SHARE: 0.02,
    },
    Kind.SAMPLES: {Measure.MEAN_RATIO: 1.2, Measure.CLES: 0.6},
}
"""The measures of each kind, the first is its default, and what each allows if nobody says."""

LARGEST = 1e9
"""An effect over a zero baseline is given as this: a finite number is always answered."""


@dataclass(frozen=True, slots=True)
class Bar:
    """`allowed` and `critical` harm, both as increases: a decrease that is harm is judged with the sides swapped."""

    measure: Measure
    allowed: float
    critical: float | None

    @property
    def none(self) -> float:
        """The effect of no change at all."""
        return 1.0 if self.measure in RATIOS else 0.5 if self.measure is Measure.CLES else 0.0


def bar(kind: Kind, effect: Effect) -> Bar:
    """The bar of an effect that suits the kind (`validate` has seen to that)."""
    known = OF_KIND[kind]
    measure = next(iter(known)) if effect.measure is Measure.AUTO else effect.measure
    allowed = known[measure] if effect.allowed is None else _increase(measure, effect.allowed)
    return Bar(measure, allowed, None if effect.critical is None else _increase(measure, effect.critical))


def _increase(measure: Measure, harm: float) -> float:
    return max(harm, swapped(measure, harm))


def swapped(measure: Measure, effect: float) -> float:
    """The effect as seen from the other side."""
    if measure in RATIOS:
        return 1 / effect if effect * LARGEST > 1 else LARGEST
    return 1 - effect if measure is Measure.CLES else -effect
