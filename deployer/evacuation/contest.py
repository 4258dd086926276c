"""Two evacuations of different sites at once: whoever has the first node wins, the other takes back what it did"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from deployer.edge.node import Node
from deployer.edge.seen import Seen
from deployer.errors import DeployerError, Overtaken, Refused, Taken
from deployer.evacuation.judgement import NobodyLeft
from deployer.evacuation.sweep import Emptied
from deployer.world import Order

YIELDING = 5.0
"""Seconds for a rival to give way."""

Empty = Callable[[Node, Seen], Seen]


def settle(
    nodes: Sequence[Node],
    changed: dict[str, Emptied],
    missing: dict[str, DeployerError],
    order: Order,
    empty: Empty,
) -> None:
    """Both mappings as they are when one has won.

    Raises:
        Taken: the other one did; what was changed here was taken back.
        Refused: the same, and nothing had been changed.
    """
    rivals = [name for name, error in missing.items() if isinstance(error, NobodyLeft | Overtaken)]
    by_name = {node.edge.name: node for node in nodes}
    if rivals and changed and min(changed) < min(rivals):
        _win(by_name, rivals, changed, missing, empty)
    elif rivals:
        _yield(by_name, changed, missing[rivals[0]], order)


def _win(
    nodes: Mapping[str, Node],
    rivals: list[str],
    changed: dict[str, Emptied],
    missing: dict[str, DeployerError],
    empty: Empty,
) -> None:
    deadline = time.monotonic() + YIELDING
    while rivals and time.monotonic() < deadline:
        name = rivals.pop(0)
        try:
            looked = nodes[name].look()
            changed[name] = Emptied(looked, empty(nodes[name], looked))
            del missing[name]
        except DeployerError as error:
            missing[name] = error
            rivals.append(name)
            time.sleep(0.1)


def _yield(nodes: Mapping[str, Node], changed: Mapping[str, Emptied], rival: DeployerError, order: Order) -> None:
    stuck = []
    for name, one in changed.items():
        try:
            nodes[name].put_back(one.before, order)
        except DeployerError as error:
            stuck.append(f"{name}: {error.what}")
    kind = Taken if changed or isinstance(rival, Overtaken) else Refused
    back = f"; taken back on {', '.join(changed)}" if changed else ", nothing was changed"
    not_back = f"; not taken back on {'; '.join(stuck)}" if stuck else ""
    raise kind(
        f"somebody else acts on the edge: {rival.what}{back}{not_back}",
        where=rival.where,
        remedy="deployer traffic, deployer status",
    )
