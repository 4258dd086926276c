"""One balancer decides by these maps, and says so over a fresh connection"""

from __future__ import annotations

from deployer.errors import DeployerError, Overtaken, StepFailed
from deployer.machines import Balancer
from deployer.traffic import asked
from deployer.traffic.ground import OFTEN, Ground, Waiting
from deployer.traffic.maps import Maps
from deployer.world import Order

A_RELOAD = 1.5
"""Seconds in which a balancer that is being reloaded answers with one voice again."""


def make(ground: Ground, balancer: Balancer, then: Maps, order: Order) -> None:
    """Idempotent, and tried again for a moment: somebody may reload the balancer just now.

    Raises:
        Overtaken, StepFailed, Unreachable: read back what is true.
    """
    waiting = Waiting(ground.clock, order)
    while True:
        try:
            return _now(ground, balancer, then, order)
        except Overtaken:
            raise
        except DeployerError:
            if waiting.seconds > A_RELOAD:
                raise
            ground.clock.sleep(OFTEN)


def _now(ground: Ground, balancer: Balancer, then: Maps, order: Order) -> None:
    """What is so already is only read."""
    asked.write(ground.ssh, balancer, ground.service, order, then)
    for found in (asked.read(ground.ssh, balancer), *asked.read_old(ground.ssh, balancer)):
        if found is None or not found.same(then):
            raise StepFailed(f"it reports {found and found.split}, not {then.split}", where=balancer.name)
