"""The compiled copy of an inventory: what Ansible said, kept without secrets until a file changes"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from deployer.inventory.configuration import IGNORED, configuration
from deployer.inventory.facts import Asking, Facts, without_secrets
from deployer.settings.place import state_directory
from deployer.settings.values import Settings

_FORMAT = 2
_OURS = re.compile("|".join(IGNORED))
_PLUGIN = re.compile(rb"^plugin\s*:", re.MULTILINE)


def place(inventory: Path, settings: Settings) -> Path:
    """The copy lies beside the journal, or in the state directory where the journal is a server."""
    sqlite = settings.state.startswith("sqlite:///")
    directory = Path(settings.state.removeprefix("sqlite:///")).parent if sqlite else state_directory()
    name = hashlib.sha256(str(inventory.absolute()).encode()).hexdigest()[:16]
    return directory / f"inventory-{name}.json"


def fingerprint(inventory: Path, asking: Asking) -> str:
    """Changes with every file Ansible may read here and with the options; "" where the answer must not be kept.

    A script or a cloud plugin among the sources answers anew each time, so nothing is kept of it.
    """
    seen: list[object] = [_FORMAT, str(inventory.absolute()), asking.arguments()]
    seen += sorted((name, value) for name, value in os.environ.items() if name.startswith("ANSIBLE_"))
    for path in _files(inventory):
        status = path.stat()
        if _living(path, status.st_mode):
            return ""
        seen.append((str(path), status.st_mtime_ns, status.st_size, status.st_mode, status.st_ino))
    return hashlib.sha256(repr(seen).encode()).hexdigest()


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


def _files(inventory: Path) -> Iterator[Path]:
    """All files under the inventory's directory, and the configurations Ansible may read."""
    top = inventory if inventory.is_dir() else inventory.parent
    for directory, below, names in os.walk(top, followlinks=True):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (Path(directory) / name for name in sorted(names) if not _OURS.search(name))
    place = configuration(os.environ)
    if place is not None:
        yield place


def _living(path: Path, mode: int) -> bool:
    """A script, or a YAML file that names an inventory plugin."""
    if mode & 0o111 and path.suffix not in (".yml", ".yaml", ".ini", ".json", ".md", ".txt"):
        return True
    return path.suffix in (".yml", ".yaml") and bool(_PLUGIN.search(path.read_bytes()))
