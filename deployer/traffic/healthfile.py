"""The health file on a host: there with slot and release in it, or away"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from deployer.errors import StepFailed
from deployer.fence import act
from deployer.machines import Host
from deployer.ssh import Ssh
from deployer.world import Order

BODY = re.compile(r"OK slot=(?P<slot>[A-Z]) release=(?P<release>\S+)")


@dataclass(frozen=True, slots=True)
class HealthFile:
    """`present` means served. `slot` and `release` are as its body says, also of one that is away; "" = not said.

    `age` is how long it has been so, in whole seconds by the host's own clock.
    """

    present: bool
    slot: str = ""
    release: str = ""
    age: int = 0


def take_away(ssh: Ssh, host: Host, service: str, order: Order) -> None:
    """Renamed to `….out`: atomic, and its body stays for the way back."""
    file, out = shlex.quote(host.health_file), shlex.quote(host.health_file + ".out")
    script = f"""
[ -d "$(dirname {file})" ] || {{ echo "$(dirname {file}): no such folder"; exit 1; }}
if [ -e {file} ]; then mv -f {file} {out} && touch {out}; elif [ ! -e {out} ]; then : >{out}; fi
"""
    act(ssh, host, service, order, script)


def put_back(ssh: Ssh, host: Host, service: str, order: Order, *, slot: str, release: str) -> None:
    """There again, whole at once, naming slot (a or b) and release."""
    file, out = shlex.quote(host.health_file), shlex.quote(host.health_file + ".out")
    script = f"""
echo {shlex.quote(body(slot, release))} >{file}.new && mv -f {file}.new {file} && rm -f {out}
"""
    act(ssh, host, service, order, script)


def read(ssh: Ssh, host: Host) -> HealthFile:
    """As it lies on the host now."""
    file, out = shlex.quote(host.health_file), shlex.quote(host.health_file + ".out")
    script = f"""
now=$(date +%s)
for f in {file} {out}; do
  [ -e "$f" ] || continue
  case $f in *.out) echo away;; *) echo there;; esac
  echo "$((now - $(stat -c %Y "$f")))"; cat "$f"; exit 0
done
echo none; echo 0
"""
    answer = ssh.ask(host.name, "sh", script)
    if not answer.ok:
        raise StepFailed(f"cannot read {host.health_file}: {answer.complaint}", where=host.name)
    words = answer.out.splitlines()
    found = BODY.search("\n".join(words[2:]))
    slot, release = (found["slot"].lower(), found["release"]) if found else ("", "")
    return HealthFile(words[0] == "there", slot, release, int(words[1]))


def body(slot: str, release: str) -> str:
    return f"OK slot={slot.upper()} release={release}"
