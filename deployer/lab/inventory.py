"""The lab as an Ansible inventory, with deployer.yml beside it"""

from __future__ import annotations

import os
import pwd
import sys

import yaml

from deployer.lab.layout import SERVICE_PORT, SITES, SSH_PORT, Lab, Machine
from deployer.lab.scraping import INTERVAL

TITLE = "# Written by `deployer lab up`: lab {name}. Yours to edit, until the lab is taken down.\n"


def write(lab: Lab) -> None:
    lab.inventory.mkdir(parents=True, exist_ok=True)
    title = TITLE.format(name=lab.name)
    for name, content in (("hosts.yml", _hosts(lab)), ("deployer.yml", _settings(lab))):
        (lab.inventory / name).write_text(title + yaml.safe_dump(content, sort_keys=False, width=200))


def _hosts(lab: Lab) -> dict[str, object]:
    groups: dict[str, object] = {
        "web": {"hosts": {host.name: _host(host) for host in lab.hosts}},
        "lb": {"hosts": {balancer.name: _balancer(balancer) for balancer in lab.balancers}},
        "edge": {"hosts": {edge.name: _balancer(edge, maps=lab.edging == "nginx") for edge in lab.edges}},
    }
    if lab.hosts_per_site > 1:
        groups |= {colour: {"hosts": dict.fromkeys(hosts)} for colour, hosts in _colours(lab).items()}
    for site in SITES:
        members = (*lab.of_site(site, "web"), *lab.of_site(site, "lb"))
        groups[site] = {"hosts": {member.name: None for member in members}}
    return {"all": {"vars": _everywhere(lab), "children": groups}}


def _colours(lab: Lab) -> dict[str, list[str]]:
    """Half of each site's hosts."""
    found: dict[str, list[str]] = {"blue": [], "green": []}
    for site in SITES:
        hosts = [host.name for host in lab.of_site(site, "web")]
        half = (len(hosts) + 1) // 2
        found["blue"] += hosts[:half]
        found["green"] += hosts[half:]
    return found


def _everywhere(lab: Lab) -> dict[str, object]:
    options = {
        "UserKnownHostsFile": lab.known_hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
    }
    return {
        "ansible_user": pwd.getpwuid(os.getuid()).pw_name,
        "ansible_port": SSH_PORT,
        "ansible_ssh_private_key_file": str(lab.key),
        "ansible_ssh_common_args": " ".join(f"-o {name}={value}" for name, value in options.items()),
        "ansible_python_interpreter": sys.executable,
        "ansible_become": False,
    }


def _host(host: Machine) -> dict[str, object]:
    return {
        "ansible_host": host.address,
        "ansible_remote_tmp": str(host.folder / "tmp"),
        "deployer_root": str(host.root),
        "deployer_control": str(host.control),
        "deployer_port": SERVICE_PORT,
        "deployer_health_file": str(host.health_file),
    }


def _balancer(balancer: Machine, *, maps: bool = True) -> dict[str, object]:
    log = {} if balancer.kind == "edge" else {"deployer_log": balancer.log}
    return {
        "ansible_host": balancer.address,
        "ansible_remote_tmp": str(balancer.folder / "tmp"),
        "deployer_socket": str(balancer.socket),
        "deployer_master_socket": str(balancer.master_socket),
        **({"deployer_maps": str(balancer.maps)} if maps else {}),
        **log,
        "deployer_state_file": str(balancer.state_file),
    }


def _settings(lab: Lab) -> dict[str, object]:
    wave = max(1, lab.hosts_per_site // 4)
    return {
        "service": "shop",
        "hosts": "web",
        "sites": {site: {"group": site} for site in SITES},
        "release": {
            "artifact": str(lab.artifacts / "shop-{version}.tar.gz"),
            "root": "/srv/shop",
            "keep": 5,
        },
        "app": {
            "port": SERVICE_PORT,
            "control": "/srv/shop/bin/shopctl",
            "health": "/healthz",
            "version": "/version",
            "healthy_for": "1s",
            "start_timeout": "20s",
        },
        "health_file": {"path": "/srv/shop/shared/health_check.html", "url": "/health_check.html"},
        "balancers": {"group": "lb", "kind": lab.balancer, "socket": "/run/haproxy/admin.sock", "pool": "shop"},
        "edge": {"group": "edge", "kind": lab.edging, "socket": "/run/haproxy/admin.sock"},
        "strategy": "rolling",
        "rolling": {
            "wave": wave,
            "min_in_service": lab.hosts_per_site - wave,
            "drain_timeout": "20s",
            "on_drain_timeout": "abort",
        },
        **({"bluegreen": {"blue": "blue", "green": "green", "bake": "1s"}} if lab.hosts_per_site > 1 else {}),
        "canary": {"steps": [1, 5, 25, 50, 100], "bake": "1s"},
        **_gate(lab),
        "state": f"sqlite:///{lab.folder / 'state.db'}",
    }


def _gate(lab: Lab) -> dict[str, object]:
    """With a Prometheus there is somebody to ask."""
    if not lab.prometheus:
        return {}
    source = {
        "kind": "prometheus",
        "url": f"http://{lab.prometheus_address}",
        "queries": ["shop"],
        "site_label": "site",
        "step": f"{3 * INTERVAL:g}s",
        "timeout": "5s",
    }
    metrics = ["error_rate", "latency_p50", "latency_p95", "latency_p99", "cpu", "memory", "blocked_threads"]
    return {"gate": {"source": source, "metrics": metrics, "warm_up": "3s", "bake_between": "5s", "every": "2s"}}
