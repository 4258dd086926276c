"""Balancers that are dead, silent, lack a server or a right"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from deployer.errors import StepFailed, Unreachable
from deployer.model import Release, Standing
from deployer.steps import Drain, Readmit
from tests.ssh.parts import until
from tests.traffic.parts import Ordered, Site, at_home, site

WEB1 = Drain("dc1", ("web1",))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("refusals"), "127.9.22") as found:
        yield found


@pytest.fixture
def dc1(whole: Site) -> Site:
    at_home(whole)
    return whole


@pytest.fixture
def other(dc1: Site) -> Iterator[Site]:
    """The second balancer may be configured otherwise, and is put right afterwards."""
    part = dc1.balancers["lb2"]
    kept = dict(part.hosts)
    part.stop()
    yield dc1
    part.stop()
    part.hosts, part.level, part.halves = kept, "admin", "ab"
    part.configure()
    part.start()


def test_a_dead_haproxy_is_unknown_and_nothing_is_drained(other: Site, ordered: Ordered) -> None:
    seen = other.traffic.look(["dc1"])
    assert {view.balancer: view.standing for view in seen.views["web1"]} == {
        "lb1": Standing.UP,
        "lb2": Standing.UNKNOWN,
    }
    assert any(line.startswith("lb2: HAProxy does not answer at ") for line in seen.complaints)
    with pytest.raises(Unreachable, match="lb2: HAProxy does not answer"):
        other.traffic.drain(WEB1, ordered.order)
    assert other.health("web1").exists()
    other.balancers["lb2"].start()


def test_a_balancer_that_dies_during_a_drain_is_not_taken_for_agreement(dc1: Site, ordered: Ordered) -> None:
    kill = threading.Thread(target=lambda: _when(lambda: not dc1.health("web1").exists(), dc1.balancers["lb2"].stop))
    dc1.balancers["lb2"].ask("disable health shop_a/web1")
    kill.start()
    try:
        with pytest.raises(Unreachable, match=r"lb2: .*not known whether the hosts still get requests"):
            dc1.with_settings(agree_within=2).drain(WEB1, ordered.order)
    finally:
        kill.join(30)


def _when(true: object, act: object) -> None:
    assert callable(act)
    until(true, "the moment to act")
    act()


def test_a_frozen_door_is_noticed(dc1: Site, ordered: Ordered) -> None:
    dc1.traffic.look(["dc1"])
    dc1.doors["lb2"].freeze()
    try:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="lb2: "):
            dc1.traffic.drain(WEB1, ordered.order)
        assert time.monotonic() - begun < 40
    finally:
        dc1.doors["lb2"].thaw()
    assert dc1.health("web1").exists()


def test_a_server_that_one_balancer_lacks(other: Site, ordered: Ordered) -> None:
    part = other.balancers["lb2"]
    part.hosts = {"web-1": other.address("web1"), **{name: other.address(name) for name in ("web2", "web3")}}
    part.configure()
    part.start()
    said = other.traffic.look(["dc1"]).complaints
    assert any(line.startswith("lb2: no server named web1 in pool shop, it has web-1") for line in said)
    with pytest.raises(StepFailed, match="lb2: no server named web1"):
        other.traffic.drain(WEB1, ordered.order)
    assert other.health("web1").exists()


def test_a_socket_that_may_only_look(other: Site) -> None:
    part = other.balancers["lb2"]
    part.level = "operator"
    part.configure()
    part.start()
    said = other.traffic.look(["dc1"]).complaints
    assert any("lb2: the socket" in line and "has level operator" in line for line in said)


def test_a_health_file_without_a_slot(dc1: Site) -> None:
    dc1.health("web1").write_text("OK\n")
    until(lambda: "DOWN" in dc1.balancers["lb2"].status("web1")["shop_a"], "it fits no slot")
    until(lambda: "DOWN" in dc1.balancers["lb1"].status("web1")["shop_a"], "it fits no slot")
    said = dc1.traffic.look(["dc1"]).complaints
    assert any(line.startswith("lb1: web1 is down in both slots: its health file must say slot=A") for line in said)


def test_a_server_up_in_both_slots_is_complained_about(other: Site) -> None:
    part = other.balancers["lb2"]
    part.configure()
    config = part.folder / "haproxy.cfg"
    config.write_text(config.read_text().replace("http-check expect string slot=B", "http-check expect status 200"))
    part.start()
    until(lambda: "UP" in part.status("web1")["shop_b"], "it is up in both")
    assert any("lb2: web1 is up in both slots" in line for line in other.traffic.look(["dc1"]).complaints)


def test_a_pool_of_another_name(dc1: Site, ordered: Ordered) -> None:
    part = dc1.balancers["lb2"]
    part.stop()
    part.configure()
    config = part.folder / "haproxy.cfg"
    config.write_text(config.read_text().replace("shop_a", "store_a").replace("shop_b", "store_b"))
    part.start()
    try:
        assert any("lb2: HAProxy has no backend shop nor" in line for line in dc1.traffic.look(["dc1"]).complaints)
        with pytest.raises(StepFailed, match="lb2: HAProxy has no backend"):
            dc1.traffic.drain(WEB1, ordered.order)
    finally:
        part.stop()
        part.configure()
        part.start()


def test_a_folder_that_is_not_there(dc1: Site, ordered: Ordered) -> None:
    dc1.traffic.drain(WEB1, ordered.order)
    folder = dc1.health("web1").parent
    folder.rename(folder.with_name("elsewhere"))
    try:
        with pytest.raises(StepFailed, match="web1: "):
            dc1.traffic.readmit(Readmit("dc1", ("web1",), Release("1.0.0")), ordered.order)
    finally:
        folder.with_name("elsewhere").rename(folder)
