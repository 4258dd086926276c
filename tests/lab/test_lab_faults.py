"""Each fault happens, is seen where it should be, can be taken back"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from deployer.errors import StepFailed, Unreachable, UsageError
from deployer.lab import balancer, faults, host, lifecycle
from deployer.lab.layout import APP_PORT, SERVICE_PORT, SSH_PORT, Lab
from deployer.lab.releases import FLAWS, release, unpack

pytestmark = pytest.mark.lab
NAME = "dc1-web1"


def ask(lab: Lab, target: str, name: str = NAME, port: int = SERVICE_PORT) -> tuple[int, bytes]:
    link = HTTPConnection(lab.machine(name).address, port, timeout=20)
    link.request("GET", target)
    reply = link.getresponse()
    return reply.status, reply.read()


def seen_up(lab: Lab, name: str = NAME) -> Callable[[], list[bool]]:
    site = lab.machine(name).site
    return lambda: [name in balancer.servers(one).up for one in lab.of_site(site, "lb")]


def nobody(seen: list[bool]) -> bool:
    return not any(seen)


def test_a_killed_service_is_seen_and_comes_back(lab: Lab) -> None:
    faults.kill_service(lab, NAME)
    with pytest.raises(StepFailed):
        faults.service_pid(lab.machine(NAME))
    lifecycle.wait(seen_up(lab), nobody)
    faults.start_service(lab, NAME)
    lifecycle.wait(seen_up(lab), all)


def test_a_paused_service_is_seen_and_wakes(lab: Lab) -> None:
    faults.pause_service(lab, NAME)
    lifecycle.wait(seen_up(lab), nobody)
    faults.wake_service(lab, NAME)
    lifecycle.wait(seen_up(lab), all)


def test_a_host_without_power_answers_nothing_until_it_boots(lab: Lab) -> None:
    faults.kill_host(lab, NAME)
    address = lab.machine(NAME).address
    assert not any(lifecycle.accepts(address, port) for port in (SERVICE_PORT, APP_PORT, SSH_PORT))
    lifecycle.wait(seen_up(lab), nobody)
    faults.boot_host(lab, NAME)
    lifecycle.wait(seen_up(lab), all)
    lifecycle.wait(lambda: lifecycle.accepts(address, SSH_PORT), bool)


def test_a_stopped_sshd_refuses_a_started_one_answers(lab: Lab) -> None:
    faults.stop_sshd(lab, NAME)
    assert not lifecycle.accepts(lab.machine(NAME).address, SSH_PORT)
    faults.start_sshd(lab, NAME)
    assert lifecycle.accepts(lab.machine(NAME).address, SSH_PORT)


def test_a_paused_balancer_does_not_answer_until_it_wakes(lab: Lab) -> None:
    faults.pause_balancer(lab, "dc1-lb2")
    try:
        with pytest.raises(Unreachable):
            balancer.ask(lab.machine("dc1-lb2").socket, "show info", timeout=0.3)
    finally:
        faults.wake_balancer(lab, "dc1-lb2")
    assert "Pid" in balancer.ask(lab.machine("dc1-lb2").socket, "show info")


def test_a_reload_past_our_unit_forgets_what_ours_keeps(lab: Lab) -> None:
    one = lab.machine("dc2-lb1")
    balancer.ask(one.socket, "set server shop_a/dc2-web1 state drain")
    faults.foreign_reload(lab, one.name)
    assert "dc2-web1" not in balancer.servers(one).up
    one.state_file.write_text("")
    faults.foreign_reload(lab, one.name, state_saved=False)
    assert "dc2-web1" in balancer.servers(one).up


def test_an_unknown_switch_is_refused_with_the_known_ones(lab: Lab) -> None:
    with pytest.raises(UsageError, match="error_rate"):
        faults.misbehave(lab, NAME, eror_rate=1.0)


def test_switches_show_in_the_metrics(lab: Lab) -> None:
    faults.misbehave(lab, NAME, blocked_threads=3, leak_kb=512)
    ask(lab, "/", port=APP_PORT)
    said = ask(lab, "/metrics", port=APP_PORT)[1].decode()
    assert "shop_threads_blocked 3" in said
    for name in ("http_requests_total", "http_request_duration_seconds_bucket", "process_cpu_seconds_total"):
        assert name in said
    faults.misbehave(lab, NAME)
    ask(lab, "/", port=APP_PORT)
    assert "shop_threads_blocked 0" in ask(lab, "/metrics", port=APP_PORT)[1].decode()


def test_a_release_that_crashes_does_not_start(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="did not start"):
        host.put(lab.machine(NAME), release(tmp_path, "2.0.0", "crash"), "2.0.0")
    host.put(lab.machine(NAME), lab.artifacts / "shop-1.0.0.tar.gz", "1.0.0")


def test_releases_with_other_flaws_start_and_show_them(lab: Lab, tmp_path: Path) -> None:
    one = lab.machine(NAME)
    host.put(one, release(tmp_path, "2.0.1", "unhealthy"), "2.0.1")
    assert ask(lab, "/healthz")[0] == 500
    host.put(one, release(tmp_path, "2.0.2", "wrong-version"), "2.0.2")
    assert json.loads(ask(lab, "/version")[1])["version"] == "0.0.0-other"
    host.put(one, release(tmp_path, "2.0.3", "slow-start"), "2.0.3")
    assert json.loads(ask(lab, "/version")[1])["version"] == "2.0.3"
    host.put(one, lab.artifacts / "shop-1.0.0.tar.gz", "1.0.0")
    lifecycle.wait(seen_up(lab), all)


def test_the_control_command_is_idempotent_and_tells_the_pid(lab: Lab) -> None:
    one = lab.machine("dc2-web2")
    pid = host.control(one, "pid")
    assert host.control(one, "start") == f"already running: {pid}"
    assert host.control(one, "restart") != pid
    assert host.control(one, "pid") not in ("", pid)
    faults.stop_service(lab, one.name)
    assert host.control(one, "stop") == "not running"
    assert subprocess.run([one.control, "pid"], capture_output=True, check=False).returncode == 1
    assert subprocess.run([one.control, "dance"], capture_output=True, check=False).returncode == 2
    faults.start_service(lab, one.name)


def test_requests_under_way_are_finished_before_the_service_stops(lab: Lab) -> None:
    link = HTTPConnection(lab.machine(NAME).address, APP_PORT, timeout=20)
    link.request("GET", "/slow?seconds=1")
    lifecycle.wait(lambda: ask(lab, "/metrics", port=APP_PORT)[0], lambda code: code == 200)
    host.control(lab.machine(NAME), "restart")
    assert link.getresponse().status == 200


def test_a_drained_host_tells_its_clients_to_leave(lab: Lab) -> None:
    one = lab.machine(NAME)
    away = one.health_file.with_suffix(".html.out")
    one.health_file.rename(away)
    try:
        link = HTTPConnection(one.address, SERVICE_PORT, timeout=20)
        link.request("POST", "/api/x", body=b"four")
        reply = link.getresponse()
        assert (reply.status, reply.headers["Connection"], json.loads(reply.read())["bytes"]) == (201, "close", 4)
        assert ask(lab, "/health_check.html")[0] == 404
    finally:
        away.rename(one.health_file)
    assert ask(lab, "/health_check.html")[1] == b"OK slot=A release=1.0.0\n"


def test_releases_are_the_same_bytes_for_the_same_words(tmp_path: Path) -> None:
    for flaw in (None, *FLAWS):
        one, two = release(tmp_path / "one", "1.0.0", flaw), release(tmp_path / "two", "1.0.0", flaw)
        assert one.read_bytes() == two.read_bytes()
        told = Path(f"{one}.sha256").read_text().split()
        assert told == [hashlib.sha256(one.read_bytes()).hexdigest(), one.name]
        unpack(one, tmp_path / "root", "1.0.0")
    with pytest.raises(UsageError, match="not a version"):
        release(tmp_path, "{{ 1 }}")
