"""An emptied site measured, until nobody is sent there any more and the last request has ended"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deployer.edge.node import Node
from deployer.edge.seen import Seen, Site
from deployer.errors import DeployerError
from deployer.world import Clock, Order

OFTEN = 0.1
QUIET = 0.3
"""So long no new request may arrive before the rate counts as nothing. Seconds."""


@dataclass(frozen=True, slots=True)
class Left:
    """`quiet` and `gone` are the seconds until no request came any more, and until none was open; None: not in time.

    `open` are the requests still under way in the end, `arriving` those that came after all in the last moment.
    """

    quiet: float | None
    gone: float | None
    open: int
    arriving: int
    barred: bool = False


def until_gone(  # noqa: PLR0917
    nodes: Sequence[Node], site: str, order: Order, clock: Clock, grace: float, settle: float
) -> Left:
    """Watches these nodes. Where cookies tie users to the site they are moved once `grace` is over."""
    begun = clock.monotonic()
    quiet: float | None = None
    barred, last, since, total = False, -1, begun, 0
    while True:
        seen = _look(nodes)
        now = clock.monotonic()
        sites = [found for one in seen.values() if (found := one.of(site))]
        total = sum(one.total for one in sites)
        if total != last:
            last, since, quiet, arriving = total, now, None, max(0, total - last) if last >= 0 else 0
        elif quiet is None and now - since >= QUIET:
            quiet, arriving = since - begun, 0
        tied = any(one.sticky for one in sites) and not barred
        if tied and now - begun >= grace:
            _bar(nodes, site, seen, order)
            barred = True
            continue
        under_way = sum(one.open for one in sites)
        if quiet is not None and not under_way and not tied:
            return Left(quiet, now - begun, 0, 0, barred)
        if now - begun >= max(settle, grace + QUIET):
            return Left(quiet, None, under_way, arriving, barred)
        order.tell(_words(site, quiet, under_way, sites, tied))
        clock.sleep(OFTEN)


def _words(site: str, quiet: float | None, under_way: int, sites: Sequence[Site], tied: bool) -> str:
    if quiet is None:
        return f"{site} still gets {sum(one.rate for one in sites)} requests/s"
    return f"users tied to {site} by a cookie may stay a moment" if tied else f"{under_way} in flight at {site}"


def _look(nodes: Sequence[Node]) -> Mapping[str, Seen]:
    by_name = {node.edge.name: node for node in nodes}
    found = nodes[0].ssh.each(by_name, lambda name: by_name[name].look(probing=False)) if nodes else {}
    return {name: one for name, one in found.items() if isinstance(one, Seen)}


def _bar(nodes: Sequence[Node], site: str, seen: Mapping[str, Seen], order: Order) -> None:
    by_name = {node.edge.name: node for node in nodes if node.edge.name in seen}
    act: Callable[[str], Seen] = lambda name: by_name[name].bar(site, seen[name], order)  # noqa: E731
    for error in nodes[0].ssh.each(by_name, act).values():
        if isinstance(error, DeployerError):
            raise error
