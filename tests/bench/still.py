"""A world that costs next to nothing: every act is true at once, every look is at hand"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from deployer.model import HostSeen, Picture, Standing
from deployer.steps import Deploy, Drain, Fetch, Readmit, Verify
from deployer.world import Order, Outcome, World

TRUE = Outcome()


def still(world: World) -> World:
    """The hosts of this world, seen once."""
    sites: dict[str, dict[str, HostSeen]] = {}
    for name, seen in world.eyes.look().hosts.items():
        sites.setdefault(seen.site, {})[name] = seen
    stage: Any = _Stage(sites)
    return replace(world, traffic=stage, fleet=stage, probe=stage, eyes=stage)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Traffic, fleet, probe and eyes at once; hosts by site and name."""

    sites: dict[str, dict[str, HostSeen]]

    def look(self) -> Picture:
        return Picture({name: seen for site in self.sites.values() for name, seen in site.items()})

    def glance(self, site: str, _: Sequence[str]) -> Picture:
        return Picture(self.sites[site])

    def drain(self, step: Drain, _: Order) -> Outcome:
        return self._standing(step, Standing.OUT)

    def readmit(self, step: Readmit, _: Order) -> Outcome:
        return self._standing(step, Standing.UP)

    def deploy(self, step: Deploy, _: Order) -> Outcome:
        hosts = self.sites[step.site]
        hosts.update((name, replace(hosts[name], release=step.release.version)) for name in step.hosts)
        return TRUE

    def fetch(self, _step: Fetch, _: Order) -> Outcome:
        return TRUE

    def verify(self, _step: Verify, _: Order) -> Outcome:
        return TRUE

    def prepare(self, _step: Deploy, _: Order) -> None: ...

    def forget(self, _: Order) -> None: ...

    def settle(self, _run: str) -> None: ...

    def _standing(self, step: Drain | Readmit, standing: Standing) -> Outcome:
        hosts = self.sites[step.site]
        for name in step.hosts:
            seen = hosts[name]
            hosts[name] = replace(seen, views=tuple(replace(view, standing=standing) for view in seen.views))
        return TRUE
