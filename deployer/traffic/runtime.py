"""Changes at run time, on the balancer itself, under the fence"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from deployer.errors import StepFailed
from deployer.fence import act
from deployer.machines import Balancer, EdgeNode
from deployer.ssh import Ssh
from deployer.world import Order

_PYTHON = (
    "import socket,sys;s=socket.socket(socket.AF_UNIX);s.settimeout(5);s.connect(sys.argv[1]);"
    "s.sendall(sys.stdin.buffer.read());s.shutdown(1);"
    "[sys.stdout.buffer.write(b) for b in iter(lambda:s.recv(65536),b'')]"
)
API = f"""
api() {{
  if command -v socat >/dev/null 2>&1; then socat -t 5 - "UNIX-CONNECT:$1"
  else "${{DEPLOYER_PYTHON:-python3}}" -ISc {shlex.quote(_PYTHON)} "$1"; fi
}}
"""


def change(
    ssh: Ssh,
    machine: Balancer | EdgeNode,
    service: str,
    order: Order,
    commands: Sequence[str],
    *,
    first: str = "",
    last: str = "",
    old: Sequence[tuple[int, Sequence[str]]] = (),
) -> None:
    """Commands that answer nothing when they were carried out, as one line; `first` and `last` are scripts done before
    and after them.

    `old` are commands for workers from before a reload, by pid; one that ended meanwhile needs no change.

    Raises:
        Overtaken: a newer run acted there; nothing was changed.
        StepFailed: HAProxy said something, so at least one was not carried out.
        Unreachable: the machine does not answer.
    """
    script = ["set -e", first, API]
    script += [_to_old(machine, pid, words) for pid, words in old if isinstance(machine, Balancer)]
    if commands:
        script.append(f"printf '%s\\n' {shlex.quote(';'.join(commands))} | api {shlex.quote(machine.socket)} 2>&1")
    script.append(last)
    said = act(ssh, machine, service, order, "\n".join(script)).out.strip()
    if said:
        raise refused(machine, ";".join(commands), said)


def refused(machine: Balancer | EdgeNode, command: str, said: str) -> StepFailed:
    words = " / ".join(line for line in said.splitlines() if line)[:200]
    if "permission denied" in said.lower():
        remedy = f"give the socket its level: stats socket {machine.socket} level admin"
    elif "map identifier" in said.lower():
        remedy = "its configuration does not use these maps: deployer traffic render shows what to add"
    else:
        remedy = "deployer doctor"
    return StepFailed(f"HAProxy refuses `{command[:80]}`: {words}", where=machine.name, remedy=remedy)


def _to_old(machine: Balancer, pid: int, commands: Sequence[str]) -> str:
    line = ";".join(f"@!{pid} {command}" for command in commands)
    gone = "Can't find the target"
    to_master = f"printf '%s\\n' {shlex.quote(line)} | api {shlex.quote(machine.master_socket)} 2>&1"
    return f'said=$({to_master}); case $said in "{gone}"*) ;; *) printf "%s" "$said";; esac'
