"""What the edge nodes counted for each site: answers, failed ones, and how many come now"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.edge.seen import Seen
from deployer.gates.bake import Counts
from deployer.traffic.edge import nodes
from deployer.traffic.ground import Ground


def counts(ground: Ground) -> Mapping[tuple[str, str], Counts]:
    """(edge node, site) to what it counted since its start; a silent node is not in it."""
    return {
        (name, site.site): Counts(site.answered, site.failed)
        for name, one in _seen(ground).items()
        for site in one.sites
    }


def load(ground: Ground) -> float:
    """Requests/s of all users, in the last second."""
    return float(sum(site.rate for one in _seen(ground).values() for site in one.sites))


def _seen(ground: Ground) -> Mapping[str, Seen]:
    there = nodes(ground)
    told = ground.ssh.each(there, lambda name: there[name].look(probing=False))
    return {name: one for name, one in told.items() if isinstance(one, Seen)}
