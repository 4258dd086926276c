"""An sshd per machine, with its own host key, for one user and one key"""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

from deployer.lab.layout import SSH_PORT, Lab, Machine
from deployer.lab.marks import VARIABLE, environment
from deployer.lab.programs import program, run

# SHLVL=1: Debian's bash reads ~/.bashrc for a command over SSH only at level 0. A lab's machine has nobody's dotfiles:
# pyenv or conda in there cost 0.15 s of CPU per command, and bring a python3 of their own.
CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {folder}/ssh/host_ed25519
PidFile {folder}/sshd.pid
AuthorizedKeysFile {lab}/ssh/authorized_keys
AllowUsers {user}
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM {pam}
StrictModes no
UseDNS no
PrintMotd no
MaxSessions 200
MaxStartups 200
SetEnv {variable}={lab} SHLVL=1
Subsystem sftp internal-sftp
"""


def make_keys(lab: Lab) -> None:
    """The user's key of the lab, a host key for each machine, and the known_hosts that names them all."""
    (lab.folder / "ssh").mkdir(mode=0o700, exist_ok=True)
    _keygen(lab.key, f"lab {lab.name}")
    (lab.folder / "ssh" / "authorized_keys").write_text(lab.key.with_suffix(".pub").read_text())
    known = []
    for machine in lab.machines:
        kind, public, *_ = make_host_key(machine).split()
        known.append(f"[{machine.address}]:{SSH_PORT} {kind} {public}\n")
    lab.known_hosts.write_text("".join(known))


def make_host_key(machine: Machine) -> str:
    """A new host key of this machine: its public line."""
    (machine.folder / "ssh").mkdir(mode=0o700, parents=True, exist_ok=True)
    key = machine.folder / "ssh" / "host_ed25519"
    _keygen(key, machine.name)
    return key.with_suffix(".pub").read_text()


def start(lab: Lab, machine: Machine) -> None:
    """Returns once sshd was started; it listens a moment later."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    config = machine.folder / "sshd_config"
    config.write_text(
        CONFIG.format(
            port=SSH_PORT,
            address=machine.address,
            folder=machine.folder,
            lab=lab.folder,
            user=pwd.getpwuid(os.getuid()).pw_name,
            pam="yes" if _locked() else "no",
            variable=VARIABLE,
        )
    )
    run([program("sshd"), "-f", str(config), "-E", str(machine.folder / "sshd.log")], environment(lab.folder))


def _keygen(path: Path, comment: str) -> None:
    path.unlink(missing_ok=True)
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], check=True)


def _locked() -> bool:
    """Without PAM, sshd as root refuses a user whose password is locked, even with a key."""
    if os.geteuid() != 0:
        return False
    for line in Path("/etc/shadow").read_text().splitlines():
        name, password, *_ = line.split(":")
        if name == pwd.getpwuid(os.getuid()).pw_name:
            return password.startswith("!")
    return False
