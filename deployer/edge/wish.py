"""What an edge node is to do, in the words of both kinds"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """New weights of servers, those not named keep theirs. To `barred` nobody is sent, whatever his cookie says;
    `opened` take users with a cookie again.
    """

    weights: tuple[tuple[str, int], ...] = ()
    barred: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
