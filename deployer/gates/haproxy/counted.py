"""What one balancer counted and logged, as it says now"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.errors import StepFailed
from deployer.gates.haproxy.ledger import Look, Row, summed
from deployer.machines import Balancer
from deployer.ssh import Ssh
from deployer.traffic.haproxy import HALVES, see
from deployer.traffic.nginx.counted import LOG

LINGER = 120.0
"""Seconds the far end listens on when nobody asks: a gate asks every few seconds."""
_PATIENCE = 4.0
_START = "PATH=/usr/bin:/bin:$PATH; exec python3 -IS - {words}"


def counters(ssh: Ssh, balancer: Balancer) -> Look:
    """By server: answers and failed ones, since this worker started.

    Raises:
        Unreachable, StepFailed: HAProxy does not answer, or has no such pool.
    """
    seen = see(ssh, balancer)
    rows = {name: summed([(row.answered, row.failed) for row in seen.of(name)]) for name in seen.servers()}
    return Look(str(seen.pid), rows)


@dataclass(frozen=True, slots=True)
class Tally:
    """By server: requests, failed ones, then the others by the server's time; `edges` in seconds.

    `lost` lines never came to us: the far end was too slow.
    """

    look: Look
    edges: tuple[float, ...]
    lines: int
    lost: int
    log: str


def tally(ssh: Ssh, balancer: Balancer, linger: float = LINGER) -> Tally:
    """What was logged since the far end began to listen: now, if it did not yet.

    Raises:
        StepFailed: it cannot listen there.
        Unreachable: the machine does not answer.
    """
    answer = ssh.ask(balancer.name, "api", _socket(balancer), "tally", str(_PATIENCE), timeout=_PATIENCE + 2)
    if not answer.ok:
        _start(ssh, balancer, linger)
        answer = ssh.ask(balancer.name, "api", _socket(balancer), "tally", str(_PATIENCE), timeout=_PATIENCE + 2)
    try:
        found = _read(json.loads(answer.out if answer.ok else ""), balancer)
    except (ValueError, KeyError, TypeError) as error:
        raise StepFailed(f"what reads its log says nothing: {answer.complaint}", where=balancer.name) from error
    if found.log != log_of(balancer):
        raise StepFailed(f"its log is still read from {found.log}: two minutes more", where=balancer.name)
    return found


def log_of(balancer: Balancer) -> str:
    """Nginx logs to a file of its own, while there is a split: to a UDP port where nobody listens it complains."""
    return f"{balancer.maps}/{LOG}" if balancer.kind == "nginx" else balancer.log


def _start(ssh: Ssh, balancer: Balancer, linger: float) -> None:
    words = shlex.join((_socket(balancer), log_of(balancer), f"{linger:g}"))
    program = Path(__file__).with_name("far.py").read_text(encoding="utf-8")
    started = ssh.run(balancer.name, _START.format(words=words), stdin=program)
    if not started.ok:
        raise StepFailed(
            f"its log cannot be read: {started.complaint}",
            where=balancer.name,
            remedy="see balancers.log in deployer.yml, and the log line of its configuration (deployer traffic render)",
        )


def _socket(balancer: Balancer) -> str:
    return f"{balancer.maps}/tally.sock"


def _read(told: Mapping[str, Any], balancer: Balancer) -> Tally:
    backends = {f"{balancer.pool}_{half}" if half else balancer.pool for half in HALVES}
    found: dict[str, list[Row]] = {}
    for backend, server, row in told["rows"]:
        if backend in backends:
            found.setdefault(server, []).append(tuple(row))
    look = Look(told["began"], {server: summed(rows) for server, rows in found.items()})
    edges = (*(edge / 1000 for edge in told["edges"]), math.inf)
    return Tally(look, edges, told["lines"], told["lost"], told["log"])
