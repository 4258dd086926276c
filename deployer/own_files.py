"""What must be on this machine: the files that deployer.yml names, and ansible-playbook"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deployer.playbooks.environment import ansible_playbook
from deployer.preflight import Finding, Severity
from deployer.settings.values import Settings


def absent(settings: Settings, folder: Path) -> Iterator[Finding]:
    """Playbooks and keys that are not there; their paths are taken from `folder`, the place of deployer.yml."""
    named = {f"playbooks.{name}": path for name, path in settings.playbooks.model_dump().items()}
    for name, check in settings.checks.items():
        named |= {f"checks.{name}.playbook": check.playbook, f"checks.{name}.tester_key_file": check.tester_key_file}
    for key, path in named.items():
        if path and not (folder / path).is_file():
            yield Finding(Severity.REFUSE, f"deployer.yml, {key}", f"there is no file {folder / path}")


def no_ansible() -> Iterator[Finding]:
    if ansible_playbook() is None:
        what = "there is no ansible-playbook, neither beside deployer nor on the PATH"
        yield Finding(Severity.REFUSE, "this machine", what, "pip install ansible-core, where deployer is installed")
