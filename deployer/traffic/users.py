"""How many users the balancers counted for each release"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from deployer.errors import DeployerError
from deployer.machines import Balancer
from deployer.traffic import mapped
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import api

TABLE = re.compile(r"^# table: (?P<backend>\S+), type: integer, size:\d+, used:(?P<used>\d+)", re.MULTILINE)


def users(ground: Ground, sites: Sequence[str]) -> Mapping[tuple[str, str], int]:
    """(balancer, release) to how many numbers of users loaded a page in the last minute.

    There are 10,000 numbers, so many users are counted as fewer, on each release in the same proportion. Whoever was
    moved within that minute is counted on both. nginx, `first-seen` and configurations without the tables count none.
    """
    balancers = {one.name: one for site in sites for one in ground.asked(site) if one.kind == "haproxy"}
    told = ground.ssh.each(balancers, lambda name: _one(ground, balancers[name]))
    return {
        (name, release): count
        for name, found in told.items()
        if not isinstance(found, DeployerError)
        for release, count in found.items()
    }


def _one(ground: Ground, balancer: Balancer) -> Mapping[str, int]:
    maps = mapped.read(ground.ssh, balancer)
    if maps is None or not maps.canary:
        return {}
    used = {found["backend"]: int(found["used"]) for found in TABLE.finditer(api(ground.ssh, balancer, "show table"))}
    slots = maps.slots(balancer.pool)
    return {release: used[f"{balancer.pool}_{slot}"] for slot, release in slots if f"{balancer.pool}_{slot}" in used}
