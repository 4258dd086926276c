"""The host's part of Deploy, straight"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.service import Service


def lies(service: Service, version: str, digest: str = "d1") -> None:
    release = service.root / "releases" / version
    release.mkdir()
    (release / ".sha256").write_text(digest + "\n")


def told(service: Service, version: str, step: str = "", **more: Any) -> dict[str, Any]:
    order = {"service": "shop", "run": "r1", "epoch": 1, "step": step} if step else None
    start = {"start_timeout": 60, "control": str(service.control), "order": order}
    return {"verb": "deploy", "root": str(service.root), "version": version, **start, **more}


def test_the_link_is_switched_and_a_new_process_runs(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    lies(service, "1.1")
    first = program.deploy(told(service, "1.0"))
    second = program.deploy(told(service, "1.1"))
    assert service.current == "releases/1.1"
    assert service.restarts == ["releases/1.0", "releases/1.1"]
    assert second["pid"] != first["pid"]
    assert (second["before"], second["after"]) == ("current -> 1.0\n", "current -> 1.1\n")
    assert program.read_record(str(service.root), "previous") == "1.0"


def test_by_hand_the_second_time_nothing_is_restarted(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    first = program.deploy(told(service, "1.0"))
    second = program.deploy(told(service, "1.0"))
    assert (first["changed"], second["changed"]) == (True, False)
    assert second["pid"] == first["pid"]


def test_another_step_restarts_and_the_same_step_repeated_does_not(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    program.deploy(told(service, "1.0", "0-1"))
    assert program.deploy(told(service, "1.0", "0-1"))["changed"] is False
    assert program.deploy(told(service, "1.0", "0-9"))["changed"] is True
    assert len(service.restarts) == 2


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        ("lies", r"the old process \(pid \d+\) still serves"),
        ("refuses", r"failed \(exit 3\): port taken"),
        ("dies", "but nothing runs after"),
        ("hangs", "did not end within"),
    ],
)
def test_a_restart_that_did_not_happen_is_found(program: ModuleType, service: Service, flaw: str, words: str) -> None:
    """F13: the control command says ok, and the old process still serves."""
    lies(service, "1.0")
    lies(service, "1.1")
    program.deploy(told(service, "1.0"))
    service.behave(flaw)
    with pytest.raises(program.Failed, match=words):
        program.deploy(told(service, "1.1", start_timeout=0.3, control_timeout=0.3 if flaw == "hangs" else 30))
    service.behave("good")
    assert program.deploy(told(service, "1.1"))["changed"], "the failed attempt must not count as deployed"


def test_a_daemon_that_keeps_its_output_open_does_not_hold_us(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    service.behave("daemon-holds-output")
    assert program.deploy(told(service, "1.0"))["changed"]


def test_a_service_that_was_killed_since_is_started_again(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    pid = program.deploy(told(service, "1.0", "0-1"))["pid"]
    os.kill(pid, 9)
    assert program.deploy(told(service, "1.0", "0-1"))["changed"]


def test_a_bad_release_does_not_become_the_last_good_one(program: ModuleType, service: Service) -> None:
    for version in ("1.0", "1.1", "1.2"):
        lies(service, version)
    program.deploy(told(service, "1.0"))
    service.behave("dies")
    with pytest.raises(program.Failed):
        program.deploy(told(service, "1.1", start_timeout=0.1, control_timeout=30))
    service.behave("good")
    program.deploy(told(service, "1.2"))
    assert program.read_record(str(service.root), "previous") == "1.0"


def test_only_fetched_and_approved_bytes_are_deployed(program: ModuleType, service: Service) -> None:
    with pytest.raises(program.Failed, match="fetch it first"):
        program.deploy(told(service, "1.0"))
    lies(service, "1.0", "d1")
    with pytest.raises(program.Failed, match="not the approved one"):
        program.deploy(told(service, "1.0", sha256="d2"))
    assert service.restarts == []


def test_current_as_a_directory_is_not_overwritten(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    (service.root / "current").mkdir()
    with pytest.raises(program.Failed, match="is a directory"):
        program.deploy(told(service, "1.0"))


def test_check_mode_restarts_nothing(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    answer = program.deploy(told(service, "1.0", check=True))
    assert answer["changed"]
    assert not (service.root / "current").exists()
    assert service.restarts == []


def test_without_unit_or_control_it_says_what_to_set(program: ModuleType, service: Service) -> None:
    lies(service, "1.0")
    with pytest.raises(program.Failed, match=r"app\.unit or app\.control"):
        program.deploy(told(service, "1.0", control=""))


def test_the_unit_is_asked_and_restarted_by_systemctl(
    program: ModuleType, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the tests run there may be no systemd: a systemctl of this machine's PATH that talks as it does."""
    lies(service, "1.0")
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(
        "#!/bin/sh\n"
        f'case "$*" in "restart shop") exec {service.control} restart ;;\n'
        f'"show --property=MainPID --value shop") {service.control} pid || echo 0 ;; *) exit 9 ;; esac\n'
    )
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    assert program.deploy(told(service, "1.0", control="", unit="shop"))["changed"]
    assert service.restarts == ["releases/1.0"]
