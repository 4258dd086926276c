"""A real edge pair and a real BIND: the edge is done at once, DNS follows when it can"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployer.model import Split
from deployer.steps import Shift
from tests.dns.named import Servers, servers
from tests.ssh.parts import sshd, until
from tests.traffic.parts import Haproxy, Ordered
from tests.traffic.test_edge import EdgePair, configure

HALF = Split((("dc1", 5_000), ("dc2", 5_000)))
AWAY = Split((("dc1", 10_000), ("dc2", 0)))


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path / "bind") as found:
        yield found


@pytest.fixture
def edge(tmp_path: Path, bind: Servers) -> Iterator[EdgePair]:
    with ExitStack() as stack:
        door = stack.enter_context(sshd(tmp_path / "ssh", "127.9.44.1"))
        part = Haproxy("edge1", tmp_path / "edge1", "127.9.44.11", {})
        configure(part)
        stack.callback(part.stop)
        part.start()
        pair = EdgePair(tmp_path, door, {"edge1": part}, bind.place)
        stack.callback(pair.ssh.close)
        yield pair


def test_dns_follows_each_change_of_the_edge(edge: EdgePair, bind: Servers, ordered: Ordered) -> None:
    dns = edge.traffic.dns
    assert dns
    until(lambda: not dns.lag(HALF, dns.answers()), "both servers have the zone")
    note = edge.traffic.shift(Shift("edge", AWAY), ordered.order).note
    assert note.startswith(f"{AWAY}; DNS ")
    until(lambda: not dns.lag(AWAY, dns.answers()), "DNS has followed")
    assert dns.lag(HALF, dns.answers())


def test_dns_that_is_down_holds_nothing_up_and_is_brought_along_later(
    edge: EdgePair, bind: Servers, ordered: Ordered
) -> None:
    bind.primary.stop()
    begun = time.monotonic()
    note = edge.traffic.shift(Shift("edge", AWAY), ordered.order).note
    assert time.monotonic() - begun < edge.traffic.dns.place.within / 2  # type: ignore[union-attr]
    assert note.startswith(f"{AWAY}; DNS pending")
    assert edge.weights("edge1") == {"dc1": "100", "dc2": "0"}
    bind.primary.start()
    dns = edge.traffic.dns
    assert dns
    until(lambda: not dns.lag(AWAY, dns.answers()), "DNS has followed by itself")


def test_what_is_tried_on_is_what_the_edge_has_by_then(edge: EdgePair, bind: Servers, ordered: Ordered) -> None:
    bind.primary.stop()
    assert "DNS pending" in edge.traffic.shift(Shift("edge", AWAY), ordered.order).note
    edge.parts["edge1"].ask("set server sites/dc1 weight 0; set server sites/dc2 weight 100")
    bind.primary.start()
    dns = edge.traffic.dns
    assert dns
    other = Split((("dc1", 0), ("dc2", 10_000)))
    until(lambda: not dns.lag(other, dns.answers()), "DNS has what somebody else set at the edge")
