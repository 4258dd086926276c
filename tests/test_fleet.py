"""The machines, by real Ansible over a real sshd"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from pwd import getpwnam
from typing import Self

import pytest

from deployer.errors import Overtaken, PreflightFailed, StepFailed
from deployer.fleet import AnsibleFleet
from deployer.model import Release
from deployer.playbooks import Ansible, processes
from deployer.playbooks.environment import MARK
from deployer.steps import Deploy, Fetch
from deployer.world import Order
from tests.fleet_ground import Ground
from tests.playbooks.archives import archive, sha256
from tests.playbooks.sshd import Sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    made = Sshd(tmp_path_factory.mktemp("sshd") / "one", "127.77.0.1")
    yield made
    made.end()


@pytest.fixture
def ground(tmp_path: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    made = Ground(tmp_path, sshd, ["web1", "web2"])
    yield made
    made.end()


def nothing_left(ground: Ground, run: str = "r1") -> bool:
    """No record, no private folder, no process."""
    records = list((ground.state / "playbooks" / run).glob("*"))
    private = list((ground.folder / "tmp").glob("deployer-play-*"))
    return not records and not private and not playing(ground)


def playing(ground: Ground) -> list[int]:
    word = f"{MARK}={ground.state}".encode()
    found = []
    for pid in processes.every():
        with contextlib.suppress(OSError):
            alive = b"ssh:" not in (Path(f"/proc/{pid}/cmdline")).read_bytes()
            if alive and word in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


def fetched(ground: Ground, version: str) -> Release:
    """As Fetch leaves it, without Ansible."""
    release = ground.release(version)
    for service in ground.hosts.values():
        folder = service.root / "releases" / version
        folder.mkdir()
        (folder / ".sha256").write_text(release.sha256 + "\n")
    return release


def test_fetch_then_deploy_behind_the_curtain(ground: Ground) -> None:
    fleet, release = ground.fleet(), ground.release("1.1")
    fetch = fleet.fetch(Fetch(ground.names, release), ground.order())
    assert [(host.host, host.ok, host.note) for host in fetch.hosts] == [
        ("web1", True, "fetched 1.1"),
        ("web2", True, "fetched 1.1"),
    ]
    step, order = Deploy("dc1", ground.names, release), ground.order()
    fleet.prepare(step, order)
    until(lambda: ansible_waits(ground), "Ansible is ready behind the curtain")
    assert not any((service.root / "current").exists() for service in ground.hosts.values())
    assert not fleet.deploy(step, order).failed
    assert [service.current for service in ground.hosts.values()] == ["releases/1.1"] * 2
    assert nothing_left(ground)


def test_a_large_artifact_is_unpacked_as_it_arrives(ground: Ground) -> None:
    blob = os.urandom(3 << 20)
    path = archive(ground.folder / "shop-2", {"blob": blob})
    release = Release("2", str(path), sha256(path))
    wrong = ground.fleet().fetch(Fetch(ground.names, replace(release, sha256="0" * 64)), ground.order())
    assert {host.note.partition(":")[0] for host in wrong.failed} == {"what arrived is not the approved artifact"}
    fetch = ground.fleet().fetch(Fetch(ground.names, release), ground.order())
    assert [host.note for host in fetch.hosts] == ["fetched 2"] * 2
    folders = [host.root / "releases" for host in ground.hosts.values()]
    assert all((folder / "2" / "blob").read_bytes() == blob for folder in folders)
    assert [[path.name for path in folder.iterdir()] for folder in folders] == [["2"]] * 2


def ansible_waits(ground: Ground) -> bool:
    """ansible-playbook and a worker for each host."""
    names = (Path(f"/proc/{pid}/cmdline").read_bytes() for pid in playing(ground))
    return sum(b"ansible-playbook" in name for name in names) > len(ground.hosts)


def until(true: object, what: str) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if callable(true) and true():
                return
        time.sleep(0.05)
    raise AssertionError(f"never: {what}")


def test_forgotten_behind_the_curtain_no_host_was_touched(ground: Ground) -> None:
    fleet, release, order = ground.fleet(), fetched(ground, "1.1"), ground.order()
    fleet.prepare(Deploy("dc1", ground.names, release), order)
    until(lambda: ansible_waits(ground), "Ansible is ready behind the curtain")
    fleet.forget(order)
    assert nothing_left(ground)
    assert not any((service.root / ".deployer").exists() for service in ground.hosts.values())


def orchestrator(ground: Ground, release: Release, *, go: bool) -> None:
    """Another process prepares and deploys, and is killed with SIGKILL when it is in the midst of it."""
    script = f"""
import sys
from dataclasses import replace
from pathlib import Path
from pwd import getpwnam
from typing import Self
from deployer.fleet import AnsibleFleet
from deployer.machines import Estate
from deployer.model import Release
from deployer.settings.values import Settings
from deployer.steps import Deploy
from deployer.world import Order
settings = Settings.model_validate_json({ground.fleet()._settings.model_dump_json()!r})
fleet = AnsibleFleet(Estate(Path({str(ground.inventory)!r}), (), ()), settings, Path({str(ground.state)!r}))
step = Deploy("dc1", {ground.names!r}, Release({release.version!r}, sha256={release.sha256!r}))
order = Order("r1", 1, "0-7", print, lambda: False)
fleet.prepare(step, order)
sys.stdin.readline()
fleet.deploy(step, order)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, cwd=Path(__file__).parents[1])
    try:
        until(lambda: ansible_waits(ground), "Ansible is ready behind the curtain")
        if go:
            assert process.stdin
            process.stdin.write(b"go\n")
            process.stdin.flush()
            until(lambda: all((s.root / "current").is_symlink() for s in ground.hosts.values()), "hosts were switched")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_killed_before_the_go_nothing_happens(ground: Ground) -> None:
    orchestrator(ground, fetched(ground, "1.1"), go=False)
    ground.fleet().settle("r1")
    assert nothing_left(ground)
    assert not any((service.root / ".deployer").exists() for service in ground.hosts.values())


def test_killed_after_the_go_the_playbook_runs_to_its_end_and_is_waited_for(ground: Ground) -> None:
    release = fetched(ground, "1.1")
    for service in ground.hosts.values():
        service.behave("slow")
    orchestrator(ground, release, go=True)
    assert playing(ground)
    ground.fleet().settle("r1")
    assert [service.restarts for service in ground.hosts.values()] == [["releases/1.1"]] * 2
    assert nothing_left(ground)
    order = Order("r1", 1, "0-7", print, lambda: False)
    again = ground.fleet().deploy(Deploy("dc1", ground.names, release), order)
    assert not again.failed
    assert [len(service.restarts) for service in ground.hosts.values()] == [1, 1], "the same step restarts once"


def test_the_keeper_killed_too_is_settled_by_its_mark(ground: Ground) -> None:
    """What is left of a playbook whose own process was killed behind the curtain ends by itself."""
    fleet, release, order = ground.fleet(), fetched(ground, "1.1"), ground.order()
    fleet.prepare(Deploy("dc1", ground.names, release), order)
    until(lambda: ansible_waits(ground), "Ansible is ready behind the curtain")
    (record,) = (ground.state / "playbooks" / "r1").glob("*.json")
    keeper = int(record.read_text().split('"pid": ')[1].split(",")[0])
    os.kill(keeper, signal.SIGKILL)
    ground.fleet().settle("r1")
    assert not playing(ground)
    with pytest.raises(StepFailed, match=r"did not start|ended from outside"):
        fleet.deploy(Deploy("dc1", ground.names, release), order)
    assert not any((service.root / ".deployer").exists() for service in ground.hosts.values())


def test_hosts_that_cannot_be_reached_are_told_apart_and_the_others_done(ground: Ground, sshd: Sshd) -> None:
    """Nobody listens; somebody accepts and hangs; another host key than the known one; sudo refuses."""
    release = ground.release("1.1")
    stranger = ground.folder / "stranger"
    stranger.write_text(f"[{sshd.address}]:{sshd.port} {' '.join((sshd.home / 'user.pub').read_text().split()[:2])}\n")
    lines = sshd.variables()
    common = str(lines["ansible_ssh_common_args"]).replace(str(sshd.known_hosts), str(stranger))
    with socket.create_server(("127.77.0.2", 0)) as hangs, socket.socket() as closed:
        closed.bind(("127.77.0.3", 0))
        ground.change("hangs", **{**lines, "ansible_host": "127.77.0.2", "ansible_port": hangs.getsockname()[1]})
        ground.change("nobody", **{**lines, "ansible_host": "127.77.0.3", "ansible_port": closed.getsockname()[1]})
        # a connection of its own: the known one is kept open and asks for no key again
        ground.change("changed", **{**lines, "ansible_ssh_common_args": common + " -o ControlPath=none"})
        ground.change("sudo", ansible_become=True, ansible_become_exe="/bin/false", **lines)
        hosts = (*ground.names, "hangs", "nobody", "changed", "sudo")
        outcome = ground.fleet().fetch(Fetch(hosts, release), ground.order())
    notes = {host.host: host.note for host in outcome.hosts}
    assert {host.host for host in outcome.hosts if host.ok} == set(ground.names), notes
    assert "refused" in notes["nobody"]
    assert "timed out" in notes["hangs"].lower()
    assert "host key" in notes["changed"].lower()
    assert notes["sudo"]


OTHER = "nobody"
"""The user of the service: nobody logs in as this one. Only root can become another; who is not stays who they are."""
SUDO = """#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in -p) prompt=$2; shift 2 ;; -u) user=$2; shift 2 ;; -*) shift ;; *) break ;; esac
done
printf %s "$prompt" >&2; IFS= read -r word
[ "$word" = "the right one" ] || { echo 'Sorry, try again.' >&2; exit 1; }
[ "$(id -u)" -ne 0 ] || exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"
exec "$@"
"""


@pytest.fixture
def theirs(ground: Ground) -> Iterator[Path]:
    """Hosts whose folders belong to the service's user, reached by sudo with a password; what lies there."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        (folder / "sudo").write_text(SUDO)
        for path in (folder, folder / "sudo"):
            path.chmod(0o755)
        for host in ground.names:
            (folder / host / "releases").mkdir(parents=True)
            for path in (folder / host, folder / host / "releases") if os.geteuid() == 0 else ():
                os.chown(path, getpwnam(OTHER).pw_uid, -1)
            ground.change(
                host,
                ansible_become=True,
                ansible_become_user=OTHER,
                ansible_become_exe=str(folder / "sudo"),
                ansible_python_interpreter="/usr/bin/python3",
                deployer_root=str(folder / host),
            )
        yield folder


def test_a_password_for_sudo_opens_and_is_nowhere_to_be_seen(ground: Ground, theirs: Path, tmp_path: Path) -> None:
    """What lies there afterwards is the service's user's, also what was streamed: nothing was done as who logged in."""
    knows = Ansible(become_password="the right one", verbose=1)
    wrong = ground.fleet(Ansible(become_password="a wrong one")).fetch(
        Fetch(ground.names, ground.release("1.1")), ground.order()
    )
    assert len(wrong.failed) == len(ground.names)
    assert not list(theirs.rglob("releases/*")), "refused: nothing was touched"
    path = archive(ground.folder / "shop-2", {"blob": os.urandom(2 << 20)})
    fetch = ground.fleet(knows).fetch(Fetch(ground.names, Release("2", str(path), sha256(path))), ground.order())
    assert [host.note for host in fetch.hosts] == ["fetched 2"] * 2
    owner = getpwnam(OTHER).pw_uid if os.geteuid() == 0 else os.geteuid()
    assert {path.stat().st_uid for host in ground.names for path in (theirs / host).rglob("*")} == {owner}
    assert all((theirs / host / "releases/2/blob").is_file() for host in ground.names)
    assert "right one" not in repr(knows)
    kept = [
        file
        for folder in (tmp_path, theirs)
        for file in folder.rglob("*")
        if file.is_file() and b"the right one" in file.read_bytes()
    ]
    assert kept == [theirs / "sudo"]


def test_a_run_that_was_overtaken_on_a_host_acts_no_more(ground: Ground) -> None:
    release = fetched(ground, "1.1")
    (ground.hosts["web2"].root / "shared").mkdir()
    (ground.hosts["web2"].root / "shared" / ".deployer-shop.fence").write_text("9 r9\n")
    with pytest.raises(Overtaken, match="r9"):
        ground.fleet().deploy(Deploy("dc1", ground.names, release), ground.order(epoch=8))
    assert ground.hosts["web2"].restarts == []


def test_check_changes_nothing(ground: Ground) -> None:
    fleet = ground.fleet(Ansible(check=True, diff=True, verbose=1))
    outcome = fleet.fetch(Fetch(ground.names, ground.release("1.1")), ground.order())
    assert [host.note for host in outcome.hosts] == ["would fetch 1.1"] * 2
    assert all(list(service.root.iterdir()) == [service.root / "releases"] for service in ground.hosts.values())


OWN = """
- hosts: "{{ deployer_hosts }}"
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: "{{ deployer_root }}/seen"
        content: "{{ deployer_artifact }}|{{ planted }}|{{ given }}|{{ secret }}"
        mode: "0644"
"""
HOSTILE = "{{ lookup('pipe', 'touch %s') }}"


def test_own_playbook_hostile_values_and_planted_secrets(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values from outside are data, never templates; secrets are in no command line and no environment."""
    monkeypatch.setenv("HUSH_TOKEN", "hush-environment")
    (ground.folder / "own.yml").write_text(OWN)
    password = ground.folder / "vault-password"
    password.write_text("hush-vault\n")
    secret = vaulted("hush-inventory", password)
    (ground.inventory / "group_vars").mkdir()
    (ground.inventory / "group_vars" / "web.yml").write_text(f"planted: {secret}\nansible_become_password: {secret}\n")
    tripped = ground.folder / "tripped"
    release = Release("1.1", HOSTILE % tripped, "0" * 64)
    ansible = Ansible(("given=hush-given", '{"secret": "{{ planted }}"}'), vault_password_files=(password,))
    with Listener(ground) as listener:
        outcome = ground.fleet(ansible, fetch="../own.yml").fetch(Fetch(("web1",), release), ground.order())
    assert not outcome.failed, outcome
    expected = f"{release.artifact}|hush-inventory|hush-given|hush-inventory"
    assert (ground.hosts["web1"].root / "seen").read_text() == expected
    assert not tripped.exists()
    assert listener.heard > 0
    assert listener.leaks == set()
    assert nothing_left(ground)


def vaulted(text: str, password: Path) -> str:
    command = ["ansible-vault", "encrypt_string", "--vault-password-file", str(password), text]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PATH": path})
    return done.stdout.strip()


class Listener:
    """Samples the command line and environment of all that belongs to a playbook, while it runs."""

    def __init__(self, ground: Ground) -> None:
        self.heard, self.leaks = 0, set[str]()
        self._ground, self._stop = ground, threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        while not self._stop.wait(0.02):
            for pid in playing(self._ground):
                self.heard += 1
                for name in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        text = Path(f"/proc/{pid}/{name}").read_bytes()
                        if b"hush-" in text:
                            self.leaks.add(f"{name}: {text.decode(errors='replace')}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_a_playbook_that_ansible_cannot_read(ground: Ground) -> None:
    (ground.folder / "own.yml").write_text("- hosts: web\n  roles: [none-such]\n")
    with pytest.raises(StepFailed, match="none-such"):
        ground.fleet(fetch="../own.yml").fetch(Fetch(ground.names, ground.release("1")), ground.order())
    with pytest.raises(PreflightFailed, match="there is no playbook"):
        ground.fleet(fetch="gone.yml").fetch(Fetch(ground.names, ground.release("1")), ground.order())


def test_an_operator_who_stops_before_the_go(ground: Ground) -> None:
    order = Order("r1", 1, "0-1", print, lambda: True)
    fleet: AnsibleFleet = ground.fleet()
    with pytest.raises(StepFailed, match="before anything was touched"):
        fleet.fetch(Fetch(ground.names, ground.release("1")), order)
    assert nothing_left(ground)
