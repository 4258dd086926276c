"""A lab comes up whole and leaves nothing behind, after a crash too"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deployer.errors import Refused, UsageError
from deployer.lab import balancer, faults, layout, lifecycle, marks, numbers
from deployer.lab.layout import Lab
from deployer.settings.values import Settings
from tests.lab.conftest import new_folder

pytestmark = pytest.mark.lab
UP = "import sys; from pathlib import Path; from deployer.lab import lifecycle; lifecycle.up('x', 1, folder=Path({!r}))"


@pytest.fixture
def folder() -> Iterator[Path]:
    place = new_folder()
    yield place
    lifecycle.down(folder=place)


def left(folder: Path, number: int | None) -> list[str]:
    """Whatever remains of a lab that was taken down."""
    claims = [path.name for path in numbers.CLAIMS.iterdir() if numbers.owner(path) == str(folder)]
    return [str(one) for one in marks.processes(folder, number)] + claims + ([str(folder)] if folder.exists() else [])


def ssh(lab: Lab, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    hosts = yaml.safe_load((lab.inventory / "hosts.yml").read_text())["all"]
    told = hosts["vars"]
    options = [*told["ansible_ssh_common_args"].split(), "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
    where = ["-p", str(told["ansible_port"]), "-i", told["ansible_ssh_private_key_file"]]
    target = f"{told['ansible_user']}@{lab.machine(name).address}"
    return subprocess.run(["ssh", *options, *where, target, *words], capture_output=True, text=True, check=False)


def test_two_labs_stand_side_by_side_and_go_separately(lab: Lab, folder: Path) -> None:
    other = lifecycle.up("other", 1, folder=folder)
    assert other.number != lab.number
    assert lifecycle.status(folder=lab.folder).well
    assert lifecycle.status(folder=folder).well
    assert lifecycle.down(folder=folder) > 10
    assert left(folder, other.number) == []
    assert lifecycle.status(folder=lab.folder).well


def test_up_again_takes_the_lab_that_is_there(lab: Lab) -> None:
    pids = {one.pid for one in marks.processes(lab.folder, lab.number)}
    assert lifecycle.up(lab.name, lab.hosts_per_site, folder=lab.folder) == lab
    assert pids <= {one.pid for one in marks.processes(lab.folder, lab.number)}


def test_every_machine_is_reached_with_its_own_host_key(lab: Lab) -> None:
    keys = set()
    for machine in lab.machines:
        keys.add((machine.folder / "ssh" / "host_ed25519.pub").read_text().split()[1])
    for name in ("dc1-web1", "dc2-lb2", "edge1"):
        said = ssh(lab, name, "echo", f"${marks.VARIABLE}")
        assert said.stdout.strip() == str(lab.folder), said.stderr
    assert len(keys) == len(lab.machines)


def test_a_changed_host_key_is_refused(lab: Lab) -> None:
    before = (lab.machine("dc1-web1").folder / "ssh" / "host_ed25519").read_bytes()
    faults.new_host_key(lab, "dc1-web1")
    assert "HOST IDENTIFICATION HAS CHANGED" in ssh(lab, "dc1-web1", "true").stderr
    (lab.machine("dc1-web1").folder / "ssh" / "host_ed25519").write_bytes(before)
    faults.stop_sshd(lab, "dc1-web1")
    faults.start_sshd(lab, "dc1-web1")
    assert ssh(lab, "dc1-web1", "true").returncode == 0


def test_the_settings_of_the_lab_are_settings_of_deployer(lab: Lab) -> None:
    settings = Settings(**yaml.safe_load((lab.inventory / "deployer.yml").read_text()))
    assert settings.service == "shop"
    assert settings.pool == "shop"


def test_a_machine_that_is_not_there_is_told_with_those_that_are(lab: Lab) -> None:
    with pytest.raises(UsageError, match="dc2-web2"):
        lab.machine("dc3-web1")


def test_a_folder_with_something_else_in_it_is_left_alone(folder: Path) -> None:
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(Refused, match="not a lab"):
        lifecycle.up("x", 1, folder=folder)
    lifecycle.down(folder=folder)
    assert (folder / "thesis.txt").read_text() == "years of work"
    (folder / "thesis.txt").unlink()


@pytest.mark.parametrize("moment", ["lab.json", "machines/dc1-web1/sshd.pid", "machines/dc1-lb1/admin.sock"])
def test_up_killed_in_the_middle_leaves_nothing_after_down(folder: Path, moment: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", UP.format(str(folder))], start_new_session=True)
    try:
        while not (folder / moment).exists() and process.poll() is None:
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
    half = layout.load(folder)
    assert half is not None
    lifecycle.down(folder=folder)
    assert left(folder, half.number) == []


def test_down_ends_what_is_paused_what_came_over_ssh_and_what_survived_a_crash(folder: Path) -> None:
    lab = lifecycle.up("x", 1, folder=folder)
    faults.pause_service(lab, "dc1-web1")
    faults.pause_balancer(lab, "dc2-lb1")
    faults.pause_sshd(lab, "dc2-web1")
    assert ssh(lab, "dc1-web1", "sleep 600 >/dev/null 2>&1 &").returncode == 0
    assert any(one.words == "sleep 600" for one in marks.processes(folder, lab.number))
    for name in ("edge1", "dc1-lb1"):
        os.kill(balancer.master(lab.machine(name)), signal.SIGKILL)
    assert lifecycle.down(folder=folder) > 10
    assert left(folder, lab.number) == []
    assert lifecycle.down(folder=folder) == 0


def test_a_lab_from_before_a_reboot_is_known_and_made_anew(folder: Path) -> None:
    lab = lifecycle.up("x", 1, folder=folder)
    marks.end(folder, lab.number)
    layout.store(replace(lab, boot="before"))
    claim = numbers.CLAIMS / str(lab.number)
    claim.write_text(json.dumps({"folder": str(folder), "boot": "before"}))
    now = lifecycle.status(folder=folder)
    assert now.rebooted
    assert not now.well
    again = lifecycle.up("x", 1, folder=folder)
    assert lifecycle.status(folder=folder).well
    assert again.boot == layout.boot_id()


def test_a_part_that_cannot_start_says_so_and_leaves_no_process(folder: Path, lab: Lab) -> None:
    with pytest.raises(Refused, match="0 hosts"):
        lifecycle.up("x", 0, folder=folder)
    with pytest.raises(Refused, match="too long"):
        lifecycle.up("x", 1, folder=folder / ("x" * 80))
    assert left(folder, None) == [str(folder)]
