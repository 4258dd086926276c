"""Who is compared with whom while the waves of a site go by: new hosts with old ones, a bounded number of each"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from deployer.model import Intent, Picture
from deployer.steps import Versus
from deployer.strategies.order import in_order

MOST = 25
"""So many hosts of a side tell as much as all of a thousand would, and a plan of a thousand waves stays small."""


@dataclass(frozen=True, slots=True)
class Beside:
    """`there` serve the release already, `moving` go over in this order; `old` serve another, those that stay last.

    `gone` says how many of `old` have left when so many of `moving` have.
    """

    site: str
    there: tuple[str, ...]
    moving: tuple[str, ...]
    old: tuple[str, ...]
    gone: tuple[int, ...]
    most: int

    @classmethod
    def of(cls, intent: Intent, picture: Picture, site: str, moving: tuple[str, ...]) -> Beside:
        version, turn = intent.release.version, {host: place for place, host in enumerate(moving)}
        serving = [host for host in picture.at(site) if host.in_service and host.release]
        old = sorted(
            (host.host for host in serving if host.release != version),
            key=lambda name: (turn.get(name, len(turn)), in_order(name)),
        )
        there = [host.host for host in serving if host.release == version and host.host not in turn]
        left = frozenset(old)
        gone = tuple(accumulate((host in left for host in moving), initial=0))
        return cls(site, tuple(there), moving, tuple(old), gone, max(MOST, intent.wave[site]))

    def after(self, moved: int) -> Versus:
        """The newest of the new ones, and those of the old ones that go last."""
        new = self.moving[max(0, moved - self.most) : moved]
        room = self.most - len(new)
        new += self.there[-room:] if room else ()
        return Versus(self.site, _sorted(new), _sorted(self.old[max(self.gone[moved], len(self.old) - self.most) :]))

    @property
    def in_the_end(self) -> Versus:
        """All of them."""
        return Versus(self.site, _sorted((*self.there, *self.moving)), _sorted(self.old[self.gone[-1] :]))


def _sorted(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=in_order))


def former(picture: Picture, sites: Sequence[str], version: str) -> str:
    """The release that most hosts there have instead."""
    others = Counter(
        seen.release for seen in picture.hosts.values() if seen.site in sites and seen.release not in (None, version)
    )
    return (others.most_common(1)[0][0] if others else "") or ""
