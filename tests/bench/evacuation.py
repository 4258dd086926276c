"""How fast a site is left: against plain ssh to both edge nodes in parallel, and when the last request began there"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from deployer.lab import balancer
from deployer.lab.layout import SSH_PORT, Lab
from deployer.lab.load import control
from tests.bench import ground
from tests.bench.figure import Figure, ratio, seconds
from tests.bench.rounds import interleaved

PLAIN, OURS = "ssh to both nodes in parallel: set, and read back", "deployer evacuate, cold start to read-back"
ROUNDS = 9
READ_BACK = b"read back"


def measure(rounds: int | None) -> tuple[Figure, ...]:
    """The same runtime commands on the same two nodes, each time from half and half."""
    with ground.lab(1) as lab:
        subprocess.run(_words(lab, "plan", "1.1.0"), check=False, capture_output=True)  # keeps what is needed
        contenders = {PLAIN: lambda: _plain(lab), OURS: lambda: _ours(lab)}
        times = interleaved(contenders, rounds or ROUNDS, warm_up=1)
        last = [_last_request(lab) for _ in range(3)]
    quick = replace(
        seconds("evacuate-last", "last request started to the site after the edge had changed", "", last, 0.1),
        notes=("as the edge counts requests, asked every few milliseconds under 200 requests/s",),
    )
    return ratio("evacuate", OURS, PLAIN, times, 2.0), quick


def _half(lab: Lab) -> None:
    for edge in lab.edges:
        balancer.ask(edge.socket, "set server sites/dc1 weight 50;set server sites/dc2 weight 50")


def _plain(lab: Lab) -> float:
    _half(lab)
    began = time.perf_counter()
    running = [subprocess.Popen(_ssh(lab, edge.address, edge.socket), stdout=subprocess.DEVNULL) for edge in lab.edges]
    if any(one.wait() for one in running):
        raise SystemExit("bench: plain ssh failed")
    return time.perf_counter() - began


def _ssh(lab: Lab, address: str, socket: Path) -> list[str]:
    tell = f"socat - {socket}"
    script = f"echo 'set server sites/dc2 weight 0' | {tell}; echo 'show stat sites 4 -1' | {tell}"
    options = {
        "IdentityFile": lab.key,
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": lab.known_hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
    }
    given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "/dev/null", "-p", str(SSH_PORT), *given, address, script]


def _ours(lab: Lab) -> float:
    """Until the last node's line is told; what is measured after that is no part of it."""
    _half(lab)
    began = time.perf_counter()
    running = subprocess.Popen(_words(lab, "evacuate", "dc2", "--yes"), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert running.stderr
    left = len(lab.edges)
    took = 0.0
    for line in running.stderr:
        left -= READ_BACK in line
        if not left and not took:
            took = time.perf_counter() - began
    if running.wait() or not took:
        raise SystemExit("bench: the evacuation did not complete")
    return took


def _last_request(lab: Lab) -> float:
    """Seconds between the first look at which all nodes had changed, and the last at which a new request was seen."""
    _half(lab)
    load = control.start(lab, rate=200, name=f"load{time.monotonic_ns()}")
    running = subprocess.Popen(
        _words(lab, "evacuate", "dc2", "--yes", "--json"), stderr=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    changed = last = 0.0
    total = -1
    while running.poll() is None or not changed:
        rows = [row for edge in lab.edges for row in _rows(edge.socket)]
        now = time.monotonic()
        changed = changed or (now if all(row[18] == "0" for row in rows) else 0.0)
        seen = sum(int(row[7]) for row in rows)
        last, total = (now, seen) if seen != total else (last, total)
    assert running.stdout
    told = json.loads(running.stdout.read())
    failed = control.stop(load).failed
    if not told["complete"] or failed:
        raise SystemExit(f"bench: {failed} requests failed, complete: {told['complete']}")
    return max(0.0, last - changed)


def _rows(socket: Path) -> list[list[str]]:
    found = (line.split(",") for line in balancer.ask(socket, "show stat sites 4 -1").splitlines())
    return [row for row in found if row[1:2] == ["dc2"]]


def _words(lab: Lab, *words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("deployer")), *words, "-i", str(lab.inventory)]
