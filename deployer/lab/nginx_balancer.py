"""A balancer that is an nginx, as the product sets it up"""

from __future__ import annotations

import os
import pwd
import signal
import time
from collections.abc import Collection
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from deployer.errors import StepFailed
from deployer.lab.layout import SERVICE_PORT, STATUS_PORT, Lab, Machine
from deployer.lab.marks import environment
from deployer.lab.programs import program, run
from deployer.lab.templates import render
from deployer.machines import Host, Login
from deployer.traffic.nginx import fresh, servers, tables

LONGEST_RELOAD = 30.0
CONF = """\
{user}pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
worker_processes 2;
worker_rlimit_nofile 4096;
worker_shutdown_timeout 5m;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx/body;
    proxy_temp_path {folder}/nginx/proxy;
    fastcgi_temp_path {folder}/nginx/fastcgi;
    uwsgi_temp_path {folder}/nginx/uwsgi;
    scgi_temp_path {folder}/nginx/scgi;
    include {folder}/inside.conf;
}}
"""


def prepare(lab: Lab, balancer: Machine, pool: str, *, sticky: str = "bucket") -> None:
    """Configuration, and the files the deployer will write."""
    for folder in (balancer.maps, balancer.folder / "nginx"):
        folder.mkdir(parents=True, exist_ok=True)
    status = f"{balancer.address}:{STATUS_PORT}"
    for name, text in fresh.files(pool, _hosts(lab, balancer), status).items():
        (balancer.maps / name).write_text(text)
    values = {
        "balancer_pool": pool,
        "balancer_bind": [f"{balancer.address}:{SERVICE_PORT} backlog=1024"],
        "balancer_maps": balancer.maps,
        "balancer_status_bind": status,
        "balancer_sticky": sticky,
        "balancer_requests_log": balancer.maps / "requests.log",
    }
    write_main(balancer, render("nginx_balancer.conf.j2", values))


def write_main(machine: Machine, inside: str) -> None:
    """The configuration of its nginx, with this in context `http`."""
    (machine.folder / "inside.conf").write_text(inside)
    user = f"user {pwd.getpwuid(os.getuid()).pw_name};\n" if os.geteuid() == 0 else ""
    _conf(machine).write_text(CONF.format(user=user, folder=machine.folder))


def _hosts(lab: Lab, balancer: Machine) -> Collection[Host]:
    return tuple(
        Host(
            one.name,
            one.site,
            Login(one.address),
            one.address,
            SERVICE_PORT,
            str(one.root),
            str(one.health_file),
        )
        for one in lab.of_site(balancer.site, "web")
    )


def is_one(balancer: Machine) -> bool:
    return _conf(balancer).exists()


def start(lab: Lab, balancer: Machine) -> None:
    """It listens when this returns."""
    words = [program("nginx"), "-p", str(balancer.folder), "-c", str(_conf(balancer))]
    run([*words, "-e", f"{balancer.folder}/nginx.log"], environment(lab.folder))


def up(balancer: Machine) -> frozenset[str]:
    """The hosts that get requests in one of the slots, by the files it last loaded."""
    texts = [path.read_text() for path in balancer.maps.glob("*.servers")]
    return frozenset(name for text in texts for name, is_up in servers.up(text).items() if is_up)


def master(balancer: Machine) -> int:
    """The pid of the master process."""
    return int((balancer.folder / "nginx.pid").read_text())


def reload(balancer: Machine) -> None:
    """Somebody types `nginx -s reload`. Returns when a new worker answers."""
    before = _answer(balancer)
    os.kill(master(balancer), signal.SIGHUP)
    deadline = time.monotonic() + LONGEST_RELOAD
    while (now := _answer(balancer)) == before or not now:
        if time.monotonic() > deadline:
            raise StepFailed("no new worker after the reload", where=balancer.name)
        time.sleep(0.02)


def running(balancer: Machine) -> bool:
    """Whether it runs the files that lie there."""
    return _answer(balancer).partition(" ")[0] == tables.digest_in((balancer.maps / "split.conf").read_text())


def _answer(balancer: Machine) -> str:
    """Digest and pid of the worker that says so; "" when nobody answers."""
    link = HTTPConnection(balancer.address, STATUS_PORT, timeout=5)
    try:
        link.request("GET", "/deployer_status")
        return link.getresponse().read().decode()
    except (OSError, HTTPException):
        return ""
    finally:
        link.close()


def _conf(balancer: Machine) -> Path:
    return balancer.folder / "nginx.conf"
