"""Every balancer must answer and know the hosts before anything is touched"""

from __future__ import annotations

from collections.abc import Sequence

from deployer.errors import DeployerError, StepFailed
from deployer.model import Standing
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import Seen


def all_answer(ground: Ground, site: str, hosts: Sequence[str]) -> tuple[Seen, ...]:
    """What each HAProxy of the site sees.

    Raises:
        Unreachable: one does not answer.
        StepFailed: one has no server of this name, or the site has no balancer.
    """
    if not ground.estate.balancers_at(site):
        raise StepFailed(f"no balancer is known at {site}", where=site, remedy="deployer doctor", hosts=tuple(hosts))
    found = []
    for one in ground.see(site):
        if isinstance(one, DeployerError):
            raise one
        missing = [host for host in hosts if one.standing(host) is Standing.UNKNOWN]
        if missing:
            raise StepFailed(
                f"no server named {', '.join(missing)} in pool {one.pool}: it would serve on unseen under another name",
                where=one.balancer,
                remedy="add it there, names are those of the inventory; then deployer doctor",
                hosts=tuple(missing),
            )
        found.append(one)
    return tuple(found)
