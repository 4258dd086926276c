"""From the path of an inventory to the machines, asking Ansible only where the compiled copy is stale"""

from __future__ import annotations

from pathlib import Path

from deployer.inventory import compiled
from deployer.inventory.ask import ask
from deployer.inventory.estate import build
from deployer.inventory.facts import Asking, Facts, without_secrets
from deployer.inventory.fingerprint import fingerprint
from deployer.inventory.limit import chosen
from deployer.machines import Estate
from deployer.settings.values import Settings


def estate(inventory: Path, settings: Settings, asking: Asking | None = None, *, secrets: bool = True) -> Estate:
    """The machines of the service. Raises InventoryError with every complaint.

    With `secrets` False passwords may be missing, and Ansible is not asked for them: enough where keys open the door.
    """
    return build(inventory, facts(inventory, settings, asking or Asking(), secrets=secrets), settings)


def only(inventory: Path, settings: Settings, pattern: str, asking: Asking | None = None) -> tuple[str, ...]:
    """The service's hosts that a --limit pattern means: host, site or group names, and all of Ansible's patterns."""
    how = asking or Asking()
    return chosen(inventory, facts(inventory, settings, how, secrets=False), settings, pattern, how)


def facts(inventory: Path, settings: Settings, asking: Asking, *, secrets: bool) -> Facts:
    place = compiled.place(inventory, settings)
    print_of = fingerprint(inventory, asking)
    kept = compiled.load(place, print_of) if print_of else None
    if kept is not None and not (secrets and kept.secret):
        return kept
    fresh = ask(inventory, asking)
    if print_of and not fresh.living:
        compiled.keep(place, print_of, fresh)
    return fresh if secrets else without_secrets(fresh)
