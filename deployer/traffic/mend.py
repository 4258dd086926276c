"""A split that somebody changed is set again while a run watches over it"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock

from deployer.errors import DeployerError, Overtaken
from deployer.machines import Balancer
from deployer.model import Split
from deployer.steps import Shift
from deployer.traffic import asked
from deployer.traffic.ground import Ground
from deployer.traffic.made import make
from deployer.traffic.shift import shift
from deployer.world import Order


def mend(ground: Ground, turn: Lock, sites: Sequence[str], order: Order) -> Iterator[str]:
    """Sentences on what was changed by others and set again. A balancer that does not answer is left for later.

    What is to be there is asked of the journal once more when it is our `turn`: the run may have gone on meanwhile.

    Raises:
        Overtaken: a newer run acted there.
    """
    for site in sites:
        split = order.past().splits.get(site)
        if split is None or all(_keep(ground, site, split).values()):
            continue
        with turn:
            keep = _keep(ground, site, split)
            if order.past().splits.get(site) == split and not all(keep.values()):
                yield _again(ground, Shift(site, split), keep, order)


def _again(ground: Ground, step: Shift, keep: Mapping[Balancer, bool], order: Order) -> str:
    changed = [balancer for balancer, keeps in keep.items() if not keeps]
    who = ", ".join(balancer.name for balancer in changed)
    try:
        _set(ground, step, changed, next((balancer for balancer, keeps in keep.items() if keeps), None), order)
    except Overtaken:
        raise
    except DeployerError as failure:
        return f"{who}: changed by somebody else or come back late, and not to be set to {step.split}: {failure.what}"
    return f"{who}: changed by somebody else or come back late, set to {step.split} again"


def _set(ground: Ground, step: Shift, changed: Sequence[Balancer], like: Balancer | None, order: Order) -> None:
    """As one that was left alone has it, which is not touched; when there is none, as a shift does it."""
    maps = asked.read(ground.ssh, like) if like else None
    if maps:
        named = {one.name: one for one in changed}
        for failure in ground.ssh.each(named, lambda name: make(ground, named[name], maps, order)).values():
            if isinstance(failure, DeployerError):
                raise failure
        return
    for one in changed:
        asked.make_whole(ground.ssh, one, ground.service, order)
    shift(ground, step, order)


def _keep(ground: Ground, site: str, split: Split) -> Mapping[Balancer, bool]:
    """Of those that answer, whether each decides by the split."""
    balancers = {one.name: one for one in ground.asked(site)}
    told = ground.ssh.each(balancers, lambda name: asked.keeps(ground.ssh, balancers[name], split))
    return {balancers[name]: keeps for name, keeps in told.items() if isinstance(keeps, bool)}
