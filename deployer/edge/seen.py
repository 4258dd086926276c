"""An edge node as it was looked at: what it sends to each site"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.model import WHOLE, Split


@dataclass(frozen=True, slots=True)
class Site:
    """What a node sends to one site. `rate` is requests in the last second, `total` those that began since some moment,
    which only a start or a change of the node moves; `open` are those under way or waiting; `up` is false where every
    server fails its checks; `sticky`: cookies tie users to it. Of `answered` ones so many `failed` since its start.
    """

    site: str
    weights: tuple[tuple[str, int], ...]
    up: bool
    rate: int
    total: int
    open: int
    sticky: bool
    maint: bool
    answered: int = 0
    failed: int = 0

    @property
    def weight(self) -> int:
        return 0 if self.maint else sum(weight for _, weight in self.weights)


@dataclass(frozen=True, slots=True)
class Seen:
    """`last` is who changed the node last, as `epoch run`. `fleeting` says why a restart brings other shares back, ""
    where it does not, or nothing was changed.
    """

    node: str
    last: str
    sites: tuple[Site, ...]
    fleeting: str = ""

    @property
    def epoch(self) -> int:
        first = self.last.split()[0]
        return int(first) if first.isdigit() else 0

    def of(self, site: str) -> Site | None:
        return next((one for one in self.sites if one.site == site), None)

    @property
    def weights(self) -> dict[str, int]:
        """Of each server."""
        return {server: 0 if one.maint else weight for one in self.sites for server, weight in one.weights}

    @property
    def shares(self) -> tuple[tuple[str, int], ...]:
        """Hundredths of a percent; empty where nobody gets anything."""
        whole = sum(one.weight for one in self.sites)
        found = [(one.site, round(one.weight * WHOLE / whole)) for one in self.sites] if whole else []
        if found:
            most = max(range(len(found)), key=lambda n: found[n][1])
            found[most] = (found[most][0], found[most][1] + WHOLE - sum(share for _, share in found))
        return tuple(found)

    def split(self, sites: tuple[str, ...]) -> Split | None:
        """The shares of these sites, in this order; None where nobody gets anything."""
        shares = dict(self.shares)
        return Split(tuple((site, shares.get(site, 0)) for site in sites)) if shares else None
