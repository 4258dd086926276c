"""Drain and readmit on a pair of HAProxies with two slots"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from deployer.errors import Overtaken, StepFailed
from deployer.fence import highest
from deployer.model import Release, Standing
from deployer.steps import Drain, Readmit
from deployer.world import Outcome
from tests.ssh.parts import until
from tests.traffic.parts import NEW, PORT, Held, Ordered, Site, at_home, load, site

OLD = Release("1.0.0")
WEB1 = Drain("dc1", ("web1",))
BACK = Readmit("dc1", ("web1",), OLD)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("pool"), "127.9.21") as found:
        yield found


@pytest.fixture
def dc1(whole: Site) -> Iterator[Site]:
    at_home(whole)
    for fence in whole.folder.rglob(".deployer-*"):
        fence.unlink()
    yield whole
    whole.balancers["lb1"].level = "admin"


def standings(dc1: Site, host: str) -> dict[str, Standing]:
    return {view.balancer: view.standing for view in dc1.traffic.look(["dc1"]).views[host]}


def drained_while_held(dc1: Site, ordered: Ordered, held: Held, told: str) -> Outcome:
    """The drain waits, saying so, until the request is let go; it is answered well."""
    with ThreadPoolExecutor(1) as pool:
        drain = pool.submit(dc1.traffic.drain, WEB1, ordered.order)
        try:
            until(lambda: any(told in line for line in ordered.told) or drain.done(), f"told: {told}")
            assert not drain.done(), drain.result()
        finally:
            answer = held.let_go()
        assert answer == (200, "web1")
        return drain.result(60)


def test_nothing_is_lost_while_a_host_leaves_and_returns(dc1: Site, ordered: Ordered) -> None:
    with load(dc1) as seen:
        until(lambda: seen.ok > 50, "there is load")
        outcome = dc1.traffic.drain(WEB1, ordered.order)
        assert not outcome.failed
        assert set(standings(dc1, "web1").values()) == {Standing.OUT}
        served = seen.served["web1"]
        before = seen.ok
        until(lambda: seen.ok > before + 50, "the others serve")
        assert seen.served["web1"] == served
        back = dc1.traffic.readmit(Readmit("dc1", ("web1",), NEW), ordered.order)
        assert [(host.host, host.ok, host.note) for host in back.hosts] == [("web1", True, "")]
        assert set(standings(dc1, "web1").values()) == {Standing.UP}
        assert seen.served["web1"] > served
    assert seen.failed == []
    assert dc1.health("web1").read_text() == "OK slot=A release=2.0.0\n"
    assert all(line.startswith("waiting for ") for line in ordered.told)


def test_both_verbs_may_be_repeated(dc1: Site, ordered: Ordered) -> None:
    for _ in range(2):
        assert not dc1.traffic.drain(WEB1, ordered.order).failed
    assert dc1.health("web1").with_name("health_check.html.out").read_text() == "OK slot=A release=1.0.0\n"
    for _ in range(2):
        assert not dc1.traffic.readmit(BACK, ordered.order).failed
    assert not dc1.health("web1").with_name("health_check.html.out").exists()


def test_a_running_request_is_waited_for(dc1: Site, ordered: Ordered) -> None:
    with dc1.held("web1") as held:
        assert not drained_while_held(dc1, ordered, held, "1 sessions on web1").failed


def test_a_reload_in_the_middle_hides_no_running_request(dc1: Site, ordered: Ordered) -> None:
    """The old worker serves it on; the new one knows nothing of it (F06, F09)."""
    with dc1.held("web1") as held:
        dc1.balancers["lb1"].reload()
        assert any("old workers still serve" in line for line in dc1.traffic.look(["dc1"]).complaints)
        assert not drained_while_held(dc1, ordered, held, "1 sessions on web1").failed


def test_without_a_master_socket_the_hosts_own_connections_tell(dc1: Site, ordered: Ordered) -> None:
    dc1.master = False
    try:
        with dc1.held("web1") as held:
            dc1.balancers["lb1"].reload()
            assert not drained_while_held(dc1, ordered, held, "connections on web1").failed
    finally:
        dc1.master = True


def test_a_reload_that_forgets_is_waited_out(dc1: Site, ordered: Ordered) -> None:
    """Without a state file all servers are up again until their first check."""
    dc1.traffic.drain(WEB1, ordered.order)
    dc1.balancers["lb2"].reload(keep_state=False)
    assert not dc1.traffic.drain(WEB1, ordered.order).failed
    assert set(standings(dc1, "web1").values()) <= {Standing.OUT, Standing.DOWN}


def test_a_metrics_server_that_keeps_its_connection_is_no_user(dc1: Site, ordered: Ordered) -> None:
    with socket.create_connection((dc1.address("web1"), PORT)):
        (host,) = dc1.traffic.drain(WEB1, ordered.order).hosts
    assert host.ok
    assert "1 connections from 127.0.0.1 are left open" in host.note


def test_at_the_deadline_a_drain_is_given_up(dc1: Site, ordered: Ordered) -> None:
    with dc1.held("web1") as held:
        with pytest.raises(StepFailed, match=r"not drained after 1 s: 1 sessions on web1") as failed:
            dc1.with_settings(drain_timeout=1, on_drain_timeout="abort").drain(WEB1, ordered.order)
        assert failed.value.hosts == ("web1",)
        assert held.let_go() == (200, "web1")


def test_at_the_deadline_what_is_left_is_cut(dc1: Site, ordered: Ordered) -> None:
    with dc1.held("web1") as held:
        (host,) = dc1.with_settings(drain_timeout=1, on_drain_timeout="cut").drain(WEB1, ordered.order).hosts
        assert host.ok
        assert host.note.startswith("cut 1 sessions after 1 s")
        assert held.let_go() != (200, "web1")


def test_waiting_without_end_ends_when_the_operator_stops(dc1: Site, ordered: Ordered) -> None:
    traffic = dc1.with_settings(drain_timeout=0, on_drain_timeout="wait")
    with dc1.held("web1") as held, ThreadPoolExecutor(1) as pool:
        drain = pool.submit(traffic.drain, WEB1, ordered.order)
        until(lambda: any("1 sessions on web1" in line for line in ordered.told), "it waits")
        ordered.stop = True
        with pytest.raises(StepFailed, match="stopped while waiting for"):
            drain.result(60)
        assert held.let_go() == (200, "web1")
    with pytest.raises(StepFailed, match="stopped before anything"):
        traffic.drain(WEB1, ordered.order)


def test_the_last_of_the_pool_is_not_taken(dc1: Site, ordered: Ordered) -> None:
    with pytest.raises(StepFailed, match="would be the last of the pool shop"):
        dc1.traffic.drain(Drain("dc1", dc1.hosts), ordered.order)
    assert all(dc1.health(host).exists() for host in dc1.hosts)
    dc1.traffic.drain(Drain("dc1", ("web1", "web2")), ordered.order)
    with pytest.raises(StepFailed, match="web3 would be the last"):
        dc1.traffic.drain(Drain("dc1", ("web3",)), ordered.order)
    assert dc1.health("web3").exists()


def test_what_an_operator_took_out_by_hand_is_left_so_and_said(dc1: Site, ordered: Ordered) -> None:
    dc1.traffic.drain(WEB1, ordered.order)
    dc1.balancers["lb2"].ask("set server shop_a/web1 state maint")
    try:
        (host,) = dc1.traffic.readmit(BACK, ordered.order).hosts
        assert not host.ok
        assert "lb2 shows shop_a/web1 as MAINT, set there by hand and left so" in host.note
        assert "MAINT" in dc1.balancers["lb2"].status("web1")["shop_a"]
    finally:
        dc1.balancers["lb2"].ask("set server shop_a/web1 state ready")


def test_readmit_in_the_other_slot(dc1: Site, ordered: Ordered) -> None:
    dc1.traffic.drain(WEB1, ordered.order)
    assert not dc1.traffic.readmit(Readmit("dc1", ("web1",), NEW, "b"), ordered.order).failed
    views = dc1.traffic.look(["dc1"]).views
    assert {view.slot for view in views["web1"]} == {"b"}
    assert {view.slot for view in views["web2"]} == {"a"}


def test_a_host_that_is_not_well_does_not_come_back(dc1: Site, ordered: Ordered) -> None:
    dc1.traffic.drain(WEB1, ordered.order)
    for part in dc1.balancers.values():
        part.ask("set server shop_a/web1 addr 127.9.21.99")
    try:
        (host,) = dc1.with_settings(agree_within=2).readmit(BACK, ordered.order).hosts
        assert not host.ok
        assert "to show web1 up" in host.note
    finally:
        for part in dc1.balancers.values():
            part.ask(f"set server shop_a/web1 addr {dc1.address('web1')}")


def test_a_paused_holder_is_refused_at_the_balancer(dc1: Site) -> None:
    """F32: it never touched this host, and the balancer still knows."""
    dc1.traffic.drain(Drain("dc1", ("web2",)), Ordered("new", 7).order)
    refusal = r"lb\d: run new \(epoch 7\) acted here since, old holds epoch 6"
    with pytest.raises(Overtaken, match=refusal):
        dc1.traffic.drain(WEB1, Ordered("old", 6).order)
    with pytest.raises(Overtaken, match=refusal):
        dc1.traffic.readmit(Readmit("dc1", ("web2",), OLD), Ordered("old", 6).order)
    assert dc1.health("web1").exists()
    assert not dc1.health("web2").exists()
    found = {fence.machine: (fence.epoch, fence.run) for fence in highest(dc1.ssh, dc1.estate, "shop")}
    assert found == {"web2": (7, "new"), "lb1": (7, "new"), "lb2": (7, "new")}
    assert not dc1.traffic.readmit(Readmit("dc1", ("web2",), OLD), Ordered("newer", 8).order).failed
    assert highest(dc1.ssh, dc1.estate, "shop")[0].epoch == 8
