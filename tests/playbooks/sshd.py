"""A real sshd on a loopback address, for the tests"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {home}/host
PidFile none
AuthorizedKeysFile {home}/user.pub
SetEnv SHLVL=1
StrictModes no
UsePAM {pam}
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 100
MaxSessions 100
Subsystem sftp internal-sftp
"""


class Sshd:
    """One server with its own host key; `known_hosts` names it."""

    def __init__(self, home: Path, address: str) -> None:
        home.mkdir(parents=True)
        self.home, self.address = home, address
        self.port = _free(address)
        for name in ("host", "user"):
            self.key(name)
        self.known_hosts = home / "known_hosts"
        self.trust()
        config = home / "sshd_config"
        pam = "yes" if os.geteuid() == 0 else "no"
        config.write_text(CONFIG.format(port=self.port, address=address, home=home, pam=pam))
        Path("/run/sshd").mkdir(exist_ok=True) if os.geteuid() == 0 else None
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "apt-get install openssh-server"
        self._process = subprocess.Popen([program, "-D", "-f", str(config), "-E", str(home / "log")])
        self._wait()

    def key(self, name: str) -> Path:
        path = self.home / name
        path.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
        return path

    def trust(self, public: Path | None = None) -> None:
        kind, key, *_ = (public or self.home / "host.pub").read_text().split()
        self.known_hosts.write_text(f"[{self.address}]:{self.port} {kind} {key}\n")

    def variables(self) -> dict[str, object]:
        """For an inventory."""
        options = {"UserKnownHostsFile": self.known_hosts, "GlobalKnownHostsFile": "/dev/null", "IdentitiesOnly": "yes"}
        return {
            "ansible_host": self.address,
            "ansible_port": self.port,
            "ansible_python_interpreter": sys.executable,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": str(self.home / "user"),
            "ansible_ssh_common_args": " ".join(f"-o {name}={value}" for name, value in options.items()),
        }

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self._process.poll() is None, (self.home / "log").read_text()
            try:
                socket.create_connection((self.address, self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("sshd does not listen")


def _free(address: str) -> int:
    with socket.socket() as one:
        one.bind((address, 0))
        port: int = one.getsockname()[1]
        return port
