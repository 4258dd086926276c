"""The end of an operator's patience: what is still open to a host is cut"""

from __future__ import annotations

from deployer.errors import DeployerError
from deployer.machines import Balancer
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import change, change_old, see


def cut(ground: Ground, site: str, host: str) -> int:
    """All sessions to the host are ended on every balancer, in old workers too: how many there were."""
    balancers = {balancer.name: balancer for balancer in ground.haproxies(site)}
    done = ground.ssh.each(balancers, lambda name: _on(ground, balancers[name], host))
    for answer in done.values():
        if isinstance(answer, DeployerError):
            raise answer
    return sum(count for count in done.values() if isinstance(count, int))


def _on(ground: Ground, balancer: Balancer, host: str) -> int:
    seen = see(ground.ssh, balancer, servers_only=True)
    for row in seen.of(host):
        change(ground.ssh, balancer, f"shutdown sessions server {row.backend}/{host}")
        for pid in seen.old:
            change_old(ground.ssh, balancer, pid, f"shutdown sessions server {row.backend}/{host}")
    return sum(row.sessions for row in seen.everywhere(host))
