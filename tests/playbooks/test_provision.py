"""provision.yml on a real nginx: whoever serves is up from the start, and a run that was cut off is made good"""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployer import shipped
from tests.ssh.parts import until
from tests.traffic.parts import PORT, tiny_host

NETWORK = "127.9.35"
CONF = """\
{user}pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{}}
http {{ access_log off; include {folder}/pool.conf; }}
"""


@dataclass(frozen=True, slots=True)
class Balancer:
    """An nginx on this machine, provisioned over a local connection, reloaded by a script."""

    folder: Path

    def provision(self, reload: str) -> subprocess.CompletedProcess[str]:
        """`reload` is what the script does, in shell; $PLAYBOOK is the pid of ansible-playbook."""
        (self.folder / "reload").write_text(f"#!/bin/sh\n{reload}\n")
        (self.folder / "reload").chmod(0o755)
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(self._inventory()))
        # Ansible of its own, not of whoever runs the tests
        environment = {"PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/bin", "HOME": str(self.folder)}
        words = ["ansible-playbook", "-i", "hosts.yml", "--limit", "lb", str(shipped.playbooks() / "provision.yml")]
        return subprocess.run(
            ["sh", "-c", 'PLAYBOOK=$$ exec "$@"', "sh", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def _inventory(self) -> dict[str, Any]:
        own = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "balancer_install": False,
            "balancer_reload": [str(self.folder / "reload")],
            "balancer_nginx_file": str(self.folder / "pool.conf"),
            "balancer_status_bind": f"{NETWORK}.11:8405",
            "balancer_bind": [f"{NETWORK}.11:{PORT}"],
            "deployer_kind": "nginx",
            "deployer_service": "shop",
            "deployer_maps": str(self.folder / "maps"),
        }
        addresses = {name: {"ansible_host": f"{NETWORK}.2{name[-1]}"} for name in ("web1", "web2", "web3")}
        return {
            "all": {
                "children": {
                    "web": {"hosts": addresses},
                    "lb": {"hosts": {"lb1": own}},
                    "dc1": {"hosts": dict.fromkeys([*addresses, "lb1"])},
                }
            }
        }

    @property
    def words(self) -> tuple[str, ...]:
        return ("/usr/sbin/nginx", "-p", str(self.folder), "-c", f"{self.folder}/nginx.conf", "-e", "error.log")

    def start(self) -> None:
        """Without a pool yet, it answers 404."""
        user = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(CONF.format(user=user, folder=self.folder))
        (self.folder / "pool.conf").write_text(f"server {{ listen {NETWORK}.11:{PORT}; return 404; }}\n")
        subprocess.run(self.words, check=True)

    def code(self, path: str) -> int:
        """Over a fresh connection."""
        link = HTTPConnection(f"{NETWORK}.11", PORT, timeout=30)
        try:
            link.request("GET", path)
            return link.getresponse().status
        finally:
            link.close()


@pytest.fixture
def balancer(tmp_path: Path) -> Iterator[Balancer]:
    made = Balancer(tmp_path)
    yield made
    if (tmp_path / "nginx.pid").exists():
        subprocess.run([*made.words, "-s", "stop"], check=True)


def test_cut_off_then_made_good(balancer: Balancer) -> None:
    health = {name: balancer.folder / name / "up" for name in ("web1", "web2")}
    for slot, file in zip("AB", health.values(), strict=True):
        file.parent.mkdir()
        file.write_text(f"OK slot={slot} release=1.0.0\n")
    balancer.start()
    with tiny_host("web1", f"{NETWORK}.21", health["web1"]), tiny_host("web2", f"{NETWORK}.22", health["web2"]):
        cut = balancer.provision("kill -9 $PLAYBOOK; exit 1")
    assert cut.returncode == -9, cut.stdout
    down = {
        slot: [" down;" in line for line in (balancer.folder / f"maps/shop_{slot}.servers").read_text().splitlines()]
        for slot in "ab"
    }
    assert down == {"a": [False, True, True], "b": [True, False, True]}, "web3 is fresh: nobody sends it requests"
    assert "/lb_health" in (balancer.folder / "pool.conf").read_text()
    assert balancer.code("/lb_health") == 404, "the file lies there, and is not loaded"

    mended = balancer.provision(" ".join([*balancer.words, "-s", "reload"]))
    assert mended.returncode == 0, mended.stdout
    until(lambda: balancer.code("/lb_health") == 200, "the next run loads what the one before left")
