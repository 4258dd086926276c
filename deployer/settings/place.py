"""Where the settings and the journal lie

Reads `service` and `state` without pydantic, for the commands that only look into the journal.
"""

from __future__ import annotations

import re
from pathlib import Path

from deployer.errors import SettingsError
from deployer.settings.home import state_directory
from deployer.settings.lines import Document, document

NAME = "deployer.yml"
_SQLITE = "sqlite:///"


def settings_file(inventory: Path) -> Path:
    """`deployer.yml` beside the inventory: in the directory, or in the directory of the file. SettingsError if not."""
    if not inventory.exists():
        raise SettingsError("there is no such inventory", where=str(inventory), remedy=f"deployer init {inventory}")
    place = (inventory if inventory.is_dir() else inventory.parent) / NAME
    if not place.is_file():
        raise SettingsError(
            f"there is no {NAME} beside the inventory; looked for {place}",
            where=str(inventory),
            remedy=f"deployer init {place.parent} writes one to start from",
        )
    return place


def text_of(path: Path) -> Document:
    """The file as YAML. Raises SettingsError where it cannot be read."""
    try:
        return document(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise SettingsError(
            "there is no such file", where=str(path), remedy=f"deployer init {path.parent} writes one to start from"
        ) from None
    except (OSError, UnicodeDecodeError) as wrong:
        raise SettingsError(f"cannot be read: {wrong}", where=str(path)) from None


def state_url(path: Path) -> tuple[str, str]:
    """(service, URL of the journal) as deployer.yml says, checked only as far as these two keys. SettingsError else."""
    read = text_of(path)
    top = read.value if isinstance(read.value, dict) else {}
    for key, line, first in read.twice:
        if key in (("service",), ("state",)):
            raise SettingsError(f"{key[0]}: given twice, first on line {first}", where=f"{path}:{line}")
    service, state = top.get("service"), top.get("state", "")
    if not isinstance(service, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", service):
        raise SettingsError("service: expected the name of the service", where=f"{path}:{read.line(('service',))}")
    if not isinstance(state, str):
        raise SettingsError("state: expected a URL", where=f"{path}:{read.line(('state',))}")
    return service, state_of(service, state, path.parent)


def state_of(service: str, state: str, directory: Path) -> str:
    """The journal's URL: as given (a relative SQLite path counts from `directory`), or the default file."""
    if not state:
        return f"{_SQLITE}{state_directory() / service}.db"
    if state.startswith(_SQLITE):
        return _SQLITE + str((directory / Path(state.removeprefix(_SQLITE)).expanduser()).absolute())
    return state
