"""Kept connections, one per machine, for many threads"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from deployer.errors import DeployerError, StepFailed, Unreachable
from deployer.machines import Login
from deployer.ssh.answer import Answer
from deployer.ssh.line import Line, Lost

if TYPE_CHECKING:
    import paramiko

T = TypeVar("T")
AT_ONCE = 32
OPENERS = 4
PATIENCE = 10.0
_RUN = 'IFS= read -r text;eval "$(printf %s "$text"|base64 -d)"'


class Ssh:
    """Machines by name. Connections are opened when first needed, and once more when they were lost."""

    def __init__(self, logins: Iterable[tuple[str, Login]]) -> None:
        self._machines = {name: _Machine(name, login) for name, login in logins}
        self._pool: ThreadPoolExecutor | None = None
        self._openers: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def ask(self, machine: str, kind: str, *words: str, timeout: float = PATIENCE) -> Answer:
        """A small request over the machine's kept line; repeated once if the connection was lost meanwhile.

        `api SOCKET COMMAND SECONDS` asks a UNIX socket. `tcp PORT` lists established connections to it, each line ends
        with both ends as `ss` prints them. `sh SCRIPT` runs a short script, which must be one that may run twice.

        Raises:
            Unreachable, StrangeKey: as `connect` says, or no answer within `timeout` seconds.
        """
        return self._machine(machine).ask(kind, words, timeout)

    def run(self, machine: str, script: str, *, stdin: str = "", timeout: float = 60.0) -> Answer:
        """A script for `sh` over a channel of its own, never in an argument list; `stdin` is what it reads."""
        return self._machine(machine).run(script, stdin, timeout)

    def each(self, machines: Iterable[str], act: Callable[[str], T]) -> Mapping[str, T | DeployerError]:
        """`act` on all machines at once; what it raised of ours stands in place of its result."""
        names = tuple(dict.fromkeys(machines))

        def one(name: str) -> T | DeployerError:
            try:
                return act(name)
            except DeployerError as error:
                return error

        if len(names) < 2:  # noqa: PLR2004 - one needs no thread
            return {name: one(name) for name in names}
        return dict(zip(names, self._threads().map(one, names), strict=True))

    def soon(self, machines: Iterable[str]) -> None:
        """These will be asked before long: their lines are opened in the background, whatever comes of it."""
        with self._lock:
            if self._openers is None:
                self._openers = ThreadPoolExecutor(OPENERS, thread_name_prefix="ssh-open")
            for name in machines:
                if name in self._machines:
                    self._openers.submit(self._machines[name].open)

    def close(self) -> None:
        for pool in (self._openers, self._pool):
            if pool:
                pool.shutdown(wait=False, cancel_futures=True)
        for machine in self._machines.values():
            machine.close()

    def _machine(self, name: str) -> _Machine:
        if name not in self._machines:
            raise StepFailed(f"no machine {name!r}; known are {', '.join(self._machines) or 'none'}")
        return self._machines[name]

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ssh")
            return self._pool


class _Machine:
    def __init__(self, name: str, login: Login) -> None:
        self._name, self._login = name, login
        self._line_lock, self._client_lock = threading.Lock(), threading.Lock()
        self._client: paramiko.SSHClient | None = None
        self._line: Line | None = None

    def ask(self, kind: str, words: tuple[str, ...], timeout: float) -> Answer:
        with self._line_lock:
            kept = self._line is not None
            try:
                return self._open_line().ask(kind, *words, timeout=timeout)
            except Lost as lost:
                self._hang_up()
                if not kept:
                    raise Unreachable(f"its line ended: {lost}", where=self._name) from lost
            except Unreachable:
                self._hang_up()
                raise
            try:
                return self._open_line().ask(kind, *words, timeout=timeout)
            except Lost as lost:
                self._hang_up()
                raise Unreachable(f"its line ended twice: {lost}", where=self._name) from lost

    def open(self) -> None:
        if self._line is None:
            self.ask("sh", (":",), PATIENCE)

    def run(self, script: str, stdin: str, timeout: float) -> Answer:
        import paramiko

        from deployer.ssh.become import start

        try:
            channel = self._open(lambda client: start(self._name, self._login, client, _RUN, patience=PATIENCE))
            channel.sendall(base64.b64encode(script.encode()) + b"\n" + stdin.encode())
            channel.shutdown_write()
            return _drain(channel, time.monotonic() + timeout)
        except TimeoutError as error:
            raise Unreachable(f"not done within {timeout:g} s", where=self._name) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(f"the connection was lost: {error}", where=self._name) from error

    def close(self) -> None:
        self._hang_up()

    def _open_line(self) -> Line:
        if self._line is None:
            self._line = self._open(lambda client: Line(self._name, self._login, client, patience=PATIENCE))
        return self._line

    def _open(self, opening: Callable[[paramiko.SSHClient], T]) -> T:
        """Something opened over the kept connection, which is made anew once if it turns out to be dead."""
        import paramiko

        client, fresh = self._connected()
        try:
            return opening(client)
        except (Lost, paramiko.SSHException, EOFError, OSError) as error:
            self._forget(client)
            if fresh:
                raise Unreachable(f"no channel: {error or 'no answer in time'}", where=self._name) from error
        client, _ = self._connected()
        try:
            return opening(client)
        except (Lost, paramiko.SSHException, EOFError, OSError) as error:
            self._forget(client)
            raise Unreachable(f"no channel: {error or 'no answer in time'}", where=self._name) from error

    def _connected(self) -> tuple[paramiko.SSHClient, bool]:
        from deployer.ssh.connect import connect

        with self._client_lock:
            transport = self._client.get_transport() if self._client else None
            if self._client and transport and transport.is_active():
                return self._client, False
            self._client = connect(self._name, self._login)
            return self._client, True

    def _forget(self, client: paramiko.SSHClient) -> None:
        with self._client_lock:
            if self._client is client:
                self._client = None
        client.close()

    def _hang_up(self) -> None:
        self._line = None
        if self._client:
            self._forget(self._client)


def _drain(channel: paramiko.Channel, deadline: float) -> Answer:
    out, err = b"", b""
    while not (channel.exit_status_ready() and not channel.recv_ready() and not channel.recv_stderr_ready()):
        if time.monotonic() > deadline:
            channel.close()
            raise TimeoutError
        if channel.recv_ready():
            out += channel.recv(65536)
        elif channel.recv_stderr_ready():
            err += channel.recv_stderr(65536)
        elif channel.closed:
            raise EOFError("closed")
        else:
            time.sleep(0.002)
    channel.close()
    return Answer(channel.recv_exit_status(), out.decode(errors="replace"), err.decode(errors="replace"))
