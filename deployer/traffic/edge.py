"""The edge: how many of the users each site gets"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from deployer.edge.node import Node
from deployer.edge.seen import Seen
from deployer.errors import DeployerError, Overtaken, StepFailed, Unreachable
from deployer.evacuation.leaving import until_gone
from deployer.model import Split
from deployer.settings.edge import EdgeValues
from deployer.traffic.ground import Ground, Waiting
from deployer.world import Order, Outcome


def nodes(ground: Ground) -> Mapping[str, Node]:
    """The edge nodes by name."""
    return {one.name: Node(one, ground.service, ground.ssh, partial(site_of, ground)) for one in ground.estate.edges}


def seen(ground: Ground, told: Mapping[str, Seen | DeployerError]) -> tuple[Split | None, tuple[str, ...]]:
    """The split of the first node that answered, and complaints: silent nodes, nodes that disagree."""
    splits: dict[str, Split] = {}
    complaints = []
    for name, one in told.items():
        if isinstance(one, DeployerError):
            complaints.append(f"{name}: {one.what}")
        elif split := one.split(ground.estate.sites):
            splits[name] = split
        else:
            complaints.append(f"{name}: all sites have weight 0")
    if len(set(splits.values())) > 1:
        said = "; ".join(f"{name} {split}" for name, split in splits.items())
        complaints.append(f"edge: its nodes disagree, {said}")
    return next(iter(splits.values()), None), tuple(complaints)


def site_of(ground: Ground, server: str) -> str:
    """A server of the edge is a site by its name, or one of its balancers; "" when neither."""
    if server in ground.estate.sites:
        return server
    return next((one.site for one in ground.estate.balancers if one.name == server), "")


def shift(ground: Ground, split: Split, order: Order) -> Outcome:
    """Every node reports weights that are the split, or as near as weights can be.

    When a site is emptied and one node does not follow, the others stay changed; any other change is taken back.
    """
    there = nodes(ground)
    if not there:
        raise StepFailed("there is no edge in the inventory", where="edge", remedy="set edge.group in deployer.yml")
    unknown = [name for name, _ in split.shares if name not in ground.estate.sites]
    if unknown:
        raise StepFailed(f"{', '.join(unknown)} is no site; known are {', '.join(ground.estate.sites)}", where="edge")
    before = ground.ssh.each(there, lambda name: there[name].look())
    waiting, left, after = Waiting(ground.clock, order), dict.fromkeys(there), dict[str, Seen]()
    while left:
        done = ground.ssh.each(left, lambda name: there[name].share(split, order))
        after |= {name: one for name, one in done.items() if isinstance(one, Seen)}
        errors = {name: error for name, error in done.items() if isinstance(error, DeployerError)}
        left = dict.fromkeys(errors)
        _give_up(ground, split, order, waiting, errors, before)
        if left:
            waiting.linger("; ".join(f"{name}: {error.what}" for name, error in errors.items()))
    return Outcome(note="; ".join((*_said(ground, split, after), *_left(ground, split, order))))


def _said(ground: Ground, split: Split, after: Mapping[str, Seen]) -> Iterator[str]:
    real = next(iter(after.values())).split(ground.estate.sites)
    yield str(split) if real == split else f"{real} (the nearest to {split} that weights allow)"
    for one in after.values():
        if one.fleeting:
            yield f"a restart of {one.node} forgets it: {one.fleeting}"


def _left(ground: Ground, split: Split, order: Order) -> Iterator[str]:
    """Sites at 0 are watched until nobody is there any more; sentences on what is not so."""
    settings = ground.settings.edge or EdgeValues()
    there = tuple(nodes(ground).values())
    for site in (site for site in ground.estate.sites if not split.of(site)):
        left = until_gone(there, site, order, ground.clock, settings.grace, settings.settle)
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
    before: Mapping[str, Seen | DeployerError],
) -> None:
    if not errors:
        return
    name, error = next(iter(errors.items()))
    if isinstance(error, Overtaken):
        raise error
    if all(split.of(site) for site in ground.estate.sites):
        changed = [one for one in before if one not in errors]
        for one in changed:
            was = before[one]
            if isinstance(was, Seen):
                nodes(ground)[one].weigh(was.weights, order)
        raise StepFailed(f"{error.what}; taken back on {', '.join(changed) or 'none'}", where=name, remedy=error.remedy)
    if (
        waiting.seconds >= ground.settings.balancers.agree_within
        or order.stopping()
        or not isinstance(error, Unreachable)
    ):
        others = ", ".join(one for one in before if one not in errors) or "no node"
        raise type(error)(f"{error.what}; {split} holds on {others}", where=name, remedy=error.remedy)
