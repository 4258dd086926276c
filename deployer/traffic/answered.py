"""What users of each site got, as the edge counts it, or as the site's balancers do where no edge says it"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.errors import DeployerError
from deployer.gates.bake import Counts
from deployer.machines import Balancer
from deployer.traffic import at_the_edge
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import see


def answered(ground: Ground) -> Mapping[str, Mapping[str, Counts]]:
    """By site and machine, since its worker started. nginx and devices that cannot be asked are not in it."""
    found: dict[str, dict[str, Counts]] = {}
    for (node, site), count in at_the_edge.counts(ground).items():
        found.setdefault(site, {})[node] = count
    return found or _behind(ground)


def _behind(ground: Ground) -> Mapping[str, Mapping[str, Counts]]:
    asked = {one.name: one for site in ground.estate.sites for one in ground.asked(site) if one.kind == "haproxy"}
    told = ground.ssh.each(asked, lambda name: _whole(ground, asked[name]))
    found: dict[str, dict[str, Counts]] = {}
    for name, count in told.items():
        if not isinstance(count, DeployerError):
            found.setdefault(asked[name].site, {})[name] = count
    return found


def _whole(ground: Ground, balancer: Balancer) -> Counts:
    """All halves of the pool together."""
    rows = [row for row in see(ground.ssh, balancer).rows if not row.server]
    return Counts(sum(row.total for row in rows), sum(row.failed for row in rows))
