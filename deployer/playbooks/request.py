"""What a playbook is started with, and what came of it"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ansible:
    """What the operator said to Ansible, handed on as it is."""

    extra_vars: tuple[str, ...] = ()
    vault_password_files: tuple[Path, ...] = ()
    become_password: str = field(default="", repr=False)
    check: bool = False
    diff: bool = False
    verbose: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One playbook over these hosts.

    `variables` are never taken for templates. `deadline` is seconds from the go; then the playbook is stopped and its
    hosts are unknown. With `curtain` it starts at once, and touches no host before the go. `record` is the file that
    says while it runs that it does.
    """

    playbook: Path
    inventory: Path
    hosts: tuple[str, ...]
    variables: Mapping[str, Any]
    record: Path
    ansible: Ansible = field(default_factory=Ansible)
    deadline: float = 600.0
    curtain: bool = False

    def told(self) -> dict[str, Any]:
        """For the way through a pipe."""
        return {
            "playbook": str(self.playbook),
            "inventory": str(self.inventory.absolute()),
            "hosts": list(self.hosts),
            "variables": dict(self.variables),
            "record": str(self.record),
            "arguments": list(self._arguments()),
            "extra_vars": list(self.ansible.extra_vars),
            "become_password": self.ansible.become_password,
            "deadline": self.deadline,
            "curtain": self.curtain,
        }

    def _arguments(self) -> tuple[str, ...]:
        asked = self.ansible
        words = [
            word for file in asked.vault_password_files for word in ("--vault-password-file", str(file.absolute()))
        ]
        flags = {"--check": asked.check, "--diff": asked.diff, "-" + "v" * asked.verbose: asked.verbose > 0}
        return (*words, *(flag for flag, wanted in flags.items() if wanted))


@dataclass(frozen=True, slots=True)
class HostResult:
    """What Ansible says of one host; `overtaken`: the host refused because a newer run acted on it."""

    host: str
    ok: bool
    note: str = ""
    seconds: float = 0.0
    changed: bool = False
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """`complete` is false when Ansible did not come to its recap: hosts that are not listed are unknown then."""

    hosts: tuple[HostResult, ...]
    complete: bool
    note: str = ""
