"""Two edge nodes: weights, read back, and a node that refuses"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployer.clock import WallClock
from deployer.edge.node import Node
from deployer.errors import Overtaken, StepFailed
from deployer.machines import Dns, EdgeNode, Estate, Host
from deployer.model import Split
from deployer.settings.edge import EdgeValues
from deployer.ssh import Ssh
from deployer.steps import Shift
from deployer.traffic.live import LiveTraffic
from deployer.world import Order
from tests.ssh.parts import Sshd, sshd
from tests.traffic.parts import Haproxy, Ordered, settings

HALF = Split((("dc1", 5_000), ("dc2", 5_000)))
GONE = Split((("dc1", 0), ("dc2", 10_000)))
SITES = """\
global
    stats socket {folder}/admin.sock mode 600 level {level} expose-fd listeners
    server-state-file {folder}/server.state
defaults
    load-server-state-from-file global
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend edge
    bind {address}:8080
    default_backend sites
backend sites
{cookie}    server dc1 127.9.26.101:8080 weight 50 cookie dc1
    server dc2 127.9.26.102:8080 weight 50 cookie dc2
"""


class EdgePair:
    """Two nodes, and the driver over them; the sites behind need not be there."""

    def __init__(self, folder: Path, door: Sshd, parts: dict[str, Haproxy], dns: Dns | None = None) -> None:
        self.parts = parts
        nodes = tuple(
            EdgeNode(name, "haproxy", door.login, f"{part.folder}/admin.sock", "sites", f"{part.folder}/server.state")
            for name, part in parts.items()
        )
        hosts = tuple(
            Host(f"{site}-web1", site, door.login, "127.9.26.9", 8080, str(folder), str(folder / "h"))
            for site in ("dc1", "dc2")
        )
        estate = Estate(folder, hosts, (), nodes, dns)
        quick = EdgeValues(grace=0.5, settle=2)
        self.ssh = Ssh(estate.logins())
        self.traffic = LiveTraffic(estate, settings().model_copy(update={"edge": quick}), self.ssh, WallClock())

    def weights(self, name: str) -> dict[str, str]:
        rows = (line.split(",") for line in self.parts[name].ask("show stat").splitlines())
        return {row[1]: row[18] for row in rows if row[0] == "sites" and row[1].startswith("dc")}


def configure(part: Haproxy, level: str = "admin", cookie: str = "") -> None:
    part.folder.mkdir(exist_ok=True)
    text = SITES.format(folder=part.folder, level=level, address=part.address, cookie=cookie)
    (part.folder / "haproxy.cfg").write_text(text)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[EdgePair]:
    with ExitStack() as stack:
        door = stack.enter_context(sshd(tmp_path / "ssh", "127.9.26.1"))
        parts = {f"edge{n}": Haproxy(f"edge{n}", tmp_path / f"edge{n}", f"127.9.26.{10 + n}", {}) for n in (1, 2)}
        for part in parts.values():
            configure(part)
            stack.callback(part.stop)
            part.start()
        pair = EdgePair(tmp_path, door, parts)
        stack.callback(pair.ssh.close)
        yield pair


def test_a_site_is_emptied_and_filled_again(edge: EdgePair, ordered: Ordered) -> None:
    assert edge.traffic.look([]).splits == {"edge": HALF}
    for percent in (0, 1, 10, 50, 100):
        split = Split((("dc1", percent * 100), ("dc2", 10_000 - percent * 100)))
        assert edge.traffic.shift(Shift("edge", split), ordered.order).note == str(split)
        assert edge.traffic.look([]).splits == {"edge": split}
        assert edge.weights("edge1") == edge.weights("edge2") == {"dc1": str(percent), "dc2": str(100 - percent)}


def test_the_nearest_share_is_said(edge: EdgePair, ordered: Ordered) -> None:
    note = edge.traffic.shift(Shift("edge", Split((("dc1", 10), ("dc2", 9_990)))), ordered.order).note
    assert note == "dc1 0.39 %, dc2 99.61 % (the nearest to dc1 0.1 %, dc2 99.9 % that weights allow)"


def test_a_silent_node_stops_a_raise_but_not_an_evacuation(edge: EdgePair, ordered: Ordered) -> None:
    edge.parts["edge2"].stop()
    with pytest.raises(StepFailed, match=r"edge2: .*taken back on edge1"):
        edge.traffic.shift(Shift("edge", Split((("dc1", 2_000), ("dc2", 8_000)))), ordered.order)
    assert edge.weights("edge1") == {"dc1": "50", "dc2": "50"}
    with pytest.raises(StepFailed, match=r"edge2: .*dc1 0 %, dc2 100 % holds on edge1"):
        edge.traffic.shift(Shift("edge", GONE), stopping_later(ordered))
    assert edge.weights("edge1") == {"dc1": "0", "dc2": "100"}
    assert any(line.startswith("edge2: ") for line in edge.traffic.look([]).complaints)


def stopping_later(ordered: Ordered) -> Order:
    asked: list[bool] = []

    def stopping() -> bool:
        asked.append(True)
        return len(asked) > 1

    return dataclasses.replace(ordered.order, stopping=stopping)


def test_a_socket_that_may_only_look_is_named(edge: EdgePair, ordered: Ordered) -> None:
    part = edge.parts["edge2"]
    part.stop()
    configure(part, "operator")
    part.start()
    with pytest.raises(StepFailed, match=r"(?s)edge2: HAProxy refuses.*level admin"):
        edge.traffic.shift(Shift("edge", Split((("dc1", 2_000), ("dc2", 8_000)))), ordered.order)
    assert edge.weights("edge1") == {"dc1": "50", "dc2": "50"}


def test_a_restart_or_a_reload_by_somebody_else_forgets_nothing(edge: EdgePair, ordered: Ordered) -> None:
    edge.traffic.shift(Shift("edge", Split((("dc1", 3_000), ("dc2", 7_000)))), ordered.order)
    edge.parts["edge1"].stop()
    edge.parts["edge1"].start()
    assert edge.weights("edge1") == {"dc1": "30", "dc2": "70"}
    node = Node(edge.traffic._ground.estate.edges[1], "shop", edge.ssh, str)
    node.empty("dc1", node.look(), Ordered("evacuation", 2).order)
    edge.parts["edge2"].stop()
    edge.parts["edge2"].start()
    assert edge.weights("edge2") == {"dc1": "0", "dc2": "70"}


def test_what_cannot_be_kept_is_said_and_stops_nothing(edge: EdgePair, ordered: Ordered) -> None:
    for part in edge.parts.values():
        (part.folder / "server.state.deployer").mkdir()
    note = edge.traffic.shift(Shift("edge", GONE), ordered.order).note
    assert "a restart of edge2 forgets it: " in note
    assert "server.state cannot be written" in note
    assert edge.traffic.look([]).splits == {"edge": GONE}


def test_nodes_that_disagree_are_complained_about(edge: EdgePair) -> None:
    edge.parts["edge2"].ask("set server sites/dc1 weight 10")
    assert any(line.startswith("edge: its nodes disagree") for line in edge.traffic.look([]).complaints)


def test_unknown_sites_and_older_runs_are_refused(edge: EdgePair, ordered: Ordered) -> None:
    with pytest.raises(StepFailed, match="dc3 is no site; known are dc1, dc2"):
        edge.traffic.shift(Shift("edge", Split((("dc3", 10_000),))), ordered.order)
    edge.traffic.shift(Shift("edge", GONE), Ordered("new", 5).order)
    with pytest.raises(Overtaken, match="epoch 5"):
        edge.traffic.shift(Shift("edge", HALF), Ordered("old", 4).order)
    assert edge.weights("edge1") == {"dc1": "0", "dc2": "100"}


def test_whom_a_cookie_ties_to_a_site_leaves_after_a_grace_and_may_come_back(edge: EdgePair, ordered: Ordered) -> None:
    for part in edge.parts.values():
        part.stop()
        configure(part, cookie="    cookie dc insert indirect nocache\n")
        part.start()
    edge.traffic.shift(Shift("edge", GONE), ordered.order)
    for part in edge.parts.values():
        states = {row[1]: row[17] for row in rows(part)}
        assert states == {"dc1": "MAINT", "dc2": "no check"}
    assert edge.traffic.look([]).splits == {"edge": GONE}
    edge.traffic.shift(Shift("edge", HALF), ordered.order)
    for part in edge.parts.values():
        assert {row[17] for row in rows(part)} == {"no check"}
    assert edge.traffic.look([]).splits == {"edge": HALF}


def rows(part: Haproxy) -> list[list[str]]:
    found = (line.split(",") for line in part.ask("show stat").splitlines())
    return [row for row in found if row[0] == "sites" and row[1].startswith("dc")]
