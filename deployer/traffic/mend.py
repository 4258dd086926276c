"""A split that somebody changed is set again while a run watches over it"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deployer.errors import DeployerError, Overtaken
from deployer.steps import Shift
from deployer.traffic import asked
from deployer.traffic.ground import Ground
from deployer.traffic.maps import Maps
from deployer.traffic.shift import shift
from deployer.world import Order


def mend(ground: Ground, wanted: Mapping[str, Shift], sites: Sequence[str], order: Order) -> Iterator[str]:
    """Sentences on what was changed by others and set again. A balancer that does not answer is left for later.

    Raises:
        Overtaken: a newer run acted there.
    """
    for site in sites:
        step = wanted.get(site)
        changed = _changed(ground, step) if step else ()
        if step is None or not changed:
            continue
        who = ", ".join(changed)
        try:
            shift(ground, step, order)
        except Overtaken:
            raise
        except DeployerError as failure:
            yield f"{who}: changed by somebody else, and not to be set to {step.split} again: {failure.what}"
        else:
            yield f"{who}: changed by somebody else, set to {step.split} again"


def _changed(ground: Ground, step: Shift) -> tuple[str, ...]:
    balancers = {one.name: one for one in ground.asked(step.scope)}
    told = ground.ssh.each(balancers, lambda name: asked.read(ground.ssh, balancers[name]))
    return tuple(
        name
        for name, maps in told.items()
        if isinstance(maps, Maps) and not (maps.split and maps.split.alike(step.split))
    )
