"""Two who act on the edge at once, on real nodes: one wins on all of them, the other takes back what it did"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from deployer.edge.node import Node
from deployer.edge.seen import Seen
from deployer.errors import DeployerError, Overtaken, Refused, Taken
from deployer.evacuation import contest, judgement
from deployer.evacuation.sweep import Emptied
from deployer.machines import EdgeNode
from deployer.model import Split
from deployer.ssh import Ssh
from deployer.world import Order
from tests.ssh.parts import sshd
from tests.traffic.parts import Haproxy, Ordered
from tests.traffic.test_edge import configure

HALF = Split((("dc1", 5_000), ("dc2", 5_000)))


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Node, ...]]:
    with ExitStack() as stack:
        door = stack.enter_context(sshd(tmp_path / "ssh", "127.9.28.1"))
        parts = [Haproxy(f"edge{n}", tmp_path / f"edge{n}", f"127.9.28.{10 + n}", {}) for n in (1, 2)]
        edges = []
        for part in parts:
            configure(part)
            stack.callback(part.stop)
            part.start()
            socket = f"{part.folder}/admin.sock"
            edges.append(EdgeNode(part.name, "haproxy", door.login, socket, "sites", f"{part.folder}/server.state"))
        ssh = Ssh((one.name, one.login) for one in edges)
        stack.callback(ssh.close)
        yield tuple(Node(one, "shop", ssh, str) for one in edges)


def emptying(site: str, order: Order) -> Callable[[Node, Seen], Seen]:
    """As an evacuation whose journal is away: the next epoch is the node's."""

    def empty(node: Node, looked: Seen) -> Seen:
        raised = judgement.raising(looked, site, emergency=False)
        return node.empty(site, looked, replace(order, epoch=max(order.epoch, looked.epoch + 1)), raised)

    return empty


def weights(nodes: tuple[Node, ...]) -> list[dict[str, int]]:
    return [node.look().weights for node in nodes]


def test_of_two_evacuations_that_have_a_node_each_the_one_with_the_first_node_wins(nodes: tuple[Node, ...]) -> None:
    first, second = nodes
    ours, theirs = Ordered("ours", 1).order, Ordered("theirs", 1).order
    empty_two, empty_one = emptying("dc2", ours), emptying("dc1", theirs)
    seen = [node.look() for node in nodes]
    won = {first.edge.name: Emptied(seen[0], empty_two(first, seen[0]))}
    lost = {second.edge.name: Emptied(seen[1], empty_one(second, seen[1]))}
    missing: dict[str, DeployerError] = {"edge2": refusal(second, "dc2")}
    ended: list[BaseException] = []

    def rival() -> None:
        try:
            contest.settle(nodes, lost, {"edge1": refusal(first, "dc1")}, theirs, empty_one)
        except Taken as taken:
            ended.append(taken)

    yielding = Thread(target=rival)
    yielding.start()
    contest.settle(nodes, won, missing, ours, empty_two)
    yielding.join(60)
    assert missing == {}
    assert set(won) == {"edge1", "edge2"}
    assert weights(nodes) == [{"dc1": 50, "dc2": 0}] * 2, "never both sites, on any node"
    assert len(ended) == 1
    assert "taken back on edge2" in str(ended[0])


def refusal(node: Node, site: str) -> DeployerError:
    with pytest.raises(judgement.NobodyLeft) as refused:
        judgement.raising(node.look(), site, emergency=False)
    return refused.value


def test_an_evacuation_that_comes_second_changes_nothing(nodes: tuple[Node, ...]) -> None:
    order = Ordered("theirs", 3).order
    for node in nodes:
        node.empty("dc1", node.look(), order)
    missing = {node.edge.name: refusal(node, "dc2") for node in nodes}
    with pytest.raises(Refused, match=r"somebody else acts on the edge: .*nothing was changed"):
        contest.settle(nodes, {}, missing, Ordered("ours", 4).order, emptying("dc2", order))
    assert weights(nodes) == [{"dc1": 0, "dc2": 50}] * 2


def test_a_restore_that_an_evacuation_overtook_brings_nobody_back(nodes: tuple[Node, ...]) -> None:
    for node in nodes:
        node.share(Split((("dc1", 9_900), ("dc2", 100))), Ordered("restore", 4).order)
        node.empty("dc2", node.look(), Ordered("evacuation", 5).order)
        with pytest.raises(Overtaken, match="evacuation"):
            node.share(HALF, Ordered("restore", 4).order)
    assert weights(nodes) == [{"dc1": 99, "dc2": 0}] * 2


def test_an_evacuation_that_a_newer_restore_overtook_takes_back_what_it_did(nodes: tuple[Node, ...]) -> None:
    first, second = nodes
    ours = Ordered("ours", 2).order
    seen = second.look()
    changed = {"edge2": Emptied(seen, second.empty("dc2", seen, ours))}
    first.share(HALF, Ordered("restore", 7).order)
    with pytest.raises(Overtaken) as overtaken:
        first.empty("dc2", replace(first.look(), last="7 restore"), ours)
    with pytest.raises(Taken, match=r"restore .*taken back on edge2"):
        contest.settle(nodes, changed, {"edge1": overtaken.value}, ours, emptying("dc2", ours))
    assert weights(nodes) == [{"dc1": 50, "dc2": 50}] * 2
