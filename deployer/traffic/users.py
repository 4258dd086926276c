"""About how many users the balancers counted for each release"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from deployer.errors import DeployerError
from deployer.machines import Balancer
from deployer.traffic import asked
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import api
from deployer.traffic.nginx.counted import users as users_of_nginx

TABLE = re.compile(r"^# table: (?P<backend>\S+), type: integer, size:\d+, used:(?P<used>\d+)", re.MULTILINE)
EVERY = 4
"""HAProxy's tables hold every fourth number only (templates/haproxy.cfg.j2)."""


def users(ground: Ground, sites: Sequence[str]) -> Mapping[tuple[str, str], int]:
    """(balancer, release) to about how many users loaded a page in the last minute.

    Users are told apart by their numbers, of which there are 10,000: many users are counted as fewer, on each release
    in the same proportion. Whoever was moved within that minute is counted on both. Configurations without the tables,
    or without a log that has the numbers, count none.
    """
    balancers = {one.name: one for site in sites for one in ground.asked(site)}
    told = ground.ssh.each(balancers, lambda name: _one(ground, balancers[name]))
    return {
        (name, release): count
        for name, found in told.items()
        if not isinstance(found, DeployerError)
        for release, count in found.items()
    }


def _one(ground: Ground, balancer: Balancer) -> Mapping[str, int]:
    maps = asked.read(ground.ssh, balancer)
    if maps is None or not maps.canary:
        return {}
    seen = users_of_nginx(ground.ssh, balancer) if balancer.kind == "nginx" else _of_haproxy(ground, balancer)
    slots = maps.slots(balancer.pool)
    return {release: seen.get(f"{balancer.pool}_{slot}", 0) for slot, release in slots} if seen else {}


def _of_haproxy(ground: Ground, balancer: Balancer) -> Mapping[str, int]:
    tables = TABLE.finditer(api(ground.ssh, balancer, "show table"))
    return {found["backend"]: EVERY * int(found["used"]) for found in tables}
