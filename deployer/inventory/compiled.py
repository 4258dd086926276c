"""The compiled copy of an inventory: what Ansible said, kept without secrets until a file changes"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from deployer.inventory.facts import Facts, without_secrets
from deployer.settings.home import state_directory
from deployer.settings.values import Settings


def place(inventory: Path, settings: Settings) -> Path:
    """The copy lies beside the journal, or in the state directory where the journal is a server."""
    sqlite = settings.state.startswith("sqlite:///")
    directory = Path(settings.state.removeprefix("sqlite:///")).parent if sqlite else state_directory()
    name = hashlib.sha256(str(inventory.absolute()).encode()).hexdigest()[:16]
    return directory / f"inventory-{name}.json"


def load(copy: Path, print_of: str) -> Facts | None:
    """The copy, where it is of this fingerprint; None where it is absent, stale, damaged or somebody else's."""
    try:
        if copy.stat().st_uid != os.geteuid():
            return None
        kept = json.loads(copy.read_bytes())
        if kept["of"] != print_of:
            return None
        return _facts(**kept["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(copy: Path, print_of: str, facts: Facts) -> None:
    """Write the copy (mode 0600), secrets left out. A full or read-only disk costs the speed, not the run."""
    plain = replace(without_secrets(facts), limited=())
    try:
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=copy.parent, prefix=copy.name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"of": print_of, "facts": asdict(plain)}, file)
        Path(temporary).replace(copy)
    except OSError:
        return


def _facts(**kept: object) -> Facts:
    facts = Facts(**kept)  # type: ignore[arg-type]
    groups = {name: tuple(hosts) for name, hosts in facts.groups.items()}
    wrong = tuple((host, name, why) for host, name, why in facts.wrong)
    return replace(facts, groups=groups, wrong=wrong, warnings=tuple(facts.warnings), limited=tuple(facts.limited))
