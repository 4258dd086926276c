"""A command started on a machine, as the login or as somebody else"""

from __future__ import annotations

import secrets
import shlex
import time
from typing import TYPE_CHECKING

from deployer.errors import StepFailed, Unreachable
from deployer.machines import Login

if TYPE_CHECKING:
    import paramiko

READY = "deployer-ready"


def start(machine: str, login: Login, client: paramiko.SSHClient, shell: str, *, patience: float) -> paramiko.Channel:
    """A channel on which `sh -c shell` runs and has said READY; `shell` begins with `echo` of it.

    Raises:
        Unreachable: the machine does not answer in time.
        StepFailed: sudo refuses.
    """
    transport = client.get_transport()
    if transport is None:
        raise Unreachable("the connection is closed", where=machine)
    channel = transport.open_session(timeout=patience)
    channel.settimeout(patience)
    prompt = f"[{secrets.token_hex(6)}]"
    channel.exec_command(_command(login, shell, prompt))
    _until_ready(machine, login, channel, prompt, time.monotonic() + patience)
    return channel


def _command(login: Login, shell: str, prompt: str) -> str:
    words = ["sh", "-c", f"echo {READY};{shell}"]
    if login.become:
        asks = ["-S", "-p", prompt] if login.become_password else ["-n"]
        words = ["sudo", *asks, "-u", login.become_user, "--", *words]
    return shlex.join(words)


def _until_ready(machine: str, login: Login, channel: paramiko.Channel, prompt: str, deadline: float) -> None:
    said, asked = b"", 0
    if not login.become_password:
        said = _first_line(channel)
    while login.become_password and READY.encode() not in said and not channel.exit_status_ready():
        if time.monotonic() > deadline:
            raise Unreachable("sudo does not answer", where=machine, remedy=f"ssh {login.address} sudo -v")
        if channel.recv_ready():
            said += channel.recv(len(READY) + 1 - len(said))
        if channel.recv_stderr_ready() and prompt.encode() in channel.recv_stderr(4096):
            asked += 1
            if asked > 1:
                break
            channel.sendall(login.become_password.encode() + b"\n")
        time.sleep(0.002)
    if READY.encode() not in said:
        _refused(machine, login, channel)


def _first_line(channel: paramiko.Channel) -> bytes:
    said = b""
    while len(said) < len(READY) + 1 and (some := channel.recv(len(READY) + 1 - len(said))):
        said += some
    return said


def _refused(machine: str, login: Login, channel: paramiko.Channel) -> None:
    channel.settimeout(1)
    try:
        said = channel.recv_stderr(4096).decode(errors="replace").strip()
    except TimeoutError:
        said = ""
    channel.close()
    if login.become:
        raise StepFailed(
            f"sudo to {login.become_user} was refused: {said or 'wrong password'}",
            where=machine,
            remedy="-K, or see ansible_become and ansible_become_password, then deployer doctor",
        )
    raise Unreachable(f"its shell did not start: {said}", where=machine, remedy=f"ssh {login.address} sh -c true")
