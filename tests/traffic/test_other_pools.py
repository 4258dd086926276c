"""One backend, plain TCP, cookies per server, an opaque device"""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from deployer.errors import StepFailed
from deployer.model import Release, Split, Standing
from deployer.steps import Drain, Readmit, Shift
from tests.ssh.parts import until
from tests.traffic.parts import PORT, Ordered, Site, load, site

OLD = Release("1.0.0")
WEB1 = Drain("dc1", ("web1",))
BACK = Readmit("dc1", ("web1",), OLD)


@pytest.fixture(scope="module")
def tcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("tcp"), "127.9.23", balancers=1, halves="", mode="tcp") as found:
        yield found


@pytest.fixture(scope="module")
def sticky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    more = "    cookie SRV insert indirect nocache\n"
    with site(tmp_path_factory.mktemp("sticky"), "127.9.24", balancers=1, hosts=2, halves="", more=more) as found:
        yield found


def test_keep_alive_clients_leave_a_tcp_pool(tcp: Site, ordered: Ordered) -> None:
    """The host's front tells them to (F01): a health file alone would not."""
    with load(tcp, each=6) as seen:
        until(lambda: seen.ok > 60, "there is load")
        assert not tcp.traffic.drain(WEB1, ordered.order).failed
        assert tcp.balancers["lb1"].sessions("web1") == 0
        served, before = seen.served["web1"], seen.ok
        until(lambda: seen.ok > before + 50, "the others serve")
        assert seen.served["web1"] == served
        back = tcp.traffic.readmit(BACK, ordered.order)
        assert [host.ok for host in back.hosts] == [True]
    assert seen.failed == []


def test_a_silent_connection_through_a_tcp_pool_is_cut_when_patience_ends(tcp: Site, ordered: Ordered) -> None:
    links = [HTTPConnection(tcp.balancers["lb1"].address, PORT, timeout=20) for _ in range(3)]
    for link in links:
        link.request("GET", "/")
        link.getresponse().read()
    until(lambda: tcp.balancers["lb1"].sessions("web1") == 1, "one of them is on web1")
    (host,) = tcp.with_settings(drain_timeout=1, on_drain_timeout="cut").drain(WEB1, ordered.order).hosts
    assert host.note.startswith("cut 1 sessions after 1 s")
    for link in links:
        link.close()
    tcp.traffic.readmit(BACK, ordered.order)


def test_one_backend_has_one_view_and_no_slots(tcp: Site, ordered: Ordered) -> None:
    seen = tcp.traffic.look(["dc1"])
    assert {(view.standing, view.slot) for views in seen.views.values() for view in views} == {(Standing.UP, "")}
    assert (seen.splits, seen.slots, seen.complaints) == ({}, {}, ())
    whole = tcp.traffic.shift(Shift("dc1", Split((("2.0.0", 10_000),))), ordered.order)
    assert "one pool without a split" in whole.note
    with pytest.raises(StepFailed, match=r"(?s)no maps to hold.*deployer traffic render"):
        tcp.traffic.shift(Shift("dc1", Split((("1.0.0", 9_000), ("2.0.0", 1_000)))), ordered.order)


def test_users_with_a_cookie_of_the_server_are_sent_elsewhere(sticky: Site, ordered: Ordered) -> None:
    """NOLB and drain serve them on (F02): only maint does not."""
    part = sticky.balancers["lb1"]

    def ask(link: HTTPConnection, cookie: str = "SRV=web1") -> tuple[int, str]:
        link.request("GET", "/", headers={"Cookie": cookie})
        answer = link.getresponse()
        return answer.status, answer.read().decode()

    link = HTTPConnection(part.address, PORT, timeout=20)
    assert ask(link) == (200, "web1")
    assert not sticky.traffic.drain(WEB1, ordered.order).failed
    assert part.status("web1") == {"shop": "MAINT"}
    assert ask(link) == (200, "web2")
    assert not sticky.traffic.readmit(BACK, ordered.order).failed
    assert part.status("web1") == {"shop": "UP"}
    assert ask(link) == (200, "web1")
    link.close()
    part.ask("set server shop/web1 state maint")
    (host,) = sticky.traffic.readmit(BACK, ordered.order).hosts
    assert "set there by hand" in host.note
    part.ask("set server shop/web1 state ready")


def test_a_device_that_cannot_be_asked_needs_its_time_and_the_hosts_own_word(sticky: Site, ordered: Ordered) -> None:
    sticky.kind = "opaque"
    try:
        traffic = sticky.with_settings(detection=2)
        assert {view.standing for view in traffic.look(["dc1"]).views["web1"]} == {Standing.UP}
        link = HTTPConnection(sticky.address("web1"), PORT, timeout=20)
        link.request("GET", "/")
        link.getresponse().read()
        begun = time.monotonic()
        with pytest.raises(StepFailed, match=r"\d connections on web1, from 127"):
            sticky.with_settings(detection=1, drain_timeout=1).drain(WEB1, ordered.order)
        link.close()
        assert not traffic.drain(WEB1, ordered.order).failed
        assert time.monotonic() - begun > 3
        until(lambda: _standing(sticky) is Standing.OUT, "its time is over")
        assert not traffic.readmit(BACK, ordered.order).failed
        assert {view.standing for view in traffic.look(["dc1"]).views["web1"]} == {Standing.UP}
    finally:
        sticky.kind = "haproxy"


def _standing(sticky: Site) -> Standing:
    return sticky.with_settings(detection=1).look(["dc1"]).views["web1"][0].standing
