"""Weights for a while: a balancer puts them back by itself when nobody has come back in time

Beside the fence lies a file with the second until which they hold; a small process on the balancer watches it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from deployer.errors import DeployerError, StepFailed
from deployer.fence import act
from deployer.machines import Balancer
from deployer.traffic.ground import Ground, Waiting
from deployer.traffic.runtime import API, change
from deployer.world import Order

Weights = tuple[tuple[str, str, int], ...]
"""(backend, server, weight)"""
LONGEST = 300.0
SPARE = 15
"""Seconds for the next step to come."""
_WATCH = """
while read -r until <"$1" && [ "$(date +%s)" -lt "$until" ]; do sleep 0.5; done 2>/dev/null
exec 9>>"${1%.lease}.lock"; flock -w 5 9
[ -e "$1" ] || exit 0
printf '%s\\n' "$3" | api "$2" && rm -f "$1"
"""


def put(  # noqa: PLR0917
    ground: Ground,
    balancers: Mapping[str, Balancer],
    wanted: Mapping[str, Weights],
    before: Mapping[str, Weights],
    order: Order,
    seconds: float,
) -> None:
    """These weights on every balancer, for so long and a little more; then those from before.

    Raises:
        StepFailed, Unreachable, Overtaken: what the first balancer that has not got them says.
    """
    _each(ground, balancers, wanted, order, lambda balancer: _lease(balancer, before[balancer.name], seconds), "")


def put_back(ground: Ground, balancers: Mapping[str, Balancer], before: Mapping[str, Weights], order: Order) -> None:
    """As before. Raises as `put`; a balancer that could not be told does it by itself."""
    _each(ground, balancers, before, order, lambda _: "", 'rm -f "$fence.lease"')


def none_left(ground: Ground, balancers: Mapping[str, Balancer], order: Order) -> None:
    """Returns when no balancer has such weights any more, of a run that was killed for instance."""
    waiting = Waiting(ground.clock, order)
    while held := [name for name, one in balancers.items() if _held(ground, one, order)]:
        waiting.pause(f"{', '.join(held)} to put back what a former squeeze had set")
        if waiting.seconds > LONGEST:
            raise StepFailed(
                "weights that a former squeeze had set were not put back",
                where=held[0],
                remedy=f"set them on {held[0]}, by a reload for instance, and remove its .deployer-*.fence.lease",
            )


def _held(ground: Ground, balancer: Balancer, order: Order) -> bool:
    return bool(act(ground.ssh, balancer, ground.service, order, '[ ! -e "$fence.lease" ] || echo yes').out.strip())


def _each(  # noqa: PLR0917
    ground: Ground,
    balancers: Mapping[str, Balancer],
    wanted: Mapping[str, Weights],
    order: Order,
    first: Callable[[Balancer], str],
    last: str,
) -> None:
    def tell(name: str) -> None:
        one = balancers[name]
        lines = [f"set server {backend}/{server} weight {weight}" for backend, server, weight in wanted[name]]
        change(ground.ssh, one, ground.service, order, lines, first=first(one), last=last)

    wrong = [one for one in ground.ssh.each(balancers, tell).values() if isinstance(one, DeployerError)]
    if wrong:
        what = f"{wrong[0].what}; it puts its weights back by itself"
        raise type(wrong[0])(what, where=wrong[0].where, remedy="deployer status")


def _lease(balancer: Balancer, before: Weights, seconds: float) -> str:
    line = ";".join(f"set server {backend}/{server} weight {weight}" for backend, server, weight in before)
    watch = f'setsid nohup sh -c {shlex.quote(API + _WATCH)} squeeze "$fence.lease"'
    held = round(seconds) + SPARE
    return f"""
[ -e "$fence.lease" ] && there=yes || there=
echo $(($(date +%s) + {held})) >"$fence.lease.new" && mv -f "$fence.lease.new" "$fence.lease"
if [ -z "$there" ]; then {watch} {shlex.quote(balancer.socket)} {shlex.quote(line)} </dev/null >/dev/null 2>&1 9>&- & fi
"""
