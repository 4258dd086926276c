"""One authenticated connection, and every way it can fail in our words"""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.errors import Unreachable
from deployer.machines import Login
from deployer.ssh.answer import StrangeKey
from deployer.ssh.trust import UnknownKey, changed, trust, unknown

if TYPE_CHECKING:
    import paramiko

CONNECT = 5.0
AUTHENTICATE = 8.0
QUICK_KEX = ("curve25519-sha256@libssh.org", "curve25519-sha256")


def connect(machine: str, login: Login) -> paramiko.SSHClient:
    """Connected and logged in, within about 15 s whatever the other side does.

    Raises:
        Unreachable: nobody answers, or our key is not taken.
        StrangeKey: the host key is unknown or another one than before.
    """
    import paramiko

    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    client = paramiko.SSHClient()
    trust(client, login)
    try:
        _login(client, login)
    except BaseException as error:
        client.close()
        ours = _in_our_words(machine, login, error)
        if ours is None:
            raise
        raise ours from error
    return client


def _login(client: paramiko.SSHClient, login: Login) -> None:
    keys = [str(Path(path).expanduser()) for path in login.key_files]
    client.connect(
        login.address,
        port=login.port,
        username=login.user or None,
        password=login.password or None,
        key_filename=keys or None,  # type: ignore[arg-type] # a list is taken too
        sock=_socket(login),
        timeout=CONNECT,
        banner_timeout=CONNECT,
        auth_timeout=AUTHENTICATE,
        channel_timeout=CONNECT,
        allow_agent=not login.key_files,
        look_for_keys=not login.key_files,
        transport_factory=_transport,
    )


def _transport(sock: Any, **options: Any) -> paramiko.Transport:
    import paramiko

    transport = paramiko.Transport(sock, **options)
    security = transport.get_security_options()
    quick = [kex for kex in QUICK_KEX if kex in security.kex]
    security.kex = (*quick, *(kex for kex in security.kex if kex not in quick))
    return transport


def _socket(login: Login) -> Any:
    if login.proxy_command:
        import paramiko

        return paramiko.ProxyCommand(login.proxy_command)
    link = socket.create_connection((login.address, login.port), timeout=CONNECT)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # a silent partition is noticed by the kernel: after 14 s when idle, 12 s when something is on its way
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with suppress(AttributeError, OSError):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 3)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 12_000)
    return link


_SILENCE = ("", "No existing session", "Error reading SSH protocol banner")
"""What paramiko says of a server that said nothing."""


def _in_our_words(machine: str, login: Login, error: BaseException) -> Unreachable | None:
    import paramiko

    place = f"{login.address} port {login.port}"
    by_hand = f"ssh -p {login.port} {login.user + '@' if login.user else ''}{login.address}"
    if isinstance(error, StrangeKey):
        return error
    if isinstance(error, UnknownKey):
        return unknown(machine, login, error.key)
    if isinstance(error, paramiko.BadHostKeyException):
        return changed(machine, login, error.expected_key, error.key)
    if isinstance(error, paramiko.AuthenticationException):
        return Unreachable(f"does not let us in at {place}: {error}", where=machine, remedy=by_hand)
    if isinstance(error, TimeoutError):
        return Unreachable(f"does not answer within {CONNECT:g} s at {place}", where=machine, remedy=by_hand)
    if isinstance(error, paramiko.SSHException | EOFError):
        said = "" if str(error) in _SILENCE else f": {error}"
        return Unreachable(f"sshd at {place} accepts but does not answer{said}", where=machine, remedy=by_hand)
    if isinstance(error, OSError | ValueError):
        why = getattr(error, "strerror", None) or error
        return Unreachable(f"cannot be reached at {place}: {why}", where=machine, remedy=by_hand)
    return None
