"""A split that somebody changed is set again while a run watches over it"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

from deployer.errors import DeployerError, Overtaken
from deployer.model import Split
from deployer.steps import Shift
from deployer.traffic import asked
from deployer.traffic.ground import Ground
from deployer.traffic.maps import Maps
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
        changed = _changed(ground, site, split) if split else ()
        if split is None or not changed:
            continue
        with turn:
            if order.past().splits.get(site) == split:
                yield _again(ground, Shift(site, split), ", ".join(changed), order)


def _again(ground: Ground, step: Shift, who: str, order: Order) -> str:
    try:
        shift(ground, step, order)
    except Overtaken:
        raise
    except DeployerError as failure:
        return f"{who}: changed by somebody else or come back late, and not to be set to {step.split}: {failure.what}"
    return f"{who}: changed by somebody else or come back late, set to {step.split} again"


def _changed(ground: Ground, site: str, split: Split) -> tuple[str, ...]:
    balancers = {one.name: one for one in ground.asked(site)}
    told = ground.ssh.each(balancers, lambda name: asked.read(ground.ssh, balancers[name]))
    return tuple(
        name for name, maps in told.items() if isinstance(maps, Maps) and not (maps.split and maps.split.alike(split))
    )
