"""The edge: how many of the users each site gets"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from deployer.errors import DeployerError, Overtaken, StepFailed, Unreachable
from deployer.evacuation.leaving import until_gone
from deployer.evacuation.node import Node
from deployer.machines import EdgeNode
from deployer.model import WHOLE, Split
from deployer.settings.edge import EdgeValues
from deployer.traffic import stat
from deployer.traffic.ground import Ground, Waiting
from deployer.traffic.haproxy import api
from deployer.traffic.runtime import change
from deployer.traffic.weights import weights as shares_as_weights
from deployer.world import Order, Outcome


def seen(
    ground: Ground, told: Mapping[str, tuple[tuple[str, int], ...] | DeployerError]
) -> tuple[Split | None, tuple[str, ...]]:
    """The split of the first node that answered, and complaints: silent nodes, nodes that disagree."""
    backends = {node.name: node.backend for node in ground.estate.edges}
    splits: dict[str, Split] = {}
    complaints = []
    for name, one in told.items():
        if name not in backends:
            continue
        if isinstance(one, DeployerError):
            complaints.append(f"{name}: {one.what}")
        elif split := split_of(ground, one):
            splits[name] = split
        else:
            complaints.append(f"{name}: all sites have weight 0 in backend {backends[name]}")
    if len(set(splits.values())) > 1:
        said = "; ".join(f"{name} {split}" for name, split in splits.items())
        complaints.append(f"edge: its nodes disagree, {said}")
    return next(iter(splits.values()), None), tuple(complaints)


def weights(ground: Ground, node: EdgeNode) -> tuple[tuple[str, int], ...]:
    """(server, weight) of the backend; a server in maint counts 0."""
    rows = stat.rows(api(ground.ssh, node, f"show stat {node.backend} 4 -1"))
    return tuple((row.server, 0 if row.status.startswith("MAINT") else row.weight) for row in rows)


def split_of(ground: Ground, found: tuple[tuple[str, int], ...]) -> Split | None:
    """The share of each site; None when nobody gets anything."""
    per_site = dict.fromkeys(ground.estate.sites, 0)
    for server, weight in found:
        site = site_of(ground, server)
        if site:
            per_site[site] += weight
    whole = sum(per_site.values())
    if not whole:
        return None
    shares = {site: round(weight * WHOLE / whole) for site, weight in per_site.items()}
    most = max(shares, key=lambda site: shares[site])
    shares[most] += WHOLE - sum(shares.values())
    return Split(tuple(shares.items()))


def site_of(ground: Ground, server: str) -> str:
    """A server of the edge is a site by its name, or one of its balancers; "" when neither."""
    if server in ground.estate.sites:
        return server
    return next((one.site for one in ground.estate.balancers if one.name == server), "")


def shift(ground: Ground, split: Split, order: Order) -> Outcome:
    """Every node reports weights that are the split, or as near as weights can be.

    When a site is emptied and one node does not follow, the others stay changed; any other change is taken back.
    """
    nodes = {node.name: node for node in ground.estate.edges}
    if not nodes:
        raise StepFailed("there is no edge in the inventory", where="edge", remedy="set edge.group in deployer.yml")
    unknown = [name for name, _ in split.shares if name not in ground.estate.sites]
    if unknown:
        raise StepFailed(f"{', '.join(unknown)} is no site; known are {', '.join(ground.estate.sites)}", where="edge")
    emptying = any(split.of(site) == 0 for site in ground.estate.sites)
    before = ground.ssh.each(nodes, lambda name: weights(ground, nodes[name]))
    waiting, left = Waiting(ground.clock, order), dict.fromkeys(nodes)
    while left:
        done = ground.ssh.each(left, lambda name: _set(ground, nodes[name], split, order))
        errors = {name: error for name, error in done.items() if isinstance(error, DeployerError)}
        left = dict.fromkeys(errors)
        _give_up(ground, split, order, waiting, errors, nodes, before, emptying=emptying)
        if left:
            waiting.linger("; ".join(f"{name}: {error.what}" for name, error in errors.items()))
    real = split_of(ground, weights(ground, next(iter(nodes.values()))))
    said = str(split) if real == split else f"{real} (the nearest to {split} that weights allow)"
    return Outcome(note="; ".join((said, *_left(ground, split, order))))


def _left(ground: Ground, split: Split, order: Order) -> Iterator[str]:
    """Sites at 0 are watched until nobody is there any more; sentences on what is not so."""
    settings = ground.settings.edge or EdgeValues()
    nodes = [Node(one, ground.service, ground.ssh, partial(site_of, ground)) for one in ground.estate.edges]
    for site in (site for site in ground.estate.sites if not split.of(site)):
        left = until_gone(nodes, site, order, ground.clock, settings.grace, settings.settle)
        if left.quiet is None:
            yield f"{site} still gets requests"
        elif left.open:
            yield f"{left.open} still in flight at {site}"


def _give_up(  # noqa: PLR0917
    ground: Ground,
    split: Split,
    order: Order,
    waiting: Waiting,
    errors: Mapping[str, DeployerError],
    nodes: Mapping[str, EdgeNode],
    before: Mapping[str, tuple[tuple[str, int], ...] | DeployerError],
    *,
    emptying: bool,
) -> None:
    if not errors:
        return
    name, error = next(iter(errors.items()))
    if isinstance(error, Overtaken):
        raise error
    if not emptying:
        changed = [one for one in nodes if one not in errors]
        for one in changed:
            was = before[one]
            if not isinstance(was, DeployerError):
                _apply(ground, nodes[one], dict(was), order)
        raise StepFailed(f"{error.what}; taken back on {', '.join(changed) or 'none'}", where=name, remedy=error.remedy)
    if (
        waiting.seconds >= ground.settings.balancers.agree_within
        or order.stopping()
        or not isinstance(error, Unreachable)
    ):
        others = ", ".join(one for one in nodes if one not in errors) or "no node"
        raise type(error)(f"{error.what}; {split} holds on {others}", where=name, remedy=error.remedy)


def _set(ground: Ground, node: EdgeNode, split: Split, order: Order) -> None:
    now = weights(ground, node)
    count = {site: sum(site_of(ground, server) == site for server, _ in now) for site in ground.estate.sites}
    missing = [site for site, share in split.shares if share and not count[site]]
    if missing:
        raise StepFailed(f"no server for {', '.join(missing)} in backend {node.backend}", where=node.name)
    each = shares_as_weights({site: split.of(site) for site in ground.estate.sites}, count)
    wanted = {server: each[site] for server, _ in now if (site := site_of(ground, server))}
    _apply(ground, node, wanted, order)
    found = dict(weights(ground, node))
    if any(found.get(server) != weight for server, weight in wanted.items()):
        raise StepFailed(f"it reports {found}, not {wanted}", where=node.name, remedy="deployer traffic")


def _apply(ground: Ground, node: EdgeNode, wanted: Mapping[str, int], order: Order) -> None:
    """In one line, the raised ones first: at no moment has nobody a weight."""
    commands = []
    for server, weight in sorted(wanted.items(), key=lambda one: -one[1]):
        commands.append(f"set server {node.backend}/{server} weight {weight}")
        if weight:  # whom a cookie tied to an emptied site was moved by maint
            commands.append(f"set server {node.backend}/{server} state ready")
    change(ground.ssh, node, ground.service, order, commands)
