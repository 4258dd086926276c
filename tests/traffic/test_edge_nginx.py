"""Two edge nodes that are nginx: shares without a reload, cookies, and what is seen of the sites"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest

from deployer.clock import WallClock
from deployer.edge.node import Node
from deployer.edge.seen import Seen
from deployer.errors import Overtaken, StepFailed, Unreachable
from deployer.evacuation import judgement
from deployer.lab.templates import render
from deployer.machines import EdgeNode, Estate, Host
from deployer.model import Split
from deployer.settings.edge import EdgeValues
from deployer.ssh import Ssh
from deployer.steps import Shift
from deployer.traffic.live import LiveTraffic
from tests.ssh.parts import children, kill, sshd, until
from tests.traffic.nginx_parts import STATUS, Nginx
from tests.traffic.parts import PORT, Ordered, settings, tiny_host, working

NETWORK = "127.9.27"
HALF = Split((("dc1", 5_000), ("dc2", 5_000)))
GONE = Split((("dc1", 0), ("dc2", 10_000)))


@dataclass(slots=True)
class NginxEdge(Nginx):
    """An edge node from the product's own template."""

    cookie: str = ""

    def configure(self) -> None:
        Nginx.configure(self)
        sites = [
            {"name": site, "weight": 50, "balancers": [{"name": site, "address": address(site), "port": PORT}]}
            for site in ("dc1", "dc2")
        ]
        values = {
            "edge_bind": [f"{self.address}:{PORT}"],
            "edge_sites": sites,
            "edge_maps": self.maps,
            "edge_status_bind": f"{self.address}:{STATUS}",
            "edge_monitor_url": "/up",
            "edge_cookie": self.cookie,
            "edge_fresh": True,  # the tiny service answers in two packets: 40 ms on a kept connection
        }
        (self.folder / "balancer.conf").write_text(render("nginx_edge.conf.j2", values))
        (self.maps / "edge.node").write_text(render("nginx_edge.node.j2", values))


def address(site: str) -> str:
    return f"{NETWORK}.{100 + int(site[-1])}"


class Pair:
    """Two nodes, the driver over them, and a balancer of each site that can be stopped."""

    def __init__(self, folder: Path, cookie: str) -> None:
        self.stack, self.folder = ExitStack(), folder
        door = self.stack.enter_context(sshd(folder / "ssh", f"{NETWORK}.1"))
        self.parts = {
            name: NginxEdge(name, folder / name, f"{NETWORK}.{n}", (), cookie=cookie)
            for n, name in ((11, "edge1"), (12, "edge2"))
        }
        self.sites = {site: self.stack.enter_context(ExitStack()) for site in ("dc1", "dc2")}
        for site, stack in self.sites.items():
            (folder / site).touch()
            stack.enter_context(tiny_host(site, address(site), folder / site))
        for part in self.parts.values():
            part.configure()
            self.stack.callback(part.stop)
            part.start()
        nodes = tuple(
            EdgeNode(name, "nginx", door.login, "/run/no.sock", "sites", maps=str(part.maps))
            for name, part in self.parts.items()
        )
        hosts = tuple(
            Host(f"{site}-web1", site, door.login, address(site), PORT, str(folder), str(folder / "h"))
            for site in ("dc1", "dc2")
        )
        estate = Estate(folder, hosts, (), nodes)
        self.ssh = Ssh(estate.logins())
        self.stack.callback(self.ssh.close)
        quick = EdgeValues(kind="nginx", grace=0.5, settle=10)
        self.traffic = LiveTraffic(estate, settings().model_copy(update={"edge": quick}), self.ssh, WallClock())
        self.nodes = {one.name: Node(one, "shop", self.ssh, str) for one in nodes}

    def asked(self, times: int, node: str = "edge1", cookie: str = "") -> Counter[str]:
        """Who answered so many requests over one kept connection: dc1, dc2, or a status that is not 200."""
        link = HTTPConnection(self.parts[node].address, PORT, timeout=60)
        found: Counter[str] = Counter()
        for _ in range(times):
            link.request("GET", "/", headers={"Cookie": cookie} if cookie else {})
            answer = link.getresponse()
            said = answer.read().decode()
            found[said if answer.status == 200 else str(answer.status)] += 1
        link.close()
        return found


@pytest.fixture
def cookie() -> str:
    return ""


@pytest.fixture
def edge(tmp_path: Path, cookie: str) -> Iterator[Pair]:
    pair = Pair(tmp_path, cookie)
    with pair.stack:
        yield pair


@contextmanager
def keeps_asking(edge: Pair) -> Iterator[Counter[str]]:
    seen, ending = Counter[str](), threading.Event()

    def ask(node: str) -> None:
        while not ending.is_set():
            seen.update(edge.asked(20, node))

    with working((partial(ask, node) for node in edge.parts), ending, within=60):
        yield seen


def test_shares_are_exact_at_once_and_nobody_is_lost(edge: Pair, ordered: Ordered) -> None:
    assert edge.traffic.look([]).splits == {"edge": HALF}, "as configured, before anybody said anything"
    assert min(edge.asked(200).values()) > 50
    before = {name: children(part.process.pid) for name, part in edge.parts.items() if part.process}
    with keeps_asking(edge) as seen:
        for share in (0, 1, 137, 3_063, 10_000):
            split = Split((("dc1", share), ("dc2", 10_000 - share)))
            assert edge.traffic.shift(Shift("edge", split), ordered.order).note == str(split)
            assert edge.traffic.look([]).splits == {"edge": split}
            for part in edge.parts.values():
                assert (numbers(part, "dc1"), numbers(part, "dc2")) == (share, 10_000 - share)
            if share in (0, 10_000):
                assert edge.asked(300) == {"dc1" if share else "dc2": 300}
            elif share == 3_063:
                assert 197 < edge.asked(1_000)["dc1"] < 415, "7 standard deviations to each side of 30.63 %"
    assert set(seen) == {"dc1", "dc2"}, "no request failed"
    now = {name: children(part.process.pid) for name, part in edge.parts.items() if part.process}
    assert now == before, "nothing was reloaded"
    assert all(len(list(part.maps.glob("edge.[0-9]*"))) <= 2 for part in edge.parts.values()), "old ones go"


def numbers(part: NginxEdge, site: str) -> int:
    """How many of the 10,000 numbers go there."""
    found = [path.name for path in (part.maps / "edge" / site).iterdir()]
    singles = {int(one) for one in found if len(one) == 4} | {
        100 * int(one) + n for one in found if len(one) == 2 for n in range(100)
    }
    assert len(singles) == sum(100 if len(one) == 2 else 1 for one in found), "none twice"
    return len(singles)


def test_a_reload_and_a_restart_forget_nothing(edge: Pair, ordered: Ordered) -> None:
    edge.traffic.shift(Shift("edge", GONE), ordered.order)
    first, second = edge.parts.values()
    assert first.process
    before = first.worker()
    kill(first.process.pid, signal.SIGHUP)
    until(lambda: first.worker() != before, "it was reloaded")
    second.stop()
    second.start()
    assert edge.traffic.look([]).splits == {"edge": GONE}
    for node in edge.parts:
        assert edge.asked(100, node) == {"dc2": 100}


def test_an_older_run_is_refused_and_a_rival_is_noticed(edge: Pair) -> None:
    node = edge.nodes["edge1"]
    before = node.look()
    node.empty("dc2", before, Ordered("new", 5).order)
    with pytest.raises(Overtaken, match="epoch 5"):
        edge.traffic.shift(Shift("edge", HALF), Ordered("old", 4).order)
    with pytest.raises(StepFailed, match="somebody else acted here just now"):
        node.empty("dc1", before, Ordered("rival", 6).order)
    assert edge.asked(50) == {"dc1": 50}
    node.put_back(before, Ordered("new", 5).order)
    assert node.look().weights == {"dc1": 50, "dc2": 50}


def test_nobody_is_ever_sent_nowhere(edge: Pair, ordered: Ordered) -> None:
    node = edge.nodes["edge1"]
    node.empty("dc2", node.look(), ordered.order)
    with pytest.raises(StepFailed, match="nobody would get anything"):
        node.empty("dc1", node.look(), ordered.order)
    assert edge.asked(50) == {"dc1": 50}


def test_a_dead_site_is_seen_and_others_stand_in_for_it_unless_they_were_emptied(edge: Pair, ordered: Ordered) -> None:
    edge.traffic.shift(Shift("edge", HALF), ordered.order)
    edge.sites["dc1"].close()
    assert edge.asked(200) == {"dc2": 200}, "dc2 stands in"
    seen = edge.nodes["edge1"].look()
    assert [site.up for site in seen.sites] == [False, True]
    with pytest.raises(judgement.NobodyLeft, match="dc1 is down as edge1 sees it"):
        judgement.raising(seen, "dc2", emergency=False)
    node = edge.nodes["edge2"]
    node.empty("dc2", node.look(), ordered.order)
    assert edge.asked(20, "edge2") == {"502": 20}, "whom somebody emptied nobody stands in for"


def test_a_silent_node_stops_a_raise_and_keeps_an_evacuation_for_when_it_wakes(edge: Pair, ordered: Ordered) -> None:
    edge.traffic.shift(Shift("edge", HALF), ordered.order)
    edge.parts["edge2"].freeze()
    try:
        with pytest.raises(StepFailed, match=r"edge2: nginx does not answer .*taken back on edge1"):
            edge.traffic.shift(Shift("edge", Split((("dc1", 2_000), ("dc2", 8_000)))), ordered.order)
        with pytest.raises(Unreachable):
            edge.nodes["edge2"].empty("dc1", Seen("edge2", "1 run1", edge.nodes["edge1"].look().sites), ordered.order)
    finally:
        edge.parts["edge2"].thaw()
    assert edge.nodes["edge1"].look().weights == {"dc1": 5_000, "dc2": 5_000}
    assert edge.asked(50, "edge2") == {"dc2": 50}


def test_a_node_that_is_not_set_up_for_us_is_named(edge: Pair, ordered: Ordered) -> None:
    part = edge.parts["edge2"]
    (part.maps / "edge.node").rename(part.maps / "away")
    with pytest.raises(StepFailed, match=r"no edge.node in .*edge2/maps"):
        edge.nodes["edge2"].look()
    (part.maps / "away").rename(part.maps / "edge.node")
    conf = part.folder / "balancer.conf"
    conf.write_text(
        conf.read_text()
        .replace(str(part.maps), "/elsewhere")
        .replace("access_log /else", f"access_log {part.maps}/else")
    )
    (part.maps / "elsewhere").mkdir()
    part.stop()
    part.start()
    with pytest.raises(StepFailed, match=r"nginx does not read .*edge2/maps/edge"):
        edge.traffic.shift(Shift("edge", GONE), ordered.order)


def test_what_each_site_gets_is_measured(edge: Pair, ordered: Ordered) -> None:
    edge.traffic.at_the_edge()  # from here on it is counted
    edge.traffic.shift(Shift("edge", HALF), ordered.order)
    sent = edge.asked(200)
    assert edge.traffic.load() > 0
    (edge.folder / "broken").touch()
    failed = edge.asked(100)
    (edge.folder / "broken").unlink()
    assert failed == {"500": 100}
    told = edge.traffic.at_the_edge()
    counts = [told["edge1", site] for site in ("dc1", "dc2")]
    assert sum(one.requests for one in counts) == 300
    assert sum(one.failed for one in counts) == 100
    assert [one.requests - one.failed for one in counts] == [sent["dc1"], sent["dc2"]]
    began = [site.total for site in edge.nodes["edge1"].look().sites]
    assert began == [one.requests for one in counts], "all of them after the shares were set"
    edge.traffic.shift(Shift("edge", GONE), ordered.order)
    edge.asked(100)
    assert [site.total for site in edge.nodes["edge1"].look().sites] == [0, 100]


@pytest.mark.parametrize("cookie", ["dc"])
def test_whom_a_cookie_ties_to_a_site_leaves_after_a_grace_and_may_come_back(edge: Pair, ordered: Ordered) -> None:
    edge.traffic.shift(Shift("edge", HALF), ordered.order)
    assert edge.asked(100, cookie="dc=dc1") == {"dc1": 100}
    assert edge.asked(100, cookie="dc=../../x").keys() == {"dc1", "dc2"}
    node = edge.nodes["edge1"]
    node.empty("dc1", node.look(), ordered.order)
    assert edge.asked(50) == {"dc2": 50}
    assert edge.asked(50, cookie="dc=dc1") == {"dc1": 50}, "they stay until they are barred"
    edge.traffic.shift(Shift("edge", GONE), ordered.order)
    assert edge.asked(50, cookie="dc=dc1") == {"dc2": 50}
    edge.traffic.shift(Shift("edge", HALF), ordered.order)
    assert edge.asked(50, cookie="dc=dc1") == {"dc1": 50}
