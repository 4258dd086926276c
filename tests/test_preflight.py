"""A run is refused before anything is touched, with every reason at once"""

from __future__ import annotations

import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import PreflightFailed
from deployer.machines import Balancer, Estate, Host, Login
from deployer.model import HostSeen, Intent, Picture, Release, Standing, View
from deployer.own_files import no_ansible
from deployer.plan import Leg, Plan, Stage
from deployer.preflight import Severity, findings, parted, refuse
from deployer.reach import Reached
from deployer.steps import Deploy, Drain
from deployer.world import Running

NEW = Release("1.1.0", "/srv/artifacts/shop-1.1.0.tar.gz", "b" * 64)
NAMES = {"web1": "dc1", "web2": "dc1", "web3": "dc2"}
BALANCERS = {"lb1": "dc1", "lb2": "dc1", "lb3": "dc2"}


def _estate() -> Estate:
    hosts = [
        Host(name, site, Login(f"10.0.0.{at}"), f"10.0.0.{at}", 8080, "/srv/shop", "/srv/shop/shared/h")
        for at, (name, site) in enumerate(NAMES.items(), 1)
    ]
    balancers = [
        Balancer(name, site, "haproxy", Login(f"10.0.1.{at}"), "shop", "/run/haproxy/admin.sock")
        for at, (name, site) in enumerate(BALANCERS.items(), 1)
    ]
    return Estate(Path("inventories/prod"), tuple(hosts), tuple(balancers))


def _seen(name: str, **changed: Standing) -> HostSeen:
    site = NAMES[name]
    views = [View(lb, changed.get(lb, Standing.UP)) for lb, where in BALANCERS.items() if where == site]
    return HostSeen(name, site, "1.0.0", healthy=True, views=tuple(views))


def _picture(*instead: HostSeen) -> Picture:
    return Picture({name: _seen(name) for name in NAMES} | {seen.host: seen for seen in instead})


def _running(*instead: Running) -> dict[str, Running]:
    usual = {name: Running(name, "1.0.0", "1.0.0", healthy=True, fetched=(("1.0.0", "a" * 64),)) for name in NAMES}
    return usual | {own.host: own for own in instead}


def _plan(*hosts: str) -> Plan:
    intent = Intent("shop", NEW, "rolling", ("dc1",), {"dc1": 1}, {"dc1": 1})
    steps = (Drain("dc1", hosts), Deploy("dc1", hosts, NEW))
    return Plan(intent, (Leg("dc1", "dc1", (Stage("wave 1", "dc1", steps),)),))


def _said(picture: Picture, running: dict[str, Running], *complaints: str) -> list[tuple[str, str]]:
    found = findings(_plan("web1", "web2"), picture, _estate(), running, complaints)
    return [(finding.severity.value, f"{finding.where}: {finding.what}") for finding in found]


def test_a_sound_estate_has_nothing_against_it() -> None:
    assert _said(_picture(), _running()) == []


def test_a_balancer_without_the_server_refuses() -> None:
    found = _said(_picture(_seen("web2", lb2=Standing.UNKNOWN)), _running())
    assert found == [("refuse", "lb2: has no server web2 in pool shop")]


def test_a_silent_balancer_refuses_once_and_not_per_host() -> None:
    dumb = _picture(_seen("web1", lb1=Standing.UNKNOWN), _seen("web2", lb1=Standing.UNKNOWN))
    assert _said(dumb, _running()) == [("refuse", "lb1: does not answer, or knows no host of dc1 in pool shop")]
    complaint = "lb1: HAProxy does not answer at /run/haproxy/admin.sock\n  next: deployer doctor"
    assert _said(dumb, _running(), complaint) == [
        ("refuse", "lb1: HAProxy does not answer at /run/haproxy/admin.sock"),
    ]


def test_a_complaint_about_a_site_that_is_left_alone_is_only_told() -> None:
    assert _said(_picture(), _running(), "lb3: socket without level admin") == [
        ("warn", "lb3: socket without level admin")
    ]


def test_old_workers_are_told_and_drained() -> None:
    assert _said(_picture(), _running(), "lb1: old workers still serve after a reload (pid 7)") == [
        ("warn", "lb1: old workers still serve after a reload (pid 7)")
    ]


def test_an_unreachable_host_refuses_when_it_is_planned_and_warns_when_not() -> None:
    gone = _running(Running("web1", note="no route to 10.0.0.1"), Running("web3", note="timed out"))
    assert _said(_picture(), gone) == [
        ("refuse", "web1: does not answer: no route to 10.0.0.1"),
        ("warn", "web3: its service does not answer: timed out"),
    ]


def _asked(*instead: Reached) -> dict[str, Reached]:
    able = {"free": 2**30, "current": "1.0.0", "python": True, "root": True, "health": True, "restart": True}
    return {name: Reached(name, **able) for name in NAMES} | {one.machine: one for one in instead}  # type: ignore[arg-type]


def _told(reached: dict[str, Reached], running: dict[str, Running] | None = None, needed: int = 0) -> list[str]:
    found = findings(
        _plan("web1", "web2"), _picture(), _estate(), running or _running(), reached=reached, needed=needed
    )
    return [f"{finding.severity.value} {finding.where}: {finding.what}" for finding in found]


def test_a_service_that_is_down_on_a_machine_that_answers_may_be_mended_by_the_release() -> None:
    assert _told(_asked(), _running(Running("web1", note="connection refused"))) == [
        "warn web1: its service does not answer: connection refused"
    ]


def test_machines_that_refuse_us_are_known_before_anything_is_drained() -> None:
    sudo = Reached("web1", complaint="sudo to root was refused: wrong password")
    away = Reached("web3", complaint="nobody answers within 5 s")
    assert _told(_asked(sudo, away, Reached("web2", free=10 * 2**20)), needed=25 * 2**20) == [
        "refuse web1: sudo to root was refused: wrong password",
        "refuse web2: its release directory cannot be written",
        "refuse web2: its health file cannot be written",
        "refuse web2: its service cannot be restarted",
        "refuse web2: 10 MB are free, the release needs 25 MB",
        "warn web3: nobody answers within 5 s",
    ]


def test_a_host_that_serves_an_unknown_release_refuses() -> None:
    nameless = replace(_seen("web1"), release=None)
    refused = _said(_picture(nameless), _running(Running("web1", healthy=True)))
    assert refused == [("refuse", "web1: serves users, and nobody knows which release: there would be no way back")]


def test_a_host_without_any_release_that_serves_nobody_is_a_first_deployment() -> None:
    fresh = replace(_seen("web1", lb1=Standing.DOWN, lb2=Standing.DOWN), release=None, healthy=False)
    assert _said(_picture(fresh), _running(Running("web1", healthy=False, note="connection refused"))) == [
        ("warn", "web1: is not healthy: connection refused")
    ]


def test_other_bytes_under_the_version_that_runs_refuse() -> None:
    other = (("1.1.0", "c" * 64),)
    runs = Running("web1", "1.1.0", "1.1.0", healthy=True, fetched=other)
    lies = Running("web2", "1.0.0", "1.0.0", healthy=True, fetched=other)
    assert [severity for severity, _ in _said(_picture(), _running(runs, lies))] == ["refuse", "warn"]


def test_disagreeing_balancers_and_mixed_releases_are_told() -> None:
    mixed = replace(_seen("web2", lb2=Standing.OUT), release="0.9.0")
    assert _said(_picture(mixed), _running()) == [
        ("warn", "web2: balancers disagree: lb1 up, lb2 out"),
        ("warn", "dc1: serves more than one release now: 0.9.0, 1.0.0"),
    ]


def test_the_refusal_lists_everything_with_what_to_do() -> None:
    found = findings(
        _plan("web1", "web2"),
        _picture(_seen("web2", lb2=Standing.UNKNOWN)),
        _estate(),
        _running(Running("web1", note="timed out")),
    )
    with pytest.raises(PreflightFailed) as refused:
        refuse(found)
    assert refused.value.exit_code == 3
    assert str(refused.value) == (
        "2 things speak against this run, nothing was touched:\n"
        "  - lb2: has no server web2 in pool shop\n"
        "    next: server names are inventory names: add them to the backend, or take the hosts out of the inventory\n"
        "  - web1: does not answer: timed out\n"
        "    next: repair it, or take it out of the inventory group or by --limit\n"
        "  next: deployer doctor"
    )
    refuse(finding for finding in found if finding.severity is Severity.WARN)


def test_complaints_are_parted() -> None:
    assert parted("lb1: no such pool: shop (next: set balancers.pool)") == (
        "lb1",
        "no such pool: shop",
        "set balancers.pool",
    )
    assert parted("lb1: no answer\n  next: deployer doctor") == ("lb1", "no answer", "deployer doctor")
    split = "the balancers disagree on the split: lb1 a 100 %; lb2 b 100 %"
    assert parted(split) == ("", split, "")


def test_a_machine_without_ansible_playbook_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(no_ansible()) == []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(PreflightFailed, match=r"this machine: there is no ansible-playbook(?s:.*)pip install"):
        refuse(no_ansible())
