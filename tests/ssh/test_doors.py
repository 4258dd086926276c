"""Doors that do not open: strange keys, silence, refusal, sudo"""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.errors import StepFailed, Unreachable
from deployer.machines import Login
from deployer.ssh import Ssh, StrangeKey
from tests.ssh.parts import Sshd, keygen, sshd, until


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Sshd]:
    with sshd(tmp_path / "door", "127.9.12.1") as found:
        yield found


@pytest.fixture
def ssh(door: Sshd) -> Iterator[Ssh]:
    found = Ssh([("lb1", door.login)])
    yield found
    found.close()


def test_an_unknown_key_is_named_and_nothing_is_sent(door: Sshd, ssh: Ssh) -> None:
    (door.folder / "known_hosts").write_text("")
    with pytest.raises(StrangeKey) as refused:
        ssh.ask("lb1", "sh", "true")
    said = str(refused.value)
    assert said.startswith("lb1: its host key is not known: ssh-ed25519 SHA256:")
    assert "deployer doctor --trust lb1" in said
    assert "Accepted publickey" not in (door.folder / "sshd.log").read_text()


def test_a_changed_key_names_both(door: Sshd, ssh: Ssh) -> None:
    door.stop()
    door.new_host_key()
    door.start()
    with pytest.raises(StrangeKey) as refused:
        ssh.ask("lb1", "sh", "true")
    said = str(refused.value)
    assert said.count("SHA256:") == 2
    assert "not the one we know" in said
    assert "127.9.12.1" in said
    door.know()
    assert ssh.ask("lb1", "sh", "echo in").out == "in\n"


def test_a_lost_connection_is_made_once_more(door: Sshd, ssh: Ssh) -> None:
    assert ssh.ask("lb1", "sh", "echo one").ok
    door.stop()
    door.start()
    assert ssh.ask("lb1", "sh", "echo two").out == "two\n"
    door.stop()
    door.start()
    assert ssh.run("lb1", "echo three").out == "three\n"


def test_nobody_listens(door: Sshd, ssh: Ssh) -> None:
    assert ssh.ask("lb1", "sh", "echo one").ok
    door.stop()
    with pytest.raises(Unreachable, match=r"(?s)lb1: cannot be reached at 127.9.12.1 port 2222.*ssh -p 2222"):
        ssh.ask("lb1", "sh", "echo two")


def test_a_door_that_accepts_and_hangs_is_noticed(door: Sshd) -> None:
    """Also when it hangs later, on a line that is kept (F22)."""
    kept, new = Ssh([("lb1", door.login)]), Ssh([("lb1", door.login)])
    assert kept.ask("lb1", "sh", "echo one").ok
    door.freeze()
    try:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match=r"no answer within 0\.5 s"):
            kept.ask("lb1", "sh", "echo two", timeout=0.5)
        with pytest.raises(Unreachable, match="accepts but does not answer"):
            new.ask("lb1", "sh", "echo")
        assert time.monotonic() - begun < 30
    finally:
        door.thaw()
    assert kept.ask("lb1", "sh", "echo three").out == "three\n"
    kept.close()
    new.close()


def test_a_slow_script_is_not_waited_for(ssh: Ssh) -> None:
    with pytest.raises(Unreachable, match=r"not done within 0\.3 s"):
        ssh.run("lb1", "sleep 60", timeout=0.3)
    assert ssh.run("lb1", "echo next").ok


def test_something_else_listens_there() -> None:
    with socket.create_server(("127.9.12.2", 2222)):
        ssh = Ssh([("lb1", Login("127.9.12.2", 2222, "nobody"))])
        with pytest.raises(Unreachable, match="does not answer"):
            ssh.ask("lb1", "sh", "true")


def test_a_key_that_is_not_taken(door: Sshd, tmp_path: Path) -> None:
    keygen(tmp_path / "other")
    ssh = Ssh([("lb1", dataclasses.replace(door.login, key_files=(str(tmp_path / "other"),)))])
    with pytest.raises(Unreachable, match="does not let us in"):
        ssh.ask("lb1", "sh", "true")


SUDO = """\
#!/bin/sh
# sudo as far as a password is concerned: real sudo is not on every machine the tests run on
silent=no prompt=
while [ "$1" != -- ]; do
  case $1 in -n) silent=yes;; -p) prompt=$2; shift;; -u) shift;; esac
  shift
done
shift
[ $silent = no ] || { echo 'sudo: a password is required' >&2; exit 1; }
for try in 1 2 3; do
  printf %s "$prompt" >&2; IFS= read -r word
  [ "$word" != right ] || exec "$@"
  echo 'Sorry, try again.' >&2
done
exit 1
"""


@pytest.fixture
def sudo(tmp_path: Path) -> Iterator[Login]:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sudo").write_text(SUDO)
    (tmp_path / "bin" / "sudo").chmod(0o755)
    force = f'ForceCommand env PATH={tmp_path}/bin:/usr/bin:/bin sh -c "$SSH_ORIGINAL_COMMAND"'
    with sshd(tmp_path / "door", "127.9.12.3", more=force) as part:
        yield dataclasses.replace(part.login, become=True)


def test_sudo_that_wants_a_password_is_refused_or_given_it(sudo: Login) -> None:
    without = Ssh([("lb1", sudo)])
    with pytest.raises(StepFailed, match=r"(?s)lb1: sudo to root was refused: .*password is required.*ansible_become"):
        without.ask("lb1", "sh", "true")
    wrong = Ssh([("lb1", dataclasses.replace(sudo, become_password="wrong"))])
    with pytest.raises(StepFailed, match="sudo to root was refused"):
        wrong.ask("lb1", "sh", "true")
    right = Ssh([("lb1", dataclasses.replace(sudo, become_password="right"))])
    assert right.ask("lb1", "sh", "echo in").out == "in\n"
    assert right.run("lb1", "cat", stdin="x").out == "x"
    assert "right" not in repr(dataclasses.replace(sudo, become_password="right"))
    for one in (without, wrong, right):
        one.close()


def test_a_machine_behind_a_jump_host(door: Sshd) -> None:
    there = dataclasses.replace(door.login, proxy_command="socat - TCP:127.9.12.1:2222")
    ssh = Ssh([("lb1", there)])
    assert ssh.ask("lb1", "sh", "echo in").out == "in\n"
    ssh.close()


def test_a_silent_socket_option_is_set(door: Sshd, ssh: Ssh) -> None:
    """The kernel notices a silent partition within 15 s; a network that swallows packets needs root to make."""
    assert ssh.ask("lb1", "sh", "true").ok
    until(lambda: "127.9.12.1" in _with_timers(), "the kept connection has a keepalive timer")


def _with_timers() -> str:
    import subprocess

    done = subprocess.run(
        ["ss", "-Htno", "state", "established", "( dport = :2222 )"], capture_output=True, text=True, check=True
    )
    return "\n".join(line for line in done.stdout.splitlines() if "timer:(keepalive" in line)
