"""Wrong input of every kind: a clear message, its exit code, and nothing touched"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployer.lab import balancer, faults
from deployer.lab.layout import Lab
from deployer.playbooks import processes
from tests.lab.console import Console, Told, as_it_is, console
from tests.notices.ears import ears

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]
SECRET = "Planted-4711-hunter2"
SOON = 60.0
"""Seconds in which a machine that does not answer is known to be silent: about 12 on a machine that is not busy."""
REFUSED = ("deploy", "1.1.0", "--json")


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        yield one


def edit(console: Console, change: Callable[[dict[str, Any]], object], name: str = "deployer.yml") -> None:
    path = console.inventory / name
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=200))


def hosts(change: Callable[[dict[str, Any]], object]) -> Callable[[Console], None]:
    return lambda console: edit(console, lambda content: change(content["all"]["children"]), "hosts.yml")


def settings(change: Callable[[dict[str, Any]], object]) -> Callable[[Console], None]:
    return lambda console: edit(console, change)


def twice(console: Console) -> None:
    with (console.inventory / "deployer.yml").open("a") as file:
        file.write("service: other\n")


def renamed(groups: dict[str, Any]) -> None:
    """The inventory calls it dc1-www2, the balancers dc1-web2."""
    for group in ("web", "dc1"):
        groups[group]["hosts"]["dc1-www2"] = groups[group]["hosts"].pop("dc1-web2")


def moved(console: Console) -> None:
    console.inventory.rename(console.inventory.with_name("gone"))


def nobody_may(groups: dict[str, Any]) -> None:
    groups["web"]["hosts"]["dc1-web1"].update(ansible_become=True, ansible_become_user="no-such-user")


WRONG: dict[str, tuple[Callable[[Console], None], tuple[str, ...], int, tuple[str, ...]]] = {
    "an unknown key": (
        settings(lambda told: told["rolling"].update(wawe="50%")),
        REFUSED,
        2,
        ("wawe", "wave", "deployer.yml", "rolling"),
    ),
    "a duplicate key": (twice, REFUSED, 2, ("service", "deployer.yml", "twice")),
    "a wrong type": (
        settings(lambda told: told["app"].update(port="eighty")),
        REFUSED,
        2,
        ("app.port", "deployer.yml"),
    ),
    "a missing group": (settings(lambda told: told.update(hosts="webb")), REFUSED, 2, ("webb", "web")),
    "a host in two sites": (
        hosts(lambda groups: groups["dc2"]["hosts"].update({"dc1-web1": None})),
        REFUSED,
        2,
        ("dc1-web1", "dc1", "dc2"),
    ),
    "a server the balancers do not know": (hosts(renamed), REFUSED, 3, ("dc1-www2", "dc1-lb1", "dc1-lb2", "dc1-web2")),
    "rights that are refused": (hosts(nobody_may), REFUSED, 3, ("dc1-web1", "no-such-user")),
    "no artifact": (lambda _: None, ("deploy", "9.9.9", "--json"), 3, ("shop-9.9.9.tar.gz",)),
    "a wrong digest": (lambda _: None, (*REFUSED, "--sha256", "0" * 64), 3, ("000000", "shop-1.1.0.tar.gz")),
    "a version that is code": (
        lambda _: None,
        ("deploy", "{{ lookup('pipe','touch pwned') }}", "--json"),
        2,
        ("lookup", "not a version"),
    ),
    "a limit that means nobody": (lambda _: None, (*REFUSED, "--limit", "dc9"), 2, ("dc9",)),
    "an inventory that is not there": (
        moved,
        REFUSED,
        2,
        ("deployer init",),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_refused_and_nothing_is_touched(lab: Lab, operator: Console, what: str) -> None:
    change, command, code, words = WRONG[what]
    mine = operator.copy(what.replace(" ", "-"))
    change(mine)
    with untouched(operator):
        told = mine.run(*command)
    refused(told, code, *words)
    assert not list(operator.home.rglob("pwned"))


@contextmanager
def untouched(operator: Console) -> Iterator[None]:
    before, seq = as_it_is(operator.lab), operator.seq
    yield
    assert as_it_is(operator.lab) == before
    assert operator.seq == seq
    assert operator.run("lock", "status", "--json").json["held"] is False


def refused(told: Told, code: int, *words: str) -> None:
    """What, where and next are for people and for programs."""
    assert told.code == code, str(told)
    said = told.json
    assert said["exit_code"] == code
    for word in words:
        assert word in f"{said['what']} {said['where']} {said['next']}", f"{word!r} is not in {said}"
    assert said["next"], said
    assert "error" in told.err
    assert "Traceback" not in told.err


def test_a_socket_without_admin_level_is_refused(lab: Lab, operator: Console) -> None:
    one = lab.machine("dc1-lb2")
    file = one.folder / "haproxy.cfg"
    before = file.read_text()
    file.write_text(before.replace("level admin", "level operator"))
    assert file.read_text() != before
    balancer.reload(one)
    try:
        with untouched(operator):
            told = operator.run(*REFUSED)
        refused(told, 3, "dc1-lb2", "level admin")
    finally:
        file.write_text(before)
        balancer.reload(one)


def test_a_changed_host_key_is_refused(lab: Lab, operator: Console) -> None:
    keys = {path: path.read_bytes() for path in (lab.machine("dc1-web2").folder / "ssh").glob("host_ed25519*")}
    faults.new_host_key(lab, "dc1-web2")
    try:
        with untouched(operator):
            told = operator.run(*REFUSED)
        refused(told, 3, "dc1-web2", "host key")
    finally:
        for path, key in keys.items():
            path.write_bytes(key)
        faults.stop_sshd(lab, "dc1-web2")
        faults.start_sshd(lab, "dc1-web2")


@pytest.mark.parametrize(
    ("lose", "find"), [(faults.stop_sshd, faults.start_sshd), (faults.pause_sshd, faults.wake_sshd)]
)
def test_a_machine_that_cannot_be_reached_is_known_soon(
    lab: Lab, operator: Console, lose: Callable[[Lab, str], None], find: Callable[[Lab, str], None]
) -> None:
    lose(lab, "dc2-web1")
    began = time.monotonic()
    try:
        with untouched(operator):
            told = operator.run(*REFUSED)
            took = time.monotonic() - began
        refused(told, 3, "dc2-web1")
    finally:
        find(lab, "dc2-web1")
    assert took < SOON


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: a full disk needs root, to mount one of a few kB")
def test_a_full_disk_is_known_before_anything_is_drained(lab: Lab, operator: Console) -> None:
    root = lab.machine("dc2-web2").root
    with full_disk(root), untouched(operator):
        told = operator.run(*REFUSED)
    refused(told, 3, "dc2-web2", "free")


@contextmanager
def full_disk(root: Path) -> Iterator[None]:
    """The same files, on a disk that has no room for more."""
    aside = root.with_name("aside")
    subprocess.run(["cp", "-a", root, aside], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "lab-full-disk", root], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", root], check=True)
        subprocess.run(
            ["dd", "if=/dev/zero", f"of={root}/ballast"], check=False, capture_output=True
        )  # until it is full
        yield
    finally:
        subprocess.run(["umount", "-l", root], check=True)
        shutil.rmtree(aside)


@dataclass(slots=True)
class Overheard:
    """Which processes of this machine had the secret in their words."""

    said: set[str] = field(default_factory=set)

    @contextmanager
    def listening(self) -> Iterator[Overheard]:
        over = threading.Event()
        thread = threading.Thread(target=self._listen, args=(over,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _listen(self, over: threading.Event) -> None:
        while not over.wait(0.05):
            for pid in processes.every():
                try:
                    words = Path(f"/proc/{pid}/cmdline").read_bytes()
                except OSError:
                    continue
                if SECRET.encode() in words:
                    self.said.add(words.replace(b"\0", b" ").decode(errors="replace"))


def test_a_planted_secret_is_nowhere_afterwards(lab: Lab, operator: Console) -> None:
    """The become password, a variable from a vault, a notice's address and its key; the run leaves every paper."""
    mine, papers = operator.copy("secretive"), operator.home / "papers"
    password = operator.home / "vault-password"
    password.write_text("opens the vault\n")
    secret = operator.home / "secret.yml"
    secret.write_text(yaml.safe_dump({"ansible_become_password": SECRET, "shop_token": f"token-{SECRET}"}))
    (mine.inventory / "group_vars").mkdir()
    locked = mine.inventory / "group_vars" / "web.yml"
    vault = Path(sys.executable).with_name("ansible-vault")
    words = [vault, "encrypt", "--vault-password-file", password, "--output", locked, secret]
    subprocess.run(list(map(str, words)), check=True, capture_output=True)
    secret.unlink()
    sudo = operator.home / "sudo-password"
    sudo.write_text(SECRET)
    edit(
        mine, lambda told: told["all"]["children"]["web"]["hosts"]["dc1-web1"].update(ansible_become=True), "hosts.yml"
    )
    slack = operator.home / "slack-url"
    edit(mine, lambda told: told.update(notices=[{"kind": "slack", "url_file": str(slack), "secret_file": str(sudo)}]))
    overheard = Overheard()
    with overheard.listening(), ears(200, 404) as hears:
        slack.write_text(f"{hears.url}/{SECRET}")
        told = mine.run(
            *("deploy", "1.1.0", "--limit", "dc1-web1", "-vv", "--json"),
            *("--vault-password-file", str(password), "--become-password-file", str(sudo)),
            *("--report-dir", str(papers)),
        )
    sudo.unlink()
    slack.unlink()
    assert told.code == 0, str(told)
    assert len(hears.heard) > 1
    assert "notice to slack was not sent: it answered with 404" in str(told)
    assert overheard.said == set()
    assert SECRET not in str(told)
    assert papers.joinpath("report.json").exists()
    kept = [
        path
        for place in (lab.folder, papers)
        for path in place.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert kept == []
