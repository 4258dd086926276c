"""Every machine asked over SSH at once: does it answer, may we act there, is there room"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from deployer.errors import DeployerError
from deployer.machines import Balancer, EdgeNode, Estate, Host

PATIENCE = 12.0
"""Seconds for one machine; a silent one must be known to be silent soon."""


class Said(Protocol):
    """What a machine answered to a script."""

    @property
    def ok(self) -> bool: ...
    @property
    def out(self) -> str: ...
    @property
    def complaint(self) -> str: ...


class Shell(Protocol):
    """What we need of deployer.ssh.Ssh."""

    def ask(self, machine: str, kind: str, *words: str, timeout: float = ...) -> Said: ...
    def each(self, machines: Iterable[str], act: Callable[[str], Any]) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Reached:
    """A machine as its shell describes it; `complaint` says why it could not be asked, with its remedy.

    `now` is its clock (seconds since 1970), `free` the bytes free where releases lie, `current` the release that the
    link points to ("" = none). The flags say what we may or can do there, with the login's rights.
    """

    machine: str
    complaint: str = ""
    remedy: str = ""
    now: float | None = None
    free: int | None = None
    current: str = ""
    python: bool = False
    root: bool = False
    health: bool = False
    restart: bool = False
    socket: bool = False


def reach(shell: Shell, estate: Estate) -> Mapping[str, Reached]:
    """All machines of the estate that have an address. Never raises for what a machine does."""
    scripts = {host.name: _of_host(host) for host in estate.hosts}
    balancing: tuple[Balancer | EdgeNode, ...] = (*estate.balancers, *estate.edges)
    for machine in balancing:
        if machine.login.address:
            scripts.setdefault(machine.name, _of_balancer(machine))

    def one(name: str) -> Reached:
        try:
            said = shell.ask(name, "sh", scripts[name], timeout=PATIENCE)
        except DeployerError as wrong:
            return Reached(name, complaint=wrong.what, remedy=wrong.remedy)
        if not said.ok:
            return Reached(name, complaint=f"its shell says: {said.complaint}")
        return _read(name, said.out)

    return shell.each(scripts, one)


_ABOVE = 'above() { p=$1; while [ ! -e "$p" ]; do p=$(dirname "$p"); done; printf %s "$p"; }'
_ALL = "echo now $(date +%s); command -v python3 >/dev/null && echo python yes"


def _of_host(host: Host) -> str:
    root, health = shlex.quote(host.root), shlex.quote(host.health_file)
    able = "true"
    if host.control:
        able = f"test -x {shlex.quote(host.control)}"
    elif host.unit:
        able = f"systemctl cat {shlex.quote(host.unit)} >/dev/null 2>&1"
    return f"""{_ABOVE}; {_ALL}
p=$(above {root}); test -w "$p" && echo root yes
echo free $(df -Pk "$p" | tail -n 1 | (read -r a b c d e; echo "$d"))
test -w "$(above "$(dirname {health})")" && echo health yes
{able} && echo restart yes
echo current $(readlink {root}/current 2>/dev/null)
:"""


def _of_balancer(machine: Balancer | EdgeNode) -> str:
    """Where nginx is told what to do is a folder, not a socket."""
    kind, place = ("-d", machine.maps) if machine.kind == "nginx" else ("-S", "")
    place = shlex.quote(place or machine.socket)
    return f"{_ALL}; test {kind} {place} && test -w {place} && echo socket yes; :"


def _read(name: str, said: str) -> Reached:
    words = dict(line.partition(" ")[::2] for line in said.splitlines() if line)
    yes = {word for word, value in words.items() if value == "yes"}
    return Reached(
        name,
        now=float(words["now"]) if words.get("now", "").isdigit() else None,
        free=int(words["free"]) * 1024 if words.get("free", "").isdigit() else None,
        current=words.get("current", "").rpartition("/")[2],
        python="python" in yes,
        root="root" in yes,
        health="health" in yes,
        restart="restart" in yes,
        socket="socket" in yes,
    )
