"""What one comparison found, as an increase of harm from the baseline to the canary"""

from __future__ import annotations

from dataclasses import dataclass

FAR = 1e9
"""A ratio of widths beyond which nobody waits; its square is still a number."""


@dataclass(frozen=True, slots=True)
class Found:
    """`p` is the chance to see as much harm, at this or any earlier look, from a release that does none.

    `excluded`: the interval leaves no harm above the allowed one. `more`: by which factor the data must grow until
    the interval is expected to, if the effect stays as it is; None where no amount of data would. `rises`: the harm
    grows while one looks.
    """

    values: tuple[float, float]
    effect: float
    interval: tuple[float, float]
    p: float
    n: tuple[int, int]
    n_effective: tuple[float, float]
    excluded: bool
    more: float | None
    why: str = ""
    unit: str = ""
    rises: bool = False


def growth(effect: float, upper: float, allowed: float) -> float | None:
    """By which factor the data must grow until an interval of this width fits below `allowed` (widths go as 1/√n)."""
    room = allowed - effect
    return None if room <= 0 else max(1.0, min((upper - effect) / room, FAR) ** 2)
