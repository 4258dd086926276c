"""What does not leave by itself: sticky users and open sessions

A server put into maint by us is noted beside the fence, so that readmit ends our maint and leaves an operator's alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from deployer.errors import DeployerError
from deployer.machines import Balancer
from deployer.traffic.ground import Ground
from deployer.traffic.haproxy import Seen, see
from deployer.traffic.runtime import change
from deployer.world import Order

NOTED = '"$fence.maint"'


def cut(ground: Ground, site: str, host: str, order: Order) -> int:
    """All sessions to the host are ended on every balancer, in old workers too: how many there were."""
    balancers = {balancer.name: balancer for balancer in ground.asked(site)}
    done = ground.ssh.each(balancers, lambda name: _cut_on(ground, balancers[name], host, order))
    for answer in done.values():
        if isinstance(answer, DeployerError):
            raise answer
    return sum(count for count in done.values() if isinstance(count, int))


def _cut_on(ground: Ground, balancer: Balancer, host: str, order: Order) -> int:
    if balancer.kind == "nginx":
        return 0  # its connections end when the service does
    seen = see(ground.ssh, balancer)
    commands = [f"shutdown sessions server {row.backend}/{host}" for row in seen.of(host)]
    change(ground.ssh, balancer, ground.service, order, commands, old=[(pid, commands) for pid in seen.old])
    return sum(row.sessions for row in seen.everywhere(host))


def send_elsewhere(ground: Ground, site: str, seen: Sequence[Seen], host: str, order: Order) -> None:
    """Users with a cookie of this server get another one, without an error: the server is in maint by us."""
    balancers = {balancer.name: balancer for balancer in ground.asked(site)}
    for one in seen:
        rows = [row for row in one.of(host) if one.sticky(row) and not row.status.startswith("MAINT")]
        commands = [f"set server {row.backend}/{host} state maint" for row in rows]
        if commands:
            note = f"grep -qxF {shlex.quote(host)} {NOTED} 2>/dev/null || echo {shlex.quote(host)} >>{NOTED}"
            change(ground.ssh, balancers[one.balancer], ground.service, order, commands, first=note)


def end_our_maint(ground: Ground, site: str, seen: Sequence[Seen], hosts: Sequence[str], order: Order) -> None:
    """Servers that stand in maint by us are ready again; call it when the health file is back, not before."""
    balancers = {balancer.name: balancer for balancer in ground.asked(site)}
    for one in seen:
        for host in hosts:
            rows = [row for row in one.of(host) if row.status.startswith("MAINT")]
            if rows:
                _ready(ground, balancers[one.balancer], host, [row.backend for row in rows], order)


def _ready(ground: Ground, balancer: Balancer, host: str, backends: Sequence[str], order: Order) -> None:
    commands = [f"set server {backend}/{host} state ready" for backend in backends]
    ours = f"grep -qxF {shlex.quote(host)} {NOTED} 2>/dev/null || exit 0"
    forget = f"""
grep -vxF {shlex.quote(host)} {NOTED} >"$fence.maint.new" || :
mv -f "$fence.maint.new" {NOTED}
"""
    change(ground.ssh, balancer, ground.service, order, commands, first=ours, last=forget)
