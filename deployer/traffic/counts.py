"""What the balancers counted for each release: answers, and failed ones"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployer.errors import DeployerError
from deployer.gates.bake import Counts
from deployer.machines import Balancer
from deployer.traffic import mapped
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import see
from deployer.traffic.nginx import balancer as nginx
from deployer.traffic.nginx.counted import counts as counts_of_nginx


def counts(ground: Ground, sites: Sequence[str]) -> Mapping[tuple[str, str], Counts]:
    """(balancer, release) to what it counted since its worker started; a silent balancer is not in it."""
    balancers = {one.name: one for site in sites for one in ground.asked(site)}
    told = ground.ssh.each(balancers, lambda name: _one(ground, balancers[name]))
    return {
        (name, release): count
        for name, found in told.items()
        if not isinstance(found, DeployerError)
        for release, count in found.items()
    }


def _one(ground: Ground, balancer: Balancer) -> dict[str, Counts]:
    if balancer.kind == "nginx":
        return _nginx(ground, balancer)
    seen = see(ground.ssh, balancer)
    maps = mapped.read(ground.ssh, balancer)
    slots = dict(maps.slots(balancer.pool)) if maps else {}
    return {
        slots[seen.half(row)]: Counts(row.total, row.failed)
        for row in seen.rows
        if not row.server and seen.half(row) in slots
    }


def _nginx(ground: Ground, balancer: Balancer) -> dict[str, Counts]:
    """It counts while there is a split."""
    slots = dict(nginx.read(ground.ssh, balancer).slots(balancer.pool))
    counted = counts_of_nginx(ground.ssh, balancer)
    return {release: counted.get(f"{balancer.pool}_{slot}", Counts()) for slot, release in slots.items() if counted}
