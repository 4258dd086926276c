"""The fence: refused where a newer holder has acted

Each machine keeps `epoch run` of whoever last changed it, in a file per service: beside the health file on a host, in
the folder of the maps (or beside the runtime socket) on a balancer. Compare, act and write happen under one flock, in
one command. A store gives each epoch once, so another run with the same one comes from another store: refused as well.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from deployer.errors import DeployerError, Overtaken, StepFailed
from deployer.machines import Balancer, EdgeNode, Estate, Host
from deployer.ssh import Answer, Ssh
from deployer.world import Order

KEPT = "/var/lib/deployer"
OVERTAKEN, BUSY, MOVED = 75, 76, 77

Machine = Host | Balancer | EdgeNode


@dataclass(frozen=True, slots=True)
class Fence:
    """Who last changed a machine."""

    machine: str
    epoch: int
    run: str


class Moved(StepFailed):
    """Somebody else acted on the machine since it was looked at."""


def act(  # noqa: PLR0917
    ssh: Ssh, machine: Machine, service: str, order: Order, script: str = ":", last: str = "", *, timeout: float = 20.0
) -> Answer:
    """Runs `script` on the machine unless somebody with a newer epoch was there. It must be one that may run twice.
    `last` is who acted there when it was looked at, as `epoch run`; "" = whoever it was.

    Raises:
        Moved: somebody else was the last to act; nothing was changed.
        Overtaken: a newer epoch acted there; nothing was changed.
        StepFailed: the script ended with an error; its words are in it.
        Unreachable: the machine does not answer.
    """
    answer = ssh.ask(machine.name, "sh", _guarded(machine, service, order, script, last), timeout=timeout)
    if answer.rc == OVERTAKEN:
        epoch, run = (*answer.err.split()[-2:], "?", "?")[:2]
        raise Overtaken(
            f"run {run} (epoch {epoch}) acted here since, {order.run} holds epoch {order.epoch}: nothing changed",
            where=machine.name,
            remedy=f"deployer lock adopt {epoch} where that run is in another journal than this one",
        )
    if answer.rc == MOVED:
        raise Moved("somebody else acted here just now", where=machine.name, remedy="deployer lock status")
    if answer.rc == BUSY:
        raise StepFailed("another act holds the fence here for 5 s", where=machine.name, remedy="deployer lock status")
    if not answer.ok:
        raise StepFailed(answer.complaint, where=machine.name, remedy="deployer doctor")
    return answer


def highest(ssh: Ssh, estate: Estate, service: str) -> tuple[Fence, ...]:
    """Whoever last changed each machine, the highest epoch first.

    Raises:
        Unreachable: a machine does not answer, so a higher epoch cannot be excluded.
    """
    everything: tuple[Machine, ...] = (*estate.hosts, *estate.balancers, *estate.edges)
    machines = {one.name: one for one in everything}
    asked = (name for name, machine in machines.items() if getattr(machine, "kind", "") != "opaque")
    found = ssh.each(asked, _reading(ssh, machines, service))
    for answer in found.values():
        if isinstance(answer, DeployerError):
            raise answer
    fences = [fence for fence in found.values() if isinstance(fence, Fence)]
    return tuple(sorted(fences, key=lambda fence: fence.epoch, reverse=True))


def _reading(ssh: Ssh, machines: dict[str, Machine], service: str) -> Callable[[str], Fence | None]:
    def read(name: str) -> Fence | None:
        answer = ssh.ask(name, "sh", reading(machines[name], service))
        words = answer.out.split()
        return Fence(name, int(words[0]), words[1]) if len(words) == 2 and words[0].isdigit() else None  # noqa: PLR2004

    return read


def reading(machine: Machine, service: str) -> str:
    """Shell that says who changed the machine last, as `epoch run`; nothing where nobody did."""
    return f'{_file(machine, service)}; cat "$fence" 2>/dev/null || :'


def _guarded(machine: Machine, service: str, order: Order, script: str, last: str) -> str:
    run = shlex.quote(order.run)
    moved = f'[ "$epoch $run" = {shlex.quote(last)} ] || [ "$epoch $run" = {order.epoch}" "{run} ] || exit {MOVED}'
    return f"""
umask 022
{_file(machine, service)}
exec 9>>"$fence.lock" || exit 1
flock -w 5 9 || exit {BUSY}
epoch=0 run=none
[ ! -e "$fence" ] || read -r epoch run <"$fence"
if [ "${{epoch:-0}}" -gt {order.epoch} ] || {{ [ "$epoch" = {order.epoch} ] && [ "$run" != {run} ]; }}
then echo "$epoch $run"; exit {OVERTAKEN}; fi
{moved if last else ""}
if [ "$epoch $run" != {order.epoch}" "{run} ]; then
  echo {order.epoch} {run} >"$fence.new" && mv -f "$fence.new" "$fence" || exit 1
fi
{script}
"""


def _file(machine: Machine, service: str) -> str:
    """Shell that sets `fence` to the first of the possible places that can be written."""
    name = f".deployer-{service}.fence"
    places = " ".join(shlex.quote(place) for place in _places(machine))
    last = shlex.quote(_places(machine)[-1])
    return f'fence={last}/{name}; for d in {places}; do [ -d "$d" ] && [ -w "$d" ] && fence=$d/{name} && break; done'


def _places(machine: Machine) -> tuple[str, ...]:
    if isinstance(machine, Host):
        return (str(PurePosixPath(machine.health_file).parent),)
    beside = str(PurePosixPath(machine.socket).parent)
    maps = (machine.maps,) if machine.maps else ()
    lasting = (KEPT,) if beside.startswith(("/run", "/var/run")) else ()  # /run is empty after a boot
    return (*maps, *lasting, beside)
