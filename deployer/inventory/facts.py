"""What Ansible answered about an inventory: hosts, groups and the variables we need"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deployer.inventory.wanted import SECRET

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Asking:
    """How the operator asked: options that mean what they mean in Ansible."""

    vault_password_files: tuple[Path, ...] = ()
    vault_ids: tuple[str, ...] = ()
    extra_vars: tuple[str, ...] = ()

    def arguments(self) -> tuple[str, ...]:
        return (
            *(word for file in self.vault_password_files for word in ("--vault-password-file", str(file))),
            *(word for name in self.vault_ids for word in ("--vault-id", name)),
            *(word for text in self.extra_vars for word in ("-e", text)),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything we read of an inventory. `wrong` lists (host, variable, why) that Ansible could not resolve,
    `limited` the hosts a --limit pattern means, `living` that the answer may differ the next time.

    `secret` says that there are passwords among the variables, or were before they were left out. `warnings` are
    Ansible's own, which it does not stop for: parts of an inventory that it skipped are among them.
    """

    hosts: Mapping[str, Mapping[str, Value]] = field(repr=False)
    groups: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, Value]
    wrong: tuple[tuple[str, str, str], ...] = ()
    limited: tuple[str, ...] = ()
    living: bool = False
    secret: bool = False
    warnings: tuple[str, ...] = ()

    def value(self, host: str, *names: str) -> Value | None:
        """The first of these variables that the host has, or that ansible.cfg has a default for."""
        own = self.hosts[host]
        return next((where[name] for where in (own, self.defaults) for name in names if name in where), None)

    def text(self, host: str, *names: str) -> str:
        value = self.value(host, *names)
        return "" if value is None else str(value)


def without_secrets(facts: Facts) -> Facts:
    """The same without passwords, and without the complaint that one could not be opened."""
    hosts = {
        host: {name: value for name, value in given.items() if name not in SECRET}
        for host, given in facts.hosts.items()
    }
    return replace(facts, hosts=hosts, wrong=tuple(one for one in facts.wrong if one[1] not in SECRET))
