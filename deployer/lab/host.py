"""A host: nginx front, the shop behind it, and a releases tree"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

from deployer.errors import StepFailed
from deployer.lab import shop
from deployer.lab.layout import APP_PORT, SERVICE_PORT, Lab, Machine
from deployer.lab.marks import environment
from deployer.lab.programs import program, run
from deployer.lab.releases import unpack
from deployer.lab.templates import render

NGINX = """\
{user}pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
worker_processes 1;
worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    types {{ text/html html; }}
    default_type application/octet-stream;
    client_body_temp_path {folder}/nginx/body;
    proxy_temp_path {folder}/nginx/proxy;
    fastcgi_temp_path {folder}/nginx/fastcgi;
    uwsgi_temp_path {folder}/nginx/uwsgi;
    scgi_temp_path {folder}/nginx/scgi;
    include {folder}/host_front.conf;
}}
"""


def prepare(lab: Lab, host: Machine, artifact: Path, version: str) -> None:
    """The tree of a host that runs this version: releases, current, shared, control, configuration."""
    for folder in (host.root / "releases", host.root / "shared" / "assets", host.folder / "bin", host.folder / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    (host.folder / "nginx").mkdir(exist_ok=True)
    unpack(artifact, host.root, version)
    host.health_file.write_text(f"OK slot=A release={version}\n")
    _control(lab, host)
    _front(host)


def start(lab: Lab, host: Machine) -> None:
    """The shop listens, then the front."""
    control(host, "start")
    run(_nginx(host), environment(lab.folder))


def control(host: Machine, verb: str) -> str:
    """What `shopctl start|stop|restart|pid` of this host says."""
    lab = host.folder.parent.parent
    done = subprocess.run(
        [host.control, verb], env=environment(lab), cwd="/", capture_output=True, check=False, text=True
    )
    if done.returncode:
        raise StepFailed(f"shopctl {verb}: {(done.stdout + done.stderr).strip()}", where=host.name, hosts=(host.name,))
    return done.stdout.strip()


def _nginx(host: Machine) -> list[str]:
    folder = str(host.folder)
    return [program("nginx"), "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/nginx.log"]


def _control(lab: Lab, host: Machine) -> None:
    source = Path(shop.__file__).with_name("shopctl.py").read_text()
    host.control.write_text(f"#!{sys.executable} -ES\n{source}")
    host.control.chmod(0o755)
    told = {
        "address": host.address,
        "port": APP_PORT,
        "root": str(host.root),
        "python": sys.executable,
        "lab": str(lab.folder),
    }
    (host.folder / "service.json").write_text(json.dumps(told, indent=2) + "\n")


def _front(host: Machine) -> None:
    front = render(
        "host_front.conf.j2",
        {
            "front_address": host.address,
            "front_port": SERVICE_PORT,
            "front_app": f"{host.address}:{APP_PORT}",
            "front_health_root": host.root / "shared",
            "front_app_health": "/healthz",
        },
    )
    (host.folder / "host_front.conf").write_text(front)
    user = f"user {pwd.getpwuid(os.getuid()).pw_name};\n" if os.geteuid() == 0 else ""
    (host.folder / "nginx.conf").write_text(NGINX.format(user=user, folder=host.folder))


def put(host: Machine, artifact: Path, version: str, slot: str = "A") -> None:
    """This release runs on the host in this slot, the rough way: no drain, nobody asked. For tests and rehearsals."""
    unpack(artifact, host.root, version)
    control(host, "restart")
    host.health_file.write_text(f"OK slot={slot} release={version}\n")
