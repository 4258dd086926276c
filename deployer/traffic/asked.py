"""A balancer of either kind, asked and told in the same words"""

from __future__ import annotations

from deployer.errors import StepFailed
from deployer.machines import Balancer
from deployer.model import Split
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


def keeps(ssh: Ssh, balancer: Balancer, split: Split) -> bool:
    """Whether it decides by this split, and by nothing that was edited by hand. Raises as `read` does."""
    if balancer.kind == "nginx":
        return nginx.ask(ssh, balancer).keeps(split)
    maps = mapped.read(ssh, balancer)
    return maps is None or bool(maps.split and maps.split.alike(split))


def make_whole(ssh: Ssh, balancer: Balancer, service: str, order: Order) -> None:
    """What lies in nginx's files is what it runs, and as the deployer writes it. HAProxy's maps are always.

    Raises:
        Overtaken, StepFailed, Unreachable: as it was.
    """
    if balancer.kind == "nginx":
        nginx.make_whole(ssh, balancer, service, order)


def read_old(ssh: Ssh, balancer: Balancer) -> tuple[Maps, ...]:
    """The same of each HAProxy worker from before a reload that still takes decisions; nginx's end what they have."""
    return () if balancer.kind == "nginx" else mapped.read_old(ssh, balancer)


def write(ssh: Ssh, balancer: Balancer, service: str, order: Order, then: Maps) -> None:
    """The maps, on disk and in every worker. Raises Overtaken, StepFailed, Unreachable: read back what is true."""
    if balancer.kind == "nginx":
        nginx.write(ssh, balancer, service, order, then)
        return
    now = mapped.read(ssh, balancer)
    if now is None:
        raise StepFailed("it has no maps", where=balancer.name, remedy="deployer traffic render")
    mapped.write(ssh, balancer, service, order, now, then)
