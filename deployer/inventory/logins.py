"""How Ansible's connection variables say a machine is reached"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from deployer.errors import InventoryError
from deployer.inventory import wanted
from deployer.inventory.facts import Facts
from deployer.machines import Login

_BY_SSH = ("ssh", "smart", "paramiko", "paramiko_ssh")


def login(facts: Facts, host: str) -> Login:
    """How to reach this host. Raises InventoryError where it is not reached by SSH and sudo."""
    _by_ssh_and_sudo(facts, host)
    options = dict(reversed(tuple(_ssh_options(facts, host))))  # as with ssh itself, what is said first counts
    address = facts.text(host, *wanted.ADDRESS) or host
    port = number(facts, host, *wanted.PORT) or int(options.get("port", 22))
    user = facts.text(host, *wanted.USER) or options.get("user", "")
    key = facts.text(host, *wanted.KEY_FILE) or options.get("identityfile", "")
    known_hosts = tuple(_file(path) for path in options.get("userknownhostsfile", "").split())
    return Login(
        address=address,
        port=port,
        user=user,
        key_files=(_file(key),) if key else (),
        known_hosts=known_hosts,
        password=facts.text(host, *wanted.PASSWORD),
        become=_yes(facts.value(host, *wanted.BECOME)),
        become_user=facts.text(host, *wanted.BECOME_USER) or "root",
        become_password=facts.text(host, *wanted.BECOME_PASSWORD),
        proxy_command=_filled(_proxy(options, " ".join(known_hosts)), address, port, user),
    )


def number(facts: Facts, host: str, *names: str) -> int:
    """A port, 0 where none is given. Raises InventoryError where it is no port."""
    given = facts.value(host, *names)
    if given is None:
        return 0
    if isinstance(given, bool) or not str(given).isdigit() or not 1 <= int(given) <= 65_535:  # noqa: PLR2004 - ports
        raise InventoryError(f"{names[0]} is {given!r}, expected a port, 1 to 65535", where=f"host {host}")
    return int(given)


def _by_ssh_and_sudo(facts: Facts, host: str) -> None:
    connection = facts.text(host, *wanted.CONNECTION).rpartition(".")[2]
    if connection and connection not in _BY_SSH:
        raise InventoryError(
            f"ansible_connection is {connection}: deployer reaches machines by ssh only", where=f"host {host}"
        )
    method = facts.text(host, *wanted.BECOME_METHOD).rpartition(".")[2]
    if method and method != "sudo":
        raise InventoryError(f"ansible_become_method is {method}: deployer knows sudo only", where=f"host {host}")


def _ssh_options(facts: Facts, host: str) -> Iterator[tuple[str, str]]:
    """`-o Key=value`, `-J jump` and the like of all the ssh arguments, in ssh's own order."""
    short = {"-J": "proxyjump", "-i": "identityfile", "-l": "user", "-p": "port"}
    for variable in wanted.SSH_ARGS:
        try:
            words = iter(shlex.split(facts.text(host, variable)))
        except ValueError as wrong:
            raise InventoryError(f"{variable} cannot be read: {wrong}", where=f"host {host}") from None
        for word in words:
            if word[:2] == "-o":
                key, _, value = (word[2:] or next(words, "")).strip().replace("=", " ", 1).partition(" ")
                yield key.lower(), value.strip()
            elif word[:2] in short:
                yield short[word[:2]], word[2:] or next(words, "")


def _proxy(options: dict[str, str], known_hosts: str) -> str:
    """The command that connects through a jump host, as ssh itself makes it of ProxyJump: %h and %p are the machine."""
    if options.get("proxyjump", "none") != "none":
        *via, last = options["proxyjump"].split(",")
        words = ["ssh", *(["-o", f"UserKnownHostsFile={known_hosts}"] if known_hosts else [])]
        words += ["-J", ",".join(via)] if via else []
        target, _, port = last.rpartition(":") if last.rpartition(":")[2].isdigit() else (last, "", "")
        return shlex.join([*words, *(["-p", port] if port else []), "-W", "[%h]:%p", target])
    command = options.get("proxycommand", "none")
    return "" if command == "none" else command


def _filled(command: str, address: str, port: int, user: str) -> str:
    """%h, %p and %r of a proxy command, which ssh fills in and paramiko does not."""
    tokens = {"%h": address, "%p": str(port), "%r": user, "%%": "%"}
    return re.sub("%[hpr%]", lambda token: tokens[token[0]], command)


def _yes(value: object) -> bool:
    return str(value).lower() in ("true", "yes", "on", "1", "y", "t")


def _file(path: str) -> str:
    return str(Path(path).expanduser().absolute())
