"""Runs inside Ansible's own process: answers with groups and the variables we need, resolved by Ansible

`python -m deployer.inventory.inside -i INVENTORY --list [--limit …] [-e …] [--vault-password-file …]` prints one JSON
object: {"hosts": {name: {variable: value}}, "groups": {name: [host]}, "limited": [host], "wrong": [[host, variable,
why]], "defaults": {variable: value}, "living": bool}. Only variables named in `WANTED` leave this process.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible import constants
from ansible.cli.inventory import InventoryCLI
from ansible.errors import AnsibleError
from ansible.template import Templar

from deployer.inventory.wanted import OURS, SECRET, WANTED

_LIVING = ("lookup(", "query(", "q(", "now(", "pipe(")
"""A template with one of these may say something else tomorrow: it is not kept."""


class Answer(InventoryCLI):  # type: ignore[misc]
    """`ansible-inventory --list`, but with the connection variables templated and decrypted."""

    def json_inventory(self, top: Any) -> dict[str, Any]:
        self.wrong: list[tuple[str, str, str]] = []
        self.living = False
        everyone = sorted(self.inventory.groups["all"].get_hosts(), key=lambda host: str(host.name))
        return {
            "hosts": {str(host.name): self._variables(host) for host in everyone},
            "groups": {str(name): _names(group.get_hosts()) for name, group in self.inventory.groups.items()},
            "limited": _names(self.inventory.get_hosts(top.name)),
            "defaults": _defaults(),
            "wrong": self.wrong,
            "living": self.living,
        }

    @staticmethod
    def dump(stuff: Any) -> str:
        """Straight to stdout: Ansible's own way out also writes to its log file, and there are secrets in it."""
        sys.stdout.write("\n" + json.dumps(stuff) + "\n")
        sys.exit(0)

    def _variables(self, host: Any) -> dict[str, str | int | bool]:
        given = self.vm.get_vars(host=host, include_hostvars=False, stage="all")
        templar = Templar(loader=self.loader, variables=given)
        self.living = self.living or any(mark in text for text in _texts(given) for mark in _LIVING)
        resolved: dict[str, str | int | bool] = {}
        for name in given:
            if name in WANTED or name.startswith(OURS):
                try:
                    value = templar.template(given[name])
                    resolved[str(name)] = value if isinstance(value, bool) else _plain(value)
                except AnsibleError as wrong:
                    self.wrong.append((str(host.name), str(name), _why(wrong, name in SECRET)))
        return resolved


def _texts(given: dict[str, Any]) -> list[str]:
    return [value for value in given.values() if isinstance(value, str)]


def _names(hosts: Any) -> list[str]:
    return sorted({str(host.name) for host in hosts})


def _plain(value: Any) -> str | int:
    return int(value) if isinstance(value, int) else str(value)


def _why(wrong: AnsibleError, secret: bool) -> str:
    return "it cannot be decrypted or resolved (--vault-password-file FILE?)" if secret else str(wrong).splitlines()[0]


def _defaults() -> dict[str, str | int | bool]:
    """What ansible.cfg says of connections where the inventory says nothing."""
    found = {
        "ansible_user": constants.DEFAULT_REMOTE_USER,
        "ansible_port": constants.DEFAULT_REMOTE_PORT,
        "ansible_ssh_private_key_file": constants.DEFAULT_PRIVATE_KEY_FILE,
        "ansible_become": constants.DEFAULT_BECOME,
        "ansible_become_user": constants.DEFAULT_BECOME_USER,
    }
    return {name: value if isinstance(value, bool) else _plain(value) for name, value in found.items() if value}


if __name__ == "__main__":
    Answer.cli_executor(["ansible-inventory", *sys.argv[1:]])
