"""The doctor names everything that is not ready, over a real sshd, without touching anything"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.clock import WallClock
from deployer.doctor import Line, Mark, Patient, examine, worst
from deployer.errors import PreflightFailed, StepFailed
from deployer.machines import Balancer, Estate, Host
from deployer.probe import HttpProbe
from deployer.reach import reach
from deployer.settings.values import Settings
from deployer.ssh import Ssh
from deployer.traffic.live import LiveTraffic
from deployer.trust import shown, trust
from tests.inventory.ground import settings as written
from tests.ssh.parts import Sshd, sshd

WEB, NOBODY = "127.3.91.1", "127.3.91.9"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("web"), WEB) as part:
        yield part


def _patient(machine: Sshd, tmp_path: Path, **changed: object) -> Patient:
    """One host that is ready, one that does not exist, and a balancer whose socket is not there."""
    root = tmp_path / "srv"
    (root / "shared").mkdir(parents=True)
    control = root / "ctl"
    control.write_text("#!/bin/sh\n")
    control.chmod(0o755)
    own = written(
        tmp_path,
        sites={"dc1": {"group": "paris"}},
        release={"artifact": f"{tmp_path}/art/shop-{{version}}.tar.gz", "root": str(root)},
        **changed,
    )
    ready = Host("web1", "dc1", machine.login, WEB, 1, str(root), f"{root}/shared/up", control=str(control))
    away = replace(ready, name="web2", login=replace(machine.login, address=NOBODY), address=NOBODY)
    balancer = Balancer("lb1", "dc1", "haproxy", machine.login, "shop", str(tmp_path / "admin.sock"))
    estate = Estate(tmp_path, (ready, away), (balancer,))
    return _over(estate, own, tmp_path)


def _over(estate: Estate, own: Settings, tmp_path: Path) -> Patient:
    ssh = Ssh(estate.logins())
    traffic, probe = LiveTraffic(estate, own, ssh, WallClock()), HttpProbe(estate, own.app, WallClock())
    return Patient(tmp_path / "deployer.yml", own, estate, ssh, traffic, probe, time.time, lambda: None)


def _examined(patient: Patient) -> list[Line]:
    try:
        return list(examine(patient))
    finally:
        assert isinstance(patient.shell, Ssh)
        patient.shell.close()


def _about(lines: list[Line], about: str, mark: Mark) -> str:
    return "\n".join(line.found for line in lines if line.about == about and line.mark is mark)


def test_what_is_ready_and_what_is_not(machine: Sshd, tmp_path: Path) -> None:
    lines = _examined(_patient(machine, tmp_path))
    assert "answers at 127.3.91.1" in _about(lines, "host web1", Mark.OK)
    assert _about(lines, "host web1", Mark.BAD) == ""
    assert "its service: " in _about(lines, "host web1", Mark.WARN)
    assert NOBODY in _about(lines, "host web2", Mark.BAD)
    assert "its runtime socket is not there" in _about(lines, "balancer lb1", Mark.BAD)
    assert "HAProxy does not answer" in _about(lines, "balancer lb1", Mark.BAD)
    assert "cannot be read here" in _about(lines, "artifact", Mark.BAD)
    assert "2 hosts 1 go out together, 2 must stay in service" in _about(lines, "settings", Mark.BAD)
    assert all(line.remedy for line in lines if line.mark is Mark.BAD and line.about != "balancer lb1")
    assert worst(lines) is Mark.BAD


def test_a_host_that_cannot_be_released_to_is_told_why(machine: Sshd, tmp_path: Path) -> None:
    patient = _patient(machine, tmp_path)
    hidden = replace(
        patient.estate.hosts[0], root="/proc/shop", health_file="/proc/shop/up", control="/nonexistent/ctl"
    )
    estate = replace(patient.estate, hosts=(hidden,))
    assert isinstance(patient.shell, Ssh)
    seen = reach(patient.shell, estate)["web1"]
    patient.shell.close()
    assert (seen.complaint, seen.python, seen.restart, seen.root, seen.health) == ("", True, False, True, True)
    assert seen.free is not None
    assert seen.now is not None


def test_a_journal_that_takes_no_write_is_told(machine: Sshd, tmp_path: Path) -> None:
    def refuses() -> None:
        raise PreflightFailed("cannot create the store", remedy="another path under `state:`")

    patient = replace(_patient(machine, tmp_path), open_journal=refuses, warnings=("Skipping 'all'",))
    lines = _examined(patient)
    assert "cannot create the store" in _about(lines, "journal", Mark.BAD)
    assert "Ansible warns: Skipping 'all'" in _about(lines, "inventory", Mark.WARN)


def test_artifacts_are_counted(machine: Sshd, tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    assert "no shop-*.tar.gz" in _about(_examined(_patient(machine, tmp_path)), "artifact", Mark.WARN)


def test_keys_are_shown_then_trusted_then_known_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    with sshd(tmp_path / "web", "127.3.91.2") as part:
        known = Path(part.login.known_hosts[0])
        known.write_text("# nobody yet")
        (first,) = shown([("web1", part.login)])
        assert (first.known, first.changed) == (False, False)
        assert first.fingerprint.startswith("ssh-ed25519 SHA256:")
        assert trust([first]) == {known: 1}
        assert known.read_text().startswith("# nobody yet\n[127.3.91.2]:2222 ssh-ed25519 ")
        (second,) = shown([("web1", part.login)])
        assert (second.known, second.changed, second.fingerprint) == (True, False, first.fingerprint)
        assert trust([second]) == {}
        part.stop()
        part.new_host_key()
        part.start()
        (third,) = shown([("web1", part.login)])
        assert (third.known, third.changed) == (False, True)
        with pytest.raises(StepFailed, match="not the one we know"):
            trust([third])


def test_nobody_to_trust(tmp_path: Path, machine: Sshd) -> None:
    away = replace(machine.login, address=NOBODY, known_hosts=(str(tmp_path / "known_hosts"),))
    jump = replace(machine.login, proxy_command="ssh -W x jump")
    gone, behind = shown([("web2", away), ("web3", jump)])
    assert "nobody answers" in gone.complaint
    assert "jump host" in behind.complaint
    assert trust([gone, behind]) == {}
    assert not gone.file.exists()
