"""Whose host key is known, and what to say about one that is not"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deployer.machines import Login
from deployer.ssh.answer import StrangeKey

if TYPE_CHECKING:
    import paramiko

OURS = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


def trust(client: paramiko.SSHClient, login: Login) -> None:
    """Only keys named in the login's known_hosts, the user's and the system's are accepted."""
    client.set_missing_host_key_policy(_refuser())
    for name in (*login.known_hosts, *OURS):
        path = Path(name).expanduser()
        if path.is_file():
            client.load_system_host_keys(str(path))  # the first line of a kind wins


def _refuser() -> paramiko.MissingHostKeyPolicy:
    import paramiko

    class Refuse(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
            del client, hostname
            raise UnknownKey(key)

    return Refuse()


class UnknownKey(Exception):
    """Carried through paramiko, translated at the door."""

    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__("unknown host key")
        self.key = key


def unknown(machine: str, login: Login, key: paramiko.PKey) -> StrangeKey:
    return StrangeKey(
        f"its host key is not known: {key.get_name()} {key.fingerprint} at {login.address} port {login.port}",
        where=machine,
        remedy=f"compare the fingerprint, then deployer doctor --trust {machine}",
    )


def changed(machine: str, login: Login, known: paramiko.PKey, shown: paramiko.PKey) -> StrangeKey:
    return StrangeKey(
        f"its host key is not the one we know: known {known.get_name()} {known.fingerprint}, "
        f"shown {shown.get_name()} {shown.fingerprint} at {login.address} port {login.port}",
        where=machine,
        remedy=f"find out why; if it is right: remove its line of known_hosts, then deployer doctor --trust {machine}",
    )
