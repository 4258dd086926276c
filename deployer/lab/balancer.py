"""A balancer and the edge: HAProxy as the product sets it up, or nginx"""

from __future__ import annotations

import csv
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import StepFailed, Unreachable
from deployer.lab import nginx_balancer, nginx_edge
from deployer.lab.layout import METRICS_PORT, SERVICE_PORT, SITES, Lab, Machine
from deployer.lab.marks import environment
from deployer.lab.programs import program, run
from deployer.lab.templates import render
from deployer.shipped import templates

POOL = "shop"
LONGEST_RELOAD = 30.0
EMPTY_MAPS = {"pct.map": "pct 0\n", "slot.map": "", "rel.map": "", "asset.map": "", "faults.map": ""}


def prepare(lab: Lab, balancer: Machine, *, sticky: str = "bucket", **more: object) -> None:
    """Configuration and empty maps of a balancer; `more` are variables of HAProxy's template."""
    if lab.balancer == "nginx":
        nginx_balancer.prepare(lab, balancer, POOL, sticky=sticky)
        return
    balancer.maps.mkdir(parents=True, exist_ok=True)
    for name, content in EMPTY_MAPS.items():
        (balancer.maps / name).write_text(content)
    hosts = lab.of_site(balancer.site, "web")
    values = {
        "balancer_pool": POOL,
        "balancer_bind": [f"{balancer.address}:{SERVICE_PORT}"],
        "balancer_metrics_bind": f"{balancer.address}:{METRICS_PORT}",
        "balancer_servers": [_server(host) for host in hosts],
        "balancer_socket": balancer.socket,
        "balancer_maps": balancer.maps,
        "balancer_state_file": balancer.state_file,
        "balancer_sticky": sticky,
        "balancer_log": balancer.log,
        "balancer_faults": templates() / "faults.lua",
        "balancer_maxconn": 2000,
    }
    _write(balancer, "haproxy.cfg.j2", {**values, **more})


def prepare_edge(lab: Lab, edge: Machine) -> None:
    """Configuration of an edge node: half of the users for each site."""
    sites = [
        {"name": site, "weight": 50, "balancers": [_server(one) for one in lab.of_site(site, "lb")]} for site in SITES
    ]
    if lab.edging == "nginx":
        nginx_edge.prepare(lab, edge, sites)
        return
    values = {
        "edge_bind": [f"{edge.address}:{SERVICE_PORT}"],
        "edge_metrics_bind": f"{edge.address}:{METRICS_PORT}",
        "edge_sites": sites,
        "edge_socket": edge.socket,
        "edge_state_file": edge.state_file,
        "edge_inner": edge.folder,
        "edge_maxconn": 2000,
        "edge_fresh": lab.balancer == "nginx",
    }
    edge.folder.mkdir(parents=True, exist_ok=True)
    _write(edge, "edge.cfg.j2", values)


def start(lab: Lab, balancer: Machine) -> None:
    """Master and worker listen when this returns."""
    if nginx_balancer.is_one(balancer):
        nginx_balancer.start(lab, balancer)
        return
    words = [program("haproxy"), "-W", "-D", "-S", f"{balancer.master_socket},mode,600"]
    words += ["-f", str(balancer.folder / "haproxy.cfg"), "-p", str(balancer.folder / "haproxy.pid")]
    run(words, environment(lab.folder))


def ask(path: Path, command: str, *, timeout: float = 5.0) -> str:
    """The answer of a runtime or master socket to one line."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout)
            link.connect(str(path))
            link.sendall(command.encode() + b"\n")
            link.shutdown(socket.SHUT_WR)
            chunks = []
            while chunk := link.recv(65536):
                chunks.append(chunk)
    except OSError as error:
        raise Unreachable(f"no answer: {error}", where=str(path), remedy="deployer lab status") from error
    return b"".join(chunks).decode()


@dataclass(frozen=True, slots=True)
class Servers:
    """`up` receive new requests; `checked` are those of them a health check has found well in this process."""

    up: frozenset[str]
    checked: frozenset[str]


def servers(balancer: Machine) -> Servers:
    """The hosts of both slots as this balancer sees them now; nginx checks none and believes all."""
    if nginx_balancer.is_one(balancer):
        up_there = nginx_balancer.up(balancer)
        return Servers(up_there, up_there)
    rows = list(csv.DictReader(ask(balancer.socket, "show stat -1 4 -1").lstrip("# ").splitlines()))
    up = [row for row in rows if row["pxname"].startswith(f"{POOL}_") and row["status"].startswith("UP")]
    return Servers(
        frozenset(row["svname"] for row in up),
        frozenset(row["svname"] for row in up if row["check_status"] == "L7OK"),
    )


def master(balancer: Machine) -> int:
    """The pid of the master process."""
    if nginx_balancer.is_one(balancer):
        return nginx_balancer.master(balancer)
    return int((balancer.folder / "haproxy.pid").read_text().split()[0])


def reload(balancer: Machine, *, save: bool = True) -> None:
    """What `systemctl reload haproxy` does on a machine we set up: the state is saved, then USR2.

    `save` false is a reload past our unit. Returns when a new worker answers.
    """
    if nginx_balancer.is_one(balancer):
        nginx_balancer.reload(balancer)
        return
    before = worker(balancer)
    if save:
        balancer.state_file.write_text(ask(balancer.socket, "show servers state"))
    os.kill(master(balancer), signal.SIGUSR2)
    deadline = time.monotonic() + LONGEST_RELOAD
    while not _reloaded(balancer, before):
        if time.monotonic() > deadline:
            raise StepFailed("no new worker after the reload", where=balancer.name)
        time.sleep(0.02)


def _reloaded(balancer: Machine, before: int) -> bool:
    """The worker answers before the master has its own socket again, and till then a second USR2 is lost."""
    try:
        now = worker(balancer)
        return now != before and str(now) in ask(balancer.master_socket, "show proc")
    except (Unreachable, ValueError):
        return False


def worker(balancer: Machine) -> int:
    """The pid of the worker that answers the runtime socket."""
    for line in ask(balancer.socket, "show info").splitlines():
        if line.startswith("Pid: "):
            return int(line.removeprefix("Pid: "))
    raise ValueError(balancer.name)


def _server(machine: Machine) -> dict[str, object]:
    return {"name": machine.name, "address": machine.address, "port": SERVICE_PORT}


def _write(machine: Machine, template: str, values: dict[str, object]) -> None:
    (machine.folder / "haproxy.cfg").write_text(render(template, values))
    machine.state_file.touch()
