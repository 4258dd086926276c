"""What changes with every file Ansible may read for an inventory, so that a kept answer is known to be stale"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from deployer.inventory.configuration import IGNORED, configuration
from deployer.inventory.facts import Asking

_FORMAT = 2
_OURS = re.compile("|".join(IGNORED))
_PLUGIN = re.compile(rb"^plugin\s*:", re.MULTILINE)


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
