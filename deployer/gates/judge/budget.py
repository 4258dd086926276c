"""The one alpha of a run: how much of it the looks at one window may spend"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """`alpha` is what all looks at this window spend together, over all its metrics and sites.

    A repeated window is looked at again and again while its data grow, from its beginning each time: the tests
    hold at every look. One that is not repeated is looked at once.
    """

    alpha: float
    repeated: bool = True

    @classmethod
    def of_window(cls, false_abort: float, number: int) -> Budget:
        """The run's `number`-th window of data, from 1: 1/2, 1/6, 1/12 … of the run's alpha; all together: all of it.

        Every window counts that data of this run were judged over: one per step, and one more where shares, sites
        or hosts changed in between. Nobody has to know beforehand how many there will be.
        """
        return cls(false_abort / (number * (number + 1)))

    @classmethod
    def once(cls, alpha: float) -> Budget:
        """A window judged once, when it is complete."""
        return cls(alpha, repeated=False)
