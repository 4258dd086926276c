"""The maps of one HAProxy at run time"""

from __future__ import annotations

from deployer.machines import Balancer
from deployer.ssh import Ssh
from deployer.traffic import maps
from deployer.traffic.haproxy import api
from deployer.traffic.maps import NAMES, Maps


def read(ssh: Ssh, balancer: Balancer) -> Maps | None:
    """What the maps say now; None when this HAProxy has none of them (one backend, no split)."""
    if not balancer.maps:
        return None
    said = api(ssh, balancer, ";".join(f"show map {path(balancer, name)}" for name in NAMES))
    found = {
        name: entries
        for name, answer in zip(NAMES, maps.answers(said), strict=False)
        if (entries := maps.entries(answer)) is not None
    }
    return maps.of_entries(found) if found else None


def path(balancer: Balancer, name: str) -> str:
    """As HAProxy's configuration names the file."""
    return f"{balancer.maps.rstrip('/')}/{name}"
