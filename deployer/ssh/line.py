"""A kept line to one machine: many small requests over one channel"""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.errors import Unreachable
from deployer.machines import Login
from deployer.ssh.answer import Answer
from deployer.ssh.become import start

if TYPE_CHECKING:
    import paramiko

_PYTHON = 'exec python3 -I -S -c "import sys;exec(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())))"'
_SHELL = (
    "LC_ALL=C;export LC_ALL;"
    'd(){ printf %s "$1"|base64 -d;};'
    'api(){ { d "$2";echo;}|socat -t "$(d "$3")" - "UNIX-CONNECT:$(d "$1"),retry=5,interval=0.2" 2>&1;};'
    'tcp(){ ss -Htn state established "( sport = :$(d "$1") )";};'
    'while IFS= read -r line;do set -- $line;kind=$(d "$1");shift;'
    'case $kind in api)out=$(api "$@");;tcp)out=$(tcp "$@");;'
    'sh)out=$( (eval "$(d "$1")") </dev/null 2>&1);;esac;'
    'rc=$?;printf "%s %s\\n%s" $rc ${#out} "$out";done'
)
_BOOT = (
    "PATH=/usr/bin:/bin:$PATH;"  # a version manager's python3 takes ten times as long to start
    f"if command -v python3 >/dev/null 2>&1;then echo python;{_PYTHON};"
    f"else command -v socat >/dev/null 2>&1&&echo socat||echo nothing;{_SHELL};fi"
)


class Lost(Exception):
    """The channel ended: the request may or may not have been carried out."""


class Line:
    """Open until it is lost or closed. Not for two threads at once."""

    def __init__(self, machine: str, login: Login, client: paramiko.SSHClient, *, patience: float) -> None:
        self._machine = machine
        self._channel = start(machine, login, client, _BOOT, patience=patience)
        self._unread = b""
        self.tongue = self._until_newline(time.monotonic() + patience).decode()
        if self.tongue == "python":
            program = Path(__file__).with_name("loop.py").read_bytes()
            self._channel.sendall(b"%d\n" % len(program) + program)

    def ask(self, kind: str, *words: str, timeout: float) -> Answer:
        """One request, one answer.

        Raises:
            Lost: the channel ended before the answer was complete.
            Unreachable: no complete answer within `timeout` seconds; the line is closed.
        """
        if kind == "api" and self.tongue == "nothing":
            return Answer(127, "", "neither python3 nor socat is installed there: one of them is needed")
        request = b" ".join(base64.b64encode(word.encode()) for word in (kind, *words))
        deadline = time.monotonic() + timeout
        try:
            self._channel.settimeout(timeout)
            self._channel.sendall(request + b"\n")
            rc, length = self._until_newline(deadline).split()
            said = self._read(int(length), deadline).decode(errors="replace")
        except TimeoutError as error:
            self.close()
            raise Unreachable(f"gives no answer within {timeout:g} s", where=self._machine) from error
        except (OSError, EOFError) as error:
            raise Lost(str(error) or "the connection is gone") from error
        return Answer(int(rc), said) if rc == b"0" else Answer(int(rc), "", said)

    def close(self) -> None:
        self._channel.close()

    def _until_newline(self, deadline: float) -> bytes:
        while b"\n" not in self._unread:
            self._more(deadline)
        found, _, self._unread = self._unread.partition(b"\n")
        return found

    def _read(self, length: int, deadline: float) -> bytes:
        while len(self._unread) < length:
            self._more(deadline)
        found, self._unread = self._unread[:length], self._unread[length:]
        return found

    def _more(self, deadline: float) -> None:
        self._channel.settimeout(max(0.001, deadline - time.monotonic()))
        some = self._channel.recv(65536)
        if not some:
            raise Lost(self._channel.recv_stderr(4096).decode(errors="replace") if self._ended() else "closed")
        self._unread += some

    def _ended(self) -> bool:
        return bool(self._channel.recv_stderr_ready())
