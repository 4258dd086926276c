"""An inventory of a few hosts behind one real sshd, and a fleet over it"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from deployer.fleet import AnsibleFleet
from deployer.machines import Estate
from deployer.model import Release
from deployer.playbooks import Ansible
from deployer.settings.values import Settings
from deployer.world import Order
from tests.playbooks.archives import archive, sha256
from tests.playbooks.service import Service
from tests.playbooks.sshd import Sshd


class Ground:
    """`hosts` by name with their services; `fleet` and `order` are what the engine has."""

    def __init__(self, folder: Path, sshd: Sshd, names: Iterable[str], **host_variables: Any) -> None:
        self.folder, self.sshd = folder, sshd
        self.hosts = {name: Service(folder / name) for name in names}
        self.told: list[str] = []
        self._steps = itertools.count()
        self.inventory = folder / "inventory"
        self.inventory.mkdir()
        self.write({name: self._variables(service, host_variables) for name, service in self.hosts.items()})

    def _variables(self, service: Service, more: dict[str, Any]) -> dict[str, Any]:
        own = {"deployer_root": str(service.root), "deployer_control": str(service.control)}
        own["deployer_health_file"] = str(service.root / "shared" / "health")
        return {**self.sshd.variables(), **own, **more}

    def write(self, hosts: dict[str, dict[str, Any]]) -> None:
        (self.inventory / "hosts.yml").write_text(yaml.safe_dump({"web": {"hosts": hosts}}))

    def change(self, name: str, **variables: Any) -> None:
        told = yaml.safe_load((self.inventory / "hosts.yml").read_text())
        told["web"]["hosts"].setdefault(name, {}).update(variables)
        (self.inventory / "hosts.yml").write_text(yaml.safe_dump(told))

    def fleet(self, ansible: Ansible | None = None, **playbooks: str) -> AnsibleFleet:
        estate = Estate(self.inventory, (), ())
        settings = Settings.model_validate(
            {
                "service": "shop",
                "hosts": "web",
                "sites": {"dc1": {"group": "web"}},
                "release": {"artifact": "shop-{version}", "root": "/nowhere"},
                "health_file": {"path": "/nowhere/health"},
                "app": {"start_timeout": 60},
                "playbooks": playbooks,
            }
        )
        return AnsibleFleet(estate, settings, self.state, ansible)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def order(self, run: str = "r1", epoch: int = 1) -> Order:
        return Order(run, epoch, f"0-{next(self._steps)}", self.told.append, lambda: False)

    def release(self, version: str) -> Release:
        path = archive(self.folder / f"shop-{version}", {"version": version.encode()})
        return Release(version, str(path), sha256(path))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.hosts)

    def end(self) -> None:
        for service in self.hosts.values():
            service.end()
