"""A balancer of either kind, asked and told in the same words"""

from __future__ import annotations

from deployer.machines import Balancer
from deployer.ssh import Ssh
from deployer.traffic import haproxy, mapped
from deployer.traffic.haproxy import Seen
from deployer.traffic.maps import Maps
from deployer.traffic.nginx import balancer as nginx
from deployer.world import Order


def see(ssh: Ssh, balancer: Balancer) -> Seen:
    """The pool now. Raises Unreachable, StepFailed as the kind's own `see` does."""
    return nginx.see(ssh, balancer) if balancer.kind == "nginx" else haproxy.see(ssh, balancer)


def read(ssh: Ssh, balancer: Balancer) -> Maps | None:
    """What its maps say now; None where there are none (one backend, no split)."""
    return nginx.read(ssh, balancer) if balancer.kind == "nginx" else mapped.read(ssh, balancer)


def read_old(ssh: Ssh, balancer: Balancer) -> tuple[Maps, ...]:
    """The same of each HAProxy worker from before a reload that still takes decisions; nginx's end what they have."""
    return () if balancer.kind == "nginx" else mapped.read_old(ssh, balancer)


def write(  # noqa: PLR0917
    ssh: Ssh, balancer: Balancer, service: str, order: Order, now: Maps, then: Maps
) -> None:
    """The maps, on disk and in every worker. Raises Overtaken, StepFailed, Unreachable: read back what is true."""
    if balancer.kind == "nginx":
        nginx.write(ssh, balancer, service, order, then)
    else:
        mapped.write(ssh, balancer, service, order, now, then)
