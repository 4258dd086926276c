"""The environment of a playbook: an allow-list, and what is set whatever the operator's shell says"""

from __future__ import annotations

import os
import shutil
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deployer import shipped
from deployer.inventory.configuration import environment as for_inventory

_PASSED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "KRB5CCNAME",
)
_PREFIXES = ("LC_", "ANSIBLE_", "DEPLOYER_LAB")
_SSH = (
    "-o ControlMaster=auto -o ControlPersist=120s -o ConnectTimeout=5 -o ServerAliveInterval=2 -o ServerAliveCountMax=3"
)
_LONGEST = 60
MARK = "DEPLOYER_PLAY"
"""Names, in the environment of all that a playbook starts, the record it belongs to."""


def allowed(given: Mapping[str, str], record: Path, forks: int) -> dict[str, str]:
    """ansible-runner writes the whole environment into a file, so secrets must not be in it."""
    kept = {name: value for name, value in given.items() if _passes(name)}
    return {
        **for_inventory(kept),
        "ANSIBLE_HOST_KEY_CHECKING": "True",  # ansible-runner turns it off unless it is said
        "ANSIBLE_SSH_ARGS": _SSH,
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(control_paths()),
        "ANSIBLE_TIMEOUT": "5",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_FORKS": str(max(forks, 1)),
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        **_ours_beside_theirs(kept),
        **_configuration(kept),
        "PATH": _path(kept),
        MARK: str(record),
    }


def ansible_playbook() -> str | None:
    """Where the program is that a playbook will be run with."""
    return shutil.which("ansible-playbook", path=_path(os.environ))


def _path(given: Mapping[str, str]) -> str:
    """The ansible-playbook that was installed with us comes first."""
    return f"{sysconfig.get_path('scripts')}:{given.get('PATH', os.defpath)}"


def _passes(name: str) -> bool:
    secret = "PASS" in name and not name.endswith("_FILE")
    return (name in _PASSED or name.startswith(_PREFIXES)) and not secret


def _ours_beside_theirs(given: Mapping[str, str]) -> dict[str, str]:
    """A user's own playbook finds our module as well."""
    ours = {
        "ANSIBLE_ACTION_PLUGINS": ("action_plugins", "~/.ansible/plugins/action:/usr/share/ansible/plugins/action"),
        "ANSIBLE_LIBRARY": ("library", "~/.ansible/plugins/modules:/usr/share/ansible/plugins/modules"),
    }
    folder = shipped.playbooks()
    return {name: f"{folder / own}:{given.get(name, usual)}" for name, (own, usual) in ours.items()}


def _configuration(given: Mapping[str, str]) -> dict[str, str]:
    """The playbook runs in a folder of its own; ansible.cfg is the one the operator's shell would take."""
    here = Path("ansible.cfg").absolute()
    if "ANSIBLE_CONFIG" in given or not here.is_file() or here.parent.stat().st_mode & 0o002:
        return {}
    return {"ANSIBLE_CONFIG": str(here)}


def control_paths() -> Path:
    """A private folder with a short name (a socket's path has at most 107 bytes), shared by the playbooks of a user."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = Path(runtime) / "deployer-ssh" if runtime and Path(runtime).is_dir() else None
    folder = folder or Path(tempfile.gettempdir()) / f"deployer-ssh-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    told = folder.lstat()
    if told.st_uid != os.getuid() or told.st_mode & 0o077 or not folder.is_dir() or len(str(folder)) > _LONGEST:
        return Path(tempfile.mkdtemp(prefix="dp-", dir="/tmp"))
    return folder
