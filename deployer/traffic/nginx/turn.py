"""Hosts taken out of, or put into, a slot on every nginx of a site: these do not hear the health file"""

from __future__ import annotations

from collections.abc import Sequence

from deployer.errors import DeployerError
from deployer.traffic.ground import Ground
from deployer.traffic.nginx import balancer as nginx
from deployer.world import Order


def turn(ground: Ground, site: str, hosts: Sequence[str], slot: str, order: Order) -> None:
    """Up in this slot and down in the other one; "" = down in both. Nothing is done at a site without nginx.

    Raises:
        Overtaken: a newer run acted there.
        StepFailed: an nginx refuses or does not load its files: there it is as it was, on the others it is done.
        Unreachable: machine or nginx does not answer.
    """
    balancers = {balancer.name: balancer for balancer in ground.nginxes(site)}
    done = ground.ssh.each(
        balancers, lambda name: nginx.turn(ground.ssh, balancers[name], ground.service, order, hosts, slot)
    )
    for answer in done.values():
        if isinstance(answer, DeployerError):
            raise answer
