"""An inventory as values and as files, for the tests beside this file"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from deployer.inventory.facts import Facts, Value
from deployer.settings.values import Settings

HOSTS = """\
all:
  vars: {ansible_user: deploy}
  children:
    web:
      hosts:
        web1: {ansible_host: 127.1.0.1}
        web2: {ansible_host: 127.1.0.2}
        web10: {ansible_host: 127.1.0.10}
        web3: {ansible_host: 127.2.0.3}
    lb: {hosts: {lb1: {ansible_host: 127.1.1.1}, lb2: {ansible_host: 127.2.1.1}}}
    paris: {hosts: {web1: , web2: , web10: , lb1: }}
    rome: {hosts: {web3: , lb2: }}
"""


def settings(tmp_path: Path, **changed: Any) -> Settings:
    given: dict[str, Any] = {
        "service": "shop",
        "hosts": "web",
        "sites": {"dc1": {"group": "paris"}, "dc2": {"group": "rome"}},
        "release": {"artifact": "/srv/shop-{version}.tar.gz", "root": "/srv/shop"},
        "app": {"unit": "shop"},
        "health_file": {"path": "/srv/shop/shared/health_check.html"},
        "state": f"sqlite:///{tmp_path}/state/shop.db",
    }
    return Settings.model_validate(given | changed)


def files(tmp_path: Path, **named: str) -> Path:
    """An inventory directory: `hosts` is hosts.yml, `group_vars__all` is group_vars/all.yml."""
    inventory = tmp_path / "prod"
    for name, text in ({"hosts": HOSTS, "deployer": "service: shop\nedge: {group: edge}\n"} | named).items():
        path = inventory / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return inventory


def facts(**changed: dict[str, Value]) -> Facts:
    """What Ansible answers about HOSTS; keyword arguments change one host's variables."""
    addresses = {"web1": "127.1.0.1", "web2": "127.1.0.2", "web10": "127.1.0.10", "web3": "127.2.0.3"}
    addresses |= {"lb1": "127.1.1.1", "lb2": "127.2.1.1"}
    hosts: dict[str, dict[str, Value]] = {
        name: {"ansible_host": address, "ansible_user": "deploy", **changed.get(name, {})}
        for name, address in addresses.items()
    }
    groups = {
        "all": tuple(addresses),
        "web": ("web1", "web10", "web2", "web3"),
        "lb": ("lb1", "lb2"),
        "paris": ("lb1", "web1", "web10", "web2"),
        "rome": ("lb2", "web3"),
    }
    return Facts(hosts=hosts, groups=groups, defaults={"ansible_become_user": "root"})


def grouped(given: Facts, **groups: tuple[str, ...]) -> Facts:
    return replace(given, groups={**given.groups, **groups})
