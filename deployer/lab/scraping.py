"""A Prometheus beside the machines of a lab, which scrapes every host and balancer"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import yaml

from deployer.lab.layout import APP_PORT, METRICS_PORT, Lab, Machine
from deployer.lab.marks import environment
from deployer.lab.programs import program, run

INTERVAL = 1.0
"""Seconds between two scrapes."""
_DETACHED = '"$@" </dev/null >prometheus.log 2>&1 & echo $! >prometheus.pid'


def prepare(lab: Lab) -> None:
    """Its configuration: hosts have the labels site and host, their own numbers the release."""
    _folder(lab).mkdir(exist_ok=True)
    balancers = lab.balancers if lab.balancer == "haproxy" else ()
    jobs = {
        "shop": [_target(one, APP_PORT) for one in lab.hosts],
        "haproxy": [_target(one, METRICS_PORT) for one in balancers],
    }
    config = {
        "global": {"scrape_interval": f"{INTERVAL:g}s", "scrape_timeout": f"{INTERVAL:g}s"},
        "scrape_configs": [{"job_name": job, "static_configs": targets} for job, targets in jobs.items()],
    }
    (_folder(lab) / "prometheus.yml").write_text(yaml.safe_dump(config, sort_keys=False))


def start(lab: Lab) -> None:
    """It runs when this returns, and answers soon; also again, after it was killed."""
    folder = _folder(lab)
    words = [program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    words += [f"--web.listen-address={lab.prometheus_address}", "--storage.tsdb.retention.time=1d"]
    run([program("sh"), "-c", _DETACHED, "sh", *words], environment(lab.folder), folder=folder)


def tell(lab: Lab, number: signal.Signals) -> None:
    """A signal to it: how it fails in tests and rehearsals."""
    os.kill(int((_folder(lab) / "prometheus.pid").read_text()), number)


def _target(machine: Machine, port: int) -> dict[str, object]:
    name = "host" if machine.kind == "web" else "balancer"
    return {"targets": [f"{machine.address}:{port}"], "labels": {"site": machine.site, name: machine.name}}


def _folder(lab: Lab) -> Path:
    return lab.folder / "prometheus"
