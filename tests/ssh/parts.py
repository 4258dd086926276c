"""A real sshd on a loopback address, as an ordinary process"""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deployer.machines import Login

PORT = 2222
CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/user_key.pub
StrictModes no
UsePAM {pam}
UseDNS no
PrintMotd no
MaxSessions 100
MaxStartups 100
# bash leaves out the user's .bashrc then, which may take its time
SetEnv SHLVL=1
{more}
"""


@dataclass(slots=True)
class Sshd:
    """One sshd; `stop`, `start`, `freeze`, `thaw` do what they say to it and its children."""

    folder: Path
    address: str
    more: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def login(self) -> Login:
        return Login(
            self.address,
            PORT,
            getpass.getuser(),
            key_files=(str(self.folder / "user_key"),),
            known_hosts=(str(self.folder / "known_hosts"),),
        )

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        keygen(self.folder / "user_key")
        self.new_host_key()
        self.know()

    def new_host_key(self) -> None:
        keygen(self.folder / "host_key")

    def know(self) -> None:
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        (self.folder / "known_hosts").write_text(f"[{self.address}]:{PORT} {kind} {key}\n")

    def start(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        pam = "yes" if os.geteuid() == 0 else "no"
        config.write_text(CONFIG.format(port=PORT, address=self.address, folder=self.folder, more=self.more, pam=pam))
        log = (self.folder / "sshd.log").open("ab")
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], stdout=log, stderr=log, start_new_session=True
        )
        until(self._listens, "sshd listens")

    def stop(self) -> None:
        if self.process:
            for pid in (self.process.pid, *children(self.process.pid)):
                kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process
        for pid in (self.process.pid, *children(self.process.pid)):
            kill(pid, number)

    def _listens(self) -> bool:
        import socket

        with socket.socket() as link:
            return link.connect_ex((self.address, PORT)) == 0


@contextmanager
def sshd(folder: Path, address: str, *, more: str = "") -> Iterator[Sshd]:
    part = Sshd(folder, address, more)
    part.prepare()
    try:
        part.start()
        yield part
    finally:
        part.stop()


def keygen(path: Path) -> None:
    path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def children(pid: int) -> list[int]:
    """All processes below `pid`, found by their parent."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, ask = [], [pid]
    while ask:
        below = parents.get(ask.pop(), [])
        found += below
        ask += below
    return found


def kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def until(true: object, what: str, *, within: float = 30.0) -> None:
    """Waits for a callable to be true; `within` only guards against hanging."""
    assert callable(true)
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"never true: {what}"
        time.sleep(0.02)
