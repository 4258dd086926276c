"""A commented inventory to start from: hosts.yml, group_vars/all.yml, deployer.yml"""

from __future__ import annotations

from pathlib import Path

from deployer.errors import UsageError
from deployer.settings.place import NAME
from deployer.starter.hosts import CONNECTIONS, HOSTS
from deployer.starter.settings import commented


def write(directory: Path, service: str = "shop") -> tuple[Path, ...]:
    """Write the three files and name them; only deployer.yml where an inventory is, whose hosts ours would join.

    Raises:
        UsageError: deployer.yml is already there; then nothing is written.
    """
    files = {directory / NAME: commented(service)}
    if not directory.is_dir() or not any(directory.iterdir()):
        files = {directory / "hosts.yml": HOSTS, directory / "group_vars" / "all.yml": CONNECTIONS, **files}
    there = [str(path) for path in files if path.exists()]
    if there:
        raise UsageError(
            f"already there: {', '.join(there)}; nothing was written",
            where=str(directory),
            remedy=f"deployer init into another directory, and copy what you need; then deployer doctor -i {directory}",
        )
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise UsageError(f"cannot write: {wrong}", where=str(directory)) from None
    return tuple(files)
